/* Copies an image with its signatures: copying FROM TO [TAG [TAG OF FROM]] */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

/* A reference, or the path of a layout, which begins with a dot or a slash. */
static reggie_status open_place(const char *text, int create,
                                reggie_repository **place, reggie_error **error)
{
    if (text[0] == '.' || text[0] == '/')
        return reggie_repository_open_layout(text, create, place, error);
    return reggie_repository_open(text, NULL, place, error);
}

static int show(void *userdata, const reggie_progress *progress)
{
    (void)userdata;
    if (reggie_progress_event(progress) == REGGIE_PROGRESS_END)
        printf("copied %s\n", reggie_progress_name(progress));
    return 0;
}

int main(int argc, char **argv)
{
    reggie_options *options = reggie_options_new();
    reggie_repository *from = NULL;
    reggie_repository *to = NULL;
    reggie_descriptor *copied = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc < 3) {
        fprintf(stderr, "usage: %s FROM TO [TAG [TAG OF FROM]]\n", argv[0]);
        reggie_options_free(options);
        return EXIT_FAILURE;
    }
    status = reggie_options_set_progress_callback(options, 0, show, NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_options_set_referrers(options, 1);
    if (status == REGGIE_OK)
        status = reggie_options_set_digest_tags(options, 1);
    if (status == REGGIE_OK)
        status = open_place(argv[1], 0, &from, &error);
    if (status == REGGIE_OK)
        status = open_place(argv[2], 1, &to, &error);
    if (status == REGGIE_OK) {
        /* A layout is opened without a tag. */
        const reggie_repository *tagged = reggie_repository_client(to) ? to : from;
        const char *tag = argc > 3 ? argv[3] : reggie_repository_target(tagged);

        status = reggie_copy(from, argc > 4 ? argv[4] : NULL, to, &tag, 1, options,
                             &copied, &error);
    }
    if (status == REGGIE_OK)
        printf("%s\n", reggie_descriptor_digest(copied));
    else
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_descriptor_free(copied);
    reggie_repository_free(to);
    reggie_repository_free(from);
    reggie_options_free(options);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
