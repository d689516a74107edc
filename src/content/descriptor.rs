//! Descriptors: references to content by digest, size and media type.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::json::Json;
use super::media_type;
use super::platform::Platform;
use crate::body::digest::{Digest, of_bytes};
use crate::error::{Error, Kind};

/// A descriptor (OCI Image Specification, Content Descriptors).
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor {
    digest: Digest,
    size: Option<u64>,
    media_type: String,
    artifact_type: Option<String>,
    platform: Option<Platform>,
    data: Option<Vec<u8>>,
    urls: Vec<String>,
    annotations: Annotations,
}

/// Names and values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations(Vec<(String, String)>);

impl Descriptor {
    /// A descriptor. The default media type is that of arbitrary bytes.
    pub fn new(
        digest: &str,
        size: Option<u64>,
        media_type: Option<&str>,
    ) -> Result<Descriptor, Error> {
        let digest = Digest::parse(digest)?;
        let media_type = media_type.unwrap_or(media_type::OCTETS);
        media_type::check(media_type)?;
        Ok(Descriptor::of(digest, size, media_type.to_owned()))
    }

    /// A descriptor with a media type that is known to be valid.
    pub fn of(digest: Digest, size: Option<u64>, media_type: String) -> Descriptor {
        Descriptor {
            digest,
            size,
            media_type,
            artifact_type: None,
            platform: None,
            data: None,
            urls: Vec::new(),
            annotations: Annotations::default(),
        }
    }

    /// Reads a descriptor; the error says which member is wrong.
    pub fn of_json(json: &Json) -> Result<Descriptor, String> {
        if !matches!(json, Json::Object(_)) {
            return Err("is not an object".to_owned());
        }
        let digest = text(json, "digest")?.ok_or("has no digest")?;
        let digest = Digest::parse(digest).map_err(|error| error.message().to_owned())?;
        let size = match json.member("size") {
            None => None,
            Some(size) => {
                let size = size.integer().and_then(|size| u64::try_from(size).ok());
                Some(size.ok_or("has an invalid size")?)
            }
        };
        let media_type = match text(json, "mediaType")? {
            Some(media_type) if media_type::is_valid(media_type) => media_type,
            Some(_) => return Err("has an invalid mediaType".to_owned()),
            None => media_type::OCTETS,
        };
        let mut descriptor = Descriptor::of(digest, size, media_type.to_owned());
        descriptor.artifact_type = text(json, "artifactType")?.map(str::to_owned);
        descriptor.platform = json.member("platform").and_then(Platform::of_json);
        descriptor.urls = match json.member("urls") {
            Some(urls) => {
                let urls = urls.array().ok_or("has urls that are not a list")?;
                urls.iter()
                    .filter_map(Json::string)
                    .map(str::to_owned)
                    .collect()
            }
            None => Vec::new(),
        };
        descriptor.annotations = Annotations::of_json(json.member("annotations"))?;
        descriptor.data = json
            .member("data")
            .and_then(Json::string)
            .and_then(|data| descriptor.embedded(data));
        Ok(descriptor)
    }

    /// The embedded content, if it has the size and the digest of the descriptor.
    fn embedded(&self, data: &str) -> Option<Vec<u8>> {
        use base64::Engine as _;
        let data = base64::engine::general_purpose::STANDARD
            .decode(data)
            .ok()?;
        let is_right = self.size == Some(data.len() as u64)
            && of_bytes(self.digest.algorithm(), &data) == self.digest.as_str();
        is_right.then_some(data)
    }

    /// The digest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The size, if it is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The media type.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The artifact type, if there is one.
    pub fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }

    /// The platform, if there is one.
    pub fn platform(&self) -> Option<&Platform> {
        self.platform.as_ref()
    }

    /// The content, if it is embedded.
    pub fn data(&self) -> Option<&[u8]> {
        self.data.as_deref()
    }

    /// Where else the content can be downloaded, as the manifest claims.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The annotations.
    pub fn annotations(&self) -> &Annotations {
        &self.annotations
    }

    /// Sets the media type.
    pub fn set_media_type(&mut self, media_type: &str) -> Result<(), Error> {
        media_type::check(media_type)?;
        media_type.clone_into(&mut self.media_type);
        Ok(())
    }

    /// Sets or removes the artifact type.
    pub fn set_artifact_type(&mut self, artifact_type: Option<&str>) -> Result<(), Error> {
        artifact_type.map_or(Ok(()), media_type::check)?;
        self.artifact_type = artifact_type.map(str::to_owned);
        Ok(())
    }

    /// Sets the artifact type that a manifest states, which may be any string.
    pub(super) fn set_found_artifact_type(&mut self, artifact_type: Option<&str>) {
        self.artifact_type = artifact_type.map(str::to_owned);
    }

    /// Sets or removes the platform.
    pub fn set_platform(&mut self, platform: Option<&str>) -> Result<(), Error> {
        self.platform = platform.map(Platform::parse).transpose()?;
        Ok(())
    }

    /// Sets or removes an annotation.
    pub fn set_annotation(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        self.annotations.set(name, value)
    }

    /// Sets all annotations.
    pub(super) fn set_annotations(&mut self, annotations: Annotations) {
        self.annotations = annotations;
    }
}

impl Annotations {
    /// Reads annotations; `None` means that there are none.
    pub fn of_json(json: Option<&Json>) -> Result<Annotations, String> {
        let mut annotations = Annotations::default();
        match json {
            None => Ok(annotations),
            Some(Json::Object(members)) => {
                // The last of a name counts, at the place of the first.
                let mut places = HashMap::new();
                for (name, value) in members {
                    let value = value
                        .string()
                        .ok_or("has an annotation that is not a string")?;
                    match places.entry(name.as_str()) {
                        Entry::Occupied(place) => {
                            let place: usize = *place.get();
                            value.clone_into(&mut annotations.0[place].1);
                        }
                        Entry::Vacant(place) => {
                            place.insert(annotations.0.len());
                            annotations.0.push((name.clone(), value.to_owned()));
                        }
                    }
                }
                Ok(annotations)
            }
            Some(_) => Err("has annotations that are not an object".to_owned()),
        }
    }

    /// The number of annotations.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Name and value at an index.
    pub fn at(&self, index: usize) -> Option<(&str, &str)> {
        let (name, value) = self.0.get(index)?;
        Some((name, value))
    }

    /// The value of an annotation.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Sets a value or removes it.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        if name.is_empty() {
            return Err(Error::new(
                Kind::InvalidArgument,
                "annotation: name is empty",
            ));
        }
        match value {
            Some(value) => self.put(name, value),
            None => self.0.retain(|(known, _)| known != name),
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// A member that must be a string if it is there.
fn text<'a>(json: &'a Json, name: &str) -> Result<Option<&'a str>, String> {
    match json.member(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("has a {name} that is not a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_DIGEST: &str =
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn read(text: &str) -> Result<Descriptor, String> {
        let text = text.replace("DIGEST", EMPTY_DIGEST);
        Descriptor::of_json(&Json::parse(text.as_bytes()).expect("json"))
    }

    #[test]
    fn descriptors_have_what_the_json_has() {
        let all = read(
            r#"{"digest":"DIGEST","size":2,"mediaType":"a/b","artifactType":"c/d",
            "platform":{"os":"linux","architecture":"amd64"},"urls":["u",1],"data":"e30=",
            "annotations":{"b":"1","a":"2","b":"3"}}"#,
        );
        let all = all.expect("valid");
        assert_eq!((all.size(), all.media_type()), (Some(2), "a/b"));
        assert_eq!(all.artifact_type(), Some("c/d"));
        assert_eq!(
            all.platform().map(ToString::to_string).as_deref(),
            Some("linux/amd64")
        );
        assert_eq!(all.urls(), ["u"]);
        assert_eq!(all.data(), Some(&b"{}"[..]));
        assert_eq!(all.annotations().at(0), Some(("b", "3")));
        assert_eq!(all.annotations().get("a"), Some("2"));
        let least = read(r#"{"digest":"DIGEST","platform":{},"annotations":null}"#).expect("valid");
        assert_eq!(
            (least.size(), least.media_type()),
            (None, media_type::OCTETS)
        );
        assert_eq!((least.platform(), least.annotations().count()), (None, 0));
    }

    #[test]
    fn embedded_content_must_be_that_of_the_digest() {
        for data in ["e30", "e30=", "e31=", "!", ""] {
            for size in ["2", "3", "null"] {
                let text = format!(r#"{{"digest":"DIGEST","size":{size},"data":"{data}"}}"#);
                let found = read(&text).expect("valid");
                assert_eq!(
                    found.data().is_some(),
                    (data, size) == ("e30=", "2"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn invalid_descriptors_say_what_is_wrong() {
        for (text, words) in [
            ("[]", "not an object"),
            ("{}", "no digest"),
            (r#"{"digest":1}"#, "digest that is not a string"),
            (r#"{"digest":"sha256:../../x"}"#, "digest"),
            (r#"{"digest":"DIGEST","size":-1}"#, "size"),
            (r#"{"digest":"DIGEST","size":"1"}"#, "size"),
            (r#"{"digest":"DIGEST","size":1.5}"#, "size"),
            (r#"{"digest":"DIGEST","size":18446744073709551616}"#, "size"),
            (r#"{"digest":"DIGEST","mediaType":"x"}"#, "mediaType"),
            (r#"{"digest":"DIGEST","urls":"x"}"#, "urls"),
            (r#"{"digest":"DIGEST","annotations":[]}"#, "annotations"),
            (r#"{"digest":"DIGEST","annotations":{"a":1}}"#, "annotation"),
        ] {
            let problem = read(text).expect_err(text);
            assert!(problem.contains(words), "{text}: {problem}");
        }
    }

    #[test]
    fn what_is_set_is_checked() {
        let mut made = Descriptor::new(EMPTY_DIGEST, None, None).expect("valid");
        assert_eq!(made.media_type(), media_type::OCTETS);
        made.set_platform(Some("linux/x86_64")).expect("valid");
        assert!(made.set_platform(Some("x")).is_err());
        assert!(made.platform().is_some());
        made.set_platform(None).expect("valid");
        assert!(made.set_media_type("x").is_err());
        assert!(made.set_artifact_type(Some("x")).is_err());
        made.set_artifact_type(Some("a/b")).expect("valid");
        made.set_artifact_type(None).expect("valid");
        made.set_annotation("a", Some("1")).expect("valid");
        made.set_annotation("a", None).expect("valid");
        let error = made.set_annotation("", Some("1")).expect_err("no name");
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert_eq!(
            made,
            Descriptor::new(EMPTY_DIGEST, None, None).expect("valid")
        );
        for (digest, media_type, kind) in [
            ("sha256:12", "a/b", Kind::InvalidDigest),
            (EMPTY_DIGEST, "a", Kind::InvalidMediaType),
        ] {
            let error = Descriptor::new(digest, Some(1), Some(media_type)).expect_err(digest);
            assert_eq!(error.kind(), kind);
        }
    }
}
