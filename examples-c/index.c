/*
 * Pushes an index that lists images for several platforms; the images are tags
 * of the same repository. See common.h for credentials.
 *
 *     index REGISTRY/REPOSITORY:TAG OS/ARCHITECTURE[/VARIANT]=TAG...
 */
#include "common.h"

#include <string.h>

#define REF_NAME "org.opencontainers.image.ref.name"

/* Adds an image: its descriptor, with its platform and its tag. */
static reggie_status add(reggie_builder *builder,
                         const reggie_repository *repository, char *argument,
                         reggie_error **error)
{
    const char *platform = strtok(argument, "=");
    const char *tag = strtok(NULL, "=");
    reggie_manifest *image = NULL;
    reggie_descriptor *entry = NULL;
    reggie_status status = reggie_manifest_pull(
        repository, tag != NULL ? tag : "", NULL, &image, error);

    if (status == REGGIE_OK) /* that of the manifest must not be changed */
        status = reggie_descriptor_copy(reggie_manifest_descriptor(image),
                                        &entry, error);
    if (status == REGGIE_OK)
        status = reggie_descriptor_set_platform(entry, platform);
    if (status == REGGIE_OK)
        status = reggie_descriptor_set_annotation(entry, REF_NAME, tag);
    if (status == REGGIE_OK) /* of an image, it is the type of its config */
        status = reggie_descriptor_set_artifact_type(entry, NULL);
    if (status == REGGIE_OK)
        status = reggie_builder_add(builder, entry);
    reggie_descriptor_free(entry);
    reggie_manifest_free(image);
    return status;
}

static int push(const reggie_repository *repository, char **arguments)
{
    const char *tag = reggie_repository_target(repository);
    reggie_builder *builder = reggie_builder_new_index();
    reggie_error *error = NULL;
    reggie_status status = REGGIE_OK;

    for (; status == REGGIE_OK && *arguments != NULL; arguments++)
        status = add(builder, repository, *arguments, &error);
    if (status == REGGIE_OK)
        status = reggie_builder_push(builder, repository, &tag, 1, NULL, NULL,
                                     &error);
    succeeded("index", status, error);

    reggie_error_free(error);
    reggie_builder_free(builder);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    reggie_repository *repository;
    int ok;

    if (argc < 3) {
        fprintf(stderr, "usage: %s REFERENCE PLATFORM=TAG...\n", argv[0]);
        return EXIT_FAILURE;
    }
    repository = open_repository(argv[1]);
    ok = repository != NULL && push(repository, argv + 2);
    reggie_repository_free(repository);
    return exit_code(ok);
}
