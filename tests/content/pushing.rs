//! What the tests of pushes share.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reggie::content::options::Options;
use reggie::content::progress::{Event, Phase, Snapshot};
use reggie::content::push::{self, Source};
use reggie::content::repository::Repository;
use reggie::{Error, Kind, ReadSource};

use crate::repositories::observed_every;
pub(crate) use crate::repositories::{config, digest, repository, repository_with};

/// The size of a chunk unless something else was set.
pub(crate) const CHUNK: usize = 8 * 1024 * 1024;
/// The least size of a chunk that can be set.
pub(crate) const SMALL: usize = 64 * 1024;

/// Bytes without a period of a power of two.
pub(crate) fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| (at % 251) as u8 ^ (at / 251) as u8)
        .collect()
}

pub(crate) fn memory(content: &[u8]) -> Source {
    Source::Memory(Arc::new(content.to_vec()))
}

/// Supplies bytes in pieces of odd sizes.
pub(crate) struct Callback {
    content: Vec<u8>,
    at: usize,
    can_rewind: bool,
}

impl Callback {
    pub(crate) fn source(content: &[u8], length: Option<u64>, can_rewind: bool) -> Source {
        let source = Box::new(Callback {
            content: content.to_vec(),
            at: 0,
            can_rewind,
        });
        Source::Callback { source, length }
    }
}

impl ReadSource for Callback {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        const PIECE: usize = 100_003;
        let rest = &self.content[self.at..];
        let count = rest.len().min(buffer.len()).min(PIECE);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        assert!(self.can_rewind, "rewound");
        self.at = 0;
        Ok(())
    }

    fn can_rewind(&self) -> bool {
        self.can_rewind
    }
}

/// Options with chunks as small as possible.
pub(crate) fn small_chunks() -> Options {
    let mut options = Options::default();
    options
        .set_chunk_size(Some(SMALL as u64))
        .expect("in range");
    options
}

pub(crate) fn with_state(folder: &Path) -> Options {
    let mut options = small_chunks();
    options.state_folder = Some(folder.to_owned());
    options
}

/// A source that is sent in chunks, since its digest is not known.
pub(crate) fn stream(bytes: &[u8]) -> Source {
    Callback::source(bytes, None, false)
}

/// Options with a progress callback that keeps all events.
pub(crate) fn observed(options: Options) -> (Options, Arc<Mutex<Vec<Snapshot>>>) {
    observed_every(options, Duration::from_millis(1))
}

/// Asserts that events of a push are in order, and that it sent this many bytes.
pub(crate) fn assert_complete(seen: &Mutex<Vec<Snapshot>>, size: u64) {
    let seen = seen.lock().expect("no panic");
    let done: Vec<u64> = seen.iter().map(|one| one.done).collect();
    assert!(done.is_sorted(), "{done:?}");
    assert!(done.iter().all(|done| *done <= size), "{done:?}");
    assert_eq!(seen.first().map(|one| one.event), Some(Event::Begin));
    let [.., end, last] = &seen[..] else {
        panic!("too few events");
    };
    assert_eq!((end.event, last.event), (Event::End, Event::Done));
    assert_eq!((end.done, end.total), (size, Some(size)));
    assert!(seen.iter().any(|one| one.phase != Phase::Check));
}

pub(crate) fn push_ok(repository: &Repository, source: Source, expected: &[u8], options: &Options) {
    let pushed = push::push(repository, source, None, options).expect("pushed");
    assert_eq!(pushed.digest().as_str(), digest(expected));
    assert_eq!(pushed.size(), Some(expected.len() as u64));
}

#[track_caller]
pub(crate) fn assert_kind<T>(result: Result<T, Error>, kind: Kind) -> Error {
    match result {
        Ok(_) => panic!("succeeded, not {kind:?}"),
        Err(error) => {
            assert_eq!(error.kind(), kind, "{error}");
            error
        }
    }
}
