//! Large blobs pass in little memory.

use std::sync::Arc;

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::blob_pull::to_callback;
use reggie::content::blob_reader::Blob;
use reggie::content::descriptor::Descriptor;
use reggie::content::file_pull::to_path;
use reggie::content::options::Options;
use reggie::{Error, WriteSink};
use support::child;

use crate::blob_server::{MIB, config, repository};

const SIZE: u64 = 128 * MIB as u64;

struct Count(u64);

impl WriteSink for Count {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.0 += piece.len() as u64;
        Ok(())
    }
}

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.expect("a peak").parse::<u64>().expect("a number") * 1024
}

#[test]
fn a_large_blob_takes_little_memory() {
    // The peak of memory is that of a process.
    if !child::enter(a_large_blob_takes_little_memory) {
        return;
    }
    let registry = Registry::start(RegistryOptions::default().forget_blobs_over(1024));
    let digest = registry.put_synthetic_blob("team/app", SIZE, 1);
    let repository = repository(registry.url(), &config());
    let blob = Descriptor::new(&digest, Some(SIZE), None).expect("valid");
    let before = peak();
    let sink = Box::new(Count(0));
    to_callback(&repository, &blob, sink, &Options::default()).expect("pulled");
    let folder = tempfile::tempdir().expect("a folder");
    to_path(
        &repository,
        &blob,
        &folder.path().join("blob"),
        &Options::default(),
    )
    .expect("pulled");
    let opened = Blob::open(&repository, &blob, Arc::default()).expect("opened");
    let (mut reader, mut buffer) = (opened.reader(), vec![0; 64 * 1024]);
    while reader.read(&opened, &mut buffer).expect("read") > 0 {}
    let growth = peak() - before;
    assert!(growth < 8 * MIB as u64, "{growth} bytes more");
    // Ranges take as much more as they may.
    let mut options = Options::default();
    options.set_parts(4, MIB).expect("valid");
    to_callback(&repository, &blob, Box::new(Count(0)), &options).expect("pulled");
    let growth = peak() - before;
    assert!(growth < 12 * MIB as u64, "{growth} bytes more");
}
