//! The heads of responses: a status line and header fields.

use std::fmt;
use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};

use super::head_end::EndSearch;
pub(crate) use super::head_end::early_status;
use crate::http::headers::Headers;

/// Maximum size of a head, of all interim responses of a request together, of
/// the line before a chunk, and of the trailers after the last one, in bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// Heads with more fields than this are parsed twice.
const TYPICAL_FIELDS: usize = 48;

/// The HTTP version of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

impl Version {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }
}

/// The head of a response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) version: Version,
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Headers,
}

impl Head {
    /// Whether a final response follows. Not so after a 101 (RFC 9110, section
    /// 15.2.2).
    pub(crate) fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }
}

/// Why a head cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// It exceeds [`MAX_HEAD`].
    TooLong,
    NoMemory,
    /// It does not start with a status line of HTTP/1.0 or HTTP/1.1.
    NotHttp,
    /// Part of the header block is invalid.
    Invalid(&'static str),
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadError::TooLong => write!(f, "the header block is longer than {MAX_HEAD} bytes"),
            HeadError::NoMemory => f.write_str("out of memory"),
            HeadError::NotHttp => f.write_str("it is not http"),
            HeadError::Invalid(what) => write!(f, "{what} is invalid"),
        }
    }
}

/// Parses a head that arrives in pieces.
#[derive(Debug, Default)]
pub(crate) struct HeadParser {
    search: EndSearch,
    /// The size of the input that was parsed last.
    tried: usize,
}

impl HeadParser {
    /// Parses the head at the beginning of `input`, which starts with the input
    /// of the previous call. Returns it and its length; `None` if more input is
    /// needed.
    pub(crate) fn parse(&mut self, input: &[u8]) -> Result<Option<(Head, usize)>, HeadError> {
        // Most heads arrive in one piece. Others are parsed again when they are
        // complete, and each time the input has doubled, to detect early that a
        // server does not speak HTTP.
        let is_first = self.tried == 0;
        if !is_first && self.search.find(input).is_none() && input.len() < 2 * self.tried {
            return within_limit(input).map(|()| None);
        }
        self.tried = input.len();
        match parse(input)? {
            Some((head, length)) => {
                within_limit(&input[..length - 1])?;
                Ok(Some((head, length)))
            }
            None => within_limit(input).map(|()| None),
        }
    }

    /// Checks a head of which no more input will arrive.
    pub(crate) fn check_incomplete(&self, input: &[u8]) -> Result<(), HeadError> {
        parse(input).map(|_| ())
    }
}

/// Checks the size of a head of which at least a byte is missing.
fn within_limit(input: &[u8]) -> Result<(), HeadError> {
    match input.len() < MAX_HEAD {
        true => Ok(()),
        false => Err(HeadError::TooLong),
    }
}

/// Parses the head at the beginning of `input`, if it is complete.
fn parse(input: &[u8]) -> Result<Option<(Head, usize)>, HeadError> {
    let mut config = ParserConfig::default();
    config
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true);
    let mut fields = [const { MaybeUninit::uninit() }; TYPICAL_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    match config.parse_response_with_uninit_headers(&mut response, input, &mut fields) {
        Err(httparse::Error::TooManyHeaders) => {}
        result => return finish(result, &response),
    }
    let end = EndSearch::default().find(input).unwrap_or(input.len());
    let lines = input[..end].iter().filter(|&&byte| byte == b'\n').count();
    let mut fields: Vec<Header> = Vec::new();
    fields
        .try_reserve_exact(lines)
        .map_err(|_| HeadError::NoMemory)?;
    fields.resize(lines, httparse::EMPTY_HEADER);
    let mut response = httparse::Response::new(&mut fields);
    let result = config.parse_response(&mut response, input);
    finish(result, &response)
}

fn finish(
    result: httparse::Result<usize>,
    response: &httparse::Response,
) -> Result<Option<(Head, usize)>, HeadError> {
    let length = match result {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(of_parser(error)),
    };
    let status = response.code.filter(|status| *status >= 100);
    let status = status.ok_or(HeadError::NotHttp)?;
    let mut headers =
        Headers::try_with_capacity(response.headers.len()).ok_or(HeadError::NoMemory)?;
    for field in response.headers.iter() {
        match field.value.contains(&b'\n') {
            true => headers.add(field.name, &unfold(field.value)),
            false => headers.add(field.name, field.value),
        }
    }
    let head = Head {
        version: match response.version {
            Some(0) => Version::Http10,
            _ => Version::Http11,
        },
        status,
        reason: response.reason.unwrap_or_default().to_owned(),
        headers,
    };
    Ok(Some((head, length)))
}

/// Replaces each line break in a value, with the white space around it, by a
/// space (RFC 9112, section 5.2).
fn unfold(value: &[u8]) -> Vec<u8> {
    value
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(&b' ')
}

fn of_parser(error: httparse::Error) -> HeadError {
    match error {
        httparse::Error::HeaderName => HeadError::Invalid("the name of a header field"),
        httparse::Error::HeaderValue => HeadError::Invalid("the value of a header field"),
        httparse::Error::NewLine | httparse::Error::TooManyHeaders => {
            HeadError::Invalid("a line end in the header block")
        }
        httparse::Error::Status | httparse::Error::Version | httparse::Error::Token => {
            HeadError::NotHttp
        }
    }
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
