/*
 * What requests do with arguments of no use, and what is sent of large ones.
 * Arguments: how, the address of a server, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

static int no_retry(void *userdata, reggie_request *request)
{
    (void)userdata;
    (void)request;
    return 0;
}

static int no_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    (void)userdata;
    (void)buffer;
    (void)size;
    *got = 0;
    return 0;
}

static int no_rewind(void *userdata)
{
    (void)userdata;
    return 0;
}

static int no_write(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    (void)data;
    (void)size;
    return 0;
}

static reggie_request *made(const reggie_client *client)
{
    TAKES(reggie_request_new(client, text, "/", &out.request, &error),
          REGGIE_INVALID_METHOD, REGGIE_INVALID_METHOD, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_METHOD);
    TAKES(reggie_request_new(client, "GET", text, &out.request, &error),
          REGGIE_INVALID_PATH, REGGIE_INVALID_PATH, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_PATH);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_new(NULL, "GET", "/", &out.request, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_new(client, "GET", "/", NULL, &error));
    FAILS(REGGIE_INVALID_PATH,
          reggie_request_new(client, "GET", "", &out.request, NULL));
    WORKS(reggie_request_new(client, "GET", large_path, &out.request, &error));
    reggie_request_free(out.request);
    RETURNS(reggie_request_free(NULL));
    WORKS(reggie_request_new(client, "GET", "/", &out.request, NULL));
    return out.request;
}

static void url(reggie_request *request)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_method(NULL, "GET"));
    TAKES(reggie_request_set_method(request, text), REGGIE_INVALID_METHOD,
          REGGIE_INVALID_METHOD, REGGIE_INVALID_UTF8, REGGIE_INVALID_METHOD);
    CHECK_TEXT("GET", reggie_request_method(request));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_path(NULL, "/"));
    TAKES(reggie_request_set_path(request, text), REGGIE_INVALID_PATH,
          REGGIE_INVALID_PATH, REGGIE_INVALID_UTF8, REGGIE_INVALID_PATH);
    CHECK_TEXT("/", reggie_request_path(request));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_name(NULL, "a"));
    TAKES(reggie_request_set_name(request, text), REGGIE_INVALID_NAME,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_NAME);
    CHECK_TEXT(large, reggie_request_name(request));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_reference(NULL, "a"));
    TAKES(reggie_request_set_reference(request, text), REGGIE_INVALID_REFERENCE,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    CHECK_TEXT(large, reggie_request_reference(request));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_digest(NULL, "a"));
    TAKES(reggie_request_set_digest(request, text), REGGIE_INVALID_DIGEST,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_DIGEST);
    CHECK_TEXT(large, reggie_request_digest(request));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_session_id(NULL, "a"));
    TAKES(reggie_request_set_session_id(request, text), REGGIE_INVALID_SESSION_ID,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_SESSION_ID);
    CHECK_TEXT(large, reggie_request_session_id(request));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_url(NULL, &out.text, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_url(request, NULL, &error));
    WORKS(reggie_request_url(request, &out.text, NULL));
    reggie_string_free(out.text);

    GIVES_NULL(reggie_request_method(NULL));
    GIVES_NULL(reggie_request_path(NULL));
    GIVES_NULL(reggie_request_name(NULL));
    GIVES_NULL(reggie_request_reference(NULL));
    GIVES_NULL(reggie_request_digest(NULL));
    GIVES_NULL(reggie_request_session_id(NULL));
}

static void headers(reggie_request *request)
{
    reggie_headers *headers = reggie_request_headers(request);

    GIVES_NULL(reggie_request_headers(NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_header(NULL, "A", "a"));
    TAKES(reggie_request_set_header(request, text, "a"), REGGIE_INVALID_HEADER,
          REGGIE_INVALID_HEADER, REGGIE_INVALID_UTF8, REGGIE_INVALID_HEADER);
    TAKES(reggie_request_set_header(request, "A", text), REGGIE_OK, REGGIE_OK,
          REGGIE_OK, REGGIE_INVALID_HEADER);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_headers_set(NULL, "A", "a"));
    TAKES(reggie_headers_set(headers, text, "a"), REGGIE_INVALID_HEADER,
          REGGIE_INVALID_HEADER, REGGIE_INVALID_UTF8, REGGIE_INVALID_HEADER);
    TAKES(reggie_headers_set(headers, "A", text), REGGIE_OK, REGGIE_OK,
          REGGIE_OK, REGGIE_INVALID_HEADER);
    WORKS(reggie_headers_set(headers, "A", "caf\xe9"));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_headers_add(NULL, "A", "a"));
    TAKES(reggie_headers_add(headers, text, "a"), REGGIE_INVALID_HEADER,
          REGGIE_INVALID_HEADER, REGGIE_INVALID_UTF8, REGGIE_INVALID_HEADER);
    TAKES(reggie_headers_add(headers, "B", text), REGGIE_OK, REGGIE_OK,
          REGGIE_OK, REGGIE_INVALID_HEADER);
    CHECK_NUMBER(4, reggie_headers_count(headers));
    CHECK_TEXT("caf\xe9", reggie_headers_get(headers, "a"));
    CHECK_TEXT(large, reggie_headers_get_at(headers, "b", 1));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_headers_remove(NULL, "A"));
    TAKES(reggie_headers_remove(headers, text), REGGIE_OK, REGGIE_OK,
          REGGIE_INVALID_UTF8, REGGIE_OK);

    GIVES_NUMBER(0, reggie_headers_count(NULL));
    GIVES_NULL(reggie_headers_name(NULL, 0));
    GIVES_NULL(reggie_headers_name(headers, index));
    GIVES_NULL(reggie_headers_value(NULL, 0));
    GIVES_NULL(reggie_headers_value(headers, index));
    GIVES_NULL(reggie_headers_get(NULL, "A"));
    GIVES_NULL(reggie_headers_get(headers, text));
    GIVES_NUMBER(0, reggie_headers_get_count(NULL, "A"));
    GIVES_NUMBER(0, reggie_headers_get_count(headers, text));
    GIVES_NULL(reggie_headers_get_at(NULL, "A", 0));
    GIVES_NULL(reggie_headers_get_at(headers, text, 0));
    GIVES_NULL(reggie_headers_get_at(headers, "A", index));
    WORKS(reggie_headers_set(headers, "C", reggie_headers_get(headers, "A")));
    CHECK_TEXT("caf\xe9", reggie_headers_get(headers, "c"));
    WORKS(reggie_headers_remove(headers, "C"));
    CHECK_OK(reggie_headers_remove(headers, "A"), NULL);
    CHECK_OK(reggie_headers_remove(headers, "B"), NULL);
}

static void query(reggie_request *request)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_query(NULL, "a", "b"));
    TAKES(reggie_request_set_query(request, text, "b"), REGGIE_INVALID_ARGUMENT,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
    TAKES(reggie_request_set_query(request, "b", text), REGGIE_OK, REGGIE_OK,
          REGGIE_INVALID_UTF8, REGGIE_OK);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_add_query(NULL, "a", "b"));
    TAKES(reggie_request_add_query(request, text, "b"), REGGIE_INVALID_ARGUMENT,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
    TAKES(reggie_request_add_query(request, "b", text), REGGIE_OK, REGGIE_OK,
          REGGIE_INVALID_UTF8, REGGIE_OK);
    CHECK_NUMBER(17, reggie_request_query_count(request));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_remove_query(NULL, "a"));
    TAKES(reggie_request_remove_query(request, text), REGGIE_OK, REGGIE_OK,
          REGGIE_INVALID_UTF8, REGGIE_OK);

    GIVES_NUMBER(0, reggie_request_query_count(NULL));
    GIVES_NULL(reggie_request_query_name(NULL, 0));
    GIVES_NULL(reggie_request_query_name(request, index));
    GIVES_NULL(reggie_request_query_value(NULL, 0));
    GIVES_NULL(reggie_request_query_value(request, index));
    GIVES_NULL(reggie_request_query(NULL, "a"));
    GIVES_NULL(reggie_request_query(request, text));
    CHECK_OK(reggie_request_remove_query(request, "b"), NULL);
    CHECK_NUMBER(0, reggie_request_query_count(request));
}

static void bodies(reggie_request *request)
{
    const uint8_t byte = 'a';

    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_body(NULL, &byte, 1));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_body(request, NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_body(request, &byte, (size_t)-1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_body(request, NULL, (size_t)-1));
    WORKS(reggie_request_set_body(request, NULL, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_body_path(NULL, "/"));
    TAKES(reggie_request_set_body_path(request, text), REGGIE_INVALID_ARGUMENT,
          REGGIE_OK, REGGIE_OK, REGGIE_OK);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_body_fd(NULL, 0, 0, &error));
    FAILS(REGGIE_FILE, reggie_request_set_body_fd(request, -1, 0, &error));
    FAILS(REGGIE_FILE, reggie_request_set_body_fd(request, INT_MIN, 0, NULL));
    FAILS(REGGIE_FILE, reggie_request_set_body_fd(request, INT_MAX,
                                                  REGGIE_UNKNOWN_SIZE, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_body_callback(NULL, no_read, no_rewind, 0, NULL,
                                           NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_body_callback(request, NULL, no_rewind, 0, NULL,
                                           NULL));
    WORKS(reggie_request_set_body_callback(request, no_read, NULL,
                                           REGGIE_UNKNOWN_SIZE, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_body_path_section(NULL, "/", 0, 1));
    TAKES(reggie_request_set_body_path_section(request, text, 0, 1),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_OK, REGGIE_OK);
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_body_path_section(request, "/", UINT64_MAX, 1));
    WORKS(reggie_request_set_body_path_section(request, "/", UINT64_MAX,
                                               REGGIE_UNKNOWN_SIZE));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_body_fd_section(NULL, 0, 0, 1, &error));
    FAILS(REGGIE_FILE,
          reggie_request_set_body_fd_section(request, INT_MIN, UINT64_MAX,
                                             REGGIE_UNKNOWN_SIZE, &error));
    FAILS(REGGIE_FILE,
          reggie_request_set_body_fd_section(request, INT_MAX, 0, 1, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_body_fd_section(request, 0, UINT64_MAX, 1,
                                             &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_body_borrowed(NULL, &byte, 1, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_body_borrowed(request, NULL, 1, NULL, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_body_borrowed(request, &byte, (size_t)-1, NULL,
                                           NULL));
    WORKS(reggie_request_set_body_borrowed(request, NULL, 0, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_remove_body(NULL));
    WORKS(reggie_request_remove_body(request));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_output_path(NULL, "/"));
    TAKES(reggie_request_set_output_path(request, text),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_OK, REGGIE_OK);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_output_fd(NULL, 0));
    WORKS(reggie_request_set_output_fd(request, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_output_callback(NULL, no_write, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_output_callback(request, NULL, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_output_memory(NULL));
    WORKS(reggie_request_set_output_memory(request));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_expected_digest(NULL, NULL));
    FAILS(REGGIE_INVALID_DIGEST,
          reggie_request_set_expected_digest(request, ""));
    EACH("reggie_request_set_expected_digest(request, text)",
         CHECK_NUMBER(text == NULL ? REGGIE_OK
                      : text == texts[UTF8] ? REGGIE_INVALID_UTF8
                      : REGGIE_INVALID_DIGEST,
                      reggie_request_set_expected_digest(request, text)));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_challenge_callback(NULL, no_retry, NULL, NULL));
    WORKS(reggie_request_set_challenge_callback(request, NULL, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_follow_challenge(NULL, 1));
    WORKS(reggie_request_set_follow_challenge(request, INT_MIN));
}

/* What a setter took is sent, or refused with a status of its own. */
static void sent(const reggie_client *client)
{
    reggie_request *request = check_request(client, "POST", "/");

    CHECK_OK(reggie_request_set_header(request, "Latin", "caf\xe9"), NULL);
    CHECK_OK(reggie_request_set_header(request, "Empty", ""), NULL);
    CHECK_OK(reggie_request_set_query(request, "a\r\nb", "c\r\nd"), NULL);
    CHECK_OK(reggie_request_set_body(request, (const uint8_t *)large,
                                     large_size), NULL);
    check_sends(client, request, 200);

    CHECK_OK(reggie_request_set_header(request, "Large", large), NULL);
    FAILS(REGGIE_INVALID_HEADER,
          reggie_client_do(client, request, &out.response, &error));
    CHECK_OK(reggie_headers_remove(reggie_request_headers(request), "Large"), NULL);
    CHECK_OK(reggie_request_set_query(request, large, large), NULL);
    FAILS(REGGIE_INVALID_PATH,
          reggie_client_do(client, request, &out.response, &error));
    CHECK_OK(reggie_request_remove_query(request, large), NULL);
    CHECK_OK(reggie_request_set_path(request, "/<name>"), NULL);
    CHECK_OK(reggie_request_set_name(request, large), NULL);
    FAILS(REGGIE_INVALID_PATH,
          reggie_client_open(client, request, &out.response, &error));

    CHECK_OK(reggie_request_set_path(request, "/"), NULL);
    CHECK_OK(reggie_request_set_body_path(request, large), NULL);
    FAILS(REGGIE_FILE, reggie_client_do(client, request, &out.response, &error));
    CHECK_OK(reggie_request_set_body_path(request, "/"), NULL);
    FAILS(REGGIE_FILE, reggie_client_do(client, request, &out.response, &error));
    CHECK_OK(reggie_request_remove_body(request), NULL);
    CHECK_OK(reggie_request_set_output_path(request, large), NULL);
    FAILS(REGGIE_FILE, reggie_client_do(client, request, &out.response, &error));
    CHECK_OK(reggie_request_set_output_path(request, "/dev/null"), NULL);
    FAILS(REGGIE_FILE, reggie_client_do(client, request, &out.response, &error));
    CHECK_OK(reggie_request_set_output_fd(request, -1), NULL);
    FAILS(REGGIE_FILE, reggie_client_do(client, request, &out.response, &error));

    CHECK_OK(reggie_request_set_path(request, large_path), NULL);
    FAILS(REGGIE_INVALID_PATH,
          reggie_client_do(client, request, &out.response, NULL));
    CHECK_OK(reggie_request_set_path(request, "/<digest>"), NULL);
    FAILS(REGGIE_MISSING_VALUE,
          reggie_client_do(client, request, &out.response, &error));
    FAILS(REGGIE_MISSING_VALUE, reggie_request_url(request, &out.text, &error));
    reggie_request_free(request);
}

static void run(void *address)
{
    reggie_client *client = check_client((const char *)address, "-", NULL);
    reggie_request *request = NULL;

    request = made(client);
    url(request);
    headers(request);
    query(request);
    bodies(request);
    reggie_request_free(request);
    sent(client);
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
