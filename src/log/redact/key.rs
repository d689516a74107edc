//! Names of secrets.

/// Whether a JSON member or a word before `:` or `=` names a secret.
pub(super) fn is_secret_key(key: &str) -> bool {
    const PARTS: [&str; 12] = [
        "token",
        "secret",
        "password",
        "passwd",
        "authorization",
        "privatekey",
        "accesskey",
        "apikey",
        "credential",
        "signature",
        "cookie",
        "assertion",
    ];
    const WHOLE_KEYS: [&str; 7] = [
        "auth",
        "xregistryauth",
        "pass",
        "pwd",
        "sig",
        "jwt",
        "bearer",
    ];
    let key: String = key
        .chars()
        .filter(|character| character.is_alphanumeric())
        .map(|character| character.to_ascii_lowercase())
        .collect();
    key != "tokentype"
        && (PARTS.iter().any(|part| key.contains(part)) || WHOLE_KEYS.contains(&key.as_str()))
}
