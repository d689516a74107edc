/*
 * Works with single blobs: blob COMMAND REGISTRY/REPOSITORY ...
 *     stat DIGEST          prints the size
 *     get DIGEST           writes the blob to stdout
 *     put [ALGORITHM]      pushes stdin and prints its digest
 *     mount DIGEST FROM    mounts the blob from another repository
 *     delete DIGEST        deletes the blob
 *     url DIGEST           prints where it is, until when, and header fields
 */
#include "common.h"
#include <string.h>
#include <unistd.h>

static reggie_status put(const reggie_repository *where, const char *algorithm,
                         reggie_error **error)
{
    reggie_options *options = reggie_options_new();
    reggie_descriptor *blob = NULL;
    reggie_status status = reggie_options_set_algorithm(
        options, algorithm != NULL ? algorithm : REGGIE_SHA256);

    if (status == REGGIE_OK)
        status = reggie_blob_push_fd(where, STDIN_FILENO, REGGIE_UNKNOWN_SIZE,
                                     NULL, options, &blob, error);
    if (status == REGGIE_OK)
        puts(reggie_descriptor_digest(blob));
    reggie_descriptor_free(blob);
    reggie_options_free(options);
    return status;
}

/* The fields may include a token, with which anyone can pull the blob. */
static reggie_status print_url(const reggie_repository *where,
                               const reggie_descriptor *blob,
                               reggie_error **error)
{
    reggie_location *place = NULL;
    reggie_status status = reggie_blob_locate(where, blob, 1, NULL, &place,
                                              error);
    const reggie_headers *fields = reggie_location_headers(place);
    size_t i;

    if (place != NULL)
        printf("%s\nexpires: %lld\n", reggie_location_url(place),
               (long long)reggie_location_expires(place));
    for (i = 0; i < reggie_headers_count(fields); i++)
        printf("%s: %s\n", reggie_headers_name(fields, i),
               reggie_headers_value(fields, i));
    reggie_location_free(place);
    return status;
}

static reggie_status run(const char *command, const reggie_repository *where,
                         char **more, reggie_error **error)
{
    reggie_descriptor *blob = NULL;
    uint64_t size = 0;
    int mounted = 1;
    reggie_status status;

    if (strcmp(command, "put") == 0)
        return put(where, more[0], error);
    status = reggie_descriptor_new(more[0], REGGIE_UNKNOWN_SIZE, NULL, &blob,
                                   error);
    if (status != REGGIE_OK)
        return status;
    status = REGGIE_INVALID_ARGUMENT;
    if (strcmp(command, "stat") == 0)
        status = reggie_blob_stat(where, more[0], NULL, &size, error);
    else if (strcmp(command, "get") == 0)
        status = reggie_blob_pull_to_fd(where, blob, STDOUT_FILENO, NULL, error);
    else if (strcmp(command, "mount") == 0)
        status = reggie_blob_mount(where, more[0], more[1], NULL, &mounted,
                                   error);
    else if (strcmp(command, "delete") == 0)
        status = reggie_blob_delete(where, more[0], NULL, error);
    else if (strcmp(command, "url") == 0)
        status = print_url(where, blob, error);
    if (status == REGGIE_OK && strcmp(command, "stat") == 0)
        printf("%llu\n", (unsigned long long)size);
    reggie_descriptor_free(blob);
    return mounted ? status : REGGIE_UNSUPPORTED;
}

int main(int argc, char **argv)
{
    reggie_repository *where = argc > 2 ? open_repository(argv[2]) : NULL;
    reggie_error *error = NULL;
    reggie_status status = REGGIE_NULL_ARGUMENT;

    if (where != NULL) {
        status = run(argv[1], where, argv + 3, &error);
        succeeded(argv[1], status, error);
    } else if (argc < 3)
        fprintf(stderr, "usage: %s COMMAND REPOSITORY ...\n", argv[0]);
    reggie_error_free(error);
    reggie_repository_free(where);
    return exit_code(status == REGGIE_OK);
}
