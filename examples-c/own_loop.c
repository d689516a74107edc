/* own_loop URL REPOSITORY DIGEST...: downloads blobs with libcurl's multi
 * interface from where libreggie locates them, and verifies them. */
#include "common.h"

#include <curl/curl.h>

struct transfer {
    reggie_digester *digester;
    struct curl_slist *fields;
    const char *digest;
};

static size_t receive(char *data, size_t one, size_t size, void *digester)
{
    return reggie_digester_update((reggie_digester *)digester,
                                  (const uint8_t *)data, one * size)
        == REGGIE_OK ? size : 0;
}

/* Adds the download of a located blob to the loop. */
static void add(CURLM *loop, const reggie_location *place,
                struct transfer *transfer)
{
    const reggie_headers *headers = reggie_location_headers(place);
    const char *ca_file = getenv("REGGIE_CA_FILE");
    CURL *curl = curl_easy_init();
    char field[16384];
    size_t i;

    for (i = 0; i < reggie_headers_count(headers); i++) {
        snprintf(field, sizeof field, "%s: %s", reggie_headers_name(headers, i),
                 reggie_headers_value(headers, i));
        transfer->fields = curl_slist_append(transfer->fields, field);
    }
    curl_easy_setopt(curl, CURLOPT_URL, reggie_location_url(place));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->fields);
    if (ca_file != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer->digester);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
    curl_multi_add_handle(loop, curl);
}

int main(int argc, char **argv)
{
    reggie_client *client = argc > 3 ? new_client(argv[1], argv[2]) : NULL;
    struct transfer transfers[16] = {{NULL, NULL, NULL}}, *one;
    reggie_repository *repository = NULL;
    reggie_error *error = NULL;
    reggie_status status;
    CURLM *loop = curl_multi_init();
    CURLMsg *message;
    int ok, running = 1, left, i;

    if (argc < 4) {
        fprintf(stderr, "usage: %s URL REPOSITORY DIGEST...\n", argv[0]);
        return EXIT_FAILURE;
    }
    status = reggie_repository_new(client, NULL, &repository, &error);
    for (i = 0; status == REGGIE_OK && i < 16 && i + 3 < argc; i++) {
        reggie_descriptor *blob = NULL;
        reggie_location *place = NULL;

        one = &transfers[i];
        one->digest = argv[i + 3];
        status = reggie_descriptor_new(one->digest, REGGIE_UNKNOWN_SIZE, NULL,
                                       &blob, &error);
        if (status == REGGIE_OK)
            status = reggie_blob_locate(repository, blob, 1, NULL, &place,
                                        &error);
        if (status == REGGIE_OK)
            status = reggie_digester_new(one->digest, &one->digester, &error);
        if (status == REGGIE_OK)
            add(loop, place, one);
        reggie_location_free(place);
        reggie_descriptor_free(blob);
    }
    ok = succeeded("location of a blob", status, error);
    while (running && curl_multi_perform(loop, &running) == CURLM_OK)
        curl_multi_poll(loop, NULL, 0, 1000, NULL);
    while ((message = curl_multi_info_read(loop, &left)) != NULL) {
        CURL *curl = message->easy_handle;

        curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&one);
        status = reggie_digester_check(one->digester, one->digest, NULL);
        printf("%s: %s\n", one->digest, reggie_status_string(status));
        ok = ok && status == REGGIE_OK;
        reggie_digester_free(one->digester);
        curl_slist_free_all(one->fields);
        curl_multi_remove_handle(loop, curl);
        curl_easy_cleanup(curl);
    }
    curl_multi_cleanup(loop);
    reggie_error_free(error);
    reggie_repository_free(repository);
    reggie_client_free(client);
    return exit_code(ok);
}
