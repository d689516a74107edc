//! TLS settings.

use std::path::Path;
use std::sync::Arc;

// Cycle: adds the setters of one subject to Config; see config/mod.rs.
use super::Config;
use crate::error::Error;
use crate::tls;
use crate::tls::Identity;
pub use crate::tls::{CertificateCallback, TlsVersion};

impl Config {
    /// Sets whether any certificate of the client's own host is accepted.
    pub fn set_insecure_skip_tls_verify(&mut self, skip: bool) {
        self.tls.skip_verification = skip;
    }

    /// Sets whether the platform's certificates are trusted too.
    pub fn set_system_trust(&mut self, trust: bool) {
        self.tls.system_trust = trust;
    }

    /// Adds trusted certificates from a PEM file, or one from a DER file.
    pub fn add_ca_file(&mut self, path: &Path) -> Result<(), Error> {
        let more = tls::certificates_of_file(path)?;
        Arc::make_mut(&mut self.tls.extra).extend(more);
        Ok(())
    }

    /// Adds trusted certificates from all files `*.crt`, `*.pem` and `*.cert` in
    /// a directory.
    pub fn add_ca_folder(&mut self, path: &Path) -> Result<(), Error> {
        let more = tls::certificates_of_folder(path)?;
        Arc::make_mut(&mut self.tls.extra).extend(more);
        Ok(())
    }

    /// Adds trusted certificates in PEM, or one in DER.
    pub fn add_ca_memory(&mut self, certificates: &[u8]) -> Result<(), Error> {
        let more = tls::certificates_of_memory(certificates)?;
        Arc::make_mut(&mut self.tls.extra).extend(more);
        Ok(())
    }

    /// Adds a client certificate with its chain and its key, which may be in the
    /// same file, for a registry or for the client's own.
    pub fn add_client_certificate_file(
        &mut self,
        registry: Option<&str>,
        certificate: &Path,
        key: Option<&Path>,
    ) -> Result<(), Error> {
        let identity = Identity::from_files(registry, certificate, key)?;
        Arc::make_mut(&mut self.tls.identities).push(identity);
        Ok(())
    }

    /// Adds a client certificate with its chain and its key, for a registry or
    /// for the client's own. `key` is empty if it is part of `certificate`.
    pub fn add_client_certificate_memory(
        &mut self,
        registry: Option<&str>,
        certificate: &[u8],
        key: &[u8],
    ) -> Result<(), Error> {
        let identity = Identity::from_memory(registry, certificate, key)?;
        Arc::make_mut(&mut self.tls.identities).push(identity);
        Ok(())
    }

    /// Sets the callback that decides on server certificates. Returns the earlier
    /// one.
    pub fn set_certificate_callback(
        &mut self,
        callback: Option<CertificateCallback>,
    ) -> Option<CertificateCallback> {
        std::mem::replace(&mut self.tls.certificate_callback, callback)
    }

    /// Adds a certs.d directory. The directory of a host is read when the host is
    /// first contacted.
    pub fn add_certs_folder(&mut self, path: &Path) -> Result<(), Error> {
        tls::check_folder(path)?;
        Arc::make_mut(&mut self.tls.certs_folders).push(path.to_owned());
        Ok(())
    }

    /// Searches the default certs.d directories of Docker and containers.
    pub fn use_default_certs_folders(&mut self, enable: bool) {
        self.tls.default_certs_folders = enable;
    }

    /// Sets the minimum TLS version.
    pub fn set_min_tls_version(&mut self, version: TlsVersion) {
        self.tls.min_version = version;
    }

    /// Writes TLS session keys to the file that SSLKEYLOGFILE names.
    pub fn set_key_log(&mut self, key_log: bool) {
        self.tls.key_log = key_log;
    }
}
