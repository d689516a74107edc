/*
 * What references, descriptors, manifests and JSON do with arguments of no use.
 * Arguments: how, the address of a server, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

#define DIGEST                                                                 \
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static const char image[] =
    "{\"schemaVersion\":2,\"mediaType\":\"" REGGIE_OCI_MANIFEST "\","
    "\"config\":{\"mediaType\":\"" REGGIE_EMPTY "\",\"digest\":\"" DIGEST
    "\",\"size\":2,\"data\":\"e30=\"},"
    "\"layers\":[{\"digest\":\"" DIGEST "\",\"urls\":[\"http://a/\"],"
    "\"annotations\":{\"" REGGIE_TITLE "\":\"file\"}}],"
    "\"subject\":{\"digest\":\"" DIGEST "\"},\"annotations\":{\"a\":\"b\"}}";
static const char list[] =
    "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" DIGEST "\","
    "\"platform\":{\"os\":\"linux\",\"architecture\":\"riscv64\"}}]}";

static void references(void)
{
    reggie_reference *reference;

    TAKES(reggie_reference_parse(text, NULL, &out.reference, &error),
          REGGIE_INVALID_REFERENCE, REGGIE_INVALID_REFERENCE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    TAKES_NULL(reggie_reference_parse("a", text, &out.reference, &error),
               reggie_reference_free(out.reference), REGGIE_OK,
               REGGIE_INVALID_REFERENCE, REGGIE_INVALID_REFERENCE,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_reference_parse("a", NULL, NULL, &error));
    FAILS(REGGIE_INVALID_REFERENCE,
          reggie_reference_parse("A", NULL, &out.reference, NULL));
    WORKS(reggie_reference_parse("r.example:5000/a/b:c@" DIGEST, NULL,
                                 &out.reference, NULL));
    reference = out.reference;
    CHECK_TEXT("r.example:5000", reggie_reference_registry(reference));
    CHECK_TEXT("https://r.example:5000", reggie_reference_address(reference));
    CHECK_TEXT("a/b", reggie_reference_name(reference));
    CHECK_TEXT("c", reggie_reference_tag(reference));
    CHECK_TEXT(DIGEST, reggie_reference_digest(reference));
    CHECK_TEXT(DIGEST, reggie_reference_target(reference));
    CHECK_TEXT("r.example:5000/a/b:c@" DIGEST,
               reggie_reference_string(reference));
    CHECK(reggie_reference_string(reference)
          == reggie_reference_string(reference));
    reggie_reference_free(reference);
    RETURNS(reggie_reference_free(NULL));
    GIVES_NULL(reggie_reference_registry(NULL));
    GIVES_NULL(reggie_reference_address(NULL));
    GIVES_NULL(reggie_reference_name(NULL));
    GIVES_NULL(reggie_reference_tag(NULL));
    GIVES_NULL(reggie_reference_digest(NULL));
    GIVES_NULL(reggie_reference_target(NULL));
    GIVES_NULL(reggie_reference_string(NULL));
}

static void descriptors_of_null(void)
{
    RETURNS(reggie_descriptor_free(NULL));
    GIVES_NULL(reggie_descriptor_digest(NULL));
    GIVES_NUMBER(REGGIE_UNKNOWN_SIZE, reggie_descriptor_size(NULL));
    GIVES_NULL(reggie_descriptor_media_type(NULL));
    GIVES_NULL(reggie_descriptor_artifact_type(NULL));
    GIVES_NULL(reggie_descriptor_platform(NULL));
    GIVES_NULL(reggie_descriptor_data(NULL));
    GIVES_NUMBER(0, reggie_descriptor_urls_count(NULL));
    GIVES_NULL(reggie_descriptor_url(NULL, index));
    GIVES_NUMBER(0, reggie_descriptor_annotations_count(NULL));
    GIVES_NULL(reggie_descriptor_annotation_name(NULL, index));
    GIVES_NULL(reggie_descriptor_annotation(NULL, text));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_descriptor_set_media_type(NULL, "a/b"));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_descriptor_set_artifact_type(NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_descriptor_set_platform(NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_descriptor_set_annotation(NULL, "a", NULL));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_descriptor_copy(NULL, &out.descriptor, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_descriptor_copy(NULL, &out.descriptor, NULL));
}

static reggie_descriptor *descriptor_made(void)
{
    TAKES(reggie_descriptor_new(text, 2, NULL, &out.descriptor, &error),
          REGGIE_INVALID_DIGEST, REGGIE_INVALID_DIGEST, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_DIGEST);
    TAKES_NULL(reggie_descriptor_new(DIGEST, 2, text, &out.descriptor, &error),
               reggie_descriptor_free(out.descriptor), REGGIE_OK,
               REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_MEDIA_TYPE,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_MEDIA_TYPE);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_descriptor_new(DIGEST, 2, NULL, NULL, &error));
    FAILS(REGGIE_INVALID_DIGEST,
          reggie_descriptor_new("", 2, NULL, &out.descriptor, NULL));
    WORKS(reggie_descriptor_new(DIGEST, REGGIE_UNKNOWN_SIZE, NULL,
                                &out.descriptor, NULL));
    return out.descriptor;
}

static void descriptors(void)
{
    reggie_descriptor *made = descriptor_made();

    CHECK_TEXT(DIGEST, reggie_descriptor_digest(made));
    CHECK(reggie_descriptor_size(made) == REGGIE_UNKNOWN_SIZE);
    CHECK_TEXT(REGGIE_OCTETS, reggie_descriptor_media_type(made));
    CHECK(reggie_descriptor_artifact_type(made) == NULL);
    CHECK(reggie_descriptor_platform(made) == NULL);
    CHECK(reggie_descriptor_data(made) == NULL);
    TAKES(reggie_descriptor_set_media_type(made, text),
          REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_MEDIA_TYPE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_MEDIA_TYPE);
    WORKS(reggie_descriptor_set_media_type(made, "a/b"));
    CHECK_TEXT("a/b", reggie_descriptor_media_type(made));
    TAKES_NULL(reggie_descriptor_set_artifact_type(made, text), (void)0,
               REGGIE_OK, REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_MEDIA_TYPE,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_MEDIA_TYPE);
    WORKS(reggie_descriptor_set_artifact_type(made, "c/d"));
    CHECK_TEXT("c/d", reggie_descriptor_artifact_type(made));
    TAKES_NULL(reggie_descriptor_set_platform(made, text), (void)0, REGGIE_OK,
               REGGIE_INVALID_PLATFORM, REGGIE_INVALID_PLATFORM,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_PLATFORM);
    WORKS(reggie_descriptor_set_platform(made, "linux/arm64"));
    CHECK_TEXT("linux/arm64", reggie_descriptor_platform(made));
    TAKES(reggie_descriptor_set_annotation(made, text, "a"),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
    TAKES_NULL(reggie_descriptor_set_annotation(made, "a", text), (void)0,
               REGGIE_OK, REGGIE_OK, REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_OK);
    CHECK_TEXT("a\n", reggie_descriptor_annotation(made, "a"));
    CHECK(reggie_descriptor_annotations_count(made) > 1);
    GIVES_NULL(reggie_descriptor_annotation_name(made, index));
    GIVES_NULL(reggie_descriptor_url(made, index));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_descriptor_copy(made, NULL, &error));
    WORKS(reggie_descriptor_copy(made, &out.descriptor, &error));
    reggie_descriptor_free(made);
    CHECK_TEXT("linux/arm64", reggie_descriptor_platform(out.descriptor));
    reggie_descriptor_free(out.descriptor);

    tell("reggie_platform_host()");
    CHECK(strncmp("linux/", reggie_platform_host(), 6) == 0);
    CHECK(reggie_platform_host() == reggie_platform_host());
}

static void manifests_of_null(void)
{
    RETURNS(reggie_manifest_free(NULL));
    GIVES_NULL(reggie_manifest_bytes(NULL));
    GIVES_NUMBER(0, reggie_manifest_size(NULL));
    GIVES_NULL(reggie_manifest_descriptor(NULL));
    GIVES_NUMBER(0, reggie_manifest_is_index(NULL));
    GIVES_NULL(reggie_manifest_artifact_type(NULL));
    GIVES_NULL(reggie_manifest_config(NULL));
    GIVES_NUMBER(0, reggie_manifest_layers_count(NULL));
    GIVES_NULL(reggie_manifest_layer(NULL, index));
    GIVES_NUMBER(0, reggie_manifest_entries_count(NULL));
    GIVES_NULL(reggie_manifest_entry(NULL, index));
    GIVES_NULL(reggie_manifest_select(NULL, text));
    GIVES_NULL(reggie_manifest_subject(NULL));
    GIVES_NUMBER(0, reggie_manifest_annotations_count(NULL));
    GIVES_NULL(reggie_manifest_annotation_name(NULL, index));
    GIVES_NULL(reggie_manifest_annotation(NULL, text));
    GIVES_NULL(reggie_manifest_json(NULL));
}

static void manifests(void)
{
    const uint8_t *bytes = (const uint8_t *)image;
    reggie_manifest *parsed;

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_parse(NULL, 1, NULL, &out.manifest, &error));
    FAILS(REGGIE_INVALID_MANIFEST,
          reggie_manifest_parse(NULL, 0, NULL, &out.manifest, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_manifest_parse(bytes, (size_t)-1, NULL, &out.manifest,
                                &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_manifest_parse(bytes, 2, NULL, NULL, &error));
    FAILS(REGGIE_INVALID_MANIFEST,
          reggie_manifest_parse(bytes, 2, NULL, &out.manifest, NULL));
    TAKES_NULL(reggie_manifest_parse(bytes, sizeof image - 1, text,
                                     &out.manifest, &error),
               reggie_manifest_free(out.manifest), REGGIE_OK, REGGIE_OK,
               REGGIE_INVALID_MANIFEST, REGGIE_INVALID_UTF8,
               REGGIE_INVALID_MANIFEST);
    WORKS(reggie_manifest_parse(bytes, sizeof image - 1, NULL, &out.manifest,
                                &error));
    parsed = out.manifest;
    CHECK_TEXT(image, (const char *)reggie_manifest_bytes(parsed));
    CHECK_NUMBER(sizeof image - 1, reggie_manifest_size(parsed));
    CHECK_TEXT(REGGIE_OCI_MANIFEST,
               reggie_descriptor_media_type(reggie_manifest_descriptor(parsed)));
    CHECK_TEXT(REGGIE_EMPTY, reggie_manifest_artifact_type(parsed));
    CHECK(memcmp("{}", reggie_descriptor_data(reggie_manifest_config(parsed)),
                 2) == 0);
    CHECK_NUMBER(1, reggie_manifest_layers_count(parsed));
    CHECK_TEXT("http://a/",
               reggie_descriptor_url(reggie_manifest_layer(parsed, 0), 0));
    CHECK_NUMBER(1, reggie_descriptor_urls_count(
                        reggie_manifest_layer(parsed, 0)));
    CHECK_TEXT("file", reggie_descriptor_annotation(
                           reggie_manifest_layer(parsed, 0), REGGIE_TITLE));
    CHECK_TEXT(DIGEST,
               reggie_descriptor_digest(reggie_manifest_subject(parsed)));
    CHECK_TEXT("a", reggie_manifest_annotation_name(parsed, 0));
    CHECK_TEXT("b", reggie_manifest_annotation(parsed, "a"));
    CHECK(reggie_json_get(reggie_manifest_json(parsed), "layers") != NULL);
    GIVES_NULL(reggie_manifest_layer(parsed, index));
    GIVES_NULL(reggie_manifest_entry(parsed, index));
    GIVES_NULL(reggie_manifest_annotation_name(parsed, index));
    GIVES_NULL(reggie_manifest_annotation(parsed, text));
    GIVES_NULL(reggie_manifest_select(parsed, text));
    reggie_manifest_free(parsed);

    WORKS(reggie_manifest_parse((const uint8_t *)list, sizeof list - 1,
                                REGGIE_DOCKER_LIST, &out.manifest, NULL));
    parsed = out.manifest;
    CHECK_NUMBER(1, reggie_manifest_is_index(parsed));
    CHECK_NUMBER(1, reggie_manifest_entries_count(parsed));
    CHECK(reggie_manifest_select(parsed, "linux/riscv64")
          == reggie_manifest_entry(parsed, 0));
    CHECK_TEXT("linux/riscv64",
               reggie_descriptor_platform(reggie_manifest_entry(parsed, 0)));
    CHECK(reggie_manifest_select(parsed, "plan9/mips") == NULL);
    reggie_manifest_free(parsed);
}

static void json_of_null(void)
{
    RETURNS(reggie_json_free(NULL));
    GIVES_NUMBER(REGGIE_JSON_NONE, reggie_json_kind(NULL));
    GIVES_NULL(reggie_json_get(NULL, text));
    GIVES_NUMBER(0, reggie_json_count(NULL));
    GIVES_NULL(reggie_json_at(NULL, index));
    GIVES_NULL(reggie_json_key(NULL, index));
    GIVES_NULL(reggie_json_string(NULL));
    GIVES_NUMBER(INT64_MIN, reggie_json_integer(NULL, INT64_MIN));
    GIVES_NUMBER(INT64_MAX, reggie_json_integer(NULL, INT64_MAX));
    GIVES_NUMBER(INT_MIN, reggie_json_boolean(NULL, INT_MIN));
}

static void json(void)
{
    static const char all[] =
        "{\"a\":[null,true,-7,\"b\\u0000\",1.5],\"c\":{}, \"a\":{\"d\":false}}";
    const uint8_t *bytes = (const uint8_t *)all;
    const reggie_json *first;
    reggie_json *parsed;

    FAILS(REGGIE_NULL_ARGUMENT, reggie_json_parse(NULL, 1, &out.json, &error));
    FAILS(REGGIE_INVALID_JSON, reggie_json_parse(NULL, 0, &out.json, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_json_parse(bytes, (size_t)-1, &out.json, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_json_parse(bytes, 2, NULL, &error));
    FAILS(REGGIE_INVALID_JSON, reggie_json_parse(bytes, 2, &out.json, NULL));
    WORKS(reggie_json_parse(bytes, sizeof all - 1, &out.json, &error));
    parsed = out.json;
    CHECK_NUMBER(REGGIE_JSON_OBJECT, reggie_json_kind(parsed));
    CHECK_NUMBER(3, reggie_json_count(parsed));
    CHECK_TEXT("a", reggie_json_key(parsed, 0));
    CHECK_TEXT("c", reggie_json_key(parsed, 1));
    first = reggie_json_at(parsed, 0);
    CHECK_NUMBER(REGGIE_JSON_ARRAY, reggie_json_kind(first));
    CHECK_NUMBER(5, reggie_json_count(first));
    CHECK_NUMBER(REGGIE_JSON_NULL, reggie_json_kind(reggie_json_at(first, 0)));
    CHECK_NUMBER(REGGIE_JSON_BOOLEAN,
                 reggie_json_kind(reggie_json_at(first, 1)));
    CHECK_NUMBER(1, reggie_json_boolean(reggie_json_at(first, 1), 0));
    CHECK_NUMBER(REGGIE_JSON_NUMBER,
                 reggie_json_kind(reggie_json_at(first, 2)));
    CHECK_NUMBER(-7, reggie_json_integer(reggie_json_at(first, 2), 0));
    CHECK_NUMBER(REGGIE_JSON_STRING,
                 reggie_json_kind(reggie_json_at(first, 3)));
    CHECK_TEXT("b\xef\xbf\xbd", reggie_json_string(reggie_json_at(first, 3)));
    CHECK_NUMBER(9, reggie_json_integer(reggie_json_at(first, 4), 9));
    CHECK_NUMBER(0, reggie_json_boolean(
                        reggie_json_get(reggie_json_get(parsed, "a"), "d"), 1));
    CHECK_NUMBER(8, reggie_json_boolean(first, 8));
    CHECK(reggie_json_string(first) == NULL);
    CHECK(reggie_json_key(first, 0) == NULL);
    GIVES_NULL(reggie_json_get(parsed, text));
    GIVES_NULL(reggie_json_get(first, text));
    GIVES_NULL(reggie_json_at(parsed, index));
    GIVES_NULL(reggie_json_key(parsed, index));
    reggie_json_free(parsed);
}

static void run(void *address)
{
    (void)address;
    references();
    descriptors_of_null();
    descriptors();
    manifests_of_null();
    manifests();
    json_of_null();
    json();
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
