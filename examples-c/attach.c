/*
 * Attaches a file, such as an SBOM or a signature, to an image: pushes it as a
 * referrer, an artifact whose subject is the image.
 *
 *     attach REFERENCE TYPE FILE [NAME=VALUE]...
 *     attach ghcr.io/org/app:1.2 application/spdx+json sbom.json
 *
 * The annotations are those of the artifact. referrers.c lists what is attached.
 * See common.h for credentials.
 */
#include "common.h"

/* The file gets the type of the artifact as its media type. */
static reggie_status build(reggie_builder *builder,
                           const reggie_descriptor *subject, char **argv)
{
    const char *type = argv[2];
    reggie_status status = reggie_builder_set_subject(builder, subject);
    int i;

    if (status == REGGIE_OK)
        status = reggie_builder_set_artifact_type(builder, type);
    if (status == REGGIE_OK)
        status = reggie_builder_add_path(builder, argv[3], type, NULL);
    for (i = 4; status == REGGIE_OK && argv[i] != NULL; i++)
        status = set_annotation(builder, argv[i]);
    return status;
}

static int attach(const reggie_repository *repository, char **argv)
{
    reggie_builder *builder = reggie_builder_new();
    reggie_descriptor *subject = NULL;
    reggie_manifest *pushed = NULL;
    reggie_error *error = NULL;
    reggie_status status = reggie_manifest_stat(repository, NULL, NULL, &subject,
                                                &error);

    if (status == REGGIE_OK)
        status = build(builder, subject, argv);
    if (status == REGGIE_OK) /* by digest: a referrer needs no tag */
        status = reggie_builder_push(builder, repository, NULL, 0, NULL, &pushed,
                                     &error);
    if (succeeded("attach", status, error))
        puts(reggie_descriptor_digest(reggie_manifest_descriptor(pushed)));

    reggie_error_free(error);
    reggie_manifest_free(pushed);
    reggie_descriptor_free(subject);
    reggie_builder_free(builder);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    reggie_repository *repository;
    int ok;

    if (argc < 4) {
        fprintf(stderr, "usage: %s REFERENCE TYPE FILE [NAME=VALUE]...\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    repository = open_repository(argv[1]);
    ok = repository != NULL && attach(repository, argv);
    reggie_repository_free(repository);
    return exit_code(ok);
}
