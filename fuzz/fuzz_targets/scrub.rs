//! A secret is covered in any combination of encodings, and arbitrary text and
//! secrets do no harm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::scrub;

const SECRET: &str = "Qx7\"Zk9/Wv3+Jp5\\Yt2M";

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn utf_16(text: &str) -> String {
    let units = text.encode_utf16();
    units.map(|unit| format!("\\u{unit:04x}")).collect()
}

fn html(text: &str) -> String {
    text.chars()
        .map(|c| format!("&#{};", u32::from(c)))
        .collect()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Up to three levels of encoding, of which the last may be hexadecimal.
fn encoded(choice: u8) -> String {
    let mut text = SECRET.to_owned();
    if choice & 0x80 != 0 {
        text = hex(&text);
    }
    for level in 0..3 {
        text = match (choice >> (2 * level)) & 3 {
            0 => text,
            1 => percent(&text),
            2 => json(&text),
            _ if level == 0 => utf_16(&text),
            _ => html(&text),
        };
    }
    text
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    let (text, secret) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let shown = scrub(text, &[secret]);
    assert!(secret.len() < 4 || !shown.contains(secret), "{shown}");
    // What an escape begins with could change the first character.
    let around: String = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " \n\"<>{}:,.=".contains(*c))
        .collect();
    let form = encoded(choice);
    let shown = scrub(&format!("{around} {form} {around}"), &[SECRET]);
    assert!(!shown.contains(&form), "{form}: {shown}");
});
