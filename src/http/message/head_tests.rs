//! Tests of the parser of heads.

use super::*;

/// Status, reason and fields of a head; `None` if it is incomplete.
type Parsed = Result<Option<(u16, String, Vec<(String, String)>)>, HeadError>;

fn shown(head: &Head) -> (u16, String, Vec<(String, String)>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = head.headers.iter();
    let fields = fields.map(|(name, value)| (name.to_owned(), text(value)));
    (head.status, head.reason.clone(), fields.collect())
}

/// Parses a head that arrives in pieces of this size.
fn parse_in(pieces: usize, input: &[u8]) -> Parsed {
    let mut parser = HeadParser::default();
    let mut size = 0;
    loop {
        size = input.len().min(size + pieces);
        if let Some((head, length)) = parser.parse(&input[..size])? {
            assert_eq!(length, input.len(), "the length of the head");
            return Ok(Some(shown(&head)));
        }
        if size == input.len() {
            return parser.check_incomplete(input).map(|()| None);
        }
    }
}

/// Parses a head in one piece, and byte by byte.
fn parse_head(input: &[u8]) -> Parsed {
    let whole = parse_in(usize::MAX - input.len(), input);
    assert_eq!(parse_in(1, input), whole, "{input:?} byte by byte");
    whole
}

fn fields_of(input: &str) -> Vec<(String, String)> {
    let head = format!("HTTP/1.1 200 OK\r\n{input}\r\n");
    let parsed = parse_head(head.as_bytes()).expect(&head);
    parsed.expect("complete").2
}

#[test]
fn status_lines() {
    for (line, expected) in [
        (
            "HTTP/1.1 200 Connection established",
            (200, "Connection established"),
        ),
        ("HTTP/1.0 204", (204, "")),
        ("HTTP/1.1 407 ", (407, "")),
        ("HTTP/1.1 999 x", (999, "x")),
        ("\r\n\r\nHTTP/1.1 200 OK", (200, "OK")),
    ] {
        let head = format!("{line}\r\n\r\n");
        let (status, reason, _) = parse_head(head.as_bytes()).expect(line).expect("complete");
        assert_eq!((status, reason.as_str()), expected, "{line}");
    }
    for line in [
        "HTTP/2 200 OK",
        "HTTP/1.2 200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000",
        "HTTP/1.1 +20",
        "HTTP/1.1 099",
        "HTTP/1.1 200 a\0b",
        " HTTP/1.1 200 OK",
        "SSH-2.0-OpenSSH_9",
        "220 mail.example ESMTP",
    ] {
        let error = parse_head(format!("{line}\r\n\r\n").as_bytes()).expect_err(line);
        assert_eq!(error, HeadError::NotHttp, "{line}");
    }
}

#[test]
fn what_is_not_http_is_detected_before_its_end() {
    for start in ["SSH-2.0-OpenSSH_9\r\n", "220 mail", "\u{16}\u{3}\u{1}"] {
        let error = parse_head(start.as_bytes()).expect_err(start);
        assert_eq!(error, HeadError::NotHttp, "{start}");
    }
    let drips = |size: usize| {
        let mut parser = HeadParser::default();
        let input = b"HTTP/1.1 200 OK\r\nA b\r\nx".repeat(size);
        (1..input.len()).find(|size| parser.parse(&input[..*size]).is_err())
    };
    assert!(drips(4).is_some_and(|size| size <= 48), "{:?}", drips(4));
}

#[test]
fn names_keep_their_case_and_the_order() {
    let fields = fields_of("X-CamelCase: 1\r\nx-b: 2\r\nX-CAMELCASE: 3\r\n");
    let expected = [("X-CamelCase", "1"), ("x-b", "2"), ("X-CAMELCASE", "3")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(fields, expected);
}

#[test]
fn white_space_around_values_and_names() {
    for (field, name, value) in [
        ("A:b", "A", "b"),
        ("A: \t b \t", "A", "b"),
        ("A : b", "A", "b"),
        ("A\t: b", "A", "b"),
        ("A \t :b", "A", "b"),
        ("A:", "A", ""),
        ("A: b\tc  d", "A", "b\tc  d"),
        ("Content-Length : 5", "Content-Length", "5"),
    ] {
        let expected = [(name.to_owned(), value.to_owned())];
        assert_eq!(fields_of(&format!("{field}\r\n")), expected, "{field}");
        assert_eq!(fields_of(&format!("{field}\n")), expected, "{field}, LF");
    }
}

#[test]
fn folded_lines_are_joined_by_a_space() {
    for (field, value) in [
        ("A: a=1;\r\n  b=2", "a=1; b=2"),
        ("A: b\r\n\tc", "b c"),
        ("A:\r\n /v2/", "/v2/"),
        ("A:\r\n \r\n \t/v2/", "/v2/"),
        ("A: b \t \r\n \t c\r\n d", "b c d"),
        ("A: b\n c", "b c"),
        ("A: b\r\n ", "b"),
        ("A:\r\n ", ""),
        ("A: b  c\r\n d", "b  c d"),
    ] {
        let expected = [
            ("A".to_owned(), value.to_owned()),
            ("B".to_owned(), "e".to_owned()),
        ];
        assert_eq!(
            fields_of(&format!("{field}\r\nB: e\r\n")),
            expected,
            "{field}"
        );
    }
}

#[test]
fn fields_that_are_refused() {
    for (field, what) in [
        ("no colon", "the name of a header field"),
        (": no name", "the name of a header field"),
        (" A: folds nothing", "the name of a header field"),
        ("A b: c", "the name of a header field"),
        ("\u{e4}: c", "the name of a header field"),
        ("A: b\0", "the value of a header field"),
        ("A: b\u{7f}", "the value of a header field"),
        ("A: b\u{1}", "the value of a header field"),
        ("A: b\rc", "the value of a header field"),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n");
        let error = parse_head(head.as_bytes()).expect_err(field);
        assert_eq!(error, HeadError::Invalid(what), "{field}");
    }
}

#[test]
fn values_may_have_any_byte_above_ascii() {
    let head = b"HTTP/1.1 200 \xe9\r\nA: \xe9\xff\r\n\r\n";
    let parsed = HeadParser::default().parse(head).expect("valid");
    let (head, _) = parsed.expect("complete");
    assert_eq!(head.headers.get("a"), Some(&b"\xe9\xff"[..]));
}

#[test]
fn the_limit_is_in_bytes_and_not_in_fields() {
    for count in [0, 1, 47, 48, 49, 128, 300, 5000] {
        let fields = fields_of(&"X-A: v\r\n".repeat(count));
        assert_eq!(fields.len(), count);
    }
    let head = |size: usize| {
        let mut head = b"HTTP/1.1 200 OK\r\nA: ".to_vec();
        head.resize(size - 4, b'a');
        head.extend_from_slice(b"\r\n\r\n");
        head
    };
    let longest = parse_in(1000, &head(MAX_HEAD)).expect("the limit");
    assert!(longest.is_some());
    for pieces in [1000, usize::MAX / 2] {
        let error = parse_in(pieces, &head(MAX_HEAD + 1)).expect_err("more");
        assert_eq!(error, HeadError::TooLong);
    }
    let fields = "a:\n".repeat((MAX_HEAD - 18) / 3);
    let head = format!("HTTP/1.1 200 OK\n{fields}\n");
    let (_, _, found) = parse_head(head.as_bytes())
        .expect("valid")
        .expect("complete");
    assert_eq!(found.len(), (MAX_HEAD - 18) / 3);
    let error = parse_in(1000, &[b'\n'; MAX_HEAD]).expect_err("nothing but line breaks");
    assert_eq!(error, HeadError::TooLong);
}

#[test]
fn what_follows_a_head_is_not_part_of_it() {
    let input = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n C: d\r\n\r\n";
    let (head, length) = HeadParser::default()
        .parse(input)
        .expect("valid")
        .expect("complete");
    assert_eq!(
        (head.headers.len(), &input[length..]),
        (1, &b" C: d\r\n\r\n"[..])
    );
}
