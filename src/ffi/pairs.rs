//! Header fields and query parameters as texts for C.

use std::ffi::c_char;
use std::ops::Range;
use std::ptr;

use crate::http::headers::Headers;

/// Names with their values, in their order.
pub(super) struct Pairs {
    /// All of them, each with a NUL behind it.
    text: Vec<u8>,
    list: Vec<Pair>,
    /// Whether two names are the same.
    same: fn(&[u8], &[u8]) -> bool,
}

/// Where a name and its value stand in the text, without their NULs.
struct Pair {
    name: Range<usize>,
    value: Range<usize>,
}

impl Pairs {
    pub(super) fn of_headers(headers: &Headers) -> Pairs {
        let fields = headers.iter();
        Pairs::new(
            fields.map(|(name, value)| (name.as_bytes(), value)),
            <[u8]>::eq_ignore_ascii_case,
        )
    }

    pub(super) fn of_query(query: &[(String, String)]) -> Pairs {
        let fields = query.iter();
        Pairs::new(
            fields.map(|(name, value)| (name.as_bytes(), value.as_bytes())),
            <[u8]>::eq,
        )
    }

    fn new<'a>(
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
        same: fn(&[u8], &[u8]) -> bool,
    ) -> Pairs {
        let size = |(name, value): (&[u8], &[u8])| name.len() + value.len() + 2;
        let mut text = Vec::with_capacity(pairs.clone().map(size).sum());
        let list = pairs
            .map(|(name, value)| Pair {
                name: append(&mut text, name),
                value: append(&mut text, value),
            })
            .collect();
        Pairs { text, list, same }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn name(&self, index: usize) -> *const c_char {
        self.list
            .get(index)
            .map_or(ptr::null(), |pair| self.at(&pair.name))
    }

    pub(super) fn value(&self, index: usize) -> *const c_char {
        self.list
            .get(index)
            .map_or(ptr::null(), |pair| self.at(&pair.value))
    }

    /// The value at `index` among those of a name.
    pub(super) fn named(&self, name: &[u8], index: usize) -> *const c_char {
        self.all(name)
            .nth(index)
            .map_or(ptr::null(), |pair| self.at(&pair.value))
    }

    pub(super) fn count(&self, name: &[u8]) -> usize {
        self.all(name).count()
    }

    fn all<'a>(&'a self, wanted: &'a [u8]) -> impl Iterator<Item = &'a Pair> {
        self.list
            .iter()
            .filter(|pair| (self.same)(&self.text[pair.name.clone()], wanted))
    }

    /// The text there and all behind it, as C reads up to the NUL.
    fn at(&self, place: &Range<usize>) -> *const c_char {
        self.text[place.start..].as_ptr().cast()
    }
}

/// Appends a text and its NUL; a NUL inside it shows as U+FFFD.
fn append(all: &mut Vec<u8>, text: &[u8]) -> Range<usize> {
    let start = all.len();
    if text.contains(&0) {
        let parts: Vec<&[u8]> = text.split(|&byte| byte == 0).collect();
        all.extend_from_slice(&parts.join("\u{fffd}".as_bytes()));
    } else {
        all.extend_from_slice(text);
    }
    let end = all.len();
    all.push(0);
    start..end
}
