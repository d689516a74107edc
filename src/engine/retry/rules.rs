//! Which requests may be sent again, and which are worth it.

use super::attempt::{Attempt, Outcome};
use crate::error::is_transient_status;

/// Whether the request can be sent again without harm. Not even the caller's
/// condition can override this.
pub(super) fn is_possible(attempt: &Attempt) -> bool {
    // The part of the body that the caller has got cannot be taken back.
    !attempt.delivered
        && attempt.repeatable
        // If not a byte was sent, the retry is the first send.
        && (attempt.unsent || is_replayable(attempt.method))
}

/// Whether the server may receive a request with this method twice. A second
/// POST starts another upload session, which costs little; a second PATCH
/// appends the data twice. Nothing is known about other methods.
fn is_replayable(method: &str) -> bool {
    matches!(
        method,
        "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "POST"
    )
}

/// Whether a retry is likely to have another outcome.
pub(super) fn is_advised(attempt: &Attempt) -> bool {
    match attempt.outcome {
        Outcome::Response { status, .. } => is_transient_status(status),
        Outcome::Failure(error) => error.is_transient(),
    }
}
