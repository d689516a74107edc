/*
 * Handles move from thread to thread: a response is opened on one, read on
 * others and freed on yet another, before its end too. Arguments: how, the
 * address of a server whose /open is 1 MiB of 'a', and its CA file.
 */
#include "check.h"

#define SIZE ((size_t)1 << 20)

static const char *address;
static const char *ca;

static reggie_client *client;
static reggie_request *request;
static reggie_response *response;
static reggie_error *error;

/* Runs a step on a thread that ends with it. */
static void on_a_thread(void *(*step)(void *), void *context)
{
    CHECK_NUMBER(0, pthread_join(check_start(step, context, CHECK_SMALL_STACK),
                                 NULL));
}

static void *make(void *unused)
{
    reggie_config *config = reggie_config_new();

    client = check_client(address, ca, config);
    reggie_config_free(config);
    request = check_request(client, "GET", "/open");
    return unused;
}

static void *begin(void *unused)
{
    CHECK_OK(reggie_client_open(client, request, &response, &error), error);
    return unused;
}

/* Reads this many bytes. */
static void *read_some(void *amount)
{
    static uint8_t buffer[1000];
    size_t left = *(size_t *)amount;
    size_t got = 1;
    size_t i;

    while (left > 0) {
        CHECK_OK(reggie_response_read(response, buffer,
                                      left < sizeof buffer ? left
                                                           : sizeof buffer,
                                      &got, &error), error);
        CHECK(got > 0 && got <= left);
        for (i = 0; i < got; i++)
            CHECK(buffer[i] == 'a');
        left -= got;
    }
    return NULL;
}

static void *read_end(void *unused)
{
    uint8_t byte = 0;
    size_t got = 1;

    CHECK_OK(reggie_response_read(response, &byte, 1, &got, &error), error);
    CHECK_NUMBER(0, got);
    return unused;
}

static void *end(void *unused)
{
    reggie_response_free(response);
    response = NULL;
    return unused;
}

static void *fail(void *unused)
{
    char *url = NULL;

    CHECK_OK(reggie_request_set_path(request, "/<name>"), NULL);
    CHECK_NUMBER(REGGIE_MISSING_VALUE,
                 reggie_request_url(request, &url, &error));
    return unused;
}

static void *free_all(void *unused)
{
    CHECK_NUMBER(REGGIE_MISSING_VALUE, reggie_error_status(error));
    reggie_error_free(error);
    reggie_client_free(client);
    reggie_request_free(request);
    return unused;
}

static void run(void *context)
{
    size_t half = SIZE / 2;

    (void)context;
    on_a_thread(make, NULL);
    on_a_thread(begin, NULL);
    on_a_thread(read_some, &half);
    on_a_thread(read_some, &half);
    on_a_thread(read_end, NULL);
    on_a_thread(end, NULL);

    /* Its connection is closed, and the client takes another one. */
    on_a_thread(begin, NULL);
    on_a_thread(read_some, &half);
    on_a_thread(end, NULL);
    on_a_thread(begin, NULL);
    on_a_thread(read_some, &half);
    read_some(&half);
    on_a_thread(end, NULL);

    on_a_thread(fail, NULL);
    on_a_thread(free_all, NULL);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    address = arguments[2];
    ca = arguments[3];
    return check_run(arguments[1], run, NULL);
}
