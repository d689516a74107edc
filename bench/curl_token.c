/*
 * GETs of a manifest that requires a token, with libcurl's easy interface over
 * one kept connection:
 *
 *     curl_token each USER:PASSWORD N URL    three round trips for each GET
 *     curl_token once USER:PASSWORD N URL    the token is fetched once
 */

#include <curl/curl.h>

#include "measure.h"

#define SMALL 1500

struct memory {
    char *data;
    size_t size;
    size_t room;
};

/* Keeps the body, followed by a NUL. */
static size_t keep(char *data, size_t one, size_t count, void *userdata)
{
    struct memory *kept = userdata;
    size_t size = one * count;

    if (size >= kept->room - kept->size) {
        size_t room = kept->size + size + 1;
        char *larger = realloc(kept->data, room);

        if (larger == NULL)
            return 0;
        kept->data = larger;
        kept->room = room;
    }
    memcpy(kept->data + kept->size, data, size);
    kept->size += size;
    kept->data[kept->size] = '\0';
    return size;
}

static void set(CURLcode code)
{
    if (code != CURLE_OK)
        fail("curl_easy_setopt", curl_easy_strerror(code));
}

static void perform(CURL *curl, struct memory *kept, const char *url, long expected)
{
    long status = 0;
    CURLcode code;

    kept->size = 0;
    set(curl_easy_setopt(curl, CURLOPT_URL, url));
    code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        fail("curl_easy_perform", curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != expected)
        fail(url, "unexpected status");
}

/* The text between `before` and the next quote. */
static char *quoted(const char *text, const char *before)
{
    const char *start = strstr(text, before);
    const char *end = start != NULL ? strchr(start + strlen(before), '"') : NULL;
    char *found = end != NULL ? strndup(start + strlen(before),
                                        (size_t)(end - start) - strlen(before))
                              : NULL;

    if (found == NULL)
        fail(before, "not in the answer");
    return found;
}

/* Gets the challenge and a token: two round trips. */
static struct curl_slist *authorize(CURL *curl, struct memory *kept,
                                    const char *user, const char *url)
{
    struct curl_header *challenge;
    struct curl_slist *headers;
    char *realm, *service, *scope, *token, *parameters[2], line[4096];

    set(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL));
    perform(curl, kept, url, 401);
    if (curl_easy_header(curl, "WWW-Authenticate", 0, CURLH_HEADER, -1, &challenge)
        != CURLHE_OK)
        fail(url, "no challenge");
    realm = quoted(challenge->value, "realm=\"");
    service = quoted(challenge->value, "service=\"");
    scope = quoted(challenge->value, "scope=\"");
    parameters[0] = curl_easy_escape(curl, service, 0);
    parameters[1] = curl_easy_escape(curl, scope, 0);
    snprintf(line, sizeof line, "%s?service=%s&scope=%s", realm, parameters[0],
             parameters[1]);

    set(curl_easy_setopt(curl, CURLOPT_USERPWD, user));
    perform(curl, kept, line, 200);
    set(curl_easy_setopt(curl, CURLOPT_USERPWD, NULL));
    token = quoted(kept->data, "\"token\":\"");
    snprintf(line, sizeof line, "Authorization: Bearer %s", token);
    headers = curl_slist_append(NULL, line);

    free(realm);
    free(service);
    free(scope);
    free(token);
    curl_free(parameters[0]);
    curl_free(parameters[1]);
    return headers;
}

int main(int argc, char **argv)
{
    struct measure begun;
    struct memory kept = { NULL, 0, 0 };
    struct curl_slist *headers = NULL;
    CURL *curl;

    if (argc != 5)
        fail("usage", "curl_token each|once USER:PASSWORD N URL");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK
        || (curl = curl_easy_init()) == NULL)
        fail("libcurl", "cannot be initialised");
    measure_begin(&begun);
    set(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep));
    set(curl_easy_setopt(curl, CURLOPT_WRITEDATA, &kept));
    for (long i = 0; i < atol(argv[3]); i++) {
        if (headers == NULL || strcmp(argv[1], "each") == 0) {
            curl_slist_free_all(headers);
            headers = authorize(curl, &kept, argv[2], argv[4]);
            set(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers));
        }
        perform(curl, &kept, argv[4], 200);
        if (kept.size != SMALL)
            fail(argv[4], "unexpected length");
    }
    measure_end(&begun);
    curl_slist_free_all(headers);
    free(kept.data);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return 0;
}
