//! Splits structures in DER (ITU-T X.690).

const SEQUENCE: u8 = 0x30;

/// The contents of the fields of a sequence; `None` if it is not one. Ends at
/// invalid data.
pub(super) fn fields(der: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let (tag, mut rest, _) = split(der)?;
    let next = move || {
        let (_, content, after) = split(rest)?;
        rest = after;
        Some(content)
    };
    (tag == SEQUENCE).then(|| std::iter::from_fn(next))
}

/// The tag and content of the first element, and what follows it.
pub(super) fn split(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // The number of bytes of the length.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        let long = [&[4, 0x82, 1, 0][..], &[7; 256], &[5, 0]].concat();
        for (der, expected) in [
            (&[2, 1, 9][..], Some((2, &[9][..], &[][..]))),
            (&[5, 0, 5, 0], Some((5, &[], &[5, 0]))),
            (&long, Some((4, &[7; 256], &[5, 0]))),
            (&[4, 0x81, 1, 9], Some((4, &[9], &[]))),
            (&[], None),
            (&[4], None),
            (&[4, 2, 1], None),
            (&[4, 0x80, 0, 0], None),
            (&[4, 0x82, 1], None),
            (&[4, 0x84, 0, 0, 0, 1, 9], None),
        ] {
            assert_eq!(split(der), expected, "{der:?}");
        }
    }

    #[test]
    fn sequences() {
        let all = |der| fields(der).map(Iterator::collect::<Vec<_>>);
        assert_eq!(all(&[0x30, 5, 2, 1, 9, 5, 0]), Some(vec![&[9][..], &[]]));
        assert_eq!(all(&[0x30, 4, 2, 1, 9, 5]), Some(vec![&[9][..]]));
        assert_eq!(all(&[0x30, 0]), Some(vec![]));
        assert_eq!(all(&[0x31, 0]), None);
        assert_eq!(all(&[0x30, 5, 2]), None);
    }
}
