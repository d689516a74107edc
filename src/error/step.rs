//! The steps of a call.

/// The step of a call in which it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Checking arguments and putting the request together.
    Prepare,
    /// Resolving the host's name.
    Resolve,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Receiving the response.
    Receive,
    /// Looking for credentials.
    Credentials,
    /// Requesting a token.
    Token,
    /// Following a redirect.
    Redirect,
    /// In the challenge callback or the retry condition.
    Retry,
    /// Writing the response body to its output.
    Deliver,
    /// Waiting before a retry.
    Wait,
    /// Reading a local file to compute its digest.
    Check,
    /// Waiting for another writer of the same file.
    Lock,
    /// Comparing content with its digest and size.
    Verify,
}

impl Step {
    /// The step's name, as the C interface shows it.
    pub fn name(self) -> &'static str {
        match self {
            Step::Prepare => "prepare",
            Step::Resolve => "resolve",
            Step::Connect => "connect",
            Step::Tls => "tls",
            Step::Send => "send",
            Step::Receive => "receive",
            Step::Credentials => "credentials",
            Step::Token => "token",
            Step::Redirect => "redirect",
            Step::Retry => "retry",
            Step::Wait => "wait",
            Step::Deliver => "deliver",
            Step::Check => "check",
            Step::Lock => "lock",
            Step::Verify => "verify",
        }
    }
}
