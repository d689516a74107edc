//! Uploads whose URL does not name their repository: registries may return any
//! Location for an upload.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::scope;
use crate::http::url::Url;

/// The maximum number of remembered uploads.
const MAX_UPLOADS: usize = 1024;
/// The maximum number of bytes of all their URLs and names.
const MAX_BYTES: usize = 1024 * 1024;

/// The uploads at the registry's own origin, oldest first.
#[derive(Default)]
pub(crate) struct Uploads {
    /// Saves the lock for the usual form of upload URLs.
    is_used: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    uploads: VecDeque<Upload>,
    bytes: usize,
}

struct Upload {
    /// Path and query.
    target: String,
    repository: String,
}

impl Upload {
    fn bytes(&self) -> usize {
        self.target.len() + self.repository.len()
    }

    fn has_path_of(&self, url: &Url) -> bool {
        self.target.split('?').next() == Some(url.path())
    }
}

/// A request for an upload, and the response to it.
pub(crate) struct UploadStep<'a> {
    pub(crate) method: &'a str,
    pub(crate) status: u16,
    pub(crate) url: &'a Url,
    pub(crate) repository: &'a str,
    /// Where the upload continues, if that is at the registry's origin.
    pub(crate) next: Option<&'a Url>,
    /// The path and query of `next` below the registry's address.
    pub(crate) next_path: Option<&'a str>,
}

/// Whether a response with this status may contain where an upload continues. A 416
/// does so after a chunk that did not fit.
pub(crate) fn may_continue(status: u16) -> bool {
    matches!(status, 200..300 | 416)
}

/// Whether a request with this method may end an upload.
pub(crate) fn may_end(method: &str) -> bool {
    matches!(method, "PUT" | "DELETE")
}

impl Uploads {
    /// The repository of an upload. Its URL may have more parameters than the
    /// Location had, such as the digest.
    pub(crate) fn repository(&self, url: &Url) -> Option<String> {
        if !self.is_used.load(Ordering::Acquire) {
            return None;
        }
        let state = self.state();
        let same_path = || {
            let uploads = state.uploads.iter().rev();
            uploads.filter(|upload| upload.has_path_of(url))
        };
        same_path()
            .find(|upload| url.path_and_query().starts_with(&upload.target))
            .or_else(|| same_path().next())
            .map(|upload| upload.repository.clone())
    }

    /// Forgets an upload that has ended, and remembers the repository of one whose
    /// next URL does not name it.
    pub(crate) fn follow(&self, step: &UploadStep) {
        let is_end = step.method == "DELETE" || (step.method == "PUT" && step.status == 201);
        if is_end {
            self.forget(step.url);
            return;
        }
        let Some(next) = step.next else { return };
        if next != step.url {
            self.forget(step.url);
        }
        match step.next_path.and_then(scope::Target::of_path) {
            // The path names it, or is not that of an upload.
            Some(target) if target.name == step.repository || !target.is_upload => {}
            _ => self.remember(next, step.repository),
        }
    }

    /// Remembers the repository of an upload.
    pub(crate) fn remember(&self, url: &Url, repository: &str) {
        let upload = Upload {
            target: url.path_and_query().to_owned(),
            repository: repository.to_owned(),
        };
        let mut state = self.state();
        state.remove(|other| other.target == upload.target);
        state.bytes += upload.bytes();
        state.uploads.push_back(upload);
        while state.uploads.len() > MAX_UPLOADS || state.bytes > MAX_BYTES {
            let Some(oldest) = state.uploads.pop_front() else {
                break;
            };
            state.bytes -= oldest.bytes();
        }
        self.is_used.store(true, Ordering::Release);
    }

    /// Forgets an upload.
    fn forget(&self, url: &Url) {
        if self.is_used.load(Ordering::Acquire) {
            let target = url.path_and_query();
            let ended =
                |upload: &Upload| upload.has_path_of(url) && target.starts_with(&upload.target);
            self.state().remove(ended);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, is_removed: impl Fn(&Upload) -> bool) {
        self.uploads.retain(|upload| !is_removed(upload));
        self.bytes = self.uploads.iter().map(Upload::bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(target: &str) -> Url {
        Url::parse(&format!("https://r.example{target}")).expect("a url")
    }

    #[test]
    fn an_upload_is_found_by_path_and_query() {
        let uploads = Uploads::default();
        assert_eq!(uploads.repository(&url("/up?id=1")), None);
        uploads.remember(&url("/up?id=1"), "a");
        uploads.remember(&url("/up?id=2"), "b");
        uploads.remember(&url("/v2/c/blobs/upload/7"), "c");
        for (target, expected) in [
            ("/up?id=1", Some("a")),
            ("/up?id=1&digest=sha256:x", Some("a")),
            ("/up?id=2&digest=sha256:x", Some("b")),
            // The same path: the newest.
            ("/up?id=3", Some("b")),
            ("/up", Some("b")),
            ("/up/1", None),
            ("/v2/c/blobs/upload/7?digest=sha256:x", Some("c")),
            ("/v2/c/blobs/upload/71", None),
            ("/v2/c/blobs/upload", None),
        ] {
            let found = uploads.repository(&url(target));
            assert_eq!(found.as_deref(), expected, "{target}");
        }
        uploads.remember(&url("/up?id=1"), "d");
        assert_eq!(uploads.repository(&url("/up?id=1")).as_deref(), Some("d"));
        uploads.forget(&url("/up?id=1&digest=sha256:x"));
        assert_eq!(uploads.repository(&url("/up?id=1")).as_deref(), Some("b"));
        uploads.forget(&url("/up/2"));
        uploads.forget(&url("/up?id=2"));
        assert_eq!(uploads.repository(&url("/up?id=2")), None);
    }

    #[test]
    fn an_upload_is_followed_from_url_to_url() {
        let own = "/v2/a/blobs/uploads/";
        let uploads = Uploads::default();
        for (method, status, from, next, known) in [
            ("POST", 202, own, Some("/up/1"), &["/up/1"][..]),
            ("PATCH", 202, "/up/1", Some("/up/2"), &["/up/2"]),
            ("PATCH", 202, "/up/2", Some("/up/2"), &["/up/2"]),
            // At another origin.
            ("PATCH", 202, "/up/2", None, &["/up/2"]),
            (
                "PATCH",
                416,
                "/up/2",
                Some("/up/3?part=2"),
                &["/up/3?part=2"],
            ),
            // The path names the repository, or another one.
            (
                "PATCH",
                202,
                "/up/3?part=2",
                Some("/v2/a/blobs/uploads/4"),
                &[],
            ),
            (
                "POST",
                202,
                own,
                Some("/v2/b/blobs/uploads/5"),
                &["/v2/b/blobs/uploads/5"],
            ),
            (
                "POST",
                201,
                own,
                Some("/v2/a/blobs/sha256:0"),
                &["/v2/b/blobs/uploads/5"],
            ),
            ("PUT", 201, "/v2/b/blobs/uploads/5", Some("/blob/1"), &[]),
            ("POST", 202, own, Some("/up/6"), &["/up/6"]),
            ("PUT", 202, "/up/6", Some("/up/7"), &["/up/7"]),
            ("DELETE", 204, "/up/7", Some("/up/8"), &[]),
        ] {
            let (from, next_url) = (url(from), next.map(url));
            uploads.follow(&UploadStep {
                method,
                status,
                url: &from,
                repository: "a",
                next: next_url.as_ref(),
                next_path: next,
            });
            let state = uploads.state();
            let found = state.uploads.iter().map(|upload| upload.target.as_str());
            assert!(found.eq(known.iter().copied()), "{method} {from}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let uploads = Uploads::default();
        for number in 0..2 * MAX_UPLOADS {
            uploads.remember(&url(&format!("/up/{number}")), "a");
        }
        assert_eq!(uploads.state().uploads.len(), MAX_UPLOADS);
        assert_eq!(uploads.repository(&url("/up/0")), None);
        assert!(uploads.repository(&url("/up/2047")).is_some());
        let state = "s".repeat(60_000);
        for number in 0..100 {
            uploads.remember(&url(&format!("/long/{number}?{state}")), "a");
        }
        let bytes = |state: &State| state.uploads.iter().map(Upload::bytes).sum::<usize>();
        let state = uploads.state();
        assert!(state.bytes <= MAX_BYTES && state.bytes == bytes(&state));
    }
}
