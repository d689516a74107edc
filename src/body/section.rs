//! Part of a file.

use crate::error::{Error, Kind, Step};

/// Part of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    pub(super) offset: u64,
    /// `None` = up to the end of the file.
    length: Option<u64>,
}

impl Section {
    pub(super) const WHOLE: Section = Section {
        offset: 0,
        length: None,
    };

    pub(crate) fn new(offset: u64, length: Option<u64>) -> Result<Section, Error> {
        if offset.checked_add(length.unwrap_or(0)).is_none() {
            let message = "section of a body: offset and length are too large";
            return Err(Error::new(Kind::InvalidArgument, message));
        }
        Ok(Section { offset, length })
    }

    /// The length of this part of a file of `size` bytes. Errors call the file
    /// `name`.
    pub(super) fn length_in(self, size: u64, name: &str) -> Result<u64, Error> {
        let Section { offset, length } = self;
        match (size.checked_sub(offset), length) {
            (Some(available), None) => Ok(available),
            (Some(available), Some(length)) if length <= available => Ok(length),
            (_, length) => {
                let end = offset + length.unwrap_or(0);
                let message = format!("{name}: has {size} bytes, its section ends at {end}");
                Err(Error::new(Kind::BodyLength, message).at(Step::Prepare))
            }
        }
    }
}
