use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::error::RetryAfter;
use crate::os::deadline::CallLimits;

const SECOND: Duration = Duration::from_secs(1);

fn retries(change: impl FnOnce(&mut RetrySettings)) -> Retries {
    let mut settings = RetrySettings {
        tries: Some(5),
        ..RetrySettings::default()
    };
    change(&mut settings);
    Retries::new(&settings)
}

fn answer(status: u16) -> Attempt<'static> {
    Attempt {
        number: 1,
        begun: Instant::now(),
        method: "GET",
        host: "registry.example",
        outcome: Outcome::Response {
            status,
            retry_after: None,
        },
        unsent: false,
        repeatable: true,
        delivered: false,
    }
}

fn later(status: u16, wait: Duration) -> Attempt<'static> {
    let outcome = Outcome::Response {
        status,
        retry_after: Some(wait.into()),
    };
    Attempt {
        outcome,
        ..answer(status)
    }
}

/// A call whose request has been retried so often.
fn call_after(retries: u32) -> Call {
    let call = Call::new(CallLimits::default());
    for _ in 0..retries {
        call.take_retry(u32::MAX);
    }
    call
}

fn decide(retries: &Retries, attempt: &Attempt) -> Decision {
    let call = call_after(attempt.number - 1);
    let decision = retries.decide_with(attempt, None, &call, Instant::now(), || u64::MAX);
    decision.expect("no condition stops it")
}

/// Whether it is sent again by a client that has sent nothing before.
fn again(attempt: &Attempt) -> bool {
    decide(&retries(|_| ()), attempt) == Decision::Retry(SECOND / 2)
}

/// Bodies: whether they can be sent again, and whether not a byte has left.
const BODIES: [(&str, bool, bool); 4] = [
    ("none, or read again", true, false),
    ("read once", false, false),
    ("unsent", true, true),
    ("unsent, read once", false, true),
];

/// Whether a method with such a body may be sent again at all.
fn may(method: &str, body: &str) -> bool {
    match (method, body) {
        (_, "unsent") => true,
        ("PATCH" | "BREW" | "get", _) => false,
        (_, body) => body == "none, or read again",
    }
}

const METHODS: [&str; 9] = [
    "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH", "BREW", "get",
];

#[test]
fn each_status_with_each_method_and_body() {
    let passing = [
        408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524,
    ];
    for status in 100..600 {
        for method in METHODS {
            for (body, repeatable, unsent) in BODIES {
                let attempt = Attempt {
                    method,
                    repeatable,
                    unsent,
                    ..answer(status)
                };
                let expected = passing.contains(&status) && may(method, body);
                assert_eq!(again(&attempt), expected, "{status} {method} {body}");
            }
        }
    }
}

#[test]
fn each_failure_with_each_method_and_body() {
    for (kind, passing) in [
        (Kind::Resolve, true),
        (Kind::Connect, true),
        (Kind::Send, true),
        (Kind::Receive, true),
        (Kind::Closed, true),
        (Kind::Truncated, true),
        (Kind::Timeout, true),
        (Kind::Deadline, false),
        (Kind::Cancelled, false),
        (Kind::Tls, false),
        (Kind::Certificate, false),
        (Kind::Protocol, false),
        (Kind::Busy, false),
        (Kind::NoMemory, false),
        (Kind::File, false),
        (Kind::BodyNotRewindable, false),
        (Kind::BodyLength, false),
        (Kind::ReadCallback, false),
        (Kind::RedirectRefused, false),
        (Kind::TokenRefused, false),
        (Kind::Proxy, false),
    ] {
        let error = Error::new(kind, "a failure");
        for method in METHODS {
            for (body, repeatable, unsent) in BODIES {
                for delivered in [false, true] {
                    let attempt = Attempt {
                        method,
                        repeatable,
                        unsent,
                        delivered,
                        outcome: Outcome::Failure(&error),
                        ..answer(0)
                    };
                    let expected = passing && may(method, body) && !delivered;
                    assert_eq!(again(&attempt), expected, "{kind:?} {method} {body}");
                }
            }
        }
    }
}

#[test]
fn token_servers_and_proxies_are_retried_by_their_status() {
    const TOKEN: Kind = Kind::TokenRefused;
    for (kind, status, retry_after, expected) in [
        (Kind::Proxy, 503, None, Decision::Retry(SECOND / 2)),
        (Kind::Proxy, 407, None, Decision::Stop),
        (TOKEN, 503, None, Decision::Retry(SECOND / 2)),
        (TOKEN, 501, None, Decision::Stop),
        (
            TOKEN,
            429,
            Some(7),
            Decision::Retry(SECOND * 7 + SECOND / 2),
        ),
        (TOKEN, 429, Some(61), Decision::TooLong(SECOND * 61)),
        (TOKEN, 401, None, Decision::Stop),
        (TOKEN, 403, Some(7), Decision::Stop),
    ] {
        let error = Error::new(kind, "a refusal")
            .with_http_status(status)
            .with_retry_after(retry_after.map(Duration::from_secs));
        let attempt = Attempt {
            outcome: Outcome::Failure(&error),
            ..answer(0)
        };
        assert_eq!(
            decide(&retries(|_| ()), &attempt),
            expected,
            "{kind:?} {status}"
        );
    }
}

#[test]
fn tries_are_counted_and_none_unless_set() {
    for (set, own, number, expected) in [
        (0, None, 1, false),
        (0, Some(1), 1, true),
        (0, Some(1), 2, false),
        (2, None, 2, true),
        (2, None, 3, false),
        (2, Some(0), 1, false),
    ] {
        let retries = retries(|settings| settings.tries = Some(set));
        let attempt = Attempt {
            number,
            ..answer(503)
        };
        let decision =
            retries.decide_with(&attempt, own, &call_after(number - 1), Instant::now(), || 0);
        let decision = decision.expect("no condition stops it");
        assert_eq!(
            decision != Decision::Stop,
            expected,
            "{set} {own:?} {number}"
        );
    }
    assert_eq!(RetrySettings::default().tries, None);
}

#[test]
fn servers_are_given_the_time_they_ask_for_up_to_the_cap() {
    for (wait, expected) in [
        (Duration::ZERO, Decision::Retry(SECOND / 2)),
        (SECOND, Decision::Retry(SECOND + SECOND / 2)),
        (SECOND * 60, Decision::Retry(SECOND * 60 + SECOND / 2)),
        (SECOND * 61, Decision::TooLong(SECOND * 61)),
        (SECOND * 21_600, Decision::TooLong(SECOND * 21_600)),
    ] {
        assert_eq!(decide(&retries(|_| ()), &later(429, wait)), expected);
    }
    let decision = decide(&retries(|_| ()), &later(404, SECOND));
    assert_eq!(decision, Decision::Stop, "a status that would not change");
    let none = retries(|settings| settings.retry_after_cap = Duration::ZERO);
    assert_eq!(
        decide(&none, &later(503, SECOND)),
        Decision::TooLong(SECOND)
    );

    for (wait, expected) in [
        (SECOND * 30, Decision::TooLong(SECOND * 30)),
        // It has passed.
        (Duration::ZERO, Decision::Retry(SECOND / 2)),
    ] {
        let field = RetryAfter {
            wait,
            is_unix_time: true,
        };
        let response = Attempt {
            outcome: Outcome::Response {
                status: 429,
                retry_after: Some(field),
            },
            ..answer(429)
        };
        assert_eq!(decide(&retries(|_| ()), &response), expected);
        let error = Error::new(Kind::TokenRefused, "refused")
            .with_http_status(429)
            .with_retry_after(Some(field));
        let refused = Attempt {
            outcome: Outcome::Failure(&error),
            ..answer(429)
        };
        assert_eq!(decide(&retries(|_| ()), &refused), expected);
    }

    let error = too_long("registry.example", 429, SECOND * 60 + SECOND / 10);
    assert_eq!(error.kind(), Kind::RetryLater);
    assert_eq!(error.retry_after(), Some(SECOND * 60 + SECOND / 10));
    assert_eq!(
        (error.http_status(), error.host()),
        (429, Some("registry.example"))
    );
}

#[test]
fn the_time_that_a_host_asks_for_holds_for_all() {
    let retries = retries(|_| ());
    let now = Instant::now();
    let at = |attempt: &Attempt, now| {
        let decision = retries.decide_with(attempt, None, &call_after(0), now, || 0);
        decision.expect("no condition stops it")
    };
    assert_eq!(
        at(&later(503, SECOND * 9), now),
        Decision::Retry(SECOND * 9)
    );
    let late = now + SECOND * 4;
    assert_eq!(at(&answer(502), late), Decision::Retry(SECOND * 5));
    let elsewhere = Attempt {
        host: "other.example",
        ..answer(502)
    };
    assert_eq!(at(&elsewhere, late), Decision::Retry(Duration::ZERO));
    assert_eq!(
        at(&later(429, SECOND * 300), late),
        Decision::TooLong(SECOND * 300)
    );
    assert_eq!(at(&answer(502), late), Decision::TooLong(SECOND * 300));
    let after = late + SECOND * 301;
    assert_eq!(at(&answer(502), after), Decision::Retry(Duration::ZERO));
}

#[test]
fn a_host_that_refuses_what_is_on_its_way_refuses_once() {
    let retries = retries(|settings| settings.tries = Some(2));
    let call = call_after(0);
    let first = Instant::now();
    let decide = |max, begun: u32, ended: u32| {
        let attempt = Attempt {
            begun: first + SECOND * begun,
            ..later(429, SECOND)
        };
        let now = first + SECOND * ended;
        let decision = retries.decide_with(&attempt, max, &call, now, || 0);
        decision.expect("no condition stops it")
    };
    for begun in [0, 10] {
        for ended in 1..9 {
            assert_eq!(decide(None, begun, begun + ended), Decision::Retry(SECOND));
        }
    }
    assert_eq!(decide(None, 20, 21), Decision::Stop, "two are taken");
    assert_eq!(decide(Some(0), 10, 21), Decision::Stop, "none is allowed");
    // Each was sent after the last refusal, also where the time has not passed.
    let call = call_after(0);
    let staggered = (30..40).map(|begun| {
        let attempt = Attempt {
            begun: first + SECOND * begun,
            ..later(429, SECOND * 5)
        };
        let now = attempt.begun + SECOND / 2;
        let decision = retries.decide_with(&attempt, None, &call, now, || 0);
        decision.expect("no condition stops it")
    });
    let again = staggered.filter(|decision| *decision != Decision::Stop);
    assert_eq!(again.count(), 2);
}

#[test]
fn a_first_attempt_waits_until_the_time_that_its_host_named() {
    let now = Instant::now();
    let wait = |retries: &Retries, host: &str, max, after: u32| {
        let host = host.to_owned();
        retries.delay_first(|| Some(host), max, now + SECOND * after)
    };
    let named = "registry.example";
    let retries = retries(|_| ());
    assert_eq!(
        retries.delay_first(|| panic!("nothing is known"), None, now),
        None
    );
    let first = retries.decide(&later(429, SECOND * 9), None, &call_after(0), now);
    assert!(first.is_ok());
    for (host, max, after, expected) in [
        (named, None, 0, Some(9)),
        (named, Some(1), 4, Some(5)),
        (named, Some(0), 4, None),
        (named, None, 9, None),
        ("other.example", None, 4, None),
    ] {
        let least = expected.map(|seconds| SECOND * seconds);
        let found = wait(&retries, host, max, after);
        assert!(
            found >= least && found <= least.map(|least| least + SECOND / 2),
            "{host} {max:?} {after}: {found:?}"
        );
    }
    // What exceeds the maximum is left to the server to say.
    let too_long = retries.decide(&later(503, SECOND * 300), None, &call_after(0), now);
    assert!(too_long.is_ok());
    assert_eq!(wait(&retries, named, None, 4), None);
}

#[test]
fn a_time_belongs_to_the_host_that_asked_and_to_its_retries() {
    let retries = retries(|_| ());
    let now = Instant::now();
    let at = |attempt: &Attempt| {
        let decision = retries.decide_with(attempt, None, &call_after(0), now, || 0);
        decision.expect("no condition stops it")
    };
    // Neither a redirect nor a refusal that stays is about the host's load.
    for status in [202, 307, 404] {
        assert_eq!(at(&later(status, SECOND * 9)), Decision::Stop);
    }
    assert_eq!(at(&answer(502)), Decision::Retry(Duration::ZERO));
    let error = Error::new(Kind::TokenRefused, "a refusal")
        .with_http_status(429)
        .with_host("auth.example")
        .with_retry_after(Some(SECOND * 9));
    let refused = Attempt {
        outcome: Outcome::Failure(&error),
        ..answer(0)
    };
    assert_eq!(at(&refused), Decision::Retry(SECOND * 9));
    assert_eq!(at(&answer(502)), Decision::Retry(Duration::ZERO));
    let token_server = Attempt {
        host: "auth.example",
        ..answer(502)
    };
    assert_eq!(at(&token_server), Decision::Retry(SECOND * 9));
}

#[test]
fn a_storm_does_not_multiply() {
    let retries = retries(|_| ());
    let sent = |times: u32| {
        (0..times)
            .filter(|_| decide(&retries, &answer(503)) != Decision::Stop)
            .count()
    };
    assert_eq!(sent(1000), 10);
    for _ in 0..20 {
        retries.succeeded("registry.example", Instant::now());
    }
    assert_eq!(sent(1000), 2);
}

#[test]
fn a_condition_decides_within_what_is_possible() {
    let asked = Arc::new(AtomicU32::new(0));
    for (wish, attempt, expected) in [
        (true, answer(404), Decision::Retry(SECOND / 2)),
        (false, answer(503), Decision::Stop),
        (
            true,
            later(503, SECOND * 61),
            Decision::TooLong(SECOND * 61),
        ),
    ] {
        let count = Arc::clone(&asked);
        let retries = retries(|settings| {
            settings.condition = Some(Arc::new(move |question| {
                count.fetch_add(1, Ordering::Relaxed);
                assert_eq!(question.would_retry, question.http_status == 503);
                assert_eq!((question.attempt, question.method), (1, "GET"));
                assert_eq!(question.failure, None);
                Ok(wish)
            }));
        });
        assert_eq!(decide(&retries, &attempt), expected);
        let asked_before = asked.load(Ordering::Relaxed);
        for attempt in [
            answer(200),
            answer(307),
            Attempt {
                number: 6,
                ..answer(503)
            },
            Attempt {
                delivered: true,
                ..answer(503)
            },
            Attempt {
                method: "PATCH",
                ..answer(503)
            },
        ] {
            assert_eq!(decide(&retries, &attempt), Decision::Stop);
        }
        assert_eq!(
            asked.load(Ordering::Relaxed),
            asked_before,
            "nothing to ask"
        );
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[test]
fn a_condition_can_stop_the_call() {
    let retries = retries(|settings| {
        settings.condition = Some(Arc::new(|question| {
            assert_eq!(question.failure, Some(Kind::Closed));
            let error = Error::new(Kind::RetryConditionCallback, "stopped");
            Err(error.with_callback_value(7))
        }));
    });
    let error = Error::new(Kind::Closed, "closed");
    let attempt = Attempt {
        outcome: Outcome::Failure(&error),
        ..answer(0)
    };
    let stopped = retries.decide(&attempt, None, &call_after(0), Instant::now());
    let stopped = stopped.expect_err("the condition stops it");
    assert_eq!(stopped.kind(), Kind::RetryConditionCallback);
    assert_eq!(stopped.callback_value(), 7);
    assert_eq!(stopped.host(), Some("registry.example"));
}

#[test]
fn the_retries_of_a_call_are_shared_by_its_requests_until_it_makes_progress() {
    const MIB: u64 = 1024 * 1024;
    let call = Call::new(CallLimits::default());
    let retries = retries(|settings| settings.tries = Some(2));
    let hosts = ["a.example", "b.example", "c.example"];
    let decide = |host, now| {
        let attempt = Attempt {
            host,
            ..answer(503)
        };
        let decision = retries.decide_with(&attempt, None, &call, now, || u64::MAX);
        decision.expect("no condition stops it")
    };
    let now = Instant::now();
    // The first attempt of three requests.
    assert_eq!(decide(hosts[0], now), Decision::Retry(SECOND / 2));
    assert_eq!(decide(hosts[1], now), Decision::Retry(SECOND));
    assert_eq!(decide(hosts[2], now), Decision::Stop);
    for (bytes, after, expected) in [
        (MIB - 1, SECOND, Decision::Stop),
        (1, SECOND, Decision::Retry(SECOND / 2)),
        (0, SECOND, Decision::Retry(SECOND)),
        (0, SECOND * 100, Decision::Stop),
        (1, SECOND * 100, Decision::Retry(SECOND / 2)),
    ] {
        call.note_progress(bytes);
        assert_eq!(decide(hosts[0], now + after), expected, "{bytes} {after:?}");
    }
}

#[test]
fn a_break_after_progress_takes_nothing_from_the_budget_of_the_host() {
    let retries = retries(|_| ());
    let call = Call::new(CallLimits::default());
    let now = Instant::now();
    let decide = || {
        let decision = retries.decide_with(&answer(503), None, &call, now, || 0);
        decision.expect("no condition stops it")
    };
    for _ in 0..1000 {
        call.note_progress(1024 * 1024);
        assert_eq!(decide(), Decision::Retry(Duration::ZERO));
    }
    let other = |times: u32| {
        let decisions = (0..times).map(|_| self::decide(&retries, &answer(503)));
        decisions.filter(|one| *one != Decision::Stop).count()
    };
    assert_eq!(other(1000), 10, "it is untouched");
    call.note_progress(1024 * 1024);
    assert_ne!(decide(), Decision::Stop, "and not needed");
    assert_eq!(decide(), Decision::Stop);
}

#[test]
fn a_retry_after_takes_nothing_from_the_budget_of_the_host() {
    let retries = retries(|_| ());
    for attempt in [later(429, SECOND), later(503, SECOND)] {
        for _ in 0..100 {
            assert!(matches!(decide(&retries, &attempt), Decision::Retry(_)));
        }
    }
    let others = (0..100).filter(|_| decide(&retries, &answer(429)) != Decision::Stop);
    assert_eq!(others.count(), 10, "it is untouched");
    assert_ne!(
        decide(&retries, &later(429, SECOND)),
        Decision::Stop,
        "and not needed"
    );
}
