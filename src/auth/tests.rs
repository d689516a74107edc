use std::time::{Duration, Instant};

use super::flight::Outcome;
use super::token::Grant;
use super::token_cache::{Role, Waiter};
use super::*;
use crate::http::url::Url;
use crate::os::cancel::Cancel;
use crate::os::deadline::CallLimits;

fn authenticator(user: Option<(&str, &str)>) -> Authenticator {
    let mut config = Config::new();
    if let Some((user, password)) = user {
        config.set_credentials(user, password).expect("valid");
    }
    let registry = Url::parse("https://registry.example").expect("a url");
    let log = Log::new(None, false, &Arc::default());
    Authenticator::new(registry.origin(), &config, Arc::default(), log).expect("valid")
}

fn challenges(header: &str) -> Vec<Challenge> {
    challenge::parse([header.as_bytes()])
}

fn about(scopes: &str) -> Subject {
    Subject {
        repository: Some("a/b".to_owned()),
        scopes: Some(Scopes::parse(scopes)),
        is_ping: false,
    }
}

fn grant(token: &str) -> Grant {
    Grant {
        token: Zeroizing::new(token.to_owned()),
        expires: Instant::now() + Duration::from_secs(60),
    }
}

/// A waiting caller; another thread fetches.
fn waiter(tokens: &Tokens, wanted: &TokenRequest) -> Waiter {
    std::thread::scope(|scope| {
        let joined = scope.spawn(|| match tokens.join(wanted, None, &CallLimits::default()) {
            Role::Wait(waiter) => waiter,
            _ => panic!("somebody fetches"),
        });
        joined.join().expect("a waiter")
    })
}

fn wanted(scopes: &str) -> TokenRequest {
    TokenRequest {
        realm: "https://auth.registry.example/token".to_owned(),
        service: None,
        scopes: Scopes::parse(scopes),
    }
}

#[test]
fn basic_is_remembered() {
    let auth = authenticator(Some(("user", "pass")));
    let subject = || about("repository:a/b:pull");
    assert!(
        auth.known(subject, &CallLimits::default())
            .expect("no error")
            .is_none()
    );
    let reply = auth.reply(&challenges("Basic realm=\"x\""), &subject(), None);
    assert!(matches!(reply, Reply::Basic));
    let first = auth
        .basic_for(subject().repository, &CallLimits::default())
        .expect("no error");
    let first = first.expect("credentials");
    assert_eq!(first.as_str(), "Basic dXNlcjpwYXNz");
    assert_eq!(
        auth.known(subject, &CallLimits::default())
            .expect("no error"),
        Some(first)
    );
}

#[test]
fn nobody_has_nothing_to_say_to_basic() {
    let auth = authenticator(None);
    let subject = about("repository:a/b:pull");
    let reply = auth.reply(&challenges("Negotiate abc=="), &subject, None);
    assert!(matches!(reply, Reply::Unsupported));
    assert!(
        auth.basic_for(None, &CallLimits::default())
            .expect("no error")
            .is_none()
    );
}

#[test]
fn what_is_asked_unites_the_request_and_its_challenge() {
    let auth = authenticator(None);
    let ask = |header: &str, subject: &Subject, asked: Option<&str>| {
        let asked = asked.map(Scopes::parse);
        match auth.reply(&challenges(header), subject, asked.as_ref()) {
            Reply::Bearer(wanted) => wanted.scopes.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let header = "Bearer realm=\"https://t.example\",scope=\"repository:a/b:pull\"";
    let push = about("repository:a/b:pull,push");
    assert_eq!(ask(header, &push, None), "repository:a/b:pull,push");
    let more = Some("repository:c:pull");
    assert_eq!(
        ask(header, &push, more),
        "repository:a/b:pull,push repository:c:pull"
    );
    let ping = Subject {
        is_ping: true,
        ..Subject::default()
    };
    assert_eq!(ask(header, &ping, None), "");
    assert_eq!(
        ask(header, &Subject::default(), None),
        "repository:a/b:pull"
    );
}

#[test]
fn a_token_serves_what_its_scopes_cover_until_it_is_rejected() {
    let tokens = Tokens::default();
    let Role::Fetch(fetcher) = tokens.join(
        &wanted("repository:a/b:pull,push"),
        None,
        &CallLimits::default(),
    ) else {
        panic!("no token is known");
    };
    let sent = fetcher.done(grant("t1"), None);
    assert_eq!(sent.as_str(), "Bearer t1");
    let pull = || Some(Scopes::parse("repository:a/b:pull"));
    assert_eq!(tokens.known(pull).as_ref(), Some(&sent));
    assert!(
        tokens
            .known(|| Some(Scopes::parse("repository:a/c:pull")))
            .is_none()
    );
    assert!(tokens.known(|| None).is_none());
    tokens.drop_rejected(&sent);
    assert!(tokens.known(pull).is_none());
    let again = tokens.join(&wanted("repository:a/b:pull"), None, &CallLimits::default());
    assert!(matches!(again, Role::Fetch(_)));
}

#[test]
fn one_fetches_and_the_others_wait_for_what_covers_theirs() {
    let tokens = Tokens::default();
    let limits = CallLimits::default();
    let Role::Fetch(fetcher) = tokens.join(
        &wanted("repository:a:pull,push"),
        None,
        &CallLimits::default(),
    ) else {
        panic!("there is no fetch");
    };
    let waiter = self::waiter(&tokens, &wanted("repository:a:pull"));
    assert!(matches!(
        tokens.join(&wanted("repository:b:pull"), None, &CallLimits::default()),
        Role::Fetch(_)
    ));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| waiter.wait(&limits));
        fetcher.done(grant("t"), None);
        let outcome = waiting.join().expect("no panic").expect("not ended");
        assert!(matches!(outcome, Outcome::Done(token) if token.as_str() == "Bearer t"));
    });
}

#[test]
fn a_waiter_has_its_own_end_and_takes_over_from_one_that_gave_up() {
    let tokens = Tokens::default();
    let pull = wanted("repository:a:pull");
    let Role::Fetch(fetcher) = tokens.join(&pull, None, &CallLimits::default()) else {
        panic!("there is no fetch");
    };
    let waiter = self::waiter(&tokens, &pull);
    let cancel = Cancel::new().expect("a handle");
    let limits = CallLimits {
        cancel: Some(cancel.clone()),
        ..CallLimits::default()
    };
    cancel.trigger();
    let error = waiter.wait(&limits).expect_err("cancelled");
    assert_eq!(error.kind(), Kind::Cancelled);
    fetcher.failed(&Error::new(Kind::Cancelled, "the call was cancelled"));
    let outcome = waiter.wait(&CallLimits::default()).expect("it ended");
    assert!(matches!(outcome, Outcome::Abandoned(None)));
    let Role::Fetch(fetcher) = tokens.join(&pull, None, &CallLimits::default()) else {
        panic!("there is no later fetch");
    };
    let waiter = self::waiter(&tokens, &pull);
    fetcher.failed(&Error::new(Kind::TokenRefused, "no"));
    let outcome = waiter.wait(&CallLimits::default()).expect("it ended");
    assert!(matches!(outcome, Outcome::Failed(error) if error.kind() == Kind::TokenRefused));
    assert!(matches!(
        tokens.join(&pull, None, &CallLimits::default()),
        Role::Fetch(_)
    ));
}
