/*
 * Lists the tags of a repository with the credentials in REGISTRY_USER and
 * REGISTRY_PASSWORD, or with those that "docker login" or "podman login" has
 * stored: authentication URL REPOSITORY
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

static void print_log(void *userdata, int level, const char *message)
{
    (void)userdata;
    (void)level;
    fprintf(stderr, "%s\n", message);
}

static reggie_status set_credentials(reggie_config *config)
{
    const char *user = getenv("REGISTRY_USER");
    const char *password = getenv("REGISTRY_PASSWORD");
    reggie_status status;

    if (user != NULL && password != NULL)
        return reggie_config_set_credentials(config, user, password);
    status = reggie_config_use_default_credentials_files(config, 1);
    if (status == REGGIE_OK) /* the files may name programs that have them */
        status = reggie_config_set_credential_helpers(config, 1);
    return status;
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
    status = set_credentials(config);
    if (status == REGGIE_OK)
        status = reggie_config_set_log_callback(config, REGGIE_LOG_INFO,
                                                print_log, NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_client_new(argv[1], config, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/tags/list",
                                    &request, &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_name(request, argv[2]);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    if (status == REGGIE_OK) /* 401 if there are no credentials */
        status = reggie_response_check(response, &error);
    if (status == REGGIE_OK)
        printf("%s\n", (const char *)reggie_response_body(response));
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
