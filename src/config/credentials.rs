//! Credential settings of a client.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

// Cycle: adds the setters of one subject to Config; see config/mod.rs.
use super::Config;
use super::credential::{Credential, CredentialCallback};
use super::credential_key::CredentialKey;
use crate::error::position::odd_byte;
use crate::error::{Error, Kind};

/// The default time limit of a credential helper.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);
/// The default time that a credential of a helper is used.
const HELPER_CACHE_TIME: Duration = Duration::from_secs(5 * 60);

/// The sources of credentials.
#[derive(Clone)]
pub(crate) struct CredentialSources {
    pub(crate) set: Vec<(CredentialKey, Credential)>,
    pub(crate) callback: Option<CredentialCallback>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) default_files: bool,
    pub(crate) run_helpers: bool,
    /// `None` means no limit.
    pub(crate) helper_timeout: Option<Duration>,
    /// Zero means that no result is kept.
    pub(crate) helper_cache_time: Duration,
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
            helper_cache_time: HELPER_CACHE_TIME,
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
    /// Sets the user name and password for the client's own registry, for Basic
    /// authentication and token requests.
    pub fn set_credentials(&mut self, username: &str, password: &str) -> Result<(), Error> {
        self.credentials = Some(Credential::password(username, password)?);
        Ok(())
    }

    /// Adds a credential for `host[:port][/path]`, where the path is a prefix of
    /// repository names. The longest match is used; a later credential replaces
    /// an earlier one with the same key.
    pub fn add_credential(&mut self, place: &str, credential: Credential) -> Result<(), Error> {
        let place = CredentialKey::parse(place).ok_or_else(|| {
            let wrong = odd_byte(place);
            let message =
                format!("place: not a host, a host with a port, or either with a path{wrong}");
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

    /// Adds a file in the format of Docker's config.json or of containers'
    /// auth.json. Files are searched in the order in which they were added.
    pub fn add_credentials_file(&mut self, path: &Path) -> Result<(), Error> {
        let path = std::path::absolute(path)
            .map_err(|error| Error::io(Kind::InvalidCredentialsFile, "credentials file", &error))?;
        self.credential_sources.files.push(path);
        Ok(())
    }

    /// Searches the default files of Docker and containers.
    pub fn use_default_credentials_files(&mut self, enable: bool) {
        self.credential_sources.default_files = enable;
    }

    /// Allows running the credential helpers named in files.
    pub fn set_credential_helpers(&mut self, run: bool) {
        self.credential_sources.run_helpers = run;
    }

    /// Sets the time limit of a credential helper.
    pub fn set_credential_helper_timeout(&mut self, timeout: Option<Duration>) {
        self.credential_sources.helper_timeout = timeout;
    }

    /// Sets how long a credential of a helper is used before the helper is run
    /// again; zero means that it is run for each use.
    pub fn set_credential_helper_cache_time(&mut self, time: Duration) {
        self.credential_sources.helper_cache_time = time;
    }
}
