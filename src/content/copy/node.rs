//! A manifest of a copy.

use super::examine::Role;
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::manifest::Manifest;
use crate::error::Error;

/// A manifest of a copy.
pub(super) struct Node {
    pub(super) descriptor: Descriptor,
    pub(super) role: Role,
    /// The manifests whose lists of referrers contain it. Once its content is known, at
    /// most the one that it refers to.
    pub(super) subjects: Vec<Digest>,
    pub(super) content: Content,
    /// The bytes, unless all of it is at the destination.
    pub(super) bytes: Option<Vec<u8>>,
    /// Whether the destination has it.
    pub(super) is_there: bool,
    /// Whether it was found to be a manifest.
    pub(super) is_manifest: bool,
    /// The manifests that must be pushed before this one.
    pub(super) needs: Vec<usize>,
    /// Whether others must be pushed after it: they refer to it, or are its referrers.
    pub(super) is_needed: bool,
    pub(super) depth: usize,
}

impl Node {
    pub(super) fn new(descriptor: Descriptor, role: Role, depth: usize) -> Node {
        Node {
            descriptor,
            role,
            subjects: Vec::new(),
            content: Content::Pending,
            bytes: None,
            is_there: false,
            is_manifest: false,
            needs: Vec::new(),
            is_needed: false,
            depth,
        }
    }

    /// The manifest, if its bytes are known.
    pub(super) fn manifest(&self) -> Result<Option<Manifest>, Error> {
        let algorithm = self.descriptor.digest().algorithm();
        let media_type = Some(self.descriptor.media_type());
        let bytes = self.bytes.clone();
        bytes
            .map(|bytes| Manifest::parse(bytes, media_type, algorithm))
            .transpose()
    }
}

/// What is known about the content of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// It is to be examined.
    Pending,
    /// The destination has it, so that it was not read.
    Unread,
    /// It has this subject.
    Read(Option<Digest>),
}
