//! An answer: status, headers, body, Location, and the registry's errors.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::address::Address;
use super::open_body::OpenBody;
use crate::error::{Error, Kind, server_text};
use crate::http::header::range::ContentRange;
use crate::http::header::rate_limit::RateLimit;
use crate::http::header::{link, range, rate_limit, retry_after, warning};
use crate::http::headers::Headers;
use crate::http::oci_error;
use crate::http::oci_error::OciError;
use crate::http::url::Url;
use crate::transport::{ExchangeStats, Version};

/// The answer to a request.
pub struct Response {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
    pub(crate) content: Content,
    pub(crate) length: Option<u64>,
    relative_location: Option<String>,
    absolute_location: Option<String>,
    next_page: Option<String>,
    warnings: Vec<String>,
    retry_after: Option<Duration>,
    host: String,
    url: Url,
    pub(crate) account: Account,
    /// How much of a kept body was read.
    position: usize,
}

/// What it took to get an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    pub(crate) stats: ExchangeStats,
    /// How often something was sent for it, to whomever.
    pub(crate) sends: u32,
    pub(crate) total: Duration,
}

/// Where the body of an answer is.
pub(crate) enum Content {
    /// Here, whole.
    Kept(Vec<u8>),
    /// Where the request wanted it, that many bytes.
    Delivered(u64),
    /// Still with the server: the caller reads it.
    Open(Box<OpenBody>),
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Response {
    /// An answer that came from `url`, its body still to be read.
    pub(crate) fn new(
        answer: crate::transport::RawResponse,
        url: Url,
        host: String,
        address: &Arc<Address>,
        account: Account,
    ) -> Response {
        let location = answer
            .headers
            .text("location")
            .and_then(|location| url.resolve(location).ok());
        Response {
            status: answer.status,
            version: answer.version,
            relative_location: location
                .as_ref()
                .and_then(|url| address.relative(url))
                .map(str::to_owned),
            absolute_location: location.as_ref().map(ToString::to_string),
            next_page: link::next(answer.headers.all("link"), &url)
                .and_then(|url| address.relative(&url).map(str::to_owned)),
            warnings: warning::read(answer.headers.all("warning")),
            retry_after: retry_after::read(&answer.headers, SystemTime::now()),
            length: answer.body.length(),
            headers: answer.headers,
            content: Content::Open(Box::new(OpenBody::new(answer.body))),
            host,
            url,
            account,
            position: 0,
        }
    }

    /// The host that answered.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Lets go of it, and keeps its connection if that costs little.
    pub(crate) fn discard(self) {
        if let Content::Open(body) = self.content {
            body.into_raw().drain();
        }
    }

    /// The URL that answered, after redirects.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// How often something was sent for this answer: to the registry, to token
    /// servers, along redirects.
    pub fn sends(&self) -> u32 {
        self.account.sends
    }

    /// Whether the answer came over a connection that was kept.
    pub fn is_reused(&self) -> bool {
        self.account.stats.reused
    }

    /// Whom the connection is with: the server, or the proxy before it. `None`
    /// for a socket of this host.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.account.stats.peer
    }

    /// How long resolving the host's name took; zero over a kept connection.
    pub fn resolve_time(&self) -> Duration {
        self.account.stats.phases.resolve
    }

    /// How long connecting took; zero over a kept connection.
    pub fn connect_time(&self) -> Duration {
        self.account.stats.phases.connect
    }

    /// How long the TLS handshake took; zero without one.
    pub fn tls_time(&self) -> Duration {
        self.account.stats.phases.tls
    }

    /// From the last byte of the request that was answered to the first byte
    /// of its answer.
    pub fn first_byte_time(&self) -> Duration {
        self.account.stats.first_byte
    }

    /// How long the call took, with all that was sent for it.
    pub fn total_time(&self) -> Duration {
        self.account.total
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The version as on the wire: `HTTP/1.1`.
    pub fn version(&self) -> &'static str {
        self.version.as_str()
    }

    /// The header fields.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body's length as announced; `None` if it was not, or if there is none.
    pub fn content_length(&self) -> Option<u64> {
        self.length
    }

    /// The body, where it is kept in memory; empty otherwise.
    pub fn body(&self) -> &[u8] {
        match &self.content {
            Content::Kept(body) => body,
            Content::Delivered(_) | Content::Open(_) => &[],
        }
    }

    /// How many bytes of the body have been received so far, wherever they went.
    pub fn body_size(&self) -> u64 {
        match &self.content {
            Content::Kept(body) => body.len() as u64,
            Content::Delivered(size) => *size,
            Content::Open(body) => body.received(),
        }
    }

    /// Path and query of the Location header, such that they can be sent as
    /// they are; `None` at another origin and without one.
    pub fn relative_location(&self) -> Option<&str> {
        self.relative_location.as_deref()
    }

    /// The Location header as a whole URL; `None` without one.
    pub fn absolute_location(&self) -> Option<&str> {
        self.absolute_location.as_deref()
    }

    /// Path and query of the next page of a list, such that they can be sent
    /// as they are; `None` on the last page, and at another origin.
    pub fn next_page(&self) -> Option<&str> {
        self.next_page.as_deref()
    }

    /// What the registry warns of: texts for people.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How long the server wanted to be left alone when it answered.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// First and last byte of what the registry has of an upload; or, of a
    /// 206, of what the body is.
    pub fn range(&self) -> Option<(u64, u64)> {
        if self.status == 206 {
            return self.content_range().map(|range| (range.first, range.last));
        }
        self.headers.text("range").and_then(range::of_upload)
    }

    /// What part of the whole the body of a 206 is.
    pub fn content_range(&self) -> Option<ContentRange> {
        let value = self.headers.text("content-range")?;
        range::of_content(value).filter(|_| self.status == 206)
    }

    /// How many requests the registry lets pass.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        rate_limit::read(&self.headers)
    }

    /// Whether the status is 401.
    pub fn is_unauthorized(&self) -> bool {
        self.status == 401
    }

    /// The registry's error list.
    pub fn errors(&self) -> Result<Vec<OciError>, Error> {
        match &self.content {
            Content::Kept(body) => oci_error::parse(body),
            Content::Delivered(_) | Content::Open(_) => Err(Error::new(
                Kind::NoErrors,
                "error list: the body of this response is not kept in memory",
            )),
        }
        .map_err(|error| error.with_http_status(self.status).with_host(&self.host))
    }

    /// An error with what the registry says, unless the status is a 2xx.
    pub fn check(&self) -> Result<(), Error> {
        if (200..300).contains(&self.status) {
            return Ok(());
        }
        let mut message = format!("{}: status {}", self.host, self.status);
        let list = self.errors().unwrap_or_default();
        let first = list.first();
        let said = first.map(|first| format!("{} {}", first.code(), first.message()));
        if let Some(said) = said
            .as_deref()
            .map(str::trim)
            .filter(|said| !said.is_empty())
        {
            message.push_str(": ");
            message.push_str(&server_text(said));
        }
        let mut error = Error::new(Kind::HttpStatus, message)
            .with_http_status(self.status)
            .with_host(&self.host);
        if let Some(code) = first.map(OciError::code).filter(|code| !code.is_empty()) {
            error = error.with_registry_code(code);
        }
        Err(error.with_retry_after(self.retry_after.map(|wait| wait.as_secs())))
    }

    /// Replaces the body by bytes that the caller has read and perhaps decoded,
    /// so that [`Response::errors`] and [`Response::check`] can use them. The
    /// unread rest of an open body is dropped with its connection.
    pub fn set_body(&mut self, body: Vec<u8>) {
        self.content = Content::Kept(body);
        self.position = 0;
    }

    /// Reads on in the body; 0 = the end.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        match &mut self.content {
            Content::Kept(body) => {
                let rest = &body[self.position..];
                let amount = rest.len().min(buffer.len());
                buffer[..amount].copy_from_slice(&rest[..amount]);
                self.position += amount;
                Ok(amount)
            }
            Content::Delivered(_) => Ok(0),
            Content::Open(body) => body
                .read(buffer)
                .map_err(|error| error.with_http_status(self.status).with_host(&self.host)),
        }
    }
}
