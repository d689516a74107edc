/* Pushes files, and pulls a blob to stdout, within an event loop:
 * event-loops REPOSITORY DIGEST FILE... */
#include <reggie.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int on_progress(void *userdata, const reggie_progress *progress)
{
    (void)userdata;
    if (reggie_progress_event(progress) == REGGIE_PROGRESS_DONE)
        fprintf(stderr, "item %d, %d of %d\n",
                (int)reggie_progress_index(progress),
                (int)reggie_progress_items_done(progress),
                (int)reggie_progress_items(progress));
    return 0;
}

static reggie_status add(reggie_batch *batch, const reggie_repository *repository,
                         int argc, char **argv, reggie_error **error)
{
    reggie_descriptor *blob = NULL;
    reggie_status status = reggie_descriptor_new(argv[2], REGGIE_UNKNOWN_SIZE,
                                                 NULL, &blob, error);
    int i;

    if (status == REGGIE_OK)
        status = reggie_batch_pull_to_fd(batch, repository, blob, STDOUT_FILENO);
    for (i = 3; status == REGGIE_OK && i < argc; i++)
        status = reggie_batch_push_path(batch, repository, argv[i], NULL);
    reggie_descriptor_free(blob);
    return status;
}

static reggie_status loop(reggie_batch *batch, reggie_error **error)
{
    struct pollfd ready = {0, POLLIN, 0};
    reggie_status status = REGGIE_OK;
    size_t reported = 0;
    int running = 1;

    ready.fd = reggie_batch_fd(batch);
    while (status == REGGIE_OK && running) {
        /* With everything else that the program waits for. */
        poll(&ready, 1, -1);
        status = reggie_batch_step(batch, 0, &running, error);
        for (; reggie_batch_is_done(batch, reported); reported++)
            if (reggie_batch_item(batch, reported) != NULL)
                fprintf(stderr, "done: %s\n",
                        reggie_descriptor_digest(
                            reggie_batch_item(batch, reported)));
    }
    return status;
}

int main(int argc, char **argv)
{
    reggie_options *options = reggie_options_new();
    reggie_repository *repository = NULL;
    reggie_batch *batch = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc < 3) {
        fprintf(stderr, "usage: %s REPOSITORY DIGEST FILE...\n", argv[0]);
        reggie_options_free(options);
        return EXIT_FAILURE;
    }
    status = reggie_options_set_progress_callback(options, 0, on_progress, NULL,
                                                  NULL);
    if (status == REGGIE_OK)
        status = reggie_repository_open(argv[1], NULL, &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_batch_new(options, &batch, &error);
    if (status == REGGIE_OK)
        status = add(batch, repository, argc, argv, &error);
    if (status == REGGIE_OK)
        status = loop(batch, &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_batch_free(batch);
    reggie_repository_free(repository);
    reggie_options_free(options);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
