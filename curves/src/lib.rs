//! ECDSA of hashes that were made elsewhere, with P-256, P-384 and P-521, and
//! Diffie-Hellman with P-521.
//!
//! A crate of its own, as the only one that uses RustCrypto. Its generic code is
//! large, so nothing of it is inlined into the library, which would repeat it.

use p521::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p521::elliptic_curve::point::AffineCoordinates;

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// The size of a private key of P-521, in bytes.
pub const P521_SIZE: usize = 66;

/// Whether a signature, in DER, is that of a hash by the owner of a public key,
/// a point in the encoding of SEC 1.
#[inline(never)]
pub fn is_valid(curve: Curve, key: &[u8], hash: &[u8], signature: &[u8]) -> bool {
    match curve {
        Curve::P256 => verify(
            p256::ecdsa::VerifyingKey::from_sec1_bytes(key),
            p256::ecdsa::Signature::from_der(signature),
            hash,
        ),
        Curve::P384 => verify(
            p384::ecdsa::VerifyingKey::from_sec1_bytes(key),
            p384::ecdsa::Signature::from_der(signature),
            hash,
        ),
        Curve::P521 => {
            // The hash as a number; shorter input is refused.
            let mut padded = [0; P521_SIZE];
            let Some(start) = P521_SIZE.checked_sub(hash.len()) else {
                return false;
            };
            padded[start..].copy_from_slice(hash);
            verify(
                p521::ecdsa::VerifyingKey::from_sec1_bytes(key),
                p521::ecdsa::Signature::from_der(signature),
                &padded,
            )
        }
    }
}

fn verify<K: PrehashVerifier<S>, S, E>(
    key: Result<K, E>,
    signature: Result<S, E>,
    hash: &[u8],
) -> bool {
    match (key, signature) {
        (Ok(key), Ok(signature)) => key.verify_prehash(hash, &signature).is_ok(),
        _ => false,
    }
}

/// A private key of P-521. Wiped when dropped.
pub struct P521Key(p521::ecdsa::SigningKey);

impl P521Key {
    /// The key that is this number; `None` if it is not valid.
    #[inline(never)]
    pub fn new(number: &[u8]) -> Option<P521Key> {
        if number.len() != P521_SIZE {
            return None;
        }
        let key = p521::ecdsa::SigningKey::from_slice(number).ok()?;
        Some(P521Key(key))
    }

    /// The public key, as an uncompressed point in the encoding of SEC 1.
    #[inline(never)]
    pub fn public_key(&self) -> Vec<u8> {
        let point = self.0.verifying_key().to_sec1_point(false);
        point.as_bytes().to_vec()
    }

    /// The secret shared with the owner of another public key, an uncompressed
    /// point; `None` if it is not valid.
    #[inline(never)]
    pub fn agree(&self, other: &[u8]) -> Option<Vec<u8>> {
        const UNCOMPRESSED: u8 = 4;
        if other.first() != Some(&UNCOMPRESSED) {
            return None;
        }
        let other = p521::PublicKey::from_sec1_bytes(other).ok()?;
        let shared = other.to_projective() * self.0.as_nonzero_scalar().as_ref();
        Some(shared.to_affine().x().to_vec())
    }

    /// The signature of a hash, in DER.
    #[inline(never)]
    pub fn sign(&self, hash: &[u8]) -> Option<Vec<u8>> {
        let signature: p521::ecdsa::Signature = self.0.sign_prehash(hash).ok()?;
        Some(signature.to_der().as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6979, appendix A.2.7.
    const KEY: &str = "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75\
        CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538";
    /// SHA-512 of "sample", and its signature in the same appendix.
    const HASH: &str = "39A5E04AAFF7455D9850C605364F514C11324CE64016960D23D5DC57D3FFD8F4\
        9A739468AB8049BF18EEF820CDB1AD6C9015F838556BC7FAD4138B23FDF986C7";
    const R: &str = "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F17\
        4E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA";
    const S: &str = "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF28\
        2623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits.chunks(2).map(|pair| {
            let text = std::str::from_utf8(pair).expect("digits");
            u8::from_str_radix(text, 16).expect("digits")
        });
        pairs.collect()
    }

    fn key() -> P521Key {
        P521Key::new(&bytes(KEY)).expect("a key")
    }

    #[test]
    fn the_signature_of_rfc_6979() {
        let hash = bytes(HASH);
        let signature = key().sign(&hash).expect("a signature");
        for number in [R, S] {
            let number = bytes(number);
            let digits = number.iter().skip_while(|byte| **byte == 0);
            let digits: Vec<u8> = digits.copied().collect();
            let is_in = signature.windows(digits.len()).any(|part| part == digits);
            assert!(is_in, "{signature:x?}");
        }
        let public = key().public_key();
        assert!(is_valid(Curve::P521, &public, &hash, &signature));
        for at in 0..signature.len() {
            let mut other = signature.clone();
            other[at] ^= 1;
            assert!(!is_valid(Curve::P521, &public, &hash, &other), "{at}");
        }
        let mut other = hash.clone();
        other[63] ^= 1;
        assert!(!is_valid(Curve::P521, &public, &other, &signature));
        assert!(!is_valid(Curve::P521, &public, &hash[1..], &signature));
        assert!(!is_valid(Curve::P384, &public, &hash, &signature));
        assert!(!is_valid(Curve::P521, &public[1..], &hash, &signature));
        assert!(!is_valid(Curve::P521, &public, &[0; 67], &signature));
    }

    #[test]
    fn keys() {
        let zero = [0; P521_SIZE];
        let large = [0xff; P521_SIZE];
        for number in [&zero[..], &large, &[1; 65], &[1; 67], &[]] {
            assert!(P521Key::new(number).is_none());
        }
    }

    #[test]
    fn two_keys_agree() {
        let mut number = [0; P521_SIZE];
        number[P521_SIZE - 1] = 2;
        let (one, other) = (key(), P521Key::new(&number).expect("a key"));
        let shared = one.agree(&other.public_key()).expect("a point");
        assert_eq!(other.agree(&one.public_key()), Some(shared.clone()));
        assert_eq!(shared.len(), P521_SIZE);
        let mut off_curve = one.public_key();
        off_curve[132] ^= 1;
        for point in [&off_curve[..], &[0], &[], &one.public_key()[..132]] {
            assert_eq!(one.agree(point), None);
        }
    }
}
