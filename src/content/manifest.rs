//! Manifests: images, artifacts and indexes, kept byte for byte.

use super::descriptor::{Annotations, Descriptor};
use super::json::Json;
use super::media_type;
use super::platform::Platform;
use crate::body::digest::{Algorithm, Digest, of_bytes};
use crate::error::{Error, Kind};
use crate::log::redact::shown;

/// The size that registries accept (OCI Distribution Specification, Pushing
/// Manifests).
pub const DEFAULT_MAX_SIZE: usize = 4 * 1024 * 1024;

/// A manifest and what it refers to.
#[derive(Clone, Debug)]
pub struct Manifest {
    bytes: Vec<u8>,
    descriptor: Descriptor,
    config: Option<Descriptor>,
    layers: Vec<Descriptor>,
    entries: Vec<Descriptor>,
    subject: Option<Descriptor>,
    annotations: Annotations,
    json: Json,
}

impl Manifest {
    /// Parses a manifest of at most `max` bytes, which are kept. `media_type` is
    /// that of its Content-Type; without one, the manifest states it itself.
    pub fn parse_up_to(
        bytes: &[u8],
        media_type: Option<&str>,
        max: usize,
    ) -> Result<Manifest, Error> {
        if bytes.len() > max {
            let size = bytes.len();
            let message = format!("manifest: {size} bytes, more than {max}");
            return Err(Error::new(Kind::BodyTooLarge, message));
        }
        Manifest::parse(bytes.to_owned(), media_type, Algorithm::Sha256)
    }

    /// Parses a manifest whose digest has an algorithm.
    pub fn parse(
        bytes: Vec<u8>,
        media_type: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Manifest, Error> {
        let json = Json::parse(&bytes).map_err(|error| invalid(error.message()))?;
        if !matches!(json, Json::Object(_)) {
            return Err(invalid("is not an object"));
        }
        let media_type = own_type(&json, media_type)?;
        let digest = Digest::parse(&of_bytes(algorithm, &bytes))?;
        let mut descriptor = Descriptor::of(digest, Some(bytes.len() as u64), media_type);
        let content = Content::read(&json, descriptor.media_type())?;
        let artifact_type = match json.member("artifactType") {
            Some(Json::String(text)) => Some(text.as_str()),
            Some(_) => return Err(invalid("artifactType is not a string")),
            None => content.config.as_ref().map(Descriptor::media_type),
        };
        descriptor.set_found_artifact_type(artifact_type);
        let annotations = Annotations::of_json(json.member("annotations"))
            .map_err(|problem| invalid(&format!("manifest {problem}")))?;
        Ok(Manifest {
            bytes,
            descriptor,
            config: content.config,
            layers: content.layers,
            entries: content.entries,
            subject: content.subject,
            annotations,
            json,
        })
    }

    /// The bytes as they were received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its digest, size, media type and artifact type.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Whether it is an index or a Docker manifest list.
    pub fn is_index(&self) -> bool {
        media_type::is_index(self.descriptor.media_type())
    }

    /// The artifactType, else the media type of the config.
    pub fn artifact_type(&self) -> Option<&str> {
        self.descriptor.artifact_type()
    }

    /// The config of an image.
    pub fn config(&self) -> Option<&Descriptor> {
        self.config.as_ref()
    }

    /// The layers of an image.
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers
    }

    /// All blobs that it refers to. Manifests of artifacts of earlier drafts have
    /// them in a member of their own.
    pub(super) fn blobs(&self) -> Vec<Descriptor> {
        let known = self.config.iter().chain(&self.layers).cloned();
        let more = match media_type::is_image(self.descriptor.media_type()) || self.is_index() {
            true => Vec::new(),
            false => list(&self.json, "blobs").unwrap_or_default(),
        };
        known.chain(more).collect()
    }

    /// The manifests of an index.
    pub fn entries(&self) -> &[Descriptor] {
        &self.entries
    }

    /// The manifest that this one is about.
    pub fn subject(&self) -> Option<&Descriptor> {
        self.subject.as_ref()
    }

    /// Its own annotations.
    pub fn annotations(&self) -> &Annotations {
        &self.annotations
    }

    /// All of it, as JSON.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// The number of the entry of an index that suits a platform best; among
    /// equals, the first.
    pub fn select(&self, platform: &Platform) -> Option<usize> {
        let mut best: Option<(u32, usize)> = None;
        for (index, entry) in self.entries.iter().enumerate() {
            let found = entry.platform().filter(|_| is_image(entry));
            if let Some(rank) = found.and_then(|found| platform.rank(found))
                && best.is_none_or(|(known, _)| rank > known)
            {
                best = Some((rank, index));
            }
        }
        best.map(|(_, index)| index)
    }

    /// The platforms of an index, for messages.
    pub fn platforms(&self) -> Vec<String> {
        let images = self.entries.iter().filter(|entry| is_image(entry));
        images
            .filter_map(Descriptor::platform)
            .map(ToString::to_string)
            .collect()
    }
}

/// Whether an entry of an index is an image for a platform, not an attestation
/// about one.
fn is_image(entry: &Descriptor) -> bool {
    let reference_type = entry.annotations().get("vnd.docker.reference.type");
    reference_type.is_none()
}

/// What a manifest refers to.
#[derive(Default)]
struct Content {
    config: Option<Descriptor>,
    layers: Vec<Descriptor>,
    entries: Vec<Descriptor>,
    subject: Option<Descriptor>,
}

impl Content {
    fn read(json: &Json, media_type: &str) -> Result<Content, Error> {
        if json.member("layers").is_some() && json.member("manifests").is_some() {
            return Err(invalid("has both layers and manifests"));
        }
        let is_index = media_type::is_index(media_type);
        let is_known = is_index || media_type::is_image(media_type);
        if !is_known {
            // Of an unknown type, members of the same names may be anything.
            return Ok(Content {
                config: one(json, "config").ok().flatten(),
                layers: list(json, "layers").unwrap_or_default(),
                entries: Vec::new(),
                subject: one(json, "subject").ok().flatten(),
            });
        }
        check_version(json)?;
        let subject = one(json, "subject")?;
        if is_index {
            if json.member("layers").is_some() || json.member("config").is_some() {
                return Err(invalid("is an index with the content of an image"));
            }
            return Ok(Content {
                entries: list(json, "manifests")?,
                subject,
                ..Content::default()
            });
        }
        if json.member("manifests").is_some() {
            return Err(invalid("is an image with the content of an index"));
        }
        let config = one(json, "config")?;
        if config.is_none() {
            return Err(invalid("has no config"));
        }
        Ok(Content {
            config,
            layers: list(json, "layers")?,
            subject,
            ..Content::default()
        })
    }
}

/// The media type of a manifest, which its header and its content must agree on.
fn own_type(json: &Json, given: Option<&str>) -> Result<String, Error> {
    let stated = match json.member("mediaType") {
        Some(Json::String(stated)) => Some(media_type::of_field(stated)),
        Some(_) => return Err(invalid("mediaType is not a string")),
        None => None,
    };
    let given = given.filter(|given| !media_type::is_generic(given));
    if let (Some(given), Some(stated)) = (given, stated)
        && !media_type::is_same(given, stated)
    {
        let (given, stated) = (shown(given), shown(stated));
        return Err(invalid(&format!("is {given} and says that it is {stated}")));
    }
    let found = match given.or(stated) {
        Some(found) => found,
        None if json.member("manifests").is_some() => media_type::OCI_INDEX,
        None if json.member("config").is_some() => media_type::OCI_MANIFEST,
        None if is_version(json, 1) => return Err(schema_1()),
        None => return Err(invalid("has no media type")),
    };
    if media_type::is_schema_1(found) {
        return Err(schema_1());
    }
    if !media_type::is_valid(found) {
        return Err(invalid(&format!("has the media type {}", shown(found))));
    }
    Ok(found.to_owned())
}

fn check_version(json: &Json) -> Result<(), Error> {
    match json.member("schemaVersion") {
        None => Ok(()),
        Some(_) if is_version(json, 2) => Ok(()),
        Some(_) if is_version(json, 1) => Err(schema_1()),
        Some(_) => Err(invalid("has an unknown schemaVersion")),
    }
}

fn is_version(json: &Json, version: i64) -> bool {
    json.member("schemaVersion").and_then(Json::integer) == Some(version)
}

fn one(json: &Json, name: &str) -> Result<Option<Descriptor>, Error> {
    let found = json.member(name).map(Descriptor::of_json).transpose();
    found.map_err(|problem| invalid(&format!("{name} {problem}")))
}

/// A list of descriptors; null is an empty one.
fn list(json: &Json, name: &str) -> Result<Vec<Descriptor>, Error> {
    let Some(found) = json.member(name) else {
        return Ok(Vec::new());
    };
    let found = found.array();
    let found = found.ok_or_else(|| invalid(&format!("{name} is not a list")))?;
    let read = |(index, entry): (usize, &Json)| {
        Descriptor::of_json(entry).map_err(|problem| invalid(&format!("{name}[{index}] {problem}")))
    };
    found.iter().enumerate().map(read).collect()
}

fn schema_1() -> Error {
    Error::new(
        Kind::Unsupported,
        "manifest: Docker schema 1 is not supported",
    )
}

fn invalid(problem: &str) -> Error {
    Error::new(Kind::InvalidManifest, format!("manifest: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};

    const A: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(text: &str, media_type: Option<&str>) -> Result<Manifest, Error> {
        let blob = format!(r#"{{"digest":"{A}","size":0,"mediaType":"a/b"}}"#);
        let text = text.replace("BLOB", &blob);
        Manifest::parse_up_to(text.as_bytes(), media_type, DEFAULT_MAX_SIZE)
    }

    #[test]
    fn an_image_has_a_config_and_layers() {
        let text = r#"{"schemaVersion":2,"config":BLOB,"layers":[BLOB,BLOB],
            "subject":BLOB,"annotations":{"a":"b"}}"#;
        for media_type in [
            Some(OCI_MANIFEST),
            Some(DOCKER_MANIFEST),
            None,
            Some("text/plain"),
        ] {
            let image = parse(text, media_type).expect("valid");
            assert!(!image.is_index());
            let expected = media_type
                .filter(|t| *t != "text/plain")
                .unwrap_or(OCI_MANIFEST);
            assert_eq!(image.descriptor().media_type(), expected);
            assert_eq!(image.descriptor().size(), Some(image.bytes().len() as u64));
            assert_eq!((image.layers().len(), image.entries().len()), (2, 0));
            assert_eq!(
                image.config().map(|config| config.digest().as_str()),
                Some(A)
            );
            assert_eq!(image.artifact_type(), Some("a/b"));
            assert!(image.subject().is_some());
            assert_eq!(image.annotations().get("a"), Some("b"));
            assert!(image.json().get("layers").is_some());
        }
    }

    #[test]
    fn an_index_has_entries_and_selects_by_platform() {
        let entry = |platform: &str, more: &str| {
            let (os, architecture) = platform.split_once('/').expect("a platform");
            format!(
                r#"{{"digest":"{A}","size":1,"artifactType":"{platform}",
                "platform":{{"os":"{os}","architecture":"{architecture}"}}{more}}}"#
            )
        };
        let attestation = r#","annotations":{"vnd.docker.reference.type":"attestation-manifest"}"#;
        let entries = [
            entry("linux/amd64", attestation),
            entry("linux/arm64", ""),
            entry("linux/amd64", ""),
            entry("unknown/unknown", ""),
            format!(r#"{{"digest":"{A}"}}"#),
        ];
        let text = format!(
            r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
            entries.join(",")
        );
        for media_type in [Some(OCI_INDEX), Some(DOCKER_LIST), None] {
            let index = parse(&text, media_type).expect("valid");
            assert!(index.is_index());
            assert_eq!((index.entries().len(), index.layers().len()), (5, 0));
            let select = |platform| {
                let platform = Platform::parse(platform).expect("a platform");
                let selected = index.select(&platform)?;
                index.entries()[selected].artifact_type()
            };
            assert_eq!(select("linux/amd64"), Some("linux/amd64"));
            assert_eq!(select("linux/arm64/v8"), Some("linux/arm64"));
            assert_eq!(select("unknown/unknown"), None);
            let selected = index.select(&Platform::parse("linux/amd64").expect("valid"));
            assert_eq!(selected, Some(2));
            assert_eq!(index.platforms().len(), 3);
        }
    }

    #[test]
    fn unknown_types_are_carried() {
        let text = r#"{"mediaType":"x/y","layers":"text","config":BLOB,"subject":{}}"#;
        let manifest = parse(text, Some(media_type::of_field("x/y; a=b"))).expect("valid");
        assert_eq!(manifest.descriptor().media_type(), "x/y");
        assert!(manifest.config().is_some());
        assert_eq!((manifest.layers().len(), manifest.subject()), (0, None));
        assert_eq!(manifest.artifact_type(), Some("a/b"));
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_refused() {
        let upper = format!(
            r#"{{"config":{{"digest":"{}"}},"layers":[]}}"#,
            A.to_uppercase()
        );
        let deep = format!(
            r#"{{"config":BLOB,"a":{}1{}}}"#,
            "[".repeat(1000),
            "]".repeat(1000)
        );
        for (text, media_type, words) in [
            ("", None, "json"),
            ("[]", None, "not an object"),
            ("{}", None, "no media type"),
            ("{}", Some(OCI_MANIFEST), "no config"),
            (
                r#"{"config":BLOB,"manifests":[]}"#,
                Some(OCI_MANIFEST),
                "an index",
            ),
            (r#"{"layers":[],"manifests":[]}"#, Some("x/y"), "both"),
            (
                r#"{"config":BLOB,"manifests":[]}"#,
                Some(OCI_INDEX),
                "an image",
            ),
            (
                r#"{"mediaType":"x/y","config":BLOB}"#,
                Some(OCI_MANIFEST),
                "says that it is",
            ),
            (r#"{"mediaType":1,"config":BLOB}"#, None, "mediaType"),
            (
                r#"{"config":BLOB,"layers":{}}"#,
                None,
                "layers is not a list",
            ),
            (
                r#"{"config":BLOB,"layers":[BLOB,{}]}"#,
                None,
                "layers[1] has no digest",
            ),
            (r#"{"config":{"digest":"sha256:../x"}}"#, None, "config"),
            (
                r#"{"config":BLOB,"schemaVersion":3}"#,
                None,
                "schemaVersion",
            ),
            (r#"{"config":BLOB,"artifactType":1}"#, None, "artifactType"),
            (r#"{"config":BLOB,"annotations":1}"#, None, "annotations"),
            (r#"{"config":BLOB,"subject":1}"#, None, "subject"),
            ("{}", Some("no type"), "media type"),
            (&upper, None, "config"),
            (&deep, None, "64 levels"),
        ] {
            let error = parse(text, media_type).expect_err(text);
            assert_eq!(error.kind(), Kind::InvalidManifest, "{error}");
            assert!(error.message().contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn schema_1_has_an_error_of_its_own() {
        let type_1 = "application/vnd.docker.distribution.manifest.v1+json";
        for (text, media_type) in [
            (r#"{"schemaVersion":1,"fsLayers":[]}"#, None),
            ("{}", Some(type_1)),
            (r#"{"schemaVersion":1}"#, Some(DOCKER_MANIFEST)),
        ] {
            let error = parse(text, media_type).expect_err(text);
            assert_eq!(error.kind(), Kind::Unsupported, "{text}");
        }
    }

    #[test]
    fn a_manifest_has_a_maximum_size() {
        let bytes = br#"{"mediaType":"x/y"}"#;
        Manifest::parse_up_to(bytes, None, bytes.len()).expect("not too large");
        let error = Manifest::parse_up_to(bytes, None, bytes.len() - 1).expect_err("too large");
        assert_eq!(error.kind(), Kind::BodyTooLarge);
    }

    #[test]
    fn the_same_list_of_many_layers_takes_no_time() {
        let layers = vec!["BLOB"; 10_000].join(",");
        let image = parse(&format!(r#"{{"config":BLOB,"layers":[{layers}]}}"#), None);
        assert_eq!(image.expect("valid").layers().len(), 10_000);
    }
}
