//! Resolves host names, and connects to the first address that responds.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::error::{Error, Kind, Step};
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::{sys, wait};

/// Delay before the next address is tried in parallel (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Maximum delay between attempts to connect to a busy Unix domain socket.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// Enough for getaddrinfo and the modules that it loads.
const RESOLVER_STACK: usize = 256 * 1024;

/// Rust puts this before the message of getaddrinfo.
const RUST_PREFIX: &str = "failed to lookup address information: ";

/// Resolves a host. getaddrinfo cannot be interrupted, so it runs in its own
/// thread, which owns a copy of the name.
pub(crate) fn resolve(
    host: &str,
    port: u16,
    limits: &CallLimits,
) -> Result<Vec<SocketAddr>, Error> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let what = format!("resolve {bare}");
    let limit = limits.limit(Step::Resolve, limits.timeouts.resolve, &what);
    let addresses = lookup_aside(bare, port, limits, limit)
        .map_err(|error| Error::of_io(Kind::Resolve, &what, error))?;
    if addresses.is_empty() {
        let message = format!("resolve {bare}: the name has no address");
        return Err(Error::new(Kind::Resolve, message));
    }
    Ok(addresses)
}

fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match (host, port).to_socket_addrs() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => match error.to_string().strip_prefix(RUST_PREFIX) {
            Some(of_system) => Err(io::Error::other(of_system)),
            None => Err(error),
        },
    }
}

fn lookup_aside(
    host: &str,
    port: u16,
    limits: &CallLimits,
    limit: StepLimit<'_>,
) -> io::Result<Vec<SocketAddr>> {
    let (done, finished) = sys::pipe()?;
    let name = host.to_owned();
    let work = move || {
        let found = lookup(&name, port);
        // Without descriptors, getaddrinfo reports that the name is unknown.
        let found = found.map_err(|error| finished.try_clone().err().unwrap_or(error));
        // Closing this end wakes the waiting thread.
        drop(finished);
        found
    };
    let builder = thread::Builder::new().stack_size(RESOLVER_STACK);
    match sys::signals::spawn_thread(builder, work) {
        Ok(thread) => {
            // If the wait ends first, the thread is left to finish on its own.
            wait::wait(done.as_raw_fd(), wait::READABLE, limits, limit, None)?;
            thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the resolver panicked")))
        }
        // The thread cannot be created: resolve on the caller's.
        Err(_) => lookup(host, port),
    }
}

/// Connects to the first address that accepts. Starts the next attempt when one
/// fails, or after [`STAGGER`] in parallel.
pub(crate) fn connect(
    addresses: &[SocketAddr],
    shown: &str,
    limits: &CallLimits,
) -> Result<(OwnedFd, SocketAddr), Error> {
    let what = format!("connect to {shown}");
    let limit = limits.limit(Step::Connect, limits.timeouts.connect, &what);
    let mut waiting = interleave(addresses);
    let mut started: Vec<(OwnedFd, SocketAddr)> = Vec::new();
    let mut failure: Option<io::Error> = None;
    loop {
        if let Some(address) = waiting.pop_front() {
            match sys::start_connect(&address) {
                Ok(socket) => started.push((socket, address)),
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            }
        }
        if started.is_empty() {
            let error = failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
            return Err(Error::io(Kind::Connect, &what, &error));
        }
        let next_at = (!waiting.is_empty()).then(|| Instant::now() + STAGGER);
        if let Some(connected) = first_connected(&mut started, &mut failure, limits, limit, next_at)
            .map_err(|error| Error::of_io(Kind::Connect, &what, error))?
        {
            return Ok(connected);
        }
    }
}

/// Connects to a Unix domain socket. If its backlog is full, connect(2) fails
/// at once and no event reports a change, so it is retried.
pub(crate) fn connect_unix(
    path: &Path,
    shown: &str,
    limits: &CallLimits,
) -> Result<OwnedFd, Error> {
    let what = format!("connect to {shown}");
    let limit = limits.limit(Step::Connect, limits.timeouts.connect, &what);
    let mut pause = Duration::from_millis(1);
    loop {
        match sys::connect_unix(path) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait::sleep(Instant::now() + pause, limits, limit)
                    .map_err(|error| Error::of_io(Kind::Connect, &what, error))?;
                pause = MAX_PAUSE.min(pause * 2);
            }
            result => return result.map_err(|error| Error::io(Kind::Connect, &what, &error)),
        }
    }
}

/// Waits until an attempt succeeds or fails, or until the next one is due.
fn first_connected(
    started: &mut Vec<(OwnedFd, SocketAddr)>,
    failure: &mut Option<io::Error>,
    limits: &CallLimits,
    limit: StepLimit<'_>,
    next_at: Option<Instant>,
) -> io::Result<Option<(OwnedFd, SocketAddr)>> {
    let mut fds: Vec<_> = started
        .iter()
        .map(|(socket, _)| wait::entry(socket.as_raw_fd(), wait::WRITABLE))
        .collect();
    wait::wait_any(&mut fds, limits, limit, next_at)?;
    for (index, entry) in fds.iter().enumerate().rev() {
        if entry.revents == 0 {
            continue;
        }
        let (socket, address) = started.swap_remove(index);
        match sys::take_socket_error(&socket) {
            None => return Ok(Some((socket, address))),
            Some(error) => *failure = Some(error),
        }
    }
    Ok(None)
}

/// Alternates the address families, starting with the resolver's first choice
/// (RFC 8305, section 4).
fn interleave(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (VecDeque<_>, VecDeque<_>) = addresses
        .iter()
        .copied()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut order = VecDeque::with_capacity(addresses.len());
    while !first.is_empty() || !second.is_empty() {
        order.extend(first.pop_front());
        order.extend(second.pop_front());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn literal_addresses_are_not_looked_up() {
        let v6 = resolve("[::1]", 5000, &CallLimits::default()).expect("a literal");
        assert_eq!(v6, vec!["[::1]:5000".parse().expect("an address")]);
        let v4 = resolve("127.0.0.1", 80, &CallLimits::default()).expect("a literal");
        assert_eq!(v4, vec!["127.0.0.1:80".parse().expect("an address")]);
    }

    #[test]
    fn a_name_that_is_not_there_is_a_resolve_error() {
        let error = resolve("no-such-host.invalid", 80, &CallLimits::default())
            .expect_err("a reserved name");
        assert_eq!(error.kind(), Kind::Resolve);
        let why = error
            .message()
            .strip_prefix("resolve no-such-host.invalid: ");
        let why = why.expect("the step and the host");
        assert!(!why.is_empty() && !why.contains("lookup"), "{error}");
    }

    #[test]
    fn families_take_turns() {
        let addresses: Vec<SocketAddr> = ["[::1]:1", "[::2]:1", "1.1.1.1:1", "[::3]:1"]
            .iter()
            .map(|text| text.parse().expect("an address"))
            .collect();
        let order: Vec<String> = interleave(&addresses)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(order, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
    }

    #[test]
    fn a_refused_address_gives_way_to_the_next_at_once() {
        // Bound but not listening: connections to the port are refused.
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("a socket");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        socket.bind(&any.into()).expect("a port");
        let refused = socket.local_addr().ok().and_then(|a| a.as_socket());
        let refused = refused.expect("its address");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let good = listener.local_addr().expect("its address");
        let (_, address) =
            connect(&[refused, good], "test", &CallLimits::default()).expect("the second address");
        assert_eq!(address, good);
        let error = connect(&[refused], "test:1", &CallLimits::default()).expect_err("refused");
        assert_eq!(error.errno(), libc::ECONNREFUSED);
        assert_eq!(error.message(), "connect to test:1: connection refused");
    }
}
