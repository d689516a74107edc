//! The pool of the library, its slots and its shared fetches, built over loom's
//! mutex: loom runs each model once for every order in which the threads' steps
//! can come.
#![cfg(test)]

mod event;
mod flights;
mod turns;

/// What they are built from in a model.
mod os {
    pub(crate) mod sync {
        pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
        pub(crate) use std::time::Instant;
    }
}

#[allow(dead_code, reason = "the models use the half of it that waits")]
#[path = "../../../src/auth/flight.rs"]
mod flight;
#[path = "../../../src/transport/pool.rs"]
mod pool;
#[path = "../../../src/transport/slots.rs"]
mod slots;

use std::sync::Arc;
use std::time::Duration;
// Counters that only the assertions read are no steps of the model.
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use loom::sync::atomic::AtomicBool;
use loom::thread;

use self::pool::{Kept, Pool};

/// A connection to a server that may close it at any time.
struct Connection {
    number: usize,
    closed: Arc<AtomicBool>,
    /// How many hold it: never more than one.
    holders: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Kept for Connection {
    fn is_usable(&mut self) -> bool {
        !self.closed.load(SeqCst)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, SeqCst);
    }
}

/// A server, seen from its clients.
#[derive(Clone)]
struct Server {
    opened: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    closed: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
}

impl Server {
    fn new() -> Server {
        Server {
            opened: Arc::new(AtomicUsize::new(0)),
            dropped: Arc::new(AtomicUsize::new(0)),
            closed: Arc::new(AtomicBool::new(false)),
            served: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// A new connection. Those made after the server closed the old ones live.
    fn connect(&self) -> Connection {
        Connection {
            number: self.opened.fetch_add(1, SeqCst),
            closed: if self.closed.load(SeqCst) {
                Arc::new(AtomicBool::new(false))
            } else {
                Arc::clone(&self.closed)
            },
            holders: Arc::new(AtomicUsize::new(0)),
            dropped: Arc::clone(&self.dropped),
        }
    }

    /// One request over a connection; false if it was closed.
    fn serve(&self, connection: &Connection) -> bool {
        assert_eq!(
            connection.holders.fetch_add(1, SeqCst),
            0,
            "two hold one connection"
        );
        let alive = !connection.closed.load(SeqCst);
        if alive {
            self.served.fetch_add(1, SeqCst);
        }
        connection.holders.fetch_sub(1, SeqCst);
        alive
    }
}

/// A request as the engine sends it: over a kept connection or a new one, and
/// once more over a new one if the kept one turns out to be closed.
fn request(pool: &Pool<u8, Connection>, server: &Server) -> bool {
    let (connection, reused) = match pool.checkout(&0) {
        Some(connection) => (connection, true),
        None => (server.connect(), false),
    };
    if server.serve(&connection) {
        pool.put_back(&0, connection);
        return true;
    }
    drop(connection);
    if !reused {
        return false;
    }
    let connection = server.connect();
    let served = server.serve(&connection);
    if served {
        pool.put_back(&0, connection);
    }
    served
}

#[test]
fn a_connection_is_held_by_one_thread_at_a_time_and_none_is_lost() {
    loom::model(|| {
        let pool = Arc::new(Pool::new(2, Duration::from_secs(60)));
        let server = Server::new();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (pool, server) = (Arc::clone(&pool), server.clone());
                thread::spawn(move || {
                    assert!(request(&pool, &server));
                    assert!(request(&pool, &server));
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("joined");
        }
        assert_eq!(server.served.load(SeqCst), 4);
        let opened = server.opened.load(SeqCst);
        assert!(opened <= 2, "more connections than threads");
        // Every one that was opened is in the pool again.
        let mut kept = Vec::new();
        while let Some(connection) = pool.checkout(&0) {
            kept.push(connection.number);
            drop(connection);
        }
        kept.sort_unstable();
        assert_eq!(kept, (0..opened).collect::<Vec<_>>());
        assert_eq!(server.dropped.load(SeqCst), opened);
    });
}

#[test]
fn a_server_that_closes_its_kept_connections_costs_no_request() {
    static RACES: AtomicUsize = AtomicUsize::new(0);
    loom::model(|| {
        let pool = Arc::new(Pool::new(2, Duration::from_secs(60)));
        let server = Server::new();
        pool.put_back(&0, server.connect());
        let closing = {
            let closed = Arc::clone(&server.closed);
            thread::spawn(move || closed.store(true, SeqCst))
        };
        let asking = {
            let (pool, server) = (Arc::clone(&pool), server.clone());
            thread::spawn(move || request(&pool, &server))
        };
        closing.join().expect("joined");
        let served = asking.join().expect("joined");
        // Only a connection that was new and closed at once may fail.
        assert!(served || server.opened.load(SeqCst) > 1);
        if server.opened.load(SeqCst) > 1 && served {
            RACES.fetch_add(1, SeqCst);
        }
    });
    assert!(RACES.load(SeqCst) > 0, "the race was among the orders");
}

#[test]
fn what_is_put_back_is_found_by_its_own_key_alone() {
    loom::model(|| {
        let pool = Arc::new(Pool::new(2, Duration::from_secs(60)));
        let server = Server::new();
        let other = {
            let (pool, server) = (Arc::clone(&pool), server.clone());
            thread::spawn(move || pool.put_back(&1, server.connect()))
        };
        pool.put_back(&0, server.connect());
        other.join().expect("joined");
        assert!(pool.checkout(&2).is_none());
        assert!(pool.checkout(&0).is_some());
        assert!(pool.checkout(&0).is_none());
        assert!(pool.checkout(&1).is_some());
    });
}
