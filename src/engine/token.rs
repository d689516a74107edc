//! Asking a token server.

use std::time::SystemTime;

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
use crate::http::header::retry_after;
use crate::http::headers::Headers;
use crate::http::hooks::Purpose;
use crate::http::url::{Origin, Url};
use crate::log::Level;
use crate::request::call::Call;
use crate::transport::RawResponse;

impl Engine {
    /// A token: one that is kept, one that another thread fetches, or one
    /// fetched here.
    pub(super) fn token(
        &self,
        wanted: &TokenRequest,
        subject: &Subject,
        call: &Call,
    ) -> Result<Authorization, Error> {
        let served = subject.scopes.as_ref();
        let tokens = &self.auth.tokens;
        let mut timed_out = false;
        loop {
            let waiter = match tokens.join(wanted, served) {
                Role::Have(authorization) => return Ok(authorization),
                Role::Fetch(fetcher) => {
                    return match self.fetch(wanted, subject, call) {
                        Ok(grant) => Ok(fetcher.done(grant, served)),
                        Err(error) => {
                            let error = error.at(Step::Token).without(|text| self.scrubbed(text));
                            fetcher.failed(&error);
                            Err(error)
                        }
                    };
                }
                Role::Wait(waiter) => waiter,
            };
            match waiter.wait(&call.limits)? {
                Outcome::Done(authorization) => {
                    tokens.serve(wanted, served);
                    return Ok(authorization);
                }
                Outcome::Failed(error) => return Err(error),
                // A server that is silent for one may be so for all: once more.
                Outcome::Abandoned(Some(error)) if timed_out => return Err(error),
                Outcome::Abandoned(error) => timed_out |= error.is_some(),
            }
        }
    }

    /// Looks the credentials up and asks with them.
    fn fetch(&self, wanted: &TokenRequest, subject: &Subject, call: &Call) -> Result<Grant, Error> {
        let realm = token::realm(&wanted.realm)?;
        let origin = realm.origin();
        let host = realm.authority();
        let repository = subject.repository.as_deref();
        let lookup = self
            .auth
            .lookup(repository, &call.limits, &self.report_lookup())?;
        if let Some(found) = &lookup.found {
            if let Credential::BearerToken(token) = &found.credential {
                return Ok(Grant::ready(token.clone()));
            }
            self.auth.check_realm(&origin)?;
        } else if crate::auth::realm::loses_tls(&self.address.origin(), &origin) {
            self.auth.check_realm(&origin)?;
        }
        let asked = self.ask(&realm, wanted, lookup.found.as_ref(), call);
        match (asked, &lookup.found) {
            (Err(error), Some(found)) if is_refusal(&error) => {
                let error = error.with_more(&format!(" (credentials: {})", found.source));
                if !self.anonymous_fallback || !wanted.scopes.only_pull() {
                    return Err(error);
                }
                self.note(Level::Info, || {
                    format!("token from {host}: refused, once more without credentials")
                });
                match self.ask(&realm, wanted, None, call) {
                    // Where nobody is let in, what is wrong with the credentials counts.
                    Err(other) if is_refusal(&other) => Err(error),
                    asked => asked,
                }
            }
            (Err(error), None) if is_refusal(&error) && !lookup.tried.is_empty() => {
                let tried = lookup.tried.join("; ");
                Err(error.with_more(&format!(" (no credentials in {tried})")))
            }
            (asked, _) => asked,
        }
    }

    /// What writes to the log where credentials were looked for.
    pub(super) fn report_lookup(&self) -> impl Fn(Option<&str>, &Lookup) {
        |repository, lookup| {
            self.note(Level::Info, || {
                let registry = self.address.origin().authority();
                let place =
                    repository.map_or(registry.clone(), |name| format!("{registry}/{name}"));
                let found = lookup.found.as_ref();
                let source = found.map_or("none", |found| &found.source);
                let tried = match lookup.tried.as_slice() {
                    [] => String::new(),
                    tried => format!(", nothing in {}", tried.join("; ")),
                };
                format!("credentials for {place}: {source}{tried}")
            });
        }
    }

    /// Asks in the forms that the token server may speak.
    fn ask(
        &self,
        realm: &Url,
        wanted: &TokenRequest,
        found: Option<&Found>,
        call: &Call,
    ) -> Result<Grant, Error> {
        let host = realm.authority();
        let credential = found.map(|found| &found.credential);
        let forms = self.auth.forms(&wanted.realm, credential);
        let mut refusal = None;
        for form in forms {
            self.note(Level::Info, || {
                let way = match form {
                    Form::Get => "GET",
                    Form::Post => "POST",
                };
                let scopes = wanted.scopes.to_string();
                let scopes = if scopes.is_empty() {
                    "no scope"
                } else {
                    &scopes
                };
                format!("token from {host} by {way} for {scopes}")
            });
            let (status, grant) = self.ask_once(realm, wanted, credential, form, call)?;
            match grant {
                Ok(grant) => {
                    self.auth.remember_form(&wanted.realm, form);
                    return Ok(grant);
                }
                // What the first form says is what the user should read.
                Err(error) => {
                    let goes_on = token::is_not_spoken(form, status);
                    let error = refusal.get_or_insert(error);
                    if !goes_on {
                        return Err(error.clone());
                    }
                }
            }
        }
        let none = || {
            Error::new(
                Kind::TokenRefused,
                format!("token from {host}: no way to ask"),
            )
        };
        Err(refusal.unwrap_or_else(none))
    }

    fn ask_once(
        &self,
        realm: &Url,
        wanted: &TokenRequest,
        credential: Option<&Credential>,
        form: Form,
        call: &Call,
    ) -> Result<(u16, Result<Grant, Error>), Error> {
        let host = realm.authority();
        let origin: Origin = realm.origin();
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
                    token::by_get(realm, wanted, account.map(String::as_str))?,
                )
            }
            Form::Post => {
                headers.add("Content-Type", b"application/x-www-form-urlencoded");
                if let Some(form) = credential.and_then(|known| token::by_post(wanted, known)) {
                    body = Body::secret(&form);
                }
                ("POST", realm.clone())
            }
        };
        let mut answered = self.send(
            Send {
                method,
                url,
                headers,
                authorization: authorization.as_ref().map(|value| (&origin, value)),
                purpose: Purpose::Token,
            },
            &mut body,
            call,
        )?;
        let body = read_capped(&mut answered.answer, &host)?;
        let status = answered.answer.status;
        let headers = &answered.answer.headers;
        let grant = token::read_answer(status, headers.text("date"), &body, &host);
        let grant = grant.map_err(|error| {
            let wait = retry_after::read(headers, SystemTime::now());
            error
                .with_retry_after(wait)
                .without(|text| self.scrubbed(text))
        });
        Ok((status, grant))
    }
}

/// Whether a token server wants other credentials.
fn is_refusal(error: &Error) -> bool {
    error.kind() == Kind::TokenRefused && matches!(error.http_status(), 401 | 403)
}

/// The body of a token server's answer.
fn read_capped(answer: &mut RawResponse, host: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
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
