//! The sources of credentials, by precedence: settings, the callback, files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::default_paths;
use super::file::{self, Candidate, Contents};
use super::helper::Helpers;
use super::helper_results::{HelperKey, HelperResults};
use crate::config::Config;
use crate::config::credential::{Credential, CredentialCallback};
use crate::config::credential_key::{CredentialKey, helper_key};
use crate::error::{Error, Kind, Step};
use crate::http::url::Origin;
use crate::os::deadline::CallLimits;
use crate::os::subprocess;

/// A credential and a description of its source.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) credential: Credential,
    pub(crate) source: String,
    /// A helper returned it earlier, so it may be outdated.
    pub(crate) is_kept: bool,
}

/// The result of a search, with the sources that had no credential, in order.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    pub(crate) found: Option<Found>,
    pub(crate) tried: Vec<String>,
}

/// Where the credential of a search came from, or was not found.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) found: Option<String>,
    tried: Vec<String>,
}

impl Lookup {
    pub(crate) fn source(&self) -> Source {
        Source {
            found: self.found.as_ref().map(|found| found.source.clone()),
            tried: self.tried.clone(),
        }
    }
}

impl Source {
    /// As it follows a message about a rejection.
    pub(crate) fn note(&self) -> String {
        match (&self.found, self.tried.as_slice()) {
            (Some(found), _) => format!(" (credentials: {found})"),
            (None, []) => " (no credentials)".to_owned(),
            (None, tried) => format!(" (no credentials in {})", tried.join("; ")),
        }
    }
}

/// The sources of credentials of a client.
pub(crate) struct CredentialStore {
    /// For the client's own registry.
    own: Option<Credential>,
    set: Vec<(CredentialKey, Credential)>,
    callback: Option<CredentialCallback>,
    files: Vec<CredentialFile>,
    helpers: Option<Helpers>,
    helper_results: Arc<HelperResults>,
    helper_cache_time: Duration,
}

struct CredentialFile {
    path: PathBuf,
    /// The caller named this file: it must exist.
    is_required: bool,
}

impl CredentialStore {
    /// Reads all files once, so that an invalid file is reported immediately.
    /// `results` may be those of a store with the same settings.
    pub(crate) fn new(
        config: &Config,
        results: Arc<HelperResults>,
    ) -> Result<CredentialStore, Error> {
        let settings = &config.credential_sources;
        let mut files: Vec<CredentialFile> = settings
            .files
            .iter()
            .map(|path| CredentialFile {
                path: path.clone(),
                is_required: true,
            })
            .collect();
        if settings.default_files {
            let defaults = default_paths::files(|name| config.variable(name), subprocess::user());
            files.extend(defaults.into_iter().map(|path| CredentialFile {
                path,
                is_required: false,
            }));
        }
        for source in &files {
            source.read()?;
        }
        let helpers = settings
            .run_helpers
            .then(|| Helpers::new(settings.helper_timeout, std::env::vars_os().collect()));
        Ok(CredentialStore {
            own: config.credentials.clone(),
            set: settings.set.clone(),
            callback: settings.callback.clone(),
            files,
            helpers,
            helper_results: results,
            helper_cache_time: settings.helper_cache_time,
        })
    }

    #[cfg(test)]
    pub(super) fn with_helpers_in(
        mut self,
        folder: &std::path::Path,
        timeout: Option<std::time::Duration>,
    ) -> CredentialStore {
        let path = format!("{}:/usr/bin:/bin", folder.display());
        self.helpers = Some(Helpers::new(timeout, vec![("PATH".into(), path.into())]));
        self
    }

    pub(crate) fn helper_results(&self) -> Arc<HelperResults> {
        Arc::clone(&self.helper_results)
    }

    /// Forgets credentials of helpers that a server rejected.
    pub(crate) fn forget_helper_results(&self, is_rejected: impl Fn(&Credential) -> bool) {
        if self.helpers.is_some() {
            self.helper_results.forget(is_rejected);
        }
    }

    /// The credentials from the settings.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Credential> {
        let set = self.set.iter().map(|(_, credential)| credential);
        self.own.iter().chain(set)
    }

    /// Finds the credential for a repository or for the registry. May call the
    /// callback, read files and run helpers.
    pub(crate) fn lookup(
        &self,
        registry: &Origin,
        repository: Option<&str>,
        limits: &CallLimits,
    ) -> Result<Lookup, Error> {
        let mut lookup = Lookup {
            found: self.of_settings(registry, repository),
            tried: Vec::new(),
        };
        if lookup.found.is_some() {
            return Ok(lookup);
        }
        if let Some(callback) = &self.callback {
            let callback = Arc::clone(callback);
            let (host, name) = (registry.authority(), repository.map(str::to_owned));
            let found =
                limits.call_back(Step::Credentials, move || callback(&host, name.as_deref()))?;
            if let Some(credential) = found? {
                lookup.found = Some(Found {
                    credential,
                    source: "the credential callback".to_owned(),
                    is_kept: false,
                });
                return Ok(lookup);
            }
            lookup.tried.push("the credential callback".to_owned());
        }
        for source in &self.files {
            let tried = &mut lookup.tried;
            lookup.found = self.of_file(source, registry, repository, limits, tried)?;
            if lookup.found.is_some() {
                break;
            }
        }
        Ok(lookup)
    }

    /// The credential with the longest path; if there are several, the last one
    /// added.
    fn of_settings(&self, registry: &Origin, repository: Option<&str>) -> Option<Found> {
        let fitting = self
            .set
            .iter()
            .filter(|(place, _)| place.covers(registry, repository));
        if let Some((place, credential)) = fitting.max_by_key(|(place, _)| place.path().len()) {
            return Some(Found {
                credential: credential.clone(),
                source: format!("the client's settings for {place}"),
                is_kept: false,
            });
        }
        self.own.clone().map(|credential| Found {
            credential,
            source: "the client's settings".to_owned(),
            is_kept: false,
        })
    }

    fn of_file(
        &self,
        source: &CredentialFile,
        registry: &Origin,
        repository: Option<&str>,
        limits: &CallLimits,
        tried: &mut Vec<String>,
    ) -> Result<Option<Found>, Error> {
        let shown = source.path.display();
        // Read the file each time, to notice logins and logouts.
        let Some(contents) = source.read()? else {
            return Ok(None);
        };
        for candidate in contents.candidates(registry, repository) {
            match candidate {
                Candidate::Credential(credential) => {
                    return Ok(Some(Found {
                        credential: credential.clone(),
                        source: shown.to_string(),
                        is_kept: false,
                    }));
                }
                Candidate::Broken(why) => {
                    let message = format!("credentials file {shown}: {why}");
                    let error = Error::new(Kind::InvalidCredentialsFile, message);
                    return Err(error.at(Step::Credentials));
                }
                Candidate::Helper(name) => {
                    let named = format!("docker-credential-{name} of {shown}");
                    let Some(helpers) = &self.helpers else {
                        tried.push(format!("{named} (not run: helpers are not allowed)"));
                        continue;
                    };
                    let key = HelperKey {
                        helper: name.to_owned(),
                        registry: helper_key(registry),
                    };
                    let (keep, timeout) = (self.helper_cache_time, helpers.timeout);
                    let run = || helpers.get(name, &key.registry, limits);
                    let result = self.helper_results.get(&key, keep, timeout, limits, run)?;
                    if let Some(credential) = result.credential {
                        return Ok(Some(Found {
                            credential,
                            source: named,
                            is_kept: result.is_kept,
                        }));
                    }
                    tried.push(named);
                }
            }
        }
        tried.push(shown.to_string());
        Ok(None)
    }
}

impl CredentialFile {
    fn read(&self) -> Result<Option<Contents>, Error> {
        let contents = file::read(&self.path)?;
        if contents.is_none() && self.is_required {
            let shown = self.path.display();
            let message = format!("credentials file {shown}: no such file");
            let error = Error::new(Kind::InvalidCredentialsFile, message);
            return Err(error.with_errno(libc::ENOENT));
        }
        Ok(contents)
    }
}
