/*
 * Pulls an image to an OCI image layout, which is a directory, with a line of
 * progress for each layer. Ctrl-C interrupts it; the next run continues.
 *
 *     pull REFERENCE FOLDER [PLATFORM]
 *
 * PLATFORM is one such as linux/arm64, or host; without it, the images for all
 * platforms are pulled. See common.h for credentials.
 */
#include "common.h"
#include "progress.h"

#include <signal.h>

static reggie_cancel *cancel;

static void on_interrupt(int number)
{
    (void)number;
    reggie_cancel_trigger(cancel);
}

static reggie_status set_options(reggie_options *options, const char *platform,
                                 struct progress_lines *lines)
{
    reggie_status status = reggie_options_set_cancel(options, cancel);

    if (status == REGGIE_OK)
        status = reggie_options_set_progress_callback(options, 0, show_progress,
                                                      lines, NULL);
    if (status == REGGIE_OK)
        status = reggie_options_set_platform(options, platform);
    if (status == REGGIE_OK) /* base layers of Windows are stored elsewhere */
        status = reggie_options_set_foreign(options, 1);
    return status;
}

static int pull(const reggie_repository *from, const char *folder,
                const char *platform)
{
    const char *tag = reggie_repository_target(from);
    static struct progress_lines lines;
    reggie_options *options = reggie_options_new();
    reggie_repository *layout = NULL;
    reggie_descriptor *pulled = NULL;
    reggie_error *error = NULL;
    reggie_status status = reggie_cancel_new(&cancel, &error);

    if (status == REGGIE_OK)
        status = set_options(options, platform, &lines);
    if (status == REGGIE_OK) /* creates the layout if there is none */
        status = reggie_repository_open_layout(folder, 1, &layout, &error);
    if (status == REGGIE_OK) {
        signal(SIGINT, on_interrupt);
        status = reggie_copy(from, NULL, layout, &tag, 1, options, &pulled,
                             &error);
        signal(SIGINT, SIG_DFL);
    }
    if (succeeded("pull", status, error))
        puts(reggie_descriptor_digest(pulled));

    reggie_error_free(error);
    reggie_descriptor_free(pulled);
    reggie_repository_free(layout);
    reggie_options_free(options);
    reggie_cancel_free(cancel);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    reggie_repository *from;
    int ok;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s REFERENCE FOLDER [PLATFORM]\n", argv[0]);
        return EXIT_FAILURE;
    }
    from = open_repository(argv[1]);
    ok = from != NULL && pull(from, argv[2], argv[3]);
    reggie_repository_free(from);
    return exit_code(ok);
}
