/*
 * Cancels a call from another thread, or in a signal handler of the thread that
 * makes it.
 */
#ifndef CANCELLER_H
#define CANCELLER_H

#include "check.h"

#include <signal.h>
#include <unistd.h>

/* The handle that the signal handler triggers. */
static reggie_cancel *volatile handlers_cancel;

static inline void on_signal(int number)
{
    (void)number;
    errno = 0;
    reggie_cancel_trigger(handlers_cancel);
    if (errno != 0)
        _exit(3);
}

/* Installs the handler; `restarts` is whether system calls are restarted. */
static inline void catch_signal(int restarts)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = restarts ? SA_RESTART : 0;
    CHECK_NUMBER(0, sigaction(SIGALRM, &action, NULL));
}

/* Cancels the call of `thread`. */
static inline void cancel_call(pthread_t thread, reggie_cancel *cancel,
                               int by_signal)
{
    if (by_signal)
        CHECK_NUMBER(0, pthread_kill(thread, SIGALRM));
    else
        reggie_cancel_trigger(cancel);
}

#endif
