//! Registries that people use, each with what is odd about its tokens: a push,
//! a pull, and the error where there has to be one.

use std::sync::Barrier;
use std::thread;

use crate::image::{self, pull, push, try_pull, try_push};
use embedded_registry::{ACR_REFRESH_USER, About, Options, Recorded, Registry};
use reggie::{Client, Config, Credential, Kind};
use support::token_server::query;

const USER: &str = "user";
const PASSWORD: &str = "secret password";
const NAME: &str = "team/app";
const OTHER: &str = "team/other";

fn client(registry: &Registry, user: &str, password: &str) -> Client {
    let mut config = Config::new();
    config.set_credentials(user, password).expect("credentials");
    Client::new(registry.url(), &config).expect("a client")
}

fn anonymous(registry: &Registry) -> Client {
    Client::new(registry.url(), &Config::new()).expect("a client")
}

/// Puts the image into a repository.
fn fill(registry: &Registry, name: &str) {
    registry.put_blob(name, image::BLOB);
    registry.put_manifest(name, "v1", image::MEDIA_TYPE, image::manifest());
}

/// Pulls the blob; it has to be the one pushed.
#[track_caller]
fn pull_blob(client: &Client, name: &str) {
    let mut get = client
        .request("GET", "/v2/<name>/blobs/<digest>")
        .expect("a request");
    get.set_name(name).expect("a name");
    get.set_digest(&image::blob_digest()).expect("a digest");
    let response = client.execute(&mut get).expect("an answer");
    assert_eq!((response.status(), response.body()), (200, image::BLOB));
}

fn token_requests(registry: &Registry) -> Vec<Recorded> {
    let mut requests = registry.requests();
    requests.retain(|request| request.about() == About::Token);
    requests
}

/// The values of the `scope` fields, for each token that was asked for by GET.
fn scopes(registry: &Registry) -> Vec<Vec<String>> {
    let scopes = |request: &Recorded| {
        let fields = query(&request.target).into_iter();
        let fields = fields.filter(|(name, _)| name == "scope");
        fields.map(|(_, value)| value).collect()
    };
    token_requests(registry).iter().map(scopes).collect()
}

/// The whole of it: a push of a new repository, and pulls by another client.
fn push_and_pull(registry: &Registry, user: &str, password: &str) {
    let writer = client(registry, user, password);
    push(&writer, NAME);
    pull(&writer, NAME);
    let reader = client(registry, user, password);
    pull(&reader, NAME);
    pull_blob(&reader, NAME);
}

#[test]
fn ghcr_names_pull_alone_and_gets_asked_for_push() {
    let registry = Registry::start(Options::ghcr(USER, PASSWORD));
    push_and_pull(&registry, USER, PASSWORD);
    assert_eq!(
        scopes(&registry),
        [
            ["repository:team/app:pull,push"],
            ["repository:team/app:pull"]
        ]
    );
}

#[test]
fn ghcr_is_asked_for_no_more_than_pull_by_those_who_pull() {
    let registry = Registry::start(Options::ghcr(USER, PASSWORD));
    fill(&registry, NAME);
    let nobody = anonymous(&registry);
    pull(&nobody, NAME);
    pull_blob(&nobody, NAME);
    assert_eq!(scopes(&registry), [["repository:team/app:pull"]]);
}

#[test]
fn ghcr_forbids_a_push_by_nobody() {
    let registry = Registry::start(Options::ghcr(USER, PASSWORD));
    let error = try_push(&anonymous(&registry), NAME).expect_err("forbidden");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::TokenRefused, 403)
    );
    assert_eq!(error.registry_code(), Some("DENIED"));
    assert!(!error.is_retryable());
}

#[test]
fn ghcr_names_a_placeholder_to_the_ping_which_is_forgotten() {
    let registry = Registry::start(Options::ghcr(USER, PASSWORD));
    fill(&registry, NAME);
    let client = client(&registry, USER, PASSWORD);
    let mut ping = client.request("GET", "/v2/").expect("a request");
    assert_eq!(client.execute(&mut ping).expect("an answer").status(), 200);
    registry.clear_requests();
    pull(&client, NAME);
    push(&client, OTHER);
    for asked in scopes(&registry) {
        for scope in asked {
            assert!(!scope.contains("user/image"), "{scope}");
        }
    }
}

#[test]
fn quay_gives_push_when_it_is_asked_again() {
    let registry = Registry::start(Options::quay(USER, PASSWORD));
    let client = client(&registry, USER, PASSWORD);
    push(&client, NAME);
    assert_eq!(registry.count(About::Token), 2);
    assert_eq!(registry.count_answered(About::Upload, 401), 2);
    pull(&client, NAME);
    push(&client, NAME);
    assert_eq!(registry.count(About::Token), 2, "the second one is kept");
    push(&client, OTHER);
    assert_eq!(registry.count(About::Token), 4);
    pull(&anonymous(&registry), NAME);
}

#[test]
fn ecr_knows_the_user_aws_by_basic() {
    // What `aws ecr get-login-password` prints is about as long.
    let password = "eyJwYXlsb2FkIjoi".repeat(160);
    let registry = Registry::start(Options::ecr(&password));
    push_and_pull(&registry, "AWS", &password);
    let refused = try_pull(&client(&registry, USER, &password), NAME).expect("an answer");
    assert_eq!(refused.status(), 401);
    assert_eq!(registry.count(About::Token), 0);
    // One for each client that was new, and two for the one refused.
    assert_eq!(registry.count_answered(About::Upload, 401), 1);
    assert_eq!(registry.count_answered(About::Manifest, 401), 3);
}

#[test]
fn ecr_public_has_one_scope_that_is_a_word() {
    let registry = Registry::start(Options::ecr_public(PASSWORD));
    push_and_pull(&registry, "AWS", PASSWORD);
    pull(&anonymous(&registry), NAME);
    for asked in scopes(&registry) {
        assert!(asked.iter().any(|scope| scope == "aws"), "{asked:?}");
    }
    let status = try_push(&anonymous(&registry), NAME).map(|statuses| statuses[0]);
    assert!(matches!(status, Ok(401)), "{status:?}");
}

#[test]
fn jfrog_gives_tokens_for_a_password_by_get() {
    let registry = Registry::start(Options::jfrog(USER, PASSWORD));
    push_and_pull(&registry, USER, PASSWORD);
    assert!(registry.count_answered(About::Token, 401) <= 1);
}

#[test]
fn acr_gives_tokens_for_a_password_by_get() {
    let registry = Registry::start(Options::acr(USER, PASSWORD));
    push_and_pull(&registry, USER, PASSWORD);
    assert!(registry.count_answered(About::Token, 400) <= 1);
}

#[test]
fn acr_takes_a_refresh_token_for_a_password() {
    let registry = Registry::start(Options::acr(USER, PASSWORD));
    let refresh = registry.refresh_token();
    push_and_pull(&registry, ACR_REFRESH_USER, &refresh);
}

#[test]
fn gcr_has_its_challenge_at_the_ping() {
    let registry = Registry::start(Options::gcr(USER, PASSWORD));
    push_and_pull(&registry, USER, PASSWORD);
    // Once for each client: where to ask is remembered.
    assert_eq!(registry.count(About::Ping), 2);
    assert_eq!(
        scopes(&registry),
        [
            ["repository:team/app:pull,push"],
            ["repository:team/app:pull"]
        ]
    );
    let refused = Registry::start(Options::gcr(USER, "another password"));
    let error = try_pull(&client(&refused, USER, PASSWORD), NAME).expect_err("a refusal");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::TokenRefused, 401)
    );
}

#[test]
fn gitlab_is_asked_for_one_token_at_a_time() {
    let registry = Registry::start(Options::gitlab(USER, PASSWORD));
    fill(&registry, NAME);
    for client in [client(&registry, USER, PASSWORD), anonymous(&registry)] {
        let barrier = Barrier::new(20);
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    barrier.wait();
                    pull(&client, NAME);
                });
            }
        });
    }
    assert_eq!(registry.count_answered(About::Token, 404), 0);
    assert_eq!(registry.count(About::Token), 2);
    push(&client(&registry, USER, PASSWORD), OTHER);
}

#[test]
fn expired_credentials_are_named_as_what_is_refused() {
    let registry = Registry::start(Options::expired_credentials(USER, PASSWORD));
    fill(&registry, NAME);
    pull(&anonymous(&registry), NAME);
    let error = try_pull(&client(&registry, USER, PASSWORD), NAME).expect_err("expired");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::TokenRefused, 403)
    );
    assert_eq!(error.registry_code(), Some("DENIED"));
    assert!(error.message().contains("credentials"), "{error}");
    assert!(!error.message().contains(PASSWORD), "{error}");
}

#[test]
fn harbor_has_users_whose_names_are_escaped() {
    let registry = Registry::start(Options::harbor("ci", PASSWORD));
    push_and_pull(&registry, "robot$library+ci", PASSWORD);
    for request in token_requests(&registry) {
        assert!(!request.target.contains('+'), "{}", request.target);
    }
}

/// Mounts the blob of [`OTHER`] into [`NAME`].
fn mount(client: &Client) -> u16 {
    let mut post = client
        .request("POST", "/v2/<name>/blobs/uploads/")
        .expect("a request");
    post.set_name(NAME).expect("a name");
    post.set_query("mount", &image::blob_digest())
        .expect("a parameter");
    post.set_query("from", OTHER).expect("a parameter");
    client.execute(&mut post).expect("an answer").status()
}

#[test]
fn docker_auth_gets_each_scope_in_a_field_of_its_own() {
    let registry = Registry::start(Options::docker_auth(USER, PASSWORD));
    fill(&registry, OTHER);
    push_and_pull(&registry, USER, PASSWORD);
    registry.clear_requests();
    assert_eq!(mount(&client(&registry, USER, PASSWORD)), 201);
    let mut asked = scopes(&registry).remove(0);
    asked.sort();
    assert_eq!(
        asked,
        [
            "repository:team/app:pull,push",
            "repository:team/other:pull"
        ]
    );
}

#[test]
fn a_server_that_reads_one_scope_is_not_asked_for_ever() {
    let registry = Registry::start(Options::first_scope_alone(USER, PASSWORD));
    fill(&registry, OTHER);
    let client = client(&registry, USER, PASSWORD);
    push(&client, NAME);
    pull(&client, OTHER);
    pull(&client, NAME);
    push(&client, OTHER);
    // No token that it gives is good for a mount.
    registry.clear_requests();
    assert_eq!(mount(&client), 401);
    assert!(registry.count(About::Token) <= 2);
    assert!(registry.count(About::Upload) <= 3);
    push(&client, NAME);
}

fn with_identity_token(registry: &Registry, token: &str) -> Client {
    let mut config = Config::new();
    let token = Credential::identity_token("", token).expect("a token");
    config
        .add_credential(&registry.host(), token)
        .expect("a place");
    Client::new(registry.url(), &config).expect("a client")
}

/// The fields of the form by which a token was asked for.
fn form(request: &Recorded) -> Vec<(String, String)> {
    let body = request.body.clone().expect("a form");
    let body = String::from_utf8(body).expect("a form is text");
    query(&format!("?{body}"))
}

#[test]
fn an_identity_token_is_posted_to_acr() {
    let registry = Registry::start(Options::acr(USER, PASSWORD));
    let refresh = registry.refresh_token();
    let client = with_identity_token(&registry, &refresh);
    push(&client, NAME);
    pull(&client, NAME);
    for request in token_requests(&registry) {
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("authorization"), None);
        assert!(!request.target.contains(&refresh));
        let form = form(&request);
        let field = |name: &str| {
            let found: Vec<_> = form.iter().filter(|(given, _)| given == name).collect();
            assert_eq!(found.len(), 1, "{name}");
            found[0].1.clone()
        };
        assert_eq!(field("grant_type"), "refresh_token");
        assert_eq!(field("refresh_token"), refresh);
        assert_eq!(field("service"), "embedded-registry");
        assert_eq!(field("scope"), "repository:team/app:pull,push");
        assert!(!field("client_id").is_empty());
    }
}

#[test]
fn several_scopes_stand_in_one_field_of_a_form() {
    let registry = Registry::start(Options::acr(USER, PASSWORD));
    fill(&registry, OTHER);
    let client = with_identity_token(&registry, &registry.refresh_token());
    assert_eq!(mount(&client), 201);
    let form = form(&token_requests(&registry)[0]);
    let scopes: Vec<_> = form.iter().filter(|(name, _)| name == "scope").collect();
    assert_eq!(scopes.len(), 1);
    let mut scopes: Vec<_> = scopes[0].1.split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(
        scopes,
        [
            "repository:team/app:pull,push",
            "repository:team/other:pull"
        ]
    );
}

#[test]
fn an_identity_token_has_no_name_to_fall_back_to_get_with() {
    for (options, status) in [
        (Options::jfrog(USER, PASSWORD), 401),
        (Options::gcr(USER, PASSWORD), 404),
    ] {
        let registry = Registry::start(options);
        let refresh = registry.refresh_token();
        let client = with_identity_token(&registry, &refresh);
        let error = try_pull(&client, NAME).expect_err("no tokens by POST");
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::TokenRefused, status)
        );
        assert!(!error.message().contains(&refresh), "{error}");
        for request in token_requests(&registry) {
            assert_eq!(request.method, "POST");
        }
    }
}

#[test]
fn an_identity_token_that_is_refused_is_an_error() {
    let registry = Registry::start(Options::acr(USER, PASSWORD));
    let client = with_identity_token(&registry, "of long ago");
    let error = try_pull(&client, NAME).expect_err("refused");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::TokenRefused, 401)
    );
    assert!(!error.message().contains("of long ago"), "{error}");
}
