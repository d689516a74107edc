/*
 * Bodies of requests from sections of files and from borrowed memory, and
 * bodies of responses that are verified. The server echoes a request as text.
 * Arguments: how, its address and its CA file.
 */
#include "check.h"

#include <fcntl.h>

static const char *address;
static const char *ca;

/* A temporary file that contains ten digits. */
static int make_file(char *path)
{
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    CHECK_NUMBER(10, write(fd, "0123456789", 10));
    return fd;
}

static void check_echo(const reggie_client *client, reggie_request *request,
                       const char *end)
{
    reggie_response *response = check_do(client, request);
    const char *body = (const char *)reggie_response_body(response);
    size_t length = reggie_response_body_length(response);

    CHECK_NUMBER(200, reggie_response_status(response));
    CHECK(length > strlen(end));
    CHECK_TEXT(end, body + length - strlen(end));
    reggie_response_free(response);
}

static void check_too_short(const reggie_client *client,
                            reggie_request *request)
{
    reggie_response *response = NULL;
    reggie_error *error = NULL;

    CHECK_FAILS(REGGIE_BODY_LENGTH,
                reggie_client_do(client, request, &response, &error), error);
    CHECK(response == NULL);
}

static void sections(const reggie_client *client)
{
    reggie_request *request = check_request(client, "POST", "/challenge");
    char path[] = "/tmp/reggie-bodies-XXXXXX";
    int fd = make_file(path);

    CHECK_NUMBER(7, lseek(fd, 7, SEEK_SET));
    CHECK_OK(reggie_request_set_body_path_section(request, path, 2, 3), NULL);
    check_echo(client, request, "\n234");
    CHECK_OK(reggie_request_set_body_path_section(request, path, 8,
                                                  REGGIE_UNKNOWN_SIZE), NULL);
    check_echo(client, request, "\n89");
    CHECK_OK(reggie_request_set_body_path_section(request, path, 8, 3), NULL);
    check_too_short(client, request);
    CHECK_OK(reggie_request_set_body_fd_section(request, fd, 2, 3, NULL), NULL);
    check_echo(client, request, "\n234");
    check_echo(client, request, "\n234");
    CHECK_OK(reggie_request_set_body_fd_section(request, fd, 9,
                                                REGGIE_UNKNOWN_SIZE, NULL),
             NULL);
    check_echo(client, request, "\n9");
    CHECK_OK(reggie_request_set_body_fd_section(request, fd, 11, 0, NULL), NULL);
    check_too_short(client, request);
    CHECK_NUMBER(7, lseek(fd, 0, SEEK_CUR));
    CHECK_NUMBER(0, close(fd));
    CHECK_NUMBER(0, unlink(path));
    reggie_request_free(request);
}

static void release(void *userdata)
{
    char *bytes = (char *)userdata;

    memset(bytes, 'x', 3);
    free(bytes);
}

static void borrowed(const reggie_client *client)
{
    reggie_request *request = check_request(client, "PUT", "/challenge");
    char *bytes = (char *)malloc(3);

    CHECK(bytes != NULL);
    memcpy(bytes, "abc", 3);
    CHECK_OK(reggie_request_set_body_borrowed(request, (const uint8_t *)bytes,
                                              3, bytes, release), NULL);
    check_echo(client, request, "\nabc");
    /* Not a copy. */
    bytes[1] = 'B';
    check_echo(client, request, "\naBc");
    reggie_request_free(request);
}

static void verified(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/text");
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    char *digest = NULL;
    uint8_t buffer[8];
    size_t got = 0;

    CHECK_OK(reggie_digest_bytes(REGGIE_SHA256, (const uint8_t *)"text", 4,
                                 &digest, &error), error);
    CHECK_OK(reggie_request_set_expected_digest(request, digest), NULL);
    response = check_do(client, request);
    CHECK_TEXT("text", (const char *)reggie_response_body(response));
    reggie_response_free(response);

    CHECK_NUMBER(REGGIE_INVALID_DIGEST,
                 reggie_request_set_expected_digest(request, "sha256:text"));
    digest[strlen(digest) - 1] ^= 1;
    CHECK_OK(reggie_request_set_expected_digest(request, digest), NULL);
    CHECK_NUMBER(REGGIE_DIGEST_MISMATCH,
                 reggie_client_do(client, request, &response, &error));
    CHECK(response == NULL);
    CHECK(strstr(reggie_error_message(error), digest) != NULL);
    CHECK_NUMBER(200, reggie_error_http_status(error));
    reggie_error_free(error);

    CHECK_OK(reggie_client_open(client, request, &response, &error), error);
    CHECK_FAILS(REGGIE_DIGEST_MISMATCH,
                reggie_response_read(response, buffer, sizeof buffer, &got,
                                     &error), error);
    CHECK_NUMBER(0, got);
    CHECK_FAILS(REGGIE_DIGEST_MISMATCH,
                reggie_response_read(response, buffer, sizeof buffer, &got,
                                     &error), error);
    reggie_response_free(response);

    CHECK_OK(reggie_request_set_expected_digest(request, NULL), NULL);
    check_sends(client, request, 200);
    reggie_string_free(digest);
    reggie_request_free(request);
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;

    (void)context;
    CHECK_OK(reggie_config_set_credentials(config, "user", "pass"), NULL);
    client = check_client(address, ca, config);
    reggie_config_free(config);
    sections(client);
    borrowed(client);
    verified(client);
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    address = arguments[2];
    ca = arguments[3];
    return check_run(arguments[1], run, NULL);
}
