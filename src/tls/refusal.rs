//! Describes TLS failures with messages that tell users what they can do.

use std::fmt;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{AlertDescription, CertificateError, InvalidMessage, OtherError, PeerIncompatible};
use webpki::EndEntityCert;

use super::{algorithm_name, name};
use crate::error::{Error, Kind, server_text};
use crate::http::date;

/// Maximum number of certificate names in a message.
const MAX_NAMES: usize = 8;

/// The client trusts no certificates.
#[derive(Debug)]
pub(super) struct NothingTrusted;

impl fmt::Display for NothingTrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no certificates are trusted, neither the system's nor added ones")
    }
}

impl std::error::Error for NothingTrusted {}

/// There is no chain to a trusted certificate.
#[derive(Debug)]
pub(super) enum Untrusted {
    SelfSigned,
    /// The issuer's name as its certificate has it, if it can be read.
    Issuer(Option<String>),
}

impl Untrusted {
    pub(super) fn new(certificate: &CertificateDer<'_>) -> Untrusted {
        match EndEntityCert::try_from(certificate) {
            Ok(read) if read.issuer() == read.subject() => Untrusted::SelfSigned,
            Ok(read) => Untrusted::Issuer(name::common(read.issuer())),
            Err(_) => Untrusted::Issuer(None),
        }
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = match self {
            Untrusted::SelfSigned => {
                return f.write_str("it is self-signed, and not among the trusted certificates");
            }
            Untrusted::Issuer(Some(name)) => format!(" \"{}\"", short(name)),
            Untrusted::Issuer(None) => String::new(),
        };
        write!(
            f,
            "its issuer{issuer} is not among the trusted certificates"
        )
    }
}

impl std::error::Error for Untrusted {}

/// The certificate callback returned this value.
#[derive(Debug)]
pub(super) struct Stopped(pub(super) i32);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the certificate callback returned {}", self.0)
    }
}

impl std::error::Error for Stopped {}

/// The call ended before the certificate callback could run.
#[derive(Debug)]
pub(super) struct CallEnded(pub(super) Error);

impl fmt::Display for CallEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for CallEnded {}

/// Converts a failure of a handshake or of an established connection.
pub(crate) fn explain(error: &rustls::Error, host: &str) -> Error {
    let rustls::Error::InvalidCertificate(why) = error else {
        return Error::new(Kind::Tls, format!("tls with {host}: {}", message(error)));
    };
    if let CertificateError::Other(OtherError(source)) = why
        && let Some(Stopped(value)) = source.downcast_ref()
    {
        let message =
            format!("certificate callback: refused the certificate of {host} with {value}");
        return Error::new(Kind::CertificateCallback, message).with_callback_value(*value);
    }
    if let CertificateError::Other(OtherError(source)) = why
        && let Some(CallEnded(error)) = source.downcast_ref()
    {
        return error.clone();
    }
    let why = about_certificate(why);
    let message = format!("certificate of {host} is not trusted: {why}");
    Error::new(Kind::Certificate, message)
}

/// A readable message for an error of rustls.
pub(super) fn message(error: &rustls::Error) -> String {
    let known = match error {
        rustls::Error::InvalidCertificate(why) => return about_certificate(why),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server does not use tls; is it plain http?"
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "the server supports no version of tls that this client allows",
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server requires a client certificate"
        }
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the server rejected the handshake: no common settings, or it requires a client certificate"
        }
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => {
            return format!(
                "the server rejected the client certificate, or requires one (alert {alert:?})"
            );
        }
        rustls::Error::General(why) => return server_text(why),
        other => return server_text(&other.to_string()),
    };
    known.to_owned()
}

fn about_certificate(why: &CertificateError) -> String {
    let known = match why {
        CertificateError::ExpiredContext { time, not_after } => {
            let (end, now) = (utc(not_after), utc(time));
            return format!("it expired on {end}; the system clock is at {now}");
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let (start, now) = (utc(not_before), utc(time));
            return format!("it is not valid before {start}; the system clock is at {now}");
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            return about_names(presented);
        }
        CertificateError::BadEncoding => "it cannot be parsed",
        CertificateError::BadSignature => {
            "its signature is wrong, or by an RSA key of less than 2048 bits"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id,
            ..
        } => {
            let algorithm = algorithm_name::name(signature_algorithm_id);
            return format!("it is signed with {algorithm}, which is not supported");
        }
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            public_key_algorithm_id,
        } => {
            let algorithm = algorithm_name::name(signature_algorithm_id);
            let key = algorithm_name::name(public_key_algorithm_id);
            return format!(
                "it is signed with {algorithm} by a key of {key}, which is not supported"
            );
        }
        CertificateError::InvalidPurposeContext { .. } => {
            "its extended key usage does not allow servers"
        }
        CertificateError::Other(OtherError(source)) => match source.downcast_ref() {
            Some(webpki::Error::UnsupportedCertVersion) => {
                "it is a version 1 or 2 certificate, which has no subject alternative name; version 3 is required"
            }
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "it is a ca certificate, and not among the trusted certificates"
            }
            _ => return server_text(&source.to_string()),
        },
        other => return server_text(&other.to_string()),
    };
    known.to_owned()
}

fn utc(time: &UnixTime) -> String {
    date::utc(time.as_secs())
}

/// For a certificate that is valid for other names, or for none.
fn about_names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "it has no subject alternative name; its common name is ignored".to_owned();
    }
    let names: Vec<String> = presented
        .iter()
        .take(MAX_NAMES)
        .map(|name| short(bare(name)))
        .collect();
    let more = match presented.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("it is for {}{more}", names.join(", "))
}

/// A name that the server sent, for a one-line message.
fn short(name: &str) -> String {
    server_text(name).chars().take(80).collect()
}

/// `registry.example` of `DnsName("registry.example")`.
fn bare(name: &str) -> &str {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_certificate_are_shown_up_to_a_number() {
        let names = |count: usize| -> Vec<String> {
            let name = |n| format!("DnsName(\"{n}.registry.example\")");
            (0..count).map(name).collect()
        };
        assert!(about_names(&[]).contains("no subject alternative name"));
        assert_eq!(about_names(&names(1)), "it is for 0.registry.example");
        assert_eq!(
            about_names(&["IpAddress(127.0.0.1)".to_owned()]),
            "it is for 127.0.0.1"
        );
        assert!(about_names(&names(1000)).ends_with("7.registry.example and 992 more"));
        let long = ["DnsName(\"".to_owned() + &"a".repeat(10_000) + "\n\")"];
        let message = about_names(&long);
        assert!(message.len() < 100 && !message.contains('\n'), "{message}");
    }

    #[test]
    fn the_name_of_an_issuer_is_one_bounded_line() {
        let named = |name: &str| Untrusted::Issuer(Some(name.to_owned())).to_string();
        assert_eq!(
            named("a\nb"),
            "its issuer \"a\\nb\" is not among the trusted certificates"
        );
        assert!(named(&"a".repeat(10_000)).len() < 300);
        assert_eq!(
            Untrusted::Issuer(None).to_string(),
            "its issuer is not among the trusted certificates"
        );
    }

    #[test]
    fn what_a_server_says_is_explained() {
        let alert = |alert| explain(&rustls::Error::AlertReceived(alert), "registry.example");
        for (error, part) in [
            (
                alert(AlertDescription::ProtocolVersion),
                "no version of tls",
            ),
            (
                alert(AlertDescription::CertificateRequired),
                "requires a client certificate",
            ),
            (alert(AlertDescription::UnknownCA), "UnknownCA"),
            (alert(AlertDescription::InternalError), "InternalError"),
        ] {
            assert_eq!(error.kind(), Kind::Tls);
            assert!(error.message().starts_with("tls with registry.example: "));
            assert!(error.message().contains(part), "{error}");
        }
    }
}
