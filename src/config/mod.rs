//! The settings of a client.

mod authorization;
mod cookies;
pub(crate) mod credential;
pub(crate) mod credential_key;
mod credentials;
mod network;
pub(crate) mod retry;
mod times;
mod tls;
pub(crate) mod warning;

use std::fmt;

use self::retry::RetrySettings;
use self::warning::WarningCallback;
use crate::error::{Error, Kind};
use crate::http::hooks::{AnswerCallback, SendCallback};
use crate::http::redirect::RedirectCallback;
use crate::http::{headers, redirect, template};
use crate::log::{Level, LogCallback};
use crate::tls::TlsSettings;

pub use self::authorization::RealmCallback;
pub use self::credential::{Credential, CredentialCallback};
pub(crate) use self::credentials::CredentialSources;
pub use self::network::IpVersion;
pub(crate) use self::network::{Addresses, Network};
pub(crate) use self::times::{OwnTimes, Times, stall};
pub use self::tls::{CertificateCallback, TlsVersion};

/// The most that is kept of a response body in memory, in bytes.
pub const DEFAULT_MAX_BODY_MEMORY: usize = 64 * 1024 * 1024;

/// The settings of a client, copied when it is made.
#[derive(Clone)]
pub struct Config {
    /// For the client's own registry.
    pub(crate) credentials: Option<Credential>,
    pub(crate) credential_sources: CredentialSources,
    pub(crate) default_name: Option<String>,
    pub(crate) auth_scope: Option<String>,
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
    pub(crate) answer_callback: Option<AnswerCallback>,
    pub(crate) retry: RetrySettings,
    pub(crate) warning: Option<WarningCallback>,
    pub(crate) cookies: bool,
    pub(crate) network: Network,
    /// Whether variables of the environment count.
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
            answer_callback: None,
            retry: RetrySettings::default(),
            warning: None,
            cookies: false,
            network: Network::default(),
            use_environment: true,
        }
    }
}

impl Config {
    /// Settings as they are unless set.
    pub fn new() -> Config {
        Config::default()
    }

    /// Whether clients of both settings can use the same connections.
    pub(crate) fn connects_as(&self, other: &Config) -> bool {
        self.network == other.network
            && self.use_environment == other.use_environment
            && self.tls.is_same(&other.tls)
    }

    /// Whether tokens that one client was granted are the other's too.
    pub(crate) fn asks_as(&self, other: &Config) -> bool {
        self.credentials == other.credentials
            && self.credential_sources == other.credential_sources
            && self.use_environment == other.use_environment
    }

    /// The repository that `<name>` means where a request names none.
    pub fn set_default_name(&mut self, name: &str) -> Result<(), Error> {
        template::check_value("default name", name)?;
        self.default_name = Some(name.to_owned());
        Ok(())
    }

    /// The scope to ask tokens for, in place of the challenge's.
    pub fn set_auth_scope(&mut self, scope: &str) -> Result<(), Error> {
        if scope.trim().is_empty() || scope.chars().any(char::is_control) {
            let message = "auth scope: empty, or has a control character";
            return Err(Error::new(Kind::InvalidCredentials, message));
        }
        self.auth_scope = Some(scope.to_owned());
        Ok(())
    }

    /// The User-Agent of requests that set none.
    pub fn set_user_agent(&mut self, user_agent: &str) -> Result<(), Error> {
        if user_agent.is_empty() {
            let message = "user agent: empty";
            return Err(Error::new(Kind::InvalidHeader, message));
        }
        headers::check("user-agent", user_agent.as_bytes())?;
        self.user_agent = user_agent.to_owned();
        Ok(())
    }

    /// Write requests and responses, without secrets, to the log callback, or
    /// to stderr where there is none.
    pub fn set_debug(&mut self, debug: bool) {
        self.debug = debug;
    }

    /// Where log lines of up to `level` go.
    pub fn set_log_callback(&mut self, level: Level, callback: Option<LogCallback>) {
        self.log = callback.map(|callback| (level, callback));
    }

    /// The most that is kept of a response body in memory, in bytes.
    pub fn set_max_body_memory(&mut self, bytes: usize) {
        self.max_body_memory = bytes;
    }

    /// The most redirects that a send follows; 0 = a redirect is the answer.
    pub fn set_max_redirects(&mut self, most: u32) {
        self.max_redirects = most;
    }

    /// Sets what decides about each redirect that would be followed.
    pub fn set_redirect_callback(&mut self, callback: Option<RedirectCallback>) {
        self.redirect_callback = callback;
    }

    /// Sets what sees each send before it, and may change its headers.
    pub fn set_send_callback(&mut self, callback: Option<SendCallback>) {
        self.send_callback = callback;
    }

    /// Sets what sees the headers of each answer.
    pub fn set_answer_callback(&mut self, callback: Option<AnswerCallback>) {
        self.answer_callback = callback;
    }
}
