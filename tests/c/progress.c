/*
 * The progress callback is called in each step in which a call can hang, once a
 * second, on the thread of the call, and what it returns stops the call.
 * Arguments: how, and the places of hang.h. All steps hang at the same time.
 */
#include "hang.h"

#define STOP 7

struct watched {
    const struct hang *hang;
    struct scene scene;
    pthread_t caller;
    int calls; /* since all calls hang */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int do_all_hang;

static int all_hang(void)
{
    int found;

    CHECK_NUMBER(0, pthread_mutex_lock(&lock));
    found = do_all_hang;
    CHECK_NUMBER(0, pthread_mutex_unlock(&lock));
    return found;
}

/* Stops the call a second after all hang. */
static int on_progress(void *userdata, uint64_t sent, uint64_t send_total,
                       uint64_t received, uint64_t receive_total)
{
    struct watched *watched = (struct watched *)userdata;

    CHECK(pthread_equal(watched->caller, pthread_self()));
    CHECK(sent <= send_total);
    CHECK(received <= receive_total);
    watched->calls += all_hang();
    return watched->calls == 2 ? STOP : 0;
}

static void *hang_and_stop(void *context)
{
    struct watched *watched = (struct watched *)context;
    reggie_error *error = NULL;
    reggie_status status;

    watched->caller = pthread_self();
    CHECK_OK(reggie_request_set_progress_callback(watched->scene.request,
                                                  on_progress, watched, NULL),
             NULL);
    status = make_call(&watched->scene, &error);
    CHECK_TEXT(watched->hang->step, reggie_error_step(error));
    CHECK_NUMBER(STOP, reggie_error_callback_value(error));
    CHECK_NUMBER(0, reggie_error_is_retryable(error));
    CHECK_FAILS(REGGIE_PROGRESS_CALLBACK, status, error);
    CHECK_NUMBER(2, watched->calls);
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
        begin(&watched[i].scene, &hangs[i], 0, 0);
        threads[i] = check_start(hang_and_stop, &watched[i], 0);
    }
    for (i = 0; i < HANGS; i++)
        if (is_told(&hangs[i]))
            control("/held");
    CHECK_NUMBER(0, pthread_mutex_lock(&lock));
    do_all_hang = 1;
    CHECK_NUMBER(0, pthread_mutex_unlock(&lock));
    for (i = 0; i < HANGS; i++)
        CHECK_NUMBER(0, pthread_join(threads[i], NULL));
    /* Not before, and the fetches of others first: the server lets go of all. */
    for (i = 0; i < HANGS; i++)
        if (watched[i].scene.has_other)
            end(&watched[i].scene);
    for (i = 0; i < HANGS; i++)
        if (!watched[i].scene.has_other)
            end(&watched[i].scene);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(2 + PLACES, count);
    find_places(arguments + 2);
    return check_run(arguments[1], run, NULL);
}
