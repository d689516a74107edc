/*
 * Blobs of any size go up and down in constant memory. Arguments: how, the
 * address of a registry, its CA file, the most KiB that may be needed, and:
 *
 *   pull SIZE DIGEST    opened here, read by another thread
 *   down FILE DIGEST    into a file descriptor
 *   up FILE             from a path
 */
#include "check.h"
#include "memory.h"

#include <fcntl.h>

static char **arguments;
static reggie_client *client;

static reggie_request *blob(void)
{
    reggie_request *request = check_request(client, REGGIE_GET,
                                            "/v2/<name>/blobs/<digest>");

    CHECK_OK(reggie_request_set_digest(request, arguments[7]), NULL);
    return request;
}

static void *read_and_compare(void *opened)
{
    static uint8_t buffer[64 * 1024];
    reggie_response *response = (reggie_response *)opened;
    reggie_digester *digester = NULL;
    reggie_error *error = NULL;
    char *digest = NULL;
    size_t got = 1;
    uint64_t size = 0;

    CHECK_OK(reggie_digester_new(REGGIE_SHA256, &digester, &error), error);
    while (got > 0) {
        CHECK_OK(reggie_response_read(response, buffer, sizeof buffer, &got,
                                      &error), error);
        CHECK_OK(reggie_digester_update(digester, buffer, got), NULL);
        size += got;
    }
    CHECK(size == strtoull(arguments[6], NULL, 10));
    CHECK_OK(reggie_digester_finish(digester, &digest, &error), error);
    CHECK_TEXT(arguments[7], digest);
    reggie_string_free(digest);
    reggie_digester_free(digester);
    return NULL;
}

static void pull(void)
{
    reggie_request *request = blob();
    reggie_response *response = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_client_open(client, request, &response, &error), error);
    CHECK_NUMBER(200, reggie_response_status(response));
    CHECK_NUMBER(0, pthread_join(check_start(read_and_compare, response,
                                             CHECK_SMALL_STACK), NULL));
    reggie_response_free(response);
    reggie_request_free(request);
}

static void down(void)
{
    reggie_request *request = blob();
    int fd = open(arguments[6], O_WRONLY);

    CHECK(fd >= 0);
    CHECK_OK(reggie_request_set_output_fd(request, fd), NULL);
    check_sends(client, request, 200);
    CHECK_NUMBER(0, close(fd));
    reggie_request_free(request);
}

static void up(void)
{
    reggie_request *request = check_request(client, REGGIE_POST,
                                            "/v2/<name>/blobs/uploads/");
    reggie_response *response = check_do(client, request);
    char *digest = NULL;
    reggie_error *error = NULL;

    CHECK_NUMBER(202, reggie_response_status(response));
    CHECK_OK(reggie_digest_file(REGGIE_SHA256, arguments[6], &digest, &error),
             error);
    CHECK_OK(reggie_request_set_method(request, REGGIE_PUT), NULL);
    CHECK_OK(reggie_request_set_path(
                 request, reggie_response_relative_location(response)), NULL);
    CHECK_OK(reggie_request_set_query(request, "digest", digest), NULL);
    CHECK_OK(reggie_request_set_header(request, "Content-Type",
                                       "application/octet-stream"), NULL);
    CHECK_OK(reggie_request_set_body_path(request, arguments[6]), NULL);
    check_sends(client, request, 201);
    reggie_string_free(digest);
    reggie_response_free(response);
    reggie_request_free(request);
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();

    (void)context;
    CHECK_OK(reggie_config_set_default_name(config, "a/b"), NULL);
    client = check_client(arguments[2], arguments[3], config);
    reggie_config_free(config);
    if (strcmp(arguments[5], "pull") == 0)
        pull();
    else if (strcmp(arguments[5], "down") == 0)
        down();
    else
        up();
    reggie_client_free(client);
}

int main(int count, char **values)
{
    int result;
    long most;

    CHECK(count >= 7);
    arguments = values;
    result = check_run(arguments[1], run, NULL);
    most = strtol(arguments[4], NULL, 10);
    if (memory_peak() > most)
        CHECK_NUMBER(most, memory_peak());
    return result;
}
