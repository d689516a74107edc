/*
 * Lists the tags of a repository page by page. Prints the JSON of the registry;
 * use a JSON library to parse it.
 *
 *     list_tags URL [repository]
 *
 * See common.h for credentials.
 */
#include "common.h"

/* Protects against a registry that always returns another page. */
#define MAX_PAGES 1000

/* Requests a page and prints it. The caller must free the response. */
static int print_page(const reggie_client *client, const char *path,
                      reggie_response **response)
{
    const char *what = "GET of the tags";
    reggie_request *request = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int ok;

    status = reggie_request_new(client, REGGIE_GET, path, &request, &error);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, response, &error);
    ok = succeeded(what, status, error) && has_status(what, *response, 200);
    if (ok) {
        write_safely(stdout, (const char *)reggie_response_body(*response));
        putchar('\n');
        status = reggie_response_check_next_page(*response, &error);
        ok = succeeded(what, status, error);
    }

    reggie_error_free(error);
    reggie_request_free(request);
    return ok;
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[2] : DEFAULT_NAME;
    const char *path = "/v2/<name>/tags/list?n=100";
    reggie_client *client;
    reggie_response *page = NULL;
    int pages = 0;
    int ok;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s URL [repository]\n", argv[0]);
        return EXIT_FAILURE;
    }
    client = new_client(argv[1], name);
    ok = client != NULL;
    while (ok && path != NULL) {
        /* The path belongs to the previous page. */
        reggie_response *next = NULL;

        if (pages++ == MAX_PAGES) {
            fprintf(stderr, "more than %d pages\n", MAX_PAGES);
            ok = 0;
            break;
        }
        ok = print_page(client, path, &next);
        reggie_response_free(page);
        page = next;
        path = reggie_response_next_page(page);
    }

    reggie_response_free(page);
    reggie_client_free(client);
    return exit_code(ok);
}
