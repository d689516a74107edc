//! The settings of a client.
//!
//! [`Config`] is one flat set of settings for its users. Each file here has the
//! setters for one subject, as an `impl Config`, next to the types they set. So
//! these files and this one import each other.

pub(crate) mod credential;
pub(crate) mod credential_key;
mod credentials;
mod network;
pub(crate) mod observe;
mod realm;
pub(crate) mod retry;
mod times;
mod tls;

use std::fmt;

// Cycle: the files import Config, whose setters they have.
use self::{observe::WarningCallback, retry::RetrySettings};
use crate::error::position::first_char;
use crate::error::{Error, Kind};
use crate::http::hooks::{ResponseCallback, SendCallback};
use crate::http::redirect::RedirectCallback;
use crate::http::{headers, redirect, template};
use crate::log::{Level, LogCallback};
use crate::tls::TlsSettings;

pub use self::credential::{Credential, CredentialCallback};

// Cycle: the files import Config, whose setters they have.
pub use self::{
    network::IpVersion,
    realm::RealmCallback,
    tls::{CertificateCallback, TlsVersion},
};

// Cycle: the files import Config, whose setters they have.
pub(crate) use self::{
    credentials::CredentialSources,
    network::{Addresses, Network},
    times::{OwnTimes, Times, stall},
};

/// The default limit of a response body in memory, in bytes.
pub const DEFAULT_MAX_BODY_MEMORY: usize = 64 * 1024 * 1024;

/// The settings of a client, copied when it is created.
#[derive(Clone)]
pub struct Config {
    /// Credential for the client's own registry.
    pub(crate) credentials: Option<Credential>,
    pub(crate) credential_sources: CredentialSources,
    pub(crate) default_name: Option<String>,
    pub(crate) auth_scope: Option<String>,
    pub(crate) mirror_of: Option<String>,
    pub(crate) user_agent: String,
    pub(crate) debug: bool,
    pub(crate) log: Option<(Level, LogCallback)>,
    pub(crate) max_body_memory: usize,
    pub(crate) tls: TlsSettings,
    pub(crate) times: Times,
    pub(crate) allowed_realms: Vec<String>,
    pub(crate) realm_callback: Option<RealmCallback>,
    pub(crate) anonymous_fallback: bool,
    pub(crate) max_redirects: u32,
    pub(crate) redirect_callback: Option<RedirectCallback>,
    pub(crate) send_callback: Option<SendCallback>,
    pub(crate) response_callback: Option<ResponseCallback>,
    pub(crate) retry: RetrySettings,
    pub(crate) warning: Option<WarningCallback>,
    pub(crate) cookies: bool,
    pub(crate) network: Network,
    /// Whether environment variables are read.
    pub(crate) use_environment: bool,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("default_name", &self.default_name)
            .field("debug", &self.debug)
            .finish_non_exhaustive()
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            credentials: None,
            credential_sources: CredentialSources::default(),
            default_name: None,
            auth_scope: None,
            mirror_of: None,
            user_agent: concat!("reggie/", env!("CARGO_PKG_VERSION")).to_owned(),
            debug: false,
            log: None,
            max_body_memory: DEFAULT_MAX_BODY_MEMORY,
            tls: TlsSettings::default(),
            times: Times::default(),
            allowed_realms: Vec::new(),
            realm_callback: None,
            anonymous_fallback: false,
            max_redirects: redirect::MAX_REDIRECTS,
            redirect_callback: None,
            send_callback: None,
            response_callback: None,
            retry: RetrySettings::default(),
            warning: None,
            cookies: false,
            network: Network::default(),
            use_environment: true,
        }
    }
}

impl Config {
    /// The default settings.
    pub fn new() -> Config {
        Config::default()
    }

    /// Whether clients with these settings can share connections.
    pub(crate) fn shares_connections_with(&self, other: &Config) -> bool {
        self.network == other.network
            && self.use_environment == other.use_environment
            && self.tls.is_same(&other.tls)
    }

    /// Whether clients with these settings can share tokens.
    pub(crate) fn shares_tokens_with(&self, other: &Config) -> bool {
        self.credentials == other.credentials
            && self.credential_sources == other.credential_sources
            && self.use_environment == other.use_environment
    }

    /// Sets the repository that `<name>` means if a request sets none.
    pub fn set_default_name(&mut self, name: &str) -> Result<(), Error> {
        template::check_value(Kind::InvalidName, "default name", name)?;
        self.default_name = Some(name.to_owned());
        Ok(())
    }

    /// Sets the scope of token requests, overriding that of challenges.
    pub fn set_auth_scope(&mut self, scope: &str) -> Result<(), Error> {
        let problem = match first_char(scope, char::is_control) {
            Some(wrong) => Some(format!("auth scope: has a control character, {wrong}")),
            None => scope
                .trim()
                .is_empty()
                .then(|| "auth scope: empty".to_owned()),
        };
        if let Some(message) = problem {
            return Err(Error::new(Kind::InvalidCredentials, message));
        }
        self.auth_scope = Some(scope.to_owned());
        Ok(())
    }

    /// Sets the registry whose content this one mirrors.
    pub fn set_mirror_of(&mut self, registry: &str) -> Result<(), Error> {
        let is_wrong = |c: char| !c.is_ascii_graphic() || "/?#@%\"".contains(c);
        let problem = match first_char(registry, is_wrong) {
            Some(wrong) => format!("mirrored registry: has {wrong}"),
            None if registry.is_empty() => "mirrored registry: empty".to_owned(),
            None => {
                self.mirror_of = Some(registry.to_owned());
                return Ok(());
            }
        };
        Err(Error::new(Kind::InvalidReference, problem))
    }

    /// Sets the User-Agent of requests that set none.
    pub fn set_user_agent(&mut self, user_agent: &str) -> Result<(), Error> {
        if user_agent.is_empty() {
            let message = "user agent: empty";
            return Err(Error::new(Kind::InvalidHeader, message));
        }
        headers::check("user-agent", user_agent.as_bytes())?;
        self.user_agent = user_agent.to_owned();
        Ok(())
    }

    /// Sets the limit of a response body in memory, in bytes.
    pub fn set_max_body_memory(&mut self, bytes: usize) {
        self.max_body_memory = bytes;
    }

    /// Sets how many redirects a request follows; with 0 a redirect is returned.
    pub fn set_max_redirects(&mut self, max: u32) {
        self.max_redirects = max;
    }

    /// Sets the callback that decides about redirects. Returns the earlier one.
    pub fn set_redirect_callback(
        &mut self,
        callback: Option<RedirectCallback>,
    ) -> Option<RedirectCallback> {
        std::mem::replace(&mut self.redirect_callback, callback)
    }

    /// Sets whether cookies are kept and sent back.
    pub fn set_cookies(&mut self, keep: bool) {
        self.cookies = keep;
    }

    /// Whether cookies are kept.
    pub fn cookies(&self) -> bool {
        self.cookies
    }
}
