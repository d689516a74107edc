/*
 * What the functions of credentials do with arguments of no use. Arguments:
 * how, the address of a server with /challenge, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>
#include <stdint.h>

static int calls;

/* A call with a text that may be NULL. */
#define MAY_FAIL(call)                                                         \
    EACH(#call, CHECK((text && strpbrk(text, "\r\n\xe9")) == ((call) != 0)))

static int on_credential(void *userdata, const char *registry,
                         const char *repository, reggie_credential *credential)
{
    (void)userdata;
    calls++;
    CHECK(registry[0] != '\0');
    CHECK(repository == NULL);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_credential_set_password(NULL, "a", "b"));
    TAKES(reggie_credential_set_password(credential, text, "b"), REGGIE_OK,
          REGGIE_OK, REGGIE_INVALID_UTF8, REGGIE_INVALID_CREDENTIALS);
    TAKES(reggie_credential_set_password(credential, "a", text), REGGIE_OK,
          REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_UTF8, REGGIE_OK);
    FAILS(REGGIE_INVALID_CREDENTIALS,
          reggie_credential_set_password(credential, "a:b", "c"));
    FAILS(REGGIE_INVALID_CREDENTIALS,
          reggie_credential_set_password(credential, "", ""));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_credential_set_identity_token(NULL, "a", "b"));
    WORKS(reggie_credential_set_identity_token(credential, NULL, "b"));
    MAY_FAIL(reggie_credential_set_identity_token(credential, text, "b"));
    TAKES(reggie_credential_set_identity_token(credential, "a", text),
          REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_CREDENTIALS);
    FAILS(REGGIE_NULL_ARGUMENT, reggie_credential_set_bearer_token(NULL, "a"));
    TAKES(reggie_credential_set_bearer_token(credential, text),
          REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_CREDENTIALS);
    FAILS(REGGIE_INVALID_CREDENTIALS,
          reggie_credential_set_bearer_token(credential, "a b"));
    WORKS(reggie_credential_set_password(credential, "user", "pass"));
    return 0;
}

static void places(reggie_config *config)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_credentials(NULL, "r.example", "a", "b"));
    TAKES(reggie_config_add_credentials(config, text, "a", "b"),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ARGUMENT);
    TAKES(reggie_config_add_credentials(config, "r.example", text, "b"),
          REGGIE_OK, REGGIE_OK, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_CREDENTIALS);
    TAKES(reggie_config_add_credentials(config, "r.example", "a", text),
          REGGIE_OK, REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_UTF8,
          REGGIE_OK);
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_credentials(config, "https://r.example", "a", "b"));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_identity_token(NULL, "r.example", "a", "b"));
    TAKES(reggie_config_add_identity_token(config, text, "a", "b"),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ARGUMENT);
    WORKS(reggie_config_add_identity_token(config, "r.example", NULL, "b"));
    MAY_FAIL(reggie_config_add_identity_token(config, "r.example", text, "b"));
    FAILS(REGGIE_INVALID_CREDENTIALS,
          reggie_config_add_identity_token(config, "r.example", "a:b", "c"));
    TAKES(reggie_config_add_identity_token(config, "r.example", "a", text),
          REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_CREDENTIALS);
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_bearer_token(NULL, "r.example", "a"));
    TAKES(reggie_config_add_bearer_token(config, text, "a"),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ARGUMENT);
    TAKES(reggie_config_add_bearer_token(config, "r.example", text),
          REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_CREDENTIALS, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_CREDENTIALS);
}

static void files(void)
{
    reggie_config *config = reggie_config_new();

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_credentials_file(NULL, "/nowhere"));
    TAKES(reggie_config_add_credentials_file(config, text),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_OK, REGGIE_OK);
    FAILS(REGGIE_INVALID_CREDENTIALS_FILE,
          reggie_client_new("http://r.example", config, &out.client, &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_use_default_credentials_files(NULL, 1));
    WORKS(reggie_config_use_default_credentials_files(config, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_credential_helpers(NULL, 1));
    WORKS(reggie_config_set_credential_helpers(config, INT_MAX));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_credential_helper_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_credential_helper_timeout(config, INT64_MIN));
    WORKS(reggie_config_set_credential_helper_timeout(config, 0));
    WORKS(reggie_config_set_credential_helper_timeout(config, INT64_MAX));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_credential_helper_cache_time(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_credential_helper_cache_time(config, INT64_MIN));
    WORKS(reggie_config_set_credential_helper_cache_time(config, 0));
    WORKS(reggie_config_set_credential_helper_cache_time(config, INT64_MAX));
    reggie_config_free(config);
}

static void run(void *address)
{
    reggie_config *config = reggie_config_new();
    reggie_client *client = NULL;
    reggie_request *request;

    places(config);
    files();
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_credential_callback(NULL, NULL, NULL, NULL));
    WORKS(reggie_config_set_credential_callback(config, NULL, NULL, NULL));
    WORKS(reggie_config_set_credential_callback(config, on_credential, NULL,
                                                NULL));
    CHECK_NUMBER(REGGIE_OK, reggie_client_new((const char *)address, config,
                                              &client, NULL));
    request = check_request(client, REGGIE_GET, "/challenge");
    check_sends(client, request, 200);
    CHECK_NUMBER(1, calls);
    calls = 0;
    reggie_request_free(request);
    reggie_client_free(client);
    reggie_config_free(config);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
