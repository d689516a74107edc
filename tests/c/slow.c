/*
 * Transfers that are slow: those that move fast enough are never cut, those
 * that do not are, and what only looks like moving ends too. Arguments: how,
 * the address of a server, its CA file, the address of one that feeds its
 * handshake byte by byte, and that of a proxy.
 */
#include "check.h"

#include <time.h>

enum where { SERVER, TLS, HTTP_PROXY, SOCKS };

/* A rate that all here stay above, and one that all stay below. */
#define LEAST 1
#define MUCH 1000000000
#define WINDOW_MS 1500
#define LIMIT_MS 1500

struct slow {
    const char *path;
    enum where where;
    size_t body;
    uint64_t rate;       /* 0 leaves the stall limit as it is */
    int64_t limit_ms;    /* of the phase; 0 leaves it as it is */
    reggie_status status;
    const char *step;
    int64_t longest_ms;
};

#define MANY ((size_t)8 << 20)
#define FEW ((size_t)1 << 20)

static const struct slow cases[] = {
    {"/drip-body", SERVER, 0, 0, 0, REGGIE_OK, "", 60000},
    {"/drip-body", SERVER, 0, LEAST, LIMIT_MS, REGGIE_OK, "", 60000},
    {"/drip-chunks", SERVER, 0, LEAST, LIMIT_MS, REGGIE_OK, "", 60000},
    {"/drip-head", SERVER, 0, 0, 0, REGGIE_OK, "", 60000},
    {"/drip-head", SERVER, 0, LEAST, LIMIT_MS, REGGIE_OK, "", 60000},
    {"/drip-body", SERVER, 0, MUCH, 0, REGGIE_TIMEOUT, "receive", 20000},
    {"/drip-chunks", SERVER, 0, MUCH, 0, REGGIE_TIMEOUT, "receive", 20000},
    {"/drip-head", SERVER, 0, MUCH, 0, REGGIE_TIMEOUT, "receive", 20000},
    {"/slow-reader", SERVER, MANY, 0, 0, REGGIE_OK, "", 60000},
    {"/slow-reader", SERVER, MANY, LEAST, LIMIT_MS, REGGIE_OK, "", 60000},
    {"/slow-reader", SERVER, MANY, MUCH, 0, REGGIE_TIMEOUT, "send", 20000},
    {"/slower-reader", SERVER, MANY, LEAST, 0, REGGIE_OK, "", 60000},
    {"/slow-tail", SERVER, FEW, LEAST, LIMIT_MS, REGGIE_OK, "", 60000},
    {"/slow-tail", SERVER, FEW, MUCH, 0, REGGIE_TIMEOUT, "send", 20000},
    {"/no-reader", SERVER, FEW, LEAST, 0, REGGIE_TIMEOUT, "send", 20000},
    {"/reader", SERVER, FEW, LEAST, LIMIT_MS, REGGIE_TIMEOUT, "receive", 20000},
    {"/interim-then-late", SERVER, 0, LEAST, 0, REGGIE_OK, "", 60000},
    {"/interim-drip", SERVER, 0, 0, LIMIT_MS, REGGIE_TIMEOUT, "receive", 20000},
    {"/interim-flood", SERVER, 0, 0, 0, REGGIE_PROTOCOL, "receive", 20000},
    {"/head-flood", SERVER, 0, 0, 0, REGGIE_PROTOCOL, "receive", 20000},
    {"/redirect-half", SERVER, 0, 0, 0, REGGIE_OK, "", 20000},
    {"/redirect-half-chunk", SERVER, 0, 0, 0, REGGIE_OK, "", 20000},
    {"/", TLS, 0, 0, LIMIT_MS, REGGIE_TIMEOUT, "tls", 20000},
    {"/drip", HTTP_PROXY, 0, 0, LIMIT_MS, REGGIE_TIMEOUT, "connect", 20000},
    {"/flood", HTTP_PROXY, 0, 0, 0, REGGIE_PROTOCOL, "connect", 20000},
    {"/drip", SOCKS, 0, 0, LIMIT_MS, REGGIE_TIMEOUT, "connect", 20000},
};

#define CASES (sizeof cases / sizeof cases[0])

static char **arguments;
static uint8_t bytes[MANY];

static int64_t now_ms(void)
{
    struct timespec now;

    CHECK_NUMBER(0, clock_gettime(CLOCK_MONOTONIC, &now));
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static reggie_config *settings(const struct slow *slow)
{
    reggie_config *config = reggie_config_new();
    int64_t limit = slow->limit_ms;
    char proxy[128];

    if (slow->rate > 0)
        CHECK_OK(reggie_config_set_stall_limit(config, slow->rate, WINDOW_MS),
                 NULL);
    if (limit > 0) {
        /* Where it is not about them, a busy machine may take its time. */
        if (slow->where != SERVER) {
            CHECK_OK(reggie_config_set_connect_timeout(config, limit), NULL);
            CHECK_OK(reggie_config_set_tls_timeout(config, limit), NULL);
        }
        CHECK_OK(reggie_config_set_first_byte_timeout(config, limit), NULL);
        CHECK_OK(reggie_config_set_commit_timeout(config, limit), NULL);
    }
    if (slow->where == HTTP_PROXY || slow->where == SOCKS) {
        snprintf(proxy, sizeof proxy, "%s://%s",
                 slow->where == SOCKS ? "socks5h" : "http", arguments[5]);
        CHECK_OK(reggie_config_set_proxy(config, "https", proxy, NULL), NULL);
    }
    return config;
}

static reggie_client *client_of(const struct slow *slow, reggie_config *config)
{
    switch (slow->where) {
    case TLS:
        return check_client(arguments[4], "-", config);
    case HTTP_PROXY:
    case SOCKS:
        /* The proxy does as the name says. */
        return check_client(strcmp(slow->path, "/flood") == 0
                                ? "https://flood.example"
                                : "https://drip.example",
                            "-", config);
    default:
        return check_client(arguments[2], arguments[3], config);
    }
}

static void *try_one(void *context)
{
    const struct slow *slow = (const struct slow *)context;
    reggie_config *config = settings(slow);
    reggie_client *client = client_of(slow, config);
    reggie_request *request = check_request(client, REGGIE_GET, slow->path);
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int64_t time;

    if (slow->body > 0) {
        CHECK_OK(reggie_request_set_method(request, REGGIE_PUT), NULL);
        CHECK_OK(reggie_request_set_body(request, bytes, slow->body), NULL);
    }
    time = now_ms();
    status = reggie_client_do(client, request, &response, &error);
    time = now_ms() - time;
    if (status != slow->status || time > slow->longest_ms ||
        strcmp(slow->step, status == REGGIE_OK ? "" : reggie_error_step(error)))
        /* Without an end here: the others are to be heard too. */
        fprintf(stderr, "%s at %llu bytes/s: %d after %lld ms: %s: %s\n",
                slow->path, (unsigned long long)slow->rate, (int)status,
                (long long)time, reggie_error_step(error),
                reggie_error_message(error));
    if (response != NULL)
        CHECK_NUMBER(200, reggie_response_status(response));
    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
    return NULL;
}

static void run(void *context)
{
    pthread_t threads[CASES];
    size_t i;

    (void)context;
    for (i = 0; i < CASES; i++)
        threads[i] = check_start(try_one, (void *)(uintptr_t)&cases[i], 0);
    for (i = 0; i < CASES; i++)
        CHECK_NUMBER(0, pthread_join(threads[i], NULL));
}

int main(int count, char **values)
{
    CHECK_NUMBER(6, count);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
