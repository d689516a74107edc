//! Which sends may be followed by another, and which are worth one.

use super::{Attempt, Outcome};
use crate::error::Kind;

/// Whether the request can be sent again without harm: nobody's word goes
/// beyond this.
pub(super) fn is_possible(attempt: &Attempt) -> bool {
    // What the caller has got cannot be taken back.
    !attempt.delivered
        && attempt.repeatable
        // Where not a byte of it left, the next send is the first.
        && (attempt.unsent || is_replayable(attempt.method))
}

/// Whether a method may arrive twice. A second POST begins a second upload
/// session, which costs little. A second PATCH appends twice, and of methods
/// that are not ours nothing is known.
fn is_replayable(method: &str) -> bool {
    matches!(
        method,
        "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "POST"
    )
}

/// Whether another send is likely to end otherwise.
pub(super) fn is_advised(attempt: &Attempt) -> bool {
    match attempt.outcome {
        Outcome::Response { status, .. } => is_passing(status),
        Outcome::Failure(error) => match error.kind() {
            Kind::Resolve
            | Kind::Connect
            | Kind::Send
            | Kind::Receive
            | Kind::Closed
            | Kind::Truncated
            | Kind::Timeout => true,
            // The token server's answer, not the registry's.
            Kind::TokenRefused => is_passing(attempt.status()),
            _ => false,
        },
    }
}

/// Statuses of a server, or of a proxy before it (499, 520 to 524), that has
/// no time now.
fn is_passing(status: u16) -> bool {
    matches!(
        status,
        408 | 425 | 429 | 499 | 500 | 502 | 503 | 504 | 520..=524
    )
}
