//! Tests whose sizes and counts come from the environment. Without variables they
//! are short; `tests/long/run` sets those of the long form:
//!
//! | variable | meaning | short |
//! |---|---|---|
//! | `REGGIE_LONG_CUTS` | places where each transfer is cut, and ends of messages | 4 |
//! | `REGGIE_LONG_KILLS` | processes that are killed, of each kind | 4 |
//! | `REGGIE_LONG_COPY_KILLS` | copies and pushes of files that are killed, of each kind | 3 |
//! | `REGGIE_LONG_COPY_CUTS` | places where each copy is cut, and ends of messages | 1 |
//! | `REGGIE_LONG_KILLED_MIB` | size of the blobs of those, in MiB | 8 |
//! | `REGGIE_LONG_ROUND_TRIP_MIB` | size of the largest blob of the round trips | 9 |
//! | `REGGIE_LONG_MEMORY_MIB` | size of the blobs whose memory is measured | 64 |
//! | `REGGIE_LONG_REGISTRY` | part of the names of the registries for cuts and kills | all |
//! | `REGGIE_LONG_PROGRAMS` | directory with `distribution`, `ggcr-registry`, `crane`, `oras`, `regctl` | none |

mod copy_cuts;
mod copy_kills;
mod cuts;
mod exchanges;
mod kills;
mod layouts;
mod other_clients;
mod peak_memory;
mod places;
mod round_trips;

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

const PROGRAMS: &str = "REGGIE_LONG_PROGRAMS";

/// A number from the environment.
fn number(name: &str, short: usize) -> usize {
    match std::env::var(name) {
        Ok(value) => value.parse().expect("a number"),
        Err(_) => short,
    }
}

/// Whether this is the long form.
fn is_long() -> bool {
    std::env::var_os(PROGRAMS).is_some()
}

/// A program that `tests/long/run` has built.
pub(crate) fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os(PROGRAMS).expect("set by tests/long/run");
    PathBuf::from(folder).join(name)
}

/// Random numbers, to choose moments by.
struct Random(u64);

impl Random {
    fn new() -> Random {
        Random(RandomState::new().hash_one(0) | 1)
    }

    /// A number from 0 to `max`.
    fn up_to(&mut self, max: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % (max + 1)
    }
}
