//! PEM files as other programs save them.

use zeroize::Zeroizing;

use crate::os::text_encoding;

/// The data in UTF-8, without indentation and trailing white space, with LF at
/// the end of each line, and with the usual label of certificates (RFC 7468,
/// section 5.1, names the other one).
pub(super) fn clean(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let text = text_encoding::decode(bytes)?;
    // Allocate once: a growing buffer would leave copies of a key behind.
    let mut lines = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    for line in text.split(|&byte| matches!(byte, b'\n' | b'\r')) {
        lines.extend_from_slice(match line.trim_ascii() {
            b"-----BEGIN X509 CERTIFICATE-----" => b"-----BEGIN CERTIFICATE-----",
            b"-----END X509 CERTIFICATE-----" => b"-----END CERTIFICATE-----",
            line => line,
        });
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Whether there is a block whose label starts with `label`.
pub(super) fn has_block(pem: &[u8], label: &str) -> bool {
    let mark = format!("-----BEGIN {label}");
    pem.windows(mark.len())
        .any(|window| window == mark.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cleaned() {
        let wide = |text: &str, mark: &[u8]| {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            mark.iter().copied().chain(units).collect::<Vec<u8>>()
        };
        let expected = "x\n-----BEGIN A-----\nYQ==\n-----END A-----\n";
        for bytes in [
            b"x\n-----BEGIN A-----\nYQ==\n-----END A-----".to_vec(),
            b"\xef\xbb\xbfx\n-----BEGIN A-----\nYQ==\n-----END A-----".to_vec(),
            b"x\r-----BEGIN A-----\rYQ==\r-----END A-----".to_vec(),
            b"  x\n\t-----BEGIN A----- \n  YQ==\n  -----END A-----".to_vec(),
            wide("x\n-----BEGIN A-----\nYQ==\n-----END A-----", b"\xff\xfe"),
            wide("x\n-----BEGIN A-----\nYQ==\n-----END A-----", b""),
        ] {
            let cleaned = clean(&bytes).expect("text");
            assert_eq!(String::from_utf8_lossy(&cleaned), expected);
            assert!(has_block(&cleaned, "A") && has_block(&cleaned, ""));
            assert!(!has_block(&cleaned, "B"));
        }
        let labels = b"-----BEGIN X509 CERTIFICATE-----\n-----END X509 CERTIFICATE-----";
        assert_eq!(
            clean(labels).expect("text").as_slice(),
            b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
        );
        assert_eq!(clean(b"a\r\n").expect("text").as_slice(), b"a\n\n\n");
        let wider = b"-\0\0\0-\0\0\0";
        assert_eq!(clean(wider).err(), Some("is UTF-32, save it as UTF-8"));
    }
}
