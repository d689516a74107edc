//! Credential files: config.json and .dockercfg of Docker, auth.json of
//! containers.

use std::cmp::Reverse;
use std::io::Read;
use std::path::Path;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::auth::secret_json::{SecretJson, field, fields};
use crate::config::credential::Credential;
use crate::config::credential_key::{CredentialKey, Exactness};
use crate::error::{Error, Kind, with_path};
use crate::http::url::Origin;
use crate::os::{file, text_encoding};

/// Maximum size of a file, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// The contents of a credential file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    entries: Vec<Entry>,
    helpers: Vec<NamedHelper>,
    /// The credential helper for all other registries.
    store: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    place: CredentialKey,
    /// The key as the file has it.
    key: String,
    value: EntryValue,
}

/// The credential helper of a registry.
#[derive(Debug, PartialEq, Eq)]
struct NamedHelper {
    place: CredentialKey,
    key: String,
    /// Empty: none, not even the one for all registries.
    name: String,
}

#[derive(Debug, PartialEq, Eq)]
enum EntryValue {
    /// A helper may have it.
    Nothing,
    Credential(Credential),
    /// Invalid, with the reason.
    Broken(String),
}

/// What a file has for a repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Candidate<'a> {
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
        let text = text_encoding::decode(bytes)?;
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(Contents::default());
        }
        let json = SecretJson::read(&text).map_err(|error| match std::str::from_utf8(&text) {
            Ok(_) => format!("not json: line {}, column {}", error.line(), error.column()),
            Err(_) => "neither UTF-8 nor UTF-16".to_owned(),
        })?;
        let file = match &*json {
            Value::Null => return Ok(Contents::default()),
            Value::Object(file) => file,
            _ => return Err("not a json object".to_owned()),
        };
        let objects = |name: &'static str| {
            let values = fields(file, name).filter(|value| !value.is_null());
            let objects = values.map(|value| value.as_object());
            objects
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| format!("{name} is not an object"))
        };
        let auths = objects("auths")?;
        let helpers = objects("credHelpers")?;
        let store = match field(file, "credsStore") {
            None => None,
            Some(Value::String(name)) => Some(name.clone()).filter(|name| !name.is_empty()),
            Some(_) => return Err("credsStore is not a string".to_owned()),
        };
        if auths.is_empty() && helpers.is_empty() && store.is_none() {
            // The older format consists only of the object of entries.
            let has_auth = |entry: &Value| {
                let entry = entry.as_object();
                entry.is_some_and(|entry| fields(entry, "auth").next().is_some())
            };
            return Ok(Contents {
                entries: entries(file, has_auth).collect(),
                ..Contents::default()
            });
        }
        let named = |(key, name): (&String, &Value)| {
            let name = match name {
                Value::Null => "",
                Value::String(name) => name,
                _ => return None,
            };
            Some(NamedHelper {
                place: CredentialKey::of_key(key)?,
                key: key.clone(),
                name: name.to_owned(),
            })
        };
        let auths = auths.into_iter().flat_map(|auths| entries(auths, |_| true));
        Ok(Contents {
            entries: auths.collect(),
            helpers: helpers.into_iter().flatten().filter_map(named).collect(),
            store,
        })
    }

    /// The entries for a repository, by precedence: the longest path, the
    /// helper for the registry, the helper for all registries, the registry.
    /// Of several keys for the same place, the most exact one comes first.
    pub(crate) fn candidates(
        &self,
        registry: &Origin,
        repository: Option<&str>,
    ) -> Vec<Candidate<'_>> {
        let rank = |place: &CredentialKey, key: &str| {
            (Reverse(place.path().len()), Exactness::of(key, registry))
        };
        let mut fitting: Vec<&Entry> = Vec::new();
        for entry in &self.entries {
            if entry.place.covers(registry, repository) {
                let own = rank(&entry.place, &entry.key);
                let at = fitting.partition_point(|other| rank(&other.place, &other.key) <= own);
                fitting.insert(at, entry);
            }
        }
        let (of_paths, of_all): (Vec<&Entry>, Vec<&Entry>) = fitting
            .into_iter()
            .partition(|entry| !entry.place.path().is_empty());
        let helper = self
            .helpers
            .iter()
            .filter(|helper| helper.place.covers(registry, repository))
            .min_by_key(|helper| rank(&helper.place, &helper.key))
            .map(|helper| &helper.name)
            .or(self.store.as_ref())
            .filter(|name| !name.is_empty());
        let candidates = of_paths
            .into_iter()
            .filter_map(|entry| entry.value.candidate());
        candidates
            .chain(helper.map(|name| Candidate::Helper(name)))
            .chain(
                of_all
                    .into_iter()
                    .filter_map(|entry| entry.value.candidate()),
            )
            .collect()
    }
}

impl EntryValue {
    fn candidate(&self) -> Option<Candidate<'_>> {
        match self {
            EntryValue::Nothing => None,
            EntryValue::Credential(credential) => Some(Candidate::Credential(credential)),
            EntryValue::Broken(why) => Some(Candidate::Broken(why)),
        }
    }
}

fn entries<'a>(
    fields: &'a Map<String, Value>,
    is_entry: impl Fn(&Value) -> bool + 'a,
) -> impl Iterator<Item = Entry> + 'a {
    fields
        .iter()
        .filter(move |(_, value)| is_entry(value))
        .filter_map(|(key, value)| {
            let place = CredentialKey::of_key(key)?;
            let value = match entry(value) {
                Ok(None) => EntryValue::Nothing,
                Ok(Some(credential)) => EntryValue::Credential(credential),
                Err(why) => EntryValue::Broken(format!("the entry for {place}: {why}")),
            };
            Some(Entry {
                place,
                key: key.clone(),
                value,
            })
        })
}

/// The credential of one entry.
fn entry(value: &Value) -> Result<Option<Credential>, String> {
    let entry = match value {
        Value::Object(entry) => entry,
        Value::Null => return Ok(None),
        _ => return Err("not an object".to_owned()),
    };
    let text = |name: &'static str| match field(entry, name) {
        None => Ok(""),
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
        Credential::identity_token("", secret.trim())
    } else {
        Credential::password(username, secret)
    };
    made.map_err(|error| error.message().to_owned())
}

fn decode(auth: &str) -> Result<Option<Zeroizing<String>>, String> {
    // Some tools break the lines, as the base64 program does.
    let mut compact = Zeroizing::new(String::with_capacity(auth.len()));
    compact.extend(auth.chars().filter(|character| !character.is_whitespace()));
    if compact.is_empty() {
        return Ok(None);
    }
    let base64 = match compact.contains(['-', '_']) {
        true => BASE64_URL,
        false => BASE64,
    };
    let bytes = base64.decode(compact.as_bytes()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| "auth is not base64")?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err("auth is not utf-8".to_owned()),
    }
}
