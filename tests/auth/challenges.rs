//! Challenges, and how they are answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reggie::{Config, Kind};
use support::raw_server::RawServer;

use crate::guarded::*;

#[test]
fn the_first_try_is_without_authorization_and_basic_is_remembered() {
    let server = guarded(BASIC, &["Basic realm=\"r\""], "");
    let client = client(&server, &config());
    for _ in 0..2 {
        assert_eq!(
            get(&client, "/v2/a/tags/list").expect("an answer").status(),
            200
        );
    }
    // Not a path of the registry's: it waits for its challenge.
    assert_eq!(get(&client, "/metrics").expect("an answer").status(), 200);
    let basic = Some(BASIC.to_owned());
    assert_eq!(
        authorizations(&server),
        [None, basic.clone(), basic.clone(), None, basic]
    );
}

#[test]
fn a_token_is_fetched_once_for_what_its_scope_covers() {
    let challenge = "Bearer realm=\"{url}/token?own=1\",service=\"my service\",\
                     scope=\"repository:a/b:pull,push\"";
    let server = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T1","expires_in":300}"#);
            } else if request.header("authorization") == Some("Bearer T1") {
                conn.respond("200 OK", &[], b"");
            } else {
                self::challenge(conn, &request, &[challenge]);
            }
        }
    });
    let client = client(&server, &config());
    for path in [
        "/v2/a/b/manifests/one",
        "/v2/a/b/manifests/two",
        "/v2/a/b/tags/list?n=3",
    ] {
        assert_eq!(get(&client, path).expect("an answer").status(), 200);
    }
    // Whose scope cannot be told from the path waits for its challenge.
    assert_eq!(get(&client, "/v2/").expect("an answer").status(), 200);
    let token = "/token?own=1&service=my%20service&scope=repository:a/b:pull%2Cpush\
                 &account=myuser&client_id=reggie";
    assert_eq!(
        targets(&server),
        [
            "/v2/a/b/manifests/one",
            token,
            "/v2/a/b/manifests/one",
            "/v2/a/b/manifests/two",
            "/v2/a/b/tags/list?n=3",
            "/v2/",
            "/v2/",
        ]
    );
    let bearer = Some("Bearer T1".to_owned());
    assert_eq!(
        authorizations(&server),
        [
            None,
            Some(BASIC.to_owned()),
            bearer.clone(),
            bearer.clone(),
            bearer.clone(),
            None,
            bearer
        ]
    );
}

#[test]
fn access_token_is_as_good_as_token() {
    let challenges = &["bearer REALM=\"{url}/token\""];
    let server = guarded("Bearer T2", challenges, r#"{"access_token":"T2"}"#);
    let answer = get(&client(&server, &config()), "/v2/a/tags/list").expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[test]
fn the_auth_scope_replaces_the_challenges() {
    let challenges = &["Bearer realm=\"{url}/token\",scope=\"repository:x:pull\""];
    let server = guarded("Bearer T", challenges, r#"{"token":"T"}"#);
    let mut config = config();
    config
        .set_auth_scope("repository:y:pull,push")
        .expect("a scope");
    let client = client(&server, &config);
    for _ in 0..2 {
        assert_eq!(
            get(&client, "/v2/x/tags/list").expect("an answer").status(),
            200
        );
    }
    let targets = targets(&server);
    assert_eq!(targets.len(), 4, "the token is kept: {targets:?}");
    assert!(
        targets[1].contains("scope=repository:y:pull%2Cpush"),
        "{}",
        targets[1]
    );
    assert!(!targets[1].contains("repository:x"));
}

#[test]
fn all_challenges_are_read_and_the_scheme_is_not_sought_in_a_url() {
    for challenges in [
        // Not the first one.
        &[
            "Negotiate",
            "Digest realm=\"d\", nonce=\"n\"",
            "Basic realm=\"b\"",
        ][..],
        &["Negotiate abc==, NTLM, Basic realm=\"b\""],
        // The realm holds what looks like another scheme.
        &["Basic realm=\"https://bearer.example/Bearer realm=x\""],
        &["bAsIc realm=\"a \\\" Bearer realm=\\\"{url}/token\\\"\""],
        &[", ,Basic"],
    ] {
        let challenges: &'static [&'static str] = challenges;
        let server = guarded(BASIC, challenges, "");
        let answer = get(&client(&server, &config()), "/v2/").expect("an answer");
        assert_eq!(answer.status(), 200, "{challenges:?}");
    }
    // Bearer before Basic, wherever it stands.
    let challenges = &["Basic realm=\"b\", Bearer realm=\"{url}/token\""];
    let server = guarded("Bearer T", challenges, r#"{"token":"T"}"#);
    let answer = get(&client(&server, &config()), "/v2/").expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[test]
fn nobody_sends_no_credentials() {
    let server = guarded(BASIC, &["Basic realm=\"r\""], "");
    let anonymous = client(&server, &Config::new());
    let answer = get(&anonymous, "/v2/").expect("an answer");
    assert!(answer.is_unauthorized());
    assert_eq!(answer.errors().expect("errors")[0].code(), "UNAUTHORIZED");
    assert_eq!(server.requests().len(), 1);

    let server = guarded(
        "Bearer T",
        &["Bearer realm=\"{url}/token\""],
        r#"{"token":"T"}"#,
    );
    let anonymous = client(&server, &Config::new());
    assert_eq!(get(&anonymous, "/v2/").expect("an answer").status(), 200);
    assert_eq!(
        authorizations(&server)[1],
        None,
        "no empty pair goes to the token server"
    );
    assert_eq!(targets(&server)[1], "/token?client_id=reggie");
}

#[test]
fn a_challenge_that_cannot_be_answered_is_the_answer() {
    for challenges in [
        &[][..],
        &["Negotiate"],
        &["Bearer"],
        &["%%%"],
        &["Digest realm=x"],
    ] {
        let challenges: &'static [&'static str] = challenges;
        let server = guarded(BASIC, challenges, "");
        let answer = get(&client(&server, &config()), "/v2/").expect("an answer");
        assert!(answer.is_unauthorized(), "{challenges:?}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_token_server_that_refuses_or_talks_nonsense_is_an_error() {
    let case = |status: &'static str, body: &'static [u8]| {
        let server = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                if request.target.starts_with("/token") {
                    conn.respond(status, &[("Retry-After", "7")], body);
                } else {
                    challenge(conn, &request, &["Bearer realm=\"{url}/token\""]);
                }
            }
        });
        let error = get(&client(&server, &config()), "/v2/").expect_err("refused");
        assert_eq!(error.kind(), Kind::TokenRefused, "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert!(error.host().is_some());
        assert!(!error.message().contains('\n'), "{error}");
        assert!(!error.message().contains("mypass"), "{error}");
        error
    };
    let error = case("403 Forbidden", br#"{"details":"no, mypass is\nwrong"}"#);
    assert_eq!(error.http_status(), 403);
    assert!(
        error.message().ends_with(
            "status 403: no, [redacted] is\\nwrong (credentials: the client's settings)"
        ),
        "{error}"
    );
    // With a status that is an error, not even a token counts.
    case("500 Oops", br#"{"token":"T"}"#);
    case("200 OK", br#"{"token":""}"#);
    case("200 OK", b"<html>hello</html>");
    case("200 OK", b"");
    case("204 No Content", b"");
}

#[test]
fn a_token_servers_answer_is_capped() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], &vec![b' '; 2 * 1024 * 1024]);
            } else {
                challenge(conn, &request, &["Bearer realm=\"{url}/token\""]);
            }
        }
    });
    let error = get(&client(&server, &config()), "/v2/").expect_err("too long");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::TokenRefused, 200)
    );
    assert!(
        error.message().starts_with("token from 127.0.0.1:"),
        "{error}"
    );
}

#[test]
fn a_token_that_cannot_be_sent_is_an_error_and_not_cached() {
    let long = "A".repeat(200_000);
    for unusable in [
        long.as_str(),
        r"a\r\nX: y",
        "caf\u{e9}",
        r"\u0000",
        " ",
        "a b",
    ] {
        let bad = format!(r#"{{"token":"{unusable}","expires_in":86400}}"#);
        let is_first = AtomicBool::new(true);
        let server = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                if request.target.starts_with("/token") {
                    let body = match is_first.swap(false, Ordering::Relaxed) {
                        true => bad.as_bytes(),
                        false => br#"{"token":"T"}"#,
                    };
                    conn.respond("200 OK", &[], body);
                } else if request.header("authorization") == Some("Bearer T") {
                    conn.respond("200 OK", &[], b"in");
                } else {
                    challenge(conn, &request, &["Bearer realm=\"{url}/token\""]);
                }
            }
        });
        let client = client(&server, &config());
        let error = get(&client, "/v2/a/tags/list").expect_err("unusable");
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::TokenRefused, 200)
        );
        assert!(
            error.message().starts_with("token from 127.0.0.1:"),
            "{error}"
        );
        assert_eq!(
            get(&client, "/v2/a/tags/list").expect("an answer").status(),
            200
        );
    }
}

#[test]
fn credentials_that_are_refused_twice_leave_the_second_401() {
    for challenge in ["Basic realm=\"r\"", "Bearer realm=\"{url}/token\""] {
        let list: &'static [&'static str] = Box::leak(Box::new([challenge]));
        let server = guarded("nothing will do", list, r#"{"token":"T"}"#);
        let client = client(&server, &config());
        assert!(
            get(&client, "/v2/a/tags/list")
                .expect("an answer")
                .is_unauthorized()
        );
        let count = server.requests().len();
        assert!(count <= 3, "{challenge}: {count} requests");
    }
}

#[test]
fn an_authorization_of_the_callers_goes_first_and_gives_way() {
    let server = guarded(BASIC, &["Basic realm=\"r\""], "");
    let client = client(&server, &config());
    let mut request = client.request("GET", "/v2/").expect("a request");
    request
        .set_header("authorization", b"Bearer mine")
        .expect("a header");
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
    let expected = [Some("Bearer mine".to_owned()), Some(BASIC.to_owned())];
    assert_eq!(authorizations(&server), expected);
    for request in server.requests() {
        assert_eq!(request.header_count("authorization"), 1);
    }
}

#[test]
fn a_challenge_need_not_be_followed() {
    let server = guarded(BASIC, &["Basic realm=\"r\""], "");
    let client = client(&server, &config());
    let mut request = client.request("GET", "/v2/").expect("a request");
    request.set_follow_challenge(false);
    assert!(
        client
            .execute(&mut request)
            .expect("an answer")
            .is_unauthorized()
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn credentials_go_to_the_clients_own_origin_alone() {
    let other = guarded(BASIC, &["Basic realm=\"r\""], "");
    let server = guarded(BASIC, &["Basic realm=\"r\""], "");
    let client = client(&server, &config());
    assert_eq!(get(&client, "/v2/").expect("an answer").status(), 200);
    let foreign = format!("{}/v2/", other.url());
    assert!(get(&client, &foreign).expect("an answer").is_unauthorized());
    assert_eq!(authorizations(&other), [None]);
    // Nor does what the caller set for the registry.
    let mut request = client.request("GET", &foreign).expect("a request");
    request
        .set_header("Authorization", b"Bearer mine")
        .expect("a header");
    client.execute(&mut request).expect("an answer");
    assert_eq!(authorizations(&other), [None, None]);
    // Its own origin in the form of a URL is still its own.
    let own = format!("{}/v2/", server.url());
    assert_eq!(get(&client, &own).expect("an answer").status(), 200);
}
