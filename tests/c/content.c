/*
 * Manifests and lists: who owns what, when userdata is freed, and how calls are
 * stopped. Arguments: how, the address of an empty registry.
 */
#include "check.h"

static const char *address;

static const char artifact[] =
    "{\"schemaVersion\":2,\"mediaType\":\"" REGGIE_OCI_MANIFEST "\","
    "\"artifactType\":\"a/b\",\"config\":{\"mediaType\":\"" REGGIE_EMPTY "\","
    "\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c0"
    "60f61caaff8a\",\"size\":2},\"layers\":[]}";

/* What a progress callback saw, and whether its userdata was freed. */
struct watch {
    int events;
    int done;
    int freed;
    int value;
    const reggie_repository *nested;
};

static int watch_progress(void *userdata, const reggie_progress *progress)
{
    struct watch *watch = (struct watch *)userdata;
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;

    CHECK_NUMBER(0, watch->freed);
    watch->events++;
    CHECK(reggie_progress_event(progress) != 0);
    CHECK(reggie_progress_phase(progress) != 0);
    CHECK(reggie_progress_name(progress) != NULL);
    CHECK_NUMBER(0, reggie_progress_resumed(progress));
    CHECK_NUMBER(0, reggie_progress_wait_ms(progress));
    if (reggie_progress_event(progress) == REGGIE_PROGRESS_DONE) {
        watch->done++;
        CHECK(reggie_descriptor_digest(reggie_progress_item(progress)) != NULL);
        CHECK(reggie_progress_done(progress) == 0
              || reggie_progress_done(progress)
                     == reggie_progress_total(progress));
    }
    if (watch->nested != NULL) {
        CHECK_OK(reggie_manifest_pull(watch->nested, "v1", NULL, &manifest,
                                      &error), error);
        reggie_manifest_free(manifest);
    }
    return watch->value;
}

static void watch_freed(void *userdata)
{
    ((struct watch *)userdata)->freed++;
}

static reggie_options *watched(struct watch *watch)
{
    reggie_options *options = reggie_options_new();

    memset(watch, 0, sizeof *watch);
    CHECK_OK(reggie_options_set_progress_callback(options, 0, watch_progress,
                                                  watch, watch_freed), NULL);
    return options;
}

static reggie_repository *opened(void)
{
    char text[256];
    reggie_repository *repository = NULL;
    reggie_error *error = NULL;

    snprintf(text, sizeof text, "%s/team/app:v1", address);
    CHECK_OK(reggie_repository_open(text, NULL, &repository, &error), error);
    return repository;
}

static reggie_manifest *parsed(const char *text)
{
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_manifest_parse((const uint8_t *)text, strlen(text), NULL,
                                   &manifest, &error), error);
    return manifest;
}

/* An artifact about another manifest. */
static reggie_manifest *about(const reggie_manifest *subject)
{
    char text[1024];

    snprintf(text, sizeof text, "%.*s,\"subject\":{\"digest\":\"%s\",\"size\":%u,"
                                "\"mediaType\":\"%s\"}}",
             (int)strlen(artifact) - 1, artifact,
             reggie_descriptor_digest(reggie_manifest_descriptor(subject)),
             (unsigned)reggie_manifest_size(subject), REGGIE_OCI_MANIFEST);
    return parsed(text);
}

static void pushed_and_pulled(void)
{
    const char *tags[] = {"v1", "v2"};
    reggie_repository *repository = opened();
    reggie_manifest *manifest = parsed(artifact);
    reggie_manifest *pulled = NULL;
    reggie_descriptor *found = NULL;
    reggie_error *error = NULL;
    struct watch watch;
    reggie_options *options = watched(&watch);

    CHECK_OK(reggie_manifest_push(repository, manifest, tags, 2, options,
                                  &error), error);
    CHECK_NUMBER(1, watch.done);
    CHECK_OK(reggie_manifest_pull(repository, NULL, options, &pulled, &error),
             error);
    reggie_repository_free(repository);
    CHECK_NUMBER(2, watch.done);
    CHECK_TEXT(artifact, (const char *)reggie_manifest_bytes(pulled));
    reggie_manifest_free(manifest);

    repository = opened();
    watch.nested = repository;
    CHECK_OK(reggie_manifest_resolve(repository, "v2", NULL, options, &manifest,
                                     &error), error);
    reggie_manifest_free(manifest);
    CHECK_OK(reggie_manifest_stat(repository, "v2", options, &found, &error),
             error);
    CHECK_TEXT(reggie_descriptor_digest(reggie_manifest_descriptor(pulled)),
               reggie_descriptor_digest(found));
    CHECK_NUMBER(4, watch.done);
    reggie_manifest_free(pulled);
    CHECK_TEXT(REGGIE_OCI_MANIFEST, reggie_descriptor_media_type(found));
    reggie_descriptor_free(found);

    CHECK_NUMBER(0, watch.freed);
    CHECK_OK(reggie_options_set_progress_callback(options, 0, NULL, NULL, NULL),
             NULL);
    CHECK_NUMBER(1, watch.freed);
    reggie_options_free(options);
    CHECK_NUMBER(1, watch.freed);
    reggie_repository_free(repository);
}

/* A list needs nothing else, and keeps its options. */
static void lists_alone(void)
{
    reggie_repository *repository = opened();
    reggie_names *names = NULL;
    reggie_referrers *referrers = NULL;
    reggie_manifest *subject = parsed(artifact);
    reggie_manifest *manifest = about(subject);
    const reggie_descriptor *entry = NULL;
    const char *name = NULL;
    const char *digest =
        reggie_descriptor_digest(reggie_manifest_descriptor(subject));
    reggie_error *error = NULL;
    struct watch watch;
    reggie_options *options = watched(&watch);

    CHECK_OK(reggie_manifest_push(repository, manifest, NULL, 0, NULL, &error),
             error);
    CHECK_OK(reggie_options_set_pages(options, 1, 0), NULL);
    /* After the referrers tag, if there is one. */
    CHECK_OK(reggie_tags_open(repository, "u", options, &names, &error), error);
    CHECK_OK(reggie_referrers_open(repository, digest, "a/b", options,
                                   &referrers, &error), error);
    reggie_options_free(options);
    reggie_repository_free(repository);
    CHECK_OK(reggie_names_next(names, &name, &error), error);
    CHECK_TEXT("v1", name);
    CHECK_OK(reggie_names_next(names, &name, &error), error);
    CHECK_TEXT("v2", name);
    CHECK_OK(reggie_names_next(names, &name, &error), error);
    CHECK(name == NULL);
    CHECK_OK(reggie_names_next(names, &name, &error), error);
    CHECK(name == NULL);
    CHECK_NUMBER(0, reggie_names_left_out(names));
    CHECK_OK(reggie_referrers_next(referrers, &entry, &error), error);
    CHECK_TEXT(reggie_descriptor_digest(reggie_manifest_descriptor(manifest)),
               reggie_descriptor_digest(entry));
    CHECK_TEXT("a/b", reggie_descriptor_artifact_type(entry));
    CHECK_OK(reggie_referrers_next(referrers, &entry, &error), error);
    CHECK(entry == NULL);
    reggie_names_free(names);
    CHECK_NUMBER(0, watch.freed);
    reggie_referrers_free(referrers);
    CHECK_NUMBER(1, watch.freed);
    reggie_manifest_free(manifest);
    reggie_manifest_free(subject);
}

/* A callback stops each call, and its value is in the error. */
static void stopped(void)
{
    reggie_repository *repository = opened();
    reggie_manifest *manifest = NULL;
    reggie_error *error = NULL;
    struct watch watch;
    reggie_options *options = watched(&watch);

    watch.value = 7;
    CHECK_NUMBER(REGGIE_PROGRESS_CALLBACK,
                 reggie_manifest_pull(repository, NULL, options, &manifest,
                                      &error));
    CHECK(manifest == NULL);
    CHECK_NUMBER(1, watch.events);
    CHECK_NUMBER(7, reggie_error_callback_value(error));
    reggie_error_free(error);
    reggie_options_free(options);
    CHECK_NUMBER(1, watch.freed);
    reggie_repository_free(repository);
}

/* A handle that was triggered ends every call before anything is sent. */
static void cancelled(void)
{
    static const char tag[] = "v1";
    const char *tags[] = {tag};
    reggie_repository *repository = opened();
    reggie_options *options = reggie_options_new();
    reggie_cancel *cancel = NULL;
    reggie_manifest *manifest = parsed(artifact);
    reggie_manifest *pulled = NULL;
    reggie_descriptor *found = NULL;
    reggie_names *names = NULL;
    reggie_referrers *referrers = NULL;
    const reggie_descriptor *entry = NULL;
    const char *name = NULL;
    const char *digest =
        reggie_descriptor_digest(reggie_manifest_descriptor(manifest));
    reggie_error *error = NULL;

    CHECK_OK(reggie_cancel_new(&cancel, &error), error);
    CHECK_OK(reggie_options_set_cancel(options, cancel), NULL);
    reggie_cancel_trigger(cancel);
    reggie_cancel_free(cancel);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_manifest_pull(repository, tag, options, &pulled, &error),
                error);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_manifest_resolve(repository, tag, NULL, options, &pulled,
                                        &error), error);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_manifest_stat(repository, tag, options, &found, &error),
                error);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_manifest_push(repository, manifest, tags, 1, options,
                                     &error), error);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_manifest_delete(repository, digest, options, &error),
                error);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_tag_delete(repository, tag, options, &error), error);
    CHECK_OK(reggie_tags_open(repository, NULL, options, &names, &error),
             error);
    CHECK_FAILS(REGGIE_CANCELLED, reggie_names_next(names, &name, &error),
                error);
    CHECK_OK(reggie_referrers_open(repository, digest, NULL, options,
                                   &referrers, &error), error);
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_referrers_next(referrers, &entry, &error), error);
    CHECK(pulled == NULL && found == NULL && name == NULL && entry == NULL);
    reggie_referrers_free(referrers);
    reggie_names_free(names);
    reggie_options_free(options);
    reggie_manifest_free(manifest);
    reggie_repository_free(repository);
}

/* Deletes everything, so that the program can run again. */
static void deleted(void)
{
    reggie_repository *repository = opened();
    reggie_manifest *subject = parsed(artifact);
    reggie_manifest *referrer = about(subject);
    reggie_manifest *manifest = NULL;
    const char *digest =
        reggie_descriptor_digest(reggie_manifest_descriptor(subject));
    reggie_error *error = NULL;

    CHECK_OK(reggie_tag_delete(repository, "v2", NULL, &error), error);
    CHECK_OK(reggie_manifest_delete(
                 repository,
                 reggie_descriptor_digest(reggie_manifest_descriptor(referrer)),
                 NULL, &error), error);
    CHECK_OK(reggie_manifest_delete(repository, digest, NULL, &error), error);
    CHECK_NUMBER(REGGIE_NOT_FOUND,
                 reggie_manifest_pull(repository, digest, NULL, &manifest,
                                      &error));
    CHECK_TEXT(digest, reggie_error_digest(error));
    CHECK_NUMBER(404, reggie_error_http_status(error));
    CHECK_TEXT("MANIFEST_UNKNOWN", reggie_error_code(error));
    reggie_error_free(error);
    reggie_manifest_free(referrer);
    reggie_manifest_free(subject);
    reggie_repository_free(repository);
}

static void run(void *context)
{
    (void)context;
    pushed_and_pulled();
    lists_alone();
    stopped();
    cancelled();
    deleted();
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(3, count);
    address = arguments[2];
    return check_run(arguments[1], run, NULL);
}
