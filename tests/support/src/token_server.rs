//! A token server that signs its tokens, for registries that verify them.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use super::certificates::Certificates;
use super::raw_conn::Conn;
use super::raw_request::RawRequest;
use super::raw_server::RawServer;
use super::registries::{PASSWORD, USER};

/// The issuer that registries are told to trust.
pub const ISSUER: &str = "reggie test issuer";
/// The service whose tokens it signs.
pub const SERVICE: &str = "registry.example";
/// How long a token is good, in seconds.
const LIFETIME: u64 = 300;

/// A running token server, stopped on drop. It grants [`USER`] all that is
/// asked for and everybody else nothing.
///
/// Its tokens are JSON Web Tokens by ES256 whose header carries the signer's
/// certificate (`x5c`, RFC 7515 section 4.1.6). Distribution 2.8 looks for
/// that first, and checks it against the authority in its `rootcertbundle`.
pub struct TokenServer {
    server: RawServer,
    certificates: Certificates,
}

impl TokenServer {
    /// Starts one on 127.0.0.1, without TLS.
    pub fn start() -> Self {
        Self::start_slow(Duration::ZERO)
    }

    /// Starts one that takes its time for each answer.
    pub fn start_slow(time: Duration) -> Self {
        let certificates = Certificates::new();
        let signer = Signer::new(&certificates);
        let server = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                thread::sleep(time);
                signer.answer(conn, &request);
            }
        });
        Self {
            server,
            certificates,
        }
    }

    /// The realm that challenges are to name.
    pub fn realm(&self) -> String {
        format!("{}/token", self.server.url())
    }

    /// The PEM file that a registry has to trust (`rootcertbundle`).
    pub fn bundle(&self) -> PathBuf {
        self.certificates.ca_path()
    }

    /// The requests so far, one for each token asked for.
    pub fn requests(&self) -> Vec<RawRequest> {
        self.server.requests()
    }
}

struct Signer {
    key: EcdsaKeyPair,
    certificate: CertificateDer<'static>,
    random: SystemRandom,
    issued: AtomicU64,
}

impl Signer {
    fn new(certificates: &Certificates) -> Self {
        let random = SystemRandom::new();
        let key = PrivatePkcs8KeyDer::from_pem_file(certificates.key_path())
            .expect("the key is in its file");
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            key.secret_pkcs8_der(),
            &random,
        )
        .expect("the key is of P-256");
        let pem = fs::read(certificates.certificate_path()).expect("the certificate is there");
        Self {
            key,
            certificate: CertificateDer::from_pem_slice(&pem).expect("it is a certificate"),
            random,
            issued: AtomicU64::new(0),
        }
    }

    fn answer(&self, conn: &mut Conn, request: &RawRequest) {
        let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
        if request.header("authorization") != Some(&expected) {
            let body = br#"{"details":"unknown user"}"#;
            conn.respond("401 Unauthorized", &[], body);
            return;
        }
        let scopes = query(&request.target)
            .into_iter()
            .filter(|(name, _)| name == "scope")
            .map(|(_, value)| value);
        let access: Vec<Value> = scopes.filter_map(|scope| access(&scope)).collect();
        let body = json!({"token": self.token(&access), "expires_in": LIFETIME});
        let headers = [("Content-Type", "application/json")];
        conn.respond("200 OK", &headers, body.to_string().as_bytes());
    }

    fn token(&self, access: &[Value]) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("it is after 1970")
            .as_secs();
        let header = json!({
            "typ": "JWT",
            "alg": "ES256",
            "x5c": [STANDARD.encode(&self.certificate)],
        });
        let claims = json!({
            "iss": ISSUER,
            "sub": USER,
            "aud": SERVICE,
            "iat": now,
            "nbf": now - 10,
            "exp": now + LIFETIME,
            "jti": self.issued.fetch_add(1, Ordering::Relaxed).to_string(),
            "access": access,
        });
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self
            .key
            .sign(&self.random, signed.as_bytes())
            .expect("the system gives random bytes");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Reads `type:name:action,action` into what a token says of it.
fn access(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<&str> = actions.split(',').collect();
    Some(json!({"type": kind, "name": name, "actions": actions}))
}

/// The decoded names and values in the query of a request's target.
pub fn query(target: &str) -> Vec<(String, String)> {
    let (_, query) = target.split_once('?').unwrap_or_default();
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("escapes are of two digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).expect("queries are UTF-8")
}
