/*
 * What batches do with arguments of no use. Arguments: how, the path of a
 * layout, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

/* Of "{}". */
#define DIGEST                                                                 \
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static int freed;

static int on_write(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    (void)data;
    (void)size;
    return 0;
}

static void on_free(void *userdata)
{
    (void)userdata;
    freed++;
}

/* What is added is never run. */
static reggie_batch *made(void)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_new(NULL, NULL, &error));
    WORKS(reggie_batch_new(NULL, &out.batch, NULL));
    reggie_batch_free(out.batch);
    WORKS(reggie_batch_new(NULL, &out.batch, &error));
    return out.batch;
}

static void pulls(reggie_batch *batch, const reggie_repository *repository,
                  const reggie_descriptor *blob)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_path(NULL, repository, blob, "a"));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_path(batch, NULL, blob, "a"));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_path(batch, repository, NULL, "a"));
    TAKES(reggie_batch_pull_to_path(batch, repository, blob, text),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_OK, REGGIE_OK);

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_fd(NULL, repository, blob, 1));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_pull_to_fd(batch, NULL, blob, 1));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_fd(batch, repository, NULL, 1));
    WORKS(reggie_batch_pull_to_fd(batch, repository, blob, INT_MIN));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_callback(NULL, repository, blob, on_write, &freed,
                                        on_free));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_callback(batch, NULL, blob, on_write, NULL,
                                        on_free));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_callback(batch, repository, NULL, on_write, NULL,
                                        on_free));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_pull_to_callback(batch, repository, blob, NULL, NULL,
                                        on_free));
    CHECK_NUMBER(4, freed);
    WORKS(reggie_batch_pull_to_callback(batch, repository, blob, on_write, NULL,
                                        NULL));
    WORKS(reggie_batch_pull_to_callback(batch, repository, blob, on_write,
                                        &freed, on_free));
    CHECK_NUMBER(4, freed);
}

static void others(reggie_batch *batch, const reggie_repository *repository,
                   const reggie_descriptor *blob)
{
    const char *tags[] = {"a", NULL};

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_push_path(NULL, repository, "a", NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_push_path(batch, NULL, "a", NULL));
    TAKES(reggie_batch_push_path(batch, repository, text, NULL),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_OK, REGGIE_OK);
    TAKES_NULL(reggie_batch_push_path(batch, repository, "a", text), (void)0,
               REGGIE_OK, REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_DIGEST);

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_copy(NULL, repository, NULL, repository, NULL, 0));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_copy(batch, NULL, NULL, repository, NULL, 0));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_copy(batch, repository, NULL, NULL, NULL, 0));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_copy(batch, repository, NULL, repository, NULL, 1));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_copy(batch, repository, NULL, repository, tags, 2));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_batch_copy(batch, repository, NULL, repository, tags,
                            (size_t)-1));
    TAKES_NULL(reggie_batch_copy(batch, repository, text, repository, NULL, 0),
               (void)0, REGGIE_OK, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_REFERENCE, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_REFERENCE);
    WORKS(reggie_batch_copy(batch, repository, "a", repository, tags, 1));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_resolve(NULL, repository, "a", NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_resolve(batch, NULL, "a", NULL));
    TAKES_NULL(reggie_batch_resolve(batch, repository, text, NULL), (void)0,
               REGGIE_OK, REGGIE_INVALID_REFERENCE, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    TAKES_NULL(reggie_batch_resolve(batch, repository, NULL, text), (void)0,
               REGGIE_OK, REGGIE_OK, REGGIE_INVALID_PLATFORM,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_PLATFORM);

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_batch_locate(NULL, repository, blob, INT_MAX));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_locate(batch, NULL, blob, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_locate(batch, repository, NULL, 0));
    WORKS(reggie_batch_locate(batch, repository, blob, INT_MIN));
}

static void results(const reggie_batch *batch)
{
    size_t count = reggie_batch_count(batch);
    size_t i;

    CHECK(count > 0);
    for (i = 0; i < count; i++) {
        CHECK_NUMBER(0, reggie_batch_is_done(batch, i));
        CHECK(reggie_batch_manifest(batch, i) == NULL);
        CHECK(reggie_batch_location(batch, i) == NULL);
        CHECK(reggie_batch_error(batch, i) == NULL);
        CHECK(reggie_batch_item(batch, i) == NULL);
    }
    CHECK(reggie_batch_fd(batch) > 2);
    GIVES_NUMBER(-1, reggie_batch_fd(NULL));
    GIVES_NUMBER(0, reggie_batch_count(NULL));
    GIVES_NUMBER(0, reggie_batch_is_done(NULL, 0));
    GIVES_NUMBER(0, reggie_batch_is_done(batch, index));
    GIVES_NULL(reggie_batch_manifest(NULL, 0));
    GIVES_NULL(reggie_batch_manifest(batch, index));
    GIVES_NULL(reggie_batch_location(NULL, 0));
    GIVES_NULL(reggie_batch_location(batch, index));
    GIVES_NULL(reggie_batch_error(NULL, 0));
    GIVES_NULL(reggie_batch_error(batch, index));
    GIVES_NULL(reggie_batch_item(NULL, 0));
    GIVES_NULL(reggie_batch_item(batch, index));
}

static void running(void)
{
    reggie_batch *batch = NULL;

    CHECK_OK(reggie_batch_new(NULL, &batch, NULL), NULL);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_set_keep_going(NULL, INT_MAX));
    WORKS(reggie_batch_set_keep_going(batch, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_run(NULL, &error));
    WORKS(reggie_batch_run(batch, NULL));
    WORKS(reggie_batch_run(batch, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_step(NULL, 0, &out.flag, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_batch_step(batch, 0, NULL, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_batch_step(batch, INT64_MIN, &out.flag, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_batch_step(batch, -2, &out.flag, NULL));
    WORKS(reggie_batch_step(batch, INT64_MAX, &out.flag, NULL));
    CHECK_NUMBER(0, out.flag);
    WORKS(reggie_batch_step(batch, -1, &out.flag, &error));
    CHECK_NUMBER(0, out.flag);
    reggie_batch_free(batch);
    RETURNS(reggie_batch_free(NULL));
}

static void run(void *path)
{
    reggie_repository *repository = NULL;
    reggie_descriptor *blob = NULL;
    reggie_batch *batch = made();

    freed = 0;
    CHECK_OK(reggie_repository_open_layout((const char *)path, 1, &repository,
                                           NULL), NULL);
    CHECK_OK(reggie_descriptor_new(DIGEST, REGGIE_UNKNOWN_SIZE, NULL, &blob,
                                   NULL), NULL);
    pulls(batch, repository, blob);
    others(batch, repository, blob);
    reggie_descriptor_free(blob);
    reggie_repository_free(repository);
    results(batch);
    CHECK_NUMBER(4, freed);
    reggie_batch_free(batch);
    CHECK_NUMBER(5, freed);
    running();
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
