//! A response whose body is read from the connection.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use ureq::BodyReader;

use super::connection::Connection;
use super::failure;
use super::operation::{ExchangeStats, Operation};
use super::ssrf_policy::Director;
use crate::error::{Error, Kind, Step};
use crate::http::headers::Headers;
use crate::os::transfer::TransferMeter;

/// The HTTP version of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

impl Version {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }
}

/// Status and headers of a response, and its unread body.
#[derive(Debug)]
pub(crate) struct RawResponse {
    pub(crate) stats: ExchangeStats,
    /// The server of this connection, for where its response leads.
    pub(crate) director: Director,
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
    pub(crate) body: RawBody,
}

/// Number of bytes received at a time for a sink.
const PIECE: usize = 1024 * 1024;
/// Bodies larger than this get larger buffers.
const LARGE_BODY: u64 = 64 * 1024;
/// Limits for reading an unwanted body so that the connection can be kept: its
/// size and the time.
const WORTH_DRAINING: u64 = 64 * 1024;
const WORTH_WAITING: Duration = Duration::from_secs(1);

/// The body of a response. If dropped before its end, closes the connection.
pub(crate) struct RawBody {
    source: BodyState,
    operation: Arc<Operation>,
    length: Option<u64>,
    /// Number of bytes read.
    received: u64,
    /// Counts them for the program, until their end was reported.
    transfer: Option<Arc<TransferMeter>>,
}

enum BodyState {
    /// The body was read to its end.
    End,
    /// An earlier read failed.
    Failed,
    /// The connection, for a body of known length.
    Direct {
        connection: Box<Connection>,
        left: u64,
        keep: bool,
    },
    /// Decoded by ureq: chunked, or until the connection is closed.
    Decoded(Box<BodyReader<'static>>),
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawBody").finish_non_exhaustive()
    }
}

impl RawBody {
    /// Takes over from ureq. A body of known length is read from the connection
    /// without ureq's copy; `keep` says whether the connection can be reused
    /// afterwards.
    pub(crate) fn new(body: ureq::Body, operation: Arc<Operation>, keep: bool) -> RawBody {
        let length = body.content_length();
        let source = if operation.is_released() {
            // There is no body: ureq finished with the headers.
            drop(operation.take_parked());
            BodyState::End
        } else if let Some(left) = length {
            drop(body);
            match operation.take_parked() {
                None => BodyState::End,
                Some(mut connection) => {
                    connection.take_head();
                    if left > LARGE_BODY {
                        connection.expect_large();
                    }
                    BodyState::Direct {
                        connection,
                        left,
                        keep,
                    }
                }
            }
        } else {
            BodyState::Decoded(Box::new(body.into_reader()))
        };
        let transfer = operation.exchange_limits.transfer.clone();
        if let Some(transfer) = &transfer {
            let is_over = matches!(source, BodyState::End);
            transfer.begin_response(if is_over { Some(0) } else { length });
        }
        let mut body = RawBody {
            transfer,
            source,
            operation,
            length,
            received: 0,
        };
        body.end_if_read();
        body
    }

    /// The announced length.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Number of bytes read so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Reads into the caller's buffer; returns 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.check()?;
        let result = match &mut self.source {
            BodyState::End => {
                self.report_end()?;
                return Ok(0);
            }
            BodyState::Failed => return Err(self.failed_before()),
            BodyState::Direct {
                connection, left, ..
            } => {
                let limit = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(buffer.len());
                connection.read(&mut buffer[..limit])
            }
            BodyState::Decoded(reader) => reader.read(buffer),
        };
        let amount = self.account(result)?;
        if amount == 0 {
            self.report_end()?;
        }
        Ok(amount)
    }

    /// Passes the rest of the body to `sink` piece by piece, without copying.
    pub(crate) fn deliver(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut scratch = Vec::new();
        loop {
            self.check()?;
            let mut outcome = Ok(());
            let result = match &mut self.source {
                BodyState::End => return self.report_end(),
                BodyState::Failed => return Err(self.failed_before()),
                BodyState::Direct {
                    connection, left, ..
                } => {
                    // Not needed for data received with the headers, and TLS
                    // passes on its records.
                    if scratch.is_empty() && connection.needs_scratch() {
                        let size = usize::try_from(*left).unwrap_or(PIECE).min(PIECE);
                        reserve(&mut scratch, size)?;
                    }
                    connection.read_piece(*left, &mut scratch, &mut |piece| {
                        if outcome.is_ok() && !piece.is_empty() {
                            outcome = sink(piece);
                        }
                    })
                }
                BodyState::Decoded(reader) => {
                    if scratch.is_empty() {
                        reserve(&mut scratch, PIECE / 4)?;
                    }
                    let result = reader.read(&mut scratch);
                    if let Ok(amount @ 1..) = &result {
                        outcome = sink(&scratch[..*amount]);
                    }
                    result
                }
            };
            if outcome.is_err() {
                self.fail();
                return outcome;
            }
            self.account(result)?;
        }
    }

    /// Reports to the program, once, that the body is received.
    fn report_end(&mut self) -> Result<(), Error> {
        self.transfer.take().map_or(Ok(()), |transfer| {
            let reported = transfer.report();
            reported.map_err(|error| {
                let host = self.operation.origin.authority();
                error.at(Step::Receive).with_host(&host)
            })
        })
    }

    /// Checks the limits of the call, even if data is available. On error,
    /// closes the connection.
    fn check(&mut self) -> Result<(), Error> {
        if matches!(self.source, BodyState::End) {
            return Ok(());
        }
        let ended = self.operation.exchange_limits.call.check(Step::Receive);
        ended.map_err(|error| {
            self.fail();
            error.with_host(&self.operation.origin.authority())
        })
    }

    /// Counts received bytes and detects the end of the body.
    fn account(&mut self, result: io::Result<usize>) -> Result<usize, Error> {
        let amount = match result {
            Ok(amount) => amount,
            Err(error) => {
                self.fail();
                return Err(failure::of_body(error, &self.operation.origin));
            }
        };
        self.received += amount as u64;
        match &mut self.source {
            BodyState::Direct { connection, .. } => connection.received_content(amount),
            _ => self.operation.note_content(amount),
        }
        if let Some(transfer) = &self.transfer {
            transfer.received(amount);
        }
        match &mut self.source {
            BodyState::Direct { left, .. } => {
                if amount == 0 {
                    let missing = *left;
                    self.fail();
                    return Err(self.truncated(&format!("{missing} bytes are missing")));
                }
                *left = left.saturating_sub(amount as u64);
                self.end_if_read();
            }
            BodyState::Decoded(_) if amount == 0 => {
                // ureq treats a reset as the end of a body without a length.
                if self.operation.is_broken() {
                    self.fail();
                    return Err(self.truncated("the connection was lost"));
                }
                self.source = BodyState::End;
                // Returned to the pool, or no longer usable.
                drop(self.operation.take_parked());
            }
            _ => {}
        }
        Ok(amount)
    }

    fn end_if_read(&mut self) {
        if matches!(&self.source, BodyState::Direct { left: 0, .. })
            && let BodyState::Direct {
                connection, keep, ..
            } = std::mem::replace(&mut self.source, BodyState::End)
            && keep
        {
            self.operation.keep(connection);
        }
    }

    /// Reads the rest if it is small, so that the connection can be kept.
    pub(crate) fn drain(mut self) {
        self.transfer = None;
        let little = match &mut self.source {
            BodyState::Direct {
                left,
                keep,
                connection,
            } => {
                connection.end_within(WORTH_WAITING);
                *keep && *left <= WORTH_DRAINING
            }
            BodyState::Decoded(_) => {
                self.operation.end_within(WORTH_WAITING);
                true
            }
            BodyState::End | BodyState::Failed => false,
        };
        if !little {
            return;
        }
        let mut buffer = vec![0; 8 * 1024];
        let mut drained = 0;
        while drained <= WORTH_DRAINING {
            match self.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(amount) => drained += amount as u64,
            }
        }
    }

    /// Closes the connection after a failure; other calls may wait for its
    /// permit.
    fn fail(&mut self) {
        self.source = BodyState::Failed;
        drop(self.operation.take_parked());
    }

    fn truncated(&self, why: &str) -> Error {
        let host = self.operation.origin.authority();
        let message = format!("the response of {host} is truncated: {why}");
        Error::new(Kind::Truncated, message).with_host(&host)
    }

    fn failed_before(&self) -> Error {
        let host = self.operation.origin.authority();
        let message = format!("the response of {host}: an earlier read failed");
        Error::new(Kind::Receive, message).with_host(&host)
    }
}

/// Resizes `scratch`.
fn reserve(scratch: &mut Vec<u8>, size: usize) -> Result<(), Error> {
    scratch
        .try_reserve_exact(size)
        .map_err(|_| Error::no_memory("receive buffer"))?;
    scratch.resize(size, 0);
    Ok(())
}
