//! Serves and deletes blobs.

use super::Call;
use super::error::{Outcome, blob_unknown, not_allowed, refusal};
use crate::digest::Digest;
use crate::response::Response;

/// The part that a `Range` header requests.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// No range, or one to ignore.
    Whole,
    /// Offset and length.
    Bytes(u64, u64),
    Unsatisfiable,
}

impl Call<'_> {
    pub(super) fn get_blob(&self, name: &str, digest: &Digest) -> Outcome {
        let content = self
            .shared
            .store()
            .blob(name, digest)
            .ok_or_else(|| blob_unknown(digest.as_str()))?;
        if !content.is_kept() && !self.head.is_head() {
            let message = "the bytes of this blob were not kept";
            return Err(refusal(500, "UNSUPPORTED", message, digest.as_str()).into());
        }
        let total = content.len();
        let etag = format!("\"{digest}\"");
        let response = match self.part(total, &etag) {
            Part::Whole => Response::with_content(200, content),
            Part::Bytes(start, len) => Response::with_part(206, content, start, len).header(
                "Content-Range",
                format!("bytes {start}-{}/{total}", start + len - 1),
            ),
            Part::Unsatisfiable => {
                return Err(refusal(
                    416,
                    "RANGE_INVALID",
                    "range outside of the blob",
                    digest.as_str(),
                )
                .header("Content-Range", format!("bytes */{total}"))
                .into());
            }
        };
        let response = if self.shared.options.ranges {
            response.header("Accept-Ranges", "bytes")
        } else {
            response
        };
        Ok(response
            .header("Content-Type", "application/octet-stream")
            .header("Docker-Content-Digest", digest.as_str())
            .header("ETag", etag))
    }

    fn part(&self, total: u64, etag: &str) -> Part {
        let unchanged = self
            .head
            .header("if-range")
            .is_none_or(|value| value == etag);
        match self.head.header("range") {
            Some(range) if self.shared.options.ranges && unchanged && !self.head.is_head() => {
                parse_range(range, total)
            }
            _ => Part::Whole,
        }
    }

    pub(super) fn delete_blob(&self, name: &str, digest: &Digest) -> Outcome {
        if !self.shared.options.delete {
            return Err(not_allowed("DELETE", "GET, HEAD").into());
        }
        let mut store = self.shared.store();
        let removed = store
            .repositories
            .get_mut(name)
            .and_then(|repository| repository.blobs.remove(digest));
        match removed {
            Some(_) => Ok(Response::new(202)),
            None => Err(blob_unknown(digest.as_str()).into()),
        }
    }
}

/// Parses a single range; several or invalid ranges select the whole content.
fn parse_range(range: &str, total: u64) -> Part {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Part::Whole;
    };
    match (first, last.parse::<u64>()) {
        ("", Ok(0)) => Part::Unsatisfiable,
        ("", Ok(suffix)) if total > 0 => {
            Part::Bytes(total.saturating_sub(suffix), suffix.min(total))
        }
        ("", Ok(_)) => Part::Unsatisfiable,
        (first, end) => match (first.parse::<u64>(), end) {
            (Ok(first), Ok(last)) if last < first => Part::Whole,
            (Ok(first), end) if end.is_ok() || last.is_empty() => {
                if first >= total {
                    return Part::Unsatisfiable;
                }
                let last = end.unwrap_or(u64::MAX).min(total - 1);
                Part::Bytes(first, last - first + 1)
            }
            _ => Part::Whole,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, part) in [
            ("bytes=0-3", Part::Bytes(0, 4)),
            ("bytes=4-", Part::Bytes(4, 6)),
            ("bytes=8-100", Part::Bytes(8, 2)),
            ("bytes=-3", Part::Bytes(7, 3)),
            ("bytes=-30", Part::Bytes(0, 10)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=3-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes=x-1", Part::Whole),
            ("bytes=1-x", Part::Whole),
        ] {
            assert_eq!(parse_range(range, 10), part, "{range}");
        }
        assert_eq!(parse_range("bytes=0-", 0), Part::Unsatisfiable);
    }
}
