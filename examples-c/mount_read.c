/*
 * Reads a blob at any offset from several threads, as a file system does that
 * mounts it: mount_read URL REPOSITORY DIGEST [THREADS]
 */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <pthread.h>

#define MAX_THREADS 64
#define READS 16

static const reggie_blob *blob;

/* Reads some blocks; returns how many bytes it got, or -1. */
static void *read_blocks(void *userdata)
{
    uint64_t number = (uint64_t)(size_t)userdata + 1;
    uint64_t size = reggie_blob_size(blob);
    static const size_t failed = (size_t)-1;
    uint8_t block[4096];
    size_t total = 0, got;
    int i;

    for (i = 0; i < READS; i++) {
        reggie_error *error = NULL;
        reggie_status status;

        number = number * 6364136223846793005U + 1442695040888963407U;
        status = reggie_blob_pread(blob, block, sizeof block,
                                   (number >> 16) % (size > 0 ? size : 1),
                                   NULL, &got, &error);
        if (!succeeded("read of a block", status, error)) {
            reggie_error_free(error);
            return (void *)failed;
        }
        total += got;
    }
    return (void *)total;
}

static int read_all(size_t threads)
{
    pthread_t started[MAX_THREADS];
    size_t total = 0, i;
    int ok;

    for (i = 0; i < threads; i++)
        if (pthread_create(&started[i], NULL, read_blocks, (void *)i) != 0)
            break;
    ok = i == threads;
    while (i-- > 0) {
        void *got;

        pthread_join(started[i], &got);
        ok = ok && (size_t)got != (size_t)-1;
        total += (size_t)got;
    }
    if (ok)
        printf("read %lu bytes in %d reads\n", (unsigned long)total,
               (int)threads * READS);
    return ok;
}

int main(int argc, char **argv)
{
    size_t threads = argc > 4 ? strtoul(argv[4], NULL, 10) : 8;
    reggie_repository *repository = NULL;
    reggie_descriptor *descriptor = NULL;
    reggie_blob *opened = NULL;
    reggie_client *client;
    reggie_error *error = NULL;
    reggie_status status = REGGIE_OK;
    int ok;

    if (argc < 4 || argc > 5 || threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: %s URL REPOSITORY DIGEST [THREADS]\n", argv[0]);
        return EXIT_FAILURE;
    }
    client = new_client(argv[1], DEFAULT_NAME);
    if (client == NULL)
        return EXIT_FAILURE;
    status = reggie_repository_new(client, argv[2], &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_descriptor_new(argv[3], REGGIE_UNKNOWN_SIZE, NULL,
                                       &descriptor, &error);
    if (status == REGGIE_OK)
        status = reggie_blob_open(repository, descriptor, NULL, &opened,
                                  &error);
    blob = opened;
    ok = succeeded("blob", status, error) && read_all(threads);
    reggie_error_free(error);
    reggie_blob_free(opened);
    reggie_descriptor_free(descriptor);
    reggie_repository_free(repository);
    reggie_client_free(client);
    return exit_code(ok);
}
