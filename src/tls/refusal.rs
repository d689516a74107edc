//! Describes TLS failures with messages that tell users what they can do.

use std::fmt;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, OtherError, PeerIncompatible};

use super::algorithm_name;
use crate::error::{Error, Kind, server_text};

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
    let message = format!("certificate of {host} is not accepted: {why}");
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
        CertificateError::UnknownIssuer => "its issuer is not trusted, and it was not added itself",
        CertificateError::ExpiredContext { time, not_after } => {
            let (end, now) = (date(not_after), date(time));
            return format!("it expired on {end}; the system clock is at {now}");
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let (start, now) = (date(not_before), date(time));
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
                "it is a ca certificate, and was not added itself"
            }
            _ => return server_text(&source.to_string()),
        },
        other => return server_text(&other.to_string()),
    };
    known.to_owned()
}

/// For a certificate that is valid for other names, or for none.
fn about_names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "it has no subject alternative name; its common name is ignored".to_owned();
    }
    let names: Vec<String> = presented
        .iter()
        .take(MAX_NAMES)
        .map(|name| server_text(bare(name)).chars().take(80).collect())
        .collect();
    let more = match presented.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("it is for {}{more}", names.join(", "))
}

/// `registry.example` of `DnsName("registry.example")`.
fn bare(name: &str) -> &str {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

/// A date and time in UTC, in ISO 8601.
fn date(time: &UnixTime) -> String {
    let seconds = time.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Count years from March, so that the leap day is the last day.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month < 10 {
        true => (era * 400 + year, month + 3),
        false => (era * 400 + year + 1, month - 9),
    };
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_009_843_199, "2001-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ] {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            assert_eq!(date(&time), expected);
        }
    }

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
        let told = about_names(&long);
        assert!(told.len() < 100 && !told.contains('\n'), "{told}");
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
