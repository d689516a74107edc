/*
 * Pushes of blobs and incremental uploads: what they take, what they give, and
 * what ends them. Arguments: how, the address of a registry, its CA file, and a
 * folder.
 */
#include "check.h"

#include <fcntl.h>

#define SIZE (200 * 1024)
#define CHUNK (64 * 1024)

static char **arguments;

/* Content that differs from push to push. */
struct content {
    uint8_t bytes[SIZE];
    size_t at;
    size_t rewinds;
    int result;
    int lies;
};

static int pushes;

static void fill(struct content *content)
{
    size_t i;

    memset(content, 0, sizeof *content);
    pushes++;
    for (i = 0; i < SIZE; i++)
        content->bytes[i] = (uint8_t)(i * 7 + (size_t)pushes + i / 256);
}

static int read_content(void *userdata, void *buffer, size_t size,
                        size_t *count)
{
    struct content *content = (struct content *)userdata;

    CHECK_NUMBER(0, *count);
    if (size > SIZE - content->at)
        size = SIZE - content->at;
    memcpy(buffer, content->bytes + content->at, size);
    content->at += size;
    *count = content->lies ? (size_t)-1 : size;
    return content->result;
}

static int rewind_content(void *userdata)
{
    struct content *content = (struct content *)userdata;

    content->at = 0;
    content->rewinds++;
    return 0;
}

static int stop(void *userdata, const reggie_progress *progress)
{
    (void)progress;
    ++*(int *)userdata;
    return 42;
}

static int count_events(void *userdata, const reggie_progress *progress)
{
    CHECK(reggie_progress_event(progress) > 0);
    ++*(int *)userdata;
    return 0;
}

static void count_free(void *userdata)
{
    *(int *)userdata += 1000;
}

static reggie_options *small_chunks(void)
{
    reggie_options *options = reggie_options_new();

    CHECK_OK(reggie_options_set_chunk_size(options, CHUNK), NULL);
    return options;
}

static void check_descriptor(reggie_descriptor *descriptor,
                             const struct content *content)
{
    char *digest = NULL;

    CHECK_OK(reggie_digest_bytes(REGGIE_SHA256, content->bytes, SIZE, &digest,
                                 NULL),
             NULL);
    CHECK_TEXT(digest, reggie_descriptor_digest(descriptor));
    CHECK_NUMBER(SIZE, reggie_descriptor_size(descriptor));
    CHECK_TEXT(REGGIE_OCTETS, reggie_descriptor_media_type(descriptor));
    reggie_string_free(digest);
    reggie_descriptor_free(descriptor);
}

static void every_way(const reggie_repository *repository,
                      const reggie_options *options, struct content *content)
{
    reggie_descriptor *descriptor = NULL;
    reggie_error *error = NULL;
    char path[4096];
    int fd;

    snprintf(path, sizeof path, "%s/blob-XXXXXX", arguments[4]);
    fd = mkstemp(path);
    CHECK(fd >= 0);
    fill(content);
    CHECK_NUMBER(SIZE, pwrite(fd, content->bytes, SIZE, 0));
    CHECK_OK(reggie_blob_push_path(repository, path, NULL, options, &descriptor,
                                   &error),
             error);
    check_descriptor(descriptor, content);
    fill(content);
    CHECK_NUMBER(SIZE, pwrite(fd, content->bytes, SIZE, 5));
    CHECK_NUMBER(5, lseek(fd, 5, SEEK_SET));
    CHECK_OK(reggie_blob_push_fd(repository, fd, REGGIE_UNKNOWN_SIZE, NULL,
                                 options, &descriptor, &error),
             error);
    check_descriptor(descriptor, content);
    CHECK_NUMBER(5, lseek(fd, 0, SEEK_CUR));
    CHECK_NUMBER(0, close(fd));
    CHECK_NUMBER(0, unlink(path));
    fill(content);
    CHECK_OK(reggie_blob_push_memory(repository, content->bytes, SIZE, NULL,
                                     options, &descriptor, &error),
             error);
    check_descriptor(descriptor, content);
    fill(content);
    CHECK_OK(reggie_blob_push_callback(repository, read_content, NULL,
                                       REGGIE_UNKNOWN_SIZE, content, NULL,
                                       options, &descriptor, &error),
             error);
    check_descriptor(descriptor, content);
    fill(content);
    CHECK_OK(reggie_blob_push_callback(repository, read_content,
                                       rewind_content, SIZE, content, NULL,
                                       options, &descriptor, &error),
             error);
    check_descriptor(descriptor, content);
    CHECK_NUMBER(1, content->rewinds);
}

static void what_ends_a_push(const reggie_repository *repository,
                             struct content *content)
{
    reggie_options *options = small_chunks();
    reggie_cancel *cancel = NULL;
    reggie_descriptor *descriptor = NULL;
    reggie_error *error = NULL;
    int events = 0;

    fill(content);
    content->result = 7;
    CHECK_NUMBER(REGGIE_READ_CALLBACK,
                 reggie_blob_push_callback(repository, read_content, NULL,
                                           SIZE, content, NULL, options,
                                           &descriptor, &error));
    CHECK_NUMBER(7, reggie_error_callback_value(error));
    CHECK(descriptor == NULL);
    reggie_error_free(error);
    fill(content);
    content->lies = 1;
    CHECK_FAILS(REGGIE_CALLBACK_MISUSE,
                reggie_blob_push_callback(repository, read_content, NULL, SIZE,
                                          content, NULL, options, &descriptor,
                                          &error),
                error);
    CHECK_OK(reggie_options_set_progress_callback(options, 1, stop, &events,
                                                  count_free),
             NULL);
    CHECK_NUMBER(REGGIE_PROGRESS_CALLBACK,
                 reggie_blob_push_memory(repository, content->bytes, SIZE,
                                         NULL, options, &descriptor, &error));
    CHECK_NUMBER(42, reggie_error_callback_value(error));
    CHECK_NUMBER(1, events);
    reggie_error_free(error);
    CHECK_OK(reggie_options_set_progress_callback(options, 1, NULL, NULL, NULL),
             NULL);
    CHECK_NUMBER(1001, events);
    CHECK_OK(reggie_cancel_new(&cancel, NULL), NULL);
    CHECK_OK(reggie_options_set_cancel(options, cancel), NULL);
    reggie_cancel_trigger(cancel);
    reggie_cancel_free(cancel);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_blob_push_memory(repository, content->bytes, SIZE, NULL,
                                        options, &descriptor, &error),
                error);
    reggie_options_free(options);
}

/* A read callback that uses the upload that it is called for, which is busy. */
static reggie_upload *used;

static int use_it(void *userdata, const reggie_progress *progress)
{
    char *text = NULL;

    (void)progress;
    if (used == NULL)
        return 0;
    ++*(int *)userdata;
    CHECK_NUMBER(REGGIE_BUSY, reggie_upload_write(used, (const uint8_t *)"a",
                                                  1, NULL));
    CHECK_NUMBER(REGGIE_BUSY, reggie_upload_export(used, &text, NULL));
    CHECK(text == NULL);
    CHECK_NUMBER(0, reggie_upload_offset(used));
    return 0;
}

static void an_upload(reggie_repository *repository, struct content *content)
{
    reggie_options *options = small_chunks();
    reggie_repository *again = NULL;
    reggie_upload *upload = NULL;
    reggie_upload *other = NULL;
    reggie_descriptor *descriptor = NULL;
    reggie_error *error = NULL;
    char *text = NULL;
    int events = 0;
    int calls = 0;

    fill(content);
    CHECK_OK(reggie_repository_new(reggie_repository_client(repository), "a",
                                   &again, NULL),
             NULL);
    CHECK_OK(reggie_options_set_progress_callback(options, 1, count_events,
                                                  &events, count_free),
             NULL);
    CHECK_OK(reggie_upload_begin(again, options, &upload, &error), error);
    /* It needs neither of them. */
    reggie_repository_free(again);
    reggie_options_free(options);
    CHECK(events < 1000);
    CHECK_OK(reggie_upload_write(upload, content->bytes, CHUNK + 1, &error),
             error);
    CHECK_OK(reggie_upload_export(upload, &text, &error), error);
    CHECK_NUMBER(CHUNK + 1, reggie_upload_offset(upload));
    reggie_upload_free(upload);
    CHECK(events > 1000);
    options = small_chunks();
    CHECK_OK(reggie_options_set_progress_callback(options, 1, use_it, &calls,
                                                  NULL),
             NULL);
    CHECK_OK(reggie_upload_import(repository, text, options, &other, &error),
             error);
    reggie_string_free(text);
    CHECK_NUMBER(CHUNK, reggie_upload_offset(other));
    CHECK_OK(reggie_upload_write(other, content->bytes + CHUNK, SIZE - CHUNK,
                                 &error),
             error);
    used = other;
    CHECK_OK(reggie_upload_commit(other, NULL, NULL, &descriptor, &error),
             error);
    used = NULL;
    CHECK(calls > 0);
    check_descriptor(descriptor, content);
    reggie_upload_free(other);
    CHECK_OK(reggie_upload_begin(repository, NULL, &upload, &error), error);
    CHECK_OK(reggie_upload_abort(upload, &error), error);
    reggie_upload_free(upload);
    reggie_options_free(options);
}

static void run(void *unused)
{
    static struct content content;
    reggie_config *config = reggie_config_new();
    reggie_client *client = check_client(arguments[2], arguments[3], config);
    reggie_options *options = small_chunks();
    reggie_repository *repository = NULL;

    (void)unused;
    /* Each way that it runs in pushes something else. */
    pushes = (int)getpid() * 100;
    CHECK_OK(reggie_repository_new(client, "a", &repository, NULL), NULL);
    reggie_client_free(client);
    reggie_config_free(config);
    every_way(repository, NULL, &content);
    every_way(repository, options, &content);
    CHECK_OK(reggie_options_set_state_folder(options, arguments[4]), NULL);
    every_way(repository, options, &content);
    what_ends_a_push(repository, &content);
    an_upload(repository, &content);
    reggie_options_free(options);
    reggie_repository_free(repository);
}

int main(int count, char **values)
{
    CHECK_NUMBER(5, count);
    arguments = values;
    return check_run(values[1], run, NULL);
}
