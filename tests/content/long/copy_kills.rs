//! Copies and pushes of files by processes that are killed: the next one completes
//! correctly, and skopeo can read the layout at every moment.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use reggie::content::file_pull::to_path;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::pull;
use reggie::content::repository::Repository;
use support::cutter::Cutter;
use support::programs;

use super::kills::kill_at;
use super::places::Place;
use super::{Random, number};
use crate::blob_server::MIB;
use crate::copy_children::{
    assert_whole, copy_command, opened, others, partial_of, push_files, push_files_command,
};
use crate::copying::{assert_has, assert_tag, copy_tag, image, layer, options};
use crate::layout_formats::skopeo;
use crate::layouts::tags;
use crate::push_state::files;
use crate::pushing::with_state;

/// Heads of a few requests, and what is under way through a relay.
const HEADS: u64 = 200_000;

fn kills() -> usize {
    number("REGGIE_LONG_COPY_KILLS", 3)
}

/// The sizes of the layers.
fn sizes() -> [usize; 4] {
    let size = number("REGGIE_LONG_KILLED_MIB", 8) * MIB;
    [size / 2, size / 4, size / 4 - 1000, 1000]
}

fn layers(unique: &str) -> Vec<Vec<u8>> {
    sizes().map(|size| layer(unique, size)).into()
}

/// A moment: when this many of all bytes have passed. One in four is after the last.
fn moment(random: &mut Random, all: u64) -> u64 {
    match random.up_to(3) {
        0 => all,
        _ => random.up_to(all),
    }
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What skopeo reads of a layout under a tag.
fn read_by_skopeo(layout: &Path, tag: &str) -> Vec<u8> {
    let name = format!("oci:{}:{tag}", layout.display());
    skopeo(&["inspect", "--raw", &name]).into_bytes()
}

/// Asserts that a layout is valid, and that what it has under the tag is whole.
fn assert_readable(layout: &Path, expected: &Manifest) -> bool {
    let Some(repository) = opened(layout) else {
        return false;
    };
    let is_tagged = tags(&repository, None).contains(&"v1".to_owned());
    if is_tagged {
        assert_has(&repository, expected);
        // It reads and verifies all of it.
        let copy = support::temp::folder();
        let from = format!("oci:{}:v1", layout.display());
        skopeo(&["copy", &from, &format!("dir:{}", copy.path().display())]);
    }
    is_tagged
}

fn kill_copies_to_layouts(place: &Place) {
    if programs::find("skopeo").is_none() {
        let line = "skopeo is not installed: its tests are skipped";
        programs::missing(line, "not in PATH");
        return;
    }
    let manifest = image(&place.repository(), "kills", &sizes(), &["v1"]);
    let blobs = layers("kills");
    let cutter = Cutter::start(place.address());
    let copy_here = |layout: &Path| {
        let to = Repository::open_layout(layout, true).expect("a layout");
        let from = place.repository_at(&cutter.url());
        copy_tag(&from, &to, "v1", &options()).expect("copied");
        to
    };
    let first = support::temp::folder();
    cutter.set_cuts([]);
    copy_here(first.path());
    let all = cutter.received();
    drop(first);
    let mut random = Random::new();
    let (mut killed, mut complete, mut kept, mut again, mut reads) = (0, 0, 0, 0, 0);
    for round in 0..kills() {
        let folder = support::temp::folder();
        let layout = folder.path().join("layout");
        // Every other layout exists before, with an image.
        let old = (round % 2 == 0).then(|| {
            let repository = Repository::open_layout(&layout, true).expect("a layout");
            image(&repository, "old", &[1000], &["old"])
        });
        cutter.set_cuts([]);
        let at = moment(&mut random, all);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let _is_over = SetOnDrop(&is_over);
            let reader = old.as_ref().map(|old| {
                let (layout, is_over) = (&layout, &is_over);
                scope.spawn(move || {
                    let mut count = 0;
                    while count == 0 || !is_over.load(Ordering::SeqCst) {
                        assert_eq!(read_by_skopeo(layout, "old"), old.bytes());
                        count += 1;
                    }
                    count
                })
            });
            let command = copy_command(&cutter.url(), &layout.display().to_string());
            let is_killed = kill_at(command, at, &mut random, || cutter.received());
            killed += usize::from(is_killed);
            let is_complete = assert_readable(&layout, &manifest);
            complete += usize::from(is_complete && is_killed);
            let partial = blobs.iter().map(|blob| partial_of(&layout, blob));
            let partial: u64 = partial
                .map(|path| fs::metadata(path).map_or(0, |about| about.len()))
                .sum();
            let there = assert_whole(&layout, &blobs) + partial;
            cutter.set_cuts([]);
            let to = copy_here(&layout);
            let received = cutter.received();
            let size: usize = sizes().iter().sum();
            let most = size as u64 - there + HEADS;
            assert!(received <= most, "{}: {there}, then {received}", place.name);
            (kept, again) = (kept + there, again + received);
            assert_tag(&to, "v1", &manifest);
            assert!(assert_readable(&layout, &manifest));
            assert_whole(&layout, &[]);
            assert!(others(&layout).is_empty(), "{:?}", others(&layout));
            drop(_is_over);
            reads += reader.map_or(0, |reader| reader.join().expect("read"));
        });
        if let Some(old) = &old {
            assert_eq!(read_by_skopeo(&layout, "old"), old.bytes());
        }
    }
    println!(
        "{}: {killed} of {} copies to a layout killed, {complete} of them complete; {} KiB kept \
         and {} KiB pulled again on average; {reads} reads by skopeo meanwhile",
        place.name,
        kills(),
        kept / kills() as u64 / 1024,
        again / kills() as u64 / 1024,
    );
}

/// Asserts that what the registry has under the tag is whole, if it is this one.
fn is_there(place: &Place, manifest: &Manifest) -> bool {
    let repository = place.repository();
    let found = pull(&repository, Some("v1"), &options());
    let is_there = found.is_ok_and(|found| found.bytes() == manifest.bytes());
    if is_there {
        assert_has(&repository, manifest);
    }
    is_there
}

fn kill_copies_from_layouts(place: &Place) {
    let cutter = Cutter::start(place.address());
    let mut random = Random::new();
    let (mut killed, mut complete, mut all) = (0, 0, 0);
    for round in 0..=kills() {
        let unique = format!("copies {round}");
        let folder = support::temp::folder();
        let from = Repository::open_layout(folder.path(), true).expect("a layout");
        let manifest = image(&from, &unique, &sizes(), &["v1"]);
        cutter.set_cuts([]);
        if round > 0 {
            let at = moment(&mut random, all);
            let command = copy_command(&folder.path().display().to_string(), &cutter.url());
            let is_killed = kill_at(command, at, &mut random, || cutter.sent());
            killed += usize::from(is_killed);
            complete += usize::from(is_there(place, &manifest) && is_killed);
        }
        cutter.set_cuts([]);
        let to = place.repository_at(&cutter.url());
        copy_tag(&from, &to, "v1", &options()).expect("copied");
        all = all.max(cutter.sent());
        assert!(is_there(place, &manifest), "{}", place.name);
        for layer in layers(&unique) {
            place.take_blob(&layer);
        }
    }
    println!(
        "{}: {killed} of {} copies from a layout killed, {complete} of them complete",
        place.name,
        kills()
    );
}

fn kill_pushes_of_files(place: &Place) {
    let cutter = Cutter::start(place.address());
    let mut random = Random::new();
    let state = support::temp::folder();
    let (mut killed, mut complete, mut all) = (0, 0, 0);
    for round in 0..=kills() {
        let unique = format!("files {round}");
        let folder = support::temp::folder();
        for (number, bytes) in layers(&unique).iter().enumerate() {
            let name = format!("file {number}");
            fs::write(folder.path().join(name), bytes).expect("written");
        }
        let options = with_state(state.path());
        let expected = expected(folder.path());
        cutter.set_cuts([]);
        if round > 0 {
            let at = moment(&mut random, all);
            let command = push_files_command(&cutter.url(), folder.path(), state.path());
            let is_killed = kill_at(command, at, &mut random, || cutter.sent());
            killed += usize::from(is_killed);
            complete += usize::from(is_there(place, &expected) && is_killed);
        }
        cutter.set_cuts([]);
        let to = place.repository_at(&cutter.url());
        let manifest = push_files(&to, folder.path(), &options).expect("pushed");
        all = all.max(cutter.sent());
        assert_eq!(manifest.bytes(), expected.bytes());
        assert!(is_there(place, &manifest), "{}", place.name);
        assert!(
            files(state.path()).is_empty(),
            "{}: state files",
            place.name
        );
        let pulled = support::temp::folder();
        for (layer, bytes) in manifest.layers().iter().zip(layers(&unique)) {
            let path = pulled.path().join("file");
            to_path(&place.repository(), layer, &path, &options).expect("pulled");
            assert!(fs::read(&path).expect("a file") == bytes);
            place.take_blob(&bytes);
        }
    }
    println!(
        "{}: {killed} of {} pushes of files killed, {complete} of them complete",
        place.name,
        kills()
    );
}

/// What a push of files builds.
fn expected(folder: &Path) -> Manifest {
    let layout = support::temp::folder();
    let to = Repository::open_layout(layout.path(), true).expect("a layout");
    push_files(&to, folder, &options()).expect("pushed")
}

#[test]
fn killed_copies_to_layouts_are_completed() {
    for place in Place::all(false) {
        kill_copies_to_layouts(&place);
    }
}

#[test]
fn killed_copies_from_layouts_are_completed() {
    for place in Place::all(false) {
        kill_copies_from_layouts(&place);
    }
}

#[test]
fn killed_pushes_of_files_are_completed() {
    for place in Place::all(false) {
        kill_pushes_of_files(&place);
    }
}
