/*
 * What pushes of blobs and incremental uploads do with arguments of no use.
 * Arguments: how, the address of a registry, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

/* Of something that the registry does not have. */
#define ABSENT_DIGEST                                                          \
    "sha256:1111111111111111111111111111111111111111111111111111111111111111"
/* Of nothing, and of "{}". */
#define EMPTY_DIGEST                                                           \
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BYTES_DIGEST                                                                  \
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static const uint8_t bytes[] = {'{', '}'};

static int read_none(void *userdata, void *buffer, size_t size, size_t *count)
{
    (void)userdata;
    (void)buffer;
    (void)size;
    *count = 0;
    return 0;
}

static void pushes(const reggie_repository *repository)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_push_path(NULL, "/x", NULL, NULL, &out.descriptor,
                                &error));
    TAKES(reggie_blob_push_path(repository, text, NULL, NULL, &out.descriptor,
                                &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_FILE, REGGIE_FILE, REGGIE_FILE);
    TAKES_NULL(reggie_blob_push_path(repository, "/dev/null", text, NULL,
                                     &out.descriptor, &error),
               (void)0, REGGIE_FILE, REGGIE_INVALID_DIGEST,
               REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_DIGEST);
    FAILS(REGGIE_FILE,
          reggie_blob_push_path(repository, "/dev/null", NULL, NULL, NULL,
                                NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_push_fd(NULL, 0, 0, NULL, NULL, &out.descriptor, &error));
    FAILS(REGGIE_FILE,
          reggie_blob_push_fd(repository, INT_MIN, 0, NULL, NULL,
                              &out.descriptor, &error));
    FAILS(REGGIE_FILE,
          reggie_blob_push_fd(repository, INT_MAX, REGGIE_UNKNOWN_SIZE, NULL,
                              NULL, NULL, NULL));
    TAKES_NULL(reggie_blob_push_fd(repository, INT_MAX, 0, text, NULL,
                                   &out.descriptor, &error),
               (void)0, REGGIE_FILE, REGGIE_INVALID_DIGEST,
               REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_DIGEST);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_push_memory(NULL, bytes, 2, NULL, NULL, &out.descriptor,
                                  &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_push_memory(repository, NULL, 2, NULL, NULL,
                                  &out.descriptor, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_blob_push_memory(repository, bytes, (size_t)-1, NULL, NULL,
                                  &out.descriptor, &error));
    TAKES_NULL(reggie_blob_push_memory(repository, bytes, 2, text, NULL,
                                       &out.descriptor, &error),
               reggie_descriptor_free(out.descriptor), REGGIE_OK,
               REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_DIGEST);
    WORKS(reggie_blob_push_memory(repository, NULL, 0, NULL, NULL, NULL, NULL));
}

static void callbacks(const reggie_repository *repository)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_push_callback(NULL, read_none, NULL, 0, NULL, NULL, NULL,
                                    &out.descriptor, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_push_callback(repository, NULL, NULL, 0, NULL, NULL,
                                    NULL, &out.descriptor, &error));
    FAILS(REGGIE_BODY_LENGTH,
          reggie_blob_push_callback(repository, read_none, NULL, UINT64_MAX - 1,
                                    NULL, NULL, NULL, &out.descriptor,
                                    &error));
    WORKS(reggie_blob_push_callback(repository, read_none, NULL,
                                    REGGIE_UNKNOWN_SIZE, NULL, NULL, NULL,
                                    NULL, NULL));
    TAKES_NULL(reggie_blob_push_callback(repository, read_none, NULL, 0, NULL,
                                         text, NULL, &out.descriptor, &error),
               reggie_descriptor_free(out.descriptor), REGGIE_OK,
               REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_DIGEST);
}

static void mounts(const reggie_repository *repository)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_mount(NULL, BYTES_DIGEST, "b", NULL, &out.flag, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_blob_mount(repository, BYTES_DIGEST, "b", NULL, NULL, &error));
    TAKES(reggie_blob_mount(repository, text, "b", NULL, &out.flag, &error),
          REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_DIGEST);
    TAKES(reggie_blob_mount(repository, BYTES_DIGEST, text, NULL, &out.flag, &error),
          REGGIE_INVALID_REFERENCE, REGGIE_INVALID_REFERENCE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    WORKS(reggie_blob_mount(repository, ABSENT_DIGEST, "b", NULL, &out.flag, NULL));
    CHECK_NUMBER(0, out.flag);
}

static void uploads(const reggie_repository *repository)
{
    reggie_upload *upload;

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_upload_begin(NULL, NULL, &out.upload, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_upload_begin(repository, NULL, NULL, &error));
    WORKS(reggie_upload_begin(repository, NULL, &out.upload, NULL));
    upload = out.upload;
    FAILS(REGGIE_NULL_ARGUMENT, reggie_upload_write(NULL, bytes, 2, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_upload_write(upload, NULL, 2, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_upload_write(upload, bytes, (size_t)-1, &error));
    WORKS(reggie_upload_write(upload, NULL, 0, &error));
    WORKS(reggie_upload_write(upload, bytes, 2, NULL));
    GIVES_NUMBER(0, reggie_upload_offset(NULL));
    CHECK_NUMBER(2, reggie_upload_offset(upload));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_upload_export(NULL, &out.text, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_upload_export(upload, NULL, &error));
    WORKS(reggie_upload_export(upload, &out.text, NULL));
    reggie_string_free(out.text);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_upload_import(NULL, "x", NULL, &out.upload, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_upload_import(repository, "x", NULL, NULL, &error));
    TAKES(reggie_upload_import(repository, text, NULL, &out.upload, &error),
          REGGIE_INVALID_EXPORT, REGGIE_INVALID_EXPORT, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_EXPORT);
    FAILS(REGGIE_INVALID_EXPORT,
          reggie_upload_import(repository, "x", NULL, &out.upload, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_upload_commit(NULL, NULL, NULL, &out.descriptor, &error));
    FAILS(REGGIE_INVALID_DIGEST,
          reggie_upload_commit(upload, "x", NULL, &out.descriptor, &error));
    FAILS(REGGIE_DIGEST_MISMATCH,
          reggie_upload_commit(upload, EMPTY_DIGEST, NULL, NULL, NULL));
    WORKS(reggie_upload_commit(upload, BYTES_DIGEST, NULL, NULL, &error));
    /* It has ended. */
    TAKES_NULL(reggie_upload_commit(upload, text, NULL, &out.descriptor,
                                    &error),
               (void)0, REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_ARGUMENT,
               REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_ARGUMENT);
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_upload_write(upload, bytes, 2, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_upload_abort(NULL, &error));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_upload_abort(upload, NULL));
    reggie_upload_free(upload);
    RETURNS(reggie_upload_free(NULL));
}

static void run(void *address)
{
    reggie_client *client = check_client((const char *)address, "-", NULL);
    reggie_repository *repository = NULL;

    CHECK_OK(reggie_repository_new(client, "a", &repository, NULL), NULL);
    reggie_client_free(client);
    pushes(repository);
    callbacks(repository);
    mounts(repository);
    uploads(repository);
    reggie_repository_free(repository);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
