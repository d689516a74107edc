//! Delivering the body of a response: to the output of its request, or into the
//! response.

use crate::body::digest::Digest;
use crate::body::output::Output;
use crate::body::sink::{MemoryLimit, MemorySink, Sink};
use crate::body::verify::VerifyingSink;
use crate::engine::{Engine, trace};
use crate::error::{Error, Kind, with_path};
use crate::log::Level;
use crate::request::Request;
use crate::request::call::Execution;
use crate::request::response::{Content, Response};

/// Receives the body. It is verified if the request expects a digest.
pub(super) fn deliver(
    engine: &Engine,
    limit: MemoryLimit,
    request: &mut Request,
    response: &mut Response,
    execution: &Execution,
) -> Result<(), Error> {
    let Content::Open(body) = std::mem::replace(&mut response.body.content, Content::Delivered(0))
    else {
        return Ok(());
    };
    let mut body = body.into_raw();
    let expected = expected_digest(request, response)?.cloned();
    let mut kept = Vec::new();
    let sink = if has_output(request, response) {
        check_whole(&request.output, response)?;
        request.output.sink(execution.limits())?
    } else {
        None
    };
    let is_kept = sink.is_none();
    let sink: Box<dyn Sink + '_> = match sink {
        Some(sink) => sink,
        None => Box::new(MemorySink::new(&mut kept, body.length(), limit)?),
    };
    let mut sink = match expected {
        Some(expected) => Box::new(VerifyingSink::new(sink, expected, body.length())?),
        None => sink,
    };
    let received = body
        .deliver(&mut |piece| sink.write(piece))
        .and_then(|()| sink.commit());
    if sink.has_delivered() {
        execution.delivered.set(true);
    }
    drop(sink);
    received?;
    if !is_kept {
        response.body.content = Content::Delivered(body.received());
        return Ok(());
    }
    if engine.log.takes(Level::Debug)
        && let Some(text) = trace::response_body(response.headers(), &kept, engine.log.secrets())
    {
        let limits = execution.limits();
        engine.log.note(limits, Level::Debug, || text);
    }
    response.body.content = Content::Kept(kept);
    Ok(())
}

/// Whether the response body is written to the output of its request. Other
/// bodies are kept in the response; HEAD, 204 and 205 responses have none.
fn has_output(request: &Request, response: &Response) -> bool {
    (200..300).contains(&response.status)
        && !matches!(response.status, 204 | 205)
        && request.method() != "HEAD"
}

/// The digest that the body of a response must have, if any.
pub(super) fn expected_digest<'a>(
    request: &'a Request,
    response: &Response,
) -> Result<Option<&'a Digest>, Error> {
    let expected = request.expected_digest.as_ref();
    match expected.filter(|_| has_output(request, response)) {
        Some(_) if response.status == 206 => {
            Err(partial("it cannot be verified against the expected digest"))
        }
        expected => Ok(expected),
    }
}

/// Refuses to replace a file by a part of one.
fn check_whole(output: &Output, response: &Response) -> Result<(), Error> {
    match output {
        Output::Path(path) if response.status == 206 => {
            let path = with_path("all of", path);
            Err(partial(&format!(
                "it would replace {path}; use a descriptor for ranges"
            )))
        }
        _ => Ok(()),
    }
}

fn partial(why: &str) -> Error {
    let message = format!("a 206 response has only part of the content: {why}");
    Error::new(Kind::PartialContent, message)
}

/// An error after the head of a response was received.
pub(super) fn with_response(error: Error, response: &Response) -> Error {
    error
        .with_http_status(response.status)
        .with_host(response.host())
}
