/*
 * Deletes a tag, or a manifest with all its tags: deleting REFERENCE
 * A reference with a digest is one of a manifest.
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int confirms(const char *question)
{
    int typed;

    fprintf(stderr, "%s [y/n] ", question);
    typed = getchar();
    return typed == 'y' || typed == 'Y';
}

static reggie_status delete_tag(const reggie_repository *repository,
                                const char *tag, reggie_error **error)
{
    reggie_status status = reggie_tag_delete(repository, tag, NULL, error);
    reggie_options *options;

    if (status != REGGIE_UNSUPPORTED
        || !confirms("Delete it by way of a dummy manifest?"))
        return status;
    reggie_error_free(*error);
    options = reggie_options_new();
    status = reggie_options_set_delete_detour(options, 1);
    if (status == REGGIE_OK)
        status = reggie_tag_delete(repository, tag, options, error);
    reggie_options_free(options);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_error *error = NULL;
    const char *target;
    reggie_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: %s REFERENCE\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    target = reggie_repository_target(repository);
    if (status == REGGIE_OK && strchr(target, ':'))
        status = reggie_manifest_delete(repository, target, NULL, &error);
    else if (status == REGGIE_OK)
        status = delete_tag(repository, target, &error);
    if (status == REGGIE_OK)
        printf("deleted %s of %s\n", target, reggie_repository_name(repository));
    else
        fprintf(stderr, "%s\n", reggie_error_message(error));

    reggie_error_free(error);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
