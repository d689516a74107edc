//! What a registry is told before it starts.

use crate::quirks::{Post, Quirks};
use std::time::Duration;

/// How a registry is to be made. The default: open, plain HTTP, a port chosen
/// by the system, everything allowed.
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
    pub(crate) warnings: Vec<String>,
}

/// Which certificate the server shows, if any.
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
            warnings: Vec::new(),
        }
    }
}

impl Options {
    /// Sets who may do what.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Asks for HTTP Basic credentials on every request.
    pub fn basic(self, user: &str, password: &str) -> Self {
        self.auth(Auth::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }

    /// The challenge of a registry that asks for Basic credentials.
    pub(crate) fn basic_challenge(mut self, challenge: &str) -> Self {
        self.basic_challenge = challenge.to_owned();
        self
    }

    /// Asks for tokens, which `/token` of the same listener gives to this user.
    pub fn token(self, user: &str, password: &str) -> Self {
        self.auth(Auth::Token(TokenAuth::new(user, password)))
    }

    /// Serves HTTPS with a certificate of a private authority made at start.
    pub fn tls(mut self) -> Self {
        self.tls = Tls::PrivateCa;
        self
    }

    /// Serves HTTPS with a self-signed certificate that says CA:TRUE, as
    /// `openssl req -x509` makes it.
    pub fn self_signed(mut self) -> Self {
        self.tls = Tls::SelfSigned;
        self
    }

    /// Binds this port; 0, the default, lets the system choose.
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

    /// Whether there is a referrers endpoint and `OCI-Subject`; if not, a plain
    /// 404 as from an older registry.
    pub fn referrers(mut self, served: bool) -> Self {
        self.referrers = served;
        self
    }

    /// Whether a blob can be pushed by one POST; if not, the POST opens an
    /// ordinary session (202).
    pub fn single_post(mut self, served: bool) -> Self {
        self.single_post = served;
        self
    }

    /// Whether mounts are done; if not, they open an ordinary session (202).
    pub fn mount(mut self, served: bool) -> Self {
        self.mount = served;
        self
    }

    /// Whether `Range` is honoured; if not, the whole blob comes with 200.
    pub fn ranges(mut self, served: bool) -> Self {
        self.ranges = served;
        self
    }

    /// Whether `Location` is a path only, not an absolute URL.
    pub fn relative_locations(mut self, relative: bool) -> Self {
        self.relative_locations = relative;
        self
    }

    /// The most entries in one page of any list, also where the client asks
    /// for more or for none.
    pub fn page_size(mut self, entries: usize) -> Self {
        self.page_size = Some(entries);
        self
    }

    /// Announces `OCI-Chunk-Min-Length`; a shorter chunk must be the last one.
    pub fn chunk_min_length(mut self, bytes: u64) -> Self {
        self.chunk_min = Some(bytes);
        self
    }

    /// Refuses a PATCH longer than this with 413.
    pub fn chunk_max_length(mut self, bytes: u64) -> Self {
        self.chunk_max = Some(bytes);
        self
    }

    /// Does not keep the bytes of blobs pushed that are longer than this: their
    /// sha256 digest is checked and HEAD knows them, but GET is answered 500.
    /// Most of the time of a long upload goes into the memory for it.
    pub fn forget_blobs_over(mut self, bytes: u64) -> Self {
        self.keep_max = bytes;
        self
    }

    /// Adds `Warning: 299 - "text"` to every answer of the API.
    pub fn warning(mut self, text: &str) -> Self {
        self.warnings.push(text.to_owned());
        self
    }
}

/// Who may do what.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Everybody, everything.
    None,
    /// Everything, with these credentials in each request.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// What the token in the request allows.
    Token(TokenAuth),
}

/// A registry with tokens, and its token server.
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

/// The field of the token server's answer that holds the token.
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
    /// One user who may do everything; nobody else may do anything.
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

    /// Whether those without credentials get tokens that allow pulls.
    pub fn anonymous_pull(mut self, allowed: bool) -> Self {
        self.anonymous_pull = allowed;
        self
    }

    /// How long a token is good; 300 s if not set.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// What `expires_in` says, in seconds, where it is not the lifetime; `None`
    /// leaves the field out.
    pub fn expires_in(mut self, seconds: Option<u64>) -> Self {
        self.expires_in = Some(seconds);
        self
    }

    /// Which field of the answer holds the token; `token` if not set.
    pub fn field(mut self, field: TokenField) -> Self {
        self.field = field;
        self
    }

    /// The name of the service in challenges; empty leaves it out.
    pub fn service(mut self, service: &str) -> Self {
        self.service = service.to_owned();
        self
    }

    /// Whether the token server takes POST; if not, 404.
    pub fn post(mut self, served: bool) -> Self {
        self.quirks.post = if served {
            Post::Served
        } else {
            Post::Refused(404)
        };
        self
    }

    /// After how long the registry rejects a token, by its own clock, whatever
    /// the token server says of it; if not set, after the lifetime.
    pub fn rejected_after(mut self, time: Duration) -> Self {
        self.rejected_after = Some(time);
        self
    }

    /// Whether the challenge to a token that will not do says why, as in
    /// `error="invalid_token"`; it does if not set.
    pub fn names_error(mut self, named: bool) -> Self {
        self.names_error = named;
        self
    }

    /// Lets the token server tell the time, by `issued_at` and `Date`, from a
    /// clock that is so many seconds ahead, or behind if negative.
    pub fn clock(mut self, ahead: i64) -> Self {
        self.clock = Some(ahead);
        self
    }
}
