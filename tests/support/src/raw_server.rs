//! A server on loopback that does with each connection what a test says.
//!
//! A handler runs in a thread of its own for each connection, gets the bytes as
//! they came and sends what it likes, well-formed or not. When it returns, the
//! connection is closed in good order.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::ServerConfig;

use super::certificates::Certificates;
use super::raw_conn::Conn;
use super::raw_request::RawRequest;
use super::sync::lock;

type Handler = dyn Fn(&mut Conn) + Send + Sync;

/// A running server, stopped on drop.
///
/// Drop ends all connections and joins all threads, so a handler must not wait
/// for what only comes after the drop. A handler's panic becomes a panic of
/// drop, so that a failed assertion in a handler fails the test. A handler that
/// may still be reading by then has to take the end of the stream for granted.
pub struct RawServer {
    address: SocketAddr,
    certificates: Option<Certificates>,
    shared: Arc<Shared>,
    accepter: Option<JoinHandle<()>>,
}

/// What the server, its threads and its connections share.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stopping: bool,
    connections: usize,
    requests: Vec<RawRequest>,
    /// The sockets of the open connections, to unblock their threads.
    sockets: BTreeMap<usize, TcpStream>,
    workers: Vec<JoinHandle<()>>,
    /// The first panic of a handler.
    panic: Option<Box<dyn Any + Send>>,
}

impl RawServer {
    /// Starts a server on 127.0.0.1 that runs `handler` for each connection.
    pub fn start(handler: impl Fn(&mut Conn) + Send + Sync + 'static) -> Self {
        Self::listen(Ipv4Addr::LOCALHOST.into(), None, Arc::new(handler))
            .expect("loopback has free ports")
    }

    /// Starts a server on an address of this host.
    pub fn start_at(address: IpAddr, handler: impl Fn(&mut Conn) + Send + Sync + 'static) -> Self {
        Self::listen(address, None, Arc::new(handler)).expect("the address is this host's")
    }

    /// Starts a server on `[::1]`; `None` where there is no IPv6.
    pub fn start_v6(handler: impl Fn(&mut Conn) + Send + Sync + 'static) -> Option<Self> {
        Self::listen(Ipv6Addr::LOCALHOST.into(), None, Arc::new(handler)).ok()
    }

    /// Starts a TLS server on 127.0.0.1 with a fresh certificate.
    pub fn start_tls(handler: impl Fn(&mut Conn) + Send + Sync + 'static) -> Self {
        Self::start_tls_with(Certificates::new(), handler)
    }

    /// Starts a TLS server on 127.0.0.1 with the certificate given.
    pub fn start_tls_with(
        certificates: Certificates,
        handler: impl Fn(&mut Conn) + Send + Sync + 'static,
    ) -> Self {
        let certificates = Some(certificates);
        Self::listen(Ipv4Addr::LOCALHOST.into(), certificates, Arc::new(handler))
            .expect("loopback has free ports")
    }

    fn listen(
        address: IpAddr,
        certificates: Option<Certificates>,
        handler: Arc<Handler>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((address, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let tls = certificates.as_ref().map(Certificates::server_config);
        let accepters = Arc::clone(&shared);
        let accepter = thread::spawn(move || accept(&listener, tls, &accepters, &handler));
        Ok(Self {
            address,
            certificates,
            shared,
            accepter: Some(accepter),
        })
    }

    /// The address with its scheme, as in `http://127.0.0.1:5000`.
    pub fn url(&self) -> String {
        let scheme = match self.certificates {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address without a scheme, as in `127.0.0.1:5000`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The PEM file to trust, for a server with TLS.
    pub fn ca_path(&self) -> Option<PathBuf> {
        self.certificates.as_ref().map(Certificates::ca_path)
    }

    /// The requests whose heads came so far, in order of arrival.
    pub fn requests(&self) -> Vec<RawRequest> {
        lock(&self.shared.state).requests.clone()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        lock(&self.shared.state).connections
    }

    /// Waits until `count` connections were accepted; false after `time`.
    pub fn wait_for_connections(&self, count: usize, time: Duration) -> bool {
        self.shared
            .wait_for(time, |state| state.connections >= count)
    }

    /// Waits until `count` requests came whole; false after `time`.
    pub fn wait_for_requests(&self, count: usize, time: Duration) -> bool {
        self.shared.wait_for(time, |state| {
            let whole = state.requests.iter().filter(|request| request.complete);
            whole.count() >= count
        })
    }
}

fn accept(
    listener: &TcpListener,
    tls: Option<Arc<ServerConfig>>,
    shared: &Arc<Shared>,
    handler: &Arc<Handler>,
) {
    loop {
        let socket = match listener.accept() {
            Ok((socket, _)) => socket,
            // A peer that went away while it waited ends nothing else.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(_) => return,
        };
        // Parts of an answer are to go out when they are written.
        let _ = socket.set_nodelay(true);
        let Ok(unblocker) = socket.try_clone() else {
            continue;
        };
        let mut state = lock(&shared.state);
        if state.stopping {
            return;
        }
        let number = state.connections;
        state.connections += 1;
        state.sockets.insert(number, unblocker);
        let (tls, handler) = (tls.clone(), Arc::clone(handler));
        let conn_shared = Arc::clone(shared);
        state.workers.push(thread::spawn(move || {
            serve(socket, number, tls, conn_shared, &handler);
        }));
        drop(state);
        shared.changed.notify_all();
    }
}

fn serve(
    socket: TcpStream,
    number: usize,
    tls: Option<Arc<ServerConfig>>,
    shared: Arc<Shared>,
    handler: &Arc<Handler>,
) {
    let mut conn = Conn::new(socket, number, tls, Arc::clone(&shared));
    let ended = panic::catch_unwind(AssertUnwindSafe(|| handler(&mut conn)));
    conn.end();
    if let Err(payload) = ended {
        lock(&shared.state).panic.get_or_insert(payload);
    }
}

impl Shared {
    /// Adds a request and gives its place.
    pub(super) fn record(&self, request: &RawRequest) -> usize {
        let mut state = lock(&self.state);
        state.requests.push(request.clone());
        let place = state.requests.len() - 1;
        drop(state);
        self.changed.notify_all();
        place
    }

    /// Replaces the request at `place`, now that more of it is known.
    pub(super) fn update(&self, place: usize, request: &RawRequest) {
        lock(&self.state).requests[place] = request.clone();
        self.changed.notify_all();
    }

    /// Gives up the second handle of a socket: it closes with the last one.
    pub(super) fn forget_socket(&self, number: usize) {
        lock(&self.state).sockets.remove(&number);
    }

    /// Waits until the server is being stopped.
    pub(super) fn wait_for_stop(&self) {
        let mut state = lock(&self.state);
        while !state.stopping {
            state = match self.changed.wait(state) {
                Ok(state) => state,
                Err(poisoned) => poisoned.into_inner(),
            };
        }
    }

    fn wait_for(&self, time: Duration, is_met: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + time;
        let mut state = lock(&self.state);
        while !is_met(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        true
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        let workers = {
            let mut state = lock(&self.shared.state);
            state.stopping = true;
            for socket in state.sockets.values() {
                // Fails only where the peer has ended the connection.
                let _ = socket.shutdown(Shutdown::Both);
            }
            std::mem::take(&mut state.workers)
        };
        self.shared.changed.notify_all();
        // The accepting thread waits for a connection: this is the last one.
        let _ = TcpStream::connect(self.address);
        if let Some(accepter) = self.accepter.take() {
            let _ = accepter.join();
        }
        for worker in workers {
            let _ = worker.join();
        }
        let payload = lock(&self.shared.state).panic.take();
        if let Some(payload) = payload
            && !thread::panicking()
        {
            panic::resume_unwind(payload);
        }
    }
}
