/*
 * Blobs: by all ways, what belongs to whom, and calls that are stopped.
 * Arguments: how, the address of a registry, a file of certificates or "-", the
 * digest of a blob in a/b, its size, and a path for a file.
 */
#include "check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char **arguments;
static uint64_t size;
static uint8_t *content;

/* What callbacks have seen. */
struct seen {
    uint64_t bytes;
    int events, last, freed;
    int stop_at_event;
};

static int take(void *userdata, const void *data, size_t count)
{
    struct seen *seen = (struct seen *)userdata;

    CHECK(memcmp(content + seen->bytes, data, count) == 0);
    seen->bytes += count;
    return 0;
}

static int report(void *userdata, const reggie_progress *progress)
{
    struct seen *seen = (struct seen *)userdata;

    seen->events++;
    seen->last = reggie_progress_event(progress);
    CHECK(reggie_progress_done(progress) <= size);
    CHECK(reggie_progress_name(progress)[0] != '\0');
    return seen->last == seen->stop_at_event ? 7 : 0;
}

static void release(void *userdata)
{
    ((struct seen *)userdata)->freed++;
}

static void memory(const reggie_repository *repository,
                   const reggie_descriptor *blob)
{
    reggie_error *error = NULL;
    uint8_t *bytes = NULL;
    size_t got = 0;

    CHECK_OK(reggie_blob_pull_to_memory(repository, blob, (size_t)size, NULL,
                                        &bytes, &got, &error),
             error);
    CHECK_NUMBER((long long)size, got);
    CHECK_NUMBER(0, bytes[got]);
    content = (uint8_t *)malloc(got);
    memcpy(content, bytes, got);
    reggie_bytes_free(bytes);
    CHECK_FAILS(REGGIE_BODY_TOO_LARGE,
                reggie_blob_pull_to_memory(repository, blob, (size_t)size - 1,
                                           NULL, &bytes, &got, &error),
                error);
    CHECK(bytes == NULL && got == 0);
}

static void callbacks(const reggie_repository *repository,
                      const reggie_descriptor *blob)
{
    struct seen seen = {0, 0, 0, 0, 0};
    reggie_options *options = reggie_options_new();
    reggie_error *error = NULL;

    CHECK_OK(reggie_options_set_progress_callback(options, 1, report, &seen,
                                                  release),
             NULL);
    CHECK_OK(reggie_options_set_ranges(options, 3, 64 * 1024), NULL);
    CHECK_OK(reggie_blob_pull_to_callback(repository, blob, take, &seen,
                                          options, &error),
             error);
    CHECK_NUMBER((long long)size, seen.bytes);
    CHECK_NUMBER(REGGIE_PROGRESS_DONE, seen.last);
    /* Stopped by the progress callback, at the end of the transfer. */
    seen.bytes = 0;
    seen.stop_at_event = REGGIE_PROGRESS_END;
    CHECK_NUMBER(REGGIE_PROGRESS_CALLBACK,
                 reggie_blob_pull_to_callback(repository, blob, take, &seen,
                                              options, &error));
    CHECK_NUMBER(7, reggie_error_callback_value(error));
    CHECK_TEXT(arguments[4], reggie_error_digest(error));
    reggie_error_free(error);
    CHECK_NUMBER(0, seen.freed);
    reggie_options_free(options);
    CHECK_NUMBER(1, seen.freed);
}

static void files(const reggie_repository *repository,
                  const reggie_descriptor *blob)
{
    reggie_options *options = reggie_options_new();
    reggie_cancel *cancel = NULL;
    reggie_error *error = NULL;
    FILE *file = tmpfile();

    CHECK(file != NULL);
    CHECK_OK(reggie_blob_pull_to_fd(repository, blob, fileno(file), NULL,
                                    &error),
             error);
    CHECK_NUMBER((long long)size, lseek(fileno(file), 0, SEEK_CUR));
    fclose(file);
    CHECK_OK(reggie_cancel_new(&cancel, &error), error);
    CHECK_OK(reggie_options_set_cancel(options, cancel), NULL);
    reggie_cancel_trigger(cancel);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_blob_pull_to_path(repository, blob, arguments[6],
                                         options, &error),
                error);
    CHECK_NUMBER(-1, access(arguments[6], F_OK));
    reggie_options_free(options);
    reggie_cancel_free(cancel);
    CHECK_OK(reggie_blob_pull_to_path(repository, blob, arguments[6], NULL,
                                      &error),
             error);
    CHECK_NUMBER(0, unlink(arguments[6]));
}

static void reads(reggie_repository *repository, const reggie_descriptor *blob)
{
    uint8_t buffer[10000];
    reggie_blob *opened = NULL;
    reggie_error *error = NULL;
    uint64_t done = 0;
    size_t got = 1;

    CHECK_OK(reggie_blob_open(repository, blob, NULL, &opened, &error), error);
    /* It keeps what it needs. */
    reggie_repository_free(repository);
    CHECK_NUMBER((long long)size, reggie_blob_size(opened));
    while (got > 0) {
        CHECK_OK(reggie_blob_read(opened, buffer, sizeof buffer, &got, &error),
                 error);
        CHECK(memcmp(content + done, buffer, got) == 0);
        done += got;
    }
    CHECK_NUMBER((long long)size, done);
    CHECK_OK(reggie_blob_pread(opened, buffer, 100, size - 10, NULL, &got,
                               &error),
             error);
    CHECK_NUMBER(10, got);
    CHECK(memcmp(content + size - 10, buffer, got) == 0);
    reggie_blob_free(opened);
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = check_client(arguments[2], arguments[3], config);
    reggie_repository *repository = NULL;
    reggie_descriptor *blob = NULL;
    reggie_location *location = NULL;
    reggie_error *error = NULL;
    uint64_t found = 0;

    (void)context;
    size = strtoull(arguments[5], NULL, 10);
    CHECK_OK(reggie_repository_new(client, "a/b", &repository, &error), error);
    reggie_client_free(client);
    reggie_config_free(config);
    CHECK_OK(reggie_descriptor_new(arguments[4], size, NULL, &blob, &error),
             error);
    CHECK_OK(reggie_blob_stat(repository, arguments[4], NULL, &found, &error),
             error);
    CHECK_NUMBER((long long)size, found);
    memory(repository, blob);
    callbacks(repository, blob);
    files(repository, blob);
    CHECK_OK(reggie_blob_locate(repository, blob, 1, NULL, &location, &error),
             error);
    reads(repository, blob);
    CHECK(strstr(reggie_location_url(location), arguments[4]) != NULL);
    reggie_location_refused(location, 401);
    reggie_location_free(location);
    reggie_descriptor_free(blob);
    free(content);
}

int main(int count, char **argv)
{
    CHECK_NUMBER(7, count);
    arguments = argv;
    return check_run(argv[1], run, NULL);
}
