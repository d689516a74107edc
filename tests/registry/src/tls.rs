//! Streams with and without TLS, and certificates.

use crate::options::Tls;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The server's TLS configuration.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    /// The certificate to trust, in PEM.
    pub(crate) ca_pem: String,
}

impl Identity {
    /// Creates keys and certificates; `None` without TLS.
    pub(crate) fn make(kind: Tls) -> io::Result<Option<Identity>> {
        match kind {
            Tls::Off => Ok(None),
            Tls::PrivateCa => private_ca().map(Some).map_err(io::Error::other),
            Tls::SelfSigned => self_signed().map(Some).map_err(io::Error::other),
        }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn private_ca() -> Result<Identity, BoxError> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority
        .distinguished_name
        .push(DnType::CommonName, "embedded registry test authority");
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(HOSTS.map(String::from))?;
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.distinguished_name.push(DnType::CommonName, HOSTS[0]);
    let server_key = KeyPair::generate()?;
    let server_certificate = server.signed_by(&server_key, &issuer)?;
    identity(
        server_certificate.der().clone(),
        &server_key,
        authority_certificate.pem(),
    )
}

fn self_signed() -> Result<Identity, BoxError> {
    let mut server = CertificateParams::new(HOSTS.map(String::from))?;
    // Without key usages, like the default configuration of openssl.
    server.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    server.use_authority_key_identifier_extension = true;
    server.distinguished_name.push(DnType::CommonName, HOSTS[0]);
    let key = KeyPair::generate()?;
    let certificate = server.self_signed(&key)?;
    identity(certificate.der().clone(), &key, certificate.pem())
}

fn identity(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    ca_pem: String,
) -> Result<Identity, BoxError> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity {
        config: Arc::new(config),
        ca_pem,
    })
}

/// A connection, with or without TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    pub(crate) fn new(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        match tls {
            None => Ok(Stream::Plain(socket)),
            Some(config) => {
                let connection =
                    ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                Ok(Stream::Tls(Box::new(StreamOwned::new(connection, socket))))
            }
        }
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => &stream.sock,
        }
    }

    /// Sends a TLS close notice.
    pub(crate) fn close_notice(&mut self) -> io::Result<()> {
        if let Stream::Tls(stream) = self {
            stream.conn.send_close_notify();
            stream.flush()?;
        }
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
