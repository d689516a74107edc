/*
 * Requests a manifest and prints everything that is known about a failure:
 * errors URL REPOSITORY REFERENCE
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The call failed: there is no response. `error` is NULL after a setter. */
static void print_failure(reggie_status status, const reggie_error *error)
{
    const char *host = reggie_error_host(error);
    int system_error = reggie_error_errno(error);

    printf("status %d: %s\n", (int)status, reggie_status_string(status));
    if (error == NULL)
        return;
    printf("message: %s\n", reggie_error_message(error));
    printf("step: %s\n", reggie_error_step(error));
    if (host != NULL)
        printf("host: %s\n", host);
    if (system_error != 0)
        printf("system: %s\n", strerror(system_error));
    if (reggie_error_is_retryable(error))
        printf("the same call may succeed later\n");
}

/* The registry refused the request, usually with a list of errors. */
static void print_refusal(const reggie_response *response)
{
    reggie_errors *errors = NULL;
    size_t i;

    printf("HTTP status %d\n", reggie_response_status(response));
    if (reggie_response_errors(response, &errors, NULL) == REGGIE_OK)
        for (i = 0; i < reggie_errors_count(errors); i++)
            printf("%s: %s %s\n", reggie_errors_code(errors, i),
                   reggie_errors_message(errors, i),
                   reggie_errors_detail(errors, i));
    else /* such as the error page of a proxy */
        printf("%s\n", (const char *)reggie_response_body(response));
    reggie_errors_free(errors);
}

int main(int argc, char **argv)
{
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int http_status;

    if (argc != 4) {
        fprintf(stderr, "usage: %s URL REPOSITORY REFERENCE\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_client_new(argv[1], NULL, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET,
                                    "/v2/<name>/manifests/<reference>",
                                    &request, &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_name(request, argv[2]);
    if (status == REGGIE_OK)
        status = reggie_request_set_reference(request, argv[3]);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    http_status = reggie_response_status(response);
    if (status != REGGIE_OK)
        print_failure(status, error);
    else if (http_status != 200)
        print_refusal(response);
    else
        printf("the manifest exists\n");

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    return http_status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
}
