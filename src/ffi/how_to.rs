//! # How to pull an image to a directory
//!
//! The directory becomes an OCI image layout. Of an index, the images for all platforms
//! are pulled unless reggie_options_set_platform() selects one. What the directory has
//! is not pulled again.
//!
//! ```c
//! const char *tag = reggie_repository_target(repository);
//! reggie_repository *layout = NULL;
//! reggie_status status = reggie_repository_open_layout("folder", 1, &layout, error);
//!
//! if (status == REGGIE_OK)
//!     status = reggie_copy(repository, NULL, layout, &tag, 1, NULL, NULL, error);
//! reggie_repository_free(layout);
//! ```
//!
//! # How to push files
//!
//! The files become an artifact, which needs a type. reggie_pull_files() pulls them to a
//! directory again.
//!
//! ```c
//! const char *tag = "1.2";
//! reggie_builder *builder = reggie_builder_new();
//! reggie_status status =
//!     reggie_builder_set_artifact_type(builder, "application/vnd.example.release");
//!
//! if (status == REGGIE_OK)
//!     status = reggie_builder_add_path(builder, "out/app", NULL, NULL);
//! if (status == REGGIE_OK)
//!     status = reggie_builder_annotate(builder, "org.example.arch", "amd64");
//! if (status == REGGIE_OK)
//!     status = reggie_builder_push(builder, repository, &tag, 1, NULL, NULL, error);
//! reggie_builder_free(builder);
//! ```
//!
//! # How to attach a file to an image
//!
//! An SBOM or a signature is an artifact whose subject is the image. It needs no tag:
//! reggie_referrers_open() finds it.
//!
//! ```c
//! const char *type = "application/spdx+json";
//! reggie_builder *builder = reggie_builder_new();
//! reggie_status status =
//!     reggie_builder_set_subject(builder, reggie_manifest_descriptor(image));
//!
//! if (status == REGGIE_OK)
//!     status = reggie_builder_set_artifact_type(builder, type);
//! if (status == REGGIE_OK)
//!     status = reggie_builder_add_path(builder, "sbom.json", type, NULL);
//! if (status == REGGIE_OK)
//!     status = reggie_builder_push(builder, repository, NULL, 0, NULL, NULL, error);
//! reggie_builder_free(builder);
//! ```
//!
//! # How to mirror a repository with signatures
//!
//! The batch copies several tags concurrently, with what refers to them and the
//! signatures of cosign. What the destination has is not transferred.
//!
//! ```c
//! static reggie_status mirror(const reggie_repository *from,
//!                             const reggie_repository *to, reggie_error **error)
//! {
//!     reggie_options *options = reggie_options_new();
//!     reggie_batch *batch = NULL;
//!     reggie_names *tags = NULL;
//!     const char *tag = NULL;
//!     reggie_status status = reggie_options_set_referrers(options, 1);
//!
//!     if (status == REGGIE_OK)
//!         status = reggie_options_set_digest_tags(options, 1);
//!     if (status == REGGIE_OK)
//!         status = reggie_batch_new(options, &batch, error);
//!     if (status == REGGIE_OK)
//!         status = reggie_tags_open(from, NULL, NULL, &tags, error);
//!     if (status == REGGIE_OK)
//!         status = reggie_names_next(tags, &tag, error);
//!     while (status == REGGIE_OK && tag) {
//!         status = reggie_batch_copy(batch, from, tag, to, &tag, 1);
//!         if (status == REGGIE_OK)
//!             status = reggie_names_next(tags, &tag, error);
//!     }
//!     if (status == REGGIE_OK)
//!         status = reggie_batch_run(batch, error);
//!     reggie_names_free(tags);
//!     reggie_batch_free(batch);
//!     reggie_options_free(options);
//!     return status;
//! }
//! ```
//!
//! # How to pull a blob
//!
//! The file appears when it is complete and verified. A pull that failed or was killed
//! is resumed by the next one.
//!
//! ```c
//! const reggie_descriptor *layer = reggie_manifest_layer(image, 0);
//! reggie_status status =
//!     reggie_blob_pull_to_path(repository, layer, "layer", NULL, error);
//!
//! if (status == REGGIE_NOT_FOUND)
//!     fprintf(stderr, "the registry has lost %s\n",
//!             reggie_descriptor_digest(layer));
//! ```
//!
//! reggie_descriptor_new() creates the descriptor of a blob of which only the digest is
//! known. Other functions pull to a file descriptor, a callback or memory.
//!
//! # How to push a blob
//!
//! If the registry has the blob, nothing is sent. With a state directory, a push that
//! failed or was killed is resumed by the next one.
//!
//! ```c
//! reggie_descriptor *layer = NULL;
//! reggie_options *options = reggie_options_new();
//! reggie_status status = reggie_options_set_state_folder(options, "/var/tmp/push");
//!
//! if (status == REGGIE_OK)
//!     status = reggie_blob_push_path(repository, "layer", NULL, options, &layer,
//!                                    error);
//! if (status == REGGIE_OK)
//!     printf("%s\n", reggie_descriptor_digest(layer));
//! reggie_descriptor_free(layer);
//! reggie_options_free(options);
//! ```
//!
//! The functions in the part "Incremental uploads" push content that is still being
//! produced.
//!
//! # How to limit the time of a call
//!
//! By default a call may last as long as data is transferred.
//! reggie_options_set_timeout() limits a call about content. To limit each
//! reggie_client_do() to one minute:
//!
//! ```c
//! reggie_config_set_timeout(config, 60 * 1000);
//! ```
//!
//! The call then returns REGGIE_DEADLINE. reggie_request_set_timeout() sets the
//! limit for one request.
//!
//! # How to stop calls from a signal handler
//!
//! Create one cancel handle, assign it to each request or to the options of each call
//! about content, and trigger it in the signal handler. The calls then return
//! REGGIE_CANCELLED. set_up() does this for the first options; requests need
//! reggie_request_set_cancel().
//!
//! ```c
//! static reggie_cancel *cancel;
//!
//! static void on_interrupt(int signal)
//! {
//!     (void)signal;
//!     reggie_cancel_trigger(cancel);
//! }
//!
//! static reggie_status set_up(reggie_options *options, reggie_error **error)
//! {
//!     reggie_status status = reggie_cancel_new(&cancel, error);
//!
//!     if (status != REGGIE_OK)
//!         return status;
//!     signal(SIGINT, on_interrupt);
//!     return reggie_options_set_cancel(options, cancel);
//! }
//! ```
//!
//! # How to share a client between threads
//!
//! Create the client once and pass it to all threads; they share its connections
//! and tokens. Each thread uses its own requests and responses.
//!
//! ```c
//! static void *worker(void *shared)
//! {
//!     const reggie_client *client = shared;
//!     reggie_request *request = NULL;
//!     reggie_response *response = NULL;
//!
//!     if (reggie_request_new(client, REGGIE_GET, "/v2/", &request, NULL) == REGGIE_OK
//!         && reggie_client_do(client, request, &response, NULL) == REGGIE_OK)
//!         printf("%d\n", reggie_response_status(response));
//!     reggie_response_free(response);
//!     reggie_request_free(request);
//!     return NULL;
//! }
//! ```
//!
//! # How to resume an upload
//!
//! reggie_blob_push_path() and reggie_upload_import() resume uploads. With requests
//! of your own, first find out how much the registry has received: after a failed
//! PATCH, send GET to the location of the upload, as returned by the POST or the last
//! successful PATCH. The upload continues at `offset`: send the next PATCH to the
//! Location of this response, with a Content-Range header that starts at `offset` and
//! the rest of the content as body, for example with
//! reggie_request_set_body_path_section().
//!
//! ```c
//! uint64_t first, last, offset = 0;
//! reggie_status status = reggie_request_set_method(request, REGGIE_GET);
//!
//! if (status == REGGIE_OK)
//!     status = reggie_request_set_path(request, location);
//! if (status == REGGIE_OK)
//!     status = reggie_client_do(client, request, &response, error);
//! if (status == REGGIE_OK)
//!     status = reggie_response_check(response, error);
//! if (status == REGGIE_OK
//!     && reggie_response_range(response, &first, &last) == REGGIE_OK && last > 0)
//!     offset = last + 1;
//! ```
//!
//! # How to show progress
//!
//! A progress callback is called while data is transferred, and once a second while
//! none is, so that the program can also check for signals. This one is for calls about
//! content; requests have reggie_request_set_progress_callback().
//!
//! ```c
//! static int show(void *userdata, const reggie_progress *progress)
//! {
//!     uint64_t total = reggie_progress_total(progress);
//!
//!     (void)userdata;
//!     printf("%s: %llu", reggie_progress_name(progress),
//!            (unsigned long long)reggie_progress_done(progress));
//!     if (total != REGGIE_UNKNOWN_SIZE)
//!         printf(" of %llu", (unsigned long long)total);
//!     putchar('\n');
//!     return 0;
//! }
//!
//! static reggie_status show_progress(reggie_options *options)
//! {
//!     return reggie_options_set_progress_callback(options, 0, show, NULL, NULL);
//! }
//! ```
//!
//! # How to show the progress of several transfers
//!
//! Each transfer has a number, such as its line on a terminal.
//!
//! ```c
//! static int show_lines(void *userdata, const reggie_progress *progress)
//! {
//!     (void)userdata;
//!     if (reggie_progress_event(progress) == REGGIE_PROGRESS_DONE)
//!         return 0;
//!     printf("\033[%d;1H\033[K%s: %llu", (int)reggie_progress_number(progress) + 1,
//!            reggie_progress_name(progress),
//!            (unsigned long long)reggie_progress_done(progress));
//!     fflush(stdout);
//!     return 0;
//! }
//! ```
//!
//! reggie_progress_all_done() and reggie_progress_all_total() are the sums.
//!
//! # How to run transfers in an event loop
//!
//! Worker threads do the work of a batch. When its file descriptor is readable,
//! reggie_batch_step() runs callbacks and returns without waiting. Poll it with what else
//! the program waits for.
//!
//! ```c
//! static reggie_status loop(reggie_batch *batch, reggie_error **error)
//! {
//!     struct pollfd ready = {reggie_batch_fd(batch), POLLIN, 0};
//!     reggie_status status = REGGIE_OK;
//!     int running = 1;
//!
//!     while (status == REGGIE_OK && running) {
//!         poll(&ready, 1, -1);
//!         if (ready.revents)
//!             status = reggie_batch_step(batch, 0, &running, error);
//!     }
//!     return status;
//! }
//! ```
//!
//! # How to push a manifest under another tag
//!
//! ```c
//! const char *tag = "stable";
//! reggie_repository *repository = NULL;
//! reggie_manifest *manifest = NULL;
//! reggie_status status = reggie_repository_open(
//!     "registry.example/org/app:1.2", config, &repository, error);
//!
//! if (status == REGGIE_OK)
//!     status = reggie_manifest_pull(repository, NULL, NULL, &manifest, error);
//! if (status == REGGIE_OK)
//!     status = reggie_manifest_push(repository, manifest, &tag, 1, NULL, error);
//! reggie_manifest_free(manifest);
//! reggie_repository_free(repository);
//! ```
//!
//! # How to follow pages
//!
//! reggie_tags_open() lists tags. Other lists come in pages too. Send a request for
//! the next page until there is none:
//!
//! ```c
//! reggie_status status = REGGIE_OK;
//! const char *page = "/v2/<name>/tags/list?n=100";
//!
//! while (status == REGGIE_OK && page) {
//!     status = reggie_request_set_path(request, page);
//!     reggie_response_free(response);
//!     response = NULL;
//!     if (status == REGGIE_OK)
//!         status = reggie_client_do(client, request, &response, error);
//!     if (status == REGGIE_OK)
//!         status = reggie_response_check(response, error);
//!     if (status == REGGIE_OK)
//!         puts((const char *)reggie_response_body(response));
//!     page = reggie_response_next_page(response);
//! }
//! ```
