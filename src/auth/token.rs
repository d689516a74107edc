//! Requests to token servers and their responses ("Docker Registry v2
//! authentication" specification of distribution).

use std::time::{Duration, Instant};

use serde_json::Value;
use zeroize::Zeroizing;

use super::lifetime;
use super::scope::Scopes;
use super::secret_json::{SecretJson, field};
use crate::config::credential::{Credential, MAX_SECRET};
use crate::error::{Error, Kind};
use crate::http::date;
use crate::http::server_message;
use crate::http::server_message::ServerMessage;
use crate::http::url::{Url, encode_query};
use crate::log::redact;
use crate::log::scrub::scrub;

/// Maximum size of a token server's response, in bytes.
pub(crate) const MAX_RESPONSE: usize = 1024 * 1024;
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
            expires: Instant::now() + Duration::from_secs(lifetime::MAX),
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
    Url::read(text).map_err(|problem| {
        let shown = redact::shown(&redact::url(text));
        refused(format!("token realm {shown} {problem}"))
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
pub(crate) fn may_be_unsupported(form: Form, status: u16) -> bool {
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
    let json = SecretJson::parse(body);
    if is_refusal {
        // It may repeat a token that it grants or refuses.
        let secrets = json.as_deref().map(redact::secret_members);
        let said = scrub(&sent.line(": "), &secrets.unwrap_or_default());
        return Err(fail(format!("status {status}{said}")));
    }
    let json = json.ok_or_else(|| fail("the response is not json".to_owned()))?;
    let member = |name: &'static str| json.as_object().and_then(|object| field(object, name));
    let text = |name: &'static str| member(name).and_then(Value::as_str);
    let token = text("access_token")
        .filter(|token| !token.is_empty())
        .or_else(|| text("token").filter(|token| !token.is_empty()));
    let Some(token) = token else {
        let said = sent.line(": ");
        return Err(fail(format!("the response contains no token{said}")));
    };
    check_token(token).map_err(fail)?;
    let lifetime = lifetime::expires_in(member("expires_in"));
    #[cfg(reggie_test_log)]
    crate::log::test_log::secret("token", token);
    let issued = match member("issued_at") {
        Some(Value::String(text)) => date::any(text),
        Some(Value::Number(number)) => date::any(&number.to_string()),
        _ => None,
    };
    let age = lifetime::age(issued, date.and_then(date::http_date), date::now());
    Ok(Grant {
        token: Zeroizing::new(token.to_owned()),
        expires: Instant::now() + lifetime::time_left(lifetime, age),
    })
}

/// Checks what goes into a header: a control character would split the request,
/// and a request head has a limit. A token that cannot be sent must not be
/// cached.
fn check_token(token: &str) -> Result<(), String> {
    let (length, max) = (token.len(), MAX_SECRET);
    if length > max {
        return Err(format!("the token has {length} bytes, more than {max}"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the token contains characters that are not allowed in a header".to_owned());
    }
    Ok(())
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
    fn an_invalid_realm_is_reported_with_its_problem() {
        for (text, expected) in [
            (
                "https://me:secret@auth.example/t",
                "token realm \"https://[redacted]@auth.example/t\" contains user information",
            ),
            (
                "https://secret@auth.example/t",
                "token realm \"https://[redacted]@auth.example/t\" contains user information",
            ),
            (
                "https://auth.example:99999/t",
                "token realm \"https://auth.example:99999/t\" has a port that is not 1 to 65535",
            ),
            (
                "https://auth.example:0/t",
                "token realm \"https://auth.example:0/t\" has a port that is not 1 to 65535",
            ),
            (
                "https://auth.example:secret/t",
                "token realm \"https://[redacted]/t\" has a port that is not 1 to 65535",
            ),
            (
                "ftp://auth.example/t",
                "token realm \"ftp://auth.example/t\" has the scheme \"ftp\", \
                 only http and https are supported",
            ),
            (
                "/token",
                "token realm \"/token\" does not start with http:// or https://",
            ),
            ("", "token realm \"\" is empty"),
            ("https:///t", "token realm \"https:///t\" has no host"),
            (
                "https://a b/t",
                "token realm \"https://a b/t\" has an invalid host \"a b\"",
            ),
        ] {
            let error = realm(text).expect_err(text);
            assert_eq!(error.message(), expected);
            assert_eq!(error.kind(), Kind::TokenRefused);
        }
    }

    #[test]
    fn a_token_must_fit_into_a_header() {
        let read = |token: &str| {
            let body = serde_json::json!({"token": token}).to_string();
            read_response(200, None, body.as_bytes(), "auth.example").map(|_| ())
        };
        read(&"a".repeat(MAX_SECRET)).expect("as long as it may be");
        let error = read(&"a".repeat(200_000)).expect_err("too long");
        assert_eq!(
            error.message(),
            "token from auth.example: the token has 200000 bytes, more than 65536"
        );
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::TokenRefused, 200)
        );
        for token in ["a b", "a\n", "a\rb", "\u{0}", "caf\u{e9}", " ", "\u{7f}"] {
            let error = read(token).expect_err(token);
            let why = "the token contains characters that are not allowed in a header";
            assert!(error.message().ends_with(why), "{error}");
        }
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
        // As Go's JSON package compares names.
        assert_eq!(ok(r#"{"Token":"d","Expires_In":9}"#).expect("token"), "d");
        assert_eq!(
            ok(r#"{"ACCESS_TOKEN":"e","token":"f"}"#).expect("token"),
            "e"
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
    fn a_refusal_does_not_repeat_its_own_token() {
        let body = br#"{"error":"no scope in t0k3n-abc","data":{"access_token":"t0k3n-abc"}}"#;
        let error = read_response(400, None, body, "auth.example")
            .err()
            .expect("refused");
        assert_eq!(
            error.message(),
            "token from auth.example: status 400: no scope in [redacted]"
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
        assert_eq!(left(r#"{"token":"a","expires_in":"300.5"}"#), 270.0);
        assert_eq!(left(r#"{"token":"a","expires_in":-300}"#), 54.0);
        assert_eq!(left(r#"{"token":"a","expires_in":1e400}"#), 86370.0);
        assert_eq!(
            left(r#"{"token":"a","expires_in":18446744073709551615}"#),
            86370.0
        );
    }
}
