/* content.h for blobs. */
#ifndef CABI_BLOBS_H
#define CABI_BLOBS_H

#include "content.h"

/* Pulls. */

static inline reggie_status cabi_blob_pull_to_path(uintptr_t call,
                                                   uintptr_t repository,
                                                   uintptr_t blob,
                                                   const char *path,
                                                   uintptr_t options,
                                                   uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_pull_to_path(CABI_IN(repository, repository),
                                            CABI_IN(descriptor, blob), path,
                                            CABI_IN(options, options),
                                            CABI_OUT(error, error)));
}

static inline reggie_status cabi_blob_pull_to_fd(uintptr_t call,
                                                 uintptr_t repository,
                                                 uintptr_t blob, int fd,
                                                 uintptr_t options,
                                                 uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_pull_to_fd(CABI_IN(repository, repository),
                                          CABI_IN(descriptor, blob), fd,
                                          CABI_IN(options, options),
                                          CABI_OUT(error, error)));
}

/* Passes the data to the Write of the call. */
static inline reggie_status cabi_blob_pull_to_call(uintptr_t call,
                                                   uintptr_t repository,
                                                   uintptr_t blob,
                                                   uintptr_t options,
                                                   uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_pull_to_callback(
                       CABI_IN(repository, repository),
                       CABI_IN(descriptor, blob), cabi_on_write, NULL,
                       CABI_IN(options, options), CABI_OUT(error, error)));
}

static inline reggie_status cabi_blob_pull_to_memory(
    uintptr_t call, uintptr_t repository, uintptr_t blob, size_t max_size,
    uintptr_t options, uint8_t **bytes, size_t *size, uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_pull_to_memory(
                       CABI_IN(repository, repository),
                       CABI_IN(descriptor, blob), max_size,
                       CABI_IN(options, options), bytes, size,
                       CABI_OUT(error, error)));
}

static inline reggie_status cabi_blob_stat(uintptr_t call, uintptr_t repository,
                                           const char *digest,
                                           uintptr_t options, uint64_t *size,
                                           uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_stat(CABI_IN(repository, repository), digest,
                                    CABI_IN(options, options), size,
                                    CABI_OUT(error, error)));
}

/* Reading. */

static inline reggie_status cabi_blob_open(uintptr_t call, uintptr_t repository,
                                           uintptr_t blob, uintptr_t options,
                                           uintptr_t *handle, uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_open(CABI_IN(repository, repository),
                                    CABI_IN(descriptor, blob),
                                    CABI_IN(options, options),
                                    CABI_OUT(blob, handle),
                                    CABI_OUT(error, error)));
}

static inline reggie_status cabi_blob_read(uintptr_t call, uintptr_t handle,
                                           uint8_t *buffer, size_t size,
                                           size_t *got, uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_read((reggie_blob *)handle, buffer, size, got,
                                    CABI_OUT(error, error)));
}

static inline reggie_status cabi_blob_pread(uintptr_t call, uintptr_t handle,
                                            uint8_t *buffer, size_t size,
                                            uint64_t offset, uintptr_t options,
                                            size_t *got, uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_pread(CABI_IN(blob, handle), buffer, size,
                                     offset, CABI_IN(options, options), got,
                                     CABI_OUT(error, error)));
}

CABI_GET(uint64_t, blob, size)
CABI_FREE(blob)

/* Locations. */

static inline reggie_status cabi_blob_locate(uintptr_t call,
                                             uintptr_t repository,
                                             uintptr_t blob, int follow,
                                             uintptr_t options,
                                             uintptr_t *location,
                                             uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_locate(CABI_IN(repository, repository),
                                      CABI_IN(descriptor, blob), follow,
                                      CABI_IN(options, options),
                                      CABI_OUT(location, location),
                                      CABI_OUT(error, error)));
}

CABI_GET(const char *, location, url)
CABI_GET(int64_t, location, expires)
CABI_HEADERS(location)
CABI_FREE(location)

static inline void cabi_location_refused(uintptr_t id, int http_status)
{
    reggie_location_refused(CABI_IN(location, id), http_status);
}

/* Pushes. */

static inline reggie_status cabi_blob_push_path(
    uintptr_t call, uintptr_t repository, const char *path, const char *digest,
    uintptr_t options, uintptr_t *descriptor, uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_push_path(CABI_IN(repository, repository), path,
                                         digest, CABI_IN(options, options),
                                         CABI_OUT(descriptor, descriptor),
                                         CABI_OUT(error, error)));
}

static inline reggie_status cabi_blob_push_fd(
    uintptr_t call, uintptr_t repository, int fd, uint64_t length,
    const char *digest, uintptr_t options, uintptr_t *descriptor,
    uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_push_fd(CABI_IN(repository, repository), fd,
                                       length, digest,
                                       CABI_IN(options, options),
                                       CABI_OUT(descriptor, descriptor),
                                       CABI_OUT(error, error)));
}

static inline reggie_status cabi_blob_push_memory(
    uintptr_t call, uintptr_t repository, const uint8_t *bytes, size_t size,
    const char *digest, uintptr_t options, uintptr_t *descriptor,
    uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_push_memory(CABI_IN(repository, repository),
                                           bytes, size, digest,
                                           CABI_IN(options, options),
                                           CABI_OUT(descriptor, descriptor),
                                           CABI_OUT(error, error)));
}

/* `reader` is the number of a Reader. */
static inline reggie_status cabi_blob_push_reader(
    uintptr_t call, uintptr_t repository, uintptr_t reader, int rewinds,
    uint64_t length, const char *digest, uintptr_t options,
    uintptr_t *descriptor, uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_push_callback(
                       CABI_IN(repository, repository), cabi_on_read,
                       rewinds ? cabi_on_rewind : NULL, length, (void *)reader,
                       digest, CABI_IN(options, options),
                       CABI_OUT(descriptor, descriptor),
                       CABI_OUT(error, error)));
}

static inline reggie_status cabi_blob_mount(uintptr_t call,
                                            uintptr_t repository,
                                            const char *digest,
                                            const char *from, uintptr_t options,
                                            int *mounted, uintptr_t *error)
{
    CABI_RUN(call, reggie_blob_mount(CABI_IN(repository, repository), digest,
                                     from, CABI_IN(options, options), mounted,
                                     CABI_OUT(error, error)));
}

/* Uploads. */

static inline reggie_status cabi_upload_begin(uintptr_t call,
                                              uintptr_t repository,
                                              uintptr_t options,
                                              uintptr_t *upload,
                                              uintptr_t *error)
{
    CABI_RUN(call, reggie_upload_begin(CABI_IN(repository, repository),
                                       CABI_IN(options, options),
                                       CABI_OUT(upload, upload),
                                       CABI_OUT(error, error)));
}

static inline reggie_status cabi_upload_import(uintptr_t call,
                                               uintptr_t repository,
                                               const char *text,
                                               uintptr_t options,
                                               uintptr_t *upload,
                                               uintptr_t *error)
{
    CABI_RUN(call, reggie_upload_import(CABI_IN(repository, repository), text,
                                        CABI_IN(options, options),
                                        CABI_OUT(upload, upload),
                                        CABI_OUT(error, error)));
}

static inline reggie_status cabi_upload_write(uintptr_t call, uintptr_t upload,
                                              const uint8_t *bytes, size_t size,
                                              uintptr_t *error)
{
    CABI_RUN(call, reggie_upload_write((reggie_upload *)upload, bytes, size,
                                       CABI_OUT(error, error)));
}

static inline reggie_status cabi_upload_commit(uintptr_t call, uintptr_t upload,
                                               const char *digest,
                                               uintptr_t options,
                                               uintptr_t *descriptor,
                                               uintptr_t *error)
{
    CABI_RUN(call, reggie_upload_commit((reggie_upload *)upload, digest,
                                        CABI_IN(options, options),
                                        CABI_OUT(descriptor, descriptor),
                                        CABI_OUT(error, error)));
}

static inline reggie_status cabi_upload_abort(uintptr_t call, uintptr_t upload,
                                              uintptr_t *error)
{
    CABI_RUN(call, reggie_upload_abort((reggie_upload *)upload,
                                       CABI_OUT(error, error)));
}

static inline reggie_status cabi_upload_export(uintptr_t id, char **text,
                                               uintptr_t *error)
{
    return reggie_upload_export(CABI_IN(upload, id), text,
                                CABI_OUT(error, error));
}

CABI_GET(uint64_t, upload, offset)
CABI_FREE(upload)

#endif
