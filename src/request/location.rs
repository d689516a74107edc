//! Where a server says that a request continues, such as the Location of an
//! upload.

use super::Request;
use super::response::Response;
use crate::error::{Error, Kind};
use crate::http::url::syntax::text_of_header;
use crate::http::url::{Scheme, Url};
use crate::log::redact;
use crate::transport::Director;

/// A URL that a server returned, and how private the server's network is, which
/// limits where the URL may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    url: Url,
    director: Director,
}

impl Location {
    /// The location for another process: the class of the server's network, and
    /// the URL.
    pub(crate) fn export(&self) -> (&'static str, &str) {
        (self.director.name(), self.url.as_str())
    }

    /// The location that [`Location::export`] returned.
    pub(crate) fn import(class: &str, url: &str) -> Option<Location> {
        Some(Location {
            url: Url::parse_own(url).ok()?,
            director: Director::from_name(class)?,
        })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

impl Response {
    /// The Location, if there is one. It must not lead from https to http.
    pub(crate) fn location(&self) -> Option<Result<Location, Error>> {
        let value = self.headers().get("location")?;
        let text = text_of_header(value);
        let refused = |why: &str| {
            let shown = redact::shown(&redact::url(&text));
            let message = format!("{}: location {shown}: {why}", self.host());
            let error = Error::new(Kind::RedirectRefused, message);
            error.with_host(self.host()).with_http_status(self.status())
        };
        Some(match self.origin_url().resolve(&text) {
            Err(error) => Err(refused(error.message())),
            Ok(url)
                if self.origin_url().scheme() == Scheme::Https && url.scheme() == Scheme::Http =>
            {
                Err(refused("leads from https to plain http"))
            }
            Ok(url) => Ok(Location {
                url,
                director: self.director(),
            }),
        })
    }
}

impl Request {
    /// Sends the request where content says that it is stored: without
    /// credentials, and only to where a public server may direct requests.
    pub(crate) fn set_foreign_url(&mut self, url: &str) -> Result<(), Error> {
        self.director = Director::public_server();
        self.is_anonymous = true;
        // Neither a path of the registry nor a socket of this machine.
        let url = Url::parse(url)?;
        self.set_path(url.as_str())
    }

    /// Sends the request where a server said.
    pub(crate) fn set_location(&mut self, location: &Location) -> Result<(), Error> {
        self.director = location.director;
        self.set_path(location.url.as_str())
    }
}
