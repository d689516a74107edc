//! Credential files: config.json and .dockercfg of Docker, auth.json of
//! containers.

use std::io::Read;
use std::path::Path;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::auth::secret_json::SecretJson;
use crate::config::credential::Credential;
use crate::config::credential_key::CredentialKey;
use crate::error::{Error, Kind, with_path};
use crate::http::url::Origin;
use crate::os::file;

/// Maximum size of a file, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The contents of a credential file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    entries: Vec<Entry>,
    helpers: Vec<(CredentialKey, String)>,
    /// The credential helper for all other registries.
    store: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    place: CredentialKey,
    holds: Holds,
}

#[derive(Debug, PartialEq, Eq)]
enum Holds {
    /// A helper may have it.
    Nothing,
    Credential(Credential),
    /// Invalid, with the reason.
    Broken(String),
}

/// An entry of a file that applies to a repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Clue<'a> {
    Credential(&'a Credential),
    Helper(&'a str),
    Broken(&'a str),
}

/// Reads a file; `None` if it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Contents>, Error> {
    let failed = |error: &std::io::Error| {
        let what = with_path("credentials file", path);
        Error::io(Kind::InvalidCredentialsFile, what, error)
    };
    let (file, length) = match file::open(path) {
        Ok(opened) => opened,
        Err(error) => {
            return match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Ok(None),
                _ => Err(failed(&error)),
            };
        }
    };
    // Allocate once: a growing vector would leave copies behind.
    let room = usize::try_from(length.min(MAX_FILE)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;
    let parsed = if bytes.len() as u64 > MAX_FILE {
        Err(format!("larger than {MAX_FILE} bytes"))
    } else {
        Contents::parse(&bytes)
    };
    parsed.map(Some).map_err(|why| {
        let message = format!("{}: {why}", with_path("credentials file", path));
        Error::new(Kind::InvalidCredentialsFile, message)
    })
}

impl Contents {
    /// Parses a file. Invalid entries are errors only when they are needed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Contents, String> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Contents::default());
        }
        let json = SecretJson::parse(bytes).ok_or("not json")?;
        let fields = json.as_object().ok_or("not a json object")?;
        let object = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(found)) => Ok(Some(found)),
            Some(_) => Err(format!("{name} is not an object")),
        };
        let auths = object("auths")?;
        let helpers = object("credHelpers")?;
        let store = match fields.get("credsStore") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()).filter(|name| !name.is_empty()),
            Some(_) => return Err("credsStore is not a string".to_owned()),
        };
        if auths.is_none() && helpers.is_none() && store.is_none() {
            // The older format consists only of the object of entries.
            return Ok(Contents {
                entries: entries(fields, |entry| entry.get("auth").is_some()),
                ..Contents::default()
            });
        }
        let named = |(key, name): (&String, &Value)| {
            let name = name.as_str().filter(|name| !name.is_empty())?;
            Some((CredentialKey::of_key(key)?, name.to_owned()))
        };
        Ok(Contents {
            entries: auths.map_or(Vec::new(), |auths| entries(auths, |_| true)),
            helpers: helpers.into_iter().flatten().filter_map(named).collect(),
            store,
        })
    }

    /// The entries for a repository, by precedence: the longest path, the
    /// helper for the registry, the helper for all registries, the registry.
    pub(crate) fn clues(&self, registry: &Origin, repository: Option<&str>) -> Vec<Clue<'_>> {
        let mut fitting: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.place.covers(registry, repository))
            .collect();
        fitting.sort_by_key(|entry| std::cmp::Reverse(entry.place.path().len()));
        let (of_paths, of_all): (Vec<&Entry>, Vec<&Entry>) = fitting
            .into_iter()
            .partition(|entry| !entry.place.path().is_empty());
        let helper = self
            .helpers
            .iter()
            .filter(|(place, _)| place.covers(registry, repository))
            .max_by_key(|(place, _)| place.path().len())
            .map(|(_, name)| name)
            .or(self.store.as_ref());
        let clues = of_paths.into_iter().filter_map(|entry| entry.holds.clue());
        clues
            .chain(helper.map(|name| Clue::Helper(name)))
            .chain(of_all.into_iter().filter_map(|entry| entry.holds.clue()))
            .collect()
    }
}

impl Holds {
    fn clue(&self) -> Option<Clue<'_>> {
        match self {
            Holds::Nothing => None,
            Holds::Credential(credential) => Some(Clue::Credential(credential)),
            Holds::Broken(why) => Some(Clue::Broken(why)),
        }
    }
}

fn entries(fields: &Map<String, Value>, is_entry: impl Fn(&Value) -> bool) -> Vec<Entry> {
    fields
        .iter()
        .filter(|(_, value)| is_entry(value))
        .filter_map(|(key, value)| {
            let place = CredentialKey::of_key(key)?;
            let holds = match entry(value) {
                Ok(None) => Holds::Nothing,
                Ok(Some(credential)) => Holds::Credential(credential),
                Err(why) => Holds::Broken(format!("the entry for {place}: {why}")),
            };
            Some(Entry { place, holds })
        })
        .collect()
}

/// The credential of one entry.
fn entry(value: &Value) -> Result<Option<Credential>, String> {
    let fields = match value {
        Value::Object(fields) => fields,
        Value::Null => return Ok(None),
        _ => return Err("not an object".to_owned()),
    };
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err(format!("{name} is not a string")),
    };
    let made = |credential: Result<Credential, Error>| {
        credential
            .map(Some)
            .map_err(|error| error.message().to_owned())
    };
    let registry_token = text("registrytoken")?.trim();
    if !registry_token.is_empty() {
        return made(Credential::bearer_token(registry_token));
    }
    let auth = decode(text("auth")?)?;
    let (username, password) = match &auth {
        Some(pair) => pair.split_once(':').ok_or("auth contains no colon")?,
        None => (text("username")?, text("password")?),
    };
    // Docker also removes this padding, which some tools add.
    let password = password.trim_matches('\0');
    let identity_token = text("identitytoken")?.trim();
    if !identity_token.is_empty() {
        let username = if username == "<token>" { "" } else { username };
        return made(Credential::identity_token(username, identity_token));
    }
    if username.is_empty() && password.is_empty() {
        return Ok(None);
    }
    of_pair(username, password).map(Some)
}

/// A user name and a secret; a special user name marks an identity token.
pub(super) fn of_pair(username: &str, secret: &str) -> Result<Credential, String> {
    let made = if username == "<token>" {
        Credential::identity_token("", secret)
    } else {
        Credential::password(username, secret)
    };
    made.map_err(|error| error.message().to_owned())
}

fn decode(auth: &str) -> Result<Option<Zeroizing<String>>, String> {
    let auth = auth.trim();
    if auth.is_empty() {
        return Ok(None);
    }
    let bytes = BASE64.decode(auth).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| "auth is not base64")?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err("auth is not utf-8".to_owned()),
    }
}
