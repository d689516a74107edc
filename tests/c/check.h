/*
 * What the programs of this folder share. A program says "done" at its end and
 * nothing else on stdout, and nothing at all on stderr; a check that fails ends
 * it with a line on stderr.
 */
#ifndef CHECK_H
#define CHECK_H

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reggie.h"

/* The smallest stack that the library promises to live with. */
#define CHECK_SMALL_STACK ((size_t)128 * 1024)

/* Ends the process in any thread and in a child, without what atexit() has. */
static inline void check_failed(const char *file, int line, const char *what,
                                const char *found)
{
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, what, found);
    _exit(1);
}

static inline void check_number(const char *file, int line, const char *what,
                                long long wanted, long long found)
{
    char text[64];

    if (wanted == found)
        return;
    snprintf(text, sizeof text, "%lld where %lld is right", found, wanted);
    check_failed(file, line, what, text);
}

static inline void check_text(const char *file, int line, const char *what,
                              const char *wanted, const char *found)
{
    if (found == NULL)
        check_failed(file, line, what, "NULL");
    else if (strcmp(wanted, found) != 0)
        check_failed(file, line, what, found);
}

/* A condition holds. */
#define CHECK(condition)                                                       \
    ((condition) ? (void)0                                                     \
                 : check_failed(__FILE__, __LINE__, #condition, "is not so"))

/* Two whole numbers are the same. */
#define CHECK_NUMBER(wanted, found)                                            \
    check_number(__FILE__, __LINE__, #found, (long long)(wanted),              \
                 (long long)(found))

/* Two texts are the same. */
#define CHECK_TEXT(wanted, found)                                              \
    check_text(__FILE__, __LINE__, #found, wanted, found)

/* A call succeeds; where not, its error, which may be NULL, says why. */
#define CHECK_OK(call, error)                                                  \
    do {                                                                       \
        if ((call) != REGGIE_OK)                                               \
            check_failed(__FILE__, __LINE__, #call,                            \
                         reggie_error_message(error));                         \
    } while (0)

/* A call fails so, and its error, which is freed here, says the same. */
#define CHECK_FAILS(wanted, call, error)                                       \
    do {                                                                       \
        CHECK_NUMBER(wanted, call);                                            \
        CHECK_NUMBER(wanted, reggie_error_status(error));                      \
        CHECK(reggie_error_message(error)[0] != '\0');                         \
        reggie_error_free(error);                                              \
    } while (0)

/* A client of a server whose certificate is in a file; "-" for plain http. */
static inline reggie_client *check_client(const char *url, const char *ca,
                                          reggie_config *config)
{
    reggie_client *client = NULL;
    reggie_error *error = NULL;

    if (strcmp(ca, "-") != 0)
        CHECK_OK(reggie_config_add_ca_file(config, ca, &error), error);
    CHECK_OK(reggie_client_new(url, config, &client, &error), error);
    CHECK(client != NULL && error == NULL);
    return client;
}

static inline reggie_request *check_request(const reggie_client *client,
                                            const char *method,
                                            const char *path)
{
    reggie_request *request = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_request_new(client, method, path, &request, &error), error);
    CHECK(request != NULL && error == NULL);
    return request;
}

/* Sends a request and wants an answer, whatever its HTTP status. */
static inline reggie_response *check_do(const reggie_client *client,
                                        reggie_request *request)
{
    reggie_response *response = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_client_do(client, request, &response, &error), error);
    CHECK(response != NULL && error == NULL);
    return response;
}

/* Sends a request and wants this HTTP status. */
static inline void check_sends(const reggie_client *client,
                               reggie_request *request, int status)
{
    reggie_response *response = check_do(client, request);

    CHECK_NUMBER(status, reggie_response_status(response));
    reggie_response_free(response);
}

struct check_body {
    void (*run)(void *context);
    void *context;
};

static inline void *check_thread(void *body)
{
    ((struct check_body *)body)->run(((struct check_body *)body)->context);
    return NULL;
}

/* Starts a thread; a stack of 0 bytes is one of the usual size. */
static inline pthread_t check_start(void *(*run)(void *), void *context,
                                    size_t stack)
{
    pthread_t thread;
    pthread_attr_t attributes;

    CHECK_NUMBER(0, pthread_attr_init(&attributes));
    if (stack != 0)
        CHECK_NUMBER(0, pthread_attr_setstacksize(&attributes, stack));
    CHECK_NUMBER(0, pthread_create(&thread, &attributes, run, context));
    CHECK_NUMBER(0, pthread_attr_destroy(&attributes));
    return thread;
}

/* A child ended of itself, and well. */
static inline void check_child(pid_t child)
{
    int status = 0;

    CHECK(child > 0);
    CHECK_NUMBER(child, waitpid(child, &status, 0));
    CHECK(WIFEXITED(status));
    CHECK_NUMBER(0, WEXITSTATUS(status));
}

/*
 * Runs the body of a program in its main thread ("main"), in a thread with a
 * small stack ("thread") or in a child ("child"), and says that it is done.
 */
static inline int check_run(const char *how, void (*run)(void *), void *context)
{
    struct check_body body;
    pid_t child;

    body.run = run;
    body.context = context;
    if (strcmp(how, "thread") == 0) {
        CHECK_NUMBER(0, pthread_join(check_start(check_thread, &body,
                                                 CHECK_SMALL_STACK), NULL));
    } else if (strcmp(how, "child") == 0) {
        child = fork();
        if (child == 0) {
            run(context);
            exit(0);
        }
        check_child(child);
    } else {
        CHECK_TEXT("main", how);
        run(context);
    }
    puts("done");
    return 0;
}

#endif
