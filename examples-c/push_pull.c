/*
 * Pushes a blob in two chunks and a manifest with a tag, and pulls both again.
 *
 *     push_pull URL [repository [tag]]
 *
 * See common.h for credentials.
 */
#include "common.h"

#include <string.h>

#define OCTETS "application/octet-stream"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
/* The media type of empty content, which is always "{}". */
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"

/* The descriptor of the blob, without its digest. */
#define DESCRIPTOR \
    "{\"mediaType\":\"" EMPTY_TYPE "\",\"size\":2,\"digest\":\"%s\"}"
/* An image manifest whose config and only layer are the blob. */
#define MANIFEST                                                \
    "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\"," \
    "\"artifactType\":\"application/vnd.example.walk\","        \
    "\"config\":" DESCRIPTOR ",\"layers\":[" DESCRIPTOR "]}"

static const char blob[] = "{}";

static void show_header(const reggie_response *response, const char *name)
{
    const char *value = reggie_response_header(response, name);

    if (value != NULL) {
        printf("    %s: ", name);
        write_safely(stdout, value);
        putchar('\n');
    }
}

/* Prints a response body. */
static void show(const char *what, const reggie_response *response)
{
    const char *body = (const char *)reggie_response_body(response);

    printf("%s\n    %s %d\n", what, reggie_response_http_version(response),
           reggie_response_status(response));
    show_header(response, "Range");
    show_header(response, "Docker-Content-Digest");
    show_header(response, "Content-Type");
    if (*body != '\0') {
        printf("    ");
        write_safely(stdout, body);
        putchar('\n');
    }
}

/* Starts an upload. */
static int begin_upload(const reggie_client *client, reggie_response **response)
{
    const char *what = "POST of an upload session";
    reggie_request *request = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int ok;

    status = reggie_request_new(client, REGGIE_POST,
                                "/v2/<name>/blobs/uploads/", &request, &error);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, response, &error);
    ok = succeeded(what, status, error) && has_status(what, *response, 202);
    if (ok)
        show(what, *response);

    reggie_error_free(error);
    reggie_request_free(request);
    return ok;
}

/*
 * Sends one byte of the blob to the Location of the response `before`: by PATCH,
 * or by PUT with the digest of the blob, which completes the upload.
 */
static int send_byte(const reggie_client *client, const reggie_response *before,
                     size_t at, const char *digest, reggie_response **response)
{
    const char *what = digest ? "PUT of the last chunk" : "PATCH of a chunk";
    reggie_request *request = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    char range[64];
    int ok;

    snprintf(range, sizeof range, "%lu-%lu", (unsigned long)at,
             (unsigned long)at);
    status = reggie_request_new(client, digest ? REGGIE_PUT : REGGIE_PATCH,
                                reggie_response_absolute_location(before),
                                &request, &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_header(request, "Content-Type", OCTETS);
    if (status == REGGIE_OK)
        status = reggie_request_set_header(request, "Content-Length", "1");
    if (status == REGGIE_OK)
        status = reggie_request_set_header(request, "Content-Range", range);
    if (status == REGGIE_OK && digest != NULL)
        status = reggie_request_set_query(request, "digest", digest);
    if (status == REGGIE_OK)
        status = reggie_request_set_body(request, (const uint8_t *)blob + at,
                                         1);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, response, &error);
    ok = succeeded(what, status, error)
        && has_status(what, *response, digest ? 201 : 202);
    if (ok)
        show(what, *response);

    reggie_error_free(error);
    reggie_request_free(request);
    return ok;
}

static int push_blob(const reggie_client *client, const char *digest)
{
    reggie_response *session = NULL;
    reggie_response *patched = NULL;
    reggie_response *pushed = NULL;
    int ok = begin_upload(client, &session)
        && send_byte(client, session, 0, NULL, &patched)
        && send_byte(client, patched, 1, digest, &pushed);

    reggie_response_free(pushed);
    reggie_response_free(patched);
    reggie_response_free(session);
    return ok;
}

/* Pulls the blob and verifies its digest. */
static int pull_blob(const reggie_client *client, const char *digest)
{
    const char *what = "GET of the blob";
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    char *got = NULL;
    reggie_status status;
    int ok;

    status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/blobs/<digest>",
                                &request, &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_digest(request, digest);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    if (status == REGGIE_OK)
        status = reggie_digest_bytes(REGGIE_SHA256,
                                     reggie_response_body(response),
                                     reggie_response_body_length(response),
                                     &got, &error);
    ok = succeeded(what, status, error) && has_status(what, response, 200);
    if (ok && strcmp(got, digest) != 0) {
        fprintf(stderr, "%s: it is not the one that was pushed\n", what);
        ok = 0;
    }
    if (ok)
        show(what, response);

    reggie_string_free(got);
    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    return ok;
}

static int push_manifest(const reggie_client *client, const char *tag,
                         const char *digest)
{
    const char *what = "PUT of the manifest";
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    char manifest[1024];
    int length, ok;

    length = snprintf(manifest, sizeof manifest, MANIFEST, digest, digest);
    status = reggie_request_new(client, REGGIE_PUT,
                                "/v2/<name>/manifests/<reference>", &request,
                                &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_reference(request, tag);
    if (status == REGGIE_OK)
        status = reggie_request_set_header(request, "Content-Type",
                                           MANIFEST_TYPE);
    if (status == REGGIE_OK)
        status = reggie_request_set_body(request, (const uint8_t *)manifest,
                                         (size_t)length);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    ok = succeeded(what, status, error) && has_status(what, response, 201);
    if (ok)
        show(what, response);

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    return ok;
}

static int pull_manifest(const reggie_client *client, const char *tag)
{
    const char *what = "GET of the manifest";
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int ok;

    status = reggie_request_new(client, REGGIE_GET,
                                "/v2/<name>/manifests/<reference>", &request,
                                &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_reference(request, tag);
    if (status == REGGIE_OK)
        status = reggie_request_set_header(request, "Accept", MANIFEST_TYPE);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    ok = succeeded(what, status, error) && has_status(what, response, 200);
    if (ok)
        show(what, response);

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    return ok;
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[2] : DEFAULT_NAME;
    const char *tag = argc > 3 ? argv[3] : DEFAULT_TAG;
    reggie_client *client = NULL;
    reggie_error *error = NULL;
    char *digest = NULL;
    reggie_status status;
    int ok;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: %s URL [repository [tag]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_digest_bytes(REGGIE_SHA256, (const uint8_t *)blob,
                                 strlen(blob), &digest, &error);
    ok = succeeded("digest", status, error)
        && (client = new_client(argv[1], name)) != NULL
        && push_blob(client, digest)
        && pull_blob(client, digest)
        && push_manifest(client, tag, digest)
        && pull_manifest(client, tag);

    reggie_string_free(digest);
    reggie_error_free(error);
    reggie_client_free(client);
    return exit_code(ok);
}
