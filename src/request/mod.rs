//! A request: what to send, and the output of the response body.

pub(crate) mod address;
pub(crate) mod call;
pub(crate) mod location;
pub(crate) mod open_body;
pub(crate) mod response;

use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::address::Address;
use crate::body::digest::Digest;
use crate::body::output::{Output, WriteSink};
use crate::body::section::Section;
use crate::body::sink::MemoryLimit;
use crate::body::{Body, BorrowedBytes, ReadSource};
use crate::config::{OwnTimes, retry, stall};
use crate::error::position::first_char;
use crate::error::{Error, Kind};
use crate::http::headers::Headers;
use crate::http::template::Values;
use crate::http::url::{Url, encode_query, socket};
use crate::http::{headers, template};
use crate::log::redact;
use crate::log::redact::shown;
use crate::os::cancel::Cancel;
use crate::os::transfer::TransferCallback;
use crate::transport::Director;

/// Called between a challenge and the second send; may change the request.
pub type ChallengeCallback = Arc<dyn Fn(&mut Request) -> Result<(), Error> + Send + Sync>;

/// A request to a registry, made by a client and sent by it.
pub struct Request {
    pub(crate) address: Arc<Address>,
    method: String,
    path: String,
    name: Option<String>,
    default_name: Option<String>,
    reference: Option<String>,
    digest: Option<String>,
    session_id: Option<String>,
    query: Vec<(String, String)>,
    pub(crate) headers: Headers,
    pub(crate) body: Body,
    pub(crate) output: Output,
    pub(crate) expected_digest: Option<Digest>,
    pub(crate) challenge: Option<ChallengeCallback>,
    pub(crate) follow_challenge: bool,
    pub(crate) cancel: Option<Cancel>,
    pub(crate) progress: Option<TransferCallback>,
    pub(crate) times: OwnTimes,
    retries: Option<u32>,
    /// The maximum size of a response body in memory, if it is not the client's.
    pub(crate) max_body: Option<MemoryLimit>,
    /// The URL comes from a server, as a Location does: the SSRF policy applies
    /// to it. A URL that the caller wrote is none of its business.
    pub(crate) director: Director,
    pub(crate) follow_redirects: bool,
    /// No credentials are sent, not even to the registry itself.
    pub(crate) is_anonymous: bool,
    /// It continues an upload: if the server may have received part of it, only
    /// the caller knows what to send next.
    pub(crate) continues_upload: bool,
    /// The caller decides on retries, which depend on what it knows.
    pub(crate) is_repeated_by_caller: bool,
    /// When the last attempt began.
    pub(crate) begun: Option<Instant>,
}

impl Request {
    pub(crate) fn new(
        address: &Arc<Address>,
        default_name: Option<String>,
        method: &str,
        path: &str,
    ) -> Result<Request, Error> {
        let mut request = Request {
            address: Arc::clone(address),
            method: String::new(),
            path: String::new(),
            name: None,
            default_name,
            reference: None,
            digest: None,
            session_id: None,
            query: Vec::new(),
            headers: Headers::default(),
            body: Body::default(),
            output: Output::Memory,
            expected_digest: None,
            challenge: None,
            follow_challenge: true,
            cancel: None,
            progress: None,
            times: OwnTimes::default(),
            retries: None,
            max_body: None,
            director: Director::Caller,
            follow_redirects: true,
            is_anonymous: false,
            continues_upload: false,
            is_repeated_by_caller: false,
            begun: None,
        };
        request.set_method(method)?;
        request.set_path(path)?;
        Ok(request)
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Sets the method: a token of RFC 9110, its case kept.
    pub fn set_method(&mut self, method: &str) -> Result<(), Error> {
        let problem = match headers::token_problem(method) {
            None if method.len() > 64 => "has more than 64 bytes".to_owned(),
            // It opens a tunnel, which is not a request to a registry.
            None if method == "CONNECT" => "cannot be sent".to_owned(),
            None => {
                self.method = method.to_owned();
                return Ok(());
            }
            Some(problem) => problem,
        };
        let message = format!("method {}: {problem}", shown(method));
        Err(Error::new(Kind::InvalidMethod, message))
    }

    /// The path or URL as it was given, with its placeholders.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Sets the path, which begins with `/`, or a whole http or https URL.
    pub fn set_path(&mut self, path: &str) -> Result<(), Error> {
        let refuse = |why: &str| {
            let message = format!("path {}: {why}", shown(&redact::url(path)));
            Err(Error::new(Kind::InvalidPath, message))
        };
        if let Some(wrong) = first_char(path, char::is_control) {
            return refuse(&format!("has a control character, {wrong}"));
        }
        if !path.starts_with('/') && !is_absolute(path) {
            return refuse("neither begins with a slash nor is an http or https url");
        }
        self.path = path.to_owned();
        Ok(())
    }

    /// The repository of `<name>`: the request's own, else the default.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().or(self.default_name.as_deref())
    }

    /// Sets the repository of `<name>`.
    pub fn set_name(&mut self, name: &str) -> Result<(), Error> {
        template::check_value(Kind::InvalidName, "name", name)?;
        self.name = Some(name.to_owned());
        Ok(())
    }

    /// The tag or digest of `<reference>`.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Sets the tag or digest of `<reference>`.
    pub fn set_reference(&mut self, reference: &str) -> Result<(), Error> {
        template::check_value(Kind::InvalidReference, "reference", reference)?;
        self.reference = Some(reference.to_owned());
        Ok(())
    }

    /// The digest of `<digest>`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Sets the digest of `<digest>`.
    pub fn set_digest(&mut self, digest: &str) -> Result<(), Error> {
        template::check_value(Kind::InvalidDigest, "digest", digest)?;
        self.digest = Some(digest.to_owned());
        Ok(())
    }

    /// The upload session of `<session_id>`.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// Sets the upload session of `<session_id>`.
    pub fn set_session_id(&mut self, session_id: &str) -> Result<(), Error> {
        template::check_value(Kind::InvalidSessionId, "session id", session_id)?;
        self.session_id = Some(session_id.to_owned());
        Ok(())
    }

    /// The header fields that were set.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Sets a header in place of all of that name.
    pub fn set_header(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.headers.try_set(name, value)
    }

    /// Adds a header beside those of that name.
    pub fn add_header(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.headers.try_add(name, value)
    }

    /// Removes all headers of a name.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.remove(name);
    }

    /// The query parameters that were set, in their order, not encoded.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// Sets a query parameter in place of all of that name.
    pub fn set_query(&mut self, name: &str, value: &str) -> Result<(), Error> {
        check_query_name(name)?;
        let place = self.query.iter().position(|(other, _)| other == name);
        self.remove_query(name);
        let place = place.unwrap_or(self.query.len());
        self.query
            .insert(place, (name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Adds a query parameter beside those of that name.
    pub fn add_query(&mut self, name: &str, value: &str) -> Result<(), Error> {
        check_query_name(name)?;
        self.query.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Removes all query parameters of a name.
    pub fn remove_query(&mut self, name: &str) {
        self.query.retain(|(other, _)| other != name);
    }

    /// Takes the body from memory.
    pub fn set_body(&mut self, bytes: Vec<u8>) {
        self.body = Body::memory(bytes);
    }

    /// Takes the body from a file, which is opened when it is sent.
    pub fn set_body_path(&mut self, path: PathBuf) {
        self.body = Body::path(path);
    }

    /// Takes the body from memory of the caller, which is not copied.
    pub fn set_body_borrowed(&mut self, bytes: Box<dyn BorrowedBytes>) {
        self.body = Body::borrowed(bytes);
    }

    /// Takes the body from part of a file; without a length, from all that
    /// follows the offset.
    pub fn set_body_path_section(
        &mut self,
        path: PathBuf,
        offset: u64,
        length: Option<u64>,
    ) -> Result<(), Error> {
        self.body = Body::path_section(path, Section::new(offset, length)?);
        Ok(())
    }

    /// Takes the body from part of a regular file that is open; without a
    /// length, from all that follows the offset.
    pub fn set_body_descriptor_section(
        &mut self,
        fd: RawFd,
        offset: u64,
        length: Option<u64>,
    ) -> Result<(), Error> {
        self.body = Body::descriptor_section(fd, Section::new(offset, length)?)?;
        Ok(())
    }

    /// Sets the body to the content of a descriptor from its current offset.
    /// Without a length, the rest is sent, chunked.
    pub fn set_body_descriptor(&mut self, fd: RawFd, length: Option<u64>) -> Result<(), Error> {
        self.body = Body::descriptor(fd, length)?;
        Ok(())
    }

    /// Takes the body from a source of the caller's; without a length it is
    /// sent chunked.
    pub fn set_body_source(&mut self, source: Box<dyn ReadSource>, length: Option<u64>) {
        self.body = Body::callback(source, length);
    }

    /// Sends no body.
    pub fn remove_body(&mut self) {
        self.body = Body::default();
    }

    /// Keeps the answer's body in the response.
    pub fn set_output_memory(&mut self) {
        self.output = Output::Memory;
    }

    /// Writes the body of a 2xx answer to a file.
    pub fn set_output_path(&mut self, path: PathBuf) {
        self.output = Output::Path(path);
    }

    /// Writes the body of a 2xx answer to a descriptor.
    pub fn set_output_descriptor(&mut self, fd: RawFd) {
        self.output = Output::Descriptor(fd);
    }

    /// Hands the body of a 2xx answer to a sink of the caller's.
    pub fn set_output_sink(&mut self, sink: Box<dyn WriteSink>) {
        self.output = Output::Callback(sink);
    }

    /// Sets the digest that the body of a 2xx response must have, unless the
    /// response cannot have a body.
    pub fn set_expected_digest(&mut self, digest: Option<&str>) -> Result<(), Error> {
        self.expected_digest = digest.map(Digest::parse).transpose()?;
        Ok(())
    }

    /// Sets what is called between a challenge and the second send.
    pub fn set_challenge_callback(&mut self, callback: Option<ChallengeCallback>) {
        self.challenge = callback;
    }

    /// Sets the progress callback.
    pub fn set_progress_callback(&mut self, callback: Option<TransferCallback>) {
        self.progress = callback;
    }

    /// Sets whether challenges are followed; otherwise a 401 is returned.
    pub fn set_follow_challenge(&mut self, follow: bool) {
        self.follow_challenge = follow;
    }

    /// The number of retries; `None` for the client's setting.
    pub fn retries(&self) -> Option<u32> {
        self.retries
    }

    /// Sets the number of retries.
    pub fn set_retries(&mut self, tries: Option<u32>) -> Result<(), Error> {
        tries.map_or(Ok(()), retry::check_tries)?;
        self.retries = tries;
        Ok(())
    }

    /// Sets the cancel handle of calls that send this request.
    pub fn set_cancel(&mut self, cancel: Option<Cancel>) {
        self.cancel = cancel;
    }

    /// Sets the time limit of the whole call.
    pub fn set_timeout(&mut self, time: Option<Duration>) {
        self.times.call = Some(time);
    }

    /// Sets the time limit from the request's last byte to the response's first.
    pub fn set_first_byte_timeout(&mut self, time: Option<Duration>) {
        self.times.first_byte = Some(time);
    }

    /// Sets the same limit for requests that store content.
    pub fn set_commit_timeout(&mut self, time: Option<Duration>) {
        self.times.commit = Some(time);
    }

    /// Sets the minimum rate in each window, in either direction.
    pub fn set_stall_limit(&mut self, bytes_per_second: u64, window: Duration) {
        self.times.stall = Some(stall(bytes_per_second, window));
    }

    /// The URL that will be sent.
    pub fn url(&self) -> Result<String, Error> {
        Ok(self.resolved(&self.address)?.to_string())
    }

    /// The URL that will be sent to the registry at `address`.
    pub(crate) fn resolved(&self, address: &Address) -> Result<Url, Error> {
        let values = Values {
            name: self.name(),
            reference: self.reference(),
            digest: self.digest(),
            session_id: self.session_id(),
        };
        let mut target = template::expand(&self.path, &values)?;
        if let Some(fragment) = target.find('#') {
            target.truncate(fragment);
        }
        for (name, value) in &self.query {
            // What the path's own query holds stays as it is.
            if !target.contains('?') {
                target.push('?');
            } else if !target.ends_with(['?', '&']) {
                target.push('&');
            }
            target.push_str(&encode_query(name));
            target.push('=');
            target.push_str(&encode_query(value));
        }
        if is_absolute(&target) {
            Url::parse_own(&target)
        } else {
            address.url_for(&target)
        }
    }
}

fn is_absolute(path: &str) -> bool {
    let begins = |scheme: &str| {
        path.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    begins("http://") || begins("https://") || socket::is_url(path)
}

fn check_query_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        let message = "query parameter: the name is empty";
        return Err(Error::new(Kind::InvalidArgument, message));
    }
    Ok(())
}
