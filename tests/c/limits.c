/*
 * What a server sends does not decide how much memory is taken. Arguments:
 * how, the address of a server, and whether the memory is measured: "measured"
 * or "not". Its /long says that it has 8 EiB and sends 1 KiB of them; /endless
 * sends chunks for ever; /64MiB is that long.
 */
#include "check.h"
#include "memory.h"

#include <sys/resource.h>

/* Doubling what is reserved would lead far beyond it. */
#define CAP ((size_t)17 << 20)
#define SLACK_KIB 4096

static const char *address;
static int is_measured;

static reggie_client *client_with_cap(size_t cap)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;

    CHECK_OK(reggie_config_set_max_body_memory(config, cap), NULL);
    client = check_client(address, "-", config);
    reggie_config_free(config);
    return client;
}

static void fails(const reggie_client *client, const char *path,
                  reggie_status status)
{
    reggie_request *request = check_request(client, "GET", path);
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status found = reggie_client_do(client, request, &response, &error);

    CHECK(response == NULL);
    CHECK_NUMBER(200, reggie_error_http_status(error));
    CHECK_FAILS(status, found, error);
    reggie_request_free(request);
}

static void bodies_above_the_cap(void)
{
    reggie_client *client = client_with_cap(CAP);
    reggie_request *request = check_request(client, "GET", "/");
    long before;

    check_sends(client, request, 200);
    before = memory_kib("VmPeak");
    fails(client, "/64MiB", REGGIE_BODY_TOO_LARGE);
    fails(client, "/long", REGGIE_BODY_TOO_LARGE);
    fails(client, "/endless", REGGIE_BODY_TOO_LARGE);
    if (is_measured)
        CHECK(memory_kib("VmPeak") - before < (long)(CAP / 1024) + SLACK_KIB);
    check_sends(client, request, 200);
    reggie_request_free(request);
    reggie_client_free(client);
}

/* A cap beyond all memory: what there is decides, and the client goes on. */
static void bodies_above_the_memory(void)
{
    reggie_client *client = client_with_cap((size_t)-1);
    reggie_request *request = check_request(client, "GET", "/");
    struct rlimit before;
    struct rlimit less;

    check_sends(client, request, 200);
    CHECK_NUMBER(0, getrlimit(RLIMIT_AS, &before));
    less = before;
    less.rlim_cur = (rlim_t)memory_kib("VmSize") * 1024 + ((rlim_t)32 << 20);
    CHECK_NUMBER(0, setrlimit(RLIMIT_AS, &less));
    fails(client, "/long", REGGIE_TRUNCATED);
    fails(client, "/64MiB", REGGIE_NO_MEMORY);
    fails(client, "/endless", REGGIE_NO_MEMORY);
    check_sends(client, request, 200);
    CHECK_NUMBER(REGGIE_NO_MEMORY,
                 reggie_request_set_body(request, (const uint8_t *)"",
                                         (size_t)-1 / 2));
    CHECK_NUMBER(0, setrlimit(RLIMIT_AS, &before));
    reggie_request_free(request);
    reggie_client_free(client);
}

static void run(void *context)
{
    (void)context;
    bodies_above_the_cap();
    if (is_measured)
        bodies_above_the_memory();
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    address = arguments[2];
    is_measured = strcmp(arguments[3], "measured") == 0;
    return check_run(arguments[1], run, NULL);
}
