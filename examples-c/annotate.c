/*
 * Adds annotations to an image, an index or an artifact, and tags the result;
 * the original stays as it is.
 *
 *     annotate REFERENCE TAG NAME=VALUE...
 *
 * Nothing but a new manifest is pushed, which has another digest: it has no
 * referrers, such as signatures. See common.h for credentials.
 */
#include "common.h"

/* A builder for a manifest with the same content. */
static reggie_status rebuild(const reggie_manifest *manifest,
                             reggie_builder **builder)
{
    const reggie_descriptor *config = reggie_manifest_config(manifest);
    const reggie_json *type =
        reggie_json_get(reggie_manifest_json(manifest), "artifactType");
    reggie_status status;
    size_t i;

    *builder = reggie_manifest_is_index(manifest) ? reggie_builder_new_index()
                                                  : reggie_builder_new();
    status = reggie_builder_set_artifact_type(*builder, reggie_json_string(type));
    if (status == REGGIE_OK)
        status = reggie_builder_set_subject(*builder,
                                            reggie_manifest_subject(manifest));
    if (status == REGGIE_OK && config != NULL)
        status = reggie_builder_set_config_descriptor(*builder, config);
    for (i = 0; status == REGGIE_OK && i < reggie_manifest_layers_count(manifest);
         i++)
        status = reggie_builder_add(*builder, reggie_manifest_layer(manifest, i));
    for (i = 0; status == REGGIE_OK && i < reggie_manifest_entries_count(manifest);
         i++)
        status = reggie_builder_add(*builder, reggie_manifest_entry(manifest, i));
    for (i = 0;
         status == REGGIE_OK && i < reggie_manifest_annotations_count(manifest);
         i++) {
        const char *name = reggie_manifest_annotation_name(manifest, i);

        status = reggie_builder_set_annotation(
            *builder, name, reggie_manifest_annotation(manifest, name));
    }
    return status;
}

static int annotate(const reggie_repository *repository, const char *tag,
                    char **arguments)
{
    reggie_builder *builder = NULL;
    reggie_manifest *before = NULL, *after = NULL;
    reggie_error *error = NULL;
    reggie_status status =
        reggie_manifest_pull(repository, NULL, NULL, &before, &error);

    if (status == REGGIE_OK)
        status = rebuild(before, &builder);
    for (; status == REGGIE_OK && *arguments != NULL; arguments++)
        status = set_annotation(builder, *arguments);
    if (status == REGGIE_OK)
        status = reggie_builder_push(builder, repository, &tag, 1, NULL, &after,
                                     &error);
    if (succeeded("annotate", status, error))
        puts(reggie_descriptor_digest(reggie_manifest_descriptor(after)));

    reggie_error_free(error);
    reggie_manifest_free(after);
    reggie_manifest_free(before);
    reggie_builder_free(builder);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    reggie_repository *repository;
    int ok;

    if (argc < 4) {
        fprintf(stderr, "usage: %s REFERENCE TAG NAME=VALUE...\n", argv[0]);
        return EXIT_FAILURE;
    }
    repository = open_repository(argv[1]);
    ok = repository != NULL && annotate(repository, argv[2], argv + 3);
    reggie_repository_free(repository);
    return exit_code(ok);
}
