//! The system's trusted certificates, or their replacement from the
//! environment.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls_native_certs::{ErrorKind, load_certs_from_paths};

use crate::error::{Error, Kind, is_shortage};
use crate::os::descriptor;

/// Files with all trusted authorities, by distribution; the first existing one
/// is used. openssl-probe has such a list, but gives the environment
/// precedence, which may be disabled.
const FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
];

/// The location of the certificates. Set when the client is created; the
/// certificates are read on first use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Platform {
    #[default]
    Default,
    Named {
        file: Option<PathBuf>,
        folders: Vec<PathBuf>,
    },
}

impl Platform {
    /// Uses the same environment variables as OpenSSL.
    pub(super) fn new(variable: impl Fn(&str) -> Option<OsString>) -> Platform {
        let file = variable("SSL_CERT_FILE").map(PathBuf::from);
        let folders: Vec<PathBuf> = variable("SSL_CERT_DIR")
            .iter()
            .flat_map(env::split_paths)
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
        if file.is_none() && folders.is_empty() {
            return Platform::Default;
        }
        Platform::Named { file, folders }
    }

    /// All certificates that can be read; errors in single files are ignored,
    /// but not that no file can be opened at the moment.
    pub(super) fn certificates(&self) -> Result<HashSet<CertificateDer<'static>>, Error> {
        match self {
            Platform::Named { file, folders } => {
                load(file.as_deref(), folders.iter().map(PathBuf::as_path))
            }
            Platform::Default => {
                let file = FILES.iter().map(Path::new).find(|path| path.exists());
                load(file, openssl_probe::candidate_cert_dirs())
            }
        }
    }
}

fn load<'a>(
    file: Option<&Path>,
    folders: impl Iterator<Item = &'a Path>,
) -> Result<HashSet<CertificateDer<'static>>, Error> {
    let _held = descriptor::hold_standard();
    let mut certificates = HashSet::new();
    let loads = [(file, None)]
        .into_iter()
        .chain(folders.map(|folder| (None, Some(folder))));
    for (file, folder) in loads {
        let loaded = load_certs_from_paths(file, folder);
        certificates.extend(loaded.certs);
        let shortage = loaded.errors.iter().find_map(|error| match &error.kind {
            ErrorKind::Io { inner, path } => {
                is_shortage(inner.raw_os_error()?).then_some((inner, path))
            }
            _ => None,
        });
        if let Some((error, path)) = shortage {
            let what = format_args!("certificates {}", path.display());
            return Err(Error::io(Kind::InvalidCertificates, what, error));
        }
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_names_takes_the_place_of_the_default() {
        let named = |file: Option<&str>, folders: &[&str]| Platform::Named {
            file: file.map(PathBuf::from),
            folders: folders.iter().map(PathBuf::from).collect(),
        };
        for (file, folders, expected) in [
            (None, None, Platform::Default),
            (None, Some(""), Platform::Default),
            (Some("/a.pem"), None, named(Some("/a.pem"), &[])),
            (None, Some("/a::/b"), named(None, &["/a", "/b"])),
            (Some("/a"), Some("/b"), named(Some("/a"), &["/b"])),
            // If set to an empty string, nothing is trusted.
            (Some(""), None, named(Some(""), &[])),
        ] {
            let variable = |name: &str| match name {
                "SSL_CERT_FILE" => file.map(OsString::from),
                "SSL_CERT_DIR" => folders.map(OsString::from),
                _ => None,
            };
            assert_eq!(Platform::new(variable), expected, "{file:?} {folders:?}");
        }
    }

    #[test]
    fn the_default_places_are_where_the_platforms_own_reader_looks() {
        let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(env::var_os);
        if named.iter().any(Option::is_some) {
            return;
        }
        let theirs = rustls_native_certs::load_native_certs().certs;
        let ours = Platform::Default.certificates().expect("certificates");
        assert_eq!(ours, theirs.into_iter().collect());
    }
}
