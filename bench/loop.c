/*
 * How a batch behaves in a program with an event loop: how late a timer of 10 ms is
 * while 30 blobs are pulled, and how long it takes until all threads have ended after 16
 * pulls were cancelled. The blobs are the layers of an image:
 *
 *     loop [--ca FILE] REPOSITORY TAG FOLDER ROUNDS
 */

#include <dirent.h>
#include <poll.h>
#include <reggie.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "measure.h"

#define ITEMS 30
#define CANCELLED 16
#define TICK_US 10000

struct lateness {
    int64_t timer, step;
    long ticks;
};

static size_t begun;

static void check(reggie_status status, reggie_error *error)
{
    if (status != REGGIE_OK)
        fail(reggie_status_string(status), reggie_error_message(error));
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int entries_of(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

static int on_progress(void *userdata, const reggie_progress *progress)
{
    (void)userdata;
    begun += reggie_progress_event(progress) == REGGIE_PROGRESS_BEGIN;
    return 0;
}

static int ignore(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    (void)data;
    (void)size;
    return 0;
}

static reggie_batch *new_batch(size_t parallel, const reggie_cancel *cancel)
{
    reggie_error *error = NULL;
    reggie_options *options = reggie_options_new();
    reggie_batch *batch = NULL;

    begun = 0;
    if (parallel > 0)
        check(reggie_options_set_parallel(options, parallel), NULL);
    check(reggie_options_set_cancel(options, cancel), NULL);
    check(reggie_options_set_progress_callback(options, 0, on_progress, NULL, NULL),
          NULL);
    check(reggie_batch_new(options, &batch, &error), error);
    reggie_options_free(options);
    return batch;
}

static void path_of(char *path, size_t size, const char *folder, size_t number)
{
    snprintf(path, size, "%s/blob-%zu", folder, number);
}

static void add_path(reggie_batch *batch, const reggie_repository *repository,
                     const reggie_manifest *image, const char *folder, size_t number)
{
    char path[4096];

    path_of(path, sizeof path, folder, number);
    check(reggie_batch_pull_to_path(batch, repository,
                                    reggie_manifest_layer(image, number), path),
          NULL);
}

static void remove_files(const char *folder)
{
    char path[4096];

    for (size_t i = 0; i < ITEMS; i++) {
        path_of(path, sizeof path, folder, i);
        remove(path);
    }
}

/* Runs the batch, or `ticks` ticks of the timer without one. */
static struct lateness loop(reggie_batch *batch, long ticks)
{
    struct itimerspec tick = { { 0, TICK_US * 1000 }, { 0, TICK_US * 1000 } };
    struct pollfd ready[] = { { reggie_batch_fd(batch), POLLIN, 0 }, { -1, POLLIN, 0 } };
    struct lateness worst = { 0, 0, 0 };
    reggie_error *error = NULL;
    int running = 1;
    int64_t next, late;

    ready[1].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    next = now_us() + TICK_US;
    if (timerfd_settime(ready[1].fd, 0, &tick, NULL) != 0)
        fail("timerfd_settime", "no timer");
    while (batch == NULL ? worst.ticks < ticks : running) {
        if (poll(ready, 2, -1) <= 0)
            fail("poll", "failed");
        if (ready[1].revents & POLLIN) {
            uint64_t passed = 0;

            if (read(ready[1].fd, &passed, sizeof passed) != sizeof passed)
                fail("read", "no ticks");
            late = now_us() - next;
            worst.timer = late > worst.timer ? late : worst.timer;
            worst.ticks += (long)passed;
            next += (int64_t)passed * TICK_US;
        }
        if (ready[0].revents & POLLIN) {
            int64_t before = now_us();

            check(reggie_batch_step(batch, 0, &running, &error), error);
            late = now_us() - before;
            worst.step = late > worst.step ? late : worst.step;
        }
    }
    close(ready[1].fd);
    return worst;
}

static void under_poll(const reggie_repository *repository,
                       const reggie_manifest *image, const char *folder)
{
    reggie_batch *batch = new_batch(0, NULL);
    struct lateness with, without;
    size_t i;

    for (i = 0; i < ITEMS / 2; i++)
        add_path(batch, repository, image, folder, i);
    for (; i < ITEMS; i++)
        check(reggie_batch_pull_to_callback(batch, repository,
                                            reggie_manifest_layer(image, i), ignore,
                                            NULL, NULL),
              NULL);
    with = loop(batch, 0);
    reggie_batch_free(batch);
    without = loop(NULL, with.ticks);
    printf("late %ld step %ld late-without %ld ticks %ld\n", (long)with.timer,
           (long)with.step, (long)without.timer, with.ticks);
    remove_files(folder);
}

static void cancelled(const reggie_repository *repository,
                      const reggie_manifest *image, const char *folder)
{
    int descriptors = entries_of("/proc/self/fd");
    int threads = entries_of("/proc/self/task");
    reggie_error *error = NULL;
    reggie_cancel *cancel = NULL;
    reggie_batch *batch;
    reggie_status status = REGGIE_OK;
    int running = 1, most;
    int64_t before, ended;

    check(reggie_cancel_new(&cancel, &error), error);
    batch = new_batch(CANCELLED, cancel);
    for (size_t i = 0; i < CANCELLED; i++)
        add_path(batch, repository, image, folder, i);
    while (begun < CANCELLED && running)
        check(reggie_batch_step(batch, -1, &running, &error), error);
    most = entries_of("/proc/self/task");
    before = now_us();
    reggie_cancel_trigger(cancel);
    while (status == REGGIE_OK && running)
        status = reggie_batch_step(batch, -1, &running, &error);
    ended = now_us();
    if (status != REGGIE_CANCELLED)
        fail("cancel", "the transfers were faster");
    if (entries_of("/proc/self/task") != threads)
        fail("cancel", "threads are left");
    reggie_batch_free(batch);
    reggie_error_free(error);
    reggie_cancel_free(cancel);
    if (entries_of("/proc/self/fd") > descriptors)
        fail("cancel", "descriptors are left");
    printf("ended %ld threads %d\n", (long)(ended - before), most - threads);
    remove_files(folder);
}

int main(int argc, char **argv)
{
    reggie_error *error = NULL;
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_repository *repository = NULL;
    reggie_manifest *image = NULL;
    char *name;

    if (argc > 2 && strcmp(argv[1], "--ca") == 0) {
        check(reggie_config_add_ca_file(config, argv[2], &error), error);
        argv += 2;
        argc -= 2;
    }
    if (argc != 5 || (name = strstr(argv[1], "/v2/")) == NULL)
        fail("usage", "see the comment in loop.c");
    *name = '\0';
    check(reggie_client_new(argv[1], config, &client, &error), error);
    check(reggie_repository_new(client, name + strlen("/v2/"), &repository, &error),
          error);
    check(reggie_manifest_pull(repository, argv[2], NULL, &image, &error), error);
    if (reggie_manifest_layers_count(image) < ITEMS)
        fail(argv[2], "has too few layers");
    for (long round = 0; round < atol(argv[4]); round++) {
        under_poll(repository, image, argv[3]);
        cancelled(repository, image, argv[3]);
    }
    reggie_manifest_free(image);
    reggie_repository_free(repository);
    reggie_client_free(client);
    reggie_config_free(config);
    return 0;
}
