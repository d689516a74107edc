/*
 * Prints the Authorization header field for requests to a repository, for
 * programs such as curl. Whoever has it has access to the repository.
 *
 *     token REGISTRY/REPOSITORY [push]
 *
 * See common.h for credentials.
 */
#include "common.h"

int main(int argc, char **argv)
{
    reggie_repository *repository;
    reggie_error *error = NULL;
    reggie_status status;
    char *value = NULL;
    int64_t expires = -1;
    int ok;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s REPOSITORY [push]\n", argv[0]);
        return EXIT_FAILURE;
    }
    repository = open_repository(argv[1]);
    if (repository == NULL)
        return EXIT_FAILURE;
    status = reggie_repository_authorization(repository, argc == 3, NULL,
                                             &value, &expires, &error);
    ok = succeeded("authorization", status, error);
    if (ok && value[0] == '\0')
        fprintf(stderr, "%s needs no authorization\n",
                reggie_repository_name(repository));
    else if (ok)
        printf("Authorization: %s\n", value);
    if (ok && expires >= 0)
        fprintf(stderr, "valid until %lld\n", (long long)expires);

    reggie_string_free(value);
    reggie_error_free(error);
    reggie_repository_free(repository);
    return exit_code(ok);
}
