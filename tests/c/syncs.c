/*
 * What is written to disk in a layout, with and without syncing.
 * Arguments: how, and the path of a layout that is created.
 */
#define _DEFAULT_SOURCE
#include "check.h"

#include <sys/stat.h>
#include <sys/syscall.h>

static const char *path;
static ino_t synced[64];
static size_t synced_count;

/* In place of the C library's. Directories are synced without it. */
int fsync(int fd)
{
    struct stat about;

    CHECK_NUMBER(0, fstat(fd, &about));
    CHECK(synced_count < sizeof synced / sizeof *synced);
    synced[synced_count++] = about.st_ino;
    return (int)syscall(SYS_fsync, fd);
}

static int is_synced(const char *name)
{
    char file[4096];
    struct stat about;
    size_t i;

    snprintf(file, sizeof file, "%s/%s", path, name);
    CHECK_NUMBER(0, stat(file, &about));
    for (i = 0; i < synced_count; i++) {
        if (synced[i] == about.st_ino)
            return 1;
    }
    return 0;
}

/* Writes a manifest with a blob, whose path in the layout is stored. */
static void push(const reggie_repository *repository, const char *content,
                 const reggie_options *options, char *blob, size_t size)
{
    static const char *const tags[] = {"v1"};
    reggie_builder *builder = reggie_builder_new();
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_builder_set_artifact_type(builder, "a/b"), NULL);
    CHECK_OK(reggie_builder_add_memory(builder, (const uint8_t *)content,
                                       strlen(content), "text/plain", NULL),
             NULL);
    CHECK_OK(reggie_builder_push(builder, repository, tags, 1, options,
                                 &manifest, &error), error);
    snprintf(blob, size, "blobs/sha256/%s",
             reggie_descriptor_digest(reggie_manifest_layer(manifest, 0))
                 + strlen("sha256:"));
    reggie_manifest_free(manifest);
    reggie_builder_free(builder);
}

static void run(void *unused)
{
    reggie_options *options = reggie_options_new();
    reggie_repository *repository = NULL;
    reggie_descriptor *pushed = NULL;
    reggie_error *error = NULL;
    char content[64], blob[128];

    (void)unused;
    CHECK_OK(reggie_options_set_sync(options, 0), NULL);
    CHECK_OK(reggie_repository_open_layout(path, 1, &repository, &error), error);
    push(repository, "one", options, blob, sizeof blob);
    CHECK_NUMBER(0, synced_count);

    /* The layout may have the content of an earlier process. */
    snprintf(content, sizeof content, "a blob of %ld", (long)getpid());
    CHECK_OK(reggie_blob_push_memory(repository, (const uint8_t *)content,
                                     strlen(content), NULL, NULL, &pushed,
                                     &error), error);
    snprintf(blob, sizeof blob, "blobs/sha256/%s",
             reggie_descriptor_digest(pushed) + strlen("sha256:"));
    reggie_descriptor_free(pushed);
    CHECK(is_synced("oci-layout"));
    CHECK(is_synced("index.json"));
    CHECK(is_synced(blob));

    snprintf(content, sizeof content, "%ld", (long)getpid());
    push(repository, content, NULL, blob, sizeof blob);
    CHECK(is_synced("index.json"));
    CHECK(is_synced(blob));
    reggie_repository_free(repository);
    reggie_options_free(options);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(3, count);
    path = arguments[2];
    return check_run(arguments[1], run, NULL);
}
