/*
 * After fork() the child uses and frees what the parent made, and the parent's
 * connections see nothing of it. The server tells in each answer on which
 * connection it came. Arguments: how, its address and its CA file.
 */
#include "check.h"

/* The size of the answer to /open. */
#define LARGE ((size_t)1 << 20)

static const char *address;
static const char *ca;

struct made {
    reggie_config *config;
    reggie_client *client;
    reggie_request *request;
    reggie_response *kept;
    reggie_response *open;
    reggie_errors *errors;
    reggie_error *error;
    reggie_digester *digester;
};

/* The number of the connection that an answer came on. */
static long number_of(const reggie_response *response)
{
    const char *number = reggie_response_header(response, "Connection-Number");

    CHECK_NUMBER(200, reggie_response_status(response));
    CHECK(number != NULL);
    return strtol(number, NULL, 10);
}

static long connection(const reggie_client *client, reggie_request *request)
{
    reggie_response *response = check_do(client, request);
    long number = number_of(response);

    reggie_response_free(response);
    return number;
}

/* Reads a body of `size` bytes that are all 'a'. */
static void read_rest(reggie_response *response, size_t size)
{
    static uint8_t buffer[16 * 1024];
    reggie_error *error = NULL;
    size_t got = 1;
    size_t i;

    while (got > 0) {
        CHECK_OK(reggie_response_read(response, buffer, sizeof buffer, &got,
                                      &error), error);
        CHECK(got <= size);
        for (i = 0; i < got; i++)
            CHECK(buffer[i] == 'a');
        size -= got;
    }
    CHECK_NUMBER(0, size);
}

/* A child gets what had come before the fork, and then a failure. */
static void read_until_failure(reggie_response *response)
{
    static uint8_t buffer[16 * 1024];
    reggie_error *error = NULL;
    reggie_status status;
    size_t size = 0;
    size_t got = 0;

    do {
        status = reggie_response_read(response, buffer, sizeof buffer, &got,
                                      &error);
        size += got;
        CHECK(size < LARGE / 2);
        CHECK(got > 0 || status != REGGIE_OK);
    } while (status == REGGIE_OK);
    CHECK_NUMBER(0, got);
    CHECK(status > REGGIE_RESOLVE && status < REGGIE_TOO_MANY_REDIRECTS);
    CHECK_NUMBER(status, reggie_error_status(error));
    reggie_error_free(error);
}

static void make(struct made *made)
{
    reggie_request *request = NULL;
    reggie_error *error = NULL;
    char *url = NULL;
    uint8_t first = 0;
    size_t got = 0;

    made->config = reggie_config_new();
    made->client = check_client(address, ca, made->config);
    made->request = check_request(made->client, "GET", "/parent");
    CHECK_OK(reggie_digester_new("sha256", &made->digester, &error), error);

    /* One connection is in use from here on, and another one idle. */
    request = check_request(made->client, "GET", "/open");
    CHECK_OK(reggie_client_open(made->client, request, &made->open, &error),
             error);
    CHECK_OK(reggie_response_read(made->open, &first, 1, &got, &error), error);
    CHECK_NUMBER(1, got);
    CHECK_OK(reggie_request_set_path(request, "/errors"), NULL);
    made->kept = check_do(made->client, request);
    CHECK_OK(reggie_response_errors(made->kept, &made->errors, &error), error);

    CHECK_OK(reggie_request_set_path(request, "/<digest>"), NULL);
    CHECK_NUMBER(REGGIE_MISSING_VALUE,
                 reggie_request_url(request, &url, &made->error));
    reggie_request_free(request);
}

static void free_all(struct made *made)
{
    reggie_client_free(made->client);
    reggie_response_free(made->open);
    reggie_response_free(made->kept);
    reggie_errors_free(made->errors);
    reggie_error_free(made->error);
    reggie_digester_free(made->digester);
    reggie_request_free(made->request);
    reggie_config_free(made->config);
}

static void child(struct made *made, long parents)
{
    uint8_t byte = 0;
    char *digest = NULL;
    reggie_error *error = NULL;

    read_until_failure(made->open);
    CHECK_NUMBER(404, reggie_response_status(made->kept));
    CHECK(reggie_response_body_length(made->kept) > 0);
    CHECK_TEXT("NAME_UNKNOWN", reggie_errors_code(made->errors, 0));
    CHECK_NUMBER(REGGIE_MISSING_VALUE, reggie_error_status(made->error));
    CHECK_OK(reggie_digester_update(made->digester, &byte, 1), NULL);
    CHECK_OK(reggie_digester_finish(made->digester, &digest, &error), error);
    reggie_string_free(digest);
    CHECK_OK(reggie_config_set_user_agent(made->config, "child"), NULL);
    CHECK_OK(reggie_client_set_default_name(made->client, "child"), NULL);
    CHECK_OK(reggie_request_set_path(made->request, "/<name>"), NULL);
    reggie_request_free(made->request);
    made->request = check_request(made->client, "GET", "/<name>");
    CHECK(connection(made->client, made->request) != parents);
    CHECK(connection(made->client, made->request) != parents);
    free_all(made);
}

static void run(void *context)
{
    struct made made;
    long mine = -1;
    int children;
    pid_t pid;

    (void)context;
    memset(&made, 0, sizeof made);
    make(&made);
    mine = connection(made.client, made.request);
    for (children = 0; children < 2; children++) {
        pid = fork();
        if (pid == 0) {
            child(&made, mine);
            exit(0);
        }
        check_child(pid);
        CHECK_NUMBER(mine, connection(made.client, made.request));
    }
    read_rest(made.open, LARGE - 1);
    /* Its connection is whole too: the one that is used next. */
    CHECK_NUMBER(number_of(made.open), connection(made.client, made.request));
    free_all(&made);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    address = arguments[2];
    ca = arguments[3];
    return check_run(arguments[1], run, NULL);
}
