//! What one exchange shares with the pieces that ureq holds during it.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use rustls::ClientConfig;

use super::bounds::Bounds;
use super::connection::{Connection, Terms};
use super::pool::Pool;
use super::tls::TlsStream;
use super::{resolve, verify};
use crate::error::Error;
use crate::url::{Origin, Scheme};

/// What all requests of a client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pool: Pool<Origin, Connection>,
    pub(crate) trust: verify::Trust,
    tls: OnceCell<Arc<ClientConfig>>,
}

impl Shared {
    pub(crate) fn new(trust: verify::Trust) -> Shared {
        Shared {
            pool: Pool::new(),
            trust,
            tls: OnceCell::new(),
        }
    }

    /// The TLS settings; the platform's trust store is read the first time.
    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, Error> {
        self.tls
            .get_or_try_init(|| verify::client_config(&self.trust))
            .cloned()
    }

    /// Makes a new connection to `origin`.
    fn connect(&self, origin: &Origin, bounds: &Bounds) -> Result<(Connection, Phases), Error> {
        let host = &origin.host;
        let shown = origin.authority();
        let mut phases = Phases::default();
        let begun = Instant::now();
        let addresses = resolve::resolve(host, origin.port, bounds)?;
        phases.resolve = begun.elapsed();
        let begun = Instant::now();
        let socket: OwnedFd = resolve::connect(&addresses, &shown, bounds)?;
        phases.connect = begun.elapsed();
        let connection = match origin.scheme {
            Scheme::Http => Connection::plain(socket),
            Scheme::Https => {
                let begun = Instant::now();
                let stream = TlsStream::handshake(&socket, self.tls()?, host, bounds)?;
                phases.tls = begun.elapsed();
                Connection::tls(socket, stream)
            }
        };
        Ok((connection, phases))
    }
}

/// How long each step of making a connection took; zero where there was none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Phases {
    pub(crate) resolve: Duration,
    pub(crate) connect: Duration,
    pub(crate) tls: Duration,
}

/// One exchange: a request and its answer over one connection.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) shared: Arc<Shared>,
    pub(crate) origin: Origin,
    /// About how many bytes the request's head and body have.
    pub(crate) head: usize,
    pub(crate) body: u64,
    /// Use no kept connection.
    pub(crate) fresh: bool,
    pub(crate) terms: Arc<Terms>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection, after ureq has let go of it before the answer's end.
    parked: Option<Box<Connection>>,
    /// The answer was read whole, and the connection given back to the pool.
    finished: bool,
    reused: bool,
    phases: Phases,
    early: bool,
    /// The server's end was an error.
    broken: bool,
    /// The last thing that failed was sending.
    failed_sending: bool,
}

impl Operation {
    pub(crate) fn new(
        shared: Arc<Shared>,
        origin: Origin,
        head: usize,
        body: u64,
        terms: Terms,
    ) -> Operation {
        Operation {
            terms: Arc::new(terms),
            shared,
            origin,
            head,
            body,
            fresh: false,
            state: Mutex::new(State::default()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for this exchange: one that was kept, or a new one.
    pub(crate) fn connection(&self) -> Result<Box<Connection>, Error> {
        let kept = if self.fresh {
            None
        } else {
            self.shared.pool.checkout(&self.origin)
        };
        self.state().reused = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                let (connection, phases) = self.shared.connect(&self.origin, &self.terms.bounds)?;
                self.state().phases = phases;
                connection
            }
        };
        connection.begin(Arc::clone(&self.terms));
        connection.buffers.plan(self.head, self.body);
        Ok(Box::new(connection))
    }

    /// Keeps the connection for others: its answer was read whole.
    pub(crate) fn finish(&self, connection: Connection) {
        self.state().finished = true;
        self.keep(connection);
    }

    /// Puts a connection back into the pool, if another request can use it.
    pub(crate) fn keep(&self, mut connection: Connection) {
        if connection.is_reusable() {
            connection.rest();
            self.shared.pool.put_back(&self.origin, connection);
        }
    }

    /// Sets the connection aside: ureq is done with it, its answer is not.
    pub(crate) fn park(&self, connection: Box<Connection>) {
        self.state().parked = Some(connection);
    }

    /// Takes the connection that ureq let go of.
    pub(crate) fn take_parked(&self) -> Option<Box<Connection>> {
        self.state().parked.take()
    }

    /// Whether ureq has let go of the connection, either way.
    pub(crate) fn is_released(&self) -> bool {
        let state = self.state();
        state.finished || state.parked.is_some()
    }

    /// What making the connection took.
    #[expect(dead_code, reason = "shown with the next step")]
    pub(crate) fn phases(&self) -> Phases {
        self.state().phases
    }

    pub(crate) fn was_reused(&self) -> bool {
        self.state().reused
    }

    pub(crate) fn note_early(&self) {
        self.state().early = true;
    }

    /// Whether the server refused before the whole request was sent.
    pub(crate) fn is_early(&self) -> bool {
        self.state().early
    }

    pub(crate) fn note_failed_sending(&self) {
        self.state().failed_sending = true;
    }

    pub(crate) fn failed_sending(&self) -> bool {
        self.state().failed_sending
    }

    /// Whether bytes of an answer came, and whether they fill all that is kept
    /// of a header block.
    pub(crate) fn heard(&self) -> (bool, bool) {
        match &mut self.state().parked {
            None => (false, false),
            Some(connection) => (connection.heard(), connection.buffers.free().is_empty()),
        }
    }

    /// Whether bytes of the request left.
    pub(crate) fn spoke(&self) -> bool {
        matches!(&self.state().parked, Some(connection) if connection.spoke())
    }

    pub(crate) fn note_broken(&self) {
        self.state().broken = true;
    }

    /// Whether the connection ended with an error.
    pub(crate) fn is_broken(&self) -> bool {
        self.state().broken
    }
}
