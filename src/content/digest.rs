//! Digests of content, as the registry's protocol writes them.

use std::fmt::Write as _;
use std::io;
use std::io::Read as _;
use std::path::Path;

use ring::digest;

use crate::error::server_text;
use crate::error::{Error, Kind};
use crate::log::redact::shown;
use crate::os::file;

/// How much of a file is read at once, in bytes.
const BUFFER_SIZE: usize = 256 * 1024;

/// The algorithms that the OCI image specification registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-256, which every registry knows.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// The algorithm of a name as it stands in a digest, before the colon.
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

    /// The name as it stands in a digest.
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

/// Computes the digest of content that comes in parts.
pub struct Digester {
    algorithm: Algorithm,
    context: digest::Context,
}

impl Digester {
    /// Begins with no content.
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

    /// The digest of all that was appended, such as `sha256:e3b0c442...`.
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

/// The digest of bytes in memory.
pub fn of_bytes(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut digester = Digester::new(algorithm);
    digester.update(bytes);
    digester.finish()
}

/// The digest of a file's content.
pub fn of_file(algorithm: Algorithm, path: &Path) -> Result<String, Error> {
    let failed = |source: io::Error| {
        Error::io(
            Kind::File,
            format_args!("read {}", server_text(&path.to_string_lossy())),
            &source,
        )
    };
    let (mut file, _) = file::open(path).map_err(failed)?;
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(BUFFER_SIZE)
        .map_err(|_| Error::no_memory("buffer for a digest"))?;
    buffer.resize(BUFFER_SIZE, 0);
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
