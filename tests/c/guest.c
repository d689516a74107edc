/*
 * Calls leave no thread and no descriptor behind, and what is open meanwhile
 * is not inherited by programs that the host starts. Arguments: how, the
 * address of a server, its CA file, a folder to write to, and an address
 * where nobody listens.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>

static char **arguments;

/* The entries of a folder, without the two that all have. */
static int entries(const char *folder)
{
    int count = 0;
    struct dirent *entry;
    DIR *opened = opendir(folder);

    CHECK(opened != NULL);
    while ((entry = readdir(opened)) != NULL)
        count += entry->d_name[0] != '.';
    CHECK_NUMBER(0, closedir(opened));
    return count;
}

static int threads(void)
{
    return entries("/proc/self/task");
}

/* The open descriptors; those above `host` are the library's, and must close
   when another program is run. */
static int descriptors(int host)
{
    int count = 0;
    int fd;

    for (fd = 0; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);

        if (flags == -1)
            continue;
        count++;
        if (fd > host)
            CHECK(flags & FD_CLOEXEC);
    }
    return count;
}

/* The highest open descriptor. */
static int highest(void)
{
    int fd = 1023;

    while (fcntl(fd, F_GETFD) == -1)
        fd--;
    return fd;
}

static int host;
static int before;

static int on_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    (void)userdata;
    (void)buffer;
    (void)size;
    /* The connection. */
    CHECK_NUMBER(before + 1, descriptors(host));
    *got = 0;
    return 0;
}

static void on_log(void *userdata, int level, const char *message)
{
    int *most = (int *)userdata;
    int now = descriptors(host);

    (void)level;
    (void)message;
    if (now > *most)
        *most = now;
}

static void failures(const reggie_client *client)
{
    reggie_request *request = check_request(client, "GET", "/cut");
    reggie_response *response = NULL;
    reggie_client *other = NULL;
    char path[512];

    CHECK_NUMBER(REGGIE_TRUNCATED,
                 reggie_client_do(client, request, &response, NULL));
    snprintf(path, sizeof path, "%s/cut", arguments[4]);
    CHECK_OK(reggie_request_set_output_path(request, path), NULL);
    CHECK_NUMBER(REGGIE_TRUNCATED,
                 reggie_client_do(client, request, &response, NULL));
    CHECK_NUMBER(0, entries(arguments[4]));
    CHECK_OK(reggie_request_set_path(request, "/open"), NULL);
    CHECK_OK(reggie_client_open(client, request, &response, NULL), NULL);
    reggie_response_free(response);
    reggie_request_free(request);

    CHECK_OK(reggie_client_new(arguments[5], NULL, &other, NULL), NULL);
    request = check_request(other, "GET", "/");
    CHECK_NUMBER(REGGIE_CONNECT,
                 reggie_client_do(other, request, &response, NULL));
    reggie_client_free(other);
    reggie_request_free(request);
    if (strcmp(arguments[3], "-") == 0)
        return;
    /* The authority is not trusted. */
    CHECK_OK(reggie_client_new(arguments[2], NULL, &other, NULL), NULL);
    request = check_request(other, "GET", "/");
    CHECK_NUMBER(REGGIE_CERTIFICATE,
                 reggie_client_do(other, request, &response, NULL));
    reggie_client_free(other);
    reggie_request_free(request);
}

struct sent {
    const reggie_client *client;
    reggie_request *request;
};

static void *send_it(void *sent)
{
    check_sends(((struct sent *)sent)->client, ((struct sent *)sent)->request,
                200);
    return NULL;
}

/* The server sends half of /slow, and the rest once it was asked for /go. */
static void the_file_that_is_written(const reggie_client *client)
{
    reggie_request *slow = check_request(client, "GET", "/slow");
    reggie_request *go = check_request(client, "GET", "/go");
    struct sent sent;
    char path[512];
    char events[4096];
    pthread_t thread;
    int watch = inotify_init1(IN_CLOEXEC);

    CHECK(watch >= 0);
    CHECK(inotify_add_watch(watch, arguments[4], IN_MODIFY) >= 0);
    snprintf(path, sizeof path, "%s/slow", arguments[4]);
    CHECK_OK(reggie_request_set_output_path(slow, path), NULL);
    sent.client = client;
    sent.request = slow;
    thread = check_start(send_it, &sent, CHECK_SMALL_STACK);
    CHECK(read(watch, events, sizeof events) > 0);
    /* The watch, the connection, the directory, and the file, which is not
       visible by its name yet. */
    CHECK_NUMBER(before + 4, descriptors(host));
    CHECK_NUMBER(0, entries(arguments[4]));
    check_sends(client, go, 200);
    CHECK_NUMBER(0, pthread_join(thread, NULL));
    CHECK_NUMBER(1, entries(arguments[4]));
    CHECK_NUMBER(0, unlink(path));
    CHECK_NUMBER(0, close(watch));
    reggie_request_free(slow);
    reggie_request_free(go);
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    int mine = threads();
    int most = 0;

    (void)context;
    host = highest();
    before = descriptors(host);
    CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG, on_log,
                                            &most, NULL), NULL);
    client = check_client(arguments[2], arguments[3], config);
    reggie_config_free(config);
    CHECK_NUMBER(before, descriptors(host));

    request = check_request(client, "PUT", "/");
    CHECK_OK(reggie_request_set_body_callback(request, on_read, NULL,
                                              REGGIE_UNKNOWN_SIZE, NULL, NULL),
             NULL);
    check_sends(client, request, 200);
    /* The connection is kept, the thread that resolved the name is not. */
    CHECK_NUMBER(before + 1, descriptors(host));
    CHECK_NUMBER(mine, threads());
    CHECK_NUMBER(before + 1, most);
    CHECK_OK(reggie_request_set_body_path(request, "/etc/passwd"), NULL);
    check_sends(client, request, 200);
    CHECK_NUMBER(before + 1, descriptors(host));
    CHECK_NUMBER(before + 2, most);

    CHECK_OK(reggie_request_remove_body(request), NULL);
    CHECK_OK(reggie_request_set_path(request, "/open"), NULL);
    CHECK_OK(reggie_client_open(client, request, &response, NULL), NULL);
    CHECK_NUMBER(before + 1, descriptors(host));
    reggie_response_free(response);
    CHECK_NUMBER(before, descriptors(host));

    the_file_that_is_written(client);
    failures(client);
    CHECK_NUMBER(mine, threads());
    reggie_client_free(client);
    reggie_request_free(request);
    CHECK_NUMBER(before, descriptors(host));
}

int main(int count, char **values)
{
    CHECK_NUMBER(6, count);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
