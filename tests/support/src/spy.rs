//! Servers that want what is not theirs, and what they got.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::raw_conn::Conn;
use super::raw_request::RawRequest;
use super::raw_server::RawServer;

/// The user whose password is to be got.
pub const USER: &str = "innocent";
/// What no server but the right one may see.
pub const PASSWORD: &str = "hunter2-password";
/// A token of the registry.
pub const TOKEN: &str = "token-of-the-registry";
/// What a caller set for the registry, in headers of all kinds.
pub const HEADER: &str = "secret-of-the-caller";

/// The ways to write 127.0.0.1 that have beaten checks of it.
pub const LOOPBACKS: [&str; 9] = [
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0.0.0.0",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "localhost",
];

/// The value of Authorization that user and password make.
pub fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

/// A server that belongs to the adversary.
pub struct Spy(RawServer);

impl Spy {
    /// Starts one that answers as `handler` does.
    pub fn start(handler: impl Fn(&mut Conn, &RawRequest) + Send + Sync + 'static) -> Self {
        Self(RawServer::start(each(handler)))
    }

    /// Starts one on another address.
    pub fn start_at(
        address: &str,
        handler: impl Fn(&mut Conn, &RawRequest) + Send + Sync + 'static,
    ) -> Self {
        let address: IpAddr = address.parse().expect("an address");
        Self(RawServer::start_at(address, each(handler)))
    }

    /// Starts one with TLS.
    pub fn start_tls(handler: impl Fn(&mut Conn, &RawRequest) + Send + Sync + 'static) -> Self {
        Self(RawServer::start_tls(each(handler)))
    }

    /// Starts one that asks for credentials in every way there is.
    pub fn asking() -> Self {
        Self::start(ask)
    }

    /// The server.
    pub fn server(&self) -> &RawServer {
        &self.0
    }

    /// Its address with its scheme.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.0.address().port()
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<RawRequest> {
        self.0.requests()
    }

    /// Panics if any byte of what it got tells a secret, or if it got nothing,
    /// which would prove nothing.
    #[track_caller]
    pub fn saw_no_secret(&self) {
        assert!(!self.requests().is_empty(), "nobody came");
        for request in self.requests() {
            let told = tells(&request.raw);
            assert_eq!(told, None, "{}", request.head);
        }
    }

    /// Panics if anything was asked.
    #[track_caller]
    pub fn was_asked_nothing(&self) {
        let heads: Vec<String> = self.requests().into_iter().map(|r| r.head).collect();
        assert_eq!(heads, [""; 0], "nothing is to come here");
    }

    /// Panics if anybody came, be it without a word.
    #[track_caller]
    pub fn saw_nobody(&self) {
        self.was_asked_nothing();
        assert_eq!(self.0.connections(), 0, "nobody is to come here");
    }
}

fn each(
    handler: impl Fn(&mut Conn, &RawRequest) + Send + Sync + 'static,
) -> impl Fn(&mut Conn) + Send + Sync + 'static {
    move |conn| {
        while let Some(request) = conn.read_request() {
            handler(conn, &request);
        }
    }
}

/// Asks for Basic, and for Bearer with itself as the realm; at `/token` it
/// gives a token, to keep them talking.
pub fn ask(conn: &mut Conn, request: &RawRequest) {
    if request.target.starts_with("/token") {
        conn.respond("200 OK", &[], br#"{"token":"of-the-adversary"}"#);
        return;
    }
    let host = request.header("host").unwrap_or_default();
    let bearer = format!("Bearer realm=\"http://{host}/token\",service=\"s\"");
    let challenges = [
        ("WWW-Authenticate", "Basic realm=\"tell me\""),
        ("WWW-Authenticate", bearer.as_str()),
    ];
    conn.respond("401 Unauthorized", &challenges, b"");
}

/// The first secret found in what was sent, as it is or in some encoding.
fn tells(bytes: &[u8]) -> Option<String> {
    let basic = basic();
    let pair = basic.trim_start_matches("Basic ");
    let encoded = [
        pair.to_owned(),
        STANDARD.encode(PASSWORD),
        STANDARD.encode(TOKEN),
        PASSWORD.to_owned(),
        TOKEN.to_owned(),
        HEADER.to_owned(),
    ];
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    encoded
        .into_iter()
        .find(|secret| text.contains(&secret.to_lowercase()))
}
