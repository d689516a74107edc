//! What a copy or a pull of files includes, as far as the program decides it.

use std::sync::Arc;

use super::descriptor::Descriptor;
use super::operation::Operation;
use crate::error::{Error, Step};

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

/// Whether content is included. Asks the program on the calling thread.
pub(super) fn takes(operation: &Operation, candidate: Candidate) -> Result<bool, Error> {
    match operation.options.filter.clone() {
        None => Ok(candidate.take),
        Some(filter) => operation
            .call
            .limits
            .call_back(Step::Prepare, move || filter(&candidate))?,
    }
}
