//! Pushing blobs from every kind of source to a registry that works.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::thread;

use embedded_registry::{About, Options as RegistryOptions, Recorded, Registry};
use reggie::Kind;
use reggie::content::options::Options;
use reggie::content::push::{self, Source};
use reggie::content::repository::Repository;
use reggie::digest::Algorithm;

use super::pushing::*;

/// Methods of the requests so far, without those for tokens.
fn methods(registry: &Registry) -> Vec<String> {
    let requests = registry.requests();
    let ours = requests
        .iter()
        .filter(|request| request.about() != About::Token);
    ours.map(|request| request.method.clone()).collect()
}

fn of_method(registry: &Registry, method: &str) -> Vec<Recorded> {
    let requests = registry.requests();
    let ours = requests.into_iter().filter(|one| one.method == method);
    ours.collect()
}

/// Pushes from all sources and checks that the registry has the blob.
fn push_by_every_way(registry: &Registry, repository: &Repository, size: usize, options: &Options) {
    let bytes = content(size);
    let digest = digest(&bytes);
    let folder = support::temp::folder();
    let path = folder.path().join("blob");
    let mut padded = b"front".to_vec();
    padded.extend_from_slice(&bytes);
    padded.extend_from_slice(b"back");
    let length = Some(size as u64);
    std::fs::write(&path, &bytes).expect("written");
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&padded).expect("written");
    file.seek(SeekFrom::Start(5)).expect("seekable");
    let fd = file.as_raw_fd();
    type Way<'a> = (&'a str, Box<dyn Fn() -> Source + 'a>);
    let ways: Vec<Way> = vec![
        ("memory", Box::new(|| memory(&bytes))),
        ("path", Box::new(|| Source::Path(path.clone()))),
        ("fd", Box::new(|| Source::Descriptor { fd, length })),
        (
            "callback",
            Box::new(|| Callback::source(&bytes, None, false)),
        ),
        (
            "callback, length",
            Box::new(|| Callback::source(&bytes, length, false)),
        ),
        ("rewind", Box::new(|| Callback::source(&bytes, None, true))),
        (
            "rewind, length",
            Box::new(|| Callback::source(&bytes, length, true)),
        ),
    ];
    for (way, source) in ways {
        for given in [None, Some(digest.as_str())] {
            registry.delete_blob("team/app", &digest);
            let pushed = push::push(repository, source(), given, options);
            let pushed = pushed.unwrap_or_else(|error| panic!("{way} {size}: {error}"));
            assert_eq!(pushed.digest().as_str(), digest, "{way}");
            assert_eq!(pushed.size(), length, "{way}");
            assert_eq!(
                registry.blob("team/app", &digest).as_ref(),
                Some(&bytes),
                "{way}"
            );
        }
    }
    assert_eq!(file.stream_position().expect("seekable"), 5);
    registry.delete_blob("team/app", &digest);
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    thread::scope(|scope| {
        scope.spawn(|| {
            writer.write_all(&bytes).expect("written");
            drop(writer);
        });
        let fd = reader.as_raw_fd();
        push_ok(
            repository,
            Source::Descriptor { fd, length: None },
            &bytes,
            options,
        );
    });
    assert_eq!(registry.blob("team/app", &digest).as_ref(), Some(&bytes));
}

#[test]
fn blobs_of_every_size_are_pushed_by_every_way() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let folder = support::temp::folder();
    for size in [0, 1, SMALL - 1, SMALL, SMALL + 1, 5 * SMALL + 7] {
        push_by_every_way(&registry, &repository, size, &small_chunks());
        push_by_every_way(&registry, &repository, size, &with_state(folder.path()));
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0, "state files");
}

#[test]
fn chunks_have_8_mib_unless_something_else_is_set() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    for (size, expected) in [
        (CHUNK - 1, &[][..]),
        (CHUNK, &[CHUNK]),
        (CHUNK + 1, &[CHUNK, 1]),
    ] {
        registry.clear_requests();
        let bytes = vec![b'a'; size];
        let source = Callback::source(&bytes, None, false);
        push_ok(&repository, source, &bytes, &Options::default());
        let chunks = of_method(&registry, "PATCH");
        let lengths: Vec<usize> = chunks.iter().map(|one| one.body_length as usize).collect();
        assert_eq!(lengths, expected, "{size}");
    }
}

#[test]
fn content_of_known_length_is_one_put() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let bytes = content(3 * CHUNK);
    push_ok(&repository, memory(&bytes), &bytes, &Options::default());
    assert_eq!(methods(&registry), ["HEAD", "POST", "PUT"]);
    let requests = registry.requests();
    let post = &requests[1];
    assert!(post.target.ends_with("/blobs/uploads/"), "{}", post.target);
    assert_eq!(post.header("content-length"), Some("0"));
    let put = &requests[2];
    assert_eq!(put.body_length, bytes.len() as u64);
    assert_eq!(put.header("content-type"), Some("application/octet-stream"));
    assert_eq!(put.header("content-range"), None);
}

/// The registry compares `_state`, so that it must be the newest and unchanged.
#[test]
fn each_chunk_goes_to_the_location_of_the_last_response() {
    let registry = Registry::start(RegistryOptions::default().relative_locations(true));
    let repository = repository(registry.url());
    let bytes = content(3 * SMALL + 1);
    let (options, seen) = observed(small_chunks());
    push_ok(&repository, memory(&bytes), &bytes, &options);
    assert_complete(&seen, bytes.len() as u64);
    assert_eq!(
        methods(&registry),
        ["HEAD", "POST", "PATCH", "PATCH", "PATCH", "PATCH", "PUT"]
    );
    let ranges: Vec<String> = of_method(&registry, "PATCH")
        .iter()
        .filter_map(|one| one.header("content-range").map(str::to_owned))
        .collect();
    assert_eq!(
        ranges,
        ["0-65535", "65536-131071", "131072-196607", "196608-196608"]
    );
}

#[test]
fn a_blob_that_exists_is_not_sent() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let bytes = content(10);
    registry.put_blob("team/app", bytes.clone());
    for source in [memory(&bytes), Callback::source(&bytes, None, false)] {
        let (options, seen) = observed(Options::default());
        push_ok(&repository, source, &bytes, &options);
        let events: Vec<_> = seen
            .lock()
            .expect("no panic")
            .iter()
            .map(|one| one.event)
            .collect();
        use reggie::content::progress::Event::{Begin, Done, Skip};
        assert_eq!(events, [Begin, Skip, Done]);
    }
    assert_eq!(methods(&registry), ["HEAD", "HEAD"]);
}

/// Its size is 0.
#[test]
fn a_file_without_a_size_is_pushed() {
    let registry = Registry::start(RegistryOptions::default());
    let path = std::path::Path::new("/proc/version");
    let bytes = std::fs::read(path).expect("read");
    let repository = repository(registry.url());
    let source = Source::Path(path.to_owned());
    push_ok(&repository, source, &bytes, &Options::default());
    assert_eq!(registry.blob("team/app", &digest(&bytes)), Some(bytes));
}

#[test]
fn other_algorithms() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let bytes = content(2 * SMALL);
    let mut options = small_chunks();
    options.algorithm = Algorithm::Sha512;
    let expected = reggie::digest::of_bytes(Algorithm::Sha512, &bytes);
    for source in [memory(&bytes), Callback::source(&bytes, None, false)] {
        registry.delete_blob("team/app", &expected);
        let pushed = push::push(&repository, source, None, &options).expect("pushed");
        assert_eq!(pushed.digest().as_str(), expected);
    }
    // That of a given digest, too.
    registry.delete_blob("team/app", &expected);
    let pushed = push::push(
        &repository,
        memory(&bytes),
        Some(&expected),
        &small_chunks(),
    );
    pushed.expect("pushed");
    let posts = of_method(&registry, "POST");
    assert!(
        posts
            .iter()
            .all(|post| post.target.ends_with("?digest-algorithm=sha512"))
    );
}

#[test]
fn lengths_and_digests_that_are_wrong() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let bytes = content(SMALL + 1);
    let other = digest(b"other");
    let file = File::open("/dev/null").expect("opened");
    let options = small_chunks();
    let push = |source, digest| push::push(&repository, source, digest, &options);
    for length in [SMALL as u64, SMALL as u64 + 2] {
        for can_rewind in [false, true] {
            let source = Callback::source(&bytes, Some(length), can_rewind);
            assert_kind(push(source, None), Kind::BodyLength);
        }
    }
    let fd = file.as_raw_fd();
    let source = Source::Descriptor {
        fd,
        length: Some(1),
    };
    assert_kind(push(source, None), Kind::BodyLength);
    let source = Source::Path("/nonexistent".into());
    assert_kind(push(source, None), Kind::File);
    assert_kind(push(memory(&bytes), Some("sha256:0")), Kind::InvalidDigest);
    // The registry compares, and the source is hashed to find out who is wrong.
    let sha512 = reggie::digest::of_bytes(Algorithm::Sha512, b"other");
    for other in [&other, &sha512] {
        for can_rewind in [false, true] {
            let source = Callback::source(&bytes, None, can_rewind);
            let error = assert_kind(push(source, Some(other)), Kind::SourceChanged);
            assert_eq!(error.digest(), Some(other.as_str()));
        }
    }
    let error = assert_kind(push(memory(&bytes), Some(&other)), Kind::SourceChanged);
    assert!(error.message().contains(&digest(&bytes)), "{error}");
    assert_eq!(registry.blob("team/app", &other), None);
    assert_eq!(registry.open_uploads(), 0);
}
