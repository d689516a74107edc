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

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REPOSITORY\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_client_new(argv[1], NULL, &client, &error);
    if (status == REGGIE_OK) /* <name> is set below */
        status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/tags/list",
                                    &request, &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_name(request, argv[2]);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    if (status == REGGIE_OK) /* fails if the HTTP status is, for example, 404 */
        status = reggie_response_check(response, &error);

    if (status == REGGIE_OK)
        printf("%s\n", (const char *)reggie_response_body(response));
    else /* setters return only a status */
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
