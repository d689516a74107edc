//! A relay that cuts connections in the middle.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::raw_conn::Conn;
use super::raw_server::RawServer;
use super::sync::lock;

/// Where a connection is cut, counted over all connections since the last cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// After this many bytes from the client were passed on.
    Up(u64),
    /// After this many bytes from the server were passed on.
    Down(u64),
}

/// A running relay, stopped on drop.
pub struct Cutter {
    server: RawServer,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    cuts: Mutex<VecDeque<Cut>>,
    up: AtomicU64,
    down: AtomicU64,
    total_up: AtomicU64,
}

impl Cutter {
    /// Starts a relay in front of `target`.
    pub fn start(target: SocketAddr) -> Self {
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let server = RawServer::start(move |conn| pass_on(conn, target, &shared));
        Self { server, state }
    }

    /// Its address with its scheme.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Cuts at these places, one after the other.
    pub fn set_cuts(&self, cuts: impl IntoIterator<Item = Cut>) {
        *lock(&self.state.cuts) = cuts.into_iter().collect();
        self.state.up.store(0, Ordering::SeqCst);
        self.state.down.store(0, Ordering::SeqCst);
        self.state.total_up.store(0, Ordering::SeqCst);
    }

    /// How many cuts were not reached yet.
    pub fn cuts_left(&self) -> usize {
        lock(&self.state.cuts).len()
    }

    /// How many bytes were received from the client since the cuts were set.
    pub fn sent(&self) -> u64 {
        self.state.total_up.load(Ordering::SeqCst)
    }
}

impl State {
    /// How many of `count` bytes may pass in a direction, and whether the
    /// connection is cut behind them.
    fn allow(&self, count: usize, is_up: bool) -> (usize, bool) {
        let mut cuts = lock(&self.cuts);
        let counter = match is_up {
            true => &self.up,
            false => &self.down,
        };
        let passed = counter.load(Ordering::SeqCst);
        let limit = match (cuts.front(), is_up) {
            (Some(Cut::Up(limit)), true) | (Some(Cut::Down(limit)), false) => *limit,
            _ => u64::MAX,
        };
        if passed + count as u64 >= limit {
            cuts.pop_front();
            self.up.store(0, Ordering::SeqCst);
            self.down.store(0, Ordering::SeqCst);
            return (usize::try_from(limit - passed).unwrap_or(count), true);
        }
        counter.fetch_add(count as u64, Ordering::SeqCst);
        (count, false)
    }
}

fn pass_on(conn: &mut Conn, target: SocketAddr, state: &State) {
    let (Ok(mut to), Some(from)) = (TcpStream::connect(target), conn.socket()) else {
        return;
    };
    let (Ok(mut from), Ok(mut back)) = (from.try_clone(), from.try_clone()) else {
        return;
    };
    let Ok(mut answers) = to.try_clone() else {
        return;
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(&mut answers, &mut back, state, false));
        copy(&mut from, &mut to, state, true);
    });
}

fn copy(from: &mut TcpStream, to: &mut TcpStream, state: &State, is_up: bool) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 {
            break;
        }
        if is_up {
            state.total_up.fetch_add(count as u64, Ordering::SeqCst);
        }
        let (allowed, is_cut) = state.allow(count, is_up);
        if to.write_all(&buffer[..allowed]).is_err() || is_cut {
            break;
        }
    }
    // Both connections end, in both directions.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
