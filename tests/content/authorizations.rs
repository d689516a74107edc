//! Authorization that is passed on to another program.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use embedded_registry::{About, Auth, Options as RegistryOptions, Registry, TokenAuth};
use reggie::content::authorization::{Authorization, get};
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use reggie::{Client, Error, Kind};

use crate::documents::*;

fn with_credentials(registry: &Registry) -> Repository {
    let mut config = config();
    config.set_credentials("user", "pass").expect("valid");
    repository_with(registry.url(), &config)
}

fn authorization(repository: &Repository, is_push: bool) -> Result<Authorization, Error> {
    get(repository, is_push, &Options::default())
}

/// The status that another program gets with the value.
fn status_with(registry: &Registry, value: &str, method: &str) -> u16 {
    let client = Client::new(registry.url(), &config()).expect("a client");
    let path = match method {
        "POST" => format!("/v2/{NAME}/blobs/uploads/"),
        _ => format!("/v2/{NAME}/tags/list"),
    };
    let mut request = client.request(method, &path).expect("a request");
    request
        .set_header("Authorization", value.as_bytes())
        .expect("a header");
    request.set_follow_challenge(false);
    client.execute(&mut request).expect("a response").status()
}

#[test]
fn an_open_registry_requires_none() {
    let registry = Registry::start(RegistryOptions::default());
    let found = authorization(&embedded(&registry), true).expect("none");
    assert_eq!((found.value.as_str(), found.expires), ("", None));
}

#[test]
fn a_password_does_not_expire() {
    let registry = Registry::start(RegistryOptions::default().basic("user", "pass"));
    let found = authorization(&with_credentials(&registry), true).expect("basic");
    assert_eq!(
        (found.value.as_str(), found.expires),
        ("Basic dXNlcjpwYXNz", None)
    );
    let error = authorization(&embedded(&registry), false).map(drop);
    assert_eq!(
        error.expect_err("no credentials").kind(),
        Kind::Unauthorized
    );
}

#[test]
fn a_token_is_for_what_it_was_asked_for_and_is_kept() {
    let auth = TokenAuth::new("user", "pass").anonymous_pull(true);
    let registry = Registry::start(RegistryOptions::default().auth(Auth::Token(auth)));
    registry.put_blob(NAME, "x");
    let repository = with_credentials(&registry);
    let pull = authorization(&repository, false).expect("a token");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("later");
    let left = pull.expires.expect("a time") - i64::try_from(now.as_secs()).expect("not so late");
    assert!((60..=300).contains(&left), "{left}");
    assert_eq!(status_with(&registry, &pull.value, "GET"), 200);
    assert_eq!(status_with(&registry, &pull.value, "POST"), 401);
    let push = authorization(&repository, true).expect("a token");
    assert_eq!(status_with(&registry, &push.value, "POST"), 202);
    let count = registry.count(About::Token);
    let again = authorization(&repository, true).expect("a token");
    assert_eq!(again.value.as_str(), push.value.as_str());
    assert_eq!(registry.count(About::Token), count);
    // Without credentials, the token server says what is allowed.
    let anonymous = authorization(&embedded(&registry), false).expect("a token");
    assert_eq!(status_with(&registry, &anonymous.value, "GET"), 200);
}

#[test]
fn a_token_that_expires_soon_is_replaced() {
    let auth = TokenAuth::new("user", "pass").lifetime(Duration::from_secs(61));
    let registry = Registry::start(RegistryOptions::default().auth(Auth::Token(auth)));
    let repository = with_credentials(&registry);
    authorization(&repository, false).expect("a token");
    let count = registry.count(About::Token);
    authorization(&repository, false).expect("another token");
    assert_eq!(registry.count(About::Token), count + 1);
}

#[test]
fn a_token_server_that_refuses_is_a_failure_of_authorization() {
    let registry = Registry::start(RegistryOptions::default().token("user", "pass"));
    let error = authorization(&embedded(&registry), false).map(drop);
    assert_eq!(error.expect_err("refused").kind(), Kind::Unauthorized);
}
