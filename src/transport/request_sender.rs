//! Sends requests.

use std::io;

use super::connection::Connection;
use super::operation::Operation;
use super::request_body::{Framing, RequestBody};
use crate::body::Body;
use crate::error::Error;
use crate::http::message::request_head::RequestHead;

/// A request that was not sent.
pub(super) struct SendFailure {
    /// A failure of the system or of TLS, or an [`Error`].
    pub(super) error: io::Error,
    pub(super) connection: Option<Box<Connection>>,
}

/// Sends a request, unless the server rejects it before it is complete. Returns
/// the connection, from which the response can be read in both cases.
pub(super) fn send(
    operation: &mut Operation,
    head: &RequestHead<'_>,
    body: &mut Body,
    framing: Framing,
) -> Result<Box<Connection>, SendFailure> {
    let unsent = |error: Error| SendFailure {
        error: io::Error::other(error),
        connection: None,
    };
    if framing == Framing::Length(0) {
        let limits = &operation.exchange_limits.call;
        body.check_end(limits).map_err(unsent)?;
    }
    let mut connection = operation.connection().map_err(unsent)?;
    let mut body = RequestBody::new(body, framing, &operation.exchange_limits);
    match send_on(&mut connection, head, &mut body) {
        Ok(()) => Ok(connection),
        Err(error) => Err(SendFailure {
            error,
            connection: Some(connection),
        }),
    }
}

fn send_on(
    connection: &mut Connection,
    head: &RequestHead<'_>,
    body: &mut RequestBody<'_>,
) -> io::Result<()> {
    let length = head.write(connection.buffers.output())?;
    connection.send(0..length)?;
    while !connection.responded_early() && body.send_piece(connection)? {}
    Ok(())
}
