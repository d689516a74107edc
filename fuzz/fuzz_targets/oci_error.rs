//! Parsed errors are limited and contain no NUL; their details are JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::oci_errors;
use serde_json::Value;

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(elements) => elements.iter().any(has_nul),
        Value::Object(members) => members
            .iter()
            .any(|(key, member)| key.contains('\0') || has_nul(member)),
        _ => false,
    }
}

fn check(body: &[u8]) -> bool {
    let Some(errors) = oci_errors(body) else {
        return false;
    };
    assert!((1..=64).contains(&errors.len()));
    for [code, message, detail] in errors {
        assert!(
            ![&code, &message, &detail]
                .iter()
                .any(|text| text.contains('\0'))
        );
        // Numbers may be too large, and characters may be half of one.
        if let Ok(detail) = serde_json::from_str(&detail) {
            assert!(!has_nul(&detail));
        }
    }
    true
}

fuzz_target!(|data: &[u8]| {
    check(data);
    // Any JSON is kept as a detail, unless it is nested too deeply.
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(value) = serde_json::from_str::<Value>(text)
        && !data.starts_with(&[b'['; 64])
    {
        let body = format!("{{\"errors\":[{{\"detail\":{text}}}]}}");
        let is_deep = serde_json::from_str::<Value>(&body).is_err();
        assert!(is_deep || check(body.as_bytes()), "{value}");
    }
});
