//! The next page is at the origin of the response and can be requested; a link
//! in plain syntax is found.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::{next_page, parse_url, resolve};

const FROM: &str = "https://registry.example:5000/v2/a/tags/list";
const ORIGIN: &str = "https://registry.example:5000";

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    if let Some(url) = next_page(FROM, &lines) {
        let target = url.strip_prefix(ORIGIN).unwrap();
        assert!(target.starts_with('/'));
        assert_eq!(parse_url(&url).as_deref(), Some(&*url));
    }

    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let expected = resolve(
        FROM,
        text.trim_matches(|c: char| c.is_ascii() && c.is_whitespace())
            .as_bytes(),
    )
    .filter(|(origin, _)| origin == ORIGIN)
    .map(|(origin, target)| format!("{origin}{target}"));
    if !text.contains('>') {
        let line = format!("</other>; rel=\"prev\", <{text}>; title=\"a>,\"; rel=\"a next\"");
        assert_eq!(next_page(FROM, &[line.as_bytes()]), expected);
    }
    // Nothing inside of a quoted string is a link.
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    let line = format!("</other>; title=\"{quoted}\"; rel=prev");
    assert_eq!(next_page(FROM, &[line.as_bytes()]), None);
});
