//! The token server's side of Bearer: what is asked, and what is granted
//! (distribution's "Docker Registry v2 authentication" specification).

use std::time::{Duration, Instant};

use serde_json::Value;
use zeroize::Zeroizing;

use super::clock;
use super::scope::Scopes;
use super::secret_json::SecretJson;
use crate::config::credential::Credential;
use crate::error::{Error, Kind, server_text};
use crate::http::url::{Url, encode_query};
use crate::log::redact;

/// The longest answer of a token server that is read, in bytes.
pub(crate) const MAX_ANSWER: usize = 1024 * 1024;
/// How long a token lasts that does not say, and the least one is taken to last.
const LEAST_LIFETIME: u64 = 60;
/// The longest that one is kept.
const MOST_LIFETIME: u64 = 24 * 60 * 60;
/// How long before its end a token is no more sent, at most.
const MARGIN: Duration = Duration::from_secs(30);
/// Who asks, as token servers log it.
const CLIENT: &str = "reggie";

/// What a token is for: whom to ask, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRequest {
    pub(crate) realm: String,
    pub(crate) service: Option<String>,
    pub(crate) scopes: Scopes,
}

/// A token that was granted.
pub(crate) struct Grant {
    pub(crate) token: Zeroizing<String>,
    pub(crate) expires: Instant,
}

impl Grant {
    /// One that the caller has, which may last as long as it likes.
    pub(crate) fn ready(token: Zeroizing<String>) -> Grant {
        Grant {
            token,
            expires: Instant::now() + Duration::from_secs(MOST_LIFETIME),
        }
    }
}

/// How a token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// GET, with Basic where there is a password.
    Get,
    /// POST of a form (OAuth 2, RFC 6749), for identity tokens first of all.
    Post,
}

/// Where a realm is; it comes from the registry.
pub(crate) fn realm(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|_| {
        let shown = redact::shown(&redact::url(text));
        refused(format!("token realm {shown} is not an http or https url"))
    })
}

/// The URL that asks for a token by GET. The realm's own query stays.
pub(crate) fn by_get(
    realm: &Url,
    wanted: &TokenRequest,
    account: Option<&str>,
) -> Result<Url, Error> {
    let mut target = realm.to_string();
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
    if let Some(service) = &wanted.service {
        add("service", service);
    }
    for scope in wanted.scopes.iter() {
        add("scope", &scope);
    }
    if let Some(account) = account.filter(|account| !account.is_empty()) {
        add("account", account);
    }
    add("client_id", CLIENT);
    Url::parse(&target).map_err(|_| refused("token realm and scope make no url".to_owned()))
}

/// The form that asks for a token by POST; `None` where the credential is
/// neither a password nor an identity token.
pub(crate) fn by_post(wanted: &TokenRequest, credential: &Credential) -> Option<Zeroizing<String>> {
    let mut form = Zeroizing::new(String::new());
    let mut add = |name: &str, value: &str| {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        form.push_str(&encode_query(value));
    };
    match credential {
        Credential::IdentityToken { token, .. } => {
            add("grant_type", "refresh_token");
            add("refresh_token", token);
        }
        Credential::Basic { username, password } => {
            add("grant_type", "password");
            add("username", username);
            add("password", password);
        }
        Credential::BearerToken(_) => return None,
    }
    if let Some(service) = &wanted.service {
        add("service", service);
    }
    add("client_id", CLIENT);
    // All in one field (RFC 6749, section 3.3).
    let scopes: Vec<String> = wanted.scopes.iter().collect();
    add("scope", &scopes.join(" "));
    Some(form)
}

/// Whether a status may mean that this form is not spoken here, and not that
/// the credentials are wrong: registries signal it in many ways.
pub(crate) fn is_not_spoken(form: Form, status: u16) -> bool {
    match form {
        Form::Post => matches!(status, 400 | 401 | 404 | 405),
        Form::Get => matches!(status, 404 | 405),
    }
}

/// Reads a token server's answer.
///
/// `date` is its Date header. When it and `issued_at` are by the same clock,
/// whatever that clock shows, they tell how old the token was on its way.
pub(crate) fn read_answer(
    status: u16,
    date: Option<&str>,
    body: &[u8],
    host: &str,
) -> Result<Grant, Error> {
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
    let answer =
        SecretJson::parse(body).ok_or_else(|| fail("the answer is not json".to_owned()))?;
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
    #[cfg(reggie_test_log)]
    crate::log::test_log::secret("token", token);
    let issued = text("issued_at").and_then(clock::rfc3339);
    let age = age(issued, date.and_then(clock::http_date), clock::now());
    Ok(Grant {
        token: Zeroizing::new(token.to_owned()),
        expires: Instant::now() + time_left(lifetime, age),
    })
}

/// How old a token was when it came, in seconds; 0 where the clocks disagree.
fn age(issued: Option<i64>, date: Option<i64>, now: i64) -> u64 {
    let age = issued.map_or(0, |issued| date.unwrap_or(now).saturating_sub(issued));
    u64::try_from(age).unwrap_or(0)
}

/// How long a token is sent: not to its very end.
fn time_left(lifetime: u64, age: u64) -> Duration {
    // One that would be over already was dated by another clock.
    let left = if age < lifetime {
        lifetime - age
    } else {
        lifetime
    };
    let left = Duration::from_secs(left);
    left - (left / 10).min(MARGIN)
}

fn refused(message: String) -> Error {
    Error::new(Kind::TokenRefused, message)
}

fn registry_code(body: &[u8]) -> Option<String> {
    let errors = crate::http::oci_error::parse(body).ok()?;
    let code = errors.first()?.code();
    (!code.is_empty()).then(|| code.to_owned())
}

/// What the server has to say, from whichever of the usual places.
fn words(body: &[u8]) -> String {
    if let Ok(errors) = crate::http::oci_error::parse(body)
        && let Some(first) = errors.first()
    {
        let message = format!("{} {}", first.code(), first.message());
        return server_text(message.trim());
    }
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
        for name in ["details", "error_description", "message", "error"] {
            if let Some(Value::String(text)) = fields.get(name) {
                return server_text(text);
            }
        }
        return String::new();
    }
    let shown = redact::body(Some("text/plain"), body, 512).unwrap_or_default();
    server_text(shown.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::scope::Scopes;

    fn wanted(scopes: &str) -> TokenRequest {
        TokenRequest {
            realm: String::new(),
            service: Some("my reg".to_owned()),
            scopes: Scopes::parse(scopes),
        }
    }

    #[test]
    fn the_realms_own_query_stays_and_scopes_come_one_by_one() {
        let wanted = wanted("repository:c:pull repository:a/b:pull,push");
        let realm = realm("https://auth.example/t?x=1").expect("a url");
        assert_eq!(
            by_get(&realm, &wanted, None).expect("a url").to_string(),
            "https://auth.example/t?x=1&service=my%20reg\
             &scope=repository:a/b:pull%2Cpush&scope=repository:c:pull&client_id=reggie"
        );
        let url = by_get(&realm, &wanted, Some("me&you")).expect("a url");
        assert!(url.to_string().contains("&account=me%26you&"), "{url}");
    }

    #[test]
    fn a_form_holds_all_scopes_in_one_field() {
        let wanted = wanted("repository:a/b:pull repository:c:pull");
        let token = Credential::IdentityToken {
            username: String::new(),
            token: Zeroizing::new("a+b".to_owned()),
        };
        assert_eq!(
            by_post(&wanted, &token).expect("a form").as_str(),
            "grant_type=refresh_token&refresh_token=a%2Bb&service=my%20reg&client_id=reggie\
             &scope=repository:a/b:pull%20repository:c:pull"
        );
        let basic = Credential::Basic {
            username: "u".to_owned(),
            password: Zeroizing::new("p&".to_owned()),
        };
        let form = by_post(&wanted, &basic).expect("a form");
        assert!(form.starts_with("grant_type=password&username=u&password=p%26&"));
    }

    #[test]
    fn an_age_is_told_by_one_clock_or_not_at_all() {
        for (issued, date, now, expected) in [
            (None, None, 1000, 0),
            (Some(900), None, 1000, 100),
            (Some(1000), None, 900, 0),
            // A server whose clock is an hour off, and whose token is 10 s old.
            (Some(4590), Some(4600), 1000, 10),
            (Some(-2610), Some(-2600), 1000, 10),
            (Some(i64::MIN), Some(i64::MAX), 0, i64::MAX as u64),
        ] {
            assert_eq!(age(issued, date, now), expected, "{issued:?} {date:?}");
        }
        assert_eq!(time_left(300, 100), Duration::from_secs(180));
        assert_eq!(time_left(300, 3600), Duration::from_secs(270));
        assert_eq!(time_left(86400, 0), Duration::from_secs(86370));
    }

    #[test]
    fn either_name_of_the_token_will_do_and_nonsense_will_not() {
        let ok =
            |body: &str| read_answer(200, None, body.as_bytes(), "h").map(|g| g.token.to_string());
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
        let error = read_answer(403, None, body, "auth.example")
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
            let grant = read_answer(200, None, body.as_bytes(), "h").expect("a token");
            (grant.expires - Instant::now()).as_secs_f64().round()
        };
        assert_eq!(left(r#"{"token":"a"}"#), 54.0);
        assert_eq!(left(r#"{"token":"a","expires_in":1}"#), 54.0);
        assert_eq!(left(r#"{"token":"a","expires_in":300}"#), 270.0);
        assert_eq!(
            left(r#"{"token":"a","expires_in":18446744073709551615}"#),
            86370.0
        );
    }
}
