/*
 * Downloads a blob with the program curl, and verifies it:
 * locating REPOSITORY DIGEST FILE
 */
#define _POSIX_C_SOURCE 200809L
#include <reggie.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Writes a line of curl's config. */
static void set(FILE *curl, const char *name, const char *prefix,
                const char *value)
{
    fprintf(curl, "%s = \"%s", name, prefix);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            fputc('\\', curl);
        fputc(*value, curl);
    }
    fputs("\"\n", curl);
}

/* Returns the exit status of curl. */
static int run_curl(const reggie_location *location, const char *path)
{
    const reggie_headers *headers = reggie_location_headers(location);
    /* Arguments are visible to all users, stdin is not. */
    FILE *curl = popen("curl --silent --show-error --fail --config -", "w");
    char name[256];
    size_t i;

    if (!curl)
        return -1;
    set(curl, "url", "", reggie_location_url(location));
    set(curl, "output", "", path);
    for (i = 0; i < reggie_headers_count(headers); i++) {
        snprintf(name, sizeof name, "%s: ", reggie_headers_name(headers, i));
        set(curl, "header", name, reggie_headers_value(headers, i));
    }
    return WEXITSTATUS(pclose(curl));
}

static int is_intact(const char *path, const char *digest)
{
    char algorithm[16] = "";
    char *found = NULL;
    int ok;

    sscanf(digest, "%15[^:]", algorithm); /* "sha256", for example */
    ok = reggie_digest_file(algorithm, path, &found, NULL) == REGGIE_OK
      && strcmp(found, digest) == 0;
    reggie_string_free(found);
    return ok;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_descriptor *blob = NULL;
    reggie_location *location = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int ok = 0, tries;

    if (argc != 4) {
        fprintf(stderr, "usage: %s REPOSITORY DIGEST FILE\n", argv[0]);
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN); /* in case curl fails to start */
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_descriptor_new(argv[2], REGGIE_UNKNOWN_SIZE, NULL,
                                       &blob, &error);
    for (tries = 0; status == REGGIE_OK && tries < 2 && !ok; tries++) {
        status = reggie_blob_locate(repository, blob, 1, NULL, &location,
                                    &error);
        ok = status == REGGIE_OK && run_curl(location, argv[3]) == 0;
        if (!ok) /* perhaps the token has expired: the next location has another */
            reggie_location_refused(location, 401);
        reggie_location_free(location);
    }
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", reggie_error_message(error));
    else if (ok && !(ok = is_intact(argv[3], argv[2])))
        fprintf(stderr, "%s: not the content of the blob\n", argv[3]);

    reggie_error_free(error);
    reggie_descriptor_free(blob);
    reggie_repository_free(repository);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
