/*
 * Pulls a blob to a file, with a progress bar on a terminal. Ctrl-C interrupts
 * it; the next run resumes where it ended.
 *
 *     pull_blob URL REPOSITORY DIGEST FILE
 */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <signal.h>
#include <unistd.h>

#define WIDTH 40

static reggie_cancel *cancel;

static void on_interrupt(int number)
{
    (void)number;
    reggie_cancel_trigger(cancel);
}

/* Draws the bar. Called on the thread that pulls. */
static int show(void *userdata, const reggie_progress *progress)
{
    uint64_t done = reggie_progress_done(progress);
    uint64_t total = reggie_progress_total(progress);
    const char *phase = "pulling";
    int filled = 0, i;

    (void)userdata;
    if (reggie_progress_phase(progress) == REGGIE_PHASE_CHECK)
        phase = "checking";
    else if (reggie_progress_phase(progress) == REGGIE_PHASE_RETRY)
        phase = "waiting to retry";
    else if (reggie_progress_phase(progress) == REGGIE_PHASE_LOCK)
        phase = "waiting for another process";
    if (total != REGGIE_UNKNOWN_SIZE && total > 0)
        filled = (int)(WIDTH * (double)done / (double)total);
    fputs("\r[", stderr);
    for (i = 0; i < WIDTH; i++)
        fputc(i < filled ? '#' : ' ', stderr);
    fprintf(stderr, "] %.1f MiB %s\033[K", (double)done / 1048576, phase);
    if (reggie_progress_event(progress) == REGGIE_PROGRESS_DONE)
        fputc('\n', stderr);
    return 0;
}

static int pull(const reggie_client *client, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_descriptor *blob = NULL;
    reggie_options *options = reggie_options_new();
    reggie_error *error = NULL;
    reggie_status status;
    int ok;

    status = reggie_cancel_new(&cancel, &error);
    if (status == REGGIE_OK)
        status = reggie_options_set_cancel(options, cancel);
    if (status == REGGIE_OK && isatty(STDERR_FILENO))
        status = reggie_options_set_progress_callback(options, 100, show, NULL,
                                                      NULL);
    if (status == REGGIE_OK)
        status = reggie_repository_new(client, argv[2], &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_descriptor_new(argv[3], REGGIE_UNKNOWN_SIZE, NULL,
                                       &blob, &error);
    if (status == REGGIE_OK) {
        signal(SIGINT, on_interrupt);
        status = reggie_blob_pull_to_path(repository, blob, argv[4], options,
                                          &error);
        signal(SIGINT, SIG_DFL);
    }
    ok = succeeded("pull of the blob", status, error);

    reggie_error_free(error);
    reggie_descriptor_free(blob);
    reggie_repository_free(repository);
    reggie_options_free(options);
    reggie_cancel_free(cancel);
    return ok;
}

int main(int argc, char **argv)
{
    reggie_client *client;
    int ok;

    if (argc != 5) {
        fprintf(stderr, "usage: %s URL REPOSITORY DIGEST FILE\n", argv[0]);
        return EXIT_FAILURE;
    }
    client = new_client(argv[1], DEFAULT_NAME);
    ok = client != NULL && pull(client, argv);
    reggie_client_free(client);
    return exit_code(ok);
}
