//! Whether to follow a redirect, and what to send.

use std::sync::Arc;

use super::headers::Headers;
use super::url::syntax::text_of_header;
use super::url::{Scheme, Url};
use crate::error::{Error, Kind};
use crate::log::redact;

/// Default maximum number of redirects of one request.
pub(crate) const MAX_REDIRECTS: u32 = 20;

/// What to do with a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectChoice {
    /// Follow it.
    Follow,
    /// Return it as the response.
    Return,
}

/// A redirect that is about to be followed.
#[derive(Clone, Debug)]
pub struct RedirectStep {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) method: String,
    pub(crate) status: u16,
    pub(crate) hop: u32,
    pub(crate) headers: Headers,
}

impl RedirectStep {
    /// The URL that returned the redirect.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The target URL.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The method of the redirected request.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The status of the redirect.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The number of this redirect in the chain, starting at 1.
    pub fn hop(&self) -> u32 {
        self.hop
    }

    /// The headers of the redirect.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }
}

/// Called for each redirect.
pub type RedirectCallback =
    Arc<dyn Fn(&RedirectStep) -> Result<RedirectChoice, Error> + Send + Sync>;

/// The target of a redirect.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) url: Url,
    pub(crate) method: String,
    pub(crate) keeps_body: bool,
}

/// Reads a redirect (RFC 9110, section 15.4); `None` if the response is not
/// one.
pub(crate) fn read(
    status: u16,
    headers: &Headers,
    method: &str,
    from: &Url,
) -> Result<Option<Redirect>, Error> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get("location") else {
        return Ok(None);
    };
    let refuse = |why: &str| {
        let message = format!("redirect ({status}) from {}: {why}", from.authority());
        Error::new(Kind::RedirectRefused, message)
            .with_host(&from.authority())
            .with_http_status(status)
    };
    let location = text_of_header(location);
    let url = from.resolve(&location).map_err(|error| {
        let shown = redact::shown(&redact::url(&location));
        refuse(&format!("location {shown}: {error}"))
    })?;
    if from.scheme() == Scheme::Https && url.scheme() == Scheme::Http {
        let to = url.authority();
        return Err(refuse(&format!(
            "it redirects from https to plain http at {to}"
        )));
    }
    let (method, keeps_body) = match status {
        303 if method == "HEAD" => ("HEAD", false),
        303 => ("GET", false),
        301 | 302 if matches!(method, "POST" | "PUT" | "PATCH") => {
            // Clients differ on whether this becomes a GET; for an upload
            // either choice can do harm.
            return Err(refuse(&format!("{method} requests do not follow it")));
        }
        _ => (method, true),
    };
    Ok(Some(Redirect {
        url,
        method: method.to_owned(),
        keeps_body,
    }))
}

/// Removes headers that describe a body.
pub(crate) fn strip_body_headers(headers: &mut Headers) {
    for name in [
        "content-length",
        "content-type",
        "content-range",
        "content-encoding",
        "content-language",
        "content-location",
    ] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(status: u16, method: &str, from: &str, location: &str) -> Result<String, Kind> {
        let mut headers = Headers::default();
        headers.add("Location", location.as_bytes());
        let from = Url::parse(from).expect("a url");
        match read(status, &headers, method, &from) {
            Ok(Some(to)) => Ok(format!("{} {} {}", to.method, to.url, to.keeps_body)),
            Ok(None) => Ok("none".to_owned()),
            Err(error) => Err(error.kind()),
        }
    }

    #[test]
    fn each_status_has_its_rule() {
        let from = "https://r.example/v2/a";
        for (status, method, location, expected) in [
            (
                307,
                "PATCH",
                "/b?x=%2F",
                Ok("PATCH https://r.example/b?x=%2F true"),
            ),
            (
                308,
                "PUT",
                "https://c.example/",
                Ok("PUT https://c.example/ true"),
            ),
            (301, "GET", "b", Ok("GET https://r.example/v2/b true")),
            (302, "HEAD", "/b", Ok("HEAD https://r.example/b true")),
            (302, "DELETE", "/b", Ok("DELETE https://r.example/b true")),
            (303, "PUT", "/b", Ok("GET https://r.example/b false")),
            (303, "HEAD", "/b", Ok("HEAD https://r.example/b false")),
            (301, "POST", "/b", Err(Kind::RedirectRefused)),
            (302, "PATCH", "/b", Err(Kind::RedirectRefused)),
            (307, "GET", "http://r.example/b", Err(Kind::RedirectRefused)),
            (307, "GET", "ftp://r.example/b", Err(Kind::RedirectRefused)),
            (304, "GET", "/b", Ok("none")),
            (201, "PUT", "/b", Ok("none")),
        ] {
            let found = case(status, method, from, location);
            assert_eq!(found.as_deref(), expected.as_deref(), "{status} {method}");
        }
        assert_eq!(
            case(307, "GET", from, "/ü?ü").as_deref(),
            Ok("GET https://r.example/%C3%BC?%C3%BC true")
        );
        assert_eq!(
            case(307, "GET", "http://r.example/", "https://s.example/x").as_deref(),
            Ok("GET https://s.example/x true")
        );
    }
}
