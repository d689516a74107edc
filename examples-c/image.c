/*
 * Pushes an image for a platform, whose layers are tar files, with a line of
 * progress for each layer. index.c puts images for several platforms together.
 *
 *     image REFERENCE PLATFORM LAYER...
 *     image ghcr.io/org/app:1.2-arm64 linux/arm64 base.tar app.tar
 *
 * See common.h for credentials.
 */
#include "common.h"
#include "progress.h"

#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"

/*
 * The config of an image lists its layers, before they are compressed. These are
 * not, so that finish() returns the digests to list. Digests need no escaping.
 */
static reggie_status write_config(char *text, size_t size, const char *platform,
                                  const reggie_manifest *layers)
{
    char os[64] = "", architecture[64] = "", variant[64] = "";
    size_t length, i;

    if (sscanf(platform, "%63[a-z0-9]/%63[a-z0-9]/%63[a-z0-9]", os, architecture,
               variant) < 2)
        return REGGIE_INVALID_PLATFORM;
    length = (size_t)snprintf(text, size,
                              "{\"os\":\"%s\",\"architecture\":\"%s\"%s%s%s,"
                              "\"config\":{},\"rootfs\":{\"type\":\"layers\","
                              "\"diff_ids\":[",
                              os, architecture,
                              variant[0] ? ",\"variant\":\"" : "", variant,
                              variant[0] ? "\"" : "");
    for (i = 0; i < reggie_manifest_layers_count(layers) && length < size; i++)
        length += (size_t)snprintf(
            text + length, size - length, "%s\"%s\"", i > 0 ? "," : "",
            reggie_descriptor_digest(reggie_manifest_layer(layers, i)));
    if (length + sizeof "]}}" > size)
        return REGGIE_INVALID_ARGUMENT;
    memcpy(text + length, "]}}", sizeof "]}}");
    return REGGIE_OK;
}

static reggie_status build(reggie_builder *builder, char **argv,
                           reggie_error **error)
{
    char config[16384] = "{}";
    reggie_manifest *layers = NULL;
    reggie_status status = REGGIE_OK;
    int i;

    for (i = 3; status == REGGIE_OK && argv[i] != NULL; i++)
        status = reggie_builder_add_path(builder, argv[i], LAYER_TYPE, "");
    if (status == REGGIE_OK) /* a manifest needs a config, or a type */
        status = reggie_builder_set_artifact_type(builder, CONFIG_TYPE);
    if (status == REGGIE_OK)
        status = reggie_builder_finish(builder, NULL, &layers, error);
    if (status == REGGIE_OK)
        status = write_config(config, sizeof config, argv[2], layers);
    if (status == REGGIE_OK)
        status = reggie_builder_set_artifact_type(builder, NULL);
    if (status == REGGIE_OK)
        status = reggie_builder_set_config(builder, (const uint8_t *)config,
                                           strlen(config), CONFIG_TYPE);
    reggie_manifest_free(layers);
    return status;
}

int main(int argc, char **argv)
{
    static struct progress_lines lines;
    reggie_builder *builder = reggie_builder_new();
    reggie_options *options = reggie_options_new();
    reggie_repository *repository = argc > 3 ? open_repository(argv[1]) : NULL;
    const char *tag = reggie_repository_target(repository);
    reggie_error *error = NULL;
    reggie_status status = reggie_options_set_progress_callback(
        options, 0, show_progress, &lines, NULL);

    if (argc < 4)
        fprintf(stderr, "usage: %s REFERENCE PLATFORM LAYER...\n", argv[0]);
    if (status == REGGIE_OK && repository != NULL)
        status = build(builder, argv, &error);
    if (status == REGGIE_OK && repository != NULL)
        status = reggie_builder_push(builder, repository, &tag, 1, options, NULL,
                                     &error);
    succeeded("image", status, error);

    reggie_error_free(error);
    reggie_repository_free(repository);
    reggie_options_free(options);
    reggie_builder_free(builder);
    return exit_code(repository != NULL && status == REGGIE_OK);
}
