/*
 * Artifacts of several files: their progress, what a filter includes, and who
 * owns what. Arguments: how, and a folder.
 */
#include "check.h"

#include <pthread.h>
#include <unistd.h>

#define FILES 6

static const char *folder;

struct watch {
    pthread_t thread;
    int begun;
    int done;
    uint64_t all_done;
    int asked;
    int stop;
    int freed;
};

static int on_progress(void *userdata, const reggie_progress *progress)
{
    struct watch *watch = (struct watch *)userdata;
    int event = reggie_progress_event(progress);

    CHECK(pthread_equal(watch->thread, pthread_self()));
    CHECK_NUMBER(0, reggie_progress_index(progress));
    CHECK_NUMBER(0, reggie_progress_items(progress));
    CHECK_NUMBER(0, reggie_progress_items_done(progress));
    CHECK(reggie_progress_all_done(progress) >= watch->all_done);
    CHECK(reggie_progress_all_done(progress)
          <= reggie_progress_all_total(progress));
    watch->all_done = reggie_progress_all_done(progress);
    if (event == REGGIE_PROGRESS_BEGIN) {
        CHECK_NUMBER(watch->begun, (int)reggie_progress_number(progress));
        watch->begun++;
    }
    watch->done += event == REGGIE_PROGRESS_DONE;
    return 0;
}

/* Leaves out the file "file 0". */
static int on_item(void *userdata, const reggie_descriptor *parent,
                   const reggie_descriptor *item, int is_referrer, int *take)
{
    struct watch *watch = (struct watch *)userdata;
    const char *title = reggie_descriptor_annotation(item, REGGIE_TITLE);

    CHECK(pthread_equal(watch->thread, pthread_self()));
    CHECK_TEXT(REGGIE_OCI_MANIFEST, reggie_descriptor_media_type(parent));
    CHECK_NUMBER(0, is_referrer);
    CHECK_NUMBER(1, *take);
    watch->asked++;
    *take = strcmp(title, "file 0") == 0 ? 0 : 7;
    return watch->stop;
}

static void on_free(void *userdata)
{
    ((struct watch *)userdata)->freed++;
}

static reggie_options *watched(struct watch *watch, size_t parallel)
{
    reggie_options *options = reggie_options_new();

    memset(watch, 0, sizeof *watch);
    watch->thread = pthread_self();
    CHECK_OK(reggie_options_set_parallel(options, parallel), NULL);
    CHECK_OK(reggie_options_set_progress_callback(options, 1, on_progress,
                                                  watch, on_free), NULL);
    return options;
}

static void push(const reggie_repository *repository, size_t parallel)
{
    reggie_builder *builder = reggie_builder_new();
    reggie_error *error = NULL;
    const char *const tags[] = {"v1"};
    struct watch watch;
    reggie_options *options = watched(&watch, parallel);
    char text[100];
    int i;

    CHECK_OK(reggie_builder_set_artifact_type(builder, "a/b"), NULL);
    for (i = 0; i < FILES; i++) {
        snprintf(text, sizeof text, "file %d", i);
        CHECK_OK(reggie_builder_add_memory(builder, (const uint8_t *)text,
                                           strlen(text), NULL, text), NULL);
    }
    CHECK_OK(reggie_builder_push(builder, repository, tags, 1, options, NULL,
                                 &error), error);
    CHECK(watch.begun >= FILES);
    CHECK_NUMBER(1, watch.done);
    reggie_options_free(options);
    CHECK_NUMBER(1, watch.freed);
    reggie_builder_free(builder);
}

static void check_files(const char *place)
{
    char path[4096];
    int i;

    for (i = 0; i < FILES; i++) {
        FILE *file;
        char text[100];

        snprintf(path, sizeof path, "%s/file %d", place, i);
        file = fopen(path, "r");
        CHECK_NUMBER(i > 0, file != NULL);
        if (file == NULL)
            continue;
        CHECK(fgets(text, sizeof text, file) != NULL);
        CHECK_TEXT(strrchr(path, '/') + 1, text);
        CHECK_NUMBER(0, fclose(file));
    }
}

static void pull(const reggie_repository *repository, size_t parallel)
{
    struct watch watch;
    reggie_options *options = watched(&watch, parallel);
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    char place[4096];
    char left_out[sizeof place + 10];

    snprintf(place, sizeof place, "%s/files %d", folder, (int)parallel);
    snprintf(left_out, sizeof left_out, "%s/file 0", place);
    /* Of an earlier run. */
    (void)unlink(left_out);
    CHECK_OK(reggie_options_set_filter_callback(options, on_item, &watch,
                                                on_free), NULL);
    CHECK_OK(reggie_options_set_platform(options, "host"), NULL);
    CHECK_OK(reggie_pull_files(repository, "v1", place, options, &manifest,
                               &error), error);
    CHECK_NUMBER(FILES, reggie_manifest_layers_count(manifest));
    reggie_manifest_free(manifest);
    check_files(place);
    CHECK_NUMBER(FILES, watch.asked);
    CHECK_NUMBER(1, watch.done);
    CHECK_OK(reggie_pull_files(repository, "v1", place, NULL, NULL, NULL), NULL);
    watch.all_done = 0;
    watch.begun = 0;
    watch.stop = 5;
    status = reggie_pull_files(repository, "v1", place, options, &manifest,
                               &error);
    CHECK_NUMBER(5, reggie_error_callback_value(error));
    CHECK_FAILS(REGGIE_FILTER_CALLBACK, status, error);
    CHECK(manifest == NULL);
    CHECK_OK(reggie_options_set_filter_callback(options, NULL, NULL, NULL),
             NULL);
    CHECK_NUMBER(1, watch.freed);
    reggie_options_free(options);
    CHECK_NUMBER(2, watch.freed);
}

/* A manifest without titles has no files. */
static void pull_nothing(const reggie_repository *repository)
{
    reggie_builder *builder = reggie_builder_new();
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;
    const char *const tags[] = {"v2"};
    reggie_status status;

    CHECK_OK(reggie_builder_set_artifact_type(builder, "a/b"), NULL);
    CHECK_OK(reggie_builder_push(builder, repository, tags, 1, NULL, NULL,
                                 &error), error);
    reggie_builder_free(builder);
    status = reggie_pull_files(repository, "v2", folder, NULL, &manifest,
                               &error);
    CHECK_FAILS(REGGIE_NO_FILES, status, error);
    CHECK(manifest == NULL);
}

static void run(void *unused)
{
    reggie_repository *repository = NULL;
    reggie_error *error = NULL;
    char path[4096];

    (void)unused;
    snprintf(path, sizeof path, "%s/layout", folder);
    CHECK_OK(reggie_repository_open_layout(path, 1, &repository, &error), error);
    push(repository, 4);
    push(repository, 1);
    pull(repository, 4);
    pull(repository, 1);
    pull_nothing(repository);
    reggie_repository_free(repository);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(3, count);
    folder = arguments[2];
    return check_run(arguments[1], run, NULL);
}
