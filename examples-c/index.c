/*
 * Pushes an index that lists images for several platforms; the images are tags
 * of the same repository. See common.h for credentials.
 *     index REGISTRY/REPOSITORY:TAG OS/ARCHITECTURE[/VARIANT]=TAG...
 */
#define _POSIX_C_SOURCE 200809L
#include "common.h"
#include <string.h>

#define REF_NAME "org.opencontainers.image.ref.name"

/* Gets the descriptor of an image, with its platform and its tag. */
static reggie_status describe(const reggie_repository *repository,
                              const char *platform, const char *tag,
                              reggie_descriptor **entry, reggie_error **error)
{
    reggie_manifest *image = NULL;
    reggie_status status = reggie_manifest_pull(repository, tag, NULL, &image,
                                                error);

    if (status == REGGIE_OK)
        status = reggie_descriptor_copy(reggie_manifest_descriptor(image),
                                        entry, error);
    if (status == REGGIE_OK)
        status = reggie_descriptor_set_platform(*entry, platform);
    if (status == REGGIE_OK)
        status = reggie_descriptor_set_annotation(*entry, REF_NAME, tag);
    if (status == REGGIE_OK) /* of an image, it is the type of its config */
        status = reggie_descriptor_set_artifact_type(*entry, NULL);
    reggie_manifest_free(image);
    return status;
}

/* The values are validated: they contain no quotation marks. */
static void write_entry(FILE *out, const reggie_descriptor *entry)
{
    char os[64] = "", version[64] = "", architecture[64] = "", variant[64] = "";
    const char *platform = reggie_descriptor_platform(entry);

    sscanf(platform, "%63[^(/](%63[^)]", os, version); /* windows(10.0.17763) */
    sscanf(strchr(platform, '/'), "/%63[^/]/%63s", architecture, variant);
    fprintf(out, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu,"
                 "\"annotations\":{\"" REF_NAME "\":\"%s\"},"
                 "\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"",
            reggie_descriptor_media_type(entry),
            reggie_descriptor_digest(entry),
            (unsigned long long)reggie_descriptor_size(entry),
            reggie_descriptor_annotation(entry, REF_NAME), os, architecture);
    fprintf(out, variant[0] ? ",\"variant\":\"%s\"" : "%s", variant);
    fprintf(out, version[0] ? ",\"os.version\":\"%s\"}}" : "%s}}", version);
}

static reggie_status push(const reggie_repository *repository, const char *text,
                          reggie_error **error)
{
    const char *tag = reggie_repository_target(repository);
    reggie_manifest *index = NULL;
    reggie_status status = reggie_manifest_parse(
        (const uint8_t *)text, strlen(text), NULL, &index, error);

    if (status == REGGIE_OK)
        status = reggie_manifest_push(repository, index, &tag, 1, NULL, error);
    reggie_manifest_free(index);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = argc > 2 ? open_repository(argv[1]) : NULL;
    reggie_error *error = NULL;
    reggie_status status = REGGIE_OK;
    char text[65536] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    int i;

    if (argc < 3)
        fprintf(stderr, "usage: %s REFERENCE PLATFORM=TAG...\n", argv[0]);
    fputs("{\"schemaVersion\":2,\"mediaType\":\"" REGGIE_OCI_INDEX
          "\",\"manifests\":", out);
    for (i = 2; repository != NULL && status == REGGIE_OK && i < argc; i++) {
        const char *platform = strtok(argv[i], "="), *tag = strtok(NULL, "=");
        reggie_descriptor *entry = NULL;

        status = describe(repository, platform, tag ? tag : "", &entry, &error);
        fputs(i == 2 ? "[" : ",", out);
        if (status == REGGIE_OK)
            write_entry(out, entry);
        reggie_descriptor_free(entry);
    }
    fputs("]}", out);
    if (fclose(out) != 0) /* too many images */
        status = REGGIE_INVALID_ARGUMENT;
    if (repository != NULL && status == REGGIE_OK)
        status = push(repository, text, &error);
    i = repository != NULL && succeeded("index", status, error);
    reggie_error_free(error);
    reggie_repository_free(repository);
    return exit_code(i);
}
