/*
 * Calls that hang in one of their steps, as far as the server is concerned,
 * and threads that end them when they do.
 *
 * The server holds what /silent, /half-head and so on ask for until /over, and
 * answers /held once it holds another one.
 */
#ifndef HANG_H
#define HANG_H

#include "check.h"
#include "process.h"

#include <signal.h>

/*
 * No call that is ended may take longer to return, on a busy machine; those
 * that are not ended take half a minute and more.
 */
#define LATEST_US 10000000

#define BODY_SIZE ((size_t)32 << 20)

/* Where the servers are. */
struct places {
    const char *server;
    const char *ca;
    const char *full;   /* no connection comes about */
    const char *silent; /* no word of TLS */
    const char *half;   /* half a ServerHello */
    const char *proxy;  /* half an answer, as an HTTP and as a SOCKS proxy */
    const char *socket; /* one of this host where no connection comes about */
    const char *folder;
};

#define PLACES 8

enum where {
    SERVER,
    BLOCKED_NAME,
    FULL,
    FULL_SOCKET,
    TLS_SILENT,
    TLS_HALF,
    PROXY_SILENT,
    PROXY_HALF,
    PROXY_TLS,
    SOCKS_SILENT,
    SOCKS_HALF
};
enum body { NO_BODY, EMPTY, FROM_MEMORY, FROM_FILE, FROM_PIPE };
enum output { TO_MEMORY, TO_PATH, TO_CALLBACK, TO_FULL_PIPE, TO_READER };
/* NO_TIME where a deadline would end the call before it hangs. */
enum limit {
    NO_LIMIT,
    NO_TIME,
    RESOLVE,
    CONNECT,
    TLS,
    FIRST_BYTE,
    COMMIT,
    STALL
};

/* A call that hangs in a step, and which time limit that step has. */
struct hang {
    const char *name;
    const char *step;
    enum where where;
    const char *path;
    enum body body;
    enum output output;
    enum limit limit;
};

static const struct hang hangs[] = {
    {"resolve", "resolve", BLOCKED_NAME, "/", NO_BODY, TO_MEMORY, RESOLVE},
    {"connect", "connect", FULL, "/", NO_BODY, TO_MEMORY, CONNECT},
    {"connect-unix", "connect", FULL_SOCKET, "/", NO_BODY, TO_MEMORY, CONNECT},
    {"proxy-silent", "connect", PROXY_SILENT, "/", NO_BODY, TO_MEMORY, CONNECT},
    {"proxy-half", "connect", PROXY_HALF, "/", NO_BODY, TO_MEMORY, CONNECT},
    {"proxy-tls", "tls", PROXY_TLS, "/", NO_BODY, TO_MEMORY, TLS},
    {"socks-silent", "connect", SOCKS_SILENT, "/", NO_BODY, TO_MEMORY, CONNECT},
    {"socks-half", "connect", SOCKS_HALF, "/", NO_BODY, TO_MEMORY, CONNECT},
    {"tls-silent", "tls", TLS_SILENT, "/", NO_BODY, TO_MEMORY, TLS},
    {"tls-half", "tls", TLS_HALF, "/", NO_BODY, TO_MEMORY, TLS},
    {"send-memory", "send", SERVER, "/unread", FROM_MEMORY, TO_MEMORY, STALL},
    {"send-file", "send", SERVER, "/unread", FROM_FILE, TO_MEMORY, STALL},
    {"send-pipe", "send", SERVER, "/unread", FROM_PIPE, TO_MEMORY, NO_LIMIT},
    {"commit", "receive", SERVER, "/silent", EMPTY, TO_MEMORY, COMMIT},
    {"silent", "receive", SERVER, "/silent", NO_BODY, TO_MEMORY, FIRST_BYTE},
    {"half-head", "receive", SERVER, "/half-head", NO_BODY, TO_MEMORY, STALL},
    {"half-body", "receive", SERVER, "/half-body", NO_BODY, TO_MEMORY, STALL},
    {"half-chunk", "receive", SERVER, "/half-chunk", NO_BODY, TO_MEMORY, STALL},
    {"to-path", "receive", SERVER, "/half-body", NO_BODY, TO_PATH, STALL},
    {"to-callback", "receive", SERVER, "/half-body", NO_BODY, TO_CALLBACK,
     STALL},
    {"to-reader", "receive", SERVER, "/half-body", NO_BODY, TO_READER, STALL},
    {"to-pipe", "deliver", SERVER, "/endless", NO_BODY, TO_FULL_PIPE, NO_LIMIT},
    {"token-resolve", "token", SERVER, "/wants-token/blocked", NO_BODY,
     TO_MEMORY, RESOLVE},
    {"token-connect", "token", SERVER, "/wants-token/full", NO_BODY, TO_MEMORY,
     CONNECT},
    {"token-tls", "token", SERVER, "/wants-token/tls-silent", NO_BODY,
     TO_MEMORY, TLS},
    {"token-tls-half", "token", SERVER, "/wants-token/tls-half", NO_BODY,
     TO_MEMORY, TLS},
    {"token", "token", SERVER, "/wants-token/silent", NO_BODY, TO_MEMORY,
     FIRST_BYTE},
    {"token-head", "token", SERVER, "/wants-token/half-head", NO_BODY,
     TO_MEMORY, STALL},
    {"token-body", "token", SERVER, "/wants-token/half-body", NO_BODY,
     TO_MEMORY, STALL},
    {"token-other", "token", SERVER, "/wants-token/noted", NO_BODY, TO_MEMORY,
     NO_LIMIT},
    {"retry", "wait", SERVER, "/busy", NO_BODY, TO_MEMORY, NO_TIME},
};

#define HANGS (sizeof hangs / sizeof hangs[0])

static struct places places;

static inline void find_places(char **arguments)
{
    places.server = arguments[0];
    places.ca = arguments[1];
    places.full = arguments[2];
    places.silent = arguments[3];
    places.half = arguments[4];
    places.proxy = arguments[5];
    places.socket = arguments[6];
    places.folder = arguments[7];
}

static inline int64_t now_us(void)
{
    struct timespec now;

    CHECK_NUMBER(0, clock_gettime(CLOCK_MONOTONIC, &now));
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Settings without the system's certificates, which take long to read. */
static inline reggie_config *settings(void)
{
    reggie_config *config = reggie_config_new();

    CHECK_OK(reggie_config_set_system_trust(config, 0), NULL);
    return config;
}

/* Asks the server for something beside the calls that hang. */
static inline void control(const char *path)
{
    reggie_config *config = settings();
    reggie_client *client = check_client(places.server, places.ca, config);
    reggie_request *request = check_request(client, REGGIE_GET, path);

    CHECK_OK(reggie_request_set_timeout(request, 20000), NULL);
    check_sends(client, request, 200);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
}

/* Whether the server tells by /held that the call has come that far. */
static inline int is_told(const struct hang *hang)
{
    return hang->where != BLOCKED_NAME && hang->where != FULL &&
           hang->where != FULL_SOCKET;
}

/* A call that is to hang. */
struct scene {
    const struct hang *hang;
    reggie_config *config;
    reggie_client *client;
    reggie_request *request;
    reggie_cancel *cancel;
    int pipe[2];
    FILE *file;
    /* A thread that fetches the token for which the call waits. */
    int has_other;
    pthread_t other;
    reggie_request *others_request;
    reggie_cancel *others_cancel;
};

static inline int take_all(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    (void)data;
    (void)size;
    return 0;
}

static inline const char *address_of(const struct hang *hang)
{
    switch (hang->where) {
    case BLOCKED_NAME:
        return "http://blocked.example";
    case FULL:
        return places.full;
    case FULL_SOCKET:
        return places.socket;
    case PROXY_SILENT:
    case PROXY_HALF:
    case PROXY_TLS:
    case SOCKS_SILENT:
    case SOCKS_HALF:
        return "https://registry.example";
    case TLS_SILENT:
        return places.silent;
    case TLS_HALF:
        return places.half;
    default:
        return places.server;
    }
}

/* Goes through a proxy at the host and port of a URL. */
static inline void set_proxy(struct scene *scene, const char *scheme,
                             const char *place)
{
    char url[128];
    reggie_error *error = NULL;

    snprintf(url, sizeof url, "%s%s", scheme, strstr(place, "://"));
    CHECK_OK(reggie_config_set_proxy(scene->config, "https", url, &error),
             error);
}

static inline void set_way(struct scene *scene)
{
    switch (scene->hang->where) {
    case PROXY_SILENT:
        set_proxy(scene, "http", places.silent);
        break;
    case PROXY_HALF:
        set_proxy(scene, "http", places.proxy);
        break;
    case PROXY_TLS:
        set_proxy(scene, "https", places.silent);
        break;
    case SOCKS_SILENT:
        set_proxy(scene, "socks5h", places.silent);
        break;
    case SOCKS_HALF:
        set_proxy(scene, "socks5h", places.proxy);
        break;
    default:
        break;
    }
    if (scene->hang->limit != NO_TIME)
        return;
    CHECK_OK(reggie_config_set_retries(scene->config, 1), NULL);
    CHECK_OK(reggie_config_set_retry_delays(scene->config, 1, 1, 200000), NULL);
}

static inline void *fetch_token(void *context)
{
    struct scene *scene = (struct scene *)context;
    reggie_response *response = NULL;
    reggie_error *error = NULL;

    CHECK_FAILS(REGGIE_CANCELLED,
                reggie_client_do(scene->client, scene->others_request,
                                 &response, &error), error);
    return NULL;
}

/* Has another thread fetch the token. */
static inline void fetch_in_another(struct scene *scene)
{
    reggie_error *error = NULL;

    scene->has_other = 1;
    scene->others_request = check_request(scene->client, REGGIE_GET,
                                          "/wants-token/silent");
    CHECK_OK(reggie_cancel_new(&scene->others_cancel, &error), error);
    CHECK_OK(reggie_request_set_cancel(scene->others_request,
                                       scene->others_cancel), NULL);
    scene->other = check_start(fetch_token, scene, 0);
    control("/held");
}

static inline void end_the_other(struct scene *scene)
{
    reggie_cancel_trigger(scene->others_cancel);
    CHECK_NUMBER(0, pthread_join(scene->other, NULL));
    reggie_request_free(scene->others_request);
    reggie_cancel_free(scene->others_cancel);
}

static inline void set_body(struct scene *scene)
{
    static uint8_t bytes[BODY_SIZE];
    reggie_error *error = NULL;

    if (scene->hang->body == NO_BODY)
        return;
    CHECK_OK(reggie_request_set_method(scene->request, REGGIE_PUT), NULL);
    switch (scene->hang->body) {
    case EMPTY:
        break;
    case FROM_MEMORY:
        CHECK_OK(reggie_request_set_body(scene->request, bytes, BODY_SIZE),
                 NULL);
        break;
    case FROM_FILE:
        scene->file = tmpfile();
        CHECK(scene->file != NULL);
        CHECK_NUMBER(0, ftruncate(fileno(scene->file), (off_t)BODY_SIZE));
        CHECK_OK(reggie_request_set_body_fd(scene->request,
                                            fileno(scene->file), BODY_SIZE,
                                            &error), error);
        break;
    default:
        CHECK_NUMBER(0, pipe(scene->pipe));
        CHECK_OK(reggie_request_set_body_fd(scene->request, scene->pipe[0],
                                            1000, &error), error);
    }
}

static inline void set_output(struct scene *scene)
{
    char path[512];

    switch (scene->hang->output) {
    case TO_PATH:
        snprintf(path, sizeof path, "%s/half", places.folder);
        CHECK_OK(reggie_request_set_output_path(scene->request, path), NULL);
        break;
    case TO_CALLBACK:
        CHECK_OK(reggie_request_set_output_callback(scene->request, take_all,
                                                    NULL, NULL), NULL);
        break;
    case TO_FULL_PIPE:
        CHECK_NUMBER(0, pipe(scene->pipe));
        CHECK_OK(reggie_request_set_output_fd(scene->request, scene->pipe[1]),
                 NULL);
        break;
    default:
        break;
    }
}

static inline void set_limit(struct scene *scene, int64_t milliseconds)
{
    reggie_config *config = scene->config;

    switch (scene->hang->limit) {
    case RESOLVE:
        CHECK_OK(reggie_config_set_resolve_timeout(config, milliseconds), NULL);
        break;
    case CONNECT:
        CHECK_OK(reggie_config_set_connect_timeout(config, milliseconds), NULL);
        break;
    case TLS:
        CHECK_OK(reggie_config_set_tls_timeout(config, milliseconds), NULL);
        break;
    case FIRST_BYTE:
        CHECK_OK(reggie_config_set_first_byte_timeout(config, milliseconds),
                 NULL);
        break;
    case COMMIT:
        CHECK_OK(reggie_config_set_commit_timeout(config, milliseconds), NULL);
        break;
    case STALL:
        CHECK_OK(reggie_config_set_stall_limit(config, 1, milliseconds), NULL);
        break;
    case NO_LIMIT:
    case NO_TIME:
        break;
    }
}

/* Prepares a call; a limit of 0 is the default. */
static inline void begin(struct scene *scene, const struct hang *hang,
                         int64_t limit, int64_t timeout)
{
    reggie_error *error = NULL;

    memset(scene, 0, sizeof *scene);
    scene->pipe[0] = scene->pipe[1] = -1;
    scene->hang = hang;
    scene->config = settings();
    if (limit > 0)
        set_limit(scene, limit);
    else if (timeout > 0) /* on a busy machine it is above the default limit */
        set_limit(scene, 10 * timeout);
    set_way(scene);
    scene->client = check_client(address_of(hang),
                                 hang->where == SERVER ? places.ca : "-",
                                 scene->config);
    if (strcmp(hang->path, "/wants-token/noted") == 0)
        fetch_in_another(scene);
    scene->request = check_request(scene->client, REGGIE_GET, hang->path);
    CHECK_OK(reggie_cancel_new(&scene->cancel, &error), error);
    CHECK_OK(reggie_request_set_cancel(scene->request, scene->cancel), NULL);
    CHECK_OK(reggie_request_set_timeout(scene->request, timeout), NULL);
    set_body(scene);
    set_output(scene);
}

/* Makes the call, which fails sooner or later. */
static inline reggie_status make_call(struct scene *scene, reggie_error **error)
{
    reggie_response *response = NULL;
    reggie_status status;
    uint8_t buffer[3];
    size_t got = 1;

    if (scene->hang->output != TO_READER) {
        status = reggie_client_do(scene->client, scene->request, &response,
                                  error);
        CHECK(response == NULL);
        return status;
    }
    status = reggie_client_open(scene->client, scene->request, &response, error);
    while (status == REGGIE_OK && got > 0)
        status = reggie_response_read(response, buffer, sizeof buffer, &got,
                                      error);
    reggie_response_free(response);
    return status;
}

/* The server lets go, and the client works as before. */
static inline void end(struct scene *scene)
{
    if (scene->has_other)
        end_the_other(scene);
    if (is_told(scene->hang))
        control("/over");
    if (scene->hang->where == SERVER) {
        reggie_request *request = check_request(scene->client, REGGIE_GET, "/");

        /* Without retries, it does not wait as long as the server has asked for. */
        CHECK_OK(reggie_request_set_retries(request, 0), NULL);
        check_sends(scene->client, request, 200);
        reggie_request_free(request);
    }
    reggie_request_free(scene->request);
    reggie_client_free(scene->client);
    reggie_config_free(scene->config);
    reggie_cancel_free(scene->cancel);
    if (scene->pipe[0] >= 0) {
        CHECK_NUMBER(0, close(scene->pipe[0]));
        CHECK_NUMBER(0, close(scene->pipe[1]));
    }
    if (scene->file)
        CHECK_NUMBER(0, fclose(scene->file));
}

/* Waits until a call in another thread hangs. */
static inline void wait_until_it_hangs(const struct hang *hang,
                                       const char *thread)
{
    if (is_told(hang))
        control("/held");
    wait_until_asleep(thread);
}

#endif
