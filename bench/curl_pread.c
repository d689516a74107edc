/*
 * Reads at random offsets with libcurl, each by a request for a range:
 *
 *     curl_pread URL N THREADS
 */

#include <curl/curl.h>
#include <pthread.h>

#include "measure.h"

#define LARGE (1LL << 30)
#define PIECE 4096

struct reader {
    const char *url;
    long number;
    unsigned seed;
};

static size_t count_bytes(char *data, size_t one, size_t count, void *userdata)
{
    (void)data;
    *(size_t *)userdata += one * count;
    return one * count;
}

static void *read_at_random(void *argument)
{
    const struct reader *reader = argument;
    unsigned seed = reader->seed;
    CURL *curl = curl_easy_init();
    size_t got;

    curl_easy_setopt(curl, CURLOPT_URL, reader->url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
    for (long i = 0; i < reader->number; i++) {
        long long offset = (long long)rand_r(&seed) % (LARGE / PIECE) * PIECE;
        char range[64];
        CURLcode code;

        snprintf(range, sizeof range, "%lld-%lld", offset, offset + PIECE - 1);
        curl_easy_setopt(curl, CURLOPT_RANGE, range);
        got = 0;
        code = curl_easy_perform(curl);
        if (code != CURLE_OK || got != PIECE)
            fail("curl_easy_perform", curl_easy_strerror(code));
    }
    curl_easy_cleanup(curl);
    return NULL;
}

int main(int argc, char **argv)
{
    struct measure begun;
    pthread_t started[64];
    struct reader readers[64];
    long number, threads;

    if (argc != 4)
        fail("usage", "URL N THREADS");
    number = atol(argv[2]);
    threads = atol(argv[3]);
    measure_begin(&begun);
    curl_global_init(CURL_GLOBAL_ALL);
    for (long i = 0; i < threads; i++) {
        readers[i] = (struct reader){ argv[1], number / threads, (unsigned)i + 1 };
        if (pthread_create(&started[i], NULL, read_at_random, &readers[i]) != 0)
            fail("pthread_create", "no thread");
    }
    for (long i = 0; i < threads; i++)
        pthread_join(started[i], NULL);
    measure_end(&begun);
    return 0;
}
