//! The handle of a registry.

use crate::auth::Guard;
use crate::content::Content;
use crate::digest::{Algorithm, Digest};
use crate::fault::{Fault, Faults, Rule};
use crate::options::Options;
use crate::rate::Rate;
use crate::record::{About, Recorded, Recorder};
use crate::server::{Server, Shared, Sockets, Stop};
use crate::store::{Manifest, Store};
use crate::tls::Identity;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::NamedTempFile;

/// A running registry. Dropping it closes all connections, joins all threads
/// and removes its CA file.
pub struct Registry {
    // Dropped first, so that all threads have ended.
    server: Server,
    shared: Arc<Shared>,
    ca: Option<(String, NamedTempFile)>,
}

impl Registry {
    /// Starts a registry, which is listening on return.
    ///
    /// # Panics
    ///
    /// If the port cannot be bound; see [`Registry::try_start`].
    pub fn start(options: Options) -> Registry {
        Registry::try_start(options).expect("the registry starts")
    }

    /// Starts a registry.
    pub fn try_start(options: Options) -> io::Result<Registry> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        let port = listener.local_addr()?.port();
        let (tls, ca) = match Identity::make(options.tls)? {
            None => (None, None),
            Some(identity) => {
                let mut file = NamedTempFile::with_suffix(".pem")?;
                file.write_all(identity.ca_pem.as_bytes())?;
                (Some(identity.config), Some((identity.ca_pem, file)))
            }
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            origin: format!("{scheme}://127.0.0.1:{port}"),
            guard: Guard::new(&options),
            rate: Rate::new(options.max_rate),
            options,
            tls,
            store: Mutex::new(Store::default()),
            faults: Faults::default(),
            recorder: Recorder::default(),
            sockets: Sockets::default(),
            stop: Stop::default(),
        });
        Ok(Registry {
            server: Server::start(listener, Arc::clone(&shared))?,
            shared,
            ca,
        })
    }

    /// Its origin, `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`, without
    /// a prefix. `localhost` works too.
    pub fn url(&self) -> &str {
        &self.shared.origin
    }

    /// The port.
    pub fn origin_port(&self) -> u16 {
        self.server.port()
    }

    /// Host and port, as in an image reference.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.origin_port())
    }

    /// The certificate to trust, if TLS is on.
    pub fn ca_pem(&self) -> Option<String> {
        self.ca.as_ref().map(|(pem, _)| pem.clone())
    }

    /// A file with [`Registry::ca_pem`], which exists while the registry runs.
    pub fn ca_path(&self) -> Option<&Path> {
        self.ca.as_ref().map(|(_, file)| file.path())
    }

    /// All requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.recorder.all()
    }

    /// The number of requests with this subject.
    pub fn count(&self, about: About) -> usize {
        let requests = self.requests();
        requests.iter().filter(|r| r.about() == about).count()
    }

    /// The number of requests with this subject and response status.
    pub fn count_answered(&self, about: About, status: u16) -> usize {
        let counted = |r: &&Recorded| r.about() == about && r.status == Some(status);
        self.requests().iter().filter(counted).count()
    }

    /// The number of completed requests to the registry and its token server.
    pub fn round_trips(&self) -> usize {
        let requests = self.requests();
        requests.iter().filter(|r| r.status.is_some()).count()
    }

    /// Clears the recorded requests.
    pub fn clear_requests(&self) {
        self.shared.recorder.clear();
    }

    /// The number of connections opened so far.
    pub fn connections(&self) -> usize {
        self.shared.sockets.opened()
    }

    /// Closes all open connections, like a server with an idle timeout.
    pub fn close_connections(&self) {
        self.shared.sockets.shut(false);
    }

    /// Applies the fault to the next request.
    pub fn fail_next(&self, fault: Fault) {
        self.add_rule(Rule::new(fault).times(1));
    }

    /// Adds a rule; the first match is used.
    pub fn add_rule(&self, rule: Rule) {
        self.shared.faults.add(rule);
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.shared.faults.clear();
    }

    /// Adds a blob to a repository and returns its sha256 digest.
    pub fn put_blob(&self, name: &str, bytes: impl Into<Vec<u8>>) -> String {
        self.put_content(name, Content::held(bytes.into()))
    }

    /// Adds a blob of any length in 1 MiB of memory; its content depends only
    /// on length and seed.
    pub fn put_synthetic_blob(&self, name: &str, length: u64, seed: u64) -> String {
        self.put_content(name, Content::synthetic(length, seed))
    }

    fn put_content(&self, name: &str, content: Content) -> String {
        let digest = content.digest(Algorithm::Sha256);
        self.shared.store().put_blob(name, digest.clone(), content);
        digest.as_str().to_owned()
    }

    /// Adds a manifest, unchecked, under a tag or a digest, and returns its
    /// digest. An empty reference adds no tag.
    pub fn put_manifest(
        &self,
        name: &str,
        reference: &str,
        media_type: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> String {
        let bytes = bytes.into();
        let digest =
            Digest::parse(reference).unwrap_or_else(|| Digest::of(Algorithm::Sha256, &bytes));
        let mut store = self.shared.store();
        let repository = store.repository_mut(name);
        repository
            .manifests
            .insert(digest.clone(), Manifest::new(media_type, bytes));
        if !reference.is_empty() && Digest::parse(reference).is_none() {
            repository.tags.insert(reference.to_owned(), digest.clone());
        }
        digest.as_str().to_owned()
    }

    /// A copy of a blob, if the repository has it and its content was kept.
    pub fn blob(&self, name: &str, digest: &str) -> Option<Vec<u8>> {
        let content = self.shared.store().blob(name, &Digest::parse(digest)?)?;
        content.is_kept().then(|| content.to_vec())
    }

    /// Whether a repository has a blob.
    pub fn has_blob(&self, name: &str, digest: &str) -> bool {
        Digest::parse(digest)
            .is_some_and(|digest| self.shared.store().blob(name, &digest).is_some())
    }

    /// Removes a blob from a repository.
    pub fn delete_blob(&self, name: &str, digest: &str) {
        if let Some(digest) = Digest::parse(digest) {
            self.shared
                .store()
                .repository_mut(name)
                .blobs
                .remove(&digest);
        }
    }

    /// Media type and content of a manifest, by tag or digest.
    pub fn manifest(&self, name: &str, reference: &str) -> Option<(String, Vec<u8>)> {
        let (_, manifest) = self.shared.store().manifest(name, reference)?;
        Some((manifest.media_type, manifest.bytes.to_vec()))
    }

    /// The number of open uploads.
    pub fn open_uploads(&self) -> usize {
        self.shared.store().open_uploads()
    }

    /// Revokes all tokens, as if they had expired.
    pub fn revoke_tokens(&self) {
        self.shared.guard.revoke();
    }

    /// Issues a refresh token for the user, like a login.
    pub fn refresh_token(&self) -> String {
        self.shared.guard.issue_refresh()
    }
}
