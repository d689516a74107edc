//! The handle of a running registry.

use crate::auth::Guard;
use crate::content::Content;
use crate::digest::{Algorithm, Digest};
use crate::fault::{Fault, Faults, Rule};
use crate::options::Options;
use crate::record::{About, Recorded, Recorder};
use crate::server::{Server, Shared, Sockets, Stop};
use crate::store::{Manifest, Store};
use crate::tls::Identity;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::NamedTempFile;

/// A running registry. Dropping it closes every connection, ends all threads
/// and removes the file of its authority.
pub struct Registry {
    // First, so that the threads have ended before the rest goes.
    server: Server,
    shared: Arc<Shared>,
    ca: Option<(String, NamedTempFile)>,
}

impl Registry {
    /// Starts a registry; it listens when this returns.
    ///
    /// # Panics
    ///
    /// If the port cannot be bound, which [`Registry::try_start`] tells.
    pub fn start(options: Options) -> Registry {
        Registry::try_start(options).expect("the registry starts")
    }

    /// Starts a registry, or tells why it cannot.
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
    /// a prefix. The host `localhost` does as well.
    pub fn url(&self) -> &str {
        &self.shared.origin
    }

    /// The port it listens on.
    pub fn origin_port(&self) -> u16 {
        self.server.port()
    }

    /// The host and port, as they stand in an image reference.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.origin_port())
    }

    /// The certificate that a client has to trust, in the forms with TLS.
    pub fn ca_pem(&self) -> Option<String> {
        self.ca.as_ref().map(|(pem, _)| pem.clone())
    }

    /// A file with [`Registry::ca_pem`], there as long as the registry runs.
    pub fn ca_path(&self) -> Option<&Path> {
        self.ca.as_ref().map(|(_, file)| file.path())
    }

    /// Every request so far, in the order in which their heads came.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.recorder.all()
    }

    /// How many requests so far were about this.
    pub fn count(&self, about: About) -> usize {
        let requests = self.requests();
        requests.iter().filter(|r| r.about() == about).count()
    }

    /// How many requests so far were about this and were answered this status.
    pub fn count_answered(&self, about: About, status: u16) -> usize {
        let counted = |r: &&Recorded| r.about() == about && r.status == Some(status);
        self.requests().iter().filter(counted).count()
    }

    /// How many requests so far were answered, whatever they were about: those
    /// to the registry and those to its token server.
    pub fn round_trips(&self) -> usize {
        let requests = self.requests();
        requests.iter().filter(|r| r.status.is_some()).count()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.recorder.clear();
    }

    /// How many connections have been opened so far.
    pub fn connections(&self) -> usize {
        self.shared.sockets.opened()
    }

    /// Closes all connections that are open now, as a server does with those
    /// that were idle for long.
    pub fn close_connections(&self) {
        self.shared.sockets.shut(false);
    }

    /// The next request, whatever it is, meets this fault.
    pub fn fail_next(&self, fault: Fault) {
        self.add_rule(Rule::new(fault).times(1));
    }

    /// Adds a rule after those there are; the first that matches decides.
    pub fn add_rule(&self, rule: Rule) {
        self.shared.faults.add(rule);
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.shared.faults.clear();
    }

    /// Puts a blob into a repository and gives its sha256 digest.
    pub fn put_blob(&self, name: &str, bytes: impl Into<Vec<u8>>) -> String {
        self.put_content(name, Content::held(bytes.into()))
    }

    /// Puts a blob of any length that costs 1 MiB of memory; its bytes depend
    /// on length and seed alone.
    pub fn put_synthetic_blob(&self, name: &str, length: u64, seed: u64) -> String {
        self.put_content(name, Content::synthetic(length, seed))
    }

    fn put_content(&self, name: &str, content: Content) -> String {
        let digest = content.digest(Algorithm::Sha256);
        self.shared.store().put_blob(name, digest.clone(), content);
        digest.as_str().to_owned()
    }

    /// Puts a manifest, unchecked, under a tag or a digest and gives its digest.
    /// With an empty reference it gets no tag.
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

    /// A copy of a blob, if the repository has it and kept its bytes.
    pub fn blob(&self, name: &str, digest: &str) -> Option<Vec<u8>> {
        let content = self.shared.store().blob(name, &Digest::parse(digest)?)?;
        content.is_kept().then(|| content.to_vec())
    }

    /// Whether a repository has a blob.
    pub fn has_blob(&self, name: &str, digest: &str) -> bool {
        Digest::parse(digest)
            .is_some_and(|digest| self.shared.store().blob(name, &digest).is_some())
    }

    /// The media type and the bytes of a manifest, by tag or digest.
    pub fn manifest(&self, name: &str, reference: &str) -> Option<(String, Vec<u8>)> {
        let (_, manifest) = self.shared.store().manifest(name, reference)?;
        Some((manifest.media_type, manifest.bytes.to_vec()))
    }

    /// How many uploads are open: neither finished nor cancelled.
    pub fn open_uploads(&self) -> usize {
        self.shared.store().open_uploads()
    }

    /// Makes all tokens given so far worthless, as if they had expired.
    pub fn revoke_tokens(&self) {
        self.shared.guard.revoke();
    }

    /// A new refresh token of the user, as a login would have left it.
    pub fn refresh_token(&self) -> String {
        self.shared.guard.issue_refresh()
    }
}
