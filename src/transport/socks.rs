//! SOCKS 5 (RFC 1928), with user name and password (RFC 1929).

use std::net::{IpAddr, SocketAddr};

use zeroize::Zeroizing;

use super::connection::Connection;
use super::failure;
use crate::error::{Error, Kind};
use crate::http::url::Origin;
use crate::proxy::Proxy;

const VERSION: u8 = 5;
const CONNECT: u8 = 1;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const LOGIN_VERSION: u8 = 1;
const V4: u8 = 1;
const NAME: u8 = 3;
const V6: u8 = 4;

/// Requests a connection to an address of `origin`, or to its name if `address`
/// is `None`; the proxy then resolves it.
pub(super) fn open(
    connection: &mut Connection,
    proxy: &Proxy,
    origin: &Origin,
    address: Option<&SocketAddr>,
) -> Result<(), Error> {
    let mut talk = Talk { connection, proxy };
    let login = proxy.login();
    talk.say(match login {
        Some(_) => &[VERSION, 2, NO_LOGIN, LOGIN],
        None => &[VERSION, 1, NO_LOGIN],
    })?;
    let [version, method] = talk.hear()?;
    if version != VERSION {
        return Err(talk.fail("does not support socks 5"));
    }
    match (method, login) {
        (NO_LOGIN, _) => {}
        (LOGIN, Some((username, password))) => {
            talk.say(&login_message(username, password))?;
            let [_, status] = talk.hear()?;
            if status != 0 {
                return Err(talk.fail("rejected the user name and password"));
            }
        }
        (_, None) => return Err(talk.fail("requires a user name and password")),
        (_, Some(_)) => return Err(talk.fail("does not support user name and password")),
    }
    talk.say(&connect_message(origin, address))?;
    let [version, reply, _, kind] = talk.hear()?;
    if version != VERSION {
        return Err(talk.fail("does not support socks 5"));
    }
    if reply != 0 {
        let host = origin.authority();
        return Err(talk.fail(&format!(
            "refused to connect to {host}: {}",
            reply_meaning(reply)
        )));
    }
    // The address that the proxy uses is ignored, but must be read.
    match kind {
        V4 => talk.hear::<4>().map(|_| ()),
        V6 => talk.hear::<16>().map(|_| ()),
        NAME => {
            let [length] = talk.hear()?;
            (0..length).try_for_each(|_| talk.hear::<1>().map(|_| ()))
        }
        _ => Err(talk.fail("does not support socks 5")),
    }?;
    talk.hear::<2>().map(|_| ())
}

struct Talk<'a> {
    connection: &'a mut Connection,
    proxy: &'a Proxy,
}

impl Talk<'_> {
    fn say(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let shown = self.proxy.authority();
        self.connection
            .say(bytes)
            .map_err(|error| failure::of_proxy(error, &shown))
    }

    fn hear<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        let mut filled = 0;
        while filled < N {
            let read = self.connection.read(&mut bytes[filled..]);
            match read.map_err(|error| failure::of_proxy(error, &self.proxy.authority()))? {
                0 => return Err(self.fail("closed the connection without a response")),
                more => filled += more,
            }
        }
        Ok(bytes)
    }

    fn fail(&self, what: &str) -> Error {
        Error::new(
            Kind::Proxy,
            format!("proxy {} {what}", self.proxy.authority()),
        )
    }
}

/// Both have at most 255 bytes, which was checked with the URL.
fn login_message(username: &[u8], password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(Vec::with_capacity(3 + username.len() + password.len()));
    message.push(LOGIN_VERSION);
    for text in [username, password] {
        message.push(text.len().try_into().unwrap_or(u8::MAX));
        message.extend_from_slice(text);
    }
    message
}

fn connect_message(origin: &Origin, address: Option<&SocketAddr>) -> Vec<u8> {
    let bare = origin.host.trim_start_matches('[').trim_end_matches(']');
    let address = address.map(SocketAddr::ip).or_else(|| bare.parse().ok());
    let mut message = vec![VERSION, CONNECT, 0];
    match address.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(v4)) => {
            message.push(V4);
            message.extend(v4.octets());
        }
        Some(IpAddr::V6(v6)) => {
            message.push(V6);
            message.extend(v6.octets());
        }
        None => {
            // A host in a URL has at most 254 characters.
            message.push(NAME);
            message.push(bare.len().try_into().unwrap_or(u8::MAX));
            message.extend(bare.as_bytes());
        }
    }
    message.extend(origin.port.to_be_bytes());
    message
}

fn reply_meaning(reply: u8) -> String {
    let known = match reply {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => return format!("reply {reply}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;

    #[test]
    fn messages() {
        let case = |url: &str, address: Option<&str>| {
            let origin = Url::parse(url).expect("a url").origin();
            let address = address.map(|text| text.parse().expect("an address"));
            connect_message(&origin, address.as_ref())
        };
        let name = [&[5, 1, 0, 3, 9][..], b"r.example", &[1, 187]].concat();
        assert_eq!(case("https://r.example", None), name);
        let v4 = [5, 1, 0, 1, 10, 0, 0, 1, 0x13, 0x88];
        assert_eq!(case("http://r.example:5000", Some("10.0.0.1:5000")), v4);
        assert_eq!(case("http://10.0.0.1:5000", None), v4);
        let v6 = case("http://[::1]", None);
        assert_eq!(v6[..4], [5, 1, 0, 4]);
        assert_eq!(v6[4..], [&[0; 15][..], &[1, 0, 80]].concat());
        assert_eq!(login_message(b"u", b"pw").as_slice(), b"\x01\x01u\x02pw");
    }
}
