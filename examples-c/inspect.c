/*
 * Prints the manifest that a reference points to, the platforms of an index, and
 * layers and environment of the image for one of them, by default this machine.
 *
 *     inspect REGISTRY/REPOSITORY:TAG [OS/ARCHITECTURE]
 *
 * See common.h for credentials.
 */
#include "common.h"

#define MAX_CONFIG ((size_t)4 * 1024 * 1024)

static void print(const char *what, const reggie_descriptor *found)
{
    printf("%-9s %s %llu ", what, reggie_descriptor_digest(found),
           (unsigned long long)reggie_descriptor_size(found));
    write_safely(stdout, reggie_descriptor_platform(found) != NULL
                             ? reggie_descriptor_platform(found)
                             : reggie_descriptor_media_type(found));
    putchar('\n');
}

static reggie_status print_environment(const reggie_repository *repository,
                                       const reggie_descriptor *config,
                                       reggie_error **error)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    reggie_json *json = NULL;
    const reggie_json *variables;
    size_t i;
    reggie_status status = reggie_blob_pull_to_memory(
        repository, config, MAX_CONFIG, NULL, &bytes, &size, error);

    if (status == REGGIE_OK)
        status = reggie_json_parse(bytes, size, &json, error);
    /* Getters accept NULL: what is missing has no values. */
    variables = reggie_json_get(reggie_json_get(json, "config"), "Env");
    for (i = 0; i < reggie_json_count(variables); i++) {
        write_safely(stdout, reggie_json_string(reggie_json_at(variables, i)));
        putchar('\n');
    }
    reggie_json_free(json);
    reggie_bytes_free(bytes);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *repository;
    reggie_manifest *top = NULL, *image = NULL;
    reggie_error *error = NULL;
    reggie_status status = REGGIE_NULL_ARGUMENT;
    size_t i;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s REFERENCE [PLATFORM]\n", argv[0]);
        return EXIT_FAILURE;
    }
    repository = open_repository(argv[1]);
    if (repository != NULL)
        status = reggie_manifest_pull(repository, NULL, NULL, &top, &error);
    if (status == REGGIE_OK)
        print("manifest", reggie_manifest_descriptor(top));
    for (i = 0; i < reggie_manifest_entries_count(top); i++)
        print("entry", reggie_manifest_entry(top, i));
    if (status == REGGIE_OK)
        status = reggie_manifest_resolve(
            repository, reggie_descriptor_digest(reggie_manifest_descriptor(top)),
            argv[2], NULL, &image, &error);
    for (i = 0; i < reggie_manifest_layers_count(image); i++)
        print("layer", reggie_manifest_layer(image, i));
    if (reggie_manifest_config(image) != NULL) {
        print("config", reggie_manifest_config(image));
        status = print_environment(repository, reggie_manifest_config(image),
                                   &error);
    }
    if (repository != NULL)
        succeeded("inspect", status, error);

    reggie_error_free(error);
    reggie_manifest_free(image);
    reggie_manifest_free(top);
    reggie_repository_free(repository);
    return exit_code(status == REGGIE_OK);
}
