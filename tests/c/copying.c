/*
 * Copies: who owns what, that callbacks run on the calling thread, and that all
 * threads have ended when the call returns. Arguments: how, the address of a
 * registry, its CA file or "-", and the path of a layout that is created.
 */
#include "check.h"

#include <pthread.h>
#include <unistd.h>

#define LAYERS 8
#define LAYER_SIZE ((size_t)300000)

static char **arguments;

struct watch {
    pthread_t thread;
    int begun;
    int ended;
    int left_out;
    int done;
    int stop_at;
    int freed;
};

static int watch_progress(void *userdata, const reggie_progress *progress)
{
    struct watch *watch = (struct watch *)userdata;

    CHECK(pthread_equal(watch->thread, pthread_self()));
    switch (reggie_progress_event(progress)) {
    case REGGIE_PROGRESS_BEGIN:
        watch->begun++;
        break;
    case REGGIE_PROGRESS_END:
        watch->ended++;
        break;
    case REGGIE_PROGRESS_SKIP:
        watch->left_out++;
        break;
    case REGGIE_PROGRESS_DONE:
        watch->done++;
        break;
    default:
        break;
    }
    /* A call that waits reports that before it begins anything. */
    return watch->begun > 0 && watch->begun == watch->stop_at ? 7 : 0;
}

static void watch_freed(void *userdata)
{
    ((struct watch *)userdata)->freed++;
}

static reggie_options *watched(struct watch *watch, int stop_at)
{
    reggie_options *options = reggie_options_new();

    memset(watch, 0, sizeof *watch);
    watch->thread = pthread_self();
    watch->stop_at = stop_at;
    CHECK_OK(reggie_options_set_progress_callback(options, 1, watch_progress,
                                                  watch, watch_freed), NULL);
    CHECK_OK(reggie_options_set_sync(options, 0), NULL);
    return options;
}

static reggie_repository *registry(const char *name)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_repository *repository = NULL;
    reggie_error *error = NULL;

    if (strcmp(arguments[3], "-") != 0)
        CHECK_OK(reggie_config_add_ca_file(config, arguments[3], &error), error);
    CHECK_OK(reggie_client_new(arguments[2], config, &client, &error), error);
    reggie_config_free(config);
    CHECK_OK(reggie_repository_new(client, name, &repository, &error), error);
    reggie_client_free(client);
    return repository;
}

static void push(const reggie_repository *repository, const char *tag)
{
    uint8_t *layer = (uint8_t *)calloc(1, LAYER_SIZE);
    reggie_builder *builder = reggie_builder_new();
    reggie_error *error = NULL;
    pid_t process = getpid();
    size_t index;

    CHECK(layer != NULL);
    /* Nothing of it exists yet. */
    memcpy(layer + LAYERS, &process, sizeof process);
    CHECK_OK(reggie_builder_set_artifact_type(builder, "a/b"), NULL);
    for (index = 0; index < LAYERS; index++) {
        layer[index] = 1;
        CHECK_OK(reggie_builder_add_memory(builder, layer, LAYER_SIZE, NULL,
                                           NULL), NULL);
    }
    CHECK_OK(reggie_builder_push(builder, repository, &tag, 1, NULL, NULL,
                                 &error), error);
    reggie_builder_free(builder);
    free(layer);
}

/* Stops a copy, copies, and copies again. */
static void copy(const reggie_repository *from, const reggie_repository *to)
{
    static const char *const tags[] = {"v1", "v2"};
    reggie_descriptor *copied = NULL;
    reggie_descriptor *found = NULL;
    reggie_error *error = NULL;
    struct watch watch;
    reggie_options *options = watched(&watch, 2);

    CHECK_NUMBER(REGGIE_PROGRESS_CALLBACK,
                 reggie_copy(from, "v1", to, tags, 2, options, &copied, &error));
    CHECK(copied == NULL);
    CHECK_NUMBER(7, reggie_error_callback_value(error));
    reggie_error_free(error);
    error = NULL;
    reggie_options_free(options);
    CHECK_NUMBER(1, watch.freed);

    options = watched(&watch, 0);
    CHECK_OK(reggie_options_set_referrers(options, 1), NULL);
    CHECK_OK(reggie_options_set_digest_tags(options, 1), NULL);
    CHECK_OK(reggie_copy(from, "v1", to, tags, 2, options, &copied, &error),
             error);
    /* The empty config is pushed with the manifest. */
    CHECK_NUMBER(LAYERS + 1, watch.begun);
    CHECK_NUMBER(LAYERS + 1, watch.ended + watch.left_out);
    CHECK_NUMBER(1, watch.done);
    CHECK_OK(reggie_manifest_stat(to, "v2", NULL, &found, &error), error);
    CHECK_TEXT(reggie_descriptor_digest(found),
               reggie_descriptor_digest(copied));
    CHECK_NUMBER(reggie_descriptor_size(found), reggie_descriptor_size(copied));
    reggie_descriptor_free(found);
    reggie_descriptor_free(copied);
    reggie_options_free(options);
    CHECK_NUMBER(1, watch.freed);

    CHECK_OK(reggie_copy(from, "v1", to, tags, 2, NULL, NULL, NULL), NULL);
}

static void run(void *unused)
{
    reggie_repository *layout = NULL;
    reggie_repository *first = registry("first");
    reggie_repository *second = registry("second");
    reggie_error *error = NULL;

    (void)unused;
    CHECK_OK(reggie_repository_open_layout(arguments[4], 1, &layout, &error),
             error);
    push(layout, "v1");
    copy(layout, first);
    copy(first, second);
    reggie_repository_free(layout);
    reggie_repository_free(first);
    reggie_repository_free(second);
}

int main(int count, char **given)
{
    CHECK_NUMBER(5, count);
    arguments = given;
    return check_run(given[1], run, NULL);
}
