//! How servers are reached, as C sets it.

use std::ffi::{c_char, c_int};
use std::time::Duration;

use super::config::reggie_config;
use super::error::{ErrorOut, reggie_error};
use super::status::reggie_status;
use super::{convert, guard, status};
use crate::error::{Error, Kind};

/// Both versions of IP.
pub const REGGIE_IP_ANY: c_int = 0;
/// IPv4 alone.
pub const REGGIE_IP_4: c_int = 4;
/// IPv6 alone.
pub const REGGIE_IP_6: c_int = 6;

/// Sets the proxy for requests to URLs of a scheme.
///
/// `scheme` is "http", "https", or NULL for both. `url` is the proxy's:
/// "http://host:port", the same with https for TLS to the proxy,
/// "socks5://host:port" (RFC 1928), or "socks5h://host:port", where the proxy
/// looks names up; without a scheme it is http. User name and password may
/// stand in front of the host, percent-encoded, with a colon between them and
/// an @ behind; nobody but the proxy gets them, and neither log nor errors show
/// them. NULL as the `url` means no proxy.
///
/// Unless set, the environment decides, as reggie_config_set_use_environment()
/// tells. Requests to http URLs go to an HTTP proxy as they are; those to https
/// URLs go through a tunnel (RFC 9110, section 9.3.6). A proxy that refuses is
/// REGGIE_PROXY. A socket of this host is never asked through a proxy.
///
/// Returns REGGIE_OK; REGGIE_NULL_ARGUMENT if `config` is NULL;
/// REGGIE_INVALID_UTF8; REGGIE_INVALID_ARGUMENT if the scheme is none of those;
/// or REGGIE_INVALID_PROXY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_proxy(
    config: Option<&mut reggie_config>,
    scheme: *const c_char,
    url: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let scheme = unsafe { convert::optional_text(scheme, "scheme") }?;
        // SAFETY: a text of the caller's, or NULL.
        let url = unsafe { convert::optional_text(url, "url") }?;
        config.core_mut().set_proxy(scheme, url)
    })
}

/// Sets the hosts that are asked without a proxy, in place of those in the
/// variables no_proxy and NO_PROXY; it holds for all proxies.
///
/// `list` has commas between its entries, and may be empty. "example.com" is
/// that host and all below it, ".example.com" and "*.example.com" only those
/// below it, "*" is all hosts. An address, or a network such as "10.0.0.0/8",
/// is for hosts that are given as addresses: no name is looked up for it. A
/// colon and a port may follow a name or an address; IPv6 addresses then stand
/// in brackets.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if an entry is none of those.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_no_proxy(
    config: Option<&mut reggie_config>,
    list: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let list = unsafe { convert::text(list, "list") }?;
        config.core_mut().set_no_proxy(list)
    })
}

/// Sets whether clients read variables of the environment, which they do when
/// they are made, and never later. Unless set to 0, they may. If it is 0, none
/// is read: neither those of proxies, nor SSL_CERT_FILE and SSL_CERT_DIR, nor
/// what reggie_config_set_key_log() and reggie_config_use_certs_folders() look
/// for, SSLKEYLOGFILE and HOME.
///
/// The proxy for http URLs is what http_proxy says, or HTTP_PROXY, but not the
/// latter in a program that a web server runs, for which REQUEST_METHOD is set.
/// That for https URLs is what https_proxy or HTTPS_PROXY says. Where those are
/// missing, all_proxy or ALL_PROXY counts for both. No proxy is used for the
/// hosts in no_proxy or NO_PROXY, and none of the environment's for localhost
/// and loopback addresses.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_use_environment(
    config: Option<&mut reggie_config>,
    use_it: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_use_environment(use_it != 0);
        Ok(())
    })
}

/// Allows redirects and challenges to lead to a host or into a network. May be
/// called several times.
///
/// Without it they lead no further in than the registry stands that sent them:
/// one at a public address only to public addresses, one in a private network
/// to those and to private ones, one on this host anywhere, but none to an
/// address where a cloud tells a machine its secrets. The address that is
/// connected to counts, whatever name has led there; of hosts that a proxy
/// looks up, only those are judged that are given as addresses. The URLs of
/// requests themselves may lead anywhere.
///
/// `text` is "host", "host:port", an address, or a network such as
/// "10.0.0.0/8". A host does not stand for those below it. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT if it
/// is none of those.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_allowed_network(
    config: Option<&mut reggie_config>,
    text: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let text = unsafe { convert::text(text, "text") }?;
        config.core_mut().add_allowed_network(text)
    })
}

/// Sets the addresses of a host, which then is not looked up. May be called
/// several times; for the same host and port the last call counts.
///
/// `port` is the port for which they count, 0 for all; those for the port go
/// before those for all. `addresses` are IPv4 and IPv6 addresses with commas
/// between them. Certificates are verified for the host's name as ever.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if the host cannot be a name, the port is none, an
/// address is none, or there are none or more than 64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_resolve(
    config: Option<&mut reggie_config>,
    host: *const c_char,
    port: c_int,
    addresses: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let host = unsafe { convert::text(host, "host") }?;
        // SAFETY: a text of the caller's, or NULL.
        let addresses = unsafe { convert::text(addresses, "addresses") }?;
        let port = u16::try_from(port).map_err(|_| {
            let message = format!("port: {port} is not 0 to 65535");
            Error::new(Kind::InvalidArgument, message)
        })?;
        config.core_mut().add_resolve(host, port, addresses)
    })
}

/// Sets the version of IP that connections use: REGGIE_IP_ANY, which it is
/// unless set, REGGIE_IP_4 or REGGIE_IP_6. A host without an address of that
/// version is REGGIE_RESOLVE.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if it is
/// none of those.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_ip_version(
    config: Option<&mut reggie_config>,
    version: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let version = status::ip_version(version).ok_or_else(|| {
            let message = format!("version: {version} is no version of IP");
            Error::new(Kind::InvalidArgument, message)
        })?;
        config.core_mut().set_ip_version(version);
        Ok(())
    })
}

/// Sets how many idle connections a client keeps for each server, and for how
/// many milliseconds; 0 for either keeps none. Unless set, it keeps those of a
/// minute. In all it keeps at most 512.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// time is negative.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_max_idle_connections(
    config: Option<&mut reggie_config>,
    per_host: usize,
    idle_ms: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let idle_ms = u64::try_from(idle_ms).map_err(|_| {
            let message = format!("idle_ms: {idle_ms} is negative");
            Error::new(Kind::InvalidArgument, message)
        })?;
        let time = Duration::from_millis(idle_ms);
        config.core_mut().set_max_idle_connections(per_host, time);
        Ok(())
    })
}

/// Sets the most connections that a client has to one server at once, those in
/// use and those that are kept; 0, which it is unless set, means any number.
///
/// A call that would need one more waits until one is free, those that came
/// first before those that came later. It waits as long as connecting may take
/// (reggie_config_set_connect_timeout()), and then returns REGGIE_TIMEOUT; its
/// deadline and its cancel handle end it before.
///
/// A connection is in use until the body of the answer was read to its end, or
/// the response is freed. A thread that has such a response open and sends
/// another request, or sends one from a callback of a call, has a connection in
/// use and needs one more: with a limit of 1 it waits for itself, until the
/// time is over.
///
/// A server is a host and port, with TLS or without; token servers have a
/// number of their own. Where a proxy reads the requests, it is the proxy.
/// Clients that are derived from another one share the number where they share
/// its connections.
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
