//! Several pulls to one path.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use reggie::content::blob_pull::to_callback;
use reggie::content::descriptor::Descriptor;
use reggie::content::file_pull::to_path;
use reggie::content::options::{Existing, Options};
use reggie::content::progress::{Event, Phase};
use reggie::{Cancel, Error, Kind, Step, WriteSink};
use rustix::fs::{FlockOperation, flock};
use support::child;

use crate::blob_server::{BlobServer, Events, MIB, config, content, digest, repository};

/// A server whose first response goes on only after `count` more calls wait.
fn slow(size: usize) -> (BlobServer, std::sync::mpsc::Sender<()>) {
    let (go, may_go) = channel::<()>();
    let may_go = std::sync::Mutex::new(may_go);
    let server = BlobServer::start(content(size), move |get| {
        let (head, body) = get.right();
        let body = body.to_vec();
        get.send(&head, &body[..body.len() / 2]);
        if get.number == 0 {
            // The test may have failed.
            let _ = may_go.lock().expect("no panic").recv();
        }
        get.send("", &body[body.len() / 2..]);
    });
    (server, go)
}

pub(crate) fn partial(path: &Path, content: &[u8]) -> PathBuf {
    let name = path
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    path.with_file_name(format!("{name}.{}.partial", &digest(content)[7..23]))
}

#[test]
fn two_threads_need_one_transfer() {
    for existing in [Existing::Check, Existing::Trust, Existing::Replace] {
        let (server, go) = slow(300_000);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("blob");
        let events = Events::default();
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                let mut options = Options::default();
                options.existing = existing;
                server.to_path(&path, &options)
            });
            assert!(server.server.wait_for_requests(1, Duration::from_secs(60)));
            let second = scope.spawn(|| {
                let go = go.clone();
                let mut options = events.options_with(move |snapshot| {
                    if snapshot.phase == Phase::Lock {
                        let _ = go.send(());
                    }
                });
                options.existing = existing;
                server.to_path(&path, &options)
            });
            second.join().expect("no panic").expect("the same file");
            // If it did not wait.
            let _ = go.send(());
            first.join().expect("no panic").expect("pulled");
        });
        assert!(fs::read(&path).expect("a file") == *server.content);
        assert_eq!(server.ranges().len(), 1, "{existing:?}");
        assert_eq!(events.main(), [Event::Begin, Event::Skip, Event::Done]);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}

/// Holds the lock of a partial file, as another process would.
fn locked(path: &Path, content: &[u8]) -> (File, PathBuf) {
    let partial = partial(path, content);
    fs::write(&partial, &content[..1000]).expect("written");
    let file = File::open(&partial).expect("opened");
    flock(&file, FlockOperation::LockExclusive).expect("locked");
    (file, partial)
}

#[test]
fn a_wait_for_another_writer_ends() {
    let server = BlobServer::start(content(300_000), |get| get.serve());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blob");
    let (lock, partial) = locked(&path, &server.content);
    let mut options = Options::default();
    options.lock_timeout = Some(Duration::from_millis(100));
    let error = server.to_path(&path, &options).expect_err("locked");
    assert_eq!((error.kind(), error.step()), (Kind::Locked, Step::Lock));
    // By a cancel handle, and by the time limit of the call.
    let cancel = Cancel::new().expect("a handle");
    let trigger = cancel.clone();
    let events = Events::default();
    let mut options = events.options_with(move |snapshot| {
        if snapshot.phase == Phase::Lock {
            trigger.trigger();
        }
    });
    options.cancel = Some(cancel);
    let error = server.to_path(&path, &options).expect_err("cancelled");
    assert_eq!((error.kind(), error.step()), (Kind::Cancelled, Step::Lock));
    let mut options = Options::default();
    options.lock_timeout = None;
    options.timeout = Some(Duration::from_millis(100));
    let error = server.to_path(&path, &options).expect_err("too late");
    assert_eq!(error.kind(), Kind::Deadline);
    assert_eq!(server.server.connections(), 0);
    // What the other has is not touched, and used once it is gone.
    assert_eq!(fs::metadata(&partial).expect("there").len(), 1000);
    drop(lock);
    server.to_path(&path, &Options::default()).expect("pulled");
    assert_eq!(server.ranges(), [Some("bytes=1000-299999".to_owned())]);
}

#[test]
fn the_time_for_a_lock_begins_anew_while_the_other_makes_progress() {
    let server = BlobServer::start(content(300_000), |get| get.serve());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blob");
    let (lock, partial) = locked(&path, &server.content);
    let content = server.content.clone();
    // Longer than the time for the lock: one report each second.
    let left = std::sync::Mutex::new((Some(lock), 4));
    let events = Events::default();
    let mut options = events.options_with(move |snapshot| {
        let mut left = left.lock().expect("no panic");
        if snapshot.phase != Phase::Lock || left.0.is_none() {
            return;
        }
        left.1 -= 1;
        fs::write(&partial, &content[..(10 - left.1) * 1000]).expect("written");
        if left.1 == 0 {
            left.0 = None;
        }
    });
    options.lock_timeout = Some(Duration::from_secs(3));
    server.to_path(&path, &options).expect("pulled");
    assert_eq!(server.ranges(), [Some("bytes=10000-299999".to_owned())]);
}

/// Makes a call from within a callback.
struct Nested<T: FnMut() + Send>(T);

impl<T: FnMut() + Send> WriteSink for Nested<T> {
    fn write(&mut self, _: &[u8]) -> Result<(), Error> {
        self.0();
        Ok(())
    }
}

#[test]
fn a_call_within_a_callback_does_not_wait_for_a_lock() {
    let server = BlobServer::start(content(300_000), |get| get.serve());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blob");
    let _lock = locked(&path, &server.content);
    let (repository, blob) = (server.repository(), server.descriptor());
    let inner = (repository.clone(), blob.clone(), path.clone());
    let (seen, kinds) = channel();
    let sink = Box::new(Nested(move || {
        let (repository, blob, path) = &inner;
        let mut options = Options::default();
        options.lock_timeout = None;
        let error = to_path(repository, blob, path, &options).expect_err("locked");
        let _ = seen.send(error.kind());
    }));
    to_callback(&repository, &blob, sink, &Options::default()).expect("pulled");
    assert_eq!(kinds.recv(), Ok(Kind::Locked));
}

/// In a child: pulls to a path, and waits in the middle.
#[test]
#[ignore = "run by other tests, in a process of its own"]
fn pull_in_a_child() {
    let get = |name| std::env::var(name).expect("set by the test");
    let size = get("BLOB_SIZE").parse().expect("a number");
    let blob = Descriptor::new(&get("BLOB_DIGEST"), Some(size), None).expect("valid");
    let repository = repository(&get("BLOB_URL"), &config());
    to_path(
        &repository,
        &blob,
        Path::new(&get("BLOB_PATH")),
        &Options::default(),
    )
    .expect("pulled");
}

pub(crate) fn child_command(url: &str, content: &[u8], path: &Path) -> std::process::Command {
    let mut command = child::command(pull_in_a_child);
    command
        .env("BLOB_URL", url)
        .env("BLOB_DIGEST", digest(content))
        .env("BLOB_SIZE", content.len().to_string())
        .env("BLOB_PATH", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn two_processes_need_one_transfer() {
    let (server, go) = slow(300_000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blob");
    let other = child_command(&server.server.url(), &server.content, &path)
        .spawn()
        .expect("started");
    assert!(server.server.wait_for_requests(1, Duration::from_secs(60)));
    let events = Events::default();
    let options = events.options_with(move |snapshot| {
        if snapshot.phase == Phase::Lock {
            let _ = go.send(());
        }
    });
    server.to_path(&path, &options).expect("pulled");
    let output = other.wait_with_output().expect("ended");
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read(&path).expect("a file") == *server.content);
    assert_eq!(server.ranges().len(), 1);
    assert_eq!(events.main(), [Event::Begin, Event::Skip, Event::Done]);
}

#[test]
fn a_killed_pull_goes_on_in_the_next_process() {
    let blob = content(8 * MIB);
    for at in [1, 300_000, 3 * MIB, 8 * MIB - 1] {
        let server = BlobServer::start(blob.clone(), move |get| match get.number {
            0 => {
                let (head, body) = get.right();
                let body = body[..at].to_vec();
                get.send(&head, &body);
                get.conn.wait_for_close();
            }
            _ => get.serve(),
        });
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("blob");
        let partial = partial(&path, &blob);
        let mut other = child_command(&server.server.url(), &server.content, &path)
            .spawn()
            .expect("started");
        while fs::metadata(&partial).map_or(0, |about| about.len()) < at as u64 {
            thread::sleep(Duration::from_millis(5));
        }
        other.kill().expect("killed");
        let mut text = String::new();
        let _ = other
            .stderr
            .take()
            .map(|mut err| err.read_to_string(&mut text));
        let status = other.wait().expect("ended");
        assert_eq!(status.signal(), Some(9), "{text}");
        assert!(!path.exists());
        server.to_path(&path, &Options::default()).expect("pulled");
        assert!(fs::read(&path).expect("a file") == blob);
        let last = 8 * MIB - 1;
        assert_eq!(server.ranges()[1], Some(format!("bytes={at}-{last}")));
    }
}
