//! Writing large files to disk while they are received, so that the fsync(2) at
//! their end is short.

use std::fs::File;
use std::os::fd::AsRawFd;

use super::sys::file;

/// How much is written at a time.
const PIECE: u64 = 32 * 1024 * 1024;

/// Called after a file has grown from `before` to `now` bytes.
pub(super) fn start(written: &File, before: u64, now: u64) {
    if let Some((offset, length)) = due(before, now) {
        file::start_write_back(written.as_raw_fd(), offset, length);
    }
}

/// Offset and length of the pieces that have become complete.
fn due(before: u64, now: u64) -> Option<(u64, u64)> {
    let [before, now] = [before, now].map(|size| size / PIECE * PIECE);
    (now > before).then_some((before, now - before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_pieces_are_written_once() {
        for (before, now, expected) in [
            (0, 0, None),
            (0, PIECE - 1, None),
            (0, PIECE, Some((0, PIECE))),
            (PIECE - 1, PIECE + 1, Some((0, PIECE))),
            (PIECE, 2 * PIECE - 1, None),
            (1, 3 * PIECE + 1, Some((0, 3 * PIECE))),
        ] {
            assert_eq!(due(before, now), expected, "{before} {now}");
        }
    }
}
