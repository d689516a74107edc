/*
 * Credentials by a callback, from files and from helpers, in processes that
 * treat their children in every way. Arguments: how, the address of a server
 * that challenges below /challenge, and two folders: with
 * the files "helper.json", "hangs.json" and "entry.json", and with helpers.
 */
#include "check.h"

#include <dirent.h>
#include <signal.h>

static const char *address, *files, *helpers;

/* What a callback was asked, and what it is to do. */
struct asked {
    const reggie_client *client;
    int calls;
    int freed;
    int result;
    int gives;
    char repository[64];
};

static void on_free(void *userdata)
{
    ((struct asked *)userdata)->freed++;
}

static int on_credential(void *userdata, const char *registry,
                         const char *repository, reggie_credential *credential)
{
    struct asked *asked = (struct asked *)userdata;
    reggie_request *request;

    asked->calls++;
    CHECK(strstr(address, registry) != NULL);
    snprintf(asked->repository, sizeof asked->repository, "%s",
             repository ? repository : "none");
    /* No lock is held. */
    request = check_request(asked->client, REGGIE_GET, "/text");
    check_sends(asked->client, request, 200);
    reggie_request_free(request);
    if (asked->gives)
        CHECK_OK(reggie_credential_set_password(credential, "user", "pass"),
                 NULL);
    return asked->result;
}

static reggie_client *client_of(reggie_config *config)
{
    reggie_client *client = NULL;
    reggie_error *error = NULL;

    CHECK_OK(reggie_client_new(address, config, &client, &error), error);
    return client;
}

/* A request that is challenged is sent again with this, and what follows it. */
static void check_authorized(const reggie_client *client,
                             const char *authorization)
{
    reggie_request *request = check_request(client, REGGIE_GET,
                                            "/challenge/authorization");
    reggie_response *response = check_do(client, request);

    CHECK_NUMBER(200, reggie_response_status(response));
    CHECK(strstr((const char *)reggie_response_body(response), authorization));
    reggie_response_free(response);
    reggie_request_free(request);
}

static void by_callback(void)
{
    reggie_config *config = reggie_config_new();
    struct asked asked;
    reggie_client *client;
    reggie_request *request;
    reggie_response *response = NULL;
    reggie_error *error = NULL;

    memset(&asked, 0, sizeof asked);
    CHECK_OK(reggie_config_set_credential_callback(config, on_credential,
                                                   &asked, on_free), NULL);
    client = client_of(config);
    asked.client = client;
    reggie_config_free(config);
    request = check_request(client, REGGIE_GET, "/challenge");
    check_sends(client, request, 401);
    CHECK_NUMBER(1, asked.calls);
    CHECK_TEXT("none", asked.repository);

    asked.result = 42;
    CHECK_NUMBER(REGGIE_CREDENTIAL_CALLBACK,
                 reggie_client_do(client, request, &response, &error));
    CHECK_NUMBER(42, reggie_error_callback_value(error));
    CHECK_TEXT("credentials", reggie_error_step(error));
    reggie_error_free(error);
    CHECK_NUMBER(2, asked.calls);

    asked.result = 0;
    asked.gives = 1;
    /* user:pass */
    check_authorized(client, "Basic dXNlcjpwYXNz");
    CHECK_NUMBER(3, asked.calls);
    check_authorized(client, "Basic dXNlcjpwYXNz");
    CHECK_NUMBER(3, asked.calls);
    reggie_request_free(request);
    CHECK_NUMBER(0, asked.freed);
    reggie_client_free(client);
    CHECK_NUMBER(1, asked.freed);
}

static reggie_config *config_of(const char *file)
{
    reggie_config *config = reggie_config_new();
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", files, file);
    CHECK_OK(reggie_config_add_credentials_file(config, path), NULL);
    return config;
}

static void by_file(void)
{
    reggie_config *config = config_of("entry.json");
    reggie_client *client = client_of(config);

    /* entry:pass */
    check_authorized(client, "Basic ZW50cnk6cGFzcw==");
    reggie_client_free(client);
    reggie_config_free(config);
}

/* By the variables of the environment; DOCKER_CONFIG comes later. */
static void by_environment(void)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client;
    char path[1024];

    snprintf(path, sizeof path, "%s/entry.json", files);
    CHECK_NUMBER(0, setenv("REGISTRY_AUTH_FILE", path, 1));
    CHECK_NUMBER(0, setenv("DOCKER_CONFIG", "/nowhere", 1));
    client = client_of(config);
    CHECK_OK(reggie_config_use_default_credentials_files(config, 1), NULL);
    {
        reggie_request *request;

        request = check_request(client, REGGIE_GET, "/challenge");
        check_sends(client, request, 401);
        reggie_request_free(request);
    }
    reggie_client_free(client);
    client = client_of(config);
    check_authorized(client, "Basic ZW50cnk6cGFzcw==");
    reggie_client_free(client);
    CHECK_OK(reggie_config_set_use_environment(config, 0), NULL);
    client = client_of(config);
    {
        reggie_request *request;

        request = check_request(client, REGGIE_GET, "/challenge");
        check_sends(client, request, 401);
        reggie_request_free(request);
    }
    reggie_client_free(client);
    reggie_config_free(config);
    CHECK_NUMBER(0, unsetenv("REGISTRY_AUTH_FILE"));
    CHECK_NUMBER(0, unsetenv("DOCKER_CONFIG"));
}

/* A JSON key file is a password with several lines. */
static void by_password_with_lines(void)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client;

    CHECK_OK(reggie_config_set_credentials(config, "_json_key",
                                           "{\n\t\"a\": 1\r\n}\n"),
             NULL);
    client = client_of(config);
    check_authorized(client, "Basic X2pzb25fa2V5OnsKCSJhIjogMQ0KfQo=");
    reggie_client_free(client);
    reggie_config_free(config);
}

static void by_helper(void)
{
    reggie_config *config = config_of("helper.json");
    reggie_client *client = client_of(config);
    reggie_request *request = check_request(client, REGGIE_GET, "/challenge");

    check_sends(client, request, 401);
    reggie_client_free(client);
    reggie_request_free(request);
    CHECK_OK(reggie_config_set_credential_helpers(config, 1), NULL);
    client = client_of(config);
    check_authorized(client, "Basic ZGVza3RvcDpzZWNyZXQgb2Yg");
    reggie_client_free(client);
    CHECK_OK(reggie_config_set_credential_helper_cache_time(config, 0), NULL);
    client = client_of(config);
    check_authorized(client, "Basic ZGVza3RvcDpzZWNyZXQgb2Yg");
    reggie_client_free(client);
    reggie_config_free(config);
}

static void *cancel_it(void *cancel)
{
    const struct timespec moment = {0, 100000000};

    nanosleep(&moment, NULL);
    reggie_cancel_trigger((const reggie_cancel *)cancel);
    return NULL;
}

static void by_helper_that_hangs(void)
{
    reggie_config *config = config_of("hangs.json");
    reggie_cancel *cancel = NULL;
    reggie_client *client;
    reggie_request *request;
    reggie_response *response = NULL;
    reggie_error *error = NULL;
    pthread_t thread;

    CHECK_OK(reggie_config_set_credential_helpers(config, 1), NULL);
    CHECK_OK(reggie_config_set_credential_helper_timeout(config, 300), NULL);
    client = client_of(config);
    request = check_request(client, REGGIE_GET, "/challenge");
    CHECK_NUMBER(REGGIE_CREDENTIAL_HELPER,
                 reggie_client_do(client, request, &response, &error));
    CHECK(strstr(reggie_error_message(error), "docker-credential-hangs"));
    CHECK_TEXT("credentials", reggie_error_step(error));
    reggie_error_free(error);
    reggie_client_free(client);

    CHECK_OK(reggie_config_set_credential_helper_timeout(config, 0), NULL);
    client = client_of(config);
    CHECK_OK(reggie_cancel_new(&cancel, &error), error);
    CHECK_OK(reggie_request_set_cancel(request, cancel), NULL);
    thread = check_start(cancel_it, cancel, 0);
    CHECK_NUMBER(REGGIE_CANCELLED,
                 reggie_client_do(client, request, &response, &error));
    reggie_error_free(error);
    CHECK_NUMBER(0, pthread_join(thread, NULL));
    reggie_cancel_free(cancel);
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
}

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void reap_all(int number)
{
    int kept = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = kept;
}

/* No child is left, and no news of one. */
static void check_no_child(void)
{
    CHECK_NUMBER(-1, waitpid(-1, NULL, WNOHANG));
    CHECK_NUMBER(ECHILD, errno);
}

static void run(void *context)
{
    void (*const ways[3])(int) = {SIG_DFL, SIG_IGN, reap_all};
    char path[2048];
    int i, before;

    (void)context;
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", helpers);
    CHECK_NUMBER(0, setenv("PATH", path, 1));
    by_callback();
    by_file();
    by_environment();
    by_password_with_lines();
    before = descriptors();
    for (i = 0; i < 3; i++) {
        struct sigaction action;

        memset(&action, 0, sizeof action);
        action.sa_handler = ways[i];
        action.sa_flags = SA_RESTART;
        CHECK_NUMBER(0, sigaction(SIGCHLD, &action, NULL));
        by_helper();
        by_helper_that_hangs();
        check_no_child();
    }
    CHECK_NUMBER(before, descriptors());
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(5, count);
    address = arguments[2];
    files = arguments[3];
    helpers = arguments[4];
    return check_run(arguments[1], run, NULL);
}
