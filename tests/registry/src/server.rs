//! The listener and its threads.

use crate::auth::Guard;
use crate::connection;
use crate::fault::Faults;
use crate::options::Options;
use crate::rate::Rate;
use crate::record::Recorder;
use crate::store::Store;
use rustls::ServerConfig;
use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The state shared by all threads of a registry.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) origin: String,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) store: Mutex<Store>,
    pub(crate) guard: Guard,
    pub(crate) faults: Faults,
    pub(crate) rate: Rate,
    pub(crate) recorder: Recorder,
    pub(crate) sockets: Sockets,
    pub(crate) stop: Stop,
}

impl Shared {
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stop signal, which ends every wait.
#[derive(Default)]
pub(crate) struct Stop {
    stopping: Mutex<bool>,
    wake: Condvar,
}

impl Stop {
    fn set(&self) {
        *self.stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    /// Waits for a time, or without limit; returns whether the registry stops.
    pub(crate) fn wait(&self, duration: Option<Duration>) -> bool {
        let until = duration.and_then(|duration| Instant::now().checked_add(duration));
        let mut stopping = self.stopping.lock().unwrap_or_else(PoisonError::into_inner);
        while !*stopping {
            stopping = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let (guard, _) = self
                        .wake
                        .wait_timeout(stopping, left)
                        .unwrap_or_else(PoisonError::into_inner);
                    guard
                }
                None => self
                    .wake
                    .wait(stopping)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
        *stopping
    }
}

/// The open connections, so that other threads can close them.
#[derive(Default)]
pub(crate) struct Sockets {
    opened: AtomicUsize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    closed: bool,
    sockets: HashMap<usize, TcpStream>,
}

impl Sockets {
    /// The number of connections so far.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// Adds a connection; `None` if it must not be served.
    fn add(&self, socket: &TcpStream) -> Option<usize> {
        let mut open = self.lock();
        if open.closed {
            return None;
        }
        let number = self.opened.fetch_add(1, Ordering::SeqCst) + 1;
        open.sockets.insert(number, socket.try_clone().ok()?);
        Some(number)
    }

    /// Removes a connection; its thread closes the socket.
    pub(crate) fn remove(&self, number: usize) {
        self.lock().sockets.remove(&number);
    }

    /// Shuts down all connections, and future ones if `for_good`.
    pub(crate) fn shut(&self, for_good: bool) {
        let mut open = self.lock();
        open.closed |= for_good;
        for socket in open.sockets.values() {
            // Ignored: the client may have closed the connection already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The accepting thread, which owns all others.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(listener: TcpListener, shared: Arc<Shared>) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("registry".to_owned())
            .spawn(move || accept(&listener, &for_thread))?;
        Ok(Server {
            address,
            shared,
            thread: Some(thread),
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.set();
        self.shared.sockets.shut(true);
        // The accepting thread checks the signal after each connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        // After an error, such as too many open files, wait instead of
        // spinning.
        let pause = if accepted.is_ok() {
            Duration::ZERO
        } else {
            Duration::from_millis(10)
        };
        if shared.stop.wait(Some(pause)) {
            break;
        }
        let Ok((socket, _)) = accepted else { continue };
        let Some(number) = shared.sockets.add(&socket) else {
            continue;
        };
        let for_thread = Arc::clone(shared);
        let spawned = std::thread::Builder::new()
            .name(format!("registry-{number}"))
            .spawn(move || connection::serve(socket, number, &for_thread));
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => shared.sockets.remove(number),
        }
        threads.retain(|thread| !thread.is_finished());
    }
    for thread in threads {
        let _ = thread.join();
    }
}
