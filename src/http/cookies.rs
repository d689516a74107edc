//! An in-memory cookie jar (RFC 6265), narrower than a browser's: a cookie is
//! sent only to the origin (scheme, host and port) that set it, whatever its
//! Domain attribute.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use cookie::{Cookie as SetCookie, Expiration};
use zeroize::Zeroizing;

use super::headers;
use super::headers::Headers;
use super::url::{Origin, Scheme, Url};

/// Maximum number of cookies, in total and per origin.
const MAX_COOKIES: usize = 200;
const MAX_OF_ORIGIN: usize = 50;

/// Maximum length of a `Set-Cookie` value that is parsed, and of the `Cookie`
/// header that is sent, in bytes.
const MAX_SET: usize = 4096;
const MAX_SENT: usize = 8192;

/// Maximum lifetime of a cookie.
const MAX_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The cookies of a client. Safe for concurrent use.
#[derive(Default)]
pub(crate) struct CookieJar {
    /// In the order in which they were first set.
    cookies: Mutex<Vec<Cookie>>,
}

struct Cookie {
    origin: Origin,
    path: String,
    name: String,
    value: Zeroizing<String>,
    /// `None`: until the client is freed.
    expires: Option<SystemTime>,
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieJar").finish_non_exhaustive()
    }
}

impl CookieJar {
    /// Stores the cookies that a response from `url` sets.
    pub(crate) fn store(&self, url: &Url, headers: &Headers) {
        self.store_at(url, headers, SystemTime::now());
    }

    /// The `Cookie` header for a request to `url`; `None` if no cookie matches.
    pub(crate) fn header(&self, url: &Url) -> Option<Zeroizing<String>> {
        self.header_at(url, SystemTime::now())
    }

    pub(crate) fn store_at(&self, url: &Url, headers: &Headers, now: SystemTime) {
        for value in headers.all("set-cookie") {
            let text = std::str::from_utf8(value).ok();
            if let Some(set) = text.filter(|text| text.len() <= MAX_SET)
                && let Some(cookie) = read(url, set, now)
            {
                keep(&mut self.cookies(), cookie, now);
            }
        }
    }

    pub(crate) fn header_at(&self, url: &Url, now: SystemTime) -> Option<Zeroizing<String>> {
        let origin = url.origin();
        let cookies = self.cookies();
        // Longest path first, then oldest first.
        let mut matching: Vec<&Cookie> = Vec::new();
        for cookie in cookies.iter().filter(|cookie| cookie.is_alive(now)) {
            if cookie.origin == origin && covers(&cookie.path, url.path()) {
                let is_before = |other: &&Cookie| other.path.len() >= cookie.path.len();
                matching.insert(matching.partition_point(is_before), cookie);
            }
        }
        // Allocate once: a growing string would leave copies of cookies behind.
        let mut sent = Zeroizing::new(String::with_capacity(MAX_SENT));
        for cookie in matching {
            let more = cookie.name.len() + cookie.value.len() + "; =".len();
            if sent.len() + more > MAX_SENT {
                continue;
            }
            if !sent.is_empty() {
                sent.push_str("; ");
            }
            sent.push_str(&cookie.name);
            sent.push('=');
            sent.push_str(&cookie.value);
        }
        (!sent.is_empty()).then_some(sent)
    }

    fn cookies(&self) -> MutexGuard<'_, Vec<Cookie>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cookie {
    fn is_alive(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

/// Parses a `Set-Cookie` value; `None` if it is invalid or must be ignored.
fn read(url: &Url, set: &str, now: SystemTime) -> Option<Cookie> {
    let parsed = SetCookie::parse(set).ok()?;
    let (name, value) = (parsed.name(), parsed.value());
    let is_secure = parsed.secure() == Some(true);
    let path = parsed.path().filter(|path| path.starts_with('/'));
    if headers::check("cookie", name.as_bytes()).is_err()
        || headers::check("cookie", value.as_bytes()).is_err()
        || (is_secure && url.scheme() != Scheme::Https)
        || parsed
            .domain()
            .is_some_and(|domain| !is_within(url, domain))
    {
        return None;
    }
    // Requirements of these name prefixes (RFC 6265bis, section 4.1.3).
    let begins = |prefix: &str| {
        let start = name.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if (begins("__Secure-") && !is_secure)
        || (begins("__Host-") && !(is_secure && path == Some("/") && parsed.domain().is_none()))
    {
        return None;
    }
    Some(Cookie {
        origin: url.origin(),
        path: path.map_or_else(|| default_path(url.path()), str::to_owned),
        name: name.to_owned(),
        value: Zeroizing::new(value.to_owned()),
        expires: expires(&parsed, now),
    })
}

/// Whether a Domain attribute is the host itself or a parent domain.
fn is_within(url: &Url, domain: &str) -> bool {
    let host = url.origin().host;
    let domain = domain.to_ascii_lowercase();
    host == domain
        || host
            .strip_suffix(&domain)
            .is_some_and(|rest| rest.ends_with('.') && !host.starts_with('['))
}

fn expires(parsed: &SetCookie, now: SystemTime) -> Option<SystemTime> {
    let latest = now.checked_add(MAX_AGE);
    if let Some(age) = parsed.max_age() {
        let age = u64::try_from(age.whole_seconds()).unwrap_or(0);
        return now.checked_add(Duration::from_secs(age).min(MAX_AGE));
    }
    match parsed.expires()? {
        Expiration::DateTime(date) => {
            let seconds = u64::try_from(date.unix_timestamp()).unwrap_or(0);
            let date = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
            date.min(latest).or(latest)
        }
        Expiration::Session => None,
    }
}

/// Replaces the earlier cookie of the same name, path and origin. A cookie that
/// has expired removes it.
fn keep(cookies: &mut Vec<Cookie>, cookie: Cookie, now: SystemTime) {
    cookies.retain(|kept| kept.is_alive(now));
    let place = cookies.iter().position(|kept| {
        kept.name == cookie.name && kept.path == cookie.path && kept.origin == cookie.origin
    });
    match place {
        Some(place) if cookie.is_alive(now) => cookies[place] = cookie,
        Some(place) => drop(cookies.remove(place)),
        None if cookie.is_alive(now) => {
            let is_sibling = |kept: &Cookie| kept.origin == cookie.origin;
            if cookies.iter().filter(|kept| is_sibling(kept)).count() >= MAX_OF_ORIGIN {
                if let Some(oldest) = cookies.iter().position(is_sibling) {
                    cookies.remove(oldest);
                }
            } else if cookies.len() >= MAX_COOKIES {
                cookies.remove(0);
            }
            cookies.push(cookie);
        }
        None => {}
    }
}

/// The default path of a cookie (RFC 6265, section 5.1.4).
fn default_path(path: &str) -> String {
    match path.rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(end) => path[..end].to_owned(),
    }
}

/// Whether the path of a URL is the cookie's path or below it.
fn covers(path: &str, requested: &str) -> bool {
    requested
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://registry.example/v2/a/tags";

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a url")
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    }

    fn store(jar: &CookieJar, from: &str, sets: &[&str]) {
        let mut headers = Headers::default();
        for set in sets {
            headers.add("Set-Cookie", set.as_bytes());
        }
        jar.store_at(&url(from), &headers, now());
    }

    fn sent(jar: &CookieJar, to: &str) -> String {
        let header = jar.header_at(&url(to), now());
        header.map_or_else(String::new, |header| header.to_string())
    }

    /// The `Cookie` header sent to `to` after a response from [`URL`] with
    /// `sets`.
    fn case(sets: &[&str], to: &str) -> String {
        let jar = CookieJar::default();
        store(&jar, URL, sets);
        sent(&jar, to)
    }

    #[test]
    fn cookies_go_back_to_their_origin_alone() {
        for (set, to, expected) in [
            ("a=1; Path=/", "https://registry.example/", "a=1"),
            ("a=1; Path=/", "https://REGISTRY.example:443/x?y", "a=1"),
            ("a=1; Path=/", "https://registry.example:444/", ""),
            ("a=1; Path=/", "http://registry.example/", ""),
            ("a=1; Path=/", "http://registry.example:443/", ""),
            ("a=1; Path=/", "https://sub.registry.example/", ""),
            ("a=1; Path=/; Domain=example", "https://example/", ""),
            (
                "a=1; Path=/; Domain=example",
                "https://registry.example/",
                "a=1",
            ),
            ("a=1; Path=/; Domain=.Registry.Example", URL, "a=1"),
            (
                "a=1; Path=/; Domain=registry.example",
                "https://x.registry.example/",
                "",
            ),
            ("a=1; Path=/; Domain=y.example", URL, ""),
            ("a=1; Path=/; Domain=istry.example", URL, ""),
        ] {
            assert_eq!(case(&[set], to), expected, "{set} {to}");
        }
    }

    #[test]
    fn paths_cover_what_is_below_them() {
        let base = "https://registry.example";
        for (set, path, expected) in [
            ("a=1", "/v2/a/tags", "a=1"),
            ("a=1", "/v2/a", "a=1"),
            ("a=1", "/v2/a/b/c", "a=1"),
            ("a=1", "/v2/ab", ""),
            ("a=1", "/v2/", ""),
            ("a=1; Path=/v2/", "/v2/x", "a=1"),
            ("a=1; Path=/v2/", "/v2", ""),
            ("a=1; Path=v2", "/v2/a/x", "a=1"),
            ("a=1; Path=", "/v2/a/x", "a=1"),
            ("a=1; Path=/token", "/token?x", "a=1"),
        ] {
            let to = format!("{base}{path}");
            assert_eq!(case(&[set], &to), expected, "{set} {path}");
        }
        let sets = [
            "a=1; Path=/",
            "b=2; Path=/v2",
            "c=3; Path=/",
            "d=4; Path=/v2/a",
        ];
        assert_eq!(case(&sets, URL), "d=4; b=2; a=1; c=3");
    }

    #[test]
    fn lives_end() {
        for (set, expected) in [
            ("a=1; Max-Age=60", "a=1"),
            ("a=1; Max-Age=0", ""),
            ("a=1; Max-Age=-1", ""),
            ("a=1; Max-Age=99999999999999999999", "a=1"),
            ("a=1; Max-Age=x", "a=1"),
            ("a=1; Expires=Sun, 09 Sep 2001 01:46:41 GMT", "a=1"),
            ("a=1; Expires=Sun, 09 Sep 2001 01:46:40 GMT", ""),
            ("a=1; Expires=Thu, 01-Jan-1970 00:00:00 GMT", ""),
            ("a=1; Expires=Thu, 01 Jan 1900 00:00:00 GMT", ""),
            ("a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", "a=1"),
            (
                "a=1; Expires=Sun, 09 Sep 2001 01:46:40 GMT; Max-Age=1",
                "a=1",
            ),
        ] {
            assert_eq!(case(&[set], URL), expected, "{set}");
        }
        let jar = CookieJar::default();
        store(
            &jar,
            URL,
            &["a=1; Max-Age=60", "b=2", "c=3; Max-Age=99999999999"],
        );
        let at = |seconds| {
            let header = jar.header_at(&url(URL), now() + Duration::from_secs(seconds));
            header.map_or_else(String::new, |header| header.to_string())
        };
        assert_eq!(at(59), "a=1; b=2; c=3");
        assert_eq!(at(60), "b=2; c=3");
        assert_eq!(at(MAX_AGE.as_secs()), "b=2");
        store(&jar, URL, &["b=; Max-Age=0", "a=4"]);
        assert_eq!(at(0), "a=4; c=3");
    }

    #[test]
    fn what_is_not_kept() {
        for (set, expected) in [
            ("a", ""),
            ("=1", ""),
            ("", ""),
            ("a=", "a="),
            ("a=\"1 2\"; HttpOnly; SameSite=Strict", "a=\"1 2\""),
            ("a=b=c", "a=b=c"),
            ("a=1\u{1}", ""),
            ("a=1; Secure", "a=1"),
            ("__Secure-a=1", ""),
            ("__Secure-a=1; Secure", "__Secure-a=1"),
            ("__Host-a=1; Secure", ""),
            ("__Host-a=1; Secure; Path=/; Domain=registry.example", ""),
            ("__Host-a=1; Secure; Path=/", "__Host-a=1"),
        ] {
            assert_eq!(case(&[set], URL), expected, "{set}");
        }
        let plain = "http://registry.example/";
        let jar = CookieJar::default();
        store(&jar, plain, &["a=1; Secure", "b=2"]);
        assert_eq!(sent(&jar, plain), "b=2");
        assert!(!format!("{jar:?}").contains('2'));
    }

    #[test]
    fn the_clock_is_the_systems() {
        let jar = CookieJar::default();
        let mut headers = Headers::default();
        headers.add("set-cookie", b"a=1; Max-Age=3600");
        headers.add("set-cookie", b"b=2; Expires=Sun, 09 Sep 2001 01:46:41 GMT");
        jar.store(&url(URL), &headers);
        assert_eq!(jar.header(&url(URL)).expect("a cookie").as_str(), "a=1");
    }

    #[test]
    fn the_jar_is_bounded() {
        let jar = CookieJar::default();
        let long = "v".repeat(MAX_SET);
        store(&jar, URL, &[&format!("a={long}")]);
        assert_eq!(sent(&jar, URL), "");
        for number in 0..=MAX_OF_ORIGIN {
            store(&jar, URL, &[&format!("c{number}=1")]);
        }
        let header = sent(&jar, URL);
        assert_eq!(header.split("; ").count(), MAX_OF_ORIGIN);
        assert!(
            header.starts_with("c1=1; "),
            "the oldest was removed: {header}"
        );
        for number in 0..300 {
            store(&jar, &format!("https://h{number}.example/"), &["a=1"]);
        }
        assert_eq!(jar.cookies().len(), MAX_COOKIES);
        assert_eq!(sent(&jar, "https://h299.example/"), "a=1");
        let large = "v".repeat(MAX_SET - 10);
        for name in ["a", "b", "c"] {
            store(&jar, URL, &[&format!("{name}={large}")]);
        }
        assert!(sent(&jar, URL).len() <= MAX_SENT);
    }
}
