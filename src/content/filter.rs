//! What a copy or a pull of files includes, as far as the program decides it.

use std::sync::Arc;

use super::descriptor::Descriptor;
use crate::error::Error;

/// Content that a call may include.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The manifest that refers to it, or that it is about.
    pub parent: Descriptor,
    /// The content.
    pub item: Descriptor,
    /// Whether it is a referrer of `parent`, or is tagged with its digest.
    pub is_referrer: bool,
    /// Whether it is included unless the program decides otherwise.
    pub take: bool,
}

impl Candidate {
    /// Content that a manifest refers to, which is included by default.
    pub(super) fn part(parent: &Descriptor, item: &Descriptor) -> Candidate {
        Candidate {
            parent: parent.clone(),
            item: item.clone(),
            is_referrer: false,
            take: true,
        }
    }

    /// A referrer of a manifest, which is included by default.
    pub(super) fn referrer(subject: &Descriptor, item: &Descriptor) -> Candidate {
        Candidate {
            is_referrer: true,
            ..Candidate::part(subject, item)
        }
    }
}

/// Decides whether content is included; an error stops the call.
pub type FilterCallback = Arc<dyn Fn(&Candidate) -> Result<bool, Error> + Send + Sync>;
