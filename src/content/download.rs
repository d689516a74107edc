//! The content of a blob, over as many responses as it takes.

use std::collections::VecDeque;

use super::content_source::ContentSource;
use super::progress::Progress;
use super::requests::{Requests, set_range};
use super::task;
use crate::body::digest::Digest;
use crate::error::{Error, Kind, Step};
use crate::http::header::range::ContentRange;
use crate::os::deadline::CallLimits;
use crate::request::Request;
use crate::request::response::Response;

/// How much may be received again from servers without ranges, in one call; at
/// least the size of the blob.
const MAX_SKIPPED: u64 = 4 * 1024 * 1024 * 1024;
/// A range that ends early, but not before this many bytes, is no failure.
const MIN_RANGE: u64 = 64 * 1024;

/// A blob that is being downloaded.
pub(crate) struct Download {
    digest: Digest,
    size: Option<u64>,
    /// The maximum size.
    max: Option<u64>,
    /// How many bytes of the content have been received.
    offset: u64,
    body: Option<Body>,
    /// Of the latest response with content.
    source: Option<ContentSource>,
    is_begun: bool,
    /// The server has refused a range.
    is_without_ranges: bool,
    is_resumed: bool,
    skipped: u64,
    /// How often a body was lost.
    breaks: u32,
    /// Where else the content is, if the registry does not have it.
    urls: VecDeque<String>,
    /// The URL in use instead of that of the registry.
    url: Option<String>,
}

/// The body of a response, and where it belongs.
struct Body {
    response: Response,
    place: Place,
}

#[derive(Clone, Copy)]
struct Place {
    /// The offset of the next byte.
    next: u64,
    /// Where the range ends; `None` for all of the blob.
    end: Option<u64>,
    /// The offset of the content when the response began.
    before: u64,
}

impl Download {
    /// A download of a blob whose first `offset` bytes have been received before.
    pub(crate) fn new(
        digest: &Digest,
        size: Option<u64>,
        max: Option<u64>,
        offset: u64,
    ) -> Download {
        Download {
            digest: digest.clone(),
            size,
            max,
            offset,
            body: None,
            source: None,
            // Even for an empty blob a request is sent.
            is_begun: offset > 0,
            is_without_ranges: false,
            is_resumed: offset > 0,
            skipped: 0,
            breaks: 0,
            urls: VecDeque::new(),
            url: None,
        }
    }

    /// Follows URLs if the registry does not have the blob.
    pub(super) fn follow_urls(&mut self, urls: &[String]) {
        self.urls = urls.iter().cloned().collect();
    }

    /// Whether the content may come from elsewhere.
    pub(super) fn may_leave(&self) -> bool {
        !self.urls.is_empty() || self.url.is_some()
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Adds to the error of content that does not match where it came from.
    pub(super) fn explained(&self, error: Error) -> Error {
        match &self.source {
            Some(source) => source.explained(error),
            None => error,
        }
    }

    /// How many bytes follow, if that is known and no response is being read.
    pub(super) fn left(&self) -> Option<u64> {
        let size = self.size.filter(|_| self.body.is_none())?;
        Some(size.saturating_sub(self.offset))
    }

    /// How many bytes of the content have been received.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the content comes from several responses or calls.
    pub(crate) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Counts bytes that were received by other means.
    pub(super) fn advance(&mut self, bytes: u64) {
        self.offset += bytes;
        self.is_begun = true;
        self.is_resumed = true;
    }

    fn is_complete(&self) -> bool {
        self.is_begun && self.body.is_none() && self.size == Some(self.offset)
    }

    /// Sets the limits of the call that continues the download.
    pub(super) fn set_limits(&mut self, limits: &CallLimits) {
        if let Some(body) = &mut self.body {
            body.response.set_limits(limits);
        }
    }

    /// Sends the first request if the size is not known without it.
    pub(crate) fn find_size(&mut self, requests: &Requests) -> Result<(), Error> {
        match self.size {
            Some(_) => Ok(()),
            None => self.request(requests),
        }
    }

    /// Passes the rest of the content to `sink`, piece by piece.
    pub(crate) fn deliver(
        &mut self,
        requests: &Requests,
        progress: &Progress,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while !self.is_complete() {
            let Some(Body {
                mut response,
                mut place,
            }) = self.body.take()
            else {
                self.request(requests)?;
                continue;
            };
            let mut is_ours = false;
            let received = response.deliver(&mut |piece| {
                let fresh = self.place(&mut place, piece);
                let written = fresh.and_then(|fresh| {
                    note(fresh, requests, progress);
                    match fresh.is_empty() {
                        true => Ok(()),
                        false => sink(fresh),
                    }
                });
                is_ours = written.is_err();
                written
            });
            match received {
                Err(error) if is_ours => return Err(error),
                received => {
                    let ended = received.and_then(|()| self.end(&response, place));
                    self.pause_if_lost(requests, ended)?;
                }
            }
        }
        Ok(())
    }

    /// Reads the next bytes of the content; 0 = the end.
    pub(crate) fn read(
        &mut self,
        requests: &Requests,
        progress: &Progress,
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        while !self.is_complete() {
            let Some(mut body) = self.body.take() else {
                self.request(requests)?;
                continue;
            };
            match body.response.read(buffer) {
                Ok(0) => {
                    let ended = self.end(&body.response, body.place);
                    self.pause_if_lost(requests, ended)?;
                }
                Ok(count) => {
                    let fresh = self.place(&mut body.place, &buffer[..count])?;
                    note(fresh, requests, progress);
                    let fresh = fresh.len();
                    buffer.copy_within(count - fresh..count, 0);
                    self.body = Some(body);
                    if fresh > 0 {
                        return Ok(fresh);
                    }
                }
                Err(error) => self.pause_if_lost(requests, Err(error))?,
            }
        }
        Ok(0)
    }

    /// Requests the rest of the content.
    fn request(&mut self, requests: &Requests) -> Result<(), Error> {
        self.is_resumed |= self.offset > 0;
        loop {
            let mut request = self.next_request(requests)?;
            let response = match requests.open(&mut request) {
                Err(error) if self.url.is_some() && is_of_server(&error) && self.leave() => {
                    continue;
                }
                opened => opened?,
            };
            if self.is_elsewhere(&response) && self.leave() {
                continue;
            }
            let is_part = request.headers().contains("range");
            if response.status() == 416 && is_part {
                if self.size.is_none() && response.unsatisfied_length() == Some(self.offset) {
                    return self.set_size(self.offset, &response);
                }
                // Some servers refuse ranges in this way.
                self.is_without_ranges = true;
                response.discard();
                continue;
            }
            task::check(&response)?;
            self.source = Some(ContentSource::of(&response));
            let place = self.place_of(&response)?;
            self.body = Some(Body { response, place });
            self.is_begun = true;
            return Ok(());
        }
    }

    fn next_request(&self, requests: &Requests) -> Result<Request, Error> {
        let mut request = match &self.url {
            Some(url) => requests.elsewhere(url)?,
            None => requests.blob("GET", &self.digest)?,
        };
        if self.offset > 0 && !self.is_without_ranges {
            // Some servers refuse a range without an end.
            let last = self.size.map(|size| size.saturating_sub(1));
            set_range(&mut request, self.offset, last)?;
        }
        Ok(request)
    }

    /// Whether the content can only come from another place.
    fn is_elsewhere(&self, response: &Response) -> bool {
        match self.url {
            Some(_) => response.status() >= 300 && response.status() != 416,
            None => response.status() == 404,
        }
    }

    /// Changes to the next URL; false if there is none.
    fn leave(&mut self) -> bool {
        let next = self.urls.pop_front();
        let is_found = next.is_some();
        if is_found {
            self.url = next;
            self.is_without_ranges = false;
        }
        is_found
    }

    /// Where the body of a response belongs.
    fn place_of(&mut self, response: &Response) -> Result<Place, Error> {
        let range = stated_range(response);
        let place = match (response.status(), range) {
            (_, Some(range)) if range.first <= self.offset => {
                range
                    .total
                    .map_or(Ok(()), |total| self.set_size(total, response))?;
                if range.last < self.offset && self.size != Some(self.offset) {
                    return Err(other_range(response, range, self.offset));
                }
                self.skip(self.offset - range.first, response)?;
                Place {
                    next: range.first,
                    end: Some(range.last.saturating_add(1)),
                    before: self.offset,
                }
            }
            (206, Some(range)) => return Err(other_range(response, range, self.offset)),
            (200, _) => {
                let length = response.content_length();
                length.map_or(Ok(()), |length| self.set_size(length, response))?;
                self.skip(self.offset, response)?;
                Place {
                    next: 0,
                    end: None,
                    before: self.offset,
                }
            }
            (206, None) => {
                let message = format!("{}: 206 without a valid content-range", response.host());
                return Err(Error::new(Kind::RangeIgnored, message).at(Step::Receive));
            }
            (status, _) => {
                let message = format!("{}: status {status} for a blob", response.message_prefix());
                return Err(Error::new(Kind::HttpStatus, message)
                    .with_http_status(status)
                    .with_host(response.host()));
            }
        };
        Ok(place)
    }

    /// The response has content that was received before, which is skipped.
    fn skip(&mut self, bytes: u64, response: &Response) -> Result<(), Error> {
        self.skipped = self.skipped.saturating_add(bytes);
        let max = MAX_SKIPPED.max(self.size.unwrap_or(0));
        if self.skipped <= max {
            return Ok(());
        }
        let message = format!(
            "{}: ignores range requests, and more than {max} bytes were received again",
            response.host()
        );
        Err(Error::new(Kind::RangeIgnored, message).with_host(response.host()))
    }

    /// The size of the blob according to the server.
    fn set_size(&mut self, size: u64, response: &Response) -> Result<(), Error> {
        let host = response.host();
        match self.size {
            Some(known) if known != size => {
                let message = format!("{host}: content of {size} bytes, expected {known}");
                return Err(mismatch(message).with_host(host));
            }
            Some(_) => {}
            None => {
                check_max(Some(size), self.max)?;
                if self.offset > size {
                    // What was received before cannot be the beginning of it.
                    let message = format!(
                        "{host}: content of {size} bytes, {} received before",
                        self.offset
                    );
                    let error = Error::new(Kind::DigestMismatch, message).at(Step::Verify);
                    return Err(error.with_host(host));
                }
                self.size = Some(size);
            }
        }
        Ok(())
    }

    /// The part of a piece that was not received before.
    fn place<'p>(&mut self, place: &mut Place, piece: &'p [u8]) -> Result<&'p [u8], Error> {
        let from = place.next;
        place.next = from.saturating_add(piece.len() as u64);
        let ends = [place.end, self.size];
        if let Some(end) = ends.into_iter().flatten().find(|end| place.next > *end) {
            let message = format!("content: more than the {end} bytes that were expected");
            return Err(mismatch(message));
        }
        if self.max.is_some_and(|max| place.next > max) {
            return Err(too_large(self.max));
        }
        let known = usize::try_from(self.offset.saturating_sub(from)).unwrap_or(usize::MAX);
        let fresh = &piece[known.min(piece.len())..];
        self.offset += fresh.len() as u64;
        Ok(fresh)
    }

    /// The end of a body. An error if the content should have more bytes.
    fn end(&mut self, response: &Response, place: Place) -> Result<(), Error> {
        let Some(size) = self.size else {
            self.size = Some(self.offset);
            return Ok(());
        };
        let is_part = place.end.is_some();
        let moved = self.offset.saturating_sub(place.before);
        if self.offset == size || (is_part && moved >= MIN_RANGE) {
            return Ok(());
        }
        let host = response.host();
        let missing = size - self.offset;
        if !is_part && response.is_delimited() {
            let message = format!("{host}: {missing} of {size} bytes are missing");
            return Err(mismatch(message).with_host(host));
        }
        let message = format!("response of {host}: ends early, {missing} bytes are missing");
        Err(Error::new(Kind::Truncated, message).with_host(host))
    }

    fn pause_if_lost(
        &mut self,
        requests: &Requests,
        ended: Result<(), Error>,
    ) -> Result<(), Error> {
        let Err(error) = ended else {
            return Ok(());
        };
        self.breaks = self.breaks.saturating_add(1);
        let request = self.next_request(requests)?;
        requests.pause(&request, self.breaks, error)
    }
}

/// Whether another server may be tried after a failure.
fn is_of_server(error: &Error) -> bool {
    error.is_transient()
        || matches!(
            error.kind(),
            Kind::AddressRefused
                | Kind::RedirectRefused
                | Kind::TooManyRedirects
                | Kind::Certificate
                | Kind::Tls
                | Kind::Protocol
                | Kind::InvalidPath
        )
}

/// Counts new content.
fn note(fresh: &[u8], requests: &Requests, progress: &Progress) {
    requests.call().note_progress(fresh.len() as u64);
    progress.moved(fresh.len() as u64);
}

/// The range that a response has. A 200 that has all of the content has none,
/// whatever its Content-Range says.
pub(super) fn stated_range(response: &Response) -> Option<ContentRange> {
    let range = response.stated_range()?;
    let length = (range.last - range.first).saturating_add(1);
    match (response.status(), response.content_length()) {
        (206, _) => Some(range),
        (200, Some(stated)) if stated == length => Some(range),
        _ => None,
    }
}

pub(super) fn other_range(response: &Response, range: ContentRange, first: u64) -> Error {
    let message = format!(
        "{}: sent bytes {} to {}, requested from byte {first} on",
        response.host(),
        range.first,
        range.last
    );
    Error::new(Kind::RangeIgnored, message)
        .at(Step::Receive)
        .with_http_status(response.status())
        .with_host(response.host())
}

/// An error if a blob of that size must not be pulled.
pub(crate) fn check_max(size: Option<u64>, max: Option<u64>) -> Result<(), Error> {
    match (size, max) {
        (Some(size), Some(allowed)) if size > allowed => Err(too_large(max)),
        _ => Ok(()),
    }
}

fn too_large(max: Option<u64>) -> Error {
    let max = max.unwrap_or(0);
    mismatch(format!(
        "content: larger than the {max} bytes that are allowed"
    ))
}

pub(super) fn mismatch(message: String) -> Error {
    Error::new(Kind::SizeMismatch, message).at(Step::Verify)
}
