/*
 * With debug, requests and answers go to stderr, and no secrets. Arguments:
 * how, the address of a server that answers /challenge with a challenge.
 */
#include "check.h"

static void run(void *address)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;

    CHECK_OK(reggie_config_set_credentials(config, "user", "secret"), NULL);
    CHECK_OK(reggie_config_set_debug(config, 1), NULL);
    client = check_client((const char *)address, "-", config);
    reggie_config_free(config);
    request = check_request(client, "GET", "/challenge");
    check_sends(client, request, 200);
    reggie_request_free(request);
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(3, count);
    return check_run(arguments[1], run, arguments[2]);
}
