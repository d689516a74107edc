/*
 * The benchmark cases of whole images with libreggie. A PLACE is the URL of a
 * repository, such as http://localhost/v2/name, or the path of a layout:
 *
 *     images [--ca FILE] FROM TO TAG SYNC [PARALLEL]
 */

#include <reggie.h>

#include "measure.h"

static void check(reggie_status status, reggie_error *error)
{
    if (status != REGGIE_OK)
        fail(reggie_status_string(status), reggie_error_message(error));
}

static reggie_repository *open_place(char *place, const reggie_config *config)
{
    reggie_error *error = NULL;
    reggie_client *client = NULL;
    reggie_repository *repository = NULL;
    char *name = strstr(place, "/v2/");

    if (name == NULL) {
        check(reggie_repository_open_layout(place, 1, &repository, &error), error);
        return repository;
    }
    *name = '\0';
    check(reggie_client_new(place, config, &client, &error), error);
    check(reggie_repository_new(client, name + strlen("/v2/"), &repository, &error),
          error);
    reggie_client_free(client);
    return repository;
}

int main(int argc, char **argv)
{
    reggie_error *error = NULL;
    reggie_config *config = reggie_config_new();
    reggie_options *options = reggie_options_new();
    reggie_repository *from, *to;
    const char *tag;

    if (argc > 2 && strcmp(argv[1], "--ca") == 0) {
        check(reggie_config_add_ca_file(config, argv[2], &error), error);
        argv += 2;
        argc -= 2;
    }
    if (argc < 5)
        fail("usage", "see the comment in images.c");
    from = open_place(argv[1], config);
    to = open_place(argv[2], config);
    tag = argv[3];
    check(reggie_options_set_sync(options, atoi(argv[4])), NULL);
    if (argc > 5)
        check(reggie_options_set_parallel(options, (size_t)atol(argv[5])), NULL);
    check(reggie_copy(from, tag, to, &tag, 1, options, NULL, &error), error);
    reggie_repository_free(from);
    reggie_repository_free(to);
    reggie_options_free(options);
    reggie_config_free(config);
    return 0;
}
