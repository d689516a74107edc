/*
 * Many threads with small stacks share one client, each with requests of its
 * own, while another one changes the default name. Arguments: how, the address
 * of a registry, its CA file, two repositories that have the blob "the blob",
 * its digest, the number of threads, and of requests in each.
 */
#include "check.h"

static const char *address;
static const char *ca;
static const char *names[2];
static const char *digest;
static int threads;
static int requests;

static reggie_client *client;
static pthread_barrier_t begin;

static int is_name(const char *name)
{
    return strcmp(name, names[0]) == 0 || strcmp(name, names[1]) == 0;
}

/* Gets the blob with the default name, whichever it is just now. */
static void get(void)
{
    reggie_request *request = check_request(client, REGGIE_GET,
                                            "/v2/<name>/blobs/<digest>");
    reggie_response *response = NULL;

    CHECK(is_name(reggie_request_name(request)));
    CHECK_OK(reggie_request_set_digest(request, digest), NULL);
    response = check_do(client, request);
    CHECK_NUMBER(200, reggie_response_status(response));
    CHECK_TEXT("the blob", (const char *)reggie_response_body(response));
    reggie_request_free(request);
    reggie_response_free(response);
}

static void *get_all(void *context)
{
    int i;

    (void)context;
    pthread_barrier_wait(&begin);
    for (i = 0; i < requests; i++)
        get();
    return NULL;
}

static void *rename_often(void *context)
{
    int i;

    (void)context;
    pthread_barrier_wait(&begin);
    for (i = 0; i < threads * requests; i++)
        CHECK_OK(reggie_client_set_default_name(client, names[i % 2]), NULL);
    return NULL;
}

static void run(void *context)
{
    pthread_t *all = (pthread_t *)malloc(sizeof *all * (size_t)threads);
    reggie_config *config = reggie_config_new();
    pthread_t renamer;
    int i;

    (void)context;
    CHECK(all != NULL);
    CHECK_OK(reggie_config_set_credentials(config, "user", "pass"), NULL);
    CHECK_OK(reggie_config_set_default_name(config, names[0]), NULL);
    client = check_client(address, ca, config);
    reggie_config_free(config);
    CHECK_NUMBER(0, pthread_barrier_init(&begin, NULL, (unsigned)threads + 1));
    for (i = 0; i < threads; i++)
        all[i] = check_start(get_all, NULL, CHECK_SMALL_STACK);
    renamer = check_start(rename_often, NULL, CHECK_SMALL_STACK);
    for (i = 0; i < threads; i++)
        CHECK_NUMBER(0, pthread_join(all[i], NULL));
    CHECK_NUMBER(0, pthread_join(renamer, NULL));
    CHECK_NUMBER(0, pthread_barrier_destroy(&begin));
    reggie_client_free(client);
    free(all);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(9, count);
    address = arguments[2];
    ca = arguments[3];
    names[0] = arguments[4];
    names[1] = arguments[5];
    digest = arguments[6];
    threads = atoi(arguments[7]);
    requests = atoi(arguments[8]);
    return check_run(arguments[1], run, NULL);
}
