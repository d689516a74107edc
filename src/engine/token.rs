//! Requests to token servers.

use zeroize::Zeroizing;

use super::Engine;
use super::message::Send;
use crate::auth::credentials::store::{Found, Lookup};
use crate::auth::flight::Outcome;
use crate::auth::token::TokenRequest;
use crate::auth::token::{Form, Grant};
use crate::auth::token_cache::Role;
use crate::auth::{Authorization, Subject, basic, token};
use crate::body::Body;
use crate::config::Credential;
use crate::error::{Error, Kind, Step};
use crate::http::date;
use crate::http::header::retry_after;
use crate::http::headers::Headers;
use crate::http::hooks::Purpose;
use crate::http::url::{Origin, Url};
use crate::log::Level;
use crate::request::call::Execution;
use crate::transport::{Director, RawResponse};

impl Engine {
    /// A token: from the cache, from another thread that fetches it, or fetched
    /// here.
    pub(super) fn token(
        &self,
        token_request: &TokenRequest,
        subject: &Subject,
        director: Director,
        execution: &Execution,
    ) -> Result<Authorization, Error> {
        let limits = execution.limits();
        let served = subject.scopes.as_ref();
        let tokens = &self.auth.tokens;
        let mut timed_out = false;
        let mut may_wait = !limits.is_nested;
        loop {
            let waiter = match tokens.join(token_request, served, may_wait) {
                Role::Cached(authorization) => return Ok(authorization),
                Role::Fetch(fetcher) => {
                    return match self.fetch(token_request, subject, director, execution) {
                        Ok(grant) => Ok(fetcher.done(grant, served)),
                        Err(error) => {
                            let error = self.scrub(error.at(Step::Token));
                            fetcher.failed(&error);
                            Err(error)
                        }
                    };
                }
                Role::Wait(waiter) => waiter,
            };
            // As for a response to a request of its own.
            let what = "wait for a token that another call requests";
            let limit = limits.limit(Step::Token, limits.timeouts.first_byte, &what);
            match waiter.wait(limits, limit)? {
                Some(Outcome::Done(authorization)) => {
                    tokens.serve(token_request, served);
                    return Ok(authorization);
                }
                Some(Outcome::Failed(error)) => return Err(error),
                // A server that timed out for one thread may do so for all:
                // only one more attempt.
                Some(Outcome::Abandoned(Some(error))) if timed_out => return Err(error),
                Some(Outcome::Abandoned(error)) => timed_out |= error.is_some(),
                // The other call may be in a callback that does not return.
                None => may_wait = false,
            }
        }
    }

    /// Requests a token with the credentials that are found. Credentials that a
    /// helper returned earlier may be outdated: if they are refused, the helper
    /// runs again.
    fn fetch(
        &self,
        token_request: &TokenRequest,
        subject: &Subject,
        director: Director,
        execution: &Execution,
    ) -> Result<Grant, Error> {
        let realm = Realm {
            url: token::realm(&token_request.realm)?,
            director,
        };
        let (granted, lookup) = self.fetch_once(&realm, token_request, subject, execution)?;
        let Some(found) = lookup
            .found
            .filter(|_| granted.as_ref().is_err_and(is_refusal))
        else {
            return granted;
        };
        self.auth.forget_credential(&found.credential);
        if !found.is_kept {
            return granted;
        }
        let (again, _) = self.fetch_once(&realm, token_request, subject, execution)?;
        again
    }

    fn fetch_once(
        &self,
        realm: &Realm,
        token_request: &TokenRequest,
        subject: &Subject,
        execution: &Execution,
    ) -> Result<(Result<Grant, Error>, Lookup), Error> {
        let limits = execution.limits();
        let origin = realm.url.origin();
        let lookup = self.auth.lookup(subject.repository.as_deref(), limits)?;
        if let Some(found) = &lookup.found {
            if let Credential::BearerToken(token) = &found.credential {
                return Ok((Ok(Grant::ready(token.clone())), lookup));
            }
            self.auth.check_realm(&origin, limits)?;
        } else if crate::auth::realm::loses_tls(&self.address.origin(), &origin) {
            self.auth.check_realm(&origin, limits)?;
        }
        let granted = self.request_with(realm, token_request, &lookup, execution);
        Ok((granted, lookup))
    }

    /// Requests a token with credentials, or without if that is allowed and they
    /// are refused.
    fn request_with(
        &self,
        realm: &Realm,
        token_request: &TokenRequest,
        lookup: &Lookup,
        execution: &Execution,
    ) -> Result<Grant, Error> {
        let limits = execution.limits();
        let host = realm.url.authority();
        let granted = self.request_token(realm, token_request, lookup.found.as_ref(), execution);
        match (granted, &lookup.found) {
            (Err(error), Some(_)) if is_refusal(&error) => {
                let error = error.with_more(&lookup.source().note());
                if !self.anonymous_fallback || !token_request.scopes.only_pull() {
                    return Err(error);
                }
                self.log.note(limits, Level::Info, || {
                    format!("token from {host}: refused, once more without credentials")
                });
                match self.request_token(realm, token_request, None, execution) {
                    // The error about the credentials is the more useful one.
                    Err(other) if is_refusal(&other) => Err(error),
                    granted => granted,
                }
            }
            (Err(error), None) if is_refusal(&error) => {
                Err(error.with_more(&lookup.source().note()))
            }
            (granted, _) => granted,
        }
    }

    /// Requests a token in the forms that the token server may support.
    fn request_token(
        &self,
        realm: &Realm,
        token_request: &TokenRequest,
        found: Option<&Found>,
        execution: &Execution,
    ) -> Result<Grant, Error> {
        let host = realm.url.authority();
        let credential = found.map(|found| &found.credential);
        let forms = self.auth.forms(&token_request.realm, credential);
        let mut refusal = None;
        for form in forms {
            self.log.note(execution.limits(), Level::Info, || {
                let method = match form {
                    Form::Get => "GET",
                    Form::Post => "POST",
                };
                let scopes = token_request.scopes.to_string();
                let scopes = if scopes.is_empty() {
                    "no scope"
                } else {
                    &scopes
                };
                format!("token from {host} by {method} for {scopes}")
            });
            let (status, grant) =
                self.request_in_form(realm, token_request, credential, form, execution)?;
            match grant {
                Ok(grant) => {
                    self.auth.remember_form(&token_request.realm, form);
                    return Ok(grant);
                }
                // The user should read the error of the first form.
                Err(error) => {
                    let tries_next = token::may_be_unsupported(form, status);
                    let error = refusal.get_or_insert(error);
                    if !tries_next {
                        return Err(error.clone());
                    }
                }
            }
        }
        let none = || {
            Error::new(
                Kind::TokenRefused,
                format!("token from {host}: no form of request is possible"),
            )
        };
        Err(refusal.unwrap_or_else(none))
    }

    fn request_in_form(
        &self,
        realm: &Realm,
        token_request: &TokenRequest,
        credential: Option<&Credential>,
        form: Form,
        execution: &Execution,
    ) -> Result<(u16, Result<Grant, Error>), Error> {
        let host = realm.url.authority();
        let origin: Origin = realm.url.origin();
        let (account, secret) = match credential {
            Some(Credential::Basic { username, password }) => (Some(username), Some(password)),
            Some(Credential::IdentityToken { username, token }) => (Some(username), Some(token)),
            _ => (None, None),
        };
        let mut headers = Headers::default();
        let mut body = Body::default();
        let mut authorization = None;
        let (method, url) = match form {
            Form::Get => {
                if let (Some(account), Some(secret)) = (account, secret) {
                    authorization = Some(basic(account, secret));
                }
                (
                    "GET",
                    token::by_get(&realm.url, token_request, account.map(String::as_str))?,
                )
            }
            Form::Post => {
                headers.add("Content-Type", b"application/x-www-form-urlencoded");
                if let Some(form) =
                    credential.and_then(|known| token::by_post(token_request, known))
                {
                    body = Body::secret(&form);
                }
                ("POST", realm.url.clone())
            }
        };
        let mut response = self.send(
            Send {
                method,
                url,
                headers,
                authorization: authorization.as_ref().map(|value| (&origin, value)),
                purpose: Purpose::Token,
                director: realm.director,
                follow_redirects: true,
                appends: false,
            },
            &mut body,
            execution,
        )?;
        let body = read_capped(&mut response.raw, &host)?;
        let status = response.raw.status;
        let headers = &response.raw.headers;
        let grant = token::read_response(status, headers.text("date"), &body, &host);
        let grant = grant.map_err(|error| {
            let wait = retry_after::read(headers, date::now);
            self.scrub(error.with_retry_after(wait))
        });
        Ok((status, grant))
    }
}

/// The URL of a token server, and the server that named it.
struct Realm {
    url: Url,
    director: Director,
}

/// Whether a token server rejected the credentials, or requires some.
fn is_refusal(error: &Error) -> bool {
    error.kind() == Kind::TokenRefused && matches!(error.http_status(), 401 | 403)
}

/// The body of a token server's response.
fn read_capped(response: &mut RawResponse, host: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut kept = Zeroizing::new(Vec::new());
    response
        .body
        .deliver(&mut |piece| {
            if kept.len() + piece.len() > token::MAX_RESPONSE {
                let max = token::MAX_RESPONSE;
                let message = format!("token from {host}: the response is longer than {max} bytes");
                return Err(Error::new(Kind::TokenRefused, message));
            }
            kept.try_reserve(piece.len())
                .map_err(|_| Error::no_memory("token response"))?;
            kept.extend_from_slice(piece);
            Ok(())
        })
        .map_err(|error| error.at(Step::Token).with_host(host))?;
    Ok(kept)
}
