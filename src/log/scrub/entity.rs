//! Character references of HTML.

/// Names of ASCII characters.
const NAMES: [(&str, char); 36] = [
    ("quot", '"'),
    ("amp", '&'),
    ("apos", '\''),
    ("lt", '<'),
    ("gt", '>'),
    ("nbsp", ' '),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("rcub", '}'),
];

/// Maximum length of a reference.
const MAX_LENGTH: usize = 12;

/// The code point of the reference after a `&`, and its length. Other names
/// than those of ASCII characters give U+FFFD.
pub(super) fn read(text: &[u8]) -> Option<(u32, usize)> {
    if let Some(number) = text.strip_prefix(b"#") {
        let (code, length) = numbered(number)?;
        return Some((code, length + 1));
    }
    let end = text
        .iter()
        .take(MAX_LENGTH)
        .position(|&byte| byte == b';')?;
    let name = std::str::from_utf8(&text[..end]).ok()?;
    Some((named(name)?, end + 1))
}

/// As [`read`], after `&#`. The semicolon may be missing, as in browsers.
fn numbered(text: &[u8]) -> Option<(u32, usize)> {
    let (prefix, radix) = match text.first()? {
        b'x' | b'X' => (1, 16),
        _ => (0, 10),
    };
    let digits = text[prefix..].iter().take(MAX_LENGTH);
    let count = digits
        .take_while(|&&byte| char::from(byte).is_digit(radix))
        .count();
    let end = prefix + count;
    let digits = std::str::from_utf8(&text[prefix..end]).ok()?;
    let code = u32::from_str_radix(digits, radix).ok()?;
    let has_end = text.get(end) == Some(&b';');
    Some((code, end + usize::from(has_end)))
}

fn named(name: &str) -> Option<u32> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let other = is_name.then_some(char::REPLACEMENT_CHARACTER);
    known
        .map(|(_, character)| *character)
        .or(other)
        .map(u32::from)
}

/// Replaces references by their characters.
pub(crate) fn without_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let character = read(rest.as_bytes())
            .and_then(|(code, length)| Some((char::from_u32(code)?, length)))
            .filter(|(character, _)| *character != char::REPLACEMENT_CHARACTER);
        match character {
            Some((character, length)) => {
                out.push(character);
                rest = &rest[length..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}
