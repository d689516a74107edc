//! Names of the algorithms of certificates, for error messages.

use std::fmt::Write;

use super::der;

/// Algorithms that are not supported, or only with some others.
const NAMES: [(&str, &str); 26] = [
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.10040.4.3", "dsa-with-SHA1"),
    ("1.2.840.10045.2.1", "ecPublicKey"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.10045.3.1.1", "P-192"),
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.132.0.33", "P-224"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-SHA256"),
];

const OID: u8 = 6;

/// The name of an algorithm (RFC 5280, section 4.1.1.2, without the outer tag),
/// and of its curve.
pub(crate) fn name(algorithm: &[u8]) -> String {
    let Some((OID, oid, parameters)) = der::split(algorithm) else {
        return "an unknown algorithm".to_owned();
    };
    let mut name = name_of(oid);
    if let Some((OID, curve, _)) = der::split(parameters) {
        name.push_str(" with ");
        name.push_str(&name_of(curve));
    }
    name
}

fn name_of(oid: &[u8]) -> String {
    let dotted = dotted(oid);
    let known = NAMES.iter().find(|(oid, _)| *oid == dotted);
    known.map_or(dotted, |(_, name)| (*name).to_owned())
}

/// The usual form of an object identifier (ITU-T X.690, section 8.19), up to a
/// length.
fn dotted(oid: &[u8]) -> String {
    const MAX: usize = 64;
    let mut text = String::new();
    let mut number: u64 = 0;
    for &byte in oid.iter().take(MAX) {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let first = (number / 40).min(2);
            text.push_str(&first.to_string());
            number -= 40 * first;
        }
        // Writing to a string does not fail.
        let _ = write!(text, ".{number}");
        number = 0;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (algorithm, expected) in [
            (
                &[6, 9, 42, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 5, 5, 0][..],
                "sha1WithRSAEncryption",
            ),
            (
                &[
                    6, 7, 42, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 43, 0x81, 4, 0, 10,
                ],
                "ecPublicKey with secp256k1",
            ),
            (
                &[
                    6, 7, 42, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 43, 0x81, 4, 0, 33,
                ],
                "ecPublicKey with P-224",
            ),
            (&[6, 3, 43, 101, 113], "Ed448"),
            (&[6, 3, 0x88, 0x37, 3], "2.999.3"),
            (&[6, 1, 39], "0.39"),
            (&[6, 0], ""),
            (&[5, 0], "an unknown algorithm"),
            (&[6, 9, 42], "an unknown algorithm"),
            (&[], "an unknown algorithm"),
        ] {
            assert_eq!(name(algorithm), expected);
        }
        let endless = [&[6, 0x81, 200][..], &[0xff; 200]].concat();
        assert_eq!(name(&endless), "");
        let long = [&[6, 0x81, 200][..], &[1; 200]].concat();
        assert!(name(&long).len() < 200);
    }
}
