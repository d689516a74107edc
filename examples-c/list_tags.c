/*
 * Lists the tags of a repository, page by page, as the registry gives them: as
 * JSON, for which a program has a library of its own.
 *
 *     list_tags URL [repository]
 *
 * See common.h for credentials.
 */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <string.h>

/* A registry that always has another page does not keep us for ever. */
#define MOST_PAGES 1000

/*
 * Takes the target out of `Link: </v2/...>; rel="next"`, by which a registry
 * tells that there is another page. It is a path on the server: where the
 * client's address has a path too, that would have to be taken off. Returns
 * NULL if there is no other page; the caller frees it.
 */
static char *next_page(const reggie_response *response)
{
    const char *link = reggie_response_header(response, "Link");
    const char *end = link != NULL ? strchr(link, '>') : NULL;

    if (end == NULL || *link != '<' || strstr(end, "next") == NULL)
        return NULL;
    return strndup(link + 1, (size_t)(end - link - 1));
}

/* Prints one page; `path` is replaced by that of the next one. */
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
    /* The path of a further page has a query of its own. */
    if (status == REGGIE_OK && *path == NULL)
        status = reggie_request_set_query(request, "n", "100");
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    ok = succeeded(what, status, error) && has_status(what, response, 200);
    free(*path);
    *path = NULL;
    if (ok) {
        write_words(stdout, (const char *)reggie_response_body(response));
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
    while (ok && path != NULL && ++pages < MOST_PAGES);

    free(path);
    reggie_client_free(client);
    return exit_code(ok);
}
