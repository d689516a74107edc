//! The settings of TLS.

use std::path::Path;
use std::sync::Arc;

use super::Config;
use crate::error::Error;
use crate::tls;
use crate::tls::Identity;
pub use crate::tls::{CertificateCallback, TlsVersion};

impl Config {
    /// Accept whatever certificate the client's own host shows.
    pub fn set_insecure_skip_tls_verify(&mut self, skip: bool) {
        self.tls.skip_verification = skip;
    }

    /// Trust what the platform trusts, beside what is added.
    pub fn set_system_trust(&mut self, trust: bool) {
        self.tls.system_trust = trust;
    }

    /// Certificates to trust, from a file of PEM or one in DER.
    pub fn add_ca_file(&mut self, path: &Path) -> Result<(), Error> {
        let more = tls::certificates_of_file(path)?;
        Arc::make_mut(&mut self.tls.extra).extend(more);
        Ok(())
    }

    /// Certificates to trust, from all files `*.crt`, `*.pem` and `*.cert` of a
    /// folder.
    pub fn add_ca_folder(&mut self, path: &Path) -> Result<(), Error> {
        let more = tls::certificates_of_folder(path)?;
        Arc::make_mut(&mut self.tls.extra).extend(more);
        Ok(())
    }

    /// Certificates to trust, in PEM, or one in DER.
    pub fn add_ca_memory(&mut self, certificates: &[u8]) -> Result<(), Error> {
        let more = tls::certificates_of_memory(certificates)?;
        Arc::make_mut(&mut self.tls.extra).extend(more);
        Ok(())
    }

    /// A client certificate with its chain, and its key, which may be in the
    /// same file. It is for a registry, or for the client's own.
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

    /// A client certificate with its chain, and its key, which may be in the
    /// same text and is then empty. It is for a registry, or for the client's
    /// own.
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

    /// What decides on the certificates of servers. Gives the earlier one.
    pub fn set_certificate_callback(
        &mut self,
        callback: Option<CertificateCallback>,
    ) -> Option<CertificateCallback> {
        std::mem::replace(&mut self.tls.certificate_callback, callback)
    }

    /// A folder with a folder for each host, which is read when the host is
    /// first needed.
    pub fn add_certs_folder(&mut self, path: &Path) -> Result<(), Error> {
        tls::check_folder(path)?;
        Arc::make_mut(&mut self.tls.certs_folders).push(path.to_owned());
        Ok(())
    }

    /// Look for folders of hosts where Docker and containers have them.
    pub fn use_default_certs_folders(&mut self, enable: bool) {
        self.tls.default_certs_folders = enable;
    }

    /// The oldest version of TLS that is spoken.
    pub fn set_min_tls_version(&mut self, version: TlsVersion) {
        self.tls.min_version = version;
    }

    /// Write the keys of all TLS sessions to the file that SSLKEYLOGFILE names.
    pub fn set_key_log(&mut self, key_log: bool) {
        self.tls.key_log = key_log;
    }
}
