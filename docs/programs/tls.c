/*
 * Connects to a registry whose certificate was issued by the CA in FILE, and by
 * no other: tls URL FILE
 */
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
        fprintf(stderr, "usage: %s URL FILE\n", argv[0]);
        reggie_config_free(config);
        return EXIT_FAILURE;
    }
    status = reggie_config_set_system_trust(config, 0);
    if (status == REGGIE_OK)
        status = reggie_config_add_ca_file(config, argv[2], &error);
    if (status == REGGIE_OK)
        status = reggie_config_set_min_tls_version(config, REGGIE_TLS_1_3);
    if (status == REGGIE_OK)
        status = reggie_client_new(argv[1], config, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET, "/v2/", &request,
                                    &error);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    if (status == REGGIE_OK)
        printf("HTTP status %d, handshake in %ld microseconds\n",
               reggie_response_status(response),
               (long)reggie_response_time(response, REGGIE_TIME_TLS));
    else if (status == REGGIE_CERTIFICATE)
        printf("not trusted: %s\n", reggie_error_message(error));
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
