/*
 * Lists what refers to a manifest, such as signatures, or attaches a note to it.
 *
 *     referrers REGISTRY/REPOSITORY:TAG            lists all referrers
 *     referrers REGISTRY/REPOSITORY:TAG TYPE       lists those of a type
 *     referrers REGISTRY/REPOSITORY:TAG TYPE NOTE  attaches one of the type
 *
 * See common.h for credentials; attach.c attaches files.
 */
#include "common.h"

#include <string.h>

#define NOTE "org.opencontainers.image.description"

static reggie_status list(const reggie_repository *repository,
                          const char *digest, const char *type,
                          reggie_error **error)
{
    reggie_referrers *referrers = NULL;
    const reggie_descriptor *found = NULL;
    reggie_status status = reggie_referrers_open(repository, digest, type, NULL,
                                                 &referrers, error);

    while (status == REGGIE_OK) {
        status = reggie_referrers_next(referrers, &found, error);
        if (status != REGGIE_OK || found == NULL)
            break;
        printf("%s ", reggie_descriptor_digest(found));
        write_safely(stdout, reggie_descriptor_artifact_type(found));
        putchar(' ');
        write_safely(stdout, reggie_descriptor_annotation(found, NOTE));
        putchar('\n');
    }
    reggie_referrers_free(referrers);
    return status;
}

/* The list of referrers has their annotations, but not their content. */
static reggie_status attach(const reggie_repository *repository,
                            const reggie_descriptor *subject, const char *type,
                            const char *note, reggie_error **error)
{
    reggie_builder *builder = reggie_builder_new();
    reggie_status status = reggie_builder_set_subject(builder, subject);

    if (status == REGGIE_OK)
        status = reggie_builder_set_artifact_type(builder, type);
    if (status == REGGIE_OK)
        status = reggie_builder_set_annotation(builder, NOTE, note);
    if (status == REGGIE_OK)
        status = reggie_builder_add_memory(builder, (const uint8_t *)note,
                                           strlen(note), "text/plain", NULL);
    if (status == REGGIE_OK) /* by digest: it has no tag */
        status = reggie_builder_push(builder, repository, NULL, 0, NULL, NULL,
                                     error);
    reggie_builder_free(builder);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *repository;
    reggie_descriptor *subject = NULL;
    reggie_error *error = NULL;
    reggie_status status = REGGIE_NULL_ARGUMENT;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: %s REFERENCE [TYPE [NOTE]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    repository = open_repository(argv[1]);
    if (repository != NULL)
        status = reggie_manifest_stat(repository, NULL, NULL, &subject, &error);
    if (status == REGGIE_OK && argc == 4)
        status = attach(repository, subject, argv[2], argv[3], &error);
    else if (status == REGGIE_OK)
        status = list(repository, reggie_descriptor_digest(subject), argv[2],
                      &error);
    if (repository != NULL)
        succeeded("referrers", status, error);

    reggie_error_free(error);
    reggie_descriptor_free(subject);
    reggie_repository_free(repository);
    return exit_code(status == REGGIE_OK);
}
