//! Serves the requests of a connection, with faults.

use crate::api;
use crate::fault::{Action, After, Ending, Fault};
use crate::http::{Body, Head, HeadError, Wire, wire};
use crate::record::Entry;
use crate::response::{Delivery, Response};
use crate::secrets;
use crate::server::Shared;
use crate::tls::Stream;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Maximum number of unread body bytes that are read before a response, to keep
/// the connection. If more remain, responds immediately and closes. Go's server
/// has the same limit.
const DRAIN_MAX: u64 = 256 << 10;

/// What to do with the connection.
enum Next {
    Continue,
    /// Close it normally.
    Close,
    /// Close it normally after reading what the client still sends: a reset
    /// could destroy the response.
    Linger,
    /// End it as the fault says.
    End(Ending),
    /// The client has closed it.
    Gone,
}

/// Serves a connection until it ends.
pub(crate) fn serve(socket: TcpStream, number: usize, shared: &Shared) {
    let _ = socket.set_nodelay(true);
    let Ok(stream) = Stream::new(socket, shared.tls.as_ref()) else {
        shared.sockets.remove(number);
        return;
    };
    let mut wire = wire(stream);
    let next = loop {
        match exchange(&mut wire, number, shared) {
            Ok(Next::Continue) => {}
            Ok(next) => break next,
            Err(_) => break Next::Gone,
        }
    };
    end(&mut wire, &next, shared);
    // Before the stream is dropped: dropping the last handle sends a reset.
    shared.sockets.remove(number);
}

fn end(wire: &mut Wire, next: &Next, shared: &Shared) {
    let stream = wire.get_mut();
    // Ignored: the connection is already broken.
    match next {
        Next::Close => {
            let _ = stream.close_notice();
            let _ = stream.socket().shutdown(Shutdown::Write);
        }
        Next::Linger => {
            let _ = stream.close_notice();
            let _ = stream.socket().shutdown(Shutdown::Write);
            let mut socket = stream.socket();
            let mut sink = vec![0; 64 << 10];
            while matches!(socket.read(&mut sink), Ok(n) if n > 0) {}
        }
        Next::End(Ending::Close) => {
            let _ = stream.socket().shutdown(Shutdown::Write);
        }
        Next::End(Ending::Reset) => {
            let _ = socket2::SockRef::from(stream.socket()).set_linger(Some(Duration::ZERO));
        }
        Next::End(Ending::Stall) => {
            shared.stop.wait(None);
        }
        Next::Continue | Next::Gone => {}
    }
}

/// Handles one request.
fn exchange(wire: &mut Wire, number: usize, shared: &Shared) -> io::Result<Next> {
    let head = match Head::read(wire) {
        Ok(head) => head,
        Err(HeadError::Gone) => return Ok(Next::Gone),
        Err(HeadError::Bad(status, why)) => return refuse(wire, status, &why),
    };
    secrets::note_request(&head.target, pairs(&head.headers), b"");
    let entry = shared.recorder.begin(number, &head);
    let fault = match shared.rate.is_exceeded(Instant::now()) {
        true => Fault::status(429).set_header("Retry-After", "1"),
        false => shared.faults.take(&head).unwrap_or_default(),
    };
    if let Some(delay) = fault.delay
        && shared.stop.wait(Some(delay))
    {
        return Ok(Next::Gone);
    }
    match &fault.action {
        Action::HangUp(ending) => Ok(Next::End(*ending)),
        Action::Raw(bytes) => {
            read_body(wire, &head, &entry)?;
            wire.get_mut().write_all(bytes)?;
            wire.get_mut().flush()?;
            Ok(Next::Close)
        }
        Action::Answer {
            status,
            body,
            early: None,
        } => {
            read_body(wire, &head, &entry)?;
            let response = Response::with_body(*status, body.clone());
            answer(wire, &head, response, &fault, &entry, head.wants_close())
        }
        Action::Answer {
            status,
            body,
            early: Some(after),
        } => {
            let response = Response::with_body(*status, body.clone());
            let next = answer(wire, &head, response, &fault, &entry, head.wants_close())?;
            if matches!(next, Next::End(_)) {
                return Ok(next);
            }
            match after {
                After::Close => Ok(Next::End(Ending::Close)),
                After::Reset => Ok(Next::End(Ending::Reset)),
                After::Stall => Ok(Next::End(Ending::Stall)),
                After::Drain => read_body(wire, &head, &entry).map(|()| next),
            }
        }
        Action::Serve => served(wire, &head, &fault, &entry, shared),
    }
}

/// The normal response of the registry.
fn served(
    wire: &mut Wire,
    head: &Head,
    fault: &Fault,
    entry: &Entry,
    shared: &Shared,
) -> io::Result<Next> {
    let framing = match head.framing() {
        Ok(framing) => framing,
        Err(why) => {
            entry.status(400);
            return refuse(wire, 400, &why);
        }
    };
    let mut body = Body::new(head, framing, wire);
    let handled = api::handle(shared, head, &mut body);
    let (length, bytes) = body.record();
    entry.body(length, bytes);
    let mut response = match handled {
        Ok(response) => response,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            drop(body);
            entry.status(400);
            return refuse(wire, 400, &error.to_string());
        }
        Err(error) => return Err(error),
    };
    let all_read = match body.drain(DRAIN_MAX) {
        // The response was already sent; the rest of the body is invalid.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => false,
        outcome => outcome?,
    };
    let (length, bytes) = body.record();
    entry.body(length, bytes);
    drop(body);
    let close = head.wants_close() || !all_read;
    if close {
        response = response.header("Connection", "close");
    }
    match answer(wire, head, response, fault, entry, close)? {
        Next::Close if !all_read => Ok(Next::Linger),
        next => Ok(next),
    }
}

fn answer(
    wire: &mut Wire,
    head: &Head,
    mut response: Response,
    fault: &Fault,
    entry: &Entry,
    close: bool,
) -> io::Result<Next> {
    response.frame(fault.chunked);
    let misframed = response.edit(fault, head);
    secrets::note_answer(pairs(&response.headers), b"");
    let delivery = Delivery {
        head_only: head.is_head(),
        cut: fault.cut,
        corrupt: fault.corrupt,
        chunked: fault.chunked,
    };
    // Before the response is sent: a client may check the record as soon as it
    // has it.
    entry.status(response.status);
    if let Some(ending) = response.write(wire.get_mut(), &delivery)? {
        return Ok(Next::End(ending));
    }
    if close || fault.close || (misframed && !head.is_head()) {
        return Ok(Next::Close);
    }
    Ok(Next::Continue)
}

fn pairs(headers: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Reads and records the body.
fn read_body(wire: &mut Wire, head: &Head, entry: &Entry) -> io::Result<()> {
    let framing = head.framing().map_err(io::Error::other)?;
    let mut body = Body::new(head, framing, wire);
    let outcome = loop {
        match body.piece() {
            Ok([]) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    let (length, bytes) = body.record();
    entry.body(length, bytes);
    outcome
}

/// Responds to invalid HTTP and closes the connection, since the start of the
/// next request is unknown.
fn refuse(wire: &mut Wire, status: u16, why: &str) -> io::Result<Next> {
    let mut response = Response::with_body(status, format!("{why}\n").into_bytes())
        .header("Content-Type", "text/plain")
        .header("Connection", "close");
    response.frame(false);
    response.write(wire.get_mut(), &Delivery::default())?;
    Ok(Next::Linger)
}
