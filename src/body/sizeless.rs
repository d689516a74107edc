//! Files that have content although their size is 0, such as those in `/proc`.

use crate::error::{Error, Kind, Step};

/// Maximum content of such a file, in bytes. Some have no end.
const MAX: usize = 16 * 1024 * 1024;
/// The first read asks for this many bytes.
const PIECE: usize = 64 * 1024;

/// Reads the content of a file whose size is 0 with `read_at`; empty for an
/// ordinary empty file. Errors call the file `name`.
pub(crate) fn content(
    name: &str,
    read_at: impl Fn(&mut [u8], u64) -> Result<usize, Error>,
) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    let mut probe = [0];
    if read_at(&mut probe, 0)? == 0 {
        return Ok(content);
    }
    let mut filled = 0;
    loop {
        if content.len() - filled < PIECE {
            let more = content.len().max(PIECE);
            content
                .try_reserve_exact(more)
                .map_err(|_| Error::no_memory("request body"))?;
            content.resize(content.len() + more, 0);
        }
        match read_at(&mut content[filled..], filled as u64)? {
            0 => break,
            amount => filled += amount,
        }
        if filled > MAX {
            let message = format!("{name}: has size 0, and more than {MAX} bytes");
            return Err(Error::new(Kind::BodyLength, message).at(Step::Prepare));
        }
    }
    content.truncate(filled);
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_of(bytes: &[u8], piece: usize) -> Result<Vec<u8>, Error> {
        content("a", |buffer, offset| {
            let rest = usize::try_from(offset).expect("small").min(bytes.len());
            let rest = &bytes[rest..];
            let amount = rest.len().min(piece).min(buffer.len());
            buffer[..amount].copy_from_slice(&rest[..amount]);
            Ok(amount)
        })
    }

    #[test]
    fn all_of_a_file_is_read_whatever_its_size() {
        assert_eq!(content_of(b"", 1).expect("empty"), b"");
        assert_eq!(content_of(b"content", 2).expect("short"), b"content");
        let long = vec![b'a'; 5 * PIECE + 1];
        assert_eq!(content_of(&long, PIECE + 7).expect("long"), long);
        let error = content_of(&vec![b'a'; MAX + 1], usize::MAX).expect_err("endless");
        assert_eq!(error.kind(), Kind::BodyLength);
        let failed = |_: &mut [u8], _| Err(Error::new(Kind::File, "a"));
        assert_eq!(
            content("a", failed).expect_err("no file").kind(),
            Kind::File
        );
    }
}
