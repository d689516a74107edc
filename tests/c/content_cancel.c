/*
 * Calls about content that hang are cancelled, from another thread and in a
 * signal handler: pulls, pushes, reads, uploads and lists, in each of their
 * phases. Their threads have ended then, and all can be freed.
 *
 * Arguments: how, the address of a registry, the digest of a blob of 8 MiB, and
 * a folder. In the registry, requests to the repository "hang" get no response,
 * those to "half" get the first part of a blob, and "takes" receives nothing.
 * "busy" is to be asked later, and "works" does.
 */
#include "canceller.h"
#include "process.h"

#include <fcntl.h>
#include <sys/file.h>

#define BLOB_SIZE ((uint64_t)8 << 20)
#define SENT_SIZE ((size_t)1 << 20)

static char **arguments;
static uint8_t content[SENT_SIZE];

/* What a call that hangs uses. */
struct scene {
    const struct call *call;
    reggie_repository *repository;
    reggie_descriptor *blob;
    reggie_options *options;
    reggie_cancel *cancel;
    int pipe[2];
    char path[4096];
};

struct call {
    const char *name;
    const char *repository;
    reggie_status (*make)(struct scene *scene, reggie_error **error);
};

static reggie_status pull_manifest(struct scene *scene, reggie_error **error)
{
    reggie_manifest *manifest = NULL;

    return reggie_manifest_pull(scene->repository, "v1", scene->options,
                                &manifest, error);
}

static reggie_status resolve(struct scene *scene, reggie_error **error)
{
    reggie_manifest *manifest = NULL;

    return reggie_manifest_resolve(scene->repository, "v1", NULL,
                                   scene->options, &manifest, error);
}

static reggie_status stat_manifest(struct scene *scene, reggie_error **error)
{
    reggie_descriptor *found = NULL;

    return reggie_manifest_stat(scene->repository, "v1", scene->options, &found,
                                error);
}

static reggie_status push_manifest(struct scene *scene, reggie_error **error)
{
    const char text[] = "{\"schemaVersion\":2,\"manifests\":[]}";
    const char *tag = "v1";
    reggie_manifest *manifest = NULL;
    reggie_status status;

    CHECK_OK(reggie_manifest_parse((const uint8_t *)text, sizeof text - 1, NULL,
                                   &manifest, NULL),
             NULL);
    status = reggie_manifest_push(scene->repository, manifest, &tag, 1,
                                  scene->options, error);
    reggie_manifest_free(manifest);
    return status;
}

static reggie_status delete_manifest(struct scene *scene, reggie_error **error)
{
    return reggie_manifest_delete(scene->repository, arguments[3],
                                  scene->options, error);
}

static reggie_status delete_tag(struct scene *scene, reggie_error **error)
{
    return reggie_tag_delete(scene->repository, "v1", scene->options, error);
}

static reggie_status list_tags(struct scene *scene, reggie_error **error)
{
    reggie_names *names = NULL;
    const char *name = NULL;
    reggie_status status;

    CHECK_OK(reggie_tags_open(scene->repository, NULL, scene->options, &names,
                              NULL),
             NULL);
    status = reggie_names_next(names, &name, error);
    CHECK(name == NULL);
    reggie_names_free(names);
    return status;
}

static reggie_status list_referrers(struct scene *scene, reggie_error **error)
{
    reggie_referrers *referrers = NULL;
    const reggie_descriptor *found = NULL;
    reggie_status status;

    CHECK_OK(reggie_referrers_open(scene->repository, arguments[3], NULL,
                                   scene->options, &referrers, NULL),
             NULL);
    status = reggie_referrers_next(referrers, &found, error);
    CHECK(found == NULL);
    reggie_referrers_free(referrers);
    return status;
}

static reggie_status stat_blob(struct scene *scene, reggie_error **error)
{
    return reggie_blob_stat(scene->repository, arguments[3], scene->options,
                            NULL, error);
}

static reggie_status delete_blob(struct scene *scene, reggie_error **error)
{
    return reggie_blob_delete(scene->repository, arguments[3], scene->options,
                              error);
}

static reggie_status mount(struct scene *scene, reggie_error **error)
{
    int mounted = 1;
    reggie_status status =
        reggie_blob_mount(scene->repository, arguments[3], "works",
                          scene->options, &mounted, error);

    CHECK_NUMBER(0, mounted);
    return status;
}

static reggie_status locate(struct scene *scene, reggie_error **error)
{
    reggie_location *location = NULL;

    return reggie_blob_locate(scene->repository, scene->blob, 1, scene->options,
                              &location, error);
}

static int take(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    (void)data;
    (void)size;
    return 0;
}

static reggie_status pull_to_path(struct scene *scene, reggie_error **error)
{
    reggie_status status = reggie_blob_pull_to_path(
        scene->repository, scene->blob, scene->path, scene->options, error);

    CHECK_NUMBER(-1, access(scene->path, F_OK));
    return status;
}

/* Another process is pulling to the same file. */
static reggie_status wait_for_lock(struct scene *scene, reggie_error **error)
{
    char partial[sizeof scene->path + 32];
    reggie_status status;
    int fd;

    snprintf(partial, sizeof partial, "%s.%.16s.partial", scene->path,
             strchr(arguments[3], ':') + 1);
    fd = open(partial, O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    CHECK_NUMBER(0, flock(fd, LOCK_EX));
    status = pull_to_path(scene, error);
    CHECK_NUMBER(0, unlink(partial));
    CHECK_NUMBER(0, close(fd));
    return status;
}

/* Nobody reads from the pipe. */
static reggie_status pull_to_pipe(struct scene *scene, reggie_error **error)
{
    return reggie_blob_pull_to_fd(scene->repository, scene->blob,
                                  scene->pipe[1], scene->options, error);
}

static reggie_status pull_to_callback(struct scene *scene, reggie_error **error)
{
    return reggie_blob_pull_to_callback(scene->repository, scene->blob, take,
                                        NULL, scene->options, error);
}

static reggie_status pull_ranges(struct scene *scene, reggie_error **error)
{
    CHECK_OK(reggie_options_set_ranges(scene->options, 4, 256 * 1024), NULL);
    return pull_to_callback(scene, error);
}

static reggie_status pull_to_memory(struct scene *scene, reggie_error **error)
{
    uint8_t *bytes = NULL;
    size_t size = 1;
    reggie_status status =
        reggie_blob_pull_to_memory(scene->repository, scene->blob, BLOB_SIZE,
                                   scene->options, &bytes, &size, error);

    CHECK(bytes == NULL && size == 0);
    return status;
}

static reggie_status read_all(struct scene *scene, reggie_error **error)
{
    uint8_t buffer[10000];
    reggie_blob *blob = NULL;
    reggie_status status;
    size_t got = 1;

    CHECK_OK(reggie_blob_open(scene->repository, scene->blob, scene->options,
                              &blob, NULL),
             NULL);
    do {
        status = reggie_blob_read(blob, buffer, sizeof buffer, &got, error);
    } while (status == REGGIE_OK && got > 0);
    CHECK_NUMBER(0, got);
    reggie_blob_free(blob);
    return status;
}

static reggie_status read_somewhere(struct scene *scene, reggie_error **error)
{
    static uint8_t buffer[SENT_SIZE];
    reggie_blob *blob = NULL;
    reggie_status status;
    size_t got = 1;

    CHECK_OK(reggie_blob_open(scene->repository, scene->blob, NULL, &blob,
                              NULL),
             NULL);
    status = reggie_blob_pread(blob, buffer, sizeof buffer, 5, scene->options,
                               &got, error);
    CHECK_NUMBER(0, got);
    reggie_blob_free(blob);
    return status;
}

static reggie_status push_memory(struct scene *scene, reggie_error **error)
{
    reggie_descriptor *pushed = NULL;
    reggie_status status =
        reggie_blob_push_memory(scene->repository, content, SENT_SIZE, NULL,
                                scene->options, &pushed, error);

    CHECK(pushed == NULL);
    return status;
}

static reggie_status push_chunks(struct scene *scene, reggie_error **error)
{
    CHECK_OK(reggie_options_set_chunk_size(scene->options, 256 * 1024), NULL);
    return push_memory(scene, error);
}

/* Nobody writes to the pipe. */
static reggie_status push_pipe(struct scene *scene, reggie_error **error)
{
    return reggie_blob_push_fd(scene->repository, scene->pipe[0],
                               REGGIE_UNKNOWN_SIZE, NULL, scene->options, NULL,
                               error);
}

static reggie_status write_upload(struct scene *scene, reggie_error **error)
{
    reggie_upload *upload = NULL;
    reggie_status status;

    CHECK_OK(reggie_options_set_chunk_size(scene->options, 64 * 1024), NULL);
    status = reggie_upload_begin(scene->repository, scene->options, &upload,
                                 error);
    if (status == REGGIE_OK) /* else it was cancelled while it waited */
        status = reggie_upload_write(upload, content, SENT_SIZE, error);
    reggie_upload_free(upload);
    return status;
}

static reggie_status commit_upload(struct scene *scene, reggie_error **error)
{
    reggie_upload *upload = NULL;
    reggie_descriptor *pushed = NULL;
    reggie_status status;

    CHECK_OK(reggie_upload_begin(scene->repository, NULL, &upload, NULL), NULL);
    CHECK_OK(reggie_upload_write(upload, content, 1000, NULL), NULL);
    status = reggie_upload_commit(upload, NULL, scene->options, &pushed, error);
    CHECK(pushed == NULL);
    reggie_upload_free(upload);
    return status;
}

/* Two files, each pulled by a thread. */
static reggie_status pull_files(struct scene *scene, reggie_error **error)
{
    reggie_manifest *manifest = NULL;
    reggie_status status;

    CHECK_OK(reggie_options_set_resume(scene->options, 0), NULL);
    status = reggie_pull_files(scene->repository, "v1", arguments[4],
                               scene->options, &manifest, error);
    CHECK(manifest == NULL);
    return status;
}

/* Two blobs, each pushed by a thread. */
static reggie_status push_artifact(struct scene *scene, reggie_error **error)
{
    reggie_builder *builder = reggie_builder_new();
    reggie_manifest *manifest = NULL;
    reggie_status status;

    CHECK_OK(reggie_builder_set_artifact_type(builder, "a/b"), NULL);
    CHECK_OK(reggie_builder_add_memory(builder, content, SENT_SIZE, NULL, NULL),
             NULL);
    CHECK_OK(reggie_builder_add_memory(builder, content, SENT_SIZE - 1, NULL,
                                       NULL), NULL);
    status = reggie_builder_push(builder, scene->repository, NULL, 0,
                                 scene->options, &manifest, error);
    CHECK(manifest == NULL);
    reggie_builder_free(builder);
    return status;
}

static const struct call calls[] = {
    {"manifest pull", "hang", pull_manifest},
    {"resolve", "hang", resolve},
    {"manifest stat", "hang", stat_manifest},
    {"manifest push", "hang", push_manifest},
    {"manifest delete", "hang", delete_manifest},
    {"tag delete", "hang", delete_tag},
    {"tags", "hang", list_tags},
    {"referrers", "hang", list_referrers},
    {"blob stat", "hang", stat_blob},
    {"blob delete", "hang", delete_blob},
    {"mount", "hang", mount},
    {"locate", "hang", locate},
    {"retry", "busy", pull_to_callback},
    {"path", "half", pull_to_path},
    {"lock", "works", wait_for_lock},
    {"pipe", "works", pull_to_pipe},
    {"callback", "half", pull_to_callback},
    {"ranges", "half", pull_ranges},
    {"memory", "half", pull_to_memory},
    {"read", "half", read_all},
    {"pread", "half", read_somewhere},
    {"existence", "hang", push_memory},
    {"push", "takes", push_memory},
    {"chunks", "takes", push_chunks},
    {"empty pipe", "works", push_pipe},
    {"write", "takes", write_upload},
    {"commit", "takes", commit_upload},
    {"files", "half", pull_files},
    {"artifact", "takes", push_artifact},
};

#define CALLS (sizeof calls / sizeof calls[0])

static void begin(struct scene *scene, const struct call *call)
{
    char text[512];

    memset(scene, 0, sizeof *scene);
    scene->call = call;
    scene->options = reggie_options_new();
    snprintf(text, sizeof text, "%s/%s", arguments[2], call->repository);
    CHECK_OK(reggie_repository_open(text, NULL, &scene->repository, NULL), NULL);
    CHECK_OK(reggie_descriptor_new(arguments[3], BLOB_SIZE, NULL, &scene->blob,
                                   NULL),
             NULL);
    CHECK_OK(reggie_cancel_new(&scene->cancel, NULL), NULL);
    CHECK_OK(reggie_options_set_cancel(scene->options, scene->cancel), NULL);
    CHECK_OK(reggie_options_set_retries(scene->options, 1000), NULL);
    CHECK_NUMBER(0, pipe(scene->pipe));
    snprintf(scene->path, sizeof scene->path, "%s/blob", arguments[4]);
}

static void end(struct scene *scene)
{
    CHECK_NUMBER(0, close(scene->pipe[0]));
    CHECK_NUMBER(0, close(scene->pipe[1]));
    reggie_descriptor_free(scene->blob);
    reggie_repository_free(scene->repository);
    reggie_options_free(scene->options);
    reggie_cancel_free(scene->cancel);
}

/* A thread that cancels the call of another one. */
struct canceller {
    struct scene *scene;
    int by_signal;
    pthread_t thread;
    char name[128];
};

static void *cancel_it(void *context)
{
    struct canceller *canceller = (struct canceller *)context;

    wait_until_asleep(canceller->name);
    cancel_call(canceller->thread, canceller->scene->cancel,
                canceller->by_signal);
    return NULL;
}

static void cancelled(const struct call *call, int by_signal)
{
    struct scene scene;
    struct canceller canceller;
    reggie_error *error = NULL;
    reggie_status status;
    pthread_t thread;
    int descriptors = open_descriptors();
    int threads = running_threads();

    begin(&scene, call);
    canceller.scene = &scene;
    canceller.by_signal = by_signal;
    canceller.thread = pthread_self();
    name_thread(canceller.name, sizeof canceller.name);
    handlers_cancel = scene.cancel;
    thread = check_start(cancel_it, &canceller, 0);
    status = call->make(&scene, &error);
    CHECK_NUMBER(0, pthread_join(thread, NULL));
    if (status != REGGIE_CANCELLED)
        check_failed(__FILE__, __LINE__, call->name,
                     reggie_error_message(error));
    check_threads(threads);
    CHECK_NUMBER(0, reggie_error_is_retryable(error));
    CHECK_FAILS(REGGIE_CANCELLED, status, error);
    end(&scene);
    CHECK_NUMBER(descriptors, open_descriptors());
}

static void run(void *context)
{
    size_t i;

    (void)context;
    catch_signal(1);
    for (i = 0; i < CALLS; i++) {
        cancelled(&calls[i], 0);
        cancelled(&calls[i], 1);
    }
}

int main(int count, char **values)
{
    CHECK_NUMBER(5, count);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
