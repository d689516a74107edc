//! Settings of a client: TLS.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use super::callback::{Registration, reggie_free_callback};
use super::config::{reggie_config, replace_callback};
use super::error_handle::{ErrorOut, reggie_error};
use super::status::reggie_status;
use super::{convert, guard};
use crate::config::{CertificateCallback, TlsVersion};
use crate::error::{Error, Kind};

/// TLS version 1.2 (RFC 5246).
pub const REGGIE_TLS_1_2: c_int = 12;
/// TLS version 1.3 (RFC 8446).
pub const REGGIE_TLS_1_3: c_int = 13;

/// Accepts or rejects the certificates of a server.
///
/// Called in each TLS handshake, not for each request, since connections are
/// reused. `host` is the server's name or address, with the port if it is not
/// 443. `certificates` and `sizes` are arrays with `count` elements, at least
/// one: the server's certificate, then the intermediate certificates that it
/// sent, each in DER (RFC 5280). `refusal` is NULL if the client would accept
/// the certificate; otherwise it says why not. All are valid during the call.
///
/// Return 0 to accept the certificate, even if the client would reject it, or
/// any other value to reject it and stop the call, which then returns
/// REGGIE_CERTIFICATE_CALLBACK. May be called concurrently from several
/// threads.
pub type reggie_certificate_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        host: *const c_char,
        certificates: *const *const u8,
        sizes: *const usize,
        count: usize,
        refusal: *const c_char,
    ) -> c_int,
>;

/// The TLS version for a number from C.
fn tls_version(number: c_int) -> Option<TlsVersion> {
    match number {
        REGGIE_TLS_1_2 => Some(TlsVersion::Tls12),
        REGGIE_TLS_1_3 => Some(TlsVersion::Tls13),
        _ => None,
    }
}

/// The core's certificate callback; `None` for NULL.
fn certificate(
    callback: reggie_certificate_callback,
    registration: Registration,
) -> Option<CertificateCallback> {
    let callback = callback?;
    Some(Arc::new(move |host, chain, refusal| {
        let host = convert::c_string(host);
        let refusal = refusal.map(convert::c_string);
        let addresses: Vec<*const u8> = chain.iter().map(|der| der.as_ptr()).collect();
        let sizes: Vec<usize> = chain.iter().map(|der| der.len()).collect();
        let refusal = convert::borrowed(refusal.as_ref());
        let userdata = registration.userdata();
        let (host, addresses, count) = (host.as_ptr(), addresses.as_ptr(), sizes.len());
        let sizes = sizes.as_ptr();
        // SAFETY: the caller registered them together; all outlives the call.
        guard::outside(|| unsafe { callback(userdata, host, addresses, sizes, count, refusal) })
    }))
}

/// If `skip` is not 0, accepts any certificate of the registry. Anyone on the
/// network path can then read the credentials and modify the content. For
/// tests. Default: 0.
///
/// Applies to the host of the client's address, at all ports, and to no other
/// host: certificates of token servers, redirect targets and proxies at other
/// hosts are still verified. For those, use reggie_config_add_ca_file() or
/// reggie_config_set_certificate_callback(). Plain http needs no setting: it is
/// used for http addresses, and https never falls back to it.
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

/// If `trust` is not 0, trusts the CA certificates of the system, or those
/// named by SSL_CERT_FILE and SSL_CERT_DIR when the client is created. If it is
/// 0, trusts only certificates added by the functions below. Default: 1.
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

/// Adds a file of trusted certificates: any number in PEM (RFC 7468), or one in
/// DER. The file may also contain a server's own certificate. The file is read
/// during the call. May be called several times.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_INVALID_CERTIFICATES, with the errno in the error if the
/// file cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_ca_file(
    config: *mut reggie_config,
    path: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_call(config, error, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        config.change(|core| core.add_ca_file(path))
    })
}

/// Adds the certificates in all files of a directory whose names end with .crt,
/// .pem or .cert, as by reggie_config_add_ca_file(). Subdirectories are
/// skipped. If a file cannot be read or parsed, nothing is added and the error
/// names the file. A directory without such files is an error.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_INVALID_CERTIFICATES, with the errno in the error if
/// something cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_ca_folder(
    config: *mut reggie_config,
    path: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_call(config, error, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        config.change(|core| core.add_ca_folder(path))
    })
}

/// Adds trusted certificates from memory, as by reggie_config_add_ca_file():
/// `size` bytes of PEM, or one certificate in DER.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the size
/// is impossible, or REGGIE_INVALID_CERTIFICATES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_ca_memory(
    config: *mut reggie_config,
    certificates: *const u8,
    size: usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_call(config, error, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's bytes, or NULL.
        let certificates = unsafe { convert::slice(certificates, size, "certificates") }?;
        config.change(|core| core.add_ca_memory(certificates))
    })
}

/// Adds a client certificate for TLS. The files are read during the call.
///
/// It is sent to one https origin only: that of `registry`, such as
/// "registry.example" or "registry.example:5000", or the client's own if
/// `registry` is NULL. It is not sent to redirect targets or token servers
/// elsewhere. If there are several for an origin, the server's list of accepted
/// authorities decides.
///
/// The file at `certificate_path` contains the certificate, followed by
/// intermediate certificates, in PEM; or one certificate in DER. The file at
/// `key_path`, which may be the same, contains the private key in PEM or DER,
/// as PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1 (RFC 5915), without a
/// passphrase; NULL means the same file. Supported keys: RSA with 2048 to 4096
/// bits, P-256, P-384, P-521 and Ed25519.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if a path is empty or the registry is invalid, or
/// REGGIE_INVALID_CLIENT_CERTIFICATE if a file cannot be read or parsed or the
/// key does not match the certificate; the error names the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_client_certificate_file(
    config: *mut reggie_config,
    registry: *const c_char,
    certificate_path: *const c_char,
    key_path: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_call(config, error, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let registry = unsafe { convert::optional_text(registry, "registry") }?;
        // SAFETY: the caller's string, or NULL.
        let certificate = unsafe { convert::path(certificate_path, "certificate_path") }?;
        // SAFETY: the caller's string, or NULL.
        let key = unsafe { convert::optional_path(key_path, "key_path") }?;
        config.change(|core| core.add_client_certificate_file(registry, certificate, key))
    })
}

/// Adds a client certificate from memory, as by
/// reggie_config_add_client_certificate_file(). If `key_size` is 0, the key is
/// in `certificate`.
///
/// The library keeps no copy of the key's text. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT if a size
/// is impossible or the registry is invalid, or
/// REGGIE_INVALID_CLIENT_CERTIFICATE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_client_certificate_memory(
    config: *mut reggie_config,
    registry: *const c_char,
    certificate: *const u8,
    certificate_size: usize,
    key: *const u8,
    key_size: usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_call(config, error, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let registry = unsafe { convert::optional_text(registry, "registry") }?;
        // SAFETY: the caller's bytes, or NULL.
        let certificate = unsafe { convert::slice(certificate, certificate_size, "certificate") }?;
        // SAFETY: the caller's bytes, or NULL.
        let key = unsafe { convert::slice(key, key_size, "key") }?;
        config.change(|core| core.add_client_certificate_memory(registry, certificate, key))
    })
}

/// Sets the callback that accepts or rejects server certificates, after the
/// client has verified them.
///
/// It is always verified that the server has the private key of its
/// certificate. With reggie_config_set_insecure_skip_tls_verify() the client
/// does not reject any certificate of the registry. While a callback is set,
/// TLS sessions are not resumed, so that it is called for each connection.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback, as do their unread responses; its userdata is
/// freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_certificate_callback(
    config: *mut reggie_config,
    callback: reggie_certificate_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = certificate(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_certificate_callback(callback)) }
    })
}

/// Adds a directory with one subdirectory per host, like the certs.d of Docker
/// and containers. A subdirectory is named after the host and port, such as
/// "registry.example:5000"; for port 443 the port may be omitted.
///
/// In a subdirectory, files that end with .crt contain additional trusted
/// certificates for that host and port; a file that ends with .cert, and the
/// file of the same name that ends with .key, are a client certificate, as for
/// reggie_config_add_client_certificate_file(). A subdirectory is read when its
/// host is first needed; for the client's own host with https, when the client
/// is created. If it cannot be read or parsed, the call fails with
/// REGGIE_INVALID_CERTIFICATES or REGGIE_INVALID_CLIENT_CERTIFICATE, and the
/// error names the file. May be called several times; the first directory with
/// a subdirectory for the host is used.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_INVALID_CERTIFICATES, with the errno in the error, if it
/// is not a readable directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_certs_folder(
    config: *mut reggie_config,
    path: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_call(config, error, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        config.change(|core| core.add_certs_folder(path))
    })
}

/// If `enable` is not 0, uses the directories of Docker and containers after
/// those of reggie_config_add_certs_folder(): $HOME/.config/containers/certs.d,
/// /etc/containers/certs.d, $HOME/.config/docker/certs.d and
/// /etc/docker/certs.d. Missing or inaccessible ones are skipped. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_use_default_certs_folders(
    config: Option<&mut reggie_config>,
    enable: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?.core_mut();
        config.use_default_certs_folders(enable != 0);
        Ok(())
    })
}

/// Sets the minimum TLS version: REGGIE_TLS_1_2 or REGGIE_TLS_1_3. Default:
/// REGGIE_TLS_1_2.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// version is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_min_tls_version(
    config: *mut reggie_config,
    version: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let version = tls_version(version).ok_or_else(|| {
            let message = format!("version: {version} is not a TLS version");
            Error::new(Kind::InvalidArgument, message)
        })?;
        config.change(|core| core.set_min_tls_version(version));
        Ok(())
    })
}

/// If `key_log` is not 0, appends the secrets of all TLS sessions to the file
/// named by the environment variable SSLKEYLOGFILE, for debugging. Anyone who
/// can read that file can decrypt the traffic. Nothing is written if the
/// variable is not set; if the file cannot be opened, reggie_client_new()
/// returns REGGIE_FILE. Default: 0.
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
