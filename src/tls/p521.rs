//! The curve P-521, which ring does not have, for client certificates and key
//! exchange. With TLS 1.2, a server can use a key of this curve only if the
//! client offers the curve for key exchange too (RFC 8422, section 5.1.1).

use std::fmt;
use std::sync::Arc;

use curves::P521_SIZE;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer, alg_id};
use rustls::sign::{Signer, SigningKey, public_key_to_spki};
use rustls::{NamedGroup, PeerMisbehaved, SignatureAlgorithm, SignatureScheme};
use zeroize::Zeroizing;

use super::der;

/// The P-521 key of a client certificate.
#[derive(Clone)]
pub(super) struct P521Key(Arc<curves::P521Key>);

impl P521Key {
    /// Parses a key in PKCS #8 (RFC 5958) or SEC 1 (RFC 5915); `None` if it is
    /// not a valid key of this curve.
    pub(super) fn parse(key: &PrivateKeyDer) -> Option<P521Key> {
        let sec1 = match key {
            PrivateKeyDer::Pkcs8(key) => {
                let mut fields = der::fields(key.secret_pkcs8_der())?;
                let (_version, algorithm) = (fields.next()?, fields.next()?);
                if algorithm != alg_id::ECDSA_P521.as_ref() {
                    return None;
                }
                fields.next()?
            }
            PrivateKeyDer::Sec1(key) => key.secret_sec1_der(),
            _ => return None,
        };
        let number = der::fields(sec1)?.nth(1)?;
        let key = curves::P521Key::new(number)?;
        Some(P521Key(Arc::new(key)))
    }
}

impl fmt::Debug for P521Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("P521Key").finish_non_exhaustive()
    }
}

impl SigningKey for P521Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let can_sign = offered.contains(&SignatureScheme::ECDSA_NISTP521_SHA512);
        can_sign.then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        let key = self.0.public_key();
        Some(public_key_to_spki(&alg_id::ECDSA_P521, key))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for P521Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let hash = digest::digest(&digest::SHA512, message);
        let failed = || rustls::Error::General("signing failed".to_owned());
        self.0.sign(hash.as_ref()).ok_or_else(failed)
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}

/// Key exchange.
#[derive(Debug)]
pub(super) struct P521Group;

struct Exchange {
    key: curves::P521Key,
    public: Vec<u8>,
}

impl SupportedKxGroup for P521Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, rustls::Error> {
        let mut number = Zeroizing::new([0; P521_SIZE]);
        loop {
            SystemRandom::new()
                .fill(number.as_mut())
                .map_err(|_| GetRandomFailed)?;
            // 521 bits, which are rarely too large.
            number[0] &= 1;
            if let Some(key) = curves::P521Key::new(number.as_ref()) {
                let public = key.public_key();
                return Ok(Box::new(Exchange { key, public }));
            }
        }
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, rustls::Error> {
        let shared = self.key.agree(peer);
        let shared = shared.ok_or(PeerMisbehaved::InvalidKeyShare)?;
        Ok(SharedSecret::from(shared))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}
