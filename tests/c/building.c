/*
 * Layouts and builders: who owns what, and that they may be freed in any order.
 * Arguments: how, and the path of a layout that is created.
 */
#include "check.h"

static const char *path;

struct watch {
    reggie_builder *builder;
    int busy;
    int freed;
};

/* A builder is in use while it is pushed. */
static int watch_progress(void *userdata, const reggie_progress *progress)
{
    struct watch *watch = (struct watch *)userdata;

    (void)progress;
    watch->busy += reggie_builder_set_annotation(watch->builder, "a", "b")
                   == REGGIE_BUSY;
    return 0;
}

static void watch_freed(void *userdata)
{
    ((struct watch *)userdata)->freed++;
}

static reggie_manifest *push(const reggie_repository *repository)
{
    static const uint8_t content[] = "content";
    const char *const tags[] = {"v1", "v2"};
    struct watch watch = {NULL, 0, 0};
    reggie_builder *builder = reggie_builder_new();
    reggie_options *options = reggie_options_new();
    reggie_manifest *manifest = NULL;
    reggie_manifest *finished = NULL;
    reggie_error *error = NULL;

    watch.builder = builder;
    CHECK_OK(reggie_options_set_progress_callback(options, 0, watch_progress,
                                                  &watch, watch_freed), NULL);
    CHECK_OK(reggie_builder_set_artifact_type(builder, "a/b"), NULL);
    CHECK_OK(reggie_builder_add_memory(builder, content, sizeof content - 1,
                                       "text/plain", "file"), NULL);
    CHECK_OK(reggie_builder_finish(builder, NULL, &finished, &error), error);
    CHECK_OK(reggie_builder_push(builder, repository, tags, 2, options,
                                 &manifest, &error), error);
    CHECK_OK(reggie_builder_push(builder, repository, tags, 1, NULL, NULL,
                                 NULL), NULL);
    CHECK(watch.busy > 0);
    reggie_options_free(options);
    CHECK_NUMBER(1, watch.freed);
    reggie_builder_free(builder);
    CHECK_NUMBER(reggie_manifest_size(finished), reggie_manifest_size(manifest));
    CHECK(memcmp(reggie_manifest_bytes(finished),
                 reggie_manifest_bytes(manifest),
                 reggie_manifest_size(manifest)) == 0);
    reggie_manifest_free(finished);
    return manifest;
}

static void check_content(const reggie_repository *repository,
                          const reggie_manifest *manifest)
{
    const reggie_descriptor *layer = reggie_manifest_layer(manifest, 0);
    reggie_error *error = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_TEXT("file", reggie_descriptor_annotation(layer, REGGIE_TITLE));
    CHECK_OK(reggie_blob_pull_to_memory(repository, layer, 100, NULL, &bytes,
                                        &size, &error), error);
    CHECK_NUMBER(7, size);
    CHECK_TEXT("content", (const char *)bytes);
    reggie_bytes_free(bytes);
}

static void run(void *unused)
{
    reggie_repository *repository = NULL;
    reggie_manifest *manifest;
    reggie_names *names = NULL;
    reggie_error *error = NULL;
    const char *digest;
    const char *name = NULL;

    (void)unused;
    CHECK_OK(reggie_repository_open_layout(path, 1, &repository, &error), error);
    CHECK(reggie_repository_name(repository) == NULL);
    CHECK(reggie_repository_client(repository) == NULL);
    manifest = push(repository);
    check_content(repository, manifest);
    digest = reggie_descriptor_digest(reggie_manifest_descriptor(manifest));
    CHECK_TEXT(digest, reggie_repository_target(repository));
    CHECK_OK(reggie_tags_open(repository, NULL, NULL, &names, &error), error);
    reggie_repository_free(repository);
    CHECK_OK(reggie_names_next(names, &name, &error), error);
    CHECK_TEXT("v1", name);
    CHECK_OK(reggie_names_next(names, &name, &error), error);
    CHECK_TEXT("v2", name);
    CHECK_OK(reggie_names_next(names, &name, &error), error);
    CHECK(name == NULL);
    reggie_names_free(names);
    reggie_manifest_free(manifest);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(3, count);
    path = arguments[2];
    return check_run(arguments[1], run, NULL);
}
