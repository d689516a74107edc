//! Digests of content, in the form of the OCI specifications.

use std::fmt::Write as _;
use std::io;
use std::io::Read as _;
use std::path::Path;

use ring::digest;

use super::buffer;
use crate::error::position::byte_at;
use crate::error::{Error, Kind, with_path};
use crate::log::redact::shown;
use crate::os::file;

/// The size of the buffer for reading files, in bytes.
const BUFFER_SIZE: usize = 256 * 1024;

/// How many digits of a digest are displayed.
const SHORT: usize = 12;

/// The algorithms registered by the OCI image specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-256, which every registry supports.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Parses the name of an algorithm: the part of a digest before the colon.
    pub fn from_name(name: &str) -> Result<Algorithm, Error> {
        match name {
            "sha256" => Ok(Algorithm::Sha256),
            "sha384" => Ok(Algorithm::Sha384),
            "sha512" => Ok(Algorithm::Sha512),
            _ => {
                let message = format!("unknown digest algorithm {}", shown(name));
                Err(Error::new(Kind::UnknownAlgorithm, message))
            }
        }
    }

    /// The name, as in a digest.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        }
    }

    fn of_ring(self) -> &'static digest::Algorithm {
        match self {
            Algorithm::Sha256 => &digest::SHA256,
            Algorithm::Sha384 => &digest::SHA384,
            Algorithm::Sha512 => &digest::SHA512,
        }
    }
}

/// A well-formed digest, such as `sha256:e3b0c442...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    algorithm: Algorithm,
    text: String,
}

impl Digest {
    /// Parses a digest: a known algorithm, a colon, and as many lower-case
    /// hexadecimal digits as the algorithm has.
    pub fn parse(text: &str) -> Result<Digest, Error> {
        let refuse = |why: &str| {
            let message = format!("digest {}: {why}", shown(text));
            Err(Error::new(Kind::InvalidDigest, message))
        };
        let Some((name, hex)) = text.split_once(':') else {
            return refuse("has no colon");
        };
        let Ok(algorithm) = Algorithm::from_name(name) else {
            return refuse("unknown algorithm");
        };
        let length = 2 * algorithm.of_ring().output_len();
        if hex.len() != length {
            return refuse(&format!("{name} has {length} hexadecimal digits"));
        }
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if let Some(at) = hex.bytes().position(|byte| !is_digit(byte)) {
            let wrong = byte_at(text, name.len() + 1 + at);
            return refuse(&format!("not in lower-case hexadecimal, {wrong}"));
        }
        Ok(Digest {
            algorithm,
            text: text.to_owned(),
        })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hexadecimal digits after the colon.
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.name().len() + 1..]
    }

    /// The first digits, for display.
    pub fn short(&self) -> &str {
        &self.hex()[..SHORT]
    }

    /// The digest as a string.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Computes the digest of content that comes in parts.
#[derive(Clone)]
pub struct Digester {
    algorithm: Algorithm,
    context: digest::Context,
}

impl Digester {
    /// Creates a digester that has no content yet.
    pub fn new(algorithm: Algorithm) -> Digester {
        Digester {
            algorithm,
            context: digest::Context::new(algorithm.of_ring()),
        }
    }

    /// Appends content.
    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// An error unless this is the digest of all content.
    pub fn check(self, digest: &Digest) -> Result<(), Error> {
        if self.algorithm != digest.algorithm() {
            let (own, other) = (self.algorithm.name(), digest.as_str());
            let message = format!("digest {other}: not of the algorithm {own}");
            return Err(Error::new(Kind::InvalidDigest, message));
        }
        let found = self.finish();
        if found == digest.as_str() {
            return Ok(());
        }
        let message = format!("content has the digest {found}, not {}", digest.as_str());
        Err(Error::new(Kind::DigestMismatch, message).with_digest(digest.as_str()))
    }

    /// Returns the digest of all content, such as `sha256:e3b0c442...`.
    pub fn finish(self) -> String {
        let digest = self.context.finish();
        let mut text = format!("{}:", self.algorithm.name());
        for byte in digest.as_ref() {
            // Writing to a String does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// The algorithm of a name or of a whole digest.
pub fn algorithm_of(text: &str) -> Result<Algorithm, Error> {
    match text.contains(':') {
        true => Ok(Digest::parse(text)?.algorithm()),
        false => Algorithm::from_name(text),
    }
}

/// Computes the digest of bytes in memory.
pub fn of_bytes(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut digester = Digester::new(algorithm);
    digester.update(bytes);
    digester.finish()
}

/// Computes the digest of a file.
pub fn of_file(algorithm: Algorithm, path: &Path) -> Result<String, Error> {
    let failed = |source: io::Error| Error::io(Kind::File, with_path("digest of", path), &source);
    let (mut file, _) = file::open(path).map_err(failed)?;
    let mut buffer = buffer::zeroed(BUFFER_SIZE, "buffer for a digest")?;
    let mut digester = Digester::new(algorithm);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(digester.finish()),
            Ok(count) => digester.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        for (algorithm, content, expected) in [
            (
                "sha256",
                "",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "sha256",
                "abc",
                "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "sha384",
                "abc",
                "sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                 8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                "sha512",
                "abc",
                "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            let algorithm = Algorithm::from_name(algorithm).unwrap();
            assert_eq!(of_bytes(algorithm, content.as_bytes()), expected);
            assert!(expected.starts_with(algorithm.name()));
            let mut digester = Digester::new(algorithm);
            content.bytes().for_each(|byte| digester.update(&[byte]));
            assert_eq!(digester.finish(), expected);
        }
        for name in ["", "SHA256", "md5", "sha256:", "sha\n"] {
            let error = Algorithm::from_name(name).err().unwrap();
            assert_eq!(error.kind(), Kind::UnknownAlgorithm);
            assert!(!error.message().contains('\n'));
        }
    }

    #[test]
    fn only_well_formed_digests_are_parsed() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            let text = of_bytes(algorithm, b"abc");
            let digest = Digest::parse(&text).unwrap();
            assert_eq!((digest.algorithm(), digest.as_str()), (algorithm, &*text));
        }
        let right = of_bytes(Algorithm::Sha256, b"abc");
        let hex = &right["sha256:".len()..];
        for wrong in [
            "",
            "latest",
            hex,
            &right[..right.len() - 1],
            &format!("{right}0"),
            &right.to_uppercase(),
            &format!("sha256:{}", hex.to_uppercase()),
            &format!("sha512:{hex}"),
            &format!("md5:{hex}"),
            &format!(" {right}"),
            &format!("{right}\n"),
            &format!("sha256:{}g", &hex[1..]),
        ] {
            let error = Digest::parse(wrong).err().unwrap();
            assert_eq!(error.kind(), Kind::InvalidDigest, "{wrong:?}");
            assert!(!error.message().contains('\n'), "{error}");
        }
    }

    #[test]
    fn files() {
        let folder = std::env::temp_dir();
        let path = folder.join(format!("reggie-digest-{}", std::process::id()));
        let content = vec![7; 3 * BUFFER_SIZE + 1];
        std::fs::write(&path, &content).unwrap();
        let digest = of_file(Algorithm::Sha256, &path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(digest.unwrap(), of_bytes(Algorithm::Sha256, &content));

        let missing = of_file(Algorithm::Sha256, &path).unwrap_err();
        assert_eq!(
            (missing.kind(), missing.errno()),
            (Kind::File, libc::ENOENT)
        );
        assert!(missing.message().contains("reggie-digest"), "{missing}");
        let directory = of_file(Algorithm::Sha256, &folder).unwrap_err();
        assert_eq!(
            (directory.kind(), directory.errno()),
            (Kind::File, libc::EISDIR)
        );
    }
}
