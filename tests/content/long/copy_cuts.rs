//! Copies, and pulls and pushes of files, through connections that are cut: each one is
//! completed, and nothing wrong is stored.

use std::fs;
use std::path::Path;

use reggie::content::builder::Builder;
use reggie::content::files_pull;
use reggie::content::manifest::Manifest;
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use support::cutter::{Cut, Cutter};

use super::number;
use super::places::Place;
use crate::copy_children::{assert_whole, others, push_files};
use crate::copying::{assert_has, assert_tag, copy_tag, layer};

const SIZES: [usize; 3] = [300_000, 70_000, 10];

/// What is transferred. The registry is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    RegistryToLayout,
    LayoutToRegistry,
    /// From the registry to another one.
    ToAnother,
    /// From another one to the registry.
    FromAnother,
    PullFiles,
    PushFiles,
}

impl Way {
    const ALL: [Way; 6] = [
        Way::RegistryToLayout,
        Way::LayoutToRegistry,
        Way::ToAnother,
        Way::FromAnother,
        Way::PullFiles,
        Way::PushFiles,
    ];

    fn is_pull(self) -> bool {
        matches!(
            self,
            Way::RegistryToLayout | Way::ToAnother | Way::PullFiles
        )
    }
}

fn unsynced() -> Options {
    let mut options = Options::default();
    options.sync = false;
    options
}

fn layers(unique: &str) -> Vec<Vec<u8>> {
    SIZES.map(|size| layer(unique, size)).into()
}

/// Pushes an artifact whose layers are files.
fn artifact(to: &Repository, unique: &str) -> Manifest {
    let mut builder = Builder::new(false);
    let set = builder.set_artifact_type(Some("application/x-files"));
    set.expect("set");
    for (number, bytes) in layers(unique).iter().enumerate() {
        let title = format!("file {number}");
        builder
            .add_memory(bytes, None, Some(&title))
            .expect("added");
    }
    builder.push(to, &["v1"], &unsynced()).expect("pushed")
}

struct Transfers<'a> {
    place: &'a Place,
    another: &'a Place,
    way: Way,
    cutter: &'a Cutter,
    /// Each pushed artifact is another.
    unique: u32,
}

impl Transfers<'_> {
    /// Transfers once, with these cuts, and returns how many were reached.
    fn reached(&mut self, cuts: &[Cut]) -> usize {
        self.once(cuts);
        cuts.len() - self.cutter.cuts_left()
    }

    /// Transfers once, with these cuts, and returns the bytes that passed in the
    /// direction of the content.
    fn once(&mut self, cuts: &[Cut]) -> u64 {
        self.unique += 1;
        let unique = match self.way {
            Way::RegistryToLayout | Way::PullFiles => "pulled".to_owned(),
            way => format!("{way:?} {}", self.unique),
        };
        // A new client: one for all would run out of retries.
        let through = self.place.url_at(&self.cutter.authority());
        let through = self.place.repository_at(&through);
        let folder = support::temp::folder();
        let path = folder.path();
        let layout = || Repository::open_layout(path, true).expect("a layout");
        let cut = || self.cutter.set_cuts(cuts.iter().copied());
        let name = format!("{} {:?} {cuts:?}", self.place.name, self.way);
        let copy = |from: &Repository, to: &Repository| {
            cut();
            let copied = copy_tag(from, to, "v1", &unsynced());
            copied.unwrap_or_else(|error| panic!("{name}: {error}"));
        };
        let (stored, manifest) = match self.way {
            Way::RegistryToLayout => {
                let manifest = artifact(&self.place.repository(), &unique);
                copy(&through, &layout());
                assert_whole(path, &[]);
                assert!(others(path).is_empty(), "{name}");
                (layout(), manifest)
            }
            Way::LayoutToRegistry => {
                let manifest = artifact(&layout(), &unique);
                copy(&layout(), &through);
                (self.place.repository(), manifest)
            }
            Way::ToAnother => {
                let manifest = artifact(&self.place.repository(), &unique);
                copy(&through, &self.another.repository());
                (self.another.repository(), manifest)
            }
            Way::FromAnother => {
                let manifest = artifact(&self.another.repository(), &unique);
                copy(&self.another.repository(), &through);
                (self.place.repository(), manifest)
            }
            Way::PullFiles => {
                let manifest = artifact(&self.place.repository(), &unique);
                cut();
                let pulled = files_pull::pull(&through, Some("v1"), path, &unsynced());
                pulled.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_files(path, &unique);
                (self.place.repository(), manifest)
            }
            Way::PushFiles => {
                for (number, bytes) in layers(&unique).iter().enumerate() {
                    fs::write(path.join(format!("file {number}")), bytes).expect("written");
                }
                cut();
                let pushed = push_files(&through, path, &unsynced());
                let manifest = pushed.unwrap_or_else(|error| panic!("{name}: {error}"));
                (self.place.repository(), manifest)
            }
        };
        let passed = match self.way.is_pull() {
            true => self.cutter.received(),
            false => self.cutter.sent(),
        };
        assert_has(&stored, &manifest);
        assert_tag(&stored, "v1", &manifest);
        let used: &[&Place] = match self.way {
            Way::RegistryToLayout | Way::PullFiles => &[],
            Way::ToAnother => &[self.place, self.another],
            _ => &[self.place],
        };
        for place in used {
            for bytes in layers(&unique) {
                place.take_blob(&bytes);
            }
        }
        passed
    }
}

fn assert_files(folder: &Path, unique: &str) {
    for (number, bytes) in layers(unique).iter().enumerate() {
        let path = folder.join(format!("file {number}"));
        assert!(fs::read(path).expect("a file") == *bytes);
    }
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), SIZES.len());
}

/// Cuts a way everywhere, and returns how often.
fn cut_everywhere(place: &Place, another: &Place, way: Way) -> usize {
    let cutter = Cutter::start(place.address());
    let mut transfers = Transfers {
        place,
        another,
        way,
        cutter: &cutter,
        unique: 0,
    };
    let uncut = transfers.once(&[]);
    let ends = cutter.message_ends();
    let places = number("REGGIE_LONG_COPY_CUTS", 1);
    let mut cuts: Vec<Cut> = Vec::new();
    for number in 0..places as u64 {
        let at = (2 * number + 1) * uncut / (2 * places as u64);
        cuts.push(match way.is_pull() {
            true => Cut::Down(at),
            false => Cut::Up(at),
        });
    }
    let mut reached = 0;
    for cut in cuts {
        reached += transfers.reached(&[cut]);
    }
    assert_eq!(reached, places, "{} {way:?}", place.name);
    let every = ends.len().div_ceil(places).max(1);
    for end in ends.into_iter().step_by(every) {
        reached += transfers.reached(&[end]);
    }
    reached
}

fn cut_all(with_tls: bool) {
    let scheme = if with_tls { "https" } else { "http" };
    for place in Place::all(with_tls) {
        for way in Way::ALL {
            let another = Place::embedded(with_tls);
            let count = cut_everywhere(&place, &another, way);
            println!("| {} | {scheme} | {way:?} | {count} cuts |", place.name);
        }
    }
}

#[test]
fn copies_over_http_that_are_cut_anywhere_are_completed() {
    cut_all(false);
}

#[test]
fn copies_over_https_that_are_cut_anywhere_are_completed() {
    cut_all(true);
}
