/*
 * What the functions about retries, warnings, cookies and what headers mean do
 * with arguments of no use. Arguments: how, the address of a server with /text
 * and /told, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

/* Places for results, all of which a failure makes 0. */
static struct {
    uint64_t first;
    uint64_t last;
    int64_t limit;
    int64_t remaining;
    int64_t window;
} place;

static void fill(void)
{
    memset(&place, 0x5a, sizeof place);
}

/* What stands in a place where a call failed that named it. */
static void check_zero(int64_t number)
{
    CHECK_NUMBER(0, number);
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
    *retry = would_retry;
    return 0;
}

static void on_warning(void *userdata, const char *host, const char *text)
{
    (void)userdata;
    (void)host;
    (void)text;
}

static void configs(void)
{
    reggie_config *config = reggie_config_new();

    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_retries(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_config_set_retries(config, INT_MIN));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_config_set_retries(config, INT_MAX));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_config_set_retries(config, -1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_config_set_retries(config, 1001));
    WORKS(reggie_config_set_retries(config, 1000));
    WORKS(reggie_config_set_retries(config, 0));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_retry_delays(NULL, 1, 1, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_retry_delays(config, INT64_MIN, 1, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_retry_delays(config, 1, INT64_MIN, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_retry_delays(config, 1, 1, INT64_MIN));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_retry_delays(config, INT64_MIN, 1, 1));
    WORKS(reggie_config_set_retry_delays(config, 0, 0, 0));
    WORKS(reggie_config_set_retry_delays(config, INT64_MAX, INT64_MAX,
                                         INT64_MAX));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_retry_condition(NULL, on_condition, NULL, NULL));
    WORKS(reggie_config_set_retry_condition(config, on_condition, NULL, NULL));
    WORKS(reggie_config_set_retry_condition(config, NULL, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_warning_callback(NULL, on_warning, NULL, NULL));
    WORKS(reggie_config_set_warning_callback(config, on_warning, NULL, NULL));
    WORKS(reggie_config_set_warning_callback(config, NULL, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_cookies(NULL, 1));
    WORKS(reggie_config_set_cookies(config, INT_MIN));
    WORKS(reggie_config_set_cookies(config, 0));
    reggie_config_free(config);
}

static void requests(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/");

    FAILS(REGGIE_NULL_ARGUMENT, reggie_request_set_retries(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_retries(request, INT_MIN));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_request_set_retries(request, INT_MAX));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_request_set_retries(request, -2));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_request_set_retries(request, 1001));
    WORKS(reggie_request_set_retries(request, 1000));
    WORKS(reggie_request_set_retries(request, 0));
    WORKS(reggie_request_set_retries(request, -1));
    reggie_request_free(request);
}

static void nothing_for_null(void)
{
    GIVES_NULL(reggie_response_next_page(NULL));
    GIVES_NUMBER(-1, reggie_response_retry_after(NULL));
    GIVES_NUMBER(0, reggie_response_warnings_count(NULL));
    GIVES_NULL(reggie_response_warning(NULL, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_response_check_next_page(NULL, NULL));
    fill();
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_range(NULL, &place.first, &place.last));
    check_zero((int64_t)place.first);
    check_zero((int64_t)place.last);
    fill();
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_rate_limit(NULL, &place.limit, &place.remaining,
                                     &place.window));
    check_zero(place.limit);
    check_zero(place.remaining);
    check_zero(place.window);
}

static void nothing_told(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/text");
    reggie_response *response = check_do(client, request);

    CHECK(reggie_response_next_page(response) == NULL);
    WORKS(reggie_response_check_next_page(response, NULL));
    CHECK_NUMBER(-1, reggie_response_retry_after(response));
    CHECK_NUMBER(0, reggie_response_warnings_count(response));
    fill();
    FAILS(REGGIE_NO_HEADER,
          reggie_response_range(response, &place.first, &place.last));
    check_zero((int64_t)place.first);
    check_zero((int64_t)place.last);
    fill();
    FAILS(REGGIE_NO_HEADER,
          reggie_response_rate_limit(response, &place.limit, &place.remaining,
                                     &place.window));
    check_zero(place.limit);
    check_zero(place.remaining);
    check_zero(place.window);
    reggie_response_free(response);
    reggie_request_free(request);
}

static void all_told(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/told");
    reggie_response *response = check_do(client, request);

    CHECK_TEXT("/told?last=b&n=2", reggie_response_next_page(response));
    WORKS(reggie_response_check_next_page(response, NULL));
    CHECK_NUMBER(7000, reggie_response_retry_after(response));
    CHECK_NUMBER(2, reggie_response_warnings_count(response));
    CHECK_TEXT("first", reggie_response_warning(response, 0));
    CHECK_TEXT("the \"second\"", reggie_response_warning(response, 1));
    GIVES_NULL(reggie_response_warning(response, index));

    fill();
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_range(response, NULL, &place.last));
    check_zero((int64_t)place.last);
    fill();
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_range(response, &place.first, NULL));
    check_zero((int64_t)place.first);
    WORKS(reggie_response_range(response, &place.first, &place.last));
    CHECK_NUMBER(0, place.first);
    CHECK_NUMBER(123, place.last);

    fill();
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_rate_limit(response, NULL, &place.remaining,
                                     &place.window));
    check_zero(place.remaining);
    check_zero(place.window);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_rate_limit(response, &place.limit, NULL,
                                     &place.window));
    fill();
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_response_rate_limit(response, &place.limit, &place.remaining,
                                     NULL));
    check_zero(place.limit);
    WORKS(reggie_response_rate_limit(response, &place.limit, &place.remaining,
                                     &place.window));
    CHECK_NUMBER(100, place.limit);
    CHECK_NUMBER(-1, place.remaining);
    CHECK_NUMBER(21600, place.window);
    reggie_response_free(response);
    reggie_request_free(request);
}

static void numbers_and_texts(void)
{
    const char *info = reggie_build_info();
    const char *version = "libreggie/" REGGIE_VERSION " rustls/";

    tell("reggie_build_info()");
    CHECK(info == reggie_build_info());
    CHECK(strncmp(version, info, strlen(version)) == 0);
    CHECK(strstr(info, " ring/") != NULL);
    CHECK(strpbrk(info, "?\n") == NULL);
    GIVES_NUMBER(EIO, reggie_status_to_errno(INT_MIN));
    GIVES_NUMBER(EIO, reggie_status_to_errno(INT_MAX));
    CHECK_NUMBER(0, reggie_status_to_errno(REGGIE_OK));
    CHECK_NUMBER(ENOMEM, reggie_status_to_errno(REGGIE_NO_MEMORY));
    CHECK_NUMBER(ECONNREFUSED, reggie_status_to_errno(REGGIE_CONNECT));
}

static void run(void *address)
{
    reggie_client *client = check_client((const char *)address, "-", NULL);

    configs();
    requests(client);
    nothing_for_null();
    nothing_told(client);
    all_told(client);
    numbers_and_texts();
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
