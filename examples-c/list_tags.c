/*
 * Lists the tags of a repository page by page. Prints the JSON of the registry;
 * use a JSON library to parse it.
 *
 *     list_tags URL [repository]
 *
 * See common.h for credentials.
 */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <string.h>

/* Protects against a registry that always returns another page. */
#define MAX_PAGES 1000

/*
 * Extracts the target from `Link: </v2/...>; rel="next"`, which points to the
 * next page. It is a path on the server: if the client's address has a path, it
 * would have to be removed. Returns NULL on the last page; the caller must free
 * the result.
 */
static char *next_page(const reggie_response *response)
{
    const char *link = reggie_response_header(response, "Link");
    const char *end = link != NULL ? strchr(link, '>') : NULL;

    if (end == NULL || *link != '<' || strstr(end, "next") == NULL)
        return NULL;
    return strndup(link + 1, (size_t)(end - link - 1));
}

/* Prints a page and replaces `path` by the path of the next page. */
static int print_page(const reggie_client *client, char **path)
{
    const char *what = "GET of the tags";
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int ok;

    status = reggie_request_new(client, REGGIE_GET,
                                *path != NULL ? *path : "/v2/<name>/tags/list",
                                &request, &error);
    /* The path of the next page includes its query. */
    if (status == REGGIE_OK && *path == NULL)
        status = reggie_request_set_query(request, "n", "100");
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    ok = succeeded(what, status, error) && has_status(what, response, 200);
    free(*path);
    *path = NULL;
    if (ok) {
        write_safely(stdout, (const char *)reggie_response_body(response));
        putchar('\n');
        *path = next_page(response);
    }

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    return ok;
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[2] : DEFAULT_NAME;
    reggie_client *client;
    char *path = NULL;
    int pages = 0;
    int ok;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s URL [repository]\n", argv[0]);
        return EXIT_FAILURE;
    }
    client = new_client(argv[1], name);
    ok = client != NULL;
    do
        ok = ok && print_page(client, &path);
    while (ok && path != NULL && ++pages < MAX_PAGES);

    free(path);
    reggie_client_free(client);
    return exit_code(ok);
}
