//! Pushes of large blobs in bounded memory.

use std::fs::File;

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::options::Options;
use reggie::content::push::{self, Source};
use reggie::content::upload::Upload;
use reggie::{Error, ReadSource};
use support::child;

use super::pushing::{CHUNK, repository};

const SIZE: u64 = 256 * 1024 * 1024;
/// What the registry, which is in the same process, and the connections take.
const OTHER: u64 = 8 * 1024 * 1024;

struct Zeros(u64);

impl ReadSource for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let count = self.0.min(buffer.len() as u64) as usize;
        self.0 -= count as u64;
        Ok(count)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        panic!("rewound");
    }

    fn can_rewind(&self) -> bool {
        false
    }
}

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let mut lines = status.lines();
    let line = lines
        .find(|line| line.starts_with("VmHWM:"))
        .expect("a peak");
    let kilobytes = line.split_whitespace().nth(1).expect("a number");
    kilobytes.parse::<u64>().expect("a number") * 1024
}

fn registry() -> Registry {
    Registry::start(RegistryOptions::default().forget_blobs_over(1024))
}

#[test]
fn a_file_is_pushed_in_constant_memory() {
    if !child::enter(a_file_is_pushed_in_constant_memory) {
        return;
    }
    let registry = registry();
    let folder = support::temp::folder();
    let path = folder.path().join("sparse");
    let file = File::create(&path).expect("a file");
    file.set_len(SIZE).expect("sparse");
    let repository = repository(registry.url());
    let before = peak();
    let pushed = push::push(&repository, Source::Path(path), None, &Options::default());
    assert_eq!(pushed.expect("pushed").size(), Some(SIZE));
    let growth = peak() - before;
    assert!(growth < OTHER, "{growth} bytes more");
}

#[test]
fn a_stream_is_pushed_with_one_chunk_in_memory() {
    if !child::enter(a_stream_is_pushed_with_one_chunk_in_memory) {
        return;
    }
    let registry = registry();
    let repository = repository(registry.url());
    let before = peak();
    let source = Source::Callback {
        source: Box::new(Zeros(SIZE)),
        length: None,
    };
    let pushed = push::push(&repository, source, None, &Options::default());
    assert_eq!(pushed.expect("pushed").size(), Some(SIZE));
    let growth = peak() - before;
    assert!(growth < OTHER + CHUNK as u64, "{growth} bytes more");
}

#[test]
fn an_upload_has_one_chunk_in_memory() {
    if !child::enter(an_upload_has_one_chunk_in_memory) {
        return;
    }
    let registry = registry();
    let repository = repository(registry.url());
    let piece = vec![0; 100_000];
    let before = peak();
    let mut upload = Upload::begin(&repository, &Options::default()).expect("an upload");
    while upload.offset() < SIZE {
        upload.write(&piece).expect("written");
    }
    upload.commit(None, None).expect("committed");
    let growth = peak() - before;
    assert!(growth < OTHER + CHUNK as u64, "{growth} bytes more");
}
