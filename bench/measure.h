/* Measures the cost of a run; shared by the programs for both libraries. */

#ifndef MEASURE_H
#define MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct measure {
    struct timespec wall;
    struct rusage used;
};

static inline void measure_begin(struct measure *m)
{
    clock_gettime(CLOCK_MONOTONIC, &m->wall);
    getrusage(RUSAGE_SELF, &m->used);
}

static inline double measure_seconds(struct timeval from, struct timeval to)
{
    return (double)(to.tv_sec - from.tv_sec)
           + (double)(to.tv_usec - from.tv_usec) / 1e6;
}

/* Peak memory in KiB. Not ru_maxrss, which starts with the peak of the process
 * that forked this one. */
static inline long measure_peak(void)
{
    char line[256];
    long peak = 0;
    FILE *status = fopen("/proc/self/status", "r");

    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = atol(line + 6);
    if (status != NULL)
        fclose(status);
    return peak;
}

/* One line: wall, user and system time in seconds, and peak memory in KiB. */
static inline void measure_end(const struct measure *begun)
{
    struct measure now;

    measure_begin(&now);
    printf("wall %.6f user %.6f sys %.6f peak %ld\n",
           (double)(now.wall.tv_sec - begun->wall.tv_sec)
               + (double)(now.wall.tv_nsec - begun->wall.tv_nsec) / 1e9,
           measure_seconds(begun->used.ru_utime, now.used.ru_utime),
           measure_seconds(begun->used.ru_stime, now.used.ru_stime),
           measure_peak());
}

static inline void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

#endif
