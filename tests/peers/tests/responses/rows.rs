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

/// A response with the body `hello` and an X-F field that are read.
fn with_field(name: &'static str, response: String, field: &str) -> Row {
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

/// One without that field.
fn accepted(name: &'static str, response: String) -> Row {
    with_field(name, response, "")
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

/// A chunked body with this Transfer-Encoding.
fn coded(coding: &str) -> String {
    format!("{OK}Transfer-Encoding: {coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
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
        with_field("plain", with("X-F: a\r\n"), "a"),
        accepted("http/1.0", line("HTTP/1.0 200 OK")),
        accepted("no reason", line("HTTP/1.1 200")),
        accepted("empty reason", line("HTTP/1.1 200 ")),
        accepted("reason above ascii", line("HTTP/1.1 200 \u{e9}")),
        with_field("lf only", with("X-F: a\r\n").replace('\r', ""), "a"),
        accepted("100 with a field", format!("{interim}{}", with(""))),
        accepted(
            "103 and 102",
            format!("HTTP/1.1 103 x\r\n\r\nHTTP/1.1 102\r\n\r\n{}", with("")),
        ),
        accepted("empty line first", format!("\r\n{}", with(""))),
        refused("http/1.2", line("HTTP/1.2 200 OK")),
        refused("http/2", line("HTTP/2 200 OK")),
        refused("no http", "hello\r\n\r\n".to_owned()),
        refused("status of two digits", line("HTTP/1.1 20 OK")),
        refused("status of four digits", line("HTTP/1.1 2000 OK")),
        refused("status with a sign", line("HTTP/1.1 +20 OK")),
        refused("status 099", line("HTTP/1.1 099 OK")),
        Row {
            expected: Outcome::Accepted {
                status: 101,
                body: Vec::new(),
                field: Vec::new(),
            },
            ..accepted("101 that was not asked for", line("HTTP/1.1 101 x"))
        },
        refused("space before the version", line(" HTTP/1.1 200 OK")),
    ]
}

fn fields() -> Vec<Row> {
    vec![
        with_field(
            "300 fields",
            with(&("X-A: v\r\n".repeat(300) + "X-F: a\r\n")),
            "a",
        ),
        with_field("fold", with("X-F: a\r\n b\r\n"), "a b"),
        with_field("fold with a tab", with("X-F: a\r\n\tb\r\n"), "a b"),
        with_field("fold at the start", with("X-F:\r\n a\r\n"), "a"),
        with_field("two folds", with("X-F: a\r\n b\r\n  c\r\n"), "a b c"),
        with_field("fold of white space", with("X-F: a\r\n  \r\n"), "a"),
        but(
            with_field("space before the colon", with("X-F : a\r\n"), "a"),
            "others keep the space as part of the name; RFC 9112, section 5.1, removes it",
        ),
        but(
            with_field("tab before the colon", with("X-F\t: a\r\n"), "a"),
            "others keep the space as part of the name; RFC 9112, section 5.1, removes it",
        ),
        with_field("white space around the value", with("X-F:\t a \t\r\n"), "a"),
        accepted("empty value", with("X-F:\r\n")),
        with_field("other case", with("x-F: a\r\n"), "a"),
        with_field("tab in a value", with("X-F: a\tb\r\n"), "a\tb"),
        with_field("value above ascii", with("X-F: \u{e9}\r\n"), "\u{e9}"),
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
        accepted("until the end", format!("{OK}\r\nhello")),
        accepted("leading zeros in a length", length("005")),
        accepted("equal lengths", length("5\r\nContent-Length: 5")),
        accepted("equal lengths in one field", length("5, 5")),
        accepted("folded length", length("\r\n 5")),
        refused("different lengths", length("5\r\nContent-Length: 6")),
        refused("different lengths in one field", length("5, 6")),
        refused("length with a sign", length("+5")),
        refused("negative length", length("-5")),
        refused("length that is no number", length("x")),
        refused("length above 64 bits", length("18446744073709551616")),
        refused("body that ends early", length("6")),
        accepted("chunked", coded("chunked")),
        accepted("chunked in capitals", coded("CHUNKED")),
        accepted("folded chunked", coded("\r\n chunked")),
        accepted(
            "chunked and a length",
            coded("chunked\r\nContent-Length: 9"),
        ),
        accepted(
            "identity and a length",
            with("Transfer-Encoding: identity\r\n"),
        ),
        refused("gzip", coded("gzip")),
        refused("gzip, chunked", coded("gzip, chunked")),
        refused("chunked, gzip", coded("chunked, gzip")),
        refused("xchunked", coded("xchunked")),
        refused("chunked;q=1", coded("chunked;q=1")),
        accepted(
            "chunked twice",
            coded("chunked\r\nTransfer-Encoding: chunked"),
        ),
        accepted("no coding and a length", with("Transfer-Encoding: \r\n")),
        refused(
            "chunked in http/1.0",
            coded("chunked").replace("1.1", "1.0"),
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
        ),
        accepted("extension", chunk("5;a=b")),
        accepted(
            "extension of 81 bytes",
            chunk(&format!("5;chunk-signature={}", "a".repeat(64))),
        ),
        accepted(
            "extension of 60,000 bytes",
            chunk(&format!("5;{}", "a".repeat(60_000))),
        ),
        accepted("quoted extension", chunk("5;a=\"b; c\"")),
        accepted("space after the size", chunk("5 ")),
        accepted("20 leading zeros", chunk(&format!("{}5", "0".repeat(20)))),
        accepted("zeros at the end", chunked("5\r\nhello\r\n000\r\n\r\n")),
        accepted("trailers", chunked("5\r\nhello\r\n0\r\nX-T: a\r\n\r\n")),
        accepted(
            "folded trailer",
            chunked("5\r\nhello\r\n0\r\nX-T: a\r\n b\r\n\r\n"),
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
        but(
            accepted("no empty line at the end", chunked("5\r\nhello\r\n0\r\n")),
            "the body is complete; RFC 9112, section 8",
        ),
        but(
            accepted(
                "trailers without an end",
                chunked("5\r\nhello\r\n0\r\nX-T: a\r\n"),
            ),
            "the body is complete; RFC 9112, section 8",
        ),
    ]
}
