//! Tunnels through HTTP proxies (RFC 9110, section 9.3.6).

use zeroize::Zeroizing;

use super::connection::Connection;
use super::failure;
use super::response_head::{self, HeadFailure};
use crate::error::{Error, Kind, Step, server_text};
use crate::http::message::head::HeadError;
use crate::http::url::Origin;
use crate::log::scrub;
use crate::proxy::Proxy;

/// Requests a tunnel to `origin` from the proxy.
pub(super) fn open(
    connection: &mut Connection,
    proxy: &Proxy,
    origin: &Origin,
) -> Result<(), Error> {
    let shown = proxy.authority();
    let broken = |error| failure::of_proxy(error, &shown);
    connection
        .say(request(proxy, origin).as_bytes())
        .map_err(broken)?;
    let head = response_head::receive(connection).map_err(|failed| match failed {
        HeadFailure::Io(error) => broken(error),
        HeadFailure::Closed if !connection.heard() => {
            let message = format!("proxy {shown} closed the connection without a response");
            Error::new(Kind::Proxy, message)
        }
        HeadFailure::Invalid(HeadError::NotHttp) => {
            let message = format!("proxy {shown} does not respond with http");
            Error::new(Kind::Proxy, message)
        }
        failed => {
            let kind = match failed {
                HeadFailure::Interim => Kind::Protocol,
                _ => Kind::Proxy,
            };
            Error::new(kind, format!("response of proxy {shown}: {failed}")).at(Step::Connect)
        }
    })?;
    if !(200..300).contains(&head.status) {
        return Err(refused(
            proxy,
            &origin.authority(),
            head.status,
            &head.reason,
        ));
    }
    if !connection.buffers.received().is_empty() {
        let message = format!("proxy {shown} sent data before the tunnel was used");
        return Err(Error::new(Kind::Proxy, message));
    }
    Ok(())
}

/// The error for a proxy that refuses.
pub(super) fn refused(proxy: &Proxy, host: &str, status: u16, reason: &str) -> Error {
    let mut said = server_text(reason.trim());
    if status == 407 && said.is_empty() {
        said.push_str("Proxy Authentication Required");
    }
    let why = match (status, proxy.login()) {
        (407, None) => ", it requires a user name and password",
        (407, Some(_)) => ", it rejected the user name and password",
        _ => "",
    };
    let shown = proxy.authority();
    let message = format!("proxy {shown} refused to connect to {host}: {status} {said}{why}");
    let message = scrub::scrub(
        &message,
        &secrets(proxy)
            .iter()
            .map(|s| s.as_str())
            .collect::<Vec<_>>(),
    );
    Error::new(Kind::Proxy, message)
        .with_http_status(status)
        .with_host(&shown)
}

/// The secrets of a proxy, for redaction.
pub(super) fn secrets(proxy: &Proxy) -> Vec<Zeroizing<String>> {
    let mut secrets = Vec::new();
    if let Some((_, password)) = proxy.login()
        && let Ok(password) = std::str::from_utf8(password)
    {
        secrets.push(Zeroizing::new(password.to_owned()));
    }
    if let Some(value) = proxy.authorization()
        && let Some((_, encoded)) = value.split_once(' ')
    {
        secrets.push(Zeroizing::new(encoded.to_owned()));
    }
    secrets.retain(|secret| !secret.is_empty());
    secrets
}

fn request(proxy: &Proxy, origin: &Origin) -> Zeroizing<String> {
    let authority = format!("{}:{}", origin.host, origin.port);
    let login = proxy.authorization();
    let line = |text: &str| text.len() + 64;
    let room = 2 * line(&authority) + login.as_ref().map_or(0, |value| line(value));
    let mut text = Zeroizing::new(String::with_capacity(room));
    for part in [
        "CONNECT ",
        &authority,
        " HTTP/1.1\r\nHost: ",
        &authority,
        "\r\n",
    ] {
        text.push_str(part);
    }
    if let Some(value) = login {
        for part in ["Proxy-Authorization: ", &value, "\r\n"] {
            text.push_str(part);
        }
    }
    text.push_str("\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;

    #[test]
    fn a_tunnel_is_requested_by_host_and_port() {
        let origin = Url::parse("https://r.example").expect("a url").origin();
        let proxy = Proxy::parse("http://user:pass@p.example").expect("a proxy");
        assert_eq!(
            request(&proxy, &origin).as_str(),
            "CONNECT r.example:443 HTTP/1.1\r\nHost: r.example:443\r\n\
             Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
        );
        let error = refused(&proxy, "r.example", 407, "no pass for dXNlcjpwYXNz\n");
        let message = error.message();
        assert!(
            !message.contains("dXNl") && !message.contains("no pass "),
            "{message}"
        );
        assert_eq!((error.kind(), error.http_status()), (Kind::Proxy, 407));
    }
}
