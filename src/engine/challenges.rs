//! Answering the challenges of the registry.

use std::time::Duration;

use std::sync::PoisonError;

use super::message::{EngineResponse, Send};
use super::{AuthState, Engine, RootChallenges, TokenServer};
use crate::auth::challenge::{self, Challenge};
use crate::auth::token::TokenRequest;
use crate::auth::{Authorization, Reply, Subject, is_bearer};
use crate::body::Body;
use crate::error::{Error, Kind, Step};
use crate::http::headers::Headers;
use crate::http::hooks::Purpose;
use crate::log::Level;
use crate::request::call::Execution;
use crate::transport::Director;

impl Engine {
    /// Answers the challenge of a 401, or of a 403 that requires more scope, and
    /// prepares the next send. Returns the response if there is none.
    pub(super) fn respond_to_challenge(
        &self,
        response: EngineResponse,
        mut subject: Subject,
        auth: &mut AuthState,
        execution: &Execution,
    ) -> Result<Option<EngineResponse>, Error> {
        let status = response.raw.status;
        let fields = response.raw.headers.all("www-authenticate");
        let mut challenges = challenge::parse(fields);
        if !can_continue(status, &challenges, auth) {
            if challenges.is_empty() {
                // What the root returned may be outdated.
                *self.root() = None;
            }
            return Ok(Some(response));
        }
        if let Some(sent) = &auth.sent
            && sent.starts_with("Bearer ")
            && !auth.is_fresh
            && self.lacks_scope(&challenges)
        {
            self.auth.forget(sent);
            auth.rejected = auth.sent.take();
            response.raw.body.drain();
            return Ok(None);
        }
        let mut director = response.raw.director;
        if challenges.is_empty() && !subject.is_ping {
            RootChallenges {
                challenges,
                director,
            } = self.root_challenges(execution, true)?;
        }
        if let Some(sent) = auth.sent.take() {
            self.auth.forget(&sent);
            auth.rejected = Some(sent);
        }
        match self.auth.reply(&challenges, &subject, auth.scopes.as_ref()) {
            Reply::Unsupported => return Ok(Some(response)),
            Reply::Basic => {
                let repository = subject.repository.clone();
                match self.auth.basic_for(repository, execution.limits())? {
                    // The same again would be rejected again.
                    Some(basic) if auth.rejected.as_ref() != Some(&basic) => {
                        response.raw.body.drain();
                        auth.sent = Some(basic);
                        auth.scopes = None;
                    }
                    _ => return Ok(Some(response)),
                }
            }
            Reply::Bearer(requests) => {
                // First, so that the token request can use the connection.
                response.raw.body.drain();
                if subject.repository.is_none() && subject.is_write {
                    let named = requests.first().and_then(|one| one.scopes.repository());
                    auth.repository = named.map(str::to_owned);
                    subject.repository.clone_from(&auth.repository);
                }
                let (authorization, used) =
                    self.any_token(requests, &subject, director, &mut auth.tried, execution)?;
                auth.sent = Some(authorization);
                auth.scopes = Some(used.scopes);
            }
        }
        auth.is_fresh = true;
        Ok(None)
    }

    /// Whether the challenges that reject a token do not tell the scope that is
    /// required. It is in the challenge of a request without authorization:
    /// Harbor answers a token that is too narrow by a Basic challenge, others by
    /// none.
    fn lacks_scope(&self, challenges: &[Challenge]) -> bool {
        match challenges {
            // Not if the registry has challenges at its root only.
            [] => self.root().is_none(),
            _ => {
                let offers_basic = challenges.iter().any(|one| one.scheme == "basic");
                offers_basic && !challenges.iter().any(is_bearer)
            }
        }
    }

    /// A token for one of several alternative challenges. If all fail, the error
    /// is that of the first. `tried` are the servers that were already used.
    fn any_token(
        &self,
        requests: Vec<TokenRequest>,
        subject: &Subject,
        director: Director,
        tried: &mut Vec<TokenServer>,
        execution: &Execution,
    ) -> Result<(Authorization, TokenRequest), Error> {
        let server = |one: &TokenRequest| (one.realm.clone(), one.service.clone());
        let is_tried = |request: &TokenRequest| tried.contains(&server(request));
        let (again, new): (Vec<_>, Vec<_>) = requests.into_iter().partition(is_tried);
        let mut first = None;
        // The same again only if there is no other.
        for request in if new.is_empty() { again } else { new } {
            tried.push(server(&request));
            let error = match self.token(&request, subject, director, execution) {
                Ok(authorization) => return Ok((authorization, request)),
                Err(error) => error,
            };
            if !is_of_token_server(&error) {
                return Err(first.unwrap_or(error));
            }
            self.log.note(execution.limits(), Level::Info, || {
                format!("challenge not answered: {}", error.message())
            });
            first.get_or_insert(error);
        }
        // What the root returned may be outdated.
        *self.root() = None;
        let none = || Error::new(Kind::TokenRefused, "no challenge names a token realm");
        Err(first.unwrap_or_else(none))
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
        } = self.root_challenges(execution, false)?;
        match self.auth.reply(&challenges, subject, None) {
            Reply::Unsupported => Ok(None),
            Reply::Basic => self.auth.basic_for(subject.repository.clone(), limits),
            Reply::Bearer(requests) => {
                let token = self.any_token(requests, subject, director, &mut Vec::new(), execution);
                token.map(|(authorization, _)| Some(authorization))
            }
        }
    }

    /// How long an authorization is used from now on, if it is a token.
    pub(crate) fn time_left(&self, authorization: &Authorization) -> Option<Duration> {
        self.auth.time_left(authorization)
    }

    /// Whether the registry's root has sent a challenge.
    pub(crate) fn has_challenges(&self) -> bool {
        let root = self.root();
        root.as_ref()
            .is_some_and(|root| !root.challenges.is_empty())
    }

    /// Forgets an authorization, so that a new one is obtained.
    pub(crate) fn forget(&self, authorization: &Authorization) {
        self.auth.forget(authorization);
    }

    /// The challenges of the registry's root. Some registries answer 401
    /// elsewhere without a challenge. `is_required`: such a 401 shows that the
    /// registry is not open, whatever its root returned before.
    fn root_challenges(
        &self,
        execution: &Execution,
        is_required: bool,
    ) -> Result<RootChallenges, Error> {
        let known = self.root().clone();
        if let Some(known) = known.filter(|known| !is_required || !known.challenges.is_empty()) {
            return Ok(known);
        }
        let found = self.ping(execution)?;
        if found.is_some() {
            self.root().clone_from(&found);
        }
        Ok(found.unwrap_or_else(|| RootChallenges {
            challenges: Vec::new(),
            director: Director::Caller,
        }))
    }

    fn root(&self) -> std::sync::MutexGuard<'_, Option<RootChallenges>> {
        let root = self.root_challenges.lock();
        root.unwrap_or_else(PoisonError::into_inner)
    }

    /// The challenges of the registry's root; `None` if the response does not
    /// tell, because the registry is not available or a gateway answered.
    fn ping(&self, execution: &Execution) -> Result<Option<RootChallenges>, Error> {
        let url = self.address.url_for("/v2/")?;
        let response = self.send(
            Send {
                method: "GET",
                url: url.clone(),
                headers: Headers::default(),
                authorization: None,
                purpose: Purpose::Token,
                director: Director::Caller,
                follow_redirects: true,
                appends: false,
            },
            &mut Body::default(),
            execution,
        )?;
        let is_ours = !response.left_origin && response.url.is_at(self.address.origin_ref());
        let headers = &response.raw.headers;
        let content_type = headers.text("content-type").unwrap_or_default();
        let is_page = content_type.to_ascii_lowercase().contains("html");
        let challenges = match response.raw.status {
            401 if is_ours => {
                let found = challenge::parse(headers.all("www-authenticate"));
                let is_supported = |one: &Challenge| is_bearer(one) || one.scheme == "basic";
                found.iter().any(is_supported).then_some(found)
            }
            // The registry is open.
            200..300 if is_ours && !is_page && response.url == url => Some(Vec::new()),
            _ => None,
        };
        let director = response.raw.director;
        response.raw.body.drain();
        Ok(challenges.map(|challenges| RootChallenges {
            challenges,
            director,
        }))
    }
}

/// Whether another send may succeed.
fn can_continue(status: u16, challenges: &[Challenge], auth: &AuthState) -> bool {
    let is_new = |one: &Challenge| {
        let service = one.param("service").filter(|name| !name.is_empty());
        let mut tried = auth.tried.iter();
        let is_tried = tried.any(|(realm, other)| {
            Some(realm.as_str()) == one.param("realm") && other.as_deref() == service
        });
        is_bearer(one) && !is_tried
    };
    match challenges.iter().find_map(|one| one.param("error")) {
        Some("insufficient_scope") => true,
        Some("invalid_token") => status == 401,
        // Otherwise what was just granted for this challenge was rejected.
        _ if auth.is_fresh => {
            // Several challenges are alternatives: try the next one.
            status == 401 && !auth.tried.is_empty() && challenges.iter().any(is_new)
        }
        _ => status == 401,
    }
}

/// Whether an error concerns one token server, so that another one may work.
fn is_of_token_server(error: &Error) -> bool {
    let is_of_call = matches!(
        error.kind(),
        Kind::Cancelled
            | Kind::Deadline
            | Kind::CallbackMisuse
            | Kind::RedirectCallback
            | Kind::ExchangeCallback
            | Kind::RealmCallback
            | Kind::CredentialCallback
            | Kind::ProgressCallback
            | Kind::FilterCallback
            | Kind::NoMemory
    );
    !is_of_call && error.step() != Step::Credentials
}
