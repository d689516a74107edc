/*
 * What errors, configs and clients do with arguments of no use. Arguments:
 * how, an address where nobody listens, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

static void errors_without_an_error(void)
{
    RETURNS(reggie_error_free(NULL));
    GIVES_NUMBER(REGGIE_OK, reggie_error_status(NULL));
    GIVES_TEXT("", reggie_error_message(NULL));
    GIVES_TEXT("", reggie_error_step(NULL));
    GIVES_NUMBER(0, reggie_error_http_status(NULL));
    GIVES_NULL(reggie_error_code(NULL));
    GIVES_NUMBER(0, reggie_error_errno(NULL));
    GIVES_NULL(reggie_error_host(NULL));
    GIVES_NUMBER(-1, reggie_error_retry_after(NULL));
    GIVES_NUMBER(0, reggie_error_callback_value(NULL));
    GIVES_NUMBER(0, reggie_error_is_retryable(NULL));
    RETURNS(reggie_string_free(NULL));
    GIVES_TEXT("unknown status", reggie_status_string(INT_MIN));
    GIVES_TEXT(REGGIE_VERSION, reggie_version());
    GIVES_NUMBER(REGGIE_VERSION_NUMBER, reggie_version_number());
}

static void ignore(void *userdata, int level, const char *message)
{
    (void)userdata;
    (void)level;
    (void)message;
}

static void configs(void)
{
    reggie_config *config = reggie_config_new();

    tell("reggie_config_new()");
    CHECK(config != NULL);
    RETURNS(reggie_config_free(NULL));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_credentials(NULL, "u", "p"));
    TAKES(reggie_config_set_credentials(config, text, "p"), REGGIE_OK,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_CREDENTIALS);
    TAKES(reggie_config_set_credentials(config, "u", text), REGGIE_OK,
          REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_UTF8, REGGIE_OK);
    FAILS(REGGIE_INVALID_CREDENTIALS,
          reggie_config_set_credentials(config, "", ""));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_default_name(NULL, "a"));
    TAKES(reggie_config_set_default_name(config, text), REGGIE_INVALID_NAME,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_NAME);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_auth_scope(NULL, "a"));
    TAKES(reggie_config_set_auth_scope(config, text),
          REGGIE_INVALID_CREDENTIALS, REGGIE_OK, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_CREDENTIALS);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_mirror_of(NULL, "a"));
    TAKES(reggie_config_set_mirror_of(config, text), REGGIE_INVALID_REFERENCE,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_user_agent(NULL, "a"));
    TAKES(reggie_config_set_user_agent(config, text), REGGIE_INVALID_HEADER,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_HEADER);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_debug(NULL, 1));
    WORKS(reggie_config_set_debug(config, INT_MAX));
    /* Or invalid arguments would be written to stderr. */
    WORKS(reggie_config_set_debug(config, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_max_body_memory(NULL, 1));
    WORKS(reggie_config_set_max_body_memory(config, 0));
    WORKS(reggie_config_set_max_body_memory(config, (size_t)-1));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_log_callback(NULL, REGGIE_LOG_DEBUG, ignore, NULL,
                                         NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_log_callback(config, 0, ignore, NULL, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_log_callback(config, 5, ignore, NULL, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_log_callback(config, INT_MIN, ignore, NULL, NULL));
    WORKS(reggie_config_set_log_callback(config, REGGIE_LOG_ERROR, NULL, NULL,
                                         NULL));
    RETURNS(reggie_status_string(REGGIE_OK));
    reggie_config_free(config);
    tell("reggie_config_free(config)");
}

/* Nobody listens at the address. */
static void clients(const char *good)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;

    TAKES(reggie_client_new(text, config, &out.client, &error),
          REGGIE_INVALID_ADDRESS, REGGIE_INVALID_ADDRESS, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ADDRESS);
    memcpy(large_path, "http://", 7);
    FAILS(REGGIE_INVALID_ADDRESS,
          reggie_client_new(large_path, config, &out.client, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_client_new(good, config, NULL, &error));
    WORKS(reggie_client_new(good, NULL, &out.client, &error));
    client = out.client;
    CHECK(client != NULL);
    RETURNS(reggie_client_free(NULL));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_client_set_default_name(NULL, "a"));
    TAKES(reggie_client_set_default_name(client, text), REGGIE_INVALID_NAME,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_NAME);

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_client_derive(NULL, config, &out.client, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_client_derive(client, config, NULL, &error));
    WORKS(reggie_client_derive(client, config, &out.client, &error));
    reggie_client_free(out.client);
    WORKS(reggie_client_derive(client, NULL, &out.client, NULL));
    reggie_client_free(client);
    client = out.client;

    request = check_request(client, REGGIE_GET, "/");
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_client_do(NULL, request, &out.response, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_client_do(client, NULL, &out.response, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_client_do(client, request, NULL, &error));
    FAILS(REGGIE_CONNECT,
          reggie_client_do(client, request, &out.response, &error));
    FAILS(REGGIE_CONNECT, reggie_client_do(client, request, &out.response, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_client_open(NULL, request, &out.response, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_client_open(client, NULL, &out.response, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_client_open(client, request, NULL, &error));
    FAILS(REGGIE_CONNECT,
          reggie_client_open(client, request, &out.response, &error));
    FAILS(REGGIE_CONNECT,
          reggie_client_open(client, request, &out.response, NULL));
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
}

static void run(void *address)
{
    errors_without_an_error();
    configs();
    clients((const char *)address);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
