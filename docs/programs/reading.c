/* Prints how a blob is compressed, and its bytes: reading REPOSITORY DIGEST */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first bytes are enough; only they are requested. */
static reggie_status print_compression(const reggie_blob *blob,
                                       reggie_error **error)
{
    uint8_t start[4] = {0, 0, 0, 0};
    size_t got = 0;
    reggie_status status = reggie_blob_pread(blob, start, sizeof start, 0, NULL,
                                             &got, error);

    if (status != REGGIE_OK)
        return status;
    if (memcmp(start, "\x1f\x8b", 2) == 0)
        fputs("gzip\n", stderr);
    else if (memcmp(start, "\x28\xb5\x2f\xfd", 4) == 0)
        fputs("zstd\n", stderr);
    else
        fputs("not compressed\n", stderr);
    return status;
}

/* Reads the blob from its beginning to its end. */
static reggie_status print_bytes(reggie_blob *blob, reggie_error **error)
{
    static uint8_t buffer[64 * 1024];
    reggie_status status;
    size_t got = 0;

    do {
        status = reggie_blob_read(blob, buffer, sizeof buffer, &got, error);
        fwrite(buffer, 1, got, stdout);
    } while (status == REGGIE_OK && got > 0);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_descriptor *descriptor = NULL;
    reggie_blob *blob = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s REPOSITORY DIGEST\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_descriptor_new(argv[2], REGGIE_UNKNOWN_SIZE, NULL,
                                       &descriptor, &error);
    if (status == REGGIE_OK)
        status = reggie_blob_open(repository, descriptor, NULL, &blob, &error);
    if (status == REGGIE_OK && reggie_blob_size(blob) != REGGIE_UNKNOWN_SIZE)
        fprintf(stderr, "%llu bytes\n",
                (unsigned long long)reggie_blob_size(blob));
    if (status == REGGIE_OK)
        status = print_compression(blob, &error);
    if (status == REGGIE_OK)
        status = print_bytes(blob, &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", reggie_error_message(error));

    reggie_error_free(error);
    reggie_blob_free(blob);
    reggie_descriptor_free(descriptor);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
