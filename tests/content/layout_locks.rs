//! Several writers of one layout.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::pull;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::names::Names;
use reggie::content::options::Options;
use reggie::content::progress::{Phase, Snapshot};
use reggie::content::push;
use reggie::content::repository::Repository;
use reggie::{Cancel, Kind, Step};
use rustix::fs::{FlockOperation, flock};
use support::child;

use crate::documents::{artifact, parse};
use crate::pushing::{content, digest, memory, observed};

const PROCESSES: usize = 4;
const TAGS: usize = 20;

fn numbered(number: usize) -> Manifest {
    parse(&artifact(
        "a/b",
        &format!(r#","annotations":{{"number":"{number}"}}"#),
    ))
}

fn tag_count(repository: &Repository) -> usize {
    let mut names = Names::tags(repository, None, &Options::default());
    let mut count = 0;
    while names.next().expect("a list").is_some() {
        count += 1;
    }
    count
}

/// In a child: creates a layout or opens it, and pushes manifests.
#[test]
#[ignore = "run by other tests, in a process of its own"]
fn push_in_a_child() {
    let get = |name| std::env::var(name).expect("set by the test");
    let first: usize = get("LAYOUT_FIRST").parse().expect("a number");
    let mut options = Options::default();
    options.sync = false;
    let path = get("LAYOUT_PATH");
    let repository = Repository::open_layout(Path::new(&path), true).expect("a layout");
    for number in first.. {
        if number == first + TAGS && get("LAYOUT_ENDLESS").is_empty() {
            break;
        }
        push::push(&repository, memory(&content(number)), None, &options).expect("pushed");
        let tag = format!("t{number}");
        push_manifest(&repository, &numbered(number), &[&tag], &options).expect("pushed");
    }
}

fn child_command(path: &Path, first: usize, endless: bool) -> Command {
    let mut command = child::command(push_in_a_child);
    command
        .env("LAYOUT_PATH", path)
        .env("LAYOUT_FIRST", first.to_string())
        .env("LAYOUT_ENDLESS", if endless { "1" } else { "" })
        .stdout(Stdio::null());
    command
}

#[test]
fn no_manifest_of_several_processes_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("layout");
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| {
            child_command(&path, number * TAGS, false)
                .spawn()
                .expect("started")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("ended").success());
    }
    let repository = Repository::open_layout(&path, false).expect("a layout");
    assert_eq!(tag_count(&repository), PROCESSES * TAGS);
    for number in 0..PROCESSES * TAGS {
        let pulled = pull(
            &repository,
            Some(&format!("t{number}")),
            &Options::default(),
        );
        assert_eq!(pulled.expect("pulled").bytes(), numbered(number).bytes());
    }
    assert_eq!(fs::read_dir(&path).expect("a folder").count(), 3);
}

#[test]
fn no_manifest_of_several_threads_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let shared = Repository::open_layout(folder.path(), true).expect("a layout");
    thread::scope(|scope| {
        for first in 0..PROCESSES {
            let shared = &shared;
            scope.spawn(move || {
                for number in 0..TAGS {
                    let number = first * TAGS + number;
                    let tag = format!("t{number}");
                    push_manifest(shared, &numbered(number), &[&tag], &Options::default())
                        .expect("pushed");
                }
            });
        }
    });
    assert_eq!(tag_count(&shared), PROCESSES * TAGS);
}

#[test]
fn a_killed_process_leaves_a_layout_that_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..10 {
        let path = folder.path().join(round.to_string());
        let mut child = child_command(&path, 0, true).spawn().expect("started");
        let index = path.join("index.json");
        // Somewhere between the first manifests.
        while fs::read_to_string(&index).map_or(0, |text| text.matches("digest").count()) < round {
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        let repository = Repository::open_layout(&path, true).expect("a layout");
        let count = tag_count(&repository);
        for number in 0..count {
            let pulled = pull(
                &repository,
                Some(&format!("t{number}")),
                &Options::default(),
            );
            assert_eq!(pulled.expect("pulled").bytes(), numbered(number).bytes());
        }
        push_manifest(
            &repository,
            &numbered(count),
            &["next"],
            &Options::default(),
        )
        .expect("pushed");
        assert_eq!(tag_count(&repository), count + 1);
        // No blob is incomplete.
        for blob in fs::read_dir(path.join("blobs/sha256")).expect("a folder") {
            let blob = blob.expect("a blob");
            let name = format!("sha256:{}", blob.file_name().to_string_lossy());
            assert_eq!(digest(&fs::read(blob.path()).expect("a blob")), name);
        }
    }
}

#[test]
fn a_wait_for_another_writer_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Repository::open_layout(folder.path(), true).expect("a layout");
    let lock = File::open(folder.path()).expect("a folder");
    flock(&lock, FlockOperation::LockExclusive).expect("locked");
    let push_it = |options: &Options| push_manifest(&repository, &numbered(1), &["v1"], options);
    let mut options = Options::default();
    options.lock_timeout = Some(Duration::from_millis(100));
    let error = push_it(&options).expect_err("locked");
    assert_eq!((error.kind(), error.step()), (Kind::Locked, Step::Lock));
    let cancel = Cancel::new().expect("a handle");
    cancel.trigger();
    let mut options = Options::default();
    options.cancel = Some(cancel);
    assert_eq!(
        push_it(&options).expect_err("cancelled").kind(),
        Kind::Cancelled
    );
    let mut options = Options::default();
    options.timeout = Some(Duration::from_millis(100));
    assert_eq!(
        push_it(&options).expect_err("too late").kind(),
        Kind::Deadline
    );
    // Reading needs no lock, nor does writing a blob.
    push::push(&repository, memory(b"x"), None, &Options::default()).expect("pushed");
    assert_eq!(tag_count(&repository), 0);

    let lock = Mutex::new(Some(lock));
    let last = Arc::new(Mutex::new(Phase::Lock));
    let mut options = Options::default();
    let noted = Arc::clone(&last);
    let release = Arc::new(move |snapshot: &Snapshot| {
        *noted.lock().expect("no panic") = snapshot.phase;
        if snapshot.phase == Phase::Lock {
            lock.lock().expect("no panic").take();
        }
        Ok(())
    });
    options.set_progress(Some(release), Duration::from_millis(1));
    push_it(&options).expect("pushed");
    assert_eq!(*last.lock().expect("no panic"), Phase::Push);
    assert_eq!(tag_count(&repository), 1);
    let (watched, seen) = observed(Options::default());
    push_it(&watched).expect("exists");
    let phases: Vec<_> = seen
        .lock()
        .expect("no panic")
        .iter()
        .map(|seen| seen.phase)
        .collect();
    assert!(!phases.contains(&Phase::Lock), "{phases:?}");
}
