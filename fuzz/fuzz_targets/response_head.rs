//! A head is read in the same way however it is cut into pieces; its fields can
//! be sent again; only digits are a length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::{response_head, response_status};

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, data) = input;
    let whole = response_head(data, data.len().max(1));
    let cut = response_head(data, usize::from(piece) + 1);
    let (head, cut) = match (whole, cut) {
        (Err(one), Err(other)) => return assert_eq!(one, other),
        (Ok(None), Ok(None)) => return,
        (Ok(Some(one)), Ok(Some(other))) => (one, other),
        _ => panic!("pieces of {piece} change the result"),
    };
    assert_eq!(
        (head.status, head.length, &head.fields),
        (cut.status, cut.length, &cut.fields)
    );
    assert!((100..1000).contains(&head.status) && head.length <= data.len());
    if head.status >= 200 {
        assert_eq!(response_status(data), Some(head.status));
    }
    let mut text = format!("HTTP/1.1 {} \r\n", head.status).into_bytes();
    for (name, value) in &head.fields {
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!value.iter().any(|byte| b"\r\n\0".contains(byte)));
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    let again = response_head(&text, text.len()).expect("valid");
    let again = again.expect("complete");
    assert_eq!((again.length, &again.fields), (text.len(), &head.fields));
    if let Ok((Some(length), _)) = head.framing {
        let stated = |(name, value): &(String, Vec<u8>)| {
            name.eq_ignore_ascii_case("content-length")
                && std::str::from_utf8(value).is_ok_and(|value| {
                    value
                        .split(',')
                        .all(|one| one.trim_ascii().parse() == Ok(length))
                })
        };
        assert!(head.fields.iter().any(stated));
    }
});
