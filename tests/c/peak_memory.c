/*
 * Transfers one blob, and prints the peak memory of the process in KiB.
 * Arguments: the way, the URL of a registry, and the blob's size; then the digest
 * for the ways down, and a path for those with files.
 */
#include "memory.h"

#include <stdint.h>

#define PART ((size_t)1024 * 1024)

static int discard(void *userdata, const void *data, size_t size)
{
    (void)data;
    *(uint64_t *)userdata += size;
    return 0;
}

/* Zeros, as many as are left. */
static int produce(void *userdata, void *buffer, size_t size, size_t *count)
{
    uint64_t *left = (uint64_t *)userdata;

    *count = *left < size ? (size_t)*left : size;
    memset(buffer, 0, *count);
    *left -= *count;
    return 0;
}

static void pull(const reggie_repository *repository, const char *way,
                 uint64_t size, const char *digest, const char *path)
{
    reggie_options *options = reggie_options_new();
    reggie_descriptor *blob = NULL;
    reggie_error *error = NULL;
    uint64_t received = 0;

    if (strcmp(way, "pull unknown size") == 0)
        CHECK_OK(reggie_descriptor_new(digest, REGGIE_UNKNOWN_SIZE, NULL, &blob,
                                       &error),
                 error);
    else
        CHECK_OK(reggie_descriptor_new(digest, size, NULL, &blob, &error),
                 error);
    if (strcmp(way, "pull ranges") == 0)
        CHECK_OK(reggie_options_set_ranges(options, 4, PART), NULL);
    if (path != NULL) {
        CHECK_OK(reggie_blob_pull_to_path(repository, blob, path, options,
                                          &error),
                 error);
    } else {
        CHECK_OK(reggie_blob_pull_to_callback(repository, blob, discard,
                                              &received, options, &error),
                 error);
        CHECK_NUMBER((long long)size, received);
    }
    reggie_descriptor_free(blob);
    reggie_options_free(options);
}

static void push(const reggie_repository *repository, const char *way,
                 uint64_t size, const char *path)
{
    reggie_descriptor *blob = NULL;
    reggie_error *error = NULL;
    uint64_t left = size;

    if (path != NULL)
        CHECK_OK(reggie_blob_push_path(repository, path, NULL, NULL, &blob,
                                       &error),
                 error);
    else
        CHECK_OK(reggie_blob_push_callback(
                     repository, produce, NULL,
                     strcmp(way, "push callback") == 0 ? size
                                                       : REGGIE_UNKNOWN_SIZE,
                     &left, NULL, NULL, &blob, &error),
                 error);
    CHECK_NUMBER((long long)size, reggie_descriptor_size(blob));
    reggie_descriptor_free(blob);
}

static void upload(const reggie_repository *repository, uint64_t size)
{
    static uint8_t piece[64 * 1024];
    reggie_upload *upload = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_upload_begin(repository, NULL, &upload, &error), error);
    while (reggie_upload_offset(upload) < size)
        CHECK_OK(reggie_upload_write(upload, piece, sizeof piece, &error),
                 error);
    CHECK_OK(reggie_upload_commit(upload, NULL, NULL, NULL, &error), error);
    reggie_upload_free(upload);
}

int main(int argc, char **argv)
{
    reggie_client *client = NULL;
    reggie_repository *repository = NULL;
    reggie_error *error = NULL;
    const char *way, *path;
    uint64_t size;

    CHECK(argc == 6);
    way = argv[1];
    size = strtoull(argv[3], NULL, 10);
    path = argv[5][0] == '\0' ? NULL : argv[5];
    CHECK_OK(reggie_client_new(argv[2], NULL, &client, &error), error);
    CHECK_OK(reggie_repository_new(client, "team/app", &repository, &error),
             error);
    if (strncmp(way, "pull", 4) == 0)
        pull(repository, way, size, argv[4], path);
    else if (strncmp(way, "push", 4) == 0)
        push(repository, way, size, path);
    else
        upload(repository, size);
    reggie_repository_free(repository);
    reggie_client_free(client);
    printf("%ld\n", memory_peak());
    return 0;
}
