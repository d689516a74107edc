/*
 * Copies an image or an artifact from one registry to another, with its
 * signatures and whatever else refers to it.
 *
 *     copy SOURCE DESTINATION
 *
 * Both are references, such as http://127.0.0.1:5000/app:1.2. See common.h for
 * credentials.
 */
#include "common.h"

/* Prints a line for each blob and manifest. */
static int show(void *userdata, const reggie_progress *progress)
{
    const char *what;

    (void)userdata;
    switch (reggie_progress_event(progress)) {
    case REGGIE_PROGRESS_END:
        what = "copied";
        break;
    case REGGIE_PROGRESS_SKIP:
        what = "skipped";
        break;
    case REGGIE_PROGRESS_FAIL:
        what = "failed";
        break;
    default:
        return 0;
    }
    printf("%s ", what);
    write_safely(stdout, reggie_progress_name(progress));
    putchar('\n');
    return 0; /* continue */
}

static int copy(const reggie_repository *from, const reggie_repository *to)
{
    const char *tag = reggie_repository_target(to);
    reggie_options *options = reggie_options_new();
    reggie_descriptor *copied = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    status = reggie_options_set_progress_callback(options, 0, show, NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_options_set_referrers(options, 1);
    if (status == REGGIE_OK)
        status = reggie_options_set_digest_tags(options, 1);
    if (status == REGGIE_OK)
        status = reggie_copy(from, NULL, to, &tag, 1, options, &copied, &error);
    if (succeeded("copy", status, error))
        puts(reggie_descriptor_digest(copied));

    reggie_error_free(error);
    reggie_descriptor_free(copied);
    reggie_options_free(options);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    reggie_repository *from;
    reggie_repository *to;
    int ok;

    if (argc != 3) {
        fprintf(stderr, "usage: %s SOURCE DESTINATION\n", argv[0]);
        return EXIT_FAILURE;
    }
    from = open_repository(argv[1]);
    to = from != NULL ? open_repository(argv[2]) : NULL;
    ok = to != NULL && copy(from, to);

    reggie_repository_free(to);
    reggie_repository_free(from);
    return exit_code(ok);
}
