//! The digest that the program expects of an upload.

use crate::body::digest::Digest;
use crate::error::{Error, Kind};

/// An error unless the digest of an upload is the expected one, if there is one.
pub(super) fn check(expected: Option<&str>, found: &Digest) -> Result<(), Error> {
    let Some(expected) = expected.map(Digest::parse).transpose()? else {
        return Ok(());
    };
    let failed = |kind, message| Err(Error::new(kind, message).with_digest(expected.as_str()));
    if expected.algorithm() != found.algorithm() {
        let (own, other) = (found.algorithm().name(), expected.algorithm().name());
        let message = format!("upload: computes {own}, not {other}");
        return failed(Kind::InvalidArgument, message);
    }
    if expected != *found {
        let (found, expected) = (found.as_str(), expected.as_str());
        let message = format!("upload: digest {found}, expected {expected}");
        return failed(Kind::DigestMismatch, message);
    }
    Ok(())
}
