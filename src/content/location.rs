//! Locations of blobs, for programs that download them by their own means.

use zeroize::Zeroizing;

use super::authorization;
use super::blob_pull::named;
use super::descriptor::Descriptor;
use super::operation::Operation;
use super::options::Options;
use super::registry::Registry;
use super::repository::Repository;
use super::task::{self, Task};
use crate::error::{Error, Kind};
use crate::http::date;
use crate::http::headers::Headers;
use crate::http::url::{Scheme, Url};

/// The URL of a blob, and the header fields to send.
pub struct Location {
    repository: Registry,
    url: String,
    headers: Headers,
    authorization: Option<Zeroizing<String>>,
    expires: Option<i64>,
}

/// Gets the location of a blob. With `follow`, that is where the registry
/// redirects to.
pub fn locate(
    repository: &Repository,
    blob: &Descriptor,
    follow: bool,
    options: &Options,
) -> Result<Location, Error> {
    let operation = Operation::new(repository, options);
    operation.finish(locate_in(&operation, blob, follow))
}

/// Gets the location of a blob within a call.
pub(super) fn locate_in(
    operation: &Operation,
    blob: &Descriptor,
    follow: bool,
) -> Result<Location, Error> {
    Task::of(operation)
        .and_then(|task| find(&task, blob, follow))
        .map_err(|error| named(error, blob))
}

fn find(task: &Task, blob: &Descriptor, follow: bool) -> Result<Location, Error> {
    let requests = task.requests();
    let mut request = requests.part(blob.digest(), 0, Some(0))?;
    let own = Url::parse_own(&request.url()?)?;
    if follow {
        // Some registries redirect HEAD to URLs that are valid for HEAD only.
        request.follow_redirects = false;
        let response = requests.open(&mut request)?;
        let target = response.absolute_location();
        if let Some(target) = target.filter(|_| (300..400).contains(&response.status())) {
            let target = Url::parse_own(target)?;
            if own.scheme() == Scheme::Https && target.scheme() == Scheme::Http {
                let message = format!("{}: redirects to plain http", response.host());
                return Err(Error::new(Kind::RedirectRefused, message)
                    .with_http_status(response.status())
                    .with_host(response.host()));
            }
            if target.is_at(own.origin_ref()) {
                return with_authorization(task, &target);
            }
            return Ok(Location {
                repository: task.repository.clone(),
                url: target.as_str().to_owned(),
                headers: Headers::default(),
                authorization: None,
                expires: target.query().and_then(expiry),
            });
        }
        // An empty blob has no first byte.
        if response.status() != 416 {
            task::check(&response)?;
        }
        response.discard();
    }
    with_authorization(task, &own)
}

/// A location at the registry itself.
fn with_authorization(task: &Task, url: &Url) -> Result<Location, Error> {
    let found = authorization::get_in(task, false)?;
    let mut headers = Headers::default();
    let authorization = (!found.value.is_empty()).then_some(found.value);
    if let Some(value) = &authorization {
        headers.try_set("Authorization", value.as_bytes())?;
    }
    let of_url = url.query().and_then(expiry);
    Ok(Location {
        repository: task.repository.clone(),
        url: url.as_str().to_owned(),
        headers,
        authorization,
        expires: [found.expires, of_url].into_iter().flatten().min(),
    })
}

impl Location {
    /// The complete URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The header fields to send.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Until when it is valid, in seconds of Unix time, if that is known.
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }

    /// A server has rejected the location with this status.
    pub fn refused(&self, http_status: u16) {
        // A new signed URL is requested each time.
        if let Some(authorization) = self
            .authorization
            .as_ref()
            .filter(|_| matches!(http_status, 401 | 403))
        {
            self.repository.client().forget_authorization(authorization);
        }
    }
}

/// When a signed URL expires, according to its query: as the stores of Amazon,
/// Google and Microsoft write it.
fn expiry(query: &str) -> Option<i64> {
    let value = |name: &str| {
        let found = query.split('&').find_map(|parameter| {
            let (known, value) = parameter.split_once('=')?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })?;
        Some(found.replace("%3A", ":").replace("%3a", ":"))
    };
    let signed = |vendor: &str| {
        let date = value(&format!("X-{vendor}-Date"))?;
        let seconds: i64 = value(&format!("X-{vendor}-Expires"))?.parse().ok()?;
        basic_date(&date)?.checked_add(seconds)
    };
    let unix = || value("Expires")?.parse().ok();
    let azure = || date::rfc3339(&value("se")?);
    signed("Amz")
        .or_else(|| signed("Goog"))
        .or_else(unix)
        .or_else(azure)
}

/// A date such as `20260131T120000Z`.
fn basic_date(text: &str) -> Option<i64> {
    let is_basic = text.len() == 16 && text.is_ascii();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    is_basic.then_some(())?;
    date::rfc3339(&format!(
        "{}-{}-{}T{}:{}:{}",
        part(0..4),
        part(4..6),
        part(6..8),
        part(9..11),
        part(11..13),
        part(13..16)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_urls_tell_when_they_expire() {
        for (query, expected) in [
            (
                "X-Amz-Date=20261123T230000Z&X-Amz-Expires=1200&X-Amz-Signature=a",
                Some(1_795_476_000),
            ),
            (
                "a=b&x-goog-expires=60&x-goog-date=20261123T230000Z",
                Some(1_795_474_860),
            ),
            (
                "Expires=1795474800&Signature=a&Key-Pair-Id=b",
                Some(1_795_474_800),
            ),
            ("se=2026-11-23T23%3A00%3A00Z&sig=a", Some(1_795_474_800)),
            ("se=2026-11-23T23:00Z", Some(1_795_474_800)),
            ("X-Amz-Date=20261123T230000Z", None),
            ("X-Amz-Date=2026&X-Amz-Expires=1", None),
            (
                "X-Amz-Date=20261123T230000Z&X-Amz-Expires=9223372036854775807",
                None,
            ),
            ("Expires=soon", None),
            ("verify=1795474800-a", None),
            ("", None),
        ] {
            assert_eq!(expiry(query), expected, "{query}");
        }
    }
}
