//! Names in certificates (RFC 5280, section 4.1.2.4).

use super::der;

/// The attributes that identify an issuer, by preference: common name,
/// organizational unit, organization.
const ATTRIBUTES: [&[u8]; 3] = [&[0x55, 4, 3], &[0x55, 4, 11], &[0x55, 4, 10]];
/// String types of one byte per character or in UTF-8: UTF8String,
/// PrintableString, TeletexString, IA5String.
const STRINGS: [u8; 4] = [0x0c, 0x13, 0x14, 0x16];

/// The readable part of a name, given as the content of its sequence. What a
/// server sends may have any length and any characters.
pub(super) fn common(name: &[u8]) -> Option<String> {
    let find = |kind| attributes(name).find(|(other, _)| *other == kind);
    let (_, value) = ATTRIBUTES.into_iter().find_map(find)?;
    let (tag, text, _) = der::split(value)?;
    STRINGS
        .contains(&tag)
        .then(|| String::from_utf8_lossy(text).into_owned())
}

/// The types of the attributes, and their values with tags.
fn attributes(name: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = name;
    // Each set has one attribute, with rare exceptions.
    let sets = std::iter::from_fn(move || {
        let (_, set, after) = der::split(rest)?;
        rest = after;
        Some(set)
    });
    sets.filter_map(|set| {
        let (_, attribute, _) = der::split(set)?;
        let (_, kind, value) = der::split(attribute)?;
        Some((kind, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("a short one");
        [&[tag, length], content].concat()
    }

    fn attribute(kind: u8, string: u8, text: &[u8]) -> Vec<u8> {
        let pair = [element(6, &[0x55, 4, kind]), element(string, text)].concat();
        element(0x31, &element(0x30, &pair))
    }

    #[test]
    fn the_common_name_or_else_the_organization() {
        let country = attribute(6, 0x13, b"SE");
        let organization = attribute(10, 0x0c, "Bergs\u{f6}".as_bytes());
        let common_name = attribute(3, 0x13, b"Test CA");
        for (name, expected) in [
            (
                [&country[..], &organization, &common_name].concat(),
                Some("Test CA"),
            ),
            ([&country[..], &organization].concat(), Some("Bergs\u{f6}")),
            (country.clone(), None),
            (attribute(3, 0x1e, b"\0T"), None),
            (Vec::new(), None),
            (b"\x31\x05\x30".to_vec(), None),
            (b"\x31\x02\x30\0".to_vec(), None),
        ] {
            assert_eq!(common(&name).as_deref(), expected, "{name:?}");
        }
    }
}
