/**
 * @mainpage libreggie: a client for OCI registries
 *
 * libreggie implements the OCI Distribution Specification. It pulls and pushes
 * images, artifacts and other content, and handles everything between a program and
 * a registry: challenges, tokens, redirects, upload sessions, digests, retries and
 * the registry's errors. Most programs need only calls about content, such as this
 * one:
 *
 *     reggie_repository *repository = NULL;
 *     reggie_manifest *image = NULL;
 *     reggie_error *error = NULL;
 *
 *     reggie_status status = reggie_repository_open(
 *         "registry.example/org/app:1.2", NULL, &repository, &error);
 *
 *     if (status == REGGIE_OK)
 *         status = reggie_manifest_pull(repository, NULL, NULL, &image, &error);
 *     if (status == REGGIE_OK)
 *         printf("%s\n", reggie_descriptor_digest(reggie_manifest_descriptor(image)));
 *     else
 *         fprintf(stderr, "%s\n", error ? reggie_error_message(error)
 *                                       : reggie_status_string(status));
 *
 *     reggie_error_free(error);
 *     reggie_manifest_free(image);
 *     reggie_repository_free(repository);
 *
 * For everything else that a registry serves, a program sends requests of its own:
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
 * The following applies to all functions.
 *
 * Errors
 * ------
 *
 * Functions that can fail return a reggie_status: REGGIE_OK, which is 0, or the
 * reason for the failure. Functions that create a handle, perform input or output,
 * call callbacks, or parse a URL, a certificate or a response body have a last
 * parameter `error`, which may be NULL. `*error` is set to NULL, or on failure to
 * an error that must be freed with reggie_error_free(); its previous value is
 * neither read nor freed. Other setters and getters, such as
 * reggie_response_range(), have no such parameter; they return only a status.
 * There is no per-thread or per-handle last error.
 *
 * If an argument of a setter of a config, a client, a request or its headers is
 * invalid, the log at level REGGIE_LOG_DEBUG says so: it names the function, the
 * argument and, in strings, the first invalid byte and its offset, but contains no
 * secrets. This is the log of the config or the client; for a request, that of the
 * client that created it, as long as that client exists. Other handles, such as
 * builders, options, descriptors and batches, have no log.
 *
 * All other out-pointers are required, except those whose comment says that they may
 * be NULL, such as the descriptor of a pushed blob; the result is then not returned. On
 * failure, out-pointers are set to NULL or 0.
 *
 * Any function may return REGGIE_NO_MEMORY or REGGIE_PANIC, even if its comment
 * does not mention it. If a small allocation fails, the process is aborted.
 *
 * Compilers that support it warn if the result of a function marked
 * REGGIE_MUST_USE is ignored.
 *
 * Handles
 * -------
 *
 * Handles are pointers to opaque types. The comment of each type says which
 * functions create and free it. Functions that free a handle ignore NULL. Handles
 * can be freed in any order. If a required handle is NULL, functions that can fail
 * return REGGIE_NULL_ARGUMENT; the comment of a getter says what it returns.
 *
 * Ownership
 * ---------
 *
 * Everything passed in is copied, except the body set by
 * reggie_request_set_body_borrowed() and, during the call, the bytes of
 * reggie_blob_push_memory(). The result of a getter is borrowed: it
 * belongs to its handle, must not be freed, and is valid as long as the comment of
 * the handle's type says. The caller must free what is returned through an
 * out-pointer: handles with their own function, strings with reggie_string_free(),
 * bytes with reggie_bytes_free().
 * File descriptors remain owned by the caller.
 *
 * Types
 * -----
 *
 * The header requires C99 or later, or C++98 or later.
 *
 * Strings are NUL-terminated UTF-8, except paths of files, which may contain any
 * bytes, and values of headers, which may contain any bytes except control
 * characters other than tab. Binary data is passed as a pointer and a size in
 * bytes; the pointer may be NULL if the size is 0. So may an array of strings, such as
 * tags, if their count is 0. Sizes in memory are size_t, lengths of bodies uint64_t,
 * flags int: 0 or not 0. Times are int64_t, in milliseconds unless the name says
 * otherwise.
 *
 * Threads
 * -------
 *
 * Functions whose first parameter is a pointer to const are safe for concurrent
 * use on the same handle. All others are not, but the handle may be used on
 * different threads one after the other. No function depends on the thread that
 * calls it. A thread must not be cancelled by pthread_cancel() during a call.
 *
 * Some calls use threads of the library: to resolve host names; to pull parts of a
 * blob concurrently as set by reggie_options_set_ranges(); and to transfer several
 * blobs concurrently as set by reggie_options_set_parallel(), which reggie_copy(),
 * reggie_builder_push(), reggie_pull_files() and reggie_batch_run() do. These threads
 * block all signals, never call back and never free userdata, and end before the call
 * returns, except for a lookup that is still running when the call is cancelled or
 * exceeds its time limit. Those of reggie_batch_step() end when the batch is done or
 * freed. They read and write files and file descriptors themselves. If a thread cannot be
 * created, fewer threads or the calling thread do the work.
 *
 * Threads that transfer blobs do not wait for one another's connections: if
 * reggie_config_set_max_connections() allows fewer connections, fewer of them run.
 *
 * Callbacks
 * ---------
 *
 * Callbacks run on the thread that made the call, during the call, and never while
 * the library holds a lock. They get the userdata they were registered with, which
 * is freed exactly once by `free_userdata`, unless that is NULL. A nonzero return
 * value stops the call and is stored in the error; see
 * reggie_error_callback_value(). Callbacks that cannot stop the call return void.
 * Callbacks may use the library, including the same client, but must not free a
 * handle that the call uses; if they call a function that would change such a
 * handle, it returns REGGIE_BUSY. A call made in a callback does not wait for other
 * calls: it requests its own token, runs its own credential helper, and may exceed
 * reggie_config_set_max_connections(). Callbacks must return normally: a C++
 * exception that leaves a callback aborts the process, and longjmp() and
 * pthread_exit() are not allowed.
 *
 * Time
 * ----
 *
 * By default no call hangs: each wait for the network has a time limit, and
 * transfers are interrupted only if they stall. The functions in the part "Time
 * limits" change the limits. A reggie_cancel cancels calls from another thread or
 * a signal handler. The limits and the cancel handle of a call apply until the
 * body of its response has been read. A callback that does not return blocks its
 * call.
 *
 * Content
 * -------
 *
 * A registry stores blobs, which are arbitrary bytes, and manifests, which are
 * JSON documents that refer to blobs or to other manifests. Each is identified by
 * its digest. A descriptor refers to a blob or a manifest by digest, size and media
 * type. Tags are names for manifests.
 *
 * A reggie_repository is a place that stores content. The functions that take one
 * send as many requests as they need. Their reggie_options apply to the whole
 * call; NULL means the defaults.
 *
 * Verification
 * ------------
 *
 * All pulled content is verified against its digest, and against its size if that
 * is known; verification cannot be turned off. Only reggie_blob_pread() returns
 * unverified data, since part of a blob cannot be verified. Data that is written to
 * a file descriptor, passed to a callback or read incrementally must not be trusted
 * until the call, or the read that reaches the end, has returned REGGIE_OK. The last
 * 64 KiB, or all of a shorter blob, are delivered only after verification.
 *
 * Digests and names that come from a registry are validated before they are
 * returned: a digest returned by a getter is safe to use in a path. Other strings
 * are as the registry sent them.
 *
 * Files
 * -----
 *
 * A file appears under its final path only after it has been verified; a call that
 * fails leaves an existing file unchanged. The rules for existing files, modes and
 * symbolic links are those of reggie_request_set_output_path().
 *
 * Retries
 * -------
 *
 * Calls on a repository recover from transient failures: connections that break,
 * hang or are refused, names that cannot be resolved, tokens and signed URLs that
 * expire, upload sessions that are lost, servers that are overloaded. They retry as
 * set by reggie_options_set_retries(); progress resets the count. A mistyped host is
 * therefore reported after several seconds; without retries, at once. No byte is
 * delivered twice to a file, file descriptor or callback. By contrast, reggie_client_do()
 * retries only if configured to.
 *
 * HTTP errors
 * -----------
 *
 * Unlike in reggie_client_do(), a 404 response is a failure of a call on a
 * repository: REGGIE_NOT_FOUND. A 401 response, also that of a token server, is
 * REGGIE_UNAUTHORIZED, and a 403 response REGGIE_DENIED. Other HTTP statuses that
 * have no reggie_status of their own are reported as REGGIE_HTTP_STATUS. The error
 * contains the HTTP status, the error code of the registry, and the digest of the
 * content that the failure is about; its message names the host and the repository.
 *
 * Process
 * -------
 *
 * The library installs no signal handlers and raises no SIGPIPE. It never writes
 * to stdout, and writes to stderr only if reggie_config_set_debug() is enabled
 * without a log callback. The shared library stays in memory after dlclose().
 * After a fork, the child may use and free every handle that no other thread was
 * using, and free a batch that is running, whose client and repositories count as in
 * use; connections of the parent are not used in the child and are closed
 * without sending anything. The environment is read when a client is created: the
 * proxy variables, SSL_CERT_FILE and SSL_CERT_DIR (the files they name are read
 * then for an https address, or else at the first TLS connection), and HOME,
 * SSLKEYLOGFILE and the variables for credentials files if a setting requires
 * them. No program is run unless reggie_config_set_credential_helpers() allows it.
 *
 * How to pull an image to a directory
 * -----------------------------------
 *
 * The directory becomes an OCI image layout. Of an index, the images for all platforms
 * are pulled unless reggie_options_set_platform() selects one. What the directory has
 * is not pulled again.
 *
 *     const char *tag = reggie_repository_target(repository);
 *     reggie_repository *layout = NULL;
 *     reggie_status status = reggie_repository_open_layout("folder", 1, &layout, error);
 *
 *     if (status == REGGIE_OK)
 *         status = reggie_copy(repository, NULL, layout, &tag, 1, NULL, NULL, error);
 *     reggie_repository_free(layout);
 *
 * How to push files
 * -----------------
 *
 * The files become an artifact, which needs a type. reggie_pull_files() pulls them to a
 * directory again.
 *
 *     const char *tag = "1.2";
 *     reggie_builder *builder = reggie_builder_new();
 *     reggie_status status =
 *         reggie_builder_set_artifact_type(builder, "application/vnd.example.release");
 *
 *     if (status == REGGIE_OK)
 *         status = reggie_builder_add_path(builder, "out/app", NULL, NULL);
 *     if (status == REGGIE_OK)
 *         status = reggie_builder_annotate(builder, "org.example.arch", "amd64");
 *     if (status == REGGIE_OK)
 *         status = reggie_builder_push(builder, repository, &tag, 1, NULL, NULL, error);
 *     reggie_builder_free(builder);
 *
 * How to attach a file to an image
 * --------------------------------
 *
 * An SBOM or a signature is an artifact whose subject is the image. It needs no tag:
 * reggie_referrers_open() finds it.
 *
 *     const char *type = "application/spdx+json";
 *     reggie_builder *builder = reggie_builder_new();
 *     reggie_status status =
 *         reggie_builder_set_subject(builder, reggie_manifest_descriptor(image));
 *
 *     if (status == REGGIE_OK)
 *         status = reggie_builder_set_artifact_type(builder, type);
 *     if (status == REGGIE_OK)
 *         status = reggie_builder_add_path(builder, "sbom.json", type, NULL);
 *     if (status == REGGIE_OK)
 *         status = reggie_builder_push(builder, repository, NULL, 0, NULL, NULL, error);
 *     reggie_builder_free(builder);
 *
 * How to mirror a repository with signatures
 * ------------------------------------------
 *
 * The batch copies several tags concurrently, with what refers to them and the
 * signatures of cosign. What the destination has is not transferred.
 *
 *     static reggie_status mirror(const reggie_repository *from,
 *                                 const reggie_repository *to, reggie_error **error)
 *     {
 *         reggie_options *options = reggie_options_new();
 *         reggie_batch *batch = NULL;
 *         reggie_names *tags = NULL;
 *         const char *tag = NULL;
 *         reggie_status status = reggie_options_set_referrers(options, 1);
 *
 *         if (status == REGGIE_OK)
 *             status = reggie_options_set_digest_tags(options, 1);
 *         if (status == REGGIE_OK)
 *             status = reggie_batch_new(options, &batch, error);
 *         if (status == REGGIE_OK)
 *             status = reggie_tags_open(from, NULL, NULL, &tags, error);
 *         if (status == REGGIE_OK)
 *             status = reggie_names_next(tags, &tag, error);
 *         while (status == REGGIE_OK && tag) {
 *             status = reggie_batch_copy(batch, from, tag, to, &tag, 1);
 *             if (status == REGGIE_OK)
 *                 status = reggie_names_next(tags, &tag, error);
 *         }
 *         if (status == REGGIE_OK)
 *             status = reggie_batch_run(batch, error);
 *         reggie_names_free(tags);
 *         reggie_batch_free(batch);
 *         reggie_options_free(options);
 *         return status;
 *     }
 *
 * How to pull a blob
 * ------------------
 *
 * The file appears when it is complete and verified. A pull that failed or was killed
 * is resumed by the next one.
 *
 *     const reggie_descriptor *layer = reggie_manifest_layer(image, 0);
 *     reggie_status status =
 *         reggie_blob_pull_to_path(repository, layer, "layer", NULL, error);
 *
 *     if (status == REGGIE_NOT_FOUND)
 *         fprintf(stderr, "the registry has lost %s\n",
 *                 reggie_descriptor_digest(layer));
 *
 * reggie_descriptor_new() creates the descriptor of a blob of which only the digest is
 * known. Other functions pull to a file descriptor, a callback or memory.
 *
 * How to push a blob
 * ------------------
 *
 * If the registry has the blob, nothing is sent. With a state directory, a push that
 * failed or was killed is resumed by the next one.
 *
 *     reggie_descriptor *layer = NULL;
 *     reggie_options *options = reggie_options_new();
 *     reggie_status status = reggie_options_set_state_folder(options, "/var/tmp/push");
 *
 *     if (status == REGGIE_OK)
 *         status = reggie_blob_push_path(repository, "layer", NULL, options, &layer,
 *                                        error);
 *     if (status == REGGIE_OK)
 *         printf("%s\n", reggie_descriptor_digest(layer));
 *     reggie_descriptor_free(layer);
 *     reggie_options_free(options);
 *
 * The functions in the part "Incremental uploads" push content that is still being
 * produced.
 *
 * How to limit the time of a call
 * -------------------------------
 *
 * By default a call may last as long as data is transferred.
 * reggie_options_set_timeout() limits a call about content. To limit each
 * reggie_client_do() to one minute:
 *
 *     reggie_config_set_timeout(config, 60 * 1000);
 *
 * The call then returns REGGIE_DEADLINE. reggie_request_set_timeout() sets the
 * limit for one request.
 *
 * How to stop calls from a signal handler
 * ---------------------------------------
 *
 * Create one cancel handle, assign it to each request or to the options of each call
 * about content, and trigger it in the signal handler. The calls then return
 * REGGIE_CANCELLED. set_up() does this for the first options; requests need
 * reggie_request_set_cancel().
 *
 *     static reggie_cancel *cancel;
 *
 *     static void on_interrupt(int signal)
 *     {
 *         (void)signal;
 *         reggie_cancel_trigger(cancel);
 *     }
 *
 *     static reggie_status set_up(reggie_options *options, reggie_error **error)
 *     {
 *         reggie_status status = reggie_cancel_new(&cancel, error);
 *
 *         if (status != REGGIE_OK)
 *             return status;
 *         signal(SIGINT, on_interrupt);
 *         return reggie_options_set_cancel(options, cancel);
 *     }
 *
 * How to share a client between threads
 * -------------------------------------
 *
 * Create the client once and pass it to all threads; they share its connections
 * and tokens. Each thread uses its own requests and responses.
 *
 *     static void *worker(void *shared)
 *     {
 *         const reggie_client *client = shared;
 *         reggie_request *request = NULL;
 *         reggie_response *response = NULL;
 *
 *         if (reggie_request_new(client, REGGIE_GET, "/v2/", &request, NULL) == REGGIE_OK
 *             && reggie_client_do(client, request, &response, NULL) == REGGIE_OK)
 *             printf("%d\n", reggie_response_status(response));
 *         reggie_response_free(response);
 *         reggie_request_free(request);
 *         return NULL;
 *     }
 *
 * How to resume an upload
 * -----------------------
 *
 * reggie_blob_push_path() and reggie_upload_import() resume uploads. With requests
 * of your own, first find out how much the registry has received: after a failed
 * PATCH, send GET to the location of the upload, as returned by the POST or the last
 * successful PATCH. The upload continues at `offset`: send the next PATCH to the
 * Location of this response, with a Content-Range header that starts at `offset` and
 * the rest of the content as body, for example with
 * reggie_request_set_body_path_section().
 *
 *     uint64_t first, last, offset = 0;
 *     reggie_status status = reggie_request_set_method(request, REGGIE_GET);
 *
 *     if (status == REGGIE_OK)
 *         status = reggie_request_set_path(request, location);
 *     if (status == REGGIE_OK)
 *         status = reggie_client_do(client, request, &response, error);
 *     if (status == REGGIE_OK)
 *         status = reggie_response_check(response, error);
 *     if (status == REGGIE_OK
 *         && reggie_response_range(response, &first, &last) == REGGIE_OK && last > 0)
 *         offset = last + 1;
 *
 * How to show progress
 * --------------------
 *
 * A progress callback is called while data is transferred, and once a second while
 * none is, so that the program can also check for signals. This one is for calls about
 * content; requests have reggie_request_set_progress_callback().
 *
 *     static int show(void *userdata, const reggie_progress *progress)
 *     {
 *         uint64_t total = reggie_progress_total(progress);
 *
 *         (void)userdata;
 *         printf("%s: %llu", reggie_progress_name(progress),
 *                (unsigned long long)reggie_progress_done(progress));
 *         if (total != REGGIE_UNKNOWN_SIZE)
 *             printf(" of %llu", (unsigned long long)total);
 *         putchar('\n');
 *         return 0;
 *     }
 *
 *     static reggie_status show_progress(reggie_options *options)
 *     {
 *         return reggie_options_set_progress_callback(options, 0, show, NULL, NULL);
 *     }
 *
 * How to show the progress of several transfers
 * ---------------------------------------------
 *
 * Each transfer has a number, such as its line on a terminal.
 *
 *     static int show_lines(void *userdata, const reggie_progress *progress)
 *     {
 *         (void)userdata;
 *         if (reggie_progress_event(progress) == REGGIE_PROGRESS_DONE)
 *             return 0;
 *         printf("\033[%d;1H\033[K%s: %llu", (int)reggie_progress_number(progress) + 1,
 *                reggie_progress_name(progress),
 *                (unsigned long long)reggie_progress_done(progress));
 *         fflush(stdout);
 *         return 0;
 *     }
 *
 * reggie_progress_all_done() and reggie_progress_all_total() are the sums.
 *
 * How to run transfers in an event loop
 * -------------------------------------
 *
 * Worker threads do the work of a batch. When its file descriptor is readable,
 * reggie_batch_step() runs callbacks and returns without waiting. Poll it with what else
 * the program waits for.
 *
 *     static reggie_status loop(reggie_batch *batch, reggie_error **error)
 *     {
 *         struct pollfd ready = {reggie_batch_fd(batch), POLLIN, 0};
 *         reggie_status status = REGGIE_OK;
 *         int running = 1;
 *
 *         while (status == REGGIE_OK && running) {
 *             poll(&ready, 1, -1);
 *             if (ready.revents)
 *                 status = reggie_batch_step(batch, 0, &running, error);
 *         }
 *         return status;
 *     }
 *
 * How to push a manifest under another tag
 * ----------------------------------------
 *
 *     const char *tag = "stable";
 *     reggie_repository *repository = NULL;
 *     reggie_manifest *manifest = NULL;
 *     reggie_status status = reggie_repository_open(
 *         "registry.example/org/app:1.2", config, &repository, error);
 *
 *     if (status == REGGIE_OK)
 *         status = reggie_manifest_pull(repository, NULL, NULL, &manifest, error);
 *     if (status == REGGIE_OK)
 *         status = reggie_manifest_push(repository, manifest, &tag, 1, NULL, error);
 *     reggie_manifest_free(manifest);
 *     reggie_repository_free(repository);
 *
 * How to follow pages
 * -------------------
 *
 * reggie_tags_open() lists tags. Other lists come in pages too. Send a request for
 * the next page until there is none:
 *
 *     reggie_status status = REGGIE_OK;
 *     const char *page = "/v2/<name>/tags/list?n=100";
 *
 *     while (status == REGGIE_OK && page) {
 *         status = reggie_request_set_path(request, page);
 *         reggie_response_free(response);
 *         response = NULL;
 *         if (status == REGGIE_OK)
 *             status = reggie_client_do(client, request, &response, error);
 *         if (status == REGGIE_OK)
 *             status = reggie_response_check(response, error);
 *         if (status == REGGIE_OK)
 *             puts((const char *)reggie_response_body(response));
 *         page = reggie_response_next_page(response);
 *     }
 *
 * Parts of this header
 * --------------------
 *
 * - General
 * - Statuses
 * - Errors
 * - Clients
 * - Requests
 * - Headers
 * - Request and response bodies
 * - Settings of a request
 * - Cancelling calls
 * - Sending requests
 * - Responses
 * - Pages, ranges, rate limits and warnings
 * - Timing and statistics
 * - Error lists of registries
 * - Settings of a client
 * - Time limits
 * - Retries
 * - Authentication
 * - TLS
 * - Proxies, addresses and connections
 * - Redirects
 * - Logging and tracing
 * - Digests
 * - References
 * - Descriptors and platforms
 * - Manifests
 * - JSON
 * - Repositories
 * - Progress of content calls
 * - Options of content calls
 * - Pulling, pushing and deleting manifests
 * - Downloading blobs
 * - Pushing blobs
 * - Incremental uploads
 * - Building and pushing artifacts
 * - Pulling artifacts
 * - Copying
 * - Batches
 * - Lists
 */

/**
 * @file reggie.h
 * The interface of libreggie. The main page has its manual.
 */

#ifndef REGGIE_H
#define REGGIE_H

#include <stddef.h>
#include <stdint.h>

/* ----------------------------------------- Versions, methods and algorithms */

/**
 * @defgroup reggie_constants Versions, methods and algorithms
 * @{
 */

/// Functions whose result must not be ignored; compilers warn if it is.
#if defined(__GNUC__)
#define REGGIE_MUST_USE __attribute__((warn_unused_result))
#else
#define REGGIE_MUST_USE
#endif

/// Functions that will be removed; compilers warn if they are used.
#if defined(__GNUC__)
#define REGGIE_DEPRECATED(message) __attribute__((deprecated(message)))
#else
#define REGGIE_DEPRECATED(message)
#endif

/// The version of this header.
#define REGGIE_VERSION "0.1.0"
/// Major version.
#define REGGIE_VERSION_MAJOR 0
/// Minor version.
#define REGGIE_VERSION_MINOR 1
/// Patch version.
#define REGGIE_VERSION_PATCH 0
/// The version as one number: major * 1000000 + minor * 1000 + patch.
#define REGGIE_VERSION_NUMBER 1000

/// Method: retrieve content.
#define REGGIE_GET "GET"
/// Method: store content.
#define REGGIE_PUT "PUT"
/// Method: append to an upload.
#define REGGIE_PATCH "PATCH"
/// Method: delete content.
#define REGGIE_DELETE "DELETE"
/// Method: begin an upload.
#define REGGIE_POST "POST"
/// Method: retrieve headers only.
#define REGGIE_HEAD "HEAD"
/// Method: query the server's capabilities.
#define REGGIE_OPTIONS "OPTIONS"

/// Digest algorithm: SHA-256, supported by all registries.
#define REGGIE_SHA256 "sha256"
/// Digest algorithm: SHA-384.
#define REGGIE_SHA384 "sha384"
/// Digest algorithm: SHA-512.
#define REGGIE_SHA512 "sha512"

/// Media type: OCI image manifest.
#define REGGIE_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
/// Media type: OCI image index.
#define REGGIE_OCI_INDEX "application/vnd.oci.image.index.v1+json"
/// Media type: Docker image manifest.
#define REGGIE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
/// Media type: Docker manifest list.
#define REGGIE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
/// Media type: empty content, which is always "{}".
#define REGGIE_EMPTY "application/vnd.oci.empty.v1+json"
/// Media type: arbitrary bytes of unknown type.
#define REGGIE_OCTETS "application/octet-stream"
/// Annotation: the file name of a layer.
#define REGGIE_TITLE "org.opencontainers.image.title"

/** @} */

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ Handles */

/**
 * @defgroup reggie_handles Handles
 * @{
 */

/// A set of pulls, pushes, copies and lookups that run concurrently.
///
/// Its items share one progress callback and one cancel handle. With
/// reggie_batch_step() and reggie_batch_fd(), the batch runs while the program
/// does other things. Created by reggie_batch_new(); freed by
/// reggie_batch_free(). Not safe for concurrent use. Items are numbered from 0
/// in the order in which they were added. After a fork, the child may free a
/// batch but must not use it otherwise.
typedef struct reggie_batch reggie_batch;

/// A blob opened for reading.
///
/// reggie_blob_read() reads it from the beginning; reggie_blob_pread() reads at
/// any offset and is safe for concurrent use. Created by reggie_blob_open();
/// freed by reggie_blob_free(). A blob can be read for days: tokens and signed
/// URLs are renewed when they have expired.
typedef struct reggie_blob reggie_blob;

/// A manifest under construction, with the content to push along with it.
///
/// Created by reggie_builder_new() and reggie_builder_new_index(); freed by
/// reggie_builder_free(). Not safe for concurrent use. It may be pushed any
/// number of times. In a callback of a call that builds or pushes it, functions
/// that change it return REGGIE_BUSY.
typedef struct reggie_builder reggie_builder;

/// Cancels calls from another thread or from a signal handler.
///
/// Created by reggie_cancel_new(); freed by reggie_cancel_free().
/// reggie_request_set_cancel() assigns it to requests; reggie_cancel_trigger()
/// cancels the calls that send them. One handle serves any number of requests
/// and calls. It uses one file descriptor.
///
/// It cannot be reset: a call that begins after the trigger fails at once, so
/// later requests need another handle.
///
/// It may be freed while requests and running calls use it. It must not be
/// freed while another thread or a signal handler may still trigger it.
///
/// After a fork, parent and child have separate handles: a trigger in one does
/// not affect the other. A handle that was triggered before the fork is
/// triggered in both.
typedef struct reggie_cancel reggie_cancel;

/// A client for one registry: its settings, connections and tokens.
///
/// Created by reggie_client_new() and reggie_client_derive(); freed by
/// reggie_client_free(). Safe for concurrent use. Requests and responses may
/// outlive it.
typedef struct reggie_client reggie_client;

/// The settings of a client.
///
/// Created by reggie_config_new(); freed by reggie_config_free().
/// reggie_client_new() copies it: it may be changed, reused or freed
/// afterwards. Setters are not safe for concurrent use; creating clients from
/// the same settings is. A setter that fails leaves the setting unchanged.
typedef struct reggie_config reggie_config;

/// Receives the result of a reggie_credential_callback.
///
/// Owned by the library; valid until the callback returns. If nothing is set,
/// there is no credential; if several are set, the last one is used. If one is
/// refused and the callback stops the call, the message of the error says why.
typedef struct reggie_credential reggie_credential;

/// A descriptor of content: its digest, size, media type, and more.
///
/// Created by reggie_descriptor_new(), reggie_descriptor_copy(), and functions
/// that push or stat; freed by reggie_descriptor_free(). Descriptors returned
/// by getters belong to their handle: they must not be freed and are valid as
/// long as the handle. Reading a descriptor is safe for concurrent use;
/// changing one is not. Its strings are borrowed; valid until the descriptor is
/// changed or freed.
typedef struct reggie_descriptor reggie_descriptor;

/// Computes a digest incrementally.
///
/// Created by reggie_digester_new(); freed by reggie_digester_free().
/// reggie_digester_update() adds content; reggie_digester_finish() returns the
/// digest, once. Not safe for concurrent use.
typedef struct reggie_digester reggie_digester;

/// The details of a failure.
///
/// Created by functions whose last parameter is a reggie_error **; freed by
/// reggie_error_free(). Immutable. Safe for concurrent use. Its strings are
/// borrowed; valid until the error is freed. Its getters accept NULL, which
/// means no error.
typedef struct reggie_error reggie_error;

/// The error list of a registry (OCI Distribution Specification, Error Codes).
///
/// Created by reggie_response_errors(); freed by reggie_errors_free(). It
/// remains valid after the response is freed. Immutable. Safe for concurrent
/// use. Its strings are borrowed; valid until the list is freed. They are as
/// the server sent them, except that a NUL is replaced by U+FFFD, and a secret of
/// the client by `[redacted]`.
typedef struct reggie_errors reggie_errors;

/// One HTTP request, or the response to it.
///
/// Passed to a reggie_exchange_callback. Owned by the library. The exchange and
/// its strings are valid until the callback returns. Its headers contain
/// credentials - passwords, tokens and cookies - that must not be logged, and
/// its URL may contain a signature.
typedef struct reggie_exchange reggie_exchange;

/// The header fields of a request, a response, an exchange, a redirect or a
/// location.
///
/// Returned by reggie_request_headers(), reggie_response_headers(),
/// reggie_exchange_headers(), reggie_redirect_headers() and
/// reggie_location_headers(). Belongs to that
/// handle: it must not be freed, is valid as long as the handle, and is safe
/// for concurrent use where the handle is. Its strings are borrowed; valid
/// until the handle is freed or, for a request, until it is changed or sent.
///
/// Names are compared without regard to case. Values may be any bytes but NUL,
/// not only UTF-8 (RFC 9110, section 5.5).
typedef struct reggie_headers reggie_headers;

/// A parsed JSON value.
///
/// For example, the config of an image or the detail of an error. Created by
/// reggie_json_parse(); freed by reggie_json_free(). Immutable. Safe for
/// concurrent use. Everything in it is borrowed; valid until it is freed.
/// Values in it must not be freed. All getters accept NULL as a missing value,
/// so that calls can be nested.
typedef struct reggie_json reggie_json;

/// A location from which a program can download a blob by its own means.
///
/// It consists of a URL and the header fields to send. Created by
/// reggie_blob_locate(); freed by reggie_location_free(). Immutable. Safe for
/// concurrent use. Its strings are borrowed; valid until the location is freed.
/// They are secrets: they contain signatures and tokens.
typedef struct reggie_location reggie_location;

/// A manifest: an image, an artifact or an index, kept byte for byte.
///
/// Created by reggie_manifest_pull(), reggie_manifest_resolve() and
/// reggie_manifest_parse(); freed by reggie_manifest_free(). Immutable. Safe for
/// concurrent use. Its strings, bytes and descriptors are borrowed; valid until
/// the manifest is freed.
typedef struct reggie_manifest reggie_manifest;

/// A list of names (tags or repositories), fetched page by page.
///
/// Created by reggie_tags_open() and reggie_catalog_open(); freed by
/// reggie_names_free(). Not safe for concurrent use.
typedef struct reggie_names reggie_names;

/// Options for calls. NULL in place of a handle selects the defaults.
///
/// Created by reggie_options_new(); freed by reggie_options_free(). Each call
/// copies the options it is given: they may be changed or freed afterwards.
/// Setters are not safe for concurrent use. Passing the options to concurrent
/// calls is safe; their callbacks may then be called concurrently. Options that
/// do not apply to a call are ignored. A setter that fails leaves the setting
/// unchanged.
typedef struct reggie_options reggie_options;

/// A progress event, passed to a reggie_progress_callback.
///
/// Owned by the library. The event and its strings are valid until the callback
/// returns.
typedef struct reggie_progress reggie_progress;

/// A redirect (RFC 9110, section 15.4).
///
/// Passed to a reggie_redirect_callback. Owned by the library. The redirect and
/// its strings are valid until the callback returns.
typedef struct reggie_redirect reggie_redirect;

/// A parsed reference such as "ghcr.io/org/app:1.2".
///
/// It consists of a registry, a repository, and a tag or a digest. Created by
/// reggie_reference_parse(); freed by reggie_reference_free(). Immutable. Safe
/// for concurrent use. Its strings are borrowed; valid until the reference is
/// freed.
typedef struct reggie_reference reggie_reference;

/// A list of referrers, fetched page by page.
///
/// The referrers of a manifest are the manifests that have it as their subject.
/// Created by reggie_referrers_open(); freed by reggie_referrers_free(). Not
/// safe for concurrent use.
typedef struct reggie_referrers reggie_referrers;

/// A place that stores content: a registry's repository or an OCI image layout.
///
/// Created by reggie_repository_new(), reggie_repository_open() and
/// reggie_repository_open_layout(); freed by reggie_repository_free(). Safe for
/// concurrent use. It keeps what it needs of its client, which may be freed
/// first. Creating one sends nothing and is cheap.
typedef struct reggie_repository reggie_repository;

/// A request: method, path, headers, body, and the output of the response body.
///
/// Created by reggie_request_new(); freed by reggie_request_free(). It may be
/// sent any number of times, and by other clients of the same registry.
/// Changing and sending it is not safe for concurrent use; reading it is. Its
/// strings are borrowed; valid until the request is changed, sent or freed, or,
/// in its challenge callback, until the callback changes the request or
/// returns.
///
/// While it is being sent, functions that change or send it return REGGIE_BUSY,
/// getters return what they return for NULL, and reggie_request_free() does
/// nothing, so that the request must be freed later. Its challenge callback may
/// do anything with it except send or free it.
typedef struct reggie_request reggie_request;

/// A response: status, headers and body.
///
/// Created by reggie_client_do() and reggie_client_open(); freed by
/// reggie_response_free(). It remains valid after the client and the request
/// are freed. Safe for concurrent use, except that reggie_response_read() must
/// not be called concurrently. Its strings and its body are borrowed; valid
/// until the response is freed.
typedef struct reggie_response reggie_response;

/// An incremental upload: a blob that is pushed while it is being produced.
///
/// Its digest is not known in advance. Created by reggie_upload_begin() and
/// reggie_upload_import(); freed by reggie_upload_free(). Not safe for
/// concurrent use.
typedef struct reggie_upload reggie_upload;

/** @} */

/* ------------------------------------------------------------------ General */

/**
 * @defgroup reggie_general General
 * @{
 */

/// Frees userdata.
///
/// Called exactly once for each registration, even if the userdata is NULL:
/// when the callback is replaced, when the last handle that holds it is freed,
/// or, if the registration fails, before the function that registers it
/// returns. Called on the thread that does so.
typedef void (*reggie_free_callback)(void *userdata);

/// Returns the version of the library at run time, such as "1.2.3".
///
/// It may differ from REGGIE_VERSION, the version of the header that the
/// program was compiled with. Static; must not be freed.
const char *reggie_version(void);

/// Returns the version of the library at run time as a number that can be
/// compared: major * 1000000 + minor * 1000 + patch, such as 1002003.
///
/// It may differ from REGGIE_VERSION_NUMBER, the version of the header that the
/// program was compiled with.
uint32_t reggie_version_number(void);

/// Returns a line that describes the library: its version, the libraries it
/// contains and their versions, the target platform and the supported
/// protocols, such as "libreggie/1.2.3 rustls/0.23.40 ring/0.17.14
/// (x86_64-unknown-linux-gnu) HTTP/1.1 TLS/1.2 TLS/1.3". More may be appended
/// in later versions.
///
/// Static; must not be freed.
const char *reggie_build_info(void);

/// Frees a string returned through an out-pointer. NULL is ignored.
void reggie_string_free(char *string);

/** @} */

/* ----------------------------------------------------------------- Statuses */

/**
 * @defgroup reggie_statuses Statuses
 * @{
 */

/// The length of a body whose length is unknown.
#define REGGIE_UNKNOWN_SIZE UINT64_MAX

/// The result of a function that can fail: REGGIE_OK or the reason for the
/// failure.
///
/// Later versions may add statuses, so a switch needs a default; existing ones
/// keep their numbers. Statuses from 1 are about arguments, from 101 about
/// local failures, from 201 about callbacks, from 301 about the network, and
/// from 1001 about registries and token servers. No status is a valid HTTP
/// status.
typedef int32_t reggie_status;

/// Success.
#define REGGIE_OK 0

/// Required argument that is NULL.
#define REGGIE_NULL_ARGUMENT 1

/// String that is not valid UTF-8.
#define REGGIE_INVALID_UTF8 2

/// Argument that is empty, out of range or otherwise invalid.
#define REGGIE_INVALID_ARGUMENT 3

/// Invalid registry address.
#define REGGIE_INVALID_ADDRESS 4

/// Method that is not a token (RFC 9110, section 9.1).
#define REGGIE_INVALID_METHOD 5

/// Invalid path or URL of a request.
#define REGGIE_INVALID_PATH 6

/// Invalid name or value of a header.
#define REGGIE_INVALID_HEADER 7

/// Invalid repository name.
#define REGGIE_INVALID_NAME 8

/// Invalid reference; the message says where the error is.
#define REGGIE_INVALID_REFERENCE 9

/// Invalid digest, or a digest of an unknown algorithm.
#define REGGIE_INVALID_DIGEST 10

/// Invalid session ID of an upload.
#define REGGIE_INVALID_SESSION_ID 11

/// Required value that was not set, such as that of a placeholder in a path, or the
/// type of an artifact.
#define REGGIE_MISSING_VALUE 12

/// Invalid user name, password, token or scope.
#define REGGIE_INVALID_CREDENTIALS 13

/// Credentials file that cannot be read or parsed.
#define REGGIE_INVALID_CREDENTIALS_FILE 14

/// CA certificates that cannot be read or parsed.
#define REGGIE_INVALID_CERTIFICATES 15

/// Client certificate or private key that cannot be read or parsed.
#define REGGIE_INVALID_CLIENT_CERTIFICATE 16

/// Invalid proxy URL.
#define REGGIE_INVALID_PROXY 17

/// Unknown digest algorithm.
#define REGGIE_UNKNOWN_ALGORITHM 18

/// Content-Length that differs from the length of the body.
#define REGGIE_LENGTH_MISMATCH 19

/// Handle that is in use by a running call.
#define REGGIE_BUSY 20

/// Invalid platform.
#define REGGIE_INVALID_PLATFORM 21

/// Invalid upload export, or an export from another repository.
#define REGGIE_INVALID_EXPORT 22

/// Invalid JSON, or JSON that is nested too deeply.
#define REGGIE_INVALID_JSON 23

/// Invalid media type.
#define REGGIE_INVALID_MEDIA_TYPE 24

/// Out of memory.
#define REGGIE_NO_MEMORY 101

/// Bug in the library. Handles stay valid; the outcome of the call is unknown.
#define REGGIE_PANIC 102

/// Local file or descriptor that cannot be read or written; the error has the
/// errno.
#define REGGIE_FILE 103

/// Request body that has to be sent again but cannot be read again.
#define REGGIE_BODY_NOT_REWINDABLE 104

/// Request body that is shorter or longer than announced.
#define REGGIE_BODY_LENGTH 105

/// Response body that exceeds the limit for bodies in memory.
#define REGGIE_BODY_TOO_LARGE 106

/// Call cancelled by reggie_cancel_trigger().
#define REGGIE_CANCELLED 107

/// Call that exceeded its total time limit.
#define REGGIE_DEADLINE 108

/// Credential helper that failed, timed out or returned invalid output.
#define REGGIE_CREDENTIAL_HELPER 109

/// Lock timeout: another process or thread is using the same file or layout.
#define REGGIE_LOCKED 110

/// Source that changed during the push, or that does not have the digest that was
/// given.
#define REGGIE_SOURCE_CHANGED 111

/// No state directory to keep the blob in until it is complete, for a
/// registry that does not support chunked uploads; see
/// reggie_options_set_state_folder().
#define REGGIE_NO_STATE_FOLDER 112

/// Directory that is not an OCI image layout, or a layout of an unknown
/// version.
#define REGGIE_INVALID_LAYOUT 113

/// Layer title that does not name a file in the directory, or that is used by
/// another layer too.
#define REGGIE_UNSAFE_NAME 114

/// Call stopped by the challenge callback.
#define REGGIE_CHALLENGE_CALLBACK 201

/// Call stopped by the read callback.
#define REGGIE_READ_CALLBACK 202

/// Call stopped by the rewind callback.
#define REGGIE_REWIND_CALLBACK 203

/// Call stopped by the write callback.
#define REGGIE_WRITE_CALLBACK 204

/// Callback that returned an impossible result.
#define REGGIE_CALLBACK_MISUSE 205

/// Certificate rejected by the certificate callback.
#define REGGIE_CERTIFICATE_CALLBACK 206

/// Call stopped by the credential callback.
#define REGGIE_CREDENTIAL_CALLBACK 207

/// Call stopped by the realm callback.
#define REGGIE_REALM_CALLBACK 208

/// Call stopped by the redirect callback.
#define REGGIE_REDIRECT_CALLBACK 209

/// Call stopped by the send callback or the response callback.
#define REGGIE_EXCHANGE_CALLBACK 210

/// Call stopped by the retry condition.
#define REGGIE_RETRY_CONDITION_CALLBACK 211

/// Call stopped by the progress callback.
#define REGGIE_PROGRESS_CALLBACK 212

/// Call stopped by the filter callback.
#define REGGIE_FILTER_CALLBACK 213

/// Host name that cannot be resolved.
#define REGGIE_RESOLVE 301

/// Connection that cannot be established, or is closed in the TLS handshake.
#define REGGIE_CONNECT 302

/// TLS failure, in the handshake or later.
#define REGGIE_TLS 303

/// Server certificate that is not trusted.
#define REGGIE_CERTIFICATE 304

/// Request that was not sent completely.
#define REGGIE_SEND 305

/// Response that was not received completely.
#define REGGIE_RECEIVE 306

/// Connection closed by the server without a response.
#define REGGIE_CLOSED 307

/// Response body that ended before its announced length.
#define REGGIE_TRUNCATED 308

/// Response that is not valid HTTP/1.1.
#define REGGIE_PROTOCOL 309

/// Step that exceeded its time limit, or transfer that stalled.
#define REGGIE_TIMEOUT 310

/// Request refused by the proxy, or invalid proxy response; the error has the
/// HTTP status, if any.
#define REGGIE_PROXY 311

/// Redirect or challenge to a more private network than that of the server that
/// sent it, or request to a cloud metadata address; see
/// reggie_config_add_allowed_network().
#define REGGIE_ADDRESS_REFUSED 312

/// More redirects than allowed.
#define REGGIE_TOO_MANY_REDIRECTS 1001

/// Redirect that is not followed; the message says why.
#define REGGIE_REDIRECT_REFUSED 1002

/// Token refused by the token server, or invalid response from it.
#define REGGIE_TOKEN_REFUSED 1003

/// Token server that the credentials must not be sent to; see
/// reggie_config_add_allowed_realm().
#define REGGIE_REALM_REFUSED 1004

/// Retry-After that exceeds the configured maximum, or that is a Unix time; the
/// error has the time.
#define REGGIE_RETRY_LATER 1005

/// Response body without an error list of the registry.
#define REGGIE_NO_ERRORS 1006

/// Response header that is missing or invalid.
#define REGGIE_NO_HEADER 1007

/// HTTP status other than 2xx, for which there is no status of its own. Not returned
/// by reggie_client_do().
#define REGGIE_HTTP_STATUS 1008

/// Received content that does not match the expected digest.
#define REGGIE_DIGEST_MISMATCH 1009

/// 206 response, which has only part of the content, where a complete body is
/// required: for an output path, or with an expected digest.
#define REGGIE_PARTIAL_CONTENT 1010

/// Next page of a list that is at another server, or an invalid Link header.
#define REGGIE_NEXT_PAGE_REFUSED 1011

/// No such repository, manifest, tag or blob in the registry (404), or in the
/// layout.
#define REGGIE_NOT_FOUND 1012

/// Credentials, or different credentials, required by the registry (401).
#define REGGIE_UNAUTHORIZED 1013

/// Access denied by the registry (403).
#define REGGIE_DENIED 1014

/// Operation not supported by the registry.
#define REGGIE_UNSUPPORTED 1015

/// Received content that is longer or shorter than expected.
#define REGGIE_SIZE_MISMATCH 1016

/// Manifest that is not JSON, contradicts itself or its media type, or refers
/// to content by an invalid digest.
#define REGGIE_INVALID_MANIFEST 1017

/// No match for the platform in an index.
#define REGGIE_NO_PLATFORM 1018

/// Range requests for the blob not supported by the registry.
#define REGGIE_RANGE_IGNORED 1019

/// Upload lost by the registry, with data that cannot be read again.
#define REGGIE_UPLOAD_LOST 1020

/// Manifest rejected by the registry because content that it refers to is
/// missing; the error has the digest of that content if the registry names it.
#define REGGIE_BLOB_MISSING 1021

/// List that loops or has more pages than the limit.
#define REGGIE_LIST_ENDLESS 1022

/// Manifest without a layer that has a title, so that there is no file to write.
#define REGGIE_NO_FILES 1023

/// Returns a short description of a status.
///
/// Static; must not be freed. Never NULL, even if the number is not a status.
const char *reggie_status_string(reggie_status status);

/// Returns the errno (see `<errno.h>`) that corresponds most closely to a
/// status, for programs that report errors as errnos. Several statuses map to
/// the same errno.
///
/// - 0: REGGIE_OK
/// - EINVAL: invalid arguments, REGGIE_CALLBACK_MISUSE and REGGIE_INVALID_LAYOUT
/// - EILSEQ: REGGIE_INVALID_UTF8
/// - EBUSY: REGGIE_BUSY and REGGIE_LOCKED
/// - ENOTSUP: REGGIE_UNKNOWN_ALGORITHM, REGGIE_NO_STATE_FOLDER,
///   REGGIE_UNSUPPORTED and REGGIE_RANGE_IGNORED
/// - ENOENT: REGGIE_NOT_FOUND, REGGIE_NO_PLATFORM and REGGIE_BLOB_MISSING
/// - ESTALE: REGGIE_SOURCE_CHANGED and REGGIE_UPLOAD_LOST
/// - ENOMEM: REGGIE_NO_MEMORY
/// - ENOTRECOVERABLE: REGGIE_PANIC
/// - ESPIPE: REGGIE_BODY_NOT_REWINDABLE
/// - EFBIG: REGGIE_BODY_TOO_LARGE
/// - ECANCELED: the call was cancelled or stopped by a callback
/// - ETIMEDOUT: REGGIE_DEADLINE and REGGIE_TIMEOUT
/// - EHOSTUNREACH: REGGIE_RESOLVE
/// - ECONNREFUSED: REGGIE_CONNECT and REGGIE_PROXY
/// - ECONNRESET: the connection ended early
/// - EPROTO: REGGIE_TLS and REGGIE_PROTOCOL
/// - EACCES: a certificate, redirect, address, token, realm or next page was
///   refused; REGGIE_UNAUTHORIZED, REGGIE_DENIED and REGGIE_UNSAFE_NAME
/// - ELOOP: REGGIE_TOO_MANY_REDIRECTS and REGGIE_LIST_ENDLESS
/// - EAGAIN: REGGIE_RETRY_LATER
/// - ENODATA: REGGIE_NO_ERRORS, REGGIE_NO_HEADER and REGGIE_NO_FILES
/// - EREMOTEIO: REGGIE_HTTP_STATUS
/// - EBADMSG: REGGIE_DIGEST_MISMATCH, REGGIE_PARTIAL_CONTENT,
///   REGGIE_SIZE_MISMATCH and REGGIE_INVALID_MANIFEST
/// - EIO: REGGIE_FILE, REGGIE_BODY_LENGTH, REGGIE_CREDENTIAL_HELPER, and
///   numbers that are not a status
///
/// For the errno that the system returned, if any, see reggie_error_errno().
int reggie_status_to_errno(reggie_status status);

/** @} */

/* ------------------------------------------------------------------- Errors */

/**
 * @defgroup reggie_errors Errors
 * @{
 */

/// Frees an error. NULL is ignored.
void reggie_error_free(reggie_error *error);

/// Returns the status of the call that failed; REGGIE_OK if `error` is NULL.
reggie_status reggie_error_status(const reggie_error *error);

/// Returns a one-line message: what failed, with which value, and why.
///
/// Text from a server is limited to 1 KiB, and its control characters are
/// escaped.
///
/// It contains no secrets: passwords, tokens, the values of headers such as
/// Authorization, Cookie and X-Api-Key, and signatures in URLs are replaced by
/// `[redacted]` in every common encoding, even if a server repeats them. A
/// password of one to three bytes is replaced only if no letter or digit is next
/// to it. The same applies to the log, to warnings and to error lists, but not
/// to the headers and the body of a response.
///
/// Borrowed. Returns "" if `error` is NULL.
const char *reggie_error_message(const reggie_error *error);

/// Returns the step in which the call failed: "prepare", "resolve", "connect",
/// "tls", "send", "receive", "credentials", "token", "redirect", "retry",
/// "wait", "deliver", "check" (of a local file), "lock" or "verify". Later
/// versions may add steps.
///
/// Borrowed. Returns "" if `error` is NULL.
const char *reggie_error_step(const reggie_error *error);

/// Returns the HTTP status of the response that caused the failure, for example
/// the response of a token server, or whose body could not be received or
/// delivered; 0 if there was none or `error` is NULL.
int reggie_error_http_status(const reggie_error *error);

/// Returns the code from the server's error list, such as "UNAUTHORIZED" (OCI
/// Distribution Specification, Error Codes).
///
/// Borrowed. Returns NULL if there is none or `error` is NULL.
const char *reggie_error_code(const reggie_error *error);

/// Returns the digest of the content that the failure is about, for calls that
/// transfer content.
///
/// Borrowed. Returns NULL if there is none or `error` is NULL.
const char *reggie_error_digest(const reggie_error *error);

/// Returns the errno of the system call that failed; 0 if there is none or
/// `error` is NULL.
int reggie_error_errno(const reggie_error *error);

/// Returns the host, with its port, that the failed step concerned.
///
/// Borrowed. Returns NULL if there is none or `error` is NULL.
const char *reggie_error_host(const reggie_error *error);

/// Returns the time in milliseconds that the server asked to wait before the
/// next request (Retry-After, RFC 9110, section 10.2.3); -1 if it did not or
/// `error` is NULL.
int64_t reggie_error_retry_after(const reggie_error *error);

/// Returns the value that a callback returned to stop the call; 0 if none did
/// or `error` is NULL.
int reggie_error_callback_value(const reggie_error *error);

/// Returns 1 if the same call may succeed later without changes; 0 if not, if a
/// limit of the program's own ended it, or if `error` is NULL.
int reggie_error_is_retryable(const reggie_error *error);

/** @} */

/* ------------------------------------------------------------------ Clients */

/**
 * @defgroup reggie_clients Clients
 * @{
 */

/// Creates a client. Sends nothing.
///
/// `address` is an http or https URL with a host, such as
/// "https://registry.example:5000", and optionally a path, to which the paths
/// of requests are appended; a user name, query or fragment is not allowed.
/// "unix:///path" is a registry that listens on that Unix socket. Its host is
/// localhost, and its URLs begin with "http+unix://" and the percent-encoded
/// path; such URLs are valid only if they come from the caller. `config` is
/// copied; NULL means the defaults. The environment variables for proxies and
/// TLS are read now, and so are the trusted certificates if the address is
/// https.
///
/// On REGGIE_OK, `client` must be freed with reggie_client_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, REGGIE_INVALID_ADDRESS,
/// REGGIE_INVALID_CERTIFICATES, REGGIE_INVALID_CLIENT_CERTIFICATE,
/// REGGIE_INVALID_CREDENTIALS_FILE, REGGIE_INVALID_PROXY for a proxy in the
/// environment, REGGIE_FILE or REGGIE_TLS.
REGGIE_MUST_USE
reggie_status reggie_client_new(const char *address,
                                const reggie_config *config,
                                reggie_client **client,
                                reggie_error **error);

/// Creates a client for the same registry with other settings. Sends nothing.
///
/// The clients share connections if their settings for TLS, proxies and
/// addresses are equal, tokens if their settings for credentials are equal, and
/// cookies if both store them. `config` is copied; NULL means the defaults.
/// Both clients may be used concurrently and freed in any order.
///
/// On REGGIE_OK, `other` must be freed with reggie_client_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, or a status of reggie_client_new() for the
/// settings.
REGGIE_MUST_USE
reggie_status reggie_client_derive(const reggie_client *client,
                                   const reggie_config *config,
                                   reggie_client **other,
                                   reggie_error **error);

/// Frees a client. NULL is ignored. No call may be using it.
void reggie_client_free(reggie_client *client);

/// Sets the repository name that replaces `<name>` in the path of requests that
/// have no name of their own. Existing requests keep the earlier one.
///
/// Safe for concurrent use. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_NAME.
reggie_status reggie_client_set_default_name(const reggie_client *client,
                                             const char *name);

/** @} */

/* ----------------------------------------------------------------- Requests */

/**
 * @defgroup reggie_requests Requests
 * @{
 */

/// Creates a request.
///
/// `method` is a token (RFC 9110, section 9.1), such as REGGIE_GET. It is
/// case-sensitive. CONNECT is not allowed. `path` begins with "/" and is
/// appended to the client's address; or it is a full http or https URL, which
/// is used unchanged; credentials are sent only to the client's registry. When
/// the request is sent, these placeholders in the path are replaced: `<name>`,
/// `<reference>`, `<digest>` and `<session_id>`. A path without placeholders,
/// such as the result of reggie_response_relative_location(), is sent
/// unchanged.
///
/// On REGGIE_OK, `request` must be freed with reggie_request_free(). It has a
/// copy of the client's default name and remains valid after the client is
/// freed. Otherwise returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_METHOD or REGGIE_INVALID_PATH.
REGGIE_MUST_USE
reggie_status reggie_request_new(const reggie_client *client,
                                 const char *method,
                                 const char *path,
                                 reggie_request **request,
                                 reggie_error **error);

/// Frees a request and the userdata of its callbacks. NULL and requests that
/// are being sent are ignored.
void reggie_request_free(reggie_request *request);

/// Sets the method; see reggie_request_new().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_METHOD or REGGIE_BUSY.
reggie_status reggie_request_set_method(reggie_request *request,
                                        const char *method);

/// Returns the method. Borrowed. Returns NULL if `request` is NULL.
const char *reggie_request_method(const reggie_request *request);

/// Sets the path; see reggie_request_new(). Query parameters are kept.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_PATH or REGGIE_BUSY.
reggie_status reggie_request_set_path(reggie_request *request,
                                      const char *path);

/// Returns the path as it was set, with its placeholders. Borrowed. Returns
/// NULL if `request` is NULL.
const char *reggie_request_path(const reggie_request *request);

/// Sets the repository name that replaces `<name>`, such as "myorg/myrepo".
/// Overrides the client's default name.
///
/// It may contain slashes. Empty values and segments, the segments "." and
/// "..", control characters, whitespace, and the characters ? # % < > \ and "
/// are invalid here and in the values of the other placeholders.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_NAME or REGGIE_BUSY.
reggie_status reggie_request_set_name(reggie_request *request,
                                      const char *name);

/// Returns the repository name: the request's own, or the client's default name
/// at the time the request was created.
///
/// Borrowed. Returns NULL if there is none or `request` is NULL.
const char *reggie_request_name(const reggie_request *request);

/// Sets the tag or digest that replaces `<reference>`, such as "latest".
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_REFERENCE or REGGIE_BUSY.
reggie_status reggie_request_set_reference(reggie_request *request,
                                           const char *reference);

/// Returns the reference. Borrowed. Returns NULL if it is not set or `request`
/// is NULL.
const char *reggie_request_reference(const reggie_request *request);

/// Sets the digest that replaces `<digest>`, such as "sha256:e3b0c442...".
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_DIGEST or REGGIE_BUSY.
reggie_status reggie_request_set_digest(reggie_request *request,
                                        const char *digest);

/// Returns the digest. Borrowed. Returns NULL if it is not set or `request` is
/// NULL.
const char *reggie_request_digest(const reggie_request *request);

/// Sets the session ID of an upload, which replaces `<session_id>`.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_SESSION_ID or REGGIE_BUSY.
reggie_status reggie_request_set_session_id(reggie_request *request,
                                            const char *session_id);

/// Returns the session ID. Borrowed. Returns NULL if it is not set or `request`
/// is NULL.
const char *reggie_request_session_id(const reggie_request *request);

/// Sets a header, replacing all fields with that name. The same as
/// reggie_headers_set() on reggie_request_headers().
///
/// `name` is a token (RFC 9110, section 5.1); it is sent as it is spelled.
/// `value` consists of bytes without control characters other than tab, and
/// neither begins nor ends with whitespace; it may be empty. Transfer-Encoding
/// and Expect cannot be set; Content-Length must match the body. Authorization
/// is replaced after a challenge. It is sent only to the client's registry, not
/// to a redirect target or a URL at another origin; so are all headers that the
/// log hides: Cookie, X-Api-Key and others whose names contain words such as
/// token, secret, password, auth, key or session, and values that begin with
/// Basic or Bearer or contain a secret of the client.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER or REGGIE_BUSY.
reggie_status reggie_request_set_header(reggie_request *request,
                                        const char *name,
                                        const char *value);

/// Returns the headers that were set, without those that the library adds. They
/// can be changed.
///
/// Borrowed. Returns NULL if `request` is NULL.
reggie_headers *reggie_request_headers(const reggie_request *request);

/// Returns the URL of the request, with placeholders replaced and query
/// parameters appended.
///
/// On REGGIE_OK, `url` must be freed with reggie_string_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_PATH, REGGIE_MISSING_VALUE if a
/// placeholder has no value, or REGGIE_BUSY.
REGGIE_MUST_USE
reggie_status reggie_request_url(const reggie_request *request,
                                 char **url,
                                 reggie_error **error);

/// Sets a query parameter, replacing all with that name.
///
/// Name and value are percent-encoded when they are sent (RFC 3986, section
/// 3.4). They follow the query in the path, if any, which is sent unchanged.
/// `name` is case-sensitive and not empty; `value` may be empty.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the name is empty, or REGGIE_BUSY.
reggie_status reggie_request_set_query(reggie_request *request,
                                       const char *name,
                                       const char *value);

/// Adds a query parameter and keeps the existing ones with that name; see
/// reggie_request_set_query().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the name is empty, or REGGIE_BUSY.
reggie_status reggie_request_add_query(reggie_request *request,
                                       const char *name,
                                       const char *value);

/// Removes all query parameters with a name, except those in the path. It is
/// not an error if there are none.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_BUSY.
reggie_status reggie_request_remove_query(reggie_request *request,
                                          const char *name);

/// Returns the number of query parameters, without those in the path; 0 if
/// `request` is NULL.
size_t reggie_request_query_count(const reggie_request *request);

/// Returns the name of the query parameter at `index`, starting at 0, not
/// encoded.
///
/// Borrowed. Returns NULL if there is no such parameter or `request` is NULL.
const char *reggie_request_query_name(const reggie_request *request,
                                      size_t index);

/// Returns the value of the query parameter at `index`, starting at 0, not
/// encoded.
///
/// Borrowed. Returns NULL if there is no such parameter or `request` is NULL.
const char *reggie_request_query_value(const reggie_request *request,
                                       size_t index);

/// Returns the first value of a query parameter, not encoded.
///
/// Borrowed. Returns NULL if it is not set or `request` is NULL.
const char *reggie_request_query(const reggie_request *request,
                                 const char *name);

/** @} */

/* ------------------------------------------------------------------ Headers */

/**
 * @defgroup reggie_headers Headers
 * @{
 */

/// Returns the number of header fields; repeated names are counted each time. 0
/// if `headers` is NULL.
size_t reggie_headers_count(const reggie_headers *headers);

/// Returns the name of the header field at `index`, starting at 0, spelled as
/// it was received or set.
///
/// Borrowed. Returns NULL if there is no such field or `headers` is NULL.
const char *reggie_headers_name(const reggie_headers *headers, size_t index);

/// Returns the value of the header field at `index`, starting at 0.
///
/// Borrowed. Returns NULL if there is no such field or `headers` is NULL.
const char *reggie_headers_value(const reggie_headers *headers, size_t index);

/// Returns the first value of a header.
///
/// Borrowed. Returns NULL if the header is absent or `headers` is NULL.
const char *reggie_headers_get(const reggie_headers *headers, const char *name);

/// Returns the number of header fields with a name; 0 if `headers` is NULL.
size_t reggie_headers_get_count(const reggie_headers *headers,
                                const char *name);

/// Returns the value at `index`, starting at 0, among the header fields with a
/// name.
///
/// Borrowed. Returns NULL if there is no such field or `headers` is NULL.
const char *reggie_headers_get_at(const reggie_headers *headers,
                                  const char *name,
                                  size_t index);

/// Sets a header, replacing all fields with that name.
///
/// Only the headers of a request, and of an exchange before it is sent, can be
/// changed. See reggie_request_set_header() for valid names and values.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER, REGGIE_INVALID_ARGUMENT if the headers cannot be
/// changed, or REGGIE_BUSY.
reggie_status reggie_headers_set(reggie_headers *headers,
                                 const char *name,
                                 const char *value);

/// Adds a header field and keeps the existing ones with that name. See
/// reggie_headers_set().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER, REGGIE_INVALID_ARGUMENT if the headers cannot be
/// changed, or REGGIE_BUSY.
reggie_status reggie_headers_add(reggie_headers *headers,
                                 const char *name,
                                 const char *value);

/// Removes all header fields with a name. It is not an error if there are none.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the headers cannot be changed, or REGGIE_BUSY.
reggie_status reggie_headers_remove(reggie_headers *headers, const char *name);

/** @} */

/* ---------------------------------------------- Request and response bodies */

/**
 * @defgroup reggie_bodies Request and response bodies
 * @{
 */

/// Supplies the body of a request.
///
/// Writes up to `size` bytes to `buffer`, which is filled with zeros, and
/// stores the number of bytes in `count`, which is 0 on entry. 0 means the end
/// of the body; more than `size` makes the call return REGGIE_CALLBACK_MISUSE.
/// Return 0 to continue, or any other value to stop the call, which then
/// returns REGGIE_READ_CALLBACK.
typedef int (*reggie_read_callback)(void *userdata,
                                    void *buffer,
                                    size_t size,
                                    size_t *count);

/// Restarts the body of a request from its first byte. Return 0 to continue, or
/// any other value to stop the call, which then returns REGGIE_REWIND_CALLBACK.
typedef int (*reggie_rewind_callback)(void *userdata);

/// Receives the next `size` bytes of a response body, at least one. Return 0 to
/// continue, or any other value to stop the call, which then returns
/// REGGIE_WRITE_CALLBACK.
typedef int (*reggie_write_callback)(void *userdata,
                                     const void *data,
                                     size_t size);

/// Sets the body: `size` bytes from memory, which are copied.
///
/// `bytes` may be NULL if `size` is 0, which is an empty body. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the size is
/// impossible, REGGIE_NO_MEMORY or REGGIE_BUSY.
reggie_status reggie_request_set_body(reggie_request *request,
                                      const uint8_t *bytes,
                                      size_t size);

/// Sets the body: `size` bytes from memory, which are not copied.
///
/// The bytes must stay valid and unchanged until `free_userdata` is called, as
/// described at reggie_free_callback: when the body is replaced or removed,
/// when the request is freed, or, if this function fails, before it returns.
/// `userdata` is passed to that callback and may be `bytes` itself. `bytes` may
/// be NULL if `size` is 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is larger than any object can be, or REGGIE_BUSY.
reggie_status reggie_request_set_body_borrowed(reggie_request *request,
                                               const uint8_t *bytes,
                                               size_t size,
                                               void *userdata,
                                               reggie_free_callback free_userdata);

/// Sets the body: the content of a regular file, which is opened each time the
/// request is sent. `path` may be any bytes except NUL.
///
/// The size of the file when it is opened is the length of the body. Data that
/// is appended while the file is sent is not sent; if the file becomes shorter,
/// the call returns REGGIE_BODY_LENGTH. A file of size 0 that has content, such
/// as those in /proc, is read first; more than 16 MiB of it are an error,
/// REGGIE_BODY_LENGTH. The same applies to parts of files.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_BUSY.
reggie_status reggie_request_set_body_path(reggie_request *request,
                                           const char *path);

/// Sets the body: part of a regular file, `length` bytes from `offset` on; or,
/// if `length` is REGGIE_UNKNOWN_SIZE, all from `offset` to the end of the
/// file.
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

/// Sets the body: the next `length` bytes from a file descriptor, starting at
/// its current offset; or, if `length` is REGGIE_UNKNOWN_SIZE, everything up to
/// its end with chunked transfer coding (RFC 9112, section 7.1), which many
/// registries reject.
///
/// The descriptor remains owned by the caller and must stay open until the
/// request has been sent. If it is seekable, its offset does not change;
/// otherwise the body cannot be sent again, for example after a challenge. It
/// may be non-blocking.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_BUSY, or REGGIE_FILE if it
/// is not open.
reggie_status reggie_request_set_body_fd(reggie_request *request,
                                         int fd,
                                         uint64_t length,
                                         reggie_error **error);

/// Sets the body: part of an open regular file, `length` bytes from `offset`
/// on, counted from the beginning of the file; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, all from `offset` to the end of the file.
///
/// The descriptor remains owned by the caller and must stay open until the
/// request has been sent. Its file offset is neither used nor moved: several
/// requests can send parts of one file concurrently. If the file is shorter
/// than the part requires, reggie_client_do() and reggie_client_open() send
/// nothing and return REGGIE_BODY_LENGTH. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the sum of offset and
/// length is too large, REGGIE_FILE if the descriptor is not open or not a
/// regular file, or REGGIE_BUSY.
reggie_status reggie_request_set_body_fd_section(reggie_request *request,
                                                 int fd,
                                                 uint64_t offset,
                                                 uint64_t length,
                                                 reggie_error **error);

/// Sets the body: `length` bytes supplied by a callback; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, everything up to its end with chunked transfer coding
/// (RFC 9112, section 7.1), which many registries reject.
///
/// After `length` bytes, `read` is called once more and must report the end of
/// the body. If it has more data, or reports the end before, the call returns
/// REGGIE_BODY_LENGTH, and the server does not receive a complete request.
///
/// `rewind` is called when the body has to be sent again, for example after a
/// challenge. If it is NULL, the call then fails with
/// REGGIE_BODY_NOT_REWINDABLE.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `request` or `read` is NULL, or
/// REGGIE_BUSY.
reggie_status reggie_request_set_body_callback(reggie_request *request,
                                               reggie_read_callback read,
                                               reggie_rewind_callback rewind,
                                               uint64_t length,
                                               void *userdata,
                                               reggie_free_callback free_userdata);

/// Removes the body. Default: no body. POST, PUT and PATCH requests then have a
/// Content-Length of 0 (RFC 9110, section 8.6).
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_remove_body(reggie_request *request);

/// Keeps the body of the response in memory, up to the size set by
/// reggie_config_set_max_body_memory(). This is the default.
///
/// All outputs apply to responses whose HTTP status is 2xx; the body of any
/// other response is kept in memory. They do not apply to 204 and 205 responses or
/// to the response to a HEAD request, which have no body. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_output_memory(reggie_request *request);

/// Writes the body of a 2xx response to a file, which appears, or replaces an
/// existing file, once the body is complete.
///
/// Until then, the body is written to a temporary file in the same directory,
/// which is removed on failure. A call that fails leaves an existing file
/// unchanged. A new file is created as by open(2) with mode 0666; a file that is
/// replaced keeps its mode, group and access control list, but not its extended
/// attributes. If its group cannot be kept, the group of the new file has no more
/// access than others. Other hard links to the file keep the old content. The
/// last component of the path must not be a symbolic link, and only a regular
/// file that belongs to the user is replaced; otherwise the call returns
/// REGGIE_FILE.
///
/// A relative path starts from the working directory at the time the response
/// arrives; the file is created in that directory even if the working directory
/// changes or the directory is renamed before the body is complete.
///
/// A 206 response, which has only part of the content, does not replace the
/// file: the call returns REGGIE_PARTIAL_CONTENT. Use
/// reggie_request_set_output_fd() for ranges.
///
/// `path` may be any bytes except NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_BUSY.
reggie_status reggie_request_set_output_path(reggie_request *request,
                                             const char *path);

/// Writes the body of a 2xx response to a file descriptor at its current
/// offset.
///
/// The descriptor remains owned by the caller and must stay open until the
/// request has been sent. It may be non-blocking. Writing to a closed pipe or
/// socket is a failure and raises no SIGPIPE.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_output_fd(reggie_request *request, int fd);

/// Passes the body of a 2xx response to a callback, piece by piece.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `request` or `write` is NULL, or
/// REGGIE_BUSY.
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
/// only after verification. That data must not be trusted until the call, or
/// the read that returns 0 bytes, has returned REGGIE_OK.
///
/// Only a complete body is verified: that of a 2xx response. Not verified are
/// the body of any other response, such as the error list of a 404, which can be
/// read as usual, so check the HTTP status; 204 and 205 responses and the response
/// to a HEAD request, which have no body; the header fields; and, in any case, the
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

/** @} */

/* ---------------------------------------------------- Settings of a request */

/**
 * @defgroup reggie_request_settings Settings of a request
 * @{
 */

/// Called after the server has sent a challenge, before the request is sent
/// again with authorization.
///
/// It may use all functions on `request` except reggie_client_do(),
/// reggie_client_open() and reggie_request_free(); its changes are sent. Return
/// 0 to continue, or any other value to stop the call, which then returns
/// REGGIE_CHALLENGE_CALLBACK.
typedef int (*reggie_challenge_callback)(void *userdata, reggie_request *request);

/// Reports the progress of the transfers of a request.
///
/// `sent` and `received` are the numbers of bytes of the request body that were
/// sent and of the response body that were received. A total is
/// REGGIE_UNKNOWN_SIZE if it is unknown, and 0 if there is no body. All four
/// start again when the request is sent again. Return 0 to continue, or any
/// other value to stop the call, which then returns REGGIE_PROGRESS_CALLBACK.
typedef int (*reggie_transfer_callback)(void *userdata,
                                        uint64_t sent,
                                        uint64_t send_total,
                                        uint64_t received,
                                        uint64_t receive_total);

/// Sets the callback that is called after a challenge, before the request is
/// sent again. If `callback` is NULL, removes it and frees `userdata`.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_challenge_callback(reggie_request *request,
                                                    reggie_challenge_callback callback,
                                                    void *userdata,
                                                    reggie_free_callback free_userdata);

/// If `follow` is 0, ignores challenges: a 401 is returned as the response.
/// Default: 1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_follow_challenge(reggie_request *request,
                                                  int follow);

/// Sets the maximum number of retries of this request, 0 to 1000, or -1 for the
/// client's setting; see reggie_config_set_retries(). Default: -1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the
/// number is out of range, or REGGIE_BUSY.
reggie_status reggie_request_set_retries(reggie_request *request, int retries);

/// Sets the time limit for a whole call with this request; see
/// reggie_config_set_timeout(). Default: the client's.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative, or REGGIE_BUSY.
reggie_status reggie_request_set_timeout(reggie_request *request,
                                         int64_t milliseconds);

/// Sets the time limit from the last byte of this request to the first byte of
/// its response; see reggie_config_set_first_byte_timeout(). Default: the
/// client's.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative, or REGGIE_BUSY.
reggie_status reggie_request_set_first_byte_timeout(reggie_request *request,
                                                    int64_t milliseconds);

/// Sets the time limit from the last byte of this request to the first byte of
/// its response, if the registry has to store something for it; see
/// reggie_config_set_commit_timeout(). Default: the client's.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative, or REGGIE_BUSY.
reggie_status reggie_request_set_commit_timeout(reggie_request *request,
                                                int64_t milliseconds);

/// Sets the minimum transfer rate of this request; see
/// reggie_config_set_stall_limit(). Default: the client's.
///
/// A rate or window of 0 means no limit. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the window is negative, or
/// REGGIE_BUSY.
reggie_status reggie_request_set_stall_limit(reggie_request *request,
                                             uint64_t bytes_per_second,
                                             int64_t window_ms);

/// Sets the progress callback, from the next call on. If `callback` is NULL,
/// removes it and frees `userdata`.
///
/// While a body is being transferred, the callback is called at most every 100
/// ms. While nothing is transferred, it is called once a second, whatever the
/// call waits for: a name server, a connection, the response, a token, or the
/// next retry. The program can thus check for signals. The callback is called
/// once more when the response body has been received, which may be the only
/// time in a short call. The bodies of token requests are not counted.
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

/** @} */

/* --------------------------------------------------------- Cancelling calls */

/**
 * @defgroup reggie_cancel Cancelling calls
 * @{
 */

/// Creates a cancel handle.
///
/// On REGGIE_OK, `cancel` must be freed with reggie_cancel_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, or REGGIE_NO_MEMORY if no file descriptor is
/// available, with the errno in the error.
REGGIE_MUST_USE
reggie_status reggie_cancel_new(reggie_cancel **cancel,
                                reggie_error **error);

/// Frees a cancel handle. NULL is ignored. Calls that use it continue; unless
/// it was triggered, they can no longer be cancelled.
void reggie_cancel_free(reggie_cancel *cancel);

/// Cancels the calls that use the handle, including later ones: they return
/// REGGIE_CANCELLED. Has no effect if already triggered. NULL is ignored.
///
/// Safe for concurrent use, and async-signal-safe (see signal-safety(7)): it
/// takes no locks, allocates no memory and preserves errno. A call that waits
/// for the network or for a file descriptor returns within milliseconds; one
/// that is in a callback returns after the callback.
void reggie_cancel_trigger(const reggie_cancel *cancel);

/// Returns 1 if the handle was triggered; 0 if not or `cancel` is NULL.
/// Async-signal-safe.
int reggie_cancel_is_triggered(const reggie_cancel *cancel);

/// Sets the handle that cancels calls with this request, and the reading of
/// their response bodies. NULL removes it. Running calls are not affected.
/// Default: none.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
reggie_status reggie_request_set_cancel(reggie_request *request,
                                        const reggie_cancel *cancel);

/** @} */

/* --------------------------------------------------------- Sending requests */

/**
 * @defgroup reggie_send Sending requests
 * @{
 */

/// Sends a request and receives the response, including its body, which goes to
/// the output of the request. Default output: memory.
///
/// If the registry sends a challenge, the client obtains an authorization and
/// sends the request again. Redirects are followed, at most 20. An HTTP status
/// such as 404 is not a failure: REGGIE_OK means that a complete response was
/// received. A 401 is returned as the response if there are no credentials or
/// the registry rejects them.
///
/// The time limits of the client and the request apply, as does the request's
/// cancel handle, until the body has been received. The callbacks of the
/// request and of the client's settings are called. The request can be
/// reused afterwards.
///
/// On REGGIE_OK, `response` must be freed with reggie_response_free().
/// Otherwise returns REGGIE_NULL_ARGUMENT; REGGIE_INVALID_PATH or
/// REGGIE_MISSING_VALUE if the path does not result in a valid URL;
/// REGGIE_INVALID_HEADER or REGGIE_LENGTH_MISMATCH if a header does not match
/// the request; REGGIE_INVALID_CERTIFICATES or
/// REGGIE_INVALID_CLIENT_CERTIFICATE if the certificates directory of a host is
/// invalid; REGGIE_INVALID_CREDENTIALS_FILE if a credentials file has become
/// invalid; REGGIE_BUSY; REGGIE_CANCELLED; REGGIE_DEADLINE if the call exceeded
/// its time limit; REGGIE_TIMEOUT if a step did; or any other status from
/// REGGIE_NO_MEMORY on, except REGGIE_NO_ERRORS, REGGIE_NO_HEADER and
/// REGGIE_HTTP_STATUS.
REGGIE_MUST_USE
reggie_status reggie_client_do(const reggie_client *client,
                               reggie_request *request,
                               reggie_response **response,
                               reggie_error **error);

/// Sends a request and returns when the headers of the response have been
/// received. The body is then read with reggie_response_read(), whatever the
/// HTTP status and however long the body is. The output of the request is
/// ignored.
///
/// Otherwise the same as reggie_client_do(). The connection is in use until the
/// body has been read to its end or the response is freed, which closes the
/// connection. The time limits and the cancel handle of the call apply until
/// then: reggie_response_read() may return REGGIE_CANCELLED, REGGIE_DEADLINE or
/// REGGIE_TIMEOUT.
REGGIE_MUST_USE
reggie_status reggie_client_open(const reggie_client *client,
                                 reggie_request *request,
                                 reggie_response **response,
                                 reggie_error **error);

/** @} */

/* ---------------------------------------------------------------- Responses */

/**
 * @defgroup reggie_responses Responses
 * @{
 */

/// Frees a response, and closes its connection if the body was not read to its
/// end. NULL is ignored. No call may be using it.
void reggie_response_free(reggie_response *response);

/// Returns the HTTP status (RFC 9110, section 15), such as 200; 0 if `response`
/// is NULL.
int reggie_response_status(const reggie_response *response);

/// Returns the HTTP version of the response, such as "HTTP/1.1".
///
/// Borrowed. Returns NULL if `response` is NULL.
const char *reggie_response_http_version(const reggie_response *response);

/// Returns the headers. They cannot be changed.
///
/// Borrowed. Returns NULL if `response` is NULL.
const reggie_headers *reggie_response_headers(const reggie_response *response);

/// Returns the first value of a header. The same as reggie_headers_get() on
/// reggie_response_headers().
///
/// Borrowed. Returns NULL if the header is absent or `response` is NULL.
const char *reggie_response_header(const reggie_response *response,
                                   const char *name);

/// Returns the body if it is in memory. It is followed by a NUL, which is not
/// part of it, so that textual bodies can be used as a string.
///
/// The number of bytes is returned by reggie_response_body_length(); it is 0 if
/// the body was written elsewhere or is unread. Borrowed. Returns NULL only if
/// `response` is NULL.
const uint8_t *reggie_response_body(const reggie_response *response);

/// Returns the number of bytes of reggie_response_body(), without the NUL; 0 if
/// `response` is NULL.
size_t reggie_response_body_length(const reggie_response *response);

/// Returns the announced length of the body in bytes; REGGIE_UNKNOWN_SIZE if it
/// was not announced, if there can be no body, or if `response` is NULL.
uint64_t reggie_response_content_length(const reggie_response *response);

/// Returns the target of the Location header (RFC 9110, section 10.2.2) as a
/// path with its query, relative to the client's address. It can be used as the
/// path of the next request.
///
/// Borrowed. Returns NULL if the header is absent or names another server, or
/// `response` is NULL.
const char *reggie_response_relative_location(const reggie_response *response);

/// Returns the target of the Location header (RFC 9110, section 10.2.2) as a
/// full URL. It can be used as the path of the next request.
///
/// Borrowed. Returns NULL if the header is absent or `response` is NULL.
const char *reggie_response_absolute_location(const reggie_response *response);

/// Returns 1 if the HTTP status is 401; 0 if not or `response` is NULL.
int reggie_response_is_unauthorized(const reggie_response *response);

/// Parses the registry's error list in the body, which must be in memory (OCI
/// Distribution Specification, Error Codes). The body is not changed.
///
/// On REGGIE_OK, `errors` must be freed with reggie_errors_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT; REGGIE_BUSY while the body is being read; or
/// REGGIE_NO_ERRORS, with the HTTP status in the error, if the body is not in
/// memory, is not JSON or has no error list.
REGGIE_MUST_USE
reggie_status reggie_response_errors(const reggie_response *response,
                                     reggie_errors **errors,
                                     reggie_error **error);

/// Returns REGGIE_OK if the HTTP status is 2xx (RFC 9110, section 15.3),
/// otherwise REGGIE_HTTP_STATUS.
///
/// The error then has the HTTP status, the host and the time of a Retry-After
/// header. If the body is in memory, the error also has the code of the first
/// error in the registry's error list, and its message has what the server says:
/// the first error, the message at the top level of other JSON, the title of an
/// HTML page, or plain text. Secrets of the client in it are replaced by
/// `[redacted]`. For status 401, the message also says where the rejected
/// credentials came from, or that there were none. The response is not changed.
///
/// May also return REGGIE_NULL_ARGUMENT, or REGGIE_BUSY while the body is being
/// read.
REGGIE_MUST_USE
reggie_status reggie_response_check(const reggie_response *response,
                                    reggie_error **error);

/// Replaces the body with `size` bytes from memory, which are copied. This is
/// for a body that the program has read with reggie_response_read(), and
/// decompressed if necessary, so that reggie_response_errors() and
/// reggie_response_check() can use it. The unread rest of the body is discarded
/// and its connection closed. A pointer from reggie_response_body() becomes
/// invalid.
///
/// `bytes` may be NULL if `size` is 0. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the size is impossible, REGGIE_NO_MEMORY, or
/// REGGIE_BUSY while the body is read.
reggie_status reggie_response_set_body(reggie_response *response,
                                       const uint8_t *bytes,
                                       size_t size);

/// Reads up to `size` more bytes of the body into `buffer`. Waits until some
/// are available. For responses of reggie_client_open(); a body in memory can
/// be read as well.
///
/// The time limits and the cancel handle of the call apply until the end of the
/// body; the time between reads counts towards the limit for the whole call.
///
/// On REGGIE_OK, `count` is the number of bytes read, 0 at the end of the body
/// or if `size` is 0. Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the size is impossible, REGGIE_BUSY,
/// REGGIE_CANCELLED, REGGIE_DEADLINE if the call exceeded its time limit,
/// REGGIE_TIMEOUT if the transfer stalled, REGGIE_RECEIVE, REGGIE_TRUNCATED if
/// the server closed the connection early, REGGIE_TLS, REGGIE_PROTOCOL,
/// REGGIE_DIGEST_MISMATCH, REGGIE_PROGRESS_CALLBACK or REGGIE_NO_MEMORY; the rest
/// of the body is then lost, and later reads fail too.
REGGIE_MUST_USE
reggie_status reggie_response_read(reggie_response *response,
                                   uint8_t *buffer,
                                   size_t size,
                                   size_t *count,
                                   reggie_error **error);

/** @} */

/* ---------------------------------- Pages, ranges, rate limits and warnings */

/**
 * @defgroup reggie_response_headers Pages, ranges, rate limits and warnings
 * @{
 */

/// Returns the next page of a list (Link, RFC 8288) as a path with its query,
/// relative to the client's address. It can be used as the path of the next
/// request.
///
/// Borrowed. Returns NULL on the last page, if reggie_response_check_next_page()
/// returns an error, or if `response` is NULL.
const char *reggie_response_next_page(const reggie_response *response);

/// Returns REGGIE_OK if reggie_response_next_page() returns the next page, or
/// NULL because this is the last one. Otherwise the list is incomplete: returns
/// REGGIE_NEXT_PAGE_REFUSED if the next page is not at the client's address, to
/// which the credentials belong, or if the Link header is invalid. The error's
/// message has the target. A warning is also written to the log.
///
/// May also return REGGIE_NULL_ARGUMENT.
REGGIE_MUST_USE
reggie_status reggie_response_check_next_page(const reggie_response *response,
                                              reggie_error **error);

/// Returns a byte range, both ends inclusive: for an upload, what the registry
/// has received (Range, OCI Distribution Specification, Pushing a blob in
/// chunks); for a 206 response, the part of the blob that the body contains
/// (Content-Range, RFC 9110, section 14.4).
///
/// A registry that has received nothing may send no range, or 0-0, which is
/// also the range of one byte. On REGGIE_OK, `first` and `last` are set.
/// Otherwise returns REGGIE_NULL_ARGUMENT or REGGIE_NO_HEADER.
reggie_status reggie_response_range(const reggie_response *response,
                                    uint64_t *first,
                                    uint64_t *last);

/// Returns the time in milliseconds, from when the response was received, that
/// the server asked to wait before the next request (Retry-After, RFC 9110,
/// section 10.2.3), also as a fraction, a Unix time or an RFC 3339 date; 0 if
/// the time has passed; at most one year. Returns -1 if the header is absent or
/// invalid or `response` is NULL.
int64_t reggie_response_retry_after(const reggie_response *response);

/// Returns the rate limit of the registry: `limit` requests in a window of
/// `window_seconds` seconds, of which `remaining` are left. Parsed from
/// RateLimit-Limit and RateLimit-Remaining, X-RateLimit-Limit and
/// X-RateLimit-Remaining, or RateLimit and RateLimit-Policy. Values that were
/// not sent are -1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_NO_HEADER if neither the
/// limit nor the remaining number was sent.
reggie_status reggie_response_rate_limit(const reggie_response *response,
                                         int64_t *limit,
                                         int64_t *remaining,
                                         int64_t *window_seconds);

/// Returns the number of warnings; 0 if `response` is NULL.
size_t reggie_response_warnings_count(const reggie_response *response);

/// Returns the warning at `index`, starting at 0 (Warning, RFC 7234, section
/// 5.5, as used by the OCI Distribution Specification): one line for the user.
/// Duplicates are removed; all warnings together are limited to 4096 bytes.
///
/// Borrowed. Returns NULL if there is no such warning or `response` is NULL.
const char *reggie_response_warning(const reggie_response *response,
                                    size_t index);

/** @} */

/* ---------------------------------------------------- Timing and statistics */

/**
 * @defgroup reggie_response_stats Timing and statistics
 * @{
 */

/// Time: resolving the host name.
#define REGGIE_TIME_RESOLVE 1

/// Time: connecting.
#define REGGIE_TIME_CONNECT 2

/// Time: TLS handshake.
#define REGGIE_TIME_TLS 3

/// Time: from the last byte of the request to the first byte of its response.
#define REGGIE_TIME_FIRST_BYTE 4

/// Time: the whole call.
#define REGGIE_TIME_TOTAL 5

/// Returns the full URL that sent the response, after redirects. Its query may
/// contain secrets, such as a signature.
///
/// Borrowed. Returns NULL if `response` is NULL.
const char *reggie_response_url(const reggie_response *response);

/// Returns the number of HTTP requests sent for this response: to the registry,
/// to token servers, for redirects and for retries. At least 1; 0 if `response`
/// is NULL.
size_t reggie_response_send_count(const reggie_response *response);

/// Returns 1 if the connection had served another request before; 0 if not or
/// `response` is NULL.
int reggie_response_is_reused(const reggie_response *response);

/// Returns the address and port of the server, or of the proxy if the
/// connection goes through one, such as "192.0.2.1:443"; an IPv6 address is in
/// brackets.
///
/// Borrowed. Returns NULL for a Unix socket or if `response` is NULL.
const char *reggie_response_remote_address(const reggie_response *response);

/// Returns a duration in microseconds. `which` is REGGIE_TIME_RESOLVE,
/// REGGIE_TIME_CONNECT or REGGIE_TIME_TLS, which are 0 if the connection was
/// reused; REGGIE_TIME_FIRST_BYTE, for the last HTTP request; or
/// REGGIE_TIME_TOTAL, for the whole call. For reggie_client_open(), the total
/// does not include the body.
///
/// Returns -1 if `which` is invalid or `response` is NULL.
int64_t reggie_response_time(const reggie_response *response, int which);

/// Returns the number of bytes of the body delivered so far, wherever they went:
/// with reggie_response_read(), those read; with reggie_client_do(), all. 0 if
/// `response` is NULL.
uint64_t reggie_response_body_size(const reggie_response *response);

/** @} */

/* ------------------------------------------------ Error lists of registries */

/**
 * @defgroup reggie_error_lists Error lists of registries
 * @{
 */

/// Frees an error list. NULL is ignored.
void reggie_errors_free(reggie_errors *errors);

/// Returns the number of errors, at least one; 0 if `errors` is NULL.
size_t reggie_errors_count(const reggie_errors *errors);

/// Returns the code of the error at `index`, starting at 0, such as
/// "NAME_UNKNOWN". Registries may use codes that are not in the specification.
///
/// Borrowed. Returns "" if the server sent none, NULL if there is no such error
/// or `errors` is NULL.
const char *reggie_errors_code(const reggie_errors *errors, size_t index);

/// Returns the message of the error at `index`, for the user.
///
/// Borrowed. Returns "" if the server sent none, NULL if there is no such error
/// or `errors` is NULL.
const char *reggie_errors_message(const reggie_errors *errors, size_t index);

/// Returns the detail of the error at `index` as JSON. Its structure depends on
/// the registry.
///
/// Borrowed. Returns "" if the server sent none, NULL if there is no such error
/// or `errors` is NULL.
const char *reggie_errors_detail(const reggie_errors *errors, size_t index);

/** @} */

/* ----------------------------------------------------- Settings of a client */

/**
 * @defgroup reggie_settings Settings of a client
 * @{
 */

/// Creates settings with the defaults.
///
/// The result must be freed with reggie_config_free(). Returns NULL only if
/// there is a bug in the library.
REGGIE_MUST_USE reggie_config *reggie_config_new(void);

/// Frees settings. NULL is ignored. Clients created from them are not affected.
void reggie_config_free(reggie_config *config);

/// Sets the repository name that replaces `<name>` in the path of requests that
/// have no name of their own, such as "myorg/myrepo".
///
/// reggie_client_set_default_name() changes it later. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_NAME.
reggie_status reggie_config_set_default_name(reggie_config *config,
                                             const char *name);

/// Sets the scope of requested tokens, which replaces the scope in the
/// registry's challenge, such as "repository:myorg/myrepo:pull,push".
///
/// Several scopes are separated by spaces. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_config_set_auth_scope(reggie_config *config,
                                           const char *scope);

/// Sets the registry whose content the client's registry mirrors, such as
/// "docker.io".
///
/// Requests for manifests, blobs and lists that are sent by reggie_repository
/// handles of the client then have the query parameter ns=`registry`, which tells a
/// mirror of several registries which of them is meant. In requests of your own,
/// set it with reggie_request_set_query(). Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_REFERENCE.
reggie_status reggie_config_set_mirror_of(reggie_config *config,
                                          const char *registry);

/// Sets the User-Agent header of requests that do not set one (RFC 9110,
/// section 10.1.5). Default: "reggie/" and the version.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_HEADER.
reggie_status reggie_config_set_user_agent(reggie_config *config,
                                           const char *user_agent);

/// Sets the maximum size in bytes of a response body in memory. A call with a
/// larger body fails with REGGIE_BODY_TOO_LARGE. Default: 64 MiB.
///
/// Does not apply to bodies that are written elsewhere. Returns REGGIE_OK or
/// REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_max_body_memory(reggie_config *config,
                                                size_t bytes);

/// If `keep` is not 0, stores the cookies that servers set (RFC 6265) and sends
/// them back. This is for registries behind a load balancer that requires
/// cookies. Default: 0.
///
/// Cookies are kept in memory, per client. A cookie is sent only to the origin
/// (scheme, host and port) that set it, whatever its Domain attribute says. A
/// Cookie header set on a request is sent in front of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_cookies(reggie_config *config, int keep);

/** @} */

/* -------------------------------------------------------------- Time limits */

/**
 * @defgroup reggie_times Time limits
 * @{
 */

/// Sets the time limit for a whole call, including the challenge, token
/// requests, redirects, retries and the response body. A call that exceeds it
/// returns REGGIE_DEADLINE. Default: no limit, because the duration of a large
/// transfer is unknown; the limits below detect calls that hang.
///
/// For reggie_client_open() the limit applies until the body has been read to
/// its end: reggie_response_read() then returns REGGIE_DEADLINE.
/// reggie_request_set_timeout() sets the limit for one request. Calls about
/// content ignore both: reggie_options_set_timeout() sets their limit.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
reggie_status reggie_config_set_timeout(reggie_config *config,
                                        int64_t milliseconds);

/// Sets the time limit for resolving a host name. If it is exceeded, the call
/// returns REGGIE_TIMEOUT; the lookup, which cannot be interrupted, ends on a
/// thread of its own. Default: 30 s.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
reggie_status reggie_config_set_resolve_timeout(reggie_config *config,
                                                int64_t milliseconds);

/// Sets the time limit for connecting to a host, over all its addresses; the
/// next address is tried when one has failed or has not responded within 250
/// ms. A proxy gets the same time again to connect to the host. If the limit is
/// exceeded, the call returns REGGIE_TIMEOUT. Default: 30 s.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
reggie_status reggie_config_set_connect_timeout(reggie_config *config,
                                                int64_t milliseconds);

/// Sets the time limit for a TLS handshake. If it is exceeded, the call returns
/// REGGIE_TIMEOUT. Default: 30 s.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
reggie_status reggie_config_set_tls_timeout(reggie_config *config,
                                            int64_t milliseconds);

/// Sets the time limit from the last byte of a request to the first byte of its
/// response. If it is exceeded, the call returns REGGIE_TIMEOUT. Default: 2
/// min.
///
/// The time starts when the server has received the request; until then, the
/// stall limit applies. Interim responses (RFC 9110, section 15.2) do not count
/// as a response. The remaining headers must arrive within 10 min.
///
/// A different limit applies to requests for which the registry has to store
/// something; see reggie_config_set_commit_timeout().
/// reggie_request_set_first_byte_timeout() sets the limit for one request.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
reggie_status reggie_config_set_first_byte_timeout(reggie_config *config,
                                                   int64_t milliseconds);

/// Sets the same limit as reggie_config_set_first_byte_timeout() for requests
/// for which the registry has to store something: all PUT requests, and POST
/// and PATCH requests with a body. Registries may verify and move a large blob
/// before they respond. Default: 15 min.
///
/// reggie_request_set_commit_timeout() sets the limit for one request.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
reggie_status reggie_config_set_commit_timeout(reggie_config *config,
                                               int64_t milliseconds);

/// Sets the minimum transfer rate, in either direction: `bytes_per_second`,
/// averaged over `window_ms` milliseconds. A slower transfer fails with
/// REGGIE_TIMEOUT at the end of the window. Default: 1 byte per second over 60
/// s. reggie_request_set_stall_limit() sets the limit for one request.
///
/// Only time spent waiting for the server counts, not time spent in callbacks
/// or on the caller's file descriptors. Uploaded bytes count when the server's
/// system has received them, not while they are in a local buffer. While
/// waiting for the first byte of the response, the limits above apply instead.
/// A rate or window of 0 means no limit.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// window is negative.
reggie_status reggie_config_set_stall_limit(reggie_config *config,
                                            uint64_t bytes_per_second,
                                            int64_t window_ms);

/** @} */

/* ------------------------------------------------------------------ Retries */

/**
 * @defgroup reggie_retries Retries
 * @{
 */

/// Decides whether a request is retried.
///
/// `attempt` is the number of attempts so far, at least 1; `method` is the
/// method; `http_status` is the HTTP status of the response, or 0 if there was
/// none; `failure` is the failure, or REGGIE_OK if the response was received.
/// Both are set if the head of a response was received but its body failed.
/// `would_retry` is 1 if the request would be retried, else 0. On entry,
/// `retry` has the same value as `would_retry`; set it to 1 or 0. Strings are
/// valid during the call.
///
/// May be called concurrently from several threads. Return 0 to continue, or
/// any other value to stop the call, which then returns
/// REGGIE_RETRY_CONDITION_CALLBACK.
typedef int (*reggie_retry_condition_callback)(void *userdata,
                                               int attempt,
                                               const char *method,
                                               int http_status,
                                               reggie_status failure,
                                               int would_retry,
                                               int *retry);

/// Sets the maximum number of retries of a request, 0 to 1000. Default: 0.
///
/// A request is retried after a failure to resolve, connect, send or receive,
/// and after the HTTP statuses 408, 425, 429, 499, 500, 502, 503, 504 and 520
/// to 524, also from a token server. This applies to GET, HEAD, PUT, DELETE,
/// OPTIONS and POST, if the body, if any, can be read again. PATCH and other
/// methods are retried only if nothing was sent. No request is retried after
/// the caller has received a part of the response body. The requests to a host
/// share a budget of ten retries, which is refilled by one for every ten
/// successful requests; retries after a Retry-After are not counted. If the
/// budget is used up, or after the last retry, the last response or failure is
/// returned. Sending a request again after a challenge is not a retry.
///
/// reggie_request_set_retries() sets the number for one request. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the number is
/// out of range.
reggie_status reggie_config_set_retries(reggie_config *config, int retries);

/// Sets the delays before retries, in milliseconds: a random part of `base_ms`,
/// which doubles with each retry up to `max_ms`. Defaults: 500 and 30000.
///
/// If the server sends Retry-After (RFC 9110, section 10.2.3), all retries to
/// that host, and all other requests that may be retried, wait that long plus a
/// random part of `base_ms`. What it refuses until then, because it was sent
/// before, counts as one retry. If the time exceeds
/// `max_retry_after_ms` (default: 60000), or is the Unix time at which a quota is
/// renewed, as Docker Hub sends it, the call fails at once: with
/// REGGIE_RETRY_LATER if there was a response, otherwise with the failure of
/// the attempt. reggie_error_retry_after() returns the time.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if an
/// argument is negative.
reggie_status reggie_config_set_retry_delays(reggie_config *config,
                                             int64_t base_ms,
                                             int64_t max_ms,
                                             int64_t max_retry_after_ms);

/// Sets the callback that decides whether a request is retried, in place of the
/// rules of reggie_config_set_retries().
///
/// Called after each attempt that failed or had an HTTP status of 400 or above,
/// if there are retries left and the request can safely be sent again. It
/// cannot change the number of retries, the delays, or which methods and bodies
/// can be sent again.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_retry_condition(reggie_config *config,
                                                reggie_retry_condition_callback callback,
                                                void *userdata,
                                                reggie_free_callback free_userdata);

/** @} */

/* ----------------------------------------------------------- Authentication */

/**
 * @defgroup reggie_authentication Authentication
 * @{
 */

/// Finds the credential for a registry.
///
/// `registry` is its host, with the port if it is not the default. `repository`
/// is the repository that the request is about, or NULL if none. Both are valid
/// during the call. The result is stored in `credential` by one of the
/// reggie_credential_set functions.
///
/// Called when a token or an authorization is needed, not for each request. May
/// be called concurrently from several threads. Return 0 to continue, even if
/// there is no credential, or any other value to stop the call, which then
/// returns REGGIE_CREDENTIAL_CALLBACK.
typedef int (*reggie_credential_callback)(void *userdata,
                                          const char *registry,
                                          const char *repository,
                                          reggie_credential *credential);

/// Decides whether the credentials for a registry may be sent to a token server
/// (the realm of its challenge) at another site.
///
/// `registry` and `realm` are the host and port of each. On entry, `allow` is
/// 0; set it to another value to allow it. Return 0 to continue, or any other
/// value to stop the call, which then returns REGGIE_REALM_CALLBACK. May be
/// called concurrently from several threads.
typedef int (*reggie_realm_callback)(void *userdata,
                                     const char *registry,
                                     const char *realm,
                                     int *allow);

/// Sets the user name and password, for Basic authentication (RFC 7617) and for
/// requesting tokens. They are sent only to the registry's own origin and to
/// the token server that it names. Default: anonymous, unless one of the
/// functions below provides credentials.
///
/// If a registry requires credentials, the client uses the first of:
///
/// 1. those added for the repository by reggie_config_add_credentials(),
///    reggie_config_add_identity_token() or reggie_config_add_bearer_token(),
///    by the longest matching path;
/// 2. those set by this function;
/// 3. those returned by the callback of
///    reggie_config_set_credential_callback();
/// 4. those in the files added by reggie_config_add_credentials_file(), in the
///    order in which they were added;
/// 5. those in the default files, if
///    reggie_config_use_default_credentials_files() was called.
///
/// Both strings are UTF-8. The user name has no control characters and no colon;
/// the password has at most 64 KiB and may have several lines, as a JSON key
/// file has. Either may be empty, for example the user name if the password is
/// a token.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_config_set_credentials(reggie_config *config,
                                            const char *username,
                                            const char *password);

/// Adds a user name and password for a part of a registry, for example for one
/// of several organizations.
///
/// `place` is "host" or "host:port", optionally followed by the beginning of
/// repository names: "registry.example/team/app" applies to team/app and
/// everything below it. The longest matching path is used. Credentials for the
/// same place replace each other.
///
/// Without a port, the default port of the scheme of the client's address
/// applies. docker.io, index.docker.io and registry-1.docker.io are treated as
/// the same host.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS, or REGGIE_INVALID_ARGUMENT if the place is
/// invalid, for example a URL.
reggie_status reggie_config_add_credentials(reggie_config *config,
                                            const char *place,
                                            const char *username,
                                            const char *password);

/// Adds an identity token (an OAuth 2 refresh token, RFC 6749) for a place, as
/// for reggie_config_add_credentials().
///
/// It is sent to the token server, by POST. If the token server does not
/// support POST, or the registry requires Basic authentication, it is used as
/// the password of `username`; if that is NULL or empty, it is never sent to
/// the registry.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS or REGGIE_INVALID_ARGUMENT.
reggie_status reggie_config_add_identity_token(reggie_config *config,
                                               const char *place,
                                               const char *username,
                                               const char *token);

/// Adds a bearer token (RFC 6750) that the program has obtained itself, for a
/// place as for reggie_config_add_credentials(). It is sent to the registry
/// unchanged if the registry requires authorization; no token server is used.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS or REGGIE_INVALID_ARGUMENT.
reggie_status reggie_config_add_bearer_token(reggie_config *config,
                                             const char *place,
                                             const char *token);

/// Sets the callback that returns credentials for registries for which none
/// were set. See reggie_config_set_credentials() for the order of the sources.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_credential_callback(reggie_config *config,
                                                    reggie_credential_callback callback,
                                                    void *userdata,
                                                    reggie_free_callback free_userdata);

/// Adds a credentials file: Docker's config.json, containers' auth.json, or the
/// older .dockercfg.
///
/// From `auths`, the client uses `auth`, or `username` and `password`,
/// `identitytoken` and `registrytoken`, by the longest path that matches the
/// repository. `credHelpers` and `credsStore` name credential helpers, which
/// are run only if reggie_config_set_credential_helpers() allows it; they rank
/// after entries with a path and before the entry for the registry as a whole.
/// An empty entry means that a helper has the credentials. If several keys name
/// the same host, the one that is exactly host and port is used before URLs.
/// Names of fields are compared without case. The file may be in UTF-16 or have
/// a byte-order mark.
///
/// The file is read when a client is created, which fails with
/// REGGIE_INVALID_CREDENTIALS_FILE if the file is missing or invalid, and again
/// when credentials are needed, so that later logins are found. A relative
/// `path` refers to the current directory at the time of this call.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_INVALID_CREDENTIALS_FILE if there is no current
/// directory.
reggie_status reggie_config_add_credentials_file(reggie_config *config,
                                                 const char *path);

/// If `enable` is not 0, looks for credentials in the files where Docker and
/// containers store those of the user. Default: 0.
///
/// These are, in this order: the file named by REGISTRY_AUTH_FILE;
/// containers/auth.json in XDG_RUNTIME_DIR, or else
/// /run/containers/UID/auth.json; containers/auth.json in XDG_CONFIG_HOME, or
/// else in .config of HOME; config.json in DOCKER_CONFIG, or else in .docker of
/// HOME; .dockercfg in HOME. A missing file is skipped; an invalid one is an
/// error, as for reggie_config_add_credentials_file(). With
/// reggie_config_set_use_environment() the variables can be ignored.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_use_default_credentials_files(reggie_config *config,
                                                          int enable);

/// If `run` is not 0, runs the credential helpers named in credentials files.
/// Default: 0; the library then starts no program and skips helpers.
///
/// A helper is a program docker-credential-NAME in PATH. It gets the
/// environment of the process at the time the client was created. If it exceeds
/// its time limit or the call is cancelled, it is killed together with the
/// processes it started. The library waits for it to exit, so the process
/// receives SIGCHLD; it does not matter how the process handles that signal. If
/// a helper fails, the call returns REGGIE_CREDENTIAL_HELPER with the helper's
/// name and output in the message. A helper that reports that it has no
/// credentials is skipped.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_credential_helpers(reggie_config *config,
                                                   int run);

/// Sets the time limit for a credential helper. Default: 30 s.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
reggie_status reggie_config_set_credential_helper_timeout(reggie_config *config,
                                                          int64_t milliseconds);

/// Sets how long the credentials that a helper returned are used before it is
/// run again. Default: 5 min.
///
/// For each registry, one helper runs at a time, and its result serves all calls
/// that wait for it. Credentials that the registry or a token server rejects are
/// not used again. The result that there are none is kept for at most 5 s, a
/// failure not at all.
///
/// 0 means that each use runs the helper. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if `milliseconds` is
/// negative.
reggie_status reggie_config_set_credential_helper_cache_time(reggie_config *config,
                                                             int64_t milliseconds);

/// Sets a user name and password as the result of the callback; see
/// reggie_config_set_credentials().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_credential_set_password(reggie_credential *credential,
                                             const char *username,
                                             const char *password);

/// Sets an identity token as the result of the callback; see
/// reggie_config_add_identity_token().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_credential_set_identity_token(reggie_credential *credential,
                                                   const char *username,
                                                   const char *token);

/// Sets a bearer token as the result of the callback; see
/// reggie_config_add_bearer_token().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
reggie_status reggie_credential_set_bearer_token(reggie_credential *credential,
                                                 const char *token);

/// Allows credentials to be sent to a token server at another site than the
/// registry. `host` is "host", "host:port", or ".domain" for a domain and its
/// subdomains. May be called several times.
///
/// A registry names its token server in its challenge, and could name any
/// server. Therefore credentials are sent only to token servers at the
/// registry's own site, to those known to belong to it, such as auth.docker.io
/// for docker.io, and to those allowed here or by the callback. Otherwise the
/// call returns REGGIE_REALM_REFUSED. Credentials for a registry with TLS are
/// never sent to a token server without TLS.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if the host is invalid, for example a URL.
reggie_status reggie_config_add_allowed_realm(reggie_config *config,
                                              const char *host);

/// Sets the callback that decides about token servers at another site that
/// reggie_config_add_allowed_realm() does not allow. Called each time before
/// credentials would be sent.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_realm_callback(reggie_config *config,
                                               reggie_realm_callback callback,
                                               void *userdata,
                                               reggie_free_callback free_userdata);

/// If `fallback` is not 0, requests an anonymous token if the token server
/// rejects the credentials with 401 or 403 and the request only pulls. This
/// gives access to public content despite outdated credentials. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_anonymous_fallback(reggie_config *config,
                                                   int fallback);

/** @} */

/* ---------------------------------------------------------------------- TLS */

/**
 * @defgroup reggie_tls TLS
 * @{
 */

/// TLS version 1.2 (RFC 5246).
#define REGGIE_TLS_1_2 12

/// TLS version 1.3 (RFC 8446).
#define REGGIE_TLS_1_3 13

/// Accepts or rejects the certificates of a server.
///
/// Called in each TLS handshake, not for each request, since connections are
/// reused. `host` is the server's name or address, with the port if it is not
/// 443. `certificates` and `sizes` are arrays with `count` elements, at least
/// one: the server's certificate, then the intermediate certificates that it
/// sent, each in DER (RFC 5280). `refusal` is NULL if the client would accept
/// the certificate; otherwise it says why not. All are valid during the call.
///
/// Return 0 to accept the certificate, even if the client would reject it, or
/// any other value to reject it and stop the call, which then returns
/// REGGIE_CERTIFICATE_CALLBACK. May be called concurrently from several
/// threads.
typedef int (*reggie_certificate_callback)(void *userdata,
                                           const char *host,
                                           const uint8_t *const *certificates,
                                           const size_t *sizes,
                                           size_t count,
                                           const char *refusal);

/// If `skip` is not 0, accepts any certificate of the registry. Anyone on the
/// network path can then read the credentials and modify the content. For
/// tests. Default: 0.
///
/// Applies to the host of the client's address, at all ports, and to no other
/// host: certificates of token servers, redirect targets and proxies at other
/// hosts are still verified. For those, use reggie_config_add_ca_file() or
/// reggie_config_set_certificate_callback(). Plain http needs no setting: it is
/// used for http addresses, and https never falls back to it.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_insecure_skip_tls_verify(reggie_config *config,
                                                         int skip);

/// If `trust` is not 0, trusts the CA certificates of the system, or those
/// named by SSL_CERT_FILE and SSL_CERT_DIR when the client is created. If it is
/// 0, trusts only certificates added by the functions below. Default: 1.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_system_trust(reggie_config *config, int trust);

/// Adds a file of trusted certificates: any number in PEM (RFC 7468), or one in
/// DER. The file may also contain a server's own certificate. The file is read
/// during the call. May be called several times.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_INVALID_CERTIFICATES, with the errno in the error if the
/// file cannot be read.
reggie_status reggie_config_add_ca_file(reggie_config *config,
                                        const char *path,
                                        reggie_error **error);

/// Adds the certificates in all files of a directory whose names end with .crt,
/// .pem or .cert, as by reggie_config_add_ca_file(). Subdirectories are
/// skipped. If a file cannot be read or parsed, nothing is added and the error
/// names the file. A directory without such files is an error.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_INVALID_CERTIFICATES, with the errno in the error if
/// something cannot be read.
reggie_status reggie_config_add_ca_folder(reggie_config *config,
                                          const char *path,
                                          reggie_error **error);

/// Adds trusted certificates from memory, as by reggie_config_add_ca_file():
/// `size` bytes of PEM, or one certificate in DER.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the size
/// is impossible, or REGGIE_INVALID_CERTIFICATES.
reggie_status reggie_config_add_ca_memory(reggie_config *config,
                                          const uint8_t *certificates,
                                          size_t size,
                                          reggie_error **error);

/// Adds a client certificate for TLS. The files are read during the call.
///
/// It is sent to one https origin only: that of `registry`, such as
/// "registry.example" or "registry.example:5000", or the client's own if
/// `registry` is NULL. It is not sent to redirect targets or token servers
/// elsewhere. If there are several for an origin, the server's list of accepted
/// authorities decides.
///
/// The file at `certificate_path` contains the certificate, followed by
/// intermediate certificates, in PEM; or one certificate in DER. The file at
/// `key_path`, which may be the same, contains the private key in PEM or DER,
/// as PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1 (RFC 5915), without a
/// passphrase; NULL means the same file. Supported keys: RSA with 2048 to 4096
/// bits, P-256, P-384, P-521 and Ed25519.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if a path is empty or the registry is invalid, or
/// REGGIE_INVALID_CLIENT_CERTIFICATE if a file cannot be read or parsed or the
/// key does not match the certificate; the error names the file.
reggie_status reggie_config_add_client_certificate_file(reggie_config *config,
                                                        const char *registry,
                                                        const char *certificate_path,
                                                        const char *key_path,
                                                        reggie_error **error);

/// Adds a client certificate from memory, as by
/// reggie_config_add_client_certificate_file(). If `key_size` is 0, the key is
/// in `certificate`.
///
/// The library keeps no copy of the key's text. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT if a size
/// is impossible or the registry is invalid, or
/// REGGIE_INVALID_CLIENT_CERTIFICATE.
reggie_status reggie_config_add_client_certificate_memory(reggie_config *config,
                                                          const char *registry,
                                                          const uint8_t *certificate,
                                                          size_t certificate_size,
                                                          const uint8_t *key,
                                                          size_t key_size,
                                                          reggie_error **error);

/// Sets the callback that accepts or rejects server certificates, after the
/// client has verified them.
///
/// It is always verified that the server has the private key of its
/// certificate. With reggie_config_set_insecure_skip_tls_verify() the client
/// does not reject any certificate of the registry. While a callback is set,
/// TLS sessions are not resumed, so that it is called for each connection.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback, as do their unread responses; its userdata is
/// freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_certificate_callback(reggie_config *config,
                                                     reggie_certificate_callback callback,
                                                     void *userdata,
                                                     reggie_free_callback free_userdata);

/// Adds a directory with one subdirectory per host, like the certs.d of Docker
/// and containers. A subdirectory is named after the host and port, such as
/// "registry.example:5000"; for port 443 the port may be omitted.
///
/// In a subdirectory, files that end with .crt contain additional trusted
/// certificates for that host and port; a file that ends with .cert, and the
/// file of the same name that ends with .key, are a client certificate, as for
/// reggie_config_add_client_certificate_file(). A subdirectory is read when its
/// host is first needed; for the client's own host with https, when the client
/// is created. If it cannot be read or parsed, the call fails with
/// REGGIE_INVALID_CERTIFICATES or REGGIE_INVALID_CLIENT_CERTIFICATE, and the
/// error names the file. May be called several times; the first directory with
/// a subdirectory for the host is used.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_INVALID_CERTIFICATES, with the errno in the error, if it
/// is not a readable directory.
reggie_status reggie_config_add_certs_folder(reggie_config *config,
                                             const char *path,
                                             reggie_error **error);

/// If `enable` is not 0, uses the directories of Docker and containers after
/// those of reggie_config_add_certs_folder(): $HOME/.config/containers/certs.d,
/// /etc/containers/certs.d, $HOME/.config/docker/certs.d and
/// /etc/docker/certs.d. Missing or inaccessible ones are skipped. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_use_default_certs_folders(reggie_config *config,
                                                      int enable);

/// Sets the minimum TLS version: REGGIE_TLS_1_2 or REGGIE_TLS_1_3. Default:
/// REGGIE_TLS_1_2.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// version is invalid.
reggie_status reggie_config_set_min_tls_version(reggie_config *config,
                                                int version);

/// If `key_log` is not 0, appends the secrets of all TLS sessions to the file
/// named by the environment variable SSLKEYLOGFILE, for debugging. Anyone who
/// can read that file can decrypt the traffic. Nothing is written if the
/// variable is not set; if the file cannot be opened, reggie_client_new()
/// returns REGGIE_FILE. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_key_log(reggie_config *config, int key_log);

/** @} */

/* --------------------------------------- Proxies, addresses and connections */

/**
 * @defgroup reggie_network Proxies, addresses and connections
 * @{
 */

/// IP version: IPv4 and IPv6.
#define REGGIE_IP_ANY 0

/// IP version: IPv4 only.
#define REGGIE_IP_4 4

/// IP version: IPv6 only.
#define REGGIE_IP_6 6

/// Sets the proxy for http URLs, https URLs or both.
///
/// `scheme` is "http", "https", or NULL for both. `url` is the proxy:
/// "http://host:port", "https://host:port" for TLS to the proxy,
/// "socks5://host:port" (RFC 1928), or "socks5h://host:port" if the proxy is to
/// resolve host names; the default scheme is http. A percent-encoded user name
/// and password may precede the host, as in "http://user:password@host:port".
/// They are sent only to the proxy and do not appear in logs or errors. If
/// `url` is NULL, no proxy is used.
///
/// Default: as set in the environment; see reggie_config_set_use_environment().
/// Requests to http URLs are sent to an HTTP proxy directly; those to https
/// URLs go through a tunnel (RFC 9110, section 9.3.6). If a proxy refuses a
/// request, the call returns REGGIE_PROXY. Unix sockets are never accessed
/// through a proxy.
///
/// Returns REGGIE_OK; REGGIE_NULL_ARGUMENT if `config` is NULL;
/// REGGIE_INVALID_UTF8; REGGIE_INVALID_ARGUMENT if the scheme is invalid; or
/// REGGIE_INVALID_PROXY.
reggie_status reggie_config_set_proxy(reggie_config *config,
                                      const char *scheme,
                                      const char *url,
                                      reggie_error **error);

/// Sets the hosts for which no proxy is used, in place of those in no_proxy and
/// NO_PROXY. Applies to all proxies.
///
/// `list` is a comma-separated list; it may be empty. "example.com" matches
/// that host and its subdomains, ".example.com" and "*.example.com" match only
/// the subdomains, "*" matches all hosts. An address, or a network such as
/// "10.0.0.0/8", matches hosts that are given as addresses; names are not
/// resolved for it. A name or an address may be followed by a colon and a port;
/// an IPv6 address is then in brackets.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if an entry is invalid.
reggie_status reggie_config_set_no_proxy(reggie_config *config,
                                         const char *list);

/// If `enable` is 0, clients ignore the environment: the proxy variables,
/// SSL_CERT_FILE and SSL_CERT_DIR, the variables for default credentials files,
/// and SSLKEYLOGFILE and HOME for reggie_config_set_key_log() and
/// reggie_config_use_default_certs_folders(). Default: 1. The environment is
/// read only when a client is created.
///
/// The proxy for http URLs is taken from http_proxy or HTTP_PROXY; the latter
/// is ignored in a program run by a web server, where REQUEST_METHOD is set.
/// The proxy for https URLs is taken from https_proxy or HTTPS_PROXY. all_proxy
/// or ALL_PROXY applies to both if these are not set. No proxy is used for the
/// hosts in no_proxy or NO_PROXY. A proxy from the environment is not used for
/// localhost and loopback addresses.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_use_environment(reggie_config *config,
                                                int enable);

/// Allows redirects to, and token servers at, a host or network. May be called
/// several times.
///
/// By default, a server cannot redirect to a more private network: a server
/// with a public address only to public addresses, a server in a private
/// network to public and private addresses, a server on this host to these and
/// to this host. Only a server with a link-local address can redirect to
/// link-local addresses, and no server to a cloud metadata address. The same
/// applies to token servers that a server names. The address that is actually
/// connected to is checked, not the name, against that of the connection that
/// delivered the redirect or challenge; for hosts that a proxy resolves, only
/// those given as addresses are checked. Otherwise the call returns
/// REGGIE_ADDRESS_REFUSED. The URLs of requests themselves are not restricted,
/// except that a URL at another origin than the registry's, such as the Location
/// of an upload, cannot be at a cloud metadata address.
///
/// `text` is "host", "host:port", an address, or a network such as
/// "10.0.0.0/8". Subdomains of a host are not included.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if the text is invalid.
reggie_status reggie_config_add_allowed_network(reggie_config *config,
                                                const char *text);

/// Sets the addresses of a host, which are then used instead of name
/// resolution. May be called several times; for the same host and port, the
/// last call applies.
///
/// `port` is the port that they apply to, or 0 for all ports; a specific port
/// takes precedence. `addresses` is a comma-separated list of IPv4 and IPv6
/// addresses. Certificates are still verified for the host name.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if the host, the port or an address is invalid, or
/// if there are none or more than 64 addresses.
reggie_status reggie_config_add_resolve(reggie_config *config,
                                        const char *host,
                                        int port,
                                        const char *addresses);

/// Sets the IP version of connections: REGGIE_IP_ANY, REGGIE_IP_4 or
/// REGGIE_IP_6. Default: REGGIE_IP_ANY. If a host has no address of that
/// version, the call returns REGGIE_RESOLVE.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// version is invalid.
reggie_status reggie_config_set_ip_version(reggie_config *config, int version);

/// Sets the maximum number of idle connections that a client keeps per server,
/// and for how many milliseconds; 0 for either keeps none. Default: any number,
/// for 60 s. A client never keeps more than 512 in total.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// time is negative.
reggie_status reggie_config_set_max_idle_connections(reggie_config *config,
                                                     size_t per_host,
                                                     int64_t idle_ms);

/// Sets the maximum number of simultaneous connections to a server, including
/// idle ones. Default: 0, which means no limit.
///
/// A call that needs another connection waits until one is free, in the order
/// of arrival. If that takes longer than the connect timeout
/// (reggie_config_set_connect_timeout()), it returns REGGIE_TIMEOUT; its
/// deadline and its cancel handle apply as well.
///
/// A connection is in use until the response body has been read to its end or
/// the response is freed. A thread that holds an unread response and sends
/// another request needs another connection: with a limit of 1 it waits for
/// itself until the timeout. A request sent from a callback does not wait; it
/// may exceed the limit.
///
/// A server is a host and port, with or without TLS; token servers are counted
/// separately. With an HTTP proxy for plain http, the proxy is the server.
/// Derived clients share the limit if they share connections.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_max_connections(reggie_config *config,
                                                size_t per_host);

/** @} */

/* ---------------------------------------------------------------- Redirects */

/**
 * @defgroup reggie_redirects Redirects
 * @{
 */

/// Redirect choice: follow it.
#define REGGIE_REDIRECT_FOLLOW 0

/// Redirect choice: return it as the response.
#define REGGIE_REDIRECT_RETURN 1

/// Decides whether a redirect is followed.
///
/// On entry, `choice` is REGGIE_REDIRECT_FOLLOW; set it to
/// REGGIE_REDIRECT_RETURN to return the redirect as the response. With any
/// other value the call returns REGGIE_CALLBACK_MISUSE. Return 0 to continue,
/// or any other value to stop the call, which then returns
/// REGGIE_REDIRECT_CALLBACK. May be called concurrently from several threads.
typedef int (*reggie_redirect_callback)(void *userdata,
                                        const reggie_redirect *redirect,
                                        int *choice);

/// Sets the maximum number of consecutive redirects that are followed (RFC
/// 9110, section 15.4). Default: 20. If there are more, the call returns
/// REGGIE_TOO_MANY_REDIRECTS.
///
/// With 0, a redirect is returned as the response;
/// reggie_response_absolute_location() returns its target. A redirect of a
/// token server is then a failure.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if `max`
/// is negative.
reggie_status reggie_config_set_max_redirects(reggie_config *config, int max);

/// Sets the callback that decides about redirects, including those of token
/// servers. Not called for redirects that are always refused, such as from
/// https to http, or that exceed the maximum.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_redirect_callback(reggie_config *config,
                                                  reggie_redirect_callback callback,
                                                  void *userdata,
                                                  reggie_free_callback free_userdata);

/// Returns the full URL that sent the redirect. Its query may contain secrets,
/// such as a signature.
///
/// Borrowed. Returns NULL if `redirect` is NULL.
const char *reggie_redirect_from(const reggie_redirect *redirect);

/// Returns the full URL of the target. Its query may contain secrets, such as a
/// signature.
///
/// Borrowed. Returns NULL if `redirect` is NULL.
const char *reggie_redirect_to(const reggie_redirect *redirect);

/// Returns the method of the next request: the same method, except that a 303
/// changes it to GET or HEAD.
///
/// Borrowed. Returns NULL if `redirect` is NULL.
const char *reggie_redirect_method(const reggie_redirect *redirect);

/// Returns the HTTP status: 301, 302, 303, 307 or 308; 0 if `redirect` is NULL.
int reggie_redirect_status(const reggie_redirect *redirect);

/// Returns the number of this redirect among consecutive redirects, starting at
/// 1; 0 if `redirect` is NULL.
size_t reggie_redirect_hop(const reggie_redirect *redirect);

/// Returns the headers of the redirect. They cannot be changed.
///
/// Borrowed. Returns NULL if `redirect` is NULL.
const reggie_headers *reggie_redirect_headers(const reggie_redirect *redirect);

/** @} */

/* ------------------------------------------------------ Logging and tracing */

/**
 * @defgroup reggie_tracing Logging and tracing
 * @{
 */

/// Log level: errors.
#define REGGIE_LOG_ERROR 1

/// Log level: possible problems.
#define REGGIE_LOG_WARNING 2

/// Log level: what the client does on its own, such as requesting tokens.
#define REGGIE_LOG_INFO 3

/// Log level: every request and response, and invalid arguments.
#define REGGIE_LOG_DEBUG 4

/// Purpose: the first attempt of a request.
#define REGGIE_PURPOSE_FIRST 1

/// Purpose: a request that is sent again after a challenge.
#define REGGIE_PURPOSE_CHALLENGE 2

/// Purpose: a token request, or a request that obtains a challenge from the
/// registry.
#define REGGIE_PURPOSE_TOKEN 3

/// Purpose: a request that follows a redirect.
#define REGGIE_PURPOSE_REDIRECT 4

/// Purpose: a retry after a failure.
#define REGGIE_PURPOSE_RETRY 5

/// Receives a log message.
///
/// `level` is REGGIE_LOG_ERROR, REGGIE_LOG_WARNING, REGGIE_LOG_INFO or
/// REGGIE_LOG_DEBUG. The message is valid during the call; it may have several
/// lines and does not end with a newline. If the callback was called for an
/// invalid argument, invalid arguments of its own calls are not logged. May be
/// called concurrently from several threads.
typedef void (*reggie_log_callback)(void *userdata,
                                    int level,
                                    const char *message);

/// Receives a warning of a registry.
///
/// `host` is the host and port that sent it; `text` is one line. Both are valid
/// during the call. May be called concurrently from several threads.
typedef void (*reggie_warning_callback)(void *userdata,
                                        const char *host,
                                        const char *text);

/// Called before an HTTP request is sent, or after the headers of an HTTP
/// response have been received; reggie_exchange_purpose() says what it is for.
///
/// Return 0 to continue, or any other value to stop the call, which then
/// returns REGGIE_EXCHANGE_CALLBACK. May be called concurrently from several
/// threads.
typedef int (*reggie_exchange_callback)(void *userdata,
                                        reggie_exchange *exchange);

/// If `debug` is not 0, logs each request and response: the first line, the
/// headers, and the beginning of bodies that are text. Credentials, tokens and
/// signatures in URLs are removed. Also logs why an argument is invalid. The
/// output goes to the log callback, regardless of its level, or to stderr if
/// there is none. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_debug(reggie_config *config, int debug);

/// Sets the callback for log messages up to `level`: REGGIE_LOG_ERROR,
/// REGGIE_LOG_WARNING, REGGIE_LOG_INFO or REGGIE_LOG_DEBUG.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback, as do their unread responses; its userdata is
/// freed with the last of them.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// level is invalid.
reggie_status reggie_config_set_log_callback(reggie_config *config,
                                             int level,
                                             reggie_log_callback callback,
                                             void *userdata,
                                             reggie_free_callback free_userdata);

/// Sets the callback for warnings of registries (OCI Distribution
/// Specification, Warnings): messages for the user, for example that a token
/// expires soon. reggie_response_warning() returns those of one response.
///
/// Called once for each host and text per client; the last 1024 are remembered.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_warning_callback(reggie_config *config,
                                                 reggie_warning_callback callback,
                                                 void *userdata,
                                                 reggie_free_callback free_userdata);

/// Sets the callback that is called before each HTTP request that is sent: the
/// first attempt, the one after a challenge, token requests, redirects and
/// retries. It can change the headers of that HTTP request through
/// reggie_exchange_headers(). The headers contain credentials.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_send_callback(reggie_config *config,
                                              reggie_exchange_callback callback,
                                              void *userdata,
                                              reggie_free_callback free_userdata);

/// Sets the callback that is called when the headers of an HTTP response have
/// been received, before they are processed: for each HTTP request that the
/// send callback is called for. The headers may contain credentials, such as
/// cookies.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_config_set_response_callback(reggie_config *config,
                                                  reggie_exchange_callback callback,
                                                  void *userdata,
                                                  reggie_free_callback free_userdata);

/// Returns the purpose of the HTTP request: REGGIE_PURPOSE_FIRST,
/// REGGIE_PURPOSE_CHALLENGE, REGGIE_PURPOSE_TOKEN, REGGIE_PURPOSE_REDIRECT or
/// REGGIE_PURPOSE_RETRY; 0 if `exchange` is NULL. Later versions may add
/// purposes.
int reggie_exchange_purpose(const reggie_exchange *exchange);

/// Returns the method. Borrowed. Returns NULL if `exchange` is NULL.
const char *reggie_exchange_method(const reggie_exchange *exchange);

/// Returns the full URL. Its query may contain secrets, such as a signature.
///
/// Borrowed. Returns NULL if `exchange` is NULL.
const char *reggie_exchange_url(const reggie_exchange *exchange);

/// Returns the HTTP status of the response; 0 before the request is sent or if
/// `exchange` is NULL.
int reggie_exchange_status(const reggie_exchange *exchange);

/// Returns the headers: before the request is sent, those of the request,
/// except Host and Transfer-Encoding, which the library adds; otherwise those
/// of the response.
///
/// Before the request is sent they can be changed. The changes apply to this
/// HTTP request only, which may go to a server other than the registry. If
/// Content-Length is removed, the library adds it again.
///
/// Borrowed. Returns NULL if `exchange` is NULL.
reggie_headers *reggie_exchange_headers(const reggie_exchange *exchange);

/** @} */

/* ------------------------------------------------------------------ Digests */

/**
 * @defgroup reggie_digests Digests
 * @{
 */

/// Computes the digest of `size` bytes in memory, such as "sha256:e3b0c442..."
/// (OCI Image Specification, Digests).
///
/// `algorithm` is REGGIE_SHA256, REGGIE_SHA384 or REGGIE_SHA512. `bytes` may be
/// NULL if `size` is 0.
///
/// On REGGIE_OK, `digest` must be freed with reggie_string_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT
/// if the size is impossible, or REGGIE_UNKNOWN_ALGORITHM.
REGGIE_MUST_USE
reggie_status reggie_digest_bytes(const char *algorithm,
                                  const uint8_t *bytes,
                                  size_t size,
                                  char **digest,
                                  reggie_error **error);

/// Computes the digest of a file, which is read piece by piece.
///
/// `algorithm` is as for reggie_digest_bytes(). On REGGIE_OK, `digest` must be
/// freed with reggie_string_free(). Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT if the path is empty,
/// REGGIE_UNKNOWN_ALGORITHM, REGGIE_NO_MEMORY, or REGGIE_FILE with the errno in
/// the error.
REGGIE_MUST_USE
reggie_status reggie_digest_file(const char *algorithm,
                                 const char *path,
                                 char **digest,
                                 reggie_error **error);

/// Creates a digester.
///
/// `algorithm` is as for reggie_digest_bytes(), or a digest, whose algorithm is
/// used. On REGGIE_OK, `digester` must be freed with reggie_digester_free().
/// Otherwise returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_UNKNOWN_ALGORITHM, or REGGIE_INVALID_DIGEST for an invalid digest.
REGGIE_MUST_USE
reggie_status reggie_digester_new(const char *algorithm,
                                  reggie_digester **digester,
                                  reggie_error **error);

/// Adds `size` bytes of content. `bytes` may be NULL if `size` is 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// digester is finished or the size is impossible.
reggie_status reggie_digester_update(reggie_digester *digester,
                                     const uint8_t *bytes,
                                     size_t size);

/// Returns the digest of all content, such as "sha256:e3b0c442...". The
/// digester can then only be freed.
///
/// On REGGIE_OK, `digest` must be freed with reggie_string_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the digester is
/// already finished.
REGGIE_MUST_USE
reggie_status reggie_digester_finish(reggie_digester *digester,
                                     char **digest,
                                     reggie_error **error);

/// Finishes a digester and compares the result with a digest.
///
/// For content that a program receives by its own means. The digester can then
/// only be freed.
///
/// Returns REGGIE_OK if the digests match, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT if the digester is already
/// finished, REGGIE_INVALID_DIGEST if `digest` is invalid or of another
/// algorithm, or REGGIE_DIGEST_MISMATCH.
REGGIE_MUST_USE
reggie_status reggie_digester_check(reggie_digester *digester,
                                    const char *digest,
                                    reggie_error **error);

/// Frees a digester. NULL is ignored.
void reggie_digester_free(reggie_digester *digester);

/** @} */

/* --------------------------------------------------------------- References */

/**
 * @defgroup reggie_references References
 * @{
 */

/// Parses a reference such as "ghcr.io/org/app:1.2".
///
/// Its form is `[http[s]://][registry/]name[:tag][@digest]`.
///
/// The first component is the registry if it contains a dot, a colon or an
/// upper-case letter, or is "localhost"; IPv6 addresses are enclosed in
/// brackets. Otherwise the registry is `default_registry`, or docker.io if
/// `default_registry` is NULL; if `default_registry` is "", a string without a
/// registry is rejected. At docker.io, a name of a single component is prefixed
/// with "library/". The name may be up to 255 characters long.
///
/// On REGGIE_OK, the caller must free `reference` with reggie_reference_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_REFERENCE.
REGGIE_MUST_USE
reggie_status reggie_reference_parse(const char *text,
                                     const char *default_registry,
                                     reggie_reference **reference,
                                     reggie_error **error);

/// Frees a reference. NULL is ignored.
void reggie_reference_free(reggie_reference *reference);

/// Returns the registry as usually written, such as "docker.io".
///
/// Includes the port if there is one. Borrowed; valid until the reference is
/// freed. Returns NULL if `reference` is NULL.
const char *reggie_reference_registry(const reggie_reference *reference);

/// Returns the address for a client, such as "https://registry-1.docker.io".
///
/// The scheme is that of the parsed string. If it has none, the scheme is http
/// for localhost and loopback addresses, and https for all others. Borrowed;
/// valid until the reference is freed. Returns NULL if `reference` is NULL.
const char *reggie_reference_address(const reggie_reference *reference);

/// Returns the repository name, such as "library/alpine".
///
/// Borrowed; valid until the reference is freed. Returns NULL if `reference` is
/// NULL.
const char *reggie_reference_name(const reggie_reference *reference);

/// Returns the tag.
///
/// Borrowed; valid until the reference is freed. Returns NULL if absent or if
/// `reference` is NULL.
const char *reggie_reference_tag(const reggie_reference *reference);

/// Returns the digest.
///
/// Borrowed; valid until the reference is freed. Returns NULL if absent or if
/// `reference` is NULL.
const char *reggie_reference_digest(const reggie_reference *reference);

/// Returns what to request: the digest, or else the tag, or else "latest".
///
/// Borrowed; valid until the reference is freed. Returns NULL if `reference` is
/// NULL.
const char *reggie_reference_target(const reggie_reference *reference);

/// Returns the full reference, such as "docker.io/library/alpine:latest".
///
/// Starts with http:// or https:// if the parsed string did, or if the registry
/// would be read as a part of the name otherwise. Parsing it yields the same
/// reference. Borrowed; valid until the reference is freed. Returns NULL if
/// `reference` is NULL.
const char *reggie_reference_string(const reggie_reference *reference);

/** @} */

/* ------------------------------------------------ Descriptors and platforms */

/**
 * @defgroup reggie_descriptors Descriptors and platforms
 * @{
 */

/// Creates a descriptor.
///
/// `size` may be REGGIE_UNKNOWN_SIZE. A `media_type` of NULL means
/// REGGIE_OCTETS.
///
/// On REGGIE_OK, the caller must free `descriptor` with
/// reggie_descriptor_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_DIGEST or REGGIE_INVALID_MEDIA_TYPE.
REGGIE_MUST_USE
reggie_status reggie_descriptor_new(const char *digest,
                                    uint64_t size,
                                    const char *media_type,
                                    reggie_descriptor **descriptor,
                                    reggie_error **error);

/// Copies a descriptor, to keep or change a borrowed one.
///
/// On REGGIE_OK, the caller must free `copy` with reggie_descriptor_free().
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
REGGIE_MUST_USE
reggie_status reggie_descriptor_copy(const reggie_descriptor *descriptor,
                                     reggie_descriptor **copy,
                                     reggie_error **error);

/// Frees a descriptor that the caller owns. NULL is ignored.
void reggie_descriptor_free(reggie_descriptor *descriptor);

/// Returns the digest, such as "sha256:e3b0c442...".
///
/// It is always a valid digest. Borrowed; valid until the descriptor is changed
/// or freed. Returns NULL if `descriptor` is NULL.
const char *reggie_descriptor_digest(const reggie_descriptor *descriptor);

/// Returns the size in bytes.
///
/// Returns REGGIE_UNKNOWN_SIZE if unknown or if `descriptor` is NULL.
uint64_t reggie_descriptor_size(const reggie_descriptor *descriptor);

/// Returns the media type.
///
/// Borrowed; valid until the descriptor is changed or freed. Returns NULL if
/// `descriptor` is NULL.
const char *reggie_descriptor_media_type(const reggie_descriptor *descriptor);

/// Returns the artifact type.
///
/// Borrowed; valid until the descriptor is changed or freed. Returns NULL if
/// absent or if `descriptor` is NULL.
const char *reggie_descriptor_artifact_type(const reggie_descriptor *descriptor);

/// Returns the platform.
///
/// For example, "linux/arm64/v8" or "windows(10.0.17763)/amd64". Borrowed;
/// valid until the descriptor is changed or freed. Returns NULL if absent or if
/// `descriptor` is NULL.
const char *reggie_descriptor_platform(const reggie_descriptor *descriptor);

/// Returns the content embedded in the descriptor.
///
/// This is the data field (OCI Image Specification), if it matches the digest.
/// Pulls then send nothing. Its size is reggie_descriptor_size(). Borrowed;
/// valid until the descriptor is changed or freed. Returns NULL if absent or if
/// `descriptor` is NULL.
const uint8_t *reggie_descriptor_data(const reggie_descriptor *descriptor);

/// Returns the number of URLs.
///
/// Returns 0 if `descriptor` is NULL.
size_t reggie_descriptor_urls_count(const reggie_descriptor *descriptor);

/// Returns the URL at `index`, counting from 0.
///
/// It is untrusted: anyone may have written it. Borrowed; valid until the
/// descriptor is changed or freed. Returns NULL if absent or if `descriptor` is
/// NULL.
const char *reggie_descriptor_url(const reggie_descriptor *descriptor,
                                  size_t index);

/// Returns the number of annotations.
///
/// Returns 0 if `descriptor` is NULL.
size_t reggie_descriptor_annotations_count(const reggie_descriptor *descriptor);

/// Returns the name of the annotation at `index`, counting from 0.
///
/// Borrowed; valid until the descriptor is changed or freed. Returns NULL if
/// absent or if `descriptor` is NULL.
const char *reggie_descriptor_annotation_name(const reggie_descriptor *descriptor,
                                              size_t index);

/// Returns the value of the annotation `name`, such as REGGIE_TITLE.
///
/// Borrowed; valid until the descriptor is changed or freed. Returns NULL if
/// absent or if an argument is NULL.
const char *reggie_descriptor_annotation(const reggie_descriptor *descriptor,
                                         const char *name);

/// Sets the media type.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_MEDIA_TYPE.
reggie_status reggie_descriptor_set_media_type(reggie_descriptor *descriptor,
                                               const char *media_type);

/// Sets the artifact type. NULL removes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `descriptor` is NULL,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_MEDIA_TYPE.
reggie_status reggie_descriptor_set_artifact_type(reggie_descriptor *descriptor,
                                                  const char *artifact_type);

/// Sets the platform. NULL removes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `descriptor` is NULL,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_PLATFORM.
reggie_status reggie_descriptor_set_platform(reggie_descriptor *descriptor,
                                             const char *platform);

/// Sets an annotation. A `value` of NULL removes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `descriptor` or `name` is NULL,
/// REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT if `name` is empty.
reggie_status reggie_descriptor_set_annotation(reggie_descriptor *descriptor,
                                               const char *name,
                                               const char *value);

/// Returns the host platform, such as "linux/amd64" or "linux/arm/v7".
///
/// Static; must not be freed.
const char *reggie_platform_host(void);

/** @} */

/* ---------------------------------------------------------------- Manifests */

/**
 * @defgroup reggie_manifests Manifests
 * @{
 */

/// Creates a manifest from bytes, which are kept unchanged.
///
/// A `media_type` of NULL means the one that the bytes state. A manifest of a
/// type unknown to the library must be a JSON object; it has a config, layers
/// and a subject if it contains those of an OCI manifest.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if `size` is impossibly large,
/// REGGIE_INVALID_MANIFEST, REGGIE_UNSUPPORTED for a manifest of Docker schema 1,
/// or REGGIE_BODY_TOO_LARGE for more than 4 MiB.
REGGIE_MUST_USE
reggie_status reggie_manifest_parse(const uint8_t *bytes,
                                    size_t size,
                                    const char *media_type,
                                    reggie_manifest **manifest,
                                    reggie_error **error);

/// Frees a manifest. NULL is ignored.
void reggie_manifest_free(reggie_manifest *manifest);

/// Returns the bytes as pulled, parsed or built, followed by a NUL.
///
/// Their size is reggie_manifest_size(). Borrowed; valid until the manifest is
/// freed. Returns NULL if `manifest` is NULL.
const uint8_t *reggie_manifest_bytes(const reggie_manifest *manifest);

/// Returns the size in bytes, without the NUL that follows.
///
/// Returns 0 if `manifest` is NULL.
size_t reggie_manifest_size(const reggie_manifest *manifest);

/// Returns the descriptor of the manifest.
///
/// It contains the digest, size, media type and artifact type. Borrowed; valid
/// until the manifest is freed. Returns NULL if `manifest` is NULL.
const reggie_descriptor *reggie_manifest_descriptor(const reggie_manifest *manifest);

/// Returns 1 for an index or a Docker manifest list, else 0.
///
/// Returns 0 if `manifest` is NULL.
int reggie_manifest_is_index(const reggie_manifest *manifest);

/// Returns the artifactType, or else the media type of the config.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if both are absent
/// or if `manifest` is NULL.
const char *reggie_manifest_artifact_type(const reggie_manifest *manifest);

/// Returns the descriptor of the config.
///
/// Borrowed; valid until the manifest is freed. Returns NULL for an index or if
/// `manifest` is NULL.
const reggie_descriptor *reggie_manifest_config(const reggie_manifest *manifest);

/// Returns the number of layers.
///
/// Returns 0 for an index or if `manifest` is NULL.
size_t reggie_manifest_layers_count(const reggie_manifest *manifest);

/// Returns the layer at `index`, counting from 0, lowest layer first.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if
/// `manifest` is NULL.
const reggie_descriptor *reggie_manifest_layer(const reggie_manifest *manifest,
                                               size_t index);

/// Returns the number of manifests in an index.
///
/// Returns 0 if the manifest is not an index or if `manifest` is NULL.
size_t reggie_manifest_entries_count(const reggie_manifest *manifest);

/// Returns the manifest at `index`, counting from 0, in an index.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if
/// `manifest` is NULL.
const reggie_descriptor *reggie_manifest_entry(const reggie_manifest *manifest,
                                               size_t index);

/// Selects the manifest for a platform from an index.
///
/// A `platform` of NULL means the host platform. A missing variant matches any
/// variant: "linux/arm64/v8" finds "linux/arm64", and vice versa. Among several
/// variants of arm, the highest that the platform can run is selected. Among
/// equal matches, the first is selected. Entries that are not images, such as
/// attestations, are skipped.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if nothing
/// matches, if `platform` is invalid, or if `manifest` is NULL.
const reggie_descriptor *reggie_manifest_select(const reggie_manifest *manifest,
                                                const char *platform);

/// Returns the subject: the manifest that this one is about.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if
/// `manifest` is NULL.
const reggie_descriptor *reggie_manifest_subject(const reggie_manifest *manifest);

/// Returns the number of annotations of the manifest itself.
///
/// Returns 0 if `manifest` is NULL.
size_t reggie_manifest_annotations_count(const reggie_manifest *manifest);

/// Returns the name of the annotation at `index`, counting from 0.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if
/// `manifest` is NULL.
const char *reggie_manifest_annotation_name(const reggie_manifest *manifest,
                                            size_t index);

/// Returns the value of the annotation `name`.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if an
/// argument is NULL.
const char *reggie_manifest_annotation(const reggie_manifest *manifest,
                                       const char *name);

/// Returns the whole manifest as JSON, for fields that have no getter.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if `manifest` is
/// NULL.
const reggie_json *reggie_manifest_json(const reggie_manifest *manifest);

/** @} */

/* --------------------------------------------------------------------- JSON */

/**
 * @defgroup reggie_json JSON
 * @{
 */

/// JSON kind: none, the kind of a missing value.
#define REGGIE_JSON_NONE 0

/// JSON kind: null.
#define REGGIE_JSON_NULL 1

/// JSON kind: true or false.
#define REGGIE_JSON_BOOLEAN 2

/// JSON kind: number.
#define REGGIE_JSON_NUMBER 3

/// JSON kind: string.
#define REGGIE_JSON_STRING 4

/// JSON kind: array.
#define REGGIE_JSON_ARRAY 5

/// JSON kind: object.
#define REGGIE_JSON_OBJECT 6

/// Parses JSON, such as the config of an image.
///
/// There may be up to 500,000 values, nested up to 64 levels deep. The bytes are not needed
/// afterwards.
///
/// On REGGIE_OK, the caller must free `json` with reggie_json_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is impossibly large, or REGGIE_INVALID_JSON with the line and column in the
/// message.
REGGIE_MUST_USE
reggie_status reggie_json_parse(const uint8_t *bytes,
                                size_t size,
                                reggie_json **json,
                                reggie_error **error);

/// Frees a handle created by reggie_json_parse(). NULL is ignored.
void reggie_json_free(reggie_json *json);

/// Returns the kind of a value: REGGIE_JSON_NULL or one of those after it.
///
/// Returns REGGIE_JSON_NONE if `json` is NULL.
int reggie_json_kind(const reggie_json *json);

/// Returns the value of the member `key` of an object.
///
/// If the key occurs more than once, the last member is returned. Borrowed;
/// valid as long as `json`. Returns NULL if absent, if `json` is not an object,
/// or if an argument is NULL.
const reggie_json *reggie_json_get(const reggie_json *json, const char *key);

/// Returns the number of values in an array or an object.
///
/// Returns 0 for any other kind or if `json` is NULL.
size_t reggie_json_count(const reggie_json *json);

/// Returns the value at `index`, counting from 0, of an array or an object.
///
/// Borrowed; valid as long as `json`. Returns NULL if absent or if `json` is
/// NULL.
const reggie_json *reggie_json_at(const reggie_json *json, size_t index);

/// Returns the key of the member at `index`, counting from 0, of an object.
///
/// Borrowed; valid as long as `json`. Returns NULL if absent or if `json` is
/// NULL.
const char *reggie_json_key(const reggie_json *json, size_t index);

/// Returns the value of a string, with U+FFFD in place of NUL.
///
/// Borrowed; valid as long as `json`. Returns NULL for any other kind or if
/// `json` is NULL.
const char *reggie_json_string(const reggie_json *json);

/// Returns the value of a whole number.
///
/// Returns `otherwise` for any other value or if `json` is NULL.
int64_t reggie_json_integer(const reggie_json *json, int64_t otherwise);

/// Returns 1 for true and 0 for false.
///
/// Returns `otherwise` for any other value or if `json` is NULL.
int reggie_json_boolean(const reggie_json *json, int otherwise);

/** @} */

/* ------------------------------------------------------------- Repositories */

/**
 * @defgroup reggie_repositories Repositories
 * @{
 */

/// Creates a repository of a registry.
///
/// `name` is the repository name, such as "myorg/myrepo"; NULL means the
/// client's current default name. The target is "latest".
///
/// On REGGIE_OK, the caller must free `repository` with
/// reggie_repository_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_REFERENCE, or REGGIE_MISSING_VALUE if there is no name.
REGGIE_MUST_USE
reggie_status reggie_repository_new(const reggie_client *client,
                                    const char *name,
                                    reggie_repository **repository,
                                    reggie_error **error);

/// Creates a repository from a reference string, with a client for it.
///
/// `text` is parsed as by reggie_reference_parse(); `config` is as for
/// reggie_client_new(). The target is that of the reference. Programs that
/// access a registry often should create one client and use
/// reggie_repository_new(), so that connections and tokens are shared: each
/// call of this function creates a client of its own. Pass
/// reggie_repository_client() to reggie_repository_new() to share it. Credential
/// files are read only if `config` says so.
///
/// On REGGIE_OK, the caller must free `repository` with
/// reggie_repository_free().
///
/// Returns any status returned by reggie_reference_parse() or
/// reggie_client_new().
REGGIE_MUST_USE
reggie_status reggie_repository_open(const char *text,
                                     const reggie_config *config,
                                     reggie_repository **repository,
                                     reggie_error **error);

/// Opens an OCI image layout (OCI Image Specification, Image Layout).
///
/// A layout is a directory. If `create` is nonzero, a missing or empty
/// directory is turned into a layout, and a layout that another program began to
/// create is completed; the parent directory must exist. Another process that is
/// creating the layout is waited for, up to 60 seconds. If `create` is 0, nothing is
/// written: an incomplete layout is opened as it is, even if its oci-layout file is
/// missing, provided that the directory contains nothing but parts of a layout; what
/// is missing counts as empty. Any other directory is REGGIE_INVALID_LAYOUT. `path`
/// may contain any bytes except NUL. What is written here is not yet synced: the first
/// call that syncs content does it; see reggie_options_set_sync().
///
/// The tags of a layout are the org.opencontainers.image.ref.name annotations
/// of its index.json; if such an annotation, or io.containerd.image.name where
/// there is none, is a full reference, its tag is used. The target is the only
/// manifest if there is exactly one. Pushed manifests are added to index.json,
/// with their tags; a manifest stays there when its tag is deleted or moves to
/// another manifest. The content that a manifest refers to may be missing.
/// Blobs are not verified when their existence is checked, but whenever they
/// are read; a registry verifies those that are copied to it.
///
/// Several processes may write to a layout concurrently: index.json is changed
/// under a lock of the directory and replaced at once. On file systems without such
/// locks, such as NFS, the program must ensure that only one process writes at a
/// time. What a killed process has left behind is removed when index.json is next
/// changed; partial files of blobs, from which a copy is resumed, once the blob
/// exists or after one week.
///
/// On REGGIE_OK, the caller must free `repository` with
/// reggie_repository_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `path`
/// is empty, REGGIE_INVALID_LAYOUT, REGGIE_LOCKED, or REGGIE_FILE with the errno
/// in the error.
REGGIE_MUST_USE
reggie_status reggie_repository_open_layout(const char *path,
                                            int create,
                                            reggie_repository **repository,
                                            reggie_error **error);

/// Frees a repository. NULL is ignored.
///
/// Handles created with it remain usable. No call that uses it may be running.
void reggie_repository_free(reggie_repository *repository);

/// Returns the name, such as "library/alpine".
///
/// Borrowed; valid until the repository is freed. Returns NULL for a layout or
/// if `repository` is NULL.
const char *reggie_repository_name(const reggie_repository *repository);

/// Returns the tag or digest that a reference of NULL means.
///
/// For a layout it is the digest of its only manifest, even if that has a tag.
///
/// Borrowed; valid until the repository is freed. Returns NULL for a layout
/// that does not have exactly one manifest or if `repository` is NULL.
const char *reggie_repository_target(const reggie_repository *repository);

/// Returns the client, for requests of the program's own.
///
/// Must not be freed; reggie_client_derive() creates a client that may be kept.
/// Borrowed; valid until the repository is freed. Returns NULL for a layout or
/// if `repository` is NULL.
const reggie_client *reggie_repository_client(const reggie_repository *repository);

/// Gets the Authorization header value for requests to the repository.
///
/// For programs that pass it on to another program. If `push` is nonzero, the
/// value allows pushing. Sends a request to the token server unless a known
/// token is valid for at least another minute.
///
/// On REGGIE_OK, the caller must free `value` with reggie_string_free(); it is
/// "" if the registry requires no authorization. `expires` is the Unix time in
/// seconds until which the value is valid, or -1 if unknown.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_UNSUPPORTED for a layout,
/// REGGIE_UNAUTHORIZED if the registry requires credentials and there are none,
/// or any status returned by reggie_client_do().
REGGIE_MUST_USE
reggie_status reggie_repository_authorization(const reggie_repository *repository,
                                              int push,
                                              const reggie_options *options,
                                              char **value,
                                              int64_t *expires,
                                              reggie_error **error);

/** @} */

/* ------------------------------------------------ Progress of content calls */

/**
 * @defgroup reggie_progress Progress of content calls
 * @{
 */

/// Progress event: the transfer of a blob or manifest begins.
#define REGGIE_PROGRESS_BEGIN 1

/// Progress event: bytes were transferred.
#define REGGIE_PROGRESS_MOVE 2

/// Progress event: nothing was transferred for one second. Lets programs check
/// for signals and process window events.
#define REGGIE_PROGRESS_WAIT 3

/// Progress event: the transfer restarts from the beginning because the
/// existing data was unusable. Only at this event does reggie_progress_done()
/// decrease.
#define REGGIE_PROGRESS_RESTART 4

/// Progress event: the content is in place and verified.
#define REGGIE_PROGRESS_END 5

/// Progress event: the content already existed, was mounted, or was left out.
#define REGGIE_PROGRESS_SKIP 6

/// Progress event: the transfer failed.
#define REGGIE_PROGRESS_FAIL 7

/// Progress event: a batch item is done, or the whole call if it is not part of
/// a batch.
#define REGGIE_PROGRESS_DONE 8

/// Phase: a local file is being read to compute its digest.
#define REGGIE_PHASE_CHECK 1

/// Phase: content is being pulled. Blobs that are copied to a layout are in this
/// phase too.
#define REGGIE_PHASE_PULL 2

/// Phase: content is being pushed. Blobs that are copied to a registry are in
/// this phase too, and all manifests that are copied.
#define REGGIE_PHASE_PUSH 3

/// Phase: the registry is storing content that it has received.
#define REGGIE_PHASE_COMMIT 4

/// Phase: waiting before the next retry; see reggie_progress_wait_ms().
#define REGGIE_PHASE_RETRY 5

/// Phase: waiting for another process or thread that is pulling to the same
/// file or writing to the same layout.
#define REGGIE_PHASE_LOCK 6

/// Reports progress.
///
/// Runs on the thread that made the call, one at a time for each call. Returns
/// 0 to continue, or any other value to stop the call, which then returns
/// REGGIE_PROGRESS_CALLBACK.
typedef int (*reggie_progress_callback)(void *userdata,
                                        const reggie_progress *progress);

/// Returns the event: REGGIE_PROGRESS_BEGIN or one of those after it.
///
/// More may be added. Returns 0 if `progress` is NULL.
int reggie_progress_event(const reggie_progress *progress);

/// Returns the phase: REGGIE_PHASE_CHECK or one of those after it.
///
/// More may be added. Returns 0 if `progress` is NULL.
int reggie_progress_phase(const reggie_progress *progress);

/// Returns the number of the content, such as its line on a terminal.
///
/// Numbers start at 0, in the order in which transfers began. Before a transfer
/// has begun, REGGIE_PROGRESS_WAIT is about the whole call or item, as
/// REGGIE_PROGRESS_DONE may be; the number of such an event is 0. Returns 0 if
/// `progress` is NULL.
size_t reggie_progress_number(const reggie_progress *progress);

/// Returns the index of the batch item that the content belongs to.
///
/// Returns 0 for calls other than batches or if `progress` is NULL.
size_t reggie_progress_index(const reggie_progress *progress);

/// Returns the descriptor of the content.
///
/// At REGGIE_PROGRESS_DONE, it is what the item or the call was about: a blob,
/// or the manifest with everything it refers to. Borrowed; valid until the
/// callback returns. Returns NULL if the digest is not known yet or if
/// `progress` is NULL.
const reggie_descriptor *reggie_progress_item(const reggie_progress *progress);

/// Returns a name for display.
///
/// It is the title, the name of the file, the tag, or the first characters of
/// the digest. Borrowed; valid until the callback returns. Returns "" if
/// `progress` is NULL.
const char *reggie_progress_name(const reggie_progress *progress);

/// Returns how many bytes of the content are in place.
///
/// Decreases only at REGGIE_PROGRESS_RESTART; bytes that are sent or fetched
/// again are not counted again. Returns 0 if `progress` is NULL.
uint64_t reggie_progress_done(const reggie_progress *progress);

/// Returns the size of the content in bytes.
///
/// Returns REGGIE_UNKNOWN_SIZE if unknown or if `progress` is NULL.
uint64_t reggie_progress_total(const reggie_progress *progress);

/// Returns how many bytes of the content were in place before the call.
///
/// It is 0 at REGGIE_PROGRESS_BEGIN, before the partial file or the upload is
/// examined; reggie_progress_done() then increases by the same amount. Both are 0
/// again at REGGIE_PROGRESS_RESTART.
///
/// Returns 0 if `progress` is NULL.
uint64_t reggie_progress_resumed(const reggie_progress *progress);

/// Returns the time until the next retry in milliseconds.
///
/// Returns 0 if not waiting for a retry or if `progress` is NULL.
int64_t reggie_progress_wait_ms(const reggie_progress *progress);

/// Returns how many bytes of all content are in place, with those of skipped content.
///
/// Returns 0 if `progress` is NULL.
uint64_t reggie_progress_all_done(const reggie_progress *progress);

/// Returns the size of all content known so far, in bytes.
///
/// It grows as content is found, so that a percentage may fall. Content of unknown
/// size is ignored. In a batch, content that several items share counts for each.
///
/// Returns 0 if `progress` is NULL.
uint64_t reggie_progress_all_total(const reggie_progress *progress);

/// Returns the number of batch items that are done, successful or not.
///
/// Returns 0 for calls other than batches or if `progress` is NULL.
size_t reggie_progress_items_done(const reggie_progress *progress);

/// Returns the number of items in the batch.
///
/// Returns 0 for calls other than batches or if `progress` is NULL.
size_t reggie_progress_items(const reggie_progress *progress);

/** @} */

/* ------------------------------------------------- Options of content calls */

/**
 * @defgroup reggie_options Options of content calls
 * @{
 */

/// Existing file: its digest is computed, and the blob is pulled only if the
/// digest differs.
#define REGGIE_EXISTING_CHECK 0

/// Existing file: the blob is pulled only if the size differs. For caches whose
/// files are named by digest.
#define REGGIE_EXISTING_TRUST 1

/// Existing file: it is always replaced.
#define REGGIE_EXISTING_REPLACE 2

/// Decides whether a copy or a pull of files includes an item.
///
/// Called for each item before it is examined, but not for the copied manifest
/// itself. `parent` is the manifest that refers to `item`; if `is_referrer` is 1,
/// `item` is instead a referrer of `parent`, or content tagged with the digest of
/// `parent`. A blob is passed once for each manifest that refers to it. On entry,
/// `take` is 1 if the item would be included, else 0; the callback may set it to
/// either. Both descriptors are valid during the call. Runs on the thread that made
/// the call. Returns 0 to continue, or any other value to stop the call, which then
/// returns REGGIE_FILTER_CALLBACK.
typedef int (*reggie_filter_callback)(void *userdata,
                                      const reggie_descriptor *parent,
                                      const reggie_descriptor *item,
                                      int is_referrer,
                                      int *take);

/// Creates options with the defaults.
///
/// The caller must free the handle with reggie_options_free(). Returns NULL
/// only on an internal error of the library.
reggie_options *reggie_options_new(void);

/// Frees options. NULL is ignored.
///
/// Calls and handles that use the options keep them.
void reggie_options_free(reggie_options *options);

/// Sets the cancel handle for calls and for reading from handles they open.
///
/// Applies to all calls. NULL removes it. Default: none.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_cancel(reggie_options *options,
                                        const reggie_cancel *cancel);

/// Sets the time limit for a whole call, including all retries.
///
/// A call that takes longer returns REGGIE_DEADLINE. If the next retry would begin
/// after the limit, the call returns its last failure at once. The time limits of the
/// client still apply to each request, except for reggie_config_set_timeout(),
/// which is ignored. For a blob, an upload or a list, the limit applies to each
/// call. 0 means no limit. Default: 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `milliseconds` is negative.
reggie_status reggie_options_set_timeout(reggie_options *options,
                                         int64_t milliseconds);

/// Sets the maximum number of consecutive retries without progress.
///
/// `tries` is 0 to 1000, or -1 for the value of reggie_config_set_retries() if
/// it was set, else 5. Progress resets the count: 1 MiB of new data, or any new
/// data after 60 seconds. Data transferred again is not progress.
/// reggie_config_set_retry_delays() sets the delay between retries. Default: -1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `tries` is out of range.
reggie_status reggie_options_set_retries(reggie_options *options,
                                         int tries);

/// Sets the progress callback.
///
/// It is called at the beginning and the end of each transfer, in between at
/// most once every `interval_ms` milliseconds (0 means 100), and after each
/// second in which nothing was transferred, whatever the call is waiting for. A
/// `callback` of NULL removes it and frees `userdata`. Calls and handles that
/// already began keep the earlier callback; the last of them frees its
/// userdata.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `interval_ms` is negative.
reggie_status reggie_options_set_progress_callback(reggie_options *options,
                                                   int64_t interval_ms,
                                                   reggie_progress_callback callback,
                                                   void *userdata,
                                                   reggie_free_callback free_userdata);

/// Sets how many blobs are transferred concurrently.
///
/// Applies to copies, builder pushes, pulls of files, and the items of batches.
/// `blobs` is 1 to 64. With 1, no worker threads are used, except one by
/// reggie_batch_step(). Default: 4.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `blobs` is out of range.
reggie_status reggie_options_set_parallel(reggie_options *options,
                                          size_t blobs);

/// Sets how many parts of one blob are pulled concurrently, and their size.
///
/// `parts` is 1 to 16; `part_size` is 64 KiB to 64 MiB, or 0 for 4 MiB. Applies
/// to blobs of known size with at least two parts. Data is delivered in order;
/// parts that arrive early are kept in memory, at most `parts` of them. If the
/// registry does not support range requests, the blob is pulled as if `parts`
/// were 1. Default: 1, one connection for each blob.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `parts` or `part_size` is out of range.
reggie_status reggie_options_set_ranges(reggie_options *options,
                                        size_t parts,
                                        size_t part_size);

/// Sets the maximum transfer speed of a call, in bytes per second.
///
/// `down` and `up` apply to everything that the call transfers over the network
/// together, on average; 0 means no limit. Waiting for the limit is not a
/// stall. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_max_speed(reggie_options *options,
                                           uint64_t down,
                                           uint64_t up);

/// Sets the maximum size of a blob in bytes.
///
/// It applies regardless of what the descriptor and the server say. A larger
/// blob fails with REGGIE_SIZE_MISMATCH, immediately if its size is known. 0
/// means no limit. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_max_blob(reggie_options *options,
                                          uint64_t bytes);

/// Sets the maximum size of a manifest in bytes.
///
/// A larger manifest fails with REGGIE_BODY_TOO_LARGE. Default: 4 MiB, the size
/// that registries accept.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `bytes` is 0.
reggie_status reggie_options_set_max_manifest(reggie_options *options,
                                              size_t bytes);

/// Adds a media type of manifests that may be pulled.
///
/// It is accepted in addition to those of OCI and Docker. May be called several
/// times.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_MEDIA_TYPE.
reggie_status reggie_options_add_manifest_type(reggie_options *options,
                                               const char *media_type);

/// Sets whether an interrupted pull to a file can be resumed.
///
/// If `resume` is nonzero, what was pulled is kept in a partial file when the
/// call fails or the process ends, and the next pull resumes from it. If
/// `resume` is 0, nothing is kept. Default: nonzero.
///
/// The partial file is stored next to the file. Its name is the name of the
/// file, a dot, the first 16 characters of the digest's hex, and ".partial". It
/// always contains a prefix of the blob, and its digest is recomputed before
/// more is appended. One process or thread at a time writes to it; others wait
/// as set by reggie_options_set_lock_timeout(). If the file system has no
/// working locks, each writes to a file of its own and nothing is kept.
///
/// A copy to a layout keeps what it has received of a blob in the same way, in
/// the layout's directory, outside of its blobs.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_resume(reggie_options *options, int resume);

/// Sets the time limit for waiting for another process or thread.
///
/// Applies while another process or thread pulls to the same file or writes to
/// the same layout. If it is exceeded, the call fails with REGGIE_LOCKED. The
/// result of the other is used. For a file, the limit restarts whenever the other's
/// file grows. -1 means only the time limit of the call. Default: 60 seconds.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `milliseconds` is below -1.
reggie_status reggie_options_set_lock_timeout(reggie_options *options,
                                              int64_t milliseconds);

/// Sets what happens to an existing file.
///
/// `what` is REGGIE_EXISTING_CHECK, REGGIE_EXISTING_TRUST or
/// REGGIE_EXISTING_REPLACE. Default: REGGIE_EXISTING_CHECK.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `what` is none of these.
reggie_status reggie_options_set_existing(reggie_options *options, int what);

/// Sets whether a file is synced to disk before it gets its final name.
///
/// If `sync` is nonzero, a power failure leaves no corrupt file. If `sync` is
/// 0, this is guaranteed only for the end of the process, not for a power
/// failure. Content that exists is not synced again. Default: nonzero.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_sync(reggie_options *options, int sync);

/// Sets the digest algorithm for pushed and built content.
///
/// `algorithm` is REGGIE_SHA256, REGGIE_SHA384 or REGGIE_SHA512. Few registries
/// accept REGGIE_SHA384 or REGGIE_SHA512. Default: REGGIE_SHA256.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_UNKNOWN_ALGORITHM.
reggie_status reggie_options_set_algorithm(reggie_options *options,
                                           const char *algorithm);

/// Sets how many bytes are uploaded in one request.
///
/// `bytes` is 64 KiB to 1 GiB, or 0. With 0, a blob of known length and digest
/// is uploaded in one request, and anything else in chunks of 8 MiB, as is all
/// content if there is a state directory. If a registry requires longer or
/// shorter chunks, it gets them, and the client remembers the size. An
/// incremental upload keeps one chunk in memory. Default: 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `bytes` is out of range.
reggie_status reggie_options_set_chunk_size(reggie_options *options,
                                            uint64_t bytes);

/// Sets the state directory, in which pushes may keep files.
///
/// The directory is the program's own and must exist. It holds the sessions of
/// uploads, from which the next push of the same content to the same place
/// resumes, in this process or another; and the data of incremental uploads to
/// registries that do not support chunked uploads. The files are readable only
/// by the current user. They are removed when they are no longer needed, and
/// after one week. NULL means no state directory: an interrupted push is then
/// resumed only within the same call. A push resumes after the last complete
/// chunk, whose size reggie_options_set_chunk_size() sets. `path` may contain any
/// bytes except NUL.
/// Default: NULL.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `options` is NULL, or
/// REGGIE_INVALID_ARGUMENT if `path` is empty.
reggie_status reggie_options_set_state_folder(reggie_options *options,
                                              const char *path);

/// Adds a repository of the same registry from which to mount blobs.
///
/// A push or a copy may mount a blob from it instead of sending it. May be
/// called several times. A copy within one registry tries its source
/// automatically.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_REFERENCE.
reggie_status reggie_options_add_mount_from(reggie_options *options,
                                            const char *name);

/// Sets the platform to select from an index.
///
/// Applies to copies and pulls of files. `platform` is a platform such as
/// "linux/arm64", or "host" for reggie_platform_host(). NULL means that a copy
/// includes the whole index, and that a pull of files selects the host
/// platform. With a platform, the index itself is not copied, and of the referrers
/// and digest tags only those of the selected manifest are. Default: NULL.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `options` is NULL,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_PLATFORM.
reggie_status reggie_options_set_platform(reggie_options *options,
                                          const char *platform);

/// Sets the callback that decides what a copy or a pull of files includes.
///
/// A registry rejects a manifest whose content was left out; a layout accepts
/// it. A `callback` of NULL removes it and frees `userdata`. Calls that already
/// began keep the earlier callback; the last of them frees its userdata.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_filter_callback(reggie_options *options,
                                                 reggie_filter_callback callback,
                                                 void *userdata,
                                                 reggie_free_callback free_userdata);

/// Sets whether copies include referrers.
///
/// If `referrers` is nonzero, manifests whose subject is a copied manifest are
/// copied too. This includes the referrers of manifests in an index, and the
/// referrers of referrers. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_referrers(reggie_options *options,
                                           int referrers);

/// Sets whether copies include tags named after the digest of a manifest.
///
/// If `digest_tags` is nonzero, content that is tagged with the digest of a
/// copied manifest, such as the signatures of cosign ("sha256-HEX.sig"), is
/// copied too, after the manifest that it is about. This lists all tags of the
/// source, once for each call or run of a batch. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_digest_tags(reggie_options *options,
                                             int digest_tags);

/// Sets whether the URLs of layers stored elsewhere are followed.
///
/// If `foreign` is nonzero, the URLs of such a layer (urls, OCI Image
/// Specification, Descriptor) are followed if the registry does not have it.
/// This is done without credentials, only to public addresses and allowed
/// networks, and with the same verification as for all other content. Copies
/// then include such layers; otherwise, and if a layout that is copied does not
/// have them, the layers stay where they are. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_foreign(reggie_options *options, int foreign);

/// Sets the page size of lists and the maximum number of pages.
///
/// `page_size` is the number of names to request for each page, 1 to 10000.
/// `max_pages` is the maximum number of pages to read; 0 means no limit. If a
/// registry rejects the page size, the request is sent without one.
/// Default: 1000 and 10000.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if a
/// value is out of range.
reggie_status reggie_options_set_pages(reggie_options *options,
                                       size_t page_size,
                                       size_t max_pages);

/// Sets whether reggie_tag_delete() may delete a tag through a dummy manifest.
///
/// If `detour` is nonzero and the registry cannot delete a tag, a dummy
/// manifest is pushed to the tag and then deleted. Anyone who pulls the tag in
/// the meantime gets the dummy manifest, and a tag that is pushed in the
/// meantime is lost. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_options_set_delete_detour(reggie_options *options,
                                               int detour);

/** @} */

/* ---------------------------------- Pulling, pushing and deleting manifests */

/**
 * @defgroup reggie_manifest_transfers Pulling, pushing and deleting manifests
 * @{
 */

/// Pulls a manifest.
///
/// `reference` is a tag or a digest; NULL means the target of the repository.
/// An index is returned as such.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_REFERENCE, REGGIE_NOT_FOUND, REGGIE_UNAUTHORIZED,
/// REGGIE_DENIED, REGGIE_INVALID_MANIFEST, REGGIE_UNSUPPORTED for a manifest of
/// Docker schema 1, REGGIE_DIGEST_MISMATCH, REGGIE_BODY_TOO_LARGE,
/// REGGIE_HTTP_STATUS, REGGIE_INVALID_LAYOUT for a layout, or any status returned
/// by reggie_client_do().
REGGIE_MUST_USE
reggie_status reggie_manifest_pull(const reggie_repository *repository,
                                   const char *reference,
                                   const reggie_options *options,
                                   reggie_manifest **manifest,
                                   reggie_error **error);

/// Pulls the manifest for a platform.
///
/// If the reference points to an index, pulls the manifest that
/// reggie_manifest_select() selects from it, through up to 4 levels of nested
/// indexes. If it points to any other manifest, pulls that one. A `platform` of
/// NULL means the host platform. Otherwise like reggie_manifest_pull().
///
/// Also returns REGGIE_INVALID_PLATFORM, or REGGIE_NO_PLATFORM with the
/// available platforms in the message.
REGGIE_MUST_USE
reggie_status reggie_manifest_resolve(const reggie_repository *repository,
                                      const char *reference,
                                      const char *platform,
                                      const reggie_options *options,
                                      reggie_manifest **manifest,
                                      reggie_error **error);

/// Gets the descriptor of a manifest without pulling it.
///
/// The descriptor contains the digest, size and media type. Sends a HEAD
/// request, which Docker Hub does not count as a pull, or a GET request if the
/// registry does not handle HEAD properly.
///
/// On REGGIE_OK, the caller must free `descriptor` with
/// reggie_descriptor_free().
///
/// Returns any status returned by reggie_manifest_pull().
REGGIE_MUST_USE
reggie_status reggie_manifest_stat(const reggie_repository *repository,
                                   const char *reference,
                                   const reggie_options *options,
                                   reggie_descriptor **descriptor,
                                   reggie_error **error);

/// Pushes a manifest under `count` tags, or by digest only if `count` is 0.
///
/// `tags` may be NULL if `count` is 0. One of the tags may be the digest of the
/// manifest, which sets no tag. The content that the manifest refers to must
/// exist, except for the empty blob "{}", which is pushed if it is missing.
///
/// Each tag is set by one PUT request. A tag that already points to this
/// manifest is left unchanged, so that registries with immutable tags accept the
/// push. If the manifest has a subject and the registry does not support the
/// referrers API, the referrers tag (OCI Distribution Specification, Referrers
/// Tag Schema) is updated too. Tags before the one that failed are set.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if `count` is impossibly large,
/// REGGIE_INVALID_REFERENCE, REGGIE_DIGEST_MISMATCH for the digest of another
/// manifest, REGGIE_BLOB_MISSING, REGGIE_UNAUTHORIZED, REGGIE_DENIED,
/// REGGIE_UNSUPPORTED, REGGIE_HTTP_STATUS, REGGIE_INVALID_LAYOUT or REGGIE_LOCKED
/// for a layout, REGGIE_BUSY in a callback of another call that is updating the
/// same referrers tag, or any status returned by reggie_client_do().
REGGIE_MUST_USE
reggie_status reggie_manifest_push(const reggie_repository *repository,
                                   const reggie_manifest *manifest,
                                   const char *const *tags,
                                   size_t count,
                                   const reggie_options *options,
                                   reggie_error **error);

/// Deletes a manifest by digest, with all tags that point to it.
///
/// If it has a subject, it is removed from the referrers tag.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_DIGEST for a tag, REGGIE_NOT_FOUND, REGGIE_UNSUPPORTED,
/// REGGIE_BUSY and REGGIE_LOCKED as for reggie_manifest_push(), or any status
/// returned by reggie_manifest_pull().
REGGIE_MUST_USE
reggie_status reggie_manifest_delete(const reggie_repository *repository,
                                     const char *digest,
                                     const reggie_options *options,
                                     reggie_error **error);

/// Deletes a tag.
///
/// The manifest and its other tags are left unchanged.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_REFERENCE, REGGIE_NOT_FOUND, REGGIE_UNSUPPORTED if the
/// registry cannot delete tags (see reggie_options_set_delete_detour()),
/// REGGIE_LOCKED for a layout, or any status returned by reggie_manifest_pull().
REGGIE_MUST_USE
reggie_status reggie_tag_delete(const reggie_repository *repository,
                                const char *tag,
                                const reggie_options *options,
                                reggie_error **error);

/** @} */

/* -------------------------------------------------------- Downloading blobs */

/**
 * @defgroup reggie_blob_pulls Downloading blobs
 * @{
 */

/// Pulls a blob to a file.
///
/// The file appears, or replaces an existing one, once it is complete and
/// verified. Its parent directories must exist. Existing data is used: the file
/// itself as set by reggie_options_set_existing(), and a partial file as set by
/// reggie_options_set_resume(). `path` may contain any bytes except NUL, and
/// must not be a directory, device or pipe.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `path`
/// is empty, REGGIE_FILE, REGGIE_LOCKED, REGGIE_NOT_FOUND, REGGIE_UNAUTHORIZED,
/// REGGIE_DENIED, REGGIE_DIGEST_MISMATCH, REGGIE_SIZE_MISMATCH,
/// REGGIE_HTTP_STATUS, REGGIE_CANCELLED, REGGIE_DEADLINE,
/// REGGIE_PROGRESS_CALLBACK, or any status returned by reggie_client_do().
REGGIE_MUST_USE
reggie_status reggie_blob_pull_to_path(const reggie_repository *repository,
                                       const reggie_descriptor *blob,
                                       const char *path,
                                       const reggie_options *options,
                                       reggie_error **error);

/// Pulls a blob to a file descriptor: a file, a pipe or a socket.
///
/// Writing starts at the current offset. After a failure, part of the blob may
/// have been written. The file descriptor remains the caller's and may be
/// non-blocking. If its other end is closed, the call fails without raising
/// SIGPIPE. Otherwise like reggie_blob_pull_to_path().
REGGIE_MUST_USE
reggie_status reggie_blob_pull_to_fd(const reggie_repository *repository,
                                     const reggie_descriptor *blob,
                                     int fd,
                                     const reggie_options *options,
                                     reggie_error **error);

/// Pulls a blob and passes it to a callback, piece by piece, in order.
///
/// The data must not be trusted until the call has returned REGGIE_OK.
/// Otherwise like reggie_blob_pull_to_path().
///
/// Also returns REGGIE_WRITE_CALLBACK.
REGGIE_MUST_USE
reggie_status reggie_blob_pull_to_callback(const reggie_repository *repository,
                                           const reggie_descriptor *blob,
                                           reggie_write_callback write,
                                           void *userdata,
                                           const reggie_options *options,
                                           reggie_error **error);

/// Pulls a blob of at most `max_size` bytes into memory.
///
/// A larger blob fails with REGGIE_BODY_TOO_LARGE. The data is followed by a
/// NUL, which is not included in `size`. Otherwise like
/// reggie_blob_pull_to_path().
///
/// On REGGIE_OK, the caller must free `bytes` with reggie_bytes_free(); it is
/// never NULL.
REGGIE_MUST_USE
reggie_status reggie_blob_pull_to_memory(const reggie_repository *repository,
                                         const reggie_descriptor *blob,
                                         size_t max_size,
                                         const reggie_options *options,
                                         uint8_t **bytes,
                                         size_t *size,
                                         reggie_error **error);

/// Checks whether a blob exists, and gets its size.
///
/// `size` may be NULL. On REGGIE_OK, it is the size in bytes, or
/// REGGIE_UNKNOWN_SIZE if the registry did not report it.
///
/// Returns REGGIE_OK if the blob exists, REGGIE_NOT_FOUND if it does not,
/// REGGIE_INVALID_DIGEST, or any status returned by reggie_blob_pull_to_path().
REGGIE_MUST_USE
reggie_status reggie_blob_stat(const reggie_repository *repository,
                               const char *digest,
                               const reggie_options *options,
                               uint64_t *size,
                               reggie_error **error);

/// Deletes a blob.
///
/// Returns REGGIE_OK, REGGIE_INVALID_DIGEST, REGGIE_NOT_FOUND,
/// REGGIE_UNSUPPORTED, or any status returned by reggie_blob_pull_to_path().
REGGIE_MUST_USE
reggie_status reggie_blob_delete(const reggie_repository *repository,
                                 const char *digest,
                                 const reggie_options *options,
                                 reggie_error **error);

/// Opens a blob for reading.
///
/// Requests the size of the blob if it is unknown; otherwise sends nothing. The
/// options also apply to reading. The handle does not need the repository
/// afterwards.
///
/// On REGGIE_OK, the caller must free `handle` with reggie_blob_free().
///
/// Returns any status returned by reggie_blob_stat().
REGGIE_MUST_USE
reggie_status reggie_blob_open(const reggie_repository *repository,
                               const reggie_descriptor *blob,
                               const reggie_options *options,
                               reggie_blob **handle,
                               reggie_error **error);

/// Frees a blob and closes its connections. NULL is ignored.
///
/// No call that uses it may be running.
void reggie_blob_free(reggie_blob *handle);

/// Returns the size in bytes.
///
/// Returns REGGIE_UNKNOWN_SIZE if the registry did not report it or if `handle`
/// is NULL.
uint64_t reggie_blob_size(const reggie_blob *handle);

/// Reads the next bytes of a blob into `buffer`.
///
/// `got` is the number of bytes read: 1 to `size`, or 0 at the end of the blob.
/// If the digest or the size does not match, the read that would return the
/// last bytes fails instead. After a failure, all further reads fail.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is impossibly large, or any status returned by
/// reggie_blob_pull_to_callback().
REGGIE_MUST_USE
reggie_status reggie_blob_read(reggie_blob *handle,
                               uint8_t *buffer,
                               size_t size,
                               size_t *got,
                               reggie_error **error);

/// Reads `size` bytes at `offset` into `buffer`.
///
/// `got` is less than `size` only at the end of the blob. Safe for concurrent
/// use: each call uses a connection of its own, limited by
/// reggie_config_set_max_connections(). Nothing is cached. A part of a blob
/// cannot be verified: for that, the content must contain digests of its own.
/// `options` may be NULL to use those of reggie_blob_open(); other options
/// apply to this call, for example a cancel handle of its own.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is impossibly large, REGGIE_RANGE_IGNORED, or any status returned by
/// reggie_blob_pull_to_callback().
REGGIE_MUST_USE
reggie_status reggie_blob_pread(const reggie_blob *handle,
                                uint8_t *buffer,
                                size_t size,
                                uint64_t offset,
                                const reggie_options *options,
                                size_t *got,
                                reggie_error **error);

/// Frees bytes returned through an out-pointer. NULL is ignored.
void reggie_bytes_free(uint8_t *bytes);

/// Gets the location of a blob, for programs that download it themselves.
///
/// reggie_digester_check() verifies what they received. If `follow` is nonzero,
/// a request is sent to the registry, and the location is the target of its
/// redirect, such as a signed URL, or the registry's own URL if there is none.
/// If `follow` is 0, the location is always the registry's own URL, and nothing
/// is sent if the token is known; this is for programs that follow redirects
/// themselves, without sending the header fields to another host.
///
/// On REGGIE_OK, the caller must free `location` with reggie_location_free().
///
/// Returns REGGIE_UNSUPPORTED for a layout, or any status returned by
/// reggie_blob_stat().
REGGIE_MUST_USE
reggie_status reggie_blob_locate(const reggie_repository *repository,
                                 const reggie_descriptor *blob,
                                 int follow,
                                 const reggie_options *options,
                                 reggie_location **location,
                                 reggie_error **error);

/// Frees a location. NULL is ignored.
void reggie_location_free(reggie_location *location);

/// Returns the complete URL.
///
/// Borrowed; valid until the location is freed. Returns NULL if `location` is
/// NULL.
const char *reggie_location_url(const reggie_location *location);

/// Returns the header fields to send along, such as Authorization.
///
/// Borrowed; valid until the location is freed. Returns NULL if `location` is
/// NULL.
const reggie_headers *reggie_location_headers(const reggie_location *location);

/// Returns the expiry time as Unix time in seconds.
///
/// It is taken from the token or the signature. Returns -1 if unknown or if
/// `location` is NULL.
int64_t reggie_location_expires(const reggie_location *location);

/// Reports that a location was rejected with `http_status`, 401 or 403.
///
/// The token or URL of the location is discarded, so that the next
/// reggie_blob_locate() requests a new one. Sends nothing. NULL is ignored.
void reggie_location_refused(const reggie_location *location, int http_status);

/** @} */

/* ------------------------------------------------------------ Pushing blobs */

/**
 * @defgroup reggie_blob_pushes Pushing blobs
 * @{
 */

/// Pushes a regular file as a blob.
///
/// If the blob already exists, nothing is sent; otherwise it is mounted if
/// possible. A `digest` of NULL means that the digest is computed first, so
/// that the file is read twice; a given digest is compared. `path` may contain
/// any bytes except NUL. `descriptor` may be NULL; its media type is
/// REGGIE_OCTETS.
///
/// On REGGIE_OK, the caller must free `descriptor` with
/// reggie_descriptor_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if `path` is empty, REGGIE_INVALID_DIGEST,
/// REGGIE_FILE, REGGIE_SOURCE_CHANGED, REGGIE_UNAUTHORIZED, REGGIE_DENIED,
/// REGGIE_NOT_FOUND if the registry requires the repository to be created
/// first, REGGIE_DIGEST_MISMATCH if the registry received something else,
/// REGGIE_HTTP_STATUS, REGGIE_CANCELLED, REGGIE_DEADLINE,
/// REGGIE_PROGRESS_CALLBACK, or any status returned by reggie_client_do().
REGGIE_MUST_USE
reggie_status reggie_blob_push_path(const reggie_repository *repository,
                                    const char *path,
                                    const char *digest,
                                    const reggie_options *options,
                                    reggie_descriptor **descriptor,
                                    reggie_error **error);

/// Pushes bytes from a file descriptor as a blob.
///
/// `length` is the number of bytes from the current offset; REGGIE_UNKNOWN_SIZE
/// means all bytes up to the end. A seekable file descriptor is read with
/// pread(), and its offset does not change. One that is not seekable is
/// uploaded in chunks; if more than the last chunk is lost in a connection
/// failure, the upload is lost, unless there is a state directory. Otherwise
/// like reggie_blob_push_path().
///
/// Also returns REGGIE_BODY_LENGTH, REGGIE_UPLOAD_LOST or
/// REGGIE_NO_STATE_FOLDER.
REGGIE_MUST_USE
reggie_status reggie_blob_push_fd(const reggie_repository *repository,
                                  int fd,
                                  uint64_t length,
                                  const char *digest,
                                  const reggie_options *options,
                                  reggie_descriptor **descriptor,
                                  reggie_error **error);

/// Pushes `size` bytes as a blob.
///
/// The bytes are not copied and must not be changed during the call. Otherwise
/// like reggie_blob_push_path().
REGGIE_MUST_USE
reggie_status reggie_blob_push_memory(const reggie_repository *repository,
                                      const uint8_t *bytes,
                                      size_t size,
                                      const char *digest,
                                      const reggie_options *options,
                                      reggie_descriptor **descriptor,
                                      reggie_error **error);

/// Pushes bytes supplied by a callback as a blob.
///
/// `length` is the number of bytes; REGGIE_UNKNOWN_SIZE means all bytes up to
/// the end. With `rewind`, the bytes may be read several times. If `rewind` is
/// NULL, the callback is treated like a file descriptor that is not seekable.
/// Otherwise like reggie_blob_push_fd().
///
/// Also returns REGGIE_READ_CALLBACK, REGGIE_REWIND_CALLBACK or
/// REGGIE_CALLBACK_MISUSE.
REGGIE_MUST_USE
reggie_status reggie_blob_push_callback(const reggie_repository *repository,
                                        reggie_read_callback read,
                                        reggie_rewind_callback rewind,
                                        uint64_t length,
                                        void *userdata,
                                        const char *digest,
                                        const reggie_options *options,
                                        reggie_descriptor **descriptor,
                                        reggie_error **error);

/// Mounts a blob from another repository of the same registry.
///
/// `from` is the name of the other repository. The blob is then in both, and
/// none of it is sent. On REGGIE_OK, `mounted` is 1 if the blob was mounted, or
/// 0 if the registry prefers that it is sent.
///
/// Returns REGGIE_OK, REGGIE_INVALID_DIGEST, REGGIE_INVALID_REFERENCE,
/// REGGIE_UNSUPPORTED for a layout, or any status returned by
/// reggie_blob_push_path().
REGGIE_MUST_USE
reggie_status reggie_blob_mount(const reggie_repository *repository,
                                const char *digest,
                                const char *from,
                                const reggie_options *options,
                                int *mounted,
                                reggie_error **error);

/** @} */

/* ------------------------------------------------------ Incremental uploads */

/**
 * @defgroup reggie_uploads Incremental uploads
 * @{
 */

/// Begins an incremental upload.
///
/// The handle does not need the repository afterwards.
///
/// On REGGIE_OK, the caller must free `upload` with reggie_upload_free().
///
/// Returns any status returned by reggie_blob_push_path().
REGGIE_MUST_USE
reggie_status reggie_upload_begin(const reggie_repository *repository,
                                  const reggie_options *options,
                                  reggie_upload **upload,
                                  reggie_error **error);

/// Appends `size` bytes to an upload.
///
/// The bytes are collected in a chunk; a full chunk is sent before the call
/// returns. If the registry does not support chunked uploads, everything is
/// written to a file in the state directory until the upload is committed.
/// After a failure, the call may be repeated with the same bytes if
/// reggie_upload_offset() is unchanged; no other bytes may follow.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is impossibly large or the upload has ended, REGGIE_NO_STATE_FOLDER,
/// REGGIE_UPLOAD_LOST, or any status returned by reggie_blob_push_path().
REGGIE_MUST_USE
reggie_status reggie_upload_write(reggie_upload *upload,
                                  const uint8_t *bytes,
                                  size_t size,
                                  reggie_error **error);

/// Returns how many bytes were accepted: the offset of the next byte.
///
/// Returns 0 if `upload` is NULL.
uint64_t reggie_upload_offset(const reggie_upload *upload);

/// Commits an upload: what was written becomes a blob.
///
/// A `digest` of NULL means the computed digest; a given digest is compared
/// first, and must be of the algorithm of the upload. `options` of NULL
/// means those of reggie_upload_begin() or reggie_upload_import(). The upload has then ended
/// and can only be freed. After a failure, the call may be repeated unless the
/// error says otherwise. `descriptor` may be NULL.
///
/// After a write that failed, the registry may have more than
/// reggie_upload_offset(). What was accepted is then sent to a new upload if all
/// of it is still in memory; otherwise the status is REGGIE_UPLOAD_LOST, and only
/// the same write can follow.
///
/// The progress callback is that of the upload or, if it has none, that of `options`.
/// It gets REGGIE_PROGRESS_END and REGGIE_PROGRESS_DONE on success. A failure is
/// not reported as REGGIE_PROGRESS_FAIL, since the call may be repeated.
///
/// On REGGIE_OK, the caller must free `descriptor` with
/// reggie_descriptor_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_DIGEST,
/// REGGIE_INVALID_ARGUMENT if `digest` is of another algorithm,
/// REGGIE_DIGEST_MISMATCH, or any status returned by reggie_upload_write().
REGGIE_MUST_USE
reggie_status reggie_upload_commit(reggie_upload *upload,
                                   const char *digest,
                                   const reggie_options *options,
                                   reggie_descriptor **descriptor,
                                   reggie_error **error);

/// Aborts an upload and tells the registry to discard it.
///
/// The upload has then ended and can only be freed. If the request fails, the
/// registry discards the upload by itself.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or any status returned by
/// reggie_client_do().
REGGIE_MUST_USE
reggie_status reggie_upload_abort(reggie_upload *upload,
                                  reggie_error **error);

/// Exports an upload, to be resumed in this process or another.
///
/// reggie_upload_import() resumes it. The exported string contains the address
/// of the upload, what the registry has received, and the state of the digest.
/// Nothing is sent, and data that is still in memory is not included. The
/// string is a secret: whoever has it can write to the upload. The upload may
/// continue afterwards, and the string remains usable. An upload to a layout
/// cannot be resumed: reggie_upload_import() begins a new one.
///
/// On REGGIE_OK, the caller must free `text` with reggie_string_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// upload has ended.
REGGIE_MUST_USE
reggie_status reggie_upload_export(const reggie_upload *upload,
                                   char **text,
                                   reggie_error **error);

/// Resumes an exported upload.
///
/// Requests from the registry what it has received. reggie_upload_offset() then
/// returns the offset from which the data must be written again; it may be
/// before what had been written at the time of the export.
///
/// On REGGIE_OK, the caller must free `upload` with reggie_upload_free().
///
/// Returns REGGIE_OK, REGGIE_INVALID_EXPORT, REGGIE_UPLOAD_LOST if the registry
/// no longer knows the upload, or any status returned by reggie_upload_begin().
REGGIE_MUST_USE
reggie_status reggie_upload_import(const reggie_repository *repository,
                                   const char *text,
                                   const reggie_options *options,
                                   reggie_upload **upload,
                                   reggie_error **error);

/// Frees an upload. NULL is ignored.
///
/// An upload that was neither committed nor aborted stays at the registry, for
/// reggie_upload_import().
void reggie_upload_free(reggie_upload *upload);

/** @} */

/* ------------------------------------------- Building and pushing artifacts */

/**
 * @defgroup reggie_building Building and pushing artifacts
 * @{
 */

/// Creates a builder for the manifest of an image or an artifact.
///
/// The caller must free the handle with reggie_builder_free(). Returns NULL
/// only on an internal error of the library.
reggie_builder *reggie_builder_new(void);

/// Creates a builder for an image index.
///
/// The caller must free the handle with reggie_builder_free(). Returns NULL
/// only on an internal error of the library.
reggie_builder *reggie_builder_new_index(void);

/// Frees a builder. NULL is ignored.
void reggie_builder_free(reggie_builder *builder);

/// Sets the artifact type, such as "application/spdx+json". NULL removes it.
///
/// An artifact requires one unless its config has a media type of its own.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `builder` is NULL,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_MEDIA_TYPE.
reggie_status reggie_builder_set_artifact_type(reggie_builder *builder,
                                               const char *artifact_type);

/// Sets the subject: the manifest that this one is about. NULL removes it.
///
/// The manifest that is built is a referrer of the subject. Only the digest, the
/// size and the media type of `subject` are used.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `builder` is NULL, or
/// REGGIE_INVALID_ARGUMENT if the size of the subject is unknown.
reggie_status reggie_builder_set_subject(reggie_builder *builder,
                                         const reggie_descriptor *subject);

/// Sets an annotation of the manifest. A `value` of NULL removes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `builder` or `name` is NULL,
/// REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT if `name` is empty.
reggie_status reggie_builder_set_annotation(reggie_builder *builder,
                                            const char *name,
                                            const char *value);

/// Sets the config to `size` bytes of the given media type.
///
/// The bytes are copied and pushed with the manifest. Default: the empty
/// config, "{}" of media type REGGIE_EMPTY.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_MEDIA_TYPE if `media_type` is invalid, or REGGIE_INVALID_ARGUMENT
/// for an index or if `size` is impossibly large.
reggie_status reggie_builder_set_config(reggie_builder *builder,
                                        const uint8_t *bytes,
                                        size_t size,
                                        const char *media_type);

/// Sets the config to existing content.
///
/// The content must exist in the repository that the manifest is pushed to.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT for an
/// index or if the size of the content is unknown.
reggie_status reggie_builder_set_config_descriptor(reggie_builder *builder,
                                                   const reggie_descriptor *descriptor);

/// Adds existing content: a layer, or a manifest for an index.
///
/// The content must exist in the repository that the manifest is pushed to. The
/// artifact type of a pulled image, which is the media type of its config, is left
/// out. To use existing content as the config, see
/// reggie_builder_set_config_descriptor().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// size of the content is unknown.
reggie_status reggie_builder_add(reggie_builder *builder,
                                 const reggie_descriptor *descriptor);

/// Adds a regular file as a layer.
///
/// The file is read and pushed with the manifest. A `media_type` of NULL means
/// REGGIE_OCTETS. `title` is the name of the file when it is pulled again; NULL
/// means the last component of the path, "" means no title. `path` may contain
/// any bytes except NUL.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 (also for a
/// title taken from the path), REGGIE_INVALID_MEDIA_TYPE if `media_type` is invalid,
/// REGGIE_UNSAFE_NAME for a title that names no file inside a directory or that
/// another layer has, or REGGIE_INVALID_ARGUMENT for an index or if `path` is empty.
reggie_status reggie_builder_add_path(reggie_builder *builder,
                                      const char *path,
                                      const char *media_type,
                                      const char *title);

/// Adds `size` bytes as a layer.
///
/// The bytes are copied and pushed with the manifest. `media_type` and `title`
/// are as for reggie_builder_add_path(), except that a `title` of NULL means no
/// title.
///
/// Returns any status returned by reggie_builder_add_path().
reggie_status reggie_builder_add_memory(reggie_builder *builder,
                                        const uint8_t *bytes,
                                        size_t size,
                                        const char *media_type,
                                        const char *title);

/// Sets an annotation of the layer or manifest added last, not of the config. A
/// `value` of NULL removes it. The title of added bytes or of an added file is
/// checked by reggie_builder_finish() and reggie_builder_push().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `builder` or `name` is NULL,
/// REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT if `name` is empty or if
/// nothing was added.
reggie_status reggie_builder_annotate(reggie_builder *builder,
                                      const char *name,
                                      const char *value);

/// Builds the manifest.
///
/// Reads the files that were added. Sends nothing. The same content added in
/// the same order yields the same bytes: no timestamps are included.
///
/// An artifact to which no layer was added gets the empty blob, "{}" of media type
/// REGGIE_EMPTY, as its only layer, as the OCI Image Specification recommends.
/// It has no title, so that reggie_pull_files() finds no files.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_MISSING_VALUE if an artifact
/// has no type, REGGIE_UNSAFE_NAME if reggie_builder_annotate() has given an added
/// file or added bytes a title that is refused by reggie_builder_add_path() or that
/// leads through the file of another layer, REGGIE_FILE, REGGIE_SOURCE_CHANGED if a
/// file changes while it is read, REGGIE_CANCELLED, REGGIE_DEADLINE,
/// REGGIE_PROGRESS_CALLBACK or REGGIE_BODY_TOO_LARGE.
REGGIE_MUST_USE
reggie_status reggie_builder_finish(const reggie_builder *builder,
                                    const reggie_options *options,
                                    reggie_manifest **manifest,
                                    reggie_error **error);

/// Builds the manifest and pushes it with its content.
///
/// The added files and bytes are pushed first, several concurrently; those that
/// already exist are skipped. The manifest is then pushed under `count` tags as
/// by reggie_manifest_push(); `tags` may be NULL if `count` is 0. `manifest` may be
/// NULL.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns any status returned by reggie_builder_finish(),
/// reggie_blob_push_path() or reggie_manifest_push().
REGGIE_MUST_USE
reggie_status reggie_builder_push(const reggie_builder *builder,
                                  const reggie_repository *repository,
                                  const char *const *tags,
                                  size_t count,
                                  const reggie_options *options,
                                  reggie_manifest **manifest,
                                  reggie_error **error);

/** @} */

/* -------------------------------------------------------- Pulling artifacts */

/**
 * @defgroup reggie_files Pulling artifacts
 * @{
 */

/// Pulls the files of an artifact into a directory.
///
/// `reference` is as for reggie_manifest_resolve(); the platform of an index is
/// that of reggie_options_set_platform(), or else of the host. `folder` is
/// created if it is missing; it may contain any bytes except NUL. `manifest` may
/// be NULL.
///
/// Each layer that has a title is pulled to the file of that name as by
/// reggie_blob_pull_to_path(), several concurrently. A title may contain
/// directories, but never leads out of `folder`, not even through a symbolic
/// link. A layer without a title is left out and reported as
/// REGGIE_PROGRESS_SKIP; if no layer has a title, the call fails with
/// REGGIE_NO_FILES. A layer that is a packed directory stays packed, in a file
/// named by its title with ".tar.gz" appended. Layers with the same digest are
/// pulled once and then copied. Files pulled before a failure are kept.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns any status returned by reggie_manifest_resolve() or
/// reggie_blob_pull_to_path(), REGGIE_UNSAFE_NAME (also if two layers have the
/// same name), REGGIE_NO_FILES or REGGIE_FILTER_CALLBACK.
REGGIE_MUST_USE
reggie_status reggie_pull_files(const reggie_repository *repository,
                                const char *reference,
                                const char *folder,
                                const reggie_options *options,
                                reggie_manifest **manifest,
                                reggie_error **error);

/** @} */

/* ------------------------------------------------------------------ Copying */

/**
 * @defgroup reggie_copying Copying
 * @{
 */

/// Copies a manifest and everything it refers to, byte for byte.
///
/// `reference` is as for reggie_manifest_pull(). The copy is pushed under
/// `count` tags as by reggie_manifest_push(), or by digest only if `count` is 0;
/// `tags` may then be NULL. `copied` has the digest, size and media type; it may
/// be NULL.
///
/// Content that exists at the destination is not pulled. A registry that has the
/// manifest of an image is assumed to have everything that the image refers to,
/// while the entries of an index are checked. Within one registry, blobs are
/// mounted. Manifests are pushed after the content that they refer to, and tags
/// are set last. Content copied before a failure is kept and need not be copied
/// again. Of a manifest of an unknown type, the content in its config, layers
/// and blobs members is copied with it.
///
/// If reggie_options_set_platform() is set and the manifest is an index, only
/// the manifest for the platform is copied, and the tags point to it; `tags` may
/// then contain the digest of the index, which sets no tag. The index.json of a
/// layout lists the copied manifest, its referrers and what has a tag, but not
/// the entries of an index.
///
/// A digest among the tags must have the algorithm of the copied manifest's digest.
///
/// If a tag of a registry is a referrers tag (OCI Distribution Specification,
/// Referrers Tag Schema) and the manifest is an OCI index, the list of referrers
/// under the tag is not replaced: the entries of the index are added to it.
///
/// On REGGIE_OK, the caller must free `copied` with reggie_descriptor_free().
///
/// Returns any status returned by reggie_manifest_resolve(),
/// reggie_blob_pull_to_callback(), reggie_blob_push_callback() or
/// reggie_manifest_push(), REGGIE_FILTER_CALLBACK, REGGIE_INVALID_LAYOUT or
/// REGGIE_LOCKED for a layout, REGGIE_INVALID_MANIFEST for more than 10000
/// manifests or more than 32 nested ones, REGGIE_BODY_TOO_LARGE for more than
/// 64 MiB of manifests and lists of referrers, or REGGIE_INVALID_ARGUMENT if blobs
/// have to be sent within one server to which only one connection is allowed.
REGGIE_MUST_USE
reggie_status reggie_copy(const reggie_repository *from,
                          const char *reference,
                          const reggie_repository *to,
                          const char *const *tags,
                          size_t count,
                          const reggie_options *options,
                          reggie_descriptor **copied,
                          reggie_error **error);

/** @} */

/* ------------------------------------------------------------------ Batches */

/**
 * @defgroup reggie_batches Batches
 * @{
 */

/// Creates a batch without items.
///
/// `options` apply to all items.
///
/// On REGGIE_OK, the caller must free `batch` with reggie_batch_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_NO_MEMORY if the system
/// provides no file descriptor.
REGGIE_MUST_USE
reggie_status reggie_batch_new(const reggie_options *options,
                               reggie_batch **batch,
                               reggie_error **error);

/// Frees a batch. NULL is ignored.
///
/// A batch that is still running is cancelled; the call waits until it has
/// ended. It runs no callbacks; those that worker threads wait for fail.
void reggie_batch_free(reggie_batch *batch);

/// Sets whether the other items continue after an item has failed.
///
/// If `keep_going` is 0, the other items are ended too, with REGGIE_CANCELLED, or
/// REGGIE_DEADLINE if a time limit has passed.
/// Default: 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_BUSY while the batch is
/// running.
reggie_status reggie_batch_set_keep_going(reggie_batch *batch,
                                          int keep_going);

/// Runs all items added since the batch was created or last run.
///
/// Waits until they are done.
///
/// Returns REGGIE_OK if all items succeeded, or else the status of the first
/// item that failed, with its error; or REGGIE_CANCELLED, REGGIE_DEADLINE or
/// REGGIE_PROGRESS_CALLBACK for the whole batch.
REGGIE_MUST_USE
reggie_status reggie_batch_run(reggie_batch *batch,
                               reggie_error **error);

/// Starts added items on worker threads, and calls callbacks that are due.
///
/// For programs with an event loop. Waits for something to be due for up to
/// `wait_ms` milliseconds; -1 means no limit, 0 means not to wait. If
/// reggie_options_set_parallel() is 1, one worker thread is used. Items may be
/// added while the batch is running.
///
/// On REGGIE_OK, `running` is 1 while there is work, and 0 when everything is
/// done.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `wait_ms`
/// is below -1, or, once when everything is done, what reggie_batch_run()
/// returns. After that, there is nothing to do until an item is added.
REGGIE_MUST_USE
reggie_status reggie_batch_step(reggie_batch *batch,
                                int64_t wait_ms,
                                int *running,
                                reggie_error **error);

/// Returns a file descriptor to poll.
///
/// It is readable when reggie_batch_step() has something to do, which includes
/// newly added items. It is also readable before the first step or run of a batch
/// without items, whose first step sets `running` to 0. It is owned by the library,
/// open until the batch is freed, and must not be read or closed. Returns -1 if
/// `batch` is NULL.
int reggie_batch_fd(const reggie_batch *batch);

/// Returns the number of items.
///
/// Returns 0 if `batch` is NULL.
size_t reggie_batch_count(const reggie_batch *batch);

/// Returns 1 if the item at `index`, counting from 0, has ended, else 0.
///
/// Returns 0 if absent or if `batch` is NULL.
int reggie_batch_is_done(const reggie_batch *batch, size_t index);

/// Returns the manifest pulled by the item at `index`, counting from 0.
///
/// Borrowed; valid until the batch is freed. Returns NULL if absent or if
/// `batch` is NULL.
const reggie_manifest *reggie_batch_manifest(const reggie_batch *batch,
                                             size_t index);

/// Returns the location found by the item at `index`, counting from 0.
///
/// Borrowed; valid until the batch is freed. Returns NULL if absent or if
/// `batch` is NULL.
const reggie_location *reggie_batch_location(const reggie_batch *batch,
                                             size_t index);

/// Returns why the item at `index`, counting from 0, has failed.
///
/// Must not be freed. Borrowed; valid until the batch is freed. Returns NULL if
/// the item has not failed, if absent, or if `batch` is NULL.
const reggie_error *reggie_batch_error(const reggie_batch *batch, size_t index);

/// Returns what the item at `index`, counting from 0, pulled, pushed, copied or
/// located.
///
/// Borrowed; valid until the batch is freed. Returns NULL if the item has not
/// succeeded, if absent, or if `batch` is NULL.
const reggie_descriptor *reggie_batch_item(const reggie_batch *batch,
                                           size_t index);

/// Adds a pull, as by reggie_blob_pull_to_path().
///
/// If several items pull the same digest from the same repository, those added
/// after the first one that pulls it to a path, also to file descriptors and
/// callbacks, are copied from its file. An item added before it that pulls to a
/// file descriptor or a callback may be pulled itself.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `path` is empty.
reggie_status reggie_batch_pull_to_path(reggie_batch *batch,
                                        const reggie_repository *repository,
                                        const reggie_descriptor *blob,
                                        const char *path);

/// Adds a pull, as by reggie_blob_pull_to_fd().
///
/// The file descriptor remains the caller's and must stay open until the item
/// is done.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_batch_pull_to_fd(reggie_batch *batch,
                                      const reggie_repository *repository,
                                      const reggie_descriptor *blob,
                                      int fd);

/// Adds a pull, as by reggie_blob_pull_to_callback().
///
/// The callback is called by reggie_batch_run() or reggie_batch_step(). Its
/// userdata is freed with the batch.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_batch_pull_to_callback(reggie_batch *batch,
                                            const reggie_repository *repository,
                                            const reggie_descriptor *blob,
                                            reggie_write_callback write,
                                            void *userdata,
                                            reggie_free_callback free_userdata);

/// Adds a push, as by reggie_blob_push_path().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_DIGEST, or REGGIE_INVALID_ARGUMENT if `path` is empty.
reggie_status reggie_batch_push_path(reggie_batch *batch,
                                     const reggie_repository *repository,
                                     const char *path,
                                     const char *digest);

/// Adds a copy, as by reggie_copy().
///
/// Copies share the content that they have in common: a blob is transferred
/// once to each registry or layout, and mounted if the copies go to different
/// repositories of a registry.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_REFERENCE.
reggie_status reggie_batch_copy(reggie_batch *batch,
                                const reggie_repository *from,
                                const char *reference,
                                const reggie_repository *to,
                                const char *const *tags,
                                size_t count);

/// Adds a manifest pull, as by reggie_manifest_resolve().
///
/// If `platform` is "", the manifest is pulled as by reggie_manifest_pull().
/// reggie_batch_manifest() then returns it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `batch` or `repository` is NULL,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE or REGGIE_INVALID_PLATFORM.
reggie_status reggie_batch_resolve(reggie_batch *batch,
                                   const reggie_repository *repository,
                                   const char *reference,
                                   const char *platform);

/// Adds a lookup of a location, as by reggie_blob_locate().
///
/// reggie_batch_location() then returns it.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
reggie_status reggie_batch_locate(reggie_batch *batch,
                                  const reggie_repository *repository,
                                  const reggie_descriptor *blob,
                                  int follow);

/** @} */

/* -------------------------------------------------------------------- Lists */

/**
 * @defgroup reggie_lists Lists
 * @{
 */

/// Lists the tags of a repository that follow `after`, or all if NULL.
///
/// They include the referrers tags of a registry without the referrers API;
/// reggie_copy() adds what they list to the list of the destination.
///
/// Nothing is sent before reggie_names_next(). The list does not need the
/// repository afterwards.
///
/// On REGGIE_OK, the caller must free `names` with reggie_names_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_INVALID_UTF8.
REGGIE_MUST_USE
reggie_status reggie_tags_open(const reggie_repository *repository,
                               const char *after,
                               const reggie_options *options,
                               reggie_names **names,
                               reggie_error **error);

/// Lists the repositories of a registry that follow `after`, or all if NULL.
///
/// Many registries do not provide this list, or not to everyone. Otherwise like
/// reggie_tags_open().
REGGIE_MUST_USE
reggie_status reggie_catalog_open(const reggie_client *client,
                                  const char *after,
                                  const reggie_options *options,
                                  reggie_names **names,
                                  reggie_error **error);

/// Gets the next name, and requests the next page when necessary.
///
/// Strings that are not valid tags or names are left out. A name that equals
/// the previous one is not returned again. On REGGIE_OK, `name` is borrowed;
/// valid until the next call or until the list is freed. It is NULL at the end
/// of the list. May be called again after a transient failure.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_NOT_FOUND,
/// REGGIE_LIST_ENDLESS, REGGIE_NEXT_PAGE_REFUSED, REGGIE_INVALID_JSON,
/// REGGIE_UNSUPPORTED, or any status returned by reggie_manifest_pull().
REGGIE_MUST_USE
reggie_status reggie_names_next(reggie_names *names,
                                const char **name,
                                reggie_error **error);

/// Returns how many invalid tags or names were left out so far.
///
/// Returns 0 if `names` is NULL.
size_t reggie_names_left_out(const reggie_names *names);

/// Frees a list. NULL is ignored.
void reggie_names_free(reggie_names *names);

/// Lists the referrers of the manifest with the given digest.
///
/// Lists those of the given artifact type, or all if `artifact_type` is NULL.
/// The list comes from the referrers API, or from the referrers tag if the
/// registry does not support the API. Nothing is sent before
/// reggie_referrers_next(). The list does not need the repository afterwards.
///
/// On REGGIE_OK, the caller must free `referrers` with reggie_referrers_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_DIGEST.
REGGIE_MUST_USE
reggie_status reggie_referrers_open(const reggie_repository *repository,
                                    const char *digest,
                                    const char *artifact_type,
                                    const reggie_options *options,
                                    reggie_referrers **referrers,
                                    reggie_error **error);

/// Gets the next referrer, and requests the next page when necessary.
///
/// The descriptor has the artifact type and annotations as far as the list
/// contains them. Sizes in such lists may be wrong. Entries that are no valid
/// descriptors are left out. On REGGIE_OK, `descriptor` is borrowed; valid until
/// the next call or until the list is freed. It is NULL at the end of the list,
/// on the first call if there are no referrers. May be called again after a
/// transient failure.
///
/// Returns any status returned by reggie_names_next().
REGGIE_MUST_USE
reggie_status reggie_referrers_next(reggie_referrers *referrers,
                                    const reggie_descriptor **descriptor,
                                    reggie_error **error);

/// Frees a list. NULL is ignored.
void reggie_referrers_free(reggie_referrers *referrers);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* REGGIE_H */
