//! Repositories.

use std::ffi::{c_char, c_int};
use std::ptr;

use super::client::reggie_client;
use super::config::reggie_config;
use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::options::{self, reggie_options};
use super::status::reggie_status;
use super::strings::Strings;
use super::{convert, guard};
use crate::config::Config;
use crate::content::authorization;
use crate::content::repository::Repository;
use crate::error::Error;

/// A place that stores content: a registry's repository or an OCI image layout.
///
/// Created by reggie_repository_new(), reggie_repository_open() and
/// reggie_repository_open_layout(); freed by reggie_repository_free(). Safe for
/// concurrent use. It keeps what it needs of its client, which may be freed
/// first. Creating one sends nothing and is cheap.
pub struct reggie_repository {
    core: Repository,
    /// `None` for a layout.
    client: Option<reggie_client>,
    strings: Strings,
}

impl reggie_repository {
    fn new(core: Repository) -> reggie_repository {
        reggie_repository {
            client: core.client().cloned().map(reggie_client::new),
            core,
            strings: Strings::default(),
        }
    }

    pub(super) fn core(&self) -> &Repository {
        &self.core
    }
}

/// A required repository.
pub(super) fn required(repository: Option<&reggie_repository>) -> Result<&Repository, Error> {
    named(repository, "repository")
}

/// The core of a repository that is a parameter of another name.
pub(super) fn named<'a>(
    repository: Option<&'a reggie_repository>,
    what: &str,
) -> Result<&'a Repository, Error> {
    convert::required(repository, what).map(reggie_repository::core)
}

/// Creates a repository of a registry.
///
/// `name` is the repository name, such as "myorg/myrepo"; NULL means the
/// client's current default name. The target is "latest".
///
/// On REGGIE_OK, the caller must free `repository` with
/// reggie_repository_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_REFERENCE, or REGGIE_MISSING_VALUE if there is no name.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_repository_new(
    client: Option<&reggie_client>,
    name: *const c_char,
    repository: *mut *mut reggie_repository,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let repository = unsafe { Out::handle(repository, "repository") }?;
        let client = convert::required(client, "client")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::optional_text(name, "name") }?;
        let core = Repository::new(client.shared(), name)?;
        repository.give(reggie_repository::new(core));
        Ok(())
    })
}

/// Creates a repository from a reference string, with a client for it.
///
/// `text` is parsed as by reggie_reference_parse(); `config` is as for
/// reggie_client_new(). The target is that of the reference. Programs that
/// access a registry often should create one client and use
/// reggie_repository_new(), so that connections and tokens are shared: each
/// call of this function creates a client of its own. Pass
/// reggie_repository_client() to reggie_repository_new() to share it. Credential
/// files are read only if `config` says so.
///
/// On REGGIE_OK, the caller must free `repository` with
/// reggie_repository_free().
///
/// Returns any status returned by reggie_reference_parse() or
/// reggie_client_new().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_repository_open(
    text: *const c_char,
    config: Option<&reggie_config>,
    repository: *mut *mut reggie_repository,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let repository = unsafe { Out::handle(repository, "repository") }?;
        // SAFETY: the caller's string, or NULL.
        let text = unsafe { convert::text(text, "text") }?;
        let core = match config {
            Some(config) => Repository::open(text, &config.core()),
            None => Repository::open(text, &Config::new()),
        }?;
        repository.give(reggie_repository::new(core));
        Ok(())
    })
}

/// Opens an OCI image layout (OCI Image Specification, Image Layout).
///
/// A layout is a directory. If `create` is nonzero, a missing or empty
/// directory is turned into a layout, and a layout that another program began to
/// create is completed; the parent directory must exist. Another process that is
/// creating the layout is waited for, up to 60 seconds. If `create` is 0, nothing is
/// written: an incomplete layout is opened as it is, even if its oci-layout file is
/// missing, provided that the directory contains nothing but parts of a layout; what
/// is missing counts as empty. Any other directory is REGGIE_INVALID_LAYOUT. `path`
/// may contain any bytes except NUL. What is written here is not yet synced: the first
/// call that syncs content does it; see reggie_options_set_sync().
///
/// The tags of a layout are the org.opencontainers.image.ref.name annotations
/// of its index.json; if such an annotation, or io.containerd.image.name where
/// there is none, is a full reference, its tag is used. The target is the only
/// manifest if there is exactly one. Pushed manifests are added to index.json,
/// with their tags; a manifest stays there when its tag is deleted or moves to
/// another manifest. The content that a manifest refers to may be missing.
/// Blobs are not verified when their existence is checked, but whenever they
/// are read; a registry verifies those that are copied to it.
///
/// Several processes may write to a layout concurrently: index.json is changed
/// under a lock of the directory and replaced at once. On file systems without such
/// locks, such as NFS, the program must ensure that only one process writes at a
/// time. What a killed process has left behind is removed when index.json is next
/// changed; partial files of blobs, from which a copy is resumed, once the blob
/// exists or after one week.
///
/// On REGGIE_OK, the caller must free `repository` with
/// reggie_repository_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `path`
/// is empty, REGGIE_INVALID_LAYOUT, REGGIE_LOCKED, or REGGIE_FILE with the errno
/// in the error.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_repository_open_layout(
    path: *const c_char,
    create: c_int,
    repository: *mut *mut reggie_repository,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let repository = unsafe { Out::handle(repository, "repository") }?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        let core = Repository::open_layout(path, create != 0)?;
        repository.give(reggie_repository::new(core));
        Ok(())
    })
}

/// Frees a repository. NULL is ignored.
///
/// Handles created with it remain usable. No call that uses it may be running.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_repository_free(repository: Option<Box<reggie_repository>>) {
    guard::value((), || drop(repository));
}

/// Returns the name, such as "library/alpine".
///
/// Borrowed; valid until the repository is freed. Returns NULL for a layout or
/// if `repository` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_repository_name(repository: Option<&reggie_repository>) -> *const c_char {
    guard::value(ptr::null(), || {
        repository.map_or(ptr::null(), |repository| {
            repository.strings.lend_if_any(repository.core.name())
        })
    })
}

/// Returns the tag or digest that a reference of NULL means.
///
/// For a layout it is the digest of its only manifest, even if that has a tag.
///
/// Borrowed; valid until the repository is freed. Returns NULL for a layout
/// that does not have exactly one manifest or if `repository` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_repository_target(
    repository: Option<&reggie_repository>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        repository.map_or(ptr::null(), |repository| {
            repository
                .strings
                .lend_if_any(repository.core.target().ok())
        })
    })
}

/// Returns the client, for requests of the program's own.
///
/// Must not be freed; reggie_client_derive() creates a client that may be kept.
/// Borrowed; valid until the repository is freed. Returns NULL for a layout or
/// if `repository` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_repository_client(
    repository: Option<&reggie_repository>,
) -> *const reggie_client {
    guard::value(ptr::null(), || {
        let client = repository.and_then(|repository| repository.client.as_ref());
        client.map_or(ptr::null(), ptr::from_ref)
    })
}

/// Gets the Authorization header value for requests to the repository.
///
/// For programs that pass it on to another program. If `push` is nonzero, the
/// value allows pushing. Sends a request to the token server unless a known
/// token is valid for at least another minute.
///
/// On REGGIE_OK, the caller must free `value` with reggie_string_free(); it is
/// "" if the registry requires no authorization. `expires` is the Unix time in
/// seconds until which the value is valid, or -1 if unknown.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_UNSUPPORTED for a layout,
/// REGGIE_UNAUTHORIZED if the registry requires credentials and there are none,
/// or any status returned by reggie_client_do().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_repository_authorization(
    repository: Option<&reggie_repository>,
    push: c_int,
    options: Option<&reggie_options>,
    value: *mut *mut c_char,
    expires: *mut i64,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let value = unsafe { Out::new(value, ptr::null_mut(), "value") };
        // SAFETY: the caller's out-pointer, or NULL.
        let expires = unsafe { Out::new(expires, 0, "expires") };
        let (value, expires) = (value?, expires?);
        let repository = required(repository)?;
        let found = authorization::get(repository, push != 0, &options::of(options))?;
        expires.set(found.expires.unwrap_or(-1));
        value.give_text(found.value.to_string());
        Ok(())
    })
}
