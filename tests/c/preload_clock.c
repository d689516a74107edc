/*
 * A library that is loaded before the system's: the clock shows the time that
 * the environment names, in seconds since 1970, which may be negative.
 */
#ifndef _GNU_SOURCE /* C++ compilers define it */
#define _GNU_SOURCE
#endif

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t shown(void)
{
    const char *text = getenv("REGGIE_TEST_CLOCK");
    return text == NULL ? 0 : (time_t)strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    typedef int call(clockid_t, struct timespec *);
    static call *original;

    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        now->tv_sec = shown();
        now->tv_nsec = 1;
        return 0;
    }
    if (original == NULL)
        *(void **)&original = dlsym(RTLD_NEXT, "clock_gettime");
    return original(clock, now);
}

int gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    now->tv_sec = shown();
    now->tv_usec = 0;
    return 0;
}

time_t time(time_t *now)
{
    if (now != NULL)
        *now = shown();
    return shown();
}
