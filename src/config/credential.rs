//! Credentials: user names and passwords, identity tokens, bearer tokens.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{Error, Kind};

/// What proves who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// User name and password.
    Basic {
        /// Without a colon.
        username: String,
        /// What goes with it.
        password: Zeroizing<String>,
    },
    /// A refresh token, for the token server alone.
    IdentityToken {
        /// For token servers that take the token in place of a password; may
        /// be empty.
        username: String,
        /// The token.
        token: Zeroizing<String>,
    },
    /// A bearer token, sent to the registry as it is.
    BearerToken(Zeroizing<String>),
}

impl Credential {
    /// User name and password; one of the two may be empty.
    pub fn password(username: &str, password: &str) -> Result<Credential, Error> {
        if username.is_empty() && password.is_empty() {
            return refuse("user name and password: both are empty");
        }
        check_username(username)?;
        if password.chars().any(char::is_control) {
            return refuse("password: has a control character");
        }
        #[cfg(reggie_test_log)]
        crate::log::test_log::secret("password", password);
        Ok(Credential::Basic {
            username: username.to_owned(),
            password: Zeroizing::new(password.to_owned()),
        })
    }

    /// An identity token (a refresh token of OAuth 2), and the user name to go
    /// with it where a token server knows only passwords; it may be empty.
    pub fn identity_token(username: &str, token: &str) -> Result<Credential, Error> {
        check_username(username)?;
        if token.is_empty() || token.chars().any(char::is_control) {
            return refuse("identity token: empty, or has a control character");
        }
        #[cfg(reggie_test_log)]
        crate::log::test_log::secret("identity token", token);
        Ok(Credential::IdentityToken {
            username: username.to_owned(),
            token: Zeroizing::new(token.to_owned()),
        })
    }

    /// A bearer token for the registry.
    pub fn bearer_token(token: &str) -> Result<Credential, Error> {
        // It goes into a header as it is.
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("bearer token: empty, or has what no header can hold");
        }
        #[cfg(reggie_test_log)]
        crate::log::test_log::secret("bearer token", token);
        Ok(Credential::BearerToken(Zeroizing::new(token.to_owned())))
    }
}

fn check_username(username: &str) -> Result<(), Error> {
    if username.chars().any(char::is_control) {
        return refuse("user name: has a control character");
    }
    if username.contains(':') {
        return refuse("user name: has a colon, which basic auth cannot carry");
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

/// Finds the credential for a registry, by host and port, and one of its
/// repositories, if it is about one: on the calling thread, maybe on several
/// at once.
pub type CredentialCallback =
    Arc<dyn Fn(&str, Option<&str>) -> Result<Option<Credential>, Error> + Send + Sync>;
