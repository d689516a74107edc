//! What is known about how hosts accept uploads.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::task::Task;

/// The maximum number of hosts that are stored.
const MAX_HOSTS: usize = 64;
const MIB: u64 = 1024 * 1024;

/// How a host accepts uploads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UploadLimits {
    /// The minimum size of a chunk that is not the last one.
    pub(super) min_chunk: Option<u64>,
    pub(super) max_chunk: Option<u64>,
    /// It accepts a blob in one request only.
    pub(super) whole_only: bool,
    /// The maximum size of a blob in one request; larger ones are sent in chunks.
    pub(super) max_whole: Option<u64>,
}

impl UploadLimits {
    /// The documented limits of a public registry.
    fn known(host: &str) -> UploadLimits {
        let name = host.split(':').next().unwrap_or_default();
        let is_below = |domain: &str| {
            name.strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let mut limits = UploadLimits::default();
        if is_below("ghcr.io") {
            limits.max_chunk = Some(4 * MIB);
        } else if is_below("pkg.dev") || is_below("gcr.io") {
            limits.whole_only = true;
        } else if is_below("amazonaws.com") || is_below("public.ecr.aws") {
            limits.min_chunk = Some(5 * MIB);
            limits.max_chunk = Some(20 * MIB);
        }
        limits
    }
}

/// What is known about uploads to a host.
pub(super) fn of(task: &Task, host: &str) -> UploadLimits {
    task.client().known::<HostLimits>().of(host)
}

/// Changes what is known about uploads to a host.
pub(super) fn note(task: &Task, host: &str, change: impl FnOnce(&mut UploadLimits)) {
    task.client().known::<HostLimits>().change(host, change);
}

/// The limits of each host.
#[derive(Debug, Default)]
struct HostLimits(Mutex<HashMap<String, UploadLimits>>);

impl HostLimits {
    fn of(&self, host: &str) -> UploadLimits {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = hosts.get(host).copied();
        found.unwrap_or_else(|| UploadLimits::known(host))
    }

    fn change(&self, host: &str, change: impl FnOnce(&mut UploadLimits)) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(host) {
            // They can be found out again.
            hosts.clear();
        }
        let known = || UploadLimits::known(host);
        change(hosts.entry(host.to_owned()).or_insert_with(known));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_registries_are_known() {
        let max_chunk = |host| UploadLimits::known(host).max_chunk;
        assert_eq!(max_chunk("ghcr.io"), Some(4 * MIB));
        assert_eq!(max_chunk("ghcr.io.example"), None);
        assert_eq!(max_chunk("notghcr.io"), None);
        let ecr = UploadLimits::known("1234.dkr.ecr.eu-west-1.amazonaws.com");
        assert_eq!(
            (ecr.min_chunk, ecr.max_chunk),
            (Some(5 * MIB), Some(20 * MIB))
        );
        for (host, expected) in [
            ("europe-docker.pkg.dev", true),
            ("eu.gcr.io:443", true),
            ("gcr.io", true),
            ("registry.example:5000", false),
        ] {
            assert_eq!(UploadLimits::known(host).whole_only, expected, "{host}");
        }
    }

    #[test]
    fn what_was_found_out_is_kept_in_bounded_memory() {
        let hosts = HostLimits::default();
        hosts.change("ghcr.io", |limits| limits.max_chunk = Some(MIB));
        assert_eq!(hosts.of("ghcr.io").max_chunk, Some(MIB));
        for number in 0..1000 {
            hosts.change(&number.to_string(), |limits| limits.whole_only = true);
        }
        assert!(hosts.0.lock().expect("no panic").len() <= MAX_HOSTS);
        assert!(hosts.of("999").whole_only && !hosts.of("1").whole_only);
    }
}
