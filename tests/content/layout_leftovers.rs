//! What killed processes leave behind: it is continued or removed.

use std::fs::{self, File, FileTimes};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use embedded_registry::{Ending, Fault, Options as RegistryOptions, Registry, Rule};
use reggie::Kind;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::options::Options;
use reggie::content::progress::{Event, Phase};
use reggie::content::push;
use reggie::content::repository::Repository;
use rustix::fs::{FlockOperation, flock};

use crate::copy_children::{assert_whole, copy_command, others, partial_of};
use crate::copying::*;
use crate::documents::{artifact, digest, parse};
use crate::pushing::{assert_kind, memory};

const SIZE: usize = 3_000_000;

/// A registry with an image of one layer, and its layer.
fn source() -> (Place, Vec<u8>) {
    let from = Place::registry();
    image(from.repository(), "x", &[SIZE], &["v1"]);
    (from, layer("x", SIZE))
}

/// The Range headers of the requests for a blob.
fn ranges(registry: &Registry, blob: &[u8]) -> Vec<Option<String>> {
    let digest = digest(blob);
    let requests = registry.requests();
    requests
        .iter()
        .filter(|request| request.method == "GET" && request.path().ends_with(&digest))
        .map(|request| request.header("range").map(str::to_owned))
        .collect()
}

fn new_layout() -> (tempfile::TempDir, Repository) {
    let folder = support::temp::folder();
    let repository = Repository::open_layout(folder.path(), true).expect("a layout");
    (folder, repository)
}

#[test]
fn a_killed_copy_goes_on_in_the_next_process() {
    for at in [1, 300_000, SIZE - 1] {
        let (from, blob) = source();
        let server = from.server();
        let stall = Fault::serve().cut_body(at as u64, Ending::Stall);
        server.add_rule(Rule::new(stall).method("GET").path_end(&digest(&blob)));
        let folder = support::temp::folder();
        let path = folder.path().join("layout");
        let to = path.display().to_string();
        let mut child = copy_command(server.url(), &to).spawn().expect("started");
        let partial = partial_of(&path, &blob);
        while fs::metadata(&partial).map_or(0, |about| about.len()) < at as u64 {
            assert!(child.try_wait().expect("a child").is_none(), "ended");
            thread::sleep(Duration::from_millis(5));
        }
        child.kill().expect("killed");
        assert_eq!(child.wait().expect("ended").signal(), Some(9));
        assert_whole(&path, &[]);
        server.clear_rules();
        server.clear_requests();
        let to = Repository::open_layout(&path, true).expect("a layout");
        let (options, seen) = observed(options());
        copy_tag(from.repository(), &to, "v1", &options).expect("copied");
        let last = SIZE - 1;
        assert_eq!(ranges(server, &blob), [Some(format!("bytes={at}-{last}"))]);
        assert_whole(&path, &[]);
        assert!(others(&path).is_empty());
        let seen = seen.lock().expect("no panic");
        let mut ends = seen.iter().filter(|seen| seen.event == Event::End);
        assert!(ends.any(|end| end.resumed == at as u64 && end.done == SIZE as u64));
    }
}

#[test]
fn a_copy_that_fails_goes_on_unless_it_must_not() {
    for resume in [true, false] {
        let (from, blob) = source();
        let cut = Fault::serve().cut_body(1_000_000, Ending::Close);
        let rule = Rule::new(cut).method("GET").path_end(&digest(&blob));
        from.server().add_rule(rule);
        let (folder, to) = new_layout();
        let mut options = options();
        options.resume = resume;
        options.set_retries(Some(0)).expect("in range");
        let copied = copy_tag(from.repository(), &to, "v1", &options);
        copied.expect_err("cut");
        assert_eq!(others(folder.path()).len(), usize::from(resume));
        assert_eq!(partial_of(folder.path(), &blob).exists(), resume);
        from.server().clear_rules();
        from.server().clear_requests();
        copy_tag(from.repository(), &to, "v1", &options).expect("copied");
        let range = resume.then(|| format!("bytes=1000000-{}", SIZE - 1));
        assert_eq!(ranges(from.server(), &blob), [range]);
        assert!(others(folder.path()).is_empty());
    }
}

#[test]
fn a_partial_file_that_is_wrong_is_not_used() {
    let (from, blob) = source();
    let (folder, to) = new_layout();
    let partial = partial_of(folder.path(), &blob);
    let mut longer = blob.clone();
    longer.push(0);
    for wrong in [&vec![7; 1000], &vec![7; SIZE], &longer] {
        fs::write(&partial, wrong).expect("written");
        copy_tag(from.repository(), &to, "v1", &options()).expect("copied");
        assert_whole(folder.path(), &[]);
        assert!(others(folder.path()).is_empty());
        let name = digest(&blob).replacen(':', "/", 1);
        fs::remove_file(folder.path().join("blobs").join(name)).expect("removed");
    }
    // Neither a link nor a directory is written to.
    let elsewhere = folder.path().join(".reggie-other");
    fs::write(&elsewhere, "other").expect("written");
    std::os::unix::fs::symlink(".reggie-other", &partial).expect("a link");
    copy_tag(from.repository(), &to, "v1", &options()).expect("copied");
    assert_eq!(fs::read_to_string(&elsewhere).expect("a file"), "other");
    assert_whole(folder.path(), &[]);
}

#[test]
fn two_processes_that_copy_to_one_layout_need_one_transfer() {
    let (from, blob) = source();
    let server = from.server();
    let slow = Fault::serve().delay(Duration::from_millis(300));
    server.add_rule(Rule::new(slow).method("GET").path_end(&digest(&blob)));
    let folder = support::temp::folder();
    let path = folder.path().join("layout");
    let to = path.display().to_string();
    let children = [(); 3].map(|()| copy_command(server.url(), &to).spawn().expect("started"));
    for mut child in children {
        assert!(child.wait().expect("ended").success());
    }
    assert_eq!(ranges(server, &blob), [None]);
    assert_whole(&path, &[]);
    assert!(others(&path).is_empty());
    let to = Repository::open_layout(&path, false).expect("a layout");
    copy_tag(&to, &to, "v1", &options()).expect("whole");
}

#[test]
fn a_copy_waits_for_another_that_transfers_the_same_blob() {
    let (from, blob) = source();
    let (folder, to) = new_layout();
    let partial = partial_of(folder.path(), &blob);
    fs::write(&partial, &blob[..1000]).expect("written");
    let lock = File::open(&partial).expect("opened");
    flock(&lock, FlockOperation::LockExclusive).expect("locked");
    let mut options = options();
    options.lock_timeout = Some(Duration::from_millis(50));
    let copied = copy_tag(from.repository(), &to, "v1", &options);
    let error = assert_kind(copied, Kind::Locked);
    assert_eq!(error.digest(), Some(digest(&blob).as_str()));
    // The other has finished.
    let name = digest(&blob).replacen(':', "/", 1);
    let whole = folder.path().join("blobs").join(name);
    let lock = std::sync::Mutex::new(Some(lock));
    let (moved, bytes) = (partial.clone(), blob.clone());
    let mut options = Options::default();
    let finish = move |snapshot: &reggie::content::progress::Snapshot| {
        if snapshot.phase == Phase::Lock
            && let Some(lock) = lock.lock().expect("no panic").take()
        {
            fs::write(&moved, &bytes).expect("written");
            fs::rename(&moved, &whole).expect("renamed");
            drop(lock);
        }
        Ok(())
    };
    options.set_progress(Some(std::sync::Arc::new(finish)), Duration::from_millis(1));
    copy_tag(from.repository(), &to, "v1", &options).expect("copied");
    assert!(ranges(from.server(), &blob).is_empty());
    assert_whole(folder.path(), &[]);
    assert!(others(folder.path()).is_empty());
}

fn change_index(repository: &Repository, unique: &str) {
    let manifest = parse(&artifact(
        "a/b",
        &format!(r#","annotations":{{"a":"{unique}"}}"#),
    ));
    push_manifest(repository, &manifest, &[unique], &options()).expect("pushed");
}

#[test]
fn what_nobody_has_locked_is_removed_with_the_next_change() {
    let (folder, repository) = new_layout();
    let blob = layer("there", 1000);
    push::push(&repository, memory(&blob), None, &options()).expect("pushed");
    let path = folder.path();
    let partial = |unique: &str| partial_of(path, &layer(unique, 1000));
    let old = SystemTime::now() - Duration::from_secs(8 * 24 * 3600);
    let held = path.join(".reggie-4194305-1");
    for file in [
        path.join(".reggie-4194305-0"),
        held.clone(),
        partial("there"),
        partial("old"),
        partial("new"),
        path.join(".reggie-sha256-12.partial"),
    ] {
        fs::write(&file, "left behind").expect("written");
        if file == partial("old") {
            let file = File::options().write(true).open(&file).expect("opened");
            let times = FileTimes::new().set_modified(old);
            file.set_times(times).expect("set");
        }
    }
    let lock = File::open(&held).expect("opened");
    flock(&lock, FlockOperation::LockExclusive).expect("locked");
    change_index(&repository, "first");
    let name = |path: &Path| {
        path.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let mut expected = vec![
        ".reggie-4194305-1".to_owned(),
        ".reggie-sha256-12.partial".to_owned(),
        name(&partial("new")),
    ];
    expected.sort();
    assert_eq!(others(path), expected);
    drop(lock);
    change_index(&repository, "second");
    expected.remove(0);
    assert_eq!(others(path), expected);
}

#[test]
fn what_is_written_is_not_removed_by_other_writers() {
    let (folder, repository) = new_layout();
    let bytes = layer("upload", 100_000);
    let mut upload =
        reggie::content::upload::Upload::begin(&repository, &options()).expect("begun");
    upload.write(&bytes).expect("written");
    assert_eq!(others(folder.path()).len(), 1);
    change_index(&repository, "first");
    assert_eq!(others(folder.path()).len(), 1);
    upload
        .commit(Some(&digest(&bytes)), None)
        .expect("committed");
    assert_whole(folder.path(), &[]);
    assert!(others(folder.path()).is_empty());
}

#[test]
fn files_of_killed_pulls_are_removed_by_the_next_one() {
    let registry = Registry::start(RegistryOptions::default());
    let from = Place::of(registry);
    let text = artifact("a/b", "").replace(
        "\"layers\":[{",
        "\"layers\":[{\"annotations\":{\"org.opencontainers.image.title\":\"sub/file\"},",
    );
    push_manifest(from.repository(), &parse(&text), &["v1"], &options()).expect("pushed");
    let folder = support::temp::folder();
    fs::create_dir(folder.path().join("sub")).expect("created");
    let [abandoned, held, elsewhere] = [
        "sub/.reggie-4194305-0",
        "sub/.reggie-4194305-1",
        ".reggie-4194305-0",
    ]
    .map(|name| folder.path().join(name));
    for file in [&abandoned, &held, &elsewhere] {
        fs::write(file, "left behind").expect("written");
    }
    let lock = File::open(&held).expect("opened");
    flock(&lock, FlockOperation::LockExclusive).expect("locked");
    reggie::content::files_pull::pull(from.repository(), Some("v1"), folder.path(), &options())
        .expect("pulled");
    assert!(!abandoned.exists() && held.exists());
    // No file was written there.
    assert!(elsewhere.exists());
    assert_eq!(
        fs::read(folder.path().join("sub/file")).expect("a file"),
        b"{}"
    );
}
