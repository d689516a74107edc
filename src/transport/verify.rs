//! Which server certificates are accepted, and the TLS settings that follow.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};

use crate::error::{Error, Kind};
use crate::file;

/// Whom a client trusts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// Certificates beside the platform's own.
    pub(crate) extra: Vec<CertificateDer<'static>>,
    /// Accept whatever certificate comes.
    pub(crate) skip_verification: bool,
}

/// The certificates of a PEM file.
pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let shown = path.display();
    let mut pem = Vec::new();
    file::open(path)
        .and_then(|(mut file, _)| file.read_to_end(&mut pem))
        .map_err(|error| {
            let what = format_args!("certificates {shown}");
            Error::io(Kind::InvalidCertificates, what, &error)
        })?;
    let invalid = |why: &str| {
        Error::new(
            Kind::InvalidCertificates,
            format!("certificates {shown}: {why}"),
        )
    };
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|_| invalid("not valid pem"))?;
    if certificates.is_empty() {
        return Err(invalid("no certificate in it"));
    }
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        // One that cannot be parsed would be left out without a word.
        store
            .add(certificate.clone())
            .map_err(|_| invalid("a certificate in it cannot be parsed"))?;
    }
    Ok(certificates)
}

/// The settings of all TLS connections of a client.
pub(crate) fn client_config(trust: &Trust) -> Result<Arc<ClientConfig>, Error> {
    let mut provider = crypto::ring::default_provider();
    let preferred = preferred_cipher();
    provider
        .cipher_suites
        .sort_by_key(|suite| !format!("{:?}", suite.suite()).contains(preferred));
    let provider = Arc::new(provider);
    let verifier: Arc<dyn ServerCertVerifier> = if trust.skip_verification {
        Arc::new(AcceptAny(Arc::clone(&provider)))
    } else {
        Arc::new(Verifier::new(trust, &provider)?)
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Tls, format!("tls settings: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The cipher that costs least here; servers mostly follow a client's wish.
///
/// With vector instructions for AES nothing compares to AES-GCM, of which 128
/// bits are enough for a session. Without them ChaCha20-Poly1305 is about as
/// fast; it is also what memcheck can follow, which knows no such instructions
/// and takes the results of ring's other AES-GCM code for uninitialised.
fn preferred_cipher() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    let fast = std::is_x86_feature_detected!("vaes")
        && std::is_x86_feature_detected!("vpclmulqdq")
        && std::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    let fast = cfg!(target_arch = "aarch64");
    if fast { "AES_128_GCM" } else { "CHACHA20" }
}

/// The platform's store and the extra certificates, as OpenSSL and curl use
/// them: a certificate that is itself trusted is accepted as a server's own,
/// though it may be marked as an authority's.
#[derive(Debug)]
struct Verifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    trusted: HashSet<Vec<u8>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Verifier, Error> {
        let mut roots = RootCertStore::empty();
        // Errors of single files are the platform's; what could be read counts.
        let platform = rustls_native_certs::load_native_certs().certs;
        let mut trusted = HashSet::with_capacity(trust.extra.len());
        for certificate in &trust.extra {
            trusted.insert(certificate.to_vec());
        }
        roots.add_parsable_certificates(platform);
        roots.add_parsable_certificates(trust.extra.iter().cloned());
        let chain = if roots.is_empty() {
            None
        } else {
            let built =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                    .build()
                    .map_err(|error| {
                        Error::new(Kind::InvalidCertificates, format!("trust store: {error}"))
                    })?;
            Some(built)
        };
        Ok(Verifier {
            chain,
            trusted,
            provider: Arc::clone(provider),
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        let refused = match chain.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        ) {
            Ok(verified) => return Ok(verified),
            Err(refused) => refused,
        };
        if is_about_the_chain(&refused) && self.trusted.contains(end_entity.as_ref()) {
            // The dates were checked before the chain; the name was not.
            let parsed = rustls::server::ParsedCertificate::try_from(end_entity)?;
            rustls::client::verify_server_name(&parsed, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        Err(refused)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Whether a refusal says only that no chain leads from the certificate to a
/// root, which does not matter for one that is itself trusted.
fn is_about_the_chain(refused: &rustls::Error) -> bool {
    match refused {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(source))) => matches!(
            source.downcast_ref::<webpki::Error>(),
            Some(webpki::Error::CaUsedAsEndEntity)
        ),
        _ => false,
    }
}

/// For the setting that skips verification: the handshake's signatures are
/// still checked, so that the peer at least owns the key it shows.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
