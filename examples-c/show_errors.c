/*
 * Requests a manifest that does not exist, and prints the errors in the
 * response: code, message and detail.
 *
 *     show_errors URL [repository [reference]]
 *
 * See common.h for credentials.
 */
#include "common.h"

static void show(const char *what, const char *text)
{
    printf("  %-8s ", what);
    write_safely(stdout, text);
    putchar('\n');
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[2] : DEFAULT_NAME;
    const char *reference = argc > 3 ? argv[3] : "no-such-tag";
    const char *what = "GET of the manifest";
    reggie_client *client;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_errors *errors = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    size_t i;
    int ok;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: %s URL [repository [reference]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    client = new_client(argv[1], name);
    if (client == NULL)
        return EXIT_FAILURE;

    status = reggie_request_new(client, REGGIE_GET,
                                "/v2/<name>/manifests/<reference>", &request,
                                &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_reference(request, reference);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    /* The call succeeds: a 404 is a complete response. */
    ok = succeeded(what, status, error) && has_status(what, response, 404);
    if (ok) {
        status = reggie_response_errors(response, &errors, &error);
        ok = succeeded("errors", status, error);
    }
    if (ok) {
        printf("HTTP status %d\n", reggie_response_status(response));
        for (i = 0; i < reggie_errors_count(errors); i++) {
            show("code", reggie_errors_code(errors, i));
            show("message", reggie_errors_message(errors, i));
            show("detail", reggie_errors_detail(errors, i));
        }
    }

    reggie_errors_free(errors);
    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    return exit_code(ok);
}
