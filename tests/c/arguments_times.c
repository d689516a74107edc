/*
 * What the functions of time limits and cancel handles do with arguments of no
 * use. Arguments: how, the address of a server, and the size of a large text.
 */
#include "arguments.h"

#include <stdint.h>

static int no_progress(void *userdata, uint64_t sent, uint64_t send_total,
                       uint64_t received, uint64_t receive_total)
{
    (void)userdata;
    (void)sent;
    (void)send_total;
    (void)received;
    (void)receive_total;
    return 0;
}

static void configs(void)
{
    reggie_config *config = reggie_config_new();

    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_config_set_timeout(config, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_timeout(config, INT64_MIN));
    WORKS(reggie_config_set_timeout(config, INT64_MAX));
    WORKS(reggie_config_set_timeout(config, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_resolve_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_resolve_timeout(config, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_resolve_timeout(config, INT64_MIN));
    WORKS(reggie_config_set_resolve_timeout(config, INT64_MAX));
    WORKS(reggie_config_set_resolve_timeout(config, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_connect_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_connect_timeout(config, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_connect_timeout(config, INT64_MIN));
    WORKS(reggie_config_set_connect_timeout(config, INT64_MAX));
    WORKS(reggie_config_set_connect_timeout(config, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_tls_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_config_set_tls_timeout(config, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_tls_timeout(config, INT64_MIN));
    WORKS(reggie_config_set_tls_timeout(config, INT64_MAX));
    WORKS(reggie_config_set_tls_timeout(config, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_first_byte_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_first_byte_timeout(config, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_first_byte_timeout(config, INT64_MIN));
    WORKS(reggie_config_set_first_byte_timeout(config, INT64_MAX));
    WORKS(reggie_config_set_first_byte_timeout(config, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_commit_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_commit_timeout(config, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_commit_timeout(config, INT64_MIN));
    WORKS(reggie_config_set_commit_timeout(config, INT64_MAX));
    WORKS(reggie_config_set_commit_timeout(config, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_stall_limit(NULL, 1, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_stall_limit(config, 1, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_stall_limit(config, 1, INT64_MIN));
    WORKS(reggie_config_set_stall_limit(config, 1, INT64_MAX));
    WORKS(reggie_config_set_stall_limit(config, UINT64_MAX, 1));
    WORKS(reggie_config_set_stall_limit(config, UINT64_MAX, INT64_MAX));
    WORKS(reggie_config_set_stall_limit(config, 0, 1));
    WORKS(reggie_config_set_stall_limit(config, 1, 0));
    reggie_config_free(config);
}

static void requests(const reggie_client *client, reggie_request *request)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_request_set_timeout(request, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_timeout(request, INT64_MIN));
    WORKS(reggie_request_set_timeout(request, INT64_MAX));
    WORKS(reggie_request_set_timeout(request, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_first_byte_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_first_byte_timeout(request, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_first_byte_timeout(request, INT64_MIN));
    WORKS(reggie_request_set_first_byte_timeout(request, INT64_MAX));
    WORKS(reggie_request_set_first_byte_timeout(request, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_commit_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_commit_timeout(request, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_commit_timeout(request, INT64_MIN));
    WORKS(reggie_request_set_commit_timeout(request, INT64_MAX));
    WORKS(reggie_request_set_commit_timeout(request, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_stall_limit(NULL, 1, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_stall_limit(request, 1, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_stall_limit(request, 1, INT64_MIN));
    WORKS(reggie_request_set_stall_limit(request, 1, INT64_MAX));
    WORKS(reggie_request_set_stall_limit(request, UINT64_MAX, 1));
    WORKS(reggie_request_set_stall_limit(request, UINT64_MAX, INT64_MAX));
    WORKS(reggie_request_set_stall_limit(request, 0, 1));
    WORKS(reggie_request_set_stall_limit(request, 1, 0));
    check_sends(client, request, 200);
}

/* The largest limits are none. */
static void large_limits(const char *address)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;

    CHECK_OK(reggie_config_set_timeout(config, INT64_MAX), NULL);
    CHECK_OK(reggie_config_set_resolve_timeout(config, INT64_MAX), NULL);
    CHECK_OK(reggie_config_set_connect_timeout(config, INT64_MAX), NULL);
    CHECK_OK(reggie_config_set_tls_timeout(config, INT64_MAX), NULL);
    CHECK_OK(reggie_config_set_first_byte_timeout(config, INT64_MAX), NULL);
    CHECK_OK(reggie_config_set_commit_timeout(config, INT64_MAX), NULL);
    CHECK_OK(reggie_config_set_stall_limit(config, UINT64_MAX, INT64_MAX),
             NULL);
    client = check_client(address, "-", config);
    request = check_request(client, REGGIE_GET, "/");
    check_sends(client, request, 200);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
}

static void cancels(const reggie_client *client, reggie_request *request)
{
    reggie_cancel *cancel = NULL;

    FAILS(REGGIE_NULL_ARGUMENT, reggie_cancel_new(NULL, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_cancel_new(NULL, NULL));
    WORKS(reggie_cancel_new(&out.cancel, NULL));
    reggie_cancel_free(out.cancel);
    WORKS(reggie_cancel_new(&out.cancel, &error));
    cancel = out.cancel;
    CHECK(cancel != NULL);
    RETURNS(reggie_cancel_free(NULL));
    RETURNS(reggie_cancel_trigger(NULL));
    GIVES_NUMBER(0, reggie_cancel_is_triggered(NULL));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_cancel(NULL, cancel));
    WORKS(reggie_request_set_cancel(request, cancel));
    check_sends(client, request, 200);
    CHECK_NUMBER(0, reggie_cancel_is_triggered(cancel));
    errno = 4321;
    reggie_cancel_trigger(cancel);
    reggie_cancel_trigger(cancel);
    CHECK_NUMBER(4321, errno);
    CHECK_NUMBER(1, reggie_cancel_is_triggered(cancel));
    FAILS(REGGIE_CANCELLED,
          reggie_client_do(client, request, &out.response, &error));
    WORKS(reggie_request_set_cancel(request, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_request_set_progress_callback(NULL, no_progress, NULL, NULL));
    WORKS(reggie_request_set_progress_callback(request, no_progress, NULL, NULL));
    WORKS(reggie_request_set_progress_callback(request, NULL, NULL, NULL));
    check_sends(client, request, 200);
    reggie_cancel_free(cancel);
    tell("reggie_cancel_free(cancel)");
}

static void run(void *context)
{
    const char *address = (const char *)context;
    reggie_config *config = reggie_config_new();
    reggie_client *client = check_client(address, "-", config);
    reggie_request *request = check_request(client, REGGIE_GET, "/");

    configs();
    requests(client, request);
    large_limits(address);
    cancels(client, request);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
