//! Access control lists of files, which the kernel keeps in an extended
//! attribute (acl(5)).

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{self, XattrFlags};
use rustix::io::Errno;

const NAME: &str = "system.posix_acl_access";

/// Maximum size of an extended attribute (xattr(7)).
const MAX_SIZE: usize = 64 * 1024;

/// Gives an open file the list of the file at a path, or none.
pub(crate) fn copy(path: &Path, file: impl AsFd) -> io::Result<()> {
    match read(path)? {
        Some(list) => Ok(fs::fsetxattr(file, NAME, &list, XattrFlags::empty())?),
        // The directory may have given it a default list.
        None => match fs::fremovexattr(file, NAME) {
            Err(error) if !is_missing(error) => Err(error.into()),
            _ => Ok(()),
        },
    }
}

/// The list of the file at a path.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut list = vec![0_u8; MAX_SIZE];
    match fs::lgetxattr(path, NAME, &mut list) {
        Ok(size) => {
            list.truncate(size);
            Ok(Some(list))
        }
        Err(error) if is_missing(error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a file has no list, or the file system has none.
fn is_missing(error: Errno) -> bool {
    matches!(error, Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS)
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
        (32, 0, u32::MAX),
    ];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, number) in entries {
        list.extend(u16::to_le_bytes(tag));
        list.extend(u16::to_le_bytes(rights));
        list.extend(number.to_le_bytes());
    }
    fs::setxattr(path, NAME, &list, XattrFlags::empty()).is_ok()
}

#[cfg(test)]
pub(crate) fn remove(path: &Path) {
    fs::removexattr(path, NAME).expect("removed");
}
