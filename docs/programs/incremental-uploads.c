/*
 * Runs a command and stores its output as a blob, unless the command fails:
 * incremental-uploads REPOSITORY COMMAND
 */
#define _POSIX_C_SOURCE 200809L
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

/* Uploads the output while it is being produced. */
static reggie_status upload_output(reggie_upload *upload, FILE *output,
                                   reggie_error **error)
{
    static uint8_t buffer[64 * 1024];
    reggie_status status = REGGIE_OK;
    size_t size;

    while (status == REGGIE_OK
           && (size = fread(buffer, 1, sizeof buffer, output)) > 0)
        status = reggie_upload_write(upload, buffer, size, error);
    return status;
}

/* Returns whether the output has become a blob. */
static int run(reggie_upload *upload, const char *command)
{
    reggie_descriptor *blob = NULL;
    reggie_error *error = NULL;
    FILE *output = popen(command, "r");
    reggie_status status = REGGIE_OK;
    int exited = -1;

    if (output) {
        status = upload_output(upload, output, &error);
        exited = pclose(output);
    }
    if (status == REGGIE_OK && exited == 0)
        status = reggie_upload_commit(upload, NULL, NULL, &blob, &error);
    else if (status == REGGIE_OK) /* the registry discards what it received */
        status = reggie_upload_abort(upload, &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", reggie_error_message(error));
    else if (exited != 0)
        fprintf(stderr, "the command failed: nothing is stored\n");
    else
        printf("%s %llu\n", reggie_descriptor_digest(blob),
               (unsigned long long)reggie_upload_offset(upload));

    reggie_error_free(error);
    reggie_descriptor_free(blob);
    return status == REGGIE_OK && exited == 0;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_options *options = NULL;
    reggie_upload *upload = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int stored = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: %s REPOSITORY COMMAND\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    options = reggie_options_new();
    if (status == REGGIE_OK) /* a chunk is kept in memory until it is sent */
        status = reggie_options_set_chunk_size(options, 1024 * 1024);
    if (status == REGGIE_OK)
        status = reggie_upload_begin(repository, options, &upload, &error);
    if (status == REGGIE_OK)
        stored = run(upload, argv[2]);
    else
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_upload_free(upload);
    reggie_options_free(options);
    reggie_repository_free(repository);
    return stored ? EXIT_SUCCESS : EXIT_FAILURE;
}
