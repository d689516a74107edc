//! The secrets that a request carries in its header and its URL, which a server
//! may repeat.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::http::headers::Headers;
use crate::http::url::Url;
use crate::log::redact;
use crate::log::secrets::Secrets;

/// Registers the values of secret header fields.
pub(super) fn add_headers(secrets: &Secrets, headers: &Headers) {
    for (name, value) in headers.iter() {
        if redact::is_secret_header(name) {
            for secret in of_header(name, &String::from_utf8_lossy(value)) {
                secrets.add(secret);
            }
        }
    }
}

/// Minimum length of a cookie's value that is a secret, in bytes: servers also set
/// cookies such as `lang=en`.
const MIN_COOKIE: usize = 8;

/// Registers the cookies of the cookie jar.
pub(super) fn add_cookies(secrets: &Secrets, sent: &str) {
    for value in of_header("cookie", sent) {
        if value.len() >= MIN_COOKIE {
            secrets.add(value);
        }
    }
}

/// Registers the values of query parameters that look like secrets, such as the
/// signature of a signed URL.
pub(super) fn add_query(secrets: &Secrets, url: &Url) {
    for value in url.query().into_iter().flat_map(redact::secret_values) {
        secrets.add(Zeroizing::new(value.to_owned()));
    }
}

fn of_header(name: &str, value: &str) -> Vec<Zeroizing<String>> {
    let own = |text: &str| Zeroizing::new(text.to_owned());
    let value = value.trim();
    if name.eq_ignore_ascii_case("cookie") {
        let pairs = value.split(';').map(str::trim);
        let values = pairs.map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        let values = values.map(|value| value.trim_matches('"'));
        return values.filter(|value| !value.is_empty()).map(own).collect();
    }
    let mut found = vec![own(value)];
    if name.to_ascii_lowercase().ends_with("authorization")
        && let Some((scheme, credentials)) = value.split_once(' ')
    {
        let credentials = credentials.trim();
        found = vec![own(credentials)];
        let pair = STANDARD.decode(credentials).map(Zeroizing::new);
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = pair
            && let Ok(pair) = std::str::from_utf8(&pair)
            && let Some((_, password)) = pair.split_once(':')
        {
            found.push(own(password));
        }
    }
    found.retain(|secret| !secret.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(secrets: &Secrets) -> Vec<String> {
        let held = secrets.hold();
        let mut found: Vec<String> = held.iter().map(|secret| secret.to_string()).collect();
        found.sort();
        found
    }

    #[test]
    fn what_a_header_has_is_a_secret() {
        for (name, value, expected) in [
            ("X-Api-Key", " key ", &["key"][..]),
            ("PRIVATE-TOKEN", "glpat-1", &["glpat-1"]),
            ("X-JFrog-Art-Api", "AKC", &["AKC"]),
            ("X-Amz-Security-Token", "session", &["session"]),
            ("X-Registry-Auth", "e30=", &["e30="]),
            ("Authorization", "Bearer tok", &["tok"]),
            (
                "Authorization",
                "Basic dXNlcjpwYXNz",
                &["dXNlcjpwYXNz", "pass"],
            ),
            ("authorization", "basic dXNlcjo=", &["dXNlcjo="]),
            ("Authorization", "just-a-key", &["just-a-key"]),
            ("Proxy-Authorization", "Basic !", &["!"]),
            (
                "Cookie",
                "a=one; b=\"two\"; three;",
                &["one", "three", "two"],
            ),
            ("Accept", "text/plain", &[]),
            ("X-Api-Key", "", &[]),
        ] {
            let mut headers = Headers::default();
            headers.add(name, value.as_bytes());
            let secrets = Secrets::default();
            add_headers(&secrets, &headers);
            assert_eq!(sorted(&secrets), expected, "{name}: {value}");
        }
    }

    #[test]
    fn long_cookies_of_the_jar_are_secrets() {
        let secrets = Secrets::default();
        add_cookies(&secrets, "lang=en; sid=\"0123-session\"");
        let held = secrets.hold();
        let found: Vec<&str> = held.iter().map(|secret| secret.as_str()).collect();
        assert_eq!(found, ["0123-session"]);
    }

    #[test]
    fn what_a_signed_url_has_is_a_secret() {
        let long = "0123456789abcdef0123456789abcdef";
        for (query, expected) in [
            (
                "digest=sha256:0123456789abcdef0123456789abcdef&n=5",
                &[][..],
            ),
            ("X-Amz-Signature=0123456789abcdef", &["0123456789abcdef"]),
            ("X-Amz-Date=20260101T000000Z&X-Amz-Expires=900", &[]),
            (
                "sig=abcdefgh&se=2026-01-01&access_token=12345678",
                &["12345678", "abcdefgh"],
            ),
            ("_state=0123456789abcdef0123456789abcdef", &[long]),
            ("account=alice&token=x", &[]),
            ("0123456789abcdef0123456789abcdef", &[long]),
        ] {
            let url = Url::parse(&format!("https://r.example/v2/?{query}")).expect("a url");
            let secrets = Secrets::default();
            add_query(&secrets, &url);
            assert_eq!(sorted(&secrets), expected, "{query}");
        }
    }
}
