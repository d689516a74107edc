//! Answers to challenges: which scheme, which token, and what is kept of them.
//! Nothing here talks to a server.

mod authorization;
pub(crate) mod challenge;
mod clock;
pub(crate) mod credentials;
pub(crate) mod flight;
pub(crate) mod realm;
pub(crate) mod scope;
mod secret_json;
pub(crate) mod token;
pub(crate) mod token_cache;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

pub(crate) use self::authorization::{Authorization, basic, bearer};
use self::challenge::Challenge;
use self::credentials::store::{CredentialStore, Lookup};
use self::scope::Scopes;
use self::token::{Form, TokenRequest};
use self::token_cache::Tokens;
use crate::config::{Config, Credential, RealmCallback};
use crate::error::{Error, Kind, Step};
use crate::http::url::Origin;
use crate::os::deadline::CallLimits;

/// The most repositories whose Basic authorization is kept.
const MAX_BASIC: usize = 256;
/// The most credentials that are kept so that no log shows them.
const MAX_SECRETS: usize = 256;
/// The most realms of which it is remembered how they are asked.
const MAX_FORMS: usize = 64;

/// Hears what a look-up for a repository came to.
pub(crate) type LookupReporter<'a> = &'a dyn Fn(Option<&str>, &Lookup);

/// What a challenge calls for.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Basic, with the credentials for the repository.
    Basic,
    /// A token.
    Bearer(TokenRequest),
    /// Nothing that we speak.
    Nothing,
}

/// What a request is about, as far as authorization goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) repository: Option<String>,
    /// What it wants, as far as method and path tell.
    pub(crate) scopes: Option<Scopes>,
    /// The challenge's scope means nothing: registries answer the ping with
    /// placeholders.
    pub(crate) is_ping: bool,
}

/// Credentials and tokens for the registry of one client.
pub(crate) struct Authenticator {
    registry: Origin,
    store: CredentialStore,
    /// Asked for in place of what challenges name.
    scope: Option<Scopes>,
    pub(crate) tokens: Arc<Tokens>,
    /// The registry has asked for Basic.
    asks_basic: AtomicBool,
    state: Mutex<State>,
    allowed_realms: Vec<String>,
    realm_callback: Option<RealmCallback>,
}

#[derive(Default)]
struct State {
    /// By repository, what was found for it; `None` = nothing.
    basic: HashMap<Option<String>, Option<Authorization>>,
    secrets: Vec<Zeroizing<String>>,
    /// How a realm is asked, where that is not as usual.
    forms: HashMap<String, Form>,
}

impl Authenticator {
    /// With these tokens, which were granted by the same credentials.
    pub(crate) fn new(
        registry: Origin,
        config: &Config,
        tokens: Arc<Tokens>,
    ) -> Result<Authenticator, Error> {
        let auth = Authenticator {
            registry,
            store: CredentialStore::new(config)?,
            scope: config.auth_scope.as_deref().map(Scopes::parse),
            tokens,
            asks_basic: AtomicBool::new(false),
            state: Mutex::new(State::default()),
            allowed_realms: config.allowed_realms.clone(),
            realm_callback: config.realm_callback.clone(),
        };
        for credential in auth.store.known() {
            auth.hide(credential);
        }
        Ok(auth)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credential for a repository, and where it was looked for. No lock is
    /// held: it may call back, and run a program.
    pub(crate) fn lookup(
        &self,
        repository: Option<&str>,
        limits: &CallLimits,
        report_lookup: LookupReporter<'_>,
    ) -> Result<Lookup, Error> {
        let lookup = self
            .store
            .lookup(&self.registry, repository, limits)
            .map_err(|error| {
                let registry = self.registry.authority();
                error.at(Step::Credentials).with_host(&registry)
            })?;
        if let Some(found) = &lookup.found {
            self.hide(&found.credential);
        }
        report_lookup(repository, &lookup);
        Ok(lookup)
    }

    /// Makes sure that no log line and no message shows a credential.
    fn hide(&self, credential: &Credential) {
        let mut hidden = Vec::with_capacity(2);
        match credential {
            Credential::Basic { username, password } => {
                hidden.push(password.clone());
                let pair = basic(username, password);
                hidden.push(Zeroizing::new(pair.trim_start_matches("Basic ").to_owned()));
            }
            Credential::IdentityToken { token, .. } | Credential::BearerToken(token) => {
                hidden.push(token.clone());
            }
        }
        let mut state = self.state();
        for secret in hidden {
            if !state.secrets.contains(&secret) {
                if state.secrets.len() >= MAX_SECRETS {
                    state.secrets.remove(0);
                }
                state.secrets.push(secret);
            }
        }
    }

    /// What can be sent without waiting for a challenge, to a path of the
    /// registry.
    pub(crate) fn known(
        &self,
        subject: impl FnOnce() -> Subject,
        limits: &CallLimits,
        report_lookup: LookupReporter<'_>,
    ) -> Result<Option<Authorization>, Error> {
        if self.asks_basic.load(Ordering::Relaxed) {
            let repository = subject().repository;
            // Where nothing was found, a challenge is awaited before another look.
            if let Some(known) = self.state().basic.get(&repository) {
                return Ok(known.clone());
            }
            return self.basic_for(repository, limits, report_lookup);
        }
        Ok(self.tokens.known(|| subject().scopes))
    }

    /// Basic with the credentials for a repository, if there are any.
    pub(crate) fn basic_for(
        &self,
        repository: Option<String>,
        limits: &CallLimits,
        report_lookup: LookupReporter<'_>,
    ) -> Result<Option<Authorization>, Error> {
        if let Some(Some(known)) = self.state().basic.get(&repository) {
            return Ok(Some(known.clone()));
        }
        let lookup = self.lookup(repository.as_deref(), limits, report_lookup)?;
        let authorization = match lookup.found.map(|found| found.credential) {
            Some(Credential::Basic { username, password }) => Some(basic(&username, &password)),
            // Some registries take a token in place of a password.
            Some(Credential::IdentityToken { username, token }) if !username.is_empty() => {
                Some(basic(&username, &token))
            }
            Some(Credential::BearerToken(token)) => Some(bearer(&token)),
            _ => None,
        };
        let mut state = self.state();
        if state.basic.len() < MAX_BASIC || state.basic.contains_key(&repository) {
            state.basic.insert(repository, authorization.clone());
        }
        Ok(authorization)
    }

    /// Forgets what the registry does not take.
    pub(crate) fn forget(&self, rejected: &Authorization) {
        let is_rejected = |known: &mut Option<Authorization>| known.as_ref() == Some(rejected);
        self.state().basic.retain(|_, known| !is_rejected(known));
        self.tokens.drop_rejected(rejected);
    }

    /// What answers the challenges of a registry. `asked` is what was asked
    /// for this request before.
    pub(crate) fn reply(
        &self,
        challenges: &[Challenge],
        subject: &Subject,
        asked: Option<&Scopes>,
    ) -> Reply {
        let bearer = challenges
            .iter()
            .find(|challenge| challenge.scheme == "bearer" && challenge.param("realm").is_some());
        if let Some(challenge) = bearer {
            self.asks_basic.store(false, Ordering::Relaxed);
            return Reply::Bearer(self.wanted(challenge, subject, asked));
        }
        let has_basic = challenges.iter().any(|one| one.scheme == "basic");
        if has_basic {
            self.asks_basic.store(true, Ordering::Relaxed);
            return Reply::Basic;
        }
        Reply::Nothing
    }

    fn wanted(
        &self,
        challenge: &Challenge,
        subject: &Subject,
        asked: Option<&Scopes>,
    ) -> TokenRequest {
        let scopes = match &self.scope {
            Some(scope) => scope.clone(),
            None if subject.is_ping => Scopes::default(),
            None => {
                // Some registries name less than the request needs.
                let named = Scopes::parse(challenge.param("scope").unwrap_or_default());
                let wanted = subject.scopes.clone().unwrap_or_default();
                let before = asked.cloned().unwrap_or_default();
                wanted.union(&named).union(&before)
            }
        };
        let service = challenge.param("service").filter(|name| !name.is_empty());
        TokenRequest {
            realm: challenge.param("realm").unwrap_or_default().to_owned(),
            service: service.map(str::to_owned),
            scopes,
        }
    }

    /// Whether credentials may go to a token server.
    pub(crate) fn check_realm(&self, realm: &Origin) -> Result<(), Error> {
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
        if let Some(callback) = &self.realm_callback
            && callback(&registry, &shown).map_err(|error| error.with_host(&shown))?
        {
            return Ok(());
        }
        refuse("it is at another site, and not allowed to receive credentials")
    }

    /// The forms in which a realm is asked, the likeliest first.
    pub(crate) fn forms(&self, realm: &str, credential: Option<&Credential>) -> Vec<Form> {
        let usual = match credential {
            None | Some(Credential::BearerToken(_)) => return vec![Form::Get],
            Some(Credential::Basic { .. }) => vec![Form::Get, Form::Post],
            // Basic needs a name beside the token.
            Some(Credential::IdentityToken { username, .. }) if username.is_empty() => {
                return vec![Form::Post];
            }
            Some(Credential::IdentityToken { .. }) => vec![Form::Post, Form::Get],
        };
        match self.state().forms.get(realm) {
            Some(form) if usual[0] != *form => usual.into_iter().rev().collect(),
            _ => usual,
        }
    }

    /// Remembers the form that a realm has granted a token for.
    pub(crate) fn remember_form(&self, realm: &str, form: Form) {
        let mut state = self.state();
        if state.forms.len() < MAX_FORMS || state.forms.contains_key(realm) {
            state.forms.insert(realm.to_owned(), form);
        }
    }

    /// All that no log line and no message may show.
    pub(crate) fn secrets(&self) -> Vec<Zeroizing<String>> {
        let mut secrets = self.state().secrets.clone();
        secrets.extend(self.tokens.secrets());
        secrets
    }
}

#[cfg(test)]
mod tests;
