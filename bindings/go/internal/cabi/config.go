package cabi

// #include "shim.h"
import "C"

import (
	"runtime"
	"time"
)

// The versions of TLS and IP.
const (
	TLS12 = int(C.REGGIE_TLS_1_2)
	TLS13 = int(C.REGGIE_TLS_1_3)
	IP4   = int(C.REGGIE_IP_4)
	IP6   = int(C.REGGIE_IP_6)
)

// Config is the settings of clients, each as the function of its name in
// reggie.h has it. It is freed when nothing refers to it any more.
type Config struct {
	id C.uintptr_t
	// Functions of the program, which C knows by their places. C holds none of
	// them: one that refers to its client does not keep it from being freed.
	functions []any
}

// NewConfig makes settings with the defaults.
func NewConfig() *Config {
	config := &Config{id: C.cabi_config_new()}
	made(config.id)
	runtime.AddCleanup(config, func(id C.uintptr_t) {
		C.cabi_config_free(id)
		freed()
	}, config.id)
	return config
}

// The setters. The config is one that a client is made of afterwards, so that it
// lives until each has returned.

func (c *Config) SetDefaultName(name string) error {
	var t texts
	return t.status(C.cabi_config_set_default_name(c.id, t.c(name)))
}

func (c *Config) SetAuthScope(scope string) error {
	var t texts
	return t.status(C.cabi_config_set_auth_scope(c.id, t.c(scope)))
}

func (c *Config) SetUserAgent(agent string) error {
	var t texts
	return t.status(C.cabi_config_set_user_agent(c.id, t.c(agent)))
}

func (c *Config) SetNoProxy(list string) error {
	var t texts
	return t.status(C.cabi_config_set_no_proxy(c.id, t.c(list)))
}

func (c *Config) AddAllowedNetwork(network string) error {
	var t texts
	return t.status(C.cabi_config_add_allowed_network(c.id, t.c(network)))
}

func (c *Config) AddAllowedRealm(host string) error {
	var t texts
	return t.status(C.cabi_config_add_allowed_realm(c.id, t.c(host)))
}

func (c *Config) AddCredentialsFile(path string) error {
	var t texts
	return t.status(C.cabi_config_add_credentials_file(c.id, t.c(path)))
}

func (c *Config) AddCAFile(path string) error {
	var t texts
	var failure C.uintptr_t
	return t.failure(C.cabi_config_add_ca_file(c.id, t.c(path), &failure), failure)
}

func (c *Config) AddCAFolder(path string) error {
	var t texts
	var failure C.uintptr_t
	return t.failure(C.cabi_config_add_ca_folder(c.id, t.c(path), &failure), failure)
}

func (c *Config) AddCertsFolder(path string) error {
	var t texts
	var failure C.uintptr_t
	return t.failure(C.cabi_config_add_certs_folder(c.id, t.c(path), &failure), failure)
}

func (c *Config) SetRetries(tries int) error {
	return statusError(C.cabi_config_set_retries(c.id, C.int(tries)))
}

func (c *Config) SetIPVersion(version int) error {
	return statusError(C.cabi_config_set_ip_version(c.id, C.int(version)))
}

func (c *Config) SetMaxRedirects(most int) error {
	return statusError(C.cabi_config_set_max_redirects(c.id, C.int(most)))
}

func (c *Config) SetMinTLSVersion(version int) error {
	return statusError(C.cabi_config_set_min_tls_version(c.id, C.int(version)))
}

func (c *Config) SetCookies(on bool) error {
	return statusError(C.cabi_config_set_cookies(c.id, truth(on)))
}

func (c *Config) SetUseEnvironment(on bool) error {
	return statusError(C.cabi_config_set_use_environment(c.id, truth(on)))
}

func (c *Config) SetAnonymousFallback(on bool) error {
	return statusError(C.cabi_config_set_anonymous_fallback(c.id, truth(on)))
}

func (c *Config) SetInsecureSkipTLSVerify(on bool) error {
	return statusError(C.cabi_config_set_insecure_skip_tls_verify(c.id, truth(on)))
}

func (c *Config) SetSystemTrust(on bool) error {
	return statusError(C.cabi_config_set_system_trust(c.id, truth(on)))
}

func (c *Config) UseCertsFolders(on bool) error {
	return statusError(C.cabi_config_use_default_certs_folders(c.id, truth(on)))
}

func (c *Config) UseCredentialsFiles(on bool) error {
	return statusError(C.cabi_config_use_default_credentials_files(c.id, truth(on)))
}

func (c *Config) SetCredentialHelpers(on bool) error {
	return statusError(C.cabi_config_set_credential_helpers(c.id, truth(on)))
}

func (c *Config) SetKeyLog(on bool) error {
	return statusError(C.cabi_config_set_key_log(c.id, truth(on)))
}

func (c *Config) SetDebug(on bool) error {
	return statusError(C.cabi_config_set_debug(c.id, truth(on)))
}

func (c *Config) SetTimeout(limit time.Duration) error {
	return statusError(C.cabi_config_set_timeout(c.id, milliseconds(limit)))
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

func (c *Config) SetCredentials(username, password string) error {
	var t texts
	return t.status(C.cabi_config_set_credentials(c.id, t.c(username), t.c(password)))
}

func (c *Config) AddCredentials(place, username, password string) error {
	var t texts
	return t.status(C.cabi_config_add_credentials(c.id, t.c(place), t.c(username), t.c(password)))
}

func (c *Config) AddIdentityToken(place, username, token string) error {
	var t texts
	return t.status(C.cabi_config_add_identity_token(c.id, t.c(place), t.c(username), t.c(token)))
}

func (c *Config) AddBearerToken(place, token string) error {
	var t texts
	return t.status(C.cabi_config_add_bearer_token(c.id, t.c(place), t.c(token)))
}

// SetProxy sets the proxy for a scheme, for both if it is empty; no URL means
// no proxy.
func (c *Config) SetProxy(scheme, url string) error {
	var t texts
	var failure C.uintptr_t
	return t.failure(C.cabi_config_set_proxy(c.id, t.optional(scheme), t.optional(url), &failure), failure)
}

func (c *Config) AddCAMemory(certificates []byte) error {
	var t texts
	var failure C.uintptr_t
	bytes, size := bytesOf(certificates)
	return t.failure(C.cabi_config_add_ca_memory(c.id, bytes, size, &failure), failure)
}

// AddClientCertificateFile adds a certificate for a registry, for the client's
// own if that is empty; no key means that it is in the certificate's file.
func (c *Config) AddClientCertificateFile(registry, certificate, key string) error {
	var t texts
	var failure C.uintptr_t
	status := C.cabi_config_add_client_certificate_file(
		c.id, t.optional(registry), t.c(certificate), t.optional(key), &failure)
	return t.failure(status, failure)
}

// AddClientCertificateMemory adds one from memory.
func (c *Config) AddClientCertificateMemory(registry string, certificate, key []byte) error {
	var t texts
	var failure C.uintptr_t
	bytes, size := bytesOf(certificate)
	keyBytes, keySize := bytesOf(key)
	status := C.cabi_config_add_client_certificate_memory(
		c.id, t.optional(registry), bytes, size, keyBytes, keySize, &failure)
	return t.failure(status, failure)
}

func (c *Config) SetStallLimit(bytesPerSecond uint64, window time.Duration) error {
	return statusError(C.cabi_config_set_stall_limit(
		c.id, C.uint64_t(bytesPerSecond), milliseconds(window)))
}

func (c *Config) SetRetryDelays(base, most, patience time.Duration) error {
	return statusError(C.cabi_config_set_retry_delays(
		c.id, milliseconds(base), milliseconds(most), milliseconds(patience)))
}

func (c *Config) SetMaxIdleConnections(perHost int, idle time.Duration) error {
	return statusError(C.cabi_config_set_max_idle_connections(
		c.id, C.size_t(max(perHost, 0)), milliseconds(idle)))
}

func (c *Config) AddResolve(host string, port int, addresses string) error {
	var t texts
	return t.status(C.cabi_config_add_resolve(c.id, t.c(host), C.int(port), t.c(addresses)))
}

// SetLog hands lines of the log to the call that they are of; all of them if
// debug is on.
func (c *Config) SetLog(level int) error {
	return statusError(C.cabi_config_set_log(c.id, C.int(level)))
}

// The callbacks. They are functions of the program's: Call.Run has to be told
// that there are some.

// place keeps a function, and gives the place that C knows it by.
func (c *Config) place(function any) C.uintptr_t {
	c.functions = append(c.functions, function)
	return C.uintptr_t(len(c.functions) - 1)
}

// A Redirect is one that would be followed.
type Redirect struct {
	From, To, Method string
	Status, Hop      int
	Headers          [][2]string
}

// RedirectFunc decides about a redirect: whether it is followed or is the
// answer; nonzero stops the call.
type RedirectFunc func(*Call, *Redirect) (follow bool, stop int)

func (c *Config) SetRedirectCallback(decide RedirectFunc) error {
	id := c.place(decide)
	return statusError(C.cabi_config_set_redirect_callback(c.id, id))
}

// Credential is what a CredentialFunc gives; all empty means nothing.
type Credential struct {
	Username, Password         string
	IdentityToken, BearerToken string
}

// CredentialFunc finds the credential for a registry and a repository, which
// may be empty; nonzero stops the call.
type CredentialFunc func(call *Call, registry, repository string) (found Credential, stop int)

func (c *Config) SetCredentialCallback(find CredentialFunc) error {
	id := c.place(find)
	return statusError(C.cabi_config_set_credential_callback(c.id, id))
}

// RealmFunc says whether credentials for a registry may go to a realm; nonzero
// stops the call.
type RealmFunc func(call *Call, registry, realm string) (allow bool, stop int)

func (c *Config) SetRealmCallback(decide RealmFunc) error {
	id := c.place(decide)
	return statusError(C.cabi_config_set_realm_callback(c.id, id))
}

// CertificateFunc decides about a server's certificates, in DER, the server's
// first; refusal says why the library would refuse them. Nonzero refuses.
type CertificateFunc func(call *Call, host string, certificates [][]byte, refusal string) (stop int)

func (c *Config) SetCertificateCallback(decide CertificateFunc) error {
	id := c.place(decide)
	return statusError(C.cabi_config_set_certificate_callback(c.id, id))
}

// WarningFunc hears a warning of a host.
type WarningFunc func(call *Call, host, text string)

func (c *Config) SetWarningCallback(hear WarningFunc) error {
	id := c.place(hear)
	return statusError(C.cabi_config_set_warning_callback(c.id, id))
}
