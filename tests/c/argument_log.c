/*
 * The log says which byte of an argument is invalid, and shows no secret.
 * Arguments: how, the address of a server, and its CA file or "-".
 */
#include "check.h"

#define NAME "X-Name"

struct log {
    int count;
    int freed;
    int level;
    char text[512];
    /* Changed by the callback itself, during the failing call. */
    reggie_config *config;
};

static void on_message(void *userdata, int level, const char *message)
{
    struct log *log = (struct log *)userdata;

    log->count++;
    log->level = level;
    snprintf(log->text, sizeof log->text, "%s", message);
    if (log->config == NULL)
        return;
    CHECK_OK(reggie_config_set_user_agent(log->config, "other"), NULL);
    /* Its own invalid argument is not logged, or this would not end. */
    CHECK_NUMBER(REGGIE_INVALID_HEADER,
                 reggie_config_set_user_agent(log->config, "\n"));
}

static void on_free(void *userdata)
{
    ((struct log *)userdata)->freed++;
}

/* A call fails, and the log has one message about it. */
#define CHECK_LOGS(status, call, message)                                      \
    do {                                                                       \
        log->count = 0;                                                        \
        CHECK_NUMBER(status, call);                                            \
        CHECK_NUMBER(1, log->count);                                           \
        CHECK_NUMBER(REGGIE_LOG_DEBUG, log->level);                            \
        CHECK_TEXT(message, log->text);                                        \
    } while (0)

static void of_config(reggie_config *config, struct log *log)
{
    reggie_error *error = NULL;

    log->config = config;
    CHECK_LOGS(REGGIE_INVALID_HEADER,
               reggie_config_set_user_agent(config, "a\rb"),
               "reggie_config_set_user_agent: header user-agent: the value has "
               "a control character, byte 0x0d at offset 1");
    log->config = NULL;
    CHECK_LOGS(REGGIE_INVALID_NAME,
               reggie_config_set_default_name(config, "my//repo"),
               "reggie_config_set_default_name: default name \"my//repo\" has "
               "an empty segment, byte 0x2f at offset 3");
    CHECK_LOGS(REGGIE_INVALID_CREDENTIALS,
               reggie_config_set_credentials(config, "me:secret", "secret"),
               "reggie_config_set_credentials: user name: has a colon, which "
               "basic auth cannot carry, byte 0x3a at offset 2");
    CHECK_LOGS(REGGIE_INVALID_UTF8,
               reggie_config_set_credentials(config, "me", "secret\xff"),
               "reggie_config_set_credentials: password: is not valid UTF-8, "
               "byte 0xff at offset 6");
    CHECK_LOGS(REGGIE_INVALID_CREDENTIALS,
               reggie_config_add_bearer_token(config, "r.io", "secret\n"),
               "reggie_config_add_bearer_token: bearer token: not printable "
               "ASCII, byte 0x0a at offset 6");
    CHECK_LOGS(REGGIE_INVALID_ARGUMENT,
               reggie_config_add_bearer_token(config, "me:secret@r.io", "t"),
               "reggie_config_add_bearer_token: place: not a host, a host with "
               "a port, or either with a path, byte 0x40 at offset 9");
    CHECK_LOGS(REGGIE_INVALID_ARGUMENT,
               reggie_config_set_no_proxy(config, "a.example, b c"),
               "reggie_config_set_no_proxy: no_proxy list: the entry at offset "
               "11 is no host, address or network");
    CHECK_LOGS(REGGIE_INVALID_ARGUMENT,
               reggie_config_add_resolve(config, "r.io", 0, "10.0.0.1,x"),
               "reggie_config_add_resolve: addresses: the one at offset 9 is "
               "no IPv4 or IPv6 address");
    CHECK_LOGS(REGGIE_INVALID_ARGUMENT,
               reggie_config_set_timeout(config, -1),
               "reggie_config_set_timeout: milliseconds: -1 is below 0");
    CHECK_LOGS(REGGIE_NULL_ARGUMENT,
               reggie_config_set_default_name(config, NULL),
               "reggie_config_set_default_name: name: is NULL");
    /* A function with an error says the same in both. */
    CHECK_LOGS(REGGIE_INVALID_PROXY,
               reggie_config_set_proxy(config, NULL, "http://me:sec ret@p",
                                       &error),
               "reggie_config_set_proxy: proxy url contains a space or a "
               "control character, byte 0x20 at offset 13");
    CHECK(strstr(log->text, reggie_error_message(error)) != NULL);
    reggie_error_free(error);
}

static void of_client(const reggie_client *client, struct log *log)
{
    reggie_request *request = NULL;

    CHECK_LOGS(REGGIE_INVALID_METHOD,
               reggie_request_new(client, "GE T", "/", &request, NULL),
               "reggie_request_new: method \"GE T\": is not a token, byte 0x20 "
               "at offset 2");
    CHECK_LOGS(REGGIE_INVALID_NAME,
               reggie_client_set_default_name((reggie_client *)client, "a b"),
               "reggie_client_set_default_name: default name \"a b\" contains "
               "white space, byte 0x20 at offset 1");
}

static void of_request(reggie_request *request, struct log *log)
{
    reggie_headers *headers = reggie_request_headers(request);

    CHECK_LOGS(REGGIE_INVALID_HEADER,
               reggie_request_set_header(request, "Authorization",
                                         "Bearer secret\n"),
               "reggie_request_set_header: header Authorization: the value has "
               "a control character, byte 0x0a at offset 13");
    CHECK_LOGS(REGGIE_INVALID_HEADER,
               reggie_headers_add(headers, NAME, "value "),
               "reggie_headers_add: header X-Name: the value starts or ends "
               "with white space, byte 0x20 at offset 5");
    /* The value by mistake. */
    CHECK_LOGS(REGGIE_INVALID_HEADER,
               reggie_headers_set(headers, "Bearer secret", NAME),
               "reggie_headers_set: header name: is not a token, byte 0x20 at "
               "offset 6");
    CHECK_LOGS(REGGIE_INVALID_PATH,
               reggie_request_set_path(request, "/v2/\x7f"),
               "reggie_request_set_path: path \"/v2/\\u{7f}\": has a control "
               "character, byte 0x7f at offset 4");
    CHECK_LOGS(REGGIE_INVALID_REFERENCE,
               reggie_request_set_reference(request, "v1?"),
               "reggie_request_set_reference: reference \"v1?\" contains ?, "
               "byte 0x3f at offset 2");
    CHECK_LOGS(REGGIE_INVALID_ARGUMENT,
               reggie_request_set_query(request, "", "value"),
               "reggie_request_set_query: query parameter: the name is empty");
}

/* The headers of a request that is about to be sent. */
static int on_send(void *userdata, reggie_exchange *exchange)
{
    struct log *log = (struct log *)userdata;

    CHECK_LOGS(REGGIE_INVALID_HEADER,
               reggie_headers_set(reggie_exchange_headers(exchange), NAME,
                                  "a\tb\x01"),
               "reggie_headers_set: header X-Name: the value has a control "
               "character, byte 0x01 at offset 3");
    return 0;
}

/* The error of the call says what the callback could not set. */
static int on_credential(void *userdata, const char *registry,
                         const char *repository, reggie_credential *credential)
{
    (void)userdata;
    (void)registry;
    (void)repository;
    CHECK_NUMBER(REGGIE_INVALID_CREDENTIALS,
                 reggie_credential_set_bearer_token(credential, "secret\n"));
    return 7;
}

static void of_credential(const char *url, const char *ca)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_config_set_credential_callback(config, on_credential, NULL,
                                                   NULL), NULL);
    client = check_client(url, ca, config);
    reggie_config_free(config);
    request = check_request(client, "GET", "/challenge");
    CHECK_NUMBER(REGGIE_CREDENTIAL_CALLBACK,
                 reggie_client_do(client, request, &response, &error));
    CHECK_TEXT("credential callback: stopped the call with 7: bearer token: not "
               "printable ASCII, byte 0x0a at offset 6",
               reggie_error_message(error));
    reggie_error_free(error);
    reggie_request_free(request);
    reggie_client_free(client);
}

/* Another level has no such message. */
static void of_level(void)
{
    reggie_config *config = reggie_config_new();
    struct log log;

    memset(&log, 0, sizeof log);
    CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_INFO, on_message,
                                            &log, NULL), NULL);
    CHECK_NUMBER(REGGIE_INVALID_HEADER,
                 reggie_config_set_user_agent(config, ""));
    CHECK_NUMBER(0, log.count);
    reggie_config_free(config);
}

static void run(void *arguments)
{
    const char *url = ((char **)arguments)[2], *ca = ((char **)arguments)[3];
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request = NULL;
    struct log log;

    memset(&log, 0, sizeof log);
    CHECK_OK(reggie_config_set_log_callback(config, REGGIE_LOG_DEBUG,
                                            on_message, &log, on_free), NULL);
    of_config(config, &log);
    CHECK_OK(reggie_config_set_send_callback(config, on_send, &log, NULL), NULL);
    client = check_client(url, ca, config);
    reggie_config_free(config);
    of_client(client, &log);
    request = check_request(client, "GET", "/text");
    of_request(request, &log);
    check_sends(client, request, 200);

    /* The request does not keep the client's callback. */
    reggie_client_free(client);
    CHECK_NUMBER(1, log.freed);
    log.count = 0;
    CHECK_NUMBER(REGGIE_INVALID_NAME, reggie_request_set_name(request, ""));
    CHECK_NUMBER(0, log.count);
    reggie_request_free(request);

    of_credential(url, ca);
    of_level();
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    return check_run(arguments[1], run, arguments);
}
