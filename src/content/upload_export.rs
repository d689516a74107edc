//! The string from which another process resumes an upload.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::digest_state::StoredDigest;
use super::upload_session::Session;
use crate::body::digest::{Algorithm, of_bytes};
use crate::error::{Error, Kind};
use crate::request::location::Location;

/// The version of the format.
const PREFIX: &str = "reggie-upload-1.";
/// How much of its digest the string contains, to detect damage.
const CHECK_LENGTH: usize = 16;
/// The maximum length; URLs are the longest part.
const MAX_LENGTH: usize = 256 * 1024;

/// An upload, and the digest of what the registry has.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// The registry's address.
    pub(super) registry: String,
    pub(super) repository: String,
    /// `None` if the registry has nothing yet.
    pub(super) session: Option<Session>,
    /// The state of the digest at the session's offset; "" if there is none.
    pub(super) digest_state: String,
}

impl Export {
    pub(crate) fn to_text(&self) -> String {
        let ((class, url), host, offset) = match &self.session {
            Some(session) => (session.location().export(), session.host(), session.offset),
            None => (("", ""), "", 0),
        };
        let offset = offset.to_string();
        let fields = [
            self.registry.as_str(),
            &self.repository,
            class,
            url,
            host,
            &offset,
            &self.digest_state,
        ];
        seal(&fields.join("\n"))
    }

    /// Parses a string that [`Export::to_text`] returned.
    pub(crate) fn parse(text: &str) -> Result<Export, Error> {
        let invalid = |why: &str| Error::new(Kind::InvalidExport, format!("upload export: {why}"));
        let Some(encoded) = text.trim_end().strip_prefix(PREFIX) else {
            return Err(invalid("not one, or of another version"));
        };
        if encoded.len() > MAX_LENGTH {
            return Err(invalid("too long"));
        }
        let decoded = URL_SAFE_NO_PAD.decode(encoded).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let damaged = || invalid("damaged");
        let decoded = decoded.ok_or_else(damaged)?;
        let (text, check) = decoded.rsplit_once('\n').ok_or_else(damaged)?;
        if check != check_of(text) {
            return Err(damaged());
        }
        let fields: Vec<&str> = text.split('\n').collect();
        let [registry, repository, class, url, host, offset, digest_state] = fields[..] else {
            return Err(damaged());
        };
        let offset = offset.parse().ok();
        // No file is longer.
        let offset = offset.filter(|offset| *offset <= i64::MAX as u64);
        let offset = offset.ok_or_else(damaged)?;
        let session = match url {
            "" => None,
            url => {
                let location = Location::import(class, url).ok_or_else(damaged)?;
                Some(Session::known(location, host.to_owned(), offset))
            }
        };
        Ok(Export {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            session,
            digest_state: digest_state.to_owned(),
        })
    }

    /// How much the registry has.
    pub(super) fn offset(&self) -> u64 {
        self.session.as_ref().map_or(0, |session| session.offset)
    }

    /// The digest of what the registry has.
    pub(super) fn digest(&self) -> Result<StoredDigest, Error> {
        let invalid =
            |problem| Error::new(Kind::InvalidExport, format!("upload export: {problem}"));
        let digest = StoredDigest::of_text(&self.digest_state)
            .ok_or_else(|| invalid("without a digest state"))?;
        match digest.length() == Some(self.offset()) {
            true => Ok(digest),
            false => Err(invalid("the digest state is of another offset")),
        }
    }

    /// An error unless it is of this repository.
    pub(super) fn check_repository(&self, registry: &str, repository: &str) -> Result<(), Error> {
        if self.registry == registry && self.repository == repository {
            return Ok(());
        }
        let message = format!("upload export: not of {registry}, repository {repository}");
        Err(Error::new(Kind::InvalidExport, message))
    }
}

/// A string with a check of its content.
pub(crate) fn seal(fields: &str) -> String {
    let text = format!("{fields}\n{}", check_of(fields));
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(text))
}

fn check_of(text: &str) -> String {
    let digest = of_bytes(Algorithm::Sha256, text.as_bytes());
    digest["sha256:".len()..][..CHECK_LENGTH].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(url: &str) -> Export {
        let location = Location::import("caller", url).expect("a location");
        Export {
            registry: "https://r.example".to_owned(),
            repository: "a/b".to_owned(),
            session: Some(Session::known(location, "r.example".to_owned(), 7)),
            digest_state: "sha256:00".to_owned(),
        }
    }

    #[test]
    fn an_export_can_be_parsed() {
        let url = "https://r.example/v2/a/b/blobs/uploads/1?_state=%2B/=";
        let text = export(url).to_text();
        assert!(text.starts_with(PREFIX));
        let parsed = Export::parse(&format!("{text}\n")).expect("an export");
        assert_eq!(parsed.to_text(), text);
        let session = parsed.session.as_ref().expect("an upload");
        assert_eq!(session.location().export(), ("caller", url));
        assert_eq!(
            (session.offset, parsed.digest_state.as_str()),
            (7, "sha256:00")
        );
        parsed
            .check_repository("https://r.example", "a/b")
            .expect("the same");
        for (registry, repository) in [("https://r.example", "a"), ("http://r.example", "a/b")] {
            let error = parsed.check_repository(registry, repository);
            assert_eq!(error.expect_err("another").kind(), Kind::InvalidExport);
        }
    }

    #[test]
    fn offsets_have_63_bits() {
        for (offset, is_valid) in [(i64::MAX as u64, true), (1 << 63, false), (u64::MAX, false)] {
            let mut export = export("https://r.example/1");
            export.session = export.session.map(|session| session.at(offset));
            assert_eq!(
                Export::parse(&export.to_text()).is_ok(),
                is_valid,
                "{offset}"
            );
        }
    }

    #[test]
    fn other_strings_are_no_exports() {
        let text = export("https://r.example/1").to_text();
        let mut damaged = text.clone();
        let last = damaged.pop().expect("not empty");
        damaged.push(if last == 'A' { 'B' } else { 'A' });
        let long = format!("{PREFIX}{}", "A".repeat(MAX_LENGTH + 1));
        for text in [
            "",
            "reggie-upload-1.",
            "reggie-upload-2.AAAA",
            "reggie-upload-1.AAAA",
            &text[..text.len() - 4],
            &damaged,
            &long,
        ] {
            let error = Export::parse(text).expect_err("no export");
            assert_eq!(error.kind(), Kind::InvalidExport);
            assert!(error.message().len() < 100);
        }
    }
}
