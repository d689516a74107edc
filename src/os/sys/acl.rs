//! Access control lists of files, which the kernel keeps in an extended
//! attribute (acl(5)).

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const NAME: &std::ffi::CStr = c"system.posix_acl_access";

/// Maximum size of an extended attribute (xattr(7)).
const MAX_SIZE: usize = 64 * 1024;

/// Gives an open file the list of the file at a path, or none.
pub(crate) fn copy(path: &Path, file: BorrowedFd<'_>) -> io::Result<()> {
    let list = read(path)?;
    let fd = file.as_raw_fd();
    let result = match &list {
        Some(list) => {
            let (value, size) = (list.as_ptr().cast(), list.len());
            // SAFETY: the name is a C string; pointer and size are those of one
            // vector.
            unsafe { libc::fsetxattr(fd, NAME.as_ptr(), value, size, 0) }
        }
        // The directory may have a default list.
        // SAFETY: the name is a C string.
        None => unsafe { libc::fremovexattr(fd, NAME.as_ptr()) },
    };
    if result == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    if list.is_none() && is_missing(&error) {
        return Ok(());
    }
    Err(error)
}

/// The list of the file at a path.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut list = vec![0_u8; MAX_SIZE];
    let (value, size) = (list.as_mut_ptr().cast(), list.len());
    // SAFETY: path and name are C strings; pointer and size are those of one
    // vector.
    let read = unsafe { libc::lgetxattr(path.as_ptr(), NAME.as_ptr(), value, size) };
    match super::size(read) {
        Ok(size) => {
            list.truncate(size);
            Ok(Some(list))
        }
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a file has no list, or the file system has none.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENODATA | libc::EOPNOTSUPP | libc::ENOSYS)
    )
}

/// Gives the file at a path a list in which another user may read; false if the
/// file system has no lists.
#[cfg(test)]
pub(crate) fn set(path: &Path, user: u32) -> bool {
    // Tag, rights and number of owner, user, group, mask and others.
    let entries = [
        (1, 6, u32::MAX),
        (2, 4, user),
        (4, 0, u32::MAX),
        (16, 4, u32::MAX),
    ];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, number) in entries.into_iter().chain([(32, 0, u32::MAX)]) {
        list.extend(u16::to_le_bytes(tag));
        list.extend(u16::to_le_bytes(rights));
        list.extend(number.to_le_bytes());
    }
    let file = std::fs::File::open(path).expect("a file");
    let (value, size) = (list.as_ptr().cast(), list.len());
    // SAFETY: the name is a C string; pointer and size are those of one vector.
    let set = unsafe { libc::fsetxattr(file.as_raw_fd(), NAME.as_ptr(), value, size, 0) };
    set == 0
}

#[cfg(test)]
pub(crate) fn remove(path: &Path) {
    let file = std::fs::File::open(path).expect("a file");
    // SAFETY: the name is a C string.
    let removed = unsafe { libc::fremovexattr(file.as_raw_fd(), NAME.as_ptr()) };
    assert_eq!(removed, 0);
}
