//! The parsers of network input, as the fuzz targets call them. Compiled only
//! for fuzzing.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::auth::credentials::file;
use crate::auth::{challenge, scope};
use crate::config::Credential;
use crate::content::descriptor::Descriptor;
use crate::content::json::Json;
use crate::content::referrers_support;
use crate::content::upload_export::{self, Export};
use crate::error::Kind;
use crate::http::cookies::CookieJar;
use crate::http::header::link::NextPage;
use crate::http::header::{link, range, rate_limit, retry_after, warning};
use crate::http::headers::Headers;
use crate::http::message::chunked::{ChunkDecoder, Next};
use crate::http::message::framing::{self, Framing};
use crate::http::message::head::{Head, HeadParser, early_status};
use crate::http::url::Url;
use crate::http::url::syntax::text_of_header;
use crate::http::{oci_error, server_message, template};
use crate::log::{redact, scrub};
use crate::proxy::host_rules;
use crate::request::address::Address;
use crate::transport;

/// Scheme, token68 and parameters of a challenge.
pub type Challenge = (String, Option<String>, Vec<(String, String)>);

pub fn challenges(lines: &[&[u8]]) -> Vec<Challenge> {
    challenge::parse(lines.iter().copied())
        .into_iter()
        .map(|challenge| (challenge.scheme, challenge.token68, challenge.params))
        .collect()
}

/// Code, message and detail of each error.
pub fn oci_errors(body: &[u8]) -> Option<Vec<[String; 3]>> {
    let errors = oci_error::parse(body).ok()?;
    let texts = errors
        .iter()
        .map(|error| [error.code(), error.message(), error.detail()].map(str::to_owned));
    Some(texts.collect())
}

pub fn parse_url(text: &str) -> Option<String> {
    Url::parse(text).ok().map(|url| url.to_string())
}

/// Origin, path and query of the URL that a reference in a header means.
pub fn resolve(base: &str, reference: &[u8]) -> Option<(String, String)> {
    let url = Url::parse(base).ok()?;
    let url = url.resolve(&text_of_header(reference)).ok()?;
    Some((url.origin().to_string(), url.path_and_query().to_owned()))
}

pub fn relative(address: &str, url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Address::parse(address)
        .ok()?
        .relative(&url)
        .map(str::to_owned)
}

/// Origin, path and query of the URL of a path under an address.
pub fn url_for(address: &str, path: &str) -> Option<(String, String)> {
    let url = Address::parse(address).ok()?.url_for(path).ok()?;
    Some((url.origin().to_string(), url.path_and_query().to_owned()))
}

/// Expands a path; all placeholders have the same value.
pub fn expand(path: &str, value: &str) -> Option<String> {
    let values = template::Values {
        name: Some(value),
        reference: Some(value),
        digest: Some(value),
        session_id: Some(value),
    };
    template::expand(path, &values).ok()
}

pub fn is_value(value: &str) -> bool {
    template::check_value(Kind::InvalidName, "value", value).is_ok()
}

pub fn scopes(text: &str) -> String {
    scope::Scopes::parse(text).to_string()
}

pub fn scopes_cover(held: &str, required: &str) -> bool {
    scope::Scopes::parse(held).covers(&scope::Scopes::parse(required))
}

pub fn scopes_for_request(method: &str, path: &str) -> Option<Vec<String>> {
    scope::for_request(method, path).map(|scopes| scopes.iter().collect())
}

pub fn redact_header(name: &str, value: &[u8]) -> String {
    redact::header_value(name, value)
}

pub fn redact_url(text: &str) -> String {
    redact::url(text)
}

pub fn redact_body(content_type: Option<&str>, body: &[u8], cap: usize) -> Option<String> {
    redact::body(content_type, body, cap)
}

pub fn scrub(text: &str, secrets: &[&str]) -> String {
    scrub::scrub(text, secrets)
}

/// The token granted, or the message of the refusal.
pub fn token_response(status: u16, date: Option<&str>, body: &[u8]) -> Result<String, String> {
    let granted = crate::auth::token::read_response(status, date, body, "host");
    granted
        .map(|grant| grant.token.to_string())
        .map_err(|error| error.message().to_owned())
}

/// The strings of each candidate that a credentials file has for a repository. An
/// error is the message about the file.
pub fn credentials_file(
    bytes: &[u8],
    registry: &str,
    repository: Option<&str>,
) -> Result<Vec<Vec<String>>, String> {
    let registry = Url::parse(registry).map_err(|error| error.to_string())?;
    let contents = file::Contents::parse(bytes)?;
    let candidates = contents.candidates(&registry.origin(), repository);
    Ok(candidates.iter().map(texts).collect())
}

fn texts(candidate: &file::Candidate<'_>) -> Vec<String> {
    match candidate {
        file::Candidate::Helper(name) => vec!["helper".to_owned(), (*name).to_owned()],
        file::Candidate::Broken(why) => vec!["broken".to_owned(), (*why).to_owned()],
        file::Candidate::Credential(Credential::Basic { username, password }) => {
            vec!["basic".to_owned(), username.clone(), password.to_string()]
        }
        file::Candidate::Credential(Credential::IdentityToken { username, token }) => {
            vec!["identity".to_owned(), username.clone(), token.to_string()]
        }
        file::Candidate::Credential(Credential::BearerToken(token)) => {
            vec!["bearer".to_owned(), token.to_string()]
        }
    }
}

/// The URL of the next page in a response from `from`.
pub fn next_page(from: &str, lines: &[&[u8]]) -> Option<String> {
    let from = Url::parse(from).ok()?;
    match link::next(lines.iter().copied(), &from) {
        NextPage::At(url) => Some(url.to_string()),
        NextPage::None | NextPage::Elsewhere(_) | NextPage::Invalid => None,
    }
}

/// What a server says about a failure, and its code.
pub fn server_message(content_type: Option<&str>, body: &[u8]) -> (String, Option<String>) {
    let sent = server_message::read(content_type, body);
    (sent.line(""), sent.code)
}

pub fn warnings(lines: &[&[u8]]) -> Vec<String> {
    warning::read(lines.iter().copied())
}

pub fn upload_range(value: &str) -> Option<(u64, u64)> {
    range::of_upload(value)
}

/// First, last and total of a `Content-Range`.
pub fn content_range(value: &str) -> Option<(u64, u64, Option<u64>)> {
    range::of_content(value).map(|range| (range.first, range.last, range.total))
}

fn headers_of(fields: &[(&str, &[u8])]) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in fields {
        headers.add(name, value);
    }
    headers
}

/// The delay in Retry-After, by a local clock at this time.
pub fn retry_after(fields: &[(&str, &[u8])], now: u32) -> Option<Duration> {
    retry_after::read(&headers_of(fields), || now.into()).map(|field| field.wait)
}

/// Limit, remaining and window.
pub fn rate_limit(fields: &[(&str, &[u8])]) -> Option<[Option<u64>; 3]> {
    let limits = rate_limit::read(&headers_of(fields))?;
    Some([limits.limit, limits.remaining, limits.window])
}

/// The Cookie header for `to` after `from` has set these cookies.
pub fn cookies(from: &str, sets: &[&[u8]], to: &str, now: u32) -> Option<String> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.into());
    let fields: Vec<_> = sets.iter().map(|set| ("set-cookie", *set)).collect();
    let jar = CookieJar::default();
    jar.store_at(&Url::parse(from).ok()?, &headers_of(&fields), now);
    let header = jar.header_at(&Url::parse(to).ok()?, now)?;
    Some(header.to_string())
}

/// Status and fields of a response head, its length, and the framing of the body.
pub struct ResponseHead {
    pub status: u16,
    pub fields: Vec<(String, Vec<u8>)>,
    pub length: usize,
    pub framing: Result<(Option<u64>, bool), String>,
}

/// Parses a head that arrives in pieces; `None` if it is incomplete.
pub fn response_head(input: &[u8], piece: usize) -> Result<Option<ResponseHead>, String> {
    let mut parser = HeadParser::default();
    let mut size = 0;
    loop {
        size = input.len().min(size + piece);
        let parsed = parser.parse(&input[..size]);
        if let Some((head, length)) = parsed.map_err(|error| error.to_string())? {
            return Ok(Some(shown(&head, length)));
        }
        if size == input.len() {
            let checked = parser.check_incomplete(input);
            return checked.map(|()| None).map_err(|error| error.to_string());
        }
    }
}

fn shown(head: &Head, length: usize) -> ResponseHead {
    let fields = head.headers.iter();
    let framing = framing::of_response("GET", head).map(|(framing, keep)| match framing {
        Framing::Length(length) => (Some(length), keep),
        Framing::None | Framing::Chunked | Framing::Close => (None, keep),
    });
    ResponseHead {
        status: head.status,
        fields: fields
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .collect(),
        length,
        framing,
    }
}

/// The status of the final response in the input.
pub fn response_status(input: &[u8]) -> Option<u16> {
    early_status(input)
}

/// The data of a chunked body that arrives in pieces, the number of bytes taken,
/// and whether the end was reached.
pub fn chunked(input: &[u8], piece: usize) -> Result<(Vec<u8>, usize, bool), String> {
    let mut decoder = ChunkDecoder::default();
    let mut data = Vec::new();
    let (mut start, mut end) = (0, 0);
    loop {
        let advanced = decoder.advance(&input[start..end]);
        let (used, next) = advanced.map_err(|error| error.to_string())?;
        start += used;
        match next {
            Next::End => return Ok((data, start, true)),
            Next::Data(left) if start < end => {
                let left = usize::try_from(left).unwrap_or(usize::MAX);
                let amount = left.min(end - start);
                data.extend_from_slice(&input[start..start + amount]);
                decoder.took(amount as u64);
                start += amount;
            }
            Next::Data(_) | Next::Input if end < input.len() => {
                end = input.len().min(end + piece);
            }
            Next::Data(_) | Next::Input => return Ok((data, start, false)),
        }
    }
}

/// The addresses that resolvers may read in the host of a URL, and the one that
/// the system's resolver reads; `None` if it is no host.
pub fn addresses(host: &str) -> Option<(Vec<IpAddr>, Option<IpAddr>)> {
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    let host = &url.origin_ref().host;
    Some((host_rules::readings(host), host_rules::literal(host)))
}

/// Whether a server at a public address may redirect through a proxy to a host.
pub fn is_permitted(host: &str) -> Option<bool> {
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    Some(transport::may_name_to_proxy(url.origin_ref()))
}

/// The name of an algorithm of a certificate.
pub fn algorithm_name(algorithm: &[u8]) -> String {
    crate::tls::algorithm_name(algorithm)
}

/// The entries of an index that are valid.
pub fn referrers(index: &Json) -> Option<Vec<Descriptor>> {
    referrers_support::entries(index)
}

/// The export of an upload with these fields, read and written again.
pub fn upload_export(fields: &str) -> Option<[String; 2]> {
    let first = Export::parse(&upload_export::seal(fields)).ok()?.to_text();
    let second = Export::parse(&first).ok()?.to_text();
    Some([first, second])
}
