//! Who asks: user names and passwords, identity tokens, ready tokens.

use std::fmt;
use std::time::Instant;

use zeroize::Zeroizing;

use crate::error::Error;

/// What proves who asks.
#[allow(dead_code, reason = "found by the store")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    Basic {
        username: String,
        password: Zeroizing<String>,
    },
    /// A refresh token, for the token server alone.
    IdentityToken {
        username: String,
        token: Zeroizing<String>,
    },
    /// A bearer token, sent as it is.
    RegistryToken(Zeroizing<String>),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// A credential, and where it comes from, in words for people.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) credential: Credential,
    pub(crate) source: String,
}

/// What a look-up found, and what was asked, in order.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    pub(crate) found: Option<Found>,
    pub(crate) tried: Vec<String>,
}

/// All that a client was told about credentials.
#[derive(Debug, Default)]
pub(crate) struct CredentialStore {}

impl CredentialStore {
    pub(crate) fn lookup(
        &self,
        _registry: &str,
        _repository: Option<&str>,
        _limit: Option<Instant>,
    ) -> Result<Lookup, Error> {
        Ok(Lookup::default())
    }
}
