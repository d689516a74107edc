//! A relay that cuts connections in the middle.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
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
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    cuts: VecDeque<Cut>,
    /// Since the last cut.
    up: u64,
    down: u64,
    /// Since the cuts were set.
    received_up: u64,
    passed_down: u64,
    last: Option<Cut>,
    message_ends: Vec<Cut>,
}

impl Cutter {
    /// Starts a relay in front of `target`.
    pub fn start(target: SocketAddr) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = RawServer::start(move |conn| pass_on(conn, target, &shared));
        Self { server, state }
    }

    /// Its address with the scheme of plain HTTP.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Its address without a scheme.
    pub fn authority(&self) -> String {
        self.server.authority()
    }

    /// Cuts at these places, one after the other.
    pub fn set_cuts(&self, cuts: impl IntoIterator<Item = Cut>) {
        *lock(&self.state) = State {
            cuts: cuts.into_iter().collect(),
            ..State::default()
        };
    }

    /// How many cuts were not reached yet.
    pub fn cuts_left(&self) -> usize {
        lock(&self.state).cuts.len()
    }

    /// How many bytes were received from the client since the cuts were set.
    pub fn sent(&self) -> u64 {
        lock(&self.state).received_up
    }

    /// How many bytes were passed on to the client since the cuts were set.
    pub fn received(&self) -> u64 {
        lock(&self.state).passed_down
    }

    /// The places where one side stopped and the other began to send: the ends of
    /// HTTP messages, with TLS too.
    pub fn message_ends(&self) -> Vec<Cut> {
        let state = lock(&self.state);
        state
            .message_ends
            .iter()
            .chain(&state.last)
            .copied()
            .collect()
    }
}

impl State {
    /// How many of `count` bytes may pass in a direction, and whether the
    /// connection is cut behind them.
    fn allow(&mut self, count: usize, is_up: bool) -> (usize, bool) {
        let passed = match is_up {
            true => self.up,
            false => self.down,
        };
        let limit = match (self.cuts.front(), is_up) {
            (Some(Cut::Up(limit)), true) | (Some(Cut::Down(limit)), false) => *limit,
            _ => u64::MAX,
        };
        let end = passed + count as u64;
        if end >= limit {
            self.cuts.pop_front();
            (self.up, self.down) = (0, 0);
            let allowed = usize::try_from(limit.saturating_sub(passed)).unwrap_or(count);
            return (allowed, true);
        }
        let now = match is_up {
            true => {
                self.up = end;
                Cut::Up(end)
            }
            false => {
                self.down = end;
                Cut::Down(end)
            }
        };
        if let Some(before) = self.last.replace(now)
            && matches!(before, Cut::Up(_)) != is_up
        {
            self.message_ends.push(before);
        }
        (count, false)
    }
}

fn pass_on(conn: &mut Conn, target: SocketAddr, state: &Mutex<State>) {
    let (Ok(mut to), Some(from)) = (TcpStream::connect(target), conn.socket()) else {
        return;
    };
    let (Ok(mut from), Ok(mut back)) = (from.try_clone(), from.try_clone()) else {
        return;
    };
    // What was passed on in pieces is not delayed.
    for socket in [&from, &to] {
        let _ = socket.set_nodelay(true);
    }
    let Ok(mut answers) = to.try_clone() else {
        return;
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(&mut answers, &mut back, state, false));
        copy(&mut from, &mut to, state, true);
    });
}

fn copy(from: &mut TcpStream, to: &mut TcpStream, state: &Mutex<State>, is_up: bool) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 {
            break;
        }
        let (allowed, is_cut) = {
            let mut state = lock(state);
            let (allowed, is_cut) = state.allow(count, is_up);
            match is_up {
                true => state.received_up += count as u64,
                false => state.passed_down += allowed as u64,
            }
            (allowed, is_cut)
        };
        if to.write_all(&buffer[..allowed]).is_err() || is_cut {
            break;
        }
    }
    // Both connections end, in both directions.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
