/*
 * The benchmark cases with libreggie:
 *
 *     reggie [--ca FILE] [--user USER:PASSWORD] get N URL
 *     reggie [--ca FILE] down URL
 *     reggie [--ca FILE] up URL FILE
 *     reggie [--ca FILE] push URL FILE
 *
 * The URL of a push is a repository's, such as http://localhost/v2/name.
 */

#include <reggie.h>

#include "measure.h"

#define SMALL 1500
#define LARGE (1LL << 30)

static int count_bytes(void *userdata, const void *data, size_t size)
{
    (void)data;
    *(long long *)userdata += (long long)size;
    return 0;
}

static void check(reggie_status status, reggie_error *error)
{
    if (status != REGGIE_OK)
        fail(reggie_status_string(status), reggie_error_message(error));
}

static void perform(const reggie_client *client, reggie_request *request,
                    int expected, size_t length)
{
    reggie_error *error = NULL;
    reggie_response *response = NULL;

    check(reggie_client_do(client, request, &response, &error), error);
    if (reggie_response_status(response) != expected)
        fail("reggie_client_do", "unexpected status");
    if (reggie_response_body_length(response) != length)
        fail("reggie_client_do", "unexpected length");
    reggie_response_free(response);
}

static reggie_request *prepare(const reggie_client *client, const char *method,
                               const char *path)
{
    reggie_error *error = NULL;
    reggie_request *request = NULL;

    check(reggie_request_new(client, method, path, &request, &error), error);
    return request;
}

static void get(const reggie_client *client, long number, const char *path)
{
    for (long i = 0; i < number; i++) {
        reggie_request *request = prepare(client, REGGIE_GET, path);

        perform(client, request, 200, SMALL);
        reggie_request_free(request);
    }
}

static void down(const reggie_client *client, const char *path)
{
    long long total = 0;
    reggie_request *request = prepare(client, REGGIE_GET, path);

    check(reggie_request_set_output_callback(request, count_bytes, &total, NULL),
          NULL);
    perform(client, request, 200, 0);
    reggie_request_free(request);
    if (total != LARGE)
        fail(path, "unexpected length");
}

static void up(const reggie_client *client, const char *path, const char *file)
{
    reggie_request *request = prepare(client, REGGIE_PUT, path);

    check(reggie_request_set_body_path(request, file), NULL);
    perform(client, request, 201, 0);
    reggie_request_free(request);
}

/* As oras-go does: computes the digest, then sends POST and one PUT. */
static void push(const reggie_client *client, const char *path, const char *file)
{
    reggie_error *error = NULL;
    reggie_response *response = NULL;
    reggie_request *request;
    char *digest = NULL;
    char *uploads = malloc(strlen(path) + sizeof "/blobs/uploads/");

    if (uploads == NULL)
        fail("push", "out of memory");
    strcat(strcpy(uploads, path), "/blobs/uploads/");
    check(reggie_digest_file(REGGIE_SHA256, file, &digest, &error), error);
    request = prepare(client, REGGIE_POST, uploads);
    check(reggie_client_do(client, request, &response, &error), error);
    if (reggie_response_status(response) != 202)
        fail("reggie_client_do", "unexpected status");
    reggie_request_free(request);
    request = prepare(client, REGGIE_PUT, reggie_response_relative_location(response));
    check(reggie_request_set_query(request, "digest", digest), NULL);
    check(reggie_request_set_body_path(request, file), NULL);
    perform(client, request, 201, 0);
    reggie_request_free(request);
    reggie_response_free(response);
    reggie_string_free(digest);
    free(uploads);
}

/* Splits the path off a URL and returns it. */
static char *cut(char *url)
{
    char *authority = strstr(url, "://");
    char *path = authority != NULL ? strchr(authority + 3, '/') : NULL;
    char *copy = path != NULL ? strdup(path) : NULL;

    if (copy == NULL)
        fail("usage", "a URL with a path is wanted");
    *path = '\0';
    return copy;
}

int main(int argc, char **argv)
{
    struct measure begun;
    reggie_client *client = NULL;
    reggie_error *error = NULL;
    reggie_config *config = reggie_config_new();
    char *url, *path;

    if (argc > 2 && strcmp(argv[1], "--ca") == 0) {
        check(reggie_config_add_ca_file(config, argv[2], &error), error);
        argv += 2;
        argc -= 2;
    }
    if (argc > 2 && strcmp(argv[1], "--user") == 0) {
        char *password = strchr(argv[2], ':');

        if (password == NULL)
            fail("usage", "USER:PASSWORD is wanted");
        *password = '\0';
        check(reggie_config_set_credentials(config, argv[2], password + 1), NULL);
        argv += 2;
        argc -= 2;
    }
    if (argc < 3)
        fail("usage", "reggie [--ca FILE] get N URL | down URL | up URL FILE | push URL FILE");
    url = argv[strcmp(argv[1], "get") == 0 && argc == 4 ? 3 : 2];
    path = cut(url);
    measure_begin(&begun);
    check(reggie_client_new(url, config, &client, &error), error);
    if (strcmp(argv[1], "get") == 0 && argc == 4)
        get(client, atol(argv[2]), path);
    else if (strcmp(argv[1], "down") == 0)
        down(client, path);
    else if (strcmp(argv[1], "up") == 0 && argc == 4)
        up(client, path, argv[3]);
    else if (strcmp(argv[1], "push") == 0 && argc == 4)
        push(client, path, argv[3]);
    else
        fail("usage", "reggie [--ca FILE] get N URL | down URL | up URL FILE | push URL FILE");
    measure_end(&begun);
    reggie_client_free(client);
    reggie_config_free(config);
    free(path);
    return 0;
}
