//! Requests as they came, and the heads of answers.

/// A request, with every byte and every header as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawRequest {
    /// The number of the connection it came on.
    pub connection: usize,
    /// The request line and the headers, up to and with the empty line.
    pub head: String,
    /// The method.
    pub method: String,
    /// The target, as in `/v2/`.
    pub target: String,
    /// The headers in order, names in the case they came in.
    pub headers: Vec<(String, String)>,
    /// The body, without the framing of chunks.
    pub body: Vec<u8>,
    /// The head and the body with its framing and trailers.
    pub raw: Vec<u8>,
    /// Whether all of the body came.
    pub complete: bool,
    /// Where the server keeps it.
    pub(super) place: usize,
}

impl RawRequest {
    pub(super) fn from_head(connection: usize, bytes: Vec<u8>) -> Self {
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Self {
            connection,
            head,
            method,
            target,
            headers,
            raw: bytes,
            ..Self::default()
        }
    }

    /// The headers' names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of the first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// How many headers of this name came.
    pub fn header_count(&self, name: &str) -> usize {
        self.headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .count()
    }

    pub(super) fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    }

    /// The Content-Length, 0 where there is none.
    pub fn content_length(&self) -> usize {
        self.header("content-length")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }

    pub(super) fn has_body(&self) -> bool {
        self.is_chunked() || self.content_length() > 0
    }
}

/// Reads the length in the line before a chunk.
pub(super) fn chunk_length(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    let digits = text.split([';', '\r']).next()?.trim();
    usize::from_str_radix(digits, 16).ok()
}

/// The head of an answer, with `Content-Length` where `length` is given, the
/// headers do not tell it and the status allows it.
pub(super) fn response_head(
    status: &str,
    headers: &[(&str, &str)],
    length: Option<usize>,
) -> String {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let is_told = headers.iter().any(|(name, _)| {
        ["content-length", "transfer-encoding"]
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other))
    });
    let is_bodiless =
        status.starts_with('1') || status.starts_with("204") || status.starts_with("304");
    if let Some(length) = length
        && !is_told
        && !is_bodiless
    {
        head += &format!("Content-Length: {length}\r\n");
    }
    head + "\r\n"
}
