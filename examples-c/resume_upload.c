/*
 * Uploads a file piece by piece. The program can be killed at any time: when it
 * is run again, it continues with what the registry has not received yet.
 *
 *     resume_upload URL REPOSITORY FILE STATE
 * STATE is a file for the state of the upload. See common.h for credentials.
 */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <sys/stat.h>

/* A program that is killed in between leaves the old state or the new one. */
static reggie_status save(const char *path, const char *text)
{
    char temporary[4096];
    FILE *file;
    int ok;
    snprintf(temporary, sizeof temporary, "%s.new", path);
    file = fopen(temporary, "w");
    ok = file != NULL && fputs(text, file) >= 0;
    ok = file != NULL && fclose(file) == 0 && ok;
    return ok && rename(temporary, path) == 0 ? REGGIE_OK : REGGIE_FILE;
}

/* Resumes the upload of an earlier run, or begins one. */
static reggie_status start(const reggie_repository *repository,
                           const char *state, reggie_upload **upload,
                           reggie_error **error)
{
    static char text[256 * 1024];
    FILE *file = fopen(state, "r");
    reggie_status status = REGGIE_UPLOAD_LOST;

    if (file != NULL) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        status = reggie_upload_import(repository, text, NULL, upload, error);
    }
    if (status == REGGIE_UPLOAD_LOST || status == REGGIE_INVALID_EXPORT) {
        reggie_error_free(*error);
        status = reggie_upload_begin(repository, NULL, upload, error);
    }
    return status;
}

static int send_file(const reggie_repository *repository, FILE *source,
                     const char *state)
{
    static unsigned char piece[1024 * 1024];
    reggie_upload *upload = NULL;
    reggie_error *error = NULL;
    reggie_status status = start(repository, state, &upload, &error);
    char *text;
    size_t size;

    printf("from byte %llu\n", (unsigned long long)reggie_upload_offset(upload));
    if (fseeko(source, (off_t)reggie_upload_offset(upload), SEEK_SET) != 0)
        status = REGGIE_FILE;
    while (status == REGGIE_OK &&
           (size = fread(piece, 1, sizeof piece, source)) > 0) {
        text = NULL;
        status = reggie_upload_write(upload, piece, size, &error);
        if (status == REGGIE_OK)
            status = reggie_upload_export(upload, &text, &error);
        if (status == REGGIE_OK)
            status = save(state, text);
        reggie_string_free(text);
    }
    if (status == REGGIE_OK)
        status = reggie_upload_commit(upload, NULL, NULL, NULL, &error);
    if (succeeded("upload", status, error)) {
        remove(state);
        printf("complete\n");
    }
    reggie_error_free(error);
    reggie_upload_free(upload);
    return status == REGGIE_OK;
}

int main(int argc, char **argv)
{
    FILE *source = argc == 5 ? fopen(argv[3], "rb") : NULL;
    reggie_client *client = source ? new_client(argv[1], argv[2]) : NULL;
    reggie_repository *repository = NULL;
    int ok = client != NULL;

    umask(077); /* Whoever can read the state can write to the upload. */
    if (source == NULL)
        fprintf(stderr, "usage: resume_upload URL REPOSITORY FILE STATE\n");
    if (ok && succeeded("repository", reggie_repository_new(
                            client, NULL, &repository, NULL), NULL))
        ok = send_file(repository, source, argv[4]);
    if (source != NULL)
        fclose(source);
    reggie_repository_free(repository);
    reggie_client_free(client);
    return exit_code(ok);
}
