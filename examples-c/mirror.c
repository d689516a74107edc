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

static reggie_options *new_options(void)
{
    reggie_options *options = reggie_options_new();
    reggie_status status = reggie_options_set_referrers(options, 1);

    if (status == REGGIE_OK)
        status = reggie_options_set_digest_tags(options, 1);
    if (succeeded("options", status, NULL))
        return options;
    reggie_options_free(options);
    return NULL;
}

static int copy(const reggie_repository *from, const reggie_repository *to,
                const char *tag, const reggie_options *options)
{
    reggie_descriptor *copied = NULL;
    reggie_error *error = NULL;
    reggie_status status =
        reggie_copy(from, tag, to, &tag, 1, options, &copied, &error);

    if (succeeded(tag, status, error))
        printf("%s %s\n", tag, reggie_descriptor_digest(copied));
    reggie_error_free(error);
    reggie_descriptor_free(copied);
    return status == REGGIE_OK;
}

/* Copies all tags, even if one of them fails. */
static int mirror(const reggie_repository *from, const reggie_repository *to,
                  const char *pattern)
{
    reggie_options *options = new_options();
    reggie_names *tags = NULL;
    reggie_error *error = NULL;
    const char *tag = NULL;
    int ok = options != NULL;
    reggie_status status = reggie_tags_open(from, NULL, NULL, &tags, &error);

    while (options != NULL && status == REGGIE_OK) {
        status = reggie_names_next(tags, &tag, &error);
        if (status != REGGIE_OK || tag == NULL)
            break;
        if (fnmatch(pattern, tag, 0) == 0)
            ok = copy(from, to, tag, options) && ok;
    }
    if (!succeeded("list of tags", status, error))
        ok = 0;
    reggie_error_free(error);
    reggie_names_free(tags);
    reggie_options_free(options);
    return ok;
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
