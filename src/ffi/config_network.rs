//! Settings of a client: proxies, addresses and connections.

use std::ffi::{c_char, c_int};
use std::time::Duration;

use super::config::reggie_config;
use super::error_handle::{ErrorOut, reggie_error};
use super::status::reggie_status;
use super::{convert, guard};
use crate::config::IpVersion;
use crate::error::{Error, Kind};

/// IP version: IPv4 and IPv6.
pub const REGGIE_IP_ANY: c_int = 0;
/// IP version: IPv4 only.
pub const REGGIE_IP_4: c_int = 4;
/// IP version: IPv6 only.
pub const REGGIE_IP_6: c_int = 6;

/// The IP version for a number from C.
fn ip_version(number: c_int) -> Option<IpVersion> {
    match number {
        REGGIE_IP_ANY => Some(IpVersion::Any),
        REGGIE_IP_4 => Some(IpVersion::V4),
        REGGIE_IP_6 => Some(IpVersion::V6),
        _ => None,
    }
}

/// Sets the proxy for http URLs, https URLs or both.
///
/// `scheme` is "http", "https", or NULL for both. `url` is the proxy:
/// "http://host:port", "https://host:port" for TLS to the proxy,
/// "socks5://host:port" (RFC 1928), or "socks5h://host:port" if the proxy is to
/// resolve host names; the default scheme is http. A percent-encoded user name
/// and password may precede the host, as in "http://user:password@host:port".
/// They are sent only to the proxy and do not appear in logs or errors. If
/// `url` is NULL, no proxy is used.
///
/// Default: as set in the environment; see reggie_config_set_use_environment().
/// Requests to http URLs are sent to an HTTP proxy directly; those to https
/// URLs go through a tunnel (RFC 9110, section 9.3.6). If a proxy refuses a
/// request, the call returns REGGIE_PROXY. Unix sockets are never accessed
/// through a proxy.
///
/// Returns REGGIE_OK; REGGIE_NULL_ARGUMENT if `config` is NULL;
/// REGGIE_INVALID_UTF8; REGGIE_INVALID_ARGUMENT if the scheme is invalid; or
/// REGGIE_INVALID_PROXY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_proxy(
    config: *mut reggie_config,
    scheme: *const c_char,
    url: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_call(config, error, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let scheme = unsafe { convert::optional_text(scheme, "scheme") }?;
        // SAFETY: the caller's string, or NULL.
        let url = unsafe { convert::optional_text(url, "url") }?;
        config.change(|core| core.set_proxy(scheme, url))
    })
}

/// Sets the hosts for which no proxy is used, in place of those in no_proxy and
/// NO_PROXY. Applies to all proxies.
///
/// `list` is a comma-separated list; it may be empty. "example.com" matches
/// that host and its subdomains, ".example.com" and "*.example.com" match only
/// the subdomains, "*" matches all hosts. An address, or a network such as
/// "10.0.0.0/8", matches hosts that are given as addresses; names are not
/// resolved for it. A name or an address may be followed by a colon and a port;
/// an IPv6 address is then in brackets.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if an entry is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_no_proxy(
    config: *mut reggie_config,
    list: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let list = unsafe { convert::text(list, "list") }?;
        config.change(|core| core.set_no_proxy(list))
    })
}

/// If `enable` is 0, clients ignore the environment: the proxy variables,
/// SSL_CERT_FILE and SSL_CERT_DIR, the variables for default credentials files,
/// and SSLKEYLOGFILE and HOME for reggie_config_set_key_log() and
/// reggie_config_use_default_certs_folders(). Default: 1. The environment is
/// read only when a client is created.
///
/// The proxy for http URLs is taken from http_proxy or HTTP_PROXY; the latter
/// is ignored in a program run by a web server, where REQUEST_METHOD is set.
/// The proxy for https URLs is taken from https_proxy or HTTPS_PROXY. all_proxy
/// or ALL_PROXY applies to both if these are not set. No proxy is used for the
/// hosts in no_proxy or NO_PROXY. A proxy from the environment is not used for
/// localhost and loopback addresses.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_use_environment(
    config: Option<&mut reggie_config>,
    enable: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_use_environment(enable != 0);
        Ok(())
    })
}

/// Allows redirects to, and token servers at, a host or network. May be called
/// several times.
///
/// By default, a server cannot redirect to a more private network: a server
/// with a public address only to public addresses, a server in a private
/// network to public and private addresses, a server on this host to these and
/// to this host. Only a server with a link-local address can redirect to
/// link-local addresses, and no server to a cloud metadata address. The same
/// applies to token servers that a server names. The address that is actually
/// connected to is checked, not the name, against that of the connection that
/// delivered the redirect or challenge; for hosts that a proxy resolves, only
/// those given as addresses are checked. Otherwise the call returns
/// REGGIE_ADDRESS_REFUSED. The URLs of requests themselves are not restricted,
/// except that a URL at another origin than the registry's, such as the Location
/// of an upload, cannot be at a cloud metadata address.
///
/// `text` is "host", "host:port", an address, or a network such as
/// "10.0.0.0/8". Subdomains of a host are not included.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if the text is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_allowed_network(
    config: *mut reggie_config,
    text: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let text = unsafe { convert::text(text, "text") }?;
        config.change(|core| core.add_allowed_network(text))
    })
}

/// Sets the addresses of a host, which are then used instead of name
/// resolution. May be called several times; for the same host and port, the
/// last call applies.
///
/// `port` is the port that they apply to, or 0 for all ports; a specific port
/// takes precedence. `addresses` is a comma-separated list of IPv4 and IPv6
/// addresses. Certificates are still verified for the host name.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if the host, the port or an address is invalid, or
/// if there are none or more than 64 addresses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_resolve(
    config: *mut reggie_config,
    host: *const c_char,
    port: c_int,
    addresses: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let host = unsafe { convert::text(host, "host") }?;
        // SAFETY: the caller's string, or NULL.
        let addresses = unsafe { convert::text(addresses, "addresses") }?;
        let port = u16::try_from(port).map_err(|_| {
            let message = format!("port: {port} is not 0 to 65535");
            Error::new(Kind::InvalidArgument, message)
        })?;
        config.change(|core| core.add_resolve(host, port, addresses))
    })
}

/// Sets the IP version of connections: REGGIE_IP_ANY, REGGIE_IP_4 or
/// REGGIE_IP_6. Default: REGGIE_IP_ANY. If a host has no address of that
/// version, the call returns REGGIE_RESOLVE.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// version is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_ip_version(
    config: *mut reggie_config,
    version: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let version = ip_version(version).ok_or_else(|| {
            let message = format!("version: {version} is not an IP version");
            Error::new(Kind::InvalidArgument, message)
        })?;
        config.change(|core| core.set_ip_version(version));
        Ok(())
    })
}

/// Sets the maximum number of idle connections that a client keeps per server,
/// and for how many milliseconds; 0 for either keeps none. Default: any number,
/// for 60 s. A client never keeps more than 512 in total.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// time is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_max_idle_connections(
    config: *mut reggie_config,
    per_host: usize,
    idle_ms: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let idle_ms = u64::try_from(idle_ms).map_err(|_| {
            let message = format!("idle_ms: {idle_ms} is negative");
            Error::new(Kind::InvalidArgument, message)
        })?;
        let time = Duration::from_millis(idle_ms);
        config.change(|core| core.set_max_idle_connections(per_host, time));
        Ok(())
    })
}

/// Sets the maximum number of simultaneous connections to a server, including
/// idle ones. Default: 0, which means no limit.
///
/// A call that needs another connection waits until one is free, in the order
/// of arrival. If that takes longer than the connect timeout
/// (reggie_config_set_connect_timeout()), it returns REGGIE_TIMEOUT; its
/// deadline and its cancel handle apply as well.
///
/// A connection is in use until the response body has been read to its end or
/// the response is freed. A thread that holds an unread response and sends
/// another request needs another connection: with a limit of 1 it waits for
/// itself until the timeout. A request sent from a callback does not wait; it
/// may exceed the limit.
///
/// A server is a host and port, with or without TLS; token servers are counted
/// separately. With an HTTP proxy for plain http, the proxy is the server.
/// Derived clients share the limit if they share connections.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_max_connections(
    config: Option<&mut reggie_config>,
    per_host: usize,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_max_connections(per_host);
        Ok(())
    })
}
