/* Shares a client between threads and with a child process: threads URL */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4

/* Each thread uses requests and responses of its own. */
static int send_request(const reggie_client *client)
{
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    int http_status = 0;

    if (reggie_request_new(client, REGGIE_GET, "/v2/", &request, NULL)
            == REGGIE_OK
        && reggie_client_do(client, request, &response, NULL) == REGGIE_OK)
        http_status = reggie_response_status(response);
    reggie_response_free(response);
    reggie_request_free(request);
    return http_status == 200;
}

static void *run(void *client)
{
    return send_request((const reggie_client *)client) ? client : NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    reggie_client *client = NULL;
    reggie_error *error = NULL;
    int started, i, succeeded = 0, child_status = -1;
    pid_t child;

    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (reggie_client_new(argv[1], NULL, &client, &error) != REGGIE_OK) {
        fprintf(stderr, "%s\n", reggie_error_message(error));
        reggie_error_free(error);
        return EXIT_FAILURE;
    }
    for (started = 0; started < THREADS; started++)
        if (pthread_create(&threads[started], NULL, run, client) != 0)
            break;
    for (i = 0; i < started; i++) {
        void *result;

        pthread_join(threads[i], &result);
        succeeded += result != NULL;
    }
    printf("%d threads\n", succeeded);
    fflush(stdout);

    child = fork();
    if (child == 0) { /* the child opens connections of its own */
        int ok = send_request(client);

        reggie_client_free(client);
        _exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    if (child > 0)
        waitpid(child, &child_status, 0);
    printf("child: %d\n", child_status);

    reggie_client_free(client);
    return succeeded == THREADS && child_status == 0 ? EXIT_SUCCESS
                                                     : EXIT_FAILURE;
}
