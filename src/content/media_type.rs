//! Media types of content (RFC 6838).

use crate::error::{Error, Kind};
use crate::log::redact::shown;

/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// OCI image config.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Docker image config.
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Empty content, which is always `{}`.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// Arbitrary bytes.
pub const OCTETS: &str = "application/octet-stream";

/// The maximum length of a type and of a subtype (RFC 6838, section 4.2).
const MAX_PART: usize = 127;

/// Checks a media type that the program sets.
pub fn check(text: &str) -> Result<(), Error> {
    if is_valid(text) {
        return Ok(());
    }
    let message = format!("media type {}: not of the form type/subtype", shown(text));
    Err(Error::new(Kind::InvalidMediaType, message))
}

/// Whether a string is a type and a subtype, without parameters.
pub fn is_valid(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_part(kind) && is_part(subtype))
}

fn is_part(text: &str) -> bool {
    let is_character = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    let first = text.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.len() <= MAX_PART
        && text.bytes().all(is_character)
}

/// The media type of a Content-Type, without its parameters.
pub fn of_field(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim_ascii()
}

/// Whether two media types are the same, regardless of case.
pub fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether a media type is that of an index or a Docker manifest list.
pub fn is_index(text: &str) -> bool {
    is_same(text, OCI_INDEX) || is_same(text, DOCKER_LIST)
}

/// Whether a media type is that of an image manifest.
pub fn is_image(text: &str) -> bool {
    is_same(text, OCI_MANIFEST) || is_same(text, DOCKER_MANIFEST)
}

/// Whether a media type is that of the config of an image.
pub fn is_config(text: &str) -> bool {
    is_same(text, OCI_CONFIG) || is_same(text, DOCKER_CONFIG)
}

/// Whether a media type is that of a layer which registries do not distribute.
pub fn is_foreign(text: &str) -> bool {
    const DOCKER: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar";
    const OCI: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    let text = text.to_ascii_lowercase();
    text.starts_with(DOCKER) || text.starts_with(OCI)
}

/// Whether a media type is that of a manifest of Docker's schema 1.
pub fn is_schema_1(text: &str) -> bool {
    ["json", "prettyjws"].into_iter().any(|suffix| {
        let known = format!("application/vnd.docker.distribution.manifest.v1+{suffix}");
        is_same(text, &known)
    })
}

/// Whether a media type says nothing about what a manifest is.
pub fn is_generic(text: &str) -> bool {
    [
        "",
        "application/json",
        "text/plain",
        "text/json",
        "text/html",
        OCTETS,
    ]
    .into_iter()
    .any(|generic| is_same(text, generic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_a_type_and_a_subtype() {
        for text in [
            OCI_MANIFEST,
            DOCKER_LIST,
            EMPTY,
            OCTETS,
            "a/b",
            "text/x-y.z+json",
        ] {
            check(text).expect(text);
        }
        let long = format!("a/{}", "b".repeat(128));
        for text in [
            "", "a", "/", "a/", "/b", "a/b/c", "a/b; c=d", "a b/c", "+a/b", "a/\u{e4}", &long,
        ] {
            let error = check(text).expect_err(text);
            assert_eq!(error.kind(), Kind::InvalidMediaType, "{text}");
        }
    }

    #[test]
    fn parameters_and_case_do_not_matter() {
        let field = "Application/VND.OCI.image.index.v1+JSON ; charset=utf-8";
        assert!(is_index(of_field(field)));
        assert!(!is_image(of_field(field)));
        assert_eq!(of_field(""), "");
        assert!(is_schema_1(
            "application/vnd.docker.distribution.manifest.v1+prettyjws"
        ));
        assert!(!is_schema_1(DOCKER_MANIFEST));
    }
}
