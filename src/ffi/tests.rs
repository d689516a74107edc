//! What cannot be tested from C.

use std::ffi::{CStr, CString, c_char, c_int};
use std::process::Command;
use std::{fs, mem, ptr};

use super::config::{reggie_config_free, reggie_config_new};
use super::config_credentials::reggie_config_set_credentials;
use super::error::{reggie_error_callback_value, reggie_error_message, reggie_error_status};
use super::error_handle::{ErrorOut, reggie_error};
use super::status::{
    REGGIE_INVALID_UTF8, REGGIE_NULL_ARGUMENT, REGGIE_OK, REGGIE_PANIC, reggie_status,
};
use super::status_string::reggie_status_string;
use super::{config_observe, convert, guard, status};
use crate::body::digest::Algorithm;
use crate::error::Kind;
use crate::log::Level;

mod request;

const KINDS: &[Kind] = &[
    Kind::NullArgument,
    Kind::InvalidUtf8,
    Kind::InvalidArgument,
    Kind::InvalidAddress,
    Kind::InvalidMethod,
    Kind::InvalidPath,
    Kind::InvalidHeader,
    Kind::InvalidName,
    Kind::InvalidReference,
    Kind::InvalidDigest,
    Kind::InvalidSessionId,
    Kind::MissingValue,
    Kind::InvalidCredentials,
    Kind::InvalidCredentialsFile,
    Kind::InvalidCertificates,
    Kind::InvalidClientCertificate,
    Kind::InvalidProxy,
    Kind::UnknownAlgorithm,
    Kind::LengthMismatch,
    Kind::Busy,
    Kind::InvalidPlatform,
    Kind::InvalidExport,
    Kind::InvalidJson,
    Kind::InvalidMediaType,
    Kind::NoMemory,
    Kind::Panic,
    Kind::File,
    Kind::BodyNotRewindable,
    Kind::BodyLength,
    Kind::BodyTooLarge,
    Kind::Cancelled,
    Kind::Deadline,
    Kind::CredentialHelper,
    Kind::Locked,
    Kind::SourceChanged,
    Kind::NoStateFolder,
    Kind::InvalidLayout,
    Kind::UnsafeName,
    Kind::ChallengeCallback,
    Kind::ReadCallback,
    Kind::RewindCallback,
    Kind::WriteCallback,
    Kind::CallbackMisuse,
    Kind::CertificateCallback,
    Kind::CredentialCallback,
    Kind::RealmCallback,
    Kind::RedirectCallback,
    Kind::ExchangeCallback,
    Kind::RetryConditionCallback,
    Kind::ProgressCallback,
    Kind::FilterCallback,
    Kind::Resolve,
    Kind::Connect,
    Kind::Tls,
    Kind::Certificate,
    Kind::Send,
    Kind::Receive,
    Kind::Closed,
    Kind::Truncated,
    Kind::Protocol,
    Kind::Timeout,
    Kind::Proxy,
    Kind::AddressRefused,
    Kind::TooManyRedirects,
    Kind::RedirectRefused,
    Kind::TokenRefused,
    Kind::RealmRefused,
    Kind::RetryLater,
    Kind::NoErrors,
    Kind::NoHeader,
    Kind::HttpStatus,
    Kind::DigestMismatch,
    Kind::PartialContent,
    Kind::NextPageRefused,
    Kind::NotFound,
    Kind::Unauthorized,
    Kind::Denied,
    Kind::Unsupported,
    Kind::SizeMismatch,
    Kind::InvalidManifest,
    Kind::NoPlatform,
    Kind::RangeIgnored,
    Kind::UploadLost,
    Kind::BlobMissing,
    Kind::ListEndless,
    Kind::NoFiles,
];

/// Name and text of each macro of the header.
fn macros() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/include/reggie.h");
    fs::read_to_string(path)
        .expect("the header")
        .lines()
        .filter_map(|line| line.strip_prefix("#define REGGIE_")?.split_once(' '))
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

fn has(macros: &[(String, String)], name: &str, text: &str) -> bool {
    macros
        .iter()
        .any(|(other, value)| other == name && value == text)
}

#[test]
fn each_kind_of_failure_has_its_status_in_the_header() {
    let macros = macros();
    for &kind in KINDS {
        let mut name = String::new();
        for letter in format!("{kind:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        let number = kind as reggie_status;
        assert_eq!(status::of(kind), number, "{name}");
        assert!(has(&macros, &name, &number.to_string()), "{name}");
        assert_ne!(text(reggie_status_string(number)), "unknown status");
    }
    // What else is a number in the header.
    let others = [
        "OK",
        "VERSION_",
        "LOG_",
        "TLS_",
        "IP_",
        "PURPOSE_",
        "REDIRECT_FOLLOW",
        "REDIRECT_RETURN",
        "TIME_",
        "JSON_",
        "PROGRESS_",
        "PHASE_",
        "EXISTING_",
    ];
    let statuses = macros
        .iter()
        .filter(|(_, text)| text.parse::<u32>().is_ok())
        .filter(|(name, _)| {
            name == "PROGRESS_CALLBACK" || !others.iter().any(|other| name.starts_with(other))
        });
    assert_eq!(statuses.count(), KINDS.len());
    assert!(has(&macros, "OK", "0"));
    assert_eq!(text(reggie_status_string(-1)), "unknown status");
}

#[test]
fn the_other_macros_are_the_values_of_the_core() {
    let macros = macros();
    for (name, level) in [
        ("LOG_ERROR", Level::Error),
        ("LOG_WARNING", Level::Warning),
        ("LOG_INFO", Level::Info),
        ("LOG_DEBUG", Level::Debug),
    ] {
        let number = level as c_int;
        assert!(has(&macros, name, &number.to_string()), "{name}");
        assert_eq!(config_observe::level(number), Some(level));
    }
    assert_eq!(
        (config_observe::level(0), config_observe::level(5)),
        (None, None)
    );
    for (name, algorithm) in [
        ("SHA256", Algorithm::Sha256),
        ("SHA384", Algorithm::Sha384),
        ("SHA512", Algorithm::Sha512),
    ] {
        assert!(has(&macros, name, &format!("{:?}", algorithm.name())));
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS"] {
        assert!(has(&macros, method, &format!("{method:?}")));
    }
}

fn text(text: *const c_char) -> String {
    assert!(!text.is_null());
    // SAFETY: a string from the library.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_panic_becomes_a_status_with_its_message() {
    let mut error = ptr::null_mut();
    // SAFETY: a place on the stack.
    let out = unsafe { ErrorOut::new(&mut error) };
    let status = guard::call(out, || panic!("a\nb {}", 1 + 1));
    assert_eq!(status, REGGIE_PANIC);
    // SAFETY: the error that was just made.
    let error = unsafe { Box::from_raw(error) };
    assert_eq!(reggie_error_status(Some(&error)), REGGIE_PANIC);
    assert_eq!(
        text(reggie_error_message(Some(&error))),
        "bug in libreggie: a\\nb 2"
    );
    assert_eq!(guard::status(|| panic!("words")), REGGIE_PANIC);
    assert_eq!(guard::value(7, || panic!("words")), 7);
}

/// Set in a copy of this program that only panics.
const CHILD: &str = "REGGIE_TEST_PANICS";

#[test]
fn the_panics_of_others_are_reported_and_ours_are_not() {
    if std::env::var_os(CHILD).is_some() {
        guard::value((), || panic!("inside"));
        guard::value((), || guard::outside(|| panic!("callback")));
        let _ = std::panic::catch_unwind(|| panic!("outside"));
        guard::value((), || panic!("inside again"));
        return;
    }
    let program = std::env::current_exe().expect("a program");
    let output = Command::new(program)
        .args(["--exact", "--nocapture"])
        .arg("ffi::tests::the_panics_of_others_are_reported_and_ours_are_not")
        .env(CHILD, "1")
        .output()
        .expect("a program that runs");
    assert!(output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("callback"), "{stderr}");
    assert!(stderr.contains("outside"), "{stderr}");
    assert!(!stderr.contains("inside"), "{stderr}");
}

#[test]
fn a_nul_cuts_no_text_short() {
    let shown = |text: &str| convert::c_string(text).into_string().expect("UTF-8");
    assert_eq!(shown("a\0b\0"), "a\u{fffd}b\u{fffd}");
    assert_eq!(shown(""), "");
}

#[test]
fn bytes_may_be_null_only_if_there_are_none() {
    let kind = |size| {
        // SAFETY: NULL is checked for.
        let slice = unsafe { convert::slice(ptr::null(), size, "bytes") };
        slice.map(<[u8]>::len).map_err(|error| error.kind())
    };
    assert_eq!(kind(0), Ok(0));
    assert_eq!(kind(1), Err(Kind::NullArgument));
    assert_eq!(kind(usize::MAX), Err(Kind::InvalidArgument));
}

#[test]
fn an_error_place_is_set_and_never_read() {
    let stale = ptr::dangling_mut::<reggie_error>();
    let mut error = stale;
    // SAFETY: a place on the stack.
    let out = unsafe { ErrorOut::new(&mut error) };
    assert_eq!(guard::call(out, || Ok(())), REGGIE_OK);
    assert!(error.is_null());
    // SAFETY: NULL is checked for.
    let out = unsafe { ErrorOut::new(ptr::null_mut()) };
    assert_eq!(
        guard::call(out, || Err(convert::null("x"))),
        REGGIE_NULL_ARGUMENT
    );
    assert_eq!(reggie_error_status(None), REGGIE_OK);
    assert_eq!(text(reggie_error_message(None)), "");
    assert_eq!(reggie_error_callback_value(None), 0);
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let config = reggie_config_new();
    let word = CString::new(*b"p\xff").expect("no NUL");
    // SAFETY: the config and strings of this test.
    let status = unsafe { reggie_config_set_credentials(config, c"user".as_ptr(), word.as_ptr()) };
    assert_eq!(status, REGGIE_INVALID_UTF8);
    // SAFETY: the config of this test, not used any more.
    reggie_config_free(Some(unsafe { Box::from_raw(config) }));
    assert_eq!(mem::size_of::<reggie_status>(), 4);
}
