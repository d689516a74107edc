//! Reads HTTP/1.1 requests.

use crate::record::BODY_KEPT;
use crate::text::{parse_query, percent_decode};
use crate::tls::Stream;
use std::io::{self, BufRead, BufReader, Read, Write};

const HEAD_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 128;
const LINE_MAX: u64 = 4096;
const BUFFER: usize = 256 << 10;

/// A connection with a read buffer.
pub(crate) type Wire = BufReader<Stream>;

/// Wraps a connection.
pub(crate) fn wire(stream: Stream) -> Wire {
    BufReader::with_capacity(BUFFER, stream)
}

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The decoded path.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    http10: bool,
}

/// Why a head could not be read.
pub(crate) enum HeadError {
    /// The connection was closed or broke.
    Gone,
    /// Invalid request; respond with this status.
    Bad(u16, String),
}

impl Head {
    /// Reads the next head.
    pub(crate) fn read(wire: &mut Wire) -> Result<Head, HeadError> {
        let mut seen = Vec::new();
        loop {
            let before = seen.len();
            let new = wire.fill_buf().map_err(|_| HeadError::Gone)?;
            if new.is_empty() {
                return Err(HeadError::Gone);
            }
            let taken = new.len().min(HEAD_MAX + 1 - before);
            seen.extend_from_slice(&new[..taken]);
            let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(&seen) {
                Ok(httparse::Status::Complete(end)) => {
                    wire.consume(end - before);
                    return Ok(Head::from_parsed(&request));
                }
                Ok(httparse::Status::Partial) => wire.consume(taken),
                Err(httparse::Error::TooManyHeaders) => {
                    return Err(HeadError::Bad(431, "too many headers".to_owned()));
                }
                Err(error) => {
                    return Err(HeadError::Bad(400, format!("bad request head: {error}")));
                }
            }
            if seen.len() > HEAD_MAX {
                return Err(HeadError::Bad(431, "request head too long".to_owned()));
            }
        }
    }

    fn from_parsed(request: &httparse::Request<'_, '_>) -> Head {
        let target = request.path.unwrap_or_default().to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        Head {
            method: request.method.unwrap_or_default().to_owned(),
            path: percent_decode(without_origin(path)),
            query: parse_query(query),
            headers: request
                .headers
                .iter()
                .map(|header| {
                    let value = String::from_utf8_lossy(header.value).into_owned();
                    (header.name.to_owned(), value)
                })
                .collect(),
            http10: request.version == Some(0),
            target,
        }
    }

    /// The value of the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header_lines(name).next()
    }

    /// The values of all headers of this name.
    pub(crate) fn header_lines(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of the first query parameter of this name.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Whether the client requested to close the connection.
    pub(crate) fn wants_close(&self) -> bool {
        let has = |token: &str| {
            self.header_lines("connection")
                .flat_map(|line| line.split(','))
                .any(|part| part.trim().eq_ignore_ascii_case(token))
        };
        has("close") || (self.http10 && !has("keep-alive"))
    }

    /// The framing of the body.
    pub(crate) fn framing(&self) -> Result<Framing, String> {
        if let Some(coding) = self.header("transfer-encoding") {
            return if coding.eq_ignore_ascii_case("chunked") {
                Ok(Framing::Chunked {
                    left: 0,
                    first: true,
                })
            } else {
                Err(format!("unknown transfer coding {coding:?}"))
            };
        }
        let mut lengths = self.header_lines("content-length");
        let Some(length) = lengths.next() else {
            return Ok(Framing::Length(0));
        };
        if lengths.any(|other| other != length) {
            return Err("two values of content-length".to_owned());
        }
        // The standard parser would also accept a sign.
        let digits = length.bytes().all(|b| b.is_ascii_digit());
        match length.parse() {
            Ok(value) if digits => Ok(Framing::Length(value)),
            _ => Err(format!("bad content-length {length:?}")),
        }
    }
}

/// Drops scheme and authority of a target in absolute form.
fn without_origin(path: &str) -> &str {
    match path.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').map_or("/", |slash| &rest[slash..])
        }
        _ => path,
    }
}

/// How the end of the body is determined.
pub(crate) enum Framing {
    /// The number of bytes left.
    Length(u64),
    /// The number of bytes left in the current chunk.
    Chunked {
        left: u64,
        first: bool,
    },
    Done,
}

/// The body of a request, read piece by piece.
pub(crate) struct Body<'a> {
    wire: &'a mut Wire,
    framing: Framing,
    /// The length from the head, if any.
    pub(crate) length: Option<u64>,
    expects_continue: bool,
    unconsumed: usize,
    received: u64,
    kept: Option<Vec<u8>>,
}

impl<'a> Body<'a> {
    pub(crate) fn new(head: &Head, framing: Framing, wire: &'a mut Wire) -> Self {
        let length = match framing {
            Framing::Length(length) => Some(length),
            _ => None,
        };
        Body {
            wire,
            framing: if length == Some(0) {
                Framing::Done
            } else {
                framing
            },
            length,
            expects_continue: head
                .header("expect")
                .is_some_and(|value| value.eq_ignore_ascii_case("100-continue")),
            unconsumed: 0,
            received: 0,
            kept: Some(Vec::new()),
        }
    }

    /// The next piece; empty at the end.
    pub(crate) fn piece(&mut self) -> io::Result<&[u8]> {
        self.settle_last_piece();
        if matches!(self.framing, Framing::Done) {
            return Ok(&[]);
        }
        if std::mem::take(&mut self.expects_continue) {
            let stream = self.wire.get_mut();
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            stream.flush()?;
        }
        let left = match self.framing {
            Framing::Length(left) => left,
            Framing::Chunked { left, .. } if left > 0 => left,
            Framing::Chunked { first, .. } => {
                let left = next_chunk(self.wire, first)?;
                if left == 0 {
                    self.framing = Framing::Done;
                    return Ok(&[]);
                }
                self.framing = Framing::Chunked { left, first: false };
                left
            }
            Framing::Done => 0,
        };
        let buffered = self.wire.fill_buf()?;
        if buffered.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let len = buffered
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let piece = &buffered[..len];
        self.unconsumed = len;
        self.received += len as u64;
        if let Some(kept) = &mut self.kept {
            if kept.len() + len <= BODY_KEPT {
                kept.extend_from_slice(piece);
            } else {
                self.kept = None;
            }
        }
        Ok(piece)
    }

    fn settle_last_piece(&mut self) {
        let len = std::mem::take(&mut self.unconsumed);
        self.wire.consume(len);
        match &mut self.framing {
            Framing::Length(left) => {
                *left -= len as u64;
                if *left == 0 {
                    self.framing = Framing::Done;
                }
            }
            Framing::Chunked { left, .. } => *left -= len as u64,
            Framing::Done => {}
        }
    }

    /// Reads the whole body; an error if it is longer than `max`.
    pub(crate) fn read_all(&mut self, max: usize) -> io::Result<Option<Vec<u8>>> {
        if self.length.is_some_and(|length| length > max as u64) {
            return Ok(None);
        }
        let mut all = Vec::new();
        loop {
            let piece = self.piece()?;
            if piece.is_empty() {
                return Ok(Some(all));
            }
            if all.len() + piece.len() > max {
                return Ok(None);
            }
            all.extend_from_slice(piece);
        }
    }

    /// Discards up to `max` remaining bytes; returns whether the body ended.
    pub(crate) fn drain(&mut self, max: u64) -> io::Result<bool> {
        self.settle_last_piece();
        // A client that did not receive 100 Continue sends no body.
        if self.expects_continue && !matches!(self.framing, Framing::Done) {
            return Ok(false);
        }
        let most = self.received.saturating_add(max);
        if matches!(self.framing, Framing::Length(left) if left > max) {
            return Ok(false);
        }
        loop {
            if self.piece()?.is_empty() {
                return Ok(true);
            }
            if self.received > most {
                return Ok(false);
            }
        }
    }

    /// The number of bytes read so far, and the bytes if there are few.
    pub(crate) fn record(&self) -> (u64, Option<Vec<u8>>) {
        (self.received, self.kept.clone())
    }
}

impl Drop for Body<'_> {
    fn drop(&mut self) {
        self.settle_last_piece();
    }
}

/// Reads up to the next chunk's data; 0 after the last chunk and the trailers.
fn next_chunk(wire: &mut Wire, first: bool) -> io::Result<u64> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    if !first && !line(wire)?.is_empty() {
        return Err(bad("chunk longer than its size"));
    }
    let text = line(wire)?;
    let size = text.split(';').next().unwrap_or_default().trim();
    if size.is_empty() || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad("bad chunk size"));
    }
    let size = u64::from_str_radix(size, 16).map_err(|_| bad("bad chunk size"))?;
    while size == 0 && !line(wire)?.is_empty() {}
    Ok(size)
}

/// A line without its terminator.
fn line(wire: &mut Wire) -> io::Result<String> {
    let mut bytes = Vec::new();
    wire.by_ref().take(LINE_MAX).read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Err(if bytes.len() as u64 >= LINE_MAX - 1 {
            io::Error::new(io::ErrorKind::InvalidData, "line too long")
        } else {
            io::ErrorKind::UnexpectedEof.into()
        });
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
