/*
 * Sends a request that may take SECONDS and that Ctrl-C cancels:
 * time-limits URL SECONDS
 */
#define _POSIX_C_SOURCE 200809L
#include <reggie.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static reggie_cancel *cancel;

static void on_interrupt(int number)
{
    (void)number;
    reggie_cancel_trigger(cancel); /* async-signal-safe */
}

static void catch_interrupts(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv)
{
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL SECONDS\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_cancel_new(&cancel, &error);
    if (status == REGGIE_OK) {
        catch_interrupts();
        status = reggie_client_new(argv[1], NULL, &client, &error);
    }
    if (status == REGGIE_OK)
        status = reggie_request_new(client, REGGIE_GET, "/v2/", &request,
                                    &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_timeout(request, atoi(argv[2]) * 1000);
    if (status == REGGIE_OK)
        status = reggie_request_set_cancel(request, cancel);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    switch (status) {
    case REGGIE_OK:
        printf("HTTP status %d\n", reggie_response_status(response));
        break;
    case REGGIE_CANCELLED:
        printf("cancelled\n");
        break;
    case REGGIE_DEADLINE: /* the limit for the whole call */
    case REGGIE_TIMEOUT:  /* the limit for one step */
        printf("time limit exceeded while waiting in step \"%s\"\n",
               reggie_error_step(error));
        break;
    default:
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));
    }

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    signal(SIGINT, SIG_DFL); /* before the handle is freed */
    reggie_cancel_free(cancel);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
