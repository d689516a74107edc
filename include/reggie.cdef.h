/*
 * The declarations of reggie.h without preprocessor directives, for cffi and other
 * binding generators. Generated together with reggie.h, which has the comments.
 * String constants, such as REGGIE_GET, are missing: they are not declarations.
 */

enum {
    REGGIE_VERSION_MAJOR = 0,
    REGGIE_VERSION_MINOR = 1,
    REGGIE_VERSION_PATCH = 0,
    REGGIE_VERSION_NUMBER = 1000,
    REGGIE_OK = 0,
    REGGIE_NULL_ARGUMENT = 1,
    REGGIE_INVALID_UTF8 = 2,
    REGGIE_INVALID_ARGUMENT = 3,
    REGGIE_INVALID_ADDRESS = 4,
    REGGIE_INVALID_METHOD = 5,
    REGGIE_INVALID_PATH = 6,
    REGGIE_INVALID_HEADER = 7,
    REGGIE_INVALID_NAME = 8,
    REGGIE_INVALID_REFERENCE = 9,
    REGGIE_INVALID_DIGEST = 10,
    REGGIE_INVALID_SESSION_ID = 11,
    REGGIE_MISSING_VALUE = 12,
    REGGIE_INVALID_CREDENTIALS = 13,
    REGGIE_INVALID_CREDENTIALS_FILE = 14,
    REGGIE_INVALID_CERTIFICATES = 15,
    REGGIE_INVALID_CLIENT_CERTIFICATE = 16,
    REGGIE_INVALID_PROXY = 17,
    REGGIE_UNKNOWN_ALGORITHM = 18,
    REGGIE_LENGTH_MISMATCH = 19,
    REGGIE_BUSY = 20,
    REGGIE_INVALID_PLATFORM = 21,
    REGGIE_INVALID_EXPORT = 22,
    REGGIE_INVALID_JSON = 23,
    REGGIE_INVALID_MEDIA_TYPE = 24,
    REGGIE_NO_MEMORY = 101,
    REGGIE_PANIC = 102,
    REGGIE_FILE = 103,
    REGGIE_BODY_NOT_REWINDABLE = 104,
    REGGIE_BODY_LENGTH = 105,
    REGGIE_BODY_TOO_LARGE = 106,
    REGGIE_CANCELLED = 107,
    REGGIE_DEADLINE = 108,
    REGGIE_CREDENTIAL_HELPER = 109,
    REGGIE_LOCKED = 110,
    REGGIE_SOURCE_CHANGED = 111,
    REGGIE_NO_STATE_FOLDER = 112,
    REGGIE_INVALID_LAYOUT = 113,
    REGGIE_UNSAFE_NAME = 114,
    REGGIE_CHALLENGE_CALLBACK = 201,
    REGGIE_READ_CALLBACK = 202,
    REGGIE_REWIND_CALLBACK = 203,
    REGGIE_WRITE_CALLBACK = 204,
    REGGIE_CALLBACK_MISUSE = 205,
    REGGIE_CERTIFICATE_CALLBACK = 206,
    REGGIE_CREDENTIAL_CALLBACK = 207,
    REGGIE_REALM_CALLBACK = 208,
    REGGIE_REDIRECT_CALLBACK = 209,
    REGGIE_EXCHANGE_CALLBACK = 210,
    REGGIE_RETRY_CONDITION_CALLBACK = 211,
    REGGIE_PROGRESS_CALLBACK = 212,
    REGGIE_FILTER_CALLBACK = 213,
    REGGIE_RESOLVE = 301,
    REGGIE_CONNECT = 302,
    REGGIE_TLS = 303,
    REGGIE_CERTIFICATE = 304,
    REGGIE_SEND = 305,
    REGGIE_RECEIVE = 306,
    REGGIE_CLOSED = 307,
    REGGIE_TRUNCATED = 308,
    REGGIE_PROTOCOL = 309,
    REGGIE_TIMEOUT = 310,
    REGGIE_PROXY = 311,
    REGGIE_ADDRESS_REFUSED = 312,
    REGGIE_TOO_MANY_REDIRECTS = 1001,
    REGGIE_REDIRECT_REFUSED = 1002,
    REGGIE_TOKEN_REFUSED = 1003,
    REGGIE_REALM_REFUSED = 1004,
    REGGIE_RETRY_LATER = 1005,
    REGGIE_NO_ERRORS = 1006,
    REGGIE_NO_HEADER = 1007,
    REGGIE_HTTP_STATUS = 1008,
    REGGIE_DIGEST_MISMATCH = 1009,
    REGGIE_PARTIAL_CONTENT = 1010,
    REGGIE_NEXT_PAGE_REFUSED = 1011,
    REGGIE_NOT_FOUND = 1012,
    REGGIE_UNAUTHORIZED = 1013,
    REGGIE_DENIED = 1014,
    REGGIE_UNSUPPORTED = 1015,
    REGGIE_SIZE_MISMATCH = 1016,
    REGGIE_INVALID_MANIFEST = 1017,
    REGGIE_NO_PLATFORM = 1018,
    REGGIE_RANGE_IGNORED = 1019,
    REGGIE_UPLOAD_LOST = 1020,
    REGGIE_BLOB_MISSING = 1021,
    REGGIE_LIST_ENDLESS = 1022,
    REGGIE_NO_FILES = 1023,
    REGGIE_TIME_RESOLVE = 1,
    REGGIE_TIME_CONNECT = 2,
    REGGIE_TIME_TLS = 3,
    REGGIE_TIME_FIRST_BYTE = 4,
    REGGIE_TIME_TOTAL = 5,
    REGGIE_TLS_1_2 = 12,
    REGGIE_TLS_1_3 = 13,
    REGGIE_IP_ANY = 0,
    REGGIE_IP_4 = 4,
    REGGIE_IP_6 = 6,
    REGGIE_REDIRECT_FOLLOW = 0,
    REGGIE_REDIRECT_RETURN = 1,
    REGGIE_LOG_ERROR = 1,
    REGGIE_LOG_WARNING = 2,
    REGGIE_LOG_INFO = 3,
    REGGIE_LOG_DEBUG = 4,
    REGGIE_PURPOSE_FIRST = 1,
    REGGIE_PURPOSE_CHALLENGE = 2,
    REGGIE_PURPOSE_TOKEN = 3,
    REGGIE_PURPOSE_REDIRECT = 4,
    REGGIE_PURPOSE_RETRY = 5,
    REGGIE_JSON_NONE = 0,
    REGGIE_JSON_NULL = 1,
    REGGIE_JSON_BOOLEAN = 2,
    REGGIE_JSON_NUMBER = 3,
    REGGIE_JSON_STRING = 4,
    REGGIE_JSON_ARRAY = 5,
    REGGIE_JSON_OBJECT = 6,
    REGGIE_PROGRESS_BEGIN = 1,
    REGGIE_PROGRESS_MOVE = 2,
    REGGIE_PROGRESS_WAIT = 3,
    REGGIE_PROGRESS_RESTART = 4,
    REGGIE_PROGRESS_END = 5,
    REGGIE_PROGRESS_SKIP = 6,
    REGGIE_PROGRESS_FAIL = 7,
    REGGIE_PROGRESS_DONE = 8,
    REGGIE_PHASE_CHECK = 1,
    REGGIE_PHASE_PULL = 2,
    REGGIE_PHASE_PUSH = 3,
    REGGIE_PHASE_COMMIT = 4,
    REGGIE_PHASE_RETRY = 5,
    REGGIE_PHASE_LOCK = 6,
    REGGIE_EXISTING_CHECK = 0,
    REGGIE_EXISTING_TRUST = 1,
    REGGIE_EXISTING_REPLACE = 2
};

static const uint64_t REGGIE_UNKNOWN_SIZE = 18446744073709551615u;

typedef struct reggie_batch reggie_batch;
typedef struct reggie_blob reggie_blob;
typedef struct reggie_builder reggie_builder;
typedef struct reggie_cancel reggie_cancel;
typedef struct reggie_client reggie_client;
typedef struct reggie_config reggie_config;
typedef struct reggie_credential reggie_credential;
typedef struct reggie_descriptor reggie_descriptor;
typedef struct reggie_digester reggie_digester;
typedef struct reggie_error reggie_error;
typedef struct reggie_errors reggie_errors;
typedef struct reggie_exchange reggie_exchange;
typedef struct reggie_headers reggie_headers;
typedef struct reggie_json reggie_json;
typedef struct reggie_location reggie_location;
typedef struct reggie_manifest reggie_manifest;
typedef struct reggie_names reggie_names;
typedef struct reggie_options reggie_options;
typedef struct reggie_progress reggie_progress;
typedef struct reggie_redirect reggie_redirect;
typedef struct reggie_reference reggie_reference;
typedef struct reggie_referrers reggie_referrers;
typedef struct reggie_repository reggie_repository;
typedef struct reggie_request reggie_request;
typedef struct reggie_response reggie_response;
typedef struct reggie_upload reggie_upload;
typedef void (*reggie_free_callback)(void *userdata);
const char *reggie_version(void);
uint32_t reggie_version_number(void);
const char *reggie_build_info(void);
void reggie_string_free(char *string);
typedef int32_t reggie_status;
const char *reggie_status_string(reggie_status status);
int reggie_status_to_errno(reggie_status status);
void reggie_error_free(reggie_error *error);
reggie_status reggie_error_status(const reggie_error *error);
const char *reggie_error_message(const reggie_error *error);
const char *reggie_error_step(const reggie_error *error);
int reggie_error_http_status(const reggie_error *error);
const char *reggie_error_code(const reggie_error *error);
const char *reggie_error_digest(const reggie_error *error);
int reggie_error_errno(const reggie_error *error);
const char *reggie_error_host(const reggie_error *error);
int64_t reggie_error_retry_after(const reggie_error *error);
int reggie_error_callback_value(const reggie_error *error);
int reggie_error_is_retryable(const reggie_error *error);
reggie_status reggie_client_new(const char *address,
                                const reggie_config *config,
                                reggie_client **client,
                                reggie_error **error);
reggie_status reggie_client_derive(const reggie_client *client,
                                   const reggie_config *config,
                                   reggie_client **other,
                                   reggie_error **error);
void reggie_client_free(reggie_client *client);
reggie_status reggie_client_set_default_name(const reggie_client *client,
                                             const char *name);
reggie_status reggie_request_new(const reggie_client *client,
                                 const char *method,
                                 const char *path,
                                 reggie_request **request,
                                 reggie_error **error);
void reggie_request_free(reggie_request *request);
reggie_status reggie_request_set_method(reggie_request *request,
                                        const char *method);
const char *reggie_request_method(const reggie_request *request);
reggie_status reggie_request_set_path(reggie_request *request,
                                      const char *path);
const char *reggie_request_path(const reggie_request *request);
reggie_status reggie_request_set_name(reggie_request *request,
                                      const char *name);
const char *reggie_request_name(const reggie_request *request);
reggie_status reggie_request_set_reference(reggie_request *request,
                                           const char *reference);
const char *reggie_request_reference(const reggie_request *request);
reggie_status reggie_request_set_digest(reggie_request *request,
                                        const char *digest);
const char *reggie_request_digest(const reggie_request *request);
reggie_status reggie_request_set_session_id(reggie_request *request,
                                            const char *session_id);
const char *reggie_request_session_id(const reggie_request *request);
reggie_status reggie_request_set_header(reggie_request *request,
                                        const char *name,
                                        const char *value);
reggie_headers *reggie_request_headers(const reggie_request *request);
reggie_status reggie_request_url(const reggie_request *request,
                                 char **url,
                                 reggie_error **error);
reggie_status reggie_request_set_query(reggie_request *request,
                                       const char *name,
                                       const char *value);
reggie_status reggie_request_add_query(reggie_request *request,
                                       const char *name,
                                       const char *value);
reggie_status reggie_request_remove_query(reggie_request *request,
                                          const char *name);
size_t reggie_request_query_count(const reggie_request *request);
const char *reggie_request_query_name(const reggie_request *request,
                                      size_t index);
const char *reggie_request_query_value(const reggie_request *request,
                                       size_t index);
const char *reggie_request_query(const reggie_request *request,
                                 const char *name);
size_t reggie_headers_count(const reggie_headers *headers);
const char *reggie_headers_name(const reggie_headers *headers, size_t index);
const char *reggie_headers_value(const reggie_headers *headers, size_t index);
const char *reggie_headers_get(const reggie_headers *headers, const char *name);
size_t reggie_headers_get_count(const reggie_headers *headers,
                                const char *name);
const char *reggie_headers_get_at(const reggie_headers *headers,
                                  const char *name,
                                  size_t index);
reggie_status reggie_headers_set(reggie_headers *headers,
                                 const char *name,
                                 const char *value);
reggie_status reggie_headers_add(reggie_headers *headers,
                                 const char *name,
                                 const char *value);
reggie_status reggie_headers_remove(reggie_headers *headers, const char *name);
typedef int (*reggie_read_callback)(void *userdata,
                                    void *buffer,
                                    size_t size,
                                    size_t *count);
typedef int (*reggie_rewind_callback)(void *userdata);
typedef int (*reggie_write_callback)(void *userdata,
                                     const void *data,
                                     size_t size);
reggie_status reggie_request_set_body(reggie_request *request,
                                      const uint8_t *bytes,
                                      size_t size);
reggie_status reggie_request_set_body_borrowed(reggie_request *request,
                                               const uint8_t *bytes,
                                               size_t size,
                                               void *userdata,
                                               reggie_free_callback free_userdata);
reggie_status reggie_request_set_body_path(reggie_request *request,
                                           const char *path);
reggie_status reggie_request_set_body_path_section(reggie_request *request,
                                                   const char *path,
                                                   uint64_t offset,
                                                   uint64_t length);
reggie_status reggie_request_set_body_fd(reggie_request *request,
                                         int fd,
                                         uint64_t length,
                                         reggie_error **error);
reggie_status reggie_request_set_body_fd_section(reggie_request *request,
                                                 int fd,
                                                 uint64_t offset,
                                                 uint64_t length,
                                                 reggie_error **error);
reggie_status reggie_request_set_body_callback(reggie_request *request,
                                               reggie_read_callback read,
                                               reggie_rewind_callback rewind,
                                               uint64_t length,
                                               void *userdata,
                                               reggie_free_callback free_userdata);
reggie_status reggie_request_remove_body(reggie_request *request);
reggie_status reggie_request_set_output_memory(reggie_request *request);
reggie_status reggie_request_set_output_path(reggie_request *request,
                                             const char *path);
reggie_status reggie_request_set_output_fd(reggie_request *request, int fd);
reggie_status reggie_request_set_output_callback(reggie_request *request,
                                                 reggie_write_callback write,
                                                 void *userdata,
                                                 reggie_free_callback free_userdata);
reggie_status reggie_request_set_expected_digest(reggie_request *request,
                                                 const char *digest);
typedef int (*reggie_challenge_callback)(void *userdata, reggie_request *request);
typedef int (*reggie_transfer_callback)(void *userdata,
                                        uint64_t sent,
                                        uint64_t send_total,
                                        uint64_t received,
                                        uint64_t receive_total);
reggie_status reggie_request_set_challenge_callback(reggie_request *request,
                                                    reggie_challenge_callback callback,
                                                    void *userdata,
                                                    reggie_free_callback free_userdata);
reggie_status reggie_request_set_follow_challenge(reggie_request *request,
                                                  int follow);
reggie_status reggie_request_set_retries(reggie_request *request, int retries);
reggie_status reggie_request_set_timeout(reggie_request *request,
                                         int64_t milliseconds);
reggie_status reggie_request_set_first_byte_timeout(reggie_request *request,
                                                    int64_t milliseconds);
reggie_status reggie_request_set_commit_timeout(reggie_request *request,
                                                int64_t milliseconds);
reggie_status reggie_request_set_stall_limit(reggie_request *request,
                                             uint64_t bytes_per_second,
                                             int64_t window_ms);
reggie_status reggie_request_set_progress_callback(reggie_request *request,
                                                   reggie_transfer_callback callback,
                                                   void *userdata,
                                                   reggie_free_callback free_userdata);
reggie_status reggie_cancel_new(reggie_cancel **cancel,
                                reggie_error **error);
void reggie_cancel_free(reggie_cancel *cancel);
void reggie_cancel_trigger(const reggie_cancel *cancel);
int reggie_cancel_is_triggered(const reggie_cancel *cancel);
reggie_status reggie_request_set_cancel(reggie_request *request,
                                        const reggie_cancel *cancel);
reggie_status reggie_client_do(const reggie_client *client,
                               reggie_request *request,
                               reggie_response **response,
                               reggie_error **error);
reggie_status reggie_client_open(const reggie_client *client,
                                 reggie_request *request,
                                 reggie_response **response,
                                 reggie_error **error);
void reggie_response_free(reggie_response *response);
int reggie_response_status(const reggie_response *response);
const char *reggie_response_http_version(const reggie_response *response);
const reggie_headers *reggie_response_headers(const reggie_response *response);
const char *reggie_response_header(const reggie_response *response,
                                   const char *name);
const uint8_t *reggie_response_body(const reggie_response *response);
size_t reggie_response_body_length(const reggie_response *response);
uint64_t reggie_response_content_length(const reggie_response *response);
const char *reggie_response_relative_location(const reggie_response *response);
const char *reggie_response_absolute_location(const reggie_response *response);
int reggie_response_is_unauthorized(const reggie_response *response);
reggie_status reggie_response_errors(const reggie_response *response,
                                     reggie_errors **errors,
                                     reggie_error **error);
reggie_status reggie_response_check(const reggie_response *response,
                                    reggie_error **error);
reggie_status reggie_response_set_body(reggie_response *response,
                                       const uint8_t *bytes,
                                       size_t size);
reggie_status reggie_response_read(reggie_response *response,
                                   uint8_t *buffer,
                                   size_t size,
                                   size_t *count,
                                   reggie_error **error);
const char *reggie_response_next_page(const reggie_response *response);
reggie_status reggie_response_check_next_page(const reggie_response *response,
                                              reggie_error **error);
reggie_status reggie_response_range(const reggie_response *response,
                                    uint64_t *first,
                                    uint64_t *last);
int64_t reggie_response_retry_after(const reggie_response *response);
reggie_status reggie_response_rate_limit(const reggie_response *response,
                                         int64_t *limit,
                                         int64_t *remaining,
                                         int64_t *window_seconds);
size_t reggie_response_warnings_count(const reggie_response *response);
const char *reggie_response_warning(const reggie_response *response,
                                    size_t index);
const char *reggie_response_url(const reggie_response *response);
size_t reggie_response_send_count(const reggie_response *response);
int reggie_response_is_reused(const reggie_response *response);
const char *reggie_response_remote_address(const reggie_response *response);
int64_t reggie_response_time(const reggie_response *response, int which);
uint64_t reggie_response_body_size(const reggie_response *response);
void reggie_errors_free(reggie_errors *errors);
size_t reggie_errors_count(const reggie_errors *errors);
const char *reggie_errors_code(const reggie_errors *errors, size_t index);
const char *reggie_errors_message(const reggie_errors *errors, size_t index);
const char *reggie_errors_detail(const reggie_errors *errors, size_t index);
reggie_config *reggie_config_new(void);
void reggie_config_free(reggie_config *config);
reggie_status reggie_config_set_default_name(reggie_config *config,
                                             const char *name);
reggie_status reggie_config_set_auth_scope(reggie_config *config,
                                           const char *scope);
reggie_status reggie_config_set_mirror_of(reggie_config *config,
                                          const char *registry);
reggie_status reggie_config_set_user_agent(reggie_config *config,
                                           const char *user_agent);
reggie_status reggie_config_set_max_body_memory(reggie_config *config,
                                                size_t bytes);
reggie_status reggie_config_set_cookies(reggie_config *config, int keep);
reggie_status reggie_config_set_timeout(reggie_config *config,
                                        int64_t milliseconds);
reggie_status reggie_config_set_resolve_timeout(reggie_config *config,
                                                int64_t milliseconds);
reggie_status reggie_config_set_connect_timeout(reggie_config *config,
                                                int64_t milliseconds);
reggie_status reggie_config_set_tls_timeout(reggie_config *config,
                                            int64_t milliseconds);
reggie_status reggie_config_set_first_byte_timeout(reggie_config *config,
                                                   int64_t milliseconds);
reggie_status reggie_config_set_commit_timeout(reggie_config *config,
                                               int64_t milliseconds);
reggie_status reggie_config_set_stall_limit(reggie_config *config,
                                            uint64_t bytes_per_second,
                                            int64_t window_ms);
typedef int (*reggie_retry_condition_callback)(void *userdata,
                                               int attempt,
                                               const char *method,
                                               int http_status,
                                               reggie_status failure,
                                               int would_retry,
                                               int *retry);
reggie_status reggie_config_set_retries(reggie_config *config, int retries);
reggie_status reggie_config_set_retry_delays(reggie_config *config,
                                             int64_t base_ms,
                                             int64_t max_ms,
                                             int64_t max_retry_after_ms);
reggie_status reggie_config_set_retry_condition(reggie_config *config,
                                                reggie_retry_condition_callback callback,
                                                void *userdata,
                                                reggie_free_callback free_userdata);
typedef int (*reggie_credential_callback)(void *userdata,
                                          const char *registry,
                                          const char *repository,
                                          reggie_credential *credential);
typedef int (*reggie_realm_callback)(void *userdata,
                                     const char *registry,
                                     const char *realm,
                                     int *allow);
reggie_status reggie_config_set_credentials(reggie_config *config,
                                            const char *username,
                                            const char *password);
reggie_status reggie_config_add_credentials(reggie_config *config,
                                            const char *place,
                                            const char *username,
                                            const char *password);
reggie_status reggie_config_add_identity_token(reggie_config *config,
                                               const char *place,
                                               const char *username,
                                               const char *token);
reggie_status reggie_config_add_bearer_token(reggie_config *config,
                                             const char *place,
                                             const char *token);
reggie_status reggie_config_set_credential_callback(reggie_config *config,
                                                    reggie_credential_callback callback,
                                                    void *userdata,
                                                    reggie_free_callback free_userdata);
reggie_status reggie_config_add_credentials_file(reggie_config *config,
                                                 const char *path);
reggie_status reggie_config_use_default_credentials_files(reggie_config *config,
                                                          int enable);
reggie_status reggie_config_set_credential_helpers(reggie_config *config,
                                                   int run);
reggie_status reggie_config_set_credential_helper_timeout(reggie_config *config,
                                                          int64_t milliseconds);
reggie_status reggie_config_set_credential_helper_cache_time(reggie_config *config,
                                                             int64_t milliseconds);
reggie_status reggie_credential_set_password(reggie_credential *credential,
                                             const char *username,
                                             const char *password);
reggie_status reggie_credential_set_identity_token(reggie_credential *credential,
                                                   const char *username,
                                                   const char *token);
reggie_status reggie_credential_set_bearer_token(reggie_credential *credential,
                                                 const char *token);
reggie_status reggie_config_add_allowed_realm(reggie_config *config,
                                              const char *host);
reggie_status reggie_config_set_realm_callback(reggie_config *config,
                                               reggie_realm_callback callback,
                                               void *userdata,
                                               reggie_free_callback free_userdata);
reggie_status reggie_config_set_anonymous_fallback(reggie_config *config,
                                                   int fallback);
typedef int (*reggie_certificate_callback)(void *userdata,
                                           const char *host,
                                           const uint8_t *const *certificates,
                                           const size_t *sizes,
                                           size_t count,
                                           const char *refusal);
reggie_status reggie_config_set_insecure_skip_tls_verify(reggie_config *config,
                                                         int skip);
reggie_status reggie_config_set_system_trust(reggie_config *config, int trust);
reggie_status reggie_config_add_ca_file(reggie_config *config,
                                        const char *path,
                                        reggie_error **error);
reggie_status reggie_config_add_ca_folder(reggie_config *config,
                                          const char *path,
                                          reggie_error **error);
reggie_status reggie_config_add_ca_memory(reggie_config *config,
                                          const uint8_t *certificates,
                                          size_t size,
                                          reggie_error **error);
reggie_status reggie_config_add_client_certificate_file(reggie_config *config,
                                                        const char *registry,
                                                        const char *certificate_path,
                                                        const char *key_path,
                                                        reggie_error **error);
reggie_status reggie_config_add_client_certificate_memory(reggie_config *config,
                                                          const char *registry,
                                                          const uint8_t *certificate,
                                                          size_t certificate_size,
                                                          const uint8_t *key,
                                                          size_t key_size,
                                                          reggie_error **error);
reggie_status reggie_config_set_certificate_callback(reggie_config *config,
                                                     reggie_certificate_callback callback,
                                                     void *userdata,
                                                     reggie_free_callback free_userdata);
reggie_status reggie_config_add_certs_folder(reggie_config *config,
                                             const char *path,
                                             reggie_error **error);
reggie_status reggie_config_use_default_certs_folders(reggie_config *config,
                                                      int enable);
reggie_status reggie_config_set_min_tls_version(reggie_config *config,
                                                int version);
reggie_status reggie_config_set_key_log(reggie_config *config, int key_log);
reggie_status reggie_config_set_proxy(reggie_config *config,
                                      const char *scheme,
                                      const char *url,
                                      reggie_error **error);
reggie_status reggie_config_set_no_proxy(reggie_config *config,
                                         const char *list);
reggie_status reggie_config_set_use_environment(reggie_config *config,
                                                int enable);
reggie_status reggie_config_add_allowed_network(reggie_config *config,
                                                const char *text);
reggie_status reggie_config_add_resolve(reggie_config *config,
                                        const char *host,
                                        int port,
                                        const char *addresses);
reggie_status reggie_config_set_ip_version(reggie_config *config, int version);
reggie_status reggie_config_set_max_idle_connections(reggie_config *config,
                                                     size_t per_host,
                                                     int64_t idle_ms);
reggie_status reggie_config_set_max_connections(reggie_config *config,
                                                size_t per_host);
typedef int (*reggie_redirect_callback)(void *userdata,
                                        const reggie_redirect *redirect,
                                        int *choice);
reggie_status reggie_config_set_max_redirects(reggie_config *config, int max);
reggie_status reggie_config_set_redirect_callback(reggie_config *config,
                                                  reggie_redirect_callback callback,
                                                  void *userdata,
                                                  reggie_free_callback free_userdata);
const char *reggie_redirect_from(const reggie_redirect *redirect);
const char *reggie_redirect_to(const reggie_redirect *redirect);
const char *reggie_redirect_method(const reggie_redirect *redirect);
int reggie_redirect_status(const reggie_redirect *redirect);
size_t reggie_redirect_hop(const reggie_redirect *redirect);
const reggie_headers *reggie_redirect_headers(const reggie_redirect *redirect);
typedef void (*reggie_log_callback)(void *userdata,
                                    int level,
                                    const char *message);
typedef void (*reggie_warning_callback)(void *userdata,
                                        const char *host,
                                        const char *text);
typedef int (*reggie_exchange_callback)(void *userdata,
                                        reggie_exchange *exchange);
reggie_status reggie_config_set_debug(reggie_config *config, int debug);
reggie_status reggie_config_set_log_callback(reggie_config *config,
                                             int level,
                                             reggie_log_callback callback,
                                             void *userdata,
                                             reggie_free_callback free_userdata);
reggie_status reggie_config_set_warning_callback(reggie_config *config,
                                                 reggie_warning_callback callback,
                                                 void *userdata,
                                                 reggie_free_callback free_userdata);
reggie_status reggie_config_set_send_callback(reggie_config *config,
                                              reggie_exchange_callback callback,
                                              void *userdata,
                                              reggie_free_callback free_userdata);
reggie_status reggie_config_set_response_callback(reggie_config *config,
                                                  reggie_exchange_callback callback,
                                                  void *userdata,
                                                  reggie_free_callback free_userdata);
int reggie_exchange_purpose(const reggie_exchange *exchange);
const char *reggie_exchange_method(const reggie_exchange *exchange);
const char *reggie_exchange_url(const reggie_exchange *exchange);
int reggie_exchange_status(const reggie_exchange *exchange);
reggie_headers *reggie_exchange_headers(const reggie_exchange *exchange);
reggie_status reggie_digest_bytes(const char *algorithm,
                                  const uint8_t *bytes,
                                  size_t size,
                                  char **digest,
                                  reggie_error **error);
reggie_status reggie_digest_file(const char *algorithm,
                                 const char *path,
                                 char **digest,
                                 reggie_error **error);
reggie_status reggie_digester_new(const char *algorithm,
                                  reggie_digester **digester,
                                  reggie_error **error);
reggie_status reggie_digester_update(reggie_digester *digester,
                                     const uint8_t *bytes,
                                     size_t size);
reggie_status reggie_digester_finish(reggie_digester *digester,
                                     char **digest,
                                     reggie_error **error);
reggie_status reggie_digester_check(reggie_digester *digester,
                                    const char *digest,
                                    reggie_error **error);
void reggie_digester_free(reggie_digester *digester);
reggie_status reggie_reference_parse(const char *text,
                                     const char *default_registry,
                                     reggie_reference **reference,
                                     reggie_error **error);
void reggie_reference_free(reggie_reference *reference);
const char *reggie_reference_registry(const reggie_reference *reference);
const char *reggie_reference_address(const reggie_reference *reference);
const char *reggie_reference_name(const reggie_reference *reference);
const char *reggie_reference_tag(const reggie_reference *reference);
const char *reggie_reference_digest(const reggie_reference *reference);
const char *reggie_reference_target(const reggie_reference *reference);
const char *reggie_reference_string(const reggie_reference *reference);
reggie_status reggie_descriptor_new(const char *digest,
                                    uint64_t size,
                                    const char *media_type,
                                    reggie_descriptor **descriptor,
                                    reggie_error **error);
reggie_status reggie_descriptor_copy(const reggie_descriptor *descriptor,
                                     reggie_descriptor **copy,
                                     reggie_error **error);
void reggie_descriptor_free(reggie_descriptor *descriptor);
const char *reggie_descriptor_digest(const reggie_descriptor *descriptor);
uint64_t reggie_descriptor_size(const reggie_descriptor *descriptor);
const char *reggie_descriptor_media_type(const reggie_descriptor *descriptor);
const char *reggie_descriptor_artifact_type(const reggie_descriptor *descriptor);
const char *reggie_descriptor_platform(const reggie_descriptor *descriptor);
const uint8_t *reggie_descriptor_data(const reggie_descriptor *descriptor);
size_t reggie_descriptor_urls_count(const reggie_descriptor *descriptor);
const char *reggie_descriptor_url(const reggie_descriptor *descriptor,
                                  size_t index);
size_t reggie_descriptor_annotations_count(const reggie_descriptor *descriptor);
const char *reggie_descriptor_annotation_name(const reggie_descriptor *descriptor,
                                              size_t index);
const char *reggie_descriptor_annotation(const reggie_descriptor *descriptor,
                                         const char *name);
reggie_status reggie_descriptor_set_media_type(reggie_descriptor *descriptor,
                                               const char *media_type);
reggie_status reggie_descriptor_set_artifact_type(reggie_descriptor *descriptor,
                                                  const char *artifact_type);
reggie_status reggie_descriptor_set_platform(reggie_descriptor *descriptor,
                                             const char *platform);
reggie_status reggie_descriptor_set_annotation(reggie_descriptor *descriptor,
                                               const char *name,
                                               const char *value);
const char *reggie_platform_host(void);
reggie_status reggie_manifest_parse(const uint8_t *bytes,
                                    size_t size,
                                    const char *media_type,
                                    reggie_manifest **manifest,
                                    reggie_error **error);
void reggie_manifest_free(reggie_manifest *manifest);
const uint8_t *reggie_manifest_bytes(const reggie_manifest *manifest);
size_t reggie_manifest_size(const reggie_manifest *manifest);
const reggie_descriptor *reggie_manifest_descriptor(const reggie_manifest *manifest);
int reggie_manifest_is_index(const reggie_manifest *manifest);
const char *reggie_manifest_artifact_type(const reggie_manifest *manifest);
const reggie_descriptor *reggie_manifest_config(const reggie_manifest *manifest);
size_t reggie_manifest_layers_count(const reggie_manifest *manifest);
const reggie_descriptor *reggie_manifest_layer(const reggie_manifest *manifest,
                                               size_t index);
size_t reggie_manifest_entries_count(const reggie_manifest *manifest);
const reggie_descriptor *reggie_manifest_entry(const reggie_manifest *manifest,
                                               size_t index);
const reggie_descriptor *reggie_manifest_select(const reggie_manifest *manifest,
                                                const char *platform);
const reggie_descriptor *reggie_manifest_subject(const reggie_manifest *manifest);
size_t reggie_manifest_annotations_count(const reggie_manifest *manifest);
const char *reggie_manifest_annotation_name(const reggie_manifest *manifest,
                                            size_t index);
const char *reggie_manifest_annotation(const reggie_manifest *manifest,
                                       const char *name);
const reggie_json *reggie_manifest_json(const reggie_manifest *manifest);
reggie_status reggie_json_parse(const uint8_t *bytes,
                                size_t size,
                                reggie_json **json,
                                reggie_error **error);
void reggie_json_free(reggie_json *json);
int reggie_json_kind(const reggie_json *json);
const reggie_json *reggie_json_get(const reggie_json *json, const char *key);
size_t reggie_json_count(const reggie_json *json);
const reggie_json *reggie_json_at(const reggie_json *json, size_t index);
const char *reggie_json_key(const reggie_json *json, size_t index);
const char *reggie_json_string(const reggie_json *json);
int64_t reggie_json_integer(const reggie_json *json, int64_t otherwise);
int reggie_json_boolean(const reggie_json *json, int otherwise);
reggie_status reggie_repository_new(const reggie_client *client,
                                    const char *name,
                                    reggie_repository **repository,
                                    reggie_error **error);
reggie_status reggie_repository_open(const char *text,
                                     const reggie_config *config,
                                     reggie_repository **repository,
                                     reggie_error **error);
reggie_status reggie_repository_open_layout(const char *path,
                                            int create,
                                            reggie_repository **repository,
                                            reggie_error **error);
void reggie_repository_free(reggie_repository *repository);
const char *reggie_repository_name(const reggie_repository *repository);
const char *reggie_repository_target(const reggie_repository *repository);
const reggie_client *reggie_repository_client(const reggie_repository *repository);
reggie_status reggie_repository_authorization(const reggie_repository *repository,
                                              int push,
                                              const reggie_options *options,
                                              char **value,
                                              int64_t *expires,
                                              reggie_error **error);
typedef int (*reggie_progress_callback)(void *userdata,
                                        const reggie_progress *progress);
int reggie_progress_event(const reggie_progress *progress);
int reggie_progress_phase(const reggie_progress *progress);
size_t reggie_progress_number(const reggie_progress *progress);
size_t reggie_progress_index(const reggie_progress *progress);
const reggie_descriptor *reggie_progress_item(const reggie_progress *progress);
const char *reggie_progress_name(const reggie_progress *progress);
uint64_t reggie_progress_done(const reggie_progress *progress);
uint64_t reggie_progress_total(const reggie_progress *progress);
uint64_t reggie_progress_resumed(const reggie_progress *progress);
int64_t reggie_progress_wait_ms(const reggie_progress *progress);
uint64_t reggie_progress_all_done(const reggie_progress *progress);
uint64_t reggie_progress_all_total(const reggie_progress *progress);
size_t reggie_progress_items_done(const reggie_progress *progress);
size_t reggie_progress_items(const reggie_progress *progress);
typedef int (*reggie_filter_callback)(void *userdata,
                                      const reggie_descriptor *parent,
                                      const reggie_descriptor *item,
                                      int is_referrer,
                                      int *take);
reggie_options *reggie_options_new(void);
void reggie_options_free(reggie_options *options);
reggie_status reggie_options_set_cancel(reggie_options *options,
                                        const reggie_cancel *cancel);
reggie_status reggie_options_set_timeout(reggie_options *options,
                                         int64_t milliseconds);
reggie_status reggie_options_set_retries(reggie_options *options,
                                         int tries);
reggie_status reggie_options_set_progress_callback(reggie_options *options,
                                                   int64_t interval_ms,
                                                   reggie_progress_callback callback,
                                                   void *userdata,
                                                   reggie_free_callback free_userdata);
reggie_status reggie_options_set_parallel(reggie_options *options,
                                          size_t blobs);
reggie_status reggie_options_set_ranges(reggie_options *options,
                                        size_t parts,
                                        size_t part_size);
reggie_status reggie_options_set_max_speed(reggie_options *options,
                                           uint64_t down,
                                           uint64_t up);
reggie_status reggie_options_set_max_blob(reggie_options *options,
                                          uint64_t bytes);
reggie_status reggie_options_set_max_manifest(reggie_options *options,
                                              size_t bytes);
reggie_status reggie_options_add_manifest_type(reggie_options *options,
                                               const char *media_type);
reggie_status reggie_options_set_resume(reggie_options *options, int resume);
reggie_status reggie_options_set_lock_timeout(reggie_options *options,
                                              int64_t milliseconds);
reggie_status reggie_options_set_existing(reggie_options *options, int what);
reggie_status reggie_options_set_sync(reggie_options *options, int sync);
reggie_status reggie_options_set_algorithm(reggie_options *options,
                                           const char *algorithm);
reggie_status reggie_options_set_chunk_size(reggie_options *options,
                                            uint64_t bytes);
reggie_status reggie_options_set_state_folder(reggie_options *options,
                                              const char *path);
reggie_status reggie_options_add_mount_from(reggie_options *options,
                                            const char *name);
reggie_status reggie_options_set_platform(reggie_options *options,
                                          const char *platform);
reggie_status reggie_options_set_filter_callback(reggie_options *options,
                                                 reggie_filter_callback callback,
                                                 void *userdata,
                                                 reggie_free_callback free_userdata);
reggie_status reggie_options_set_referrers(reggie_options *options,
                                           int referrers);
reggie_status reggie_options_set_digest_tags(reggie_options *options,
                                             int digest_tags);
reggie_status reggie_options_set_foreign(reggie_options *options, int foreign);
reggie_status reggie_options_set_pages(reggie_options *options,
                                       size_t page_size,
                                       size_t max_pages);
reggie_status reggie_options_set_delete_detour(reggie_options *options,
                                               int detour);
reggie_status reggie_manifest_pull(const reggie_repository *repository,
                                   const char *reference,
                                   const reggie_options *options,
                                   reggie_manifest **manifest,
                                   reggie_error **error);
reggie_status reggie_manifest_resolve(const reggie_repository *repository,
                                      const char *reference,
                                      const char *platform,
                                      const reggie_options *options,
                                      reggie_manifest **manifest,
                                      reggie_error **error);
reggie_status reggie_manifest_stat(const reggie_repository *repository,
                                   const char *reference,
                                   const reggie_options *options,
                                   reggie_descriptor **descriptor,
                                   reggie_error **error);
reggie_status reggie_manifest_push(const reggie_repository *repository,
                                   const reggie_manifest *manifest,
                                   const char *const *tags,
                                   size_t count,
                                   const reggie_options *options,
                                   reggie_error **error);
reggie_status reggie_manifest_delete(const reggie_repository *repository,
                                     const char *digest,
                                     const reggie_options *options,
                                     reggie_error **error);
reggie_status reggie_tag_delete(const reggie_repository *repository,
                                const char *tag,
                                const reggie_options *options,
                                reggie_error **error);
reggie_status reggie_blob_pull_to_path(const reggie_repository *repository,
                                       const reggie_descriptor *blob,
                                       const char *path,
                                       const reggie_options *options,
                                       reggie_error **error);
reggie_status reggie_blob_pull_to_fd(const reggie_repository *repository,
                                     const reggie_descriptor *blob,
                                     int fd,
                                     const reggie_options *options,
                                     reggie_error **error);
reggie_status reggie_blob_pull_to_callback(const reggie_repository *repository,
                                           const reggie_descriptor *blob,
                                           reggie_write_callback write,
                                           void *userdata,
                                           const reggie_options *options,
                                           reggie_error **error);
reggie_status reggie_blob_pull_to_memory(const reggie_repository *repository,
                                         const reggie_descriptor *blob,
                                         size_t max_size,
                                         const reggie_options *options,
                                         uint8_t **bytes,
                                         size_t *size,
                                         reggie_error **error);
reggie_status reggie_blob_stat(const reggie_repository *repository,
                               const char *digest,
                               const reggie_options *options,
                               uint64_t *size,
                               reggie_error **error);
reggie_status reggie_blob_delete(const reggie_repository *repository,
                                 const char *digest,
                                 const reggie_options *options,
                                 reggie_error **error);
reggie_status reggie_blob_open(const reggie_repository *repository,
                               const reggie_descriptor *blob,
                               const reggie_options *options,
                               reggie_blob **handle,
                               reggie_error **error);
void reggie_blob_free(reggie_blob *handle);
uint64_t reggie_blob_size(const reggie_blob *handle);
reggie_status reggie_blob_read(reggie_blob *handle,
                               uint8_t *buffer,
                               size_t size,
                               size_t *got,
                               reggie_error **error);
reggie_status reggie_blob_pread(const reggie_blob *handle,
                                uint8_t *buffer,
                                size_t size,
                                uint64_t offset,
                                const reggie_options *options,
                                size_t *got,
                                reggie_error **error);
void reggie_bytes_free(uint8_t *bytes);
reggie_status reggie_blob_locate(const reggie_repository *repository,
                                 const reggie_descriptor *blob,
                                 int follow,
                                 const reggie_options *options,
                                 reggie_location **location,
                                 reggie_error **error);
void reggie_location_free(reggie_location *location);
const char *reggie_location_url(const reggie_location *location);
const reggie_headers *reggie_location_headers(const reggie_location *location);
int64_t reggie_location_expires(const reggie_location *location);
void reggie_location_refused(const reggie_location *location, int http_status);
reggie_status reggie_blob_push_path(const reggie_repository *repository,
                                    const char *path,
                                    const char *digest,
                                    const reggie_options *options,
                                    reggie_descriptor **descriptor,
                                    reggie_error **error);
reggie_status reggie_blob_push_fd(const reggie_repository *repository,
                                  int fd,
                                  uint64_t length,
                                  const char *digest,
                                  const reggie_options *options,
                                  reggie_descriptor **descriptor,
                                  reggie_error **error);
reggie_status reggie_blob_push_memory(const reggie_repository *repository,
                                      const uint8_t *bytes,
                                      size_t size,
                                      const char *digest,
                                      const reggie_options *options,
                                      reggie_descriptor **descriptor,
                                      reggie_error **error);
reggie_status reggie_blob_push_callback(const reggie_repository *repository,
                                        reggie_read_callback read,
                                        reggie_rewind_callback rewind,
                                        uint64_t length,
                                        void *userdata,
                                        const char *digest,
                                        const reggie_options *options,
                                        reggie_descriptor **descriptor,
                                        reggie_error **error);
reggie_status reggie_blob_mount(const reggie_repository *repository,
                                const char *digest,
                                const char *from,
                                const reggie_options *options,
                                int *mounted,
                                reggie_error **error);
reggie_status reggie_upload_begin(const reggie_repository *repository,
                                  const reggie_options *options,
                                  reggie_upload **upload,
                                  reggie_error **error);
reggie_status reggie_upload_write(reggie_upload *upload,
                                  const uint8_t *bytes,
                                  size_t size,
                                  reggie_error **error);
uint64_t reggie_upload_offset(const reggie_upload *upload);
reggie_status reggie_upload_commit(reggie_upload *upload,
                                   const char *digest,
                                   const reggie_options *options,
                                   reggie_descriptor **descriptor,
                                   reggie_error **error);
reggie_status reggie_upload_abort(reggie_upload *upload,
                                  reggie_error **error);
reggie_status reggie_upload_export(const reggie_upload *upload,
                                   char **text,
                                   reggie_error **error);
reggie_status reggie_upload_import(const reggie_repository *repository,
                                   const char *text,
                                   const reggie_options *options,
                                   reggie_upload **upload,
                                   reggie_error **error);
void reggie_upload_free(reggie_upload *upload);
reggie_builder *reggie_builder_new(void);
reggie_builder *reggie_builder_new_index(void);
void reggie_builder_free(reggie_builder *builder);
reggie_status reggie_builder_set_artifact_type(reggie_builder *builder,
                                               const char *artifact_type);
reggie_status reggie_builder_set_subject(reggie_builder *builder,
                                         const reggie_descriptor *subject);
reggie_status reggie_builder_set_annotation(reggie_builder *builder,
                                            const char *name,
                                            const char *value);
reggie_status reggie_builder_set_config(reggie_builder *builder,
                                        const uint8_t *bytes,
                                        size_t size,
                                        const char *media_type);
reggie_status reggie_builder_set_config_descriptor(reggie_builder *builder,
                                                   const reggie_descriptor *descriptor);
reggie_status reggie_builder_add(reggie_builder *builder,
                                 const reggie_descriptor *descriptor);
reggie_status reggie_builder_add_path(reggie_builder *builder,
                                      const char *path,
                                      const char *media_type,
                                      const char *title);
reggie_status reggie_builder_add_memory(reggie_builder *builder,
                                        const uint8_t *bytes,
                                        size_t size,
                                        const char *media_type,
                                        const char *title);
reggie_status reggie_builder_annotate(reggie_builder *builder,
                                      const char *name,
                                      const char *value);
reggie_status reggie_builder_finish(const reggie_builder *builder,
                                    const reggie_options *options,
                                    reggie_manifest **manifest,
                                    reggie_error **error);
reggie_status reggie_builder_push(const reggie_builder *builder,
                                  const reggie_repository *repository,
                                  const char *const *tags,
                                  size_t count,
                                  const reggie_options *options,
                                  reggie_manifest **manifest,
                                  reggie_error **error);
reggie_status reggie_pull_files(const reggie_repository *repository,
                                const char *reference,
                                const char *folder,
                                const reggie_options *options,
                                reggie_manifest **manifest,
                                reggie_error **error);
reggie_status reggie_copy(const reggie_repository *from,
                          const char *reference,
                          const reggie_repository *to,
                          const char *const *tags,
                          size_t count,
                          const reggie_options *options,
                          reggie_descriptor **copied,
                          reggie_error **error);
reggie_status reggie_batch_new(const reggie_options *options,
                               reggie_batch **batch,
                               reggie_error **error);
void reggie_batch_free(reggie_batch *batch);
reggie_status reggie_batch_set_keep_going(reggie_batch *batch,
                                          int keep_going);
reggie_status reggie_batch_run(reggie_batch *batch,
                               reggie_error **error);
reggie_status reggie_batch_step(reggie_batch *batch,
                                int64_t wait_ms,
                                int *running,
                                reggie_error **error);
int reggie_batch_fd(const reggie_batch *batch);
size_t reggie_batch_count(const reggie_batch *batch);
int reggie_batch_is_done(const reggie_batch *batch, size_t index);
const reggie_manifest *reggie_batch_manifest(const reggie_batch *batch,
                                             size_t index);
const reggie_location *reggie_batch_location(const reggie_batch *batch,
                                             size_t index);
const reggie_error *reggie_batch_error(const reggie_batch *batch, size_t index);
const reggie_descriptor *reggie_batch_item(const reggie_batch *batch,
                                           size_t index);
reggie_status reggie_batch_pull_to_path(reggie_batch *batch,
                                        const reggie_repository *repository,
                                        const reggie_descriptor *blob,
                                        const char *path);
reggie_status reggie_batch_pull_to_fd(reggie_batch *batch,
                                      const reggie_repository *repository,
                                      const reggie_descriptor *blob,
                                      int fd);
reggie_status reggie_batch_pull_to_callback(reggie_batch *batch,
                                            const reggie_repository *repository,
                                            const reggie_descriptor *blob,
                                            reggie_write_callback write,
                                            void *userdata,
                                            reggie_free_callback free_userdata);
reggie_status reggie_batch_push_path(reggie_batch *batch,
                                     const reggie_repository *repository,
                                     const char *path,
                                     const char *digest);
reggie_status reggie_batch_copy(reggie_batch *batch,
                                const reggie_repository *from,
                                const char *reference,
                                const reggie_repository *to,
                                const char *const *tags,
                                size_t count);
reggie_status reggie_batch_resolve(reggie_batch *batch,
                                   const reggie_repository *repository,
                                   const char *reference,
                                   const char *platform);
reggie_status reggie_batch_locate(reggie_batch *batch,
                                  const reggie_repository *repository,
                                  const reggie_descriptor *blob,
                                  int follow);
reggie_status reggie_tags_open(const reggie_repository *repository,
                               const char *after,
                               const reggie_options *options,
                               reggie_names **names,
                               reggie_error **error);
reggie_status reggie_catalog_open(const reggie_client *client,
                                  const char *after,
                                  const reggie_options *options,
                                  reggie_names **names,
                                  reggie_error **error);
reggie_status reggie_names_next(reggie_names *names,
                                const char **name,
                                reggie_error **error);
size_t reggie_names_left_out(const reggie_names *names);
void reggie_names_free(reggie_names *names);
reggie_status reggie_referrers_open(const reggie_repository *repository,
                                    const char *digest,
                                    const char *artifact_type,
                                    const reggie_options *options,
                                    reggie_referrers **referrers,
                                    reggie_error **error);
reggie_status reggie_referrers_next(reggie_referrers *referrers,
                                    const reggie_descriptor **descriptor,
                                    reggie_error **error);
void reggie_referrers_free(reggie_referrers *referrers);
