//! The settings of TLS, as C sees them.

use std::ffi::{c_char, c_int, c_void};

use super::callback::{Registration, reggie_certificate_callback, reggie_free_callback};
use super::config::reggie_config;
use super::error::{ErrorOut, reggie_error};
use super::status::reggie_status;
use super::{callback, convert, guard, status};
use crate::error::{Error, Kind};

/// Accepts whatever certificate the registry shows if `skip` is not 0: anybody
/// on the way can then read the credentials and change the content. For tests.
/// Unless set, certificates are verified.
///
/// It covers the host of the client's address, at all of its ports, and no
/// other: the certificates of token servers, redirect targets and proxies at
/// other hosts are verified as ever. For those there are
/// reggie_config_add_ca_file() and reggie_config_set_certificate_callback(),
/// which is told the host. Plain http needs no setting: it is for the addresses
/// that say http, and https never leads there.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_insecure_skip_tls_verify(
    config: Option<&mut reggie_config>,
    skip: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?.core_mut();
        config.set_insecure_skip_tls_verify(skip != 0);
        Ok(())
    })
}

/// Trusts what the system trusts if `trust` is not 0, which is so unless set:
/// the certificates of the platform's store, or those that SSL_CERT_FILE and
/// SSL_CERT_DIR name in its place when the client is made. If it is 0, only what
/// was added is trusted.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_system_trust(
    config: Option<&mut reggie_config>,
    trust: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?.core_mut();
        config.set_system_trust(trust != 0);
        Ok(())
    })
}

/// Trusts the certificates in a file beside those of the system: several in
/// PEM (RFC 7468) or one in DER. A server's own certificate that is added is
/// accepted as such. May be called for several files. The file is read during
/// the call.
///
/// `path` is any bytes without NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_INVALID_CERTIFICATES,
/// with the errno in the error where the file cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_ca_file(
    config: Option<&mut reggie_config>,
    path: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let config = convert::required(config, "config")?.core_mut();
        // SAFETY: a text of the caller's, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        config.add_ca_file(path)
    })
}

/// Trusts the certificates in all files of a folder whose names end in .crt,
/// .pem or .cert, as reggie_config_add_ca_file() does with one. Folders in it
/// are passed over. If one file cannot be read or parsed, nothing is added, and
/// the error names it; a folder without such files is an error too.
///
/// `path` is any bytes without NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_INVALID_CERTIFICATES,
/// with the errno in the error where something cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_ca_folder(
    config: Option<&mut reggie_config>,
    path: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let config = convert::required(config, "config")?.core_mut();
        // SAFETY: a text of the caller's, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        config.add_ca_folder(path)
    })
}

/// Trusts certificates in memory, as reggie_config_add_ca_file() does with
/// those in a file: `size` bytes of PEM, or of one certificate in DER.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the size
/// is impossible, or REGGIE_INVALID_CERTIFICATES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_ca_memory(
    config: Option<&mut reggie_config>,
    certificates: *const u8,
    size: usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let config = convert::required(config, "config")?.core_mut();
        // SAFETY: bytes of the caller's, or NULL.
        let certificates = unsafe { convert::slice(certificates, size, "certificates") }?;
        config.add_ca_memory(certificates)
    })
}

/// Adds a certificate by which the client names itself in the TLS handshake,
/// where a server asks for one. The files are read during the call.
///
/// It is shown to one origin only, by https: that of `registry`, such as
/// "registry.example" or "registry.example:5000", or the client's own if that
/// is NULL. Where a redirect or a token server leads elsewhere, it stays
/// behind. Of several for an origin, the server's list of authorities decides.
///
/// The file at `certificate_path` has the certificate first and then those of
/// the authorities above it that the server may miss, in PEM, or it is one
/// certificate in DER. The file at `key_path`, which may be the same, has the
/// private key in PEM or DER: in PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1
/// (RFC 5915), without a passphrase; NULL means that it is in the same file.
/// Keys are RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519. Paths are any
/// bytes without NUL.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if a path is empty or the registry cannot be used,
/// or REGGIE_INVALID_CLIENT_CERTIFICATE if a file cannot be read or parsed, or
/// the key is not the certificate's; the error names the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_client_certificate_file(
    config: Option<&mut reggie_config>,
    registry: *const c_char,
    certificate_path: *const c_char,
    key_path: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let config = convert::required(config, "config")?.core_mut();
        // SAFETY: a text of the caller's, or NULL.
        let registry = unsafe { convert::optional_text(registry, "registry") }?;
        // SAFETY: a text of the caller's, or NULL.
        let certificate = unsafe { convert::path(certificate_path, "certificate_path") }?;
        // SAFETY: a text of the caller's, or NULL.
        let key = unsafe { convert::optional_path(key_path, "key_path") }?;
        config.add_client_certificate_file(registry, certificate, key)
    })
}

/// Adds a certificate by which the client names itself, from memory:
/// `certificate_size` bytes that are what the file of
/// reggie_config_add_client_certificate_file() would have, and `key_size`
/// bytes of the key; 0 means that the key is among the former.
///
/// All else is as there. The library keeps no copy of the text of the key.
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if a size is impossible or the registry cannot be
/// used, or REGGIE_INVALID_CLIENT_CERTIFICATE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_client_certificate_memory(
    config: Option<&mut reggie_config>,
    registry: *const c_char,
    certificate: *const u8,
    certificate_size: usize,
    key: *const u8,
    key_size: usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let config = convert::required(config, "config")?.core_mut();
        // SAFETY: a text of the caller's, or NULL.
        let registry = unsafe { convert::optional_text(registry, "registry") }?;
        // SAFETY: bytes of the caller's, or NULL.
        let certificate = unsafe { convert::slice(certificate, certificate_size, "certificate") }?;
        // SAFETY: bytes of the caller's, or NULL.
        let key = unsafe { convert::slice(key, key_size, "key") }?;
        config.add_client_certificate_memory(registry, certificate, key)
    })
}

/// Sets what decides on the certificates of servers, after the client has
/// verified them, and whatever it found.
///
/// That a server owns the key of the certificate it shows is always verified.
/// With reggie_config_set_insecure_skip_tls_verify() the client finds nothing
/// to refuse. While a callback is set, no TLS session is resumed, so that each
/// connection asks it. A `callback` of NULL removes it, and frees `userdata`.
/// Clients that were made before keep the earlier callback, and so do their
/// responses whose body is still to be read; the last of them frees its
/// userdata. Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_certificate_callback(
    config: *mut reggie_config,
    callback: reggie_certificate_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = callback::certificate(callback, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core_mut().set_certificate_callback(callback);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}

/// Looks into a folder that has folders for hosts, as the certs.d of Docker
/// and of containers do. A host's is called by its name or address and port,
/// such as "registry.example:5000"; for port 443 also without the port.
///
/// In it, the files that end in .crt have certificates to trust for this host
/// and port beside the others, and a file that ends in .cert and one of the
/// same name that ends in .key are a client certificate for it, as
/// reggie_config_add_client_certificate_file() takes them. It is read when a
/// client first needs the host: the client's own with https, when the client
/// is made. If it cannot be read or used, the call fails with
/// REGGIE_INVALID_CERTIFICATES or REGGIE_INVALID_CLIENT_CERTIFICATE, and the
/// error names the file. May be called for several folders: for a host, the
/// first that has a folder for it counts.
///
/// `path` is any bytes without NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_INVALID_CERTIFICATES,
/// with the errno in the error, if it is no folder that can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_certs_folder(
    config: Option<&mut reggie_config>,
    path: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let config = convert::required(config, "config")?.core_mut();
        // SAFETY: a text of the caller's, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        config.add_certs_folder(path)
    })
}

/// Looks for folders of hosts where Docker and containers have them if `usual`
/// is not 0, after those of reggie_config_add_certs_folder():
/// $HOME/.config/containers/certs.d, /etc/containers/certs.d,
/// $HOME/.config/docker/certs.d and /etc/docker/certs.d, of which those that
/// are missing or closed to the user are passed over. Unless set, 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_use_certs_folders(
    config: Option<&mut reggie_config>,
    usual: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?.core_mut();
        config.use_certs_folders(usual != 0);
        Ok(())
    })
}

/// Sets the oldest version of TLS that is spoken: REGGIE_TLS_1_2, which it is
/// unless set, or REGGIE_TLS_1_3.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// version is none of those.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_min_tls_version(
    config: Option<&mut reggie_config>,
    version: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?.core_mut();
        let version = status::tls_version(version).ok_or_else(|| {
            let message = format!("version: {version} is no version of tls");
            Error::new(Kind::InvalidArgument, message)
        })?;
        config.set_min_tls_version(version);
        Ok(())
    })
}

/// Appends the secrets of all TLS sessions to the file that the environment
/// variable SSLKEYLOGFILE names if `key_log` is not 0: whoever has that file
/// can read what is sent. For debugging. Where the variable is not set, nothing
/// is written; where the file cannot be opened, reggie_client_new() returns
/// REGGIE_FILE. Unless set, 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_key_log(
    config: Option<&mut reggie_config>,
    key_log: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?.core_mut();
        config.set_key_log(key_log != 0);
        Ok(())
    })
}
