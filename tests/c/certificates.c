/*
 * The callback that decides on certificates: what it gets, what its word does,
 * and when its userdata is freed. The server has TLS. Arguments: how, its
 * address, the file of its authority.
 */
#include "check.h"

struct held {
    int used;
    int freed;
    int calls;
    int value;
    int refusals;
    const reggie_client *client;
    reggie_config *config;
    struct held *next;
};

static const char *address;
static const char *ca;

static void free_held(void *userdata)
{
    struct held *held = (struct held *)userdata;

    CHECK_NUMBER(0, held->used);
    CHECK_NUMBER(0, held->freed);
    held->freed = 1;
}

static int decide(void *userdata, const char *host,
                  const uint8_t *const *certificates, const size_t *sizes,
                  size_t count, const char *refusal)
{
    struct held *held = (struct held *)userdata;
    size_t i;

    CHECK_NUMBER(0, held->freed);
    held->calls++;
    CHECK_TEXT(address + strlen("https://"), host);
    CHECK(count >= 1);
    for (i = 0; i < count; i++)
        CHECK(sizes[i] > 100 && certificates[i][0] == 0x30);
    if (refusal != NULL) {
        CHECK(refusal[0] != '\0');
        held->refusals++;
    }
    return held->value;
}

static reggie_status set(reggie_config *config, struct held *held)
{
    return reggie_config_set_certificate_callback(config, decide, held,
                                                  free_held);
}

static void lifetimes(void)
{
    reggie_config *config = reggie_config_new();
    reggie_client *first = NULL;
    reggie_client *second = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    struct held held[5];

    memset(held, 0, sizeof held);
    CHECK_OK(set(config, &held[0]), NULL);
    CHECK_OK(set(config, &held[1]), NULL);
    CHECK_NUMBER(1, held[0].freed);
    CHECK_NUMBER(REGGIE_NULL_ARGUMENT, set(NULL, &held[2]));
    CHECK_NUMBER(1, held[2].freed);
    CHECK_NUMBER(0, held[1].freed);
    CHECK_OK(reggie_config_set_certificate_callback(config, NULL, &held[3],
                                                    free_held), NULL);
    CHECK_NUMBER(1, held[1].freed);
    CHECK_NUMBER(1, held[3].freed);

    CHECK_OK(set(config, &held[4]), NULL);
    first = check_client(address, ca, config);
    second = check_client(address, ca, config);
    reggie_config_free(config);
    reggie_client_free(first);
    CHECK_NUMBER(0, held[4].freed);
    request = check_request(second, "GET", "/open");
    CHECK_OK(reggie_client_open(second, request, &response, NULL), NULL);
    reggie_client_free(second);
    reggie_request_free(request);
    CHECK_NUMBER(0, held[4].freed);
    CHECK_NUMBER(1, held[4].calls);
    reggie_response_free(response);
    CHECK_NUMBER(1, held[4].freed);
}

static void sends(const char *authority, struct held *held, reggie_status wanted)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;

    CHECK_OK(set(config, held), NULL);
    client = check_client(address, authority, config);
    reggie_config_free(config);
    request = check_request(client, "GET", "/");
    CHECK_NUMBER(wanted, reggie_client_do(client, request, &response, &error));
    CHECK_NUMBER(wanted, reggie_error_status(error));
    CHECK_NUMBER(held->value, reggie_error_callback_value(error));
    CHECK((response != NULL) == (wanted == REGGIE_OK));
    CHECK_NUMBER(1, held->calls);
    reggie_response_free(response);
    reggie_error_free(error);
    reggie_request_free(request);
    reggie_client_free(client);
    CHECK_NUMBER(1, held->freed);
}

static void its_word_counts(void)
{
    struct held held[4];

    memset(held, 0, sizeof held);
    sends(ca, &held[0], REGGIE_OK);
    CHECK_NUMBER(0, held[0].refusals);
    sends("-", &held[1], REGGIE_OK);
    CHECK_NUMBER(1, held[1].refusals);
    held[2].value = -7;
    sends(ca, &held[2], REGGIE_CERTIFICATE_CALLBACK);
    CHECK_NUMBER(0, held[2].refusals);
    held[3].value = 1;
    sends("-", &held[3], REGGIE_CERTIFICATE_CALLBACK);
    CHECK_NUMBER(1, held[3].refusals);
}

/* Sends with the same client, once, and replaces itself in the config. */
static int nest(void *userdata, const char *host,
                const uint8_t *const *certificates, const size_t *sizes,
                size_t count, const char *refusal)
{
    struct held *held = (struct held *)userdata;
    reggie_request *request = NULL;

    CHECK_NUMBER(0, decide(userdata, host, certificates, sizes, count, refusal));
    if (held->calls > 1)
        return 0;
    held->used++;
    CHECK_OK(set(held->config, held->next), NULL);
    request = check_request(held->client, "GET", "/");
    check_sends(held->client, request, 200);
    reggie_request_free(request);
    held->used--;
    return 0;
}

static void it_may_use_the_client(void)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    struct held held[2];

    memset(held, 0, sizeof held);
    CHECK_OK(reggie_config_set_certificate_callback(config, nest, &held[0],
                                                    free_held), NULL);
    client = check_client(address, ca, config);
    held[0].client = client;
    held[0].config = config;
    held[0].next = &held[1];
    request = check_request(client, "GET", "/");
    check_sends(client, request, 200);
    CHECK_NUMBER(2, held[0].calls);
    CHECK_NUMBER(0, held[1].calls);
    reggie_request_free(request);
    reggie_client_free(client);
    CHECK_NUMBER(1, held[0].freed);
    reggie_config_free(config);
    CHECK_NUMBER(1, held[1].freed);
}

static void run(void *context)
{
    (void)context;
    lifetimes();
    its_word_counts();
    it_may_use_the_client();
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    address = arguments[2];
    ca = arguments[3];
    return check_run(arguments[1], run, NULL);
}
