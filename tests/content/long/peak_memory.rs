//! The memory of a C program that transfers large blobs.

use std::fs::{self, File};
use std::time::Duration;

use embedded_registry::{Options as RegistryOptions, Registry};
use support::c::{BuildOptions, Compiler, Program};
use support::root;

use super::number;

const KIB_OF_A_MIB: u64 = 1024;
/// The most for content of known length, beside the library's code.
const MAX: u64 = 3 * KIB_OF_A_MIB;
/// One chunk.
const CHUNK: u64 = 8 * KIB_OF_A_MIB;
/// Four parts of 1 MiB.
const PARTS: u64 = 4 * KIB_OF_A_MIB;

#[test]
fn large_blobs_take_little_memory() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let size = number("REGGIE_LONG_MEMORY_MIB", 64) as u64 * 1024 * 1024;
    let source = root().join("tests/c/peak_memory.c");
    let program = Program::build(source, &BuildOptions::default()).expect("compiled");
    let registry = Registry::start(RegistryOptions::default().forget_blobs_over(1024));
    let down = registry.put_synthetic_blob("team/app", size, 1);
    let folder = support::temp::folder();
    let (pulled, pushed) = (folder.path().join("pulled"), folder.path().join("pushed"));
    let file = File::create(&pushed).expect("a file");
    file.set_len(size).expect("sparse");
    let (pulled, pushed) = (
        pulled.to_str().expect("UTF-8"),
        pushed.to_str().expect("UTF-8"),
    );
    // Only the first push finds out first whether the registry has the blob.
    for (way, path, most) in [
        ("pull", "", MAX),
        ("pull", pulled, MAX),
        ("pull unknown size", "", MAX),
        ("pull ranges", "", MAX + PARTS),
        ("push", pushed, MAX),
        ("push callback", "", MAX + CHUNK),
        ("push unknown size", "", MAX + CHUNK),
        ("upload", "", MAX + CHUNK),
    ] {
        let arguments = [way, registry.url(), &size.to_string(), &down, path];
        let output = program.run_for(Duration::from_secs(3600), &arguments, &[]);
        let peak = output.expect_success().stdout.trim().parse::<u64>();
        let peak = peak.expect("a number");
        println!(
            "{way} {}: {peak} KiB",
            if path.is_empty() { "" } else { "(path)" }
        );
        assert!(peak <= most, "{way} {path}: {peak} KiB");
        if path == pulled {
            fs::remove_file(pulled).expect("removed");
        }
    }
}
