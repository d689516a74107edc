//! Processes that are killed in the middle of a transfer: the next one continues.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use reggie::content::file_pull::to_path;
use reggie::content::options::Options;
use reggie::content::push::{Source, push};
use support::cutter::Cutter;

use super::places::Place;
use super::{Random, number};
use crate::blob_file_locks::{child_command, partial};
use crate::blob_server::{MIB, content, descriptor};
use crate::push_state::{files, push_in_child};
use crate::pushing::{SMALL, memory, push_ok, with_state};

/// Heads of a few requests, beside what an undisturbed transfer needs.
const HEADS: u64 = 20_000;

fn kills() -> usize {
    number("REGGIE_LONG_KILLS", 4)
}

fn blob() -> Vec<u8> {
    content(number("REGGIE_LONG_KILLED_MIB", 8) * MIB)
}

/// Starts a child, and kills it a moment after `passed` has reached `at`, or waits
/// for its end.
pub(super) fn kill_at(
    mut command: Command,
    at: u64,
    random: &mut Random,
    passed: impl Fn() -> u64,
) -> bool {
    let mut child: Child = command.spawn().expect("started");
    while passed() < at && child.try_wait().expect("a child").is_none() {
        thread::sleep(Duration::from_micros(100));
    }
    thread::sleep(Duration::from_micros(random.up_to(2000)));
    child.kill().expect("killed");
    let status: ExitStatus = child.wait().expect("ended");
    let is_killed = status.signal() == Some(9);
    assert!(is_killed || status.success(), "{status}");
    is_killed
}

fn kill_pulls(place: &Place) {
    let bytes = blob();
    let options = Options::default();
    push(&place.repository(), memory(&bytes), None, &options).expect("pushed");
    let cutter = Cutter::start(place.address());
    let folder = support::temp::folder();
    let path = folder.path().join("blob");
    let partial = partial(&path, &bytes);
    let mut random = Random::new();
    let (mut killed, mut kept, mut again) = (0, 0, 0);
    for _ in 0..kills() {
        cutter.set_cuts([]);
        let at = random.up_to(bytes.len() as u64);
        let command = child_command(&cutter.url(), &bytes, &path);
        let is_killed = kill_at(command, at, &mut random, || cutter.received());
        killed += usize::from(is_killed);
        let there = match path.exists() {
            true => bytes.len() as u64,
            false => fs::metadata(&partial).map_or(0, |about| about.len()),
        };
        if path.exists() {
            assert!(fs::read(&path).expect("a file") == bytes, "wrong file");
        }
        cutter.set_cuts([]);
        let repository = place.repository_at(&cutter.url());
        to_path(&repository, &descriptor(&bytes), &path, &options).expect("pulled");
        assert!(fs::read(&path).expect("a file") == bytes);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        let received = cutter.received();
        assert!(received <= bytes.len() as u64 - there + HEADS, "{there}");
        kept += there;
        again += received;
        fs::remove_file(&path).expect("removed");
    }
    println!(
        "{}: {killed} of {} pulls killed; {} KiB kept and {} KiB pulled again on average",
        place.name,
        kills(),
        kept / kills() as u64 / 1024,
        again / kills() as u64 / 1024,
    );
}

fn kill_pushes(place: &Place) {
    let bytes = blob();
    let cutter = Cutter::start(place.address());
    let (source, state) = (support::temp::folder(), support::temp::folder());
    let path = source.path().join("blob");
    fs::write(&path, &bytes).expect("written");
    let options = with_state(state.path());
    let pushed = |state: &Path| {
        let repository = place.repository_at(&cutter.url());
        push_ok(&repository, Source::Path(path.clone()), &bytes, &options);
        assert!(files(state).is_empty(), "{}: state files", place.name);
        place.take_blob(&bytes);
    };
    cutter.set_cuts([]);
    pushed(state.path());
    let undisturbed = cutter.sent();
    let mut random = Random::new();
    let (mut killed, mut before, mut again) = (0, 0, 0);
    for _ in 0..kills() {
        cutter.set_cuts([]);
        let at = random.up_to(undisturbed);
        let command = push_in_child(&cutter.url(), state.path(), &path);
        let is_killed = kill_at(command, at, &mut random, || cutter.sent());
        killed += usize::from(is_killed);
        let sent = cutter.sent();
        cutter.set_cuts([]);
        pushed(state.path());
        if place.keeps_uploads {
            // The chunk that was under way may be lost, and another one that the
            // registry had not stored.
            let most = undisturbed + 2 * SMALL as u64 + HEADS;
            assert!(sent + cutter.sent() <= most, "{}: {sent}", place.name);
        }
        before += sent;
        again += cutter.sent();
    }
    println!(
        "{}: {killed} of {} pushes killed; {} KiB sent before and {} KiB again on average",
        place.name,
        kills(),
        before / kills() as u64 / 1024,
        again / kills() as u64 / 1024,
    );
}

#[test]
fn pulls_that_are_killed_continue() {
    Place::all(false).iter().for_each(kill_pulls);
}

#[test]
fn pushes_that_are_killed_continue() {
    Place::all(false).iter().for_each(kill_pushes);
}

#[test]
fn two_processes_that_pull_to_one_path_need_one_transfer() {
    let bytes = blob();
    for place in Place::all(false) {
        push(
            &place.repository(),
            memory(&bytes),
            None,
            &Options::default(),
        )
        .expect("pushed");
        let cutter = Cutter::start(place.address());
        let folder = support::temp::folder();
        let path = folder.path().join("blob");
        for _ in 0..kills() {
            cutter.set_cuts([]);
            let children = [(); 2].map(|()| {
                let mut command = child_command(&cutter.url(), &bytes, &path);
                command.spawn().expect("started")
            });
            for mut child in children {
                assert!(child.wait().expect("ended").success(), "{}", place.name);
            }
            assert!(fs::read(&path).expect("a file") == bytes);
            assert!(cutter.received() <= bytes.len() as u64 + HEADS);
            assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
            fs::remove_file(&path).expect("removed");
        }
    }
}
