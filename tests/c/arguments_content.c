/*
 * What repositories, calls about manifests, and lists do with arguments of no
 * use. Arguments: how, the address of a server whose responses are no content,
 * and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

#define DIGEST                                                                 \
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static reggie_repository *repositories(reggie_client *client)
{
    TAKES_NULL(reggie_repository_new(client, text, &out.repository, &error),
               reggie_repository_free(out.repository), REGGIE_MISSING_VALUE,
               REGGIE_INVALID_REFERENCE, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_repository_new(NULL, "a", &out.repository, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_repository_new(client, "a", NULL, &error));
    FAILS(REGGIE_INVALID_REFERENCE,
          reggie_repository_new(client, "A", &out.repository, NULL));
    TAKES(reggie_repository_open(text, NULL, &out.repository, &error),
          REGGIE_INVALID_REFERENCE, REGGIE_INVALID_REFERENCE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_repository_open("a", NULL, NULL, &error));
    FAILS(REGGIE_INVALID_REFERENCE,
          reggie_repository_open("A", NULL, &out.repository, NULL));
    WORKS(reggie_repository_open("r.example/a/b@" DIGEST, NULL,
                                 &out.repository, NULL));
    CHECK_TEXT("a/b", reggie_repository_name(out.repository));
    CHECK_TEXT(DIGEST, reggie_repository_target(out.repository));
    reggie_repository_free(out.repository);
    RETURNS(reggie_repository_free(NULL));
    GIVES_NULL(reggie_repository_name(NULL));
    GIVES_NULL(reggie_repository_target(NULL));
    GIVES_NULL(reggie_repository_client(NULL));
    WORKS(reggie_client_set_default_name(client, "c/d"));
    WORKS(reggie_repository_new(client, NULL, &out.repository, NULL));
    CHECK_TEXT("c/d", reggie_repository_name(out.repository));
    CHECK_TEXT("latest", reggie_repository_target(out.repository));
    CHECK(reggie_repository_client(out.repository) != NULL);
    return out.repository;
}

static void authorization(const reggie_repository *repository)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_repository_authorization(NULL, INT_MAX, NULL, &out.text,
                                          &out.number, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_repository_authorization(repository, 0, NULL, NULL,
                                          &out.number, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_repository_authorization(repository, 0, NULL, &out.text, NULL,
                                          &error));
    WORKS(reggie_repository_authorization(repository, INT_MIN, NULL, &out.text,
                                          &out.number, NULL));
    CHECK_TEXT("", out.text);
    CHECK_NUMBER(-1, out.number);
    reggie_string_free(out.text);
}

static void manifests(const reggie_repository *repository)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_pull(NULL, "a", NULL, &out.manifest, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_pull(repository, "a", NULL, NULL, &error));
    TAKES_NULL(reggie_manifest_pull(repository, text, NULL, &out.manifest,
                                    &error),
               (void)0, REGGIE_INVALID_MANIFEST, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_REFERENCE, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_REFERENCE);
    FAILS(REGGIE_INVALID_MANIFEST,
          reggie_manifest_pull(repository, "a", NULL, &out.manifest, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_resolve(NULL, "a", NULL, NULL, &out.manifest,
                                  &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_resolve(repository, "a", NULL, NULL, NULL, &error));
    TAKES_NULL(reggie_manifest_resolve(repository, text, NULL, NULL,
                                       &out.manifest, &error),
               (void)0, REGGIE_INVALID_MANIFEST, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_REFERENCE, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_REFERENCE);
    TAKES_NULL(reggie_manifest_resolve(repository, "a", text, NULL,
                                       &out.manifest, &error),
               (void)0, REGGIE_INVALID_MANIFEST, REGGIE_INVALID_PLATFORM,
               REGGIE_INVALID_PLATFORM, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_PLATFORM);
    FAILS(REGGIE_INVALID_MANIFEST,
          reggie_manifest_resolve(repository, "a", NULL, NULL, &out.manifest,
                                  NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_stat(NULL, "a", NULL, &out.descriptor, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_stat(repository, "a", NULL, NULL, &error));
    TAKES_NULL(reggie_manifest_stat(repository, text, NULL, &out.descriptor,
                                    &error),
               (void)0, REGGIE_INVALID_MANIFEST, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_REFERENCE, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_REFERENCE);
    FAILS(REGGIE_INVALID_MANIFEST,
          reggie_manifest_stat(repository, "a", NULL, &out.descriptor, NULL));
}

static reggie_manifest *manifest_parsed(void)
{
    static const char image[] =
        "{\"schemaVersion\":2,\"config\":{\"digest\":\"" DIGEST "\"}}";

    WORKS(reggie_manifest_parse((const uint8_t *)image, sizeof image - 1,
                                REGGIE_OCI_MANIFEST, &out.manifest, NULL));
    return out.manifest;
}

/* The server says yes to everything, without a digest that would be wrong. */
static void pushes(const reggie_repository *repository)
{
    reggie_manifest *manifest = manifest_parsed();
    const char *tags[2] = {"v1", NULL};
    const char *text;
    size_t i;

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_push(NULL, manifest, tags, 1, NULL, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_push(repository, NULL, tags, 1, NULL, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_push(repository, manifest, NULL, 1, NULL, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_push(repository, manifest, tags, 2, NULL, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_manifest_push(repository, manifest, tags, (size_t)-1, NULL,
                               &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_manifest_push(repository, manifest, tags, (size_t)-1 / 8, NULL,
                               NULL));
    for (i = 0; i < TEXTS; i++) {
        tags[1] = text = texts[i];
        FAILS(i == UTF8 ? REGGIE_INVALID_UTF8 : REGGIE_INVALID_REFERENCE,
              reggie_manifest_push(repository, manifest, tags, 2, NULL,
                                   &error));
    }
    (void)text;
    tags[1] = DIGEST;
    FAILS(REGGIE_DIGEST_MISMATCH,
          reggie_manifest_push(repository, manifest, tags, 2, NULL, &error));
    WORKS(reggie_manifest_push(repository, manifest, tags, 1, NULL, &error));
    WORKS(reggie_manifest_push(repository, manifest, NULL, 0, NULL, NULL));
    reggie_manifest_free(manifest);
}

static void deletes(const reggie_repository *repository)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_delete(NULL, DIGEST, NULL, &error));
    TAKES(reggie_manifest_delete(repository, text, NULL, &error),
          REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_DIGEST);
    WORKS(reggie_manifest_delete(repository, DIGEST, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_tag_delete(NULL, "v1", NULL, &error));
    TAKES(reggie_tag_delete(repository, text, NULL, &error),
          REGGIE_INVALID_REFERENCE, REGGIE_INVALID_REFERENCE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    WORKS(reggie_tag_delete(repository, "v1", NULL, NULL));
}

static void referrers(const reggie_repository *repository)
{
    reggie_referrers *list;

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_referrers_open(NULL, DIGEST, NULL, NULL, &out.referrers,
                                &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_referrers_open(repository, DIGEST, NULL, NULL, NULL, &error));
    TAKES(reggie_referrers_open(repository, text, NULL, NULL, &out.referrers,
                                &error),
          REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_DIGEST);
    TAKES_NULL(reggie_referrers_open(repository, DIGEST, text, NULL,
                                     &out.referrers, &error),
               reggie_referrers_free(out.referrers), REGGIE_OK, REGGIE_OK,
               REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_referrers_next(NULL, &out.current, &error));
    RETURNS(reggie_referrers_free(NULL));
    WORKS(reggie_referrers_open(repository, DIGEST, NULL, NULL, &out.referrers,
                                NULL));
    list = out.referrers;
    FAILS(REGGIE_NULL_ARGUMENT, reggie_referrers_next(list, NULL, &error));
    /* Neither the response nor the content of the tag is a list. */
    WORKS(reggie_referrers_next(list, &out.current, &error));
    CHECK(out.current == NULL);
    WORKS(reggie_referrers_next(list, &out.current, NULL));
    CHECK(out.current == NULL);
    reggie_referrers_free(list);
}

static void lists(const reggie_repository *repository)
{
    const reggie_client *client = reggie_repository_client(repository);

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_tags_open(NULL, NULL, NULL, &out.names, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_tags_open(repository, NULL, NULL, NULL, &error));
    TAKES_NULL(reggie_tags_open(repository, text, NULL, &out.names, &error),
               reggie_names_free(out.names), REGGIE_OK, REGGIE_OK, REGGIE_OK,
               REGGIE_INVALID_UTF8, REGGIE_OK);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_catalog_open(NULL, NULL, NULL, &out.names, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_catalog_open(client, NULL, NULL, NULL, &error));
    TAKES_NULL(reggie_catalog_open(client, text, NULL, &out.names, &error),
               reggie_names_free(out.names), REGGIE_OK, REGGIE_OK, REGGIE_OK,
               REGGIE_INVALID_UTF8, REGGIE_OK);
    WORKS(reggie_catalog_open(client, NULL, NULL, &out.names, NULL));
    reggie_names_free(out.names);
    RETURNS(reggie_names_free(NULL));
    GIVES_NUMBER(0, reggie_names_left_out(NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_names_next(NULL, &out.entry, &error));
}

/* The server echoes requests, which is no list. */
static void no_list(const reggie_repository *repository)
{
    reggie_names *names;

    WORKS(reggie_tags_open(repository, NULL, NULL, &out.names, NULL));
    names = out.names;
    FAILS(REGGIE_NULL_ARGUMENT, reggie_names_next(names, NULL, &error));
    FAILS(REGGIE_INVALID_JSON, reggie_names_next(names, &out.entry, &error));
    FAILS(REGGIE_INVALID_JSON, reggie_names_next(names, &out.entry, NULL));
    CHECK_NUMBER(0, reggie_names_left_out(names));
    reggie_names_free(names);
}

static void run(void *address)
{
    reggie_client *client = check_client((const char *)address, "-", NULL);
    reggie_repository *repository = repositories(client);

    reggie_client_free(client);
    GIVES_NULL(reggie_error_digest(NULL));
    authorization(repository);
    manifests(repository);
    pushes(repository);
    deletes(repository);
    lists(repository);
    referrers(repository);
    no_list(repository);
    reggie_repository_free(repository);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
