/*
 * Batches under an event loop: when the descriptor is readable, how long the
 * loop is held up, on which threads callbacks run, when threads end, what a
 * callback may do, and who frees what. Arguments: how, the address of a
 * registry, and a folder. The registry has synthetic blobs in "works", whose
 * digests and sizes are listed in the file "blobs" of the folder; requests to
 * "hang" get no response.
 */
#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/timerfd.h>

#define BLOBS 30
#define CANCELLED 16
/* How often the timer of the loop expires. */
#define TICK_MS 10

static char **arguments;
static char digests[BLOBS][80];
static uint64_t sizes[BLOBS];

struct watch {
    pthread_t thread;
    reggie_batch *batch;
    int begun;
    int done;
    int writes;
    int freed;
    int tries;
};

static int64_t now_us(void)
{
    struct timespec now;

    CHECK_NUMBER(0, clock_gettime(CLOCK_MONOTONIC, &now));
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static reggie_repository *repository(const char *name)
{
    reggie_repository *found = NULL;
    char text[512];

    snprintf(text, sizeof text, "%s/%s", arguments[2], name);
    CHECK_OK(reggie_repository_open(text, NULL, &found, NULL), NULL);
    return found;
}

static reggie_descriptor *blob(size_t number)
{
    reggie_descriptor *found = NULL;

    CHECK_OK(reggie_descriptor_new(digests[number], sizes[number], NULL, &found,
                                   NULL), NULL);
    return found;
}

static void add_file(reggie_batch *batch, const reggie_repository *from,
                     size_t number)
{
    reggie_descriptor *found = blob(number);
    char path[4096];

    snprintf(path, sizeof path, "%s/%d", arguments[3], (int)number);
    CHECK_OK(reggie_batch_pull_to_path(batch, from, found, path), NULL);
    reggie_descriptor_free(found);
}

static void remove_files(void)
{
    char path[4096];
    int i;

    for (i = 0; i < BLOBS; i++) {
        snprintf(path, sizeof path, "%s/%d", arguments[3], i);
        unlink(path);
    }
}

static int on_write(void *userdata, const void *data, size_t size)
{
    struct watch *watch = (struct watch *)userdata;

    CHECK(data != NULL && size > 0);
    CHECK(pthread_equal(watch->thread, pthread_self()));
    watch->writes++;
    return 0;
}

static void on_free(void *userdata)
{
    struct watch *watch = (struct watch *)userdata;

    CHECK(pthread_equal(watch->thread, pthread_self()));
    watch->freed++;
}

static void add_callback(struct watch *watch, const reggie_repository *from,
                         size_t number)
{
    reggie_descriptor *found = blob(number);

    CHECK_OK(reggie_batch_pull_to_callback(watch->batch, from, found, on_write,
                                           watch, on_free), NULL);
    reggie_descriptor_free(found);
}

/* Calls about a running batch from its own callbacks. */
static int on_progress(void *userdata, const reggie_progress *progress)
{
    struct watch *watch = (struct watch *)userdata;
    size_t index = reggie_progress_index(progress);
    int event = reggie_progress_event(progress);
    int running = 7;

    CHECK(pthread_equal(watch->thread, pthread_self()));
    watch->begun += event == REGGIE_PROGRESS_BEGIN;
    if (event != REGGIE_PROGRESS_DONE)
        return 0;
    watch->done++;
    CHECK_NUMBER(watch->done, (int)reggie_progress_items_done(progress));
    CHECK_NUMBER((int)reggie_batch_count(watch->batch),
                 (int)reggie_progress_items(progress));
    CHECK_NUMBER(1, reggie_batch_is_done(watch->batch, index));
    CHECK((reggie_batch_item(watch->batch, index) == NULL)
          != (reggie_batch_error(watch->batch, index) == NULL));
    if (watch->tries++ > 0)
        return 0;
    CHECK_NUMBER(REGGIE_BUSY, reggie_batch_run(watch->batch, NULL));
    CHECK_NUMBER(REGGIE_BUSY, reggie_batch_step(watch->batch, 0, &running,
                                                NULL));
    CHECK_NUMBER(0, running);
    CHECK_NUMBER(REGGIE_BUSY, reggie_batch_set_keep_going(watch->batch, 1));
    return 0;
}

static void begin(struct watch *watch, size_t parallel, reggie_cancel *cancel)
{
    reggie_options *options = reggie_options_new();

    memset(watch, 0, sizeof *watch);
    watch->thread = pthread_self();
    CHECK_OK(reggie_options_set_parallel(options, parallel), NULL);
    CHECK_OK(reggie_options_set_cancel(options, cancel), NULL);
    CHECK_OK(reggie_options_set_progress_callback(options, 1, on_progress,
                                                  watch, on_free), NULL);
    CHECK_OK(reggie_batch_new(options, &watch->batch, NULL), NULL);
    reggie_options_free(options);
}

/* Frees the batch, and with it so many times userdata. */
static void end(struct watch *watch, int freed)
{
    CHECK_NUMBER(0, watch->freed);
    reggie_batch_free(watch->batch);
    CHECK_NUMBER(freed, watch->freed);
}

static int is_readable(const reggie_batch *batch)
{
    struct pollfd ready = {0, POLLIN, 0};

    ready.fd = reggie_batch_fd(batch);
    return poll(&ready, 1, 0);
}

/* A loop with a timer, whose largest lateness is reported, not judged. */
static void under_poll(void)
{
    struct watch watch;
    struct pollfd ready[2] = {{0, POLLIN, 0}, {0, POLLIN, 0}};
    struct itimerspec tick = {{0, TICK_MS * 1000000}, {0, TICK_MS * 1000000}};
    int descriptors = open_descriptors();
    int threads = running_threads();
    reggie_repository *from = repository("works");
    reggie_error *error = NULL;
    int64_t next, late, latest = 0, longest = 0;
    int running = 1;
    int i;

    begin(&watch, 4, NULL);
    /* A loop over no items ends. */
    CHECK_NUMBER(1, is_readable(watch.batch));
    CHECK_OK(reggie_batch_step(watch.batch, 0, &running, &error), error);
    CHECK_NUMBER(0, running);
    CHECK_NUMBER(0, is_readable(watch.batch));
    running = 1;
    for (i = 0; i < BLOBS / 2; i++)
        add_file(watch.batch, from, (size_t)i);
    for (; i < BLOBS; i++)
        add_callback(&watch, from, (size_t)i);
    CHECK_NUMBER(1, is_readable(watch.batch));
    check_threads(threads);
    ready[0].fd = reggie_batch_fd(watch.batch);
    ready[1].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    CHECK(ready[1].fd >= 0);
    next = now_us() + TICK_MS * 1000;
    CHECK_NUMBER(0, timerfd_settime(ready[1].fd, 0, &tick, NULL));
    while (running) {
        CHECK(poll(ready, 2, -1) > 0);
        if (ready[1].revents & POLLIN) {
            uint64_t ticks = 0;

            CHECK_NUMBER(8, read(ready[1].fd, &ticks, sizeof ticks));
            late = now_us() - next;
            latest = late > latest ? late : latest;
            next += (int64_t)ticks * TICK_MS * 1000;
        }
        if (ready[0].revents & POLLIN) {
            int64_t before = now_us();

            CHECK_OK(reggie_batch_step(watch.batch, 0, &running, &error), error);
            late = now_us() - before;
            longest = late > longest ? late : longest;
            check_threads_at_most(threads + 4);
        }
    }
    printf("timer late by at most %ld us, longest step %ld us\n", (long)latest,
           (long)longest);
    CHECK_NUMBER(0, close(ready[1].fd));
    check_threads(threads);
    CHECK_NUMBER(0, is_readable(watch.batch));
    CHECK_NUMBER(BLOBS, watch.begun);
    CHECK_NUMBER(BLOBS, watch.done);
    CHECK(watch.writes >= BLOBS / 2);
    for (i = 0; i < BLOBS; i++)
        CHECK_TEXT(digests[i], reggie_descriptor_digest(
                                   reggie_batch_item(watch.batch, (size_t)i)));
    end(&watch, 1 + BLOBS / 2);
    reggie_repository_free(from);
    CHECK_NUMBER(descriptors, open_descriptors());
    remove_files();
}

/* With one at a time, run() uses no thread, and step() uses one. */
static void one_at_a_time(void)
{
    struct watch watch;
    reggie_repository *from = repository("works");
    reggie_error *error = NULL;
    int threads = running_threads();
    int running = 1;

    begin(&watch, 1, NULL);
    add_callback(&watch, from, 0);
    add_file(watch.batch, from, 1);
    CHECK_OK(reggie_batch_run(watch.batch, &error), error);
    check_threads(threads);
    add_callback(&watch, from, 2);
    CHECK_OK(reggie_batch_step(watch.batch, 0, &running, &error), error);
    CHECK_NUMBER(1, running);
    check_threads(threads + 1);
    while (running)
        CHECK_OK(reggie_batch_step(watch.batch, -1, &running, &error), error);
    check_threads(threads);
    end(&watch, 3);
    reggie_repository_free(from);
    remove_files();
}

static void add_hanging(struct watch *watch, const reggie_repository *hangs)
{
    size_t i;

    for (i = 0; i < CANCELLED; i++)
        add_callback(watch, hangs, i);
}

/* Steps until each transfer has begun. */
static void let_begin(struct watch *watch)
{
    reggie_error *error = NULL;
    int running = 1;

    while (watch->begun < CANCELLED) {
        CHECK_OK(reggie_batch_step(watch->batch, -1, &running, &error), error);
        CHECK_NUMBER(1, running);
    }
}

/* How long it takes until all threads have ended is reported, not judged. */
static void cancelled(void)
{
    struct watch watch;
    int descriptors = open_descriptors();
    int threads = running_threads();
    reggie_repository *hangs = repository("hang");
    reggie_cancel *cancel = NULL;
    reggie_error *error = NULL;
    reggie_status status = REGGIE_OK;
    int running = 1;
    int64_t before;
    size_t i;

    CHECK_OK(reggie_cancel_new(&cancel, NULL), NULL);
    begin(&watch, CANCELLED, cancel);
    add_hanging(&watch, hangs);
    let_begin(&watch);
    check_threads(threads + CANCELLED);
    before = now_us();
    reggie_cancel_trigger(cancel);
    while (status == REGGIE_OK)
        status = reggie_batch_step(watch.batch, -1, &running, &error);
    printf("threads ended %ld us after the cancel\n", (long)(now_us() - before));
    check_threads(threads);
    CHECK_NUMBER(0, running);
    CHECK_FAILS(REGGIE_CANCELLED, status, error);
    for (i = 0; i < CANCELLED; i++)
        CHECK_NUMBER(REGGIE_CANCELLED,
                     reggie_error_status(reggie_batch_error(watch.batch, i)));
    CHECK_NUMBER(CANCELLED, watch.done);
    end(&watch, 1 + CANCELLED);
    reggie_cancel_free(cancel);
    reggie_repository_free(hangs);
    CHECK_NUMBER(descriptors, open_descriptors());
}

/* A batch is freed while it runs: nothing is called back. */
static void freed_while_running(void)
{
    struct watch watch;
    int descriptors = open_descriptors();
    int threads = running_threads();
    reggie_repository *hangs = repository("hang");
    int64_t before;

    begin(&watch, CANCELLED, NULL);
    add_hanging(&watch, hangs);
    let_begin(&watch);
    before = now_us();
    end(&watch, 1 + CANCELLED);
    printf("freed in %ld us\n", (long)(now_us() - before));
    CHECK_NUMBER(0, watch.done);
    check_threads(threads);
    reggie_repository_free(hangs);
    CHECK_NUMBER(descriptors, open_descriptors());
}

/* The child frees the batch that the parent runs. */
static void forked(void)
{
    struct watch watch;
    reggie_repository *from = repository("works");
    reggie_repository *hangs = repository("hang");
    reggie_error *error = NULL;
    int running = 1;
    int children;

    begin(&watch, CANCELLED, NULL);
    add_hanging(&watch, hangs);
    let_begin(&watch);
    add_file(watch.batch, from, 0);
    for (children = 0; children < 4; children++) {
        pid_t pid = fork();

        if (pid == 0) {
            reggie_batch_free(watch.batch);
            reggie_repository_free(hangs);
            reggie_repository_free(from);
            /* What its threads had cannot be freed. */
            execl("/bin/true", "true", (char *)NULL);
            _exit(1);
        }
        check_child(pid);
        /* The threads of the parent are as they were. */
        CHECK_OK(reggie_batch_step(watch.batch, 0, &running, &error), error);
        CHECK_NUMBER(1, running);
    }
    end(&watch, 1 + CANCELLED);
    reggie_repository_free(from);
    reggie_repository_free(hangs);
    remove_files();
}

struct stepping {
    struct watch *watch;
    int running;
};

static void *step_once(void *context)
{
    struct stepping *stepping = (struct stepping *)context;
    reggie_error *error = NULL;

    stepping->watch->thread = pthread_self();
    CHECK_OK(reggie_batch_step(stepping->watch->batch, -1, &stepping->running,
                               &error), error);
    return NULL;
}

/* Each step runs on a thread of its own, and the callbacks with it. */
static void on_other_threads(void)
{
    struct watch watch;
    struct stepping stepping = {NULL, 1};
    reggie_repository *from = repository("works");

    begin(&watch, 4, NULL);
    stepping.watch = &watch;
    add_callback(&watch, from, 0);
    add_callback(&watch, from, 1);
    reggie_repository_free(from);
    while (stepping.running)
        CHECK_NUMBER(0, pthread_join(check_start(step_once, &stepping, 0),
                                     NULL));
    CHECK_NUMBER(2, watch.done);
    watch.thread = pthread_self();
    end(&watch, 3);
}

/* The results are those of the item, and stay while more are added. */
static void results(void)
{
    struct watch watch;
    reggie_repository *from = repository("works");
    reggie_descriptor *found = blob(0);
    reggie_descriptor *missing = NULL;
    reggie_error *error = NULL;
    const reggie_manifest *manifest;
    const reggie_error *failure;
    char path[4096];

    begin(&watch, 2, NULL);
    CHECK_OK(reggie_batch_set_keep_going(watch.batch, 1), NULL);
    CHECK_OK(reggie_batch_resolve(watch.batch, from, "v1", ""), NULL);
    CHECK_OK(reggie_batch_locate(watch.batch, from, found, 1), NULL);
    CHECK_OK(reggie_descriptor_new("sha256:44136fa355b3678a1146ad16f7e8649e"
                                   "94fb4fc21fe77e8310c060f61caaff8a", 2, NULL,
                                   &missing, NULL), NULL);
    CHECK_OK(reggie_batch_pull_to_fd(watch.batch, from, missing, 1), NULL);
    CHECK_FAILS(REGGIE_NOT_FOUND, reggie_batch_run(watch.batch, &error), error);
    manifest = reggie_batch_manifest(watch.batch, 0);
    failure = reggie_batch_error(watch.batch, 2);
    CHECK_TEXT(reggie_descriptor_digest(reggie_manifest_descriptor(manifest)),
               reggie_descriptor_digest(reggie_batch_item(watch.batch, 0)));
    CHECK(reggie_batch_location(watch.batch, 0) == NULL);
    CHECK(strstr(reggie_location_url(reggie_batch_location(watch.batch, 1)),
                 digests[0]) != NULL);
    CHECK(reggie_batch_manifest(watch.batch, 1) == NULL);
    CHECK_NUMBER(REGGIE_NOT_FOUND, reggie_error_status(failure));
    CHECK(reggie_batch_item(watch.batch, 2) == NULL);
    snprintf(path, sizeof path, "%s/blobs", arguments[3]);
    CHECK_OK(reggie_batch_push_path(watch.batch, from, path, NULL), NULL);
    CHECK_OK(reggie_batch_copy(watch.batch, from, "v1", from, NULL, 0), NULL);
    reggie_repository_free(from);
    reggie_descriptor_free(found);
    reggie_descriptor_free(missing);
    CHECK_OK(reggie_batch_run(watch.batch, &error), error);
    CHECK(manifest == reggie_batch_manifest(watch.batch, 0));
    CHECK(failure == reggie_batch_error(watch.batch, 2));
    CHECK_TEXT(reggie_descriptor_digest(reggie_batch_item(watch.batch, 0)),
               reggie_descriptor_digest(reggie_batch_item(watch.batch, 4)));
    CHECK_NUMBER(5, (int)reggie_batch_count(watch.batch));
    end(&watch, 1);
}

static void read_blobs(void)
{
    char path[4096];
    unsigned long size = 0;
    FILE *file;
    int i;

    snprintf(path, sizeof path, "%s/blobs", arguments[3]);
    file = fopen(path, "r");
    CHECK(file != NULL);
    for (i = 0; i < BLOBS; i++) {
        CHECK_NUMBER(2, fscanf(file, "%79s %lu", digests[i], &size));
        sizes[i] = size;
    }
    CHECK_NUMBER(0, fclose(file));
}

static void run(void *context)
{
    (void)context;
    read_blobs();
    under_poll();
    one_at_a_time();
    cancelled();
    freed_while_running();
    forked();
    on_other_threads();
    results();
}

int main(int count, char **values)
{
    CHECK_NUMBER(4, count);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
