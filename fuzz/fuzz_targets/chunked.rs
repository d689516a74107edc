//! A chunked body is decoded in the same way however it is cut into pieces; what
//! was encoded is decoded exactly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::chunked;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (piece, size, data) = input;
    let piece = usize::from(piece) + 1;
    let whole = chunked(data, data.len().max(1));
    assert_eq!(chunked(data, piece), whole);
    if let Ok((found, used, _)) = whole {
        assert!(found.len() <= used && used <= data.len());
    }

    let mut encoded = Vec::new();
    for chunk in data.chunks(usize::from(size) + 1) {
        encoded.extend_from_slice(format!("{:x};a=b\r\n", chunk.len()).as_bytes());
        encoded.extend_from_slice(chunk);
        encoded.extend_from_slice(b"\r\n");
    }
    encoded.extend_from_slice(b"0\r\nTrailer: x\r\n\r\n");
    let length = encoded.len();
    encoded.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    let expected = Ok((data.to_vec(), length, true));
    assert_eq!(chunked(&encoded, piece), expected);
    for cut in [length - 1, length / 2] {
        let (_, _, ended) = chunked(&encoded[..cut], piece).expect("a prefix");
        assert!(!ended);
    }
});
