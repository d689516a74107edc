/*
 * libreggie: a client for OCI registries.
 *
 * It speaks the API of the OCI Distribution Specification, and does what is
 * between a program and a registry: challenges and tokens, uploads and
 * downloads, redirects, digests, the errors of the registry.
 *
 *     reggie_client *client = NULL;
 *     reggie_request *request = NULL;
 *     reggie_response *response = NULL;
 *     reggie_error *error = NULL;
 *
 *     reggie_status status =
 *         reggie_client_new("https://registry.example", NULL, &client, &error);
 *
 *     if (status == REGGIE_OK)
 *         status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/tags/list",
 *                                     &request, &error);
 *     if (status == REGGIE_OK)
 *         status = reggie_request_set_name(request, "myorg/myrepo");
 *     if (status == REGGIE_OK)
 *         status = reggie_client_do(client, request, &response, &error);
 *     if (status == REGGIE_OK)
 *         printf("%d: %s\n", reggie_response_status(response),
 *                (const char *)reggie_response_body(response));
 *     else
 *         fprintf(stderr, "%s\n", error ? reggie_error_message(error)
 *                                       : reggie_status_string(status));
 *
 *     reggie_error_free(error);
 *     reggie_response_free(response);
 *     reggie_request_free(request);
 *     reggie_client_free(client);
 *
 * What follows holds for all functions.
 *
 * ERRORS
 *
 * Functions that can fail return a reggie_status: REGGIE_OK, which is 0, or
 * what went wrong. Those that do input and output, parse or call back have a
 * last parameter `error`, which may be NULL. What it points to is set to NULL,
 * or on failure to an error that the caller frees with reggie_error_free();
 * its earlier value is neither read nor freed. There is no last error that
 * would belong to a thread or a handle.
 *
 * All other out-pointers are required. What they point to is set to NULL or 0
 * first, and stays so on failure.
 *
 * Any function may return REGGIE_NO_MEMORY or REGGIE_PANIC, whether its
 * comment says so or not. The process ends where a small allocation fails.
 *
 * HANDLES
 *
 * Types are opaque: a function with "new" in its name, or with an out-pointer,
 * makes a handle, and the function with "free" in its name frees it, which
 * does nothing for NULL. They can be freed in any order. Where a handle is
 * NULL, functions that can fail return REGGIE_NULL_ARGUMENT, and getters the
 * value that their comment tells.
 *
 * OWNERSHIP
 *
 * All that is passed in is copied. What a getter returns is borrowed: it
 * belongs to its handle and is valid as long as the comment of the handle
 * says. What comes through an out-pointer is the caller's: handles are freed
 * by their own function, texts by reggie_string_free(). File descriptors stay
 * the caller's.
 *
 * TYPES
 *
 * Texts end in NUL and are UTF-8, but for paths of files, which are any bytes,
 * and values of headers, which are bytes without control characters but the
 * tab. Bytes come with their number; their address may be NULL if that is 0.
 * Sizes in memory are size_t, lengths of bodies uint64_t, flags int, times
 * int64_t in milliseconds.
 *
 * THREADS
 *
 * All threads may use a handle at once in functions whose first parameter is a
 * pointer to const. In all others, a handle is used by one thread at a time,
 * and not always the same. Nothing depends on the thread that calls, which is
 * not to be cancelled by pthread_cancel() in a call.
 *
 * CALLBACKS
 *
 * Callbacks run on the thread that called the function, while it runs, and
 * never under a lock of the library. They get the userdata that they were set
 * with, which `free_userdata`, if it is not NULL, frees exactly once. What they
 * return other than 0 stops the call, and is in the error; those that only tell
 * something return nothing. They may use the library, and the same client, but
 * not free a handle that the call uses. They return normally: an exception that
 * leaves one ends the process, and longjmp() and pthread_exit() are no way out.
 *
 * TIME
 *
 * No call hangs: each wait for the network has a limit, which cuts no transfer
 * that moves, however slow; reggie_config_set_timeout() and the functions after
 * it change them. A reggie_cancel ends calls from another thread or from a
 * signal handler. Limits and cancel of a call hold until the body of its
 * response has been read. A callback that does not return holds up its call.
 *
 * THE PROCESS AROUND IT
 *
 * The library installs no signal handler and raises no SIGPIPE. It never writes
 * to stdout, and to stderr only where reggie_config_set_debug() says so. It
 * stays in memory after dlclose(). After a fork the child may use and free
 * every handle that no other thread was using; connections that its parent made
 * are not used there, and closed without a word to the server. The environment
 * is read when a client is made: SSL_CERT_FILE and SSL_CERT_DIR for an https
 * address, or else at its first connection over TLS, and HOME, SSLKEYLOGFILE
 * and what leads to files of credentials where a setting asks for them. No
 * program is run unless reggie_config_set_credential_helpers() allows it.
 */

#ifndef REGGIE_H
#define REGGIE_H

#include <stddef.h>
#include <stdint.h>

/// The version of this header.
#define REGGIE_VERSION "0.1.0"
/// The first number of the version.
#define REGGIE_VERSION_MAJOR 0
/// The second number of the version.
#define REGGIE_VERSION_MINOR 1
/// The third number of the version.
#define REGGIE_VERSION_PATCH 0
/// The version as one number: major * 1000000 + minor * 1000 + patch.
#define REGGIE_VERSION_NUMBER 1000

/// The method that asks for content.
#define REGGIE_GET "GET"
/// The method that puts content in a place.
#define REGGIE_PUT "PUT"
/// The method that appends to an upload.
#define REGGIE_PATCH "PATCH"
/// The method that removes content.
#define REGGIE_DELETE "DELETE"
/// The method that begins an upload.
#define REGGIE_POST "POST"
/// The method that asks for header fields alone.
#define REGGIE_HEAD "HEAD"
/// The method that asks what a server can do.
#define REGGIE_OPTIONS "OPTIONS"

/// The digest algorithm SHA-256, which every registry knows.
#define REGGIE_SHA256 "sha256"
/// The digest algorithm SHA-384.
#define REGGIE_SHA384 "sha384"
/// The digest algorithm SHA-512.
#define REGGIE_SHA512 "sha512"

/// A level of the log: something failed.
#define REGGIE_LOG_ERROR 1

/// A level of the log: something may be wrong.
#define REGGIE_LOG_WARNING 2

/// A level of the log: what the client does by itself, such as asking for a token.
#define REGGIE_LOG_INFO 3

/// A level of the log: every request and response.
#define REGGIE_LOG_DEBUG 4

/// A version of TLS: 1.2 (RFC 5246).
#define REGGIE_TLS_1_2 12

/// A version of TLS: 1.3 (RFC 8446).
#define REGGIE_TLS_1_3 13

/// The length of a body, where it is not known.
#define REGGIE_UNKNOWN_SIZE UINT64_MAX

/// Both versions of IP.
#define REGGIE_IP_ANY 0

/// IPv4 alone.
#define REGGIE_IP_4 4

/// IPv6 alone.
#define REGGIE_IP_6 6

/// What becomes of a redirect: it is followed.
#define REGGIE_REDIRECT_FOLLOW 0

/// What becomes of a redirect: it is the answer.
#define REGGIE_REDIRECT_ANSWER 1

/// Why something is sent: the request, for the first time.
#define REGGIE_PURPOSE_FIRST 1

/// Why something is sent: the request again, with what answers a challenge.
#define REGGIE_PURPOSE_CHALLENGE 2

/// Why something is sent: a question to a token server, or to the registry for
/// a challenge that it has not sent.
#define REGGIE_PURPOSE_TOKEN 3

/// Why something is sent: the request at the place that a redirect named.
#define REGGIE_PURPOSE_REDIRECT 4

/// Why something is sent: the request again, after it failed.
#define REGGIE_PURPOSE_RETRY 5

/// A time of a response: resolving the host's name.
#define REGGIE_TIME_RESOLVE 1

/// A time of a response: connecting.
#define REGGIE_TIME_CONNECT 2

/// A time of a response: the TLS handshake.
#define REGGIE_TIME_TLS 3

/// A time of a response: from the last byte of the request to the first of its
/// answer.
#define REGGIE_TIME_FIRST_BYTE 4

/// A time of a response: the whole call.
#define REGGIE_TIME_TOTAL 5

/// Ends calls from another thread or from a signal handler.
///
/// reggie_cancel_new() makes one, reggie_request_set_cancel() gives it to
/// requests, reggie_cancel_trigger() ends the calls that send them, and
/// reggie_cancel_free() frees it. One handle serves any number of requests and
/// calls, at once and one after the other. It holds one descriptor.
///
/// It cannot be taken back: a call that begins after the trigger fails at once,
/// so what is to be sent afterwards gets another handle.
///
/// It may be freed while requests have it and calls use it, which keep what they
/// need of it. To free it while another thread or a signal handler may still
/// trigger it is an error of the caller's.
///
/// After a fork, parent and child have a handle each: a trigger in one of them
/// ends no call in the other. One that was triggered before the fork stays so
/// in both.
typedef struct reggie_cancel reggie_cancel;

/// A client of one registry, with its settings, connections and tokens.
///
/// reggie_client_new() makes one, reggie_client_free() frees it. All threads
/// may use it at once. Requests and responses may outlive it.
typedef struct reggie_client reggie_client;

/// The settings of clients.
///
/// reggie_config_new() makes one with the defaults, reggie_config_free() frees
/// it. reggie_client_new() copies it: it may be changed, used for further
/// clients or freed afterwards. One thread at a time may change it; several may
/// make clients of it at once. A setter that fails leaves the setting as it
/// was.
typedef struct reggie_config reggie_config;

/// Where a reggie_credential_callback puts what it has. It is the library's,
/// and there only until the callback returns. Nothing set means that there is
/// no credential; what is set last counts.
typedef struct reggie_credential reggie_credential;

/// Computes the digest of content that comes in parts.
///
/// reggie_digester_new() makes one, reggie_digester_update() appends content,
/// reggie_digester_finish() gives the digest once, reggie_digester_free() frees
/// it. One thread at a time may use it.
typedef struct reggie_digester reggie_digester;

/// Why a call failed.
///
/// Functions give one through their last parameter, a pointer to a pointer
/// that may be NULL; the caller frees it with reggie_error_free(). It never
/// changes: all threads may read it at once. Its texts are borrowed and valid
/// until it is freed. All functions on it accept NULL, as if there were no
/// failure.
typedef struct reggie_error reggie_error;

/// The errors that a registry told in the body of a response (OCI Distribution
/// Specification, Error Codes).
///
/// reggie_response_errors() makes one, reggie_errors_free() frees it; it does
/// not need the response any more. It never changes: all threads may read it
/// at once. Its texts are borrowed, valid until it is freed, and as the server
/// sent them, but that U+FFFD stands for a NUL.
typedef struct reggie_errors reggie_errors;

/// One send to a server, or its answer.
///
/// A reggie_exchange_callback gets one. It is the library's, and there only
/// until the callback returns, and so are its texts; those of its headers only
/// until a header is set or removed. Its headers hold credentials: passwords,
/// tokens and cookies, which no log should show; and its URL may hold a
/// signature.
typedef struct reggie_exchange reggie_exchange;

/// A redirect that would be followed (RFC 9110, section 15.4).
///
/// A reggie_redirect_callback gets one. It is the library's, and there only
/// until the callback returns, and so are its texts.
typedef struct reggie_redirect reggie_redirect;

/// A request: a method, a path, and what goes along.
///
/// reggie_request_new() makes one, reggie_request_free() frees it. It may be
/// sent any number of times, also by other clients of the same registry. One
/// thread at a time may change or send it, and several may read it at once.
///
/// Its getters give borrowed texts. They are valid until the request is
/// changed, sent or freed; those that a retry callback gets, until the callback
/// changes the request or returns.
///
/// While a call sends it, it is in use: functions that change or send it return
/// REGGIE_BUSY, getters their value for NULL, and to free it does nothing, so
/// that it leaks. In its retry callback all but sending and freeing works.
typedef struct reggie_request reggie_request;

/// An answer: status, header fields and body.
///
/// reggie_client_do() and reggie_client_open() make one, reggie_response_free()
/// frees it; it needs neither client nor request any more. All threads may read
/// it at once; one thread at a time, and not always the same, may read its body
/// with reggie_response_read(). Its texts and its body are borrowed and valid
/// until it is freed.
typedef struct reggie_response reggie_response;

/// What a function returns that can fail: REGGIE_OK or what went wrong. New
/// statuses may come, so a switch over them needs a default; none ever gets
/// another number. Those from 1 on tell of arguments, from 101 on of this side
/// of the network, from 201 on of callbacks, from 301 on of the network, and
/// from 1001 on of registries and token servers.
typedef int32_t reggie_status;

/// Receives an entry of the log: its level, REGGIE_LOG_ERROR and so on, and
/// its message, which is valid during the call, may have several lines and
/// ends without a line feed. It may run at once on all threads that use the
/// client.
typedef void (*reggie_log_callback)(void *userdata,
                                    int level,
                                    const char *message);

/// Frees a userdata. It is called exactly once for each registration, with
/// NULL too if the userdata is NULL: when another registration takes its
/// place, when the last handle that holds it is freed, or, when the
/// registration fails, before the function that registers returns. It runs on
/// whichever thread does that.
typedef void (*reggie_free_callback)(void *userdata);

/// Finds the credential for a registry: `registry` is its host, with its port
/// where that is not the usual one, and `repository` the name of the repository
/// that the request is about, NULL if it is about none. What it has goes into
/// `credential`. Both texts are valid during the call.
///
/// It is called when a token or an authorization is needed, not for each
/// request, and may run at once on all threads that use the client. Returns 0,
/// or a value of its own to stop the call, which then returns
/// REGGIE_CREDENTIAL_CALLBACK.
typedef int (*reggie_credential_callback)(void *userdata,
                                          const char *registry,
                                          const char *repository,
                                          reggie_credential *credential);

/// Decides whether a request is sent again. It gets how often the request was
/// sent, from 1 on; its method; the HTTP status of the answer, 0 if there was
/// none; the failure, REGGIE_OK if there was an answer; and whether it would be
/// sent again, 1 or 0. That stands in `retry` too, which it may set to 1 or 0.
/// Texts are valid during the call. It may run at once on all threads that use
/// the client. Returns 0, or a value of its own to stop the call, which then
/// returns REGGIE_RETRY_CONDITION_CALLBACK.
typedef int (*reggie_retry_condition_callback)(void *userdata,
                                               int attempt,
                                               const char *method,
                                               int http_status,
                                               reggie_status failure,
                                               int would_retry,
                                               int *retry);

/// Receives a warning of a registry: the host and port that it came from, and
/// its text, on one line. Both are valid during the call. It may run at once on
/// all threads that use the client.
typedef void (*reggie_warning_callback)(void *userdata,
                                        const char *host,
                                        const char *text);

/// Decides about a redirect: `choice` is REGGIE_REDIRECT_FOLLOW before, and may
/// be set to REGGIE_REDIRECT_ANSWER, with which the redirect is the response;
/// any other value makes the call return REGGIE_CALLBACK_MISUSE. Returns 0, or
/// a value of its own to stop the call, which then returns
/// REGGIE_REDIRECT_CALLBACK. It may run at once on all threads that use the
/// client.
typedef int (*reggie_redirect_callback)(void *userdata,
                                        const reggie_redirect *redirect,
                                        int *choice);

/// Called before a send, or after an answer's header fields have come: for
/// everything that a call sends to whomever, which
/// reggie_exchange_purpose() tells. Returns 0, or a value of its own to stop
/// the call, which then returns REGGIE_HOOK_CALLBACK. It may run at once on all
/// threads that use the client.
typedef int (*reggie_exchange_callback)(void *userdata,
                                        reggie_exchange *exchange);

/// Decides whether the credentials for a registry may go to a token server
/// (the realm of its challenge) at another site: `registry` and `realm` are
/// host and port of both, and `allow` is 0 before and set to something else to
/// allow it. Returns 0, or a value of its own to stop the call, which then
/// returns REGGIE_REALM_CALLBACK. It may run at once on all threads that use
/// the client.
typedef int (*reggie_realm_callback)(void *userdata,
                                     const char *registry,
                                     const char *realm,
                                     int *allow);

/// Decides on the certificates of a server with TLS, in each handshake with
/// it, and so not for each request: a connection serves many.
///
/// `host` is the server's name or address, with its port where that is not
/// 443. `certificates` has `count` addresses, at least one, and `sizes` the
/// lengths of what is there: the server's certificate first, and what it sent
/// of the authorities above it, each in DER (RFC 5280). `refusal` is NULL where
/// the client would accept the certificate, or else says why it would not. All
/// are valid during the call.
///
/// Returns 0 to accept the certificate, whatever the client says of it, or a
/// value of its own to refuse it and stop the call, which then returns
/// REGGIE_CERTIFICATE_CALLBACK. It may run at once on all threads that use the
/// client.
typedef int (*reggie_certificate_callback)(void *userdata,
                                           const char *host,
                                           const uint8_t *const *certificates,
                                           const size_t *sizes,
                                           size_t count,
                                           const char *refusal);

/// Called when the server has answered a request with a challenge and before
/// the request is sent again with authorization. It may use all functions on
/// `request` but reggie_client_do(), reggie_client_open() and
/// reggie_request_free(): what it sets is sent. Returns 0, or a value of its
/// own to stop the call, which then returns REGGIE_RETRY_CALLBACK.
typedef int (*reggie_retry_callback)(void *userdata, reggie_request *request);

/// Supplies the body of a request: writes up to `size` bytes to `buffer`,
/// whose bytes are 0 before, and their number to `got`, which is 0 before. A
/// number of 0 is the end of the body; one above `size` makes the call return
/// REGGIE_CALLBACK_MISUSE. Returns 0, or a value of its own to stop the call,
/// which then returns REGGIE_READ_CALLBACK.
typedef int (*reggie_read_callback)(void *userdata,
                                    void *buffer,
                                    size_t size,
                                    size_t *got);

/// Makes the body of a request begin again with its first byte. Returns 0, or
/// a value of its own to stop the call, which then returns
/// REGGIE_REWIND_CALLBACK.
typedef int (*reggie_rewind_callback)(void *userdata);

/// Receives the next `size` bytes of the body of a response, at least one.
/// Returns 0, or a value of its own to stop the call, which then returns
/// REGGIE_WRITE_CALLBACK.
typedef int (*reggie_write_callback)(void *userdata,
                                     const void *data,
                                     size_t size);

/// Reports how much of the body of a request was sent and how much of the body
/// of its response was received, in bytes. A total is REGGIE_UNKNOWN_SIZE if it
/// is unknown, and 0 if there is no body. All four start again when the request
/// is sent again. Return 0 to continue, nonzero to stop the call, which then
/// returns REGGIE_PROGRESS_CALLBACK.
typedef int (*reggie_transfer_callback)(void *userdata,
                                        uint64_t sent,
                                        uint64_t send_total,
                                        uint64_t received,
                                        uint64_t receive_total);

/// No failure.
#define REGGIE_OK 0

/// A required argument is NULL.
#define REGGIE_NULL_ARGUMENT 1

/// A text is not valid UTF-8.
#define REGGIE_INVALID_UTF8 2

/// An argument is empty, out of range or otherwise of no use.
#define REGGIE_INVALID_ARGUMENT 3

/// The registry's address cannot be used.
#define REGGIE_INVALID_ADDRESS 4

/// The method is not a token (RFC 9110, section 9.1).
#define REGGIE_INVALID_METHOD 5

/// The path or URL of a request cannot be sent.
#define REGGIE_INVALID_PATH 6

/// The name or value of a header cannot be sent.
#define REGGIE_INVALID_HEADER 7

/// A name, reference, digest or session id has something in it that is refused.
#define REGGIE_INVALID_VALUE 8

/// A placeholder of the path has no value.
#define REGGIE_MISSING_VALUE 9

/// User name, password or scope cannot be used.
#define REGGIE_INVALID_CREDENTIALS 10

/// The handle is in use by a call that has not returned.
#define REGGIE_BUSY 11

/// The digest algorithm is not known.
#define REGGIE_UNKNOWN_ALGORITHM 12

/// A Content-Length that was set differs from the body's length.
#define REGGIE_LENGTH_MISMATCH 13

/// Certificates to trust cannot be read, or are none.
#define REGGIE_INVALID_CERTIFICATES 14

/// A proxy's URL cannot be used.
#define REGGIE_INVALID_PROXY 17

/// A client certificate or its key cannot be used.
#define REGGIE_INVALID_CLIENT_CERTIFICATE 16

/// A file of credentials cannot be read, or makes no sense.
#define REGGIE_INVALID_CREDENTIALS_FILE 18

/// Invalid digest, or a digest of an unknown algorithm.
#define REGGIE_INVALID_DIGEST 20

/// There is not enough memory.
#define REGGIE_NO_MEMORY 101

/// A defect of the library was caught. Handles stay valid; the outcome of the
/// call is not known.
#define REGGIE_PANIC 102

/// A local file or descriptor failed; the error has the errno.
#define REGGIE_FILE 103

/// The body must be sent again and cannot be read again.
#define REGGIE_BODY_NOT_REWINDABLE 104

/// The body of a request is shorter or longer than was said.
#define REGGIE_BODY_LENGTH 105

/// The body of a response is larger than what may be kept in memory.
#define REGGIE_BODY_TOO_LARGE 106

/// The call was cancelled by reggie_cancel_trigger().
#define REGGIE_CANCELLED 107

/// The call took longer than it was given as a whole.
#define REGGIE_DEADLINE 109

/// A credential helper failed, took too long, or answered nonsense.
#define REGGIE_CREDENTIAL_HELPER 110

/// The retry callback stopped the call.
#define REGGIE_RETRY_CALLBACK 201

/// The read callback of a body stopped the call.
#define REGGIE_READ_CALLBACK 202

/// The rewind callback of a body stopped the call.
#define REGGIE_REWIND_CALLBACK 203

/// The write callback of a response stopped the call.
#define REGGIE_WRITE_CALLBACK 204

/// A callback reported something impossible.
#define REGGIE_CALLBACK_MISUSE 205

/// The certificate callback refused the server's certificate.
#define REGGIE_CERTIFICATE_CALLBACK 207

/// The redirect callback stopped the call.
#define REGGIE_REDIRECT_CALLBACK 208

/// The callback at a send or at an answer stopped the call.
#define REGGIE_HOOK_CALLBACK 209

/// The realm callback stopped the call.
#define REGGIE_REALM_CALLBACK 211

/// The retry condition stopped the call.
#define REGGIE_RETRY_CONDITION_CALLBACK 210

/// The credential callback stopped the call.
#define REGGIE_CREDENTIAL_CALLBACK 212

/// The progress callback stopped the call.
#define REGGIE_PROGRESS_CALLBACK 213

/// The host's name was not resolved.
#define REGGIE_RESOLVE 301

/// No connection was made.
#define REGGIE_CONNECT 302

/// TLS failed, in its handshake or later.
#define REGGIE_TLS 303

/// The server's certificate is not trusted.
#define REGGIE_CERTIFICATE 304

/// The request was not sent whole.
#define REGGIE_SEND 305

/// The answer was not received whole.
#define REGGIE_RECEIVE 306

/// The server closed the connection without an answer.
#define REGGIE_CLOSED 307

/// The body of a response ended before its announced length.
#define REGGIE_TRUNCATED 308

/// What the server sent is not HTTP/1.1 that can be understood.
#define REGGIE_PROTOCOL 309

/// A step took longer than its time limit, or a transfer did not move.
#define REGGIE_TIMEOUT 310

/// The proxy refused, or does not speak as it has to; the error has its status.
#define REGGIE_PROXY 311

/// A redirect or a challenge leads further into a network than the server that
/// sent it stands; reggie_config_add_allowed_network() tells.
#define REGGIE_ADDRESS_REFUSED 312

/// There are more redirects than are followed.
#define REGGIE_TOO_MANY_REDIRECTS 1001

/// A redirect is not followed, for the reason that the message tells.
#define REGGIE_REDIRECT_REFUSED 1002

/// The token server refused, or what it answered cannot be used.
#define REGGIE_TOKEN_REFUSED 1003

/// The body of the response holds no error list of the registry.
#define REGGIE_NO_ERRORS 1004

/// The registry names a token server that the credentials may not go to.
#define REGGIE_REALM_REFUSED 1006

/// The server asks to be left alone for longer than is waited; the error has
/// the time.
#define REGGIE_RETRY_LATER 1005

/// The response has no such header, or one that cannot be read.
#define REGGIE_NO_HEADER 1007

/// The HTTP status is not a 2xx; only reggie_response_check() returns this.
#define REGGIE_HTTP_STATUS 1008

/// Received content that does not match the expected digest; see
/// reggie_request_set_expected_digest().
#define REGGIE_DIGEST_MISMATCH 1013

/// A 206 response, which has only part of the content, where only a complete
/// body can be used: for an output path, or with an expected digest.
#define REGGIE_PARTIAL_CONTENT 1022

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// The version of the library that runs, such as "1.2.3".
///
/// It may differ from REGGIE_VERSION, which is that of the header that the
/// program was compiled with. Returns a text that is never freed.
const char *reggie_version(void);

/// The version of the library that runs, as a number to compare: major *
/// 1000000 + minor * 1000 + patch, such as 1002003.
///
/// It may differ from REGGIE_VERSION_NUMBER, which is that of the header that
/// the program was compiled with.
uint32_t reggie_version_number(void);

/// What the library that runs is made of, on one line for people: its version,
/// the libraries in it with theirs, the system that it is for, and what it
/// speaks, such as "libreggie/1.2.3 rustls/0.23.40 ring/0.17.14 ureq/3.5.2
/// (x86_64-unknown-linux-gnu) HTTP/1.1 TLS/1.2 TLS/1.3". More may come behind.
///
/// Returns a text that is never freed.
const char *reggie_build_info(void);

/// What a status means, in a few words.
///
/// Returns a text that is never freed and never NULL, also for numbers that
/// are no status.
const char *reggie_status_string(reggie_status status);

/// The errno of <errno.h> that is nearest to a status, for programs whose own
/// errors are such numbers. It is coarse: many statuses share one.
///
/// - 0: REGGIE_OK
/// - EINVAL: an argument that cannot be used, and a callback that reported
///   something impossible
/// - EILSEQ: REGGIE_INVALID_UTF8
/// - EBUSY: REGGIE_BUSY
/// - ENOTSUP: REGGIE_UNKNOWN_ALGORITHM
/// - ENOMEM: REGGIE_NO_MEMORY
/// - ENOTRECOVERABLE: REGGIE_PANIC
/// - ESPIPE: REGGIE_BODY_NOT_REWINDABLE
/// - EFBIG: REGGIE_BODY_TOO_LARGE
/// - ECANCELED: the call was cancelled, or a callback stopped it
/// - ETIMEDOUT: REGGIE_DEADLINE and REGGIE_TIMEOUT
/// - EHOSTUNREACH: REGGIE_RESOLVE
/// - ECONNREFUSED: REGGIE_CONNECT and REGGIE_PROXY
/// - ECONNRESET: a connection that ended early
/// - EPROTO: TLS that failed, and answers that cannot be understood
/// - EACCES: a certificate, redirect, address, token or realm that was refused
/// - ELOOP: REGGIE_TOO_MANY_REDIRECTS
/// - EAGAIN: REGGIE_RETRY_LATER
/// - ENODATA: REGGIE_NO_ERRORS and REGGIE_NO_HEADER
/// - EREMOTEIO: REGGIE_HTTP_STATUS
/// - EBADMSG: REGGIE_DIGEST_MISMATCH and REGGIE_PARTIAL_CONTENT
/// - EIO: REGGIE_FILE, REGGIE_BODY_LENGTH and REGGIE_CREDENTIAL_HELPER, and
///   numbers that are no status
///
/// reggie_error_errno() has what the system said, where it said something.
int reggie_status_to_errno(reggie_status status);

/// Frees a text that a function gave through an out-pointer. NULL is ignored.
void reggie_string_free(char *string);

/// Frees an error. NULL is ignored.
void reggie_error_free(reggie_error *error);

/// The status of the call that failed, REGGIE_OK for NULL.
reggie_status reggie_error_status(const reggie_error *error);

/// One line for a person: what failed, with which value, and why.
///
/// It holds no secrets. A server's words in it have their control characters
/// escaped and are cut at 1 KiB. Returns a borrowed text, "" for NULL.
const char *reggie_error_message(const reggie_error *error);

/// The step in which the call failed: "prepare", "resolve", "connect", "tls",
/// "send", "receive", "token", "redirect", "retry", "wait" or "deliver". More may come.
///
/// Returns a borrowed text, "" for NULL.
const char *reggie_error_step(const reggie_error *error);

/// The HTTP status of the answer that led to the failure, such as that of a
/// token server; 0 if there was none, and for NULL.
int reggie_error_http_status(const reggie_error *error);

/// The code in the server's own error list, such as "UNAUTHORIZED" (OCI
/// Distribution Specification, Error Codes).
///
/// Returns a borrowed text; NULL if none was sent, and for NULL.
const char *reggie_error_code(const reggie_error *error);

/// The system's errno, 0 if there is none, and for NULL.
int reggie_error_errno(const reggie_error *error);

/// The host that the step had to do with, with its port.
///
/// Returns a borrowed text; NULL if there is none, and for NULL.
const char *reggie_error_host(const reggie_error *error);

/// After how many seconds the server wants to be asked again (RFC 9110,
/// section 10.2.3); -1 if it did not say so, and for NULL.
int64_t reggie_error_retry_after(const reggie_error *error);

/// What the callback returned that stopped the call; 0 if none did, and for
/// NULL.
int reggie_error_callback_value(const reggie_error *error);

/// Whether the same call can succeed at another time without any change: 1 if
/// so, 0 if not, and for NULL.
int reggie_error_is_retryable(const reggie_error *error);

/// Makes settings with the defaults.
///
/// Returns a handle that the caller frees with reggie_config_free(); NULL only
/// after a defect of the library.
reggie_config *reggie_config_new(void);

/// Frees settings. NULL is ignored. Clients made of them stay as they are.
void reggie_config_free(reggie_config *config);

/// Sets the repository that <name> means in the paths of requests that have no
/// name of their own, such as "myorg/myrepo".
///
/// reggie_client_set_default_name() changes it later. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_VALUE.
reggie_status reggie_config_set_default_name(reggie_config *config,
                                             const char *name);

/// Sets the scope to ask tokens for, in place of the one in the challenge of
/// the registry, such as "repository:myorg/myrepo:pull,push".
///
/// Several scopes stand in one text, with blanks between them. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_config_set_auth_scope(reggie_config *config,
                                           const char *scope);

/// Sets the User-Agent of requests that set none (RFC 9110, section 10.1.5).
/// Unless set, it is "reggie/" and the version.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_HEADER.
reggie_status reggie_config_set_user_agent(reggie_config *config,
                                           const char *user_agent);

/// Logs each request and response if `debug` is not 0: their first lines,
/// their headers and the beginnings of bodies that are text, without
/// credentials, tokens and signed queries. They go to the log callback,
/// whatever its level, and to stderr where there is none. Unless set, 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_debug(reggie_config *config, int debug);

/// Sets what receives the log: entries up to `level`, one of
/// REGGIE_LOG_ERROR, REGGIE_LOG_WARNING, REGGIE_LOG_INFO and REGGIE_LOG_DEBUG.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback, and so do their responses whose body
/// is still to be read; the last of them frees its userdata. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the level is none of
/// those.
reggie_status reggie_config_set_log_callback(reggie_config *config,
                                             int level,
                                             reggie_log_callback callback,
                                             void *userdata,
                                             reggie_free_callback free_userdata);

/// Sets how many bytes of a response body are kept in memory at most; a call
/// whose body is larger fails with REGGIE_BODY_TOO_LARGE. Unless set, 64 MiB.
///
/// Bodies that go elsewhere have no such limit. Returns REGGIE_OK or
/// REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_max_body_memory(reggie_config *config,
                                                size_t bytes);

/// Sets user name and password, for Basic authentication (RFC 7617) and for
/// asking for tokens. They go to the registry's own origin and to the token
/// server that it names, and nowhere else. Unless set, the client is anonymous,
/// but for what the functions below find.
///
/// What a client looks for, when a registry asks who it is, is the first of:
///
/// 1. what reggie_config_add_credentials(), reggie_config_add_identity_token()
///    and reggie_config_add_bearer_token() added for the repository, by the
///    longest path;
/// 2. what this function set;
/// 3. what the callback of reggie_config_set_credential_callback() hands out;
/// 4. what stands in the files of reggie_config_add_credentials_file(), in the
///    order in which they were added;
/// 5. what stands in the usual files, if reggie_config_use_credentials_files()
///    was called.
///
/// Both are UTF-8 without control characters; the user name has no colon; one
/// of the two may be empty, such as the user name where the password is a
/// token. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_config_set_credentials(reggie_config *config,
                                            const char *username,
                                            const char *password);

/// Adds user name and password for a part of registries, such as one of
/// several organisations: `place` is "host", "host:port", or either with the
/// beginning of repositories' names, as in "registry.example/team/app", which is
/// for team/app and all that is under it. The longest path counts; for the same
/// place, what was added last.
///
/// Without a port, the one is meant that is usual for the scheme of the client's
/// address. docker.io, index.docker.io and registry-1.docker.io are one host.
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS, or REGGIE_INVALID_ARGUMENT if the place is none,
/// such as a URL.
reggie_status reggie_config_add_credentials(reggie_config *config,
                                            const char *place,
                                            const char *username,
                                            const char *password);

/// Adds an identity token (a refresh token of OAuth 2, RFC 6749) for a place, as
/// reggie_config_add_credentials() tells it. It goes to the token server alone,
/// by POST, and is never sent to the registry; where a token server knows no
/// POST, or a registry wants Basic, it stands in place of a password, if
/// `username` is neither NULL nor empty.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS or REGGIE_INVALID_ARGUMENT.
reggie_status reggie_config_add_identity_token(reggie_config *config,
                                               const char *place,
                                               const char *username,
                                               const char *token);

/// Adds a bearer token (RFC 6750) for a place, as
/// reggie_config_add_credentials() tells it: one that the program has got by
/// itself. It goes to the registry as it is when the registry asks for
/// authorization, and no token server is asked.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS or REGGIE_INVALID_ARGUMENT.
reggie_status reggie_config_add_bearer_token(reggie_config *config,
                                             const char *place,
                                             const char *token);

/// Sets what is asked for credentials that were not set for the registry.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_credential_callback(reggie_config *config,
                                                    reggie_credential_callback callback,
                                                    void *userdata,
                                                    reggie_free_callback free_userdata);

/// Adds a file of credentials: one in the form of Docker's config.json, or of
/// containers' auth.json, or of the older .dockercfg.
///
/// Of what it holds, `auths` with `auth`, or `username` and `password`,
/// `identitytoken` and `registrytoken` count, by the longest path for the
/// repository, and `credHelpers` and `credsStore`, which name programs. These are
/// run only if reggie_config_set_credential_helpers() allows it, and come after
/// entries with a path, and before the one for the registry as a whole. An entry
/// that has nothing in it means that a program has it.
///
/// The file is read when a client is made, which fails with
/// REGGIE_INVALID_CREDENTIALS_FILE if it is not there or makes no sense, and anew
/// when credentials are needed, so that a login in between counts. `path` is
/// bytes; a relative one means the current folder of now. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if it is empty, or
/// REGGIE_INVALID_CREDENTIALS_FILE if there is no current folder.
reggie_status reggie_config_add_credentials_file(reggie_config *config,
                                                 const char *path);

/// Looks for credentials where Docker and containers keep those of this user, if
/// `usual` is not 0. Unless set, 0: no file is looked at.
///
/// These are, in this order: the file that REGISTRY_AUTH_FILE names;
/// containers/auth.json in XDG_RUNTIME_DIR, or else
/// /run/containers/UID/auth.json; containers/auth.json in XDG_CONFIG_HOME, or
/// else in .config of HOME; config.json in DOCKER_CONFIG, or else in .docker of
/// HOME; .dockercfg in HOME. One that is not there is passed over; one that makes
/// no sense is an error, as reggie_config_add_credentials_file() tells.
/// reggie_config_set_use_environment() can keep the variables unread.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_use_credentials_files(reggie_config *config,
                                                  int usual);

/// Runs the credential helpers that files of credentials name, if `run` is not
/// 0. Unless set, 0: the library starts no program, and passes helpers over.
///
/// A helper is the program docker-credential-NAME in a folder of PATH. It gets
/// the environment that the process had when the client was made, is killed with
/// all that it started when it takes too long or the call is cancelled, and its
/// end is awaited, so that the process gets a SIGCHLD; what the process does
/// with it does not matter. One that fails makes the call return
/// REGGIE_CREDENTIAL_HELPER, with its name and words in the message; one that
/// says that it has nothing is passed over.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_credential_helpers(reggie_config *config,
                                                   int run);

/// Sets how long a credential helper may take. Unless set, 30 seconds.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
reggie_status reggie_config_set_credential_helper_timeout(reggie_config *config,
                                                          int64_t milliseconds);

/// Hands out a user name and a password, as reggie_config_set_credentials()
/// takes them.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_credential_set_password(reggie_credential *credential,
                                             const char *username,
                                             const char *password);

/// Hands out an identity token, as reggie_config_add_identity_token() takes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_credential_set_identity_token(reggie_credential *credential,
                                                   const char *username,
                                                   const char *token);

/// Hands out a bearer token, as reggie_config_add_bearer_token() takes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_credential_set_bearer_token(reggie_credential *credential,
                                                 const char *token);

/// Sets how many further tries a request has where its connection fails or its
/// server has no time: 0 to 1000; 0, as unless set, for none.
///
/// A request is sent again after a failure to resolve, connect, send or
/// receive, and after the HTTP statuses 408, 425, 429, 499, 500, 502, 503, 504
/// and 520 to 524; of a token server too. That holds for GET, HEAD, PUT,
/// DELETE, OPTIONS and POST whose body, if there is one, can be read again. A
/// PATCH, and methods that are none of these, are sent again only if not a byte
/// of them left. None is sent again once the caller has got a byte of the
/// answer's body. All requests to a host together have ten tries to spend, and
/// get one back for every ten requests that succeed; where none is left, and
/// after the last try, the last answer or failure stands. A second send after a
/// challenge is no try.
///
/// reggie_request_set_retries() is for one request. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the number is out of
/// range.
reggie_status reggie_config_set_retries(reggie_config *config, int tries);

/// Sets how long to wait before a request is sent again, in milliseconds: a
/// random part of `base_ms`, which doubles with each further try, up to
/// `cap_ms`. Unless set, 500 and 30000.
///
/// Where the server says when to come back (Retry-After, RFC 9110, section
/// 10.2.3), all retries to that host wait that long, and a random part of
/// `base_ms` more. If it asks for more than `retry_after_cap_ms`, unless set
/// 60000, the call fails at once with REGGIE_RETRY_LATER, or with the failure
/// there was; reggie_error_retry_after() has the time.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if one
/// is negative.
reggie_status reggie_config_set_retry_delays(reggie_config *config,
                                             int64_t base_ms,
                                             int64_t cap_ms,
                                             int64_t retry_after_cap_ms);

/// Sets what decides whether a request is sent again, in place of the rules of
/// reggie_config_set_retries().
///
/// It is asked after each send that failed or whose HTTP status is 400 or
/// above, as long as there are tries left and the request can be sent again
/// without harm: its answer does not change the number of tries, how long is
/// waited, and which methods and bodies can be sent again.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_retry_condition(reggie_config *config,
                                                reggie_retry_condition_callback callback,
                                                void *userdata,
                                                reggie_free_callback free_userdata);

/// Sets what receives the warnings of registries (OCI Distribution
/// Specification, Warnings): what they have to say to people, such as that a
/// token expires soon. reggie_response_warning() has those of one answer.
///
/// It is called once for each text of each host that answers a client's
/// requests; the last 1024 are remembered.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_warning_callback(reggie_config *config,
                                                 reggie_warning_callback callback,
                                                 void *userdata,
                                                 reggie_free_callback free_userdata);

/// Keeps the cookies that servers set (RFC 6265) if `keep` is not 0, and sends
/// them back; for registries behind a balancer that tells sessions apart by
/// them. Unless set, 0.
///
/// They are kept in memory, for one client. A cookie goes back to the origin
/// that set it, scheme, host and port, and to no other, whatever its Domain
/// says. What a request sets in a Cookie header of its own goes before them.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_cookies(reggie_config *config, int keep);

/// Sets the proxy for requests to URLs of a scheme.
///
/// `scheme` is "http", "https", or NULL for both. `url` is the proxy's:
/// "http://host:port", the same with https for TLS to the proxy,
/// "socks5://host:port" (RFC 1928), or "socks5h://host:port", where the proxy
/// looks names up; without a scheme it is http. User name and password may
/// stand in front of the host, percent-encoded, with a colon between them and
/// an @ behind; nobody but the proxy gets them, and neither log nor errors show
/// them. NULL as the `url` means no proxy.
///
/// Unless set, the environment decides, as reggie_config_set_use_environment()
/// tells. Requests to http URLs go to an HTTP proxy as they are; those to https
/// URLs go through a tunnel (RFC 9110, section 9.3.6). A proxy that refuses is
/// REGGIE_PROXY. A socket of this host is never asked through a proxy.
///
/// Returns REGGIE_OK; REGGIE_NULL_ARGUMENT if `config` is NULL;
/// REGGIE_INVALID_UTF8; REGGIE_INVALID_ARGUMENT if the scheme is none of those;
/// or REGGIE_INVALID_PROXY.
reggie_status reggie_config_set_proxy(reggie_config *config,
                                      const char *scheme,
                                      const char *url,
                                      reggie_error **error);

/// Sets the hosts that are asked without a proxy, in place of those in the
/// variables no_proxy and NO_PROXY; it holds for all proxies.
///
/// `list` has commas between its entries, and may be empty. "example.com" is
/// that host and all below it, ".example.com" and "*.example.com" only those
/// below it, "*" is all hosts. An address, or a network such as "10.0.0.0/8",
/// is for hosts that are given as addresses: no name is looked up for it. A
/// colon and a port may follow a name or an address; IPv6 addresses then stand
/// in brackets.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if an entry is none of those.
reggie_status reggie_config_set_no_proxy(reggie_config *config,
                                         const char *list);

/// Sets whether clients read variables of the environment, which they do when
/// they are made, and never later. Unless set to 0, they may. If it is 0, none
/// is read: neither those of proxies, nor SSL_CERT_FILE and SSL_CERT_DIR, nor
/// what reggie_config_set_key_log() and reggie_config_use_certs_folders() look
/// for, SSLKEYLOGFILE and HOME.
///
/// The proxy for http URLs is what http_proxy says, or HTTP_PROXY, but not the
/// latter in a program that a web server runs, for which REQUEST_METHOD is set.
/// That for https URLs is what https_proxy or HTTPS_PROXY says. Where those are
/// missing, all_proxy or ALL_PROXY counts for both. No proxy is used for the
/// hosts in no_proxy or NO_PROXY, and none of the environment's for localhost
/// and loopback addresses.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_use_environment(reggie_config *config,
                                                int use_it);

/// Allows redirects and challenges to lead to a host or into a network. May be
/// called several times.
///
/// Without it they lead no further in than the registry stands that sent them:
/// one at a public address only to public addresses, one in a private network
/// to those and to private ones, one on this host anywhere, but none to an
/// address where a cloud tells a machine its secrets. The address that is
/// connected to counts, whatever name has led there; of hosts that a proxy
/// looks up, only those are judged that are given as addresses. The URLs of
/// requests themselves may lead anywhere.
///
/// `text` is "host", "host:port", an address, or a network such as
/// "10.0.0.0/8". A host does not stand for those below it. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT if it
/// is none of those.
reggie_status reggie_config_add_allowed_network(reggie_config *config,
                                                const char *text);

/// Sets the addresses of a host, which then is not looked up. May be called
/// several times; for the same host and port the last call counts.
///
/// `port` is the port for which they count, 0 for all; those for the port go
/// before those for all. `addresses` are IPv4 and IPv6 addresses with commas
/// between them. Certificates are verified for the host's name as ever.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if the host cannot be a name, the port is none, an
/// address is none, or there are none or more than 64.
reggie_status reggie_config_add_resolve(reggie_config *config,
                                        const char *host,
                                        int port,
                                        const char *addresses);

/// Sets the version of IP that connections use: REGGIE_IP_ANY, which it is
/// unless set, REGGIE_IP_4 or REGGIE_IP_6. A host without an address of that
/// version is REGGIE_RESOLVE.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if it is
/// none of those.
reggie_status reggie_config_set_ip_version(reggie_config *config, int version);

/// Sets how many idle connections a client keeps for each server, and for how
/// many milliseconds; 0 for either keeps none. Unless set, it keeps those of a
/// minute. In all it keeps at most 512.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// time is negative.
reggie_status reggie_config_set_max_idle_connections(reggie_config *config,
                                                     size_t per_host,
                                                     int64_t idle_ms);

/// Sets the most connections that a client has to one server at once, those in
/// use and those that are kept; 0, which it is unless set, means any number.
///
/// A call that would need one more waits until one is free, those that came
/// first before those that came later. It waits as long as connecting may take
/// (reggie_config_set_connect_timeout()), and then returns REGGIE_TIMEOUT; its
/// deadline and its cancel handle end it before.
///
/// A connection is in use until the body of the answer was read to its end, or
/// the response is freed. A thread that has such a response open and sends
/// another request, or sends one from a callback of a call, has a connection in
/// use and needs one more: with a limit of 1 it waits for itself, until the
/// time is over.
///
/// A server is a host and port, with TLS or without; token servers have a
/// number of their own. Where a proxy reads the requests, it is the proxy.
/// Clients that are derived from another one share the number where they share
/// its connections.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_max_connections(reggie_config *config,
                                                size_t per_host);

/// Sets how long a call may take as a whole, with all that it sends: the
/// challenge, the token, redirects, the request itself, and the body of the
/// answer. A call that takes longer returns REGGIE_DEADLINE. Unless set, there
/// is no limit, as the time that a large body takes is nobody's to know; the
/// limits of the steps, below, find what hangs.
///
/// For reggie_client_open() the time goes on until the body has been read to its
/// end: reggie_response_read() then returns REGGIE_DEADLINE.
/// reggie_request_set_timeout() sets another for a request.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
reggie_status reggie_config_set_timeout(reggie_config *config,
                                        int64_t milliseconds);

/// Sets how long resolving the name of a host may take. What takes longer is
/// REGGIE_TIMEOUT, and the look-up, which the system cannot be told to end, ends
/// by itself in a thread of its own. Unless set, 30 seconds.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
reggie_status reggie_config_set_resolve_timeout(reggie_config *config,
                                                int64_t milliseconds);

/// Sets how long connecting to a host may take, over all its addresses; the
/// next one is tried when one has failed, or has not answered within 250 ms.
/// A proxy has as long again to connect to the host. What takes longer is
/// REGGIE_TIMEOUT. Unless set, 30 seconds.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
reggie_status reggie_config_set_connect_timeout(reggie_config *config,
                                                int64_t milliseconds);

/// Sets how long a TLS handshake may take. What takes longer is REGGIE_TIMEOUT.
/// Unless set, 30 seconds.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
reggie_status reggie_config_set_tls_timeout(reggie_config *config,
                                            int64_t milliseconds);

/// Sets how long a server may take from the last byte of a request to the first
/// of its answer. What takes longer is REGGIE_TIMEOUT. Unless set, 2 minutes.
///
/// The time begins when the server has taken the request: before, the stall
/// limit holds. Interim answers (RFC 9110, section 15.2) do not end it. Once the
/// answer has begun, all of its headers have to be there within 10 minutes.
///
/// Requests that the registry has to store something for have a limit of their
/// own: reggie_config_set_commit_timeout().
/// reggie_request_set_first_byte_timeout() sets another for a request.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
reggie_status reggie_config_set_first_byte_timeout(reggie_config *config,
                                                   int64_t milliseconds);

/// Sets the same for requests that the registry has to store something for: all
/// PUT requests, and POST and PATCH requests with a body. Registries may check
/// and move a large blob before they answer. Unless set, 15 minutes.
///
/// reggie_request_set_commit_timeout() sets another for a request.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
reggie_status reggie_config_set_commit_timeout(reggie_config *config,
                                               int64_t milliseconds);

/// Sets the least that has to move, up or down, while a call waits for the
/// server: `bytes_per_second`, taken over windows of `window_ms` milliseconds.
/// A transfer that moves less is REGGIE_TIMEOUT at the end of the window, and no
/// other is cut, however long it takes. Unless set, 1 byte per second over 60
/// seconds. reggie_request_set_stall_limit() sets another for a request.
///
/// Only waiting for the server counts, not what callbacks and the caller's
/// descriptors take. What goes up counts when the server's system has taken it,
/// not when it lies in the buffers of this one. Before the answer has begun, the limits of the first byte
/// hold in place of this one. A rate or a window of 0 is no limit. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the window is
/// below 0.
reggie_status reggie_config_set_stall_limit(reggie_config *config,
                                            uint64_t bytes_per_second,
                                            int64_t window_ms);

/// Sets how many redirects are followed in a row (RFC 9110, section 15.4).
/// Unless set, 20. One more makes the call return REGGIE_TOO_MANY_REDIRECTS.
///
/// With 0 none is followed: the redirect is the response, and
/// reggie_response_absolute_location() tells where it leads. That holds for
/// token servers too, which then refuse. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if `most` is negative.
reggie_status reggie_config_set_max_redirects(reggie_config *config, int most);

/// Sets what decides about each redirect that would be followed, those of token
/// servers too. Not asked about are redirects that are refused anyway, such as
/// from https to plain http, and those beyond the most that are followed.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_redirect_callback(reggie_config *config,
                                                  reggie_redirect_callback callback,
                                                  void *userdata,
                                                  reggie_free_callback free_userdata);

/// Sets what is called before each send: of the request, of what answers a
/// challenge, to token servers, along redirects, and after a failure. It may
/// change the headers of that send by reggie_exchange_set_header() and
/// reggie_exchange_remove_header(). What it sees holds credentials.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_send_callback(reggie_config *config,
                                              reggie_exchange_callback callback,
                                              void *userdata,
                                              reggie_free_callback free_userdata);

/// Sets what is called when the header fields of an answer have come, before
/// anything is done about them: of each answer to what the send callback is
/// called for. What it sees may hold credentials, such as cookies.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_answer_callback(reggie_config *config,
                                                reggie_exchange_callback callback,
                                                void *userdata,
                                                reggie_free_callback free_userdata);

/// Allows credentials to go to token servers at another site than the registry:
/// to those that `host` tells, by "host", "host:port", or ".domain" for the
/// domain and all that is under it. May be called for several.
///
/// A registry names its token server in its challenge, and could name anybody's.
/// Credentials therefore go to token servers of the registry's own site, to
/// those that are known to belong to it, such as auth.docker.io to docker.io,
/// and to those that are allowed here or by the callback; otherwise the call
/// returns REGGIE_REALM_REFUSED. A token server without TLS gets nothing on
/// behalf of a registry with TLS, whatever is allowed.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if it is none of those, such as a URL.
reggie_status reggie_config_add_allowed_realm(reggie_config *config,
                                              const char *host);

/// Sets what decides about token servers at another site that
/// reggie_config_add_allowed_realm() has not allowed, each time before
/// credentials would go there.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_realm_callback(reggie_config *config,
                                               reggie_realm_callback callback,
                                               void *userdata,
                                               reggie_free_callback free_userdata);

/// Asks the token server once more without credentials if `fallback` is not 0,
/// it has refused those that there are by a 401 or 403, and the request only
/// pulls: what is public can then be had in spite of credentials that are out
/// of date. Unless set, 0: the refusal is the caller's to know.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_anonymous_fallback(reggie_config *config,
                                                   int fallback);

/// The whole URL that answered with the redirect. Its query may be a secret,
/// such as a signature.
///
/// Returns a borrowed text, NULL for NULL.
const char *reggie_redirect_from(const reggie_redirect *redirect);

/// The whole URL that the redirect leads to. Its query may be a secret, such as
/// a signature.
///
/// Returns a borrowed text, NULL for NULL.
const char *reggie_redirect_to(const reggie_redirect *redirect);

/// The method that is sent there: that of the request, but for a 303, which
/// makes it GET or HEAD.
///
/// Returns a borrowed text, NULL for NULL.
const char *reggie_redirect_method(const reggie_redirect *redirect);

/// The HTTP status of the redirect: 301, 302, 303, 307 or 308; 0 for NULL.
int reggie_redirect_status(const reggie_redirect *redirect);

/// Which redirect in a row it is, 1 for the first; 0 for NULL.
size_t reggie_redirect_hop(const reggie_redirect *redirect);

/// How many header fields the redirect has; a name that stands twice counts
/// twice. 0 for NULL.
size_t reggie_redirect_headers_count(const reggie_redirect *redirect);

/// The name of the header field at `index`, from 0 on, as the server wrote it.
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
const char *reggie_redirect_header_name(const reggie_redirect *redirect,
                                        size_t index);

/// The value of the header field at `index`, from 0 on. It may be any bytes,
/// not only UTF-8 (RFC 9110, section 5.5).
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
const char *reggie_redirect_header_value(const reggie_redirect *redirect,
                                         size_t index);

/// The first value of a header, whatever the case of its name.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_redirect_header(const reggie_redirect *redirect,
                                   const char *name);

/// How many header fields of a name there are, whatever its case; 0 for NULL.
size_t reggie_redirect_header_count(const reggie_redirect *redirect,
                                    const char *name);

/// The value at `index`, from 0 on, among the header fields of a name,
/// whatever its case.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_redirect_header_at(const reggie_redirect *redirect,
                                      const char *name,
                                      size_t index);

/// Why it is sent: one of REGGIE_PURPOSE_FIRST, REGGIE_PURPOSE_CHALLENGE,
/// REGGIE_PURPOSE_TOKEN, REGGIE_PURPOSE_REDIRECT and REGGIE_PURPOSE_RETRY; more
/// may come. 0 for NULL.
int reggie_exchange_purpose(const reggie_exchange *exchange);

/// The method that is sent.
///
/// Returns a borrowed text, NULL for NULL.
const char *reggie_exchange_method(const reggie_exchange *exchange);

/// The whole URL that it is sent to. Its query may be a secret, such as a
/// signature.
///
/// Returns a borrowed text, NULL for NULL.
const char *reggie_exchange_url(const reggie_exchange *exchange);

/// The HTTP status of the answer; 0 at a send, and for NULL.
int reggie_exchange_status(const reggie_exchange *exchange);

/// How many header fields there are: at a send those that are sent, but for
/// Host and Transfer-Encoding, which the library adds; at an answer those that
/// came. A name that stands twice counts twice. 0 for NULL.
size_t reggie_exchange_headers_count(const reggie_exchange *exchange);

/// The name of the header field at `index`, from 0 on.
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
const char *reggie_exchange_header_name(const reggie_exchange *exchange,
                                        size_t index);

/// The value of the header field at `index`, from 0 on. It may be a credential,
/// and any bytes, not only UTF-8 (RFC 9110, section 5.5).
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
const char *reggie_exchange_header_value(const reggie_exchange *exchange,
                                         size_t index);

/// The first value of a header, whatever the case of its name.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_exchange_header(const reggie_exchange *exchange,
                                   const char *name);

/// How many header fields of a name there are, whatever its case; 0 for NULL.
size_t reggie_exchange_header_count(const reggie_exchange *exchange,
                                    const char *name);

/// The value at `index`, from 0 on, among the header fields of a name,
/// whatever its case.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_exchange_header_at(const reggie_exchange *exchange,
                                      const char *name,
                                      size_t index);

/// Sets a header of this send alone, replacing all of that name: the request
/// stays as it is, and so do later sends. It goes to wherever this send goes,
/// which may be another server than the registry.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 (the name),
/// REGGIE_INVALID_HEADER, or REGGIE_INVALID_ARGUMENT at an answer.
reggie_status reggie_exchange_set_header(reggie_exchange *exchange,
                                         const char *name,
                                         const char *value);

/// Removes all headers of a name, whatever its case, from this send alone. The
/// length of a body stays told.
///
/// Returns REGGIE_OK, also if there is none, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT at an answer.
reggie_status reggie_exchange_remove_header(reggie_exchange *exchange,
                                            const char *name);

/// Accepts whatever certificate the registry shows if `skip` is not 0: anybody
/// on the way can then read the credentials and change the content. For tests.
/// Unless set, certificates are verified.
///
/// It covers the host of the client's address, at all of its ports, and no
/// other: the certificates of token servers, redirect targets and proxies at
/// other hosts are verified as ever. For those there are
/// reggie_config_add_ca_file() and reggie_config_set_certificate_callback(),
/// which is told the host. Plain http needs no setting: it is for the addresses
/// that say http, and https never leads there.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_insecure_skip_tls_verify(reggie_config *config,
                                                         int skip);

/// Trusts what the system trusts if `trust` is not 0, which is so unless set:
/// the certificates of the platform's store, or those that SSL_CERT_FILE and
/// SSL_CERT_DIR name in its place when the client is made. If it is 0, only what
/// was added is trusted.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_system_trust(reggie_config *config,
                                             int trust);

/// Trusts the certificates in a file beside those of the system: several in
/// PEM (RFC 7468) or one in DER. A server's own certificate that is added is
/// accepted as such. May be called for several files. The file is read during
/// the call.
///
/// `path` is any bytes without NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_INVALID_CERTIFICATES,
/// with the errno in the error where the file cannot be read.
reggie_status reggie_config_add_ca_file(reggie_config *config,
                                        const char *path,
                                        reggie_error **error);

/// Trusts the certificates in all files of a folder whose names end in .crt,
/// .pem or .cert, as reggie_config_add_ca_file() does with one. Folders in it
/// are passed over. If one file cannot be read or parsed, nothing is added, and
/// the error names it; a folder without such files is an error too.
///
/// `path` is any bytes without NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_INVALID_CERTIFICATES,
/// with the errno in the error where something cannot be read.
reggie_status reggie_config_add_ca_folder(reggie_config *config,
                                          const char *path,
                                          reggie_error **error);

/// Trusts certificates in memory, as reggie_config_add_ca_file() does with
/// those in a file: `size` bytes of PEM, or of one certificate in DER.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the size
/// is impossible, or REGGIE_INVALID_CERTIFICATES.
reggie_status reggie_config_add_ca_memory(reggie_config *config,
                                          const uint8_t *certificates,
                                          size_t size,
                                          reggie_error **error);

/// Adds a certificate by which the client names itself in the TLS handshake,
/// where a server asks for one. The files are read during the call.
///
/// It is shown to one origin only, by https: that of `registry`, such as
/// "registry.example" or "registry.example:5000", or the client's own if that
/// is NULL. Where a redirect or a token server leads elsewhere, it stays
/// behind. Of several for an origin, the server's list of authorities decides.
///
/// The file at `certificate_path` has the certificate first and then those of
/// the authorities above it that the server may miss, in PEM, or it is one
/// certificate in DER. The file at `key_path`, which may be the same, has the
/// private key in PEM or DER: in PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1
/// (RFC 5915), without a passphrase; NULL means that it is in the same file.
/// Keys are RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519. Paths are any
/// bytes without NUL.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if a path is empty or the registry cannot be used,
/// or REGGIE_INVALID_CLIENT_CERTIFICATE if a file cannot be read or parsed, or
/// the key is not the certificate's; the error names the file.
reggie_status reggie_config_add_client_certificate_file(reggie_config *config,
                                                        const char *registry,
                                                        const char *certificate_path,
                                                        const char *key_path,
                                                        reggie_error **error);

/// Adds a certificate by which the client names itself, from memory:
/// `certificate_size` bytes that are what the file of
/// reggie_config_add_client_certificate_file() would have, and `key_size`
/// bytes of the key; 0 means that the key is among the former.
///
/// All else is as there. The library keeps no copy of the text of the key.
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if a size is impossible or the registry cannot be
/// used, or REGGIE_INVALID_CLIENT_CERTIFICATE.
reggie_status reggie_config_add_client_certificate_memory(reggie_config *config,
                                                          const char *registry,
                                                          const uint8_t *certificate,
                                                          size_t certificate_size,
                                                          const uint8_t *key,
                                                          size_t key_size,
                                                          reggie_error **error);

/// Sets what decides on the certificates of servers, after the client has
/// verified them, and whatever it found.
///
/// That a server owns the key of the certificate it shows is always verified.
/// With reggie_config_set_insecure_skip_tls_verify() the client finds nothing
/// to refuse. While a callback is set, no TLS session is resumed, so that each
/// connection asks it. A `callback` of NULL removes it, and frees `userdata`.
/// Clients that were made before keep the earlier callback, and so do their
/// responses whose body is still to be read; the last of them frees its
/// userdata. Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_certificate_callback(reggie_config *config,
                                                     reggie_certificate_callback callback,
                                                     void *userdata,
                                                     reggie_free_callback free_userdata);

/// Looks into a folder that has folders for hosts, as the certs.d of Docker
/// and of containers do. A host's is called by its name or address and port,
/// such as "registry.example:5000"; for port 443 also without the port.
///
/// In it, the files that end in .crt have certificates to trust for this host
/// and port beside the others, and a file that ends in .cert and one of the
/// same name that ends in .key are a client certificate for it, as
/// reggie_config_add_client_certificate_file() takes them. It is read when a
/// client first needs the host: the client's own with https, when the client
/// is made. If it cannot be read or used, the call fails with
/// REGGIE_INVALID_CERTIFICATES or REGGIE_INVALID_CLIENT_CERTIFICATE, and the
/// error names the file. May be called for several folders: for a host, the
/// first that has a folder for it counts.
///
/// `path` is any bytes without NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_INVALID_CERTIFICATES,
/// with the errno in the error, if it is no folder that can be read.
reggie_status reggie_config_add_certs_folder(reggie_config *config,
                                             const char *path,
                                             reggie_error **error);

/// Looks for folders of hosts where Docker and containers have them if `usual`
/// is not 0, after those of reggie_config_add_certs_folder():
/// $HOME/.config/containers/certs.d, /etc/containers/certs.d,
/// $HOME/.config/docker/certs.d and /etc/docker/certs.d, of which those that
/// are missing or closed to the user are passed over. Unless set, 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_use_certs_folders(reggie_config *config, int usual);

/// Sets the oldest version of TLS that is spoken: REGGIE_TLS_1_2, which it is
/// unless set, or REGGIE_TLS_1_3.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// version is none of those.
reggie_status reggie_config_set_min_tls_version(reggie_config *config,
                                                int version);

/// Appends the secrets of all TLS sessions to the file that the environment
/// variable SSLKEYLOGFILE names if `key_log` is not 0: whoever has that file
/// can read what is sent. For debugging. Where the variable is not set, nothing
/// is written; where the file cannot be opened, reggie_client_new() returns
/// REGGIE_FILE. Unless set, 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_key_log(reggie_config *config, int key_log);

/// Makes a client. Nothing is sent.
///
/// `address` is an http or https URL with a host, such as
/// "https://registry.example:5000", with or without a path, to which the paths
/// of requests are appended; it has no user name, query or fragment. Or it is
/// "unix:///path" for a registry that listens on that socket of this host; it
/// is called localhost there, and URLs of it begin with "http+unix://" and the
/// percent-encoded path, which count only where the caller gives them.
/// `config` is copied; NULL means the defaults. What the environment says about
/// proxies and TLS is read now, and with https the trusted certificates.
///
/// On REGGIE_OK, `client` is the caller's, who frees it with
/// reggie_client_free(). Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_ADDRESS, REGGIE_INVALID_CERTIFICATES,
/// REGGIE_INVALID_CLIENT_CERTIFICATE, REGGIE_INVALID_CREDENTIALS_FILE,
/// REGGIE_INVALID_PROXY for a variable of the environment, REGGIE_FILE or
/// REGGIE_TLS.
reggie_status reggie_client_new(const char *address,
                                const reggie_config *config,
                                reggie_client **client,
                                reggie_error **error);

/// Makes a client of the same registry with other settings. Nothing is sent.
///
/// It shares connections with `client` where their settings of TLS, proxies and
/// addresses are the same, tokens where those of credentials are, and cookies
/// where both keep them. `config` is copied; NULL means the defaults. Both
/// clients can be used at once, and freed in any order.
///
/// On REGGIE_OK, `other` is the caller's, who frees it with
/// reggie_client_free(). Otherwise returns REGGIE_NULL_ARGUMENT, or what
/// reggie_client_new() returns for settings.
reggie_status reggie_client_derive(const reggie_client *client,
                                   const reggie_config *config,
                                   reggie_client **other,
                                   reggie_error **error);

/// Frees a client. NULL is ignored. No call with it may be running.
void reggie_client_free(reggie_client *client);

/// Sets the repository that <name> means in the paths of requests that have no
/// name of their own. Requests that were made before keep the earlier one.
///
/// Safe on any thread, also while others use the client. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_VALUE.
reggie_status reggie_client_set_default_name(const reggie_client *client,
                                             const char *name);

/// Sends a request and receives the answer, whose body goes where the
/// request's output says: unless set, to memory.
///
/// A challenge of the registry is answered and the request sent once more;
/// redirects are followed, up to 20. An HTTP status such as 404 is no failure:
/// this returns REGGIE_OK whenever an answer came whole. A 401 is the answer
/// where there are no credentials, or none that the registry accepts.
///
/// Waits no longer than the time limits of the client and of the request allow,
/// and until the request's cancel is triggered; both hold while the body is
/// received too. Calls back the callbacks of the request and of the client's
/// settings. The request may be sent again afterwards.
///
/// On REGGIE_OK, `response` is the caller's, who frees it with
/// reggie_response_free(). Otherwise returns REGGIE_NULL_ARGUMENT;
/// REGGIE_INVALID_PATH or REGGIE_MISSING_VALUE if the path does not make a URL;
/// REGGIE_INVALID_HEADER or REGGIE_LENGTH_MISMATCH if the header does not suit
/// the request; REGGIE_INVALID_CERTIFICATES or REGGIE_INVALID_CLIENT_CERTIFICATE
/// if a folder of certificates for the host cannot be used;
/// REGGIE_INVALID_CREDENTIALS_FILE if a file of credentials has become one that
/// cannot; REGGIE_BUSY; REGGIE_CANCELLED, REGGIE_DEADLINE if the call took too
/// long as a whole, REGGIE_TIMEOUT if one of its steps did; or any other status
/// from REGGIE_NO_MEMORY on but REGGIE_NO_ERRORS.
reggie_status reggie_client_do(const reggie_client *client,
                               reggie_request *request,
                               reggie_response **response,
                               reggie_error **error);

/// Sends a request and returns when the header fields of the answer are here;
/// reggie_response_read() then gives the body, whatever the HTTP status, and
/// however long it is. The request's output has no say.
///
/// As reggie_client_do() in all else. The connection is in use until the body
/// has been read to its end or the response is freed, which closes it. So long,
/// the time limits and the cancel of the call hold: reggie_response_read() fails
/// with REGGIE_CANCELLED, REGGIE_DEADLINE or REGGIE_TIMEOUT as this does.
reggie_status reggie_client_open(const reggie_client *client,
                                 reggie_request *request,
                                 reggie_response **response,
                                 reggie_error **error);

/// Makes a request.
///
/// `method` is a token (RFC 9110, section 9.1), such as REGGIE_GET; its case
/// matters, and CONNECT is refused. `path` begins with "/" and is appended to
/// the client's address; or it is a whole http or https URL, which is taken as
/// it is, while credentials go to the client's own registry only. These
/// placeholders in it are replaced when the request is sent: <name>,
/// <reference>, <digest> and <session_id>. A path without them, such as one of
/// reggie_response_relative_location(), is sent as it is.
///
/// On REGGIE_OK, `request` is the caller's, who frees it with
/// reggie_request_free(); it has a copy of the client's default name and does
/// not need the client any more. Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_METHOD or REGGIE_INVALID_PATH.
reggie_status reggie_request_new(const reggie_client *client,
                                 const char *method,
                                 const char *path,
                                 reggie_request **request,
                                 reggie_error **error);

/// Frees a request and the userdata of its callbacks. NULL is ignored, and so
/// is a request that is being sent.
void reggie_request_free(reggie_request *request);

/// Sets the method, as for reggie_request_new().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_METHOD or REGGIE_BUSY.
reggie_status reggie_request_set_method(reggie_request *request,
                                        const char *method);

/// The method. Returns a borrowed text, NULL for NULL.
const char *reggie_request_method(const reggie_request *request);

/// Sets the path, as for reggie_request_new(). Query parameters that were set
/// stay.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_PATH or REGGIE_BUSY.
reggie_status reggie_request_set_path(reggie_request *request,
                                      const char *path);

/// The path as it was set, with its placeholders. Returns a borrowed text, NULL
/// for NULL.
const char *reggie_request_path(const reggie_request *request);

/// Sets the repository that <name> means, such as "myorg/myrepo", in place of
/// the client's default name.
///
/// It may have slashes in it. Empty values and segments, the segments "." and
/// "..", control characters, white space and the characters ? # % < > \ and "
/// are refused, here and in the other values. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, REGGIE_INVALID_VALUE or
/// REGGIE_BUSY.
reggie_status reggie_request_set_name(reggie_request *request,
                                      const char *name);

/// The repository that <name> means: the request's own, else the default name
/// that the client had when the request was made.
///
/// Returns a borrowed text; NULL if there is neither, and for NULL.
const char *reggie_request_name(const reggie_request *request);

/// Sets the tag or digest that <reference> means, such as "latest".
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_VALUE or REGGIE_BUSY.
reggie_status reggie_request_set_reference(reggie_request *request,
                                           const char *reference);

/// What <reference> means. Returns a borrowed text; NULL if it was not set, and
/// for NULL.
const char *reggie_request_reference(const reggie_request *request);

/// Sets the digest that <digest> means, such as "sha256:e3b0c442...".
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_VALUE or REGGIE_BUSY.
reggie_status reggie_request_set_digest(reggie_request *request,
                                        const char *digest);

/// What <digest> means. Returns a borrowed text; NULL if it was not set, and
/// for NULL.
const char *reggie_request_digest(const reggie_request *request);

/// Sets the upload session that <session_id> means.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_VALUE or REGGIE_BUSY.
reggie_status reggie_request_set_session_id(reggie_request *request,
                                            const char *session_id);

/// What <session_id> means. Returns a borrowed text; NULL if it was not set,
/// and for NULL.
const char *reggie_request_session_id(const reggie_request *request);

/// Gives the URL that the request goes to, its placeholders replaced and its
/// query parameters appended.
///
/// On REGGIE_OK, `url` is the caller's, who frees it with
/// reggie_string_free(). Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_PATH, REGGIE_MISSING_VALUE if a placeholder has no value, or
/// REGGIE_BUSY.
reggie_status reggie_request_url(const reggie_request *request,
                                 char **url,
                                 reggie_error **error);

/// Sets what is called when the server has answered with a challenge, before
/// the request is sent again. A `callback` of NULL removes it, and frees
/// `userdata`.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_retry_callback(reggie_request *request,
                                                reggie_retry_callback callback,
                                                void *userdata,
                                                reggie_free_callback free_userdata);

/// Whether a challenge of the server is answered. If `follow` is 0, a 401 is
/// the answer. Unless set, 1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_follow_challenge(reggie_request *request,
                                                  int follow);

/// Sets a header in place of all of that name, whatever its case.
///
/// `name` is a token (RFC 9110, section 5.1), its case kept. `value` is bytes
/// without control characters but the tab, and neither begins nor ends with a
/// blank; it may be empty. Transfer-Encoding and Expect cannot be set; a
/// Content-Length must be that of the body. An Authorization is sent to the
/// client's own registry only, and gives way to a challenge.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER or REGGIE_BUSY.
reggie_status reggie_request_set_header(reggie_request *request,
                                        const char *name,
                                        const char *value);

/// Adds a header beside those of that name, as for reggie_request_set_header().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER or REGGIE_BUSY.
reggie_status reggie_request_add_header(reggie_request *request,
                                        const char *name,
                                        const char *value);

/// Removes all headers of a name, whatever its case; none is no failure.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_BUSY.
reggie_status reggie_request_remove_header(reggie_request *request,
                                           const char *name);

/// How many headers were set, without those that the library adds; a name that
/// stands twice counts twice. 0 for NULL.
size_t reggie_request_headers_count(const reggie_request *request);

/// The name of the header at `index`, from 0 on.
///
/// Returns a borrowed text; NULL where there is no such header, and for NULL.
const char *reggie_request_header_name(const reggie_request *request,
                                       size_t index);

/// The value of the header at `index`, from 0 on.
///
/// Returns a borrowed text; NULL where there is no such header, and for NULL.
const char *reggie_request_header_value(const reggie_request *request,
                                        size_t index);

/// The first value of a header that was set, whatever the case of its name.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_request_header(const reggie_request *request,
                                  const char *name);

/// How many headers of a name were set, whatever its case; 0 for NULL.
size_t reggie_request_header_count(const reggie_request *request,
                                   const char *name);

/// The value at `index`, from 0 on, among the headers of a name, whatever its
/// case.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_request_header_at(const reggie_request *request,
                                     const char *name,
                                     size_t index);

/// Sets a query parameter in place of all of that name.
///
/// Both are taken as they are and percent-encoded when they are sent (RFC 3986,
/// section 3.4), after the query that the path itself may have, which stays
/// byte for byte. The case of `name` matters, and it is not empty; `value` may
/// be.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the name is empty, or REGGIE_BUSY.
reggie_status reggie_request_set_query(reggie_request *request,
                                       const char *name,
                                       const char *value);

/// Adds a query parameter beside those of that name, as for
/// reggie_request_set_query().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the name is empty, or REGGIE_BUSY.
reggie_status reggie_request_add_query(reggie_request *request,
                                       const char *name,
                                       const char *value);

/// Removes all query parameters of a name that were set; none is no failure.
/// Those in the path itself stay.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_BUSY.
reggie_status reggie_request_remove_query(reggie_request *request,
                                          const char *name);

/// How many query parameters were set; 0 for NULL.
size_t reggie_request_query_count(const reggie_request *request);

/// The name of the query parameter at `index`, from 0 on, not encoded.
///
/// Returns a borrowed text; NULL where there is no such parameter, and for
/// NULL.
const char *reggie_request_query_name(const reggie_request *request,
                                      size_t index);

/// The value of the query parameter at `index`, from 0 on, not encoded.
///
/// Returns a borrowed text; NULL where there is no such parameter, and for
/// NULL.
const char *reggie_request_query_value(const reggie_request *request,
                                       size_t index);

/// The first value of a query parameter that was set, not encoded.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_request_query(const reggie_request *request,
                                 const char *name);

/// Sends `size` bytes from memory, which are copied.
///
/// `bytes` may be NULL if `size` is 0: a body of no bytes is a body. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the size is
/// impossible, REGGIE_NO_MEMORY or REGGIE_BUSY.
reggie_status reggie_request_set_body(reggie_request *request,
                                      const uint8_t *bytes,
                                      size_t size);

/// Sends `size` bytes from memory, which are not copied.
///
/// The bytes must stay valid and unchanged until `free_userdata` is called, as
/// described at reggie_free_callback: when another body takes their place, when
/// the request is freed, or, if this function fails, before it returns.
/// `userdata` is what that callback needs to release them; it may be `bytes`
/// itself. `bytes` may be NULL if `size` is 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is larger than any object can be, or REGGIE_BUSY.
reggie_status reggie_request_set_body_borrowed(reggie_request *request,
                                               const uint8_t *bytes,
                                               size_t size,
                                               void *userdata,
                                               reggie_free_callback free_userdata);

/// Sends the content of a regular file, which is opened each time that the
/// request is sent.
///
/// `path` is any bytes without NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_BUSY.
reggie_status reggie_request_set_body_path(reggie_request *request,
                                           const char *path);

/// Sends part of a regular file: `length` bytes from `offset` on; or, if
/// `length` is REGGIE_UNKNOWN_SIZE, all from `offset` to the end of the file.
///
/// The file is opened each time the request is sent. If it is shorter than the
/// part requires, reggie_client_do() and reggie_client_open() send nothing and
/// return REGGIE_BODY_LENGTH. `path` may be any bytes except NUL. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path is empty
/// or the sum of offset and length is too large, or REGGIE_BUSY.
reggie_status reggie_request_set_body_path_section(reggie_request *request,
                                                   const char *path,
                                                   uint64_t offset,
                                                   uint64_t length);

/// Sends what a file descriptor gives: `length` bytes from where it stands
/// now; or, if `length` is REGGIE_UNKNOWN_SIZE, all until its end, in chunks
/// (RFC 9112, section 7.1), which many registries refuse.
///
/// The descriptor stays the caller's and open until the request has been sent.
/// Where it can seek, its offset does not move; where it cannot, what was sent
/// cannot be sent again, as after a challenge. It may be non-blocking. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_BUSY, or REGGIE_FILE if it is not
/// open.
reggie_status reggie_request_set_body_fd(reggie_request *request,
                                         int fd,
                                         uint64_t length,
                                         reggie_error **error);

/// Sends part of a regular file that is open: `length` bytes from `offset` on,
/// counted from the beginning of the file; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, all from `offset` to the end of the file.
///
/// The caller keeps the descriptor, and must keep it open until the request has
/// been sent. Its file offset is neither used nor moved: several requests can
/// send parts of one descriptor at the same time. If the file is shorter than
/// the part requires, reggie_client_do() and reggie_client_open() send nothing
/// and return REGGIE_BODY_LENGTH. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the sum of offset and length is too large,
/// REGGIE_FILE if the descriptor is not open or not a regular file, or
/// REGGIE_BUSY.
reggie_status reggie_request_set_body_fd_section(reggie_request *request,
                                                 int fd,
                                                 uint64_t offset,
                                                 uint64_t length,
                                                 reggie_error **error);

/// Sends what a callback supplies: `length` bytes; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, all until its end, in chunks (RFC 9112, section 7.1),
/// which many registries refuse.
///
/// `rewind` is called when the body has to be sent again, as after a
/// challenge; if it is NULL, the call then fails with
/// REGGIE_BODY_NOT_REWINDABLE. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if the
/// request or `read` is NULL, or REGGIE_BUSY.
reggie_status reggie_request_set_body_callback(reggie_request *request,
                                               reggie_read_callback read,
                                               reggie_rewind_callback rewind,
                                               uint64_t length,
                                               void *userdata,
                                               reggie_free_callback free_userdata);

/// Sends no body, as unless one is set. POST, PUT and PATCH then say that its
/// length is 0 (RFC 9110, section 8.6).
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_remove_body(reggie_request *request);

/// Keeps the body of the response in memory, up to the size set by
/// reggie_config_set_max_body_memory(). This is the default.
///
/// All outputs apply to responses whose HTTP status is 2xx; the body of any
/// other response is kept in memory. They do not apply to a 204 response or to
/// the response to a HEAD request, which have no body. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_output_memory(reggie_request *request);

/// Writes the body of a 2xx response to a file, which appears, or replaces an
/// existing file, once the body is complete.
///
/// Until then, the body is written to a temporary file in the same directory,
/// which is removed on failure. A call that fails leaves an existing file
/// unchanged. A new file is created as by open(2) with mode 0666; a file that is
/// replaced keeps its mode. The last component of the path must not be a
/// symbolic link, and only a regular file that belongs to the user is replaced;
/// otherwise the call returns REGGIE_FILE.
///
/// A 206 response has only part of the content and would replace all of the
/// file: the call returns REGGIE_PARTIAL_CONTENT. Use
/// reggie_request_set_output_fd() for ranges.
///
/// `path` may be any bytes except NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_BUSY.
reggie_status reggie_request_set_output_path(reggie_request *request,
                                             const char *path);

/// Writes the body of a 2xx answer to a file descriptor, from where it stands.
///
/// The descriptor stays the caller's and open until the request has been sent.
/// It may be non-blocking; one whose other end is closed is a failure and
/// raises no SIGPIPE. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_output_fd(reggie_request *request, int fd);

/// Hands the body of a 2xx answer to a callback, piece by piece.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if the request or `write` is NULL,
/// or REGGIE_BUSY.
reggie_status reggie_request_set_output_callback(reggie_request *request,
                                                 reggie_write_callback write,
                                                 void *userdata,
                                                 reggie_free_callback free_userdata);

/// Sets the digest that the response body must have, such as
/// "sha256:e3b0c442..."; NULL removes it.
///
/// The digest is computed while the body is received. If it differs, the call
/// fails with REGGIE_DIGEST_MISMATCH, and the message contains both digests: no
/// file appears under an output path, an existing file is unchanged, and no
/// response is returned for a body in memory. A descriptor, a callback, and
/// reggie_response_read() after reggie_client_open() receive the body as it
/// arrives, except for the last 64 KiB, or all of a shorter body, which follow
/// only after verification. They must not trust what they received until the
/// call, or the read that returns 0 bytes, has returned REGGIE_OK.
///
/// Only a complete body is verified: that of a 2xx response. Not verified are
/// the body of any other response, such as the error list of a 404, which can be
/// read as usual, so check the HTTP status; a 204 response and the response to a
/// HEAD request, which have no body; the header fields; and, in any case, the
/// responses to requests without an expected digest. A 206 response has only
/// part of the content: the call fails with REGGIE_PARTIAL_CONTENT before
/// anything is delivered.
///
/// The algorithms are REGGIE_SHA256, REGGIE_SHA384 and REGGIE_SHA512. The digest
/// is that of the body as it was sent, in its content coding if it has one.
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if the request is NULL,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_DIGEST or REGGIE_BUSY.
reggie_status reggie_request_set_expected_digest(reggie_request *request,
                                                 const char *digest);

/// Sets how many further tries this request has, as
/// reggie_config_set_retries() does for all: 0 to 1000, 0 for none, or -1, as
/// unless set, for as many as the client's other requests have.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the
/// number is out of range, or REGGIE_BUSY.
reggie_status reggie_request_set_retries(reggie_request *request, int tries);

/// Sets the progress callback, from the next call on. A `callback` of NULL
/// removes it, and frees `userdata`.
///
/// While bytes of a body move, the callback is called at most every 100 ms.
/// While nothing moves, it is called once a second, whatever the call waits
/// for: a name server, a connection, the response, a token, the next retry. So
/// the program can check for signals. It is called once more when the response
/// body has been received, which may be the only time in a short call. The
/// bodies of token requests are not counted.
///
/// The callback runs on the thread that called reggie_client_do(),
/// reggie_client_open() or reggie_response_read(), and only during such a call.
/// `userdata` is freed when the callback is replaced or the request is freed,
/// but not before the response of reggie_client_open() is freed.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_progress_callback(reggie_request *request,
                                                   reggie_transfer_callback callback,
                                                   void *userdata,
                                                   reggie_free_callback free_userdata);

/// Sets how long a call with this request may take as a whole, as
/// reggie_config_set_timeout() does for all. Unless set, the client's.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is below 0, or REGGIE_BUSY.
reggie_status reggie_request_set_timeout(reggie_request *request,
                                         int64_t milliseconds);

/// Sets how long a server may take from the last byte of this request to the
/// first of its answer, as reggie_config_set_first_byte_timeout() does for all.
/// Unless set, the client's.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is below 0, or REGGIE_BUSY.
reggie_status reggie_request_set_first_byte_timeout(reggie_request *request,
                                                    int64_t milliseconds);

/// Sets the same where the registry has to store something for this request, as
/// reggie_config_set_commit_timeout() does for all. Unless set, the client's.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is below 0, or REGGIE_BUSY.
reggie_status reggie_request_set_commit_timeout(reggie_request *request,
                                                int64_t milliseconds);

/// Sets the least that has to move, up or down, while a call with this request
/// waits for the server, as reggie_config_set_stall_limit() does for all. Unless
/// set, the client's.
///
/// A rate or a window of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the window is below 0, or REGGIE_BUSY.
reggie_status reggie_request_set_stall_limit(reggie_request *request,
                                             uint64_t bytes_per_second,
                                             int64_t window_ms);

/// Makes a handle that was not triggered.
///
/// On REGGIE_OK, `cancel` is the caller's, who frees it with
/// reggie_cancel_free(). Otherwise returns REGGIE_NULL_ARGUMENT, or
/// REGGIE_NO_MEMORY where the system gives no descriptor, with the errno in the
/// error.
reggie_status reggie_cancel_new(reggie_cancel **cancel, reggie_error **error);

/// Frees a handle. NULL is ignored. Requests that have it keep it, and calls
/// that use it go on, and can no longer be cancelled unless they were.
void reggie_cancel_free(reggie_cancel *cancel);

/// Ends the calls that use the handle: they return REGGIE_CANCELLED, also those
/// that begin later. Does nothing the second time, and nothing for NULL.
///
/// Safe on any thread and in a signal handler (async-signal-safe as in POSIX,
/// signal-safety(7)): takes no lock, allocates nothing, keeps errno. A call that
/// waits for the network, or for a descriptor of the caller's, returns within
/// milliseconds; one that is in a callback returns when the callback has.
void reggie_cancel_trigger(const reggie_cancel *cancel);

/// Whether the handle was triggered: 1 or 0; 0 for NULL. Safe in a signal
/// handler.
int reggie_cancel_is_triggered(const reggie_cancel *cancel);

/// Sets what ends the calls that send the request, and the reading of the bodies
/// of their responses. NULL removes it. Calls that have begun keep what they
/// have. Unless set, none.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_cancel(reggie_request *request,
                                        const reggie_cancel *cancel);

/// Frees a response, and closes its connection if its body was not read to its
/// end. NULL is ignored. No call with it may be running.
void reggie_response_free(reggie_response *response);

/// The HTTP status (RFC 9110, section 15), such as 200; 0 for NULL.
int reggie_response_status(const reggie_response *response);

/// The version of HTTP that the server answered with, such as "HTTP/1.1".
///
/// Returns a borrowed text, NULL for NULL.
const char *reggie_response_http_version(const reggie_response *response);

/// How many header fields there are; a name that stands twice counts twice.
/// 0 for NULL.
size_t reggie_response_headers_count(const reggie_response *response);

/// The name of the header field at `index`, from 0 on, as the server wrote it.
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
const char *reggie_response_header_name(const reggie_response *response,
                                        size_t index);

/// The value of the header field at `index`, from 0 on. It may be any bytes,
/// not only UTF-8 (RFC 9110, section 5.5).
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
const char *reggie_response_header_value(const reggie_response *response,
                                         size_t index);

/// The first value of a header, whatever the case of its name.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_response_header(const reggie_response *response,
                                   const char *name);

/// How many header fields of a name there are, whatever its case; 0 for NULL.
size_t reggie_response_header_count(const reggie_response *response,
                                    const char *name);

/// The value at `index`, from 0 on, among the header fields of a name,
/// whatever its case.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_response_header_at(const reggie_response *response,
                                      const char *name,
                                      size_t index);

/// The body, where it is kept in memory. A NUL stands behind it, which is no
/// part of it: a body that is text can be used as a string.
///
/// Returns borrowed bytes, reggie_response_body_length() of them; none where
/// the body went elsewhere or is still to be read. NULL for NULL only.
const uint8_t *reggie_response_body(const reggie_response *response);

/// How many bytes reggie_response_body() has, without the NUL behind them; 0
/// for NULL.
size_t reggie_response_body_length(const reggie_response *response);

/// The length of the body in bytes as the server announced it; or
/// REGGIE_UNKNOWN_SIZE where it did not, where there can be no body, and for
/// NULL.
uint64_t reggie_response_content_length(const reggie_response *response);

/// Where the Location header points to (RFC 9110, section 10.2.2), as a path
/// with its query, less the path of the client's address: such that it can be
/// the path of the next request, as it is.
///
/// Returns a borrowed text; NULL without such a header, where it points to
/// another server, and for NULL.
const char *reggie_response_relative_location(const reggie_response *response);

/// Where the Location header points to (RFC 9110, section 10.2.2), as a whole
/// URL, whichever form it had. It can be the path of the next request.
///
/// Returns a borrowed text; NULL without such a header, and for NULL.
const char *reggie_response_absolute_location(const reggie_response *response);

/// Whether the HTTP status is 401: 1 if so, 0 if not, and for NULL.
int reggie_response_is_unauthorized(const reggie_response *response);

/// Reads the registry's error list from the body, which is kept in memory
/// (OCI Distribution Specification, Error Codes). The body stays as it is.
///
/// On REGGIE_OK, `errors` is the caller's, who frees it with
/// reggie_errors_free(). Otherwise returns REGGIE_NULL_ARGUMENT; REGGIE_BUSY
/// while the body is read; or REGGIE_NO_ERRORS if the body is not kept in
/// memory, is not JSON or has no error list, with the HTTP status in the error.
reggie_status reggie_response_errors(const reggie_response *response,
                                     reggie_errors **errors,
                                     reggie_error **error);

/// Whether the registry did what it was asked for: REGGIE_OK if the HTTP status
/// is a 2xx (RFC 9110, section 15.3), otherwise REGGIE_HTTP_STATUS.
///
/// The error then has the HTTP status, the host, the code of the first error in
/// the registry's error list, where the body is kept in memory and has one, and
/// the time to wait of Retry-After, where there is one; its message has the
/// status and that error's code and message. The response stays as it is.
/// Otherwise returns REGGIE_NULL_ARGUMENT, or REGGIE_BUSY while the body is
/// read.
reggie_status reggie_response_check(const reggie_response *response,
                                    reggie_error **error);

/// Replaces the body by `size` bytes from memory, which are copied. For a body
/// that the program has read with reggie_response_read(), and decompressed if
/// necessary: reggie_response_errors() and reggie_response_check() then use it.
/// The unread rest of the body is lost, and its connection closed. A pointer
/// from reggie_response_body() becomes invalid.
///
/// `bytes` may be NULL if `size` is 0. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the size is impossible, REGGIE_NO_MEMORY, or
/// REGGIE_BUSY while the body is read.
reggie_status reggie_response_set_body(reggie_response *response,
                                       const uint8_t *bytes,
                                       size_t size);

/// Reads on in the body: up to `size` bytes into `buffer`. Waits until there
/// are some. For a response of reggie_client_open(); where the body is kept in
/// memory, it reads from there.
///
/// The time limits and the cancel of the call that made the response go on
/// holding until the body's end, be there bytes or not; time that passes between
/// the calls counts for the call as a whole.
///
/// On REGGIE_OK, `got` is how many bytes were read, 0 at the end of the body
/// and where `size` is 0. Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the size is impossible, REGGIE_BUSY,
/// REGGIE_CANCELLED, REGGIE_DEADLINE if the call took too long as a whole,
/// REGGIE_TIMEOUT if too little came, REGGIE_RECEIVE, REGGIE_TRUNCATED if the
/// server closed the connection early, REGGIE_TLS, REGGIE_PROTOCOL or
/// REGGIE_DIGEST_MISMATCH, see reggie_request_set_expected_digest(); the rest of
/// the body is then lost.
reggie_status reggie_response_read(reggie_response *response,
                                   uint8_t *buffer,
                                   size_t size,
                                   size_t *got,
                                   reggie_error **error);

/// Where the next page of a list is (Link, RFC 8288), as a path with its query,
/// less the path of the client's address: such that it can be the path of the
/// next request, as it is.
///
/// Returns a borrowed text; NULL on the last page, where the next is at another
/// server, and for NULL.
const char *reggie_response_next_page(const reggie_response *response);

/// The range of bytes that the response tells of, both ends in it: what the
/// registry has of an upload (Range, OCI Distribution Specification, Pushing a
/// blob in chunks); or, where the HTTP status is 206, what the body is of the
/// blob (Content-Range, RFC 9110, section 14.4).
///
/// A registry that has nothing yet may say so by no range, or by 0 and 0, as if
/// it had one byte. On REGGIE_OK, `first` and `last` are set. Otherwise returns
/// REGGIE_NULL_ARGUMENT or REGGIE_NO_HEADER.
reggie_status reggie_response_range(const reggie_response *response,
                                    uint64_t *first,
                                    uint64_t *last);

/// How long the server wants to be left alone (Retry-After, RFC 9110, section
/// 10.2.3), in milliseconds from when the response came; 0 where that time has
/// passed, at most a year.
///
/// Returns -1 if it did not say so, and for NULL.
int64_t reggie_response_retry_after(const reggie_response *response);

/// How many requests the registry lets pass: `limit` in all, of which
/// `remaining` are left, in a window of `window_seconds`; as the headers
/// RateLimit-Limit and RateLimit-Remaining tell, or X-RateLimit-Limit and
/// X-RateLimit-Remaining. Each is -1 if it was not told.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_NO_HEADER if neither the
/// limit nor what remains was told.
reggie_status reggie_response_rate_limit(const reggie_response *response,
                                         int64_t *limit,
                                         int64_t *remaining,
                                         int64_t *window_seconds);

/// How many warnings the response has; 0 for NULL.
size_t reggie_response_warnings_count(const reggie_response *response);

/// The warning at `index`, from 0 on (Warning, RFC 7234, section 5.5, as the
/// OCI Distribution Specification has it): a text for people, on one line, each
/// once, 4096 bytes of all together at most.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
const char *reggie_response_warning(const reggie_response *response,
                                    size_t index);

/// The whole URL that answered, after redirects. Its query may be a secret,
/// such as a signature.
///
/// Returns a borrowed text, NULL for NULL.
const char *reggie_response_url(const reggie_response *response);

/// How often something was sent for this response: to the registry, to token
/// servers, along redirects, and once more over another connection. At least 1;
/// 0 for NULL.
size_t reggie_response_sends(const reggie_response *response);

/// Whether the response came over a connection that had served another request
/// before: 1 if so, 0 if not, and for NULL.
int reggie_response_is_reused(const reggie_response *response);

/// The address that the response came from, with its port, such as
/// "192.0.2.1:443", an IPv6 address in brackets: of the server, or of the proxy where
/// the connection is with one.
///
/// Returns a borrowed text; NULL for a socket of this host, and for NULL.
const char *reggie_response_remote_address(const reggie_response *response);

/// How long something took, in microseconds: `which` is one of
/// REGGIE_TIME_RESOLVE, REGGIE_TIME_CONNECT and REGGIE_TIME_TLS, which are of
/// the connection that the response came over, and 0 where it was there before;
/// REGGIE_TIME_FIRST_BYTE, of the send that was answered; or
/// REGGIE_TIME_TOTAL, of the whole call, with all that was sent in it. A call
/// of reggie_client_open() ends before the body.
///
/// -1 if `which` is none of those, and for NULL.
int64_t reggie_response_time(const reggie_response *response, int which);

/// How many bytes of the body have been received so far, wherever they went:
/// while it is read by reggie_response_read(), what that has given; of a
/// response of reggie_client_do(), all. 0 for NULL.
uint64_t reggie_response_body_size(const reggie_response *response);

/// Frees an error list. NULL is ignored.
void reggie_errors_free(reggie_errors *errors);

/// How many errors there are, at least one; 0 for NULL.
size_t reggie_errors_count(const reggie_errors *errors);

/// The code of the error at `index`, from 0 on, such as "NAME_UNKNOWN".
/// Registries have codes of their own beside those of the specification.
///
/// Returns a borrowed text, "" if the server sent none; NULL where there is no
/// such error, and for NULL.
const char *reggie_errors_code(const reggie_errors *errors, size_t index);

/// What the registry says about the error at `index`, for a person.
///
/// Returns a borrowed text, "" if the server sent none; NULL where there is no
/// such error, and for NULL.
const char *reggie_errors_message(const reggie_errors *errors, size_t index);

/// More about the error at `index`, as JSON text, whose form differs from
/// registry to registry.
///
/// Returns a borrowed text, "" if the server sent none; NULL where there is no
/// such error, and for NULL.
const char *reggie_errors_detail(const reggie_errors *errors, size_t index);

/// Computes the digest of `size` bytes in memory, such as "sha256:e3b0c442..."
/// (OCI Image Specification, Digests).
///
/// `algorithm` is REGGIE_SHA256, REGGIE_SHA384 or REGGIE_SHA512. `bytes` may be
/// NULL if `size` is 0. On REGGIE_OK, `digest` is the caller's, who frees it
/// with reggie_string_free(). Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT if the size is impossible, or
/// REGGIE_UNKNOWN_ALGORITHM.
reggie_status reggie_digest_bytes(const char *algorithm,
                                  const uint8_t *bytes,
                                  size_t size,
                                  char **digest,
                                  reggie_error **error);

/// Computes the digest of a file's content, which is read in parts.
///
/// `algorithm` as for reggie_digest_bytes(); `path` is any bytes without NUL.
/// On REGGIE_OK, `digest` is the caller's, who frees it with
/// reggie_string_free(). Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT if the path is empty,
/// REGGIE_UNKNOWN_ALGORITHM, REGGIE_NO_MEMORY, or REGGIE_FILE with the errno in
/// the error.
reggie_status reggie_digest_file(const char *algorithm,
                                 const char *path,
                                 char **digest,
                                 reggie_error **error);

/// Begins a digest of content that comes in parts.
///
/// `algorithm` as for reggie_digest_bytes(). On REGGIE_OK, `digester` is the
/// caller's, who frees it with reggie_digester_free(). Otherwise returns
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_UNKNOWN_ALGORITHM.
reggie_status reggie_digester_new(const char *algorithm,
                                  reggie_digester **digester,
                                  reggie_error **error);

/// Appends `size` bytes of content. `bytes` may be NULL if `size` is 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// digester is finished or the size is impossible.
reggie_status reggie_digester_update(reggie_digester *digester,
                                     const uint8_t *bytes,
                                     size_t size);

/// Gives the digest of all content, such as "sha256:e3b0c442...". The digester
/// is then finished: it can only be freed.
///
/// On REGGIE_OK, `digest` is the caller's, who frees it with
/// reggie_string_free(). Otherwise returns REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if the digester is finished.
reggie_status reggie_digester_finish(reggie_digester *digester,
                                     char **digest,
                                     reggie_error **error);

/// Frees a digester, finished or not. NULL is ignored.
void reggie_digester_free(reggie_digester *digester);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* REGGIE_H */
