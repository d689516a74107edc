//! ECDSA with SHA-512 and with the curve P-521, which ring does not have but
//! certificates of private authorities use. Other algorithms are ring's.

use curves::Curve;
use ring::digest;
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use webpki::ring as of_ring;

/// The algorithms by which servers and authorities may sign.
pub(super) static ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        of_ring::ECDSA_P256_SHA256,
        of_ring::ECDSA_P256_SHA384,
        of_ring::ECDSA_P384_SHA256,
        of_ring::ECDSA_P384_SHA384,
        of_ring::ED25519,
        of_ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        of_ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        of_ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        of_ring::RSA_PKCS1_2048_8192_SHA256,
        of_ring::RSA_PKCS1_2048_8192_SHA384,
        of_ring::RSA_PKCS1_2048_8192_SHA512,
        of_ring::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        of_ring::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        of_ring::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
        P256_SHA512,
        P384_SHA512,
        P521_SHA256,
        P521_SHA384,
        P521_SHA512,
    ],
    // TLS 1.3 uses the first of each row, whose curve is that of the scheme.
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[
                of_ring::ECDSA_P384_SHA384,
                of_ring::ECDSA_P256_SHA384,
                P521_SHA384,
            ],
        ),
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[
                of_ring::ECDSA_P256_SHA256,
                of_ring::ECDSA_P384_SHA256,
                P521_SHA256,
            ],
        ),
        (SignatureScheme::ED25519, &[of_ring::ED25519]),
        (
            SignatureScheme::ECDSA_NISTP521_SHA512,
            &[P521_SHA512, P384_SHA512, P256_SHA512],
        ),
        (
            SignatureScheme::RSA_PSS_SHA512,
            &[of_ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PSS_SHA384,
            &[of_ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PSS_SHA256,
            &[of_ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA512,
            &[of_ring::RSA_PKCS1_2048_8192_SHA512],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA384,
            &[of_ring::RSA_PKCS1_2048_8192_SHA384],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA256,
            &[of_ring::RSA_PKCS1_2048_8192_SHA256],
        ),
    ],
};

/// ECDSA with one curve and one hash.
#[derive(Debug)]
struct Ecdsa {
    curve: Curve,
    hash: &'static digest::Algorithm,
    signature: AlgorithmIdentifier,
}

const fn ecdsa_sha512(curve: Curve) -> Ecdsa {
    Ecdsa {
        curve,
        hash: &digest::SHA512,
        signature: alg_id::ECDSA_SHA512,
    }
}

static P256_SHA512: &dyn SignatureVerificationAlgorithm = &ecdsa_sha512(Curve::P256);
static P384_SHA512: &dyn SignatureVerificationAlgorithm = &ecdsa_sha512(Curve::P384);
static P521_SHA512: &dyn SignatureVerificationAlgorithm = &ecdsa_sha512(Curve::P521);
static P521_SHA384: &dyn SignatureVerificationAlgorithm = &Ecdsa {
    curve: Curve::P521,
    hash: &digest::SHA384,
    signature: alg_id::ECDSA_SHA384,
};
static P521_SHA256: &dyn SignatureVerificationAlgorithm = &Ecdsa {
    curve: Curve::P521,
    hash: &digest::SHA256,
    signature: alg_id::ECDSA_SHA256,
};

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let hash = digest::digest(self.hash, message);
        match curves::is_valid(self.curve, key, hash.as_ref(), signature) {
            true => Ok(()),
            false => Err(InvalidSignature),
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self.curve {
            Curve::P256 => alg_id::ECDSA_P256,
            Curve::P384 => alg_id::ECDSA_P384,
            Curve::P521 => alg_id::ECDSA_P521,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
