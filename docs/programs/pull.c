/* Pulls a blob to a file, or to stdout: pull REPOSITORY DIGEST [FILE] */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

/* Called with each piece of the blob; a nonzero result stops the call. */
static int write_piece(void *userdata, const void *data, size_t size)
{
    return fwrite(data, 1, size, (FILE *)userdata) == size ? 0 : 1;
}

static void print_error(const reggie_error *error)
{
    fprintf(stderr, "%s\n", reggie_error_message(error));
    if (reggie_error_digest(error))
        fprintf(stderr, "content: %s\n", reggie_error_digest(error));
    if (reggie_error_status(error) == REGGIE_NOT_FOUND)
        fprintf(stderr, "HTTP status %d, code %s\n",
                reggie_error_http_status(error),
                reggie_error_code(error) ? reggie_error_code(error) : "none");
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_descriptor *blob = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s REPOSITORY DIGEST [FILE]\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_descriptor_new(argv[2], REGGIE_UNKNOWN_SIZE, NULL,
                                       &blob, &error);
    if (status == REGGIE_OK && argc == 4)
        status = reggie_blob_pull_to_path(repository, blob, argv[3], NULL,
                                          &error);
    else if (status == REGGIE_OK)
        status = reggie_blob_pull_to_callback(repository, blob, write_piece,
                                              stdout, NULL, &error);
    if (status != REGGIE_OK)
        print_error(error);

    reggie_error_free(error);
    reggie_descriptor_free(blob);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
