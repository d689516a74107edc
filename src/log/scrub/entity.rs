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
    let end = text
        .iter()
        .take(MAX_LENGTH)
        .position(|&byte| byte == b';')?;
    let name = std::str::from_utf8(&text[..end]).ok()?;
    let code = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        },
        None => named(name)?,
    };
    Some((code, end + 1))
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
