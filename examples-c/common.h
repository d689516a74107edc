/*
 * What the examples share: a client with the settings of the environment, and
 * one line on stderr for each failure.
 *
 *     REGGIE_USER, REGGIE_PASSWORD   credentials, if the registry wants some
 *     REGGIE_CA_FILE                 a PEM file of certificates to trust
 *
 * The library itself takes no settings from the environment.
 */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <reggie.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* Where the examples put things unless told otherwise. */
#define DEFAULT_NAME "reggie/example"
#define DEFAULT_TAG "latest"

/*
 * Writes what a server said. It may be anything: control characters could
 * break the line, or command the terminal.
 */
static inline void write_words(FILE *out, const char *words)
{
    for (; words != NULL && *words != '\0'; words++)
        fputc(iscntrl((unsigned char)*words) ? '?' : *words, out);
}

/*
 * Whether a call succeeded; if not, says why. Functions that only set something
 * tell no more than their status, and `error` is NULL.
 */
static inline int succeeded(const char *what, reggie_status status,
                            const reggie_error *error)
{
    if (status == REGGIE_OK)
        return 1;
    fprintf(stderr, "%s: %s\n", what,
            error != NULL ? reggie_error_message(error)
                          : reggie_status_string(status));
    return 0;
}

/*
 * Whether the HTTP status is the one that is wanted; if not, says which it is,
 * and the first thing that the registry says about it.
 */
static inline int has_status(const char *what, const reggie_response *response,
                             int wanted)
{
    reggie_errors *errors = NULL;

    if (reggie_response_status(response) == wanted)
        return 1;
    fprintf(stderr, "%s: the registry answered %d", what,
            reggie_response_status(response));
    /* Not every answer has an error list: a proxy's has none. */
    if (reggie_response_errors(response, &errors, NULL) == REGGIE_OK) {
        fputc(' ', stderr);
        write_words(stderr, reggie_errors_code(errors, 0));
        fputc(' ', stderr);
        write_words(stderr, reggie_errors_message(errors, 0));
    }
    fputc('\n', stderr);
    reggie_errors_free(errors);
    return 0;
}

/* Sets what the environment says. */
static inline reggie_status set_from_environment(reggie_config *config,
                                                 reggie_error **error)
{
    const char *user = getenv("REGGIE_USER");
    const char *password = getenv("REGGIE_PASSWORD");
    const char *ca_file = getenv("REGGIE_CA_FILE");
    reggie_status status = REGGIE_OK;

    if (user != NULL || password != NULL)
        status = reggie_config_set_credentials(
            config, user != NULL ? user : "", password != NULL ? password : "");
    if (status == REGGIE_OK && ca_file != NULL)
        status = reggie_config_add_ca_file(config, ca_file, error);
    return status;
}

/*
 * Makes a client of the registry at `url`, whose requests are about the
 * repository `name`. Returns NULL after a line on stderr.
 */
static inline reggie_client *new_client(const char *url, const char *name)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_error *error = NULL;
    reggie_status status = set_from_environment(config, &error);

    if (status == REGGIE_OK)
        status = reggie_config_set_default_name(config, name);
    if (status == REGGIE_OK)
        status = reggie_client_new(url, config, &client, &error);
    succeeded("client", status, error);

    reggie_error_free(error);
    reggie_config_free(config);
    return client;
}

/* What main() returns: a failure too if not all output could be written. */
static inline int exit_code(int succeeded_so_far)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("stdout");
        return EXIT_FAILURE;
    }
    return succeeded_so_far ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
