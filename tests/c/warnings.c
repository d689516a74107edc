/*
 * Warnings of registries, and the userdata of a config's callbacks about
 * answers. Arguments: how, the address of a server whose /told has two
 * warnings, and the CA file or "-".
 */
#include "check.h"

/* A userdata: how often it was told something, and was freed. */
struct held {
    const reggie_client *client;
    int calls;
    int freed;
    char texts[2][64];
};

static const char *host;

static void free_held(void *userdata)
{
    struct held *held = (struct held *)userdata;

    CHECK_NUMBER(0, held->freed);
    held->freed = 1;
}

static void tell_told(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/told");

    check_sends(client, request, 200);
    reggie_request_free(request);
}

/* It may use the same client: no lock is held. */
static void on_warning(void *userdata, const char *from, const char *text)
{
    struct held *held = (struct held *)userdata;

    CHECK_NUMBER(0, held->freed);
    CHECK_TEXT(host, from);
    CHECK(held->calls < 2);
    snprintf(held->texts[held->calls], sizeof held->texts[0], "%s", text);
    held->calls++;
    if (held->calls == 1)
        tell_told(held->client);
}

static int on_condition(void *userdata, int attempt, const char *method,
                        int http_status, reggie_status failure,
                        int would_retry, int *retry)
{
    (void)userdata;
    (void)attempt;
    (void)method;
    (void)http_status;
    (void)failure;
    (void)would_retry;
    *retry = 0;
    return 0;
}

static reggie_status set_warning(reggie_config *config, struct held *held)
{
    return reggie_config_set_warning_callback(config, on_warning, held,
                                              free_held);
}

static reggie_status set_condition(reggie_config *config, struct held *held)
{
    return reggie_config_set_retry_condition(config, on_condition, held,
                                             free_held);
}

static reggie_status unset_warning(reggie_config *config, struct held *held)
{
    return reggie_config_set_warning_callback(config, NULL, held, free_held);
}

static reggie_status unset_condition(reggie_config *config, struct held *held)
{
    return reggie_config_set_retry_condition(config, NULL, held, free_held);
}

/* Freed once: when replaced, when refused, with the last that holds it. */
static void userdata(const char *url,
                     reggie_status (*set)(reggie_config *, struct held *),
                     reggie_status (*unset)(reggie_config *, struct held *))
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    struct held held[5];

    memset(held, 0, sizeof held);
    CHECK_OK(set(config, &held[0]), NULL);
    CHECK_OK(set(config, &held[1]), NULL);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT, set(NULL, &held[2]));
    CHECK_NUMBER(1, held[2].freed);
    CHECK_NUMBER(0, held[1].freed);
    client = check_client(url, "-", config);
    CHECK_OK(unset(config, &held[3]), NULL);
    CHECK_NUMBER(1, held[3].freed);
    CHECK_OK(set(config, &held[4]), NULL);
    reggie_config_free(config);
    CHECK_NUMBER(1, held[4].freed);
    CHECK_NUMBER(0, held[1].freed);
    reggie_client_free(client);
    CHECK_NUMBER(1, held[1].freed);
}

/* Each text is told once, though it comes with many answers. */
static void once(const char *url, const char *ca)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    struct held held;

    memset(&held, 0, sizeof held);
    CHECK_OK(set_warning(config, &held), NULL);
    client = check_client(url, ca, config);
    held.client = client;
    tell_told(client);
    tell_told(client);
    CHECK_NUMBER(2, held.calls);
    CHECK_TEXT("first", held.texts[0]);
    CHECK_TEXT("the \"second\"", held.texts[1]);
    reggie_client_free(client);
    reggie_config_free(config);
    CHECK_NUMBER(1, held.freed);
}

static void run(void *arguments)
{
    const char *url = ((char **)arguments)[2];

    host = strstr(url, "//") + 2;
    userdata(url, set_warning, unset_warning);
    userdata(url, set_condition, unset_condition);
    once(url, ((char **)arguments)[3]);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    return check_run(arguments[1], run, arguments);
}
