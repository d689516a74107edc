/*
 * Large allocations fail, one after the other: the call returns
 * REGGIE_NO_MEMORY, and the client can be used afterwards. Arguments: how, the
 * address of a server and its certificate.
 *
 * The allocator of this program replaces that of the C library, for the library
 * under test too.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/*
 * Bodies and buffers; smaller allocations do not fail. rustls allocates
 * single records of up to 16 KiB, and aborts if that is impossible.
 */
#define LARGE ((size_t)17 * 1024)
#define BODY_SIZE ((size_t)2 << 20)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

/* How many large allocations succeed before one fails; -1: all. */
static __thread long until_failure = -1;
static __thread int has_failed;
static int failed_calls;

static int fails_now(size_t size)
{
    if (size < LARGE || until_failure < 0)
        return 0;
    if (until_failure-- > 0)
        return 0;
    has_failed = 1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails_now(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails_now(count * size) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails_now(size) ? NULL : __libc_realloc(block, size);
}

static const char *address;
static const char *certificate;
static uint8_t body[BODY_SIZE];
static int file;

struct source {
    size_t left;
};

static int on_read(void *userdata, void *buffer, size_t size, size_t *count)
{
    struct source *source = (struct source *)userdata;

    *count = source->left < size ? source->left : size;
    memset(buffer, 'a', *count);
    source->left -= *count;
    return 0;
}

static int on_write(void *userdata, const void *bytes, size_t size)
{
    (void)userdata;
    (void)bytes;
    (void)size;
    return 0;
}

enum kind {
    GET_SHORT,
    GET_LONG,
    GET_TO_CALLBACK,
    GET_VERIFIED,
    PUT_MEMORY,
    PUT_BORROWED,
    PUT_CALLBACK,
    PUT_CHUNKED,
    PUT_FILE,
    PUT_SIZELESS,
    KINDS
};

static reggie_request *request_of(const reggie_client *client, int kind,
                                  struct source *source)
{
    const char *path = kind == GET_SHORT ? "/text" : "/blob";
    reggie_request *request =
        check_request(client, kind < PUT_MEMORY ? "GET" : "PUT", path);

    source->left = BODY_SIZE;
    switch (kind) {
    case GET_VERIFIED:
        CHECK_OK(reggie_request_set_expected_digest(request,
                     "sha256:9bc1b2a288b26af7257a36277ae3816a"
                     "7d4f16e89c1e7e77d0a5c48bad62b360"), NULL);
        /* fallthrough */
    case GET_TO_CALLBACK:
        CHECK_OK(reggie_request_set_output_callback(request, on_write, NULL,
                                                    NULL), NULL);
        break;
    case PUT_BORROWED:
        CHECK_OK(reggie_request_set_body_borrowed(request, body, BODY_SIZE,
                                                  NULL, NULL), NULL);
        break;
    case PUT_CALLBACK:
    case PUT_CHUNKED:
        CHECK_OK(reggie_request_set_body_callback(request, on_read, NULL,
                     kind == PUT_CHUNKED ? REGGIE_UNKNOWN_SIZE : BODY_SIZE,
                     source, NULL), NULL);
        break;
    case PUT_FILE:
        CHECK_OK(reggie_request_set_body_fd(request, file, BODY_SIZE, NULL),
                 NULL);
        break;
    case PUT_SIZELESS:
        CHECK_OK(reggie_request_set_body_path(request, "/proc/self/maps"),
                 NULL);
        break;
    default:
        break;
    }
    return request;
}

/* Fails the allocation at `index`; returns 0 if there are not that many. */
static int sends_without(const reggie_client *client, int kind, long index)
{
    struct source source;
    reggie_request *request = request_of(client, kind, &source);
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status = REGGIE_OK;

    has_failed = 0;
    until_failure = index;
    if (kind == PUT_MEMORY)
        status = reggie_request_set_body(request, body, BODY_SIZE);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    until_failure = -1;
    if (has_failed && status != REGGIE_OK) {
        CHECK_NUMBER(REGGIE_NO_MEMORY, status);
        CHECK(response == NULL);
        failed_calls++;
    } else {
        /* Some buffers may be smaller. */
        CHECK_OK(status, error);
        CHECK_NUMBER(200, reggie_response_status(response));
    }
    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    return has_failed;
}

static void on_log(void *userdata, int level, const char *message)
{
    (void)userdata;
    (void)level;
    (void)message;
}

/* Sends each kind of request, or those whose bodies the debug log shows. */
static void run_with(int logs)
{
    int kind;

    for (kind = 0; kind < KINDS; kind++) {
        long index = 0;
        int again = 1;

        if (logs && kind != GET_LONG && kind != PUT_MEMORY)
            continue;
        failed_calls = 0;
        while (again) {
            reggie_config *config = reggie_config_new();
            reggie_client *client;
            reggie_request *request;

            if (logs)
                CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG,
                             on_log, NULL, NULL), NULL);
            client = check_client(address, certificate, config);
            request = check_request(client, "GET", "/text");

            again = sends_without(client, kind, index++);
            check_sends(client, request, 200);
            if (again) {
                /* Over the kept connection. */
                again |= sends_without(client, kind, index);
                check_sends(client, request, 200);
            }
            reggie_request_free(request);
            reggie_client_free(client);
            reggie_config_free(config);
            CHECK(index < 100);
        }
        /* At least the input buffer is that large. */
        CHECK(failed_calls > 0);
    }
}

static void run(void *context)
{
    (void)context;
    run_with(0);
    run_with(1);
}

int main(int count, char **arguments)
{
    FILE *temporary = tmpfile();

    CHECK_NUMBER(4, count);
    CHECK(temporary != NULL);
    memset(body, 'a', BODY_SIZE);
    address = arguments[2];
    certificate = arguments[3];
    CHECK_NUMBER(BODY_SIZE, fwrite(body, 1, BODY_SIZE, temporary));
    CHECK_NUMBER(0, fseek(temporary, 0, SEEK_SET));
    file = fileno(temporary);
    return check_run(arguments[1], run, NULL);
}
