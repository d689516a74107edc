//! Access control: credentials, tokens and challenges.

use crate::api::Route;
use crate::api::error::{Refusal, envelope};
use crate::http::Head;
use crate::options::{Auth, Options, TokenAuth};
use crate::response::Response;
use crate::server::Shared;
use crate::text::{is_name, random_hex};
use crate::token;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Matches every repository name.
const ANY: &str = "*";

/// The actions allowed on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) actions: Vec<String>,
}

impl Scope {
    fn new(kind: &str, name: &str, actions: &[&str]) -> Self {
        Scope {
            kind: kind.to_owned(),
            name: name.to_owned(),
            actions: actions.iter().map(|&action| action.to_owned()).collect(),
        }
    }

    /// All actions on all repositories.
    pub(crate) fn everything() -> Self {
        Scope::new("repository", ANY, &["pull", "push", "delete"])
    }

    /// Parses `kind:name:action,action`; the name may contain colons.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        Some(Scope::new(
            kind,
            name,
            &actions.split(',').collect::<Vec<_>>(),
        ))
    }

    fn covers(&self, other: &Scope) -> bool {
        self.kind == other.kind
            && (self.name == other.name || self.name == ANY)
            && other.actions.iter().all(|wanted| {
                self.actions
                    .iter()
                    .any(|have| have == wanted || have == "*")
            })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.name, self.actions.join(","))
    }
}

/// Authenticates and authorizes requests.
pub(crate) struct Guard {
    auth: Auth,
    basic_challenge: String,
    tokens: Mutex<Tokens>,
    state_key: hmac::Key,
}

#[derive(Default)]
struct Tokens {
    access: HashMap<String, Token>,
    refresh: HashSet<String>,
    /// The repositories for which a token with push was requested.
    pushed_to: HashSet<String>,
    first: First,
}

/// The state of the first token.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum First {
    #[default]
    Wanted,
    InTheMaking,
    Given,
}

struct Token {
    expires: Option<Instant>,
    scopes: Vec<Scope>,
}

impl Guard {
    pub(crate) fn new(options: &Options) -> Self {
        Guard {
            auth: options.auth.clone(),
            basic_challenge: options.basic_challenge.clone(),
            tokens: Mutex::default(),
            state_key: hmac::Key::new(hmac::HMAC_SHA256, random_hex(32).as_bytes()),
        }
    }

    /// Admits a request, or responds with 401.
    pub(crate) fn admit(&self, shared: &Shared, head: &Head, route: &Route) -> Result<(), Refusal> {
        match &self.auth {
            Auth::None => Ok(()),
            Auth::Basic { user, password } => {
                let given = basic(head);
                if given.is_some_and(|(u, p)| u == *user && p == *password) {
                    return Ok(());
                }
                let challenge = Some(self.basic_challenge.clone());
                Err(unauthorized("authentication required", &[], challenge))
            }
            Auth::Token(auth) => {
                let wanted = wanted(head, route);
                let fault = match bearer(head) {
                    None => None,
                    Some(token) => match self.check_token(token, &wanted) {
                        Ok(()) => return Ok(()),
                        Err(error) => Some(error),
                    },
                };
                let is_ping = *route == Route::Ping;
                let challenge = (is_ping || !auth.quirks.challenge_on_ping_alone).then(|| {
                    let scopes = named_scopes(auth, is_ping, &wanted);
                    let fault = fault.filter(|_| auth.names_error);
                    bearer_challenge(&shared.origin, head, auth, &scopes, fault)
                });
                Err(unauthorized("authentication required", &wanted, challenge))
            }
        }
    }

    fn check_token(&self, token: &str, wanted: &[Scope]) -> Result<(), &'static str> {
        let tokens = self.tokens();
        let token = tokens
            .access
            .get(token)
            .filter(|token| token.expires.is_none_or(|expires| Instant::now() < expires))
            .ok_or("invalid_token")?;
        let covered = |scope: &Scope| token.scopes.iter().any(|have| have.covers(scope));
        if wanted.iter().all(covered) {
            Ok(())
        } else {
            Err("insufficient_scope")
        }
    }

    pub(crate) fn token_auth(&self) -> Option<&TokenAuth> {
        match &self.auth {
            Auth::Token(auth) => Some(auth),
            _ => None,
        }
    }

    /// Issues a token for these scopes.
    pub(crate) fn issue(&self, auth: &TokenAuth, scopes: Vec<Scope>) -> String {
        let token = random_hex(24);
        let lifetime = auth.rejected_after.unwrap_or(auth.lifetime);
        let expires = Instant::now().checked_add(lifetime);
        self.tokens()
            .access
            .insert(token.clone(), Token { expires, scopes });
        token
    }

    /// Issues a refresh token for the user.
    pub(crate) fn issue_refresh(&self) -> String {
        let token = random_hex(24);
        self.tokens().refresh.insert(token.clone());
        token
    }

    pub(crate) fn knows_refresh(&self, token: &str) -> bool {
        self.tokens().refresh.contains(token)
    }

    /// Records a request for a token with push; returns whether it was the
    /// first for this repository.
    pub(crate) fn is_first_push(&self, name: &str) -> bool {
        self.tokens().pushed_to.insert(name.to_owned())
    }

    /// Returns the state of the first token and sets it to `now`.
    pub(crate) fn first(&self, now: First) -> First {
        let mut tokens = self.tokens();
        let before = tokens.first;
        if before != First::Given && !(before == now) {
            tokens.first = now;
        }
        before
    }

    /// Revokes all tokens except refresh tokens.
    pub(crate) fn revoke(&self) {
        self.tokens().access.clear();
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs the offset of an upload for its URL.
    pub(crate) fn seal_state(&self, name: &str, id: &str, offset: u64) -> String {
        let tag = hmac::sign(&self.state_key, state_text(name, id, offset).as_bytes());
        let mut sealed = offset.to_be_bytes().to_vec();
        sealed.extend_from_slice(tag.as_ref());
        // With padding, which clients must keep unchanged.
        format!("{}%3D", URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Verifies the signed state of this upload and returns its offset.
    pub(crate) fn open_state(&self, name: &str, id: &str, state: &str) -> Option<u64> {
        let sealed = URL_SAFE_NO_PAD.decode(state.strip_suffix('=')?).ok()?;
        let (offset, tag) = sealed.split_first_chunk::<8>()?;
        let offset = u64::from_be_bytes(*offset);
        hmac::verify(
            &self.state_key,
            state_text(name, id, offset).as_bytes(),
            tag,
        )
        .ok()?;
        Some(offset)
    }
}

fn state_text(name: &str, id: &str, offset: u64) -> String {
    format!("{name} {id} {offset}")
}

/// The scopes that a request requires, by its method and path.
fn wanted(head: &Head, route: &Route) -> Vec<Scope> {
    let actions: &[&str] = match head.method.as_str() {
        "GET" | "HEAD" => &["pull"],
        "DELETE" => &["delete"],
        _ => &["pull", "push"],
    };
    let mut wanted = Vec::new();
    match route {
        Route::Ping => {}
        Route::Catalog => wanted.push(Scope::new("registry", "catalog", &["*"])),
        _ => wanted.extend(
            route
                .name()
                .map(|name| Scope::new("repository", name, actions)),
        ),
    }
    // An invalid name must not get into a header.
    if let (Route::Uploads(_), Some(from)) = (route, head.query("from"))
        && is_name(from)
    {
        wanted.push(Scope::new("repository", from, &["pull"]));
    }
    wanted
}

/// Parses Basic credentials.
pub(crate) fn basic(head: &Head) -> Option<(String, String)> {
    let decoded = STANDARD.decode(authorization(head, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn bearer(head: &Head) -> Option<&str> {
    authorization(head, "bearer")
}

fn authorization<'a>(head: &'a Head, scheme: &str) -> Option<&'a str> {
    let (given, value) = head.header("authorization")?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| value.trim())
}

/// The scopes in a challenge, which may differ from the required ones.
fn named_scopes(auth: &TokenAuth, is_ping: bool, wanted: &[Scope]) -> String {
    let quirks = &auth.quirks;
    if let Some(scope) = quirks.only_scope {
        return scope.to_owned();
    }
    if let (true, Some(scope)) = (is_ping, quirks.ping_scope) {
        return scope.to_owned();
    }
    let named = wanted.iter().map(|scope| {
        let mut scope = scope.clone();
        if quirks.challenge_pull && scope.kind == "repository" {
            scope.actions = vec!["pull".to_owned()];
        }
        scope.to_string()
    });
    named.collect::<Vec<_>>().join(" ")
}

fn bearer_challenge(
    origin: &str,
    head: &Head,
    auth: &TokenAuth,
    scopes: &str,
    error: Option<&str>,
) -> String {
    // Use the host name of the request, since a certificate or a rule may apply
    // to it.
    let scheme = origin.split("://").next().unwrap_or("http");
    let realm = match head.header("host") {
        Some(host) if !host.is_empty() => format!("{scheme}://{host}{}", token::PATH),
        _ => format!("{origin}{}", token::PATH),
    };
    let mut challenge = format!("Bearer realm=\"{realm}\"");
    let mut add = |name: &str, value: &str| challenge.push_str(&format!(",{name}=\"{value}\""));
    if !auth.service.is_empty() {
        add("service", &auth.service);
    }
    if !scopes.is_empty() {
        add("scope", scopes);
    }
    if let Some(error) = error {
        add("error", error);
    }
    challenge
}

fn unauthorized(message: &str, wanted: &[Scope], challenge: Option<String>) -> Refusal {
    let detail: Vec<_> = wanted
        .iter()
        .map(|scope| serde_json::json!({"Type": scope.kind, "Name": scope.name, "Actions": scope.actions}))
        .collect();
    let response: Response = envelope(401, "UNAUTHORIZED", message, detail.into());
    match challenge {
        Some(challenge) => response.header("WWW-Authenticate", challenge).into(),
        None => response.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        let scope = Scope::parse("repository:host:5000/a/b:pull,push").unwrap();
        assert_eq!(
            (scope.name.as_str(), scope.actions.len()),
            ("host:5000/a/b", 2)
        );
        assert!(scope.covers(&Scope::new("repository", "host:5000/a/b", &["pull"])));
        assert!(!scope.covers(&Scope::new("repository", "host:5000/a/b", &["delete"])));
        assert!(!scope.covers(&Scope::new("repository", "a", &["pull"])));
        assert_eq!(Scope::parse("repository"), None);
    }

    #[test]
    fn states() {
        let guard = Guard::new(&Options::default());
        let state = guard.seal_state("a", "id", 7).replace("%3D", "=");
        assert_eq!(guard.open_state("a", "id", &state), Some(7));
        assert_eq!(guard.open_state("b", "id", &state), None);
        assert_eq!(guard.open_state("a", "id", ""), None);
        assert_eq!(guard.open_state("a", "id", "AAAA="), None);
    }
}
