/*
 * A request inside its own callbacks is busy: what changes or sends it says
 * so, and getters have nothing to give. Arguments: how, the address of a
 * server that answers with a challenge below /challenge.
 */
#include "arguments.h"

struct scene {
    reggie_client *client;
    reggie_request *request;
    int looks;
};

static const char *address;

static int no_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    (void)userdata;
    (void)buffer;
    (void)size;
    (void)got;
    return 1;
}

static int no_write(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    (void)data;
    (void)size;
    return 1;
}

static int no_progress(void *userdata, uint64_t sent, uint64_t send_total,
                       uint64_t received, uint64_t receive_total)
{
    (void)userdata;
    (void)sent;
    (void)send_total;
    (void)received;
    (void)receive_total;
    return 1;
}

static int no_challenge(void *userdata, reggie_request *request)
{
    (void)userdata;
    (void)request;
    return 1;
}

static void sending(const reggie_client *client, reggie_request *request)
{
    FAILS(REGGIE_BUSY, reggie_client_do(client, request, &out.response, &error));
    FAILS(REGGIE_BUSY,
          reggie_client_open(client, request, &out.response, &error));
    FAILS(REGGIE_BUSY, reggie_client_do(client, request, &out.response, NULL));
    RETURNS(reggie_request_free(request));
}

static void setters(reggie_request *request)
{
    reggie_headers *headers = reggie_request_headers(request);

    FAILS(REGGIE_BUSY, reggie_request_set_method(request, "GET"));
    FAILS(REGGIE_BUSY, reggie_request_set_path(request, "/"));
    FAILS(REGGIE_BUSY, reggie_request_set_name(request, "a"));
    FAILS(REGGIE_BUSY, reggie_request_set_reference(request, "a"));
    FAILS(REGGIE_BUSY, reggie_request_set_digest(request, "a"));
    FAILS(REGGIE_BUSY, reggie_request_set_session_id(request, "a"));
    FAILS(REGGIE_BUSY, reggie_request_set_header(request, "A", "a"));
    FAILS(REGGIE_BUSY, reggie_headers_set(headers, "A", "a"));
    FAILS(REGGIE_BUSY, reggie_headers_add(headers, "A", "a"));
    FAILS(REGGIE_BUSY, reggie_headers_remove(headers, "A"));
    FAILS(REGGIE_BUSY, reggie_request_set_query(request, "a", "a"));
    FAILS(REGGIE_BUSY, reggie_request_add_query(request, "a", "a"));
    FAILS(REGGIE_BUSY, reggie_request_remove_query(request, "a"));
    FAILS(REGGIE_BUSY, reggie_request_set_body(request, NULL, 0));
    FAILS(REGGIE_BUSY, reggie_request_set_body_path(request, "/"));
    FAILS(REGGIE_BUSY, reggie_request_set_body_fd(request, 0, 0, &error));
    FAILS(REGGIE_BUSY,
          reggie_request_set_body_callback(request, no_read, NULL, 0, NULL,
                                           NULL));
    FAILS(REGGIE_BUSY,
          reggie_request_set_body_path_section(request, "/", 0, 1));
    FAILS(REGGIE_BUSY,
          reggie_request_set_body_fd_section(request, 0, 0, 1, &error));
    FAILS(REGGIE_BUSY,
          reggie_request_set_body_borrowed(request, NULL, 0, NULL, NULL));
    FAILS(REGGIE_BUSY, reggie_request_remove_body(request));
    FAILS(REGGIE_BUSY, reggie_request_set_output_memory(request));
    FAILS(REGGIE_BUSY, reggie_request_set_output_path(request, "/"));
    FAILS(REGGIE_BUSY, reggie_request_set_output_fd(request, 0));
    FAILS(REGGIE_BUSY,
          reggie_request_set_output_callback(request, no_write, NULL, NULL));
    FAILS(REGGIE_BUSY, reggie_request_set_expected_digest(request, NULL));
    FAILS(REGGIE_BUSY,
          reggie_request_set_challenge_callback(request, no_challenge, NULL, NULL));
    FAILS(REGGIE_BUSY, reggie_request_set_progress_callback(request, no_progress,
                                                            NULL, NULL));
    FAILS(REGGIE_BUSY, reggie_request_set_follow_challenge(request, 0));
    FAILS(REGGIE_BUSY, reggie_request_set_retries(request, 0));
    FAILS(REGGIE_BUSY, reggie_request_set_cancel(request, NULL));
    FAILS(REGGIE_BUSY,
          reggie_request_set_progress_callback(request, NULL, NULL, NULL));
    FAILS(REGGIE_BUSY, reggie_request_set_timeout(request, 1));
    FAILS(REGGIE_BUSY, reggie_request_set_first_byte_timeout(request, 1));
    FAILS(REGGIE_BUSY, reggie_request_set_commit_timeout(request, 1));
    FAILS(REGGIE_BUSY, reggie_request_set_stall_limit(request, 1, 1));
    FAILS(REGGIE_BUSY, reggie_request_url(request, &out.text, &error));
}

static void getters(const reggie_request *request)
{
    const reggie_headers *headers = reggie_request_headers(request);

    RETURNS(reggie_request_headers(request));
    GIVES_NULL(reggie_request_method(request));
    GIVES_NULL(reggie_request_path(request));
    GIVES_NULL(reggie_request_name(request));
    GIVES_NULL(reggie_request_reference(request));
    GIVES_NULL(reggie_request_digest(request));
    GIVES_NULL(reggie_request_session_id(request));
    GIVES_NUMBER(0, reggie_headers_count(headers));
    GIVES_NULL(reggie_headers_name(headers, 0));
    GIVES_NULL(reggie_headers_value(headers, 0));
    GIVES_NULL(reggie_headers_get(headers, "Test"));
    GIVES_NUMBER(0, reggie_headers_get_count(headers, "Test"));
    GIVES_NULL(reggie_headers_get_at(headers, "Test", 0));
    GIVES_NUMBER(0, reggie_request_query_count(request));
    GIVES_NULL(reggie_request_query_name(request, 0));
    GIVES_NULL(reggie_request_query_value(request, 0));
    GIVES_NULL(reggie_request_query(request, "a"));
}

static void look(struct scene *scene)
{
    scene->looks++;
    sending(scene->client, scene->request);
    setters(scene->request);
    getters(scene->request);
}

static int on_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    (void)buffer;
    (void)size;
    look((struct scene *)userdata);
    *got = 0;
    return 0;
}

static int on_rewind(void *userdata)
{
    look((struct scene *)userdata);
    return 0;
}

static int on_write(void *userdata, const void *data, size_t size)
{
    (void)data;
    (void)size;
    look((struct scene *)userdata);
    return 0;
}

static void on_log(void *userdata, int level, const char *message)
{
    (void)level;
    /* About an argument of a call below, which look() has not finished. */
    if (strncmp(message, "reggie_", 7) == 0)
        return;
    look((struct scene *)userdata);
}

/* In its retry callback a request can be changed, but not sent or freed. */
static int on_retry(void *userdata, reggie_request *request)
{
    struct scene *scene = (struct scene *)userdata;

    scene->looks++;
    sending(scene->client, request);
    CHECK_TEXT("a", reggie_request_query(request, "a"));
    CHECK_TEXT("a", reggie_headers_value(reggie_request_headers(request), 0));
    CHECK_OK(reggie_request_set_header(request, "Test", "b"), NULL);
    CHECK_TEXT("b", reggie_headers_get(reggie_request_headers(request), "Test"));
    return 0;
}

static void fill(struct scene *scene)
{
    reggie_request *request = scene->request;

    CHECK_OK(reggie_request_set_name(request, "a"), NULL);
    CHECK_OK(reggie_request_set_reference(request, "a"), NULL);
    CHECK_OK(reggie_request_set_digest(request, "a"), NULL);
    CHECK_OK(reggie_request_set_session_id(request, "a"), NULL);
    CHECK_OK(reggie_request_set_header(request, "Test", "a"), NULL);
    CHECK_OK(reggie_request_set_query(request, "a", "a"), NULL);
    CHECK_OK(reggie_request_set_challenge_callback(request, on_retry, scene, NULL),
             NULL);
    CHECK_OK(reggie_request_set_body_callback(request, on_read, on_rewind,
                                              REGGIE_UNKNOWN_SIZE, scene, NULL),
             NULL);
    CHECK_OK(reggie_request_set_output_callback(request, on_write, scene, NULL),
             NULL);
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();
    struct scene scene;

    (void)context;
    memset(&scene, 0, sizeof scene);
    CHECK_OK(reggie_config_set_credentials(config, "user", "pass"), NULL);
    CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG, on_log,
                                            &scene, NULL), NULL);
    scene.client = check_client(address, "-", config);
    reggie_config_free(config);
    scene.request = check_request(scene.client, "PUT", "/challenge");
    fill(&scene);
    check_sends(scene.client, scene.request, 200);
    /* Two reads, a rewind, a retry, a write, and what is logged. */
    CHECK(scene.looks >= 9);
    CHECK_TEXT("PUT", reggie_request_method(scene.request));
    CHECK_TEXT("b", reggie_headers_get(reggie_request_headers(scene.request), "test"));
    reggie_request_free(scene.request);
    reggie_client_free(scene.client);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(3, count);
    prepare("1");
    address = arguments[2];
    return check_run(arguments[1], run, NULL);
}
