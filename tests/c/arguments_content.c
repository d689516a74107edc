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
    lists(repository);
    no_list(repository);
    reggie_repository_free(repository);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
