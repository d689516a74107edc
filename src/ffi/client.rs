//! The client.

use std::ffi::c_char;
use std::sync::Arc;

use super::config::reggie_config;
use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::guard::HasLog;
use super::status::reggie_status;
use super::{convert, guard};
use crate::client::Client;
use crate::config::Config;
use crate::log::Log;

/// A client for one registry: its settings, connections and tokens.
///
/// Created by reggie_client_new() and reggie_client_derive(); freed by
/// reggie_client_free(). Safe for concurrent use. Requests and responses may
/// outlive it.
pub struct reggie_client {
    core: Arc<Client>,
}

impl reggie_client {
    pub(super) fn new(core: Arc<Client>) -> reggie_client {
        reggie_client { core }
    }

    /// The client, for handles that outlive this one.
    pub(super) fn shared(&self) -> &Arc<Client> {
        &self.core
    }

    pub(super) fn core(&self) -> &Client {
        &self.core
    }
}

impl HasLog for reggie_client {
    fn log(&self) -> Option<Log> {
        Some(self.core.log().clone())
    }
}

/// Creates a client. Sends nothing.
///
/// `address` is an http or https URL with a host, such as
/// "https://registry.example:5000", and optionally a path, to which the paths
/// of requests are appended; a user name, query or fragment is not allowed.
/// "unix:///path" is a registry that listens on that Unix socket. Its host is
/// localhost, and its URLs begin with "http+unix://" and the percent-encoded
/// path; such URLs are valid only if they come from the caller. `config` is
/// copied; NULL means the defaults. The environment variables for proxies and
/// TLS are read now, and so are the trusted certificates if the address is
/// https.
///
/// On REGGIE_OK, `client` must be freed with reggie_client_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, REGGIE_INVALID_ADDRESS,
/// REGGIE_INVALID_CERTIFICATES, REGGIE_INVALID_CLIENT_CERTIFICATE,
/// REGGIE_INVALID_CREDENTIALS_FILE, REGGIE_INVALID_PROXY for a proxy in the
/// environment, REGGIE_FILE or REGGIE_TLS.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_new(
    address: *const c_char,
    config: Option<&reggie_config>,
    client: *mut *mut reggie_client,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::logged_call(config, error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let client = unsafe { Out::handle(client, "client") }?;
        // SAFETY: the caller's string, or NULL.
        let address = unsafe { convert::text(address, "address") }?;
        let core = match config {
            Some(config) => Client::new(address, &config.core()),
            None => Client::new(address, &Config::new()),
        }?;
        client.give(reggie_client::new(Arc::new(core)));
        Ok(())
    })
}

/// Creates a client for the same registry with other settings. Sends nothing.
///
/// The clients share connections if their settings for TLS, proxies and
/// addresses are equal, tokens if their settings for credentials are equal, and
/// cookies if both store them. `config` is copied; NULL means the defaults.
/// Both clients may be used concurrently and freed in any order.
///
/// On REGGIE_OK, `other` must be freed with reggie_client_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, or a status of reggie_client_new() for the
/// settings.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_derive(
    client: Option<&reggie_client>,
    config: Option<&reggie_config>,
    other: *mut *mut reggie_client,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::logged_call(config, error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let other = unsafe { Out::handle(other, "other") }?;
        let client = convert::required(client, "client")?;
        let core = match config {
            Some(config) => client.core.derive(&config.core()),
            None => client.core.derive(&Config::new()),
        }?;
        other.give(reggie_client::new(Arc::new(core)));
        Ok(())
    })
}

/// Frees a client. NULL is ignored. No call may be using it.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_client_free(client: Option<Box<reggie_client>>) {
    guard::value((), || drop(client));
}

/// Sets the repository name that replaces `<name>` in the path of requests that
/// have no name of their own. Existing requests keep the earlier one.
///
/// Safe for concurrent use. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_NAME.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_set_default_name(
    client: Option<&reggie_client>,
    name: *const c_char,
) -> reggie_status {
    guard::logged_status(client, || {
        let client = convert::required(client, "client")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        client.core.set_default_name(name)
    })
}
