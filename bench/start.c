/*
 * What a library costs before the first request, each time in a new process:
 *
 *     start LIBRARY...
 *
 * The CPU time to load it, and to create the first client and another one, for http and
 * for https, which reads the trusted certificates: medians in microseconds, of the
 * libraries in turn.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <reggie.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define ROUNDS 101
enum { LOAD, FIRST, OTHER, FIRST_TLS, OTHER_TLS, TIMES };

static const char *const names[TIMES] = {
    "load", "first client, http", "another", "first client, https", "another",
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void measure(const char *library, double *times)
{
    static const char *const addresses[] = {"http://localhost", "https://localhost"};
    __typeof__(reggie_client_new) *create;
    double begun = now();
    void *loaded = dlopen(library, RTLD_NOW);

    times[LOAD] = now() - begun;
    if (loaded == NULL)
        fail("dlopen", dlerror());
    create = (__typeof__(create))dlsym(loaded, "reggie_client_new");
    if (create == NULL)
        fail("dlsym", dlerror());
    for (int i = FIRST; i < TIMES; i++) {
        reggie_client *client = NULL;

        begun = now();
        if (create(addresses[(i - FIRST) / 2], NULL, &client, NULL) != REGGIE_OK)
            fail("reggie_client_new", addresses[(i - FIRST) / 2]);
        times[i] = now() - begun;
    }
}

/* Measures in a child process. */
static void measure_apart(const char *library, double *times)
{
    const size_t size = TIMES * sizeof *times;
    int ends[2];
    int status;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        fail("fork", "no process");
    if (child == 0) {
        measure(library, times);
        _exit(write(ends[1], times, size) != (ssize_t)size);
    }
    close(ends[1]);
    if (read(ends[0], times, size) != (ssize_t)size || waitpid(child, &status, 0) < 0)
        fail(library, "not measured");
    close(ends[0]);
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;

    return (a > b) - (a < b);
}

int main(int count, char **libraries)
{
    double(*times)[ROUNDS][TIMES] = calloc((size_t)count, sizeof *times);

    if (times == NULL)
        fail("calloc", "no memory");
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 1; i < count; i++)
            measure_apart(libraries[i], times[i][round]);
    for (int i = 1; i < count; i++) {
        printf("%s:", libraries[i]);
        for (int which = 0; which < TIMES; which++) {
            double sorted[ROUNDS];

            for (int round = 0; round < ROUNDS; round++)
                sorted[round] = times[i][round][which];
            qsort(sorted, ROUNDS, sizeof *sorted, compare);
            printf(" %s %.0f;", names[which], sorted[ROUNDS / 2]);
        }
        puts("");
    }
    free(times);
    return 0;
}
