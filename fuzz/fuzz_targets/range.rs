//! Parsed ranges are ordered and within the total length; a range in plain
//! syntax is parsed exactly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::{content_range, upload_range};

fuzz_target!(|input: (&str, u64, u64, u64)| {
    let (text, a, b, c) = input;
    if let Some((first, last)) = upload_range(text) {
        assert!(first <= last);
        assert_eq!(
            upload_range(&format!("{first}-{last}")),
            Some((first, last))
        );
    }
    if let Some((first, last, total)) = content_range(text) {
        assert!(first <= last && total.is_none_or(|total| last < total));
    }
    let expected = (a <= b).then_some((a, b));
    for form in ["", "bytes=", "bytes "] {
        assert_eq!(upload_range(&format!("{form}{a}-{b}")), expected);
    }
    let whole = content_range(&format!("bytes {a}-{b}/{c}"));
    assert_eq!(whole, (a <= b && b < c).then_some((a, b, Some(c))));
    let open = content_range(&format!("bytes {a}-{b}/*"));
    assert_eq!(open, expected.map(|(a, b)| (a, b, None)));
});
