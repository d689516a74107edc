//! The token server's side of Bearer: what is asked, and what is granted
//! (distribution's "Docker Registry v2 authentication" specification).

use std::time::{Duration, Instant};

use serde_json::Value;
use zeroize::Zeroizing;

use super::scope::Scopes;
use crate::config::Credentials;
use crate::error::{Error, Kind, server_words};
use crate::redact;
use crate::url::{Url, encode_query};

/// The longest answer of a token server that is read, in bytes.
pub(crate) const MAX_ANSWER: usize = 1024 * 1024;
/// How long a token lasts that does not say, and the least one is taken to last.
const LEAST_LIFETIME: u64 = 60;
/// The longest that one is kept.
const MOST_LIFETIME: u64 = 24 * 60 * 60;
/// How long before its end a token is no more sent.
const MARGIN: Duration = Duration::from_secs(5);

/// A token to be asked for.
#[derive(Clone, Debug)]
pub(crate) struct TokenRequest {
    pub(crate) realm: String,
    pub(crate) service: Option<String>,
    pub(crate) scopes: Scopes,
    /// Where to ask.
    pub(crate) url: Url,
}

/// A token that was granted.
pub(crate) struct Grant {
    pub(crate) token: Zeroizing<String>,
    pub(crate) expires: Instant,
}

impl TokenRequest {
    pub(crate) fn new(
        realm: &str,
        service: Option<&str>,
        scopes: Scopes,
        credentials: Option<&Credentials>,
    ) -> Result<TokenRequest, Error> {
        let base = Url::parse(realm).map_err(|_| {
            let shown = redact::shown(&redact::url(realm));
            refused(format!("token realm {shown} is not an http or https url"))
        })?;
        let service = service.filter(|service| !service.is_empty());
        let mut target = base.to_string();
        let mut add = |name: &str, value: &str| {
            if !target.contains('?') {
                target.push('?');
            } else if !target.ends_with(['?', '&']) {
                target.push('&');
            }
            target.push_str(name);
            target.push('=');
            target.push_str(&encode_query(value));
        };
        if let Some(service) = service {
            add("service", service);
        }
        for scope in scopes.iter() {
            add("scope", &scope);
        }
        if let Some(credentials) = credentials {
            add("account", &credentials.username);
        }
        add("client_id", "reggie");
        let url = Url::parse(&target)
            .map_err(|_| refused("token realm and scope make no url".to_owned()))?;
        Ok(TokenRequest {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scopes,
            url,
        })
    }
}

/// Reads a token server's answer.
pub(crate) fn read_answer(status: u16, body: &[u8], host: &str) -> Result<Grant, Error> {
    let fail = |why: String| {
        let code = registry_code(body);
        let error = refused(format!("token from {host}: {why}"))
            .with_host(host)
            .with_http_status(status);
        match code {
            Some(code) => error.with_registry_code(&code),
            None => error,
        }
    };
    if !(200..300).contains(&status) {
        let words = words(body);
        let words = if words.is_empty() {
            String::new()
        } else {
            format!(": {words}")
        };
        return Err(fail(format!("status {status}{words}")));
    }
    let answer: Value =
        serde_json::from_slice(body).map_err(|_| fail("the answer is not json".to_owned()))?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let token = text("access_token")
        .filter(|token| !token.is_empty())
        .or_else(|| text("token").filter(|token| !token.is_empty()));
    let Some(token) = token else {
        let words = words(body);
        let why = if words.is_empty() {
            "the answer holds no token".to_owned()
        } else {
            format!("the answer holds no token: {words}")
        };
        return Err(fail(why));
    };
    // It goes into a header: a control character would split the request.
    if !token.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err(fail("the token holds what no header can".to_owned()));
    }
    let lifetime = answer
        .get("expires_in")
        .and_then(Value::as_u64)
        .unwrap_or(LEAST_LIFETIME)
        .clamp(LEAST_LIFETIME, MOST_LIFETIME);
    Ok(Grant {
        token: Zeroizing::new(token.to_owned()),
        expires: Instant::now() + Duration::from_secs(lifetime) - MARGIN,
    })
}

fn refused(message: String) -> Error {
    Error::new(Kind::TokenRefused, message)
}

fn registry_code(body: &[u8]) -> Option<String> {
    let errors = crate::oci_error::parse(body).ok()?;
    let code = errors.first()?.code();
    (!code.is_empty()).then(|| code.to_owned())
}

/// What the server has to say, from whichever of the usual places.
fn words(body: &[u8]) -> String {
    if let Ok(errors) = crate::oci_error::parse(body)
        && let Some(first) = errors.first()
    {
        let message = format!("{} {}", first.code(), first.message());
        return server_words(message.trim());
    }
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
        for name in ["details", "error_description", "message", "error"] {
            if let Some(Value::String(text)) = fields.get(name) {
                return server_words(text);
            }
        }
        return String::new();
    }
    let shown = redact::body(Some("text/plain"), body, 512).unwrap_or_default();
    server_words(shown.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_realms_own_query_stays_and_scopes_come_one_by_one() {
        let scopes = Scopes::parse("repository:a/b:pull,push repository:c:pull");
        let request = TokenRequest::new("https://auth.example/t?x=1", Some("my reg"), scopes, None)
            .expect("a url");
        assert_eq!(
            request.url.to_string(),
            "https://auth.example/t?x=1&service=my%20reg\
             &scope=repository:a/b:pull%2Cpush&scope=repository:c:pull&client_id=reggie"
        );
    }

    #[test]
    fn either_name_of_the_token_will_do_and_nonsense_will_not() {
        let ok = |body: &str| read_answer(200, body.as_bytes(), "h").map(|g| g.token.to_string());
        assert_eq!(ok(r#"{"token":"a"}"#).expect("token"), "a");
        assert_eq!(
            ok(r#"{"access_token":"b","token":""}"#).expect("token"),
            "b"
        );
        assert_eq!(
            ok(r#"{"access_token":"","token":"c"}"#).expect("token"),
            "c"
        );
        for body in [
            "",
            "{}",
            "<html>",
            "[]",
            r#"{"token":""}"#,
            r#"{"token":7}"#,
            r#"{"token":"a\r\nb: c"}"#,
        ] {
            let error = ok(body).expect_err(body);
            assert_eq!(error.kind(), Kind::TokenRefused);
        }
    }

    #[test]
    fn a_refusal_carries_the_servers_status_code_and_words() {
        let body = br#"{"errors":[{"code":"DENIED","message":"not\nyou"}]}"#;
        let error = read_answer(403, body, "auth.example")
            .err()
            .expect("refused");
        assert_eq!(error.http_status(), 403);
        assert_eq!(error.registry_code(), Some("DENIED"));
        assert_eq!(
            error.message(),
            "token from auth.example: status 403: DENIED not\\nyou"
        );
    }

    #[test]
    fn a_lifetime_has_a_floor_and_a_ceiling() {
        let left = |body: &str| {
            let grant = read_answer(200, body.as_bytes(), "h").expect("a token");
            (grant.expires + MARGIN - Instant::now())
                .as_secs_f64()
                .round()
        };
        assert_eq!(left(r#"{"token":"a"}"#), 60.0);
        assert_eq!(left(r#"{"token":"a","expires_in":1}"#), 60.0);
        assert_eq!(left(r#"{"token":"a","expires_in":300}"#), 300.0);
        assert_eq!(
            left(r#"{"token":"a","expires_in":18446744073709551615}"#),
            86400.0
        );
    }
}
