//! Unix domain sockets as hosts: the percent-encoded path of the socket takes
//! the place of the host. No network host has this form, so a server cannot
//! redirect to a socket.

use std::path::PathBuf;

use super::syntax::{check_text, encode_into};

/// The scheme of a socket address, and that of a URL behind a socket.
const SCHEME: &str = "unix://";
const URL_SCHEME: &str = "http+unix://";

/// The maximum length of a socket path without its NUL.
const MAX_PATH: usize = 107;

/// The host for the socket of `unix:///path`; `None` if the scheme differs.
pub(super) fn host_of_address(text: &str) -> Option<Result<String, String>> {
    Some(host_of_path(without_prefix(text, SCHEME)?))
}

/// Host and target of `http+unix://%2Fpath/target`.
pub(super) fn split_url(text: &str) -> Option<Result<(String, &str), String>> {
    let rest = without_prefix(text, URL_SCHEME)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(end);
    let path = decoded(host).ok_or_else(|| "has no percent-encoded path of a socket".to_owned());
    Some(path.and_then(|path| Ok((host_of_path(&path)?, target))))
}

/// Whether a string from the caller is a URL behind a Unix domain socket.
pub(crate) fn is_url(text: &str) -> bool {
    without_prefix(text, URL_SCHEME).is_some()
}

/// Whether a host is a Unix domain socket.
pub(crate) fn is_socket(host: &str) -> bool {
    host.starts_with('%')
}

/// The path of the socket that a host represents.
pub(super) fn path(host: &str) -> Option<PathBuf> {
    is_socket(host).then(|| decoded(host).map(PathBuf::from))?
}

/// The URL, starting at its host.
pub(super) fn show_url(host: &str, target: &str) -> String {
    format!("{URL_SCHEME}{host}{target}")
}

/// The address of the socket.
pub(super) fn show_address(host: &str) -> String {
    format!("{SCHEME}{}", decoded(host).unwrap_or_default())
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn host_of_path(path: &str) -> Result<String, String> {
    check_text(path)?;
    if !path.starts_with('/') || path.ends_with('/') {
        return Err("has no absolute path of a socket".to_owned());
    }
    if path.len() > MAX_PATH {
        return Err(format!("has a socket's path of more than {MAX_PATH} bytes"));
    }
    let mut host = String::new();
    encode_into(&mut host, path, |byte| {
        !byte.is_ascii_alphanumeric() && !b"-._~".contains(&byte)
    });
    Ok(host)
}

fn decoded(host: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(host.len());
    let mut rest = host.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high << 4 | low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets() {
        for (path, host) in [
            ("/run/r.sock", "%2Frun%2Fr.sock"),
            ("/a b/é%2F?#@:", "%2Fa%20b%2F%C3%A9%252F%3F%23%40%3A"),
        ] {
            let found = host_of_address(&format!("Unix://{path}"));
            assert_eq!(found, Some(Ok(host.to_owned())));
            assert_eq!(super::path(host), Some(PathBuf::from(path)));
            assert_eq!(show_address(host), format!("unix://{path}"));
            let url = show_url(host, "/v2/?a");
            assert_eq!(split_url(&url), Some(Ok((host.to_owned(), "/v2/?a"))));
        }
        for text in ["http://%2Frun/", "unix:/run", "r.example", "", "é"] {
            assert_eq!(host_of_address(text), None, "{text}");
            assert_eq!(split_url(text), None, "{text}");
        }
        let long = format!("unix:///{}", "a".repeat(107));
        for text in [
            "unix://",
            "unix://run/r.sock",
            "unix:///",
            "unix:///r/",
            "unix:///\n",
            &long,
        ] {
            let found = host_of_address(text);
            assert!(matches!(found, Some(Err(_))), "{text}: {found:?}");
        }
        for text in [
            "http+unix:///run",
            "http+unix://run/",
            "http+unix://%2",
            "http+unix://%2F%00/",
        ] {
            let found = split_url(text);
            assert!(matches!(found, Some(Err(_))), "{text}: {found:?}");
        }
        assert_eq!(super::path("r.example"), None);
    }
}
