//! Header fields, in order; names are case-insensitive.

use crate::error::position::{byte_at, first_byte};
use crate::error::{Error, Kind};

/// Header fields (RFC 9110, section 5) of a request or a response.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// The number of fields; repeated names count separately.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name and value of the field at `index`.
    pub fn at(&self, index: usize) -> Option<(&str, &[u8])> {
        self.0
            .get(index)
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// All values of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The first value of a name, if it is UTF-8.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Whether there is a field of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// An empty list with reserved capacity; `None` without memory.
    pub(crate) fn try_with_capacity(capacity: usize) -> Option<Headers> {
        let mut fields = Vec::new();
        fields.try_reserve_exact(capacity).ok()?;
        Some(Headers(fields))
    }

    pub(crate) fn add(&mut self, name: &str, value: &[u8]) {
        self.0.push((name.to_owned(), value.to_vec()));
    }

    /// Adds a field that is to be sent.
    pub(crate) fn try_add(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        check(name, value)?;
        self.reserve(value)?;
        self.add(name, value);
        Ok(())
    }

    /// Sets a field that is to be sent, in place of all of that name.
    pub(crate) fn try_set(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        check(name, value)?;
        self.reserve(value)?;
        self.set(name, value);
        Ok(())
    }

    /// Removes the fields that `keep` rejects.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str, &[u8]) -> bool) {
        self.0.retain(|(name, value)| keep(name, value));
    }

    /// Checks that there is memory for a value of the caller, which may have any
    /// size.
    fn reserve(&mut self, value: &[u8]) -> Result<(), Error> {
        let no_memory = |_| Error::no_memory("headers");
        self.0.try_reserve(1).map_err(no_memory)?;
        Vec::<u8>::new()
            .try_reserve_exact(value.len())
            .map_err(no_memory)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// Replaces all values of a name with one value, in the position of the
    /// first.
    pub(crate) fn set(&mut self, name: &str, value: &[u8]) {
        let place = self
            .0
            .iter()
            .position(|(other, _)| other.eq_ignore_ascii_case(name));
        self.remove(name);
        let field = (name.to_owned(), value.to_vec());
        match place {
            Some(place) => self.0.insert(place, field),
            None => self.0.push(field),
        }
    }
}

/// Checks a field before it is sent: the name must be a token (RFC 9110,
/// section 5.6.2), and the value must not contain control characters except
/// tab.
pub(crate) fn check(name: &str, value: &[u8]) -> Result<(), Error> {
    check_name(name)?;
    if let Some(wrong) = first_byte(value, |byte| is_control(&byte)) {
        let message = format!("header {name}: the value has a control character, {wrong}");
        return Err(Error::new(Kind::InvalidHeader, message));
    }
    // Spaces around a value are not part of it and would be lost.
    let is_blank = |at: &usize| matches!(value.get(*at), Some(b' ' | b'\t'));
    if let Some(at) = [0, value.len().saturating_sub(1)]
        .into_iter()
        .find(is_blank)
    {
        let wrong = byte_at(value, at);
        let message = format!("header {name}: the value starts or ends with white space, {wrong}");
        return Err(Error::new(Kind::InvalidHeader, message));
    }
    Ok(())
}

/// Checks all fields of a request, wherever they come from: none may add
/// another one, and there is one Host at most.
pub(crate) fn check_all(headers: &Headers) -> Result<(), Error> {
    for (name, value) in headers.iter() {
        if token_problem(name).is_some() || value.iter().any(is_control) {
            // Without the name, as below.
            let message = "header: a name or a value cannot be sent";
            return Err(Error::new(Kind::InvalidHeader, message));
        }
    }
    if headers.all("host").count() > 1 {
        let message = "header host: set more than once";
        return Err(Error::new(Kind::InvalidHeader, message));
    }
    Ok(())
}

/// Whether a value cannot contain a byte.
fn is_control(byte: &u8) -> bool {
    *byte < 0x20 && *byte != b'\t' || *byte == 0x7f
}

/// Checks the name of a field before it is sent.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if let Some(problem) = token_problem(name) {
        // Without the name, which may be a secret: a value by mistake.
        let message = format!("header name: {problem}");
        return Err(Error::new(Kind::InvalidHeader, message));
    }
    // A second framing header would enable request smuggling; the body
    // determines the framing. Expect is not needed: responses are read while
    // the body is sent.
    for refused in ["transfer-encoding", "expect"] {
        if name.eq_ignore_ascii_case(refused) {
            let message = format!("header {name} cannot be set: the library sets it");
            return Err(Error::new(Kind::InvalidHeader, message));
        }
    }
    Ok(())
}

/// Why a string is not a token (RFC 9110, section 5.6.2).
pub(crate) fn token_problem(text: &str) -> Option<String> {
    let is_invalid =
        |byte: u8| !byte.is_ascii_alphanumeric() && !b"!#$%&'*+-.^_`|~".contains(&byte);
    match text.len() {
        0 => Some("is empty".to_owned()),
        65_536.. => Some(format!("has {} bytes, more than 65535", text.len())),
        _ => {
            first_byte(text.as_bytes(), is_invalid).map(|wrong| format!("is not a token, {wrong}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_keeps_the_place_and_drops_the_others() {
        let mut headers = Headers::default();
        headers.add("Accept", b"a");
        headers.add("X-One", b"1");
        headers.add("accept", b"b");
        headers.set("ACCEPT", b"c");
        let all: Vec<_> = headers.iter().collect();
        assert_eq!(all, [("ACCEPT", &b"c"[..]), ("X-One", b"1")]);
    }

    #[test]
    fn what_would_split_a_request_is_refused() {
        for (name, value) in [
            ("", &b"x"[..]),
            ("a b", b"x"),
            ("a:", b"x"),
            ("ä", b"x"),
            ("a", b"x\r\ny: z"),
            ("a", b"x\0"),
            ("a", b"\x7f"),
            ("a", b" x"),
            ("Transfer-Encoding", b"chunked"),
            ("expect", b"100-continue"),
        ] {
            let error = check(name, value).expect_err(name);
            assert_eq!(error.kind(), Kind::InvalidHeader, "{name}");
        }
        for (name, value) in [("a:", &b"x"[..]), ("a", b"x\r\ny: z")] {
            let mut headers = Headers::default();
            headers.add(name, value);
            let error = check_all(&headers).expect_err(name);
            assert_eq!(error.kind(), Kind::InvalidHeader, "{name}");
        }
        check("X-Any", b"tab\tand \xe9 and \xff").expect("obs-text is allowed");
        check("X-Empty", b"").expect("an empty value is allowed");
    }
}
