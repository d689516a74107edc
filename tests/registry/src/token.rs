//! The token server.

use crate::api::error::{Outcome, no_such_path, not_allowed, refusal};
use crate::auth::{Guard, Scope, basic};
use crate::http::{Body, Head};
use crate::options::{TokenAuth, TokenField};
use crate::response::Response;
use crate::text::parse_query;
use serde_json::json;

/// Where it is served.
pub(crate) const PATH: &str = "/token";

const FORM_MAX: usize = 64 << 10;

/// Who asks.
enum Asker {
    Nobody,
    User,
    /// With credentials that are wrong.
    Stranger,
}

/// Answers a request for a token.
pub(crate) fn answer(guard: &Guard, head: &Head, body: &mut Body<'_>) -> Outcome {
    let auth = guard.token_auth().ok_or_else(no_such_path)?;
    match head.method.as_str() {
        "GET" => by_query(guard, auth, head),
        "POST" if auth.post => by_form(guard, auth, body),
        "POST" => Err(no_such_path().into()),
        method => Err(not_allowed(method, "GET, POST").into()),
    }
}

fn by_query(guard: &Guard, auth: &TokenAuth, head: &Head) -> Outcome {
    let asker = match (head.header("authorization"), basic(head)) {
        (None, _) => Asker::Nobody,
        (Some(_), Some((user, password))) if is_user(auth, &user, &password) => Asker::User,
        (Some(_), _) => Asker::Stranger,
    };
    let offline = head.query("offline_token") == Some("true");
    grant(guard, auth, &asker, &head.query, offline)
}

fn by_form(guard: &Guard, auth: &TokenAuth, body: &mut Body<'_>) -> Outcome {
    let bytes = body
        .read_all(FORM_MAX)?
        .ok_or_else(|| refusal(413, "SIZE_INVALID", "form too long", ""))?;
    let form = parse_query(&String::from_utf8_lossy(&bytes));
    let field = |name: &str| {
        let found = form.iter().find(|(given, _)| given == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let good = match field("grant_type") {
        "password" => is_user(auth, field("username"), field("password")),
        "refresh_token" => guard.knows_refresh(field("refresh_token")),
        other => return Err(oauth_error(400, "unsupported_grant_type", other).into()),
    };
    let asker = if good { Asker::User } else { Asker::Stranger };
    grant(
        guard,
        auth,
        &asker,
        &form,
        field("access_type") == "offline",
    )
}

fn is_user(auth: &TokenAuth, user: &str, password: &str) -> bool {
    user == auth.user && password == auth.password
}

/// Gives a token for what the asker may have of the scopes asked for. That can
/// be less than asked, or nothing: the registry says so later, as they all do.
fn grant(
    guard: &Guard,
    auth: &TokenAuth,
    asker: &Asker,
    query: &[(String, String)],
    offline: bool,
) -> Outcome {
    let anonymous = match asker {
        Asker::User => false,
        Asker::Nobody if auth.anonymous_pull => true,
        Asker::Nobody | Asker::Stranger => {
            return Err(
                refusal(401, "UNAUTHORIZED", "access to the token server denied", "").into(),
            );
        }
    };
    let scopes = query
        .iter()
        .filter(|(name, _)| name == "scope")
        .flat_map(|(_, value)| value.split_ascii_whitespace())
        .filter_map(Scope::parse)
        .filter(|scope| !anonymous || scope.kind == "repository")
        .map(|mut scope| {
            scope
                .actions
                .retain(|action| !anonymous || action == "pull");
            scope
        })
        .collect();
    let token = guard.issue(auth, scopes);
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
    if offline && !anonymous {
        answer["refresh_token"] = json!(guard.issue_refresh());
    }
    Ok(Response::json(200, &answer))
}

fn oauth_error(status: u16, error: &str, about: &str) -> Response {
    Response::json(status, &json!({"error": error, "error_description": about}))
}
