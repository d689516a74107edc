//! The TLS settings of a client, and the rustls configuration for each origin:
//! trust and client certificates.

mod algorithm_name;
mod certs_folder;
mod client_auth;
mod clock;
mod der;
mod ecdsa;
mod material;
mod name;
mod p521;
mod pem_text;
mod platform;
mod refusal;
mod verify;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use once_cell::sync::OnceCell;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ClientConfig, KeyLogFile, SupportedProtocolVersion, crypto};

pub(crate) use self::client_auth::Identity;
pub(crate) use self::material::{
    certificates_of_file, certificates_of_folder, certificates_of_memory, check_folder,
};
pub(crate) use self::refusal::explain;
pub use self::verify::CertificateCallback;

#[cfg(fuzzing)]
pub(crate) use self::algorithm_name::name as algorithm_name;

use self::certs_folder::{CertsFolder, HostFolder};
use self::client_auth::Identities;
use self::clock::SystemClock;
use self::p521::P521Group;
use self::platform::Platform;
use self::verify::{CallbackQuery, Roots, Verifier};
use crate::error::{Error, Kind, with_path};
use crate::http::url::Origin;
use crate::os::deadline::CallLimits;
use crate::os::descriptor;

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// The TLS settings of a client. Parsed certificates are shared between copies.
#[derive(Clone)]
pub(crate) struct TlsSettings {
    /// Trusted in addition to the system's certificates.
    pub(crate) extra: Arc<Vec<CertificateDer<'static>>>,
    /// Trust the system's certificates.
    pub(crate) system_trust: bool,
    /// Accept any certificate of the client's own host.
    pub(crate) skip_verification: bool,
    pub(crate) identities: Arc<Vec<Identity>>,
    /// certs.d directories, in search order.
    pub(crate) certs_folders: Arc<Vec<PathBuf>>,
    /// Search the default certs.d directories too.
    pub(crate) default_certs_folders: bool,
    pub(crate) min_version: TlsVersion,
    /// Write session keys to the file that SSLKEYLOGFILE names.
    pub(crate) key_log: bool,
    pub(crate) certificate_callback: Option<CertificateCallback>,
}

impl TlsSettings {
    /// Whether both have the same settings. Compares shared data by pointer.
    pub(crate) fn is_same(&self, other: &TlsSettings) -> bool {
        let callbacks = match (&self.certificate_callback, &other.certificate_callback) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        callbacks
            && self.extra == other.extra
            && (Arc::ptr_eq(&self.identities, &other.identities)
                || (self.identities.is_empty() && other.identities.is_empty()))
            && self.certs_folders == other.certs_folders
            && self.default_certs_folders == other.default_certs_folders
            && self.system_trust == other.system_trust
            && self.skip_verification == other.skip_verification
            && self.min_version == other.min_version
            && self.key_log == other.key_log
    }
}

impl Default for TlsSettings {
    fn default() -> TlsSettings {
        TlsSettings {
            extra: Arc::default(),
            system_trust: true,
            skip_verification: false,
            identities: Arc::default(),
            certs_folders: Arc::default(),
            default_certs_folders: false,
            min_version: TlsVersion::default(),
            key_log: false,
            certificate_callback: None,
        }
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings").finish_non_exhaustive()
    }
}

/// Creates and caches the TLS configuration for each origin.
pub(crate) struct Tls {
    settings: TlsSettings,
    /// The client's own origin, for client certificates without a host.
    own: Origin,
    folders: Vec<CertsFolder>,
    /// `None`: the system's certificates are not trusted.
    platform: Option<Platform>,
    provider: Arc<CryptoProvider>,
    key_log: Option<Arc<KeyLogFile>>,
    common: OnceCell<Made>,
    /// For the client's own host if verification is off.
    unverified: OnceCell<Made>,
    /// For origins with their own settings. Their number depends on the
    /// caller's settings and folders, not on servers.
    special: Mutex<HashMap<Origin, Made>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// The settings of one handshake; kept until it is done.
pub(crate) struct Handshake {
    config: Arc<ClientConfig>,
    /// Of the call, for the certificate callback. The connection keeps the
    /// settings and outlives the call, so they have only a weak reference.
    _limits: Option<Arc<CallLimits>>,
}

impl Handshake {
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}

/// A rustls configuration with its own session cache.
#[derive(Clone)]
struct Made {
    roots: Arc<Roots>,
    verifier: Verifier,
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Reads the environment if permitted. Does not read certificates yet.
    pub(crate) fn new(
        settings: &TlsSettings,
        own: Origin,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Tls, Error> {
        let mut provider = crypto::ring::default_provider();
        provider.signature_verification_algorithms = ecdsa::ALGORITHMS;
        provider.kx_groups.push(&P521Group);
        let preferred = preferred_suites();
        let (mut suites, others): (Vec<_>, Vec<_>) = provider
            .cipher_suites
            .into_iter()
            .partition(|suite| preferred.contains(&suite.suite()));
        suites.extend(others);
        provider.cipher_suites = suites;
        let with_defaults = settings.default_certs_folders;
        let home = with_defaults.then(|| variable("HOME")).flatten();
        let home = home.map(PathBuf::from);
        let key_log = settings.key_log.then(|| variable("SSLKEYLOGFILE"));
        let key_log = key_log.flatten().map(PathBuf::from);
        Ok(Tls {
            folders: certs_folder::search_path(
                &settings.certs_folders,
                with_defaults,
                home.as_deref(),
            ),
            key_log: key_log.map(open_key_log).transpose()?,
            platform: settings.system_trust.then(|| Platform::new(&variable)),
            settings: settings.clone(),
            own,
            provider: Arc::new(provider),
            common: OnceCell::new(),
            unverified: OnceCell::new(),
            special: Mutex::default(),
        })
    }

    /// Reads what connections to `origin` need: the platform's certificates the
    /// first time, the folders of a host when it is first needed.
    pub(crate) fn prepare(&self, origin: &Origin) -> Result<(), Error> {
        self.made(origin).map(|_| ())
    }

    /// The settings of a handshake with `origin` within a call.
    pub(crate) fn handshake(
        &self,
        origin: &Origin,
        limits: &CallLimits,
    ) -> Result<Handshake, Error> {
        let made = self.made(origin)?;
        let Some(callback) = &self.settings.certificate_callback else {
            return Ok(Handshake {
                config: made.config,
                _limits: None,
            });
        };
        let limits = Arc::new(limits.clone());
        let mut config = ClientConfig::clone(&made.config);
        let query = CallbackQuery {
            host: origin.authority(),
            callback: callback.clone(),
            limits: Arc::downgrade(&limits),
        };
        let verifier = made.verifier.with_callback(query);
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(verifier));
        // A resumed session has no certificates to pass to the callback.
        config.resumption = Resumption::disabled();
        Ok(Handshake {
            config: Arc::new(config),
            _limits: Some(limits),
        })
    }

    fn made(&self, origin: &Origin) -> Result<Made, Error> {
        let kept = self.special().get(origin).cloned();
        if let Some(made) = kept {
            return Ok(made);
        }
        // Other hosts, such as token servers, are verified even if the client's
        // own host is not.
        let verifies = !(self.settings.skip_verification && origin.host == self.own.host);
        let common = match verifies {
            true => &self.common,
            false => &self.unverified,
        };
        let common = common.get_or_try_init(|| {
            let system = self.platform.as_ref().filter(|_| verifies);
            let system = system.map(Platform::certificates).transpose()?;
            let roots = Roots::new(system.into_iter().flatten(), &self.settings.extra);
            self.make(Arc::new(roots), Vec::new(), verifies)
        })?;
        let own = |identity: &&Identity| identity.is_for(origin, &self.own);
        let identities = self.settings.identities.iter().filter(own);
        let mut keys: Vec<_> = identities.map(Identity::key).collect();
        let folder = certs_folder::read(&self.folders, origin)?;
        if keys.is_empty() && folder.is_none() {
            return Ok(common.clone());
        }
        let HostFolder {
            certificates,
            keys: more,
        } = folder.unwrap_or_default();
        keys.extend(more);
        let roots = match certificates.is_empty() {
            true => Arc::clone(&common.roots),
            false => Arc::new(common.roots.with(&certificates)),
        };
        let made = self.make(roots, keys, verifies)?;
        // If another thread was faster, use its configuration and session
        // cache.
        Ok(self.special().entry(origin.clone()).or_insert(made).clone())
    }

    fn special(&self) -> MutexGuard<'_, HashMap<Origin, Made>> {
        self.special.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(
        &self,
        roots: Arc<Roots>,
        keys: Vec<Arc<CertifiedKey>>,
        verifies: bool,
    ) -> Result<Made, Error> {
        let versions: &[&SupportedProtocolVersion] = match self.settings.min_version {
            TlsVersion::Tls12 => &[&TLS13, &TLS12],
            TlsVersion::Tls13 => &[&TLS13],
        };
        let verifier = match verifies {
            true => Verifier::new(&roots, &self.provider)?,
            false => Verifier::accepting_all(&self.provider),
        };
        let provider = Arc::clone(&self.provider);
        let builder = ClientConfig::builder_with_details(provider, Arc::new(SystemClock))
            .with_protocol_versions(versions)
            .map_err(|error| Error::new(Kind::Tls, format!("tls settings: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.clone()));
        let mut config = match keys.is_empty() {
            true => builder.with_no_client_auth(),
            false => builder.with_client_cert_resolver(Arc::new(Identities::new(keys))),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if let Some(key_log) = &self.key_log {
            config.key_log = key_log.clone();
        }
        Ok(Made {
            roots,
            verifier,
            config: Arc::new(config),
        })
    }
}

/// Opens the key log. rustls ignores a file that it cannot open, so check
/// first.
fn open_key_log(path: PathBuf) -> Result<Arc<KeyLogFile>, Error> {
    let _held = descriptor::hold_standard();
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| Error::io(Kind::File, with_path("key log", &path), &error))?;
    Ok(Arc::new(KeyLogFile::new()))
}

/// The suites with the cheapest cipher on this machine; most servers follow the client's
/// preference.
///
/// With AES instructions, AES-128-GCM is the fastest. Without them,
/// ChaCha20-Poly1305 is about as fast, and valgrind supports it: valgrind lacks
/// vector AES and reports the results of ring's other AES-GCM code as
/// uninitialised.
fn preferred_suites() -> [CipherSuite; 3] {
    #[cfg(target_arch = "x86_64")]
    let fast = std::is_x86_feature_detected!("vaes")
        && std::is_x86_feature_detected!("vpclmulqdq")
        && std::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    let fast = cfg!(target_arch = "aarch64");
    match fast {
        true => [
            CipherSuite::TLS13_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        false => [
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ],
    }
}
