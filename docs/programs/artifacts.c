/* Pushes files as an artifact: artifacts REFERENCE TYPE FILE... */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    reggie_builder *builder = reggie_builder_new();
    reggie_repository *repository = NULL;
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int i;

    if (argc < 4) {
        fprintf(stderr, "usage: %s REFERENCE TYPE FILE...\n", argv[0]);
        reggie_builder_free(builder);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_builder_set_artifact_type(builder, argv[2]);
    for (i = 3; status == REGGIE_OK && i < argc; i++)
        status = reggie_builder_add_path(builder, argv[i], NULL, NULL);
    if (status == REGGIE_OK) {
        const char *tag = reggie_repository_target(repository);

        status = reggie_builder_push(builder, repository, &tag, 1, NULL,
                                     &manifest, &error);
    }
    if (status == REGGIE_OK)
        printf("%s\n", reggie_descriptor_digest(
                           reggie_manifest_descriptor(manifest)));
    else
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_manifest_free(manifest);
    reggie_repository_free(repository);
    reggie_builder_free(builder);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
