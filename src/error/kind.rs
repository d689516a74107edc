//! The kinds of failure, which are the statuses of the C interface.

/// What kind of failure an [`Error`](super::Error) is. The numbers are the statuses of the C
/// interface: once released, they never change and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Kind {
    // Arguments: 1 and up.
    /// Required argument that is NULL.
    NullArgument = 1,
    /// String that is not valid UTF-8.
    InvalidUtf8 = 2,
    /// Argument that is empty, out of range or otherwise invalid.
    InvalidArgument = 3,
    /// Invalid registry address.
    InvalidAddress = 4,
    /// Method that is not a token (RFC 9110, section 9.1).
    InvalidMethod = 5,
    /// Invalid path or URL of a request.
    InvalidPath = 6,
    /// Invalid name or value of a header.
    InvalidHeader = 7,
    /// Invalid repository name.
    InvalidName = 8,
    /// Invalid reference: neither a tag nor a digest.
    InvalidReference = 9,
    /// Invalid digest.
    InvalidDigest = 10,
    /// Invalid session ID of an upload.
    InvalidSessionId = 11,
    /// Required value that was not set: of a placeholder in the path, or a type.
    MissingValue = 12,
    /// Invalid user name, password, token or scope.
    InvalidCredentials = 13,
    /// Credentials file that cannot be read or parsed.
    InvalidCredentialsFile = 14,
    /// CA certificates that cannot be read or parsed.
    InvalidCertificates = 15,
    /// Client certificate or private key that cannot be read or parsed.
    InvalidClientCertificate = 16,
    /// Invalid proxy URL.
    InvalidProxy = 17,
    /// Unknown digest algorithm.
    UnknownAlgorithm = 18,
    /// Content-Length that differs from the length of the body.
    LengthMismatch = 19,
    /// Handle that is in use by a running call.
    Busy = 20,
    /// Invalid platform.
    InvalidPlatform = 21,
    /// Invalid upload export, or an export from another repository.
    InvalidExport = 22,
    /// Invalid JSON, or JSON that is nested too deeply.
    InvalidJson = 23,
    /// Invalid media type.
    InvalidMediaType = 24,

    // Local failures: 101 and up.
    /// Out of memory.
    NoMemory = 101,
    /// Bug in the library. Handles stay valid; the outcome of the call is
    /// unknown.
    Panic = 102,
    /// Local file or descriptor that cannot be read or written; the error has
    /// the errno.
    File = 103,
    /// Request body that has to be sent again but cannot be read again.
    BodyNotRewindable = 104,
    /// Request body that is shorter or longer than announced.
    BodyLength = 105,
    /// Response body that exceeds the limit for bodies in memory.
    BodyTooLarge = 106,
    /// Call cancelled by its cancel handle.
    Cancelled = 107,
    /// Call that exceeded its total time limit.
    Deadline = 108,
    /// Credential helper that failed, timed out or returned invalid output.
    CredentialHelper = 109,
    /// Lock timeout: another process or thread is using the same file or layout.
    Locked = 110,
    /// Source file that changed during the push or does not match its digest.
    SourceChanged = 111,
    /// No state directory to keep the blob in until it is complete, for a
    /// registry that does not support chunked uploads.
    NoStateFolder = 112,
    /// Directory that is not an OCI image layout, or a layout of an unknown
    /// version.
    InvalidLayout = 113,
    /// Layer title that does not name a file in the directory, or that is used by
    /// another layer too.
    UnsafeName = 114,

    // Callbacks: 201 and up.
    /// Call stopped by the challenge callback.
    ChallengeCallback = 201,
    /// Call stopped by the read callback.
    ReadCallback = 202,
    /// Call stopped by the rewind callback.
    RewindCallback = 203,
    /// Call stopped by the write callback.
    WriteCallback = 204,
    /// Callback that returned an impossible result.
    CallbackMisuse = 205,
    /// Certificate rejected by the certificate callback.
    CertificateCallback = 206,
    /// Call stopped by the credential callback.
    CredentialCallback = 207,
    /// Call stopped by the realm callback.
    RealmCallback = 208,
    /// Call stopped by the redirect callback.
    RedirectCallback = 209,
    /// Call stopped by the send callback or the response callback.
    ExchangeCallback = 210,
    /// Call stopped by the retry condition.
    RetryConditionCallback = 211,
    /// Call stopped by the progress callback.
    ProgressCallback = 212,
    /// Call stopped by the filter callback.
    FilterCallback = 213,

    // The network: 301 and up.
    /// Host name that cannot be resolved.
    Resolve = 301,
    /// Connection that cannot be established, or is closed in the TLS handshake.
    Connect = 302,
    /// TLS failure, in the handshake or later.
    Tls = 303,
    /// Server certificate that is not trusted.
    Certificate = 304,
    /// Request that was not sent completely.
    Send = 305,
    /// Response that was not received completely.
    Receive = 306,
    /// Connection closed by the server without a response.
    Closed = 307,
    /// Response body that ended before its announced length.
    Truncated = 308,
    /// Response that is not valid HTTP/1.1.
    Protocol = 309,
    /// Step that exceeded its time limit, or transfer that stalled.
    Timeout = 310,
    /// Request refused by the proxy, or invalid proxy response; the error has
    /// the HTTP status, if any.
    Proxy = 311,
    /// Redirect or challenge to a more private network than the server that
    /// sent it, or request to a cloud metadata address that is not allowed.
    AddressRefused = 312,

    // Registries and token servers: 1001 and up.
    /// More redirects than allowed.
    TooManyRedirects = 1001,
    /// Redirect that is not followed; the message says why.
    RedirectRefused = 1002,
    /// Token refused by the token server, or invalid response from it.
    TokenRefused = 1003,
    /// Token server that the credentials must not be sent to.
    RealmRefused = 1004,
    /// Retry-After that exceeds the configured maximum, or that is a Unix time;
    /// the error has the time.
    RetryLater = 1005,
    /// Response body without an error list of the registry.
    NoErrors = 1006,
    /// Response header that is missing or invalid.
    NoHeader = 1007,
    /// HTTP status other than 2xx.
    HttpStatus = 1008,
    /// Response body that does not match the expected digest.
    DigestMismatch = 1009,
    /// 206 response where a complete body is required.
    PartialContent = 1010,
    /// Next page of a list that is at another server, or an invalid Link header.
    NextPageRefused = 1011,
    /// No such repository, manifest, tag or blob in the registry (404).
    NotFound = 1012,
    /// Credentials, or different credentials, required by the registry (401).
    Unauthorized = 1013,
    /// Access denied by the registry (403).
    Denied = 1014,
    /// Operation not supported by the registry.
    Unsupported = 1015,
    /// Received content that is longer or shorter than expected.
    SizeMismatch = 1016,
    /// Manifest that is not JSON, contradicts itself or its media type, or refers
    /// to content by an invalid digest.
    InvalidManifest = 1017,
    /// No match for the platform in an index.
    NoPlatform = 1018,
    /// Range requests for the blob not supported by the registry.
    RangeIgnored = 1019,
    /// Upload lost by the registry, with data that cannot be read again.
    UploadLost = 1020,
    /// Manifest rejected by the registry because content that it refers to is
    /// missing.
    BlobMissing = 1021,
    /// List that loops or has more pages than the limit.
    ListEndless = 1022,
    /// Manifest without a layer that has a title, so that there is no file to write.
    NoFiles = 1023,
}

impl Kind {
    /// Whether an argument of the caller's is invalid, or what it names.
    pub(crate) fn is_argument(self) -> bool {
        (self as i32) < Kind::NoMemory as i32
    }
}
