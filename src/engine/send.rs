//! Sending one request: its redirects, and the connection that closed under it.

use std::borrow::Cow;

use super::Engine;
use super::frame::frame;
use super::message::{EngineResponse, Send};
use super::trace;
use crate::auth::realm;
use crate::body::Body;
use crate::error::{Error, Kind, Step};
use crate::http::headers::Headers;
use crate::http::hooks::{Exchange, Purpose};
use crate::http::redirect;
use crate::http::redirect::{Redirect, RedirectChoice, RedirectStep};
use crate::http::url::{Origin, Scheme, Url};
use crate::log::Level;
use crate::request::call::Call;
use crate::transport::{Failure, Outgoing, RawResponse};

impl Engine {
    /// Sends and follows redirects.
    pub(super) fn send(
        &self,
        send: Send,
        body: &mut Body,
        call: &Call,
    ) -> Result<EngineResponse, Error> {
        let Send {
            method,
            mut url,
            mut headers,
            authorization,
            mut purpose,
        } = send;
        let mut method = Cow::Borrowed(method);
        let mut first_origin: Option<Origin> = None;
        let mut left_origin = false;
        let mut no_body = Body::default();
        let mut body = body;
        let mut hop = 0;
        loop {
            let mut fields = headers.clone();
            if let Some((origin, value)) = authorization
                && !left_origin
                && url.is_at(origin)
            {
                fields.set("Authorization", value.as_bytes());
            }
            if !fields.contains("user-agent") {
                fields.add("User-Agent", self.user_agent.as_bytes());
            }
            let (answer, host) = self.exchange(&method, &url, fields, body, purpose, call)?;
            let answered = |answer, url| {
                Ok(EngineResponse {
                    answer,
                    url,
                    host,
                    left_origin,
                })
            };
            if self.max_redirects == 0 {
                return answered(answer, url);
            }
            let Some(redirect) = redirect::read(answer.status, &answer.headers, &method, &url)?
            else {
                return answered(answer, url);
            };
            hop += 1;
            if hop > self.max_redirects {
                let host = redirect.url.authority();
                let most = self.max_redirects;
                let message = format!("more than {most} redirects, the last to {host}");
                return Err(Error::new(Kind::TooManyRedirects, message)
                    .with_host(&host)
                    .with_http_status(answer.status));
            }
            let first_origin = first_origin.get_or_insert_with(|| url.origin());
            if body.is_secret() && redirect.keeps_body && !redirect.url.is_at(first_origin) {
                let (from, to) = (url.authority(), redirect.url.authority());
                let status = answer.status;
                let message = format!(
                    "redirect ({status}) from {from}: the credentials in the body do not go to {to}"
                );
                return Err(Error::new(Kind::RedirectRefused, message)
                    .with_host(&from)
                    .with_http_status(status));
            }
            if self.choose(&redirect, &url, &answer, hop)? == RedirectChoice::Answer {
                return answered(answer, url);
            }
            answer.body.drain();
            url = redirect.url;
            method = Cow::Owned(redirect.method);
            purpose = match purpose {
                Purpose::Token => Purpose::Token,
                _ => Purpose::Redirect,
            };
            if !redirect.keeps_body {
                body = &mut no_body;
                redirect::strip_body_headers(&mut headers);
            }
            if !url.is_at(first_origin) && !left_origin {
                left_origin = true;
                redirect::strip_credentials(&mut headers);
            }
        }
    }

    /// What the caller says of a redirect.
    fn choose(
        &self,
        redirect: &Redirect,
        from: &Url,
        answer: &RawResponse,
        hop: u32,
    ) -> Result<RedirectChoice, Error> {
        let Some(callback) = &self.redirect_callback else {
            return Ok(RedirectChoice::Follow);
        };
        callback(&RedirectStep {
            from: from.as_str().to_owned(),
            to: redirect.url.as_str().to_owned(),
            method: redirect.method.clone(),
            status: answer.status,
            hop,
            headers: answer.headers.clone(),
        })
        .map_err(|error| {
            error
                .with_http_status(answer.status)
                .with_host(&from.authority())
        })
    }

    /// One request and its answer; sent again once if a kept connection turns
    /// out to have been closed by the server.
    fn exchange(
        &self,
        method: &str,
        url: &Url,
        mut headers: Headers,
        body: &mut Body,
        purpose: Purpose,
        call: &Call,
    ) -> Result<(RawResponse, String), Error> {
        let host = url.authority();
        let named = |error: Error| error.with_host(&host);
        let mut again = false;
        let mut about = Exchange {
            purpose,
            method: String::new(),
            url: String::new(),
            status: 0,
            headers: Headers::default(),
        };
        if self.send_callback.is_some() || self.answer_callback.is_some() {
            about.method = method.to_owned();
            about.url = url.as_str().to_owned();
        }
        if let Some(cookies) = &self.cookies
            && let Some(sent) = cookies.header(url)
        {
            // One field for all (RFC 6265, section 5.4), the caller's own first.
            let own: Vec<&[u8]> = headers.all("cookie").collect();
            let all = [own.as_slice(), &[sent.as_bytes()]]
                .concat()
                .join(&b"; "[..]);
            headers.set("Cookie", &all);
        }
        // A change of the callback's is for one send.
        let given = self.send_callback.is_some().then(|| headers.clone());
        loop {
            let length = body.start().map_err(named)?;
            if let Some(given) = given.as_ref().filter(|_| again) {
                headers.clone_from(given);
            }
            let mut framing = frame(method, body.is_set(), length, &mut headers).map_err(named)?;
            if again && purpose != Purpose::Token {
                about.purpose = Purpose::Retry;
            }
            if let Some(callback) = &self.send_callback {
                about.headers = headers;
                callback(&mut about).map_err(named)?;
                headers = std::mem::take(&mut about.headers);
                framing = frame(method, body.is_set(), length, &mut headers).map_err(named)?;
            }
            self.note(Level::Debug, || {
                trace::request(method, url, &headers, body.kept())
            });
            self.warn_of_plain_http(url, headers.contains("authorization") || body.is_secret());
            let outgoing = Outgoing {
                limits: &call.limits,
                host: &host,
                awaits_commit: match method {
                    "PUT" => true,
                    "POST" | "PATCH" => body.is_set(),
                    _ => false,
                },
                reports_progress: purpose != Purpose::Token,
                // A redirect or a challenge has led here, not the caller.
                server_directed: matches!(purpose, Purpose::Redirect | Purpose::Token),
                method,
                url,
                headers: &headers,
                body,
                framing,
            };
            call.sends.set(call.sends.get() + 1);
            match self.transport.exchange(outgoing, again) {
                Ok(answer) => {
                    self.note(Level::Debug, || trace::answer(&answer));
                    if let Some(cookies) = &self.cookies {
                        cookies.store(url, &answer.headers);
                    }
                    if let Some(callback) = &self.answer_callback {
                        about.status = answer.status;
                        about.headers = answer.headers.clone();
                        let status = answer.status;
                        callback(&about).map_err(|error| {
                            named(error).with_http_status(status).at(Step::Receive)
                        })?;
                    }
                    return Ok((answer, host));
                }
                Err(Failure {
                    error,
                    race,
                    unsent,
                }) => {
                    // A PATCH appends: if it did arrive, another would append twice.
                    if again || !race || (method == "PATCH" && !unsent) {
                        self.note(Level::Debug, || format!("* {error}"));
                        let error = error.without(|text| self.scrubbed(text));
                        return Err(error.with_unsent(unsent));
                    }
                    self.note(Level::Debug, || {
                        format!("* {host} had closed the kept connection, once more")
                    });
                    again = true;
                }
            }
        }
    }

    /// Says once for each server that credentials go to it in the clear.
    fn warn_of_plain_http(&self, url: &Url, has_credentials: bool) {
        if url.scheme() != Scheme::Http || !has_credentials {
            return;
        }
        let origin = url.origin();
        if realm::is_loopback(&origin.host) || !self.log.takes(Level::Warning) {
            return;
        }
        let is_new = {
            let mut warned = self.warned();
            let is_new = warned.len() < MAX_WARNED && !warned.contains(&origin);
            if is_new {
                warned.push(origin.clone());
            }
            is_new
        };
        if is_new {
            let host = origin.authority();
            self.note(Level::Warning, || {
                format!(
                    "credentials go to {host} over plain http: anybody on the way can read them"
                )
            });
        }
    }
}

/// The most servers that are warned of.
const MAX_WARNED: usize = 64;
