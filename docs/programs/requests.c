/* Lists the tags of a repository, 100 per page: requests URL REPOSITORY */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

static reggie_status print_page(const reggie_client *client,
                                reggie_request *request,
                                reggie_response **response,
                                reggie_error **error)
{
    reggie_status status = reggie_client_do(client, request, response, error);

    if (status == REGGIE_OK)
        status = reggie_response_check(*response, error);
    if (status == REGGIE_OK) /* use a JSON library to parse the body */
        printf("%s\n", (const char *)reggie_response_body(*response));
    return status;
}

int main(int argc, char **argv)
{
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int is_last = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REPOSITORY\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_client_new(argv[1], NULL, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET,
                                    "/v2/<name>/tags/list?n=100", &request,
                                    &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_name(request, argv[2]);
    while (status == REGGIE_OK && !is_last) {
        reggie_response *response = NULL;
        const char *next;

        status = print_page(client, request, &response, &error);
        if (status == REGGIE_OK) /* a page at another server would be missing */
            status = reggie_response_check_next_page(response, &error);
        next = reggie_response_next_page(response);
        is_last = next == NULL;
        if (status == REGGIE_OK && !is_last) /* the path includes a query */
            status = reggie_request_set_path(request, next);
        reggie_response_free(response);
    }
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_request_free(request);
    reggie_client_free(client);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
