//! A private certificate authority and a server certificate signed by it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

use super::temp;

/// The names a server certificate is made for unless told otherwise.
pub const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The files and keys of one authority and one server.
pub struct Certificates {
    folder: TempDir,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Certificates {
    /// Makes a certificate for [`LOCAL_NAMES`].
    pub fn new() -> Self {
        Self::for_names(&LOCAL_NAMES)
    }

    /// Makes a certificate for `names`, host names and addresses alike.
    pub fn for_names(names: &[&str]) -> Self {
        Self::make(server_params(names))
    }

    /// Makes a certificate for [`LOCAL_NAMES`] that is out of date.
    pub fn expired() -> Self {
        let mut params = server_params(&LOCAL_NAMES);
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        Self::make(params)
    }

    fn make(params: CertificateParams) -> Self {
        let mut ca_params = server_params(&[]);
        ca_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca_params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        ca_params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "reggie test authority");
        let ca_key = KeyPair::generate().expect("a key can be made");
        let ca = ca_params
            .self_signed(&ca_key)
            .expect("the authority can be signed");
        let issuer = Issuer::new(ca_params, ca_key);

        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params
            .signed_by(&key, &issuer)
            .expect("the certificate can be signed");

        let folder = temp::folder();
        for (name, text) in [
            ("ca.pem", ca.pem()),
            ("server.pem", certificate.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            std::fs::write(folder.path().join(name), text).expect("the folder is writable");
        }
        Self {
            folder,
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
        }
    }

    /// The PEM file of the authority, which a client is to trust.
    pub fn ca_path(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// The PEM file of the server's certificate.
    pub fn certificate_path(&self) -> PathBuf {
        self.file("server.pem")
    }

    /// The PEM file of the server's key.
    pub fn key_path(&self) -> PathBuf {
        self.file("server.key")
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    /// The settings of a rustls server that shows this certificate.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        // The provider is named, as other crates may turn on a second one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .expect("the key fits the certificate");
        Arc::new(config)
    }
}

fn server_params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).expect("the names are host names or addresses")
}
