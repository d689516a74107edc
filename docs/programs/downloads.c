/*
 * Downloads a blob to a file, which appears when it is complete and has the
 * digest: downloads URL REPOSITORY DIGEST FILE
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

/* Called at most every 100 ms; a nonzero result would stop the call. */
static int show_progress(void *userdata, uint64_t sent, uint64_t send_total,
                         uint64_t received, uint64_t receive_total)
{
    (void)userdata;
    (void)sent;
    (void)send_total;
    if (receive_total == REGGIE_UNKNOWN_SIZE || receive_total == 0)
        fprintf(stderr, "%lu bytes\n", (unsigned long)received);
    else
        fprintf(stderr, "%lu %%\n",
                (unsigned long)(received * 100 / receive_total));
    return 0;
}

static reggie_status download(const reggie_client *client, const char *name,
                              const char *digest, const char *path,
                              reggie_response **response, reggie_error **error)
{
    reggie_request *request = NULL;
    reggie_status status;

    status = reggie_request_new(client, REGGIE_GET, "/v2/<name>/blobs/<digest>",
                                &request, error);
    if (status == REGGIE_OK)
        status = reggie_request_set_name(request, name);
    if (status == REGGIE_OK)
        status = reggie_request_set_digest(request, digest);
    if (status == REGGIE_OK) /* without it, the content is not verified */
        status = reggie_request_set_expected_digest(request, digest);
    if (status == REGGIE_OK)
        status = reggie_request_set_output_path(request, path);
    if (status == REGGIE_OK)
        status = reggie_request_set_progress_callback(request, show_progress,
                                                      NULL, NULL);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, response, error);
    if (status == REGGIE_OK) /* a 404 response writes no file */
        status = reggie_response_check(*response, error);
    reggie_request_free(request);
    return status;
}

int main(int argc, char **argv)
{
    reggie_client *client = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc != 5) {
        fprintf(stderr, "usage: %s URL REPOSITORY DIGEST FILE\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_client_new(argv[1], NULL, &client, &error);
    if (status == REGGIE_OK)
        status = download(client, argv[2], argv[3], argv[4], &response, &error);
    if (status == REGGIE_OK)
        printf("%lu bytes\n",
               (unsigned long)reggie_response_body_size(response));
    else
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_client_free(client);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
