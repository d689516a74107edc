/*
 * What calls about blobs do with arguments of no use. Arguments: how, the
 * address of a server whose responses are not the blob, and the size of a large
 * text.
 */
#include "arguments.h"

#include <limits.h>

#define DIGEST                                                                 \
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

/* The server echoes requests: its responses are neither the blob nor ranges. */
static int stop(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    (void)data;
    (void)size;
    return 1;
}

static void pulls(const reggie_repository *repository,
                  const reggie_descriptor *blob)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_path(NULL, blob, "a", NULL, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_path(repository, NULL, "a", NULL, &error));
    TAKES(reggie_blob_pull_to_path(repository, blob, text, NULL, &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_FILE, REGGIE_DIGEST_MISMATCH,
          REGGIE_DIGEST_MISMATCH);
    FAILS(REGGIE_FILE,
          reggie_blob_pull_to_path(repository, blob, "/", NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_fd(NULL, blob, 1, NULL, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_fd(repository, NULL, 1, NULL, &error));
    FAILS(REGGIE_DIGEST_MISMATCH,
          reggie_blob_pull_to_fd(repository, blob, INT_MIN, NULL, &error));
    FAILS(REGGIE_DIGEST_MISMATCH,
          reggie_blob_pull_to_fd(repository, blob, INT_MAX, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_callback(NULL, blob, stop, NULL, NULL, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_callback(repository, NULL, stop, NULL, NULL,
                                       &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_callback(repository, blob, NULL, NULL, NULL,
                                       &error));
    FAILS(REGGIE_DIGEST_MISMATCH,
          reggie_blob_pull_to_callback(repository, blob, stop, NULL, NULL,
                                       NULL));
}

static void memory(const reggie_repository *repository,
                   const reggie_descriptor *blob)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_memory(NULL, blob, 1, NULL, &out.bytes, &out.got,
                                     &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_memory(repository, NULL, 1, NULL, &out.bytes,
                                     &out.got, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_memory(repository, blob, 1, NULL, NULL, &out.got,
                                     &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pull_to_memory(repository, blob, 1, NULL, &out.bytes,
                                     NULL, &error));
    FAILS(REGGIE_BODY_TOO_LARGE,
          reggie_blob_pull_to_memory(repository, blob, 0, NULL, &out.bytes,
                                     &out.got, &error));
    FAILS(REGGIE_DIGEST_MISMATCH,
          reggie_blob_pull_to_memory(repository, blob, (size_t)-1, NULL,
                                     &out.bytes, &out.got, NULL));
    RETURNS(reggie_bytes_free(NULL));
}

static void existence(const reggie_repository *repository)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_stat(NULL, DIGEST, NULL, &out.length, &error));
    TAKES(reggie_blob_stat(repository, text, NULL, &out.length, &error),
          REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_DIGEST);
    FAILS(REGGIE_INVALID_DIGEST,
          reggie_blob_stat(repository, "a", NULL, NULL, NULL));
    WORKS(reggie_blob_stat(repository, DIGEST, NULL, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_delete(NULL, DIGEST, NULL, &error));
    TAKES(reggie_blob_delete(repository, text, NULL, &error),
          REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_DIGEST);
    WORKS(reggie_blob_delete(repository, DIGEST, NULL, NULL));
}

static void reads(const reggie_repository *repository,
                  const reggie_descriptor *blob)
{
    reggie_blob *handle;
    uint8_t buffer[4];

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_open(NULL, blob, NULL, &out.blob, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_open(repository, NULL, NULL, &out.blob, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_open(repository, blob, NULL, NULL, &error));
    WORKS(reggie_blob_open(repository, blob, NULL, &out.blob, NULL));
    handle = out.blob;
    GIVES_NUMBER(REGGIE_UNKNOWN_SIZE, reggie_blob_size(NULL));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_read(NULL, buffer, 4, &out.got, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_read(handle, NULL, 4, &out.got, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_blob_read(handle, buffer, (size_t)-1, &out.got, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_read(handle, buffer, 4, NULL, &error));
    WORKS(reggie_blob_read(handle, NULL, 0, &out.got, NULL));
    FAILS(REGGIE_SIZE_MISMATCH,
          reggie_blob_read(handle, buffer, 4, &out.got, &error));
    FAILS(REGGIE_SIZE_MISMATCH,
          reggie_blob_read(handle, buffer, 4, &out.got, NULL));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pread(NULL, buffer, 4, 0, NULL, &out.got, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pread(handle, NULL, 4, 0, NULL, &out.got, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_blob_pread(handle, buffer, (size_t)-1, 0, NULL, &out.got,
                            &error));
    WORKS(reggie_blob_pread(handle, buffer, 4, UINT64_MAX, NULL, &out.got,
                            NULL));
    CHECK_NUMBER(0, out.got);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_pread(handle, buffer, 4, 0, NULL, NULL, &error));
    FAILS(REGGIE_RANGE_IGNORED,
          reggie_blob_pread(handle, buffer, 4, 0, NULL, &out.got, NULL));
    reggie_blob_free(handle);
    RETURNS(reggie_blob_free(NULL));
}

static void locations(const reggie_repository *repository,
                      const reggie_descriptor *blob)
{
    reggie_location *location;

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_locate(NULL, blob, 0, NULL, &out.location, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_locate(repository, NULL, 0, NULL, &out.location, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_locate(repository, blob, 0, NULL, NULL, &error));
    WORKS(reggie_blob_locate(repository, blob, INT_MIN, NULL, &out.location,
                             NULL));
    location = out.location;
    CHECK(reggie_location_url(location) != NULL);
    CHECK_NUMBER(0, reggie_headers_count(reggie_location_headers(location)));
    CHECK_NUMBER(-1, reggie_location_expires(location));
    RETURNS(reggie_location_refused(location, INT_MAX));
    RETURNS(reggie_location_refused(location, INT_MIN));
    RETURNS(reggie_location_refused(NULL, 401));
    reggie_location_free(location);
    RETURNS(reggie_location_free(NULL));
    GIVES_NULL(reggie_location_url(NULL));
    GIVES_NULL(reggie_location_headers(NULL));
    GIVES_NUMBER(-1, reggie_location_expires(NULL));
}

static void run(void *address)
{
    reggie_client *client = check_client((const char *)address, "-", NULL);
    reggie_repository *repository = NULL;
    reggie_descriptor *blob = NULL;

    CHECK_OK(reggie_repository_new(client, "a/b", &repository, NULL), NULL);
    CHECK_OK(reggie_descriptor_new(DIGEST, REGGIE_UNKNOWN_SIZE, NULL, &blob,
                                   NULL),
             NULL);
    pulls(repository, blob);
    memory(repository, blob);
    existence(repository);
    locations(repository, blob);
    reggie_descriptor_free(blob);
    CHECK_OK(reggie_descriptor_new(DIGEST, 2, NULL, &blob, NULL), NULL);
    reads(repository, blob);
    reggie_descriptor_free(blob);
    reggie_repository_free(repository);
    reggie_client_free(client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
