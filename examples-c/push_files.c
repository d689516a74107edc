/*
 * Pushes files as an artifact, with annotations and a line of progress for each
 * file.
 *
 *     push_files REFERENCE TYPE [NAME=VALUE]... {FILE [NAME=VALUE]...}...
 *
 * Annotations before the first file are those of the artifact; the others are
 * those of the file before them. A file with an equals sign in its name needs a
 * path, such as ./a=b. The names of the files are their titles, under which
 * reggie_pull_files() stores them. See common.h for credentials.
 */
#include "common.h"
#include "progress.h"

/* Adds a file or an annotation. */
static reggie_status add(reggie_builder *builder, char *argument, int *has_file)
{
    char *end = argument + strcspn(argument, "=/");

    if (*end != '=') {
        *has_file = 1;
        return reggie_builder_add_path(builder, argument, NULL, NULL);
    }
    *end = '\0'; /* between the name and the value */
    if (*has_file)
        return reggie_builder_annotate(builder, argument, end + 1);
    return reggie_builder_set_annotation(builder, argument, end + 1);
}

static int build(reggie_builder *builder, char **argv)
{
    reggie_status status = reggie_builder_set_artifact_type(builder, argv[2]);
    int has_file = 0;
    int ok = succeeded(argv[2], status, NULL);
    int i;

    for (i = 3; ok && argv[i] != NULL; i++) {
        status = add(builder, argv[i], &has_file);
        ok = succeeded(argv[i], status, NULL);
    }
    return ok;
}

static int push(const reggie_builder *builder,
                const reggie_repository *repository)
{
    const char *tag = reggie_repository_target(repository);
    static struct progress_lines lines;
    reggie_options *options = reggie_options_new();
    reggie_manifest *pushed = NULL;
    reggie_error *error = NULL;
    reggie_status status = reggie_options_set_progress_callback(
        options, 0, show_progress, &lines, NULL);

    if (status == REGGIE_OK)
        status = reggie_builder_push(builder, repository, &tag, 1, options,
                                     &pushed, &error);
    if (succeeded("push", status, error))
        puts(reggie_descriptor_digest(reggie_manifest_descriptor(pushed)));

    reggie_error_free(error);
    reggie_manifest_free(pushed);
    reggie_options_free(options);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    reggie_builder *builder;
    reggie_repository *repository;
    int ok;

    if (argc < 4) {
        fprintf(stderr, "usage: %s REFERENCE TYPE [NAME=VALUE]... FILE...\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    builder = reggie_builder_new();
    repository = open_repository(argv[1]);
    ok = repository != NULL && build(builder, argv)
         && push(builder, repository);

    reggie_repository_free(repository);
    reggie_builder_free(builder);
    return exit_code(ok);
}
