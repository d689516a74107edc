//! Writes responses.

use crate::content::Content;
use crate::fault::{Edit, Ending, Fault};
use crate::http::Head;
use std::io::{self, Write};

/// Maximum size of one write.
const PIECE: usize = 256 << 10;

/// A response.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    payload: Payload,
}

struct Payload {
    content: Content,
    start: u64,
    len: u64,
}

/// How to send the body.
#[derive(Default)]
pub(crate) struct Delivery {
    /// Only the head, for HEAD.
    pub(crate) head_only: bool,
    pub(crate) cut: Option<(u64, Ending)>,
    pub(crate) corrupt: Option<u64>,
    pub(crate) chunked: bool,
}

impl Response {
    pub(crate) fn new(status: u16) -> Self {
        Response::with_content(status, Content::held(Vec::new()))
    }

    pub(crate) fn with_body(status: u16, body: Vec<u8>) -> Self {
        Response::with_content(status, Content::held(body))
    }

    pub(crate) fn with_content(status: u16, content: Content) -> Self {
        let len = content.len();
        Response::with_part(status, content, 0, len)
    }

    pub(crate) fn with_part(status: u16, content: Content, start: u64, len: u64) -> Self {
        Response {
            status,
            headers: Vec::new(),
            payload: Payload {
                content,
                start,
                len,
            },
        }
    }

    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Response::with_body(status, value.to_string().into_bytes())
            .header("Content-Type", "application/json")
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    }

    /// Adds the framing headers.
    pub(crate) fn frame(&mut self, chunked: bool) {
        let bodiless = self.status < 200 || matches!(self.status, 204 | 304);
        if chunked {
            self.headers
                .push(("Transfer-Encoding".to_owned(), "chunked".to_owned()));
        } else if !bodiless && !self.has_header("content-length") {
            self.headers
                .push(("Content-Length".to_owned(), self.payload.len.to_string()));
        }
    }

    /// Applies a fault to the headers; returns whether the framing is now
    /// invalid.
    pub(crate) fn edit(&mut self, fault: &Fault, head: &Head) -> bool {
        let mut misframed = false;
        for edit in &fault.edits {
            let (Edit::Add(name, _) | Edit::Set(name, _) | Edit::Remove(name)) = edit;
            misframed |= name.eq_ignore_ascii_case("content-length")
                || name.eq_ignore_ascii_case("transfer-encoding");
            let old = self
                .headers
                .iter()
                .find(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
                .unwrap_or_default();
            if !matches!(edit, Edit::Add(..)) {
                self.headers
                    .retain(|(given, _)| !given.eq_ignore_ascii_case(name));
            }
            if let Edit::Add(name, value) | Edit::Set(name, value) = edit {
                let value = value
                    .replace("{target}", &head.target)
                    .replace("{value}", &old);
                self.headers.push((name.clone(), value));
            }
        }
        misframed
    }

    /// Writes the response; returns the ending if the body was cut.
    pub(crate) fn write(
        &self,
        out: &mut impl Write,
        delivery: &Delivery,
    ) -> io::Result<Option<Ending>> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut pending = head.into_bytes();

        let cut = delivery.cut.filter(|_| !delivery.head_only);
        let len = match cut {
            _ if delivery.head_only => 0,
            Some((after, _)) => self.payload.len.min(after),
            None => self.payload.len,
        };
        let mut sent = 0;
        while sent < len {
            let piece = self.payload.content.piece(self.payload.start + sent);
            let max = usize::try_from(len - sent).unwrap_or(usize::MAX).min(PIECE);
            let piece = &piece[..piece.len().min(max)];
            if delivery.chunked {
                pending.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            }
            let corrupt = delivery
                .corrupt
                .and_then(|at| at.checked_sub(sent))
                .and_then(|at| usize::try_from(at).ok())
                .filter(|at| *at < piece.len());
            // Send small responses in one write; do not copy large pieces.
            if piece.len() < 16 << 10 || corrupt.is_some() || delivery.chunked {
                let at = pending.len();
                pending.extend_from_slice(piece);
                if let Some(corrupt) = corrupt {
                    pending[at + corrupt] ^= 0x55;
                }
            } else {
                out.write_all(&pending)?;
                pending.clear();
                out.write_all(piece)?;
            }
            sent += piece.len() as u64;
            if delivery.chunked {
                pending.extend_from_slice(b"\r\n");
                out.write_all(&pending)?;
                pending.clear();
            }
        }
        if delivery.chunked && cut.is_none() && !delivery.head_only {
            pending.extend_from_slice(b"0\r\n\r\n");
        }
        out.write_all(&pending)?;
        out.flush()?;
        Ok(cut.map(|(_, ending)| ending))
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}
