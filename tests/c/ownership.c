/*
 * Handles are freed in any order, and what stays can be used; the place for an
 * error is neither read nor freed. Arguments: how, the address of a server
 * with an answer that lists errors.
 */
#include "check.h"

#define HANDLES 6

static const char *address;

struct made {
    reggie_config *config;
    reggie_client *client;
    reggie_request *request;
    reggie_response *response;
    reggie_errors *errors;
    reggie_error *error;
};

static void make(struct made *made)
{
    char *url = NULL;

    made->error = NULL;
    made->config = reggie_config_new();
    CHECK_OK(reggie_config_set_default_name(made->config, "a/b"), NULL);
    made->client = check_client(address, "-", made->config);
    made->request = check_request(made->client, "GET", "/errors");
    made->response = check_do(made->client, made->request);
    CHECK_OK(reggie_response_errors(made->response, &made->errors, NULL), NULL);
    CHECK_OK(reggie_request_set_path(made->request, "/<digest>"), NULL);
    CHECK_NUMBER(REGGIE_MISSING_VALUE,
                 reggie_request_url(made->request, &url, &made->error));
    CHECK(url == NULL);
}

static void free_one(struct made *made, int which)
{
    switch (which) {
    case 0:
        reggie_config_free(made->config);
        made->config = NULL;
        break;
    case 1:
        reggie_client_free(made->client);
        made->client = NULL;
        break;
    case 2:
        reggie_request_free(made->request);
        made->request = NULL;
        break;
    case 3:
        reggie_response_free(made->response);
        made->response = NULL;
        break;
    case 4:
        reggie_errors_free(made->errors);
        made->errors = NULL;
        break;
    default:
        reggie_error_free(made->error);
        made->error = NULL;
    }
}

/* Uses what is left. */
static void use(struct made *made)
{
    if (made->config != NULL)
        CHECK_OK(reggie_config_set_debug(made->config, 0), NULL);
    if (made->client != NULL)
        CHECK_OK(reggie_client_set_default_name(made->client, "c/d"), NULL);
    if (made->request != NULL) {
        CHECK_TEXT("a/b", reggie_request_name(made->request));
        CHECK_OK(reggie_request_set_header(made->request, "A", "a"), NULL);
    }
    if (made->response != NULL) {
        CHECK_NUMBER(404, reggie_response_status(made->response));
        CHECK(strlen((const char *)reggie_response_body(made->response))
              == reggie_response_body_length(made->response));
    }
    if (made->errors != NULL)
        CHECK_TEXT("NAME_UNKNOWN", reggie_errors_code(made->errors, 0));
    if (made->error != NULL)
        CHECK(strstr(reggie_error_message(made->error), "<digest>") != NULL);
}

/* All orders of the handles from `first` on, by exchanging them. */
static void orders(int *order, int first, int *count)
{
    struct made made;
    int i;
    int kept;

    if (first == HANDLES) {
        (*count)++;
        /* One in seven is enough: all take long where memory is checked. */
        if (*count % 7 != 0)
            return;
        make(&made);
        for (i = 0; i < HANDLES; i++) {
            free_one(&made, order[i]);
            use(&made);
        }
        return;
    }
    for (i = first; i < HANDLES; i++) {
        kept = order[first];
        order[first] = order[i];
        order[i] = kept;
        orders(order, first + 1, count);
        order[i] = order[first];
        order[first] = kept;
    }
}

/* A response that is still read needs neither client nor request. */
static void an_open_response_alone(void)
{
    reggie_client *client = check_client(address, "-", NULL);
    reggie_request *request = check_request(client, "GET", "/errors");
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    uint8_t buffer[4096];
    size_t got = 0;

    CHECK_OK(reggie_client_open(client, request, &response, &error), error);
    CHECK_NUMBER(0, reggie_response_body_length(response));
    CHECK_TEXT("", (const char *)reggie_response_body(response));
    reggie_client_free(client);
    reggie_request_free(request);
    CHECK_OK(reggie_response_read(response, buffer, sizeof buffer, &got,
                                  &error), error);
    CHECK_NUMBER(reggie_response_content_length(response), got);
    CHECK_OK(reggie_response_read(response, buffer, sizeof buffer, &got,
                                  &error), error);
    CHECK_NUMBER(0, got);
    reggie_response_free(response);
}

/* An error of an earlier call stays as it is when its place is used again. */
static void errors_of_earlier_calls(void)
{
    reggie_client *client = NULL;
    reggie_error *error = NULL;
    reggie_error *first = NULL;

    CHECK_NUMBER(REGGIE_INVALID_ADDRESS,
                 reggie_client_new("ftp://a", NULL, &client, &error));
    first = error;
    CHECK_NUMBER(REGGIE_INVALID_ADDRESS,
                 reggie_client_new("", NULL, &client, &error));
    CHECK(first != error);
    CHECK(strstr(reggie_error_message(first), "ftp") != NULL);
    reggie_error_free(error);
    CHECK_OK(reggie_client_new(address, NULL, &client, &error), error);
    CHECK(error == NULL);
    reggie_client_free(client);
    CHECK_NUMBER(REGGIE_INVALID_ADDRESS, reggie_error_status(first));
    reggie_error_free(first);
}

static void run(void *context)
{
    int order[HANDLES] = {0, 1, 2, 3, 4, 5};
    int count = 0;

    (void)context;
    orders(order, 0, &count);
    CHECK_NUMBER(720, count);
    an_open_response_alone();
    errors_of_earlier_calls();
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(3, count);
    address = arguments[2];
    return check_run(arguments[1], run, NULL);
}
