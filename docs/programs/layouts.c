/* Adds a file to an image layout, and lists its tags: layouts FOLDER FILE TAG */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

static reggie_status add(const reggie_repository *layout, const char *path,
                         const char *tag, reggie_error **error)
{
    reggie_builder *builder = reggie_builder_new();
    reggie_status status;

    status = reggie_builder_set_artifact_type(builder, "application/vnd.example");
    if (status == REGGIE_OK)
        status = reggie_builder_add_path(builder, path, NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_builder_push(builder, layout, &tag, 1, NULL, NULL, error);
    reggie_builder_free(builder);
    return status;
}

static reggie_status list(const reggie_repository *layout, reggie_error **error)
{
    reggie_names *tags = NULL;
    const char *tag = NULL;
    reggie_status status = reggie_tags_open(layout, NULL, NULL, &tags, error);

    if (status == REGGIE_OK)
        status = reggie_names_next(tags, &tag, error);
    while (status == REGGIE_OK && tag != NULL) {
        printf("%s\n", tag);
        status = reggie_names_next(tags, &tag, error);
    }
    reggie_names_free(tags);
    return status;
}

int main(int argc, char **argv)
{
    reggie_repository *layout = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc != 4) {
        fprintf(stderr, "usage: %s FOLDER FILE TAG\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* Creates the layout if there is none. */
    status = reggie_repository_open_layout(argv[1], 1, &layout, &error);
    if (status == REGGIE_OK)
        status = add(layout, argv[2], argv[3], &error);
    if (status == REGGIE_OK)
        status = list(layout, &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_repository_free(layout);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
