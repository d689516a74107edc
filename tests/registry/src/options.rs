//! Settings of the registry.

use crate::quirks::{Post, Quirks};
use std::time::Duration;

/// Options of the registry. Default: no authentication, plain HTTP, any free
/// port, everything enabled.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) auth: Auth,
    pub(crate) basic_challenge: String,
    pub(crate) tls: Tls,
    pub(crate) port: u16,
    pub(crate) prefix: String,
    pub(crate) delete: bool,
    pub(crate) referrers: bool,
    pub(crate) single_post: bool,
    pub(crate) mount: bool,
    pub(crate) ranges: bool,
    pub(crate) relative_locations: bool,
    pub(crate) page_size: Option<usize>,
    pub(crate) chunk_min: Option<u64>,
    pub(crate) chunk_max: Option<u64>,
    pub(crate) keep_max: u64,
    pub(crate) max_rate: Option<u32>,
    pub(crate) warnings: Vec<String>,
}

/// The server's certificate, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    Off,
    PrivateCa,
    SelfSigned,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            auth: Auth::None,
            basic_challenge: "Basic realm=\"embedded registry\"".to_owned(),
            tls: Tls::Off,
            port: 0,
            prefix: String::new(),
            delete: true,
            referrers: true,
            single_post: true,
            mount: true,
            ranges: true,
            relative_locations: false,
            page_size: None,
            chunk_min: None,
            chunk_max: None,
            keep_max: u64::MAX,
            max_rate: None,
            warnings: Vec::new(),
        }
    }
}

impl Options {
    /// Sets the authentication.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Requires Basic credentials in every request.
    pub fn basic(self, user: &str, password: &str) -> Self {
        self.auth(Auth::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }

    /// Sets the Basic challenge.
    pub(crate) fn basic_challenge(mut self, challenge: &str) -> Self {
        self.basic_challenge = challenge.to_owned();
        self
    }

    /// Requires tokens, which `/token` of the same server issues to this user.
    pub fn token(self, user: &str, password: &str) -> Self {
        self.auth(Auth::Token(TokenAuth::new(user, password)))
    }

    /// Serves HTTPS with a certificate of a private CA that is created at
    /// start.
    pub fn tls(mut self) -> Self {
        self.tls = Tls::PrivateCa;
        self
    }

    /// Serves HTTPS with a self-signed CA:TRUE certificate, as `openssl req
    /// -x509` creates it.
    pub fn self_signed(mut self) -> Self {
        self.tls = Tls::SelfSigned;
        self
    }

    /// Sets the port; default 0, any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Serves the API under `/prefix/v2/` and nothing at `/v2/`.
    pub fn prefix(mut self, prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        self.prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("/{prefix}")
        };
        self
    }

    /// Whether blobs, manifests and tags can be deleted; if not, 405.
    pub fn delete(mut self, allowed: bool) -> Self {
        self.delete = allowed;
        self
    }

    /// Whether to support referrers and `OCI-Subject`; if not, 404 as from
    /// older registries.
    pub fn referrers(mut self, served: bool) -> Self {
        self.referrers = served;
        self
    }

    /// Whether a blob can be pushed with one POST; if not, POST opens a session
    /// (202).
    pub fn single_post(mut self, served: bool) -> Self {
        self.single_post = served;
        self
    }

    /// Whether mounts succeed; if not, they open a session (202).
    pub fn mount(mut self, served: bool) -> Self {
        self.mount = served;
        self
    }

    /// Whether to support `Range`; if not, returns the whole blob with 200.
    pub fn ranges(mut self, served: bool) -> Self {
        self.ranges = served;
        self
    }

    /// Whether `Location` is a path instead of an absolute URL.
    pub fn relative_locations(mut self, relative: bool) -> Self {
        self.relative_locations = relative;
        self
    }

    /// Maximum number of entries in a page of any list, whatever the client
    /// requests.
    pub fn page_size(mut self, entries: usize) -> Self {
        self.page_size = Some(entries);
        self
    }

    /// Announces `OCI-Chunk-Min-Length`; a shorter chunk must be the last.
    pub fn chunk_min_length(mut self, bytes: u64) -> Self {
        self.chunk_min = Some(bytes);
        self
    }

    /// Rejects longer PATCH bodies with 413.
    pub fn chunk_max_length(mut self, bytes: u64) -> Self {
        self.chunk_max = Some(bytes);
        self
    }

    /// Rejects more requests per second with 429 and `Retry-After: 1`.
    pub fn max_rate(mut self, requests: u32) -> Self {
        self.max_rate = Some(requests);
        self
    }

    /// Discards the content of longer blobs after verification: HEAD finds
    /// them, GET returns 500. Otherwise allocating memory dominates the time of
    /// long uploads.
    pub fn forget_blobs_over(mut self, bytes: u64) -> Self {
        self.keep_max = bytes;
        self
    }

    /// Adds `Warning: 299 - "text"` to every API response.
    pub fn warning(mut self, text: &str) -> Self {
        self.warnings.push(text.to_owned());
        self
    }
}

/// The authentication.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Everything is allowed without credentials.
    None,
    /// Everything is allowed with these credentials.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// The token in the request decides.
    Token(TokenAuth),
}

/// Token authentication and its token server.
#[derive(Clone, Debug)]
pub struct TokenAuth {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) anonymous_pull: bool,
    pub(crate) lifetime: Duration,
    pub(crate) expires_in: Option<Option<u64>>,
    pub(crate) field: TokenField,
    pub(crate) service: String,
    pub(crate) rejected_after: Option<Duration>,
    pub(crate) names_error: bool,
    pub(crate) clock: Option<i64>,
    pub(crate) quirks: Quirks,
}

/// The field of the token response that contains the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenField {
    /// `token`
    Token,
    /// `access_token`
    AccessToken,
    /// Both, with the same value.
    Both,
}

impl TokenAuth {
    /// One user with all permissions; other users have none.
    pub fn new(user: &str, password: &str) -> Self {
        TokenAuth {
            user: user.to_owned(),
            password: password.to_owned(),
            anonymous_pull: false,
            lifetime: Duration::from_secs(300),
            expires_in: None,
            field: TokenField::Token,
            service: "embedded-registry".to_owned(),
            rejected_after: None,
            names_error: true,
            clock: None,
            quirks: Quirks::default(),
        }
    }

    /// Whether anonymous clients get tokens for pull.
    pub fn anonymous_pull(mut self, allowed: bool) -> Self {
        self.anonymous_pull = allowed;
        self
    }

    /// Sets the lifetime of tokens. Default: 300 s.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets `expires_in`, in seconds, if it differs from the lifetime; `None`
    /// omits it.
    pub fn expires_in(mut self, seconds: Option<u64>) -> Self {
        self.expires_in = Some(seconds);
        self
    }

    /// Sets the field that contains the token. Default: `token`.
    pub fn field(mut self, field: TokenField) -> Self {
        self.field = field;
        self
    }

    /// Sets the service name in challenges; empty omits it.
    pub fn service(mut self, service: &str) -> Self {
        self.service = service.to_owned();
        self
    }

    /// Whether the token server supports POST; if not, 404.
    pub fn post(mut self, served: bool) -> Self {
        self.quirks.post = if served {
            Post::Served
        } else {
            Post::Refused(404)
        };
        self
    }

    /// Sets when the registry starts to reject a token, whatever its announced
    /// lifetime. Default: the lifetime.
    pub fn rejected_after(mut self, time: Duration) -> Self {
        self.rejected_after = Some(time);
        self
    }

    /// Whether the challenge for an invalid token gives a reason, as in
    /// `error="invalid_token"`. Default: yes.
    pub fn names_error(mut self, named: bool) -> Self {
        self.names_error = named;
        self
    }

    /// Sets the clock of `issued_at` and `Date` this many seconds fast, or slow
    /// if negative.
    pub fn clock(mut self, ahead: i64) -> Self {
        self.clock = Some(ahead);
        self
    }
}
