/*
 * What callbacks return and report decides what a call does. The server echoes
 * a request as text, and answers with a challenge below /challenge. Arguments:
 * how, its address and its CA file.
 */
#include "check.h"

#include <limits.h>

static const char *address;
static const char *ca;

/* A body that comes from a callback, and what the callback does. */
struct source {
    const char *text;
    size_t piece;
    size_t at;
    int reads;
    int rewinds;
    int read_value;
    int rewind_value;
    size_t lie;
};

static int on_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    struct source *source = (struct source *)userdata;
    unsigned char *room = (unsigned char *)buffer;
    size_t amount = strlen(source->text) - source->at;
    size_t i;

    source->reads++;
    CHECK(size > 0);
    CHECK_NUMBER(0, *got);
    for (i = 0; i < size; i++)
        CHECK(room[i] == 0);
    memset(room, 0xff, size);
    if (source->read_value != 0)
        return source->read_value;
    if (amount > source->piece)
        amount = source->piece;
    if (amount > size)
        amount = size;
    memcpy(room, source->text + source->at, amount);
    source->at += amount;
    *got = source->lie > 0 ? size + source->lie : amount;
    return 0;
}

static int on_rewind(void *userdata)
{
    struct source *source = (struct source *)userdata;

    source->rewinds++;
    source->at = 0;
    return source->rewind_value;
}

static reggie_request *with_source(const reggie_client *client,
                                   const char *path, struct source *source,
                                   reggie_rewind_callback rewind,
                                   uint64_t length)
{
    reggie_request *request = check_request(client, "PUT", path);

    CHECK_OK(reggie_request_set_body_callback(request, on_read, rewind, length,
                                              source, NULL), NULL);
    return request;
}

static struct source source_of(const char *text)
{
    struct source source;

    memset(&source, 0, sizeof source);
    source.text = text;
    source.piece = 3;
    return source;
}

/* Sends a request and wants this echo. */
static void echoes(const reggie_client *client, reggie_request *request,
                   const char *echo)
{
    reggie_response *response = check_do(client, request);

    CHECK_NUMBER(200, reggie_response_status(response));
    CHECK_TEXT(echo, (const char *)reggie_response_body(response));
    reggie_response_free(response);
}

/* Sends a request and wants a failure with this status and callback value. */
static void fails(const reggie_client *client, reggie_request *request,
                  reggie_status status, int value)
{
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status found = reggie_client_do(client, request, &response, &error);

    CHECK_NUMBER(value, reggie_error_callback_value(error));
    CHECK(response == NULL);
    CHECK_FAILS(status, found, error);
}

static void bodies(const reggie_client *client)
{
    struct source source = source_of("the body");
    reggie_request *request = with_source(client, "/", &source, on_rewind, 8);

    echoes(client, request, "PUT /\n\nthe body");
    CHECK_NUMBER(0, source.rewinds);
    echoes(client, request, "PUT /\n\nthe body");
    CHECK_NUMBER(1, source.rewinds);
    reggie_request_free(request);

    source = source_of("");
    request = with_source(client, "/", &source, NULL, 0);
    echoes(client, request, "PUT /\n\n");
    reggie_request_free(request);

    source = source_of("in chunks");
    request = with_source(client, "/", &source, NULL, REGGIE_UNKNOWN_SIZE);
    echoes(client, request, "PUT /\n\nin chunks");
    reggie_request_free(request);

    source = source_of("too short");
    request = with_source(client, "/", &source, NULL, 10);
    fails(client, request, REGGIE_BODY_LENGTH, 0);
    reggie_request_free(request);

    source = source_of("too long");
    request = with_source(client, "/", &source, NULL, 7);
    fails(client, request, REGGIE_BODY_LENGTH, 0);
    reggie_request_free(request);

    source = source_of("not empty");
    request = with_source(client, "/", &source, NULL, 0);
    fails(client, request, REGGIE_BODY_LENGTH, 0);
    reggie_request_free(request);
}

static void reads_that_stop_or_lie(const reggie_client *client)
{
    static const uint64_t lengths[] = {8, REGGIE_UNKNOWN_SIZE};
    static const size_t lies[] = {1, (size_t)-1 / 2};
    struct source source;
    reggie_request *request = NULL;
    int i;

    for (i = 0; i < 2; i++) {
        source = source_of("the body");
        source.read_value = INT_MIN;
        request = with_source(client, "/", &source, NULL, lengths[i]);
        fails(client, request, REGGIE_READ_CALLBACK, INT_MIN);
        CHECK_NUMBER(1, source.reads);
        reggie_request_free(request);

        source = source_of("the body");
        source.lie = lies[i];
        request = with_source(client, "/", &source, NULL, lengths[i]);
        fails(client, request, REGGIE_CALLBACK_MISUSE, 0);
        CHECK_NUMBER(1, source.reads);
        reggie_request_free(request);
    }
}

static void bodies_that_are_wanted_again(const reggie_client *client)
{
    struct source source = source_of("the body");
    reggie_request *request = NULL;

    request = with_source(client, "/challenge", &source, on_rewind, 8);
    echoes(client, request, "PUT /challenge\n\nthe body");
    CHECK_NUMBER(1, source.rewinds);
    reggie_request_free(request);

    source = source_of("the body");
    request = with_source(client, "/challenge", &source, NULL, 8);
    fails(client, request, REGGIE_BODY_NOT_REWINDABLE, 0);
    reggie_request_free(request);

    source = source_of("the body");
    source.rewind_value = 7;
    request = with_source(client, "/challenge", &source, on_rewind, 8);
    fails(client, request, REGGIE_REWIND_CALLBACK, 7);
    reggie_request_free(request);
}

/* Where a body goes: the bytes so far, and what the callback returns then. */
struct sink {
    char text[64];
    size_t size;
    int value;
};

static int on_write(void *userdata, const void *data, size_t size)
{
    struct sink *sink = (struct sink *)userdata;

    CHECK(size > 0 && sink->size + size < sizeof sink->text);
    memcpy(sink->text + sink->size, data, size);
    sink->size += size;
    return sink->value;
}

static void writes(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/");
    reggie_response *response = NULL;
    struct sink sink;

    memset(&sink, 0, sizeof sink);
    CHECK_OK(reggie_request_set_output_callback(request, on_write, &sink, NULL),
             NULL);
    response = check_do(client, request);
    CHECK_TEXT("GET /\n\n", sink.text);
    CHECK_NUMBER(0, reggie_response_body_length(response));
    CHECK_TEXT("", (const char *)reggie_response_body(response));
    reggie_response_free(response);

    sink.value = -5;
    fails(client, request, REGGIE_WRITE_CALLBACK, -5);
    CHECK_OK(reggie_request_set_output_memory(request), NULL);
    echoes(client, request, "GET /\n\n");
    reggie_request_free(request);
}

static int on_retry(void *userdata, reggie_request *request)
{
    (void)request;
    return *(int *)userdata;
}

static int changes_all(void *userdata, reggie_request *request)
{
    (void)userdata;
    CHECK_TEXT("PUT", reggie_request_method(request));
    CHECK_TEXT("/challenge", reggie_request_path(request));
    CHECK_OK(reggie_request_set_method(request, "PATCH"), NULL);
    CHECK_OK(reggie_request_set_path(request, "/<name>"), NULL);
    CHECK_OK(reggie_request_set_name(request, "other"), NULL);
    CHECK_OK(reggie_request_add_query(request, "a", "b c"), NULL);
    CHECK_OK(reggie_request_set_header(request, "Test", "new"), NULL);
    CHECK_OK(reggie_request_set_body(request, (const uint8_t *)"new body", 8),
             NULL);
    CHECK_TEXT("b c", reggie_request_query(request, "a"));
    CHECK_TEXT("other", reggie_request_name(request));
    return 0;
}

static void retries(const reggie_client *client)
{
    struct source source = source_of("the body");
    reggie_request *request = with_source(client, "/challenge", &source, NULL, 8);
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    int value = 0;

    CHECK_OK(reggie_request_set_header(request, "Test", "old"), NULL);
    CHECK_OK(reggie_request_set_challenge_callback(request, changes_all, NULL,
                                               NULL), NULL);
    echoes(client, request, "PATCH /other?a=b%20c\nTest: new\n\nnew body");
    CHECK_TEXT("PATCH", reggie_request_method(request));
    reggie_request_free(request);

    request = check_request(client, "GET", "/challenge");
    CHECK_OK(reggie_request_set_challenge_callback(request, on_retry, &value, NULL),
             NULL);
    echoes(client, request, "GET /challenge\n\n");
    value = 3;
    CHECK_NUMBER(REGGIE_CHALLENGE_CALLBACK,
                 reggie_client_do(client, request, &response, &error));
    CHECK_NUMBER(3, reggie_error_callback_value(error));
    CHECK_NUMBER(401, reggie_error_http_status(error));
    CHECK(response == NULL);
    reggie_error_free(error);
    CHECK_OK(reggie_request_set_follow_challenge(request, 0), NULL);
    check_sends(client, request, 401);
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
    bodies(client);
    reads_that_stop_or_lie(client);
    bodies_that_are_wanted_again(client);
    writes(client);
    retries(client);
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    address = arguments[2];
    ca = arguments[3];
    return check_run(arguments[1], run, NULL);
}
