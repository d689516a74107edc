/*
 * The function that frees a userdata is called exactly once, however a
 * registration ends, and never while a callback uses it. The server answers
 * with a challenge below /challenge. Arguments: how, its address.
 */
#include "check.h"

#include <fcntl.h>

/* A userdata: how often it is in use, and was freed. */
struct held {
    int used;
    int freed;
    int calls;
    reggie_request *request;
    reggie_config *config;
    const reggie_client *client;
    struct held *next;
};

static const char *address;

static void free_held(void *userdata)
{
    struct held *held = (struct held *)userdata;

    CHECK_NUMBER(0, held->used);
    CHECK_NUMBER(0, held->freed);
    held->freed = 1;
}

static int nulls;

static void free_null(void *userdata)
{
    CHECK(userdata == NULL);
    nulls++;
}

static void use(struct held *held)
{
    CHECK_NUMBER(0, held->freed);
    held->calls++;
}

static void on_log(void *userdata, int level, const char *message)
{
    use((struct held *)userdata);
    CHECK(level >= REGGIE_LOG_ERROR && level <= REGGIE_LOG_DEBUG);
    CHECK(message[0] != '\0');
}

static int on_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    use((struct held *)userdata);
    (void)buffer;
    (void)size;
    *got = 0;
    return 0;
}

static int on_write(void *userdata, const void *data, size_t size)
{
    use((struct held *)userdata);
    (void)data;
    return size == 0;
}

static int on_retry(void *userdata, reggie_request *request)
{
    use((struct held *)userdata);
    (void)request;
    return 0;
}

static int on_progress(void *userdata, uint64_t sent, uint64_t send_total,
                       uint64_t received, uint64_t receive_total)
{
    use((struct held *)userdata);
    return sent > send_total || received > receive_total;
}

static int rewind_it(void *userdata)
{
    use((struct held *)userdata);
    return 0;
}

static reggie_status set_log(reggie_config *config, struct held *held)
{
    return reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG, on_log,
                                          held, free_held);
}

static reggie_status set_retry(reggie_request *request, struct held *held)
{
    return reggie_request_set_challenge_callback(request, on_retry, held,
                                             free_held);
}

static reggie_status set_progress(reggie_request *request, struct held *held)
{
    return reggie_request_set_progress_callback(request, on_progress, held,
                                                free_held);
}

static reggie_status set_read(reggie_request *request, struct held *held)
{
    return reggie_request_set_body_callback(request, on_read, rewind_it,
                                            REGGIE_UNKNOWN_SIZE, held,
                                            free_held);
}

static reggie_status set_borrowed(reggie_request *request, struct held *held)
{
    return reggie_request_set_body_borrowed(request, (const uint8_t *)"abc", 3,
                                            held, free_held);
}

static reggie_status set_write(reggie_request *request, struct held *held)
{
    return reggie_request_set_output_callback(request, on_write, held,
                                              free_held);
}

static void logs_of_a_config(void)
{
    reggie_config *config = reggie_config_new();
    struct held held[5];

    memset(held, 0, sizeof held);
    CHECK_OK(set_log(config, &held[0]), NULL);
    CHECK_OK(set_log(config, &held[1]), NULL);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_NUMBER(0, held[1].freed);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT, set_log(NULL, &held[2]));
    CHECK_NUMBER(1, held[2].freed);
    CHECK_NUMBER(REGGIE_INVALID_ARGUMENT,
                 reggie_config_set_log_callback(config, 99, on_log, &held[3],
                                                free_held));
    CHECK_NUMBER(1, held[3].freed);
    CHECK_NUMBER(0, held[1].freed);
    CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_INFO, NULL,
                                            &held[4], free_held), NULL);
    CHECK_NUMBER(1, held[4].freed);
    CHECK_NUMBER(1, held[1].freed);

    memset(held, 0, sizeof held);
    CHECK_OK(set_log(config, &held[0]), NULL);
    reggie_config_free(config);
    CHECK_NUMBER(1, held[0].freed);
}

static void logs_of_clients(void)
{
    reggie_config *config = reggie_config_new();
    reggie_client *first = NULL;
    reggie_client *second = NULL;
    reggie_client *third = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    struct held held[2];

    memset(held, 0, sizeof held);
    CHECK_OK(set_log(config, &held[0]), NULL);
    first = check_client(address, "-", config);
    second = check_client(address, "-", config);
    CHECK_NUMBER(REGGIE_INVALID_ADDRESS,
                 reggie_client_new("nonsense", config, &third, NULL));
    CHECK_OK(set_log(config, &held[1]), NULL);
    third = check_client(address, "-", config);
    reggie_config_free(config);
    reggie_client_free(first);
    CHECK_NUMBER(0, held[0].freed);
    CHECK_NUMBER(0, held[1].freed);
    request = check_request(second, "GET", "/challenge");
    response = check_do(second, request);
    CHECK(held[0].calls > 0);
    reggie_client_free(second);
    CHECK_NUMBER(1, held[0].freed);
    reggie_response_free(response);
    reggie_request_free(request);
    CHECK_NUMBER(0, held[1].freed);
    reggie_client_free(third);
    CHECK_NUMBER(1, held[1].freed);

    memset(held, 0, sizeof held);
    config = reggie_config_new();
    CHECK_OK(set_log(config, &held[0]), NULL);
    reggie_client_free(check_client(address, "-", config));
    CHECK_NUMBER(0, held[0].freed);
    reggie_config_free(config);
    CHECK_NUMBER(1, held[0].freed);
}

static void replaces_log(void *userdata, int level, const char *message)
{
    struct held *held = (struct held *)userdata;

    (void)level;
    (void)message;
    use(held);
    held->used++;
    if (held->next != NULL)
        CHECK_OK(set_log(held->config, held->next), NULL);
    held->next = NULL;
    held->used--;
}

/* The client goes on with the callback that it was made with. */
static void a_log_replaced_by_itself(void)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    struct held held[2];

    memset(held, 0, sizeof held);
    held[0].config = config;
    held[0].next = &held[1];
    CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG,
                                            replaces_log, &held[0], free_held),
             NULL);
    client = check_client(address, "-", config);
    request = check_request(client, "GET", "/");
    check_sends(client, request, 200);
    CHECK(held[0].calls > 1);
    CHECK_NUMBER(0, held[1].calls);
    reggie_client_free(client);
    CHECK_NUMBER(1, held[0].freed);
    reggie_config_free(config);
    CHECK_NUMBER(1, held[1].freed);
    reggie_request_free(request);
}

static void bodies(const reggie_client *client)
{
    reggie_request *request = check_request(client, "PUT", "/");
    struct held held[8];
    int devnull = open("/dev/null", O_RDONLY);
    int i;

    memset(held, 0, sizeof held);
    CHECK_OK(set_read(request, &held[0]), NULL);
    CHECK_OK(set_read(request, &held[1]), NULL);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_OK(reggie_request_set_body(request, NULL, 0), NULL);
    CHECK_NUMBER(1, held[1].freed);
    CHECK_OK(set_read(request, &held[2]), NULL);
    CHECK_OK(reggie_request_set_body_path(request, "/dev/null"), NULL);
    CHECK_NUMBER(1, held[2].freed);
    CHECK_OK(set_read(request, &held[3]), NULL);
    CHECK_OK(reggie_request_set_body_fd(request, devnull, 0, NULL), NULL);
    CHECK_NUMBER(1, held[3].freed);
    CHECK_OK(set_read(request, &held[4]), NULL);
    CHECK_OK(reggie_request_remove_body(request), NULL);
    CHECK_NUMBER(1, held[4].freed);

    CHECK_NUMBER(REGGIE_NULL_ARGUMENT, set_read(NULL, &held[5]));
    CHECK_NUMBER(1, held[5].freed);
    CHECK_OK(set_read(request, &held[6]), NULL);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT,
                 reggie_request_set_body_callback(request, NULL, NULL, 0,
                                                  &held[7], free_held));
    CHECK_NUMBER(1, held[7].freed);
    for (i = 0; i < 2; i++)
        check_sends(client, request, 200);
    CHECK(held[6].calls >= 3);
    CHECK_NUMBER(0, held[6].freed);
    reggie_request_free(request);
    CHECK_NUMBER(1, held[6].freed);
    CHECK_NUMBER(0, close(devnull));
}

static void borrowed_bodies(const reggie_client *client)
{
    reggie_request *request = check_request(client, "PUT", "/");
    struct held held[5];
    int i;

    memset(held, 0, sizeof held);
    CHECK_OK(set_borrowed(request, &held[0]), NULL);
    CHECK_OK(set_borrowed(request, &held[1]), NULL);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_OK(reggie_request_remove_body(request), NULL);
    CHECK_NUMBER(1, held[1].freed);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT, set_borrowed(NULL, &held[2]));
    CHECK_NUMBER(1, held[2].freed);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT,
                 reggie_request_set_body_borrowed(request, NULL, 1, &held[3],
                                                  free_held));
    CHECK_NUMBER(1, held[3].freed);
    CHECK_OK(set_borrowed(request, &held[4]), NULL);
    for (i = 0; i < 2; i++)
        check_sends(client, request, 200);
    CHECK_NUMBER(0, held[4].freed);
    reggie_request_free(request);
    CHECK_NUMBER(1, held[4].freed);
}

static void outputs(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/");
    struct held held[7];

    memset(held, 0, sizeof held);
    CHECK_OK(set_write(request, &held[0]), NULL);
    CHECK_OK(set_write(request, &held[1]), NULL);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_OK(reggie_request_set_output_memory(request), NULL);
    CHECK_NUMBER(1, held[1].freed);
    CHECK_OK(set_write(request, &held[2]), NULL);
    CHECK_OK(reggie_request_set_output_path(request, "/dev/null"), NULL);
    CHECK_NUMBER(1, held[2].freed);
    CHECK_OK(set_write(request, &held[3]), NULL);
    CHECK_OK(reggie_request_set_output_fd(request, -1), NULL);
    CHECK_NUMBER(1, held[3].freed);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT, set_write(NULL, &held[4]));
    CHECK_NUMBER(1, held[4].freed);
    CHECK_OK(set_write(request, &held[5]), NULL);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT,
                 reggie_request_set_output_callback(request, NULL, &held[6],
                                                    free_held));
    CHECK_NUMBER(1, held[6].freed);
    check_sends(client, request, 200);
    CHECK(held[5].calls > 0);
    CHECK_NUMBER(0, held[5].freed);
    reggie_request_free(request);
    CHECK_NUMBER(1, held[5].freed);
}

static void retries(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/challenge");
    struct held held[5];

    memset(held, 0, sizeof held);
    CHECK_OK(set_retry(request, &held[0]), NULL);
    CHECK_OK(set_retry(request, &held[1]), NULL);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_OK(reggie_request_set_challenge_callback(request, NULL, &held[2],
                                               free_held), NULL);
    CHECK_NUMBER(1, held[1].freed);
    CHECK_NUMBER(1, held[2].freed);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT, set_retry(NULL, &held[3]));
    CHECK_NUMBER(1, held[3].freed);
    CHECK_OK(set_retry(request, &held[4]), NULL);
    check_sends(client, request, 200);
    check_sends(client, request, 200);
    CHECK_NUMBER(2, held[4].calls);
    CHECK_NUMBER(0, held[4].freed);
    reggie_request_free(request);
    CHECK_NUMBER(1, held[4].freed);
}

/* An open response holds it too. */
static void progress(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/");
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    struct held held[5];
    uint8_t buffer[64];
    size_t got = 1;
    int calls;

    memset(held, 0, sizeof held);
    CHECK_OK(set_progress(request, &held[0]), NULL);
    CHECK_OK(set_progress(request, &held[1]), NULL);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_OK(reggie_request_set_progress_callback(request, NULL, &held[2],
                                                  free_held), NULL);
    CHECK_NUMBER(1, held[1].freed);
    CHECK_NUMBER(1, held[2].freed);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT, set_progress(NULL, &held[3]));
    CHECK_NUMBER(1, held[3].freed);
    CHECK_OK(set_progress(request, &held[4]), NULL);
    check_sends(client, request, 200);
    /* At least once: a request that takes long is reported meanwhile too. */
    CHECK(held[4].calls >= 1);
    calls = held[4].calls;
    CHECK_OK(reggie_client_open(client, request, &response, &error), error);
    reggie_request_free(request);
    CHECK_NUMBER(0, held[4].freed);
    while (got > 0)
        CHECK_OK(reggie_response_read(response, buffer, sizeof buffer, &got,
                                      &error), error);
    CHECK(held[4].calls > calls);
    reggie_response_free(response);
    CHECK_NUMBER(1, held[4].freed);
}

/* Replaces itself, or removes itself where nothing comes next. */
static int replaces_retry(void *userdata, reggie_request *request)
{
    struct held *held = (struct held *)userdata;

    use(held);
    held->used++;
    CHECK(request == held->request);
    if (held->next != NULL)
        CHECK_OK(set_retry(request, held->next), NULL);
    else
        CHECK_OK(reggie_request_set_challenge_callback(request, NULL, NULL, NULL),
                 NULL);
    CHECK_NUMBER(0, held->freed);
    held->used--;
    return 0;
}

static void a_retry_replaced_by_itself(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/challenge");
    struct held held[3];

    memset(held, 0, sizeof held);
    held[0].request = request;
    held[0].next = &held[1];
    CHECK_OK(reggie_request_set_challenge_callback(request, replaces_retry,
                                               &held[0], free_held), NULL);
    check_sends(client, request, 200);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_NUMBER(0, held[1].calls);
    check_sends(client, request, 200);
    CHECK_NUMBER(1, held[1].calls);

    held[2].request = request;
    CHECK_OK(reggie_request_set_challenge_callback(request, replaces_retry,
                                               &held[2], free_held), NULL);
    CHECK_NUMBER(1, held[1].freed);
    check_sends(client, request, 200);
    CHECK_NUMBER(1, held[2].freed);
    check_sends(client, request, 200);
    CHECK_NUMBER(1, held[0].calls);
    CHECK_NUMBER(1, held[2].calls);
    reggie_request_free(request);
}

/* Gives the request another body and another output. */
static int changes_bodies(void *userdata, reggie_request *request)
{
    struct held *held = (struct held *)userdata;

    use(held);
    CHECK_OK(set_read(request, &held[3]), NULL);
    CHECK_NUMBER(1, held[1].freed);
    CHECK_OK(set_write(request, &held[4]), NULL);
    CHECK_NUMBER(1, held[2].freed);
    return 0;
}

static void bodies_replaced_by_the_retry(const reggie_client *client)
{
    reggie_request *request = check_request(client, "PUT", "/challenge");
    struct held held[5];

    memset(held, 0, sizeof held);
    CHECK_OK(reggie_request_set_challenge_callback(request, changes_bodies, held,
                                               free_held), NULL);
    CHECK_OK(set_read(request, &held[1]), NULL);
    CHECK_OK(set_write(request, &held[2]), NULL);
    check_sends(client, request, 200);
    CHECK_NUMBER(1, held[3].calls);
    CHECK_NUMBER(0, held[3].freed);
    CHECK(held[4].calls > 0);
    CHECK_NUMBER(0, held[4].freed);
    reggie_request_free(request);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_NUMBER(1, held[3].freed);
    CHECK_NUMBER(1, held[4].freed);
}

/* Registers on its own request, which is in use, and frees that. */
static int registers_while_busy(void *userdata, void *buffer, size_t size,
                                size_t *got)
{
    struct held *held = (struct held *)userdata;

    use(held);
    (void)buffer;
    (void)size;
    held->used++;
    CHECK_NUMBER(REGGIE_BUSY, set_read(held->request, &held[1]));
    CHECK_NUMBER(1, held[1].freed);
    CHECK_NUMBER(REGGIE_BUSY, set_write(held->request, &held[2]));
    CHECK_NUMBER(1, held[2].freed);
    CHECK_NUMBER(REGGIE_BUSY, set_borrowed(held->request, &held[4]));
    CHECK_NUMBER(1, held[4].freed);
    CHECK_NUMBER(REGGIE_BUSY, set_retry(held->request, &held[3]));
    CHECK_NUMBER(1, held[3].freed);
    reggie_request_free(held->request);
    CHECK_NUMBER(0, held->freed);
    held->used--;
    *got = 0;
    return 0;
}

static void registrations_on_a_busy_request(const reggie_client *client)
{
    reggie_request *request = check_request(client, "PUT", "/");
    struct held held[5];

    memset(held, 0, sizeof held);
    held[0].request = request;
    CHECK_OK(reggie_request_set_body_callback(request, registers_while_busy,
                                              NULL, REGGIE_UNKNOWN_SIZE, held,
                                              free_held), NULL);
    check_sends(client, request, 200);
    CHECK_NUMBER(1, held[0].calls);
    CHECK_TEXT("PUT", reggie_request_method(request));
    reggie_request_free(request);
    CHECK_NUMBER(1, held[0].freed);
}

/* Uses the library while it frees. */
static void free_with_a_request(void *userdata)
{
    struct held *held = (struct held *)userdata;
    reggie_request *request = check_request(held->client, "GET", "/");

    check_sends(held->client, request, 200);
    reggie_request_free(request);
    CHECK(reggie_request_method(held->request) == NULL);
    CHECK_NUMBER(REGGIE_BUSY,
                 reggie_request_set_method(held->request, "GET"));
    free_held(userdata);
}

static void a_userdata_that_uses_the_library(const reggie_client *client)
{
    reggie_request *request = check_request(client, "PUT", "/");
    struct held held[2];

    memset(held, 0, sizeof held);
    held[0].client = held[1].client = client;
    held[0].request = held[1].request = request;
    CHECK_OK(reggie_request_set_body_callback(request, on_read, NULL, 0,
                                              &held[0], free_with_a_request),
             NULL);
    CHECK_OK(reggie_request_set_output_callback(request, on_write, &held[1],
                                                free_with_a_request), NULL);
    CHECK_OK(reggie_request_remove_body(request), NULL);
    CHECK_NUMBER(1, held[0].freed);
    reggie_request_free(request);
    CHECK_NUMBER(1, held[1].freed);
}

static void null_userdata(const reggie_client *client)
{
    reggie_request *request = check_request(client, "PUT", "/");

    nulls = 0;
    CHECK_OK(reggie_request_set_challenge_callback(request, on_retry, NULL,
                                               free_null), NULL);
    CHECK_OK(reggie_request_set_output_callback(request, on_write, NULL,
                                                free_null), NULL);
    CHECK_OK(reggie_request_set_body_callback(request, on_read, NULL, 0, NULL,
                                              free_null), NULL);
    CHECK_NUMBER(0, nulls);
    reggie_request_free(request);
    CHECK_NUMBER(3, nulls);
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;

    (void)context;
    CHECK_OK(reggie_config_set_credentials(config, "user", "pass"), NULL);
    client = check_client(address, "-", config);
    reggie_config_free(config);
    logs_of_a_config();
    logs_of_clients();
    a_log_replaced_by_itself();
    bodies(client);
    borrowed_bodies(client);
    outputs(client);
    retries(client);
    progress(client);
    a_retry_replaced_by_itself(client);
    bodies_replaced_by_the_retry(client);
    registrations_on_a_busy_request(client);
    a_userdata_that_uses_the_library(client);
    null_userdata(client);
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(3, count);
    address = arguments[2];
    return check_run(arguments[1], run, NULL);
}
