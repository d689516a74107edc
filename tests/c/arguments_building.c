/*
 * What layouts, builders and copies do with arguments of no use. Arguments: how, the
 * path of a layout, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

/* Of "{}". */
#define DIGEST                                                                 \
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static const uint8_t bytes[] = {'{', '}'};

static reggie_repository *layouts(const char *path)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_repository_open_layout(NULL, INT_MAX, &out.repository, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_repository_open_layout(path, INT_MIN, NULL, &error));
    TAKES(reggie_repository_open_layout(text, 0, &out.repository, &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_FILE, REGGIE_FILE, REGGIE_FILE);
    FAILS(REGGIE_INVALID_LAYOUT,
          reggie_repository_open_layout("/usr", INT_MAX, &out.repository, NULL));
    WORKS(reggie_repository_open_layout(path, 1, &out.repository, &error));
    return out.repository;
}

static void descriptors(reggie_builder *builder)
{
    reggie_descriptor *unknown = NULL;

    CHECK_OK(reggie_descriptor_new(DIGEST, REGGIE_UNKNOWN_SIZE, NULL, &unknown,
                                   NULL), NULL);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_builder_set_subject(NULL, unknown));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_builder_set_subject(builder, unknown));
    WORKS(reggie_builder_set_subject(builder, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_builder_add(NULL, unknown));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_builder_add(builder, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_builder_add(builder, unknown));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_set_config_descriptor(NULL, unknown));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_set_config_descriptor(builder, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_builder_set_config_descriptor(builder, unknown));
    reggie_descriptor_free(unknown);
}

static void settings(reggie_builder *builder)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_builder_set_artifact_type(NULL, "a/b"));
    TAKES_NULL(reggie_builder_set_artifact_type(builder, text), (void)0,
               REGGIE_OK, REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_MEDIA_TYPE,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_MEDIA_TYPE);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_builder_set_annotation(NULL, "a", "b"));
    TAKES(reggie_builder_set_annotation(builder, text, NULL),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
    TAKES_NULL(reggie_builder_set_annotation(builder, "a", text), (void)0,
               REGGIE_OK, REGGIE_OK, REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
    WORKS(reggie_builder_set_annotation(builder, "a", NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_set_config(NULL, bytes, 2, "a/b"));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_set_config(builder, NULL, 2, "a/b"));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_builder_set_config(builder, bytes, (size_t)-1, "a/b"));
    TAKES(reggie_builder_set_config(builder, bytes, 2, text),
          REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_MEDIA_TYPE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_MEDIA_TYPE);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_builder_annotate(NULL, "a", "b"));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_builder_annotate(builder, "a", "b"));
}

static void layers(reggie_builder *builder)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_add_path(NULL, "/dev/null", NULL, NULL));
    TAKES(reggie_builder_add_path(builder, text, "a", NULL),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_MEDIA_TYPE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_MEDIA_TYPE);
    TAKES_NULL(reggie_builder_add_path(builder, "/x", text, "/"), (void)0,
               REGGIE_UNSAFE_NAME, REGGIE_INVALID_MEDIA_TYPE,
               REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_MEDIA_TYPE);
    FAILS(REGGIE_UNSAFE_NAME, reggie_builder_add_path(builder, "/", NULL, NULL));
    TAKES_NULL(reggie_builder_add_path(builder, "/x", "a", text), (void)0,
               REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_MEDIA_TYPE,
               REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_MEDIA_TYPE);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_add_memory(NULL, bytes, 2, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_add_memory(builder, NULL, 2, NULL, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_builder_add_memory(builder, bytes, (size_t)-1, NULL, NULL));
    TAKES_NULL(reggie_builder_add_memory(builder, bytes, 2, text, NULL),
               (void)0, REGGIE_OK, REGGIE_INVALID_MEDIA_TYPE,
               REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_MEDIA_TYPE);
    TAKES_NULL(reggie_builder_add_memory(builder, bytes, 2, NULL, text),
               (void)0, REGGIE_OK, REGGIE_OK, REGGIE_UNSAFE_NAME,
               REGGIE_INVALID_UTF8, REGGIE_OK);
    TAKES(reggie_builder_annotate(builder, text, NULL),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
    TAKES_NULL(reggie_builder_annotate(builder, "a", text), (void)0, REGGIE_OK,
               REGGIE_OK, REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
}

static void results(const reggie_builder *builder,
                    const reggie_repository *repository)
{
    const char *const wrong[] = {"a b"};

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_finish(NULL, NULL, &out.manifest, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_finish(builder, NULL, NULL, &error));
    FAILS(REGGIE_MISSING_VALUE,
          reggie_builder_finish(builder, NULL, &out.manifest, &error));
    FAILS(REGGIE_MISSING_VALUE,
          reggie_builder_finish(builder, NULL, &out.manifest, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_push(NULL, repository, NULL, 0, NULL, &out.manifest,
                              &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_push(builder, NULL, NULL, 0, NULL, &out.manifest,
                              &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_builder_push(builder, repository, NULL, 1, NULL, &out.manifest,
                              &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_builder_push(builder, repository, wrong, (size_t)-1, NULL,
                              &out.manifest, &error));
    FAILS(REGGIE_INVALID_REFERENCE,
          reggie_builder_push(builder, repository, wrong, 1, NULL,
                              &out.manifest, &error));
    FAILS(REGGIE_MISSING_VALUE,
          reggie_builder_push(builder, repository, NULL, 0, NULL, NULL, NULL));
}

static void copies(const reggie_repository *repository)
{
    const char *const wrong[] = {"a b"};
    reggie_options *options = reggie_options_new();

    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_referrers(NULL, INT_MAX));
    WORKS(reggie_options_set_referrers(options, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_digest_tags(NULL, INT_MAX));
    WORKS(reggie_options_set_digest_tags(options, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_foreign(NULL, INT_MAX));
    WORKS(reggie_options_set_foreign(options, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_copy(NULL, NULL, repository, NULL, 0, options, &out.descriptor,
                      &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_copy(repository, NULL, NULL, NULL, 0, options, &out.descriptor,
                      &error));
    TAKES_NULL(reggie_copy(repository, text, repository, NULL, 0, NULL,
                           &out.descriptor, &error),
               (void)0, REGGIE_NOT_FOUND, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_REFERENCE, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_REFERENCE);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_copy(repository, DIGEST, repository, NULL, 1, NULL,
                      &out.descriptor, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_copy(repository, DIGEST, repository, wrong, (size_t)-1, NULL,
                      &out.descriptor, &error));
    FAILS(REGGIE_INVALID_REFERENCE,
          reggie_copy(repository, DIGEST, repository, wrong, 1, NULL,
                      &out.descriptor, &error));
    FAILS(REGGIE_NOT_FOUND,
          reggie_copy(repository, DIGEST, repository, NULL, 0, NULL, NULL,
                      NULL));
    reggie_options_free(options);
}

static void files(const reggie_repository *repository)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_pull_files(NULL, NULL, "/x", NULL, &out.manifest, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_pull_files(repository, NULL, NULL, NULL, &out.manifest,
                            &error));
    TAKES_NULL(reggie_pull_files(repository, text, "/x", NULL, &out.manifest,
                                 &error),
               (void)0, REGGIE_NOT_FOUND, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    TAKES(reggie_pull_files(repository, "missing", text, NULL, &out.manifest,
                            &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_NOT_FOUND, REGGIE_NOT_FOUND,
          REGGIE_NOT_FOUND);
    FAILS(REGGIE_NOT_FOUND,
          reggie_pull_files(repository, "missing", "/x", NULL, NULL, NULL));
}

static void run(void *path)
{
    reggie_repository *repository = layouts((const char *)path);
    reggie_builder *builder = reggie_builder_new();

    GIVES_NULL(reggie_repository_name(repository));
    GIVES_NULL(reggie_repository_client(repository));
    RETURNS(reggie_builder_free(NULL));
    settings(builder);
    descriptors(builder);
    layers(builder);
    results(builder, repository);
    copies(repository);
    files(repository);
    reggie_builder_free(builder);
    tell("reggie_builder_new()");
    tell("reggie_builder_new_index()");
    builder = reggie_builder_new_index();
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_builder_set_config(builder, bytes, 2, "a/b"));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_builder_add_memory(builder, bytes, 2, NULL, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_builder_add_path(builder, "/x", NULL, NULL));
    reggie_builder_free(builder);
    reggie_repository_free(repository);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
