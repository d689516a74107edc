/*
 * Copies are cancelled in each direction: by a callback, by another thread and
 * in a signal handler. All threads have ended then, no descriptor is left open,
 * the destination has no tag, and the next copy completes.
 *
 * Arguments: how, the addresses of two registries, and a folder. In the first,
 * "works" has an image with the tag "v1" and BLOBS blobs; "half" has it too, but
 * sends only the first part of each blob. In the second, "takes" receives no blob.
 * Requests to "hang" get no response in either.
 */
#include "canceller.h"
#include "process.h"

#define BLOBS 7
#define PARALLEL 4

static char **arguments;

/* Where a copy reads and writes; NULL is a layout. */
struct route {
    const char *name;
    const char *from;
    const char *to;
    /* How many transfers have begun once it hangs. */
    int begun;
};

/* Those that hang. */
static const struct route hanging[] = {
    {"registry that sends half to registry", "half", "empty", PARALLEL},
    {"registry that sends half to layout", "half", NULL, PARALLEL},
    {"registry to registry that takes nothing", "works", "takes", PARALLEL},
    {"layout to registry that takes nothing", NULL, "takes", PARALLEL},
    {"registry that hangs to registry", "hang", "empty", 0},
    {"registry that hangs to layout", "hang", NULL, 0},
    {"registry to registry that hangs", "works", "hang", 0},
    {"layout to registry that hangs", NULL, "hang", 0},
};

/* Those that work. */
static const struct route working[] = {
    {"registry to registry", "works", NULL, 0},
    {"registry to layout", "works", NULL, 0},
    {"layout to registry", NULL, NULL, 0},
};

/* A copy, and what cancels it. */
struct scene {
    pthread_mutex_t lock;
    reggie_repository *from;
    reggie_repository *to;
    reggie_options *options;
    reggie_cancel *cancel;
    pthread_t thread;
    /* Transfers of blobs that have begun, and the one at which to cancel. */
    int begun;
    int cancel_at;
    int done;
    int freed;
};

static int begun_in(struct scene *scene, int more)
{
    int begun;

    CHECK_NUMBER(0, pthread_mutex_lock(&scene->lock));
    begun = scene->begun += more;
    CHECK_NUMBER(0, pthread_mutex_unlock(&scene->lock));
    return begun;
}

static int on_progress(void *userdata, const reggie_progress *progress)
{
    struct scene *scene = (struct scene *)userdata;
    const reggie_descriptor *item = reggie_progress_item(progress);
    const char *type = reggie_descriptor_media_type(item);
    int event = reggie_progress_event(progress);

    CHECK(pthread_equal(scene->thread, pthread_self()));
    CHECK_NUMBER(0, scene->done);
    scene->done = event == REGGIE_PROGRESS_DONE;
    if (event != REGGIE_PROGRESS_BEGIN
        || (type != NULL && strcmp(type, REGGIE_OCI_MANIFEST) == 0))
        return 0;
    if (begun_in(scene, 1) == scene->cancel_at)
        reggie_cancel_trigger(scene->cancel);
    return 0;
}

static void on_free(void *userdata)
{
    ((struct scene *)userdata)->freed++;
}

/* A repository of one of the registries, or else a layout. */
static reggie_repository *open_place(int registry, const char *name,
                                     const char *layout)
{
    reggie_repository *place = NULL;
    reggie_error *error = NULL;
    char text[4096];

    if (name != NULL) {
        snprintf(text, sizeof text, "%s/%s", arguments[registry], name);
        CHECK_OK(reggie_repository_open(text, NULL, &place, &error), error);
    } else {
        snprintf(text, sizeof text, "%s/%s", arguments[4], layout);
        CHECK_OK(reggie_repository_open_layout(text, 1, &place, &error), error);
    }
    return place;
}

static void begin(struct scene *scene, const char *from, const char *to,
                  const char *layout, int cancel_at)
{
    memset(scene, 0, sizeof *scene);
    CHECK_NUMBER(0, pthread_mutex_init(&scene->lock, NULL));
    scene->thread = pthread_self();
    scene->cancel_at = cancel_at;
    scene->from = open_place(2, from, "source");
    scene->to = open_place(3, to, layout);
    scene->options = reggie_options_new();
    CHECK_OK(reggie_cancel_new(&scene->cancel, NULL), NULL);
    CHECK_OK(reggie_options_set_cancel(scene->options, scene->cancel), NULL);
    CHECK_OK(reggie_options_set_parallel(scene->options, PARALLEL), NULL);
    CHECK_OK(reggie_options_set_retries(scene->options, 1000), NULL);
    CHECK_OK(reggie_options_set_sync(scene->options, 0), NULL);
    CHECK_OK(reggie_options_set_progress_callback(
                 scene->options, 1, on_progress, scene, on_free),
             NULL);
}

static void end(struct scene *scene)
{
    reggie_repository_free(scene->from);
    reggie_repository_free(scene->to);
    CHECK_NUMBER(0, scene->freed);
    reggie_options_free(scene->options);
    CHECK_NUMBER(1, scene->freed);
    reggie_cancel_free(scene->cancel);
    CHECK_NUMBER(0, pthread_mutex_destroy(&scene->lock));
}

/* Copies, and expects to be cancelled, after which no more threads are left. */
static void copy(struct scene *scene, const char *name, int max_threads)
{
    const char *tag = "v1";
    reggie_descriptor *copied = NULL;
    reggie_error *error = NULL;
    reggie_status status = reggie_copy(scene->from, tag, scene->to, &tag, 1,
                                       scene->options, &copied, &error);

    if (status != REGGIE_CANCELLED)
        check_failed(__FILE__, __LINE__, name, reggie_error_message(error));
    check_threads_at_most(max_threads);
    CHECK(copied == NULL);
    CHECK_NUMBER(1, scene->done);
    CHECK_NUMBER(0, reggie_error_is_retryable(error));
    CHECK_FAILS(REGGIE_CANCELLED, status, error);
}

/* A thread that cancels the copy of another one. */
struct canceller {
    struct scene *scene;
    int begun;
    int by_signal;
    char name[128];
};

static void *cancel_it(void *context)
{
    struct canceller *canceller = (struct canceller *)context;
    struct scene *scene = canceller->scene;

    while (begun_in(scene, 0) < canceller->begun)
        sleep_ms(1);
    wait_until_asleep(canceller->name);
    cancel_call(scene->thread, scene->cancel, canceller->by_signal);
    return NULL;
}

static void cancelled_while_it_hangs(const struct route *route, int by_signal)
{
    struct scene scene;
    struct canceller canceller;
    char layout[64];
    pthread_t thread;
    int descriptors = open_descriptors();
    int threads = running_threads();

    /* A layout of its own: from what others have received, the copy could be
     * completed. */
    snprintf(layout, sizeof layout, "hanging-%ld-%d", (long)getpid(), by_signal);
    begin(&scene, route->from, route->to, layout, 0);
    canceller.scene = &scene;
    canceller.begun = route->begun;
    canceller.by_signal = by_signal;
    name_thread(canceller.name, sizeof canceller.name);
    handlers_cancel = scene.cancel;
    thread = check_start(cancel_it, &canceller, 0);
    copy(&scene, route->name, threads + 1);
    CHECK_NUMBER(0, pthread_join(thread, NULL));
    check_threads(threads);
    CHECK(scene.begun >= route->begun);
    end(&scene);
    CHECK_NUMBER(descriptors, open_descriptors());
}

/* What was copied before stays. */
static void cancelled_by_callback(const struct route *route, int number,
                                  int cancel_at)
{
    struct scene scene;
    char place[64];
    const char *tag = "v1";
    reggie_descriptor *found = NULL;
    reggie_error *error = NULL;
    int to_layout = strstr(route->name, "to layout") != NULL;
    int descriptors = open_descriptors();
    int threads = running_threads();

    snprintf(place, sizeof place, "new-%ld-%d-%d", (long)getpid(), number,
             cancel_at);
    begin(&scene, route->from, to_layout ? NULL : place, place, cancel_at);
    copy(&scene, route->name, threads);
    CHECK(scene.begun >= cancel_at);
    CHECK_FAILS(REGGIE_NOT_FOUND,
                reggie_manifest_stat(scene.to, tag, NULL, &found, &error), error);
    error = NULL;
    CHECK_OK(reggie_copy(scene.from, tag, scene.to, &tag, 1, NULL, NULL, &error),
             error);
    CHECK_OK(reggie_manifest_stat(scene.to, tag, NULL, &found, &error), error);
    reggie_descriptor_free(found);
    check_threads(threads);
    end(&scene);
    CHECK_NUMBER(descriptors, open_descriptors());
}

/* The layout that is copied from. */
static void make_source(void)
{
    const char *tag = "v1";
    reggie_repository *from = open_place(2, "works", NULL);
    reggie_repository *to = open_place(2, NULL, "source");
    reggie_error *error = NULL;

    CHECK_OK(reggie_copy(from, tag, to, &tag, 1, NULL, NULL, &error), error);
    reggie_repository_free(from);
    reggie_repository_free(to);
}

static void run(void *context)
{
    size_t i;
    int cancel_at;

    (void)context;
    catch_signal(1);
    make_source();
    for (i = 0; i < sizeof working / sizeof working[0]; i++)
        for (cancel_at = 1; cancel_at <= BLOBS; cancel_at++)
            cancelled_by_callback(&working[i], (int)i, cancel_at);
    for (i = 0; i < sizeof hanging / sizeof hanging[0]; i++) {
        cancelled_while_it_hangs(&hanging[i], 0);
        cancelled_while_it_hangs(&hanging[i], 1);
    }
}

int main(int count, char **values)
{
    CHECK_NUMBER(5, count);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
