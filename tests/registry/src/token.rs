//! The token server.

use crate::api::error::{Outcome, no_such_path, not_allowed, refusal};
use crate::auth::{First, Guard, Scope, basic};
use crate::clock::Time;
use crate::http::{Body, Head};
use crate::options::{TokenAuth, TokenField};
use crate::quirks::{Post, ScopeFields};
use crate::response::Response;
use crate::secrets;
use crate::server::Shared;
use crate::text::parse_query;
use serde_json::json;

/// The path of the token server.
pub(crate) const PATH: &str = "/token";

const FORM_MAX: usize = 64 << 10;

/// The client of a token request.
#[derive(PartialEq, Eq)]
enum Asker {
    Nobody,
    User,
    /// With invalid credentials.
    Stranger,
}

/// A token request.
struct Question {
    asker: Asker,
    /// The values of the `scope` fields.
    scopes: Vec<String>,
    account: Option<String>,
    /// A refresh token is requested too.
    offline: bool,
}

/// Handles a token request.
pub(crate) fn answer(shared: &Shared, head: &Head, body: &mut Body<'_>) -> Outcome {
    let guard = &shared.guard;
    let auth = guard.token_auth().ok_or_else(no_such_path)?;
    let question = match head.method.as_str() {
        "GET" => by_query(guard, auth, head),
        "POST" => by_form(guard, auth, body)?,
        method => return Err(not_allowed(method, "GET, POST").into()),
    };
    let Some(time) = auth.quirks.first_alone else {
        return grant(guard, auth, question);
    };
    match guard.first(First::InTheMaking) {
        First::Given => grant(guard, auth, question),
        First::InTheMaking => Err(no_such_path().into()),
        First::Wanted => {
            shared.stop.wait(Some(time));
            let outcome = grant(guard, auth, question);
            guard.first(First::Given);
            outcome
        }
    }
}

fn by_query(guard: &Guard, auth: &TokenAuth, head: &Head) -> Question {
    let is_known = |user: &str, password: &str| {
        is_user(auth, user, password)
            || (auth.quirks.refresh_user == Some(user) && guard.knows_refresh(password))
    };
    let asker = match (head.header("authorization"), basic(head)) {
        (None, _) => Asker::Nobody,
        (Some(_), Some((user, password))) if is_known(&user, &password) => Asker::User,
        (Some(_), _) => Asker::Stranger,
    };
    Question {
        asker,
        scopes: scopes(&head.query),
        account: head.query("account").map(str::to_owned),
        offline: head.query("offline_token") == Some("true"),
    }
}

fn by_form(
    guard: &Guard,
    auth: &TokenAuth,
    body: &mut Body<'_>,
) -> Result<Question, crate::api::error::Refusal> {
    if let Post::Refused(status) = auth.quirks.post {
        return Err(match status {
            404 => no_such_path(),
            status => refusal(status, "UNAUTHORIZED", "no tokens by POST", ""),
        }
        .into());
    }
    let bytes = body
        .read_all(FORM_MAX)?
        .ok_or_else(|| refusal(413, "SIZE_INVALID", "form too long", ""))?;
    secrets::note_request("", [], &bytes);
    let form = parse_query(&String::from_utf8_lossy(&bytes));
    let field = |name: &str| {
        let found = form.iter().find(|(given, _)| given == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let good = match field("grant_type") {
        "password" if auth.quirks.post == Post::Served => {
            is_user(auth, field("username"), field("password"))
        }
        "refresh_token" => guard.knows_refresh(field("refresh_token")),
        other => return Err(oauth_error(400, "unsupported_grant_type", other).into()),
    };
    Ok(Question {
        asker: if good { Asker::User } else { Asker::Stranger },
        // A form has all scopes in one field (RFC 6749, section 3.3).
        scopes: field("scope")
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect(),
        account: None,
        offline: field("access_type") == "offline",
    })
}

fn scopes(query: &[(String, String)]) -> Vec<String> {
    let fields = query.iter().filter(|(name, _)| name == "scope");
    fields.map(|(_, value)| value.clone()).collect()
}

fn is_user(auth: &TokenAuth, user: &str, password: &str) -> bool {
    user == auth.user && password == auth.password
}

/// Grants the requested scopes as far as permitted, possibly none, as real
/// token servers do: the registry then rejects the request.
fn grant(guard: &Guard, auth: &TokenAuth, question: Question) -> Outcome {
    let quirks = &auth.quirks;
    let denied = || {
        refusal(
            403,
            "DENIED",
            "requested access to the resource is denied",
            "",
        )
    };
    let anonymous = match question.asker {
        Asker::User if quirks.expired => return Err(denied().into()),
        Asker::User => false,
        Asker::Nobody if auth.anonymous_pull => true,
        Asker::Nobody | Asker::Stranger => {
            return Err(
                refusal(401, "UNAUTHORIZED", "access to the token server denied", "").into(),
            );
        }
    };
    let is_other = |account: &String| *account != auth.user && quirks.refresh_user != Some(account);
    if question.asker == Asker::User && question.account.as_ref().is_some_and(is_other) {
        return Err(refusal(400, "UNKNOWN", "account is not the user", "").into());
    }
    let several = |field: &String| field.split_ascii_whitespace().count() > 1;
    if quirks.scopes == ScopeFields::OneEach && question.scopes.iter().any(several) {
        return Err(refusal(400, "UNKNOWN", "invalid scope", "").into());
    }
    let fields = match quirks.scopes {
        ScopeFields::FirstAlone => question.scopes.iter().take(1),
        _ => question.scopes.iter().take(usize::MAX),
    };
    let asked: Vec<&str> = fields.flat_map(|f| f.split_ascii_whitespace()).collect();

    let mut scopes = Vec::new();
    for mut scope in asked.iter().filter_map(|text| scope(auth, text)) {
        let is_more = scope.actions.iter().any(|action| action != "pull");
        if anonymous && is_more && quirks.forbid_anonymous_push {
            return Err(denied().into());
        }
        let is_push = scope.actions.iter().any(|action| action == "push");
        let is_first = quirks.first_pull_only && is_push && guard.is_first_push(&scope.name);
        if anonymous || is_first {
            scope.actions.retain(|action| action == "pull");
        }
        if !anonymous || scope.kind == "repository" {
            scopes.push(scope);
        }
    }
    Ok(token(guard, auth, scopes, question.offline && !anonymous))
}

/// Parses a scope that this server supports.
fn scope(auth: &TokenAuth, text: &str) -> Option<Scope> {
    match auth.quirks.only_scope {
        Some(known) => (text == known).then(Scope::everything),
        None => Scope::parse(text),
    }
}

fn token(guard: &Guard, auth: &TokenAuth, scopes: Vec<Scope>, refresh: bool) -> Response {
    let token = guard.issue(auth, scopes);
    secrets::note("token", &token);
    let mut answer = json!({});
    if matches!(auth.field, TokenField::Token | TokenField::Both) {
        answer["token"] = json!(token);
    }
    if matches!(auth.field, TokenField::AccessToken | TokenField::Both) {
        answer["access_token"] = json!(token);
    }
    if let Some(seconds) = auth.expires_in.unwrap_or(Some(auth.lifetime.as_secs())) {
        answer["expires_in"] = json!(seconds);
    }
    if refresh {
        let token = guard.issue_refresh();
        secrets::note("refresh token", &token);
        answer["refresh_token"] = json!(token);
    }
    match auth.clock.map(Time::now) {
        None => Response::json(200, &answer),
        Some(now) => {
            answer["issued_at"] = json!(now.rfc3339());
            Response::json(200, &answer).header("Date", now.http())
        }
    }
}

fn oauth_error(status: u16, error: &str, about: &str) -> Response {
    Response::json(status, &json!({"error": error, "error_description": about}))
}
