//! Transfers through connections that are cut: each one is completed, and little is
//! transferred twice.

use std::fs;
use std::path::Path;

use reggie::content::blob_pull::to_callback;
use reggie::content::descriptor::Descriptor;
use reggie::content::file_pull::to_path;
use reggie::content::options::Options;
use reggie::content::push::{Source, push};
use reggie::content::repository::Repository;
use reggie::content::upload::Upload;
use reggie::{Error, Kind};
use support::cutter::{Cut, Cutter};

use super::number;
use super::places::Place;
use crate::blob_server::{Kept, content, descriptor, digest, sizeless};
use crate::pushing::{Callback, SMALL, small_chunks, with_state};

const SIZE: usize = 8 * SMALL + 1000;
/// How many parts are pulled in parallel.
const PARTS: usize = 3;
/// Heads, certificates and handshakes of a connection, and what the client had
/// received of an unfinished TLS record.
const OVERHEAD: u64 = 40_000;

/// How a blob is transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    PullToPath,
    PullUnknownSize,
    PullParts,
    PushWhole,
    PushChunks,
    PushWithState,
    PushStream,
    Upload,
}

impl Way {
    const ALL: [Way; 8] = [
        Way::PullToPath,
        Way::PullUnknownSize,
        Way::PullParts,
        Way::PushWhole,
        Way::PushChunks,
        Way::PushWithState,
        Way::PushStream,
        Way::Upload,
    ];

    fn is_pull(self) -> bool {
        matches!(
            self,
            Way::PullToPath | Way::PullUnknownSize | Way::PullParts
        )
    }

    /// The data is produced once, so that a lost upload cannot start over.
    fn is_once(self) -> bool {
        matches!(self, Way::PushStream | Way::Upload)
    }

    /// How much one cut may cost besides heads.
    fn repeated(self, place: &Place) -> usize {
        match self {
            Way::PullToPath | Way::PullUnknownSize => 0,
            Way::PullParts => PARTS * SMALL,
            Way::PushWhole => SIZE,
            // What is under way, and what the registry had not stored.
            _ if place.keeps_uploads => 2 * SMALL,
            // The registry may refuse a chunk before the push starts over.
            _ => SIZE + SMALL,
        }
    }
}

/// What a way costs at a registry.
#[derive(Default)]
struct Row {
    cuts: usize,
    transfers: usize,
    /// Uploads that the registry lost, so that they ended.
    lost: usize,
    /// Those that were sent once more from the beginning, though it keeps uploads.
    again: usize,
    max_more: u64,
    sum_more: u64,
}

/// Transfers a blob; the content of pulled ones is compared here.
fn transfer(way: Way, repository: &Repository, bytes: &[u8], folder: &Path) -> Result<(), Error> {
    let path = folder.join("blob");
    let pulled = |blob: Descriptor, options: &Options| {
        to_path(repository, &blob, &path, options)?;
        assert!(fs::read(&path).expect("a file") == bytes, "{way:?}");
        fs::remove_file(&path).expect("removed");
        Ok(())
    };
    let pushed = |source: Source, options: &Options| {
        let pushed = push(repository, source, None, options)?;
        assert_eq!(pushed.digest().as_str(), digest(bytes), "{way:?}");
        Ok(())
    };
    let from_path = || {
        fs::write(&path, bytes).expect("written");
        Source::Path(path.clone())
    };
    match way {
        Way::PullToPath => pulled(descriptor(bytes), &Options::default()),
        Way::PullUnknownSize => {
            let kept = Kept::default();
            let sink = Box::new(kept.clone());
            to_callback(repository, &sizeless(bytes), sink, &Options::default())?;
            assert!(kept.bytes() == bytes, "{way:?}");
            Ok(())
        }
        Way::PullParts => {
            let mut options = Options::default();
            options.set_parts(PARTS, SMALL).expect("in range");
            pulled(descriptor(bytes), &options)
        }
        Way::PushWhole => pushed(from_path(), &Options::default()),
        Way::PushChunks => pushed(from_path(), &small_chunks()),
        Way::PushWithState => {
            let state = folder.join("state");
            pushed(from_path(), &with_state(&state))?;
            let left = fs::read_dir(&state).expect("a folder").count();
            assert_eq!(left, 0, "state files");
            Ok(())
        }
        Way::PushStream => pushed(Callback::source(bytes, None, false), &small_chunks()),
        Way::Upload => {
            let mut upload = Upload::begin(repository, &small_chunks())?;
            for piece in bytes.chunks(50_000) {
                upload.write(piece)?;
            }
            let pushed = upload.commit(None, None)?;
            assert_eq!(pushed.digest().as_str(), digest(bytes), "{way:?}");
            Ok(())
        }
    }
}

/// A way to transfer a blob to or from one registry, through a relay.
struct Transfers<'a> {
    place: &'a Place,
    way: Way,
    cutter: &'a Cutter,
    folder: &'a Path,
    /// Each pushed blob is another.
    unique: u32,
}

impl Transfers<'_> {
    /// Transfers once, with these cuts, and returns the bytes that passed in the
    /// direction of the content; `None` if the registry lost the upload of a
    /// stream.
    fn once(&mut self, cuts: &[Cut]) -> Option<u64> {
        let (place, way) = (self.place, self.way);
        let mut bytes = content(SIZE);
        if !way.is_pull() {
            self.unique += 1;
            bytes[..4].copy_from_slice(&self.unique.to_ne_bytes());
        }
        self.cutter.set_cuts(cuts.iter().copied());
        // A new client: one for all would run out of retries.
        let repository = place.repository_at(&place.url_at(&self.cutter.authority()));
        let result = transfer(way, &repository, &bytes, self.folder);
        let passed = match way.is_pull() {
            true => self.cutter.received(),
            false => self.cutter.sent(),
        };
        match result {
            Ok(()) => {
                if !way.is_pull() {
                    place.take_blob(&bytes);
                }
                Some(passed)
            }
            Err(error) if way.is_once() && error.kind() == Kind::UploadLost => None,
            Err(error) => panic!("{} {way:?} {cuts:?}: {error}", place.name),
        }
    }
}

/// At most `count` of them, spread over all.
fn some_of(all: Vec<Cut>, count: usize) -> Vec<Cut> {
    let every = all.len().div_ceil(count).max(1);
    all.into_iter().step_by(every).collect()
}

/// Cuts a way of transfer everywhere.
fn cut_everywhere(place: &Place, way: Way, cutter: &Cutter, folder: &Path) -> Row {
    let mut transfers = Transfers {
        place,
        way,
        cutter,
        folder,
        unique: 0,
    };
    let uncut = transfers.once(&[]).expect("completed");
    let message_ends = cutter.message_ends();
    let places = number("REGGIE_LONG_CUTS", 4);
    let mut all: Vec<Vec<Cut>> = Vec::new();
    for number in 0..places as u64 {
        let at = 1 + number * uncut / places as u64;
        let cut = match way.is_pull() {
            true => Cut::Down(at),
            false => Cut::Up(at),
        };
        // Some are cut a second time, at the same distance.
        all.push(vec![cut; if number % 5 == 4 { 2 } else { 1 }]);
    }
    let ends = message_ends.iter().flat_map(|end| {
        let at = |shift| match *end {
            Cut::Up(at) => Cut::Up(at + shift),
            Cut::Down(at) => Cut::Down(at + shift),
        };
        // Behind a message, and behind the first byte of the next one.
        [at(0), at(1)]
    });
    let ends = some_of(ends.collect(), places);
    all.extend(ends.into_iter().map(|end| vec![end]));
    let mut row = Row::default();
    for cuts in all {
        row.transfers += 1;
        row.cuts += cuts.len();
        let Some(passed) = transfers.once(&cuts) else {
            row.lost += 1;
            continue;
        };
        let more = passed.saturating_sub(uncut);
        let allowed = cuts.len() as u64 * (way.repeated(place) as u64 + OVERHEAD);
        let name = place.name;
        let is_again = more > allowed && place.keeps_uploads && !way.is_pull();
        row.again += usize::from(is_again);
        let whole = if is_again { SIZE as u64 } else { 0 };
        assert!(
            more <= allowed + whole,
            "{name} {way:?} {cuts:?}: {more} bytes more"
        );
        row.max_more = row.max_more.max(more);
        row.sum_more += more;
    }
    // Distribution 3 may store what it has received of a request that was cut after
    // it was asked how much it has.
    let most = match place.name {
        "distribution 3" => row.transfers / 5,
        _ if place.keeps_uploads => 0,
        _ => row.transfers,
    };
    let (name, lost) = (place.name, row.lost + row.again);
    assert!(lost <= most, "{name} {way:?}: {lost} uploads lost");
    row
}

/// Cuts every way of transfer, and prints a line for each.
fn cut_all(with_tls: bool) {
    let folder = support::temp::folder();
    fs::create_dir(folder.path().join("state")).expect("a folder");
    let scheme = if with_tls { "https" } else { "http" };
    println!("| registry | scheme | way | transfers | cuts | lost, again | more: max | average |");
    for place in Place::all(with_tls) {
        let bytes = content(SIZE);
        let pushed = push(
            &place.repository(),
            crate::pushing::memory(&bytes),
            None,
            &Options::default(),
        );
        pushed.expect("pushed");
        let cutter = Cutter::start(place.address());
        for way in Way::ALL {
            let row = cut_everywhere(&place, way, &cutter, folder.path());
            println!(
                "| {} | {scheme} | {way:?} | {} | {} | {}, {} | {} | {} |",
                place.name,
                row.transfers,
                row.cuts,
                row.lost,
                row.again,
                row.max_more,
                row.sum_more / (row.transfers - row.lost).max(1) as u64,
            );
        }
    }
}

#[test]
fn transfers_over_http_that_are_cut_anywhere_are_completed() {
    cut_all(false);
}

#[test]
fn transfers_over_https_that_are_cut_anywhere_are_completed() {
    cut_all(true);
}
