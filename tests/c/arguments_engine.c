/*
 * What the functions of redirects, hooks, realms and the account of a response
 * do with arguments of no use. Arguments: how, the address of a server with
 * /text and /redirect, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>
#include <stdint.h>

static int redirects, sends, responses;

static void nothing_for_null(void)
{
    GIVES_NULL(reggie_redirect_from(NULL));
    GIVES_NULL(reggie_redirect_to(NULL));
    GIVES_NULL(reggie_redirect_method(NULL));
    GIVES_NUMBER(0, reggie_redirect_status(NULL));
    GIVES_NUMBER(0, reggie_redirect_hop(NULL));
    GIVES_NULL(reggie_redirect_headers(NULL));

    GIVES_NUMBER(0, reggie_exchange_purpose(NULL));
    GIVES_NULL(reggie_exchange_method(NULL));
    GIVES_NULL(reggie_exchange_url(NULL));
    GIVES_NUMBER(0, reggie_exchange_status(NULL));
    GIVES_NULL(reggie_exchange_headers(NULL));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_response_check(NULL, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_response_check(NULL, NULL));
    GIVES_NULL(reggie_response_url(NULL));
    GIVES_NUMBER(0, reggie_response_send_count(NULL));
    GIVES_NULL(reggie_response_remote_address(NULL));
    GIVES_NUMBER(0, reggie_response_is_reused(NULL));
    GIVES_NUMBER(-1, reggie_response_time(NULL, REGGIE_TIME_TOTAL));
    GIVES_NUMBER(0, reggie_response_body_size(NULL));
}

static int at_redirect(void *userdata, const reggie_redirect *redirect,
                       int *choice)
{
    const reggie_headers *headers = reggie_redirect_headers(redirect);

    (void)userdata;
    redirects++;
    CHECK_NUMBER(REGGIE_REDIRECT_FOLLOW, *choice);
    CHECK(strstr(reggie_redirect_from(redirect), "/redirect") != NULL);
    CHECK(strstr(reggie_redirect_to(redirect), "/text") != NULL);
    CHECK_TEXT("GET", reggie_redirect_method(redirect));
    CHECK_NUMBER(307, reggie_redirect_status(redirect));
    CHECK_NUMBER(1, reggie_redirect_hop(redirect));
    CHECK(headers != NULL);
    CHECK(reggie_headers_count(headers) > 0);
    GIVES_NULL(reggie_headers_name(headers, index));
    GIVES_NULL(reggie_headers_value(headers, index));
    GIVES_NULL(reggie_headers_get(headers, text));
    GIVES_NUMBER(0, reggie_headers_get_count(headers, text));
    GIVES_NULL(reggie_headers_get_at(headers, text, 0));
    GIVES_NULL(reggie_headers_get_at(headers, "Location", index));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_headers_set((reggie_headers *)headers, "a", "b"));
    return 0;
}

static int at_send(void *userdata, reggie_exchange *exchange)
{
    reggie_headers *headers = reggie_exchange_headers(exchange);

    (void)userdata;
    sends++;
    CHECK_NUMBER(sends == 1 ? REGGIE_PURPOSE_FIRST : REGGIE_PURPOSE_REDIRECT,
                 reggie_exchange_purpose(exchange));
    CHECK_TEXT("GET", reggie_exchange_method(exchange));
    CHECK_NUMBER(0, reggie_exchange_status(exchange));
    GIVES_NULL(reggie_headers_name(headers, index));
    GIVES_NULL(reggie_headers_value(headers, index));
    GIVES_NULL(reggie_headers_get(headers, text));
    GIVES_NUMBER(0, reggie_headers_get_count(headers, text));
    GIVES_NULL(reggie_headers_get_at(headers, text, 0));
    GIVES_NULL(reggie_headers_get_at(headers, "User-Agent", index));
    TAKES(reggie_headers_set(headers, text, "b"), REGGIE_INVALID_HEADER,
          REGGIE_INVALID_HEADER, REGGIE_INVALID_UTF8, REGGIE_INVALID_HEADER);
    TAKES(reggie_headers_set(headers, "a", text), REGGIE_OK, REGGIE_OK,
          REGGIE_OK, REGGIE_INVALID_HEADER);
    TAKES(reggie_headers_remove(headers, text), REGGIE_OK, REGGIE_OK,
          REGGIE_INVALID_UTF8, REGGIE_OK);
    WORKS(reggie_headers_remove(headers, "a"));
    return 0;
}

static int at_response(void *userdata, reggie_exchange *exchange)
{
    reggie_headers *headers = reggie_exchange_headers(exchange);

    (void)userdata;
    responses++;
    CHECK(reggie_exchange_status(exchange) > 0);
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_headers_set(headers, "a", "b"));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_headers_remove(headers, "a"));
    return 0;
}

static reggie_config *configs(void)
{
    reggie_config *config = reggie_config_new();

    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_max_redirects(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_config_set_max_redirects(config, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_max_redirects(config, INT_MIN));
    WORKS(reggie_config_set_max_redirects(config, INT_MAX));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_add_allowed_realm(NULL, "a"));
    TAKES(reggie_config_add_allowed_realm(config, text),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ARGUMENT);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_anonymous_fallback(NULL, 1));
    WORKS(reggie_config_set_anonymous_fallback(config, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_realm_callback(NULL, NULL, NULL, NULL));
    WORKS(reggie_config_set_realm_callback(config, NULL, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_redirect_callback(NULL, NULL, NULL, NULL));
    WORKS(reggie_config_set_redirect_callback(config, NULL, NULL, NULL));
    WORKS(reggie_config_set_redirect_callback(config, at_redirect, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_send_callback(NULL, NULL, NULL, NULL));
    WORKS(reggie_config_set_send_callback(config, NULL, NULL, NULL));
    WORKS(reggie_config_set_send_callback(config, at_send, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_response_callback(NULL, NULL, NULL, NULL));
    WORKS(reggie_config_set_response_callback(config, NULL, NULL, NULL));
    WORKS(reggie_config_set_response_callback(config, at_response, NULL, NULL));
    return config;
}

static void run(void *address)
{
    reggie_config *config = configs();
    reggie_client *client = NULL;
    reggie_request *request;
    reggie_response *response = NULL;

    nothing_for_null();
    CHECK_NUMBER(REGGIE_OK, reggie_client_new((const char *)address, config,
                                              &client, NULL));
    request = check_request(client, REGGIE_GET, "/redirect");
    CHECK_NUMBER(REGGIE_OK, reggie_client_do(client, request, &response, NULL));
    CHECK_NUMBER(1, redirects);
    CHECK_NUMBER(2, sends);
    CHECK_NUMBER(2, responses);
    WORKS(reggie_response_check(response, &error));
    WORKS(reggie_response_check(response, NULL));
    CHECK(strstr(reggie_response_url(response), "/text") != NULL);
    CHECK_NUMBER(2, reggie_response_send_count(response));
    CHECK_TEXT(strstr((const char *)address, "127.0.0.1:"),
               reggie_response_remote_address(response));
    GIVES_NUMBER(-1, reggie_response_time(response, INT_MIN));
    GIVES_NUMBER(-1, reggie_response_time(response, INT_MAX));
    CHECK(reggie_response_time(response, REGGIE_TIME_TOTAL) >= 0);
    CHECK_NUMBER((long long)reggie_response_body_length(response),
                 (long long)reggie_response_body_size(response));
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
    redirects = sends = responses = 0;
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
