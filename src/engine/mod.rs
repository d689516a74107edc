//! Sends one request: with authorization, challenges, tokens, redirects, and
//! once more if a kept connection turns out to be closed.

mod challenges;
mod frame;
mod message;
pub(crate) mod retry;
mod send;
mod sent_secrets;
mod token;
pub(crate) mod trace;
pub(crate) mod warnings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use self::message::EngineResponse;
use self::message::Send;
use crate::auth::challenge::Challenge;
use crate::auth::scope::Scopes;
use crate::auth::uploads::{self, UploadStep};
use crate::auth::{Authenticator, Authorization, Subject, scope};
use crate::config::Config;
use crate::error::{Error, Step};
use crate::http::cookies::CookieJar;
use crate::http::headers::Headers;
use crate::http::hooks::{Purpose, ResponseCallback, SendCallback};
use crate::http::redirect::RedirectCallback;
use crate::http::url::syntax::text_of_header;
use crate::http::url::{Origin, Url};
use crate::log::Log;
use crate::log::secrets::Secrets;
use crate::os::deadline::{CallLimits, Reserved};
use crate::request::Request;
use crate::request::address::Address;
use crate::request::call::Execution;
use crate::transport::{Director, Transport};

/// Sends requests of one client.
pub(crate) struct Engine {
    pub(crate) address: Arc<Address>,
    transport: Transport,
    auth: Authenticator,
    pub(crate) log: Log,
    user_agent: String,
    anonymous_fallback: bool,
    max_redirects: u32,
    redirect_callback: Option<RedirectCallback>,
    send_callback: Option<SendCallback>,
    response_callback: Option<ResponseCallback>,
    cookies: Option<Arc<CookieJar>>,
    /// Servers that a warning about credentials over plain http named.
    warned: Mutex<Vec<Origin>>,
    /// What the registry's root requires, once it has returned it.
    root_challenges: Mutex<Option<RootChallenges>>,
}

/// The challenges of the registry's root, and the server that sent them.
#[derive(Clone)]
struct RootChallenges {
    challenges: Vec<Challenge>,
    director: Director,
}

/// The realm and the service of a challenge.
type TokenServer = (String, Option<String>);

/// How often a request is sent within an attempt: first, after a challenge, and
/// once more if the token's scope turns out to be insufficient.
const MAX_SENDS: u32 = 3;

/// The authorization of a request within an attempt.
#[derive(Default)]
struct AuthState {
    sends: u32,
    /// The scopes of the token, if it was requested for this request.
    scopes: Option<Scopes>,
    /// What was sent last.
    sent: Option<Authorization>,
    /// It was obtained after a challenge of this attempt.
    is_fresh: bool,
    /// What the registry rejected.
    rejected: Option<Authorization>,
    /// The token servers that tokens were requested from.
    tried: Vec<TokenServer>,
    /// The repository that the challenge named, if the path names none.
    repository: Option<String>,
}

impl Engine {
    /// Takes a connection to each registry for a call.
    pub(crate) fn reserve(all: &[&Engine], limits: &CallLimits) -> Result<Option<Reserved>, Error> {
        let all: Vec<_> = all
            .iter()
            .map(|engine| (&engine.transport, engine.address.origin_ref()))
            .collect();
        Transport::reserve(&all, limits)
    }

    /// Shares connections, tokens and cookies with another engine if the
    /// settings allow it.
    pub(crate) fn new(
        address: Arc<Address>,
        config: &Config,
        other: Option<(&Engine, &Config)>,
    ) -> Result<Engine, Error> {
        let own = address.origin();
        // Shared in any case: tokens and connections come with their secrets.
        let secrets: Arc<Secrets> = match other {
            Some((other, _)) => Arc::clone(other.log.secrets()),
            None => Arc::default(),
        };
        let transport = match other {
            Some((other, theirs)) if config.shares_connections_with(theirs) => {
                other.transport.sharing()
            }
            _ => Transport::new(config, own.clone(), &secrets)?,
        };
        let log = Log::new(config.log.clone(), config.debug, &secrets);
        let with_tokens = match other {
            Some((other, theirs)) if config.shares_tokens_with(theirs) => Some(&other.auth),
            _ => None,
        };
        let cookies = config.cookies.then(|| {
            let known = other.and_then(|(other, _)| other.cookies.clone());
            known.unwrap_or_default()
        });
        Ok(Engine {
            transport,
            auth: Authenticator::new(own, config, with_tokens, log.clone())?,
            log,
            user_agent: config.user_agent.clone(),
            anonymous_fallback: config.anonymous_fallback,
            max_redirects: config.max_redirects,
            redirect_callback: config.redirect_callback.clone(),
            send_callback: config.send_callback.clone(),
            response_callback: config.response_callback.clone(),
            cookies,
            warned: Mutex::new(Vec::new()),
            root_challenges: Mutex::default(),
            address,
        })
    }

    fn warned(&self) -> MutexGuard<'_, Vec<Origin>> {
        self.warned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one attempt to send a request, and answers its challenges.
    pub(crate) fn attempt(
        &self,
        request: &mut Request,
        execution: &Execution,
    ) -> Result<EngineResponse, Error> {
        let limits = execution.limits();
        limits.check(Step::Prepare)?;
        let own = self.address.origin_ref();
        let mut auth = AuthState::default();
        loop {
            sent_secrets::add_headers(self.log.secrets(), &request.headers);
            let url = request.resolved(&self.address)?;
            let method = request.method().to_owned();
            let mut headers = request.headers.clone();
            if !url.is_at(own) || request.is_anonymous {
                // The URL, such as an upload's Location, may name any server.
                self.strip_secrets(&mut headers);
            } else if auth.sends > 0 {
                // The challenge replaces it.
                headers.remove("authorization");
            } else if !headers.contains("authorization") && self.takes_authorization(&url) {
                auth.sent = self.auth.known(|| self.subject(&method, &url), limits)?;
            }
            auth.sends += 1;
            let purpose = match auth.sends {
                1 if execution.attempt.get() > 1 => Purpose::Retry,
                1 => Purpose::First,
                _ => Purpose::Challenge,
            };
            let response = self.send(
                Send {
                    method: &method,
                    url: url.clone(),
                    headers,
                    authorization: auth.sent.as_ref().map(|value| (&**own, value)),
                    purpose,
                    director: request.director,
                    follow_redirects: request.follow_redirects,
                    appends: request.continues_upload || method == "PATCH",
                },
                &mut request.body,
                execution,
            )?;
            let is_ours = !response.left_origin && response.url.is_at(own);
            let status = response.raw.status;
            if !matches!(status, 401 | 403) {
                self.note_upload(&method, &url, &auth, &response);
                return Ok(response);
            }
            if !is_ours || request.is_anonymous {
                return Ok(response);
            }
            let subject = self.subject(&method, &url);
            let repository = subject.repository.clone();
            let refused = match request.follow_challenge && auth.sends < MAX_SENDS {
                true => self.respond_to_challenge(response, subject, &mut auth, execution)?,
                false => Some(response),
            };
            if let Some(response) = refused {
                let is_own = auth.sent.is_none() && auth.rejected.is_none();
                if is_own && request.headers.contains("authorization") {
                    return Ok(response);
                }
                let repository = auth.repository.take().or(repository);
                let note = match status {
                    401 => self.auth.rejected(&repository, limits),
                    _ => None,
                };
                return Ok(EngineResponse { note, ..response });
            }
            if let Some(callback) = request.challenge.clone() {
                callback(request).map_err(|error| error.with_http_status(status))?;
            }
        }
    }

    /// What a request needs authorization for. `url` is at the registry's origin.
    fn subject(&self, method: &str, url: &Url) -> Subject {
        let is_write = matches!(method, "POST" | "PUT" | "PATCH" | "DELETE");
        if let Some(repository) = self.auth.uploads.repository(url) {
            return Subject {
                scopes: Some(scope::for_upload(&repository)),
                repository: Some(repository),
                is_ping: false,
                is_upload: true,
                is_write,
            };
        }
        let Some(path) = self.address.relative(url) else {
            return Subject {
                is_write,
                ..Subject::default()
            };
        };
        let target = scope::Target::of_path(path);
        Subject {
            is_upload: target.as_ref().is_some_and(|target| target.is_upload),
            repository: target.map(|target| target.name),
            scopes: scope::for_request(method, path),
            is_ping: matches!(path.split('?').next(), Some("/v2/" | "/v2")),
            is_write,
        }
    }

    /// Whether authorization may be sent before a challenge.
    fn takes_authorization(&self, url: &Url) -> bool {
        let path = self.address.relative(url);
        path.is_some_and(|path| path.starts_with("/v2/"))
            || self.auth.uploads.repository(url).is_some()
    }

    /// Follows an upload to the URL where it continues.
    fn note_upload(&self, method: &str, url: &Url, auth: &AuthState, response: &EngineResponse) {
        let status = response.raw.status;
        let location = response.raw.headers.get("location");
        // Most responses are none of this, so check the cheapest first.
        let may_matter = location.is_some() || uploads::may_end(method);
        if !uploads::may_continue(status) || !(may_matter || auth.repository.is_some()) {
            return;
        }
        let own = self.address.origin_ref();
        if response.left_origin || !url.is_at(own) {
            return;
        }
        let subject = self.subject(method, url);
        let of_path = subject.repository.filter(|_| subject.is_upload);
        let Some(repository) = auth.repository.as_ref().or(of_path.as_ref()) else {
            return;
        };
        let location =
            location.and_then(|location| response.url.resolve(&text_of_header(location)).ok());
        let next = location.as_ref().unwrap_or(url);
        self.auth.uploads.follow(&UploadStep {
            method,
            status,
            url,
            repository,
            next: next.is_at(own).then_some(next),
            next_path: self.address.relative(next),
        });
    }

    /// Remembers the repository of an upload, unless it is in its URL.
    pub(crate) fn remember_upload(&self, url: &Url, repository: &str) {
        let target = self.address.relative(url).and_then(scope::Target::of_path);
        if url.is_at(self.address.origin_ref()) && target.is_none() {
            self.auth.uploads.remember(url, repository);
        }
    }

    /// Removes the headers that must not be sent to another origin: those that
    /// the log hides.
    fn strip_secrets(&self, headers: &mut Headers) {
        headers.retain(|name, value| !self.log.hides(name, value));
    }

    /// Covers every secret in an error's message.
    fn scrub(&self, error: Error) -> Error {
        self.log.secrets().scrub_error(error)
    }
}
