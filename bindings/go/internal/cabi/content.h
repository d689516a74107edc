/*
 * shim.h for calls that transfer content. `call` is the number of the call that
 * callbacks on this thread belong to.
 */
#ifndef CABI_CONTENT_H
#define CABI_CONTENT_H

#include "shim.h"

/* Callbacks of content.c. */
int cabi_on_read(void *userdata, void *buffer, size_t size, size_t *got);
int cabi_on_rewind(void *userdata);
int cabi_on_write(void *userdata, const void *data, size_t size);
reggie_status cabi_options_set_progress(uintptr_t id, int64_t interval);
reggie_status cabi_options_set_filter(uintptr_t id);

/* Makes `call` the one of this thread; returns the previous one. */
uintptr_t cabi_switch(uintptr_t call);

/* Runs an expression within a call, and returns its status. */
#define CABI_RUN(call, expression)                                             \
    do {                                                                       \
        uintptr_t before = cabi_switch(call);                                  \
        reggie_status status = (expression);                                   \
        cabi_switch(before);                                                   \
        return status;                                                         \
    } while (0)

#define CABI_IN(type, id) ((const reggie_##type *)(id))
#define CABI_OUT(type, id) ((reggie_##type **)(id))

/* References, descriptors and manifests. */

static inline reggie_status cabi_reference_parse(const char *text,
                                                 const char *registry,
                                                 uintptr_t *reference,
                                                 uintptr_t *error)
{
    return reggie_reference_parse(text, registry, CABI_OUT(reference, reference),
                                  CABI_OUT(error, error));
}

CABI_GET(const char *, reference, registry)
CABI_GET(const char *, reference, address)
CABI_GET(const char *, reference, name)
CABI_GET(const char *, reference, tag)
CABI_GET(const char *, reference, digest)
CABI_GET(const char *, reference, target)
CABI_GET(const char *, reference, string)
CABI_FREE(reference)

static inline reggie_status cabi_descriptor_new(const char *digest,
                                                uint64_t size,
                                                const char *media_type,
                                                uintptr_t *descriptor,
                                                uintptr_t *error)
{
    return reggie_descriptor_new(digest, size, media_type,
                                 CABI_OUT(descriptor, descriptor),
                                 CABI_OUT(error, error));
}

CABI_GET(const char *, descriptor, digest)
CABI_GET(uint64_t, descriptor, size)
CABI_GET(const char *, descriptor, media_type)
CABI_GET(const char *, descriptor, artifact_type)
CABI_GET(const char *, descriptor, platform)
CABI_GET(const uint8_t *, descriptor, data)
CABI_GET(size_t, descriptor, urls_count)
CABI_GET_AT(const char *, descriptor, url)
CABI_GET(size_t, descriptor, annotations_count)
CABI_GET_AT(const char *, descriptor, annotation_name)
CABI_STRING_2(descriptor, set_annotation)
CABI_FREE(descriptor)

#define CABI_GET_NAMED(type, name)                                             \
    static inline const char *cabi_##type##_##name(uintptr_t id,               \
                                                   const char *key)            \
    {                                                                          \
        return reggie_##type##_##name(CABI_IN(type, id), key);                 \
    }
#define CABI_GET_DESCRIPTOR(name)                                              \
    static inline uintptr_t cabi_manifest_##name(uintptr_t id)                 \
    {                                                                          \
        return (uintptr_t)reggie_manifest_##name(CABI_IN(manifest, id));       \
    }
#define CABI_GET_DESCRIPTOR_AT(name)                                           \
    static inline uintptr_t cabi_manifest_##name(uintptr_t id, size_t index)   \
    {                                                                          \
        return (uintptr_t)reggie_manifest_##name(CABI_IN(manifest, id),        \
                                                 index);                       \
    }

CABI_GET_NAMED(descriptor, annotation)
CABI_GET_NAMED(manifest, annotation)

static inline reggie_status cabi_manifest_parse(const uint8_t *bytes,
                                                size_t size,
                                                const char *media_type,
                                                uintptr_t *manifest,
                                                uintptr_t *error)
{
    return reggie_manifest_parse(bytes, size, media_type,
                                 CABI_OUT(manifest, manifest),
                                 CABI_OUT(error, error));
}

CABI_GET(const uint8_t *, manifest, bytes)
CABI_GET(size_t, manifest, size)
CABI_GET(int, manifest, is_index)
CABI_GET(const char *, manifest, artifact_type)
CABI_GET(size_t, manifest, layers_count)
CABI_GET(size_t, manifest, entries_count)
CABI_GET(size_t, manifest, annotations_count)
CABI_GET_AT(const char *, manifest, annotation_name)
CABI_GET_DESCRIPTOR(descriptor)
CABI_GET_DESCRIPTOR(config)
CABI_GET_DESCRIPTOR(subject)
CABI_GET_DESCRIPTOR_AT(layer)
CABI_GET_DESCRIPTOR_AT(entry)
CABI_FREE(manifest)

static inline uintptr_t cabi_manifest_select(uintptr_t id, const char *platform)
{
    return (uintptr_t)reggie_manifest_select(CABI_IN(manifest, id), platform);
}

/* Options and progress. */

static inline uintptr_t cabi_options_new(void)
{
    return (uintptr_t)reggie_options_new();
}

static inline reggie_status cabi_options_set_cancel(uintptr_t id,
                                                    uintptr_t cancel)
{
    return reggie_options_set_cancel((reggie_options *)id,
                                     CABI_IN(cancel, cancel));
}

static inline reggie_status cabi_options_set_ranges(uintptr_t id, size_t parts,
                                                    size_t part_size)
{
    return reggie_options_set_ranges((reggie_options *)id, parts, part_size);
}

static inline reggie_status cabi_options_set_pages(uintptr_t id,
                                                   size_t page_size,
                                                   size_t max_pages)
{
    return reggie_options_set_pages((reggie_options *)id, page_size, max_pages);
}

static inline reggie_status cabi_options_set_max_blob(uintptr_t id,
                                                      uint64_t bytes)
{
    return reggie_options_set_max_blob((reggie_options *)id, bytes);
}

static inline reggie_status cabi_options_set_max_manifest(uintptr_t id,
                                                          size_t bytes)
{
    return reggie_options_set_max_manifest((reggie_options *)id, bytes);
}

static inline reggie_status cabi_options_set_chunk_size(uintptr_t id,
                                                        uint64_t bytes)
{
    return reggie_options_set_chunk_size((reggie_options *)id, bytes);
}

static inline reggie_status cabi_options_set_parallel(uintptr_t id,
                                                      size_t blobs)
{
    return reggie_options_set_parallel((reggie_options *)id, blobs);
}

static inline reggie_status cabi_options_set_max_speed(uintptr_t id,
                                                       uint64_t down,
                                                       uint64_t up)
{
    return reggie_options_set_max_speed((reggie_options *)id, down, up);
}

CABI_INT(options, set_retries)
CABI_INT(options, set_referrers)
CABI_INT(options, set_digest_tags)
CABI_INT(options, set_foreign)
CABI_INT(options, set_resume)
CABI_INT(options, set_existing)
CABI_INT(options, set_sync)
CABI_INT(options, set_delete_detour)
CABI_TIME(options, set_lock_timeout)
CABI_STRING(options, add_manifest_type)
CABI_STRING(options, set_algorithm)
CABI_STRING(options, set_state_folder)
CABI_STRING(options, add_mount_from)
CABI_STRING(options, set_platform)
CABI_FREE(options)

CABI_GET(int, progress, event)
CABI_GET(int, progress, phase)
CABI_GET(const char *, progress, name)
CABI_GET(uint64_t, progress, done)
CABI_GET(uint64_t, progress, total)
CABI_GET(uint64_t, progress, resumed)
CABI_GET(int64_t, progress, wait_ms)
CABI_GET(size_t, progress, number)
CABI_GET(size_t, progress, index)
CABI_GET(uint64_t, progress, all_done)
CABI_GET(uint64_t, progress, all_total)
CABI_GET(size_t, progress, items)
CABI_GET(size_t, progress, items_done)

static inline uintptr_t cabi_progress_item(uintptr_t id)
{
    return (uintptr_t)reggie_progress_item(CABI_IN(progress, id));
}

/* Repositories. */

static inline reggie_status cabi_repository_new(uintptr_t client,
                                                const char *name,
                                                uintptr_t *repository,
                                                uintptr_t *error)
{
    return reggie_repository_new(CABI_IN(client, client), name,
                                 CABI_OUT(repository, repository),
                                 CABI_OUT(error, error));
}

CABI_GET(const char *, repository, name)
CABI_FREE(repository)

static inline reggie_status cabi_repository_authorization(
    uintptr_t call, uintptr_t repository, int push, uintptr_t options,
    char **value, int64_t *expires, uintptr_t *error)
{
    CABI_RUN(call, reggie_repository_authorization(
                       CABI_IN(repository, repository), push,
                       CABI_IN(options, options), value, expires,
                       CABI_OUT(error, error)));
}

/* Manifests of a repository. */

static inline reggie_status cabi_manifest_pull(uintptr_t call,
                                               uintptr_t repository,
                                               const char *reference,
                                               uintptr_t options,
                                               uintptr_t *manifest,
                                               uintptr_t *error)
{
    CABI_RUN(call, reggie_manifest_pull(CABI_IN(repository, repository),
                                        reference, CABI_IN(options, options),
                                        CABI_OUT(manifest, manifest),
                                        CABI_OUT(error, error)));
}

static inline reggie_status cabi_manifest_resolve(
    uintptr_t call, uintptr_t repository, const char *reference,
    const char *platform, uintptr_t options, uintptr_t *manifest,
    uintptr_t *error)
{
    CABI_RUN(call, reggie_manifest_resolve(
                       CABI_IN(repository, repository), reference, platform,
                       CABI_IN(options, options), CABI_OUT(manifest, manifest),
                       CABI_OUT(error, error)));
}

static inline reggie_status cabi_manifest_stat(uintptr_t call,
                                               uintptr_t repository,
                                               const char *reference,
                                               uintptr_t options,
                                               uintptr_t *descriptor,
                                               uintptr_t *error)
{
    CABI_RUN(call, reggie_manifest_stat(CABI_IN(repository, repository),
                                        reference, CABI_IN(options, options),
                                        CABI_OUT(descriptor, descriptor),
                                        CABI_OUT(error, error)));
}

static inline reggie_status cabi_manifest_push(uintptr_t call,
                                               uintptr_t repository,
                                               uintptr_t manifest, char **tags,
                                               size_t count, uintptr_t options,
                                               uintptr_t *error)
{
    CABI_RUN(call, reggie_manifest_push(CABI_IN(repository, repository),
                                        CABI_IN(manifest, manifest),
                                        (const char *const *)tags, count,
                                        CABI_IN(options, options),
                                        CABI_OUT(error, error)));
}

/* Functions that delete what a string names. */
#define CABI_DELETE(type)                                                      \
    static inline reggie_status cabi_##type##_delete(                          \
        uintptr_t call, uintptr_t repository, const char *value,               \
        uintptr_t options, uintptr_t *error)                                   \
    {                                                                          \
        CABI_RUN(call, reggie_##type##_delete(CABI_IN(repository, repository), \
                                              value,                           \
                                              CABI_IN(options, options),       \
                                              CABI_OUT(error, error)));        \
    }

CABI_DELETE(manifest)
CABI_DELETE(tag)
CABI_DELETE(blob)

/* Lists. */

#define CABI_LIST(name, type)                                                  \
    static inline reggie_status cabi_##name##_open(                            \
        uintptr_t parent, const char *after, uintptr_t options,                \
        uintptr_t *names, uintptr_t *error)                                    \
    {                                                                          \
        return reggie_##name##_open(CABI_IN(type, parent), after,              \
                                    CABI_IN(options, options),                 \
                                    CABI_OUT(names, names),                    \
                                    CABI_OUT(error, error));                   \
    }

CABI_LIST(tags, repository)
CABI_LIST(catalog, client)
CABI_GET(size_t, names, left_out)
CABI_FREE(names)
CABI_FREE(referrers)

static inline reggie_status cabi_names_next(uintptr_t call, uintptr_t names,
                                            const char **name, uintptr_t *error)
{
    CABI_RUN(call, reggie_names_next((reggie_names *)names, name,
                                     CABI_OUT(error, error)));
}

static inline reggie_status cabi_referrers_open(uintptr_t repository,
                                                const char *digest,
                                                const char *artifact_type,
                                                uintptr_t options,
                                                uintptr_t *referrers,
                                                uintptr_t *error)
{
    return reggie_referrers_open(CABI_IN(repository, repository), digest,
                                 artifact_type, CABI_IN(options, options),
                                 CABI_OUT(referrers, referrers),
                                 CABI_OUT(error, error));
}

static inline reggie_status cabi_referrers_next(uintptr_t call,
                                                uintptr_t referrers,
                                                uintptr_t *descriptor,
                                                uintptr_t *error)
{
    CABI_RUN(call, reggie_referrers_next(
                       (reggie_referrers *)referrers,
                       (const reggie_descriptor **)descriptor,
                       CABI_OUT(error, error)));
}

#endif
