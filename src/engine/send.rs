//! Sends one request and follows its redirects.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;

use super::Engine;
use super::frame::frame;
use super::message::{EngineResponse, Send};
use super::{sent_secrets, trace};
use crate::auth::realm;
use crate::body::Body;
use crate::error::{Error, Kind, Step};
use crate::http::headers::Headers;
use crate::http::hooks::{Exchange, Purpose, SendCallback};
use crate::http::redirect;
use crate::http::redirect::{Redirect, RedirectChoice, RedirectStep};
use crate::http::url::{Origin, Scheme, Url};
use crate::log::Level;
use crate::os::deadline::CallLimits;
use crate::request::call::Execution;
use crate::transport::{Director, Failure, Outgoing, RawResponse};

impl Engine {
    /// Sends and follows redirects.
    pub(super) fn send(
        &self,
        send: Send,
        body: &mut Body,
        execution: &Execution,
    ) -> Result<EngineResponse, Error> {
        let Send {
            method,
            mut url,
            mut headers,
            authorization,
            mut purpose,
            mut director,
            follow_redirects,
            appends,
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
            let target = Target {
                method: &method,
                url: &url,
                purpose,
                director,
                appends,
            };
            let (raw, host) = self.exchange(&target, fields, body, execution)?;
            let finish = |raw, url| {
                Ok(EngineResponse {
                    raw,
                    url,
                    host,
                    left_origin,
                    note: None,
                })
            };
            if self.max_redirects == 0 || !follow_redirects {
                return finish(raw, url);
            }
            let Some(redirect) = redirect::read(raw.status, &raw.headers, &method, &url)? else {
                return finish(raw, url);
            };
            hop += 1;
            if hop > self.max_redirects {
                let host = redirect.url.authority();
                let max = self.max_redirects;
                let message = format!("more than {max} redirects, the last to {host}");
                return Err(Error::new(Kind::TooManyRedirects, message)
                    .with_host(&host)
                    .with_http_status(raw.status));
            }
            let first_origin = first_origin.get_or_insert_with(|| url.origin());
            if body.is_secret() && redirect.keeps_body && !redirect.url.is_at(first_origin) {
                let (from, to) = (url.authority(), redirect.url.authority());
                let status = raw.status;
                let message = format!(
                    "redirect ({status}) from {from}: the credentials in the body do not go to {to}"
                );
                return Err(Error::new(Kind::RedirectRefused, message)
                    .with_host(&from)
                    .with_http_status(status));
            }
            if self.choose(&redirect, &url, &raw, hop, execution)? == RedirectChoice::Return {
                return finish(raw, url);
            }
            director = raw.director;
            raw.body.drain();
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
                self.strip_secrets(&mut headers);
                headers.remove("host");
            }
        }
    }

    /// The redirect callback's decision.
    fn choose(
        &self,
        redirect: &Redirect,
        from: &Url,
        response: &RawResponse,
        hop: u32,
        execution: &Execution,
    ) -> Result<RedirectChoice, Error> {
        let Some(callback) = self.redirect_callback.clone() else {
            return Ok(RedirectChoice::Follow);
        };
        let step = RedirectStep {
            from: from.as_str().to_owned(),
            to: redirect.url.as_str().to_owned(),
            method: redirect.method.clone(),
            status: response.status,
            hop,
            headers: response.headers.clone(),
        };
        execution
            .limits()
            .call_back(Step::Redirect, move || callback(&step))
            .and_then(|result| result)
            .map_err(|error| {
                error
                    .with_http_status(response.status)
                    .with_host(&from.authority())
            })
    }

    /// Sends one request, and once more if a kept connection turns out to have
    /// been closed by the server.
    fn exchange(
        &self,
        target: &Target,
        mut headers: Headers,
        body: &mut Body,
        execution: &Execution,
    ) -> Result<(RawResponse, String), Error> {
        let &Target {
            method,
            url,
            purpose,
            director,
            appends,
        } = target;
        let limits = execution.limits();
        let host = url.authority();
        let named = |error: Error| error.with_host(&host);
        sent_secrets::add_query(self.log.secrets(), url);
        let mut again = false;
        let mut hook = self.hook(target);
        self.add_cookies(url, &mut headers);
        // A change by the callback is for one send.
        let unchanged = self.send_callback.is_some().then(|| headers.clone());
        loop {
            let length = body.start().map_err(named)?;
            if let Some(unchanged) = unchanged.as_ref().filter(|_| again) {
                headers.clone_from(unchanged);
            }
            let mut framing = frame(method, body.is_set(), length, &mut headers).map_err(named)?;
            if again && purpose != Purpose::Token {
                hook.purpose = Purpose::Retry;
            }
            if let Some(callback) = &self.send_callback {
                hook.headers = headers;
                hook = call_before_send(callback, hook, limits).map_err(named)?;
                headers = mem::take(&mut hook.headers);
                sent_secrets::add_headers(self.log.secrets(), &headers);
                framing = frame(method, body.is_set(), length, &mut headers).map_err(named)?;
            }
            self.log.note(limits, Level::Debug, || {
                trace::request(method, url, &headers, body.kept(), self.log.secrets())
            });
            let has_credentials = headers.contains("authorization") || body.is_secret();
            self.warn_of_plain_http(url, has_credentials, execution);
            let outgoing = Outgoing {
                limits,
                host: &host,
                awaits_commit: awaits_commit(method, body),
                reports_progress: purpose != Purpose::Token,
                director,
                method,
                url,
                headers: &headers,
                body,
                framing,
            };
            execution.sends.set(execution.sends.get() + 1);
            match self.transport.exchange(outgoing, again) {
                Ok(response) => {
                    self.note_response(url, &response, hook, limits)
                        .map_err(named)?;
                    return Ok((response, host));
                }
                Err(Failure {
                    error,
                    race,
                    unsent,
                }) => {
                    // If the first did arrive, the second would append twice.
                    if again || !race || (appends && !unsent) {
                        self.log.note(limits, Level::Debug, || format!("* {error}"));
                        return Err(self.scrub(error).with_unsent(unsent));
                    }
                    self.log.note(limits, Level::Debug, || {
                        format!("* {host} had closed the kept connection, once more")
                    });
                    again = true;
                }
            }
        }
    }

    /// What the callbacks get of an exchange, if there are any.
    fn hook(&self, target: &Target) -> Exchange {
        let is_used = self.send_callback.is_some() || self.response_callback.is_some();
        let used = |text: &str| {
            if is_used {
                text.to_owned()
            } else {
                String::new()
            }
        };
        Exchange {
            purpose: target.purpose,
            method: used(target.method),
            url: used(target.url.as_str()),
            status: 0,
            headers: Headers::default(),
            log: is_used.then(|| self.log.downgrade()),
        }
    }

    /// Adds the cookies of the cookie jar.
    fn add_cookies(&self, url: &Url, headers: &mut Headers) {
        if let Some(cookies) = &self.cookies
            && let Some(sent) = cookies.header(url)
        {
            sent_secrets::add_cookies(self.log.secrets(), &sent);
            // One field for all (RFC 6265, section 5.4), the caller's first.
            let own: Vec<&[u8]> = headers.all("cookie").collect();
            let all = [own.as_slice(), &[sent.as_bytes()]]
                .concat()
                .join(&b"; "[..]);
            headers.set("Cookie", &all);
        }
    }

    /// Logs a response, stores its cookies and calls the response callback.
    fn note_response(
        &self,
        url: &Url,
        response: &RawResponse,
        mut hook: Exchange,
        limits: &CallLimits,
    ) -> Result<(), Error> {
        self.log
            .note(limits, Level::Debug, || trace::response(response));
        if let Some(cookies) = &self.cookies {
            cookies.store(url, &response.headers);
        }
        let Some(callback) = self.response_callback.clone() else {
            return Ok(());
        };
        hook.status = response.status;
        hook.headers = response.headers.clone();
        let result = limits.call_back(Step::Receive, move || callback(&hook));
        result.and_then(|result| result).map_err(|error| {
            let error = error.with_http_status(response.status);
            error.at(Step::Receive)
        })
    }

    /// Warns once for each server that credentials are sent to it unencrypted.
    fn warn_of_plain_http(&self, url: &Url, has_credentials: bool, execution: &Execution) {
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
            self.log.note(execution.limits(), Level::Warning, || {
                format!(
                    "credentials go to {host} over plain http: anybody on the way can read them"
                )
            });
        }
    }
}

/// Calls the send callback, which may change the headers.
fn call_before_send(
    callback: &SendCallback,
    mut hook: Exchange,
    limits: &CallLimits,
) -> Result<Exchange, Error> {
    let callback = Arc::clone(callback);
    let (hook, result) = limits.call_back(Step::Send, move || {
        let result = callback(&mut hook);
        (hook, result)
    })?;
    result.map(|()| hook)
}

/// Whether the server may take the commit timeout to respond.
fn awaits_commit(method: &str, body: &Body) -> bool {
    match method {
        "PUT" => true,
        "POST" | "PATCH" => body.is_set(),
        _ => false,
    }
}

/// Where and why a request is sent.
struct Target<'a> {
    method: &'a str,
    url: &'a Url,
    purpose: Purpose,
    director: Director,
    appends: bool,
}

/// The maximum number of servers that are warned of.
const MAX_WARNED: usize = 64;
