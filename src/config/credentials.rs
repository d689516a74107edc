//! Where a client finds out who asks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use super::credential::{Credential, CredentialCallback};
use super::credential_key::CredentialKey;
use crate::error::{Error, Kind};

/// How long a credential helper may take.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// Where credentials are looked for.
#[derive(Clone)]
pub(crate) struct CredentialSources {
    pub(crate) set: Vec<(CredentialKey, Credential)>,
    pub(crate) callback: Option<CredentialCallback>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) default_files: bool,
    pub(crate) run_helpers: bool,
    /// `None` = for as long as it takes.
    pub(crate) helper_timeout: Option<Duration>,
}

impl Default for CredentialSources {
    fn default() -> CredentialSources {
        CredentialSources {
            set: Vec::new(),
            callback: None,
            files: Vec::new(),
            default_files: false,
            run_helpers: false,
            helper_timeout: Some(HELPER_TIMEOUT),
        }
    }
}

impl PartialEq for CredentialSources {
    fn eq(&self, other: &CredentialSources) -> bool {
        let same_callback = match (&self.callback, &other.callback) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        same_callback
            && self.set == other.set
            && self.files == other.files
            && self.default_files == other.default_files
            && self.run_helpers == other.run_helpers
    }
}

impl Config {
    /// User name and password for the client's own registry; for Basic, and
    /// for asking for tokens.
    pub fn set_credentials(&mut self, username: &str, password: &str) -> Result<(), Error> {
        self.credentials = Some(Credential::password(username, password)?);
        Ok(())
    }

    /// A credential for `host`, `host:port`, or either with the beginning of
    /// repositories' names behind it. The longest path counts, and of two for
    /// the same place the later one.
    pub fn add_credential(&mut self, place: &str, credential: Credential) -> Result<(), Error> {
        let place = CredentialKey::parse(place).ok_or_else(|| {
            let message = "place: not a host, a host with a port, or either with a path";
            Error::new(Kind::InvalidArgument, message)
        })?;
        let set = &mut self.credential_sources.set;
        set.retain(|(other, _)| *other != place);
        set.push((place, credential));
        Ok(())
    }

    /// Sets the callback for credentials that are not set. Returns the earlier one.
    pub fn set_credential_callback(
        &mut self,
        callback: Option<CredentialCallback>,
    ) -> Option<CredentialCallback> {
        std::mem::replace(&mut self.credential_sources.callback, callback)
    }

    /// A file in the form of Docker's config.json or of containers' auth.json.
    /// Those that are added first count first.
    pub fn add_credentials_file(&mut self, path: &Path) -> Result<(), Error> {
        let path = std::path::absolute(path)
            .map_err(|error| Error::io(Kind::InvalidCredentialsFile, "credentials file", &error))?;
        self.credential_sources.files.push(path);
        Ok(())
    }

    /// Look at the files that Docker and containers keep for this user.
    pub fn use_default_credentials_files(&mut self, enable: bool) {
        self.credential_sources.default_files = enable;
    }

    /// Run the credential helpers that files name.
    pub fn set_credential_helpers(&mut self, run: bool) {
        self.credential_sources.run_helpers = run;
    }

    /// The longest that a credential helper may take.
    pub fn set_credential_helper_timeout(&mut self, timeout: Option<Duration>) {
        self.credential_sources.helper_timeout = timeout;
    }
}
