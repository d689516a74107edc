package cabi

// #include "shim.h"
import "C"

import (
	"runtime"
	"time"
)

// Versions of TLS.
const (
	TLS12 = int(C.REGGIE_TLS_1_2)
	TLS13 = int(C.REGGIE_TLS_1_3)
)

// A Config holds the settings of a client. Its methods are documented in
// reggie.h, under the functions of their names. It is freed when it becomes
// unreachable.
type Config struct {
	id C.uintptr_t
	// functions holds functions of the program.
	functions *functionSet
}

// NewConfig creates default settings.
func NewConfig() *Config {
	config := &Config{id: C.cabi_config_new(), functions: newFunctionSet()}
	created(config.id)
	runtime.AddCleanup(config, func(id C.uintptr_t) {
		C.cabi_config_free(id)
		freed()
	}, config.id)
	return config
}

// The setters do without runtime.KeepAlive: the caller creates a client from the
// config afterwards.

func (c *Config) SetAuthScope(scope string) error {
	var s cStrings
	return s.status(C.cabi_config_set_auth_scope(c.id, s.c(scope)))
}

func (c *Config) SetMirrorOf(registry string) error {
	var s cStrings
	return s.status(C.cabi_config_set_mirror_of(c.id, s.c(registry)))
}

func (c *Config) SetUserAgent(agent string) error {
	var s cStrings
	return s.status(C.cabi_config_set_user_agent(c.id, s.c(agent)))
}

func (c *Config) SetNoProxy(list string) error {
	var s cStrings
	return s.status(C.cabi_config_set_no_proxy(c.id, s.c(list)))
}

func (c *Config) AddAllowedNetwork(network string) error {
	var s cStrings
	return s.status(C.cabi_config_add_allowed_network(c.id, s.c(network)))
}

func (c *Config) AddAllowedRealm(host string) error {
	var s cStrings
	return s.status(C.cabi_config_add_allowed_realm(c.id, s.c(host)))
}

func (c *Config) AddCredentialsFile(path string) error {
	var s cStrings
	return s.status(C.cabi_config_add_credentials_file(c.id, s.c(path)))
}

func (c *Config) AddCAFile(path string) error {
	var s cStrings
	var failure C.uintptr_t
	return s.error(C.cabi_config_add_ca_file(c.id, s.c(path), &failure), failure)
}

func (c *Config) AddCAFolder(path string) error {
	var s cStrings
	var failure C.uintptr_t
	return s.error(C.cabi_config_add_ca_folder(c.id, s.c(path), &failure), failure)
}

func (c *Config) AddCertsFolder(path string) error {
	var s cStrings
	var failure C.uintptr_t
	return s.error(C.cabi_config_add_certs_folder(c.id, s.c(path), &failure), failure)
}

func (c *Config) SetRetries(count int) error {
	return statusError(C.cabi_config_set_retries(c.id, C.int(count)))
}

func (c *Config) SetIPVersion(version int) error {
	return statusError(C.cabi_config_set_ip_version(c.id, C.int(version)))
}

func (c *Config) SetMaxRedirects(count int) error {
	return statusError(C.cabi_config_set_max_redirects(c.id, C.int(count)))
}

func (c *Config) SetMinTLSVersion(version int) error {
	return statusError(C.cabi_config_set_min_tls_version(c.id, C.int(version)))
}

func (c *Config) SetCookies(on bool) error {
	return statusError(C.cabi_config_set_cookies(c.id, cBool(on)))
}

func (c *Config) SetUseEnvironment(on bool) error {
	return statusError(C.cabi_config_set_use_environment(c.id, cBool(on)))
}

func (c *Config) SetAnonymousFallback(on bool) error {
	return statusError(C.cabi_config_set_anonymous_fallback(c.id, cBool(on)))
}

func (c *Config) SetInsecureSkipTLSVerify(on bool) error {
	return statusError(C.cabi_config_set_insecure_skip_tls_verify(c.id, cBool(on)))
}

func (c *Config) SetSystemTrust(on bool) error {
	return statusError(C.cabi_config_set_system_trust(c.id, cBool(on)))
}

func (c *Config) UseDefaultCertsFolders(on bool) error {
	return statusError(C.cabi_config_use_default_certs_folders(c.id, cBool(on)))
}

func (c *Config) UseDefaultCredentialsFiles(on bool) error {
	return statusError(C.cabi_config_use_default_credentials_files(c.id, cBool(on)))
}

func (c *Config) SetCredentialHelpers(on bool) error {
	return statusError(C.cabi_config_set_credential_helpers(c.id, cBool(on)))
}

func (c *Config) SetKeyLog(on bool) error {
	return statusError(C.cabi_config_set_key_log(c.id, cBool(on)))
}

func (c *Config) SetResolveTimeout(limit time.Duration) error {
	return statusError(C.cabi_config_set_resolve_timeout(c.id, milliseconds(limit)))
}

func (c *Config) SetConnectTimeout(limit time.Duration) error {
	return statusError(C.cabi_config_set_connect_timeout(c.id, milliseconds(limit)))
}

func (c *Config) SetTLSTimeout(limit time.Duration) error {
	return statusError(C.cabi_config_set_tls_timeout(c.id, milliseconds(limit)))
}

func (c *Config) SetFirstByteTimeout(limit time.Duration) error {
	return statusError(C.cabi_config_set_first_byte_timeout(c.id, milliseconds(limit)))
}

func (c *Config) SetCommitTimeout(limit time.Duration) error {
	return statusError(C.cabi_config_set_commit_timeout(c.id, milliseconds(limit)))
}

func (c *Config) SetCredentialHelperTimeout(limit time.Duration) error {
	return statusError(C.cabi_config_set_credential_helper_timeout(c.id, milliseconds(limit)))
}

func (c *Config) SetCredentialHelperCacheTime(limit time.Duration) error {
	return statusError(C.cabi_config_set_credential_helper_cache_time(c.id, milliseconds(limit)))
}

func (c *Config) SetCredentials(username, password string) error {
	var s cStrings
	return s.status(C.cabi_config_set_credentials(c.id, s.c(username), s.c(password)))
}

func (c *Config) AddCredentials(place, username, password string) error {
	var s cStrings
	return s.status(C.cabi_config_add_credentials(c.id, s.c(place), s.c(username), s.c(password)))
}

func (c *Config) AddIdentityToken(place, username, token string) error {
	var s cStrings
	return s.status(C.cabi_config_add_identity_token(c.id, s.c(place), s.c(username), s.c(token)))
}

func (c *Config) AddBearerToken(place, token string) error {
	var s cStrings
	return s.status(C.cabi_config_add_bearer_token(c.id, s.c(place), s.c(token)))
}

// SetProxy sets the proxy for a scheme, or for both if scheme is empty. An empty
// URL means no proxy.
func (c *Config) SetProxy(scheme, url string) error {
	var s cStrings
	var failure C.uintptr_t
	return s.error(C.cabi_config_set_proxy(c.id, s.optional(scheme), s.optional(url), &failure), failure)
}

func (c *Config) AddCAMemory(certificates []byte) error {
	var s cStrings
	var failure C.uintptr_t
	bytes, size := cBytes(certificates)
	return s.error(C.cabi_config_add_ca_memory(c.id, bytes, size, &failure), failure)
}

// AddClientCertificateFile adds a certificate for a registry; empty means the
// client's own. If key is empty, the certificate file contains it.
func (c *Config) AddClientCertificateFile(registry, certificate, key string) error {
	var s cStrings
	var failure C.uintptr_t
	status := C.cabi_config_add_client_certificate_file(
		c.id, s.optional(registry), s.c(certificate), s.optional(key), &failure)
	return s.error(status, failure)
}

// AddClientCertificateMemory is AddClientCertificateFile with PEM in memory.
func (c *Config) AddClientCertificateMemory(registry string, certificate, key []byte) error {
	var s cStrings
	var failure C.uintptr_t
	bytes, size := cBytes(certificate)
	keyBytes, keySize := cBytes(key)
	status := C.cabi_config_add_client_certificate_memory(
		c.id, s.optional(registry), bytes, size, keyBytes, keySize, &failure)
	return s.error(status, failure)
}

func (c *Config) SetStallLimit(bytesPerSecond uint64, window time.Duration) error {
	return statusError(C.cabi_config_set_stall_limit(
		c.id, C.uint64_t(bytesPerSecond), milliseconds(window)))
}

func (c *Config) SetRetryDelays(base, limit, maxRetryAfter time.Duration) error {
	return statusError(C.cabi_config_set_retry_delays(
		c.id, milliseconds(base), milliseconds(limit), milliseconds(maxRetryAfter)))
}

func (c *Config) SetMaxConnections(perHost int) error {
	return statusError(C.cabi_config_set_max_connections(c.id, C.size_t(max(perHost, 0))))
}

func (c *Config) SetMaxIdleConnections(perHost int, idle time.Duration) error {
	return statusError(C.cabi_config_set_max_idle_connections(
		c.id, C.size_t(max(perHost, 0)), milliseconds(idle)))
}

func (c *Config) AddResolve(host string, port int, addresses string) error {
	var s cStrings
	return s.status(C.cabi_config_add_resolve(c.id, s.c(host), C.int(port), s.c(addresses)))
}

// SetLog passes log lines up to a level to the Log of their call, with their owner.
func (c *Config) SetLog(level int, owner any) error {
	return statusError(C.cabi_config_set_log(c.id, C.int(level), c.functions.register(owner)))
}

// Callbacks are functions of the program: if there are any, Call.Run needs
// callbacks set.

// A Redirect is about to be followed.
type Redirect struct {
	From, To, Method string
	Status, Hop      int
	Headers          [][2]string
}

// A RedirectFunc decides whether a redirect is followed or becomes the response
// of the call. Return a nonzero stop to stop the call.
type RedirectFunc func(*Call, *Redirect) (follow bool, stop int)

func (c *Config) SetRedirectCallback(decide RedirectFunc) error {
	return statusError(C.cabi_config_set_redirect_callback(c.id, c.functions.register(decide)))
}

// A Credential is the result of a CredentialFunc; the zero value means none.
type Credential struct {
	Username, Password         string
	IdentityToken, BearerToken string
}

// A CredentialFunc finds the credential for a registry and a repository, which
// may be empty. Return a nonzero stop to stop the call.
type CredentialFunc func(call *Call, registry, repository string) (found Credential, stop int)

func (c *Config) SetCredentialCallback(find CredentialFunc) error {
	return statusError(C.cabi_config_set_credential_callback(c.id, c.functions.register(find)))
}

// A RealmFunc decides whether credentials for a registry may be sent to a realm.
// Return a nonzero stop to stop the call.
type RealmFunc func(call *Call, registry, realm string) (allow bool, stop int)

func (c *Config) SetRealmCallback(decide RealmFunc) error {
	return statusError(C.cabi_config_set_realm_callback(c.id, c.functions.register(decide)))
}

// A CertificateFunc decides whether to accept a server's certificate chain, in
// DER, the server's own certificate first. refusal is the reason why the library
// would refuse it, or empty. Return nonzero to refuse.
type CertificateFunc func(call *Call, host string, certificates [][]byte, refusal string) (stop int)

func (c *Config) SetCertificateCallback(decide CertificateFunc) error {
	return statusError(C.cabi_config_set_certificate_callback(c.id, c.functions.register(decide)))
}

// A WarningFunc receives a warning from a host.
type WarningFunc func(call *Call, host, text string)

func (c *Config) SetWarningCallback(warn WarningFunc) error {
	return statusError(C.cabi_config_set_warning_callback(c.id, c.functions.register(warn)))
}
