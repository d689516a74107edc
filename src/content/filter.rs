//! What a copy or a pull of files includes, as far as the program decides it.

use std::sync::Arc;

use super::descriptor::Descriptor;
use crate::error::Error;

/// Content that a call may include.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The manifest that refers to it, or its subject.
    pub parent: Descriptor,
    /// The content.
    pub item: Descriptor,
    /// Whether it is a referrer of `parent`.
    pub is_referrer: bool,
    /// Whether it is included unless the program decides otherwise.
    pub take: bool,
}

/// Decides whether content is included; an error stops the call.
pub type FilterCallback = Arc<dyn Fn(&Candidate) -> Result<bool, Error> + Send + Sync>;
