//! Pushes that another process resumes, through the state directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use embedded_registry::{Ending, Fault, Options as RegistryOptions, Registry, Rule};
use reggie::Kind;
use reggie::content::push::{self, Source};
use rustix::fs::{FlockOperation, flock};
use support::child;
use support::registries::{DockerForm, DockerRegistry};

use super::pushing::*;
use super::quirky::Quirky;
use super::scripted::Reply;

pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Ends a push after some chunks, as if the process had been killed.
fn interrupt(registry: &Registry, folder: &Path, bytes: &[u8], chunks: u64) {
    registry.add_rule(
        Rule::new(Fault::hang_up(Ending::Close))
            .method("PATCH")
            .skip(chunks),
    );
    let mut options = with_state(folder);
    options.set_retries(Some(0)).expect("in range");
    let pushed = push::push(&repository(registry.url()), memory(bytes), None, &options);
    assert_kind(pushed, Kind::Closed);
    registry.clear_rules();
}

#[test]
fn the_next_push_resumes() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let bytes = content(4 * SMALL);
    interrupt(&registry, folder.path(), &bytes, 2);
    let left = files(folder.path());
    assert_eq!(left.len(), 1);
    let mode = fs::metadata(&left[0]).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    registry.clear_requests();
    let (options, seen) = observed(with_state(folder.path()));
    push_ok(
        &repository(registry.url()),
        memory(&bytes),
        &bytes,
        &options,
    );
    assert_complete(&seen, bytes.len() as u64);
    let resumed = seen
        .lock()
        .expect("no panic")
        .last()
        .expect("an event")
        .resumed;
    assert_eq!(resumed, 2 * SMALL as u64);
    let requests = registry.requests();
    let sent: u64 = requests.iter().map(|one| one.body_length).sum();
    assert_eq!(sent, 2 * SMALL as u64);
    assert!(files(folder.path()).is_empty());
    assert_eq!(registry.open_uploads(), 0);
}

/// The process was killed after the commit.
#[test]
fn the_state_of_a_blob_that_exists_is_removed() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let bytes = content(4 * SMALL);
    interrupt(&registry, folder.path(), &bytes, 2);
    registry.put_blob("team/app", bytes.clone());
    let options = with_state(folder.path());
    push_ok(
        &repository(registry.url()),
        memory(&bytes),
        &bytes,
        &options,
    );
    assert!(files(folder.path()).is_empty());
}

/// Only the same content to the same place.
#[test]
fn another_push_does_not_resume() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let bytes = content(4 * SMALL);
    interrupt(&registry, folder.path(), &bytes, 2);
    let mut other = bytes.clone();
    other[0] ^= 1;
    push_ok(
        &repository(registry.url()),
        memory(&other),
        &other,
        &with_state(folder.path()),
    );
    let elsewhere = Registry::start(RegistryOptions::default());
    push_ok(
        &repository(elsewhere.url()),
        memory(&bytes),
        &bytes,
        &with_state(folder.path()),
    );
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn state_that_is_of_no_use_is_replaced() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let bytes = content(4 * SMALL);
    let damage: [fn(&Path); 4] = [
        |path| fs::write(path, b"").expect("written"),
        |path| fs::write(path, b"reggie-upload-1.x").expect("written"),
        |path| fs::write(path, vec![0xff; 1 << 20]).expect("written"),
        |path| {
            let text = fs::read_to_string(path).expect("read");
            fs::write(path, &text[..text.len() - 9]).expect("written");
        },
    ];
    for damage in damage {
        interrupt(&registry, folder.path(), &bytes, 2);
        damage(&files(folder.path())[0]);
        push_ok(
            &repository(registry.url()),
            memory(&bytes),
            &bytes,
            &with_state(folder.path()),
        );
        assert!(files(folder.path()).is_empty());
        registry.delete_blob("team/app", &digest(&bytes));
    }
    // The registry has forgotten the upload.
    let registry = Quirky::start(|request, state| match request.method.as_str() {
        "PATCH" if state.uploads == 1 && state.received.len() == SMALL => Some(Reply::none()),
        "GET" => Some(Reply::new(404, "")),
        _ => None,
    });
    let mut options = with_state(folder.path());
    options.set_retries(Some(0)).expect("in range");
    let pushed = push::push(&repository(&registry.url()), memory(&bytes), None, &options);
    assert_kind(pushed, Kind::Closed);
    push_ok(
        &repository(&registry.url()),
        memory(&bytes),
        &bytes,
        &options,
    );
    assert_eq!(registry.blob().as_ref(), Some(&bytes));
}

/// A push does without state if something else has the name of its file, and
/// leaves that alone.
#[test]
fn something_else_has_the_name_of_the_state() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let bytes = content(4 * SMALL);
    interrupt(&registry, folder.path(), &bytes, 2);
    let path = files(folder.path()).remove(0);
    let target = folder.path().join("target");
    fs::rename(&path, &target).expect("renamed");
    let replace: [fn(&Path, &Path); 3] = [
        |path, target| std::os::unix::fs::symlink(target, path).expect("a link"),
        |path, _| fs::create_dir(path).expect("a folder"),
        |path, _| {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).expect("a FIFO");
        },
    ];
    for replace in replace {
        replace(&path, &target);
        let kind = || fs::symlink_metadata(&path).expect("there").file_type();
        let before = kind();
        registry.clear_requests();
        push_ok(
            &repository(registry.url()),
            memory(&bytes),
            &bytes,
            &with_state(folder.path()),
        );
        let requests = registry.requests();
        let sent: u64 = requests.iter().map(|one| one.body_length).sum();
        assert_eq!(sent, bytes.len() as u64, "not resumed");
        assert_eq!(kind(), before);
        registry.delete_blob("team/app", &digest(&bytes));
        match before.is_dir() {
            true => fs::remove_dir(&path).expect("removed"),
            false => fs::remove_file(&path).expect("removed"),
        }
    }
    assert_eq!(files(folder.path()), [target]);
}

/// Two pushes do not write to one upload.
#[test]
fn a_push_leaves_the_state_of_a_running_push_alone() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let bytes = content(4 * SMALL);
    let options = with_state(folder.path());
    let (inner, inner_seen) = observed(options.clone());
    let url = registry.url().to_owned();
    let same = bytes.clone();
    let mut outer = options;
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let callback = move |snapshot: &reggie::content::progress::Snapshot| {
        let is_half = snapshot.done >= 2 * SMALL as u64;
        if is_half && is_first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            push_ok(&repository(&url), memory(&same), &same, &inner);
        }
        Ok(())
    };
    outer.set_progress(
        Some(std::sync::Arc::new(callback)),
        Duration::from_millis(1),
    );
    push_ok(&repository(registry.url()), memory(&bytes), &bytes, &outer);
    assert_eq!(registry.blob("team/app", &digest(&bytes)), Some(bytes));
    assert!(files(folder.path()).is_empty());
    let inner_seen = inner_seen.lock().expect("no panic");
    assert_eq!(inner_seen.last().map(|one| one.resumed), Some(0));
}

/// Of a process that was killed while it stored its state.
#[test]
fn temporary_files_that_were_left_behind_are_removed() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let left = folder.path().join("reggie-1.tmp");
    let locked = folder.path().join("reggie-2.tmp");
    fs::write(&left, b"state").expect("written");
    let file = fs::File::create(&locked).expect("a file");
    flock(&file, FlockOperation::LockExclusive).expect("locked");
    let bytes = content(2 * SMALL);
    push_ok(
        &repository(registry.url()),
        memory(&bytes),
        &bytes,
        &with_state(folder.path()),
    );
    assert_eq!(files(folder.path()), [locked]);
}

#[test]
fn old_files_are_removed_and_others_kept() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let old = SystemTime::now() - Duration::from_secs(8 * 24 * 60 * 60);
    let recent = SystemTime::now() - Duration::from_secs(6 * 24 * 60 * 60);
    for (name, time) in [
        ("reggie-1.upload", old),
        ("reggie-2.tmp", old),
        ("reggie-3.upload", recent),
        ("reggie-4.other", old),
        ("other.upload", old),
    ] {
        let file = fs::File::create(folder.path().join(name)).expect("a file");
        file.set_modified(time).expect("set");
    }
    let bytes = content(2 * SMALL);
    push_ok(
        &repository(registry.url()),
        memory(&bytes),
        &bytes,
        &with_state(folder.path()),
    );
    let mut left: Vec<_> = files(folder.path())
        .iter()
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .collect();
    left.sort();
    assert_eq!(left, ["other.upload", "reggie-3.upload", "reggie-4.other"]);
    let missing = with_state(&folder.path().join("missing"));
    let pushed = push::push(&repository(registry.url()), memory(&bytes), None, &missing);
    // The blob exists, so that nothing has to be stored.
    pushed.expect("exists");
    let bytes = content(3 * SMALL);
    let pushed = push::push(&repository(registry.url()), memory(&bytes), None, &missing);
    assert_kind(pushed, Kind::File);
}

/// What a child process pushes until it is killed.
#[test]
#[ignore = "run by another test, in a child"]
fn pushes_slowly() {
    let arguments: Vec<String> = ["URL", "FOLDER", "PATH"]
        .iter()
        .map(|name| std::env::var(format!("PUSH_{name}")).expect("set"))
        .collect();
    let options = with_state(Path::new(&arguments[1]));
    let source = Source::Path(arguments[2].clone().into());
    push::push(&repository(&arguments[0]), source, None, &options).expect("pushed");
}

pub(crate) fn push_in_child(url: &str, folder: &Path, path: &Path) -> Command {
    let mut command = child::command(pushes_slowly);
    command
        .env("PUSH_URL", url)
        .env("PUSH_FOLDER", folder)
        .env("PUSH_PATH", path)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn a_push_that_is_killed_is_resumed() {
    let registry = Registry::start(RegistryOptions::default());
    let folder = support::temp::folder();
    let source = support::temp::folder();
    let path = source.path().join("blob");
    let bytes = content(12 * SMALL);
    fs::write(&path, &bytes).expect("written");
    for chunks in [0, 1, 5, 11, 12] {
        registry.delete_blob("team/app", &digest(&bytes));
        registry.clear_requests();
        // The child waits for a response until it is killed.
        let stall = Fault::hang_up(Ending::Stall);
        let rule = match chunks {
            12 => Rule::new(stall).method("PUT"),
            chunks => Rule::new(stall).method("PATCH").skip(chunks),
        };
        registry.add_rule(rule);
        let mut child = push_in_child(registry.url(), folder.path(), &path)
            .spawn()
            .expect("a child");
        let received = || {
            let requests = registry.requests();
            let count = |method| requests.iter().filter(|one| one.method == method).count();
            match chunks {
                12 => count("PUT") == 1,
                chunks => count("PATCH") as u64 == chunks + 1,
            }
        };
        while !received() {
            assert!(child.try_wait().expect("a child").is_none(), "ended");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        registry.clear_rules();
        registry.clear_requests();
        push_ok(
            &repository(registry.url()),
            Source::Path(path.clone()),
            &bytes,
            &with_state(folder.path()),
        );
        let requests = registry.requests();
        let sent: u64 = requests.iter().map(|one| one.body_length).sum();
        let most = (12 - chunks) * SMALL as u64;
        assert!(sent <= most, "{chunks}: {sent}");
        assert!(files(folder.path()).is_empty());
        let blob = registry.blob("team/app", &digest(&bytes));
        assert!(blob.as_ref() == Some(&bytes));
    }
}

/// It ends uploads that were interrupted in the middle of a chunk: then the push
/// starts over.
#[test]
fn a_push_to_docker_registry_that_is_killed_is_completed() {
    let Some(registry) = DockerRegistry::start(DockerForm::Open) else {
        return;
    };
    let url = registry.url();
    let folder = support::temp::folder();
    let path = folder.path().join("blob");
    let bytes = content(200 * SMALL);
    fs::write(&path, &bytes).expect("written");
    let state = support::temp::folder();
    let mut child = push_in_child(&url, state.path(), &path)
        .spawn()
        .expect("a child");
    // It has begun.
    while files(state.path()).is_empty() {
        if child.try_wait().expect("a child").is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    push_ok(
        &repository(&url),
        Source::Path(path),
        &bytes,
        &with_state(state.path()),
    );
    assert!(files(state.path()).is_empty());
}
