//! Locks of files (flock(2)), which end with the last descriptor of the open
//! file, so also with the process.

use std::fs::File;
use std::io;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Locks a file; false if it is locked already, through another open file.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Unlocks a file, even if a forked child has its descriptor too.
pub(crate) fn unlock(file: &File) {
    // Closing it is the other way.
    let _ = flock(file, FlockOperation::Unlock);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_locked_once() {
        let named = tempfile::NamedTempFile::new().expect("a file");
        let other = File::open(named.path()).expect("opened");
        assert!(try_lock(named.as_file()).expect("locked"));
        assert!(try_lock(named.as_file()).expect("the same open file"));
        assert!(!try_lock(&other).expect("tried"));
        unlock(named.as_file());
        assert!(try_lock(&other).expect("locked"));
    }
}
