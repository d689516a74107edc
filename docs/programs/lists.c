/*
 * Lists the tags of a repository, and the repositories of its registry:
 * lists REPOSITORY
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

/* Prints a list to its end. Pages are requested as they are needed. */
static reggie_status print(reggie_names *names, reggie_error **error)
{
    const char *name = NULL;
    reggie_status status;

    do {
        status = reggie_names_next(names, &name, error);
        if (name)
            puts(name); /* valid until the next call */
    } while (name);
    if (reggie_names_left_out(names) > 0)
        fprintf(stderr, "%lu invalid names left out\n",
                (unsigned long)reggie_names_left_out(names));
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_options *options = NULL;
    reggie_names *tags = NULL, *repositories = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: %s REPOSITORY\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    options = reggie_options_new();
    if (status == REGGIE_OK) /* up to 200 names in a page, 50 pages */
        status = reggie_options_set_pages(options, 200, 50);
    if (status == REGGIE_OK)
        status = reggie_tags_open(repository, NULL, options, &tags, &error);
    if (status == REGGIE_OK)
        status = print(tags, &error);
    if (status == REGGIE_OK)
        status = reggie_catalog_open(reggie_repository_client(repository), NULL,
                                     options, &repositories, &error);
    if (status == REGGIE_OK)
        status = print(repositories, &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_names_free(repositories);
    reggie_names_free(tags);
    reggie_options_free(options);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
