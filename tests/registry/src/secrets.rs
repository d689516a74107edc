//! Collects the secrets of all tests, and searches client logs for them.
//!
//! If [`FOLDER`] is set, each test process writes the secrets it knows to a
//! file there, and clients write their logs to others. At the end, [`search`]
//! looks for the secrets in the logs.

use crate::text::parse_query;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{env, io, process};

/// The environment variable that names the folder.
pub const FOLDER: &str = "REGGIE_TEST_LOGS";

/// Query parameters that sign or authorize a URL.
const SIGNATURES: [&str; 12] = [
    "_state",
    "access_token",
    "hdnea",
    "key",
    "policy",
    "sig",
    "signature",
    "token",
    "verify",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-signature",
];

/// JSON and form fields that contain secrets.
const FIELDS: [&str; 5] = [
    "access_token",
    "identitytoken",
    "password",
    "refresh_token",
    "token",
];

/// Records a secret.
pub fn note(what: &str, secret: &str) {
    static KNOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);

    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    if secret.is_empty() || secret.contains(['\n', '\t']) {
        return;
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if !known
        .get_or_insert_default()
        .insert(format!("{what}\t{secret}"))
    {
        return;
    }
    let path = Path::new(&folder).join(format!("{}.secrets", process::id()));
    let file = OpenOptions::new().append(true).create(true).open(path);
    // Losing a secret would make the search meaningless.
    file.and_then(|mut file| file.write_all(format!("{what}\t{secret}\n").as_bytes()))
        .expect("the folder of a run of the tests can be written to");
}

/// Records the secrets in a request.
pub fn note_request<'a>(
    target: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) {
    if env::var_os(FOLDER).is_none() {
        return;
    }
    note_query(target);
    for (name, value) in headers {
        match name.to_ascii_lowercase().as_str() {
            "authorization" | "proxy-authorization" => note_authorization(value),
            "cookie" => {
                for pair in value.split(';') {
                    note_pair("cookie", pair);
                }
            }
            _ => {}
        }
    }
    if let Ok(form) = std::str::from_utf8(body)
        && form.contains("grant_type=")
    {
        note_fields("form", parse_query(form));
    }
}

/// Records the secrets in a response.
pub fn note_answer<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>, body: &[u8]) {
    if env::var_os(FOLDER).is_none() {
        return;
    }
    for (name, value) in headers {
        match name.to_ascii_lowercase().as_str() {
            "set-cookie" => note_pair("cookie", value.split(';').next().unwrap_or_default()),
            "location" => note_query(value),
            _ => {}
        }
    }
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(body) {
        let texts = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        note_fields("json", texts);
    }
}

/// Like [`note_answer`], for a complete response in one piece.
pub fn note_raw_answer(bytes: &[u8]) {
    if env::var_os(FOLDER).is_none() || !bytes.starts_with(b"HTTP/1.") {
        return;
    }
    let mark = b"\r\n\r\n";
    let end = bytes.windows(mark.len()).position(|window| window == mark);
    let Some(end) = end else {
        return;
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name, value.trim()));
    note_answer(headers, &bytes[end + mark.len()..]);
}

fn note_authorization(value: &str) {
    let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
    note("authorization", rest.trim());
    if scheme.eq_ignore_ascii_case("basic")
        && let Ok(plain) = STANDARD.decode(rest.trim())
        && let Ok(plain) = String::from_utf8(plain)
        && let Some((_, password)) = plain.split_once(':')
    {
        note("password", password);
    }
}

fn note_pair(what: &str, pair: &str) {
    if let Some((_, value)) = pair.split_once('=') {
        note(what, value.trim());
    }
}

fn note_query(target: &str) {
    let Some((_, query)) = target.split_once('?') else {
        return;
    };
    for pair in query.split('#').next().unwrap_or_default().split('&') {
        if let Some((name, value)) = pair.split_once('=')
            && SIGNATURES.contains(&name.to_ascii_lowercase().as_str())
        {
            note("signed query", value);
        }
    }
}

fn note_fields(what: &str, fields: impl IntoIterator<Item = (String, String)>) {
    for (name, value) in fields {
        if FIELDS.contains(&name.as_str()) {
            note(&format!("{what} {name}"), &value);
        }
    }
}

/// Records a private key.
pub fn note_key(pem: &str) {
    for line in pem.lines().filter(|line| !line.starts_with("-----")) {
        note("key", line);
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The statistics of a search.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Number of log files.
    pub logs: usize,
    /// Their total size, in bytes.
    pub bytes: u64,
    /// Number of secrets.
    pub secrets: usize,
    /// Number of ignored secrets that are common words.
    pub words: usize,
}

/// Minimum length of a secret: prefixes of this length are indexed.
const LEAST: usize = 6;

/// Whether a secret could be an ordinary word in a log, such as "password".
/// What is derived from it, such as Base64 with a user name, is a separate
/// secret.
fn is_a_word(secret: &str) -> bool {
    secret.len() < LEAST || (secret.len() <= 8 && secret.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Searches each log for each secret: as it is, in Base64 and percent-encoded.
/// Returns an error with the places found, or if there are no logs or no
/// secrets, which would prove nothing.
pub fn search(folder: &Path) -> Result<Searched, String> {
    let named = |error: io::Error| format!("{}: {error}", folder.display());
    let mut secrets = BTreeMap::new();
    let mut logs = Vec::new();
    for entry in fs::read_dir(folder).map_err(named)? {
        let path = entry.map_err(named)?.path();
        match path.extension().and_then(OsStr::to_str) {
            Some("log") => logs.push(path),
            Some("secrets") => {
                let text = fs::read(&path).map_err(named)?;
                for line in String::from_utf8_lossy(&text).lines() {
                    if let Some((what, secret)) = line.split_once('\t') {
                        secrets.insert(secret.to_owned(), what.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    let mut searched = Searched::default();
    // Indexed by prefix.
    let mut wanted: HashMap<[u8; LEAST], Vec<(Vec<u8>, String)>> = HashMap::new();
    for (secret, what) in &secrets {
        if is_a_word(secret) {
            searched.words += 1;
            continue;
        }
        searched.secrets += 1;
        for (form, as_what) in [
            (secret.clone(), what.clone()),
            (STANDARD.encode(secret), format!("{what} in Base64")),
            (percent_encoded(secret), format!("{what}, percent-encoded")),
        ] {
            let bytes = form.into_bytes();
            if let Some(begin) = bytes.first_chunk::<LEAST>() {
                wanted.entry(*begin).or_default().push((bytes, as_what));
            }
        }
    }
    let mut found = Vec::new();
    for path in &logs {
        let text = fs::read(path).map_err(named)?;
        searched.logs += 1;
        searched.bytes += text.len() as u64;
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            for at in 0..line.len().saturating_sub(LEAST - 1) {
                let rest = &line[at..];
                let begin: &[u8; LEAST] = rest.first_chunk().expect("it is that long");
                let here = wanted.get(begin).into_iter().flatten();
                for (_, what) in here.filter(|(form, _)| rest.starts_with(form)) {
                    let shown = String::from_utf8_lossy(line);
                    found.push(format!(
                        "{}:{}: {what}: {shown}",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    found.dedup();
    if !found.is_empty() {
        return Err(found.join("\n"));
    }
    if searched.bytes == 0 || searched.secrets == 0 {
        return Err(format!(
            "{}: nothing to search: {searched:?}",
            folder.display()
        ));
    }
    Ok(searched)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    #[test]
    fn a_secret_is_found_in_each_form() {
        let secrets = (
            "1.secrets",
            "password\thunter2/secret\ntoken\tanother-one\n",
        );
        for leak in [
            "hunter2/secret",
            "> Authorization: Basic hunter2/secret",
            "in the middle ofhunter2/secretof a word",
            "aHVudGVyMi9zZWNyZXQ=",
            "?password=hunter2%2Fsecret&n=1",
            "{\"token\":\"another-one\"}",
        ] {
            let log = format!("a line\n{leak}\nanother\n");
            let folder = folder(&[secrets, ("2.log", &log), ("3.log", "harmless\n")]);
            let found = search(folder.path()).expect_err(leak);
            assert!(found.contains("2.log:2: "), "{found}");
        }
        let folder = folder(&[secrets, ("2.log", "hunter2 and [redacted], another one\n")]);
        let expected = Searched {
            logs: 1,
            bytes: 36,
            secrets: 2,
            words: 0,
        };
        assert_eq!(search(folder.path()), Ok(expected));
    }

    #[test]
    fn a_search_that_would_prove_nothing_fails() {
        let (log, secrets) = (("1.log", "a line\n"), ("1.secrets", "token\tanother-one\n"));
        search(folder(&[log, secrets]).path()).expect("both are there");
        for files in [
            &[log][..],
            &[secrets],
            &[],
            &[("1.log", ""), secrets],
            &[log, ("1.secrets", "")],
            // Ignored: all of them are common words.
            &[log, ("1.secrets", "password\tpassword\npassword\tpw\n")],
        ] {
            let error = search(folder(files).path()).expect_err("nothing to search");
            assert!(error.contains("nothing to search"), "{error}");
        }
    }
}
