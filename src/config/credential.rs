//! Credentials: user names and passwords, identity tokens, bearer tokens.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::position::{first_byte, first_char};
use crate::error::{Error, Kind};

/// Maximum length of a password or token, in bytes.
pub(crate) const MAX_SECRET: usize = 64 * 1024;

/// A credential for a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// User name and password.
    Basic {
        /// Contains no colon.
        username: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// A refresh token, sent only to the token server.
    IdentityToken {
        /// For token servers that accept the token as a password; may be empty.
        username: String,
        /// The token.
        token: Zeroizing<String>,
    },
    /// A bearer token, sent to the registry unchanged.
    BearerToken(Zeroizing<String>),
}

impl Credential {
    /// A user name and password, of which one may be empty.
    pub fn password(username: &str, password: &str) -> Result<Credential, Error> {
        if username.is_empty() && password.is_empty() {
            return refuse("user name and password: both are empty");
        }
        check_username(username)?;
        // Other control characters are allowed: a JSON key file has several
        // lines.
        if let Some(wrong) = first_char(password, |c| c == '\0') {
            return refuse(&format!("password: has a NUL character, {wrong}"));
        }
        check_length("password", password)?;
        #[cfg(reggie_test_log)]
        crate::log::test_log::secret("password", password);
        Ok(Credential::Basic {
            username: username.to_owned(),
            password: Zeroizing::new(password.to_owned()),
        })
    }

    /// An identity token (an OAuth 2 refresh token), and the user name for token
    /// servers that support only passwords; it may be empty.
    pub fn identity_token(username: &str, token: &str) -> Result<Credential, Error> {
        check_username(username)?;
        if token.is_empty() {
            return refuse("identity token: empty");
        }
        if let Some(wrong) = first_char(token, char::is_control) {
            return refuse(&format!("identity token: has a control character, {wrong}"));
        }
        check_length("identity token", token)?;
        #[cfg(reggie_test_log)]
        crate::log::test_log::secret("identity token", token);
        Ok(Credential::IdentityToken {
            username: username.to_owned(),
            token: Zeroizing::new(token.to_owned()),
        })
    }

    /// A bearer token for the registry.
    pub fn bearer_token(token: &str) -> Result<Credential, Error> {
        // It is sent in a header unchanged.
        if token.is_empty() {
            return refuse("bearer token: empty");
        }
        if let Some(wrong) = first_byte(token.as_bytes(), |byte| !byte.is_ascii_graphic()) {
            return refuse(&format!("bearer token: not printable ASCII, {wrong}"));
        }
        check_length("bearer token", token)?;
        #[cfg(reggie_test_log)]
        crate::log::test_log::secret("bearer token", token);
        Ok(Credential::BearerToken(Zeroizing::new(token.to_owned())))
    }
}

fn check_username(username: &str) -> Result<(), Error> {
    if let Some(wrong) = first_char(username, char::is_control) {
        return refuse(&format!("user name: has a control character, {wrong}"));
    }
    if let Some(wrong) = first_char(username, |c| c == ':') {
        return refuse(&format!(
            "user name: has a colon, which basic auth cannot carry, {wrong}"
        ));
    }
    Ok(())
}

/// No server accepts a longer header field.
fn check_length(what: &str, value: &str) -> Result<(), Error> {
    let (length, max) = (value.len(), MAX_SECRET);
    if length > max {
        return refuse(&format!("{what}: has {length} bytes, more than {max}"));
    }
    Ok(())
}

fn refuse<T>(why: &str) -> Result<T, Error> {
    Err(Error::new(Kind::InvalidCredentials, why))
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// Finds the credential for a registry, given as host and port, and a repository
/// if there is one. Runs on the calling thread; may be called concurrently.
pub type CredentialCallback =
    Arc<dyn Fn(&str, Option<&str>) -> Result<Option<Credential>, Error> + Send + Sync>;
