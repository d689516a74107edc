//! Large bodies pass through in constant memory.

use std::fs::File;

use embedded_registry::{Options, Registry};
use reggie::{Client, Config, Error, WriteSink};
use support::child;

const SIZE: u64 = 512 * 1024 * 1024;
const MOST_GROWTH: u64 = 16 * 1024 * 1024;

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
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("a peak");
    let kilobytes = line.split_whitespace().nth(1).expect("a number");
    kilobytes.parse::<u64>().expect("a number") * 1024
}

#[test]
fn large_bodies_pass_in_constant_memory() {
    // The peak of memory is that of a process.
    if !child::enter(large_bodies_pass_in_constant_memory) {
        return;
    }
    let registry = Registry::start(Options::default().forget_blobs_over(1024));
    let down = registry.put_synthetic_blob("a", SIZE, 1);
    let folder = support::temp::folder();
    let path = folder.path().join("sparse");
    File::create(&path)
        .expect("a file")
        .set_len(SIZE)
        .expect("sparse");
    let client = Client::new(registry.url(), &Config::new()).expect("a client");
    let before = peak();

    let mut get = client
        .request("GET", &format!("/v2/a/blobs/{down}"))
        .expect("a request");
    get.set_output_sink(Box::new(Count(0)));
    assert_eq!(client.execute(&mut get).expect("an answer").status(), 200);

    let mut post = client
        .request("POST", "/v2/a/blobs/uploads/")
        .expect("a request");
    let session = client.execute(&mut post).expect("an answer");
    let location = session.relative_location().expect("a location");
    let mut put = client.request("PATCH", location).expect("a request");
    put.set_header("Content-Type", b"application/octet-stream")
        .expect("a header");
    put.set_body_path(path);
    assert_eq!(client.execute(&mut put).expect("an answer").status(), 202);

    let growth = peak() - before;
    assert!(growth < MOST_GROWTH, "{growth} bytes more");
}
