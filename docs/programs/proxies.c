/* Sends a request through a proxy, such as http://proxy:3128: proxies URL PROXY */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL PROXY\n", argv[0]);
        reggie_config_free(config);
        return EXIT_FAILURE;
    }
    status = reggie_config_set_proxy(config, NULL, argv[2], &error);
    if (status == REGGIE_OK) /* these are connected to directly */
        status = reggie_config_set_no_proxy(config,
                                            "10.0.0.0/8,.internal.example");
    if (status == REGGIE_OK)
        status = reggie_client_new(argv[1], config, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET, "/v2/", &request,
                                    &error);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    if (status == REGGIE_OK)
        printf("HTTP status %d through %s\n", reggie_response_status(response),
               reggie_response_remote_address(response));
    else if (status == REGGIE_PROXY)
        printf("refused by the proxy: HTTP status %d\n",
               reggie_error_http_status(error));
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
