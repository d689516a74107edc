//! certs.d directories of Docker and containers, with a folder for each host:
//! `HOST:PORT/*.crt` are additional trusted certificates, `NAME.cert` with
//! `NAME.key` is a client certificate.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::{client_auth, material};
use crate::error::{Error, Kind, server_text, with_path};
use crate::http::url::{Origin, Scheme};

/// A certs.d directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CertsFolder {
    path: PathBuf,
    /// A system directory, which this user may not be permitted to read.
    may_be_unreadable: bool,
}

/// The contents of a host's folder.
#[derive(Debug, Default)]
pub(super) struct HostFolder {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) keys: Vec<Arc<CertifiedKey>>,
}

/// The directories to search: those of the caller first, then the default ones,
/// the user's before the system's.
pub(super) fn search_path(
    own: &[PathBuf],
    with_defaults: bool,
    home: Option<&Path>,
) -> Vec<CertsFolder> {
    let folder = |path: PathBuf, may_be_unreadable| CertsFolder {
        path,
        may_be_unreadable,
    };
    let mut folders: Vec<CertsFolder> =
        own.iter().map(|path| folder(path.clone(), false)).collect();
    if with_defaults {
        for name in ["containers", "docker"] {
            if let Some(home) = home.filter(|home| home.is_absolute()) {
                let path = home.join(".config").join(name).join("certs.d");
                folders.push(folder(path, true));
            }
            folders.push(folder(Path::new("/etc").join(name).join("certs.d"), true));
        }
    }
    folders
}

/// Reads the folder for `origin` from the first directory that has one.
pub(super) fn read(folders: &[CertsFolder], origin: &Origin) -> Result<Option<HostFolder>, Error> {
    if origin.scheme != Scheme::Https {
        return Ok(None);
    }
    for folder in folders {
        for name in names(origin) {
            let path = folder.path.join(name);
            match fs::metadata(&path) {
                Ok(about) if about.is_dir() => return read_folder(&path).map(Some),
                Ok(_) => {}
                Err(error) => match error.kind() {
                    ErrorKind::NotFound | ErrorKind::NotADirectory => {}
                    ErrorKind::PermissionDenied if folder.may_be_unreadable => {}
                    _ => return Err(unreadable(&path, &error)),
                },
            }
        }
    }
    Ok(None)
}

/// The possible names of the folder: with the port, and also without it if it
/// is the default port.
fn names(origin: &Origin) -> Vec<String> {
    let host = &origin.host;
    let mut names = vec![format!("{host}:{}", origin.port)];
    if origin.port == origin.scheme.default_port() {
        names.push(host.clone());
    }
    names
}

fn read_folder(path: &Path) -> Result<HostFolder, Error> {
    let files = material::files_of_folder(path, &["crt", "cert", "key"])
        .map_err(|error| unreadable(path, &error))?;
    let mut folder = HostFolder::default();
    for file in &files {
        match file.extension().and_then(OsStr::to_str) {
            Some("crt") => folder
                .certificates
                .extend(material::certificates_of_file(file)?),
            Some("cert") => {
                let key = partner(&files, file, "key", "authorities' certificates end in .crt")?;
                folder.keys.push(client_auth::read(file, Some(key))?);
            }
            _ => {
                partner(&files, file, "cert", "a key belongs to a certificate")?;
            }
        }
    }
    Ok(folder)
}

/// Finds the other file of a client certificate.
fn partner<'a>(
    files: &'a [PathBuf],
    file: &Path,
    extension: &str,
    hint: &str,
) -> Result<&'a PathBuf, Error> {
    let partner = file.with_extension(extension);
    files
        .iter()
        .find(|other| **other == partner)
        .ok_or_else(|| {
            let what = with_path("client certificate", file);
            let partner = server_text(&partner.to_string_lossy());
            let message = format!("{what}: {partner} is missing; {hint}");
            Error::new(Kind::InvalidClientCertificate, message)
        })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let what = with_path("certificates", path);
    Error::io(Kind::InvalidCertificates, what, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;

    #[test]
    fn folders_are_named_after_hosts_and_ports() {
        for (url, expected) in [
            (
                "https://registry.example",
                &["registry.example:443", "registry.example"][..],
            ),
            (
                "https://registry.example:443",
                &["registry.example:443", "registry.example"],
            ),
            ("https://Registry.Example:5000", &["registry.example:5000"]),
            ("https://[::1]:5000", &["[::1]:5000"]),
        ] {
            let origin = Url::parse(url).expect("a url").origin();
            assert_eq!(names(&origin), expected, "{url}");
        }
    }

    #[test]
    fn the_callers_folders_go_before_the_users_and_those_before_the_systems() {
        let own = [PathBuf::from("/own")];
        let home = Some(Path::new("/home/someone"));
        let paths = |with_defaults, home| -> Vec<String> {
            search_path(&own, with_defaults, home)
                .iter()
                .map(|folder| folder.path.display().to_string())
                .collect()
        };
        assert_eq!(paths(false, home), ["/own"]);
        assert_eq!(
            paths(true, home),
            [
                "/own",
                "/home/someone/.config/containers/certs.d",
                "/etc/containers/certs.d",
                "/home/someone/.config/docker/certs.d",
                "/etc/docker/certs.d",
            ]
        );
        let system = ["/own", "/etc/containers/certs.d", "/etc/docker/certs.d"];
        assert_eq!(paths(true, None), system);
        assert_eq!(paths(true, Some(Path::new("relative"))), system);
    }

    #[test]
    fn a_folder_is_read_whole_and_errors_name_the_file() {
        let base = tempfile::tempdir().expect("a folder");
        let folders = [CertsFolder {
            path: base.path().to_owned(),
            may_be_unreadable: false,
        }];
        let origin = Url::parse("https://registry.example:5000")
            .expect("a url")
            .origin();
        assert!(read(&folders, &origin).expect("nothing").is_none());
        let folder = base.path().join("registry.example:5000");
        fs::create_dir(&folder).expect("made");
        assert!(read(&folders, &origin).expect("an empty folder").is_some());
        for (name, kind) in [
            ("ca.crt", Kind::InvalidCertificates),
            ("client.cert", Kind::InvalidClientCertificate),
            ("client.key", Kind::InvalidClientCertificate),
        ] {
            let path = folder.join(name);
            fs::write(&path, b"junk").expect("written");
            let error = read(&folders, &origin).expect_err(name);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.message().contains(&path.display().to_string()));
            fs::remove_file(&path).expect("removed");
        }
        fs::write(folder.join("notes.txt"), b"junk").expect("written");
        assert!(read(&folders, &origin).expect("a folder").is_some());
        let plain = Url::parse("http://registry.example:5000").expect("a url");
        assert!(read(&folders, &plain.origin()).expect("no tls").is_none());
    }
}
