//! Files that grow by what is received.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{FallocateFlags, fallocate};

use super::write_back;

/// How much space is reserved at a time.
const RESERVED: u64 = 8 * 1024 * 1024;
/// Not worth a reservation.
const SMALL: u64 = 1024 * 1024;

/// A file, what has been written to it, and how that gets to disk.
pub(crate) struct GrowingFile {
    file: File,
    size: u64,
    is_synced: bool,
    /// The size that it is to have.
    expected: u64,
    /// Up to where it has space on disk.
    reserved: u64,
}

impl GrowingFile {
    pub(crate) fn new(file: File) -> GrowingFile {
        GrowingFile {
            file,
            size: 0,
            is_synced: false,
            expected: 0,
            reserved: 0,
        }
    }

    /// Starts to write it to disk while it grows, so that fsync(2) takes little time.
    pub(crate) fn set_synced(&mut self, is_synced: bool) {
        self.is_synced = is_synced;
    }

    /// Reserves space for that size while it grows: the kernel then writes with less work.
    pub(crate) fn set_expected(&mut self, size: Option<u64>) {
        self.expected = size.unwrap_or(0);
    }

    /// Sets the size, where it is continued.
    pub(crate) fn set_size(&mut self, size: u64) {
        self.size = size;
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn is_synced(&self) -> bool {
        self.is_synced
    }

    pub(crate) fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        let size = self.size + piece.len() as u64;
        if size > self.reserved {
            self.reserve();
        }
        self.file.write_all_at(piece, self.size)?;
        if self.is_synced {
            write_back::start(&self.file, self.size, size);
        }
        self.size = size;
        Ok(())
    }

    /// Drops what is beyond a size, and the space that was reserved.
    pub(crate) fn cut(&mut self, size: u64) -> io::Result<()> {
        self.file.set_len(size)?;
        self.size = size;
        self.reserved = self.reserved.min(size);
        Ok(())
    }

    /// Reserves the space of what comes next. The size of the file stays: it counts as
    /// what was written. Little at a time, since the expected size may be a lie.
    fn reserve(&mut self) {
        let length = self.expected.saturating_sub(self.size).min(RESERVED);
        if length < SMALL {
            return;
        }
        // A file system without it, or a full one, decides when it is written to.
        let done = fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.size, length);
        match done {
            Ok(()) => self.reserved = self.size + length,
            Err(_) => self.expected = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn space(file: &GrowingFile) -> u64 {
        file.file().metadata().expect("metadata").blocks() * 512
    }

    #[test]
    fn space_is_reserved_and_the_size_is_what_was_written() {
        let piece = [7; 4096];
        for (expected, reserved) in [
            (None, 0),
            (Some(SMALL - 1), 0),
            (Some(SMALL), SMALL),
            (Some(u64::MAX), RESERVED),
        ] {
            let mut file = GrowingFile::new(tempfile::tempfile().expect("a file"));
            file.set_expected(expected);
            file.append(&piece).expect("written");
            file.append(&piece).expect("written");
            assert_eq!(file.reserved, reserved, "{expected:?}");
            assert!(space(&file) >= reserved);
            assert_eq!(
                (file.size(), file.file().metadata().expect("metadata").len()),
                (8192, 8192)
            );
            file.cut(4096).expect("cut");
            assert!(space(&file) < SMALL, "{expected:?}");
            file.append(&[8]).expect("written");
            let mut end = [0; 2];
            file.file().read_exact_at(&mut end, 4095).expect("read");
            assert_eq!(end, [7, 8]);
        }
    }

    #[test]
    fn more_is_reserved_as_it_grows_and_no_more_than_expected() {
        let mut file = GrowingFile::new(tempfile::tempfile().expect("a file"));
        let expected = RESERVED + SMALL;
        file.set_expected(Some(expected));
        let piece = vec![0; 3 * 1024 * 1024];
        for reserved in [RESERVED, RESERVED, expected, expected] {
            file.append(&piece).expect("written");
            assert_eq!(file.reserved, reserved);
        }
        assert_eq!(file.size(), 12 * 1024 * 1024, "longer than expected");
    }

    #[test]
    fn a_file_without_space_to_reserve_is_written_to_as_ever() {
        let (_reader, writer) = io::pipe().expect("a pipe");
        let mut file = GrowingFile::new(std::os::fd::OwnedFd::from(writer).into());
        file.set_expected(Some(SMALL));
        file.reserve();
        assert_eq!((file.reserved, file.expected), (0, 0));
    }
}
