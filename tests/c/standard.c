/*
 * In a host that has closed its descriptors 0, 1 and 2 none of the library's
 * takes their place, in whatever step a call is. Arguments: "child", the places
 * of hang.h, the address of a registry on a socket of this host, and a folder with
 * certificates.
 */
#include "hang.h"

#include <fcntl.h>

#define REPORT 200

static char **arguments;

/* What a check that fails prints goes to the lowest descriptor that is free. */
static void failed(const char *where)
{
    CHECK_NUMBER(2, dup2(REPORT, 2));
    check_failed(__FILE__, __LINE__, where,
                 "a descriptor of stdin, stdout or stderr is taken");
}

static void expect_free(const char *where)
{
    int fd;

    for (fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
            failed(where);
}

static void on_log(void *userdata, int level, const char *message)
{
    (void)userdata;
    (void)level;
    expect_free(message);
}

static int on_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    (void)userdata;
    (void)buffer;
    (void)size;
    expect_free("read callback");
    *got = 0;
    return 0;
}

static int on_write(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    (void)data;
    (void)size;
    expect_free("write callback");
    return 0;
}

static void sends(const char *address, const char *ca)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    char path[512];

    CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG, on_log,
                                            NULL, NULL), NULL);
    CHECK_OK(reggie_config_add_ca_folder(config, arguments[3 + PLACES], NULL),
             NULL);
    CHECK_OK(reggie_config_set_key_log(config, 1), NULL);
    client = check_client(address, ca, config);
    expect_free("client");
    request = check_request(client, REGGIE_PUT, "/");
    CHECK_OK(reggie_request_set_body_callback(request, on_read, NULL,
                                              REGGIE_UNKNOWN_SIZE, NULL, NULL),
             NULL);
    CHECK_OK(reggie_request_set_output_callback(request, on_write, NULL, NULL),
             NULL);
    check_sends(client, request, 200);
    expect_free("call");
    snprintf(path, sizeof path, "%s/output", places.folder);
    CHECK_OK(reggie_request_set_output_path(request, path), NULL);
    CHECK_OK(reggie_request_set_body_path(request, "/etc/passwd"), NULL);
    check_sends(client, request, 200);
    expect_free("call with files");
    CHECK_NUMBER(0, unlink(path));
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
}

struct watcher {
    const struct scene *scene;
    char name[128];
};

static void *watch(void *context)
{
    struct watcher *watcher = (struct watcher *)context;

    wait_until_it_hangs(watcher->scene->hang, watcher->name);
    expect_free(watcher->scene->hang->name);
    reggie_cancel_trigger(watcher->scene->cancel);
    return NULL;
}

static void hangs_in(const struct hang *hang)
{
    struct scene scene;
    struct watcher watcher;
    reggie_error *error = NULL;
    pthread_t thread;

    begin(&scene, hang, 0, 0);
    watcher.scene = &scene;
    name_thread(watcher.name, sizeof watcher.name);
    thread = check_start(watch, &watcher, 0);
    CHECK_FAILS(REGGIE_CANCELLED, make_call(&scene, &error), error);
    CHECK_NUMBER(0, pthread_join(thread, NULL));
    end(&scene);
}

static void run(void *context)
{
    size_t i;
    int fd;

    (void)context;
    find_places(arguments + 2);
    CHECK_NUMBER(REPORT, dup2(2, REPORT));
    for (fd = 0; fd <= 2; fd++)
        CHECK_NUMBER(0, close(fd));
    sends(places.server, places.ca);
    sends(arguments[2 + PLACES], "-");
    for (i = 0; i < HANGS; i++)
        /* Not where a descriptor of this program's is among them. */
        if (hangs[i].body != FROM_FILE && hangs[i].body != FROM_PIPE &&
            hangs[i].output != TO_FULL_PIPE)
            hangs_in(&hangs[i]);
    expect_free("end");
}

int main(int count, char **values)
{
    CHECK_NUMBER(4 + PLACES, count);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
