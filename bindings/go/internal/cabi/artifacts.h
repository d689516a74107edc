/* content.h for layouts, copies, builders and batches. */
#ifndef CABI_ARTIFACTS_H
#define CABI_ARTIFACTS_H

#include "content.h"

/* Layouts. */

static inline reggie_status cabi_repository_open_layout(const char *path,
                                                        int create,
                                                        uintptr_t *repository,
                                                        uintptr_t *error)
{
    return reggie_repository_open_layout(path, create,
                                         CABI_OUT(repository, repository),
                                         CABI_OUT(error, error));
}

CABI_GET(const char *, repository, target)

/* Copies and files. */

static inline reggie_status cabi_copy(uintptr_t call, uintptr_t from,
                                      const char *reference, uintptr_t to,
                                      char **tags, size_t count,
                                      uintptr_t options, uintptr_t *copied,
                                      uintptr_t *error)
{
    CABI_RUN(call, reggie_copy(CABI_IN(repository, from), reference,
                               CABI_IN(repository, to),
                               (const char *const *)tags, count,
                               CABI_IN(options, options),
                               CABI_OUT(descriptor, copied),
                               CABI_OUT(error, error)));
}

static inline reggie_status cabi_pull_files(uintptr_t call,
                                            uintptr_t repository,
                                            const char *reference,
                                            const char *folder,
                                            uintptr_t options,
                                            uintptr_t *manifest,
                                            uintptr_t *error)
{
    CABI_RUN(call, reggie_pull_files(CABI_IN(repository, repository),
                                     reference, folder,
                                     CABI_IN(options, options),
                                     CABI_OUT(manifest, manifest),
                                     CABI_OUT(error, error)));
}

/* Builders. */

static inline uintptr_t cabi_builder_new(void)
{
    return (uintptr_t)reggie_builder_new();
}

static inline uintptr_t cabi_builder_new_index(void)
{
    return (uintptr_t)reggie_builder_new_index();
}

CABI_FREE(builder)
CABI_STRING(builder, set_artifact_type)
CABI_STRING_2(builder, set_annotation)
CABI_STRING_2(builder, annotate)
CABI_STRING_3(builder, add_path)

#define CABI_DESCRIPTOR(name)                                                  \
    static inline reggie_status cabi_builder_##name(uintptr_t id,              \
                                                    uintptr_t descriptor)      \
    {                                                                          \
        return reggie_builder_##name((reggie_builder *)id,                     \
                                     CABI_IN(descriptor, descriptor));         \
    }

CABI_DESCRIPTOR(set_subject)
CABI_DESCRIPTOR(set_config_descriptor)
CABI_DESCRIPTOR(add)

static inline reggie_status cabi_builder_set_config(uintptr_t id,
                                                    const uint8_t *bytes,
                                                    size_t size,
                                                    const char *media_type)
{
    return reggie_builder_set_config((reggie_builder *)id, bytes, size,
                                     media_type);
}

static inline reggie_status cabi_builder_add_memory(uintptr_t id,
                                                    const uint8_t *bytes,
                                                    size_t size,
                                                    const char *media_type,
                                                    const char *title)
{
    return reggie_builder_add_memory((reggie_builder *)id, bytes, size,
                                     media_type, title);
}

static inline reggie_status cabi_builder_finish(uintptr_t call, uintptr_t id,
                                                uintptr_t options,
                                                uintptr_t *manifest,
                                                uintptr_t *error)
{
    CABI_RUN(call, reggie_builder_finish(CABI_IN(builder, id),
                                         CABI_IN(options, options),
                                         CABI_OUT(manifest, manifest),
                                         CABI_OUT(error, error)));
}

static inline reggie_status cabi_builder_push(uintptr_t call, uintptr_t id,
                                              uintptr_t repository, char **tags,
                                              size_t count, uintptr_t options,
                                              uintptr_t *manifest,
                                              uintptr_t *error)
{
    CABI_RUN(call, reggie_builder_push(CABI_IN(builder, id),
                                       CABI_IN(repository, repository),
                                       (const char *const *)tags, count,
                                       CABI_IN(options, options),
                                       CABI_OUT(manifest, manifest),
                                       CABI_OUT(error, error)));
}

/* Batches. */

#define CABI_BATCH(id) ((reggie_batch *)(id))

static inline reggie_status cabi_batch_new(uintptr_t options, uintptr_t *batch,
                                           uintptr_t *error)
{
    return reggie_batch_new(CABI_IN(options, options), CABI_OUT(batch, batch),
                            CABI_OUT(error, error));
}

static inline void cabi_batch_free(uintptr_t call, uintptr_t id)
{
    uintptr_t before = cabi_switch(call);

    reggie_batch_free(CABI_BATCH(id));
    cabi_switch(before);
}

CABI_INT(batch, set_keep_going)

static inline reggie_status cabi_batch_run(uintptr_t call, uintptr_t id,
                                           uintptr_t *error)
{
    CABI_RUN(call, reggie_batch_run(CABI_BATCH(id), CABI_OUT(error, error)));
}

/* Waits until there is something to do. */
static inline reggie_status cabi_batch_step(uintptr_t call, uintptr_t id,
                                            int *running, uintptr_t *error)
{
    CABI_RUN(call, reggie_batch_step(CABI_BATCH(id), -1, running,
                                     CABI_OUT(error, error)));
}

static inline int cabi_batch_is_done(uintptr_t id, size_t index)
{
    return reggie_batch_is_done(CABI_IN(batch, id), index);
}

#define CABI_RESULT(name)                                                      \
    static inline uintptr_t cabi_batch_##name(uintptr_t id, size_t index)      \
    {                                                                          \
        return (uintptr_t)reggie_batch_##name(CABI_IN(batch, id), index);      \
    }

CABI_RESULT(item)
CABI_RESULT(manifest)
CABI_RESULT(location)
CABI_RESULT(error)

static inline reggie_status cabi_batch_pull_to_path(uintptr_t id,
                                                    uintptr_t repository,
                                                    uintptr_t blob,
                                                    const char *path)
{
    return reggie_batch_pull_to_path(CABI_BATCH(id),
                                     CABI_IN(repository, repository),
                                     CABI_IN(descriptor, blob), path);
}

static inline reggie_status cabi_batch_pull_to_fd(uintptr_t id,
                                                  uintptr_t repository,
                                                  uintptr_t blob, int fd)
{
    return reggie_batch_pull_to_fd(CABI_BATCH(id),
                                   CABI_IN(repository, repository),
                                   CABI_IN(descriptor, blob), fd);
}

/* Passes the data to WriteTo of the call, with the number of the output. */
reggie_status cabi_batch_pull_to_call(uintptr_t id, uintptr_t repository,
                                      uintptr_t blob, uintptr_t output);

static inline reggie_status cabi_batch_push_path(uintptr_t id,
                                                 uintptr_t repository,
                                                 const char *path,
                                                 const char *digest)
{
    return reggie_batch_push_path(CABI_BATCH(id),
                                  CABI_IN(repository, repository), path,
                                  digest);
}

static inline reggie_status cabi_batch_copy(uintptr_t id, uintptr_t from,
                                            const char *reference, uintptr_t to,
                                            char **tags, size_t count)
{
    return reggie_batch_copy(CABI_BATCH(id), CABI_IN(repository, from),
                             reference, CABI_IN(repository, to),
                             (const char *const *)tags, count);
}

static inline reggie_status cabi_batch_resolve(uintptr_t id,
                                               uintptr_t repository,
                                               const char *reference,
                                               const char *platform)
{
    return reggie_batch_resolve(CABI_BATCH(id),
                                CABI_IN(repository, repository), reference,
                                platform);
}

static inline reggie_status cabi_batch_locate(uintptr_t id,
                                              uintptr_t repository,
                                              uintptr_t blob, int follow)
{
    return reggie_batch_locate(CABI_BATCH(id), CABI_IN(repository, repository),
                               CABI_IN(descriptor, blob), follow);
}

#endif
