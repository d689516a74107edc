/*
 * Go calls these functions instead of the library's. Handles are integers, so
 * that Go's garbage collector does not take them for Go pointers, and the
 * callbacks are those that callbacks.go exports.
 */
#ifndef CABI_SHIM_H
#define CABI_SHIM_H

#include <stdint.h>
#include <reggie.h>

/* The number of the call that callbacks on this thread belong to. */
uintptr_t cabi_current(void);

/* `call` is that number. */
reggie_status cabi_open(uintptr_t call, uintptr_t client, uintptr_t request,
                        uintptr_t *response, uintptr_t *error);
reggie_status cabi_read(uintptr_t call, uintptr_t response, uint8_t *buffer,
                        size_t size, size_t *got, uintptr_t *error);

reggie_status cabi_client_new(const char *address, uintptr_t config,
                              uintptr_t *client, uintptr_t *error);
reggie_status cabi_client_derive(uintptr_t client, uintptr_t config,
                                 uintptr_t *other, uintptr_t *error);
reggie_status cabi_request_new(uintptr_t client, const char *method,
                               const char *path, uintptr_t *request,
                               uintptr_t *error);
reggie_status cabi_cancel_new(uintptr_t *cancel, uintptr_t *error);

reggie_status cabi_request_set_body_fd(uintptr_t request, int fd,
                                       uint64_t length, uintptr_t *error);
reggie_status cabi_request_set_body_reader(uintptr_t request, uintptr_t reader,
                                           uint64_t length);
reggie_status cabi_request_set_challenge_callback(uintptr_t request);

reggie_status cabi_config_set_log(uintptr_t config, int level, uintptr_t id);
reggie_status cabi_config_set_redirect_callback(uintptr_t config, uintptr_t id);
reggie_status cabi_config_set_credential_callback(uintptr_t config,
                                                  uintptr_t id);
reggie_status cabi_config_set_realm_callback(uintptr_t config, uintptr_t id);
reggie_status cabi_config_set_certificate_callback(uintptr_t config,
                                                   uintptr_t id);
reggie_status cabi_config_set_warning_callback(uintptr_t config, uintptr_t id);

/* Setters with arguments of one kind. */

#define CABI_STRING(type, name)                                                \
    static inline reggie_status cabi_##type##_##name(uintptr_t id,             \
                                                     const char *value)        \
    {                                                                          \
        return reggie_##type##_##name((reggie_##type *)id, value);             \
    }
#define CABI_STRING_2(type, name)                                              \
    static inline reggie_status cabi_##type##_##name(                          \
        uintptr_t id, const char *one, const char *two)                        \
    {                                                                          \
        return reggie_##type##_##name((reggie_##type *)id, one, two);          \
    }
#define CABI_STRING_3(type, name)                                              \
    static inline reggie_status cabi_##type##_##name(                          \
        uintptr_t id, const char *one, const char *two, const char *three)     \
    {                                                                          \
        return reggie_##type##_##name((reggie_##type *)id, one, two, three);   \
    }
#define CABI_INT(type, name)                                                   \
    static inline reggie_status cabi_##type##_##name(uintptr_t id, int value)  \
    {                                                                          \
        return reggie_##type##_##name((reggie_##type *)id, value);             \
    }
#define CABI_TIME(type, name)                                                  \
    static inline reggie_status cabi_##type##_##name(uintptr_t id,             \
                                                     int64_t milliseconds)     \
    {                                                                          \
        return reggie_##type##_##name((reggie_##type *)id, milliseconds);      \
    }

CABI_STRING(config, set_auth_scope)
CABI_STRING(config, set_mirror_of)
CABI_STRING(config, set_user_agent)
CABI_STRING(config, set_no_proxy)
CABI_STRING(config, add_allowed_network)
CABI_STRING(config, add_allowed_realm)
CABI_STRING(config, add_credentials_file)
CABI_STRING_2(config, set_credentials)
CABI_STRING_2(config, add_bearer_token)
CABI_STRING_3(config, add_credentials)
CABI_STRING_3(config, add_identity_token)
CABI_INT(config, set_cookies)
CABI_INT(config, set_use_environment)
CABI_INT(config, set_ip_version)
CABI_INT(config, set_max_redirects)
CABI_INT(config, set_anonymous_fallback)
CABI_INT(config, set_insecure_skip_tls_verify)
CABI_INT(config, set_system_trust)
CABI_INT(config, use_default_certs_folders)
CABI_INT(config, use_default_credentials_files)
CABI_INT(config, set_credential_helpers)
CABI_INT(config, set_min_tls_version)
CABI_INT(config, set_key_log)
CABI_INT(config, set_retries)
CABI_TIME(config, set_resolve_timeout)
CABI_TIME(config, set_connect_timeout)
CABI_TIME(config, set_tls_timeout)
CABI_TIME(config, set_first_byte_timeout)
CABI_TIME(config, set_commit_timeout)
CABI_TIME(config, set_credential_helper_timeout)
CABI_TIME(config, set_credential_helper_cache_time)
CABI_STRING(credential, set_bearer_token)
CABI_STRING_2(credential, set_identity_token)
CABI_STRING_2(credential, set_password)
CABI_STRING(headers, remove)
CABI_STRING_2(headers, add)
CABI_STRING(request, set_method)
CABI_STRING(request, set_path)
CABI_INT(request, set_follow_challenge)
CABI_TIME(request, set_timeout)

/* Getters. */

#define CABI_GET(result, type, name)                                           \
    static inline result cabi_##type##_##name(uintptr_t id)                    \
    {                                                                          \
        return reggie_##type##_##name((const reggie_##type *)id);              \
    }
#define CABI_GET_AT(result, type, name)                                        \
    static inline result cabi_##type##_##name(uintptr_t id, size_t index)      \
    {                                                                          \
        return reggie_##type##_##name((const reggie_##type *)id, index);       \
    }

CABI_GET(reggie_status, error, status)
CABI_GET(const char *, error, message)
CABI_GET(const char *, error, step)
CABI_GET(int, error, http_status)
CABI_GET(const char *, error, code)
CABI_GET(const char *, error, digest)
CABI_GET(const char *, error, host)
CABI_GET(int64_t, error, retry_after)
CABI_GET(int, error, is_retryable)
CABI_GET(int, response, status)
CABI_GET(const char *, response, http_version)
CABI_GET(uint64_t, response, content_length)
CABI_GET(const char *, response, relative_location)
CABI_GET(const char *, response, next_page)
CABI_GET(const char *, response, absolute_location)
CABI_GET(const char *, response, url)
CABI_GET(const char *, response, remote_address)
CABI_GET(int, response, is_reused)
CABI_GET(const char *, redirect, from)
CABI_GET(const char *, redirect, to)
CABI_GET(const char *, redirect, method)
CABI_GET(int, redirect, status)
CABI_GET(size_t, redirect, hop)
CABI_GET(size_t, headers, count)
CABI_GET_AT(const char *, headers, name)
CABI_GET_AT(const char *, headers, value)
CABI_GET(size_t, errors, count)
CABI_GET_AT(const char *, errors, code)
CABI_GET_AT(const char *, errors, message)
CABI_GET_AT(const char *, errors, detail)

static inline int64_t cabi_response_time(uintptr_t id, int which)
{
    return reggie_response_time((const reggie_response *)id, which);
}

static inline uintptr_t cabi_config_new(void)
{
    return (uintptr_t)reggie_config_new();
}

/* Functions that return a reggie_error. */

#define CABI_PATH(name)                                                        \
    static inline reggie_status cabi_config_##name(                            \
        uintptr_t id, const char *path, uintptr_t *error)                      \
    {                                                                          \
        return reggie_config_##name((reggie_config *)id, path,                 \
                                    (reggie_error **)error);                   \
    }

CABI_PATH(add_ca_file)
CABI_PATH(add_ca_folder)
CABI_PATH(add_certs_folder)

static inline reggie_status cabi_config_add_ca_memory(uintptr_t id,
                                                      const uint8_t *bytes,
                                                      size_t size,
                                                      uintptr_t *error)
{
    return reggie_config_add_ca_memory((reggie_config *)id, bytes, size,
                                       (reggie_error **)error);
}

static inline reggie_status cabi_response_check(uintptr_t id, uintptr_t *error)
{
    return reggie_response_check((const reggie_response *)id,
                                 (reggie_error **)error);
}

static inline reggie_status cabi_response_check_next_page(uintptr_t id,
                                                          uintptr_t *error)
{
    return reggie_response_check_next_page((const reggie_response *)id,
                                           (reggie_error **)error);
}

static inline reggie_status cabi_response_errors(uintptr_t id,
                                                 uintptr_t *errors,
                                                 uintptr_t *error)
{
    return reggie_response_errors((const reggie_response *)id,
                                  (reggie_errors **)errors,
                                  (reggie_error **)error);
}

static inline reggie_status cabi_config_set_proxy(uintptr_t id,
                                                  const char *scheme,
                                                  const char *url,
                                                  uintptr_t *error)
{
    return reggie_config_set_proxy((reggie_config *)id, scheme, url,
                                   (reggie_error **)error);
}

static inline reggie_status cabi_config_add_client_certificate_file(
    uintptr_t id, const char *registry, const char *certificate,
    const char *key, uintptr_t *error)
{
    return reggie_config_add_client_certificate_file(
        (reggie_config *)id, registry, certificate, key,
        (reggie_error **)error);
}

static inline reggie_status cabi_config_add_client_certificate_memory(
    uintptr_t id, const char *registry, const uint8_t *certificate,
    size_t certificate_size, const uint8_t *key, size_t key_size,
    uintptr_t *error)
{
    return reggie_config_add_client_certificate_memory(
        (reggie_config *)id, registry, certificate, certificate_size, key,
        key_size, (reggie_error **)error);
}

/* Others. */

static inline reggie_status cabi_config_set_stall_limit(uintptr_t id,
                                                        uint64_t rate,
                                                        int64_t milliseconds)
{
    return reggie_config_set_stall_limit((reggie_config *)id, rate,
                                         milliseconds);
}

static inline reggie_status cabi_config_set_retry_delays(uintptr_t id,
                                                         int64_t base,
                                                         int64_t limit,
                                                         int64_t retry_after)
{
    return reggie_config_set_retry_delays((reggie_config *)id, base, limit,
                                          retry_after);
}

static inline reggie_status cabi_config_set_max_connections(uintptr_t id,
                                                            size_t per_host)
{
    return reggie_config_set_max_connections((reggie_config *)id, per_host);
}

static inline reggie_status cabi_config_set_max_idle_connections(
    uintptr_t id, size_t per_host, int64_t milliseconds)
{
    return reggie_config_set_max_idle_connections((reggie_config *)id, per_host,
                                                  milliseconds);
}

static inline reggie_status cabi_config_add_resolve(uintptr_t id,
                                                    const char *host, int port,
                                                    const char *addresses)
{
    return reggie_config_add_resolve((reggie_config *)id, host, port,
                                     addresses);
}

static inline reggie_status cabi_request_set_cancel(uintptr_t id,
                                                    uintptr_t cancel)
{
    return reggie_request_set_cancel((reggie_request *)id,
                                     (reggie_cancel *)cancel);
}

static inline reggie_status cabi_response_set_body(uintptr_t id,
                                                   const uint8_t *bytes,
                                                   size_t size)
{
    return reggie_response_set_body((reggie_response *)id, bytes, size);
}

static inline reggie_status cabi_request_remove_body(uintptr_t id)
{
    return reggie_request_remove_body((reggie_request *)id);
}

#define CABI_HEADERS(type)                                                     \
    static inline uintptr_t cabi_##type##_headers(uintptr_t id)                \
    {                                                                          \
        return (uintptr_t)reggie_##type##_headers((reggie_##type *)id);        \
    }

CABI_HEADERS(request)
CABI_HEADERS(response)
CABI_HEADERS(redirect)

static inline int cabi_cancel_is_triggered(uintptr_t id)
{
    return reggie_cancel_is_triggered((const reggie_cancel *)id);
}

static inline void cabi_cancel_trigger(uintptr_t id)
{
    reggie_cancel_trigger((const reggie_cancel *)id);
}

#define CABI_FREE(type)                                                        \
    static inline void cabi_##type##_free(uintptr_t id)                        \
    {                                                                          \
        reggie_##type##_free((reggie_##type *)id);                             \
    }

CABI_FREE(error)
CABI_FREE(errors)
CABI_FREE(config)
CABI_FREE(client)
CABI_FREE(request)
CABI_FREE(response)
CABI_FREE(cancel)

#endif
