//! Handles manifests by tag and digest.

use super::Call;
use super::error::{
    Outcome, Refusal, digest_invalid, envelope, manifest_unknown, not_allowed, refusal,
};
use crate::content::Content;
use crate::digest::{Algorithm, Digest};
use crate::http::Body;
use crate::response::Response;
use crate::store::{Manifest, Repository};
use crate::text::is_tag;
use serde_json::{Value, json};

/// Maximum size of a manifest: registries must support at least this.
const MANIFEST_MAX: usize = 4 << 20;

impl Call<'_> {
    pub(super) fn get_manifest(&self, name: &str, reference: &str) -> Outcome {
        let (digest, manifest) = self
            .shared
            .store()
            .manifest(name, reference)
            .ok_or_else(|| manifest_unknown(reference))?;
        if !self.accepts(&manifest.media_type) {
            let detail = json!({"value": reference, "mediaType": manifest.media_type});
            let message = "manifest is of a media type that is not accepted";
            return Err(envelope(404, "MANIFEST_UNKNOWN", message, detail).into());
        }
        Ok(Response::with_content(200, Content::Held(manifest.bytes))
            .header("Content-Type", manifest.media_type)
            .header("Docker-Content-Digest", digest.as_str())
            .header("ETag", format!("\"{digest}\"")))
    }

    /// Whether the request accepts this media type; without `Accept`, it does.
    fn accepts(&self, media_type: &str) -> bool {
        let group = media_type.split('/').next().unwrap_or_default();
        let mut ranges = self
            .head
            .header_lines("accept")
            .flat_map(|line| line.split(','))
            .map(|range| range.split(';').next().unwrap_or_default().trim())
            .filter(|range| !range.is_empty())
            .peekable();
        ranges.peek().is_none()
            || ranges.any(|range| {
                range == "*/*"
                    || range.eq_ignore_ascii_case(media_type)
                    || range.strip_suffix("/*") == Some(group)
            })
    }

    pub(super) fn put_manifest(&self, name: &str, reference: &str, body: &mut Body<'_>) -> Outcome {
        let wanted = Digest::parse(reference);
        if wanted.is_none() && reference.contains(':') {
            return Err(digest_invalid(reference).into());
        }
        let extra_tags: Vec<&str> = self
            .head
            .query
            .iter()
            .filter(|(key, _)| key == "tag" && wanted.is_some())
            .map(|(_, tag)| tag.as_str())
            .collect();
        let own_tag = wanted.is_none().then_some(reference);
        for tag in own_tag.iter().chain(&extra_tags) {
            if !is_tag(tag) {
                return Err(invalid("invalid tag", tag));
            }
        }
        let media_type = self.head.header("content-type").unwrap_or_default();
        let bytes = body
            .read_all(MANIFEST_MAX)?
            .ok_or_else(|| refusal(413, "MANIFEST_INVALID", "manifest too large", reference))?;
        let algorithm = wanted.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        let digest = Digest::of(algorithm, &bytes);
        if wanted.is_some_and(|wanted| wanted != digest) {
            return Err(digest_invalid(reference).into());
        }
        let value = parse(&bytes, media_type)?;

        let mut store = self.shared.store();
        let missing = store.repository(name).map_or_else(
            || {
                references(&value)
                    .into_iter()
                    .map(|(_, digest)| digest)
                    .collect()
            },
            |repository| missing(repository, &value),
        );
        if !missing.is_empty() {
            return Err(blobs_unknown(&missing));
        }
        let manifest = Manifest::new(media_type, bytes);
        let subject = manifest.subject.clone();
        let repository = store.repository_mut(name);
        for tag in own_tag.iter().chain(&extra_tags) {
            repository.tags.insert((*tag).to_owned(), digest.clone());
        }
        repository.manifests.insert(digest.clone(), manifest);
        drop(store);

        let mut response = Response::new(201)
            .header(
                "Location",
                self.location(&format!("/v2/{name}/manifests/{digest}")),
            )
            .header("Docker-Content-Digest", digest.as_str());
        if let Some(subject) = subject.filter(|_| self.shared.options.referrers) {
            response = response.header("OCI-Subject", subject.as_str());
        }
        for tag in extra_tags {
            response = response.header("OCI-Tag", tag);
        }
        Ok(response)
    }

    /// Deletes a tag, or a manifest with all its tags.
    pub(super) fn delete_manifest(&self, name: &str, reference: &str) -> Outcome {
        if !self.shared.options.delete {
            return Err(not_allowed("DELETE", "GET, HEAD, PUT").into());
        }
        let mut store = self.shared.store();
        let removed = store.repositories.get_mut(name).is_some_and(|repository| {
            let Some(digest) = Digest::parse(reference) else {
                return repository.tags.remove(reference).is_some();
            };
            repository.tags.retain(|_, tagged| *tagged != digest);
            repository.manifests.remove(&digest).is_some()
        });
        if removed {
            Ok(Response::new(202))
        } else {
            Err(manifest_unknown(reference).into())
        }
    }
}

fn invalid(message: &str, about: &str) -> Refusal {
    refusal(400, "MANIFEST_INVALID", message, about).into()
}

fn parse(bytes: &[u8], media_type: &str) -> Result<Value, Refusal> {
    if media_type.is_empty() {
        return Err(invalid("manifest without a content type", ""));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| invalid("manifest is no json", &error.to_string()))?;
    if !value.is_object() {
        return Err(invalid("manifest is no json object", ""));
    }
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match value.get("mediaType") {
        Some(told) if told.as_str() != Some(essence) => Err(invalid(
            "media type is not the content type",
            &told.to_string(),
        )),
        _ => Ok(value),
    }
}

/// The kind of a reference in a manifest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blob,
    Manifest,
}

/// All references that must exist before the manifest is pushed, so not the
/// subject.
fn references(manifest: &Value) -> Vec<(Kind, String)> {
    let list = |key: &str| manifest[key].as_array().cloned().unwrap_or_default();
    // Layers with URLs are stored elsewhere.
    let held = |layer: &Value| layer["urls"].as_array().is_none_or(Vec::is_empty);
    let blobs = list("layers").into_iter().chain(list("blobs")).filter(held);
    let config = manifest.get("config").cloned();
    config
        .into_iter()
        .chain(blobs)
        .map(|descriptor| (Kind::Blob, descriptor))
        .chain(
            list("manifests")
                .into_iter()
                .map(|child| (Kind::Manifest, child)),
        )
        .map(|(kind, descriptor)| {
            (
                kind,
                descriptor["digest"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

fn missing(repository: &Repository, manifest: &Value) -> Vec<String> {
    let is_missing = |kind: Kind, text: &str| {
        !Digest::parse(text).is_some_and(|digest| match kind {
            Kind::Blob => repository.blobs.contains_key(&digest),
            Kind::Manifest => repository.manifests.contains_key(&digest),
        })
    };
    references(manifest)
        .into_iter()
        .filter(|(kind, digest)| is_missing(*kind, digest))
        .map(|(_, digest)| digest)
        .collect()
}

fn blobs_unknown(digests: &[String]) -> Refusal {
    let error = |digest: &String| {
        json!({
            "code": "MANIFEST_BLOB_UNKNOWN",
            "message": "manifest references what the repository does not have",
            "detail": {"digest": digest},
        })
    };
    let errors: Vec<Value> = digests.iter().map(error).collect();
    Response::json(400, &json!({ "errors": errors })).into()
}
