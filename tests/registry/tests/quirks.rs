//! What is odd about the registries that people use, as it comes over the wire.

mod client;

use client::{Answer, call};
use embedded_registry::{ACR_REFRESH_USER, About, Auth, Options, Registry, TokenAuth};
use std::time::Duration;

/// `user:secret`
const BASIC: (&str, &str) = ("Authorization", "Basic dXNlcjpzZWNyZXQ=");
const PUSH: &str = "/v2/a/blobs/uploads/";
const PULL: &str = "/v2/a/tags/list";

fn get(registry: &Registry, target: &str, header: (&str, &str)) -> Answer {
    call(registry, "GET", target, &[header], b"")
}

fn token(registry: &Registry, scopes: &str) -> Answer {
    get(registry, &format!("/token?{scopes}"), BASIC)
}

/// The status of a push with a new token for these scopes.
fn push_with(registry: &Registry, scopes: &str) -> u16 {
    let answer = token(registry, scopes);
    let value = format!("Bearer {}", answer.json()["token"].as_str().unwrap());
    call(registry, "POST", PUSH, &[("Authorization", &value)], b"").status
}

fn challenge(registry: &Registry, method: &str, target: &str) -> String {
    let answer = call(registry, method, target, &[], b"");
    assert_eq!(answer.status, 401);
    answer.header("www-authenticate").to_owned()
}

#[test]
fn ghcr() {
    let registry = Registry::start(Options::ghcr("user", "secret"));
    assert!(challenge(&registry, "GET", "/v2/").ends_with("scope=\"repository:user/image:pull\""));
    assert!(challenge(&registry, "POST", PUSH).ends_with("scope=\"repository:a:pull\""));
    let nobody = |scope: &str| client::get(&registry, &format!("/token?scope={scope}")).status;
    assert_eq!(nobody("repository:a:pull"), 200);
    assert_eq!(nobody("repository:a:pull,push"), 403);
    assert_eq!(push_with(&registry, "scope=repository:a:pull"), 401);
    assert_eq!(push_with(&registry, "scope=repository:a:pull,push"), 202);
}

#[test]
fn quay() {
    let registry = Registry::start(Options::quay("user", "secret"));
    for status in [401, 202, 202] {
        assert_eq!(push_with(&registry, "scope=repository:a:pull,push"), status);
    }
}

#[test]
fn ecr() {
    let registry = Registry::start(Options::ecr("secret"));
    assert_eq!(
        challenge(&registry, "GET", PULL),
        "Basic realm=\"https://ecr.example/\",service=\"ecr.example\""
    );
    let registry = Registry::start(Options::ecr_public("secret"));
    assert!(challenge(&registry, "GET", PULL).ends_with("scope=\"aws\""));
    // `AWS:secret`
    let aws = ("Authorization", "Basic QVdTOnNlY3JldA==");
    for (scope, status) in [("aws", 202), ("repository:a:pull,push", 401)] {
        let answer = get(&registry, &format!("/token?scope={scope}"), aws);
        let value = format!("Bearer {}", answer.json()["token"].as_str().unwrap());
        let push = call(&registry, "POST", PUSH, &[("Authorization", &value)], b"");
        assert_eq!(push.status, status, "{scope}");
    }
}

#[test]
fn what_is_posted() {
    let password = "grant_type=password&username=user&password=secret";
    for (options, by_password, by_refresh) in [
        (Options::jfrog("user", "secret"), 401, 401),
        (Options::gcr("user", "secret"), 404, 404),
        (Options::acr("user", "secret"), 400, 200),
    ] {
        let registry = Registry::start(options);
        let refresh = registry.refresh_token();
        let refresh = format!("grant_type=refresh_token&refresh_token={refresh}");
        for (form, status) in [(password, by_password), (&refresh, by_refresh)] {
            let answer = call(&registry, "POST", "/token", &[], form.as_bytes());
            assert_eq!(answer.status, status, "{form}");
        }
        assert_eq!(token(&registry, "").status, 200);
        assert_eq!(registry.count(About::Token), 3);
        assert_eq!(registry.round_trips(), 3);
    }
}

#[test]
fn acr_knows_a_user_whose_password_is_a_refresh_token() {
    use base64::Engine;
    let registry = Registry::start(Options::acr("user", "secret"));
    for (password, status) in [(registry.refresh_token().as_str(), 200), ("x", 401)] {
        let pair = format!("{ACR_REFRESH_USER}:{password}");
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        let header = format!("Basic {pair}");
        let answer = get(&registry, "/token", ("Authorization", &header));
        assert_eq!(answer.status, status);
    }
}

#[test]
fn gcr_has_no_challenge_but_the_pings() {
    let registry = Registry::start(Options::gcr("user", "secret"));
    assert_eq!(challenge(&registry, "GET", PULL), "");
    assert_eq!(challenge(&registry, "POST", PUSH), "");
    assert!(challenge(&registry, "GET", "/v2/").starts_with("Bearer realm="));
    assert_eq!(registry.count_answered(About::Ping, 401), 1);
}

#[test]
fn gitlab_makes_one_token_at_a_time_at_first() {
    let registry = Registry::start(Options::gitlab("user", "secret"));
    let barrier = std::sync::Barrier::new(5);
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = || {
            barrier.wait();
            token(&registry, "scope=repository:a:pull").status
        };
        let threads: Vec<_> = (0..5).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404]);
    assert_eq!(token(&registry, "").json()["expires_in"], 300);
}

#[test]
fn expired_credentials_are_worse_than_none() {
    let registry = Registry::start(Options::expired_credentials("user", "secret"));
    assert_eq!(token(&registry, "scope=repository:a:pull").status, 403);
    assert_eq!(client::get(&registry, "/token").status, 200);
}

#[test]
fn an_account_is_the_user() {
    let registry = Registry::start(Options::harbor("ci", "secret"));
    // `robot$library+ci:secret`
    let robot = ("Authorization", "Basic cm9ib3QkbGlicmFyeStjaTpzZWNyZXQ=");
    for (account, status) in [("robot%24library%2Bci", 200), ("robot$library+ci", 400)] {
        let answer = get(&registry, &format!("/token?account={account}"), robot);
        assert_eq!(answer.status, status, "{account}");
    }
}

#[test]
fn how_scopes_are_read() {
    let two = "scope=repository:a:pull,push&scope=repository:b:pull";
    let joined = "scope=repository:a:pull,push+repository:b:pull";
    let registry = Registry::start(Options::docker_auth("user", "secret"));
    assert_eq!(token(&registry, joined).status, 400);
    assert_eq!(push_with(&registry, two), 202);

    let registry = Registry::start(Options::first_scope_alone("user", "secret"));
    assert_eq!(push_with(&registry, two), 202);
    let turned = "scope=repository:b:pull&scope=repository:a:pull,push";
    assert_eq!(push_with(&registry, turned), 401);
}

#[test]
fn a_registry_may_reject_what_its_token_server_promised() {
    let auth = TokenAuth::new("user", "secret")
        .rejected_after(Duration::ZERO)
        .names_error(false)
        .clock(3600);
    let registry = Registry::start(Options::default().auth(Auth::Token(auth)));
    let answer = token(&registry, "scope=repository:a:pull");
    assert_eq!(answer.json()["expires_in"], 300);
    assert!(answer.header("date").ends_with(" GMT"));
    assert!(answer.json()["issued_at"].as_str().unwrap().ends_with('Z'));
    let value = format!("Bearer {}", answer.json()["token"].as_str().unwrap());
    let refused = get(&registry, PULL, ("Authorization", &value));
    assert_eq!(refused.status, 401);
    assert!(!refused.header("www-authenticate").contains("error"));
}
