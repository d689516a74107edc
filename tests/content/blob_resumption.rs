//! Downloads that break, and go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reggie::content::blob_pull;
use reggie::content::options::Options;
use reggie::content::progress::{Event, Phase};
use reggie::content::repository::Repository;
use reggie::{Client, Kind};
use support::raw_server::RawServer;

use crate::blob_server::{BlobServer, Events, Get, MIB, content, digest, sizeless};

/// Downloads that are cut at many places, each once.
fn cut_everywhere(with_tls: bool) {
    const SIZE: usize = 200_000;
    const CUTS: usize = 64;
    for number in 0..CUTS {
        let at = number * SIZE / CUTS;
        let server = BlobServer::start_as(content(SIZE), with_tls, move |get| match get.number {
            0 => get.serve_cut(at),
            _ => get.serve(),
        });
        let (bytes, result) = server.to_callback(&Options::default());
        result.expect("pulled");
        assert!(bytes == *server.content, "{at}");
        let ranges = server.ranges();
        assert_eq!(ranges.len(), 2, "{at}");
        // Nothing that was received is requested again.
        let range = ranges[1].as_deref().unwrap_or("bytes=0-199999");
        let (first, last) = range[6..].split_once('-').expect("closed");
        assert_eq!(last, "199999");
        assert_eq!(first.parse(), Ok(at), "{at}");
    }
}

#[test]
fn a_download_that_is_cut_anywhere_goes_on() {
    cut_everywhere(false);
}

#[test]
fn a_download_over_tls_that_is_cut_anywhere_goes_on() {
    cut_everywhere(true);
}

#[test]
fn retries_are_counted_anew_after_progress_only() {
    let make = |size: usize, piece: usize| {
        BlobServer::start(content(size), move |get| get.serve_cut(piece))
    };
    // Ten times 1 MiB, and five retries.
    let server = make(10 * MIB, MIB);
    let (bytes, result) = server.to_callback(&Options::default());
    result.expect("pulled");
    assert!(bytes == *server.content);
    // No progress at all.
    let server = make(10 * MIB, 0);
    let (bytes, result) = server.to_callback(&Options::default());
    let error = result.expect_err("no progress");
    assert_eq!(error.kind(), Kind::Truncated);
    assert!(bytes.is_empty());
    assert_eq!(server.ranges().len(), 6);
    let mut options = Options::default();
    options.set_retries(Some(0)).expect("valid");
    let server = make(10 * MIB, MIB);
    server.to_callback(&options).1.expect_err("no retries");
    assert_eq!(server.ranges().len(), 1);
}

/// A pull whose first response is cut, and whose second is as `second` says.
fn second(size: usize, second: impl Fn(&mut Get) + Send + Sync + 'static) -> BlobServer {
    BlobServer::start(content(size), move |get| match get.number {
        0 => get.serve_cut(90_000),
        1 => second(get),
        _ => get.serve(),
    })
}

#[test]
fn the_content_range_decides() {
    let size = 200_000;
    let at = |get: &Get| get.range.expect("a range").0;
    type Second = Box<dyn Fn(&mut Get) + Send + Sync>;
    let good: Vec<(&str, Second)> = vec![
        (
            "begins earlier (httrack#428)",
            Box::new(move |get| {
                let (head, body) = get.part(at(get) - 70_000, size - 1);
                let body = body.to_vec();
                get.send(&head, &body);
            }),
        ),
        (
            "200 with Content-Range (modelscope_hub#50)",
            Box::new(move |get| {
                let (head, body) = get.part(at(get), size - 1);
                let body = body.to_vec();
                get.send(&head.replace("206 Part", "200 OK"), &body);
            }),
        ),
        (
            "no unit",
            Box::new(move |get| {
                let (head, body) = get.part(at(get), size - 1);
                let body = body.to_vec();
                get.send(&head.replace("bytes ", ""), &body);
            }),
        ),
        (
            "unknown total",
            Box::new(move |get| {
                let (head, body) = get.part(at(get), size - 1);
                let body = body.to_vec();
                get.send(&head.replace("/200000", "/*"), &body);
            }),
        ),
        (
            "shorter than requested",
            Box::new(move |get| {
                let (head, body) = get.part(at(get), at(get) + 69_999);
                let body = body.to_vec();
                get.send(&head, &body);
            }),
        ),
        (
            "ranges are ignored",
            Box::new(|get| {
                let (head, body) = get.whole();
                let body = body.to_vec();
                get.send(&head, &body);
            }),
        ),
        (
            "200 of all with a Content-Range of a part",
            Box::new(move |get| {
                let (head, body) = get.whole();
                let range = format!(
                    "Content-Range: bytes {}-{}/{size}\r\n\r\n",
                    at(get),
                    size - 1
                );
                let body = body.to_vec();
                get.send(
                    &head.replacen("\r\n\r\n", &format!("\r\n{range}"), 1),
                    &body,
                );
            }),
        ),
        (
            "416 (stereoscope#695)",
            Box::new(|get| {
                get.status("416 No", &[], b"no");
            }),
        ),
    ];
    for (name, answer) in good {
        let server = second(size, answer);
        let (bytes, result) = server.to_callback(&Options::default());
        result.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(bytes == *server.content, "{name}");
    }
    let bad: Vec<(&str, Kind, Second)> = vec![
        (
            "begins later (tart#1255)",
            Kind::RangeIgnored,
            Box::new(move |get| {
                let (head, body) = get.part(at(get) + 1, size - 1);
                let body = body.to_vec();
                get.send(&head, &body);
            }),
        ),
        (
            "ends before",
            Kind::RangeIgnored,
            Box::new(|get| {
                let (head, body) = get.part(0, 9);
                let body = body.to_vec();
                get.send(&head, &body);
            }),
        ),
        (
            "206 without a range",
            Kind::RangeIgnored,
            Box::new(|get| {
                let (head, body) = get.whole();
                let body = body.to_vec();
                get.send(&head.replace("200 OK", "206 Part"), &body);
            }),
        ),
        (
            "another total",
            Kind::SizeMismatch,
            Box::new(move |get| {
                let (head, body) = get.part(at(get), size - 1);
                let body = body.to_vec();
                get.send(&head.replace("/200000", "/200001"), &body);
            }),
        ),
        (
            "longer than it says",
            Kind::SizeMismatch,
            Box::new(move |get| {
                let (_, body) = get.part(at(get), size - 1);
                let mut body = body.to_vec();
                body.push(0);
                let head = format!(
                    "HTTP/1.1 206 Part\r\nContent-Range: bytes {}-{}/{size}\r\nContent-Length: {}\r\n\r\n",
                    at(get),
                    size - 1,
                    body.len()
                );
                get.send(&head, &body);
            }),
        ),
        (
            "a status that makes no sense",
            Kind::HttpStatus,
            Box::new(|get| {
                get.status("203 Other", &[], b"");
            }),
        ),
    ];
    for (name, kind, answer) in bad {
        let server = second(size, answer);
        let (bytes, result) = server.to_callback(&Options::default());
        assert_eq!(result.expect_err(name).kind(), kind, "{name}");
        assert!(bytes == server.content[..bytes.len()], "{name}");
        assert!(bytes.len() < size, "{name}");
    }
}

#[test]
fn a_server_that_is_silent_in_the_middle_is_left_for_the_registry() {
    // container-libs#777: idle timeout, then a range request
    let server = BlobServer::start(content(100_000), |get| match get.number {
        0 => {
            let (head, body) = get.right();
            let body = body[..50_000].to_vec();
            get.send(&head, &body);
            get.conn.hold();
        }
        _ => get.serve(),
    });
    let mut config = server.config();
    config.set_stall_limit(1, Duration::from_millis(200));
    let repository = crate::blob_server::repository(&server.server.url(), &config);
    let bytes = blob_pull::to_memory(
        &repository,
        &server.descriptor(),
        0,
        MIB,
        &Options::default(),
    );
    assert!(bytes.expect("pulled") == *server.content);
    assert_eq!(server.ranges()[1].as_deref(), Some("bytes=50000-99999"));
}

#[test]
fn a_break_at_a_store_leads_back_to_the_registry() {
    let blob = content(100_000);
    let stored = blob.clone();
    let is_first = AtomicBool::new(true);
    let store = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let mut get = Get {
                range: None,
                conn: &mut *conn,
                request: &request,
                content: &stored,
                number: 0,
            };
            let range = request.header("range").unwrap_or_default();
            if is_first.swap(false, Ordering::SeqCst) {
                get.serve_cut(60_000);
                return;
            }
            assert_eq!(range, "bytes=60000-99999");
            assert!(get.request.target.ends_with("number=1"), "a new URL");
            get.range = Some((60_000, 99_999));
            get.serve();
        }
    });
    let url = store.url();
    let server = BlobServer::start(blob, move |get| {
        let location = format!("{url}/signed?number={}", get.number);
        get.status("307 Elsewhere", &[("Location", &location)], b"");
    });
    assert!(server.to_memory().expect("pulled") == *server.content);
    assert_eq!(server.ranges().len(), 2);
}

#[test]
fn a_blob_of_unknown_size_goes_on_too() {
    for is_length_known in [true, false] {
        let server = BlobServer::start(content(200_000), move |get| match get.number {
            0 if is_length_known => get.serve_cut(90_000),
            0 => {
                let body = get.content[..90_000].to_vec();
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n15f90\r\n";
                get.send(head, &body);
                get.cut();
            }
            _ => get.serve(),
        });
        let blob = sizeless(&server.content);
        let options = Options::default();
        let bytes = blob_pull::to_memory(&server.repository(), &blob, 0, MIB, &options);
        assert!(bytes.expect("pulled") == *server.content);
        let end = if is_length_known { "199999" } else { "" };
        let expected = format!("bytes=90000-{end}");
        assert_eq!(server.ranges()[1].as_deref(), Some(expected.as_str()));
    }
}

#[test]
fn a_body_that_ends_with_the_connection_is_not_complete_before_its_size() {
    let server = BlobServer::start(content(100_000), |get| match get.number {
        0 => {
            let body = get.content[..50_000].to_vec();
            get.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", &body);
            get.conn.finish();
        }
        _ => get.serve(),
    });
    assert!(server.to_memory().expect("pulled") == *server.content);
}

#[test]
fn content_that_does_not_match_after_a_break_is_pulled_once_more_to_memory() {
    let server = BlobServer::start(content(100_000), |get| match get.number {
        0 => get.serve_cut(50_000),
        // Of another blob.
        1 => {
            let (head, body) = get.right();
            let body = vec![0; body.len()];
            get.send(&head, &body);
        }
        _ => get.serve(),
    });
    let events = Events::default();
    let bytes = blob_pull::to_memory(
        &server.repository(),
        &server.descriptor(),
        0,
        MIB,
        &events.options(),
    );
    assert!(bytes.expect("pulled") == *server.content);
    assert_eq!(
        events.main(),
        [Event::Begin, Event::Restart, Event::End, Event::Done]
    );
    events.check_count();
    // What a callback has got cannot be taken back.
    let server = second(200_000, |get| {
        let (head, body) = get.right();
        let body = vec![0; body.len()];
        get.send(&head, &body);
    });
    let (bytes, result) = server.to_callback(&Options::default());
    assert_eq!(result.expect_err("wrong").kind(), Kind::DigestMismatch);
    assert!(bytes.len() <= 200_000 - 64 * 1024);
}

#[test]
fn waits_between_attempts_are_reported_and_can_be_cancelled() {
    let server = BlobServer::start(content(100_000), |get| get.serve_cut(0));
    let mut config = server.config();
    let hour = Duration::from_secs(3600);
    config.set_retry_delays(hour, hour, hour);
    let client = Arc::new(Client::new(&server.server.url(), &config).expect("a client"));
    let repository = Repository::new(&client, Some("team/app")).expect("valid");
    let cancel = reggie::Cancel::new().expect("a handle");
    let events = Events::default();
    let trigger = cancel.clone();
    let mut options = events.options_with(move |snapshot| {
        if snapshot.phase == Phase::Retry {
            trigger.trigger();
        }
    });
    options.cancel = Some(cancel);
    let error = blob_pull::to_memory(&repository, &server.descriptor(), 0, MIB, &options);
    let error = error.expect_err("cancelled");
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(error.digest(), Some(digest(&server.content).as_str()));
    assert!(events.has_phase(Phase::Retry));
    assert_eq!(events.main(), [Event::Begin, Event::Fail, Event::Done]);
}

#[test]
fn a_deadline_ends_all_attempts() {
    let server = BlobServer::start(content(100_000), |get| {
        let (head, _) = get.right();
        get.send(&head, b"");
        get.conn.hold();
    });
    let mut options = Options::default();
    options.timeout = Some(Duration::from_millis(200));
    let (_, result) = server.to_callback(&options);
    assert_eq!(result.expect_err("too late").kind(), Kind::Deadline);
}
