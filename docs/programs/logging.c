/*
 * Sends a request, logs what the client does, and prints each HTTP request and
 * the times of the last one: logging URL REPOSITORY
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

/* A program with threads would protect the output with a lock. */
static void print_log(void *userdata, int level, const char *message)
{
    static const char *const names[] = {"", "error", "warning", "info", "debug"};

    (void)userdata;
    fprintf(stderr, "[%s] %s\n",
            level >= REGGIE_LOG_ERROR && level <= REGGIE_LOG_DEBUG
                ? names[level]
                : "other",
            message);
}

/* Called for challenges, token servers, redirects and retries too. */
static int print_exchange(void *userdata, reggie_exchange *exchange)
{
    (void)userdata;
    printf("%s, HTTP status %d%s\n", reggie_exchange_method(exchange),
           reggie_exchange_status(exchange),
           reggie_exchange_purpose(exchange) == REGGIE_PURPOSE_TOKEN
               ? ", for a token"
               : "");
    return 0;
}

static void print_time(const reggie_response *response, const char *name,
                       int which)
{
    printf("%s: %ld us\n", name, (long)reggie_response_time(response, which));
}

int main(int argc, char **argv)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REPOSITORY\n", argv[0]);
        reggie_config_free(config);
        return EXIT_FAILURE;
    }
    status = reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG, print_log,
                                            NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_config_set_response_callback(config, print_exchange,
                                                     NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_client_new(argv[1], config, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/tags/list",
                                    &request, &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_name(request, argv[2]);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    if (status == REGGIE_OK) {
        printf("from %s\n", reggie_response_url(response));
        print_time(response, "connect", REGGIE_TIME_CONNECT);
        print_time(response, "first byte", REGGIE_TIME_FIRST_BYTE);
        print_time(response, "total", REGGIE_TIME_TOTAL);
    } else
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
