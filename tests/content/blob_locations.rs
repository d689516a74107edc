//! Locations for programs that download by their own means.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use embedded_registry::{About, Auth, Options as RegistryOptions, Registry, TokenAuth};
use reggie::Kind;
use reggie::content::location::{Location, locate};
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use support::raw_server::RawServer;

use crate::blob_server::{BlobServer, config, content, descriptor, digest, repository};

const NAME: &str = "team/app";

fn registry_with_tokens() -> (Registry, Repository) {
    let auth = TokenAuth::new("user", "secret").lifetime(Duration::from_secs(600));
    let registry = Registry::start(RegistryOptions::default().auth(Auth::Token(auth)));
    let mut config = config();
    config.set_credentials("user", "secret").expect("valid");
    let repository = repository(registry.url(), &config);
    (registry, repository)
}

fn authorization(location: &Location) -> Option<String> {
    let value = location.headers().get("authorization")?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[test]
fn the_registrys_own_url_comes_with_a_token() {
    let (registry, repository) = registry_with_tokens();
    let blob = content(100);
    registry.put_blob(NAME, blob.clone());
    for follow in [false, true] {
        let location = locate(&repository, &descriptor(&blob), follow, &Options::default());
        let location = location.expect("located");
        let expected = format!("{}/v2/{NAME}/blobs/{}", registry.url(), digest(&blob));
        assert_eq!(location.url(), expected);
        let value = authorization(&location).expect("a token");
        assert!(value.starts_with("Bearer "), "{value}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after");
        let left =
            location.expires().expect("known") - i64::try_from(now.as_secs()).expect("small");
        assert!((60..=600).contains(&left), "{left}");
    }
    // Nothing is sent once the token is known.
    registry.clear_requests();
    locate(&repository, &descriptor(&blob), false, &Options::default()).expect("located");
    assert_eq!(registry.requests().len(), 0);
}

#[test]
fn a_refused_location_is_replaced() {
    // overlaybd#203
    let (registry, repository) = registry_with_tokens();
    let blob = content(100);
    registry.put_blob(NAME, blob.clone());
    let get = || {
        let located = locate(&repository, &descriptor(&blob), false, &Options::default());
        located.expect("located")
    };
    let first = get();
    first.refused(404);
    let second = get();
    assert_eq!(authorization(&first), authorization(&second));
    let tokens = registry.count(About::Token);
    second.refused(401);
    get();
    assert_eq!(registry.count(About::Token), tokens + 1);
}

#[test]
fn a_redirect_is_the_location_and_gets_no_authorization() {
    let target = "https://store.example/blob?X-Amz-Date=20261123T230000Z&X-Amz-Expires=1200";
    let server = BlobServer::start(content(100), move |get| {
        get.status("307 Elsewhere", &[("Location", target)], b"");
    });
    let locate = |follow| {
        let options = Options::default();
        locate(&server.repository(), &server.descriptor(), follow, &options)
    };
    let location = locate(true).expect("located");
    assert_eq!(location.url(), target);
    assert_eq!(location.headers().len(), 0);
    assert_eq!(location.expires(), Some(1_795_476_000));
    // Only asked, not followed.
    assert_eq!(server.server.requests().len(), 1);
    let location = locate(false).expect("located");
    assert!(location.url().starts_with(&server.server.url()));
    assert_eq!(location.expires(), None);
}

#[test]
fn a_redirect_within_the_registry_keeps_the_authorization() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            match request.header("authorization") {
                None => conn.respond("401 No", &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
                Some(_) => conn.respond("307 Elsewhere", &[("Location", "/other")], b""),
            };
        }
    });
    let mut config = config();
    config.set_credentials("user", "secret").expect("valid");
    let repository = repository(&server.url(), &config);
    let location = locate(&repository, &descriptor(b"x"), true, &Options::default());
    let location = location.expect("located");
    assert_eq!(location.url(), format!("{}/other", server.url()));
    let value = authorization(&location).expect("credentials");
    assert!(value.starts_with("Basic "));
}

#[test]
fn a_missing_blob_and_a_less_safe_target_are_refused() {
    let server = BlobServer::start(content(100), |get| {
        get.status("404 Not Found", &[], b"");
    });
    let options = Options::default();
    let error = locate(&server.repository(), &server.descriptor(), true, &options).err();
    assert_eq!(error.expect("missing").kind(), Kind::NotFound);
    let server = BlobServer::start_as(content(100), true, |get| {
        let target = [("Location", "http://store.example/")];
        get.status("307 Elsewhere", &target, b"");
    });
    let error = locate(&server.repository(), &server.descriptor(), true, &options).err();
    assert_eq!(error.expect("refused").kind(), Kind::RedirectRefused);
}
