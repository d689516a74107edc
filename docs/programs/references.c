/* Prints the parts of a reference: references REFERENCE [DEFAULT_REGISTRY] */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const char *part, const char *value)
{
    printf("%-8s %s\n", part, value ? value : "none");
}

int main(int argc, char **argv)
{
    reggie_reference *reference = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s REFERENCE [DEFAULT_REGISTRY]\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* Without a default registry, argv[2] is NULL: it is docker.io. */
    status = reggie_reference_parse(argv[1], argv[2], &reference, &error);
    if (status == REGGIE_OK) {
        print("full", reggie_reference_string(reference));
        print("registry", reggie_reference_registry(reference));
        print("address", reggie_reference_address(reference));
        print("name", reggie_reference_name(reference));
        print("tag", reggie_reference_tag(reference));
        print("digest", reggie_reference_digest(reference));
        print("target", reggie_reference_target(reference));
        print("platform", reggie_platform_host());
    } else {
        fprintf(stderr, "%s\n", reggie_error_message(error));
    }

    reggie_error_free(error);
    reggie_reference_free(reference);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
