/*
 * What responses, error lists and digests do with arguments of no use.
 * Arguments: how, the address of a server with /errors and /text, and the size
 * of a large text.
 */
#include "arguments.h"

#define EMPTY_SHA256                                                           \
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void nothing_for_null(void)
{
    uint8_t byte = 0;

    RETURNS(reggie_response_free(NULL));
    GIVES_NUMBER(0, reggie_response_status(NULL));
    GIVES_NULL(reggie_response_http_version(NULL));
    GIVES_NULL(reggie_response_headers(NULL));
    GIVES_NULL(reggie_response_header(NULL, "Location"));
    GIVES_NULL(reggie_response_body(NULL));
    GIVES_NUMBER(0, reggie_response_body_length(NULL));
    GIVES_NUMBER(REGGIE_UNKNOWN_SIZE, reggie_response_content_length(NULL));
    GIVES_NULL(reggie_response_relative_location(NULL));
    GIVES_NULL(reggie_response_absolute_location(NULL));
    GIVES_NUMBER(0, reggie_response_is_unauthorized(NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_errors(NULL, &out.errors, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_read(NULL, &byte, 1, &out.got, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_response_set_body(NULL, &byte, 1));

    RETURNS(reggie_errors_free(NULL));
    GIVES_NUMBER(0, reggie_errors_count(NULL));
    GIVES_NULL(reggie_errors_code(NULL, 0));
    GIVES_NULL(reggie_errors_message(NULL, 0));
    GIVES_NULL(reggie_errors_detail(NULL, 0));
}

static void response_with_errors(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/errors");
    reggie_response *response = check_do(client, request);
    const reggie_headers *headers = reggie_response_headers(response);
    reggie_errors *errors = NULL;

    CHECK_NUMBER(404, reggie_response_status(response));
    GIVES_NULL(reggie_headers_name(headers, index));
    GIVES_NULL(reggie_headers_value(headers, index));
    GIVES_NULL(reggie_response_header(response, text));
    GIVES_NUMBER(0, reggie_headers_get_count(headers, text));
    GIVES_NULL(reggie_headers_get_at(headers, text, 0));
    GIVES_NULL(reggie_headers_get_at(headers, "Location", index));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_headers_add((reggie_headers *)headers, "a", "b"));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_response_errors(response, NULL, &error));
    WORKS(reggie_response_errors(response, &out.errors, &error));
    errors = out.errors;
    CHECK_NUMBER(1, reggie_errors_count(errors));
    CHECK_TEXT("NAME_UNKNOWN", reggie_errors_code(errors, 0));
    GIVES_NULL(reggie_errors_code(errors, index));
    GIVES_NULL(reggie_errors_message(errors, index));
    GIVES_NULL(reggie_errors_detail(errors, index));
    reggie_errors_free(errors);
    reggie_response_free(response);
    reggie_request_free(request);
}

static void response_to_read(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/text");
    reggie_response *response = check_do(client, request);
    static const uint8_t list[] = "{\"errors\":[{\"code\":\"DENIED\"}]}";
    uint8_t buffer[8];

    FAILS(REGGIE_NO_ERRORS,
          reggie_response_errors(response, &out.errors, &error));
    FAILS(REGGIE_NO_ERRORS, reggie_response_errors(response, &out.errors, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_read(response, NULL, 1, &out.got, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_read(response, buffer, 1, NULL, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_response_read(response, buffer, (size_t)-1, &out.got, &error));
    WORKS(reggie_response_read(response, NULL, 0, &out.got, &error));
    CHECK_NUMBER(0, out.got);
    WORKS(reggie_response_read(response, buffer, sizeof buffer, &out.got, NULL));
    CHECK_NUMBER(4, out.got);
    CHECK(memcmp(buffer, "text", 4) == 0);
    WORKS(reggie_response_read(response, buffer, sizeof buffer, &out.got, NULL));
    CHECK_NUMBER(0, out.got);

    FAILS(REGGIE_NULL_ARGUMENT, reggie_response_set_body(response, NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_response_set_body(response, buffer, (size_t)-1));
    CHECK_TEXT("text", (const char *)reggie_response_body(response));
    WORKS(reggie_response_set_body(response, NULL, 0));
    CHECK_TEXT("", (const char *)reggie_response_body(response));
    WORKS(reggie_response_set_body(response, list, sizeof list - 1));
    CHECK_TEXT((const char *)list, (const char *)reggie_response_body(response));
    CHECK_NUMBER(sizeof list - 1, reggie_response_body_length(response));
    WORKS(reggie_response_errors(response, &out.errors, &error));
    CHECK_TEXT("DENIED", reggie_errors_code(out.errors, 0));
    reggie_errors_free(out.errors);
    WORKS(reggie_response_read(response, buffer, sizeof buffer, &out.got, NULL));
    CHECK_NUMBER(8, out.got);
    CHECK(memcmp(buffer, list, 8) == 0);
    reggie_response_free(response);
    reggie_request_free(request);
}

static void digests(void)
{
    reggie_digester *digester = NULL;
    const uint8_t byte = 'a';

    TAKES(reggie_digest_bytes(text, &byte, 1, &out.text, &error),
          REGGIE_UNKNOWN_ALGORITHM, REGGIE_UNKNOWN_ALGORITHM,
          REGGIE_INVALID_UTF8, REGGIE_UNKNOWN_ALGORITHM);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_digest_bytes("sha256", NULL, 1, &out.text, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_digest_bytes("sha256", &byte, 1, NULL, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_digest_bytes("sha256", &byte, (size_t)-1, &out.text, NULL));
    WORKS(reggie_digest_bytes("sha256", NULL, 0, &out.text, &error));
    reggie_string_free(out.text);

    TAKES(reggie_digest_file(text, "/dev/null", &out.text, &error),
          REGGIE_UNKNOWN_ALGORITHM, REGGIE_UNKNOWN_ALGORITHM,
          REGGIE_INVALID_UTF8, REGGIE_UNKNOWN_ALGORITHM);
    TAKES(reggie_digest_file("sha256", text, &out.text, &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_FILE, REGGIE_FILE, REGGIE_FILE);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_digest_file("sha256", "/dev/null", NULL, &error));
    FAILS(REGGIE_FILE, reggie_digest_file("sha256", "/", &out.text, NULL));

    TAKES(reggie_digester_new(text, &out.digester, &error),
          REGGIE_UNKNOWN_ALGORITHM, REGGIE_UNKNOWN_ALGORITHM,
          REGGIE_INVALID_UTF8, REGGIE_UNKNOWN_ALGORITHM);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_digester_new("sha256", NULL, &error));
    WORKS(reggie_digester_new("sha512", &out.digester, NULL));
    digester = out.digester;
    FAILS(REGGIE_NULL_ARGUMENT, reggie_digester_update(NULL, &byte, 1));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_digester_update(digester, NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_digester_update(digester, &byte, (size_t)-1));
    WORKS(reggie_digester_update(digester, NULL, 0));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_digester_finish(NULL, &out.text, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_digester_finish(digester, NULL, &error));
    WORKS(reggie_digester_finish(digester, &out.text, &error));
    reggie_string_free(out.text);
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_digester_finish(digester, &out.text, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_digester_update(digester, &byte, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_digester_check(digester, EMPTY_SHA256, &error));
    reggie_digester_free(digester);

    FAILS(REGGIE_INVALID_DIGEST,
          reggie_digester_new("sha256:12", &out.digester, &error));
    WORKS(reggie_digester_new(EMPTY_SHA256, &out.digester, &error));
    digester = out.digester;
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_digester_check(NULL, EMPTY_SHA256, &error));
    TAKES(reggie_digester_check(digester, text, &error), REGGIE_INVALID_DIGEST,
          REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8, REGGIE_INVALID_DIGEST);
    WORKS(reggie_digester_check(digester, EMPTY_SHA256, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_digester_check(digester, EMPTY_SHA256, NULL));
    reggie_digester_free(digester);
    WORKS(reggie_digester_new("sha256", &out.digester, NULL));
    digester = out.digester;
    WORKS(reggie_digester_update(digester, &byte, 1));
    FAILS(REGGIE_DIGEST_MISMATCH,
          reggie_digester_check(digester, EMPTY_SHA256, &error));
    reggie_digester_free(digester);
    WORKS(reggie_digester_new("sha512", &out.digester, NULL));
    digester = out.digester;
    FAILS(REGGIE_INVALID_DIGEST,
          reggie_digester_check(digester, EMPTY_SHA256, &error));
    reggie_digester_free(digester);
    RETURNS(reggie_digester_free(NULL));
}

static void run(void *address)
{
    reggie_client *client = check_client((const char *)address, "-", NULL);

    nothing_for_null();
    response_with_errors(client);
    response_to_read(client);
    digests();
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
