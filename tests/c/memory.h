/* How much memory this process takes. */
#ifndef MEMORY_H
#define MEMORY_H

#include "check.h"

/*
 * A line of /proc/self/status in KiB. VmHWM is the peak of this program alone:
 * ru_maxrss begins with that of the process that started it.
 */
static inline long memory_kib(const char *name)
{
    char line[256];
    long found = -1;
    FILE *status = fopen("/proc/self/status", "r");

    CHECK(status != NULL);
    while (found < 0 && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            found = strtol(line + strlen(name) + 1, NULL, 10);
    CHECK(found >= 0);
    CHECK_NUMBER(0, fclose(status));
    return found;
}

/*
 * The peak without the pages of files: the kernel maps as many of the library's as it
 * has in memory, which are several MiB more or less.
 */
static inline long memory_peak(void)
{
    return memory_kib("VmHWM") - memory_kib("RssFile");
}

#endif
