//! A response: an immutable head, and the body.

mod failure;

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Kind, RetryAfter};
use crate::http::date;
use crate::http::header::link::NextPage;
use crate::http::header::range::ContentRange;
use crate::http::header::rate_limit::RateLimit;
use crate::http::header::{link, range, rate_limit, retry_after, warning};
use crate::http::headers::Headers;
use crate::http::message::head::Version;
use crate::http::oci_error::OciError;
use crate::http::url::Url;
use crate::http::url::syntax::text_of_header;
use crate::log::redact;
use crate::log::secrets::{Secret, Secrets};
use crate::os::deadline::CallLimits;
use crate::request::address::Address;
use crate::request::open_body::OpenBody;
use crate::transport::{Director, ExchangeStats, RawResponse};

/// The response to a request: its head, which does not change once the call has
/// returned, and its body.
pub struct Response {
    pub(crate) head: ResponseHead,
    pub(crate) body: ResponseBody,
}

/// The head of a response, and how it was obtained.
pub struct ResponseHead {
    pub(crate) status: u16,
    version: Version,
    headers: Headers,
    length: Option<u64>,
    relative_location: Option<String>,
    absolute_location: Option<String>,
    next_page: Result<Option<String>, String>,
    warnings: Vec<String>,
    retry_after: Option<RetryAfter>,
    host: String,
    /// The repository that the request was about, for messages.
    repository: Option<String>,
    url: Url,
    /// How far the server's URLs may lead.
    director: Director,
    pub(crate) account: Account,
    /// For a 401, where the credentials came from.
    pub(crate) note: Option<String>,
    secrets: Arc<Secrets>,
    /// Secrets that the response may repeat, which stay known as long as it
    /// exists.
    _held: Vec<Secret>,
}

/// What it took to obtain a response.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    pub(crate) stats: ExchangeStats,
    /// How many requests were sent for it, to any server.
    pub(crate) sends: u32,
    pub(crate) total: Duration,
}

/// The body of a response.
pub(crate) struct ResponseBody {
    pub(crate) content: Content,
    /// How much of a body in memory was read.
    position: usize,
}

/// Where the body of a response is.
pub(crate) enum Content {
    /// In memory, complete.
    Kept(Vec<u8>),
    /// At the output of the request, this many bytes.
    Delivered(u64),
    /// Unread.
    Open(Box<OpenBody>),
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.head.status)
            .finish_non_exhaustive()
    }
}

impl Deref for Response {
    type Target = ResponseHead;

    fn deref(&self) -> &ResponseHead {
        &self.head
    }
}

impl Response {
    /// A response from `url` whose body is unread.
    pub(crate) fn new(
        raw: RawResponse,
        url: Url,
        host: String,
        address: &Arc<Address>,
        account: Account,
        secrets: &Arc<Secrets>,
    ) -> Response {
        let location = raw
            .headers
            .get("location")
            .and_then(|location| url.resolve(&text_of_header(location)).ok());
        let head = ResponseHead {
            status: raw.status,
            version: raw.version,
            relative_location: location
                .as_ref()
                .and_then(|url| address.relative(url))
                .map(str::to_owned),
            absolute_location: location.as_ref().map(ToString::to_string),
            next_page: next_page(&raw.headers, &url, address),
            warnings: warning::read(raw.headers.all("warning"))
                .iter()
                .map(|text| secrets.scrub(text))
                .collect(),
            retry_after: retry_after::read(&raw.headers, date::now),
            length: raw.body.length(),
            headers: raw.headers,
            host,
            repository: None,
            url,
            director: raw.director,
            account,
            note: None,
            secrets: Arc::clone(secrets),
            _held: match raw.status {
                200..300 => Vec::new(),
                _ => secrets.hold(),
            },
        };
        let body = ResponseBody {
            content: Content::Open(Box::new(OpenBody::new(raw.body))),
            position: 0,
        };
        Response { head, body }
    }

    /// Drops the response, and keeps its connection if that costs little.
    pub(crate) fn discard(self) {
        if let Content::Open(body) = self.body.content {
            body.into_raw().drain();
        }
    }

    /// The body if it is in memory; empty otherwise.
    pub fn body(&self) -> &[u8] {
        self.body.bytes()
    }

    /// How many bytes of the body were received so far.
    pub fn body_size(&self) -> u64 {
        self.body.size()
    }

    /// The registry's error list.
    pub fn errors(&self) -> Result<Vec<OciError>, Error> {
        self.head.errors(&self.body)
    }

    /// An error with what the registry says, unless the status is a 2xx.
    pub fn check(&self) -> Result<(), Error> {
        self.head.check(&self.body)
    }

    /// Names the repository that the request was about, for messages.
    pub(crate) fn set_repository(&mut self, name: &str) {
        self.head.repository = Some(name.to_owned());
    }

    /// Replaces the body by bytes that the caller has read and perhaps decoded,
    /// so that [`Response::errors`] and [`Response::check`] can use them. The
    /// unread rest of an open body is dropped with its connection.
    pub fn set_body(&mut self, body: Vec<u8>) {
        self.body = ResponseBody::from(body);
    }

    /// Passes the unread body to `sink`, piece by piece, without copying.
    pub(crate) fn deliver(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Response { head, body } = self;
        match &mut body.content {
            Content::Kept(kept) => sink(&kept[body.position..]),
            Content::Delivered(_) => Ok(()),
            Content::Open(raw) => raw
                .deliver(sink)
                .map_err(|error| head.secrets.scrub_error(head.named(error))),
        }
    }

    /// Sets the limits of the call that reads the rest of the body.
    pub(crate) fn set_limits(&mut self, limits: &CallLimits) {
        if let Content::Open(body) = &mut self.body.content {
            body.set_limits(limits);
        }
    }

    /// Reads more of the body; 0 = the end.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.head.read(&mut self.body, buffer)
    }
}

impl From<Vec<u8>> for ResponseBody {
    fn from(bytes: Vec<u8>) -> ResponseBody {
        ResponseBody {
            content: Content::Kept(bytes),
            position: 0,
        }
    }
}

impl ResponseBody {
    /// The body if it is in memory; empty otherwise.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Kept(body) => body,
            Content::Delivered(_) | Content::Open(_) => &[],
        }
    }

    /// How many bytes the caller has so far.
    pub(crate) fn size(&self) -> u64 {
        match &self.content {
            Content::Kept(body) => body.len() as u64,
            Content::Delivered(size) => *size,
            Content::Open(body) => body.returned(),
        }
    }
}

impl ResponseHead {
    /// The host that sent the response.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The URL that sent the response, after redirects.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The same, to resolve what the response refers to.
    pub(crate) fn origin_url(&self) -> &Url {
        &self.url
    }

    /// How far URLs of the response may lead.
    pub(crate) fn director(&self) -> Director {
        self.director
    }

    /// The number of HTTP requests sent for this response: to the registry, to
    /// token servers, for redirects and for retries.
    pub fn sends(&self) -> u32 {
        self.account.sends
    }

    /// Whether the connection had served another request before.
    pub fn is_reused(&self) -> bool {
        self.account.stats.reused
    }

    /// The address of the server, or of the proxy if there is one. `None` for a
    /// Unix socket.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.account.stats.peer
    }

    /// The time for resolving the host name; zero for a reused connection.
    pub fn resolve_time(&self) -> Duration {
        self.account.stats.phases.resolve
    }

    /// The time for connecting; zero for a reused connection.
    pub fn connect_time(&self) -> Duration {
        self.account.stats.phases.connect
    }

    /// The time for the TLS handshake; zero without one.
    pub fn tls_time(&self) -> Duration {
        self.account.stats.phases.tls
    }

    /// The time from the last byte of the request to the first byte of its
    /// response.
    pub fn first_byte_time(&self) -> Duration {
        self.account.stats.first_byte
    }

    /// The time for the whole call.
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

    /// The announced length of the body; `None` if there is none.
    pub fn content_length(&self) -> Option<u64> {
        self.length
    }

    /// The Content-Length as it was sent. In the response to a HEAD request it is
    /// that of the content, without a body.
    pub(crate) fn stated_length(&self) -> Option<u64> {
        let mut fields = self.headers.all("content-length");
        let value = fields.next()?;
        let is_same = fields.all(|other| other == value);
        let digits = std::str::from_utf8(value).ok().filter(|_| is_same)?;
        digits.trim().parse().ok()
    }

    /// Path and query of the Location header, relative to the client's address;
    /// `None` at another origin or without the header.
    pub fn relative_location(&self) -> Option<&str> {
        self.relative_location.as_deref()
    }

    /// The Location header as a full URL.
    pub fn absolute_location(&self) -> Option<&str> {
        self.absolute_location.as_deref()
    }

    /// Path and query of the next page of a list, relative to the client's
    /// address; `None` on the last page, and if [`ResponseHead::check_next_page`]
    /// returns an error.
    pub fn next_page(&self) -> Option<&str> {
        self.next_page.as_ref().ok()?.as_deref()
    }

    /// An error if there is a next page that must not be requested, because it
    /// is at another server, or if the header that may name one is invalid.
    pub fn check_next_page(&self) -> Result<(), Error> {
        let Err(why) = &self.next_page else {
            return Ok(());
        };
        let message = format!("next page of {}: {why}", self.host);
        let error = Error::new(Kind::NextPageRefused, message).with_http_status(self.status);
        Err(self.secrets.scrub_error(error.with_host(&self.host)))
    }

    /// The warnings of the registry.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How long the server asked to wait, from when it sent the response.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.map(|field| field.wait)
    }

    pub(crate) fn retry_after_field(&self) -> Option<RetryAfter> {
        self.retry_after
    }

    /// First and last byte of what the registry has received of an upload; or,
    /// for a 206, of the body.
    pub fn range(&self) -> Option<(u64, u64)> {
        if self.status == 206 {
            return self.content_range().map(|range| (range.first, range.last));
        }
        self.headers.text("range").and_then(range::of_upload)
    }

    /// The part of the blob that the body of a 206 contains.
    pub fn content_range(&self) -> Option<ContentRange> {
        let value = self.headers.text("content-range")?;
        range::of_content(value).filter(|_| self.status == 206)
    }

    /// The part of the content that the body has according to its
    /// Content-Range, whatever the status, and even without a unit.
    pub(crate) fn stated_range(&self) -> Option<ContentRange> {
        self.headers
            .text("content-range")
            .and_then(range::of_content_leniently)
    }

    /// The length of the content, if the response says that the requested range
    /// is not in it.
    pub(crate) fn unsatisfied_length(&self) -> Option<u64> {
        let value = self.headers.text("content-range")?;
        range::of_unsatisfied(value).filter(|_| self.status == 416)
    }

    /// Whether the end of the body can be distinguished from a lost connection.
    pub(crate) fn is_delimited(&self) -> bool {
        self.length.is_some() || self.headers.contains("transfer-encoding")
    }

    /// The rate limit of the registry.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        rate_limit::read(&self.headers)
    }

    /// Whether the status is 401.
    pub fn is_unauthorized(&self) -> bool {
        self.status == 401
    }

    /// Reads more of the body; 0 = the end.
    pub(crate) fn read(&self, body: &mut ResponseBody, buffer: &mut [u8]) -> Result<usize, Error> {
        match &mut body.content {
            Content::Kept(kept) => {
                let rest = &kept[body.position..];
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                body.position += count;
                Ok(count)
            }
            Content::Delivered(_) => Ok(0),
            Content::Open(raw) => raw
                .read(buffer)
                .map_err(|error| self.secrets.scrub_error(self.named(error))),
        }
    }

    /// An error that occurred while the body was read.
    fn named(&self, error: Error) -> Error {
        error.with_http_status(self.status).with_host(&self.host)
    }
}

/// The next page relative to the client's address, if there is one; an error
/// says why it is refused.
fn next_page(headers: &Headers, url: &Url, address: &Address) -> Result<Option<String>, String> {
    let elsewhere = |target: &str| {
        let target = redact::shown(&redact::url(target));
        format!("link {target} is not at the client's address")
    };
    match link::next(headers.all("link"), url) {
        NextPage::None => Ok(None),
        NextPage::At(url) => match address.relative(&url) {
            Some(page) => Ok(Some(page.to_owned())),
            None => Err(elsewhere(url.as_str())),
        },
        NextPage::Elsewhere(target) => Err(elsewhere(&target)),
        NextPage::Invalid => Err("the link header is invalid".to_owned()),
    }
}
