/*
 * Lists what refers to a manifest, such as signatures, or attaches a note to it.
 *
 *     referrers REGISTRY/REPOSITORY:TAG            lists all referrers
 *     referrers REGISTRY/REPOSITORY:TAG TYPE       lists those of a type
 *     referrers REGISTRY/REPOSITORY:TAG TYPE NOTE  attaches one of the type
 *
 * The note must contain no quotation marks. See common.h for credentials.
 */
#include "common.h"

#define EMPTY_DIGEST                                                           \
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
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

static reggie_status attach(const reggie_repository *repository,
                            const reggie_descriptor *subject, const char *type,
                            const char *note, reggie_error **error)
{
    char text[4096];
    reggie_manifest *manifest = NULL;
    reggie_status status;
    /* The empty blob is pushed if the registry does not have it. */
    int length = snprintf(
        text, sizeof text,
        "{\"schemaVersion\":2,\"mediaType\":\"" REGGIE_OCI_MANIFEST "\","
        "\"artifactType\":\"%s\",\"config\":{\"mediaType\":\"" REGGIE_EMPTY "\","
        "\"digest\":\"" EMPTY_DIGEST "\",\"size\":2},\"layers\":[],"
        "\"subject\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu},"
        "\"annotations\":{\"" NOTE "\":\"%s\"}}",
        type, reggie_descriptor_media_type(subject),
        reggie_descriptor_digest(subject),
        (unsigned long long)reggie_descriptor_size(subject), note);

    if (length < 0 || (size_t)length >= sizeof text)
        return REGGIE_INVALID_ARGUMENT;
    status = reggie_manifest_parse((const uint8_t *)text, (size_t)length, NULL,
                                   &manifest, error);
    if (status == REGGIE_OK) /* by digest: it has no tag */
        status = reggie_manifest_push(repository, manifest, NULL, 0, NULL,
                                      error);
    reggie_manifest_free(manifest);
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
