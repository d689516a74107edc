/*
 * A callback may send another request with the same client. The server echoes
 * a request as text, and answers with a challenge below /challenge. Arguments:
 * how, its address and its CA file.
 */
#include "check.h"

static const char *address;
static const char *ca;

static void ask_beside(void *client)
{
    reggie_request *request = check_request((reggie_client *)client, "GET",
                                            "/beside");
    reggie_response *response = check_do((reggie_client *)client, request);

    CHECK_NUMBER(200, reggie_response_status(response));
    CHECK_TEXT("GET /beside\n\n",
               (const char *)reggie_response_body(response));
    reggie_response_free(response);
    reggie_request_free(request);
}

static int read_and_ask(void *userdata, void *buffer, size_t size, size_t *got)
{
    (void)buffer;
    (void)size;
    ask_beside(userdata);
    *got = 0;
    return 0;
}

static int rewind_and_ask(void *userdata)
{
    ask_beside(userdata);
    return 0;
}

static int write_and_ask(void *userdata, const void *data, size_t size)
{
    (void)data;
    (void)size;
    ask_beside(userdata);
    return 0;
}

static int retry_and_ask(void *userdata, reggie_request *request)
{
    (void)request;
    ask_beside(userdata);
    return 0;
}

static void from_the_callbacks_of_a_request(reggie_client *client)
{
    reggie_request *request = check_request(client, "PUT", "/challenge");

    CHECK_OK(reggie_request_set_body_callback(request, read_and_ask,
                                              rewind_and_ask,
                                              REGGIE_UNKNOWN_SIZE, client,
                                              NULL), NULL);
    CHECK_OK(reggie_request_set_output_callback(request, write_and_ask, client,
                                                NULL), NULL);
    CHECK_OK(reggie_request_set_challenge_callback(request, retry_and_ask, client,
                                               NULL), NULL);
    check_sends(client, request, 200);
    reggie_request_free(request);
}

/* What a log callback has: the client, and whether it uses that now. */
struct logged {
    reggie_client *client;
    int inside;
    int entries;
};

static void log_and_ask(void *userdata, int level, const char *message)
{
    struct logged *logged = (struct logged *)userdata;

    CHECK(level == REGGIE_LOG_INFO || level == REGGIE_LOG_DEBUG);
    CHECK(strstr(message, "pass") == NULL);
    logged->entries++;
    if (logged->inside || logged->client == NULL)
        return;
    logged->inside = 1;
    ask_beside(logged->client);
    logged->inside = 0;
}

static void from_the_log(void)
{
    reggie_config *config = reggie_config_new();
    reggie_request *request = NULL;
    struct logged logged;

    memset(&logged, 0, sizeof logged);
    CHECK_OK(reggie_config_set_credentials(config, "user", "pass"), NULL);
    CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG,
                                            log_and_ask, &logged, NULL), NULL);
    logged.client = check_client(address, ca, config);
    reggie_config_free(config);
    request = check_request(logged.client, "GET", "/challenge");
    check_sends(logged.client, request, 200);
    CHECK(logged.entries >= 4);
    reggie_request_free(request);
    reggie_client_free(logged.client);
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;

    (void)context;
    CHECK_OK(reggie_config_set_credentials(config, "user", "pass"), NULL);
    client = check_client(address, ca, config);
    reggie_config_free(config);
    from_the_callbacks_of_a_request(client);
    from_the_log();
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    address = arguments[2];
    ca = arguments[3];
    return check_run(arguments[1], run, NULL);
}
