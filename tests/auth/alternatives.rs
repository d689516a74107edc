//! Challenges that come late, change, or offer several ways.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reggie::{Client, Kind};
use support::raw_conn::Conn;
use support::raw_server::RawServer;

use crate::guarded::*;

/// What the root of a registry sends while it is not available.
type Unavailable = fn(&mut Conn) -> bool;

/// A registry that answers 401 without a challenge; the challenge is that of its
/// root, from the second request for it on.
fn challenged_at_the_root(first: Unavailable) -> RawServer {
    let pings = AtomicUsize::new(0);
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T"}"#);
            } else if request.header("authorization") == Some("Bearer T") {
                conn.respond("200 OK", &[], b"in");
            } else if request.target != "/v2/" {
                conn.respond("401 Unauthorized", &[], b"{}");
            } else if pings.fetch_add(1, Ordering::Relaxed) > 0 {
                challenge(conn, &request, &["Bearer realm=\"{url}/token\""]);
            } else if !first(conn) {
                return;
            }
        }
    })
}

#[test]
fn a_root_that_was_not_available_is_requested_again() {
    let cases: [(&str, Unavailable); 9] = [
        ("503", |conn| {
            conn.respond("503 Service Unavailable", &[], b"")
        }),
        ("500", |conn| {
            conn.respond("500 Internal Server Error", &[], b"x")
        }),
        ("429", |conn| {
            conn.respond("429 Too Many Requests", &[("Retry-After", "3600")], b"")
        }),
        ("404", |conn| conn.respond("404 Not Found", &[], b"")),
        ("a page", |conn| {
            conn.respond(
                "200 OK",
                &[("Content-Type", "text/HTML; charset=x")],
                b"<html>",
            )
        }),
        ("an open root", |conn| conn.respond("200 OK", &[], b"{}")),
        ("a redirect", |conn| {
            conn.respond("307 Temporary Redirect", &[("Location", "/token")], b"")
        }),
        ("another scheme", |conn| {
            conn.respond(
                "401 Unauthorized",
                &[("WWW-Authenticate", "Negotiate")],
                b"",
            )
        }),
        ("no challenge", |conn| {
            conn.respond("401 Unauthorized", &[], b"")
        }),
    ];
    for (what, first) in cases {
        let server = challenged_at_the_root(first);
        let client = client(&server, &config());
        let response = get(&client, "/v2/a/tags/list").expect("a response");
        assert_eq!(response.status(), 401, "{what}");
        let response = get(&client, "/v2/a/tags/list").expect("a response");
        assert_eq!(response.status(), 200, "{what}");
        let pings = || targets(&server).iter().filter(|one| *one == "/v2/").count();
        assert_eq!(pings(), 2, "{what}");
        // From then on it is known.
        get(&client, "/v2/b/tags/list").expect("a response");
        assert_eq!(pings(), 2, "{what}");
    }
}

#[test]
fn a_root_that_cannot_be_reached_is_requested_again() {
    let server = challenged_at_the_root(|conn| {
        conn.reset();
        false
    });
    let client = client(&server, &config());
    let mut request = client.request("GET", "/v2/a/tags/list").expect("a request");
    request.set_retries(Some(0)).expect("a number");
    client.execute(&mut request).expect_err("reset");
    let response = get(&client, "/v2/a/tags/list").expect("a response");
    assert_eq!(response.status(), 200);
}

#[test]
fn a_realm_of_the_root_that_fails_is_not_kept() {
    let pings = AtomicUsize::new(0);
    let server = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T"}"#);
            } else if request.target.starts_with("/old") {
                conn.respond("404 Not Found", &[], b"");
            } else if request.header("authorization") == Some("Bearer T") {
                conn.respond("200 OK", &[], b"in");
            } else if request.target != "/v2/" {
                conn.respond("401 Unauthorized", &[], b"{}");
            } else if pings.fetch_add(1, Ordering::Relaxed) == 0 {
                challenge(conn, &request, &["Bearer realm=\"{url}/old\""]);
            } else {
                challenge(conn, &request, &["Bearer realm=\"{url}/token\""]);
            }
        }
    });
    let client = client(&server, &config());
    let error = get(&client, "/v2/a/tags/list").expect_err("no token");
    assert_eq!(error.kind(), Kind::TokenRefused);
    let response = get(&client, "/v2/a/tags/list").expect("a response");
    assert_eq!(response.status(), 200);
}

/// A registry that answers a token that is too narrow by `challenges`: Harbor by
/// a Basic challenge, others by none.
fn harbor(challenges: &'static [&'static str]) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let needs_scan = request.target.contains("referrers");
            if request.target.starts_with("/token") {
                let token = match request.target.contains("scan") {
                    true => br#"{"token":"wide"}"#.as_slice(),
                    false => br#"{"token":"narrow"}"#,
                };
                conn.respond("200 OK", &[], token);
                continue;
            }
            match request.header("authorization") {
                Some("Bearer wide") => conn.respond("200 OK", &[], b"in"),
                Some("Bearer narrow") if !needs_scan => conn.respond("200 OK", &[], b"in"),
                None => {
                    let actions = if needs_scan { "pull,scan" } else { "pull" };
                    let offered =
                        format!("Bearer realm=\"{{url}}/token\",scope=\"repository:a:{actions}\"");
                    challenge(conn, &request, &[&offered]);
                    true
                }
                Some(_) => {
                    challenge(conn, &request, challenges);
                    true
                }
            };
        }
    })
}

#[test]
fn a_narrow_token_is_replaced_whatever_challenge_rejects_it() {
    let referrers = "/v2/a/referrers/sha256:0";
    for challenges in [
        &["Basic realm=\"harbor\""][..],
        &["Negotiate", "Basic realm=\"harbor\""],
        &[],
    ] {
        let server = harbor(challenges);
        let client = client(&server, &config());
        for path in [
            "/v2/a/tags/list",
            referrers,
            "/v2/a/tags/list",
            referrers,
            "/v2/b/tags/list",
        ] {
            let response = get(&client, path).expect("a response");
            assert_eq!(response.status(), 200, "{path} {challenges:?}");
        }
        let sent = authorizations(&server);
        let registry = server.requests();
        let to_registry = registry
            .iter()
            .zip(&sent)
            .filter(|(one, _)| one.target.starts_with("/v2/"));
        let basic = to_registry.filter(|(_, sent)| sent.as_deref() == Some(BASIC));
        assert_eq!(basic.count(), 0);
    }
}

#[test]
fn a_registry_that_turns_to_basic_gets_basic() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T"}"#);
                continue;
            }
            let is_first = request.target == "/v2/a/tags/list";
            match request.header("authorization") {
                Some("Bearer T") if is_first => conn.respond("200 OK", &[], b"in"),
                Some(BASIC) => conn.respond("200 OK", &[], b"in"),
                _ => {
                    let offered = match is_first {
                        true => "Bearer realm=\"{url}/token\",scope=\"repository:a:pull,*\"",
                        false => "Basic realm=x",
                    };
                    challenge(conn, &request, &[offered]);
                    true
                }
            };
        }
    });
    let client = client(&server, &config());
    for path in [
        "/v2/a/tags/list",
        "/v2/a/manifests/v1",
        "/v2/a/manifests/v2",
    ] {
        let response = get(&client, path).expect("a response");
        assert_eq!(response.status(), 200, "{path}");
    }
}

/// A registry with two Bearer challenges, and the statuses of the token servers.
fn two_realms(statuses: [&'static str; 2], first_realm: &'static str) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if let Some(rest) = request.target.strip_prefix("/token") {
                let at = usize::from(rest.starts_with('2'));
                let token = format!(r#"{{"token":"T{}"}}"#, at + 1);
                conn.respond(statuses[at], &[], token.as_bytes());
            } else if request.header("authorization") == Some("Bearer T2") {
                conn.respond("200 OK", &[], b"in");
            } else {
                let first = format!("Bearer realm=\"{first_realm}\"");
                challenge(conn, &request, &[&first, "Bearer realm=\"{url}/token2\""]);
            }
        }
    })
}

fn once(server: &RawServer) -> (Arc<Client>, Result<u16, Kind>) {
    let client = client(server, &config());
    let response = get(&client, "/v2/a/tags/list");
    let status = response.map(|response| response.status());
    (Arc::new(client), status.map_err(|error| error.kind()))
}

#[test]
fn the_second_challenge_is_used_if_the_first_is_refused() {
    for (status, realm) in [
        ("401 Unauthorized", "{url}/token1"),
        ("403 Forbidden", "{url}/token1"),
        ("404 Not Found", "{url}/token1"),
        ("500 Internal Server Error", "{url}/token1"),
        // The registry rejects its token.
        ("200 OK", "{url}/token1"),
        // Not allowed to receive credentials, invalid, and not reachable.
        ("200 OK", "http://auth.example/token1"),
        ("200 OK", "/token1"),
        ("200 OK", "http://127.0.0.1:1/token1"),
    ] {
        let server = two_realms([status, "200 OK"], realm);
        let (client, result) = once(&server);
        assert_eq!(result, Ok(200), "{status} {realm}");
        // The second time, the one that works comes first.
        let before = server.requests().len();
        let response = get(&client, "/v2/b/tags/list").expect("a response");
        assert_eq!(response.status(), 200);
        let later = targets(&server).split_off(before);
        if status != "200 OK" {
            assert!(
                !later.iter().any(|one| one.starts_with("/token1")),
                "{later:?}"
            );
        }
    }
}

#[test]
fn if_all_challenges_are_refused_the_error_is_that_of_the_first() {
    let server = two_realms(["403 Forbidden", "404 Not Found"], "{url}/token1");
    let client = client(&server, &config());
    let error = get(&client, "/v2/a/tags/list").expect_err("no token");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::TokenRefused, 403)
    );
}
