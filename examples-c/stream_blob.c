/*
 * Pushes a large file in one request, and pulls it to a file descriptor. Neither
 * holds the whole file in memory.
 *
 *     stream_blob URL [repository [SIZE | FILE]]
 *
 * SIZE is in MiB, default 64: a temporary file of that size is created in
 * $TMPDIR or /tmp. See common.h for credentials.
 */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <string.h>
#include <unistd.h>

#define MIB (1024UL * 1024UL)

/*
 * Creates a file of non-repeating bytes. Returns its path; the caller must remove
 * the file and free the path. Reports a failure and returns NULL.
 */
static char *make_file(unsigned long mib)
{
    static unsigned char block[64 * 1024];
    const char *folder = getenv("TMPDIR");
    unsigned long number = 1, left = mib * (MIB / sizeof block);
    FILE *file;
    char *path;
    size_t i, size;
    int fd, ok;

    if (folder == NULL)
        folder = "/tmp";
    size = strlen(folder) + sizeof "/reggie-XXXXXX";
    path = (char *)malloc(size);
    if (path == NULL) {
        perror("temporary file");
        return NULL;
    }
    snprintf(path, size, "%s/reggie-XXXXXX", folder);
    fd = mkstemp(path);
    file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    ok = file != NULL;
    while (ok && left-- > 0) {
        for (i = 0; i < sizeof block; i++) {
            number = (number * 1103515245 + 12345) & 0x7fffffff;
            block[i] = (unsigned char)(number >> 16);
        }
        ok = fwrite(block, 1, sizeof block, file) == sizeof block;
    }
    if (!ok)
        perror(path);
    if (file != NULL && fclose(file) != 0 && ok) {
        perror(path);
        ok = 0;
    }
    if (!ok) {
        if (fd >= 0)
            unlink(path);
        free(path);
        return NULL;
    }
    return path;
}

/* Starts an upload with POST, then sends everything with PUT. */
static int push(const reggie_client *client, const char *path,
                const char *digest)
{
    const char *what = "push of the blob";
    reggie_request *post = NULL, *put = NULL;
    reggie_response *session = NULL, *pushed = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int ok;

    status = reggie_request_new(client, REGGIE_POST,
                                "/v2/<name>/blobs/uploads/", &post, &error);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, post, &session, &error);
    ok = succeeded(what, status, error) && has_status(what, session, 202);
    if (ok) {
        status = reggie_request_new(client, REGGIE_PUT,
                                    reggie_response_absolute_location(session),
                                    &put, &error);
        if (status == REGGIE_OK)
            status = reggie_request_set_query(put, "digest", digest);
        if (status == REGGIE_OK)
            status = reggie_request_set_header(put, "Content-Type",
                                               "application/octet-stream");
        if (status == REGGIE_OK)
            status = reggie_request_set_body_path(put, path);
        if (status == REGGIE_OK)
            status = reggie_client_do(client, put, &pushed, &error);
        ok = succeeded(what, status, error) && has_status(what, pushed, 201);
    }
    if (ok)
        printf("pushed %s\n", digest);

    reggie_error_free(error);
    reggie_response_free(pushed);
    reggie_response_free(session);
    reggie_request_free(put);
    reggie_request_free(post);
    return ok;
}

static int pull(const reggie_client *client, const char *digest, int fd)
{
    const char *what = "pull of the blob";
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    int ok;

    status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/blobs/<digest>",
                                &request, &error);
    if (status == REGGIE_OK)
        status = reggie_request_set_digest(request, digest);
    if (status == REGGIE_OK)
        status = reggie_request_set_output_fd(request, fd);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, &error);
    ok = succeeded(what, status, error) && has_status(what, response, 200);

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_request_free(request);
    return ok;
}

/* Verifies the digest of the pulled file. */
static int verify(FILE *file, const char *digest)
{
    static uint8_t buffer[64 * 1024];
    reggie_digester *digester = NULL;
    reggie_error *error = NULL;
    char *got = NULL;
    unsigned long long total = 0;
    size_t size;
    reggie_status status;
    int ok;

    rewind(file);
    status = reggie_digester_new(REGGIE_SHA256, &digester, &error);
    while (status == REGGIE_OK
           && (size = fread(buffer, 1, sizeof buffer, file)) > 0) {
        status = reggie_digester_update(digester, buffer, size);
        total += size;
    }
    if (status == REGGIE_OK)
        status = reggie_digester_finish(digester, &got, &error);
    ok = succeeded("digest", status, error);
    if (ok && ferror(file)) {
        perror("what was pulled");
        ok = 0;
    }
    if (ok && strcmp(got, digest) != 0) {
        fprintf(stderr, "pulled %s instead\n", got);
        ok = 0;
    }
    if (ok)
        printf("pulled %s, %llu bytes\n", got, total);

    reggie_string_free(got);
    reggie_error_free(error);
    reggie_digester_free(digester);
    return ok;
}

static int push_and_pull(const reggie_client *client, const char *path)
{
    FILE *pulled = tmpfile();
    reggie_error *error = NULL;
    char *digest = NULL;
    reggie_status status;
    int ok;

    if (pulled == NULL) {
        perror("temporary file");
        return 0;
    }
    status = reggie_digest_file(REGGIE_SHA256, path, &digest, &error);
    ok = succeeded("digest", status, error)
        && push(client, path, digest)
        && pull(client, digest, fileno(pulled))
        && verify(pulled, digest);

    reggie_string_free(digest);
    reggie_error_free(error);
    fclose(pulled);
    return ok;
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[2] : DEFAULT_NAME;
    const char *given = argc > 3 ? argv[3] : "64";
    int is_size = strspn(given, "0123456789") == strlen(given);
    reggie_client *client;
    char *made = NULL;
    int ok;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: %s URL [repository [SIZE | FILE]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    client = new_client(argv[1], name);
    ok = client != NULL;
    if (ok && is_size) {
        made = make_file(strtoul(given, NULL, 10));
        ok = made != NULL;
    }
    ok = ok && push_and_pull(client, made != NULL ? made : given);

    if (made != NULL)
        unlink(made);
    free(made);
    reggie_client_free(client);
    return exit_code(ok);
}
