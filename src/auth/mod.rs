//! How to answer challenges: which scheme, which token, and what is cached.
//! Nothing here sends requests.

mod authorization;
pub(crate) mod challenge;
pub(crate) mod credentials;
pub(crate) mod flight;
mod lifetime;
pub(crate) mod realm;
pub(crate) mod scope;
mod secret_json;
pub(crate) mod token;
pub(crate) mod token_cache;
pub(crate) mod uploads;
mod waiter;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

pub(crate) use self::authorization::{Authorization, basic, bearer};
use self::challenge::Challenge;
use self::credentials::store::{CredentialStore, Lookup, Source};
use self::scope::Scopes;
use self::token::{Form, TokenRequest};
use self::token_cache::Tokens;
use self::uploads::Uploads;
use crate::config::{Config, Credential, RealmCallback};
use crate::error::{Error, Kind, Step};
use crate::http::url::Origin;
use crate::log::secrets::Secret;
use crate::log::{Level, Log};
use crate::os::deadline::CallLimits;

/// The maximum number of repositories for which something is remembered.
const MAX_REPOSITORIES: usize = 256;
/// The maximum number of credentials that are kept out of logs and messages.
const MAX_SECRETS: usize = 256;
/// The maximum number of realms whose preferred form is remembered.
const MAX_FORMS: usize = 64;

/// What a challenge requires.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Basic, with the credentials for the repository.
    Basic,
    /// A token; several challenges are alternatives.
    Bearer(Vec<TokenRequest>),
    /// No supported scheme.
    Unsupported,
}

/// What a request needs authorization for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) repository: Option<String>,
    /// What it needs, if method and path say so.
    pub(crate) scopes: Option<Scopes>,
    /// Ignore the challenge's scope: registries answer the ping with
    /// placeholders.
    pub(crate) is_ping: bool,
    /// A request for an upload.
    pub(crate) is_upload: bool,
    /// The method stores or deletes something.
    pub(crate) is_write: bool,
}

/// Credentials and tokens for the registry of one client.
pub(crate) struct Authenticator {
    registry: Origin,
    store: CredentialStore,
    /// Requested in place of the challenge's scope.
    scope: Option<Scopes>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) uploads: Arc<Uploads>,
    /// The registry's last challenge was Basic.
    uses_basic: AtomicBool,
    state: Mutex<State>,
    allowed_realms: Vec<String>,
    realm_callback: Option<RealmCallback>,
    log: Log,
}

#[derive(Default)]
struct State {
    /// By repository, what was found for it; `None` = nothing.
    basic: HashMap<Option<String>, Option<Authorization>>,
    /// By repository, where credentials were found the last time, or not.
    sources: HashMap<Option<String>, Source>,
    secrets: Vec<Secret>,
    /// The form that a realm granted a token for.
    forms: HashMap<String, Form>,
}

impl Authenticator {
    /// Shares what is cached with a client that uses the same credentials.
    pub(crate) fn new(
        registry: Origin,
        config: &Config,
        other: Option<&Authenticator>,
        log: Log,
    ) -> Result<Authenticator, Error> {
        let results = other.map(|other| other.store.helper_results());
        let auth = Authenticator {
            registry,
            store: CredentialStore::new(config, results.unwrap_or_default())?,
            scope: config.auth_scope.as_deref().map(Scopes::parse),
            tokens: match other {
                Some(other) => Arc::clone(&other.tokens),
                None => Arc::new(Tokens::new(log.secrets())),
            },
            uploads: other.map_or_else(Arc::default, |other| Arc::clone(&other.uploads)),
            uses_basic: AtomicBool::new(false),
            state: Mutex::new(State::default()),
            allowed_realms: config.allowed_realms.clone(),
            realm_callback: config.realm_callback.clone(),
            log,
        };
        for credential in auth.store.known() {
            auth.add_secrets(credential);
        }
        Ok(auth)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credential for a repository, and where it was looked for. May run a
    /// callback and a credential helper, so no lock may be held.
    pub(crate) fn lookup(
        &self,
        repository: Option<&str>,
        limits: &CallLimits,
    ) -> Result<Lookup, Error> {
        let lookup = self
            .store
            .lookup(&self.registry, repository, limits)
            .map_err(|error| {
                let registry = self.registry.authority();
                error.at(Step::Credentials).with_host(&registry)
            })?;
        if let Some(found) = &lookup.found {
            self.add_secrets(&found.credential);
        }
        self.log.note(limits, Level::Info, || {
            let place = self.place(repository);
            let found = lookup.found.as_ref();
            let source = found.map_or("none", |found| &found.source);
            let tried = match lookup.tried.as_slice() {
                [] => String::new(),
                tried => format!(", nothing in {}", tried.join("; ")),
            };
            format!("credentials for {place}: {source}{tried}")
        });
        remember(
            &mut self.state().sources,
            MAX_REPOSITORIES,
            repository.map(str::to_owned),
            lookup.source(),
        );
        Ok(lookup)
    }

    /// A repository for the log.
    fn place(&self, repository: Option<&str>) -> String {
        let registry = self.registry.authority();
        repository.map_or(registry.clone(), |name| format!("{registry}/{name}"))
    }

    /// Logs that the registry rejected the credentials for a repository. Returns
    /// where they came from, for the error; `None` if they were not looked up.
    pub(crate) fn rejected(
        &self,
        repository: &Option<String>,
        limits: &CallLimits,
    ) -> Option<String> {
        let source = self.state().sources.get(repository).cloned()?;
        if let Some(found) = &source.found {
            self.log.note(limits, Level::Info, || {
                let place = self.place(repository.as_deref());
                format!("credentials for {place}: those from {found} were rejected")
            });
        }
        Some(source.note())
    }

    /// Keeps a credential out of logs and messages.
    fn add_secrets(&self, credential: &Credential) {
        let mut parts = Vec::with_capacity(2);
        match credential {
            Credential::Basic { username, password } => {
                parts.push(password.clone());
                let pair = basic(username, password);
                parts.push(Zeroizing::new(pair.trim_start_matches("Basic ").to_owned()));
            }
            Credential::IdentityToken { token, .. } | Credential::BearerToken(token) => {
                parts.push(token.clone());
            }
        }
        let mut state = self.state();
        for secret in parts {
            if !state.secrets.iter().any(|known| **known == secret) {
                if state.secrets.len() >= MAX_SECRETS {
                    state.secrets.remove(0);
                }
                state.secrets.push(self.log.secrets().add(secret));
            }
        }
    }

    /// The authorization to send to a path of the registry before any
    /// challenge.
    pub(crate) fn known(
        &self,
        subject: impl FnOnce() -> Subject,
        limits: &CallLimits,
    ) -> Result<Option<Authorization>, Error> {
        if self.uses_basic.load(Ordering::Relaxed) {
            let repository = subject().repository;
            // If nothing was found, only a challenge causes another lookup.
            if let Some(known) = self.state().basic.get(&repository) {
                return Ok(known.clone());
            }
            return self.basic_for(repository, limits);
        }
        Ok(self.tokens.known(|| subject().scopes))
    }

    /// Basic authorization for a repository, if there are credentials.
    pub(crate) fn basic_for(
        &self,
        repository: Option<String>,
        limits: &CallLimits,
    ) -> Result<Option<Authorization>, Error> {
        if let Some(Some(known)) = self.state().basic.get(&repository) {
            return Ok(Some(known.clone()));
        }
        let lookup = self.lookup(repository.as_deref(), limits)?;
        let authorization = match lookup.found.map(|found| found.credential) {
            Some(Credential::Basic { username, password }) => Some(basic(&username, &password)),
            // Some registries accept a token in place of a password.
            Some(Credential::IdentityToken { username, token }) if !username.is_empty() => {
                Some(basic(&username, &token))
            }
            Some(Credential::BearerToken(token)) => Some(bearer(&token)),
            _ => None,
        };
        let known = &mut self.state().basic;
        remember(known, MAX_REPOSITORIES, repository, authorization.clone());
        Ok(authorization)
    }

    /// How long an authorization is used from now on, if it is a token.
    pub(crate) fn time_left(&self, authorization: &Authorization) -> Option<Duration> {
        self.tokens.time_left(authorization)
    }

    /// Forgets an authorization that the registry rejected.
    pub(crate) fn forget(&self, rejected: &Authorization) {
        let is_rejected = |known: &mut Option<Authorization>| known.as_ref() == Some(rejected);
        self.state().basic.retain(|_, known| !is_rejected(known));
        self.tokens.drop_rejected(rejected);
        self.store
            .forget_helper_results(|credential| match credential {
                Credential::Basic { username, password } => basic(username, password) == *rejected,
                Credential::IdentityToken { username, token } => {
                    basic(username, token) == *rejected
                }
                Credential::BearerToken(token) => bearer(token) == *rejected,
            });
    }

    /// Forgets a credential of a helper that a token server refused.
    pub(crate) fn forget_credential(&self, refused: &Credential) {
        self.store
            .forget_helper_results(|credential| credential == refused);
    }

    /// How to answer the challenges of the registry. `requested` are the scopes
    /// of the token that the same request was sent with before.
    pub(crate) fn reply(
        &self,
        challenges: &[Challenge],
        subject: &Subject,
        requested: Option<&Scopes>,
    ) -> Reply {
        let mut tokens: Vec<TokenRequest> = challenges
            .iter()
            .filter(|challenge| is_bearer(challenge))
            .map(|challenge| self.token_request(challenge, subject, requested))
            .collect();
        if !tokens.is_empty() {
            self.uses_basic.store(false, Ordering::Relaxed);
            if tokens.len() > 1 {
                // First those that have granted a token before.
                let state = self.state();
                let others: Vec<TokenRequest>;
                (tokens, others) = tokens
                    .into_iter()
                    .partition(|token| state.forms.contains_key(&token.realm));
                tokens.extend(others);
            }
            return Reply::Bearer(tokens);
        }
        let has_basic = challenges.iter().any(|one| one.scheme == "basic");
        if has_basic {
            self.uses_basic.store(true, Ordering::Relaxed);
            return Reply::Basic;
        }
        Reply::Unsupported
    }

    fn token_request(
        &self,
        challenge: &Challenge,
        subject: &Subject,
        requested: Option<&Scopes>,
    ) -> TokenRequest {
        let scopes = match &self.scope {
            Some(scope) => scope.clone(),
            None if subject.is_ping => Scopes::default(),
            None => {
                // Some registries name less than the request needs.
                let named = Scopes::parse(challenge.param("scope").unwrap_or_default());
                // GHCR names pull for an upload too.
                let named = match &subject.scopes {
                    None if subject.is_write => named.with_push(),
                    _ => named,
                };
                let needed = subject.scopes.clone().unwrap_or_default();
                let before = requested.cloned().unwrap_or_default();
                needed.union(&named).union(&before)
            }
        };
        let service = challenge.param("service").filter(|name| !name.is_empty());
        TokenRequest {
            realm: challenge.param("realm").unwrap_or_default().to_owned(),
            service: service.map(str::to_owned),
            scopes,
        }
    }

    /// Whether credentials may be sent to a token server.
    pub(crate) fn check_realm(&self, realm: &Origin, limits: &CallLimits) -> Result<(), Error> {
        let (registry, shown) = (self.registry.authority(), realm.authority());
        let refuse = |why: &str| {
            let message = format!("token realm {shown} of {registry}: {why}");
            Err(Error::new(Kind::RealmRefused, message).with_host(&shown))
        };
        if realm::loses_tls(&self.registry, realm) {
            return refuse("it is plain http, and the registry is https");
        }
        if realm::belongs(&self.registry, realm) || realm::is_allowed(realm, &self.allowed_realms) {
            return Ok(());
        }
        if let Some(callback) = self.realm_callback.clone() {
            let (registry, realm) = (registry.clone(), shown.clone());
            let allowed = limits.call_back(Step::Token, move || callback(&registry, &realm))?;
            if allowed.map_err(|error| error.with_host(&shown))? {
                return Ok(());
            }
        }
        refuse("it is at another site, and not allowed to receive credentials")
    }

    /// The forms of a token request to try, the likeliest first.
    pub(crate) fn forms(&self, realm: &str, credential: Option<&Credential>) -> Vec<Form> {
        let forms = match credential {
            None | Some(Credential::BearerToken(_)) => return vec![Form::Get],
            Some(Credential::Basic { .. }) => vec![Form::Get, Form::Post],
            // Basic needs a user name too.
            Some(Credential::IdentityToken { username, .. }) if username.is_empty() => {
                return vec![Form::Post];
            }
            Some(Credential::IdentityToken { .. }) => vec![Form::Post, Form::Get],
        };
        match self.state().forms.get(realm) {
            Some(form) if forms[0] != *form => forms.into_iter().rev().collect(),
            _ => forms,
        }
    }

    /// Remembers the form that a realm has granted a token for.
    pub(crate) fn remember_form(&self, realm: &str, form: Form) {
        remember(&mut self.state().forms, MAX_FORMS, realm.to_owned(), form);
    }
}

/// Adds or replaces an entry of a map of limited size.
fn remember<K: Eq + Hash, V>(map: &mut HashMap<K, V>, max: usize, key: K, value: V) {
    if map.len() < max || map.contains_key(&key) {
        map.insert(key, value);
    }
}

/// Whether a token can be requested for a challenge.
pub(crate) fn is_bearer(challenge: &Challenge) -> bool {
    challenge.scheme == "bearer" && challenge.param("realm").is_some()
}

#[cfg(test)]
mod tests;
