//! Reads certificates from files and memory.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::pem_text;
use crate::error::{Error, Kind, with_path};
use crate::os::{descriptor, file};

/// Maximum size of a file of certificates or keys, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Maximum number of files read from a folder.
const MAX_FILES: usize = 4096;

/// The certificates in a file.
pub(crate) fn certificates_of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let what = with_path("certificates", path);
    let bytes = read(path).map_err(|error| Error::io(Kind::InvalidCertificates, &what, &error))?;
    parse(&bytes).map_err(|why| {
        let message = format!("{what}: {why}");
        Error::new(Kind::InvalidCertificates, message)
    })
}

/// The certificates in the files of a folder, selected by extension.
pub(crate) fn certificates_of_folder(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let files = files_of_folder(path, &["crt", "pem", "cert"])
        .map_err(|error| folder_error(path, &error))?;
    let mut certificates = Vec::new();
    for file in files {
        certificates.extend(certificates_of_file(&file)?);
    }
    if certificates.is_empty() {
        let message = format!(
            "{}: no file name ends in .crt, .pem or .cert",
            with_path("certificates", path)
        );
        return Err(Error::new(Kind::InvalidCertificates, message));
    }
    Ok(certificates)
}

/// The certificates in PEM data, or one in DER.
pub(crate) fn certificates_of_memory(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    parse(bytes).map_err(|why| {
        let message = format!("certificates in memory: {why}");
        Error::new(Kind::InvalidCertificates, message)
    })
}

/// Checks that a path is a readable folder.
pub(crate) fn check_folder(path: &Path) -> Result<(), Error> {
    let _held = descriptor::hold_standard();
    fs::read_dir(path)
        .map(|_| ())
        .map_err(|error| folder_error(path, &error))
}

fn folder_error(path: &Path, error: &io::Error) -> Error {
    let what = with_path("certificates", path);
    Error::io(Kind::InvalidCertificates, what, error)
}

/// Reads a file that may contain a key.
pub(super) fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let (file, length) = file::open(path)?;
    let too_large = || io::Error::other(format!("larger than {MAX_FILE} bytes"));
    if length > MAX_FILE {
        return Err(too_large());
    }
    // Allocate once: a growing buffer would leave copies of a key behind.
    let room = usize::try_from(length).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room + 1));
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(too_large());
    }
    Ok(bytes)
}

/// The files of a folder that have one of the extensions, sorted.
pub(super) fn files_of_folder(path: &Path, extensions: &[&str]) -> io::Result<Vec<PathBuf>> {
    let _held = descriptor::hold_standard();
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let extension = path.extension().map(OsStr::as_bytes);
        let matches = extension.is_some_and(|found| {
            extensions
                .iter()
                .any(|extension| found == extension.as_bytes())
        });
        if !matches || path.is_dir() {
            continue;
        }
        if files.len() == MAX_FILES {
            let message = format!("more than {MAX_FILES} files of certificates");
            return Err(io::Error::other(message));
        }
        files.push(path);
    }
    files.sort();
    Ok(files)
}

/// Parses at least one certificate in PEM, or one in DER.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let certificates: Vec<_> = if is_der(bytes) {
        vec![CertificateDer::from(bytes.to_vec())]
    } else {
        let pem = pem_text::clean(bytes)?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|_| "not valid pem")?;
        if certificates.is_empty() && pem_text::has_block(&pem, "TRUSTED CERTIFICATE") {
            return Err("TRUSTED CERTIFICATE is a format of OpenSSL; convert it with openssl x509");
        }
        certificates
    };
    if certificates.is_empty() {
        return Err("it contains no certificate");
    }
    for certificate in &certificates {
        // rustls would silently skip a certificate that it cannot parse.
        if webpki::anchor_from_trusted_cert(certificate).is_err() {
            return Err("one of its certificates cannot be parsed");
        }
    }
    Ok(certificates)
}

/// Whether this is a DER structure, and not PEM preceded by text that starts
/// with a 0.
pub(super) fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
        && pem_text::clean(bytes).is_ok_and(|pem| !pem_text::has_block(&pem, ""))
}
