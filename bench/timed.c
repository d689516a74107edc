/*
 * Runs a program and prints what the whole process took, as measure_end() does.
 * Its own memory is small, so that it does not show in the peak of the program.
 *
 *     timed PROGRAM ARGUMENTS ...
 */

#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

int main(int argc, char **argv)
{
    struct timespec begun, now;
    struct rusage used;
    struct timeval none = {0, 0};
    int status = 0;
    pid_t child;

    if (argc < 2)
        fail("usage", "see the comment in timed.c");
    clock_gettime(CLOCK_MONOTONIC, &begun);
    child = fork();
    if (child == 0) {
        /* Standard output is for the figures alone. */
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execv(argv[1], argv + 1);
        fail(argv[1], "cannot be run");
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child)
        fail(argv[1], "cannot be run");
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail(argv[1], "has failed");
    printf("wall %.6f user %.6f sys %.6f peak %ld\n",
           (double)(now.tv_sec - begun.tv_sec)
               + (double)(now.tv_nsec - begun.tv_nsec) / 1e9,
           measure_seconds(none, used.ru_utime),
           measure_seconds(none, used.ru_stime), used.ru_maxrss);
    return 0;
}
