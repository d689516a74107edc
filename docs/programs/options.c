/* Pulls the layers of an image into a folder, as files named by their digests:
 * options REFERENCE FOLDER */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

/* Called for each event; a nonzero result would stop the call. */
static int show(void *userdata, const reggie_progress *progress)
{
    const char *name = reggie_progress_name(progress);

    (void)userdata;
    switch (reggie_progress_event(progress)) {
    case REGGIE_PROGRESS_WAIT:
        if (reggie_progress_phase(progress) == REGGIE_PHASE_RETRY)
            fprintf(stderr, "%s: next try in %ld ms\n", name,
                    (long)reggie_progress_wait_ms(progress));
        break;
    case REGGIE_PROGRESS_SKIP:
        fprintf(stderr, "%s: exists\n", name);
        break;
    case REGGIE_PROGRESS_END:
        printf("%s: %lu bytes, %lu from an earlier run\n",
               reggie_descriptor_digest(reggie_progress_item(progress)),
               (unsigned long)reggie_progress_done(progress),
               (unsigned long)reggie_progress_resumed(progress));
        break;
    default: /* later versions may have more events */
        break;
    }
    return 0;
}

static reggie_status set_options(reggie_options *options)
{
    reggie_status status = reggie_options_set_timeout(options, 600 * 1000);

    if (status == REGGIE_OK) /* without progress in between */
        status = reggie_options_set_retries(options, 10);
    if (status == REGGIE_OK)
        status = reggie_options_set_max_manifest(options, 1024 * 1024);
    if (status == REGGIE_OK)
        status = reggie_options_set_max_blob(options, (uint64_t)10 << 30);
    if (status == REGGIE_OK) /* four connections, 8 MiB in each request */
        status = reggie_options_set_ranges(options, 4, 8 * 1024 * 1024);
    if (status == REGGIE_OK) /* a file that has the size has the digest */
        status = reggie_options_set_existing(options, REGGIE_EXISTING_TRUST);
    if (status == REGGIE_OK) /* the default: an interrupted run is resumed */
        status = reggie_options_set_resume(options, 1);
    if (status == REGGIE_OK) /* while another process pulls the same file */
        status = reggie_options_set_lock_timeout(options, 120 * 1000);
    if (status == REGGIE_OK) /* the default, which trust requires */
        status = reggie_options_set_sync(options, 1);
    if (status == REGGIE_OK)
        status = reggie_options_set_progress_callback(options, 1000, show,
                                                      NULL, NULL);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_options *options = NULL;
    reggie_manifest *image = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    char path[4096];
    size_t i;

    if (argc != 3) {
        fprintf(stderr, "usage: %s REFERENCE FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    options = reggie_options_new();
    if (status == REGGIE_OK)
        status = set_options(options);
    if (status == REGGIE_OK)
        status = reggie_manifest_resolve(repository, NULL, NULL, options,
                                         &image, &error);
    for (i = 0; status == REGGIE_OK
                && i < reggie_manifest_layers_count(image); i++) {
        const reggie_descriptor *layer = reggie_manifest_layer(image, i);

        snprintf(path, sizeof path, "%s/%s", argv[2],
                 reggie_descriptor_digest(layer));
        status = reggie_blob_pull_to_path(repository, layer, path, options,
                                          &error);
    }
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));
    reggie_error_free(error);
    reggie_manifest_free(image);
    reggie_options_free(options);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
