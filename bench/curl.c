/*
 * The benchmark cases with libcurl's easy interface:
 *
 *     curl [--ca FILE] get N URL
 *     curl [--ca FILE] down URL [BUFFER]
 *     curl [--ca FILE] up URL FILE [BUFFER]
 *
 * A BUFFER is a number of bytes, or "largest".
 */

#include <curl/curl.h>
#include <sys/stat.h>

#include "measure.h"

/* The maximum of CURLOPT_UPLOAD_BUFFERSIZE, which curl.h does not define. */
#define LARGEST_UPLOAD_BUFFER (2L * 1024 * 1024)
#define SMALL 1500
#define LARGE (1LL << 30)

struct memory {
    char *data;
    size_t size;
    size_t room;
};

/* Keeps the body in memory, as libreggie does. */
static size_t keep(char *data, size_t one, size_t count, void *userdata)
{
    struct memory *kept = userdata;
    size_t size = one * count;

    if (size > kept->room - kept->size) {
        size_t room = kept->size + size;
        char *larger = realloc(kept->data, room);

        if (larger == NULL)
            return 0;
        kept->data = larger;
        kept->room = room;
    }
    memcpy(kept->data + kept->size, data, size);
    kept->size += size;
    return size;
}

static size_t count_bytes(char *data, size_t one, size_t count, void *userdata)
{
    (void)data;
    *(long long *)userdata += (long long)(one * count);
    return one * count;
}

static void set(CURLcode code)
{
    if (code != CURLE_OK)
        fail("curl_easy_setopt", curl_easy_strerror(code));
}

static void perform(CURL *curl, long expected)
{
    long status = 0;
    CURLcode code = curl_easy_perform(curl);

    if (code != CURLE_OK)
        fail("curl_easy_perform", curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != expected)
        fail("curl_easy_perform", "unexpected status");
}

static void get(CURL *curl, long number, const char *url)
{
    struct memory kept = { NULL, 0, 0 };

    set(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep));
    set(curl_easy_setopt(curl, CURLOPT_WRITEDATA, &kept));
    for (long i = 0; i < number; i++) {
        kept.size = 0;
        set(curl_easy_setopt(curl, CURLOPT_URL, url));
        perform(curl, 200);
        if (kept.size != SMALL)
            fail(url, "unexpected length");
    }
    free(kept.data);
}

static long buffer_size(const char *text, long largest)
{
    return strcmp(text, "largest") == 0 ? largest : atol(text);
}

static void down(CURL *curl, const char *url, const char *buffer)
{
    long long total = 0;

    if (buffer != NULL)
        set(curl_easy_setopt(curl, CURLOPT_BUFFERSIZE,
                             buffer_size(buffer, CURL_MAX_READ_SIZE)));
    set(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes));
    set(curl_easy_setopt(curl, CURLOPT_WRITEDATA, &total));
    set(curl_easy_setopt(curl, CURLOPT_URL, url));
    perform(curl, 200);
    if (total != LARGE)
        fail(url, "unexpected length");
}

static void up(CURL *curl, const char *url, const char *path, const char *buffer)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    /* libreggie does not send Expect: 100-continue either. */
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

    if (file == NULL || fstat(fileno(file), &about) != 0 || headers == NULL)
        fail(path, "cannot be read");
    if (buffer != NULL)
        set(curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE,
                             buffer_size(buffer, LARGEST_UPLOAD_BUFFER)));
    set(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers));
    set(curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L));
    set(curl_easy_setopt(curl, CURLOPT_READDATA, file));
    set(curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                         (curl_off_t)about.st_size));
    set(curl_easy_setopt(curl, CURLOPT_URL, url));
    perform(curl, 201);
    curl_slist_free_all(headers);
    fclose(file);
}

int main(int argc, char **argv)
{
    struct measure begun;
    const char *ca = NULL;
    CURL *curl;

    if (argc > 2 && strcmp(argv[1], "--ca") == 0) {
        ca = argv[2];
        argv += 2;
        argc -= 2;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK
        || (curl = curl_easy_init()) == NULL)
        fail("libcurl", "cannot be initialised");
    measure_begin(&begun);
    if (ca != NULL)
        set(curl_easy_setopt(curl, CURLOPT_CAINFO, ca));
    if (argc == 4 && strcmp(argv[1], "get") == 0)
        get(curl, atol(argv[2]), argv[3]);
    else if ((argc == 3 || argc == 4) && strcmp(argv[1], "down") == 0)
        down(curl, argv[2], argv[3]);
    else if ((argc == 4 || argc == 5) && strcmp(argv[1], "up") == 0)
        up(curl, argv[2], argv[3], argv[4]);
    else
        fail("usage", "curl [--ca FILE] get N URL | down URL [BUFFER] | up URL FILE [BUFFER]");
    measure_end(&begun);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return 0;
}
