/*
 * The progress callback is called in each step in which a call can hang, once a
 * second, on the thread of the call, and what it returns stops the call.
 * Arguments: how, and the places of hang.h. All steps hang at the same time.
 */
#include "hang.h"

#define STOP 7

struct watched {
    const struct hang *hang;
    pthread_t thread;
    int calls;
};

/* Stops the call when nothing has moved for the second time. */
static int on_progress(void *userdata, uint64_t sent, uint64_t send_total,
                       uint64_t received, uint64_t receive_total)
{
    struct watched *watched = (struct watched *)userdata;

    CHECK(pthread_equal(watched->thread, pthread_self()));
    CHECK(sent <= send_total);
    CHECK(received <= receive_total);
    return ++watched->calls == 3 ? STOP : 0;
}

static void *hang_and_stop(void *context)
{
    struct watched *watched = (struct watched *)context;
    struct scene scene;
    reggie_error *error = NULL;
    reggie_status status;

    watched->thread = pthread_self();
    begin(&scene, watched->hang, 0, 0);
    CHECK_OK(reggie_request_set_progress_callback(scene.request, on_progress,
                                                  watched, NULL), NULL);
    status = make_call(&scene, &error);
    CHECK_TEXT(watched->hang->step, reggie_error_step(error));
    CHECK_NUMBER(STOP, reggie_error_callback_value(error));
    CHECK_NUMBER(0, reggie_error_is_retryable(error));
    CHECK_FAILS(REGGIE_PROGRESS_CALLBACK, status, error);
    CHECK_NUMBER(3, watched->calls);
    end(&scene);
    return NULL;
}

static void run(void *context)
{
    static struct watched watched[HANGS];
    pthread_t threads[HANGS];
    size_t i;

    (void)context;
    for (i = 0; i < HANGS; i++) {
        watched[i].hang = &hangs[i];
        threads[i] = check_start(hang_and_stop, &watched[i], 0);
    }
    for (i = 0; i < HANGS; i++)
        CHECK_NUMBER(0, pthread_join(threads[i], NULL));
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(2 + PLACES, count);
    find_places(arguments + 2);
    return check_run(arguments[1], run, NULL);
}
