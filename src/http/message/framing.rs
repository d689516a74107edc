//! How the end of a response's body is found (RFC 9112, section 6.3).

use super::head::{Head, Version};
use crate::http::header::number;
use crate::http::headers::Headers;
use crate::log::redact::shown;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is no body.
    None,
    Length(u64),
    Chunked,
    /// At the end of the connection.
    Close,
}

/// The framing of a response, and whether the connection can be reused after it.
pub(crate) fn of_response(method: &str, head: &Head) -> Result<(Framing, bool), String> {
    // Checked even without a body: HEAD reports the size of content.
    let length = length(&head.headers)?;
    let persists = head.version == Version::Http11 && !says_close(&head.headers);
    if head.status == 101 {
        // What follows is another protocol.
        return Ok((Framing::None, false));
    }
    if method == "HEAD" || matches!(head.status, 204 | 304) {
        return Ok((Framing::None, persists));
    }
    if is_chunked(head)? {
        // The length is ignored (RFC 9112, section 6.3), and the connection
        // closed, in case a proxy used the length.
        return Ok((Framing::Chunked, persists && length.is_none()));
    }
    match length {
        Some(length) => Ok((Framing::Length(length), persists)),
        None => Ok((Framing::Close, false)),
    }
}

/// Whether the connection is closed after the message with these headers.
pub(crate) fn says_close(headers: &Headers) -> bool {
    members(headers, "connection").any(|option| option.eq_ignore_ascii_case(b"close"))
}

/// The Content-Length. Several ones must agree (RFC 9110, section 8.6).
fn length(headers: &Headers) -> Result<Option<u64>, String> {
    let mut length = None;
    for member in members(headers, "content-length") {
        let Some(number) = std::str::from_utf8(member).ok().and_then(number) else {
            let member = String::from_utf8_lossy(member);
            return Err(format!("content-length {} is not valid", shown(&member)));
        };
        match length {
            Some(other) if other != number => {
                return Err(format!("content-length is both {other} and {number}"));
            }
            _ => length = Some(number),
        }
    }
    Ok(length)
}

/// Whether the body is in chunks. No other coding is supported, since no request
/// asks for one.
fn is_chunked(head: &Head) -> Result<bool, String> {
    if !head.headers.contains("transfer-encoding") {
        return Ok(false);
    }
    if head.version == Version::Http10 {
        return Err("transfer-encoding in an HTTP/1.0 response".to_owned());
    }
    let codings: Vec<_> = members(&head.headers, "transfer-encoding")
        .filter(|coding| !coding.is_empty())
        .collect();
    match codings.as_slice() {
        [] => Ok(false),
        // More than once is what a proxy makes of a server that sets the field
        // itself: no sender applies it twice (RFC 9112, section 6.1).
        codings
            if codings
                .iter()
                .all(|one| one.eq_ignore_ascii_case(b"chunked")) =>
        {
            Ok(true)
        }
        // No coding, in RFC 2616.
        [coding] if coding.eq_ignore_ascii_case(b"identity") => Ok(false),
        _ => {
            let codings = codings.join(&b", "[..]);
            let codings = String::from_utf8_lossy(&codings);
            Err(format!(
                "transfer-encoding {} is not supported",
                shown(&codings)
            ))
        }
    }
}

/// The members of the lists in all fields of a name.
fn members<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers
        .all(name)
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::head::HeadParser;

    /// The framing of a response with these lines.
    fn framing(method: &str, lines: &str) -> Result<(Framing, bool), String> {
        let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
        framing_of(method, &head)
    }

    fn framing_of(method: &str, head: &str) -> Result<(Framing, bool), String> {
        let parsed = HeadParser::default().parse(head.as_bytes());
        let (head, _) = parsed.expect(head).expect("complete");
        of_response(method, &head)
    }

    #[test]
    fn bodies_with_an_end() {
        for (lines, body, persists) in [
            ("Content-Length: 5\r\n", Framing::Length(5), true),
            ("content-length: 0\r\n", Framing::Length(0), true),
            ("Content-Length: 00005\r\n", Framing::Length(5), true),
            ("Content-Length: 5, 5\r\n", Framing::Length(5), true),
            (
                "Content-Length: 5\r\nContent-Length: 5\r\n",
                Framing::Length(5),
                true,
            ),
            (
                "Content-Length: 18446744073709551615\r\n",
                Framing::Length(u64::MAX),
                true,
            ),
            ("Transfer-Encoding: chunked\r\n", Framing::Chunked, true),
            ("Transfer-Encoding: , CHUNKED ,\r\n", Framing::Chunked, true),
            ("transfer-encoding:\r\n chunked\r\n", Framing::Chunked, true),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                Framing::Chunked,
                true,
            ),
            (
                "Transfer-Encoding: \r\nContent-Length: 5\r\n",
                Framing::Length(5),
                true,
            ),
            (
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                Framing::Chunked,
                false,
            ),
            (
                "Content-Length: 5\r\nConnection: Keep-Alive, Close\r\n",
                Framing::Length(5),
                false,
            ),
            (
                "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
                Framing::Length(5),
                true,
            ),
            ("", Framing::Close, false),
        ] {
            assert_eq!(framing("GET", lines), Ok((body, persists)), "{lines}");
        }
    }

    #[test]
    fn responses_without_a_body() {
        let chunked = "Transfer-Encoding: chunked\r\n";
        for lines in ["", chunked, "Content-Length: 5\r\n"] {
            assert_eq!(framing("HEAD", lines), Ok((Framing::None, true)), "{lines}");
            for status in [204, 304] {
                let head = format!("HTTP/1.1 {status} x\r\n{lines}\r\n");
                assert_eq!(
                    framing_of("GET", &head),
                    Ok((Framing::None, true)),
                    "{head}"
                );
            }
        }
    }

    #[test]
    fn http_1_0_has_no_chunks_and_no_persistent_connections() {
        let head = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(framing_of("GET", head), Ok((Framing::Length(5), false)));
        for lines in ["", "Content-Length: 5\r\n"] {
            let head = format!("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n{lines}\r\n");
            let why = framing_of("GET", &head).expect_err("no chunks");
            assert_eq!(why, "transfer-encoding in an HTTP/1.0 response");
        }
    }

    #[test]
    fn ambiguous_framing_is_an_error() {
        for (lines, why) in [
            (
                "Transfer-Encoding: gzip\r\n",
                "transfer-encoding \"gzip\" is not supported",
            ),
            (
                "Transfer-Encoding: gzip, chunked\r\n",
                "transfer-encoding \"gzip, chunked\" is not supported",
            ),
            (
                "Transfer-Encoding: chunked, gzip\r\n",
                "transfer-encoding \"chunked, gzip\" is not supported",
            ),
            (
                "Transfer-Encoding: xchunked\r\n",
                "transfer-encoding \"xchunked\" is not supported",
            ),
            (
                "Transfer-Encoding: chunked;q=1\r\n",
                "transfer-encoding \"chunked;q=1\" is not supported",
            ),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "transfer-encoding \"chunked, identity\" is not supported",
            ),
            (
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                "content-length is both 5 and 6",
            ),
            ("Content-Length: 5, 6\r\n", "content-length is both 5 and 6"),
            (
                "Content-Length: +5\r\n",
                "content-length \"+5\" is not valid",
            ),
            (
                "Content-Length: -5\r\n",
                "content-length \"-5\" is not valid",
            ),
            (
                "Content-Length: 5 5\r\n",
                "content-length \"5 5\" is not valid",
            ),
            (
                "Content-Length: 0x5\r\n",
                "content-length \"0x5\" is not valid",
            ),
            ("Content-Length:\r\n", "content-length \"\" is not valid"),
            (
                "Content-Length: 18446744073709551616\r\n",
                "content-length \"18446744073709551616\" is not valid",
            ),
        ] {
            assert_eq!(framing("GET", lines), Err(why.to_owned()), "{lines}");
            let of_head = framing("HEAD", lines);
            assert_eq!(of_head.is_err(), lines.starts_with("Content"), "{lines}");
        }
        let switched = framing_of("GET", "HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n");
        assert_eq!(switched, Ok((Framing::None, false)));
    }
}
