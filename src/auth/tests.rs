use std::time::{Duration, Instant};

use super::flight::Outcome;
use super::token::Grant;
use super::token_cache::Role;
use super::waiter::Waiter;
use super::*;
use crate::http::url::Url;
use crate::os::cancel::Cancel;
use crate::os::deadline::{CallLimits, StepLimit};

fn authenticator(user: Option<(&str, &str)>) -> Authenticator {
    let mut config = Config::new();
    if let Some((user, password)) = user {
        config.set_credentials(user, password).expect("valid");
    }
    let registry = Url::parse("https://registry.example").expect("a url");
    let log = Log::new(None, false, &Arc::default());
    Authenticator::new(registry.origin(), &config, None, log).expect("valid")
}

fn challenges(header: &str) -> Vec<Challenge> {
    challenge::parse([header.as_bytes()])
}

fn about(scopes: &str) -> Subject {
    Subject {
        repository: Some("a/b".to_owned()),
        scopes: Some(Scopes::parse(scopes)),
        ..Subject::default()
    }
}

fn grant(token: &str) -> Grant {
    Grant {
        token: Zeroizing::new(token.to_owned()),
        expires: Instant::now() + Duration::from_secs(60),
    }
}

/// A waiting call; another one fetches.
fn waiter(tokens: &Tokens, wanted: &TokenRequest) -> Waiter<Authorization> {
    match tokens.join(wanted, None, true) {
        Role::Wait(waiter) => waiter,
        _ => panic!("somebody fetches"),
    }
}

/// Waits without a limit.
fn wait(
    waiter: &Waiter<Authorization>,
    limits: &CallLimits,
) -> Result<Outcome<Authorization, Error>, Error> {
    let ended = waiter.wait(limits, StepLimit::none(Step::Token))?;
    Ok(ended.expect("there is no limit"))
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
            Reply::Bearer(wanted) => wanted[0].scopes.to_string(),
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
    let Role::Fetch(fetcher) = tokens.join(&wanted("repository:a/b:pull,push"), None, true) else {
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
    let again = tokens.join(&wanted("repository:a/b:pull"), None, true);
    assert!(matches!(again, Role::Fetch(_)));
}

#[test]
fn one_fetches_and_the_others_wait_for_what_covers_theirs() {
    let tokens = Tokens::default();
    let limits = CallLimits::default();
    let Role::Fetch(fetcher) = tokens.join(&wanted("repository:a:pull,push"), None, true) else {
        panic!("there is no fetch");
    };
    let waiter = self::waiter(&tokens, &wanted("repository:a:pull"));
    assert!(matches!(
        tokens.join(&wanted("repository:b:pull"), None, true),
        Role::Fetch(_)
    ));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(&waiter, &limits));
        fetcher.done(grant("t"), None);
        let outcome = waiting.join().expect("no panic").expect("not ended");
        assert!(matches!(outcome, Outcome::Done(token) if token.as_str() == "Bearer t"));
    });
}

#[test]
fn a_waiter_has_its_own_end_and_takes_over_from_one_that_gave_up() {
    let tokens = Tokens::default();
    let pull = wanted("repository:a:pull");
    let Role::Fetch(fetcher) = tokens.join(&pull, None, true) else {
        panic!("there is no fetch");
    };
    let waiter = self::waiter(&tokens, &pull);
    let cancel = Cancel::new().expect("a handle");
    let limits = CallLimits {
        cancel: Some(cancel.clone()),
        ..CallLimits::default()
    };
    cancel.trigger();
    let error = wait(&waiter, &limits).expect_err("cancelled");
    assert_eq!(error.kind(), Kind::Cancelled);
    fetcher.failed(&Error::new(Kind::Cancelled, "the call was cancelled"));
    let outcome = wait(&waiter, &CallLimits::default()).expect("it ended");
    assert!(matches!(outcome, Outcome::Abandoned(None)));
    let Role::Fetch(fetcher) = tokens.join(&pull, None, true) else {
        panic!("there is no later fetch");
    };
    let waiter = self::waiter(&tokens, &pull);
    fetcher.failed(&Error::new(Kind::TokenRefused, "no"));
    let outcome = wait(&waiter, &CallLimits::default()).expect("it ended");
    assert!(matches!(outcome, Outcome::Failed(error) if error.kind() == Kind::TokenRefused));
    assert!(matches!(tokens.join(&pull, None, true), Role::Fetch(_)));
}

#[test]
fn a_wait_has_a_limit_and_a_call_in_a_callback_does_not_wait() {
    let tokens = Tokens::default();
    let pull = wanted("repository:a:pull");
    let Role::Fetch(_fetcher) = tokens.join(&pull, None, true) else {
        panic!("there is no fetch");
    };
    let limits = CallLimits::default();
    let limit = limits.limit(Step::Token, Some(Duration::from_millis(1)), &"wait");
    let waited = self::waiter(&tokens, &pull).wait(&limits, limit);
    assert!(waited.expect("no error").is_none());
    assert!(matches!(tokens.join(&pull, None, false), Role::Fetch(_)));
}

#[test]
fn what_is_asked_for_a_write_to_an_unknown_path_has_push() {
    let auth = authenticator(None);
    let ask = |scope: &str, subject: &Subject| {
        let header = format!("Bearer realm=\"https://t.example\",scope=\"{scope}\"");
        match auth.reply(&challenges(&header), subject, None) {
            Reply::Bearer(wanted) => wanted[0].scopes.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let write = Subject {
        is_write: true,
        ..Subject::default()
    };
    assert_eq!(ask("repository:a:pull", &write), "repository:a:pull,push");
    assert_eq!(ask("registry:catalog:*", &write), "registry:catalog:*");
    assert_eq!(
        ask("repository:a:pull", &Subject::default()),
        "repository:a:pull"
    );
    let delete = Subject {
        is_write: true,
        ..about("repository:a:delete")
    };
    assert_eq!(
        ask("repository:a:pull", &delete),
        "repository:a:pull,delete"
    );
}

#[test]
fn several_bearer_challenges_are_alternatives() {
    let auth = authenticator(None);
    let both = challenges(
        "Bearer realm=\"https://one.example\", Bearer realm=\"https://two.example\", Basic realm=x",
    );
    let realms = || match auth.reply(&both, &about("repository:a/b:pull"), None) {
        Reply::Bearer(wanted) => wanted.into_iter().map(|one| one.realm).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(realms(), ["https://one.example", "https://two.example"]);
    auth.remember_form("https://two.example", Form::Get);
    assert_eq!(realms(), ["https://two.example", "https://one.example"]);
}
