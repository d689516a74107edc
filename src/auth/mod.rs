//! Answers to challenges: which scheme, which token, and what is kept of them.
//! Nothing here talks to a server.

pub(crate) mod challenge;
pub(crate) mod scope;
pub(crate) mod token;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use self::challenge::Challenge;
use self::scope::Scopes;
use self::token::{Grant, TokenRequest};
use crate::config::{Config, Credentials};
use crate::error::Error;

/// The most tokens that a client keeps.
const MAX_TOKENS: usize = 256;

/// The value of an Authorization field; wiped when dropped.
pub(crate) type Authorization = Zeroizing<String>;

/// What a challenge calls for.
pub(crate) enum Reply {
    /// This can be sent now.
    Ready(Authorization),
    /// A token must be fetched first.
    Fetch(TokenRequest),
    /// Nothing that we have answers it.
    Nothing,
}

/// Credentials and tokens for the registry of one client.
pub(crate) struct Authenticator {
    credentials: Option<Credentials>,
    /// Asked for in place of what challenges name.
    scope: Option<Scopes>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The registry has asked for Basic.
    basic: bool,
    tokens: Vec<Token>,
}

struct Token {
    realm: String,
    service: Option<String>,
    scopes: Scopes,
    /// What requests wanted for which the registry named other scopes.
    served: Vec<Scopes>,
    value: Zeroizing<String>,
    expires: Instant,
}

impl Token {
    fn serves(&self, wanted: &Scopes) -> bool {
        self.scopes.covers(wanted) || self.served.contains(wanted)
    }

    fn authorization(&self) -> Authorization {
        bearer(&self.value)
    }
}

fn bearer(token: &str) -> Authorization {
    Zeroizing::new(format!("Bearer {token}"))
}

fn basic(credentials: &Credentials) -> Authorization {
    let pair = Zeroizing::new(format!(
        "{}:{}",
        credentials.username,
        credentials.password.as_str()
    ));
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    Zeroizing::new(format!("Basic {}", encoded.as_str()))
}

impl Authenticator {
    pub(crate) fn new(config: &Config) -> Authenticator {
        Authenticator {
            credentials: config.credentials.clone(),
            scope: config.auth_scope.as_deref().map(Scopes::parse),
            state: Mutex::new(State::default()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be sent without waiting for a challenge, to a path of the
    /// registry; `wanted` tells the scopes that the request wants.
    pub(crate) fn known(&self, wanted: impl FnOnce() -> Option<Scopes>) -> Option<Authorization> {
        let state = self.state();
        if state.basic {
            return self.credentials.as_ref().map(basic);
        }
        if state.tokens.is_empty() {
            return None;
        }
        let wanted = &wanted()?;
        let now = Instant::now();
        state
            .tokens
            .iter()
            .find(|token| token.expires > now && token.serves(wanted))
            .map(Token::authorization)
    }

    /// What answers the challenges of a 401. `rejected` is the Authorization
    /// of ours that the 401 came for, if there was one.
    pub(crate) fn reply(
        &self,
        challenges: &[Challenge],
        wanted: Option<&Scopes>,
        rejected: Option<&Authorization>,
    ) -> Result<Reply, Error> {
        if let Some(rejected) = rejected {
            let mut state = self.state();
            state
                .tokens
                .retain(|token| token.authorization() != *rejected);
        }
        let bearer = challenges
            .iter()
            .find(|challenge| challenge.scheme == "bearer" && challenge.param("realm").is_some());
        if let Some(challenge) = bearer {
            return self.reply_bearer(challenge, wanted);
        }
        if !challenges
            .iter()
            .any(|challenge| challenge.scheme == "basic")
        {
            return Ok(Reply::Nothing);
        }
        let Some(credentials) = &self.credentials else {
            return Ok(Reply::Nothing);
        };
        let authorization = basic(credentials);
        if rejected == Some(&authorization) {
            // The same again would be refused again.
            return Ok(Reply::Nothing);
        }
        self.state().basic = true;
        Ok(Reply::Ready(authorization))
    }

    fn reply_bearer(&self, challenge: &Challenge, wanted: Option<&Scopes>) -> Result<Reply, Error> {
        let scopes = match &self.scope {
            Some(scope) => scope.clone(),
            None => Scopes::parse(challenge.param("scope").unwrap_or_default()),
        };
        let request = TokenRequest::new(
            challenge.param("realm").unwrap_or_default(),
            challenge.param("service"),
            scopes,
            self.credentials.as_ref(),
        )?;
        let mut state = self.state();
        // The registry asks for tokens now, whatever it asked for before.
        state.basic = false;
        let now = Instant::now();
        let known = state.tokens.iter_mut().find(|token| {
            token.expires > now
                && token.realm == request.realm
                && token.service == request.service
                && !request.scopes.is_empty()
                && token.scopes.covers(&request.scopes)
        });
        match known {
            Some(token) => {
                if let Some(wanted) = wanted
                    && !token.serves(wanted)
                {
                    token.served.push(wanted.clone());
                }
                Ok(Reply::Ready(token.authorization()))
            }
            None => Ok(Reply::Fetch(request)),
        }
    }

    /// The Basic authorization that asks for a token, if there are credentials.
    pub(crate) fn for_realm(&self) -> Option<Authorization> {
        self.credentials.as_ref().map(basic)
    }

    /// Keeps a token that was granted, and gives what is to be sent.
    pub(crate) fn keep(
        &self,
        request: TokenRequest,
        grant: Grant,
        wanted: Option<&Scopes>,
    ) -> Authorization {
        let authorization = bearer(&grant.token);
        let served = match wanted {
            Some(wanted) if !request.scopes.covers(wanted) => vec![wanted.clone()],
            _ => Vec::new(),
        };
        let token = Token {
            realm: request.realm,
            service: request.service,
            scopes: request.scopes,
            served,
            value: grant.token,
            expires: grant.expires,
        };
        let now = Instant::now();
        let mut state = self.state();
        state.tokens.retain(|old| {
            let replaced = old.realm == token.realm
                && old.service == token.service
                && old.scopes == token.scopes;
            old.expires > now && !replaced
        });
        if state.tokens.len() >= MAX_TOKENS {
            state.tokens.remove(0);
        }
        state.tokens.push(token);
        authorization
    }

    /// All that no log line and no message may show.
    pub(crate) fn secrets(&self) -> Vec<Zeroizing<String>> {
        let mut secrets = Vec::new();
        if let Some(credentials) = &self.credentials {
            secrets.push(credentials.password.clone());
            let pair = basic(credentials);
            secrets.push(Zeroizing::new(pair.trim_start_matches("Basic ").to_owned()));
        }
        let state = self.state();
        secrets.extend(state.tokens.iter().map(|token| token.value.clone()));
        secrets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn authenticator(user: Option<(&str, &str)>) -> Authenticator {
        let mut config = Config::new();
        if let Some((user, password)) = user {
            config.set_credentials(user, password).expect("valid");
        }
        Authenticator::new(&config)
    }

    fn challenges(header: &str) -> Vec<Challenge> {
        challenge::parse([header.as_bytes()])
    }

    #[test]
    fn basic_is_answered_once_and_remembered() {
        let auth = authenticator(Some(("user", "pass")));
        assert!(auth.known(|| None).is_none());
        let list = challenges("Basic realm=\"x\"");
        let Ok(Reply::Ready(first)) = auth.reply(&list, None, None) else {
            panic!("credentials answer basic");
        };
        assert_eq!(first.as_str(), "Basic dXNlcjpwYXNz");
        assert_eq!(auth.known(|| None).as_ref(), Some(&first));
        let again = auth.reply(&list, None, Some(&first));
        assert!(matches!(again, Ok(Reply::Nothing)));
    }

    #[test]
    fn nobody_has_nothing_to_say_to_basic() {
        let auth = authenticator(None);
        let reply = auth.reply(&challenges("Basic realm=x"), None, None);
        assert!(matches!(reply, Ok(Reply::Nothing)));
        let reply = auth.reply(&challenges("Negotiate abc=="), None, None);
        assert!(matches!(reply, Ok(Reply::Nothing)));
    }

    #[test]
    fn a_token_serves_what_its_scopes_cover_until_it_is_rejected() {
        let auth = authenticator(None);
        let header = "Bearer realm=\"https://auth.example/token\",service=\"s\",\
                      scope=\"repository:a/b:pull,push\"";
        let Ok(Reply::Fetch(request)) = auth.reply(&challenges(header), None, None) else {
            panic!("no token is known");
        };
        let grant = Grant {
            token: Zeroizing::new("t1".to_owned()),
            expires: Instant::now() + Duration::from_secs(60),
        };
        let sent = auth.keep(request, grant, None);
        assert_eq!(sent.as_str(), "Bearer t1");
        let pull = Scopes::parse("repository:a/b:pull");
        assert_eq!(auth.known(|| Some(pull.clone())).as_ref(), Some(&sent));
        assert!(
            auth.known(|| Some(Scopes::parse("repository:a/c:pull")))
                .is_none()
        );
        assert!(auth.known(|| None).is_none());
        let again = auth.reply(&challenges(header), Some(&pull), Some(&sent));
        assert!(matches!(again, Ok(Reply::Fetch(_))));
        assert!(auth.known(|| Some(pull.clone())).is_none());
    }
}
