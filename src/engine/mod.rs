//! Sends one request: with authorization, challenges, tokens, redirects, and
//! once more if a kept connection turns out to be closed.

mod frame;
mod message;
pub(crate) mod retry;
mod send;
mod token;
pub(crate) mod trace;
pub(crate) mod warnings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use once_cell::sync::OnceCell;

pub(crate) use self::message::EngineResponse;
use self::message::Send;
use crate::auth::challenge::Challenge;
use crate::auth::scope::Scopes;
use crate::auth::token_cache::Tokens;
use crate::auth::{Authenticator, Authorization, Reply, Subject, challenge, scope};
use crate::body::Body;
use crate::config::Config;
use crate::error::{Error, Step};
use crate::http::cookies::CookieJar;
use crate::http::headers::Headers;
use crate::http::hooks::{Purpose, ResponseCallback, SendCallback};
use crate::http::redirect::RedirectCallback;
use crate::http::url::{Origin, Url};
use crate::log::Log;
use crate::log::secrets::Secrets;
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
    root_challenges: OnceCell<RootChallenges>,
}

/// The challenges of the registry's root, and the server that sent them.
#[derive(Clone)]
struct RootChallenges {
    challenges: Vec<Challenge>,
    director: Director,
}

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
}

impl Engine {
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
        let tokens = match other {
            Some((other, theirs)) if config.shares_tokens_with(theirs) => {
                Arc::clone(&other.auth.tokens)
            }
            _ => Arc::new(Tokens::new(&secrets)),
        };
        let log = Log::new(config.log.clone(), config.debug, &secrets);
        let cookies = config.cookies.then(|| {
            let known = other.and_then(|(other, _)| other.cookies.clone());
            known.unwrap_or_default()
        });
        Ok(Engine {
            transport,
            auth: Authenticator::new(own, config, tokens, log.clone())?,
            log,
            user_agent: config.user_agent.clone(),
            anonymous_fallback: config.anonymous_fallback,
            max_redirects: config.max_redirects,
            redirect_callback: config.redirect_callback.clone(),
            send_callback: config.send_callback.clone(),
            response_callback: config.response_callback.clone(),
            cookies,
            warned: Mutex::new(Vec::new()),
            root_challenges: OnceCell::new(),
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
            let url = request.resolved(&self.address)?;
            let method = request.method().to_owned();
            let mut headers = request.headers.clone();
            if !url.is_at(own) {
                // The URL, such as an upload's Location, may name any server.
                self.strip_secrets(&mut headers);
            } else if auth.sends > 0 {
                // The challenge replaces it.
                headers.remove("authorization");
            } else if !headers.contains("authorization") && self.is_registry_path(&url) {
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
                    authorization: auth.sent.as_ref().map(|value| (own, value)),
                    purpose,
                    director: request.director,
                    follow_redirects: request.follow_redirects,
                },
                &mut request.body,
                execution,
            )?;
            let is_ours = !response.left_origin && response.url.is_at(own);
            let status = response.raw.status;
            if !matches!(status, 401 | 403)
                || !is_ours
                || !request.follow_challenge
                || auth.sends >= MAX_SENDS
            {
                return Ok(response);
            }
            let subject = self.subject(&method, &url);
            match self.respond_to_challenge(response, &subject, &auth, execution)? {
                ChallengeOutcome::Response(response) => return Ok(*response),
                ChallengeOutcome::Authorization(authorization, scopes) => {
                    auth.sent = Some(authorization);
                    auth.scopes = scopes;
                    auth.is_fresh = true;
                }
            }
            if let Some(callback) = request.challenge.clone() {
                callback(request).map_err(|error| error.with_http_status(status))?;
            }
        }
    }

    /// Answers the challenge of a 401, or of a 403 that requires more scope.
    fn respond_to_challenge(
        &self,
        response: EngineResponse,
        subject: &Subject,
        auth: &AuthState,
        execution: &Execution,
    ) -> Result<ChallengeOutcome, Error> {
        let status = response.raw.status;
        let fields = response.raw.headers.all("www-authenticate");
        let mut challenges = challenge::parse(fields);
        let problem = challenges.iter().find_map(|one| one.param("error"));
        let can_continue = match problem {
            Some("insufficient_scope") => true,
            Some("invalid_token") => status == 401,
            // Otherwise what was just granted for this challenge was rejected.
            _ => status == 401 && !auth.is_fresh,
        };
        if !can_continue {
            return Ok(ChallengeOutcome::Response(Box::new(response)));
        }
        let mut director = response.raw.director;
        if challenges.is_empty() && !subject.is_ping {
            RootChallenges {
                challenges,
                director,
            } = self.root_challenges(execution)?;
        }
        if let Some(sent) = &auth.sent {
            self.auth.forget(sent);
        }
        match self.auth.reply(&challenges, subject, auth.scopes.as_ref()) {
            Reply::Unsupported => Ok(ChallengeOutcome::Response(Box::new(response))),
            Reply::Basic => {
                let repository = subject.repository.clone();
                match self.auth.basic_for(repository, execution.limits())? {
                    // The same again would be rejected again.
                    Some(basic) if auth.sent.as_ref() != Some(&basic) => {
                        response.raw.body.drain();
                        Ok(ChallengeOutcome::Authorization(basic, None))
                    }
                    _ => Ok(ChallengeOutcome::Response(Box::new(response))),
                }
            }
            Reply::Bearer(token_request) => {
                // First, so that the token request can use the connection.
                response.raw.body.drain();
                let authorization = self.token(&token_request, subject, director, execution)?;
                Ok(ChallengeOutcome::Authorization(
                    authorization,
                    Some(token_request.scopes),
                ))
            }
        }
    }

    /// The authorization for a subject, without sending a request for it first;
    /// `None` if the registry requires none, or there are no credentials.
    pub(crate) fn authorization(
        &self,
        subject: &Subject,
        execution: &Execution,
    ) -> Result<Option<Authorization>, Error> {
        let limits = execution.limits();
        let known = self.auth.known(|| subject.clone(), limits)?;
        if known.is_some() {
            return Ok(known);
        }
        let RootChallenges {
            challenges,
            director,
        } = self.root_challenges(execution)?;
        match self.auth.reply(&challenges, subject, None) {
            Reply::Unsupported => Ok(None),
            Reply::Basic => self.auth.basic_for(subject.repository.clone(), limits),
            Reply::Bearer(token_request) => {
                let token = self.token(&token_request, subject, director, execution);
                token.map(Some)
            }
        }
    }

    /// Forgets an authorization, so that a new one is obtained.
    pub(crate) fn forget(&self, authorization: &Authorization) {
        self.auth.forget(authorization);
    }

    /// The challenges of the registry's root, which is sent one request in the
    /// client's life. Some registries answer 401 elsewhere without a challenge.
    fn root_challenges(&self, execution: &Execution) -> Result<RootChallenges, Error> {
        if let Some(known) = self.root_challenges.get() {
            return Ok(known.clone());
        }
        let challenges = self.ping(execution)?;
        Ok(self.root_challenges.get_or_init(|| challenges).clone())
    }

    fn ping(&self, execution: &Execution) -> Result<RootChallenges, Error> {
        let response = self.send(
            Send {
                method: "GET",
                url: self.address.url_for("/v2/")?,
                headers: Headers::default(),
                authorization: None,
                purpose: Purpose::Token,
                director: Director::Caller,
                follow_redirects: true,
            },
            &mut Body::default(),
            execution,
        )?;
        let is_ours = !response.left_origin && response.url.is_at(self.address.origin_ref());
        let fields = response.raw.headers.all("www-authenticate");
        let challenges = match response.raw.status {
            401 if is_ours => challenge::parse(fields),
            _ => Vec::new(),
        };
        let director = response.raw.director;
        response.raw.body.drain();
        Ok(RootChallenges {
            challenges,
            director,
        })
    }

    fn subject(&self, method: &str, url: &Url) -> Subject {
        let Some(path) = self.address.relative(url) else {
            return Subject::default();
        };
        let is_ping = matches!(path.split('?').next(), Some("/v2/" | "/v2"));
        Subject {
            repository: scope::repository(path),
            scopes: scope::for_request(method, path),
            is_ping,
        }
    }

    fn is_registry_path(&self, url: &Url) -> bool {
        self.address
            .relative(url)
            .is_some_and(|path| path.starts_with("/v2/"))
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

/// What comes after a challenge.
enum ChallengeOutcome {
    /// It cannot be answered: the response stands.
    Response(Box<EngineResponse>),
    /// What to send, and the scopes that it was requested for.
    Authorization(Authorization, Option<Scopes>),
}
