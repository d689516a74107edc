//! The responses.

use super::Outcome;

/// A response, and what we make of it.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) response: Vec<u8>,
    pub(super) expected: Outcome,
    /// Why no other client does the same.
    pub(super) differs: Option<&'static str>,
}

/// The X-F field of an accepted response whose body is `hello`.
fn accepted(name: &'static str, response: String, field: &str) -> Row {
    Row {
        name,
        response: response.into_bytes(),
        expected: Outcome::Accepted {
            status: 200,
            body: b"hello".to_vec(),
            field: field.as_bytes().to_vec(),
        },
        differs: None,
    }
}

fn refused(name: &'static str, response: String) -> Row {
    Row {
        name,
        response: response.into_bytes(),
        expected: Outcome::Error,
        differs: None,
    }
}

fn but(row: Row, why: &'static str) -> Row {
    Row {
        differs: Some(why),
        ..row
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// A response with these fields and the body `hello`.
fn with(fields: &str) -> String {
    format!("{OK}{fields}Content-Length: 5\r\n\r\nhello")
}

/// One with this status line.
fn line(line: &str) -> String {
    format!("{line}\r\nContent-Length: 5\r\n\r\nhello")
}

fn chunked(body: &str) -> String {
    format!("{OK}Transfer-Encoding: chunked\r\n\r\n{body}")
}

/// A chunked body with these framing fields.
fn coded(fields: &str) -> String {
    format!("{OK}{fields}\r\n5\r\nhello\r\n0\r\n\r\n")
}

pub(super) fn rows() -> Vec<Row> {
    [status_lines(), fields(), framing(), chunks()]
        .into_iter()
        .flatten()
        .collect()
}

fn status_lines() -> Vec<Row> {
    let interim = "HTTP/1.1 100 Continue\r\nDate: x\r\n\r\n";
    vec![
        accepted("plain", with("X-F: a\r\n"), "a"),
        accepted("http/1.0", line("HTTP/1.0 200 OK"), ""),
        accepted("no reason", line("HTTP/1.1 200"), ""),
        accepted("empty reason", line("HTTP/1.1 200 "), ""),
        accepted("reason above ascii", line("HTTP/1.1 200 \u{e9}"), ""),
        accepted("lf only", with("X-F: a\r\n").replace('\r', ""), "a"),
        accepted("100 with a field", format!("{interim}{}", with("")), ""),
        accepted(
            "103 and 102",
            format!("HTTP/1.1 103 x\r\n\r\nHTTP/1.1 102\r\n\r\n{}", with("")),
            "",
        ),
        accepted("empty line first", format!("\r\n{}", with("")), ""),
        refused("http/1.2", line("HTTP/1.2 200 OK")),
        refused("http/2", line("HTTP/2 200 OK")),
        refused("no http", "hello\r\n\r\n".to_owned()),
        refused("status of two digits", line("HTTP/1.1 20 OK")),
        refused("status of four digits", line("HTTP/1.1 2000 OK")),
        refused("status with a sign", line("HTTP/1.1 +20 OK")),
        refused("status 099", line("HTTP/1.1 099 OK")),
        but(
            refused("101 that was not asked for", line("HTTP/1.1 101 x")),
            "what follows is not HTTP",
        ),
        refused("space before the version", line(" HTTP/1.1 200 OK")),
    ]
}

fn fields() -> Vec<Row> {
    vec![
        accepted(
            "300 fields",
            with(&("X-A: v\r\n".repeat(300) + "X-F: a\r\n")),
            "a",
        ),
        accepted("fold", with("X-F: a\r\n b\r\n"), "a b"),
        accepted("fold with a tab", with("X-F: a\r\n\tb\r\n"), "a b"),
        accepted("fold at the start", with("X-F:\r\n a\r\n"), "a"),
        accepted("two folds", with("X-F: a\r\n b\r\n  c\r\n"), "a b c"),
        accepted("fold of white space", with("X-F: a\r\n  \r\n"), "a"),
        but(
            accepted("space before the colon", with("X-F : a\r\n"), "a"),
            "others keep the space as part of the name; RFC 9112, section 5.1, removes it",
        ),
        but(
            accepted("tab before the colon", with("X-F\t: a\r\n"), "a"),
            "others keep the space as part of the name; RFC 9112, section 5.1, removes it",
        ),
        accepted("white space around the value", with("X-F:\t a \t\r\n"), "a"),
        accepted("empty value", with("X-F:\r\n"), ""),
        accepted("other case", with("x-F: a\r\n"), "a"),
        accepted("tab in a value", with("X-F: a\tb\r\n"), "a\tb"),
        accepted("value above ascii", with("X-F: \u{e9}\r\n"), "\u{e9}"),
        refused("nul in a value", with("X-F: a\0b\r\n")),
        refused("cr in a value", with("X-F: a\rb\r\n")),
        refused("control character in a value", with("X-F: a\u{1}b\r\n")),
        refused("no colon", with("X-F\r\n")),
        refused("no name", with(": a\r\n")),
        refused("space in a name", with("X F: a\r\n")),
        refused("name above ascii", with("X-\u{e9}: a\r\n")),
        refused("fold of nothing", with(" X-F: a\r\n")),
        refused("head that ends early", format!("{OK}X-F: a\r\n")),
    ]
}

fn framing() -> Vec<Row> {
    let length = |value: &str| format!("{OK}Content-Length: {value}\r\n\r\nhello");
    vec![
        accepted("until the end", format!("{OK}\r\nhello"), ""),
        accepted("leading zeros in a length", length("005"), ""),
        accepted("equal lengths", length("5\r\nContent-Length: 5"), ""),
        accepted("equal lengths in one field", length("5, 5"), ""),
        accepted("folded length", length("\r\n 5"), ""),
        refused("different lengths", length("5\r\nContent-Length: 6")),
        refused("different lengths in one field", length("5, 6")),
        refused("length with a sign", length("+5")),
        refused("negative length", length("-5")),
        refused("length that is no number", length("x")),
        refused("length above 64 bits", length("18446744073709551616")),
        refused("body that ends early", length("6")),
        accepted("chunked", coded("Transfer-Encoding: chunked\r\n"), ""),
        accepted(
            "chunked in capitals",
            coded("Transfer-Encoding: CHUNKED\r\n"),
            "",
        ),
        accepted(
            "folded chunked",
            coded("Transfer-Encoding:\r\n chunked\r\n"),
            "",
        ),
        accepted(
            "chunked and a length",
            coded("Transfer-Encoding: chunked\r\nContent-Length: 9\r\n"),
            "",
        ),
        accepted(
            "identity and a length",
            with("Transfer-Encoding: identity\r\n"),
            "",
        ),
        refused("gzip", coded("Transfer-Encoding: gzip\r\n")),
        refused(
            "gzip, chunked",
            coded("Transfer-Encoding: gzip, chunked\r\n"),
        ),
        refused(
            "chunked, gzip",
            coded("Transfer-Encoding: chunked, gzip\r\n"),
        ),
        refused("xchunked", coded("Transfer-Encoding: xchunked\r\n")),
        refused("chunked;q=1", coded("Transfer-Encoding: chunked;q=1\r\n")),
        refused(
            "chunked twice",
            coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ),
        refused(
            "chunked in http/1.0",
            coded("Transfer-Encoding: chunked\r\n").replace("1.1", "1.0"),
        ),
    ]
}

fn chunks() -> Vec<Row> {
    let end = "\r\nhello\r\n0\r\n\r\n";
    let chunk = |size: &str| chunked(&format!("{size}{end}"));
    vec![
        accepted(
            "several chunks",
            chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
            "",
        ),
        accepted("extension", chunk("5;a=b"), ""),
        accepted(
            "extension of 81 bytes",
            chunk(&format!("5;chunk-signature={}", "a".repeat(64))),
            "",
        ),
        accepted(
            "extension of 60,000 bytes",
            chunk(&format!("5;{}", "a".repeat(60_000))),
            "",
        ),
        accepted("quoted extension", chunk("5;a=\"b; c\""), ""),
        accepted("space after the size", chunk("5 "), ""),
        accepted(
            "20 leading zeros",
            chunk(&format!("{}5", "0".repeat(20))),
            "",
        ),
        accepted("zeros at the end", chunked("5\r\nhello\r\n000\r\n\r\n"), ""),
        accepted("trailers", chunked("5\r\nhello\r\n0\r\nX-T: a\r\n\r\n"), ""),
        accepted(
            "folded trailer",
            chunked("5\r\nhello\r\n0\r\nX-T: a\r\n b\r\n\r\n"),
            "",
        ),
        refused("size with a sign", chunk("+5")),
        refused("size with 0x", chunk("0x5")),
        refused("no size", chunk("")),
        refused("size above 64 bits", chunk("10000000000000005")),
        refused("two sizes", chunk("5 5")),
        refused(
            "chunk that is too long",
            chunked("5\r\nhello!\r\n0\r\n\r\n"),
        ),
        refused("lf after the size", chunked("5\nhello\r\n0\r\n\r\n")),
        refused("lf after the data", chunked("5\r\nhello\n0\r\n\r\n")),
        refused("cr in an extension", chunk("5;a\rb")),
        refused("no last chunk", chunked("5\r\nhello\r\n")),
        refused("no empty line at the end", chunked("5\r\nhello\r\n0\r\n")),
        refused(
            "trailers without an end",
            chunked("5\r\nhello\r\n0\r\nX-T: a\r\n"),
        ),
    ]
}
