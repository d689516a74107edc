//! Scopes survive formatting and parsing, a set covers its parts, and a path
//! cannot add a second resource to the scopes of a request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::{scopes, scopes_cover, scopes_for_request};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    assert_eq!(scopes(&scopes(one)), scopes(one));
    assert!(scopes_cover(one, one));
    let both = scopes(&format!("{one} {other}"));
    assert_eq!(both, scopes(&format!("{other} {one}")));
    assert!(scopes_cover(&both, one) && scopes_cover(&both, other));

    for method in ["GET", "POST", "DELETE"] {
        for path in [
            one,
            &*format!("/v2/{one}"),
            &*format!("/v2/{one}/blobs/uploads/?{other}"),
        ] {
            let Some(found) = scopes_for_request(method, path) else {
                continue;
            };
            assert!((1..=2).contains(&found.len()));
            assert_eq!(scopes(&found.join(" ")), found.join(" "));
            for scope in found {
                assert!(!scope.contains([' ', '"', '%', '?']), "{scope}");
            }
        }
    }
});
