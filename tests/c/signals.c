/*
 * Signals that interrupt a call do no harm, and the handlers and the mask of
 * the host stay as they are. Arguments: how, the address of a server, its CA
 * file, a folder to write to.
 */
#include "check.h"

#include <signal.h>
#include <time.h>

#define SIZE ((size_t)1 << 20)
#define SIGNALS 32

static char **arguments;
static uint8_t bytes[SIZE];
static volatile sig_atomic_t interrupts;

static void on_signal(int number)
{
    (void)number;
    interrupts++;
}

/* A thread that is interrupted until it is done. */
struct target {
    pthread_t thread;
    pthread_mutex_t lock;
    int done;
};

static int is_done(struct target *target)
{
    int done;

    CHECK_NUMBER(0, pthread_mutex_lock(&target->lock));
    done = target->done;
    CHECK_NUMBER(0, pthread_mutex_unlock(&target->lock));
    return done;
}

static void *interrupt(void *context)
{
    struct target *target = (struct target *)context;
    const struct timespec pause = {0, 500000};

    while (!is_done(target)) {
        CHECK_NUMBER(0, pthread_kill(target->thread, SIGUSR1));
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void transfers(void)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = check_client(arguments[2], arguments[3], config);
    reggie_request *request = check_request(client, "PUT", "/");
    char path[512];

    reggie_config_free(config);
    CHECK_OK(reggie_request_set_body(request, bytes, SIZE), NULL);
    check_sends(client, request, 200);
    CHECK_OK(reggie_request_remove_body(request), NULL);
    CHECK_OK(reggie_request_set_path(request, "/blob"), NULL);
    snprintf(path, sizeof path, "%s/blob", arguments[4]);
    CHECK_OK(reggie_request_set_output_path(request, path), NULL);
    check_sends(client, request, 200);
    CHECK_OK(reggie_request_set_body_path(request, path), NULL);
    CHECK_OK(reggie_request_set_path(request, "/"), NULL);
    check_sends(client, request, 200);
    CHECK_NUMBER(0, unlink(path));
    reggie_request_free(request);
    reggie_client_free(client);
}

static void interrupted_transfers(void)
{
    struct target target;
    pthread_t interrupter;
    int i;

    memset(bytes, 'a', SIZE);
    target.thread = pthread_self();
    target.done = 0;
    CHECK_NUMBER(0, pthread_mutex_init(&target.lock, NULL));
    interrupter = check_start(interrupt, &target, CHECK_SMALL_STACK);
    /* On a busy machine the first signal may come late. */
    for (i = 0; i < 2 || interrupts == 0; i++)
        transfers();
    CHECK_NUMBER(0, pthread_mutex_lock(&target.lock));
    target.done = 1;
    CHECK_NUMBER(0, pthread_mutex_unlock(&target.lock));
    CHECK_NUMBER(0, pthread_join(interrupter, NULL));
    CHECK_NUMBER(0, pthread_mutex_destroy(&target.lock));
}

/* Whether each signal is blocked, and how it is handled. */
struct signals {
    int blocked[SIGNALS];
    void (*handlers[SIGNALS])(int);
};

static struct signals look(void)
{
    struct signals signals;
    struct sigaction action;
    sigset_t mask;
    int number;

    memset(&signals, 0, sizeof signals);
    CHECK_NUMBER(0, pthread_sigmask(SIG_SETMASK, NULL, &mask));
    for (number = 1; number < SIGNALS; number++) {
        CHECK_NUMBER(0, sigaction(number, NULL, &action));
        signals.handlers[number] = action.sa_handler;
        signals.blocked[number] = sigismember(&mask, number);
    }
    return signals;
}

static void run(void *context)
{
    struct signals before;
    struct signals after;
    struct sigaction action;
    int number;

    (void)context;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    CHECK_NUMBER(0, sigaction(SIGUSR1, &action, NULL));
    before = look();
    interrupted_transfers();
    after = look();
    for (number = 1; number < SIGNALS; number++) {
        CHECK_NUMBER(before.blocked[number], after.blocked[number]);
        CHECK(before.handlers[number] == after.handlers[number]);
    }
}

int main(int count, char **values)
{
    CHECK_NUMBER(5, count);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
