#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int http_status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REPOSITORY\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_client_new(argv[1], NULL, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/tags/list",
                                    &request, &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_name(request, argv[2]);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);

    http_status = reggie_response_status(response);
    if (status != REGGIE_OK) /* setters return only a status */
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));
    else if (http_status != 200)
        fprintf(stderr, "the registry returned status %d\n", http_status);
    else
        printf("%s\n", (const char *)reggie_response_body(response));

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    return http_status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
}
