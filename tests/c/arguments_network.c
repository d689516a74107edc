/*
 * What the settings of the network do with arguments of no use. Arguments:
 * how, an address where nobody listens, and the size of a large text.
 */
#include "arguments.h"

#include <limits.h>

static void proxies(reggie_config *config)
{
    int i;

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_proxy(NULL, NULL, "http://proxy.example", &error));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_proxy(NULL, NULL, NULL, NULL));
    for (i = 0; i < TEXTS; i++) {
        const char *text = texts[i];
        int utf8 = i == UTF8;

        FAILS(utf8 ? REGGIE_INVALID_UTF8 : REGGIE_INVALID_ARGUMENT,
              reggie_config_set_proxy(config, text, NULL, &error));
        FAILS(utf8 ? REGGIE_INVALID_UTF8 : REGGIE_INVALID_PROXY,
              reggie_config_set_proxy(config, NULL, text, &error));
    }
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_proxy(config, "socks5", NULL, NULL));
    FAILS(REGGIE_INVALID_PROXY, reggie_config_set_proxy(config, NULL, "", NULL));
    FAILS(REGGIE_INVALID_PROXY,
          reggie_config_set_proxy(config, "http", "ftp://proxy.example", &error));
    FAILS(REGGIE_INVALID_PROXY,
          reggie_config_set_proxy(config, "http", "http://a\r\nb", &error));
    WORKS(reggie_config_set_proxy(config, NULL, "proxy.example:3128", &error));
    WORKS(reggie_config_set_proxy(config, "HTTP", "socks5h://u:p@[::1]:1",
                                  &error));
    WORKS(reggie_config_set_proxy(config, "https", NULL, NULL));

    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_no_proxy(NULL, "*"));
    TAKES(reggie_config_set_no_proxy(config, text), REGGIE_OK, REGGIE_OK,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT);
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_no_proxy(config, "a.example,10.0.0.0/33"));
    WORKS(reggie_config_set_no_proxy(config, " a.example ,, .b:80,::1,10.0.0.0/8"));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_use_environment(NULL, 1));
    WORKS(reggie_config_set_use_environment(config, 0));
    WORKS(reggie_config_set_use_environment(config, INT_MIN));
}

static void addresses(reggie_config *config)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_add_allowed_network(NULL, "a"));
    TAKES(reggie_config_add_allowed_network(config, text),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ARGUMENT);
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_allowed_network(config, "*"));
    WORKS(reggie_config_add_allowed_network(config, "token.example:5001"));
    WORKS(reggie_config_add_allowed_network(config, "10.0.0.0/8"));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_add_resolve(NULL, "a", 0, "127.0.0.1"));
    TAKES(reggie_config_add_resolve(config, text, 0, "127.0.0.1"),
          REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ARGUMENT);
    TAKES(reggie_config_add_resolve(config, "a", 65535, text),
          REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_ARGUMENT, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ARGUMENT);
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_resolve(config, "a", INT_MIN, "127.0.0.1"));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_add_resolve(config, "a", 65536, "127.0.0.1"));
    WORKS(reggie_config_add_resolve(config, "a", 1, "127.0.0.1, ::1"));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_ip_version(NULL, REGGIE_IP_ANY));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_config_set_ip_version(config, 5));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_ip_version(config, INT_MIN));
    WORKS(reggie_config_set_ip_version(config, REGGIE_IP_4));
    WORKS(reggie_config_set_ip_version(config, REGGIE_IP_6));
    WORKS(reggie_config_set_ip_version(config, REGGIE_IP_ANY));

    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_config_set_max_idle_connections(NULL, 1, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_max_idle_connections(config, 1, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_config_set_max_idle_connections(config, 1, INT64_MIN));
    WORKS(reggie_config_set_max_idle_connections(config, 0, 0));
    WORKS(reggie_config_set_max_idle_connections(config, (size_t)-1, INT64_MAX));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_config_set_max_connections(NULL, 1));
    WORKS(reggie_config_set_max_connections(config, (size_t)-1));
    WORKS(reggie_config_set_max_connections(config, 1));
    WORKS(reggie_config_set_max_connections(config, 0));
}

/* What the settings say is used without a mistake. */
static void clients(reggie_config *config, const char *address)
{
    reggie_client *client = NULL;
    reggie_request *request = NULL;

    TAKES(reggie_client_new(text, config, &out.client, &error),
          REGGIE_INVALID_ADDRESS, REGGIE_INVALID_ADDRESS, REGGIE_INVALID_UTF8,
          REGGIE_INVALID_ADDRESS);
    FAILS(REGGIE_INVALID_ADDRESS,
          reggie_client_new("unix://", config, &out.client, &error));
    FAILS(REGGIE_INVALID_ADDRESS,
          reggie_client_new("unix://a", config, &out.client, &error));
    WORKS(reggie_client_new("unix:///nowhere/r.sock", config, &out.client,
                            &error));
    client = out.client;
    request = check_request(client, REGGIE_GET, "/v2/");
    FAILS(REGGIE_CONNECT,
          reggie_client_do(client, request, &out.response, &error));
    reggie_request_free(request);
    reggie_client_free(client);

    /* Nobody listens where the proxy should be. */
    WORKS(reggie_config_set_proxy(config, NULL, address, &error));
    WORKS(reggie_client_new("https://registry.example", config, &out.client,
                            &error));
    client = out.client;
    request = check_request(client, REGGIE_GET, "/v2/");
    FAILS(REGGIE_CONNECT,
          reggie_client_do(client, request, &out.response, &error));
    reggie_request_free(request);
    reggie_client_free(client);
}

static void run(void *context)
{
    reggie_config *config = reggie_config_new();

    proxies(config);
    addresses(config);
    clients(config, (const char *)context);
    reggie_config_free(config);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
