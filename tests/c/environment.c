/*
 * The environment is read when a client is made and never later, and not at
 * all by one that is told so. The server has TLS. Arguments: how, its address,
 * the file of its authority, a home with a certs.d for it, a file for keys that
 * is not there yet, the address of nobody. Proxies have a test in Rust: none of
 * the environment's is used for what is on this host.
 */
#include "check.h"

static const char *address;
static const char *ca;
static const char *home;
static const char *keys;
static const char *nobody;

static void set(const char *name, const char *value)
{
    CHECK_NUMBER(0, setenv(name, value, 1));
}

static void set_all(void)
{
    set("SSL_CERT_FILE", ca);
    set("SSL_CERT_DIR", home);
    set("HOME", home);
    set("SSLKEYLOGFILE", keys);
}

static void unset_all(void)
{
    static const char *const names[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "HOME",
                                        "SSLKEYLOGFILE"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        CHECK_NUMBER(0, unsetenv(names[i]));
}

/* Of the server, or of nobody: then TLS begins after the client was made. */
static reggie_client *make(const char *url, int environment, int certs_folders)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;

    CHECK_OK(reggie_config_set_use_environment(config, environment), NULL);
    CHECK_OK(reggie_config_use_default_certs_folders(config, certs_folders), NULL);
    CHECK_OK(reggie_config_set_key_log(config, 1), NULL);
    client = check_client(url, "-", config);
    reggie_config_free(config);
    return client;
}

/* Asks the server once, frees the client, and says what came of it. */
static reggie_status ask(reggie_client *client)
{
    char url[256];
    reggie_request *request = NULL;
    reggie_response *response = NULL;
    reggie_status status;

    snprintf(url, sizeof url, "%s/text", address);
    request = check_request(client, "GET", url);
    status = reggie_client_do(client, request, &response, NULL);
    CHECK((response != NULL) == (status == REGGIE_OK));
    reggie_response_free(response);
    reggie_request_free(request);
    reggie_client_free(client);
    return status;
}

static void run(void *context)
{
    reggie_client *client = NULL;

    (void)context;
    unset_all();
    CHECK_NUMBER(REGGIE_CERTIFICATE, ask(make(address, 1, 1)));

    /* Each way to be trusted, and the same unread. */
    set("SSL_CERT_FILE", ca);
    CHECK_NUMBER(REGGIE_OK, ask(make(address, 1, 0)));
    CHECK_NUMBER(REGGIE_CERTIFICATE, ask(make(address, 0, 0)));
    unset_all();
    set("SSL_CERT_DIR", home);
    CHECK_NUMBER(REGGIE_OK, ask(make(address, 1, 0)));
    CHECK_NUMBER(REGGIE_CERTIFICATE, ask(make(address, 0, 0)));
    unset_all();
    set("HOME", home);
    CHECK_NUMBER(REGGIE_OK, ask(make(address, 1, 1)));
    CHECK_NUMBER(REGGIE_CERTIFICATE, ask(make(address, 0, 1)));
    set_all();
    CHECK_NUMBER(REGGIE_CERTIFICATE, ask(make(address, 0, 1)));
    CHECK(access(keys, F_OK) != 0);

    /* Later than the client it is read by nobody, nor forgotten. */
    unset_all();
    client = make(nobody, 1, 1);
    set_all();
    CHECK_NUMBER(REGGIE_CERTIFICATE, ask(client));
    CHECK(access(keys, F_OK) != 0);
    client = make(nobody, 1, 1);
    unset_all();
    CHECK_NUMBER(REGGIE_OK, ask(client));
    CHECK_NUMBER(0, unlink(keys));
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(7, count);
    address = arguments[2];
    ca = arguments[3];
    home = arguments[4];
    keys = arguments[5];
    nobody = arguments[6];
    return check_run(arguments[1], run, NULL);
}
