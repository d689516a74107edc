//! Credentials from a file can be sent, and error messages are one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::credentials_file;

fn check(bytes: &[u8]) {
    for registry in [
        "https://registry-1.docker.io",
        "https://registry.example",
        "http://registry.example:5000",
    ] {
        for repository in [None, Some("a"), Some("team/app")] {
            let candidates = match credentials_file(bytes, registry, repository) {
                Ok(candidates) => candidates,
                Err(why) => {
                    assert!(!why.contains(char::is_control), "{why:?}");
                    continue;
                }
            };
            for clue in candidates {
                if clue[0] == "helper" {
                    continue;
                }
                assert!(!clue[1].contains(char::is_control), "{clue:?}");
                assert!(clue[1..].iter().all(|text| text.len() <= 64 * 1024));
                if clue[0] == "basic" {
                    assert!(!clue[1].contains(':'));
                    // A password may have several lines.
                    assert!(!clue[2].contains('\0'), "{clue:?}");
                } else {
                    assert!(!clue[1..].concat().contains(char::is_control), "{clue:?}");
                }
                if clue[0] == "bearer" {
                    assert!(!clue[1].is_empty() && clue[1].bytes().all(|b| b.is_ascii_graphic()));
                }
            }
        }
    }
}

fuzz_target!(|input: (&[u8], &str, &str)| {
    let (bytes, key, auth) = input;
    check(bytes);
    // Valid JSON, to reach the parser of entries.
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let (key, auth) = (quoted(key), quoted(auth));
    check(format!(r#"{{"auths":{{{key}:{{"auth":{auth}}}}}}}"#).as_bytes());
    check(format!(r#"{{"auths":{{"registry.example":{{"auth":{auth}}}}}}}"#).as_bytes());
    check(
        format!(r#"{{"auths":{{{key}:{{"registrytoken":{auth}}}}},"credsStore":{key}}}"#)
            .as_bytes(),
    );
});
