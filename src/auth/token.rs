//! Requests to token servers and their responses ("Docker Registry v2
//! authentication" specification of distribution).

use std::time::{Duration, Instant};

use serde_json::Value;
use zeroize::Zeroizing;

use super::clock;
use super::scope::Scopes;
use super::secret_json::SecretJson;
use crate::config::credential::Credential;
use crate::error::{Error, Kind};
use crate::http::server_message;
use crate::http::server_message::ServerMessage;
use crate::http::url::{Url, encode_query};
use crate::log::redact;

/// Maximum size of a token server's response, in bytes.
pub(crate) const MAX_RESPONSE: usize = 1024 * 1024;
/// Default and minimum lifetime of a token.
const MIN_LIFETIME: u64 = 60;
/// Maximum time that a token is kept.
const MAX_LIFETIME: u64 = 24 * 60 * 60;
/// How long before it expires a token is last used, at most.
const MARGIN: Duration = Duration::from_secs(30);
/// The client name in the logs of token servers.
const CLIENT: &str = "reggie";

/// The token server and the scopes of a token.
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
    /// A bearer token from the caller, whose lifetime is unknown.
    pub(crate) fn ready(token: Zeroizing<String>) -> Grant {
        Grant {
            token,
            expires: Instant::now() + Duration::from_secs(MAX_LIFETIME),
        }
    }
}

/// The form of a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// GET, with Basic authentication if there is a password.
    Get,
    /// POST of a form (OAuth 2, RFC 6749), mainly for identity tokens.
    Post,
}

/// Parses the realm of a challenge, which is controlled by the registry.
pub(crate) fn realm(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|_| {
        let shown = redact::shown(&redact::url(text));
        refused(format!("token realm {shown} is not an http or https url"))
    })
}

/// The URL for a request by GET. Keeps the realm's own query.
pub(crate) fn by_get(
    realm: &Url,
    request: &TokenRequest,
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
    if let Some(service) = &request.service {
        add("service", service);
    }
    for scope in request.scopes.iter() {
        add("scope", &scope);
    }
    if let Some(account) = account.filter(|account| !account.is_empty()) {
        add("account", account);
    }
    add("client_id", CLIENT);
    Url::parse(&target)
        .map_err(|_| refused("token realm and scope do not form a valid url".to_owned()))
}

/// The form for a request by POST; `None` if the credential is neither a
/// password nor an identity token.
pub(crate) fn by_post(
    request: &TokenRequest,
    credential: &Credential,
) -> Option<Zeroizing<String>> {
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
    if let Some(service) = &request.service {
        add("service", service);
    }
    add("client_id", CLIENT);
    // All in one field (RFC 6749, section 3.3).
    let scopes: Vec<String> = request.scopes.iter().collect();
    add("scope", &scopes.join(" "));
    Some(form)
}

/// Whether a status may mean that the server does not support this form, rather
/// than that the credentials are wrong: servers use many statuses for it.
pub(crate) fn is_not_spoken(form: Form, status: u16) -> bool {
    match form {
        Form::Post => matches!(status, 400 | 401 | 404 | 405),
        Form::Get => matches!(status, 404 | 405),
    }
}

/// Parses the response of a token server.
///
/// `date` is its Date header. The difference between it and `issued_at` is the
/// age of the token, whatever the server's clock shows.
pub(crate) fn read_response(
    status: u16,
    date: Option<&str>,
    body: &[u8],
    host: &str,
) -> Result<Grant, Error> {
    let is_refusal = !(200..300).contains(&status);
    let sent = match body.trim_ascii_start().first() {
        _ if is_refusal => server_message::read(None, body),
        Some(b'{') => server_message::in_json(body).unwrap_or_default(),
        // What is granted in an unknown form may be a token.
        _ => ServerMessage::default(),
    };
    let fail = |why: String| {
        let error = refused(format!("token from {host}: {why}"))
            .with_host(host)
            .with_http_status(status);
        match &sent.code {
            Some(code) => error.with_registry_code(code),
            None => error,
        }
    };
    if is_refusal {
        let said = sent.line(": ");
        return Err(fail(format!("status {status}{said}")));
    }
    let json =
        SecretJson::parse(body).ok_or_else(|| fail("the response is not json".to_owned()))?;
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let token = text("access_token")
        .filter(|token| !token.is_empty())
        .or_else(|| text("token").filter(|token| !token.is_empty()));
    let Some(token) = token else {
        let said = sent.line(": ");
        return Err(fail(format!("the response contains no token{said}")));
    };
    // Check it, since it goes into a header: a control character would split
    // the request.
    if !token.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err(fail(
            "the token contains characters that are not allowed in a header".to_owned(),
        ));
    }
    let lifetime = json
        .get("expires_in")
        .and_then(Value::as_u64)
        .unwrap_or(MIN_LIFETIME)
        .clamp(MIN_LIFETIME, MAX_LIFETIME);
    #[cfg(reggie_test_log)]
    crate::log::test_log::secret("token", token);
    let issued = text("issued_at").and_then(clock::rfc3339);
    let age = age(issued, date.and_then(clock::http_date), clock::now());
    Ok(Grant {
        token: Zeroizing::new(token.to_owned()),
        expires: Instant::now() + time_left(lifetime, age),
    })
}

/// The age of a token on arrival, in seconds; 0 if the clocks disagree.
fn age(issued: Option<i64>, date: Option<i64>, now: i64) -> u64 {
    let age = issued.map_or(0, |issued| date.unwrap_or(now).saturating_sub(issued));
    u64::try_from(age).unwrap_or(0)
}

/// How long to use a token: it is replaced before it expires.
fn time_left(lifetime: u64, age: u64) -> Duration {
    // A token that appears expired was dated by another clock.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::scope::Scopes;

    fn request(scopes: &str) -> TokenRequest {
        TokenRequest {
            realm: String::new(),
            service: Some("my reg".to_owned()),
            scopes: Scopes::parse(scopes),
        }
    }

    #[test]
    fn the_realms_own_query_stays_and_scopes_come_one_by_one() {
        let request = request("repository:c:pull repository:a/b:pull,push");
        let realm = realm("https://auth.example/t?x=1").expect("a url");
        assert_eq!(
            by_get(&realm, &request, None).expect("a url").to_string(),
            "https://auth.example/t?x=1&service=my%20reg\
             &scope=repository:a/b:pull%2Cpush&scope=repository:c:pull&client_id=reggie"
        );
        let url = by_get(&realm, &request, Some("me&you")).expect("a url");
        assert!(url.to_string().contains("&account=me%26you&"), "{url}");
    }

    #[test]
    fn a_form_holds_all_scopes_in_one_field() {
        let request = request("repository:a/b:pull repository:c:pull");
        let token = Credential::IdentityToken {
            username: String::new(),
            token: Zeroizing::new("a+b".to_owned()),
        };
        assert_eq!(
            by_post(&request, &token).expect("a form").as_str(),
            "grant_type=refresh_token&refresh_token=a%2Bb&service=my%20reg&client_id=reggie\
             &scope=repository:a/b:pull%20repository:c:pull"
        );
        let basic = Credential::Basic {
            username: "u".to_owned(),
            password: Zeroizing::new("p&".to_owned()),
        };
        let form = by_post(&request, &basic).expect("a form");
        assert!(form.starts_with("grant_type=password&username=u&password=p%26&"));
    }

    #[test]
    fn an_age_is_told_by_one_clock_or_not_at_all() {
        for (issued, date, now, expected) in [
            (None, None, 1000, 0),
            (Some(900), None, 1000, 100),
            (Some(1000), None, 900, 0),
            // The server's clock is an hour off, and the token is 10 s old.
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
        let ok = |body: &str| {
            read_response(200, None, body.as_bytes(), "h").map(|g| g.token.to_string())
        };
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
        let error = read_response(403, None, body, "auth.example")
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
            let grant = read_response(200, None, body.as_bytes(), "h").expect("a token");
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
