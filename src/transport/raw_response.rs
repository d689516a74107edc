//! A response whose body is read from the connection.

use std::sync::Arc;
use std::time::Duration;

use super::body_reader::{BodyReader, ReadFailure};
use super::connection::Connection;
use super::exchange_timer::ExchangeLimits;
use super::failure;
use super::operation::{ExchangeStats, Operation};
use super::ssrf_policy::Director;
use crate::error::{Error, Kind, Step};
use crate::http::headers::Headers;
use crate::http::message::framing::Framing;
use crate::http::message::head::Version;
use crate::os::deadline::CallLimits;
use crate::os::transfer::TransferMeter;

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

/// Bodies larger than this get larger buffers.
const LARGE_BODY: u64 = 64 * 1024;
/// Limits for reading an unwanted body so that the connection can be kept: its
/// size and the time.
const WORTH_DRAINING: u64 = 64 * 1024;
const WORTH_WAITING: Duration = Duration::from_secs(1);

/// The body of a response. If dropped before its end, closes the connection.
#[derive(Debug)]
pub(crate) struct RawBody {
    state: BodyState,
    operation: Box<Operation>,
    limits: Arc<ExchangeLimits>,
    /// Of the response.
    status: u16,
    length: Option<u64>,
    /// Number of bytes read.
    received: u64,
    /// Counts them for the program, until their end was reported.
    transfer: Option<Arc<TransferMeter>>,
}

#[derive(Debug)]
enum BodyState {
    /// The body was read to its end.
    End,
    /// An earlier read failed.
    Failed,
    Open {
        connection: Box<Connection>,
        reader: BodyReader,
        /// The connection can be reused afterwards.
        keep: bool,
    },
}

impl RawBody {
    /// The body that follows on a connection.
    pub(super) fn new(
        mut connection: Box<Connection>,
        operation: Box<Operation>,
        status: u16,
        framing: Framing,
        keep: bool,
    ) -> RawBody {
        let (reader, length) = match framing {
            Framing::None => (BodyReader::Length(0), None),
            Framing::Length(length) => (BodyReader::Length(length), Some(length)),
            Framing::Chunked => (BodyReader::Chunked(Default::default()), None),
            Framing::Close => (BodyReader::Close, None),
        };
        if length.is_some_and(|length| length > LARGE_BODY) {
            connection.expect_large();
        }
        let transfer = operation.exchange_limits.transfer.clone();
        if let Some(transfer) = &transfer {
            transfer.begin_response(reader.left());
        }
        let mut body = RawBody {
            state: BodyState::Open {
                connection,
                reader,
                keep,
            },
            limits: Arc::clone(&operation.exchange_limits),
            operation,
            status,
            length,
            received: 0,
            transfer,
        };
        body.end_if_read();
        body
    }

    /// The announced length.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Sets the limits of the call that reads the rest.
    pub(crate) fn set_limits(&mut self, limits: &CallLimits) {
        self.limits = Arc::new(self.limits.for_call(limits));
        if let BodyState::Open { connection, .. } = &mut self.state {
            connection.set_limits(&self.limits);
        }
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
        self.slow_down()?;
        let result = match &mut self.state {
            BodyState::End => {
                self.report_end()?;
                return Ok(0);
            }
            BodyState::Failed => return Err(self.failed_before()),
            BodyState::Open {
                connection, reader, ..
            } => reader.read(connection, buffer),
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
            self.slow_down()?;
            let mut outcome = Ok(());
            let result = match &mut self.state {
                BodyState::End => return self.complete(),
                BodyState::Failed => return Err(self.failed_before()),
                BodyState::Open {
                    connection, reader, ..
                } => reader.read_piece(connection, &mut scratch, &mut |piece| {
                    if outcome.is_ok() && !piece.is_empty() {
                        outcome = sink(piece);
                    }
                }),
            };
            if let Err(error) = outcome {
                self.fail();
                return Err(error.with_http_status(self.status));
            }
            self.account(result)?;
        }
    }

    /// Called when a sink has the whole body. The sink may have cancelled the
    /// call while it took the last piece.
    fn complete(&mut self) -> Result<(), Error> {
        let cancelled = self.limits.call.check_cancelled(Step::Receive);
        cancelled.map_err(|error| self.named(error))?;
        self.report_end()
    }

    /// Reports to the program, once, that the body is received. The program may
    /// stop the call even then.
    fn report_end(&mut self) -> Result<(), Error> {
        self.transfer.take().map_or(Ok(()), |transfer| {
            transfer.report().map_err(|error| {
                self.fail();
                self.named(error.at(Step::Receive))
            })
        })
    }

    /// Checks the limits of the call, even if data is available. On error,
    /// closes the connection.
    fn check(&mut self) -> Result<(), Error> {
        if matches!(self.state, BodyState::End) {
            return Ok(());
        }
        let ended = self.limits.call.check(Step::Receive);
        ended.map_err(|error| {
            self.fail();
            self.named(error)
        })
    }

    /// Waits until the maximum speed of the call allows more.
    fn slow_down(&mut self) -> Result<(), Error> {
        if matches!(self.state, BodyState::Failed) {
            return Ok(());
        }
        // Also for what was received last: short bodies come in one piece.
        self.limits.call.wait_to_receive().map_err(|error| {
            let error = Error::of_io(Kind::Receive, "wait for the maximum speed", error);
            self.fail();
            self.named(error)
        })
    }

    /// Counts received bytes and detects the end of the body.
    fn account(&mut self, result: Result<usize, ReadFailure>) -> Result<usize, Error> {
        let amount = match result {
            Ok(amount) => amount,
            Err(error) => {
                self.fail();
                return Err(self.named(failure::of_body(error, &self.operation.origin)));
            }
        };
        self.received += amount as u64;
        if let BodyState::Open { connection, .. } = &mut self.state {
            connection.received_content(amount);
        }
        if let Some(transfer) = &self.transfer {
            transfer.received(amount);
        }
        if let Some(speed) = &self.limits.call.speed {
            speed.received(amount);
        }
        match amount {
            0 => self.end(),
            _ => self.end_if_read(),
        }
        Ok(amount)
    }

    fn end_if_read(&mut self) {
        if matches!(&self.state, BodyState::Open { reader, .. } if reader.is_at_end()) {
            self.end();
        }
    }

    /// Called at the end of the body.
    fn end(&mut self) {
        if let BodyState::Open {
            connection,
            keep: true,
            ..
        } = std::mem::replace(&mut self.state, BodyState::End)
        {
            self.operation.keep(connection);
        }
    }

    /// Reads the rest if it is small, so that the connection can be kept.
    pub(crate) fn drain(mut self) {
        self.transfer = None;
        let BodyState::Open {
            connection,
            reader,
            keep: true,
        } = &mut self.state
        else {
            return;
        };
        if reader.left().is_some_and(|left| left > WORTH_DRAINING) {
            return;
        }
        connection.end_within(WORTH_WAITING);
        let mut buffer = [0; 8 * 1024];
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
        self.state = BodyState::Failed;
    }

    /// An error of this response.
    fn named(&self, error: Error) -> Error {
        error
            .with_host(&self.operation.origin.authority())
            .with_http_status(self.status)
    }

    fn failed_before(&self) -> Error {
        let host = self.operation.origin.authority();
        let message = format!("the response of {host}: an earlier read failed");
        self.named(Error::new(Kind::Receive, message))
    }
}
