#include "content.h"

#include "_cgo_export.h"

/* The number of the call that runs on this thread. There is only one: Go runs
 * no other code on the thread until the C function returns. A callback may
 * start another call, which then replaces it for a while. */
static _Thread_local uintptr_t current;

uintptr_t cabi_current(void)
{
    return current;
}

uintptr_t cabi_switch(uintptr_t call)
{
    uintptr_t before = current;

    current = call;
    return before;
}

static reggie_error **error_out(uintptr_t *error)
{
    return (reggie_error **)error;
}

reggie_status cabi_open(uintptr_t call, uintptr_t client, uintptr_t request,
                        uintptr_t *response, uintptr_t *error)
{
    CABI_RUN(call, reggie_client_open((const reggie_client *)client,
                                      (reggie_request *)request,
                                      (reggie_response **)response,
                                      error_out(error)));
}

reggie_status cabi_read(uintptr_t call, uintptr_t response, uint8_t *buffer,
                        size_t size, size_t *got, uintptr_t *error)
{
    CABI_RUN(call, reggie_response_read((reggie_response *)response, buffer,
                                        size, got, error_out(error)));
}

reggie_status cabi_client_new(const char *address, uintptr_t config,
                              uintptr_t *client, uintptr_t *error)
{
    return reggie_client_new(address, (const reggie_config *)config,
                             (reggie_client **)client, error_out(error));
}

reggie_status cabi_client_derive(uintptr_t client, uintptr_t config,
                                 uintptr_t *other, uintptr_t *error)
{
    return reggie_client_derive((const reggie_client *)client,
                                (const reggie_config *)config,
                                (reggie_client **)other, error_out(error));
}

reggie_status cabi_request_new(uintptr_t client, const char *method,
                               const char *path, uintptr_t *request,
                               uintptr_t *error)
{
    return reggie_request_new((const reggie_client *)client, method, path,
                              (reggie_request **)request, error_out(error));
}

reggie_status cabi_cancel_new(uintptr_t *cancel, uintptr_t *error)
{
    return reggie_cancel_new((reggie_cancel **)cancel, error_out(error));
}

reggie_status cabi_request_set_body_fd(uintptr_t request, int fd,
                                       uint64_t length, uintptr_t *error)
{
    return reggie_request_set_body_fd((reggie_request *)request, fd, length,
                                      error_out(error));
}

/* userdata is a number: of a reader, its Go handle; of a function of a client, that
 * of its functionSet. */

static void on_free(void *userdata)
{
    cabiFree((uintptr_t)userdata);
}

static int on_challenge(void *userdata, reggie_request *request)
{
    (void)userdata;
    return cabiChallenge(current, (uintptr_t)request);
}

static void on_log(void *userdata, int level, const char *message)
{
    cabiLog(current, (uintptr_t)userdata, level, (char *)message);
}

static int on_redirect(void *userdata, const reggie_redirect *redirect,
                       int *choice)
{
    return cabiRedirect(current, (uintptr_t)userdata, (uintptr_t)redirect,
                        choice);
}

static int on_credential(void *userdata, const char *registry,
                         const char *repository, reggie_credential *credential)
{
    return cabiCredential(current, (uintptr_t)userdata, (char *)registry,
                          (char *)repository, (uintptr_t)credential);
}

static int on_realm(void *userdata, const char *registry, const char *realm,
                    int *allow)
{
    return cabiRealm(current, (uintptr_t)userdata, (char *)registry,
                     (char *)realm, allow);
}

static int on_certificate(void *userdata, const char *host,
                          const uint8_t *const *certificates,
                          const size_t *sizes, size_t count,
                          const char *refusal)
{
    return cabiCertificate(current, (uintptr_t)userdata, (char *)host,
                           (uint8_t **)certificates, (size_t *)sizes, count,
                           (char *)refusal);
}

static void on_warning(void *userdata, const char *host, const char *text)
{
    cabiWarning(current, (uintptr_t)userdata, (char *)host, (char *)text);
}

reggie_status cabi_request_set_body_reader(uintptr_t request, uintptr_t reader,
                                           uint64_t length)
{
    return reggie_request_set_body_callback((reggie_request *)request,
                                            cabi_on_read, cabi_on_rewind,
                                            length, (void *)reader, on_free);
}

reggie_status cabi_request_set_challenge_callback(uintptr_t request)
{
    return reggie_request_set_challenge_callback((reggie_request *)request,
                                                 on_challenge, NULL, NULL);
}

reggie_status cabi_config_set_log(uintptr_t config, int level, uintptr_t id)
{
    return reggie_config_set_log_callback((reggie_config *)config, level,
                                          on_log, (void *)id, NULL);
}

reggie_status cabi_config_set_redirect_callback(uintptr_t config, uintptr_t id)
{
    return reggie_config_set_redirect_callback((reggie_config *)config,
                                               on_redirect, (void *)id, NULL);
}

reggie_status cabi_config_set_credential_callback(uintptr_t config,
                                                  uintptr_t id)
{
    return reggie_config_set_credential_callback((reggie_config *)config,
                                                 on_credential, (void *)id, NULL);
}

reggie_status cabi_config_set_realm_callback(uintptr_t config, uintptr_t id)
{
    return reggie_config_set_realm_callback((reggie_config *)config, on_realm,
                                            (void *)id, NULL);
}

reggie_status cabi_config_set_certificate_callback(uintptr_t config,
                                                   uintptr_t id)
{
    return reggie_config_set_certificate_callback((reggie_config *)config,
                                                  on_certificate, (void *)id, NULL);
}

reggie_status cabi_config_set_warning_callback(uintptr_t config, uintptr_t id)
{
    return reggie_config_set_warning_callback((reggie_config *)config,
                                              on_warning, (void *)id, NULL);
}
