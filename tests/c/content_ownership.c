/*
 * Handles of content may be freed in any order: none needs another one that was
 * passed in to create it. Arguments: how, the address of a registry, and the
 * digest of a blob in a/b, which also has a manifest with the tag v1.
 */
#include "check.h"

static char **arguments;

enum handle {
    CLIENT,
    OPTIONS,
    CANCEL,
    REFERENCE,
    REPOSITORY,
    MANIFEST,
    DESCRIPTOR,
    JSON,
    NAMES,
    REFERRERS,
    BLOB,
    LOCATION,
    UPLOAD,
    HANDLES
};

/* What is NULL has been freed. */
struct made {
    reggie_client *client;
    reggie_options *options;
    reggie_cancel *cancel;
    reggie_reference *reference;
    reggie_repository *repository;
    reggie_manifest *manifest;
    reggie_descriptor *descriptor;
    reggie_json *json;
    reggie_names *names;
    reggie_referrers *referrers;
    reggie_blob *blob;
    reggie_location *location;
    reggie_upload *upload;
};

static void make(struct made *made)
{
    const reggie_options *options;
    reggie_descriptor *blob = NULL;
    char text[] = "{\"a\":1}";

    memset(made, 0, sizeof *made);
    made->client = check_client(arguments[2], "-", NULL);
    made->options = reggie_options_new();
    options = made->options;
    CHECK_OK(reggie_cancel_new(&made->cancel, NULL), NULL);
    CHECK_OK(reggie_options_set_cancel(made->options, made->cancel), NULL);
    CHECK_OK(reggie_options_set_chunk_size(made->options, 64 * 1024), NULL);
    CHECK_OK(reggie_reference_parse("a/b", NULL, &made->reference, NULL), NULL);
    CHECK_OK(reggie_repository_new(made->client, "a/b", &made->repository,
                                   NULL),
             NULL);
    CHECK_OK(reggie_manifest_pull(made->repository, "v1", options,
                                  &made->manifest, NULL),
             NULL);
    CHECK_OK(reggie_descriptor_copy(reggie_manifest_config(made->manifest),
                                    &made->descriptor, NULL),
             NULL);
    CHECK_OK(reggie_json_parse((const uint8_t *)text, strlen(text), &made->json,
                               NULL),
             NULL);
    memset(text, 0, sizeof text);
    CHECK_OK(reggie_tags_open(made->repository, NULL, options, &made->names,
                              NULL),
             NULL);
    CHECK_OK(reggie_referrers_open(made->repository, arguments[3], NULL,
                                   options, &made->referrers, NULL),
             NULL);
    CHECK_OK(reggie_descriptor_new(arguments[3], REGGIE_UNKNOWN_SIZE, NULL,
                                   &blob, NULL),
             NULL);
    CHECK_OK(reggie_blob_open(made->repository, blob, options, &made->blob,
                              NULL),
             NULL);
    CHECK_OK(reggie_blob_locate(made->repository, blob, 0, options,
                                &made->location, NULL),
             NULL);
    reggie_descriptor_free(blob);
    CHECK_OK(reggie_upload_begin(made->repository, options, &made->upload,
                                 NULL),
             NULL);
}

#define FREE(name)                                                             \
    reggie_##name##_free(made->name);                                          \
    made->name = NULL;                                                         \
    break

static void free_one(struct made *made, int handle)
{
    switch (handle) {
    case CLIENT: FREE(client);
    case OPTIONS: FREE(options);
    case CANCEL: FREE(cancel);
    case REFERENCE: FREE(reference);
    case REPOSITORY: FREE(repository);
    case MANIFEST: FREE(manifest);
    case DESCRIPTOR: FREE(descriptor);
    case JSON: FREE(json);
    case NAMES: FREE(names);
    case REFERRERS: FREE(referrers);
    case BLOB: FREE(blob);
    case LOCATION: FREE(location);
    default: FREE(upload);
    }
}

/* Uses what is left, as far as it sends nothing. */
static void look(const struct made *made)
{
    if (made->cancel != NULL)
        CHECK_NUMBER(0, reggie_cancel_is_triggered(made->cancel));
    if (made->options != NULL)
        CHECK_OK(reggie_options_set_timeout(made->options, 60000), NULL);
    if (made->reference != NULL)
        CHECK_TEXT("docker.io/a/b:latest",
                   reggie_reference_string(made->reference));
    if (made->repository != NULL)
        CHECK_TEXT("a/b", reggie_repository_name(made->repository));
    if (made->manifest != NULL)
        CHECK_TEXT(arguments[3],
                   reggie_descriptor_digest(
                       reggie_manifest_layer(made->manifest, 0)));
    if (made->descriptor != NULL)
        CHECK_TEXT(arguments[3], reggie_descriptor_digest(made->descriptor));
    if (made->json != NULL)
        CHECK_NUMBER(1, reggie_json_integer(reggie_json_get(made->json, "a"),
                                            0));
    if (made->location != NULL)
        CHECK(strstr(reggie_location_url(made->location), arguments[3])
              != NULL);
}

/* Uses what is left, as far as it sends requests. */
static void use(const struct made *made)
{
    uint8_t bytes[64] = {0};
    const reggie_descriptor *found = NULL;
    reggie_repository *other = NULL;
    reggie_error *error = NULL;
    const char *name = NULL;
    size_t got = 0;

    if (made->client != NULL) {
        CHECK_OK(reggie_repository_new(made->client, "x", &other, NULL), NULL);
        reggie_repository_free(other);
    }
    if (made->repository != NULL)
        CHECK_OK(reggie_blob_stat(made->repository, arguments[3], made->options,
                                  NULL, &error),
                 error);
    if (made->names != NULL)
        CHECK_OK(reggie_names_next(made->names, &name, &error), error);
    if (made->referrers != NULL)
        CHECK_OK(reggie_referrers_next(made->referrers, &found, &error), error);
    if (made->blob != NULL) {
        CHECK_OK(reggie_blob_read(made->blob, bytes, sizeof bytes, &got,
                                  &error),
                 error);
        CHECK_OK(reggie_blob_pread(made->blob, bytes, 2, 1, NULL, &got, &error),
                 error);
        CHECK_NUMBER(2, got);
    }
    if (made->upload != NULL)
        CHECK_OK(reggie_upload_write(made->upload, bytes, sizeof bytes, &error),
                 error);
}

/* Each handle is freed first, and last, and in between. */
static void run(void *context)
{
    struct made made;
    int first;
    int step;
    int i;

    (void)context;
    for (first = 0; first < HANDLES; first++) {
        for (step = 1; step < HANDLES; step += HANDLES - 2) {
            make(&made);
            for (i = 0; i < HANDLES; i++) {
                free_one(&made, (first + i * step) % HANDLES);
                look(&made);
                if (i % 3 == first % 3)
                    use(&made);
            }
        }
    }
}

int main(int count, char **values)
{
    CHECK_NUMBER(4, count);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
