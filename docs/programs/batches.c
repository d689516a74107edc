/* Pulls the layers of images to files: batches FOLDER REFERENCE... */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

#define IMAGES 16

/* Adds the pull of each layer of an image, to a file with the layer's digest. */
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

int main(int argc, char **argv)
{
    reggie_repository *repositories[IMAGES] = {NULL};
    reggie_batch *batch = NULL;
    reggie_error *error = NULL;
    reggie_status status = reggie_batch_new(NULL, &batch, &error);
    int count = argc - 2 < IMAGES ? argc - 2 : IMAGES;
    int i;

    /* First the manifests, all at once. */
    for (i = 0; status == REGGIE_OK && i < count; i++) {
        status = reggie_repository_open(argv[i + 2], NULL, &repositories[i],
                                        &error);
        if (status == REGGIE_OK)
            status = reggie_batch_resolve(batch, repositories[i], NULL, NULL);
    }
    if (status == REGGIE_OK)
        status = reggie_batch_run(batch, &error);

    /* Then the layers of all images. */
    for (i = 0; status == REGGIE_OK && i < count; i++)
        status = add_layers(batch, argv[1], repositories[i],
                            reggie_batch_manifest(batch, (size_t)i));
    if (status == REGGIE_OK)
        status = reggie_batch_run(batch, &error);
    if (status == REGGIE_OK)
        printf("%d layers\n", (int)reggie_batch_count(batch) - count);
    else
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_batch_free(batch);
    for (i = 0; i < IMAGES; i++)
        reggie_repository_free(repositories[i]);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
