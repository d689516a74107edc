//! Where an argument is invalid.

/// Names one byte of an argument. It shows nothing else of the argument, which
/// may be a secret.
pub(crate) fn byte_at(text: impl AsRef<[u8]>, offset: usize) -> String {
    match text.as_ref().get(offset) {
        Some(byte) => format!("byte 0x{byte:02x} at offset {offset}"),
        None => format!("the end at offset {offset}"),
    }
}

/// Names the first byte of the first character that is invalid.
pub(crate) fn first_char(text: &str, is_invalid: impl Fn(char) -> bool) -> Option<String> {
    let (offset, _) = text.char_indices().find(|(_, c)| is_invalid(*c))?;
    Some(byte_at(text, offset))
}

/// Names the first byte that is invalid.
pub(crate) fn first_byte(text: &[u8], is_invalid: impl Fn(u8) -> bool) -> Option<String> {
    let offset = text.iter().position(|&byte| is_invalid(byte))?;
    Some(byte_at(text, offset))
}

/// Names the first byte that no host with a port and a path, and no network has,
/// for the end of a message; empty if there is none.
pub(crate) fn odd_byte(text: &str) -> String {
    let is_odd = |byte: u8| !byte.is_ascii_alphanumeric() && !b"-._:/[]".contains(&byte);
    first_byte(text.as_bytes(), is_odd).map_or(String::new(), |wrong| format!(", {wrong}"))
}

/// The offset of a part of a string, which is a slice of it.
pub(crate) fn offset_in(text: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        assert_eq!(byte_at("a\nb", 1), "byte 0x0a at offset 1");
        assert_eq!(byte_at("ab", 2), "the end at offset 2");
        let found = first_char("é\u{a0}b", char::is_whitespace);
        assert_eq!(found.as_deref(), Some("byte 0xc2 at offset 2"));
        let found = first_byte(b"a\xff", |byte| byte > 0x7f);
        assert_eq!(found.as_deref(), Some("byte 0xff at offset 1"));
        assert_eq!(first_byte(b"a", |byte| byte > 0x7f), None);
        assert_eq!(odd_byte("r.io:5000/a b"), ", byte 0x20 at offset 11");
        assert_eq!(odd_byte("10.0.0.0/33"), "");
        assert_eq!(
            offset_in("a,b c", "a,b c".split(',').nth(1).unwrap_or("")),
            2
        );
    }
}
