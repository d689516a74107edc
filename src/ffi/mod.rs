//! libreggie: a client for OCI registries
//!
//! libreggie implements the OCI Distribution Specification. It pulls and pushes
//! images, artifacts and other content, and handles everything between a program and
//! a registry: challenges, tokens, redirects, upload sessions, digests, retries and
//! the registry's errors. Most programs need only calls about content, such as this
//! one:
//!
//! ```c
//! reggie_repository *repository = NULL;
//! reggie_manifest *image = NULL;
//! reggie_error *error = NULL;
//!
//! reggie_status status = reggie_repository_open(
//!     "registry.example/org/app:1.2", NULL, &repository, &error);
//!
//! if (status == REGGIE_OK)
//!     status = reggie_manifest_pull(repository, NULL, NULL, &image, &error);
//! if (status == REGGIE_OK)
//!     printf("%s\n", reggie_descriptor_digest(reggie_manifest_descriptor(image)));
//! else
//!     fprintf(stderr, "%s\n", error ? reggie_error_message(error)
//!                                   : reggie_status_string(status));
//!
//! reggie_error_free(error);
//! reggie_manifest_free(image);
//! reggie_repository_free(repository);
//! ```
//!
//! For everything else that a registry serves, a program sends requests of its own:
//!
//! ```c
//! reggie_client *client = NULL;
//! reggie_request *request = NULL;
//! reggie_response *response = NULL;
//! reggie_error *error = NULL;
//!
//! reggie_status status =
//!     reggie_client_new("https://registry.example", NULL, &client, &error);
//!
//! if (status == REGGIE_OK)
//!     status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/tags/list",
//!                                 &request, &error);
//! if (status == REGGIE_OK)
//!     status = reggie_request_set_name(request, "myorg/myrepo");
//! if (status == REGGIE_OK)
//!     status = reggie_client_do(client, request, &response, &error);
//! if (status == REGGIE_OK)
//!     printf("%d: %s\n", reggie_response_status(response),
//!            (const char *)reggie_response_body(response));
//! else
//!     fprintf(stderr, "%s\n", error ? reggie_error_message(error)
//!                                   : reggie_status_string(status));
//!
//! reggie_error_free(error);
//! reggie_response_free(response);
//! reggie_request_free(request);
//! reggie_client_free(client);
//! ```
//!
//! The following applies to all functions.
//!
//! # Errors
//!
//! Functions that can fail return a reggie_status: REGGIE_OK, which is 0, or the
//! reason for the failure. Functions that create a handle, perform input or output,
//! call callbacks, or parse a URL, a certificate or a response body have a last
//! parameter `error`, which may be NULL. `*error` is set to NULL, or on failure to
//! an error that must be freed with reggie_error_free(); its previous value is
//! neither read nor freed. Other setters and getters, such as
//! reggie_response_range(), have no such parameter; they return only a status.
//! There is no per-thread or per-handle last error.
//!
//! If an argument of a setter of a config, a client, a request or its headers is
//! invalid, the log at level REGGIE_LOG_DEBUG says so: it names the function, the
//! argument and, in strings, the first invalid byte and its offset, but contains no
//! secrets. This is the log of the config or the client; for a request, that of the
//! client that created it, as long as that client exists. Other handles, such as
//! builders, options, descriptors and batches, have no log.
//!
//! All other out-pointers are required, except those whose comment says that they may
//! be NULL, such as the descriptor of a pushed blob; the result is then not returned. On
//! failure, out-pointers are set to NULL or 0.
//!
//! Any function may return REGGIE_NO_MEMORY or REGGIE_PANIC, even if its comment
//! does not mention it. If a small allocation fails, the process is aborted.
//!
//! Compilers that support it warn if the result of a function marked
//! REGGIE_MUST_USE is ignored.
//!
//! # Handles
//!
//! Handles are pointers to opaque types. The comment of each type says which
//! functions create and free it. Functions that free a handle ignore NULL. Handles
//! can be freed in any order. If a required handle is NULL, functions that can fail
//! return REGGIE_NULL_ARGUMENT; the comment of a getter says what it returns.
//!
//! # Ownership
//!
//! Everything passed in is copied, except the body set by
//! reggie_request_set_body_borrowed() and, during the call, the bytes of
//! reggie_blob_push_memory(). The result of a getter is borrowed: it
//! belongs to its handle, must not be freed, and is valid as long as the comment of
//! the handle's type says. The caller must free what is returned through an
//! out-pointer: handles with their own function, strings with reggie_string_free(),
//! bytes with reggie_bytes_free().
//! File descriptors remain owned by the caller.
//!
//! # Types
//!
//! The header requires C99 or later, or C++98 or later.
//!
//! Strings are NUL-terminated UTF-8, except paths of files, which may contain any
//! bytes, and values of headers, which may contain any bytes except control
//! characters other than tab. Binary data is passed as a pointer and a size in
//! bytes; the pointer may be NULL if the size is 0. So may an array of strings, such as
//! tags, if their count is 0. Sizes in memory are size_t, lengths of bodies uint64_t,
//! flags int: 0 or not 0. Times are int64_t, in milliseconds unless the name says
//! otherwise.
//!
//! # Threads
//!
//! Functions whose first parameter is a pointer to const are safe for concurrent
//! use on the same handle. All others are not, but the handle may be used on
//! different threads one after the other. No function depends on the thread that
//! calls it. A thread must not be cancelled by pthread_cancel() during a call.
//!
//! Some calls use threads of the library: to resolve host names; to pull parts of a
//! blob concurrently as set by reggie_options_set_ranges(); and to transfer several
//! blobs concurrently as set by reggie_options_set_parallel(), which reggie_copy(),
//! reggie_builder_push(), reggie_pull_files() and reggie_batch_run() do. These threads
//! block all signals, never call back and never free userdata, and end before the call
//! returns, except for a lookup that is still running when the call is cancelled or
//! exceeds its time limit. Those of reggie_batch_step() end when the batch is done or
//! freed. They read and write files and file descriptors themselves. If a thread cannot be
//! created, fewer threads or the calling thread do the work.
//!
//! Threads that transfer blobs do not wait for one another's connections: if
//! reggie_config_set_max_connections() allows fewer connections, fewer of them run.
//!
//! # Callbacks
//!
//! Callbacks run on the thread that made the call, during the call, and never while
//! the library holds a lock. They get the userdata they were registered with, which
//! is freed exactly once by `free_userdata`, unless that is NULL. A nonzero return
//! value stops the call and is stored in the error; see
//! reggie_error_callback_value(). Callbacks that cannot stop the call return void.
//! Callbacks may use the library, including the same client, but must not free a
//! handle that the call uses; if they call a function that would change such a
//! handle, it returns REGGIE_BUSY. A call made in a callback does not wait for other
//! calls: it requests its own token, runs its own credential helper, and may exceed
//! reggie_config_set_max_connections(). Callbacks must return normally: a C++
//! exception that leaves a callback aborts the process, and longjmp() and
//! pthread_exit() are not allowed.
//!
//! # Time
//!
//! By default no call hangs: each wait for the network has a time limit, and
//! transfers are interrupted only if they stall. The functions in the part "Time
//! limits" change the limits. A reggie_cancel cancels calls from another thread or
//! a signal handler. The limits and the cancel handle of a call apply until the
//! body of its response has been read. A callback that does not return blocks its
//! call.
//!
//! # Content
//!
//! A registry stores blobs, which are arbitrary bytes, and manifests, which are
//! JSON documents that refer to blobs or to other manifests. Each is identified by
//! its digest. A descriptor refers to a blob or a manifest by digest, size and media
//! type. Tags are names for manifests.
//!
//! A reggie_repository is a place that stores content. The functions that take one
//! send as many requests as they need. Their reggie_options apply to the whole
//! call; NULL means the defaults.
//!
//! # Verification
//!
//! All pulled content is verified against its digest, and against its size if that
//! is known; verification cannot be turned off. Only reggie_blob_pread() returns
//! unverified data, since part of a blob cannot be verified. Data that is written to
//! a file descriptor, passed to a callback or read incrementally must not be trusted
//! until the call, or the read that reaches the end, has returned REGGIE_OK. The last
//! 64 KiB, or all of a shorter blob, are delivered only after verification.
//!
//! Digests and names that come from a registry are validated before they are
//! returned: a digest returned by a getter is safe to use in a path. Other strings
//! are as the registry sent them.
//!
//! # Files
//!
//! A file appears under its final path only after it has been verified; a call that
//! fails leaves an existing file unchanged. The rules for existing files, modes and
//! symbolic links are those of reggie_request_set_output_path().
//!
//! # Retries
//!
//! Calls on a repository recover from transient failures: connections that break,
//! hang or are refused, names that cannot be resolved, tokens and signed URLs that
//! expire, upload sessions that are lost, servers that are overloaded. They retry as
//! set by reggie_options_set_retries(); progress resets the count. A mistyped host is
//! therefore reported after several seconds; without retries, at once. No byte is
//! delivered twice to a file, file descriptor or callback. By contrast, reggie_client_do()
//! retries only if configured to.
//!
//! # HTTP errors
//!
//! Unlike in reggie_client_do(), a 404 response is a failure of a call on a
//! repository: REGGIE_NOT_FOUND. A 401 response, also that of a token server, is
//! REGGIE_UNAUTHORIZED, and a 403 response REGGIE_DENIED. Other HTTP statuses that
//! have no reggie_status of their own are reported as REGGIE_HTTP_STATUS. The error
//! contains the HTTP status, the error code of the registry, and the digest of the
//! content that the failure is about; its message names the host and the repository.
//!
//! # Process
//!
//! The library installs no signal handlers and raises no SIGPIPE. It never writes
//! to stdout, and writes to stderr only if reggie_config_set_debug() is enabled
//! without a log callback. The shared library stays in memory after dlclose().
//! After a fork, the child may use and free every handle that no other thread was
//! using, and free a batch that is running, whose client and repositories count as in
//! use; connections of the parent are not used in the child and are closed
//! without sending anything. The environment is read when a client is created: the
//! proxy variables, SSL_CERT_FILE and SSL_CERT_DIR (the files they name are read
//! then for an https address, or else at the first TLS connection), and HOME,
//! SSLKEYLOGFILE and the variables for credentials files if a setting requires
//! them. No program is run unless reggie_config_set_credential_helpers() allows it.
#![expect(non_camel_case_types, reason = "types have their C names")]
#![expect(unsafe_code, reason = "C passes pointers")]
#![expect(unreachable_pub, reason = "the header is generated from pub items")]
#![allow(
    rustdoc::bare_urls,
    rustdoc::invalid_html_tags,
    reason = "the comments are those of the header"
)]

mod batch;
mod batch_items;
mod blob;
mod blob_pull;
mod blob_push;
mod builder;
mod bytes;
mod callback;
mod cancel;
mod client;
mod config;
mod config_credentials;
mod config_network;
mod config_observe;
mod config_realm;
mod config_retry;
mod config_times;
mod config_tls;
mod convert;
mod copy;
mod credential;
mod descriptor;
mod digest;
mod error;
mod error_handle;
mod errors;
mod exchange;
mod files_pull;
mod guard;
mod headers;
mod how_to;
mod json;
mod library;
mod location;
mod manifest;
mod manifest_transfer;
mod names;
mod options;
mod options_copies;
mod options_lists;
mod options_selection;
mod options_storage;
mod progress;
mod redirect;
mod reference;
mod referrers;
mod repository;
mod request;
mod request_body;
mod request_output;
mod request_query;
mod request_settings;
mod request_state;
mod response;
mod response_headers;
mod response_stats;
mod send;
mod slot;
mod status;
mod status_string;
mod strings;
mod thread_promises;
mod upload;

#[cfg(test)]
mod tests;
