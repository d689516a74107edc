//! Host names to addresses, and the first address that answers.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::error::{Error, Kind, Step};
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::{sys, wait};

/// How long an address is given before the next one is tried beside it
/// (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// The longest between two tries at a socket that is busy.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// Enough for getaddrinfo and the modules that it loads.
const RESOLVER_STACK: usize = 256 * 1024;

/// The addresses of a host. getaddrinfo cannot be interrupted, so it runs in a
/// thread of its own, which holds only its own copy of the name.
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
        .map_err(|error| ours_or(error, Kind::Resolve, &what))?;
    if addresses.is_empty() {
        let message = format!("resolve {bare}: the name has no address");
        return Err(Error::new(Kind::Resolve, message));
    }
    Ok(addresses)
}

/// What the wait has to say, or else what the system says.
fn ours_or(error: io::Error, kind: Kind, what: &str) -> Error {
    error
        .downcast::<Error>()
        .unwrap_or_else(|error| Error::io(kind, what, &error))
}

fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

fn lookup_aside(
    host: &str,
    port: u16,
    limits: &CallLimits,
    limit: StepLimit<'_>,
) -> io::Result<Vec<SocketAddr>> {
    let Ok((done, finished)) = sys::pipe() else {
        return lookup(host, port);
    };
    let name = host.to_owned();
    let work = move || {
        let found = lookup(&name, port);
        // The waiting side wakes when this end closes.
        drop(finished);
        found
    };
    let builder = thread::Builder::new().stack_size(RESOLVER_STACK);
    match sys::with_signals_blocked(|| builder.spawn(work)) {
        Ok(thread) => {
            // Left behind where the wait ends first: it may outlive the call.
            wait::wait(done.as_raw_fd(), wait::READABLE, limits, limit, None)?;
            thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the resolver panicked")))
        }
        // No thread can be made: the caller's own must do.
        Err(_) => lookup(host, port),
    }
}

/// Connects to the first of the addresses that answers. A new one is tried
/// when one fails, or after [`STAGGER`] beside those still on their way.
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
            .map_err(|error| ours_or(error, Kind::Connect, &what))?
        {
            return Ok(connected);
        }
    }
}

/// Connects to the socket at a path. Where more wait to be accepted than it
/// takes, the system says so at once and tells nobody when that changes: it is
/// asked again and again.
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
                    .map_err(|error| ours_or(error, Kind::Connect, &what))?;
                pause = MAX_PAUSE.min(pause * 2);
            }
            result => return result.map_err(|error| Error::io(Kind::Connect, &what, &error)),
        }
    }
}

/// Waits until one connects, one fails, or it is time for another.
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

/// The two families in turn, beginning with the resolver's first choice
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
        assert!(
            error
                .message()
                .starts_with("resolve no-such-host.invalid: ")
        );
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
        // Bound and not listening: the port is refused, and nobody else's.
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
