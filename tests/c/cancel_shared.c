/*
 * One cancel handle for many calls on many threads: triggered while they hang
 * in all kinds of steps, freed while they use it, triggered before they begin.
 * Arguments: how, the places of hang.h, and how many calls, of 32 at most.
 */
#include "hang.h"

#define MOST 32

/* Kinds of calls that hang, by the names of hang.h. */
static const char *const kinds[] = {
    "silent",     "half-head", "half-body",  "to-reader",   "send-memory",
    "connect",    "tls-half",  "proxy-half", "token",       "retry",
    "socks-half", "token-tls", "half-chunk",
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static char **arguments;
static int count_of_calls;

/* A call in a thread of its own. */
struct call {
    struct scene scene;
    const struct hang *hang;
    pthread_t thread;
    reggie_status status;
    reggie_error *error;
};

static const struct hang *find(const char *name)
{
    size_t i;

    for (i = 0; i < HANGS; i++)
        if (strcmp(hangs[i].name, name) == 0)
            return &hangs[i];
    CHECK(!"the name of a step");
    return NULL;
}

static void *make(void *context)
{
    struct call *call = (struct call *)context;

    call->status = make_call(&call->scene, &call->error);
    return NULL;
}

/* The threads of this process that sleep and are not woken any more. */
static void wait_until_all_sleep(void)
{
    long before = -1;
    int same = 0;

    while (same < 5) {
        DIR *folder = opendir("/proc/self/task");
        struct dirent *entry;
        long sum = 0;
        long awake = 0;
        char name[300];

        CHECK(folder != NULL);
        while ((entry = readdir(folder)) != NULL) {
            if (entry->d_name[0] == '.' || atol(entry->d_name) == getpid())
                continue;
            snprintf(name, sizeof name, "/proc/self/task/%s/status",
                     entry->d_name);
            /* One that has ended since is at rest too. */
            if (access(name, R_OK) == 0) {
                long found = sleeps(name);

                awake += found < 0;
                sum += found;
            }
        }
        CHECK_NUMBER(0, closedir(folder));
        same = awake == 0 && sum == before ? same + 1 : 0;
        before = sum;
        sleep_ms(10);
    }
}

/* Begins calls that hang, each of the next kind, with one handle for all. */
static void begin_calls(struct call *calls, const char *only,
                        reggie_cancel *cancel)
{
    int i;

    memset(calls, 0, MOST * sizeof *calls);
    for (i = 0; i < count_of_calls; i++) {
        calls[i].hang = find(only ? only : kinds[(size_t)i % KINDS]);
        begin(&calls[i].scene, calls[i].hang, 0, 0);
        CHECK_OK(reggie_request_set_cancel(calls[i].scene.request, cancel),
                 NULL);
    }
    for (i = 0; i < count_of_calls; i++)
        calls[i].thread = check_start(make, &calls[i], 0);
    for (i = 0; i < count_of_calls; i++)
        if (is_told(calls[i].hang))
            control("/held");
    wait_until_all_sleep();
}

static void join_calls(struct call *calls)
{
    int i;

    for (i = 0; i < count_of_calls; i++)
        CHECK_NUMBER(0, pthread_join(calls[i].thread, NULL));
}

static void expect_cancelled(struct call *calls)
{
    int i;

    for (i = 0; i < count_of_calls; i++) {
        CHECK_TEXT(calls[i].hang->step, reggie_error_step(calls[i].error));
        CHECK_FAILS(REGGIE_CANCELLED, calls[i].status, calls[i].error);
    }
    for (i = 0; i < count_of_calls; i++)
        end(&calls[i].scene);
}

static reggie_cancel *make_cancel(void)
{
    reggie_cancel *cancel = NULL;

    CHECK_OK(reggie_cancel_new(&cancel, NULL), NULL);
    return cancel;
}

static struct call calls[MOST];

static void triggered_for_all(void)
{
    reggie_cancel *cancel = make_cancel();
    int64_t time;

    begin_calls(calls, NULL, cancel);
    time = now_us();
    reggie_cancel_trigger(cancel);
    join_calls(calls);
    CHECK(now_us() - time < LATEST_US);
    CHECK_NUMBER(1, reggie_cancel_is_triggered(cancel));
    expect_cancelled(calls);
    reggie_cancel_free(cancel);
}

/* At once after the trigger: the calls have yet to find out. */
static void freed_behind_the_trigger(void)
{
    reggie_cancel *cancel = make_cancel();

    begin_calls(calls, NULL, cancel);
    reggie_cancel_trigger(cancel);
    reggie_cancel_free(cancel);
    join_calls(calls);
    expect_cancelled(calls);
}

/* The calls wait on, until the server closes. */
static void freed_in_use(void)
{
    reggie_cancel *cancel = make_cancel();
    int i;

    begin_calls(calls, "silent", cancel);
    reggie_cancel_free(cancel);
    wait_until_all_sleep();
    control("/over");
    join_calls(calls);
    for (i = 0; i < count_of_calls; i++) {
        CHECK_FAILS(REGGIE_CLOSED, calls[i].status, calls[i].error);
        end(&calls[i].scene);
    }
}

static void triggered_before(void)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = check_client(places.server, places.ca, config);
    reggie_request *request = check_request(client, REGGIE_GET, "/");
    reggie_cancel *cancel = make_cancel();
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    uint8_t buffer[8];
    size_t got = 0;
    int before;
    int i;

    CHECK_OK(reggie_request_set_cancel(request, cancel), NULL);
    for (i = 0; i < 3; i++)
        check_sends(client, request, 200);
    before = open_descriptors();
    CHECK_OK(reggie_request_set_path(request, "/endless"), NULL);
    CHECK_OK(reggie_client_open(client, request, &response, &error), error);
    CHECK_OK(reggie_response_read(response, buffer, sizeof buffer, &got, &error),
             error);
    CHECK(got > 0);
    reggie_cancel_trigger(cancel);
    /* There is more to read at once, and it is not read. */
    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_response_read(response, buffer, sizeof buffer, &got,
                                     &error), error);
    reggie_response_free(response);
    response = NULL;
    control("/held");
    control("/over");
    reggie_cancel_free(cancel);
    CHECK_OK(reggie_request_set_path(request, "/"), NULL);
    for (i = 0; i < 3; i++) {
        error = NULL;
        CHECK_NUMBER(REGGIE_CANCELLED,
                     reggie_client_do(client, request, &response, &error));
        CHECK_TEXT("prepare", reggie_error_step(error));
        CHECK_FAILS(REGGIE_CANCELLED, REGGIE_CANCELLED, error);
        CHECK(response == NULL);
    }
    /* That of the handle stays, that of the connection went. */
    CHECK_NUMBER(before - 1, open_descriptors());
    CHECK_OK(reggie_request_set_cancel(request, NULL), NULL);
    check_sends(client, request, 200);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
}

static void run(void *context)
{
    int before = open_descriptors();
    (void)context;
    find_places(arguments + 2);
    triggered_for_all();
    freed_behind_the_trigger();
    freed_in_use();
    triggered_before();
    while (open_descriptors() > before)
        sleep_ms(10);
    CHECK_NUMBER(before, open_descriptors());
}

int main(int count, char **values)
{
    CHECK_NUMBER(3 + PLACES, count);
    arguments = values;
    count_of_calls = atoi(values[2 + PLACES]);
    CHECK(count_of_calls <= MOST);
    return check_run(arguments[1], run, NULL);
}
