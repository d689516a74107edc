//! Client certificates and their keys. A certificate is a credential: it is
//! sent only to the origin that it was set for.

use std::path::Path;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::{CertifiedKey, SigningKey};
use zeroize::Zeroizing;

use super::p521::P521Key;
use super::{der, material, pem_text};
use crate::error::{Error, Kind, with_path};
use crate::http::url::{Origin, Scheme, Url};

/// A client certificate with its key and origin.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// `None`: the client's own origin.
    origin: Option<Origin>,
    key: Arc<CertifiedKey>,
}

impl Identity {
    /// For a host with an optional port, or for the client's own origin. The
    /// key may be in the certificate file.
    pub(crate) fn from_files(
        registry: Option<&str>,
        certificate: &Path,
        key: Option<&Path>,
    ) -> Result<Identity, Error> {
        let origin = registry.map(origin_of).transpose()?;
        let key = read(certificate, key)?;
        Ok(Identity { origin, key })
    }

    /// Like [`Self::from_files`]. If the key is empty, it is taken
    /// from the certificate data.
    pub(crate) fn from_memory(
        registry: Option<&str>,
        certificate: &[u8],
        key: &[u8],
    ) -> Result<Identity, Error> {
        let origin = registry.map(origin_of).transpose()?;
        let problem = |why: &str| invalid("in memory", why);
        let key = if key.is_empty() { certificate } else { key };
        let key = assemble(certificate, key, &problem, &problem)?;
        Ok(Identity { origin, key })
    }

    pub(super) fn is_for(&self, origin: &Origin, own: &Origin) -> bool {
        origin.scheme == Scheme::Https && self.origin.as_ref().unwrap_or(own) == origin
    }

    pub(super) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

/// The origin of `registry.example:5000` or of its https URL.
fn origin_of(registry: &str) -> Result<Origin, Error> {
    let refused = |why: &str| {
        let message = format!("client certificate: the registry {why}");
        Error::new(Kind::InvalidArgument, message)
    };
    let text = match registry.contains("://") {
        true => registry.to_owned(),
        false => format!("https://{registry}"),
    };
    let url = Url::read(&text).map_err(|why| refused(&why))?;
    if url.scheme() != Scheme::Https {
        return Err(refused("is not https"));
    }
    if url.path_and_query() != "/" {
        return Err(refused("must be a host with an optional port"));
    }
    Ok(url.origin())
}

/// Reads a certificate and its key, which may be in the certificate file.
pub(super) fn read(certificate: &Path, key: Option<&Path>) -> Result<Arc<CertifiedKey>, Error> {
    let open = |path: &Path| {
        material::read(path).map_err(|error| {
            let what = with_path("client certificate", path);
            Error::io(Kind::InvalidClientCertificate, what, &error)
        })
    };
    let chain = open(certificate)?;
    let named = |path: &Path, why: &str| invalid(&path.display().to_string(), why);
    let (key_path, separate) = match key {
        Some(path) if path != certificate => (path, Some(open(path)?)),
        _ => (certificate, None),
    };
    let chain_problem = |why: &str| named(certificate, why);
    let key_problem = |why: &str| named(key_path, why);
    let key = separate.as_ref().unwrap_or(&chain);
    assemble(&chain, key, &chain_problem, &key_problem)
}

fn invalid(place: &str, why: &str) -> Error {
    let message = format!("client certificate {place}: {why}");
    Error::new(Kind::InvalidClientCertificate, message)
}

/// `about_chain` and `about_key` create errors that name the source.
fn assemble(
    chain: &[u8],
    key: &[u8],
    about_chain: &dyn Fn(&str) -> Error,
    about_key: &dyn Fn(&str) -> Error,
) -> Result<Arc<CertifiedKey>, Error> {
    let chain = material::parse(chain).map_err(about_chain)?;
    let key = private_key(key).map_err(about_key)?;
    let of_p521 = || Some(Arc::new(P521Key::parse(&key)?) as Arc<dyn SigningKey>);
    let key = any_supported_type(&key).ok().or_else(of_p521).ok_or_else(|| {
        about_key("the key cannot be used: it is damaged, or not RSA of 2048 to 4096 bits, P-256, P-384, P-521 or Ed25519")
    })?;
    // Compared here, since rustls does not check version 1 certificates.
    let own = chain
        .first()
        .and_then(|certificate| webpki::anchor_from_trusted_cert(certificate).ok())
        .map(|anchor| webpki::spki_for_anchor(&anchor));
    if own.is_none() || own != key.public_key() {
        return Err(about_key("the key is not that of the first certificate"));
    }
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}

/// The first key in PEM, or a key in DER. Zeroized on drop.
fn private_key(bytes: &[u8]) -> Result<Zeroizing<PrivateKeyDer<'static>>, &'static str> {
    if material::is_der(bytes) {
        return PrivateKeyDer::try_from(bytes)
            .map(|key| Zeroizing::new(key.clone_key()))
            .map_err(|_| "the key cannot be parsed");
    }
    let pem = pem_text::clean(bytes)?;
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(key) => Ok(Zeroizing::new(key)),
        _ if is_encrypted(&pem) => {
            Err("the key is encrypted; only keys without a passphrase are supported")
        }
        Err(pem::Error::NoItemsFound) => Err("it contains no private key"),
        Err(_) => Err("the key is not valid pem"),
    }
}

/// Whether the PEM data contains a key with a passphrase, in either format.
fn is_encrypted(pem: &[u8]) -> bool {
    let mark = b"Proc-Type: 4,ENCRYPTED";
    pem_text::has_block(pem, "ENCRYPTED PRIVATE KEY")
        || pem.windows(mark.len()).any(|window| window == mark)
}

/// The client certificates of one origin.
#[derive(Debug)]
pub(super) struct Identities(Vec<Arc<CertifiedKey>>);

impl Identities {
    pub(super) fn new(keys: Vec<Arc<CertifiedKey>>) -> Identities {
        Identities(keys)
    }
}

impl ResolvesClientCert for Identities {
    /// Chooses among the certificates that the server can verify. If there are
    /// several, prefers one that an authority in the server's list issued; the
    /// list may be incomplete, so it does not exclude any.
    fn resolve(
        &self,
        authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let usable = || {
            let can_sign = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
            self.0.iter().filter(can_sign)
        };
        let named = usable().find(|key| {
            key.cert
                .iter()
                .any(|certificate| is_issued_by(certificate, authorities))
        });
        named.or_else(|| usable().next()).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}

/// Whether one of these distinguished names, in DER, is the issuer.
fn is_issued_by(certificate: &CertificateDer<'_>, authorities: &[&[u8]]) -> bool {
    let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else {
        return false;
    };
    let issuer = parsed.issuer();
    let is_issuer = |name: &&[u8]| der::split(name).is_some_and(|(_, name, _)| name == issuer);
    authorities.iter().any(is_issuer)
}
