/*
 * Shared by the examples: creates a client with settings from the environment,
 * and reports failures on stderr.
 *
 *     REGGIE_USER, REGGIE_PASSWORD   credentials, if the registry requires them
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
#include <string.h>

/* Default repository and tag. */
#define DEFAULT_NAME "reggie/example"
#define DEFAULT_TAG "latest"

/*
 * Writes a string that came from a server, without control characters, which
 * could manipulate the terminal.
 */
static inline void write_safely(FILE *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        fputc(iscntrl((unsigned char)*text) ? '?' : *text, out);
}

/*
 * Returns whether a call succeeded, and reports the failure if not. For
 * functions without a reggie_error, `error` is NULL.
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
 * Returns whether the HTTP status is the expected one. If not, reports it with
 * what the registry says about it.
 */
static inline int has_status(const char *what, const reggie_response *response,
                             int expected)
{
    reggie_error *error = NULL;
    reggie_status status;

    if (reggie_response_status(response) == expected)
        return 1;
    status = reggie_response_check(response, &error);
    if (succeeded(what, status, error)) /* another 2xx status */
        fprintf(stderr, "%s: unexpected status %d\n", what,
                reggie_response_status(response));
    reggie_error_free(error);
    return 0;
}

/* Applies the settings from the environment. */
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
 * Creates a client for the registry at `url` with the default repository
 * `name`. Reports a failure and returns NULL.
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

/*
 * Opens the repository of a reference such as "ghcr.io/org/app:1.2". Reports a
 * failure and returns NULL.
 */
static inline reggie_repository *open_repository(const char *reference)
{
    reggie_config *config = reggie_config_new();
    reggie_repository *repository = NULL;
    reggie_error *error = NULL;
    reggie_status status = set_from_environment(config, &error);

    if (status == REGGIE_OK)
        status = reggie_repository_open(reference, config, &repository, &error);
    succeeded("repository", status, error);

    reggie_error_free(error);
    reggie_config_free(config);
    return repository;
}

/* Sets an annotation of a manifest, given as NAME=VALUE. */
static inline reggie_status set_annotation(reggie_builder *builder,
                                           char *argument)
{
    char *value = strchr(argument, '=');

    if (value == NULL)
        return REGGIE_INVALID_ARGUMENT;
    *value = '\0';
    return reggie_builder_set_annotation(builder, argument, value + 1);
}

/* The exit code of main(); output that cannot be written is a failure. */
static inline int exit_code(int succeeded_so_far)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("stdout");
        return EXIT_FAILURE;
    }
    return succeeded_so_far ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
