//! The four traits through which ureq uses our connections.
//!
//! ureq writes requests. It does not read responses: as soon as it waits for
//! one, or a response arrives before the request is complete, it gets an error,
//! which makes it return and release the connection.
//!
//! The code relies on two behaviours of ureq, each of which has a test: all
//! work is done on the calling thread; a transport is dropped when the call
//! returns.

use std::net::SocketAddr;
use std::sync::Arc;

use ureq::Error as UreqError;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::connection::Connection;
use super::operation::Operation;
use crate::error::Error;

/// Wraps our error in an error of ureq.
pub(crate) fn wrap(error: Error) -> UreqError {
    UreqError::Io(std::io::Error::other(error))
}

/// A resolver that returns no address: the connector resolves names itself when
/// it connects.
#[derive(Debug)]
pub(crate) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, UreqError> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from(([0, 0, 0, 0], 0)));
        Ok(addresses)
    }
}

/// A connector for one exchange.
#[derive(Debug)]
pub(crate) struct OperationConnector(pub(crate) Arc<Operation>);

impl Connector<()> for OperationConnector {
    type Out = Link;

    fn connect(
        &self,
        _details: &ConnectionDetails,
        _chained: Option<()>,
    ) -> Result<Option<Link>, UreqError> {
        let connection = self.0.connection().map_err(wrap)?;
        Ok(Some(Link {
            connection: Some(connection),
            forwarded: self.0.forwarded(),
            operation: Arc::clone(&self.0),
            nothing: Empty,
        }))
    }
}

/// A connection while ureq uses it.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Option<Box<Connection>>,
    operation: Arc<Operation>,
    /// Scheme and host to insert before the path, if a proxy reads the request.
    forwarded: Option<String>,
    nothing: Empty,
}

impl Link {
    fn connection(&mut self) -> Result<&mut Connection, UreqError> {
        self.connection
            .as_deref_mut()
            .ok_or_else(|| UreqError::Io(std::io::ErrorKind::NotConnected.into()))
    }

    /// The error that makes ureq return, so that the response can be read.
    fn stop(&self) -> UreqError {
        self.operation.note_sent();
        UreqError::Io(std::io::ErrorKind::Interrupted.into())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.operation.park(connection);
        }
    }
}

impl Transport for Link {
    fn buffers(&mut self) -> &mut dyn Buffers {
        match &mut self.connection {
            Some(connection) => &mut connection.buffers,
            None => &mut self.nothing,
        }
    }

    fn transmit_output(
        &mut self,
        mut amount: usize,
        _timeout: NextTimeout,
    ) -> Result<(), UreqError> {
        let forwarded = self.forwarded.take();
        let file_piece = self.operation.take_file_piece();
        let connection = self.connection()?;
        if let Some(text) = forwarded {
            amount = connection
                .buffers
                .insert_after_method(text.as_bytes(), amount)
                .map_err(wrap)?;
        }
        let result = match file_piece {
            Some(piece) => connection.send_file(&piece),
            None => connection.send(amount),
        };
        let has_response = connection.responded_early();
        match result {
            Err(error) => {
                self.operation.note_failed_sending();
                Err(UreqError::Io(error))
            }
            Ok(()) if has_response => Err(self.stop()),
            Ok(()) => Ok(()),
        }
    }

    /// Called when the request is sent.
    fn await_input(&mut self, _timeout: NextTimeout) -> Result<bool, UreqError> {
        Err(self.stop())
    }

    /// Never called, as ureq gets no response.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.is_tls())
    }
}

/// Buffers without a connection; ureq does not use them any more.
#[derive(Debug)]
struct Empty;

impl Buffers for Empty {
    fn output(&mut self) -> &mut [u8] {
        &mut []
    }
    fn input(&self) -> &[u8] {
        &[]
    }
    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut []
    }
    fn input_appended(&mut self, _amount: usize) {}
    fn input_consume(&mut self, _amount: usize) {}
    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        (&mut [], &mut [])
    }
    fn can_use_input(&self) -> bool {
        false
    }
}
