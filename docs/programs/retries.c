/*
 * Sends a request that is retried up to five times, and prints each decision:
 * retries URL
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

static int decide(void *userdata, int attempt, const char *method,
                  int http_status, reggie_status failure, int would_retry,
                  int *retry)
{
    (void)userdata;
    printf("attempt %d: %s, HTTP status %d, %s: %s\n", attempt, method,
           http_status, reggie_status_string(failure),
           would_retry ? "retry" : "no retry");
    *retry = would_retry; /* it has this value already */
    return 0;
}

int main(int argc, char **argv)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        reggie_config_free(config);
        return EXIT_FAILURE;
    }
    status = reggie_config_set_retries(config, 5);
    if (status == REGGIE_OK) /* delays from 0.1 s to 2 s; Retry-After up to 10 s */
        status = reggie_config_set_retry_delays(config, 100, 2000, 10000);
    if (status == REGGIE_OK)
        status = reggie_config_set_retry_condition(config, decide, NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_client_new(argv[1], config, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET, "/v2/", &request,
                                    &error);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    if (status == REGGIE_OK)
        printf("HTTP status %d after %lu requests\n",
               reggie_response_status(response),
               (unsigned long)reggie_response_send_count(response));
    else if (status == REGGIE_RETRY_LATER)
        printf("the registry is busy for %ld seconds\n",
               (long)(reggie_error_retry_after(error) / 1000));
    else
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
