//! Parallel ranges of one blob.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reggie::content::blob_pull::{to_callback, to_memory};
use reggie::content::options::Options;
use reggie::content::progress::Event;
use reggie::{Cancel, Kind, WriteSink};

use crate::blob_server::{BlobServer, Events, Kept, MIB, content, digest, repository};

const PART: usize = 64 * 1024;
const SIZE: usize = 20 * PART + 5;

fn in_parts(mut options: Options, parts: usize) -> Options {
    options.set_parts(parts, PART).expect("valid");
    options
}

/// The threads of this process that fetch ranges.
fn workers() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("/proc");
    let names = tasks.filter_map(|task| {
        let path = task.ok()?.path().join("comm");
        std::fs::read_to_string(path).ok()
    });
    names
        .filter(|name| name.starts_with("reggie-range"))
        .count()
}

#[test]
fn parts_come_in_order_over_several_connections() {
    let open = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&open), Arc::clone(&most));
    let server = BlobServer::start(content(SIZE), move |get| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // Later ones sooner.
        std::thread::sleep(Duration::from_millis(if get.number % 2 == 0 {
            20
        } else {
            1
        }));
        get.serve();
        now.fetch_sub(1, Ordering::SeqCst);
    });
    let events = Events::default();
    let (bytes, result) = server.to_callback(&in_parts(events.options(), 4));
    result.expect("pulled");
    assert!(bytes == *server.content);
    let mut ranges: Vec<_> = server.ranges().into_iter().flatten().collect();
    assert_eq!(ranges.len(), 21);
    ranges.sort();
    ranges.dedup();
    assert_eq!(ranges.len(), 21);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most}");
    assert_eq!(events.main(), [Event::Begin, Event::End, Event::Done]);
    events.check_count();
    assert!(server.server.connections() <= 4);
}

#[test]
fn each_part_survives_breaks() {
    let server = BlobServer::start(content(SIZE), |get| match get.number % 3 {
        0 => get.serve_cut(PART / 2),
        _ => get.serve(),
    });
    let mut options = in_parts(Options::default(), 3);
    options.set_retries(Some(20)).expect("valid");
    let (bytes, result) = server.to_callback(&options);
    result.expect("pulled");
    assert!(bytes == *server.content);
}

#[test]
fn a_server_without_ranges_sends_the_blob_once() {
    let server = BlobServer::start(content(SIZE), |get| {
        let (head, body) = get.whole();
        let body = body.to_vec();
        get.send(&head, &body);
    });
    let (bytes, result) = server.to_callback(&in_parts(Options::default(), 8));
    result.expect("pulled");
    assert!(bytes == *server.content);
    // One attempt with a range, and all of it.
    assert_eq!(server.ranges(), [Some("bytes=0-65535".to_owned()), None]);
}

#[test]
fn small_blobs_and_one_connection_need_no_ranges() {
    let server = BlobServer::start(content(2 * PART - 1), |get| get.serve());
    let (bytes, result) = server.to_callback(&in_parts(Options::default(), 4));
    result.expect("pulled");
    assert!(bytes == *server.content);
    assert_eq!(server.ranges(), [None]);
    let server = BlobServer::start(content(SIZE), |get| get.serve());
    for (max, requests) in [(1, 1), (2, 21)] {
        let before = server.ranges().len();
        let mut config = server.config();
        config.set_max_connections(max);
        let repository = repository(&server.server.url(), &config);
        let options = in_parts(Options::default(), 8);
        let bytes = to_memory(&repository, &server.descriptor(), 0, 64 * MIB, &options);
        assert!(bytes.expect("pulled") == *server.content);
        assert_eq!(server.ranges().len() - before, requests);
    }
}

#[test]
fn wrong_content_in_parts_is_found() {
    let server = BlobServer::start(content(SIZE), |get| {
        let (head, body) = get.right();
        let mut body = body.to_vec();
        if get.range.is_some_and(|range| range.0 == 3 * PART) {
            body[5] ^= 1;
        }
        get.send(&head, &body);
    });
    let (bytes, result) = server.to_callback(&in_parts(Options::default(), 4));
    assert_eq!(result.expect_err("wrong").kind(), Kind::DigestMismatch);
    assert!(bytes.len() <= SIZE - 64 * 1024);
}

#[test]
fn parts_that_do_not_match_are_received_once_more() {
    let server = BlobServer::start(content(SIZE), |get| {
        let (head, body) = get.right();
        let mut body = body.to_vec();
        let is_third = get.range.is_some_and(|range| range.0 == 3 * PART);
        if is_third && get.number < 10 {
            body[5] ^= 1;
        }
        get.send(&head, &body);
    });
    let options = in_parts(Options::default(), 2);
    let blob = server.descriptor();
    let bytes = to_memory(&server.repository(), &blob, 0, 64 * MIB, &options);
    assert!(bytes.expect("pulled") == *server.content);
    assert_eq!(server.ranges().len(), 42);
}

#[test]
fn parts_that_begin_early_are_given_up() {
    let size = 64 * PART;
    let server = BlobServer::start(content(size), |get| {
        let last = get.range.map_or(0, |range| range.1);
        let (head, body) = get.part(0, last);
        let body = body.to_vec();
        get.send(&head, &body);
    });
    let part = in_parts(Options::default(), 2);
    // Up to 1 MiB is received in vain for a part.
    let blob = server.descriptor();
    let bytes = to_memory(&server.repository(), &blob, 0, 64 * MIB, &part);
    assert!(bytes.expect("pulled") == *server.content);
    let requests = server.ranges().len();
    assert!((18..25).contains(&requests), "{requests}");
}

#[test]
fn a_cancelled_call_leaves_no_threads() {
    let server = BlobServer::start(content(SIZE), |get| match get.range {
        Some((first, _)) if first > 4 * PART => get.conn.hold(),
        _ => get.serve(),
    });
    let cancel = Cancel::new().expect("a handle");
    let trigger = cancel.clone();
    let events = Events::default();
    let options = events.options_with(move |snapshot| {
        if snapshot.done >= 3 * PART as u64 {
            trigger.trigger();
        }
    });
    let mut options = in_parts(options, 4);
    options.cancel = Some(cancel);
    let (bytes, result) = server.to_callback(&options);
    assert_eq!(result.expect_err("cancelled").kind(), Kind::Cancelled);
    assert!(bytes == server.content[..bytes.len()]);
}

/// Fails at its second piece.
struct Failing(usize);

impl WriteSink for Failing {
    fn write(&mut self, _: &[u8]) -> Result<(), reggie::Error> {
        self.0 += 1;
        assert!(workers() > 0);
        match self.0 {
            1 => Ok(()),
            _ => Err(reggie::digest::Digest::parse("x").expect_err("no digest")),
        }
    }
}

/// In a process of its own: it counts threads.
#[test]
fn an_output_that_fails_leaves_no_threads() {
    if !support::child::enter(an_output_that_fails_leaves_no_threads) {
        return;
    }
    let server = BlobServer::start(content(SIZE), |get| get.serve());
    let options = in_parts(Options::default(), 4);
    let sink = Box::new(Failing(0));
    let error = to_callback(&server.repository(), &server.descriptor(), sink, &options);
    let error = error.expect_err("stopped");
    assert_eq!(error.kind(), Kind::InvalidDigest);
    assert_eq!(error.digest(), Some(digest(&server.content).as_str()));
    assert_eq!(workers(), 0);
    let kept = Kept::default();
    let sink = Box::new(kept.clone());
    to_callback(&server.repository(), &server.descriptor(), sink, &options).expect("pulled");
    assert!(kept.bytes() == *server.content);
    assert_eq!(workers(), 0);
}
