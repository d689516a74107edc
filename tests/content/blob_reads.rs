//! Blobs that are read piece by piece, or at any offset.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reggie::content::blob_reader::{Blob, Reader};
use reggie::content::options::Options;
use reggie::content::progress::Event;
use reggie::{Cancel, Error, Kind};

use crate::blob_server::{BlobServer, Events, content, sizeless};

const WITHHELD: usize = 64 * 1024;

fn open(server: &BlobServer, options: Options) -> Blob {
    Blob::open(
        &server.repository(),
        &server.descriptor(),
        Arc::new(options),
    )
    .expect("opened")
}

fn read_all(blob: &Blob, reader: &mut Reader, piece: usize) -> (Vec<u8>, Result<(), Error>) {
    let mut all = Vec::new();
    let mut buffer = vec![0; piece];
    loop {
        match reader.read(blob, &mut buffer) {
            Ok(0) => return (all, Ok(())),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => return (all, Err(error)),
        }
    }
}

#[test]
fn a_blob_is_read_in_any_pieces() {
    for size in [0, 1, WITHHELD, WITHHELD + 1, 5 * WITHHELD] {
        let server = BlobServer::start(content(size), |get| get.serve());
        for piece in [1000, WITHHELD, 10 * WITHHELD] {
            let events = Events::default();
            let blob = open(&server, events.options());
            assert_eq!(blob.size(), Some(size as u64));
            let mut reader = blob.reader();
            let (all, result) = read_all(&blob, &mut reader, piece);
            result.expect("read");
            assert!(all == *server.content, "{size} {piece}");
            assert_eq!(reader.read(&blob, &mut [0]).expect("the end"), 0);
            assert_eq!(events.main(), [Event::Begin, Event::End, Event::Done]);
        }
    }
}

#[test]
fn opening_a_blob_of_known_size_sends_nothing() {
    let server = BlobServer::start(content(10), |get| get.serve());
    let blob = open(&server, Options::default());
    assert_eq!(server.server.connections(), 0);
    drop(blob);
    let unknown = sizeless(&server.content);
    let opened = Blob::open(&server.repository(), &unknown, Arc::default());
    // This server has no HEAD.
    assert_eq!(opened.err().expect("refused").kind(), Kind::NotFound);
    let mut options = Options::default();
    options.max_blob = Some(9);
    let opened = Blob::open(
        &server.repository(),
        &server.descriptor(),
        Arc::new(options),
    );
    assert_eq!(opened.err().expect("too large").kind(), Kind::SizeMismatch);
}

#[test]
fn reading_survives_breaks() {
    let server = BlobServer::start(content(300_000), |get| match get.number {
        0..5 => get.serve_cut(50_000),
        _ => get.serve(),
    });
    let blob = open(&server, Options::default());
    let (all, result) = read_all(&blob, &mut blob.reader(), 7000);
    result.expect("read");
    assert!(all == *server.content);
    assert_eq!(server.ranges()[5].as_deref(), Some("bytes=250000-299999"));
}

#[test]
fn the_last_bytes_of_something_wrong_are_never_returned() {
    let server = BlobServer::start(content(3 * WITHHELD), |get| {
        let (head, body) = get.right();
        let mut body = body.to_vec();
        body[0] ^= 1;
        get.send(&head, &body);
    });
    let blob = open(&server, Options::default());
    let mut reader = blob.reader();
    let (all, result) = read_all(&blob, &mut reader, 10_000);
    assert_eq!(result.expect_err("wrong").kind(), Kind::DigestMismatch);
    assert!(all.len() <= 2 * WITHHELD);
    let again = reader.read(&blob, &mut [0; 10]).expect_err("still wrong");
    assert_eq!(again.kind(), Kind::DigestMismatch);
}

#[test]
fn each_read_has_a_time_limit_of_its_own() {
    let server = BlobServer::start(content(5 * WITHHELD), |get| {
        let (head, body) = get.right();
        let body = body.to_vec();
        get.send(&head, &body[..WITHHELD * 2]);
        get.conn.hold();
    });
    let mut options = Options::default();
    options.timeout = Some(Duration::from_millis(500));
    let blob = open(&server, options);
    let mut reader = blob.reader();
    let mut buffer = vec![0; WITHHELD];
    assert!(reader.read(&blob, &mut buffer).expect("there") > 0);
    // The first limit is over before the second read begins.
    thread::sleep(Duration::from_millis(600));
    let mut got = 0;
    let error = loop {
        match reader.read(&blob, &mut buffer) {
            Ok(count) => got += count,
            Err(error) => break error,
        }
    };
    assert!(got > 0, "read after the first limit");
    assert_eq!(error.kind(), Kind::Deadline);
}

#[test]
fn any_part_is_read_concurrently() {
    let server = BlobServer::start(content(200_000), |get| get.serve());
    let blob = open(&server, Options::default());
    thread::scope(|scope| {
        for number in 0..4 {
            let (blob, content) = (&blob, &server.content);
            scope.spawn(move || {
                for step in 0..20_usize {
                    let offset = (step * 31 + number * 7919) * 97 % 190_000;
                    let mut buffer = vec![0; 4096];
                    let count = blob
                        .read_at(&mut buffer, offset as u64, None)
                        .expect("read");
                    assert_eq!(count, 4096);
                    assert!(buffer == content[offset..offset + 4096]);
                }
            });
        }
    });
    let mut buffer = [0; 100];
    let end = blob.read_at(&mut buffer, 199_990, None).expect("read");
    assert_eq!(end, 10);
    assert!(buffer[..10] == server.content[199_990..]);
    let requests = server.server.requests().len();
    for (offset, size) in [(200_000, 10), (u64::MAX, 10), (0, 0)] {
        let count = blob
            .read_at(&mut buffer[..size], offset, None)
            .expect("read");
        assert_eq!(count, 0, "{offset} {size}");
    }
    assert_eq!(server.server.requests().len(), requests, "nothing is sent");
}

#[test]
fn a_part_survives_breaks_and_short_ranges() {
    let server = BlobServer::start(content(200_000), |get| match get.number {
        0 => get.serve_cut(1000),
        1 => {
            let first = get.range.expect("a range").0;
            let (head, body) = get.part(first - 500, first + 999);
            let body = body.to_vec();
            get.send(&head, &body);
        }
        _ => get.serve(),
    });
    let blob = open(&server, Options::default());
    let mut buffer = vec![0; 10_000];
    assert_eq!(blob.read_at(&mut buffer, 5000, None).expect("read"), 10_000);
    assert!(buffer == server.content[5000..15_000]);
    let ranges: Vec<String> = server.ranges().into_iter().flatten().collect();
    let expected = ["bytes=5000-14999", "bytes=6000-14999", "bytes=7000-14999"];
    assert_eq!(ranges, expected);
}

#[test]
fn a_part_from_a_server_without_ranges_is_refused() {
    let server = BlobServer::start(content(200_000), |get| {
        let (head, body) = match get.number {
            0 => get.whole(),
            1 => get.part(1000, 1999),
            _ => get.part(0, 99),
        };
        let body = body.to_vec();
        get.send(&head, &body);
    });
    let blob = open(&server, Options::default());
    for _ in 0..3 {
        let error = blob.read_at(&mut [0; 100], 500, None).expect_err("refused");
        assert_eq!(error.kind(), Kind::RangeIgnored);
        assert!(error.digest().is_some());
    }
    // A 200 that has the right part is fine.
    let server = BlobServer::start(content(200_000), |get| {
        let (head, body) = get.right();
        let body = body.to_vec();
        get.send(&head.replace("206 Part", "200 OK"), &body);
    });
    let blob = open(&server, Options::default());
    let mut buffer = [0; 100];
    assert_eq!(blob.read_at(&mut buffer, 500, None).expect("read"), 100);
    assert!(buffer == server.content[500..600]);
}

#[test]
fn a_part_has_options_of_its_own() {
    let server = BlobServer::start(content(200_000), |get| match get.number {
        0 => get.conn.hold(),
        _ => get.serve(),
    });
    let blob = open(&server, Options::default());
    let mut options = Options::default();
    let cancel = Cancel::new().expect("a handle");
    options.cancel = Some(cancel.clone());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| blob.read_at(&mut [0; 10], 0, Some(&options)));
        assert!(server.server.wait_for_requests(1, Duration::from_secs(60)));
        cancel.trigger();
        let error = waiting.join().expect("no panic").expect_err("cancelled");
        assert_eq!(error.kind(), Kind::Cancelled);
    });
    assert_eq!(blob.read_at(&mut [0; 10], 0, None).expect("read"), 10);
}
