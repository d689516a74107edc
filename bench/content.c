/*
 * The benchmark cases of blobs and manifests with libreggie. REPOSITORY is one
 * such as http://localhost/v2/name:
 *
 *     content [--ca FILE] [--user USER:PASSWORD] down REPOSITORY DIGEST [PARTS]
 *     content [...] save REPOSITORY DIGEST FILE SYNC
 *     content [...] push REPOSITORY FILE
 *     content [...] manifests REPOSITORY TAG N
 *     content [...] pread REPOSITORY DIGEST N THREADS
 */

#include <pthread.h>
#include <reggie.h>

#include "measure.h"

#define LARGE ((uint64_t)1 << 30)
#define PIECE 4096

static void check(reggie_status status, reggie_error *error)
{
    if (status != REGGIE_OK)
        fail(reggie_status_string(status), reggie_error_message(error));
}

static int count_bytes(void *userdata, const void *data, size_t size)
{
    (void)data;
    *(uint64_t *)userdata += size;
    return 0;
}

static reggie_descriptor *large(const char *digest)
{
    reggie_error *error = NULL;
    reggie_descriptor *blob = NULL;

    check(reggie_descriptor_new(digest, LARGE, NULL, &blob, &error), error);
    return blob;
}

static void down(const reggie_repository *repository, const char *digest,
                 size_t parts)
{
    reggie_error *error = NULL;
    reggie_options *options = reggie_options_new();
    reggie_descriptor *blob = large(digest);
    uint64_t total = 0;

    check(reggie_options_set_ranges(options, parts, 0), NULL);
    check(reggie_blob_pull_to_callback(repository, blob, count_bytes, &total,
                                       options, &error), error);
    if (total != LARGE)
        fail(digest, "unexpected length");
    reggie_options_free(options);
    reggie_descriptor_free(blob);
}

static void save(const reggie_repository *repository, const char *digest,
                 const char *path, int sync)
{
    reggie_error *error = NULL;
    reggie_options *options = reggie_options_new();
    reggie_descriptor *blob = large(digest);

    remove(path);
    check(reggie_options_set_sync(options, sync), NULL);
    check(reggie_blob_pull_to_path(repository, blob, path, options, &error),
          error);
    reggie_options_free(options);
    reggie_descriptor_free(blob);
}

static void push(const reggie_repository *repository, const char *path)
{
    reggie_error *error = NULL;

    check(reggie_blob_push_path(repository, path, NULL, NULL, NULL, &error),
          error);
}

static void manifests(const reggie_repository *repository, const char *tag,
                      long number)
{
    reggie_error *error = NULL;

    for (long i = 0; i < number; i++) {
        reggie_manifest *manifest = NULL;

        check(reggie_manifest_pull(repository, tag, NULL, &manifest, &error),
              error);
        reggie_manifest_free(manifest);
    }
}

struct reader {
    const reggie_blob *blob;
    long number;
    unsigned seed;
};

static void *read_at_random(void *argument)
{
    const struct reader *reader = argument;
    unsigned seed = reader->seed;
    unsigned char piece[PIECE];

    for (long i = 0; i < reader->number; i++) {
        uint64_t offset = (uint64_t)rand_r(&seed) % (LARGE / PIECE) * PIECE;
        reggie_error *error = NULL;
        size_t got = 0;

        check(reggie_blob_pread(reader->blob, piece, sizeof piece, offset, NULL,
                                &got, &error), error);
        if (got != sizeof piece)
            fail("reggie_blob_pread", "unexpected length");
    }
    return NULL;
}

static void pread_all(const reggie_repository *repository, const char *digest,
                      long number, long threads)
{
    reggie_error *error = NULL;
    reggie_descriptor *descriptor = large(digest);
    reggie_blob *blob = NULL;
    pthread_t started[64];
    struct reader readers[64];

    check(reggie_blob_open(repository, descriptor, NULL, &blob, &error), error);
    for (long i = 0; i < threads; i++) {
        readers[i] = (struct reader){ blob, number / threads, (unsigned)i + 1 };
        if (pthread_create(&started[i], NULL, read_at_random, &readers[i]) != 0)
            fail("pthread_create", "no thread");
    }
    for (long i = 0; i < threads; i++)
        pthread_join(started[i], NULL);
    reggie_blob_free(blob);
    reggie_descriptor_free(descriptor);
}

/* Splits the repository off a URL: http://host/v2/name becomes name. */
static char *cut(char *url)
{
    char *name = strstr(url, "/v2/");

    if (name == NULL)
        fail("usage", "the URL of a repository is wanted");
    *name = '\0';
    return name + strlen("/v2/");
}

static void perform(const reggie_repository *repository, int argc, char **argv)
{
    if (strcmp(argv[1], "down") == 0)
        down(repository, argv[3], argc > 4 ? (size_t)atol(argv[4]) : 1);
    else if (strcmp(argv[1], "save") == 0 && argc == 6)
        save(repository, argv[3], argv[4], atoi(argv[5]));
    else if (strcmp(argv[1], "push") == 0)
        push(repository, argv[3]);
    else if (strcmp(argv[1], "manifests") == 0 && argc == 5)
        manifests(repository, argv[3], atol(argv[4]));
    else if (strcmp(argv[1], "pread") == 0 && argc == 6)
        pread_all(repository, argv[3], atol(argv[4]), atol(argv[5]));
    else
        fail("usage", "see the comment in content.c");
}

int main(int argc, char **argv)
{
    struct measure begun;
    reggie_error *error = NULL;
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_repository *repository = NULL;
    char *name;

    if (argc > 2 && strcmp(argv[1], "--ca") == 0) {
        check(reggie_config_add_ca_file(config, argv[2], &error), error);
        argv += 2;
        argc -= 2;
    }
    if (argc > 2 && strcmp(argv[1], "--user") == 0) {
        char *password = strchr(argv[2], ':');

        if (password == NULL)
            fail("usage", "USER:PASSWORD is wanted");
        *password = '\0';
        check(reggie_config_set_credentials(config, argv[2], password + 1), NULL);
        argv += 2;
        argc -= 2;
    }
    if (argc < 4)
        fail("usage", "see the comment in content.c");
    name = cut(argv[2]);
    measure_begin(&begun);
    check(reggie_client_new(argv[2], config, &client, &error), error);
    check(reggie_repository_new(client, name, &repository, &error), error);
    perform(repository, argc, argv);
    reggie_repository_free(repository);
    reggie_client_free(client);
    reggie_config_free(config);
    measure_end(&begun);
    return 0;
}
