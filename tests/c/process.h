/*
 * What the system knows about this process: open descriptors, threads, and
 * whether a thread sleeps, as one does whose call waits for a server.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "check.h"

#include <dirent.h>
#include <time.h>

static inline void sleep_ms(long milliseconds)
{
    struct timespec pause;

    pause.tv_sec = milliseconds / 1000;
    pause.tv_nsec = milliseconds % 1000 * 1000000;
    while (nanosleep(&pause, &pause) != 0)
        CHECK_NUMBER(EINTR, errno);
}

/* The number of entries in a directory. */
static inline int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    CHECK_NUMBER(0, closedir(folder));
    return count;
}

/* The open descriptors of the process. */
static inline int open_descriptors(void)
{
    return count_entries("/proc/self/fd");
}

/* The threads of the process, and what counts as one more. */
static inline int running_threads(void)
{
    return count_entries("/proc/self/task");
}

/*
 * Checks that there are at most so many threads. One that was joined is listed
 * until the system has removed it, so that this waits; one that works stays.
 */
static inline void check_threads_at_most(int max)
{
    int tries;

    for (tries = 0; running_threads() > max && tries < 1000; tries++)
        sleep_ms(10);
    CHECK(running_threads() <= max);
}

/* Checks that there are so many threads. */
static inline void check_threads(int expected)
{
    check_threads_at_most(expected);
    CHECK_NUMBER(expected, running_threads());
}

/* Where the system tells of the calling thread. */
static inline void name_thread(char *name, size_t size)
{
    char link[128];
    ssize_t length = readlink("/proc/thread-self", link, sizeof link - 1);

    CHECK(length > 0);
    link[length] = '\0';
    CHECK(snprintf(name, size, "/proc/%s/status", link) < (int)size);
}

/* How often a thread has slept; -1 while it does not. */
static inline long sleeps(const char *name)
{
    char text[8192];
    FILE *file = fopen(name, "r");
    size_t length;
    const char *count;

    CHECK(file != NULL);
    length = fread(text, 1, sizeof text - 1, file);
    CHECK_NUMBER(0, fclose(file));
    text[length] = '\0';
    count = strstr(text, "\nvoluntary_ctxt_switches:");
    CHECK(count != NULL);
    if (strstr(text, "\nState:\tS") == NULL)
        return -1;
    return strtol(count + strlen("\nvoluntary_ctxt_switches:"), NULL, 10);
}

/* Waits until a thread sleeps and is not woken any more. */
static inline void wait_until_asleep(const char *name)
{
    long before = -2;
    int same = 0;

    while (same < 3) {
        long found = sleeps(name);

        same = found >= 0 && found == before ? same + 1 : 0;
        before = found;
        sleep_ms(10);
    }
}

#endif
