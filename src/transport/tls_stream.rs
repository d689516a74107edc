//! TLS over a non-blocking socket, with rustls' unbuffered interface: records
//! are decrypted in place.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::{fmt, io};

use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};

use super::buffers::grow;
use crate::error::{Error, Kind, Step};
use crate::http::url::Origin;
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::{sys, wait};
use crate::tls::explain;

/// Maximum length of a TLS record, rounded up.
const RECORD: usize = 17 * 1024;
/// Number of bytes received at a time, for small responses and for large
/// bodies.
const SMALL: usize = 2 * RECORD;
pub(super) const LARGE: usize = 256 * 1024;
/// Maximum size of records without content in a row, in bytes: key updates,
/// session tickets, empty data. A peer that sends more only keeps us busy.
const MAX_SILENT: usize = 1024 * 1024;
/// Size that encryption adds to a record, and maximum content of a record.
const RECORD_OVERHEAD: usize = 64;
pub(super) const RECORD_PAYLOAD: usize = 16 * 1024;

/// A TLS connection after its handshake.
pub(crate) struct TlsStream {
    session: UnbufferedClientConnection,
    incoming: Vec<u8>,
    start: usize,
    end: usize,
    outgoing: Vec<u8>,
    closed: bool,
    /// Size of the records since the last one with content.
    silent: usize,
    /// The TLS session to a proxy that carries this one.
    tunnel: Option<Box<TlsStream>>,
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").finish_non_exhaustive()
    }
}

/// The result of [`TlsStream::open`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// The content of a record was passed on.
    Record,
    /// More data is needed.
    Incomplete,
    /// The peer closed the session.
    Closed,
}

impl TlsStream {
    /// Performs the handshake on a connected socket, or within another session.
    pub(crate) fn handshake(
        socket: &OwnedFd,
        tunnel: Option<Box<TlsStream>>,
        config: Arc<ClientConfig>,
        origin: &Origin,
        limits: &CallLimits,
    ) -> Result<TlsStream, Error> {
        let host = origin.authority();
        let what = format!("tls with {host}");
        let bare = origin.host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| Error::new(Kind::Tls, format!("{what}: not a valid name")))?;
        let session =
            UnbufferedClientConnection::new(config, name).map_err(|e| explain(&e, &host))?;
        let mut stream = TlsStream {
            session,
            incoming: Vec::new(),
            start: 0,
            end: 0,
            outgoing: Vec::new(),
            closed: false,
            silent: 0,
            tunnel,
        };
        let limit = limits.limit(Step::Tls, limits.timeouts.tls, &what);
        stream.shake_hands(socket.as_raw_fd(), &host, limits, limit)?;
        Ok(stream)
    }

    fn shake_hands(
        &mut self,
        fd: RawFd,
        host: &str,
        limits: &CallLimits,
        limit: StepLimit<'_>,
    ) -> Result<(), Error> {
        let broken = |error: io::Error| {
            let what = format_args!("tls with {host}");
            match error.kind() {
                // As before the handshake, the next attempt may succeed.
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                    Error::io(Kind::Connect, what, &error).at(Step::Tls)
                }
                _ => Error::of_io(Kind::Tls, what, error),
            }
        };
        loop {
            let UnbufferedStatus { discard, state, .. } = self
                .session
                .process_tls_records(&mut self.incoming[self.start..self.end]);
            let mut wants_input = false;
            let mut transmits = false;
            let mut failure = None;
            match state {
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut self.outgoing, |room| data.encode(room));
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    transmits = true;
                    data.done();
                }
                Ok(ConnectionState::BlockedHandshake) => wants_input = true,
                Ok(ConnectionState::WriteTraffic(_) | ConnectionState::ReadTraffic(_)) => {
                    self.start += discard;
                    return Ok(());
                }
                Ok(_) => {
                    let message = format!("tls with {host}: the server ended the handshake");
                    return Err(Error::new(Kind::Tls, message));
                }
                Err(error) => failure = Some(error),
            }
            self.start += discard;
            if let Some(error) = failure {
                self.send_alert(fd);
                return Err(explain(&error, host));
            }
            if transmits {
                self.wrap().map_err(broken)?;
                let sent = flush(fd, self.outgoing(), limits, limit);
                sent.map_err(|error| match self.pending_alert(fd) {
                    Some(alert) => explain(&alert, host),
                    None => broken(error),
                })?;
                self.sent_all();
            }
            if wants_input && self.receive_waiting(fd, limits, limit).map_err(broken)? == 0 {
                let message = format!("tls with {host}: the server closed in the handshake");
                return Err(Error::new(Kind::Connect, message).at(Step::Tls));
            }
        }
    }

    /// Why the peer has ended the session, if that has arrived.
    fn pending_alert(&mut self, fd: RawFd) -> Option<rustls::Error> {
        loop {
            match self.open(&mut |_| {}) {
                Err(error) => return error.downcast::<rustls::Error>().ok(),
                Ok(Opened::Closed) => return None,
                Ok(_) if !matches!(self.receive(fd), Ok(1..)) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Sends the alert that explains a failure, if possible.
    fn send_alert(&mut self, fd: RawFd) {
        let UnbufferedStatus { state, .. } = self
            .session
            .process_tls_records(&mut self.incoming[self.start..self.end]);
        if let Ok(ConnectionState::EncodeTlsData(mut data)) = state {
            encode(&mut self.outgoing, |room| data.encode(room));
            // Ignored: the handshake has already failed.
            let _ = self.wrap().and_then(|()| sys::send(fd, self.outgoing()));
        }
    }

    /// Enlarges the buffer for a large body.
    pub(crate) fn expect_large(&mut self) {
        // Without the memory, the body is received in smaller pieces.
        let _ = enlarge(&mut self.incoming, LARGE);
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.expect_large();
        }
    }

    /// Frees memory that an idle connection does not need.
    pub(crate) fn shrink(&mut self) {
        if self.start == self.end && self.incoming.len() > SMALL {
            self.incoming = Vec::new();
            self.start = 0;
            self.end = 0;
        }
        if self.outgoing.is_empty() {
            self.outgoing = Vec::new();
        }
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.shrink();
        }
    }

    /// Whether received bytes are waiting to be decrypted.
    pub(crate) fn holds_input(&self) -> bool {
        self.start != self.end || self.tunnel.as_ref().is_some_and(|t| t.holds_input())
    }

    /// The size of an incomplete record that was received. 0 if the peer has
    /// sent so much without content that the record is not likely to have any.
    pub(crate) fn fragment(&self) -> usize {
        let outer = self.tunnel.as_ref().map_or(0, |tunnel| tunnel.fragment());
        match self.silent {
            0..=RECORD => outer + self.end - self.start,
            _ => 0,
        }
    }

    /// Receives what is available, without blocking. Returns 0 if the peer has
    /// closed the connection.
    pub(crate) fn receive(&mut self, fd: RawFd) -> io::Result<usize> {
        enlarge(&mut self.incoming, SMALL)?;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.incoming.len() - self.end < RECORD {
            self.incoming.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.incoming.len() {
            // Full without a complete message: rustls keeps the records that
            // messages of a handshake span.
            if self.end >= MAX_SILENT {
                return Err(too_silent());
            }
            self.incoming.resize(2 * self.end, 0);
        }
        let Some(tunnel) = &mut self.tunnel else {
            let received = sys::recv(fd, &mut self.incoming[self.end..])?;
            self.end += received;
            return Ok(received);
        };
        let mut piece = Vec::new();
        while piece.is_empty() {
            let mut opened = Opened::Incomplete;
            if tunnel.holds_input() {
                opened = tunnel.open(&mut |record| piece.extend_from_slice(record))?;
            }
            let ended = opened == Opened::Closed
                || (opened == Opened::Incomplete && tunnel.receive(fd)? == 0);
            if ended {
                return Ok(0);
            }
        }
        self.take_in(&piece)?;
        Ok(piece.len())
    }

    /// Adds data from the session that carries this one.
    fn take_in(&mut self, piece: &[u8]) -> io::Result<()> {
        let end = self.end + piece.len();
        enlarge(&mut self.incoming, end)?;
        self.incoming[self.end..end].copy_from_slice(piece);
        self.end = end;
        Ok(())
    }

    fn receive_waiting(
        &mut self,
        fd: RawFd,
        limits: &CallLimits,
        limit: StepLimit<'_>,
    ) -> io::Result<usize> {
        // Checked in each round, in case the peer never stops sending.
        limits.check_io(limit.step, limit.what)?;
        limit.check()?;
        loop {
            match self.receive(fd) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait::wait(fd, wait::READABLE, limits, limit, None)?;
                }
                other => return other,
            }
        }
    }

    /// Passes the content of one record to `sink`. Replies to the peer are
    /// added to [`TlsStream::outgoing`].
    pub(crate) fn open(&mut self, sink: &mut dyn FnMut(&[u8])) -> io::Result<Opened> {
        loop {
            let UnbufferedStatus { discard, state, .. } = self
                .session
                .process_tls_records(&mut self.incoming[self.start..self.end]);
            let mut opened = None;
            let mut failure = None;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        match record {
                            Ok(record) if record.payload.is_empty() => {}
                            Ok(record) => {
                                opened = Some(Opened::Record);
                                sink(record.payload);
                            }
                            Err(error) => failure = Some(error),
                        }
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut self.outgoing, |room| data.encode(room));
                }
                // The connection sends it with other output.
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => self.closed = true,
                Ok(_) => {
                    opened = Some(if self.closed {
                        Opened::Closed
                    } else {
                        Opened::Incomplete
                    });
                }
                Err(error) => failure = Some(error),
            }
            self.start += discard;
            if let Some(error) = failure {
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            self.count_silent(discard, opened == Some(Opened::Record))?;
            if let Some(opened) = opened {
                return Ok(opened);
            }
        }
    }

    /// Counts records without content.
    fn count_silent(&mut self, discarded: usize, has_content: bool) -> io::Result<()> {
        self.silent = match has_content {
            true => 0,
            false => self.silent.saturating_add(discarded),
        };
        if self.silent <= MAX_SILENT {
            return Ok(());
        }
        Err(too_silent())
    }

    /// Encrypts `plain` and appends it to [`TlsStream::outgoing`]. Passes
    /// records received in the meantime to `sink` first, as rustls requires.
    pub(crate) fn seal(&mut self, plain: &[u8], sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        loop {
            let UnbufferedStatus { discard, state, .. } = self
                .session
                .process_tls_records(&mut self.incoming[self.start..self.end]);
            let mut sealed = None;
            let mut has_content = false;
            match state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let old = self.outgoing.len();
                    let records = plain.len() / RECORD_PAYLOAD + 2;
                    let room = old + plain.len() + records * RECORD_OVERHEAD;
                    enlarge(&mut self.outgoing, room)?;
                    sealed = Some(loop {
                        match traffic.encrypt(plain, &mut self.outgoing[old..]) {
                            Ok(length) => {
                                self.outgoing.truncate(old + length);
                                break Ok(());
                            }
                            Err(EncryptError::InsufficientSize(InsufficientSizeError {
                                required_size,
                            })) => enlarge(&mut self.outgoing, old + required_size)?,
                            Err(error) => break Err(io::Error::other(error)),
                        }
                    });
                }
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        has_content |= !record.payload.is_empty();
                        sink(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut self.outgoing, |room| data.encode(room));
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.closed = true,
                Ok(_) => sealed = Some(Err(io::ErrorKind::BrokenPipe.into())),
                Err(error) => {
                    sealed = Some(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
                }
            }
            self.start += discard;
            self.count_silent(discard, has_content)?;
            if let Some(sealed) = sealed {
                return sealed;
            }
        }
    }

    /// Prepares pending data for sending.
    pub(crate) fn wrap(&mut self) -> io::Result<()> {
        let Some(tunnel) = &mut self.tunnel else {
            return Ok(());
        };
        if self.outgoing.is_empty() {
            return Ok(());
        }
        let mut early = Vec::new();
        tunnel.seal(&self.outgoing, &mut |piece| early.extend_from_slice(piece))?;
        self.outgoing.clear();
        self.take_in(&early)
    }

    /// Encrypted bytes to be sent.
    pub(crate) fn outgoing(&self) -> &[u8] {
        match &self.tunnel {
            Some(tunnel) => tunnel.outgoing(),
            None => &self.outgoing,
        }
    }

    /// Whether output is pending.
    pub(crate) fn holds_output(&self) -> bool {
        !self.outgoing.is_empty() || self.tunnel.as_ref().is_some_and(|t| t.holds_output())
    }

    /// Marks all outgoing bytes as sent.
    pub(crate) fn sent_all(&mut self) {
        match &mut self.tunnel {
            Some(tunnel) => tunnel.sent_all(),
            None => self.outgoing.clear(),
        }
    }
}

fn too_silent() -> io::Error {
    let message = format!("more than {MAX_SILENT} bytes of records without data");
    io::Error::new(io::ErrorKind::InvalidData, rustls::Error::General(message))
}

fn enlarge(buffer: &mut Vec<u8>, size: usize) -> io::Result<()> {
    grow(buffer, size, "tls buffer").map_err(io::Error::other)
}

/// Appends the output of `fill`.
fn encode(outgoing: &mut Vec<u8>, mut fill: impl FnMut(&mut [u8]) -> Result<usize, EncodeError>) {
    let old = outgoing.len();
    outgoing.resize(old + 4096, 0);
    loop {
        match fill(&mut outgoing[old..]) {
            Ok(length) => {
                outgoing.truncate(old + length);
                return;
            }
            Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) => {
                outgoing.resize(old + required_size, 0);
            }
            Err(EncodeError::AlreadyEncoded) => {
                outgoing.truncate(old);
                return;
            }
        }
    }
}

fn flush(fd: RawFd, mut data: &[u8], limits: &CallLimits, limit: StepLimit<'_>) -> io::Result<()> {
    while !data.is_empty() {
        match sys::send(fd, data) {
            Ok(sent) => data = &data[sent..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait::wait(fd, wait::WRITABLE, limits, limit, None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
