//! Valid and invalid URLs.

use super::*;

#[test]
fn absolute_urls() {
    for (text, shown, host, port, path, query) in [
        ("https://r.io", "https://r.io/", "r.io", 443, "/", None),
        ("HTTPS://R.io:443/", "https://R.io/", "R.io", 443, "/", None),
        ("http://r.io:/a", "http://r.io/a", "r.io", 80, "/a", None),
        (
            "http://r_1.:5000?x",
            "http://r_1.:5000/?x",
            "r_1.",
            5000,
            "/",
            Some("x"),
        ),
        (
            "http://[::1]:80/v2/",
            "http://[::1]/v2/",
            "[::1]",
            80,
            "/v2/",
            None,
        ),
        (
            "http://1.2.3.4/a?",
            "http://1.2.3.4/a?",
            "1.2.3.4",
            80,
            "/a",
            Some(""),
        ),
        (
            "https://r/a//b/../%2e?_state=aA+/=%2B&x=?{}|\\^`é#frag",
            "https://r/a//b/../%2e?_state=aA+/=%2B&x=?{}|\\^`%C3%A9",
            "r",
            443,
            "/a//b/../%2e",
            Some("_state=aA+/=%2B&x=?{}|\\^`%C3%A9"),
        ),
        (
            "http://r/a b<c>`\"|?a b\"<>",
            "http://r/a%20b%3Cc%3E%60\"|?a%20b%22%3C%3E",
            "r",
            80,
            "/a%20b%3Cc%3E%60\"|",
            Some("a%20b%22%3C%3E"),
        ),
    ] {
        let url = Url::parse(text).unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(url.origin.host, host.to_ascii_lowercase());
        assert_eq!(
            (url.origin.port, url.path(), url.query()),
            (port, path, query)
        );
        assert_eq!(Url::parse(shown).unwrap().to_string(), shown);
    }
}

#[test]
fn urls_that_cannot_be_sent() {
    for (text, words) in [
        ("", "empty"),
        ("/v2/", "does not start with"),
        ("r.io/v2/", "does not start with"),
        ("localhost:5000", "does not start with"),
        ("ftp://r.io/", "scheme \"ftp\""),
        ("https:r.io", "has no host"),
        ("https:///v2/", "has no host"),
        ("https://:443/v2/", "has no host"),
        ("https://secret@r.io/", "user information"),
        ("https://u:secret@r.io/", "user information"),
        ("https://u:sec/secret@r.io/", "has a port"),
        ("https://sec ret/secret@r.io/", "invalid host"),
        ("https://r.io:0/", "port"),
        ("https://r.io:65536/", "port"),
        ("https://r.io:+443/", "port"),
        ("https://r.io:4a/", "port"),
        ("https://a:b:1/", "port"),
        ("https://a..b/", "invalid host"),
        ("https://./", "invalid host"),
        ("https://a b/", "invalid host \"a b\""),
        ("https://a%20b/", "invalid host"),
        ("https://r\\@evil/", "user information"),
        ("https://ré.io/", "invalid host"),
        ("https://[::1%25eth0]/", "invalid host"),
        ("https://[::1]x/", "invalid host"),
        ("https://[::1/", "invalid host"),
        ("https://::1]/", "invalid host"),
        ("https://r.io/a\r\nb", "control"),
        ("https://r.io/a?b\0", "control"),
        ("https://r.io/\u{85}", "control"),
    ] {
        let error = Url::parse(text).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidPath, "{text}");
        assert!(error.message().contains(words), "{text}: {error}");
        assert!(!error.message().contains("sec"), "{text}: {error}");
    }
    let long = format!("https://r.io/{}", "a".repeat(65_000));
    assert_eq!(Url::parse(&long).unwrap_err().message(), "url too long");
    let grows = format!("https://r.io/{}", " ".repeat(30_000));
    assert_eq!(Url::parse(&grows).unwrap_err().message(), "url too long");
}

#[test]
fn urls_in_headers_in_any_encoding() {
    let base = Url::parse("https://r.io/v2/").unwrap();
    for (bytes, expected) in [
        (&b"/a?b=c"[..], Some("https://r.io/a?b=c")),
        (
            "é/ü?ö=ß".as_bytes(),
            Some("https://r.io/v2/%C3%A9/%C3%BC?%C3%B6=%C3%9F"),
        ),
        (b"/\xe9?\xfc=%E9", Some("https://r.io/%E9?%FC=%E9")),
        // Neither UTF-8 nor a character of Latin-1.
        (b"/\xff\x80\xc3", Some("https://r.io/%FF%80%C3")),
        ("/日本".as_bytes(), Some("https://r.io/%E6%97%A5%E6%9C%AC")),
        // A control character of Unicode is bytes like others.
        ("/\u{85}".as_bytes(), Some("https://r.io/%C2%85")),
        ("https://o.io/ü#ü".as_bytes(), Some("https://o.io/%C3%BC")),
        ("https://rü.io/".as_bytes(), None),
        ("//１６９.254.169.254/".as_bytes(), None),
        (b"https://r\xfc.io/", None),
        (b"/\0\xe9", None),
    ] {
        let text = syntax::text_of_header(bytes);
        assert!(text.is_ascii());
        let found = base.resolve(&text).ok();
        let shown = found.as_ref().map(Url::as_str);
        assert_eq!(shown, expected, "{text}");
    }
}

#[test]
fn origins() {
    let origin = |text| Url::parse(text).unwrap().origin();
    assert_eq!(origin("https://R.io/a"), origin("https://r.IO:443/b?c"));
    assert_eq!(origin("http://[0:0::1]/"), origin("http://[::1]:80/"));
    assert_ne!(origin("http://r.io:443/"), origin("https://r.io/"));
    assert_ne!(origin("https://r.io:444/"), origin("https://r.io/"));
    assert_ne!(origin("https://a.r.io/"), origin("https://r.io/"));
    assert_eq!(origin("https://R.io:443/").to_string(), "https://r.io");
    assert_eq!(
        origin("http://[::1]:5000/").to_string(),
        "http://[::1]:5000"
    );
}

#[test]
fn references_of_rfc_3986() {
    let base = Url::parse("http://a/b/c/d;p?q").unwrap();
    for (reference, expected) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g#s", "http://a/b/c/g"),
        (";x", "http://a/b/c/;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        ("..g", "http://a/b/c/..g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("/a//../b", "http://a/a/b"),
        ("/..//x", "http://a//x"),
    ] {
        assert_eq!(
            base.resolve(reference).unwrap().to_string(),
            expected,
            "{reference}"
        );
    }
}

#[test]
fn references_of_registries() {
    let base = Url::parse("https://R.io:5000/v2/x/blobs/uploads/").unwrap();
    for (reference, expected) in [
        ("https://cdn.io/./a/../b?s=/../", "https://cdn.io/b?s=/../"),
        ("HTTP://r.io:5000/x", "http://r.io:5000/x"),
        ("//cdn.io:1/b?c", "https://cdn.io:1/b?c"),
        (
            "r.io:5000/v2/u?_state=a%2F+",
            "https://R.io:5000/v2/u?_state=a%2F+",
        ),
        (
            "r.io/v2/u",
            "https://R.io:5000/v2/x/blobs/uploads/r.io/v2/u",
        ),
        (
            "id-1?_state=a:b/c==",
            "https://R.io:5000/v2/x/blobs/uploads/id-1?_state=a:b/c==",
        ),
    ] {
        assert_eq!(
            base.resolve(reference).unwrap().to_string(),
            expected,
            "{reference}"
        );
    }
    for (base, reference, expected) in [
        (
            "http://[::1]:5000/a",
            "[0::1]:5000/b",
            "http://[::1]:5000/b",
        ),
        ("https://r.io/a", "r.io:443/../b", "https://r.io/b"),
        ("https://r.io/a", "r.io/b", "https://r.io/b"),
        ("http://localhost/a", "localhost/b", "http://localhost/b"),
        (
            "http://blobs/v2/x/",
            "blobs/uploads/1",
            "http://blobs/v2/x/blobs/uploads/1",
        ),
        ("http://blobs/v2/x/", "blobs/v2/x", "http://blobs/v2/x"),
        ("http://r/a/../b?c", "?d", "http://r/a/../b?d"),
    ] {
        let base = Url::parse(base).unwrap();
        assert_eq!(
            base.resolve(reference).unwrap().to_string(),
            expected,
            "{reference}"
        );
    }
    for (reference, words) in [
        ("ftp://r.io/", "scheme \"ftp\""),
        ("file:///etc/passwd", "scheme \"file\""),
        ("other.io:5000/v2/", "scheme \"other.io\""),
        ("https:/v2/", "no host"),
        ("//u:p@r.io/", "user information"),
        ("///v2/", "no host"),
        ("/v2/\n", "control"),
    ] {
        let error = base.resolve(reference).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidPath);
        assert!(error.message().contains(words), "{reference}: {error}");
    }
}

#[test]
fn sockets_are_reached_by_the_caller_alone() {
    let root = Url::read_socket("unix:///Run/r.sock").expect("a socket");
    let base = root.expect("a path").with_target("/v2/a?b").unwrap();
    let own = "http+unix://%2FRun%2Fr.sock/v2/a?b";
    assert_eq!(base.to_string(), own);
    assert_eq!(base.host_field(), "localhost");
    assert_eq!(base.authority(), "/Run/r.sock");
    assert_eq!(base.origin().to_string(), "unix:///Run/r.sock");
    assert_eq!(Url::parse_own(own).unwrap(), base);
    assert_eq!(Url::parse(own).unwrap_err().kind(), Kind::InvalidPath);
    for (reference, expected) in [
        ("/v2/x", "http+unix://%2FRun%2Fr.sock/v2/x"),
        (
            "http://LOCALHOST/v2/../x?y",
            "http+unix://%2FRun%2Fr.sock/x?y",
        ),
        ("//localhost:80/x", "http+unix://%2FRun%2Fr.sock/x"),
        ("http://localhost:5000/x", "http://localhost:5000/x"),
        ("https://localhost/x", "https://localhost/x"),
    ] {
        assert_eq!(base.resolve(reference).unwrap().to_string(), expected);
    }
    for reference in [own, "unix:///Run/r.sock", "http://%2FRun%2Fr.sock/"] {
        base.resolve(reference).expect_err(reference);
    }
}

#[test]
fn query_values_are_encoded() {
    for (text, expected) in [
        ("sha256:ab/c-d._~", "sha256:ab/c-d._~"),
        ("a b&c=d?e#f%g+é", "a%20b%26c%3Dd%3Fe%23f%25g%2B%C3%A9"),
        ("", ""),
    ] {
        assert_eq!(encode_query(text), expected);
    }
}
