//! The names of headers whose values are secret.

/// Whether the value of a header is a secret, judging by its name. The log does
/// not show it, and a redirect does not take it to another origin.
pub(crate) fn is_secret_header(name: &str) -> bool {
    /// Parts of a name.
    const PARTS: [&str; 16] = [
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "authorization",
        "cookie",
        "credential",
        "signature",
        "session",
        "apikey",
        "bearer",
        "assertion",
        "passcode",
        "oauth",
        "oidc",
    ];
    /// Whole segments of a name.
    const SEGMENTS: [&str; 20] = [
        "auth", "key", "keys", "pass", "pwd", "pw", "pin", "otp", "jwt", "sid", "sig", "hmac",
        "saml", "csrf", "xsrf", "pat", "cred", "creds", "sso", "ticket",
    ];
    const NAMES: [&str; 3] = ["x-registry-config", "x-jfrog-art-api", "authentication"];
    /// Usual names that are none of these, to skip the search.
    const PUBLIC: [&str; 8] = [
        "accept",
        "content-length",
        "content-range",
        "content-type",
        "host",
        "if-none-match",
        "range",
        "user-agent",
    ];
    if PUBLIC
        .iter()
        .any(|public| name.eq_ignore_ascii_case(public))
    {
        return false;
    }
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
        || NAMES.contains(&name.as_str())
        || name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|segment| SEGMENTS.contains(&segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Cookie",
            "Cookie2",
            "Set-Cookie",
            "X-Registry-Auth",
            "X-Registry-Config",
            "X-Api-Key",
            "X-API_KEY",
            "ApiKey",
            "X-NuGet-ApiKey",
            "Ocp-Apim-Subscription-Key",
            "X-Goog-Api-Key",
            "PRIVATE-TOKEN",
            "JOB-TOKEN",
            "X-Vault-Token",
            "X-JFrog-Art-Api",
            "X-Amz-Security-Token",
            "X-Amz-Signature",
            "X-Auth",
            "X-Auth-Key",
            "X-Auth-User",
            "My-Password",
            "X-Passwd",
            "X-User-Pass",
            "X-Session-Id",
            "X-CSRF",
            "X-JWT",
            "Cf-Access-Jwt-Assertion",
            "X-Hmac",
            "X-PAT",
            "X-Creds",
            "X-Registry-Cred",
            "X-Passcode",
            "X-OAuth",
            "X-Amzn-Oidc-Data",
            "X-SSO",
            "X-Ticket",
            "Authentication",
        ] {
            assert!(is_secret_header(name), "{name}");
        }
        for name in [
            "Accept",
            "Content-Type",
            "Content-Length",
            "Docker-Content-Digest",
            "Location",
            "Link",
            "WWW-Authenticate",
            "Proxy-Authenticate",
            "Authentication-Info",
            "X-Author",
            "X-Path",
            "X-Sacred",
            "X-Keyboard",
            "X-Monkey",
            "Passive",
            "Range",
            "User-Agent",
            "X-Amz-Request-Id",
            "Host",
            "",
        ] {
            assert!(!is_secret_header(name), "{name}");
        }
    }
}
