/* Adds a tag to the image for this machine: manifests REFERENCE NEW_TAG */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_options *options = NULL;
    reggie_manifest *image = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    size_t i;

    if (argc != 3) {
        fprintf(stderr, "usage: %s REFERENCE NEW_TAG\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    options = reggie_options_new();
    if (status == REGGIE_OK) /* for each call, with all its retries */
        status = reggie_options_set_timeout(options, 60 * 1000);
    if (status == REGGIE_OK) /* of the reference, for this machine */
        status = reggie_manifest_resolve(repository, NULL, NULL, options,
                                         &image, &error);
    for (i = 0; i < reggie_manifest_layers_count(image); i++)
        printf("layer %s\n",
               reggie_descriptor_digest(reggie_manifest_layer(image, i)));
    if (status == REGGIE_OK) {
        const char *tag = argv[2];

        status = reggie_manifest_push(repository, image, &tag, 1, options,
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
