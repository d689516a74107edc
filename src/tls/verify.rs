//! Verification of server certificates.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Weak};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme, crypto,
};

use super::refusal;
use super::refusal::{CallEnded, NothingTrusted, Stopped, Untrusted};
use crate::error::{Error, Kind, Step};
use crate::os::deadline::CallLimits;

/// Decides whether to accept a server certificate. Parameters: the host, with
/// its port unless 443; the chain, starting with the server's certificate; the
/// reason why the client would reject it, if any. Nonzero rejects it.
pub type CertificateCallback = Arc<dyn Fn(&str, &[&[u8]], Option<&str>) -> i32 + Send + Sync>;

/// The trusted certificates.
#[derive(Clone)]
pub(super) struct Roots {
    store: RootCertStore,
    /// Certificates that the caller added, in DER.
    added: HashSet<Vec<u8>>,
}

impl Roots {
    pub(super) fn new(
        system: impl IntoIterator<Item = CertificateDer<'static>>,
        extra: &[CertificateDer<'static>],
    ) -> Roots {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(system);
        let roots = Roots {
            store,
            added: HashSet::new(),
        };
        roots.with(extra)
    }

    /// Adds certificates that were already parsed successfully.
    pub(super) fn with(&self, more: &[CertificateDer<'static>]) -> Roots {
        let mut roots = self.clone();
        roots.store.add_parsable_certificates(more.iter().cloned());
        let bytes = more.iter().map(|certificate| certificate.to_vec());
        roots.added.extend(bytes);
        roots
    }
}

/// Verifies certificates, then calls the certificate callback, if set. Always
/// verifies that the server has the certificate's private key.
#[derive(Clone)]
pub(super) struct Verifier {
    rule: Rule,
    callback: Option<Arc<CallbackQuery>>,
    provider: Arc<CryptoProvider>,
}

/// A callback that decides on the certificates of one handshake.
pub(super) struct CallbackQuery {
    /// As the callback gets it.
    pub(super) host: String,
    pub(super) callback: CertificateCallback,
    /// The limits of the call, which know the thread that runs callbacks.
    pub(super) limits: Weak<CallLimits>,
}

impl CallbackQuery {
    /// Runs the callback and returns its value.
    fn verdict(&self, chain: Vec<Vec<u8>>, refusal: Option<String>) -> Result<i32, Error> {
        let limits = self.limits.upgrade().unwrap_or_default();
        let (callback, host) = (Arc::clone(&self.callback), self.host.clone());
        limits.call_back(Step::Tls, move || {
            let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            callback(&host, &chain, refusal.as_deref())
        })
    }
}

#[derive(Clone)]
enum Rule {
    AcceptAll,
    NothingTrusted,
    /// Requires a chain to a trusted certificate, as OpenSSL and curl do: a
    /// server certificate that was itself added is accepted, even if it is
    /// marked as an authority.
    Chain {
        verifier: Arc<WebPkiServerVerifier>,
        roots: Arc<Roots>,
    },
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    pub(super) fn accepting_all(provider: &Arc<CryptoProvider>) -> Verifier {
        Verifier::by(Rule::AcceptAll, provider)
    }

    pub(super) fn new(
        roots: &Arc<Roots>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Verifier, Error> {
        if roots.store.is_empty() {
            return Ok(Verifier::by(Rule::NothingTrusted, provider));
        }
        let store = Arc::new(roots.store.clone());
        let verifier = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(provider))
            .build()
            .map_err(|error| {
                Error::new(Kind::InvalidCertificates, format!("trust store: {error}"))
            })?;
        let roots = Arc::clone(roots);
        Ok(Verifier::by(Rule::Chain { verifier, roots }, provider))
    }

    fn by(rule: Rule, provider: &Arc<CryptoProvider>) -> Verifier {
        Verifier {
            rule,
            callback: None,
            provider: Arc::clone(provider),
        }
    }

    /// The same, with a callback that decides.
    pub(super) fn with_callback(&self, query: CallbackQuery) -> Verifier {
        Verifier {
            callback: Some(Arc::new(query)),
            ..self.clone()
        }
    }
}

impl Rule {
    fn apply(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let (verifier, roots) = match self {
            Rule::AcceptAll => return Ok(()),
            Rule::NothingTrusted => return Err(other(NothingTrusted)),
            Rule::Chain { verifier, roots } => (verifier, roots),
        };
        let verified =
            verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
        match verified {
            Err(refused)
                if is_about_the_chain(&refused) && roots.added.contains(end_entity.as_ref()) =>
            {
                // The dates were checked before the chain, but the name was
                // not.
                let parsed = ParsedCertificate::try_from(end_entity)?;
                rustls::client::verify_server_name(&parsed, name)
            }
            Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                Err(other(Untrusted::new(end_entity)))
            }
            verified => verified.map(|_| ()),
        }
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
        let verdict = self
            .rule
            .apply(end_entity, intermediates, server_name, ocsp_response, now);
        let Some(query) = &self.callback else {
            return verdict.map(|()| ServerCertVerified::assertion());
        };
        let chain = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| certificate.to_vec())
            .collect();
        let refusal = verdict.err().map(|refused| refusal::message(&refused));
        match query.verdict(chain, refusal) {
            Ok(0) => Ok(ServerCertVerified::assertion()),
            Ok(value) => Err(other(Stopped(value))),
            Err(error) => Err(other(CallEnded(error))),
        }
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

fn other(refusal: impl std::error::Error + Send + Sync + 'static) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(refusal))).into()
}

/// Whether the only problem is the missing chain to a root, which does not
/// matter for a certificate that is itself trusted.
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::os::callback_queue::CallbackQueue;
    use crate::os::event::Event;

    #[test]
    fn a_certificate_callback_for_a_worker_runs_on_the_calling_thread() {
        let here = thread::current().id();
        let queue = CallbackQueue::new().expect("a queue");
        let limits = Arc::new(CallLimits {
            callbacks: Some(queue.into()),
            ..CallLimits::default()
        });
        let query = CallbackQuery {
            host: "registry.example".to_owned(),
            callback: Arc::new(move |host, chain, refusal| {
                assert_eq!(thread::current().id(), here);
                assert_eq!((host, chain), ("registry.example", &[&b"der"[..]][..]));
                assert_eq!(refusal, Some("expired"));
                7
            }),
            limits: Arc::downgrade(&limits),
        };
        let done = Event::new().expect("an event");
        let value = thread::scope(|scope| {
            let worker = scope.spawn(|| {
                let value = query.verdict(vec![b"der".to_vec()], Some("expired".to_owned()));
                done.happen();
                value
            });
            let served = limits.serve_callbacks(&done, Step::Tls);
            served.expect("nothing ends the call");
            worker.join().expect("no panic")
        });
        assert_eq!(value.expect("it ran"), 7);
    }
}
