//! The authentication quirks of well-known registries.

use crate::options::{Auth, Options, TokenAuth};
use std::time::Duration;

/// Quirks of a registry with tokens, or of its token server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quirks {
    /// The scope in the challenge to the ping.
    pub(crate) ping_scope: Option<&'static str>,
    /// Challenges name only pull.
    pub(crate) challenge_pull: bool,
    /// Only the 401 to the ping has a challenge.
    pub(crate) challenge_on_ping_alone: bool,
    /// The only scope; its tokens are valid for everything.
    pub(crate) only_scope: Option<&'static str>,
    /// Anonymous requests for more than pull are rejected with 403 instead of
    /// being reduced.
    pub(crate) forbid_anonymous_push: bool,
    /// The first token with push for a repository allows only pull.
    pub(crate) first_pull_only: bool,
    /// Other token requests get 404 until the first one is completed.
    pub(crate) first_alone: Option<Duration>,
    /// The user's credentials have expired: 403.
    pub(crate) expired: bool,
    /// The user name for a refresh token in Basic credentials.
    pub(crate) refresh_user: Option<&'static str>,
    pub(crate) post: Post,
    pub(crate) scopes: ScopeFields,
}

/// The token server's support for POST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Post {
    #[default]
    Served,
    /// Accepts refresh tokens; passwords get 400.
    RefreshAlone,
    /// Always returns this status.
    Refused(u16),
}

/// How the token server reads `scope` in a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ScopeFields {
    #[default]
    All,
    /// Several scopes in one field are rejected with 400.
    OneEach,
    /// Only the first field is read.
    FirstAlone,
}

/// The user name of [`Options::acr`] for refresh tokens as passwords.
pub const ACR_REFRESH_USER: &str = "00000000-0000-0000-0000-000000000000";

fn tokens(user: &str, password: &str, quirks: Quirks) -> TokenAuth {
    TokenAuth {
        quirks,
        ..TokenAuth::new(user, password)
    }
}

impl Options {
    fn quirky(auth: TokenAuth) -> Options {
        Options::default().auth(Auth::Token(auth))
    }

    /// GHCR: the ping names a placeholder scope, challenges never name push,
    /// and anonymous requests for push are forbidden.
    pub fn ghcr(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            ping_scope: Some("repository:user/image:pull"),
            challenge_pull: true,
            forbid_anonymous_push: true,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks).anonymous_pull(true))
    }

    /// Quay: the first token for a new repository does not allow push even if
    /// requested.
    pub fn quay(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            first_pull_only: true,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks).anonymous_pull(true))
    }

    /// ECR: Basic, with the user `AWS`.
    pub fn ecr(password: &str) -> Options {
        let challenge = "Basic realm=\"https://ecr.example/\",service=\"ecr.example\"";
        Options::default()
            .basic("AWS", password)
            .basic_challenge(challenge)
    }

    /// ECR Public: the only scope is `aws`.
    pub fn ecr_public(password: &str) -> Options {
        let quirks = Quirks {
            only_scope: Some("aws"),
            ..Quirks::default()
        };
        Options::quirky(tokens("AWS", password, quirks).anonymous_pull(true))
    }

    /// JFrog Artifactory: the token server rejects POST with 401.
    pub fn jfrog(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            post: Post::Refused(401),
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }

    /// ACR: POST accepts refresh tokens but not passwords; a refresh token is
    /// also the password of [`ACR_REFRESH_USER`].
    pub fn acr(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            post: Post::RefreshAlone,
            refresh_user: Some(ACR_REFRESH_USER),
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }

    /// GCR: the token server rejects POST with 404; only the ping has a
    /// challenge.
    pub fn gcr(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            post: Post::Refused(404),
            challenge_on_ping_alone: true,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }

    /// GitLab: tokens last five minutes, anonymous clients never get push, and
    /// requests during the creation of the first token get 404.
    pub fn gitlab(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            first_alone: Some(Duration::from_millis(150)),
            ..Quirks::default()
        };
        let auth = tokens(user, password, quirks)
            .anonymous_pull(true)
            .lifetime(Duration::from_secs(300));
        Options::quirky(auth)
    }

    /// Expired credentials: requests with them get 403 even where anonymous
    /// requests succeed.
    pub fn expired_credentials(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            expired: true,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks).anonymous_pull(true))
    }

    /// Harbor: robot names contain characters that must be escaped in URLs.
    pub fn harbor(robot: &str, password: &str) -> Options {
        let name = format!("robot$library+{robot}");
        Options::quirky(tokens(&name, password, Quirks::default()))
    }

    /// docker_auth: rejects several scopes in one field.
    pub fn docker_auth(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            scopes: ScopeFields::OneEach,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }

    /// A token server that reads only the first scope.
    pub fn first_scope_alone(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            scopes: ScopeFields::FirstAlone,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }
}
