/* Uploads a file as a blob: uploads URL REPOSITORY FILE */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

/* Starts an upload; the response has its location. */
static reggie_status start(const reggie_client *client,
                           reggie_response **response, reggie_error **error)
{
    reggie_request *request = NULL;
    reggie_status status;

    status = reggie_request_new(client, REGGIE_POST,
                                "/v2/<name>/blobs/uploads/", &request, error);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, response, error);
    if (status == REGGIE_OK)
        status = reggie_response_check(*response, error);
    reggie_request_free(request);
    return status;
}

/* Sends the content to the location, with the digest, in one request. */
static reggie_status finish(const reggie_client *client, const char *location,
                            const char *path, const char *digest,
                            reggie_error **error)
{
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_status status;

    status = reggie_request_new(client, REGGIE_PUT, location, &request, error);
    if (status == REGGIE_OK)
        status = reggie_request_set_query(request, "digest", digest);
    if (status == REGGIE_OK)
        status = reggie_request_set_header(request, "Content-Type",
                                           "application/octet-stream");
    if (status == REGGIE_OK)
        status = reggie_request_set_body_path(request, path);
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, &response, error);
    if (status == REGGIE_OK)
        status = reggie_response_check(response, error);
    reggie_response_free(response);
    reggie_request_free(request);
    return status;
}

int main(int argc, char **argv)
{
    reggie_client *client = NULL;
    reggie_response *started = NULL;
    reggie_error *error = NULL;
    char *digest = NULL;
    reggie_status status;

    if (argc != 4) {
        fprintf(stderr, "usage: %s URL REPOSITORY FILE\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_digest_file(REGGIE_SHA256, argv[3], &digest, &error);
    if (status == REGGIE_OK)
        status = reggie_client_new(argv[1], NULL, &client, &error);
    if (status == REGGIE_OK)
        status = reggie_client_set_default_name(client, argv[2]);
    if (status == REGGIE_OK)
        status = start(client, &started, &error);
    if (status == REGGIE_OK)
        status = finish(client, reggie_response_absolute_location(started),
                        argv[3], digest, &error);
    if (status == REGGIE_OK)
        printf("%s\n", digest);
    else
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_response_free(started);
    reggie_client_free(client);
    reggie_string_free(digest);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
