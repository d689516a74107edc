#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_manifest *image = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    size_t i;

    if (argc != 2) {
        fprintf(stderr, "usage: %s REFERENCE\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    if (status == REGGIE_OK) /* the image for this machine */
        status = reggie_manifest_resolve(repository, NULL, NULL, NULL, &image,
                                         &error);
    if (status == REGGIE_OK)
        puts(reggie_descriptor_digest(reggie_manifest_descriptor(image)));
    for (i = 0; i < reggie_manifest_layers_count(image); i++) {
        const reggie_descriptor *layer = reggie_manifest_layer(image, i);

        printf("  %s, %llu bytes\n", reggie_descriptor_digest(layer),
               (unsigned long long)reggie_descriptor_size(layer));
    }
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", reggie_error_message(error));

    reggie_error_free(error);
    reggie_manifest_free(image);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
