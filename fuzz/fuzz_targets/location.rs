//! A resolved Location can be requested, keeps its query unchanged, and survives
//! the conversion to a relative path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::{parse_url, redact_url, relative, resolve, url_for};

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |&byte| byte == b'\n');
    let (Some(address), Some(base), Some(bytes)) = (lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    let (Ok(address), Ok(base)) = (std::str::from_utf8(address), std::str::from_utf8(base)) else {
        return;
    };
    let reference = &*String::from_utf8_lossy(bytes);
    redact_url(reference);
    let Some((origin, target)) = resolve(base, bytes) else {
        return;
    };
    let whole = format!("{origin}{target}");
    assert!(target.is_ascii() && !whole.chars().any(char::is_control));
    assert!(target.starts_with('/') && !target.contains('#'));
    assert_eq!(parse_url(&whole).as_deref(), Some(&*whole));
    let uri: http::Uri = whole.parse().unwrap();
    assert_eq!(uri.path_and_query().unwrap().as_str(), target);
    assert!(origin.ends_with(uri.authority().unwrap().as_str()));

    let bare = reference.split('#').next().unwrap();
    if let Some((_, query)) = bare.split_once('?')
        && query.is_ascii()
        && !query.contains([' ', '"', '<', '>'])
    {
        assert_eq!(target.split_once('?').unwrap().1, query);
    }
    if bare.starts_with('/') && !bare.starts_with("//") {
        assert_eq!(resolve(base, b"").unwrap().0, origin);
    }

    for address in [address, &*format!("{origin}{address}"), &*origin] {
        if let Some(path) = relative(address, &whole) {
            assert!(path.starts_with('/'));
            assert_eq!(
                url_for(address, &path),
                Some((origin.clone(), target.clone()))
            );
        }
    }
    assert_eq!(relative(&origin, &whole).as_deref(), Some(&*target));
});
