/* Prints the labels of an image and what made its layers: json REFERENCE */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_CONFIG ((size_t)4 * 1024 * 1024)

static void print_labels(const reggie_json *labels)
{
    size_t i;

    for (i = 0; i < reggie_json_count(labels); i++) {
        const reggie_json *value = reggie_json_at(labels, i);

        if (reggie_json_kind(value) == REGGIE_JSON_STRING)
            printf("%s=%s\n", reggie_json_key(labels, i),
                   reggie_json_string(value));
    }
}

/* Steps of the build with an empty layer have none in the manifest. */
static void print_history(const reggie_json *history,
                          const reggie_manifest *image)
{
    size_t layer = 0, i;

    for (i = 0; i < reggie_json_count(history); i++) {
        const reggie_json *step = reggie_json_at(history, i);
        const char *command =
            reggie_json_string(reggie_json_get(step, "created_by"));
        const reggie_descriptor *made = NULL;

        if (!reggie_json_boolean(reggie_json_get(step, "empty_layer"), 0))
            made = reggie_manifest_layer(image, layer++);
        printf("%s: %s\n", made ? reggie_descriptor_digest(made) : "no layer",
               command ? command : "unknown");
    }
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_manifest *image = NULL;
    reggie_json *config = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s REFERENCE\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_manifest_resolve(repository, NULL, NULL, NULL, &image,
                                         &error);
    if (status == REGGIE_OK)
        status = reggie_blob_pull_to_memory(
            repository, reggie_manifest_config(image), MAX_CONFIG, NULL, &bytes,
            &size, &error);
    if (status == REGGIE_OK)
        status = reggie_json_parse(bytes, size, &config, &error);
    if (status == REGGIE_OK) {
        const reggie_json *manifest = reggie_manifest_json(image);

        printf("schema version %ld\n",
               (long)reggie_json_integer(
                   reggie_json_get(manifest, "schemaVersion"), 0));
        print_labels(reggie_json_get(reggie_json_get(config, "config"),
                                     "Labels"));
        print_history(reggie_json_get(config, "history"), image);
    } else {
        fprintf(stderr, "%s\n", reggie_error_message(error));
    }

    reggie_error_free(error);
    reggie_json_free(config);
    reggie_bytes_free(bytes);
    reggie_manifest_free(image);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
