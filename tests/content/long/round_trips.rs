//! Blobs of all sizes, by every way up to each registry and down again.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use reggie::Kind;
use reggie::content::blob_pull::{to_callback, to_descriptor, to_memory};
use reggie::content::blob_reader::Blob;
use reggie::content::blob_stat::{delete, stat};
use reggie::content::file_pull::to_path;
use reggie::content::location::locate;
use reggie::content::options::Options;
use reggie::content::push::{Source, mount, push};
use reggie::content::repository::Repository;
use reggie::content::upload::Upload;
use support::registries::OlaregForm;

use super::number;
use super::places::Place;
use crate::blob_server::{Kept, MIB, descriptor, digest, sizeless};
use crate::pushing::{CHUNK, Callback, content, memory};

/// A blob on its way up and down.
struct RoundTrip<'a> {
    repository: &'a Repository,
    folder: &'a Path,
    bytes: &'a [u8],
}

impl RoundTrip<'_> {
    fn path(&self) -> std::path::PathBuf {
        self.folder.join("blob")
    }

    /// Asserts that the blob is there, and removes it again.
    fn is_up(
        &self,
        way: &str,
        pushed: Result<reggie::content::descriptor::Descriptor, reggie::Error>,
    ) {
        let pushed = pushed.unwrap_or_else(|error| panic!("{way}: {error}"));
        assert_eq!(pushed.digest().as_str(), digest(self.bytes), "{way}");
        assert_eq!(pushed.size(), Some(self.bytes.len() as u64), "{way}");
        let options = Options::default();
        let size = self.bytes.len();
        let found = to_memory(self.repository, &pushed, 0, size, &options);
        assert!(found.expect("there") == self.bytes, "{way}");
        let found = stat(self.repository, &digest(self.bytes), &options).expect("there");
        assert!(found.is_none_or(|found| found == size as u64), "{way}");
        delete(self.repository, &digest(self.bytes), &options).expect("deleted");
        let error = stat(self.repository, &digest(self.bytes), &options).expect_err("deleted");
        assert_eq!(error.kind(), Kind::NotFound, "{way}");
    }

    /// Pushes by every way; the last one leaves the blob there.
    fn up(&self) {
        let (repository, bytes) = (self.repository, self.bytes);
        let length = Some(bytes.len() as u64);
        let options = Options::default();
        fs::write(self.path(), bytes).expect("written");
        let path = || Source::Path(self.path());
        self.is_up("path", push(repository, path(), None, &options));
        let mut with_state = Options::default();
        with_state.state_folder = Some(self.folder.to_owned());
        self.is_up("state", push(repository, path(), None, &with_state));
        let file = File::open(self.path()).expect("opened");
        let fd = file.as_raw_fd();
        let descriptor = |length| Source::Descriptor { fd, length };
        self.is_up("fd", push(repository, descriptor(None), None, &options));
        self.is_up("memory", push(repository, memory(bytes), None, &options));
        for (way, length, can_rewind) in [
            ("callback", length, false),
            ("callback of unknown size", None, false),
            ("callback that rewinds", length, true),
        ] {
            let source = Callback::source(bytes, length, can_rewind);
            self.is_up(way, push(repository, source, None, &options));
        }
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        thread::scope(|scope| {
            scope.spawn(move || writer.write_all(bytes).expect("written"));
            let fd = reader.as_raw_fd();
            let pipe = Source::Descriptor { fd, length: None };
            self.is_up("pipe", push(repository, pipe, None, &options));
        });
        let mut upload = Upload::begin(repository, &options).expect("begun");
        let half = bytes.len() / 2;
        upload.write(&bytes[..half]).expect("written");
        let text = upload.export().expect("a string");
        drop(upload);
        let mut upload = match Upload::import(repository, &text, &options) {
            // ggcr's registry does not say how much it has.
            Err(error) if error.kind() == Kind::UploadLost => {
                Upload::begin(repository, &options).expect("begun")
            }
            imported => imported.expect("imported"),
        };
        let start = usize::try_from(upload.offset()).expect("small");
        assert!(start <= half);
        for piece in bytes[start..].chunks(MIB) {
            upload.write(piece).expect("written");
        }
        self.is_up("upload", upload.commit(None, None));
        push(repository, memory(bytes), None, &options).expect("pushed");
        // Registries that cannot mount say so.
        let copy = Repository::new(repository.client().expect("a registry"), Some("team/copy"))
            .expect("valid");
        let mounted = mount(&copy, &digest(bytes), "team/app", &options).expect("mounted or not");
        if !mounted {
            push(&copy, memory(bytes), None, &options).expect("pushed");
        }
        let found = to_memory(&copy, &sizeless(bytes), 0, bytes.len(), &options);
        assert!(found.expect("there") == bytes, "mount");
    }

    /// Pulls by every way.
    fn down(&self) {
        let (repository, bytes) = (self.repository, self.bytes);
        let mut parts = Options::default();
        parts.set_parts(4, 0).expect("in range");
        let whole = Options::default();
        for blob in [descriptor(bytes), sizeless(bytes)] {
            for options in [&whole, &parts] {
                let found = to_memory(repository, &blob, 0, bytes.len(), options);
                assert!(found.expect("pulled") == bytes, "memory");
                let kept = Kept::default();
                to_callback(repository, &blob, Box::new(kept.clone()), options).expect("pulled");
                assert!(kept.bytes() == bytes, "callback");
                let path = self.folder.join("pulled");
                to_path(repository, &blob, &path, options).expect("pulled");
                assert!(fs::read(&path).expect("a file") == bytes, "path");
                fs::remove_file(&path).expect("removed");
                let mut file = tempfile::tempfile_in(self.folder).expect("a file");
                to_descriptor(repository, &blob, file.as_raw_fd(), options).expect("pulled");
                file.seek(SeekFrom::Start(0)).expect("seekable");
                let mut found = Vec::new();
                file.read_to_end(&mut found).expect("read");
                assert!(found == bytes, "fd");
            }
            let opened = Blob::open(repository, &blob, Arc::default()).expect("opened");
            let (mut reader, mut found) = (opened.reader(), Vec::new());
            let mut piece = vec![0; MIB];
            loop {
                match reader.read(&opened, &mut piece).expect("read") {
                    0 => break,
                    count => found.extend_from_slice(&piece[..count]),
                }
            }
            assert!(found == bytes, "read");
            for offset in [
                0,
                bytes.len() / 2,
                bytes.len().saturating_sub(1),
                bytes.len(),
            ] {
                let count = opened
                    .read_at(&mut piece, offset as u64, None)
                    .expect("read");
                let end = bytes.len().min(offset + piece.len());
                assert!(piece[..count] == bytes[offset..end], "pread at {offset}");
            }
        }
        if let Some(found) = located(repository, bytes) {
            assert!(found == bytes, "location");
        }
    }
}

/// The blob as another HTTP client gets it from its location; `None` over HTTPS,
/// which that client does not have.
fn located(repository: &Repository, bytes: &[u8]) -> Option<Vec<u8>> {
    let location = locate(repository, &descriptor(bytes), true, &Options::default());
    let location = location.expect("located");
    if location.url().starts_with("https:") {
        return None;
    }
    let mut request = ureq::get(location.url());
    for (name, value) in location.headers().iter() {
        request = request.header(name, value);
    }
    let mut response = request.call().expect("a response");
    let body = response
        .body_mut()
        .with_config()
        .limit(u64::MAX)
        .read_to_vec();
    Some(body.expect("a body"))
}

fn round_trips(place: Option<Place>) {
    let Some(place) = place else { return };
    let folder = support::temp::folder();
    let largest = number("REGGIE_LONG_ROUND_TRIP_MIB", 9) * MIB + 1;
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, largest] {
        let repository = place.repository();
        let bytes = content(size);
        let trip = RoundTrip {
            repository: &repository,
            folder: folder.path(),
            bytes: &bytes,
        };
        trip.up();
        trip.down();
        println!("{}: {size} bytes up and down in all ways", place.name);
    }
}

#[test]
fn docker_registry() {
    round_trips(Place::docker_registry(false));
}

#[test]
#[ignore = "run by tests/long/run, which builds the registry"]
fn distribution() {
    round_trips(Place::distribution(false));
}

#[test]
fn olareg() {
    round_trips(Place::olareg(OlaregForm::Open));
}

#[test]
fn olareg_with_tokens() {
    round_trips(Place::olareg(OlaregForm::Token));
}

#[test]
#[ignore = "run by tests/long/run, which builds the registry"]
fn registry_of_go_containerregistry() {
    round_trips(Place::ggcr());
}
