//! A private certificate authority and a server certificate signed by it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use embedded_registry::secrets;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tempfile::TempDir;

use super::temp;

/// The names a server certificate is made for unless told otherwise.
pub const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The files and keys of one authority and one server.
pub struct Certificates {
    folder: TempDir,
    /// The authorities of the certificates that clients are asked for.
    clients: RootCertStore,
    clients_may_have_none: bool,
    versions: Vec<&'static SupportedProtocolVersion>,
    tickets: Option<usize>,
}

impl Default for Certificates {
    fn default() -> Self {
        Self::new()
    }
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

    /// Makes a certificate for [`LOCAL_NAMES`] of a later time.
    pub fn not_yet_valid() -> Self {
        let mut params = server_params(&LOCAL_NAMES);
        params.not_before = rcgen::date_time_ymd(2101, 1, 1);
        params.not_after = rcgen::date_time_ymd(2102, 1, 1);
        Self::make(params)
    }

    /// Makes a certificate that has `localhost` as its common name alone.
    pub fn with_common_name_only() -> Self {
        let mut params = server_params(&[]);
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        Self::make(params)
    }

    /// Makes a certificate that is signed with its own key.
    pub fn self_signed() -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let params = server_params(&LOCAL_NAMES);
        let certificate = params.self_signed(&key).expect("a certificate");
        let pem = certificate.pem();
        Self::of_texts(&pem, &pem, &key.serialize_pem())
    }

    fn make(params: CertificateParams) -> Self {
        let authority = Authority::new("reggie test authority");
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = authority.sign(params, &key);
        Self::of_texts(&authority.pem(), &certificate.pem(), &key.serialize_pem())
    }

    /// Takes an authority, a certificate and its key, all in PEM.
    pub fn of_texts(ca: &str, certificate: &str, key: &str) -> Self {
        secrets::note_key(key);
        let folder = temp::folder();
        for (name, text) in [
            ("ca.pem", ca),
            ("server.pem", certificate),
            ("server.key", key),
        ] {
            std::fs::write(folder.path().join(name), text).expect("the folder is writable");
        }
        Self {
            folder,
            clients: RootCertStore::empty(),
            clients_may_have_none: false,
            versions: rustls::ALL_VERSIONS.to_vec(),
            tickets: None,
        }
    }

    /// The server asks for a certificate of this authority, or of one of
    /// several, and ends the handshake where there is none.
    pub fn asking(mut self, authority: &Authority) -> Self {
        let der = authority.certificate.der().clone();
        self.clients.add(der).expect("an authority");
        self
    }

    /// The server goes on with clients that have no certificate.
    pub fn but_optional(mut self) -> Self {
        self.clients_may_have_none = true;
        self
    }

    /// The server shows its authority's certificate as well.
    pub fn add_authority_to_chain(&mut self) {
        let parts = [self.certificate_path(), self.ca_path()];
        let chain = parts.map(|path| std::fs::read_to_string(path).expect("a text"));
        std::fs::write(self.certificate_path(), chain.concat()).expect("the folder is writable");
    }

    /// The server speaks one version of TLS.
    pub fn speaking(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    /// The server sends so many session tickets.
    pub fn with_tickets(mut self, count: usize) -> Self {
        self.tickets = Some(count);
        self
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
        let chain: Vec<_> = CertificateDer::pem_file_iter(self.certificate_path())
            .and_then(Iterator::collect)
            .expect("certificates");
        let key = PrivateKeyDer::from_pem_file(self.key_path()).expect("a key");
        let key = any_supported_type(&key).expect("a key of a known kind");
        // The provider is named, as other crates may turn on a second one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .expect("ring knows the default versions");
        let builder = if self.clients.is_empty() {
            builder.with_no_client_auth()
        } else {
            let clients = Arc::new(self.clients.clone());
            let mut verifier = WebPkiClientVerifier::builder_with_provider(clients, provider);
            if self.clients_may_have_none {
                verifier = verifier.allow_unauthenticated();
            }
            builder.with_client_cert_verifier(verifier.build().expect("there are authorities"))
        };
        // Unlike the direct way this takes certificates of version 1, too.
        let shown = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        let mut config = builder.with_cert_resolver(Arc::new(shown));
        if let Some(count) = self.tickets {
            config.send_tls13_tickets = count;
        }
        Arc::new(config)
    }
}

/// An authority that signs certificates.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes one of this name.
    pub fn new(name: &str) -> Self {
        let mut params = server_params(&[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params
            .self_signed(&key)
            .expect("the authority can be signed");
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Its own certificate.
    pub fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// Makes a certificate of a client, with the key in PEM that is given.
    pub fn client(&self, key: &str) -> Certificate {
        let mut params = server_params(&[]);
        params
            .distinguished_name
            .push(DnType::CommonName, "reggie test client");
        secrets::note_key(key);
        let key = KeyPair::from_pem(key).expect("a key of a known kind");
        self.sign(params, &key)
    }

    fn sign(&self, params: CertificateParams, key: &KeyPair) -> Certificate {
        params
            .signed_by(key, &self.issuer)
            .expect("the certificate can be signed")
    }
}

fn server_params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).expect("the names are host names or addresses")
}
