/*
 * A client has so many connections to a server as its config says, and no more:
 * whoever needs another one waits, until one is free or the time is over.
 * Arguments: how, the address of a server, the file of its authority or "-".
 */
#include "check.h"

#define THREADS 8

static const char *address;
static const char *ca;

/* How long those that are to get a connection may wait for it. */
#define LONG_MS 600000
#define SHORT_MS 100

static reggie_config *settings(size_t most, int64_t wait_ms)
{
    reggie_config *config = reggie_config_new();

    CHECK_OK(reggie_config_set_max_connections(config, most), NULL);
    CHECK_OK(reggie_config_set_connect_timeout(config, wait_ms), NULL);
    return config;
}

static reggie_client *make(size_t most)
{
    reggie_config *config = settings(most, LONG_MS);
    reggie_client *client = check_client(address, ca, config);

    reggie_config_free(config);
    return client;
}

/*
 * A client with the connections of another one, and little time. It never has
 * to connect itself, which a busy machine may not do in that time.
 */
static reggie_client *make_hasty(const reggie_client *client, size_t most)
{
    reggie_config *config = settings(most, SHORT_MS);
    reggie_client *hasty = NULL;
    reggie_error *error = NULL;

    if (strcmp(ca, "-") != 0)
        CHECK_OK(reggie_config_add_ca_file(config, ca, &error), error);
    CHECK_OK(reggie_client_derive(client, config, &hasty, &error), error);
    reggie_config_free(config);
    return hasty;
}

static reggie_response *open_one(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/open");
    reggie_response *response = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_client_open(client, request, &response, &error), error);
    reggie_request_free(request);
    return response;
}

static void too_many(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/text");
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status found = reggie_client_do(client, request, &response, &error);

    CHECK(response == NULL);
    CHECK_TEXT("connect", reggie_error_step(error));
    CHECK_FAILS(REGGIE_TIMEOUT, found, error);
    reggie_request_free(request);
}

static void *ask(void *shared)
{
    const reggie_client *client = (const reggie_client *)shared;
    reggie_request *request = check_request(client, "GET", "/text");

    check_sends(client, request, 200);
    reggie_request_free(request);
    return NULL;
}

static void who_waits_gets_one_or_a_timeout(void)
{
    reggie_client *client = make(1);
    reggie_client *hasty = make_hasty(client, 1);
    reggie_response *response = open_one(client);
    uint8_t buffer[4096];
    size_t got = 1;

    too_many(hasty);
    /* Read to its end it is free again, though the response is still there. */
    while (got != 0)
        CHECK_OK(reggie_response_read(response, buffer, sizeof buffer, &got,
                                      NULL), NULL);
    ask(client);
    reggie_response_free(response);
    response = open_one(client);
    too_many(hasty);
    reggie_response_free(response);
    ask(client);
    reggie_client_free(hasty);
    reggie_client_free(client);
}

static void threads_take_turns(void)
{
    reggie_client *client = make(2);
    reggie_response *responses[2];
    pthread_t threads[THREADS];
    size_t i;

    responses[0] = open_one(client);
    responses[1] = open_one(client);
    for (i = 0; i < THREADS; i++)
        threads[i] = check_start(ask, client, CHECK_SMALL_STACK);
    reggie_response_free(responses[0]);
    reggie_response_free(responses[1]);
    for (i = 0; i < THREADS; i++)
        CHECK_NUMBER(0, pthread_join(threads[i], NULL));
    reggie_client_free(client);
}

static void without_a_limit_nobody_waits(void)
{
    reggie_client *client = make(0);
    reggie_response *responses[THREADS];
    size_t i;

    for (i = 0; i < THREADS; i++)
        responses[i] = open_one(client);
    for (i = 0; i < THREADS; i++)
        reggie_response_free(responses[i]);
    reggie_client_free(client);
}

static void run(void *context)
{
    (void)context;
    who_waits_gets_one_or_a_timeout();
    threads_take_turns();
    without_a_limit_nobody_waits();
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    address = arguments[2];
    ca = arguments[3];
    return check_run(arguments[1], run, NULL);
}
