/* loop REFERENCE FOLDER: pulls the layers of an image to files within an event
 * loop, which also has a timer. Ctrl-C stops it. */
#include "common.h"
#include <poll.h>
#include <signal.h>

static reggie_cancel *cancel;
static uint64_t all_done, all_total;

static void on_interrupt(int number)
{
    (void)number;
    reggie_cancel_trigger(cancel);
}

static int on_progress(void *userdata, const reggie_progress *progress)
{
    (void)userdata;
    all_done = reggie_progress_all_done(progress);
    all_total = reggie_progress_all_total(progress);
    return 0;
}

/* Starts the pull of each layer to a file with the digest as its name. */
static reggie_status add_layers(reggie_batch *batch, const char *folder,
                                const reggie_repository *repository,
                                const reggie_manifest *image)
{
    reggie_status status = REGGIE_OK;
    char path[4096];
    size_t i;

    for (i = 0; status == REGGIE_OK && i < reggie_manifest_layers_count(image);
         i++) {
        const reggie_descriptor *layer = reggie_manifest_layer(image, i);

        snprintf(path, sizeof path, "%s/%s", folder,
                 reggie_descriptor_digest(layer));
        status = reggie_batch_pull_to_path(batch, repository, layer, path);
    }
    return status;
}

/* The loop, with a timer of 100 ms. Add what else the program waits for. */
static reggie_status loop(reggie_batch *batch, reggie_error **error)
{
    struct pollfd ready[] = {{0, POLLIN, 0}};
    reggie_status status = REGGIE_OK;
    int running = 1;

    ready[0].fd = reggie_batch_fd(batch);
    while (status == REGGIE_OK && running) {
        if (poll(ready, 1, 100) == 0)
            printf("%llu of %llu bytes\n", (unsigned long long)all_done,
                   (unsigned long long)all_total);
        if (ready[0].revents != 0)
            status = reggie_batch_step(batch, 0, &running, error);
    }
    return status;
}

int main(int argc, char **argv)
{
    reggie_batch *batch = NULL;
    reggie_options *options = reggie_options_new();
    reggie_repository *repository = argc == 3 ? open_repository(argv[1]) : NULL;
    reggie_manifest *image = NULL;
    reggie_error *error = NULL;
    reggie_status status = reggie_cancel_new(&cancel, &error);

    if (argc != 3)
        fprintf(stderr, "usage: %s REFERENCE FOLDER\n", argv[0]);
    signal(SIGINT, on_interrupt);
    if (status == REGGIE_OK)
        status = reggie_options_set_cancel(options, cancel);
    if (status == REGGIE_OK)
        status = reggie_options_set_progress_callback(options, 0, on_progress,
                                                      NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_batch_new(options, &batch, &error);
    if (status == REGGIE_OK)
        status = reggie_manifest_resolve(repository, NULL, NULL, options, &image,
                                         &error);
    if (status == REGGIE_OK)
        status = add_layers(batch, argv[2], repository, image);
    if (status == REGGIE_OK)
        status = loop(batch, &error);
    signal(SIGINT, SIG_DFL);
    if (repository != NULL && succeeded("pull", status, error))
        printf("%d layers\n", (int)reggie_batch_count(batch));

    reggie_error_free(error);
    reggie_batch_free(batch);
    reggie_manifest_free(image);
    reggie_repository_free(repository);
    reggie_options_free(options);
    reggie_cancel_free(cancel);
    return exit_code(status == REGGIE_OK);
}
