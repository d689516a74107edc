//! Paginated lists: tags, repositories, referrers.

use super::Call;
use super::error::{Outcome, Refusal, name_unknown, refusal};
use crate::digest::Digest;
use crate::response::Response;
use crate::text::query_encode;
use serde_json::{Value, json};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// One page of a list.
struct Page<T> {
    entries: Vec<T>,
    /// The query of the next page, if any.
    next: Option<String>,
}

impl Call<'_> {
    pub(super) fn tags(&self, name: &str) -> Outcome {
        let store = self.shared.store();
        let repository = store.repository(name).ok_or_else(|| name_unknown(name))?;
        let tags = repository
            .tags
            .keys()
            .map(|tag| (tag.as_str(), tag))
            .collect();
        let page = self.page(tags)?;
        let list = Response::json(200, &json!({"name": name, "tags": page.entries}));
        Ok(self.link(list, &format!("/v2/{name}/tags/list"), page.next))
    }

    pub(super) fn catalog(&self) -> Outcome {
        let store = self.shared.store();
        let names = store
            .repositories
            .keys()
            .map(|name| (name.as_str(), name))
            .collect();
        let page = self.page(names)?;
        let list = Response::json(200, &json!({ "repositories": page.entries }));
        Ok(self.link(list, "/v2/_catalog", page.next))
    }

    pub(super) fn referrers(&self, name: &str, subject: &Digest) -> Outcome {
        let filter = self.head.query("artifactType");
        let store = self.shared.store();
        // Unknown subjects and repositories have none.
        let referrers = store
            .repository(name)
            .map(|repository| repository.manifests.iter())
            .into_iter()
            .flatten()
            .filter(|(_, manifest)| manifest.subject.as_ref() == Some(subject))
            .filter(|(_, manifest)| filter.is_none() || filter == manifest.artifact_type.as_deref())
            .map(|(digest, manifest)| {
                let mut descriptor = json!({
                    "mediaType": manifest.media_type,
                    "digest": digest.as_str(),
                    "size": manifest.bytes.len(),
                });
                if let Some(artifact_type) = &manifest.artifact_type {
                    descriptor["artifactType"] = json!(artifact_type);
                }
                if let Some(annotations) = &manifest.annotations {
                    descriptor["annotations"] = annotations.clone();
                }
                (digest.as_str(), descriptor)
            })
            .collect();
        let page: Page<Value> = self.page(referrers)?;
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": page.entries});
        let mut response =
            Response::with_body(200, index.to_string().into_bytes()).header("Content-Type", INDEX);
        if filter.is_some() {
            response = response.header("OCI-Filters-Applied", "artifactType");
        }
        let next = page.next.map(|next| match filter {
            Some(filter) => format!("artifactType={}&{next}", query_encode(filter)),
            None => next,
        });
        Ok(self.link(response, &format!("/v2/{name}/referrers/{subject}"), next))
    }

    /// Selects a page of a sorted list by `n` and `last`.
    fn page<T>(&self, list: Vec<(&str, T)>) -> Result<Page<T>, Refusal> {
        let asked = match self.head.query("n") {
            None => None,
            Some(n) => Some(n.parse::<usize>().map_err(|_| {
                refusal(
                    400,
                    "PAGINATION_NUMBER_INVALID",
                    "invalid number of results requested",
                    n,
                )
            })?),
        };
        let most = [asked, self.shared.options.page_size]
            .into_iter()
            .flatten()
            .min();
        let last = self.head.query("last");
        let mut rest = list
            .into_iter()
            .filter(|(key, _)| last.is_none_or(|last| *key > last))
            .peekable();
        let mut entries = Vec::new();
        let mut end = None;
        while most.is_none_or(|most| entries.len() < most)
            && let Some((key, entry)) = rest.next()
        {
            entries.push(entry);
            end = Some(key);
        }
        let more = rest.peek().is_some();
        let next = end.filter(|_| more).map(|end| {
            let n = asked.map(|n| format!("n={n}&")).unwrap_or_default();
            format!("{n}last={}", query_encode(end))
        });
        Ok(Page { entries, next })
    }

    fn link(&self, response: Response, path: &str, next: Option<String>) -> Response {
        match next {
            Some(query) => {
                let prefix = &self.shared.options.prefix;
                response.header("Link", format!("<{prefix}{path}?{query}>; rel=\"next\""))
            }
            None => response,
        }
    }
}
