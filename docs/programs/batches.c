/* Copies images, shows their configs, and pulls their layers:
 * batches FROM TO FOLDER TAG... */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

static int show(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    return fwrite(data, 1, size, stdout) == size ? 0 : 1;
}

/* Adds the config, the layers, and the location of the last layer. */
static reggie_status add_content(reggie_batch *batch, const char *folder,
                                 const reggie_repository *repository,
                                 const reggie_manifest *image)
{
    reggie_status status = reggie_batch_pull_to_callback(
        batch, repository, reggie_manifest_config(image), show, NULL, NULL);
    const reggie_descriptor *layer = NULL;
    char path[4096];
    size_t i;

    for (i = 0; status == REGGIE_OK && i < reggie_manifest_layers_count(image);
         i++) {
        layer = reggie_manifest_layer(image, i);
        snprintf(path, sizeof path, "%s/%s", folder,
                 reggie_descriptor_digest(layer));
        status = reggie_batch_pull_to_path(batch, repository, layer, path);
    }
    if (status == REGGIE_OK && layer != NULL)
        status = reggie_batch_locate(batch, repository, layer, 1);
    return status;
}

/* Prints what the items from `first` on have resulted in. */
static void report(const reggie_batch *batch, size_t first)
{
    for (; first < reggie_batch_count(batch); first++) {
        const reggie_error *error = reggie_batch_error(batch, first);
        const reggie_location *location = reggie_batch_location(batch, first);

        if (error != NULL)
            printf("failed: %s\n", reggie_error_message(error));
        else if (location != NULL)
            printf("layer at %s\n", reggie_location_url(location));
        else
            printf("done: %s\n", reggie_descriptor_digest(
                                     reggie_batch_item(batch, first)));
    }
}

static reggie_status run(reggie_batch *batch, char **argv, int count,
                         reggie_repository **from, reggie_repository **to,
                         reggie_error **error)
{
    reggie_status status = reggie_repository_open(argv[1], NULL, from, error);
    const char *const *tags = (const char *const *)&argv[4];
    int i;

    if (status == REGGIE_OK)
        status = reggie_repository_open(argv[2], NULL, to, error);
    for (i = 0; status == REGGIE_OK && i < count; i++) {
        status = reggie_batch_copy(batch, *from, tags[i], *to, &tags[i], 1);
        if (status == REGGIE_OK)
            status = reggie_batch_resolve(batch, *from, tags[i], NULL);
    }
    if (status == REGGIE_OK)
        status = reggie_batch_run(batch, error);
    report(batch, 0);
    for (i = 0; status == REGGIE_OK && i < count; i++)
        status = add_content(batch, argv[3], *from,
                             reggie_batch_manifest(batch, 2 * (size_t)i + 1));
    if (status == REGGIE_OK)
        status = reggie_batch_run(batch, error);
    if (status == REGGIE_OK)
        report(batch, 2 * (size_t)count);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *from = NULL;
    reggie_repository *to = NULL;
    reggie_batch *batch = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc < 5) {
        fprintf(stderr, "usage: %s FROM TO FOLDER TAG...\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_batch_new(NULL, &batch, &error);
    /* An image that cannot be copied does not stop the others. */
    if (status == REGGIE_OK)
        status = reggie_batch_set_keep_going(batch, 1);
    if (status == REGGIE_OK)
        status = run(batch, argv, argc - 4, &from, &to, &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_batch_free(batch);
    reggie_repository_free(to);
    reggie_repository_free(from);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
