//! libreggie: a client for OCI registries.
//!
//! It speaks the API of the OCI Distribution Specification, and does what is
//! between a program and a registry: challenges and tokens, uploads and
//! downloads, redirects, digests, the errors of the registry.
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
//! What follows holds for all functions.
//!
//! # Errors
//!
//! Functions that can fail return a reggie_status: REGGIE_OK, which is 0, or
//! what went wrong. Those that do input and output, parse or call back have a
//! last parameter `error`, which may be NULL. What it points to is set to NULL,
//! or on failure to an error that the caller frees with reggie_error_free();
//! its earlier value is neither read nor freed. There is no last error that
//! would belong to a thread or a handle.
//!
//! All other out-pointers are required. What they point to is set to NULL or 0
//! first, and stays so on failure.
//!
//! Any function may return REGGIE_NO_MEMORY or REGGIE_PANIC, whether its
//! comment says so or not. The process ends where a small allocation fails.
//!
//! # Handles
//!
//! Types are opaque: a function with "new" in its name, or with an out-pointer,
//! makes a handle, and the function with "free" in its name frees it, which
//! does nothing for NULL. They can be freed in any order. Where a handle is
//! NULL, functions that can fail return REGGIE_NULL_ARGUMENT, and getters the
//! value that their comment tells.
//!
//! # Ownership
//!
//! All that is passed in is copied. What a getter returns is borrowed: it
//! belongs to its handle and is valid as long as the comment of the handle
//! says. What comes through an out-pointer is the caller's: handles are freed
//! by their own function, texts by reggie_string_free(). File descriptors stay
//! the caller's.
//!
//! # Types
//!
//! Texts end in NUL and are UTF-8, but for paths of files, which are any bytes,
//! and values of headers, which are bytes without control characters but the
//! tab. Bytes come with their number; their address may be NULL if that is 0.
//! Sizes in memory are size_t, lengths of bodies uint64_t, flags int, times
//! int64_t in milliseconds.
//!
//! # Threads
//!
//! All threads may use a handle at once in functions whose first parameter is a
//! pointer to const. In all others, a handle is used by one thread at a time,
//! and not always the same. Nothing depends on the thread that calls, which is
//! not to be cancelled by pthread_cancel() in a call.
//!
//! # Callbacks
//!
//! Callbacks run on the thread that called the function, while it runs, and
//! never under a lock of the library. They get the userdata that they were set
//! with, which `free_userdata`, if it is not NULL, frees exactly once. What they
//! return other than 0 stops the call, and is in the error; those that only tell
//! something return nothing. They may use the library, and the same client, but
//! not free a handle that the call uses. They return normally: an exception that
//! leaves one ends the process, and longjmp() and pthread_exit() are no way out.
//!
//! # Time
//!
//! No call hangs: each wait for the network has a limit, which cuts no transfer
//! that moves, however slow; reggie_config_set_timeout() and the functions after
//! it change them. A reggie_cancel ends calls from another thread or from a
//! signal handler. Limits and cancel of a call hold until the body of its
//! response has been read. A callback that does not return holds up its call.
//!
//! # The process around it
//!
//! The library installs no signal handler and raises no SIGPIPE. It never writes
//! to stdout, and to stderr only where reggie_config_set_debug() says so. It
//! stays in memory after dlclose(). After a fork the child may use and free
//! every handle that no other thread was using; connections that its parent made
//! are not used there, and closed without a word to the server. The environment
//! is read when a client is made: SSL_CERT_FILE and SSL_CERT_DIR for an https
//! address, or else at its first connection over TLS, and HOME, SSLKEYLOGFILE
//! and what leads to files of credentials where a setting asks for them. No
//! program is run unless reggie_config_set_credential_helpers() allows it.
#![expect(
    non_camel_case_types,
    reason = "types have the names that C knows them by"
)]
#![expect(unsafe_code, reason = "C passes pointers")]
#![expect(unreachable_pub, reason = "the header is made of what is pub")]
#![allow(
    rustdoc::bare_urls,
    rustdoc::invalid_html_tags,
    reason = "the comments are the text of the header"
)]

mod callback;
mod cancel;
mod client;
mod config;
mod config_cookies;
mod config_credentials;
mod config_network;
mod config_observe;
mod config_realm;
mod config_redirects;
mod config_retry;
mod config_times;
mod config_tls;
mod config_warning;
mod convert;
mod credential;
mod digest;
mod error;
mod errors;
mod exchange;
mod guard;
mod pairs;
mod redirect;
mod request;
mod request_body;
mod request_headers;
mod request_query;
mod request_settings;
mod request_times;
mod response;
mod response_account;
mod response_headers;
mod slot;
mod status;
mod version;

#[cfg(test)]
mod tests;

/// What the manual says of threads.
const _: fn() = || {
    fn one_at_a_time<T: Send>() {}
    fn many_at_once<T: Send + Sync>() {}
    many_at_once::<cancel::reggie_cancel>();
    many_at_once::<client::reggie_client>();
    many_at_once::<config::reggie_config>();
    many_at_once::<error::reggie_error>();
    many_at_once::<errors::reggie_errors>();
    many_at_once::<request::reggie_request>();
    many_at_once::<response::reggie_response>();
    one_at_a_time::<digest::reggie_digester>();
};
