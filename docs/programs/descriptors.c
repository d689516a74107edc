/* Saves a manifest to a file and prints what it contains, also one of another
 * media type than those of images: descriptors REFERENCE FILE [MEDIA_TYPE] */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const char *what, const reggie_descriptor *found)
{
    const char *type = reggie_descriptor_artifact_type(found);
    const char *platform = reggie_descriptor_platform(found);
    const char *name;
    size_t i;

    if (!found)
        return;
    printf("%s: %s, %s\n", what, reggie_descriptor_digest(found),
           reggie_descriptor_media_type(found));
    if (type)
        printf("  artifact type: %s\n", type);
    if (platform)
        printf("  platform: %s\n", platform);
    if (reggie_descriptor_data(found)) /* not always text */
        printf("  content: %llu bytes\n",
               (unsigned long long)reggie_descriptor_size(found));
    for (i = 0; i < reggie_descriptor_urls_count(found); i++)
        printf("  url: %s\n", reggie_descriptor_url(found, i));
    for (i = 0; i < reggie_descriptor_annotations_count(found); i++) {
        name = reggie_descriptor_annotation_name(found, i);
        printf("  %s: %s\n", name, reggie_descriptor_annotation(found, name));
    }
}

static void print_all(const reggie_manifest *manifest)
{
    size_t i;

    print("manifest", reggie_manifest_descriptor(manifest));
    for (i = 0; i < reggie_manifest_annotations_count(manifest); i++) {
        const char *name = reggie_manifest_annotation_name(manifest, i);

        printf("  %s: %s\n", name, reggie_manifest_annotation(manifest, name));
    }
    print("subject", reggie_manifest_subject(manifest));
    print("config", reggie_manifest_config(manifest));
    for (i = 0; i < reggie_manifest_layers_count(manifest); i++)
        print("layer", reggie_manifest_layer(manifest, i));
    for (i = 0; i < reggie_manifest_entries_count(manifest); i++)
        print("entry", reggie_manifest_entry(manifest, i));
    if (reggie_manifest_is_index(manifest))
        print("for this machine", reggie_manifest_select(manifest, NULL));
    else if (reggie_manifest_artifact_type(manifest))
        printf("type: %s\n", reggie_manifest_artifact_type(manifest));
}

/* Its digest is that of these bytes, which must not be formatted again. */
static int save(const reggie_manifest *manifest, const char *path)
{
    FILE *file = fopen(path, "wb");
    size_t size = reggie_manifest_size(manifest);
    int ok = file
          && fwrite(reggie_manifest_bytes(manifest), 1, size, file) == size;

    return (file && fclose(file) == 0) && ok;
}

int main(int argc, char **argv)
{
    reggie_repository *repository = NULL;
    reggie_options *options = NULL;
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s REFERENCE FILE [MEDIA_TYPE]\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    options = reggie_options_new();
    if (status == REGGIE_OK && argc == 4)
        status = reggie_options_add_manifest_type(options, argv[3]);
    if (status == REGGIE_OK)
        status = reggie_manifest_pull(repository, NULL, options, &manifest,
                                      &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));
    print_all(manifest);
    if (status == REGGIE_OK && !save(manifest, argv[2])) {
        perror(argv[2]);
        status = REGGIE_FILE;
    }

    reggie_error_free(error);
    reggie_manifest_free(manifest);
    reggie_options_free(options);
    reggie_repository_free(repository);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
