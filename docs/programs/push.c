/*
 * Pushes a file, or stdin if FILE is "-", as an artifact:
 * push REFERENCE MEDIA_TYPE FILE STATE_FOLDER [MOUNT_FROM]
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Supplies the next bytes of the blob; none at its end. */
static int read_piece(void *userdata, void *buffer, size_t size, size_t *count)
{
    *count = fread(buffer, 1, size, (FILE *)userdata);
    return ferror((FILE *)userdata) ? 1 : 0;
}

static reggie_status push_file(const reggie_repository *repository,
                               const char *path, const reggie_options *options,
                               reggie_descriptor **layer, reggie_error **error)
{
    if (strcmp(path, "-") != 0)
        return reggie_blob_push_path(repository, path, NULL, options, layer,
                                     error);
    return reggie_blob_push_callback(repository, read_piece, NULL,
                                     REGGIE_UNKNOWN_SIZE, stdin, NULL, options,
                                     layer, error);
}

/* Pushes a manifest with one layer, and the config that it needs: {}. */
static reggie_status push_manifest(const reggie_repository *repository,
                                   const reggie_descriptor *layer,
                                   reggie_error **error)
{
    const char *tag = reggie_repository_target(repository);
    const char *type = reggie_descriptor_media_type(layer);
    reggie_descriptor *config = NULL;
    reggie_manifest *manifest = NULL;
    char text[2048];
    reggie_status status = reggie_blob_push_memory(
        repository, (const uint8_t *)"{}", 2, NULL, NULL, &config, error);

    if (status != REGGIE_OK)
        return status;
    /* Digests and media types are validated, so they need no escaping. */
    snprintf(text, sizeof text,
             "{\"schemaVersion\":2,\"mediaType\":\"" REGGIE_OCI_MANIFEST "\","
             "\"artifactType\":\"%s\",\"config\":{\"mediaType\":\"" REGGIE_EMPTY
             "\",\"digest\":\"%s\",\"size\":2},\"layers\":[{\"mediaType\":\"%s\","
             "\"digest\":\"%s\",\"size\":%llu}]}",
             type, reggie_descriptor_digest(config), type,
             reggie_descriptor_digest(layer),
             (unsigned long long)reggie_descriptor_size(layer));
    status = reggie_manifest_parse((const uint8_t *)text, strlen(text), NULL,
                                   &manifest, error);
    if (status == REGGIE_OK)
        status = reggie_manifest_push(repository, manifest, &tag, 1, NULL,
                                      error);
    if (status == REGGIE_OK)
        puts(reggie_descriptor_digest(reggie_manifest_descriptor(manifest)));
    reggie_manifest_free(manifest);
    reggie_descriptor_free(config);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_options *options = NULL;
    reggie_descriptor *layer = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: %s REFERENCE MEDIA_TYPE FILE STATE_FOLDER "
                        "[MOUNT_FROM]\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    options = reggie_options_new();
    if (status == REGGIE_OK) /* the next run resumes an interrupted push */
        status = reggie_options_set_state_folder(options, argv[4]);
    if (status == REGGIE_OK && argc == 6) /* it may have the blob already */
        status = reggie_options_add_mount_from(options, argv[5]);
    if (status == REGGIE_OK)
        status = push_file(repository, argv[3], options, &layer, &error);
    if (status == REGGIE_OK)
        status = reggie_descriptor_set_media_type(layer, argv[2]);
    if (status == REGGIE_OK)
        status = push_manifest(repository, layer, &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_descriptor_free(layer);
    reggie_options_free(options);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
