//! The client, as C sees it.

use std::ffi::c_char;

use super::config::reggie_config;
use super::convert::Out;
use super::error::{ErrorOut, reggie_error};
use super::request::reggie_request;
use super::response::reggie_response;
use super::status::reggie_status;
use super::{convert, guard};
use crate::client::Client;
use crate::config::Config;

/// A client of one registry, with its settings, connections and tokens.
///
/// reggie_client_new() makes one, reggie_client_free() frees it. All threads
/// may use it at once. Requests and responses may outlive it.
pub struct reggie_client {
    core: Client,
}

impl reggie_client {
    pub(super) fn core(&self) -> &Client {
        &self.core
    }
}

/// Makes a client. Nothing is sent.
///
/// `address` is an http or https URL with a host, such as
/// "https://registry.example:5000", with or without a path, to which the paths
/// of requests are appended; it has no user name, query or fragment. Or it is
/// "unix:///path" for a registry that listens on that socket of this host; it
/// is called localhost there, and URLs of it begin with "http+unix://" and the
/// percent-encoded path, which count only where the caller gives them.
/// `config` is copied; NULL means the defaults. What the environment says about
/// proxies and TLS is read now, and with https the trusted certificates.
///
/// On REGGIE_OK, `client` is the caller's, who frees it with
/// reggie_client_free(). Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_ADDRESS, REGGIE_INVALID_CERTIFICATES,
/// REGGIE_INVALID_CLIENT_CERTIFICATE, REGGIE_INVALID_CREDENTIALS_FILE,
/// REGGIE_INVALID_PROXY for a variable of the environment, REGGIE_FILE or
/// REGGIE_TLS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_new(
    address: *const c_char,
    config: Option<&reggie_config>,
    client: *mut *mut reggie_client,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let client = unsafe { Out::handle(client, "client") }?;
        // SAFETY: a text of the caller's, or NULL.
        let address = unsafe { convert::text(address, "address") }?;
        let core = match config {
            Some(config) => Client::new(address, config.core()),
            None => Client::new(address, &Config::new()),
        }?;
        client.give(reggie_client { core });
        Ok(())
    })
}

/// Makes a client of the same registry with other settings. Nothing is sent.
///
/// It shares connections with `client` where their settings of TLS, proxies and
/// addresses are the same, tokens where those of credentials are, and cookies
/// where both keep them. `config` is copied; NULL means the defaults. Both
/// clients can be used at once, and freed in any order.
///
/// On REGGIE_OK, `other` is the caller's, who frees it with
/// reggie_client_free(). Otherwise returns REGGIE_NULL_ARGUMENT, or what
/// reggie_client_new() returns for settings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_derive(
    client: Option<&reggie_client>,
    config: Option<&reggie_config>,
    other: *mut *mut reggie_client,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let other = unsafe { Out::handle(other, "other") }?;
        let client = convert::required(client, "client")?;
        let core = match config {
            Some(config) => client.core.derive(config.core()),
            None => client.core.derive(&Config::new()),
        }?;
        other.give(reggie_client { core });
        Ok(())
    })
}

/// Frees a client. NULL is ignored. No call with it may be running.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_client_free(client: Option<Box<reggie_client>>) {
    guard::value((), || drop(client));
}

/// Sets the repository that <name> means in the paths of requests that have no
/// name of their own. Requests that were made before keep the earlier one.
///
/// Safe on any thread, also while others use the client. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_set_default_name(
    client: Option<&reggie_client>,
    name: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let client = convert::required(client, "client")?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        client.core.set_default_name(name)
    })
}

/// Sends a request and receives the answer, whose body goes where the
/// request's output says: unless set, to memory.
///
/// A challenge of the registry is answered and the request sent once more;
/// redirects are followed, up to 20. An HTTP status such as 404 is no failure:
/// this returns REGGIE_OK whenever an answer came whole. A 401 is the answer
/// where there are no credentials, or none that the registry accepts.
///
/// Waits no longer than the time limits of the client and of the request allow,
/// and until the request's cancel is triggered; both hold while the body is
/// received too. Calls back the callbacks of the request and of the client's
/// settings. The request may be sent again afterwards.
///
/// On REGGIE_OK, `response` is the caller's, who frees it with
/// reggie_response_free(). Otherwise returns REGGIE_NULL_ARGUMENT;
/// REGGIE_INVALID_PATH or REGGIE_MISSING_VALUE if the path does not make a URL;
/// REGGIE_INVALID_HEADER or REGGIE_LENGTH_MISMATCH if the header does not suit
/// the request; REGGIE_INVALID_CERTIFICATES or REGGIE_INVALID_CLIENT_CERTIFICATE
/// if a folder of certificates for the host cannot be used;
/// REGGIE_INVALID_CREDENTIALS_FILE if a file of credentials has become one that
/// cannot; REGGIE_BUSY; REGGIE_CANCELLED, REGGIE_DEADLINE if the call took too
/// long as a whole, REGGIE_TIMEOUT if one of its steps did; or any other status
/// from REGGIE_NO_MEMORY on but REGGIE_NO_ERRORS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_do(
    client: Option<&reggie_client>,
    request: *mut reggie_request,
    response: *mut *mut reggie_response,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let response = unsafe { Out::handle(response, "response") }?;
        let client = convert::required(client, "client")?;
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let answer = request.send(|core| client.core.execute(core))?;
        response.give(reggie_response::new(answer)?);
        Ok(())
    })
}

/// Sends a request and returns when the header fields of the answer are here;
/// reggie_response_read() then gives the body, whatever the HTTP status, and
/// however long it is. The request's output has no say.
///
/// As reggie_client_do() in all else. The connection is in use until the body
/// has been read to its end or the response is freed, which closes it. So long,
/// the time limits and the cancel of the call hold: reggie_response_read() fails
/// with REGGIE_CANCELLED, REGGIE_DEADLINE or REGGIE_TIMEOUT as this does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_open(
    client: Option<&reggie_client>,
    request: *mut reggie_request,
    response: *mut *mut reggie_response,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let response = unsafe { Out::handle(response, "response") }?;
        let client = convert::required(client, "client")?;
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let answer = request.send(|core| client.core.open(core))?;
        response.give(reggie_response::new(answer)?);
        Ok(())
    })
}
