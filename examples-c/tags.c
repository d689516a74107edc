/*
 * Lists the tags of a repository, or adds tags to a manifest.
 *
 *     tags REGISTRY/REPOSITORY            lists the tags
 *     tags REGISTRY/REPOSITORY:TAG NEW... adds the new tags to what TAG points to
 *
 * See common.h for credentials.
 */
#include "common.h"

static int list(const reggie_repository *repository)
{
    reggie_names *names = NULL;
    reggie_error *error = NULL;
    const char *name = NULL;
    reggie_status status =
        reggie_tags_open(repository, NULL, NULL, &names, &error);

    /* Each page is requested when it is needed. */
    while (status == REGGIE_OK) {
        status = reggie_names_next(names, &name, &error);
        if (status != REGGIE_OK || name == NULL)
            break;
        puts(name); /* valid until the next call */
    }
    if (reggie_names_left_out(names) > 0)
        fprintf(stderr, "%lu invalid tags left out\n",
                (unsigned long)reggie_names_left_out(names));
    succeeded("list of tags", status, error);

    reggie_error_free(error);
    reggie_names_free(names);
    return status == REGGIE_OK;
}

static int add(const reggie_repository *repository, const char *const *tags,
               size_t count)
{
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;
    reggie_status status =
        reggie_manifest_pull(repository, NULL, NULL, &manifest, &error);

    /* A tag that points to the manifest already is not set again. */
    if (status == REGGIE_OK)
        status = reggie_manifest_push(repository, manifest, tags, count, NULL,
                                      &error);
    if (succeeded("new tags", status, error))
        puts(reggie_descriptor_digest(reggie_manifest_descriptor(manifest)));

    reggie_error_free(error);
    reggie_manifest_free(manifest);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    reggie_repository *repository;
    int ok;

    if (argc < 2) {
        fprintf(stderr, "usage: %s REFERENCE [NEW_TAG...]\n", argv[0]);
        return EXIT_FAILURE;
    }
    repository = open_repository(argv[1]);
    ok = repository != NULL;
    if (ok && argc == 2)
        ok = list(repository);
    else if (ok)
        ok = add(repository, (const char *const *)argv + 2, (size_t)argc - 2);

    reggie_repository_free(repository);
    return exit_code(ok);
}
