/*
 * With the default action of SIGPIPE, peers and readers that go away are
 * failures of a call and no more. Arguments: how, the address of a server that
 * closes or resets the connection of an upload, and its CA file.
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>

#define UPLOAD ((size_t)8 << 20)
#define DOWNLOAD ((size_t)1 << 20)

static const char *address;
static const char *ca;
static uint8_t bytes[UPLOAD];

static int read_bytes(void *userdata, void *buffer, size_t size, size_t *got)
{
    size_t *left = (size_t *)userdata;

    *got = size < *left ? size : *left;
    memset(buffer, 'a', *got);
    *left -= *got;
    return 0;
}

static void upload(const reggie_client *client, const char *path, int from)
{
    reggie_request *request = check_request(client, "PUT", path);
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    size_t left = UPLOAD;
    FILE *file = NULL;
    reggie_status status;

    if (from == 0) {
        CHECK_OK(reggie_request_set_body(request, bytes, UPLOAD), NULL);
    } else if (from == 3) {
        file = tmpfile();
        CHECK(file != NULL);
        CHECK_NUMBER(0, ftruncate(fileno(file), (off_t)UPLOAD));
        CHECK_OK(reggie_request_set_body_fd(request, fileno(file), UPLOAD,
                                            &error), error);
    } else {
        CHECK_OK(reggie_request_set_body_callback(
                     request, read_bytes, NULL,
                     from == 1 ? UPLOAD : REGGIE_UNKNOWN_SIZE, &left, NULL),
                 NULL);
    }
    status = reggie_client_do(client, request, &response, &error);
    CHECK(status > REGGIE_CONNECT && status < REGGIE_TOO_MANY_REDIRECTS);
    CHECK(response == NULL);
    CHECK_NUMBER(status, reggie_error_status(error));
    CHECK(reggie_error_host(error) != NULL);
    reggie_error_free(error);
    reggie_request_free(request);
    if (file != NULL)
        CHECK_NUMBER(0, fclose(file));
}

static void uploads_to_a_peer_that_goes(const reggie_client *client)
{
    int from;

    for (from = 0; from < 4; from++) {
        upload(client, "/closes", from);
        upload(client, "/resets", from);
    }
}

/* Threads of the library send the blobs. */
static void push(const reggie_client *client, const char *name)
{
    reggie_options *options = reggie_options_new();
    reggie_builder *builder = reggie_builder_new();
    reggie_repository *repository = NULL;
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;
    char paths[2][32] = {"/tmp/sigpipe-XXXXXX", "/tmp/sigpipe-XXXXXX"};
    reggie_status status;
    int i;

    for (i = 0; i < 2; i++) {
        int fd = mkstemp(paths[i]);

        CHECK(fd >= 0);
        CHECK_NUMBER(0, ftruncate(fd, (off_t)UPLOAD + i));
        CHECK_NUMBER(0, close(fd));
        CHECK_OK(reggie_builder_add_path(builder, paths[i], NULL, NULL), NULL);
    }
    CHECK_OK(reggie_builder_set_artifact_type(builder, "a/b"), NULL);
    CHECK_OK(reggie_options_set_retries(options, 0), NULL);
    CHECK_OK(reggie_repository_new(client, name, &repository, &error), error);
    status = reggie_builder_push(builder, repository, NULL, 0, options,
                                 &manifest, &error);
    CHECK(status > REGGIE_CONNECT && status < REGGIE_TOO_MANY_REDIRECTS);
    CHECK(manifest == NULL);
    CHECK(reggie_error_host(error) != NULL);
    reggie_error_free(error);
    for (i = 0; i < 2; i++)
        CHECK_NUMBER(0, unlink(paths[i]));
    reggie_repository_free(repository);
    reggie_builder_free(builder);
    reggie_options_free(options);
}

static void pushes_to_a_peer_that_goes(const reggie_client *client)
{
    push(client, "closes");
    push(client, "resets");
}

/* Reads a little and goes. */
static void *read_and_close(void *descriptor)
{
    int fd = *(int *)descriptor;
    char buffer[16];

    CHECK(read(fd, buffer, sizeof buffer) > 0);
    CHECK_NUMBER(0, close(fd));
    return NULL;
}

static void download(const reggie_client *client, int reads_some, int flags)
{
    reggie_request *request = check_request(client, "GET", "/blob");
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    pthread_t reader;
    int ends[2];

    CHECK_NUMBER(0, pipe(ends));
    CHECK_NUMBER(0, fcntl(ends[1], F_SETFL, flags));
    CHECK_OK(reggie_request_set_output_fd(request, ends[1]), NULL);
    if (reads_some)
        reader = check_start(read_and_close, &ends[0], CHECK_SMALL_STACK);
    else
        CHECK_NUMBER(0, close(ends[0]));
    CHECK_NUMBER(REGGIE_FILE,
                 reggie_client_do(client, request, &response, &error));
    CHECK(response == NULL);
    CHECK_NUMBER(EPIPE, reggie_error_errno(error));
    CHECK_NUMBER(200, reggie_error_http_status(error));
    if (reads_some)
        CHECK_NUMBER(0, pthread_join(reader, NULL));
    CHECK_NUMBER(0, close(ends[1]));
    reggie_error_free(error);
    reggie_request_free(request);
}

static void downloads_without_a_reader(const reggie_client *client)
{
    sigset_t pending;
    int flags;

    for (flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
        download(client, 0, flags);
        download(client, 1, flags);
    }
    CHECK_NUMBER(0, sigpending(&pending));
    CHECK(!sigismember(&pending, SIGPIPE));
}

/* A SIGPIPE that was there before is the caller's, and stays. */
static void the_signals_of_the_caller(const reggie_client *client)
{
    sigset_t sigpipe;
    sigset_t before;
    sigset_t after;
    int signal_number = 0;

    CHECK_NUMBER(0, sigemptyset(&sigpipe));
    CHECK_NUMBER(0, sigaddset(&sigpipe, SIGPIPE));
    CHECK_NUMBER(0, pthread_sigmask(SIG_BLOCK, &sigpipe, &before));
    CHECK(!sigismember(&before, SIGPIPE));
    CHECK_NUMBER(0, pthread_kill(pthread_self(), SIGPIPE));
    download(client, 0, 0);
    upload(client, "/closes", 3);
    CHECK_NUMBER(0, sigpending(&after));
    CHECK(sigismember(&after, SIGPIPE));
    CHECK_NUMBER(0, pthread_sigmask(SIG_SETMASK, NULL, &after));
    CHECK(sigismember(&after, SIGPIPE));
    CHECK_NUMBER(0, sigwait(&sigpipe, &signal_number));
    CHECK_NUMBER(SIGPIPE, signal_number);
    CHECK_NUMBER(0, pthread_sigmask(SIG_SETMASK, &before, NULL));
}

/* What all this would come to without the library's care. */
static void a_plain_write_ends_the_process(void)
{
    int ends[2];
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (pipe(ends) == 0 && close(ends[0]) == 0)
            _exit(write(ends[1], "a", 1) == 1);
        _exit(2);
    }
    CHECK(child > 0);
    CHECK_NUMBER(child, waitpid(child, &status, 0));
    CHECK(WIFSIGNALED(status));
    CHECK_NUMBER(SIGPIPE, WTERMSIG(status));
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = check_client(address, ca, config);

    (void)context;
    reggie_config_free(config);
    uploads_to_a_peer_that_goes(client);
    pushes_to_a_peer_that_goes(client);
    downloads_without_a_reader(client);
    the_signals_of_the_caller(client);
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    struct sigaction action;

    CHECK_NUMBER(4, count);
    address = arguments[2];
    ca = arguments[3];
    CHECK_NUMBER(0, sigaction(SIGPIPE, NULL, &action));
    CHECK(action.sa_handler == SIG_DFL);
    a_plain_write_ends_the_process();
    return check_run(arguments[1], run, NULL);
}
