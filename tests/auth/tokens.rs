//! Tokens: how few of them are fetched, and when they are fetched again.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::image::{self, pull, push};
use embedded_registry::{About, Auth, Fault, Options, Registry, Rule, TokenAuth};
use reggie::{Client, Config};
use support::registries::{self, DockerRegistry, Olareg, OlaregForm, PASSWORD, USER};
use support::relay::Relay;
use support::token_server::{self, TokenServer};

const PULLS: usize = 1000;
const THREADS: usize = 50;
/// How long a token takes where threads are to meet while one is on its way.
const TOKEN_TIME: Duration = Duration::from_millis(200);
const NAME: &str = "team/app";

fn client(url: &str) -> Client {
    let mut config = Config::new();
    config.set_credentials(USER, PASSWORD).expect("credentials");
    config.set_default_name(NAME).expect("a name");
    Client::new(url, &config).expect("a client")
}

fn pull_often(client: &Client) {
    for _ in 0..PULLS {
        pull(client, NAME);
    }
}

/// An embedded registry that has the manifest already.
fn embedded(auth: TokenAuth) -> Registry {
    let registry = Registry::start(Options::default().auth(Auth::Token(auth)));
    registry.put_blob(NAME, image::BLOB);
    registry.put_manifest(NAME, "v1", image::MEDIA_TYPE, image::manifest());
    registry
}

fn user() -> TokenAuth {
    TokenAuth::new(USER, PASSWORD)
}

/// The access log of distribution: a line for each request that was answered.
fn access_log(registry: &registries::Registry) -> Vec<String> {
    let log = registry.log();
    let is_access = |line: &&str| line.contains(" HTTP/1.1\" ");
    log.lines().filter(is_access).map(str::to_owned).collect()
}

#[test]
fn a_signed_token_opens_docker_registry() {
    let tokens = TokenServer::start();
    let Some(registry) = DockerRegistry::start_with_tokens(&tokens) else {
        return;
    };
    let client = client(&registry.url());
    push(&client, NAME);
    pull(&client, NAME);
    // Nobody gets in without.
    let stranger = Client::new(&registry.url(), &Config::new()).expect("a client");
    let mut get = stranger
        .request("GET", "/v2/team/app/manifests/v1")
        .expect("a request");
    get.set_follow_challenge(false);
    assert_eq!(stranger.execute(&mut get).expect("an answer").status(), 401);
    for request in tokens.requests() {
        let query = token_server::query(&request.target);
        let service = query.iter().find(|(name, _)| name == "service");
        assert_eq!(
            service.map(|(_, value)| value.as_str()),
            Some(token_server::SERVICE)
        );
    }
}

#[test]
fn a_thousand_pulls_from_docker_registry_cost_two_requests_more() {
    let tokens = TokenServer::start();
    let Some(registry) = DockerRegistry::start_with_tokens(&tokens) else {
        return;
    };
    push(&client(&registry.url()), NAME);
    let before = tokens.requests().len();

    let client = client(&registry.url());
    pull_often(&client);
    // The log comes through a pipe. On the same connection, the line of a
    // request stands behind those of the requests before it.
    let mut last = client.request("GET", "/the/end").expect("a request");
    client.execute(&mut last).expect("an answer");
    assert!(registry.wait_for_log(Duration::from_secs(30), |line| {
        line.contains("\"GET /the/end HTTP/1.1\"").then_some(())
    }));
    let lines = access_log(&registry);
    let gets: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("\"GET /v2/team/app/manifests/v1 "))
        .collect();
    let refused = gets.iter().filter(|l| l.contains("HTTP/1.1\" 401 "));
    assert_eq!((gets.len(), refused.count()), (PULLS + 1, 1));
    // The push's own: uploads, and the manifest by PUT.
    let others = lines
        .iter()
        .filter(|line| !line.contains("/blobs/") && !line.contains("\"PUT "));
    assert_eq!(others.count(), PULLS + 2, "and the end");
    assert_eq!(tokens.requests().len() - before, 1);
}

#[test]
fn a_thousand_pulls_from_olareg_cost_two_requests_more() {
    let relay = Relay::start();
    let form = OlaregForm::Token;
    // The last of two wins: tokens are asked for through the relay as well.
    let arguments = ["--external-url", &relay.url()];
    let Some(registry) = Olareg::start_with(form, &arguments) else {
        return;
    };
    relay.set_target(registry.authority().parse().expect("an address"));
    push(&client(&relay.url()), NAME);
    let before = relay.requests().len();

    pull_often(&client(&relay.url()));
    let requests = relay.requests().split_off(before);
    let manifests = requests
        .iter()
        .filter(|request| request.target == "/v2/team/app/manifests/v1");
    assert_eq!(manifests.count(), PULLS + 1);
    assert_eq!(requests.len(), PULLS + 2);
}

#[test]
fn a_thousand_pulls_from_the_embedded_registry_cost_two_requests_more() {
    let registry = embedded(user());
    pull_often(&client(registry.url()));
    assert_eq!(registry.count(About::Token), 1);
    assert_eq!(registry.count_answered(About::Manifest, 401), 1);
    assert_eq!(registry.count_answered(About::Manifest, 200), PULLS);
    assert_eq!(registry.round_trips(), PULLS + 2);
}

/// All threads pull at once, each `times` times.
fn pull_at_once(client: &Client, threads: usize, times: usize) {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..times {
                    pull(client, NAME);
                }
            });
        }
    });
}

#[test]
fn threads_that_start_at_once_fetch_one_token() {
    let registry = embedded(user());
    let slow = Rule::new(Fault::serve().delay(TOKEN_TIME)).path("/token");
    registry.add_rule(slow);
    pull_at_once(&client(registry.url()), THREADS, 1);
    assert_eq!(registry.count(About::Token), 1);
    assert_eq!(registry.count_answered(About::Manifest, 200), THREADS);
    // And again where all have one that is revoked.
    let client = client(registry.url());
    pull(&client, NAME);
    registry.revoke_tokens();
    registry.clear_requests();
    pull_at_once(&client, THREADS, 1);
    assert_eq!(registry.count(About::Token), 1);
}

#[test]
fn threads_that_start_at_once_fetch_one_signed_token() {
    let tokens = TokenServer::start_slow(TOKEN_TIME);
    let Some(registry) = DockerRegistry::start_with_tokens(&tokens) else {
        return;
    };
    push(&client(&registry.url()), NAME);
    let before = tokens.requests().len();
    pull_at_once(&client(&registry.url()), THREADS, 2);
    assert_eq!(tokens.requests().len() - before, 1);
}

#[test]
fn a_token_that_is_refused_to_all_threads_is_asked_for_again_later() {
    let registry = Registry::start(Options::default().token(USER, "another password"));
    let client = client(registry.url());
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                let mut get = client
                    .request("GET", "/v2/<name>/manifests/v1")
                    .expect("a request");
                let error = client.execute(&mut get).expect_err("a refusal");
                assert_eq!(error.kind(), reggie::Kind::TokenRefused);
                assert_eq!(error.http_status(), 401);
            });
        }
    });
    assert!((1..=THREADS).contains(&registry.count(About::Token)));
    // A later call asks again.
    let before = registry.count(About::Token);
    let mut get = client
        .request("GET", "/v2/<name>/manifests/v1")
        .expect("a request");
    assert!(client.execute(&mut get).is_err());
    assert_eq!(registry.count(About::Token), before + 1);
}

/// Pulls for three seconds from a registry that rejects each token after one,
/// though the token server promises five minutes.
fn outlive_tokens(auth: TokenAuth) {
    const TIME: Duration = Duration::from_secs(3);
    const PAUSE: Duration = Duration::from_millis(5);
    let registry = embedded(auth.rejected_after(Duration::from_secs(1)));
    let client = client(registry.url());
    let start = Instant::now();
    let mut pulls = 0;
    // On a machine that is slow, longer.
    while start.elapsed() < TIME || pulls < 100 {
        pull(&client, NAME);
        pulls += 1;
        // Spreads the requests over the time, whatever the machine can do.
        thread::sleep(PAUSE);
    }
    // No token was good for less than a second.
    let most = start.elapsed().as_secs() as usize + 1;
    let fetched = registry.count(About::Token);
    assert!((2..=most).contains(&fetched), "{fetched} tokens");
    assert!(registry.count_answered(About::Manifest, 401) <= fetched);
    assert_eq!(registry.count_answered(About::Manifest, 200), pulls);
}

#[test]
fn tokens_that_end_too_early_cost_one_401_each() {
    outlive_tokens(user());
}

#[test]
fn tokens_that_end_too_early_without_a_word_cost_one_401_each() {
    outlive_tokens(user().names_error(false));
}

#[test]
fn tokens_of_a_clock_an_hour_ahead_cost_one_401_each() {
    outlive_tokens(user().clock(3600));
}

#[test]
fn tokens_of_a_clock_an_hour_behind_cost_one_401_each() {
    outlive_tokens(user().clock(-3600));
}

#[test]
fn a_token_is_kept_by_its_lifetime_whatever_the_clock() {
    for clock in [3600, -3600] {
        let registry = embedded(user().clock(clock));
        let client = client(registry.url());
        for _ in 0..20 {
            pull(&client, NAME);
        }
        assert_eq!(registry.count(About::Token), 1, "{clock}");
    }
}

#[test]
fn a_token_that_is_rejected_at_once_is_fetched_again_once() {
    let registry = embedded(user().rejected_after(Duration::ZERO));
    let client = client(registry.url());
    let response = image::try_pull(&client, NAME).expect("an answer");
    assert_eq!(response.status(), 401);
    assert!(registry.count(About::Token) <= 2);
    assert!(registry.count(About::Manifest) <= 3);
}

#[test]
fn a_pull_token_does_not_serve_a_push_and_is_not_tried_for_one() {
    let registry = embedded(user());
    let client = client(registry.url());
    pull(&client, NAME);
    registry.clear_requests();
    push(&client, NAME);
    pull(&client, NAME);
    // Whether the POST waits for its challenge or not: one token, for all.
    assert_eq!(registry.count(About::Token), 1);
    assert!(registry.count_answered(About::Upload, 401) <= 1);
    assert_eq!(registry.count_answered(About::Manifest, 401), 0);
    let asked = registry.requests();
    let tokens = asked.iter().filter(|r| r.about() == About::Token);
    let scopes: Vec<_> = tokens
        .flat_map(|r| token_server::query(&r.target))
        .filter(|(name, _)| name == "scope")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(scopes, ["repository:team/app:pull,push"]);
}
