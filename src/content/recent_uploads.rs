//! Blobs that were uploaded a short time ago. A registry with several replicas may
//! not know them yet.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::registry::Registry;
use crate::body::digest::Digest;

/// How long an upload is recent.
const RECENT: Duration = Duration::from_secs(60);
/// The maximum number of uploads that are kept.
const MAX: usize = 4096;

/// The uploads of a client, in order.
#[derive(Default)]
struct Uploads(Mutex<VecDeque<Upload>>);

struct Upload {
    at: Instant,
    repository: String,
    digest: Digest,
}

/// Records that a blob was uploaded.
pub(super) fn record(repository: &Registry, digest: &Digest) {
    let uploads = repository.client().known::<Uploads>();
    uploads.record(repository.name(), digest, Instant::now());
}

/// Whether one of the blobs was uploaded a short time ago.
pub(super) fn contain<'a>(
    repository: &Registry,
    digests: impl IntoIterator<Item = &'a Digest>,
) -> bool {
    let uploads = repository.client().known::<Uploads>();
    uploads.contain(repository.name(), digests, Instant::now())
}

impl Uploads {
    fn record(&self, repository: &str, digest: &Digest, now: Instant) {
        let mut uploads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uploads.len() == MAX {
            uploads.pop_front();
        }
        uploads.push_back(Upload {
            at: now,
            repository: repository.to_owned(),
            digest: digest.clone(),
        });
    }

    fn contain<'a>(
        &self,
        repository: &str,
        digests: impl IntoIterator<Item = &'a Digest>,
        now: Instant,
    ) -> bool {
        let mut uploads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uploads.retain(|upload| now.saturating_duration_since(upload.at) < RECENT);
        digests.into_iter().any(|digest| {
            uploads
                .iter()
                .any(|upload| upload.repository == repository && upload.digest == *digest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::digest::{Algorithm, of_bytes};

    #[test]
    fn uploads_are_recent_for_a_minute_and_their_number_is_limited() {
        let digest = |number: usize| {
            let text = of_bytes(Algorithm::Sha256, &number.to_be_bytes());
            Digest::parse(&text).expect("a digest")
        };
        let (uploads, start) = (Uploads::default(), Instant::now());
        uploads.record("a", &digest(0), start);
        let known = |repository, number, seconds| {
            let now = start + Duration::from_secs(seconds);
            uploads.contain(repository, [&digest(usize::MAX), &digest(number)], now)
        };
        assert!(known("a", 0, 59));
        assert!(!known("b", 0, 59));
        assert!(!known("a", 1, 59));
        assert!(!known("a", 0, 60));
        for number in 0..=MAX {
            uploads.record("a", &digest(number), start);
        }
        assert!(!known("a", 0, 1));
        assert!(known("a", 1, 1));
    }
}
