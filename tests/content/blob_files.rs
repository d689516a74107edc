//! Pulls to files: existing files and partial files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use reggie::content::options::{Existing, Options};
use reggie::content::progress::{Event, Phase};
use reggie::{Kind, Step};
use tempfile::TempDir;

use crate::blob_server::{BlobServer, Events, content, digest};

const SIZE: usize = 300_000;

struct Place {
    folder: TempDir,
    path: PathBuf,
    partial: PathBuf,
}

fn place(server: &BlobServer) -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blob");
    let name = format!("blob.{}.partial", &digest(&server.content)[7..23]);
    Place {
        partial: folder.path().join(name),
        path,
        folder,
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn good() -> BlobServer {
    BlobServer::start(content(SIZE), |get| get.serve())
}

/// A server that breaks off once, for good if there are no retries.
fn breaking(at: usize) -> BlobServer {
    BlobServer::start(content(SIZE), move |get| match get.number {
        0 => get.serve_cut(at),
        _ => get.serve(),
    })
}

fn without_retries() -> Options {
    let mut options = Options::default();
    options.set_retries(Some(0)).expect("valid");
    options
}

#[test]
fn an_existing_file_is_used_as_the_options_say() {
    let server = good();
    let place = place(&server);
    let mut wrong = server.content.to_vec();
    wrong[SIZE / 2] ^= 1;
    for (existing, content, requests) in [
        (Existing::Check, &server.content[..], 0),
        (Existing::Check, &wrong, 1),
        (Existing::Check, &server.content[1..], 1),
        (Existing::Trust, &server.content, 0),
        (Existing::Trust, &server.content[1..], 1),
        (Existing::Replace, &server.content, 1),
    ] {
        fs::write(&place.path, content).expect("written");
        let before = server.ranges().len();
        let events = Events::default();
        let mut options = events.options();
        options.existing = existing;
        server.to_path(&place.path, &options).expect("pulled");
        assert_eq!(server.ranges().len() - before, requests, "{existing:?}");
        assert!(fs::read(&place.path).expect("a file") == *server.content);
        let middle = if requests == 0 {
            Event::Skip
        } else {
            Event::End
        };
        assert_eq!(events.main(), [Event::Begin, middle, Event::Done]);
        events.check_count();
        let last = events.all().pop().expect("an event");
        assert_eq!((last.done, last.total), (SIZE as u64, Some(SIZE as u64)));
    }
    // Its size is all that is looked at.
    fs::write(&place.path, &wrong).expect("written");
    let mut options = Options::default();
    options.existing = Existing::Trust;
    server.to_path(&place.path, &options).expect("trusted");
    assert!(fs::read(&place.path).expect("a file") == wrong);
}

#[test]
fn an_interrupted_pull_goes_on_where_it_ended() {
    let server = breaking(100_000);
    let place = place(&server);
    let error = server.to_path(&place.path, &without_retries());
    assert_eq!(error.expect_err("broken").kind(), Kind::Truncated);
    assert!(fs::read(&place.partial).expect("kept") == server.content[..100_000]);
    assert!(!place.path.exists());
    let events = Events::default();
    server
        .to_path(&place.path, &events.options())
        .expect("pulled");
    assert!(fs::read(&place.path).expect("a file") == *server.content);
    assert_eq!(names(place.folder.path()), ["blob"]);
    assert_eq!(server.ranges()[1].as_deref(), Some("bytes=100000-299999"));
    let end = events
        .all()
        .into_iter()
        .find(|event| event.event == Event::End);
    let end = end.expect("an end");
    assert_eq!((end.done, end.resumed), (SIZE as u64, 100_000));
    // As by open(2).
    let other = place.folder.path().join("other");
    fs::write(&other, "").expect("written");
    assert_eq!(mode(&place.path), mode(&other));
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").mode() & 0o777
}

#[test]
fn a_complete_partial_file_needs_no_request() {
    let server = good();
    let place = place(&server);
    for more in [&b""[..], b"more than there is"] {
        fs::write(&place.partial, [&server.content, more].concat()).expect("written");
        server
            .to_path(&place.path, &Options::default())
            .expect("used");
        assert!(fs::read(&place.path).expect("a file") == *server.content);
        assert_eq!(server.server.connections(), 0);
        fs::remove_file(&place.path).expect("removed");
    }
}

#[test]
fn a_partial_file_that_is_wrong_is_dropped_once() {
    let server = good();
    let place = place(&server);
    let mut wrong = server.content[..200_000].to_vec();
    wrong[5] ^= 1;
    fs::write(&place.partial, &wrong).expect("written");
    let events = Events::default();
    server
        .to_path(&place.path, &events.options())
        .expect("pulled");
    assert!(fs::read(&place.path).expect("a file") == *server.content);
    assert_eq!(
        server.ranges(),
        [Some("bytes=200000-299999".to_owned()), None]
    );
    assert_eq!(
        events.main(),
        [Event::Begin, Event::Restart, Event::End, Event::Done]
    );
    assert!(events.has_phase(Phase::Check) || SIZE < 1_000_000);
    // Wrong again: an error, and nothing is kept.
    let server = BlobServer::start(content(SIZE), |get| {
        let (head, body) = get.right();
        let body = vec![0; body.len()];
        get.send(&head, &body);
    });
    fs::remove_file(&place.path).expect("removed");
    fs::write(&place.partial, &wrong).expect("written");
    let error = server.to_path(&place.path, &Options::default());
    assert_eq!(error.expect_err("wrong").kind(), Kind::DigestMismatch);
    assert_eq!(server.ranges().len(), 2);
    assert!(names(place.folder.path()).is_empty());
}

#[test]
fn a_server_without_ranges_sends_what_is_there_again() {
    let server = BlobServer::start(content(SIZE), |get| {
        let (head, body) = get.whole();
        let body = body.to_vec();
        get.send(&head, &body);
    });
    let place = place(&server);
    fs::write(&place.partial, &server.content[..200_000]).expect("written");
    server
        .to_path(&place.path, &Options::default())
        .expect("pulled");
    assert!(fs::read(&place.path).expect("a file") == *server.content);
    assert_eq!(server.ranges().len(), 1);
}

#[test]
fn nothing_is_kept_without_resumption() {
    let server = breaking(100_000);
    let place = place(&server);
    let mut options = without_retries();
    options.resume = false;
    server.to_path(&place.path, &options).expect_err("broken");
    assert!(names(place.folder.path()).is_empty());
    // Nor is anything kept of nothing.
    let server = BlobServer::start(content(SIZE), |get| get.serve_cut(0));
    server
        .to_path(&place.path, &without_retries())
        .expect_err("broken");
    assert!(names(place.folder.path()).is_empty());
}

#[test]
fn what_is_not_an_own_regular_partial_file_is_left_alone() {
    let server = good();
    for make in [
        |place: &Place| symlink("/etc/hostname", &place.partial).expect("linked"),
        |place: &Place| fs::create_dir(&place.partial).expect("created"),
        |place: &Place| {
            let other = place.folder.path().join("other");
            fs::write(&other, "x").expect("written");
            fs::hard_link(&other, &place.partial).expect("linked");
        },
        |place: &Place| {
            let made = std::process::Command::new("mkfifo")
                .arg(&place.partial)
                .status();
            assert!(made.expect("mkfifo").success());
        },
    ] {
        let place = place(&server);
        make(&place);
        let before = names(place.folder.path());
        server
            .to_path(&place.path, &Options::default())
            .expect("pulled");
        assert!(fs::read(&place.path).expect("a file") == *server.content);
        assert_eq!(names(place.folder.path()).len(), before.len() + 1);
        assert!(fs::symlink_metadata(&place.partial).is_ok());
    }
}

#[test]
fn the_last_component_is_not_followed_and_a_failure_changes_nothing() {
    let server = good();
    let place = place(&server);
    let target = place.folder.path().join("target");
    fs::write(&target, "old").expect("written");
    symlink(&target, &place.path).expect("linked");
    let error = server.to_path(&place.path, &Options::default());
    assert_eq!(error.expect_err("a link").kind(), Kind::File);
    assert_eq!(fs::read(&target).expect("a file"), b"old");
    assert_eq!(server.server.connections(), 0);
    fs::remove_file(&place.path).expect("removed");

    let server = breaking(1000);
    fs::write(&place.path, "old").expect("written");
    server
        .to_path(&place.path, &without_retries())
        .expect_err("broken");
    assert_eq!(fs::read(&place.path).expect("a file"), b"old");
}

#[test]
fn a_file_keeps_its_mode_also_over_two_calls() {
    let server = breaking(100_000);
    let place = place(&server);
    fs::write(&place.path, "old").expect("written");
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o640)).expect("set");
    server
        .to_path(&place.path, &without_retries())
        .expect_err("broken");
    assert_eq!(mode(&place.partial), 0o600);
    server
        .to_path(&place.path, &Options::default())
        .expect("pulled");
    assert_eq!(mode(&place.path), 0o640);
    // The file is gone before the second call: as by open(2).
    let server = breaking(100_000);
    fs::write(&place.path, "old").expect("written");
    server
        .to_path(&place.path, &without_retries())
        .expect_err("broken");
    fs::remove_file(&place.path).expect("removed");
    server
        .to_path(&place.path, &Options::default())
        .expect("pulled");
    let other = place.folder.path().join("other");
    fs::write(&other, "").expect("written");
    assert_eq!(mode(&place.path), mode(&other));
    // The other way round.
    let server = breaking(100_000);
    fs::remove_file(&place.path).expect("removed");
    server
        .to_path(&place.path, &without_retries())
        .expect_err("broken");
    fs::write(&place.path, "old").expect("written");
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o600)).expect("set");
    server
        .to_path(&place.path, &Options::default())
        .expect("pulled");
    assert_eq!(mode(&place.path), 0o600);
}

#[test]
fn a_partial_file_of_any_mode_becomes_a_new_file() {
    let server = good();
    let place = place(&server);
    let other = place.folder.path().join("other");
    fs::write(&other, "").expect("written");
    for old in [0o4777, 0o600, 0o666] {
        fs::write(&place.partial, &server.content[..1000]).expect("written");
        fs::set_permissions(&place.partial, fs::Permissions::from_mode(old)).expect("set");
        server
            .to_path(&place.path, &Options::default())
            .expect("pulled");
        let found = fs::metadata(&place.path).expect("a file").mode() & 0o7777;
        assert_eq!(found, mode(&other), "{old:o}");
        fs::remove_file(&place.path).expect("removed");
    }
}

#[test]
fn nothing_is_transferred_for_a_file_of_another_user() {
    let server = good();
    let place = place(&server);
    fs::write(&place.path, "old").expect("written");
    if std::os::unix::fs::chown(&place.path, Some(12345), None).is_err() {
        eprintln!("only root can give files to any user: not tested");
        return;
    }
    let error = server.to_path(&place.path, &Options::default());
    let error = error.expect_err("of another");
    assert!(error.message().ends_with("belongs to another user"));
    assert_eq!(server.server.connections(), 0);
    assert_eq!(names(place.folder.path()), ["blob"]);
}

#[test]
fn a_long_name_has_a_partial_file_too() {
    let server = breaking(100_000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("n".repeat(255));
    server
        .to_path(&path, &without_retries())
        .expect_err("broken");
    let left = names(folder.path());
    assert_eq!((left.len(), left[0].len()), (1, 255));
    assert!(left[0].ends_with(".partial"));
    server.to_path(&path, &Options::default()).expect("pulled");
    assert_eq!(names(folder.path()), ["n".repeat(255)]);
    assert!(server.ranges()[1].is_some());
}

#[test]
fn files_without_sync_are_the_same() {
    let server = good();
    let place = place(&server);
    let mut options = Options::default();
    options.sync = false;
    for resume in [true, false] {
        options.resume = resume;
        server.to_path(&place.path, &options).expect("pulled");
        assert!(fs::read(&place.path).expect("a file") == *server.content);
        fs::remove_file(&place.path).expect("removed");
    }
}

/// A server that waits in the middle of the body until `change` is done.
fn with_change(change: impl Fn() + Send + Sync + 'static) -> BlobServer {
    BlobServer::start(content(SIZE), move |get| {
        let (head, body) = get.right();
        let body = body.to_vec();
        get.send(&head, &body[..SIZE / 2]);
        change();
        get.send("", &body[SIZE / 2..]);
    })
}

/// The only file in a folder, once it has as many bytes.
fn only_file(folder: &Path, size: usize) -> PathBuf {
    loop {
        if let [name] = &names(folder)[..] {
            let path = folder.join(name);
            if fs::metadata(&path).is_ok_and(|about| about.len() == size as u64) {
                return path;
            }
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_file_that_another_program_changes_does_not_get_the_final_name() {
    type Change = fn(&Path);
    let truncate: Change = |file| {
        let file = fs::File::options().write(true).open(file).expect("opened");
        file.set_len(1000).expect("truncated");
    };
    let swap: Change = |file| {
        fs::rename(file, file.with_file_name("away")).expect("renamed");
        fs::write(file, "of another").expect("written");
    };
    let link: Change = |file| fs::hard_link(file, file.with_file_name("away")).expect("linked");
    // What is left: with resumption, and without.
    for (change, left) in [(truncate, [0, 0]), (swap, [2, 2]), (link, [2, 1])] {
        for (resume, left) in [true, false].into_iter().zip(left) {
            let folder = tempfile::tempdir().expect("a folder");
            let within = folder.path().to_owned();
            let server = with_change(move || change(&only_file(&within, SIZE / 2)));
            let mut options = without_retries();
            options.resume = resume;
            let path = folder.path().join("blob");
            let error = server.to_path(&path, &options).expect_err("changed");
            assert_eq!((error.kind(), error.step()), (Kind::File, Step::Deliver));
            assert!(error.message().ends_with("changed by another program"));
            assert!(!path.exists());
            let names = names(folder.path());
            assert_eq!(names.len(), left, "{names:?}");
        }
    }
}
