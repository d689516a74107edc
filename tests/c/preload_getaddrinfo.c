/*
 * A library that is loaded before the system's: each look-up of a name takes
 * a while, and finds nothing.
 */
#define _POSIX_C_SOURCE 200809L

#include <netdb.h>
#include <time.h>

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **found)
{
    const struct timespec pause = {4, 0};

    (void)node;
    (void)service;
    (void)hints;
    *found = NULL;
    nanosleep(&pause, NULL);
    return EAI_AGAIN;
}
