//! No part of a secret is shown, wherever it occurs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::{redact_body, redact_header, redact_url, scrub};

const SECRET: &str = "Qx7Zk9Wv3Jp5Yt2M";

fn hides(shown: &str) -> bool {
    !holds_part(shown, 8)
}

fn holds_part(text: &str, length: usize) -> bool {
    (0..=SECRET.len() - length).any(|at| text.contains(&SECRET[at..at + length]))
}

fn is_clean(shown: &str, is_text: bool) -> bool {
    let allowed = |c: char| c == '\t' || is_text && c == '\n';
    shown.chars().all(|c| allowed(c) || !c.is_control())
}

fuzz_target!(|data: &[u8]| {
    for name in [
        "X-Other",
        "Location",
        "Link",
        "WWW-Authenticate",
        "Set-Cookie",
    ] {
        let shown = redact_header(name, data);
        assert!(
            shown.len() <= 4096 + 3 && is_clean(&shown, false),
            "{shown}"
        );
    }
    for kind in [
        None,
        Some("text/html"),
        Some("application/json"),
        Some("image/png"),
    ] {
        let shown = redact_body(kind, data, 100).unwrap_or_default();
        assert!(shown.len() <= 103 && is_clean(&shown, true), "{shown}");
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // The surrounding text must not contain parts of the secret, nor parts that
    // escaping could complete.
    if holds_part(text, 3) {
        return;
    }

    for scheme in ["Basic ", "Bearer ", "", "What "] {
        assert!(hides(&redact_header(
            "Authorization",
            format!("{scheme}{SECRET}").as_bytes()
        )));
    }
    for url in [
        format!("https://{SECRET}@{text}"),
        format!("https://user:{SECRET}@{text}"),
        format!("https://user:{SECRET}"),
        format!("//user:{SECRET}@{text}"),
        format!("{text}?sig={SECRET}"),
        format!("{text}?{SECRET}"),
        format!("/v2/?{text}&_state={SECRET}&{text}"),
        format!("/v2/?{text};_state={SECRET}"),
    ] {
        assert!(hides(&redact_url(&url)), "{url}");
        assert!(hides(&redact_header("Location", url.as_bytes())), "{url}");
        // A ">" ends the URL in a Link.
        assert!(
            text.contains('>')
                || hides(&redact_header(
                    "Link",
                    format!("<{url}>; rel=next").as_bytes()
                )),
            "{url}"
        );
    }
    let quoted = serde_json::to_string(text).unwrap();
    for json in [
        format!("{{\"a\":{quoted},\"token\":\"{SECRET}\"}}"),
        format!("{{\"a\":[{quoted}],\"b\":[{{\"refresh_token\" : \"{SECRET}\"}}]}}"),
        format!("{{{quoted}:{{\"password\":{{\"a\":[\"{SECRET}\"]}}}}}}"),
    ] {
        for end in [json.len(), json.len() - 2, json.len() - 8] {
            let shown = redact_body(Some("application/json"), &json.as_bytes()[..end], 10_000);
            assert!(hides(&shown.unwrap_or_default()), "{}", &json[..end]);
            let shown = redact_body(None, &json.as_bytes()[..end], 10_000);
            assert!(hides(&shown.unwrap_or_default()), "{}", &json[..end]);
        }
    }
    let form = format!("{text}&password={SECRET}");
    let shown = redact_body(
        Some("application/x-www-form-urlencoded"),
        form.as_bytes(),
        10_000,
    );
    assert!(hides(&shown.unwrap_or_default()), "{form}");

    let around = format!("{text}{SECRET}{text}");
    assert!(!scrub(&around, &[SECRET]).contains(SECRET));
    assert!(hides(&scrub(&around, &[&SECRET[..9], &SECRET[5..]])));
});
