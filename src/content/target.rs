//! What names a manifest.

use super::reference;
use super::repository::Repository;
use crate::body::digest::Digest;
use crate::error::{Error, Kind};
use crate::log::redact::shown;

/// A tag or a digest that names a manifest.
#[derive(Clone, Debug)]
pub enum Target {
    /// A tag.
    Tag(String),
    /// A digest.
    Digest(Digest),
}

impl Target {
    /// Parses a tag or a digest; `None` is the target of the repository.
    pub fn parse(text: Option<&str>, repository: &Repository) -> Result<Target, Error> {
        let of_repository;
        let text = match text {
            Some(text) => text,
            None => {
                of_repository = repository.target()?;
                &of_repository
            }
        };
        // A tag has no colon, and a digest no slash.
        if text.contains(':') && text.contains('/') {
            let message = format!("{} is neither a tag nor a digest", shown(text));
            return Err(Error::new(Kind::InvalidReference, message));
        }
        if text.contains(':') {
            return Digest::parse(text)
                .map(Target::Digest)
                .map_err(|error| error.with_kind(Kind::InvalidReference));
        }
        reference::check_tag(text)?;
        Ok(Target::Tag(text.to_owned()))
    }

    /// The tag, or the first digits of the digest.
    pub(super) fn shown(&self) -> &str {
        match self {
            Target::Tag(tag) => tag,
            Target::Digest(digest) => digest.short(),
        }
    }

    /// The tag or the digest.
    pub fn as_str(&self) -> &str {
        match self {
            Target::Tag(tag) => tag,
            Target::Digest(digest) => digest.as_str(),
        }
    }

    /// The digest, unless it is a tag.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Target::Tag(_) => None,
            Target::Digest(digest) => Some(digest),
        }
    }
}
