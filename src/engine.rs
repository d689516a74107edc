//! What lies between a request and its answer: the redirects, the challenge,
//! the token, and the connection that closed under a request.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::address::Address;
use crate::auth::scope::{self, Scopes};
use crate::auth::token::{self, TokenRequest};
use crate::auth::{Authenticator, Authorization, Reply, challenge};
use crate::body::Body;
use crate::config::Config;
use crate::error::{Error, Kind, Step};
use crate::headers::Headers;
use crate::log::{Level, Log};
use crate::redact;
use crate::redirect::{self, MAX_REDIRECTS};
use crate::request::Request;
use crate::trace;
use crate::transport::{Answer, Failure, Framing, Outgoing, Transport};
use crate::url::{Origin, Scheme, Url};

/// Sends requests of one client.
pub(crate) struct Engine {
    pub(crate) address: Arc<Address>,
    transport: Transport,
    auth: Authenticator,
    pub(crate) log: Log,
    user_agent: String,
}

/// An answer, and where it came from.
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) url: Url,
    /// A redirect has led to another origin, if only for a while.
    left_origin: bool,
}

/// What is sent, apart from the body.
struct Send<'a> {
    method: &'a str,
    url: Url,
    headers: Headers,
    /// Goes to this origin alone.
    authorization: Option<(&'a Origin, &'a Authorization)>,
}

impl Engine {
    pub(crate) fn new(address: Arc<Address>, config: &Config) -> Result<Engine, Error> {
        Ok(Engine {
            transport: Transport::new(&config.tls, address.origin())?,
            auth: Authenticator::new(config),
            log: Log::new(config),
            user_agent: config.user_agent.clone(),
            address,
        })
    }

    /// Sends a request, and once more where its challenge can be answered.
    pub(crate) fn answer(&self, request: &mut Request) -> Result<Answered, Error> {
        let own = self.address.origin();
        let url = request.resolved(&self.address)?;
        let mut sent = None;
        if url.origin() == own
            && !request.headers.contains("authorization")
            && self.is_registry_path(&url)
        {
            sent = self
                .auth
                .known(|| self.wanted_scopes(request.method(), &url));
        }
        let method = request.method().to_owned();
        let mut headers = request.headers.clone();
        if url.origin() != own {
            // A URL, such as an upload's Location, may lead anywhere.
            headers.remove("authorization");
        }
        let first = self.send(
            Send {
                method: &method,
                url: url.clone(),
                headers,
                authorization: sent.as_ref().map(|value| (&own, value)),
            },
            &mut request.body,
        )?;

        let is_ours = !first.left_origin && first.url.origin() == own;
        if first.answer.status != 401 || !request.follow_challenge || !is_ours {
            return Ok(first);
        }
        let wanted = self.wanted_scopes(&method, &url);
        let challenges = challenge::parse(first.answer.headers.all("www-authenticate"));
        let reply = self
            .auth
            .reply(&challenges, wanted.as_ref(), sent.as_ref())?;
        if matches!(reply, Reply::Nothing) {
            return Ok(first);
        }
        // Before a token is fetched, which can then use the same connection.
        first.answer.body.drain();
        let authorization = match reply {
            Reply::Nothing => None,
            Reply::Ready(authorization) => Some(authorization),
            Reply::Fetch(request) => Some(self.fetch_token(request, wanted.as_ref())?),
        };
        if let Some(callback) = request.retry.clone() {
            callback(request).map_err(|error| error.with_http_status(401))?;
        }
        let mut headers = request.headers.clone();
        headers.remove("authorization");
        let method = request.method().to_owned();
        self.send(
            Send {
                method: &method,
                url: request.resolved(&self.address)?,
                headers,
                authorization: authorization.as_ref().map(|value| (&own, value)),
            },
            &mut request.body,
        )
    }

    /// The scopes that a request wants, as far as its path tells.
    fn wanted_scopes(&self, method: &str, url: &Url) -> Option<Scopes> {
        let path = self.address.relative(url)?;
        scope::for_request(method, &path)
    }

    fn is_registry_path(&self, url: &Url) -> bool {
        self.address
            .relative(url)
            .is_some_and(|path| path.starts_with("/v2/"))
    }

    fn fetch_token(
        &self,
        request: TokenRequest,
        wanted: Option<&Scopes>,
    ) -> Result<Authorization, Error> {
        let host = request.url.authority();
        if self.address.origin().scheme == Scheme::Https && request.url.scheme() == Scheme::Http {
            let message = format!("token realm at {host} is plain http, the registry is https");
            return Err(Error::new(Kind::TokenRefused, message).with_host(&host));
        }
        self.note(Level::Info, || {
            format!("token from {host} for {}", request.scopes)
        });
        let basic = self.auth.for_realm();
        let origin = request.url.origin();
        let mut answered = self
            .send(
                Send {
                    method: "GET",
                    url: request.url.clone(),
                    headers: Headers::default(),
                    authorization: basic.as_ref().map(|value| (&origin, value)),
                },
                &mut Body::default(),
            )
            .map_err(|error| error.at(Step::Token))?;
        let body = read_capped(&mut answered.answer, &host)?;
        let status = answered.answer.status;
        let grant = token::read_answer(status, &body, &host).map_err(|error| {
            let retry_after = answered.answer.headers.text("retry-after");
            error
                .with_retry_after(retry_after.and_then(|seconds| seconds.trim().parse().ok()))
                .without(|text| self.scrubbed(text))
        })?;
        Ok(self.auth.keep(request, grant, wanted))
    }

    /// Sends and follows redirects.
    fn send(&self, send: Send, body: &mut Body) -> Result<Answered, Error> {
        let Send {
            method,
            mut url,
            mut headers,
            authorization,
        } = send;
        let mut method = method.to_owned();
        let first_origin = url.origin();
        let mut left_origin = false;
        let mut no_body = Body::default();
        let mut body = body;
        for _ in 0..=MAX_REDIRECTS {
            let mut fields = headers.clone();
            if let Some((origin, value)) = authorization
                && !left_origin
                && url.origin() == *origin
            {
                fields.set("Authorization", value.as_bytes());
            }
            if !fields.contains("user-agent") {
                fields.add("User-Agent", self.user_agent.as_bytes());
            }
            let answer = self.exchange(&method, &url, fields, body)?;
            let Some(redirect) = redirect::read(answer.status, &answer.headers, &method, &url)?
            else {
                return Ok(Answered {
                    answer,
                    url,
                    left_origin,
                });
            };
            answer.body.drain();
            url = redirect.url;
            method = redirect.method;
            if !redirect.keeps_body {
                body = &mut no_body;
                redirect::strip_body_headers(&mut headers);
            }
            if url.origin() != first_origin && !left_origin {
                left_origin = true;
                redirect::strip_credentials(&mut headers);
            }
        }
        let host = url.authority();
        let message = format!("more than {MAX_REDIRECTS} redirects, the last to {host}");
        Err(Error::new(Kind::TooManyRedirects, message).with_host(&host))
    }

    /// One request and its answer; sent again once if a kept connection turns
    /// out to have been closed by the server.
    fn exchange(
        &self,
        method: &str,
        url: &Url,
        mut headers: Headers,
        body: &mut Body,
    ) -> Result<Answer, Error> {
        let host = url.authority();
        let mut again = false;
        loop {
            let named = |error: Error| error.with_host(&host);
            let length = body.start().map_err(named)?;
            let framing = frame(method, body.is_set(), length, &mut headers).map_err(named)?;
            self.note(Level::Debug, || {
                trace::request(method, url, &headers, body.kept())
            });
            let outgoing = Outgoing {
                method,
                url,
                headers: &headers,
                body,
                framing,
            };
            match self.transport.exchange(outgoing, again) {
                Ok(answer) => {
                    self.note(Level::Debug, || trace::answer(&answer));
                    return Ok(answer);
                }
                Err(Failure {
                    error,
                    race,
                    unsent,
                }) => {
                    // A PATCH appends: if it did arrive, another would append twice.
                    if again || !race || (method == "PATCH" && !unsent) {
                        self.note(Level::Debug, || format!("* {error}"));
                        return Err(error.without(|text| self.scrubbed(text)));
                    }
                    self.note(Level::Debug, || {
                        format!("* {host} had closed the kept connection, once more")
                    });
                    again = true;
                }
            }
        }
    }

    /// Writes to the log what `text` makes, without secrets.
    pub(crate) fn note(&self, level: Level, text: impl FnOnce() -> String) {
        if self.log.takes(level) {
            self.log.write(level, &self.scrubbed(&text()));
        }
    }

    fn scrubbed(&self, text: &str) -> String {
        let secrets = self.auth.secrets();
        let secrets: Vec<&str> = secrets.iter().map(|secret| secret.as_str()).collect();
        redact::scrub(text, &secrets)
    }
}

/// How a body is framed; adds the Content-Length, or checks the caller's.
fn frame(
    method: &str,
    is_set: bool,
    length: Option<u64>,
    headers: &mut Headers,
) -> Result<Framing, Error> {
    let mut stated = None;
    for value in headers.all("content-length") {
        let digits = std::str::from_utf8(value)
            .ok()
            .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse::<u64>().ok());
        let Some(number) = digits.filter(|_| stated.is_none()) else {
            let message = "content-length: not one number";
            return Err(Error::new(Kind::LengthMismatch, message));
        };
        stated = Some(number);
    }
    let Some(length) = length else {
        if stated.is_some() {
            let message = "content-length: set, but the body's length was left open";
            return Err(Error::new(Kind::LengthMismatch, message));
        }
        return Ok(Framing::Chunked);
    };
    match stated {
        Some(stated) if stated != length => {
            let message = format!("content-length: {stated} was set, the body has {length} bytes");
            return Err(Error::new(Kind::LengthMismatch, message));
        }
        Some(_) => return Ok(Framing::Length(length)),
        None => {}
    }
    if is_set || matches!(method, "POST" | "PUT" | "PATCH") {
        headers.add("Content-Length", length.to_string().as_bytes());
        return Ok(Framing::Length(length));
    }
    Ok(Framing::None)
}

/// The body of a token server's answer.
fn read_capped(answer: &mut Answer, host: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut kept = Zeroizing::new(Vec::new());
    answer
        .body
        .deliver(&mut |piece| {
            if kept.len() + piece.len() > token::MAX_ANSWER {
                let most = token::MAX_ANSWER;
                let message = format!("token from {host}: the answer is longer than {most} bytes");
                return Err(Error::new(Kind::TokenRefused, message));
            }
            kept.extend_from_slice(piece);
            Ok(())
        })
        .map_err(|error| error.at(Step::Token).with_host(host))?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_stated_once_and_true() {
        let case = |method, is_set, length, stated: &[&str]| {
            let mut headers = Headers::default();
            for value in stated {
                headers.add("content-LENGTH", value.as_bytes());
            }
            let framing = frame(method, is_set, length, &mut headers).map_err(|e| e.kind());
            (framing, headers.text("Content-Length").map(str::to_owned))
        };
        let wrong = Err(Kind::LengthMismatch);
        assert_eq!(case("GET", false, Some(0), &[]), (Ok(Framing::None), None));
        for method in ["POST", "PUT", "PATCH"] {
            let expected = (Ok(Framing::Length(0)), Some("0".to_owned()));
            assert_eq!(case(method, false, Some(0), &[]), expected);
        }
        let five = (Ok(Framing::Length(5)), Some("5".to_owned()));
        assert_eq!(case("DELETE", true, Some(5), &[]), five);
        assert_eq!(case("PUT", true, Some(5), &["5"]), five);
        assert_eq!(case("PUT", true, None, &[]), (Ok(Framing::Chunked), None));
        for (length, stated) in [
            (Some(5), &["6"][..]),
            (Some(5), &["5", "5"]),
            (Some(5), &["+5"]),
            (Some(0), &[""]),
            (None, &["5"]),
        ] {
            assert_eq!(case("PUT", true, length, stated).0, wrong, "{stated:?}");
        }
    }
}
