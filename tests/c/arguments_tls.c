/*
 * What the settings of TLS do with arguments of no use. Arguments: how, an
 * address that is not used, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

/* A call fails with each text, where NULL may stand too. */
#define REFUSES(call) EACH(#call, CHECK((call) != REGGIE_OK))

static const uint8_t junk[] = "junk";

static int refuse(void *userdata, const char *host,
                  const uint8_t *const *certificates, const size_t *sizes,
                  size_t count, const char *refusal)
{
    (void)userdata;
    (void)host;
    (void)certificates;
    (void)sizes;
    (void)count;
    (void)refusal;
    return 1;
}

static void authorities(reggie_config *config)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_add_ca_file(NULL, "/", &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_add_ca_file(NULL, "/", NULL));
    TAKES(reggie_config_add_ca_file(config, text, &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_CERTIFICATES,
          REGGIE_INVALID_CERTIFICATES, REGGIE_INVALID_CERTIFICATES);
    FAILS(REGGIE_INVALID_CERTIFICATES,
          reggie_config_add_ca_file(config, "/", &error));
    FAILS(REGGIE_INVALID_CERTIFICATES,
          reggie_config_add_ca_file(config, "/dev/null", &error));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_add_ca_folder(NULL, "/", &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_add_ca_folder(NULL, "/", NULL));
    TAKES(reggie_config_add_ca_folder(config, text, &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_CERTIFICATES,
          REGGIE_INVALID_CERTIFICATES, REGGIE_INVALID_CERTIFICATES);
    FAILS(REGGIE_INVALID_CERTIFICATES,
          reggie_config_add_ca_folder(config, "/dev/null", &error));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_ca_memory(NULL, junk, 4, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_ca_memory(config, NULL, 4, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_ca_memory(config, junk, (size_t)-1, NULL));
    FAILS(REGGIE_INVALID_CERTIFICATES,
          reggie_config_add_ca_memory(config, NULL, 0, &error));
    FAILS(REGGIE_INVALID_CERTIFICATES,
          reggie_config_add_ca_memory(config, junk, 4, &error));
    FAILS(REGGIE_INVALID_CERTIFICATES,
          reggie_config_add_ca_memory(config, (const uint8_t *)large,
                                      large_size, &error));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_certs_folder(NULL, "/", &error));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_add_certs_folder(NULL, "/", NULL));
    TAKES(reggie_config_add_certs_folder(config, text, &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_CERTIFICATES,
          REGGIE_INVALID_CERTIFICATES, REGGIE_INVALID_CERTIFICATES);
    WORKS(reggie_config_add_certs_folder(config, "/", &error));
}

static void client_certificates(reggie_config *config)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_client_certificate_file(NULL, "a", "/", "/",
                                                    &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_client_certificate_file(NULL, "a", "/", "/", NULL));
    TAKES(reggie_config_add_client_certificate_file(config, "a", text, NULL,
                                                    &error),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_CLIENT_CERTIFICATE,
          REGGIE_INVALID_CLIENT_CERTIFICATE, REGGIE_INVALID_CLIENT_CERTIFICATE);
    REFUSES(reggie_config_add_client_certificate_file(config, text, "/dev/null",
                                                      NULL, NULL));
    REFUSES(reggie_config_add_client_certificate_file(config, "a", "/dev/null",
                                                      text, NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_client_certificate_file(config, "a", "/dev/null",
                                                    "", &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_client_certificate_file(config, "http://a", "/",
                                                    "/", &error));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_client_certificate_memory(NULL, "a", junk, 4, junk,
                                                      4, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_client_certificate_memory(config, "a", NULL, 4,
                                                      junk, 4, &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_client_certificate_memory(config, "a", junk, 4,
                                                      NULL, 4, &error));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_client_certificate_memory(config, "a", junk,
                                                      (size_t)-1, junk, 4,
                                                      NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_client_certificate_memory(config, "a", junk, 4,
                                                      junk, (size_t)-1,
                                                      &error));
    FAILS(REGGIE_INVALID_CLIENT_CERTIFICATE,
          reggie_config_add_client_certificate_memory(config, NULL, NULL, 0,
                                                      NULL, 0, &error));
    FAILS(REGGIE_INVALID_CLIENT_CERTIFICATE,
          reggie_config_add_client_certificate_memory(config, NULL, junk, 4,
                                                      junk, 4, &error));
    REFUSES(reggie_config_add_client_certificate_memory(config, text, junk, 4,
                                                        junk, 4, NULL));
}

static void flags(reggie_config *config)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_insecure_skip_tls_verify(NULL, 1));
    WORKS(reggie_config_set_insecure_skip_tls_verify(config, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_system_trust(NULL, 1));
    WORKS(reggie_config_set_system_trust(config, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_use_default_certs_folders(NULL, 1));
    WORKS(reggie_config_use_default_certs_folders(config, INT_MAX));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_key_log(NULL, 1));
    WORKS(reggie_config_set_key_log(config, INT_MAX));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_min_tls_version(NULL, REGGIE_TLS_1_2));
    WORKS(reggie_config_set_min_tls_version(config, REGGIE_TLS_1_2));
    WORKS(reggie_config_set_min_tls_version(config, REGGIE_TLS_1_3));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_min_tls_version(config, 0));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_min_tls_version(config, 11));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_min_tls_version(config, INT_MAX));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_certificate_callback(NULL, refuse, NULL, NULL));
    WORKS(reggie_config_set_certificate_callback(config, refuse, NULL, NULL));
    WORKS(reggie_config_set_certificate_callback(config, NULL, NULL, NULL));
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();

    (void)context;
    authorities(config);
    client_certificates(config);
    flags(config);
    reggie_config_free(config);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, NULL);
}
