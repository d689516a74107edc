//! Registries that people use, by what is odd about their authentication.

use crate::options::{Auth, Options, TokenAuth};
use std::time::Duration;

/// What a registry with tokens, or its token server, does in its own way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quirks {
    /// Named in the challenge to the ping, whatever will be asked for.
    pub(crate) ping_scope: Option<&'static str>,
    /// Challenges name no more than pull.
    pub(crate) challenge_pull: bool,
    /// Only the ping's 401 has a challenge.
    pub(crate) challenge_on_ping_alone: bool,
    /// The one scope that there is; its tokens are good for everything.
    pub(crate) only_scope: Option<&'static str>,
    /// Those without credentials who ask for more than pull get 403, not less
    /// than they asked for.
    pub(crate) forbid_anonymous_push: bool,
    /// The first token that asks for push to a repository allows pull alone.
    pub(crate) first_pull_only: bool,
    /// Until the first token has been answered, others get 404.
    pub(crate) first_alone: Option<Duration>,
    /// The user's credentials have expired: 403 to whoever shows them.
    pub(crate) expired: bool,
    /// The name that goes with a refresh token in Basic credentials.
    pub(crate) refresh_user: Option<&'static str>,
    pub(crate) post: Post,
    pub(crate) scopes: ScopeFields,
}

/// What the token server does with POST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Post {
    #[default]
    Served,
    /// Refresh tokens are taken, passwords get 400.
    RefreshAlone,
    /// Each is answered with this status.
    Refused(u16),
}

/// How the token server reads `scope` in a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ScopeFields {
    #[default]
    All,
    /// Several scopes in one field are refused with 400.
    OneEach,
    /// Fields after the first are not read.
    FirstAlone,
}

/// The user of [`Options::acr`] whose password is a refresh token.
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

    /// GHCR: the ping names a scope that is a placeholder, no challenge names
    /// push, and asking for push without credentials is forbidden.
    pub fn ghcr(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            ping_scope: Some("repository:user/image:pull"),
            challenge_pull: true,
            forbid_anonymous_push: true,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks).anonymous_pull(true))
    }

    /// Quay: the first token for a new repository does not allow push, though
    /// it was asked for.
    pub fn quay(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            first_pull_only: true,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks).anonymous_pull(true))
    }

    /// ECR: Basic, by the user `AWS`.
    pub fn ecr(password: &str) -> Options {
        let challenge = "Basic realm=\"https://ecr.example/\",service=\"ecr.example\"";
        Options::default()
            .basic("AWS", password)
            .basic_challenge(challenge)
    }

    /// ECR Public: there is one scope, the word `aws`.
    pub fn ecr_public(password: &str) -> Options {
        let quirks = Quirks {
            only_scope: Some("aws"),
            ..Quirks::default()
        };
        Options::quirky(tokens("AWS", password, quirks).anonymous_pull(true))
    }

    /// JFrog Artifactory: the token server answers POST with 401.
    pub fn jfrog(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            post: Post::Refused(401),
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }

    /// ACR: POST takes refresh tokens, not passwords, and a refresh token is
    /// also the password of [`ACR_REFRESH_USER`].
    pub fn acr(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            post: Post::RefreshAlone,
            refresh_user: Some(ACR_REFRESH_USER),
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }

    /// GCR: the token server answers POST with 404, and only the ping has a
    /// challenge.
    pub fn gcr(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            post: Post::Refused(404),
            challenge_on_ping_alone: true,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }

    /// GitLab: tokens last five minutes, those without credentials never get
    /// push, and while the first token is being made, all others are refused
    /// with 404.
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

    /// Credentials that have expired: their owner is refused with 403 what
    /// those without credentials get.
    pub fn expired_credentials(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            expired: true,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks).anonymous_pull(true))
    }

    /// Harbor: the names of its robots have characters that URLs must escape.
    pub fn harbor(robot: &str, password: &str) -> Options {
        let name = format!("robot$library+{robot}");
        Options::quirky(tokens(&name, password, Quirks::default()))
    }

    /// docker_auth: several scopes in one field are refused.
    pub fn docker_auth(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            scopes: ScopeFields::OneEach,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }

    /// A token server that reads the first scope and no other.
    pub fn first_scope_alone(user: &str, password: &str) -> Options {
        let quirks = Quirks {
            scopes: ScopeFields::FirstAlone,
            ..Quirks::default()
        };
        Options::quirky(tokens(user, password, quirks))
    }
}
