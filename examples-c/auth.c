/*
 * Authenticates with user name and password, and shows the debug log.
 *
 *     REGGIE_USER=me REGGIE_PASSWORD=secret auth URL [repository]
 *
 * The log, on stderr, shows the registry's challenge, if any, and how the client
 * responds to it, without secrets. The second request needs no challenge.
 * Without user name and password, requests are anonymous.
 */
#include "common.h"

/* Prints whether access was granted; the repository need not exist. */
static int send_request(const reggie_client *client)
{
    const char *what = "GET of the tags";
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int http_status;
    int ok;

    status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/tags/list",
                                &request, &error);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    http_status = reggie_response_status(response);
    ok = succeeded(what, status, error)
        && (http_status == 404 || has_status(what, response, 200));
    if (ok)
        printf("let in, HTTP status %d\n", http_status);

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    return ok;
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[2] : DEFAULT_NAME;
    const char *user = getenv("REGGIE_USER");
    const char *password = getenv("REGGIE_PASSWORD");
    const char *ca_file = getenv("REGGIE_CA_FILE");
    reggie_config *config;
    reggie_client *client = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int ok;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s URL [repository]\n", argv[0]);
        return EXIT_FAILURE;
    }
    config = reggie_config_new();
    status = reggie_config_set_debug(config, 1);
    if (status == REGGIE_OK && user != NULL && password != NULL)
        status = reggie_config_set_credentials(config, user, password);
    if (status == REGGIE_OK && ca_file != NULL)
        status = reggie_config_add_ca_file(config, ca_file, &error);
    if (status == REGGIE_OK)
        status = reggie_config_set_default_name(config, name);
    if (status == REGGIE_OK)
        status = reggie_client_new(argv[1], config, &client, &error);
    ok = succeeded("client", status, error) && send_request(client) && send_request(client);

    reggie_error_free(error);
    reggie_client_free(client);
    reggie_config_free(config);
    return exit_code(ok);
}
