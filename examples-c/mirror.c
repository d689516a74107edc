/*
 * Mirrors the tags of a repository that match a pattern, with signatures.
 *
 *     mirror SOURCE DESTINATION 'v1.*'
 *
 * What the destination has is not transferred, so that this can run often. See
 * common.h for credentials.
 */
#include "common.h"

#include <fnmatch.h>

/* Adds a copy of each tag that matches the pattern. */
static reggie_status add_tags(reggie_batch *batch, const reggie_repository *from,
                              const reggie_repository *to, const char *pattern,
                              reggie_error **error)
{
    reggie_names *tags = NULL;
    const char *tag = NULL;
    reggie_status status = reggie_tags_open(from, NULL, NULL, &tags, error);

    if (status == REGGIE_OK)
        status = reggie_names_next(tags, &tag, error);
    while (status == REGGIE_OK && tag != NULL) {
        if (fnmatch(pattern, tag, 0) == 0)
            status = reggie_batch_copy(batch, from, tag, to, &tag, 1);
        if (status == REGGIE_OK)
            status = reggie_names_next(tags, &tag, error);
    }
    reggie_names_free(tags);
    return status;
}

/* Copies all tags, even if one of them fails. */
static int mirror(const reggie_repository *from, const reggie_repository *to,
                  const char *pattern)
{
    reggie_options *options = reggie_options_new();
    reggie_batch *batch = NULL;
    reggie_error *error = NULL;
    size_t i;
    int failed = 0;
    reggie_status status = reggie_options_set_referrers(options, 1);

    if (status == REGGIE_OK)
        status = reggie_options_set_digest_tags(options, 1);
    if (status == REGGIE_OK)
        status = reggie_batch_new(options, &batch, &error);
    if (status == REGGIE_OK)
        status = reggie_batch_set_keep_going(batch, 1);
    if (status == REGGIE_OK)
        status = add_tags(batch, from, to, pattern, &error);
    if (status == REGGIE_OK)
        status = reggie_batch_run(batch, &error);
    for (i = 0; i < reggie_batch_count(batch); i++) {
        const reggie_descriptor *copied = reggie_batch_item(batch, i);
        const reggie_error *why = reggie_batch_error(batch, i);

        if (copied != NULL)
            puts(reggie_descriptor_digest(copied));
        else if (why != NULL)
            failed = !succeeded("copy", status, why);
    }
    if (!failed)
        succeeded("mirror", status, error);
    reggie_error_free(error);
    reggie_batch_free(batch);
    reggie_options_free(options);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    reggie_repository *from;
    reggie_repository *to;
    int ok;

    if (argc != 4) {
        fprintf(stderr, "usage: %s SOURCE DESTINATION PATTERN\n", argv[0]);
        return EXIT_FAILURE;
    }
    from = open_repository(argv[1]);
    to = from != NULL ? open_repository(argv[2]) : NULL;
    ok = to != NULL && mirror(from, to, argv[3]);

    reggie_repository_free(to);
    reggie_repository_free(from);
    return exit_code(ok);
}
