/* Prints the manifest of an image: first-program URL REPOSITORY TAG */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>

static reggie_status get_manifest(const reggie_client *client, const char *name,
                                  const char *tag, reggie_response **response,
                                  reggie_error **error)
{
    reggie_request *request = NULL;
    reggie_status status;

    status = reggie_request_new(client, REGGIE_GET,
                                "/v2/<name>/manifests/<reference>", &request,
                                error);
    if (status == REGGIE_OK)
        status = reggie_request_set_name(request, name);
    if (status == REGGIE_OK)
        status = reggie_request_set_reference(request, tag);
    if (status == REGGIE_OK)
        status = reggie_request_set_header(
            request, "Accept",
            "application/vnd.oci.image.index.v1+json, "
            "application/vnd.oci.image.manifest.v1+json");
    if (status == REGGIE_OK)
        status = reggie_client_do(client, request, response, error);
    if (status == REGGIE_OK) /* such as 404 */
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

    if (argc != 4) {
        fprintf(stderr, "usage: %s URL REPOSITORY TAG\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_client_new(argv[1], NULL, &client, &error);
    if (status == REGGIE_OK)
        status = get_manifest(client, argv[2], argv[3], &response, &error);
    if (status == REGGIE_OK)
        printf("%s\n%s\n", reggie_response_header(response, "Content-Type"),
               (const char *)reggie_response_body(response));
    else /* setters return only a status */
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));

    reggie_error_free(error);
    reggie_response_free(response);
    reggie_client_free(client);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
