//! What lies between a request and its answer: challenges, tokens, redirects,
//! and the connection that closed under a request.

mod frame;
mod message;
pub(crate) mod retry;
mod send;
mod token;
pub(crate) mod trace;
pub(crate) mod warnings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use crate::request::call::Call;

use once_cell::sync::OnceCell;

pub(crate) use self::message::EngineResponse;
use self::message::Send;
use crate::auth::challenge::Challenge;
use crate::auth::scope::Scopes;
use crate::auth::{Authenticator, Authorization, Reply, Subject, challenge, scope};
use crate::body::Body;
use crate::config::Config;
use crate::error::{Error, Step};
use crate::http::cookies::CookieJar;
use crate::http::headers::Headers;
use crate::http::hooks::{Purpose, ResponseCallback, SendCallback};
use crate::http::redirect::RedirectCallback;
use crate::http::url::{Origin, Url};
use crate::log::{Level, Log, redact};
use crate::request::Request;
use crate::request::address::Address;
use crate::transport;
use crate::transport::Transport;

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
    /// Whom credentials went to in the clear.
    warned: Mutex<Vec<Origin>>,
    /// What the registry's root asked for.
    root_challenges: OnceCell<Vec<Challenge>>,
}

/// How often a request is sent: at first, with what answers the challenge, and
/// once more where a token turns out to be too little.
const MAX_SENDS: u32 = 3;

/// What was asked for a request so far.
#[derive(Default)]
struct Asked {
    sends: u32,
    scopes: Option<Scopes>,
    /// The last one that was sent.
    sent: Option<Authorization>,
    /// It was asked for after a challenge of this call.
    is_fresh: bool,
}

impl Engine {
    /// With the connections, tokens and cookies of another one, as far as the
    /// settings allow it.
    pub(crate) fn new(
        address: Arc<Address>,
        config: &Config,
        other: Option<(&Engine, &Config)>,
    ) -> Result<Engine, Error> {
        let own = address.origin();
        let transport = match other {
            Some((other, theirs)) if config.connects_as(theirs) => other.transport.sharing(),
            _ => Transport::new(config, own.clone())?,
        };
        let tokens = match other {
            Some((other, theirs)) if config.asks_as(theirs) => Arc::clone(&other.auth.tokens),
            _ => Arc::default(),
        };
        let cookies = config.cookies.then(|| {
            let known = other.and_then(|(other, _)| other.cookies.clone());
            known.unwrap_or_default()
        });
        Ok(Engine {
            transport,
            auth: Authenticator::new(own, config, tokens)?,
            log: Log::new(config.log.clone(), config.debug),
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

    /// Sends a request, and again where its challenge can be answered.
    pub(crate) fn answer(
        &self,
        request: &mut Request,
        call: &Call,
    ) -> Result<EngineResponse, Error> {
        call.limits.check(Step::Prepare)?;
        let own = self.address.origin_ref();
        let mut asked = Asked::default();
        loop {
            let url = request.resolved(&self.address)?;
            let method = request.method().to_owned();
            let mut headers = request.headers.clone();
            if asked.sends > 0 || !url.is_at(own) {
                // It has given way to the challenge. And a URL, such as an
                // upload's Location, may lead anywhere.
                headers.remove("authorization");
            } else if !headers.contains("authorization") && self.is_registry_path(&url) {
                asked.sent = self.auth.known(
                    || self.subject(&method, &url),
                    &call.limits,
                    &self.report_lookup(),
                )?;
            }
            asked.sends += 1;
            let purpose = match asked.sends {
                1 if call.attempts.get() > 1 => Purpose::Retry,
                1 => Purpose::First,
                _ => Purpose::Challenge,
            };
            let answered = self.send(
                Send {
                    method: &method,
                    url: url.clone(),
                    headers,
                    authorization: asked.sent.as_ref().map(|value| (own, value)),
                    purpose,
                },
                &mut request.body,
                call,
            )?;
            let is_ours = !answered.left_origin && answered.url.is_at(own);
            let status = answered.answer.status;
            if !matches!(status, 401 | 403)
                || !is_ours
                || !request.follow_challenge
                || asked.sends >= MAX_SENDS
            {
                return Ok(answered);
            }
            let subject = self.subject(&method, &url);
            match self.answer_challenge(answered, &subject, &asked, call)? {
                ChallengeOutcome::Response(answered) => return Ok(*answered),
                ChallengeOutcome::Authorization(authorization, scopes) => {
                    asked.sent = Some(authorization);
                    asked.scopes = scopes;
                    asked.is_fresh = true;
                }
            }
            if let Some(callback) = request.challenge.clone() {
                callback(request).map_err(|error| error.with_http_status(status))?;
            }
        }
    }

    /// Answers the challenge of a 401, or of a 403 that asks for more scope.
    fn answer_challenge(
        &self,
        answered: EngineResponse,
        subject: &Subject,
        asked: &Asked,
        call: &Call,
    ) -> Result<ChallengeOutcome, Error> {
        let status = answered.answer.status;
        let fields = answered.answer.headers.all("www-authenticate");
        let mut challenges = challenge::parse(fields);
        let problem = challenges.iter().find_map(|one| one.param("error"));
        let goes_on = match problem {
            Some("insufficient_scope") => true,
            Some("invalid_token") => status == 401,
            // What was just granted for this very challenge is refused.
            _ => status == 401 && !asked.is_fresh,
        };
        if !goes_on {
            return Ok(ChallengeOutcome::Response(Box::new(answered)));
        }
        if challenges.is_empty() && !subject.is_ping {
            // Asked once, for all requests.
            challenges = match self.root_challenges.get() {
                Some(known) => known.clone(),
                None => {
                    let asked = self.ping(call)?;
                    self.root_challenges.get_or_init(|| asked).clone()
                }
            };
        }
        if let Some(sent) = &asked.sent {
            self.auth.forget(sent);
        }
        match self.auth.reply(&challenges, subject, asked.scopes.as_ref()) {
            Reply::Nothing => Ok(ChallengeOutcome::Response(Box::new(answered))),
            Reply::Basic => {
                let repository = subject.repository.clone();
                match self
                    .auth
                    .basic_for(repository, &call.limits, &self.report_lookup())?
                {
                    // The same again would be refused again.
                    Some(basic) if asked.sent.as_ref() != Some(&basic) => {
                        answered.answer.body.drain();
                        Ok(ChallengeOutcome::Authorization(basic, None))
                    }
                    _ => Ok(ChallengeOutcome::Response(Box::new(answered))),
                }
            }
            Reply::Bearer(wanted) => {
                // Before a token is fetched, which can then use the connection.
                answered.answer.body.drain();
                let authorization = self.token(&wanted, subject, call)?;
                Ok(ChallengeOutcome::Authorization(
                    authorization,
                    Some(wanted.scopes),
                ))
            }
        }
    }

    /// The challenges of the registry's root: some answer 401 to a request and
    /// do not say how to go on.
    fn ping(&self, call: &Call) -> Result<Vec<Challenge>, Error> {
        let answered = self.send(
            Send {
                method: "GET",
                url: self.address.url_for("/v2/")?,
                headers: Headers::default(),
                authorization: None,
                purpose: Purpose::Token,
            },
            &mut Body::default(),
            call,
        )?;
        let is_ours = !answered.left_origin && answered.url.is_at(self.address.origin_ref());
        let fields = answered.answer.headers.all("www-authenticate");
        let challenges = match answered.answer.status {
            401 if is_ours => challenge::parse(fields),
            _ => Vec::new(),
        };
        answered.answer.body.drain();
        Ok(challenges)
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

    /// Waits before another send.
    pub(crate) fn pause(&self, time: Duration, call: &Call) -> Result<(), Error> {
        transport::pause(time, &call.limits)
    }

    /// Writes to the log what `text` makes, without secrets.
    pub(crate) fn note(&self, level: Level, text: impl FnOnce() -> String) {
        if self.log.takes(level) {
            self.log.write(level, &self.scrubbed(&text()));
        }
    }

    fn scrubbed(&self, text: &str) -> String {
        let mut secrets = self.auth.secrets();
        secrets.extend(self.transport.secrets());
        let secrets: Vec<&str> = secrets.iter().map(|secret| secret.as_str()).collect();
        redact::scrub(text, &secrets)
    }
}

/// What became of a challenge.
enum ChallengeOutcome {
    /// It cannot be answered.
    Response(Box<EngineResponse>),
    /// What is to be sent, and the scopes that were asked for it.
    Authorization(Authorization, Option<Scopes>),
}
