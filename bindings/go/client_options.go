package reggie

import (
	"time"

	"libreggie/reggie/internal/cabi"
)

func setting(set func(*cabi.Config) error) ClientOption {
	return func(c *ClientConfig) {
		c.engineSettings = append(c.engineSettings, engineSetting{set: set})
	}
}

func callback(set func(*cabi.Config) error) ClientOption {
	return func(c *ClientConfig) {
		c.engineSettings = append(c.engineSettings, engineSetting{set: set, isCallback: true})
	}
}

// WithCredentials sets a user name and password for a place: "host" for the
// default port, "host:port", or either followed by the first components of a
// repository name, such as "host/team". The longest match is used.
func WithCredentials(place, username, password string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCredentials(place, username, password) })
}

// WithIdentityToken sets an identity token for a place. The user name is used for
// token servers that accept the token only as a password; it may be empty.
func WithIdentityToken(place, username, token string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddIdentityToken(place, username, token) })
}

// WithBearerToken sets a token for a place. It is sent to the registry unchanged.
func WithBearerToken(place, token string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddBearerToken(place, token) })
}

// A Credential is the result of the function of [WithCredentialFunc]. The zero
// value means none.
type Credential struct {
	Username, Password string
	// IdentityToken is sent to the token server instead of a password.
	IdentityToken string
	// BearerToken is sent to the registry unchanged.
	BearerToken string
}

// WithCredentialFunc sets a function that finds credentials for registries without
// credentials. The repository may be empty. An error ends the call.
func WithCredentialFunc(find func(registry, repository string) (Credential, error)) ClientOption {
	return callback(func(c *cabi.Config) error {
		return c.SetCredentialCallback(func(call *cabi.Call, registry, repository string) (cabi.Credential, int) {
			found, err := find(registry, repository)
			if err != nil {
				call.Fail(err)
				return cabi.Credential{}, 1
			}
			return cabi.Credential(found), 0
		})
	})
}

// WithCredentialsFile reads credentials from a file in the format of Docker's
// config.json or of containers-auth.json(5).
func WithCredentialsFile(path string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCredentialsFile(path) })
}

// WithCredentialsFiles reads credentials from the default files of Docker and
// containers tools for the current user.
func WithCredentialsFiles() ClientOption {
	return setting(func(c *cabi.Config) error { return c.UseDefaultCredentialsFiles(true) })
}

// WithCredentialHelpers allows running the credential helpers that the credential
// files name. The timeout limits each run; 0 means no limit.
func WithCredentialHelpers(timeout time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error {
		if err := c.SetCredentialHelpers(true); err != nil {
			return err
		}
		return c.SetCredentialHelperTimeout(timeout)
	})
}

// WithCredentialHelperCacheTime sets how long the credentials that a helper
// returned are used before it is run again; 0 means that each use runs it. The
// default is 5 minutes. Credentials that are rejected are not used again.
func WithCredentialHelperCacheTime(limit time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetCredentialHelperCacheTime(limit) })
}

// WithAnonymousFallback requests a token without credentials if a token server
// refuses them and the request only pulls.
func WithAnonymousFallback() ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetAnonymousFallback(true) })
}

// WithAllowedRealm allows sending credentials to a token server at another site
// than the registry's: "host", "host:port" or ".domain".
func WithAllowedRealm(host string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddAllowedRealm(host) })
}

// WithRealmFunc sets a function that decides whether credentials may be sent to a
// token server at another site. Its arguments are host and port of the registry
// and of the token server. An error ends the call.
func WithRealmFunc(decide func(registry, realm string) (allow bool, err error)) ClientOption {
	return callback(func(c *cabi.Config) error {
		return c.SetRealmCallback(func(call *cabi.Call, registry, realm string) (bool, int) {
			allow, err := decide(registry, realm)
			if err != nil {
				call.Fail(err)
				return false, 1
			}
			return allow, 0
		})
	})
}

// WithAllowedNetwork allows servers to redirect to a host, with or without a port,
// or to a network in CIDR notation, although it is more private than their own.
func WithAllowedNetwork(network string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddAllowedNetwork(network) })
}

// WithMirrorOf sets the registry whose content the client's registry mirrors, such as
// "docker.io". The requests of a [Repository] then name it, for a mirror of several
// registries.
func WithMirrorOf(registry string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetMirrorOf(registry) })
}

// WithResolve sets the IP addresses of a host, separated by commas. Port 0 means
// any port.
func WithResolve(host string, port int, addresses string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddResolve(host, port, addresses) })
}

// WithIPVersion uses IPv4 (4) or IPv6 (6) only.
func WithIPVersion(version int) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetIPVersion(version) })
}

// WithMaxConnections sets the maximum number of simultaneous connections to a server,
// including idle ones. Calls that need another one wait for their turn, up to the time
// limit for connecting; a response that has not been read to its end, a [Blob] and a
// copy between registries occupy connections. The default is 0: no limit.
func WithMaxConnections(perHost int) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetMaxConnections(perHost) })
}

// WithMaxIdleConnections sets the maximum number of idle connections to each host,
// and the maximum time that they are kept.
func WithMaxIdleConnections(perHost int, idle time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetMaxIdleConnections(perHost, idle) })
}

// WithProxy sets the proxy for "http" or "https", or for both if the scheme is
// empty. An empty URL means no proxy.
func WithProxy(scheme, url string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetProxy(scheme, url) })
}

// WithNoProxy sets the hosts for which no proxy is used.
func WithNoProxy(list string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetNoProxy(list) })
}

// WithoutEnvironment ignores environment variables.
func WithoutEnvironment() ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetUseEnvironment(false) })
}

// WithCAFile adds trusted certificates from a file.
func WithCAFile(path string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCAFile(path) })
}

// WithCAFolder adds trusted certificates from the files in a folder.
func WithCAFolder(path string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCAFolder(path) })
}

// WithCA adds trusted certificates: any number in PEM, or one in DER.
func WithCA(certificates []byte) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCAMemory(certificates) })
}

// WithoutSystemTrust trusts only the certificates that were added.
func WithoutSystemTrust() ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetSystemTrust(false) })
}

// WithClientCertificate sets a client certificate for a registry; empty means the
// client's own. The certificate and its key are in PEM. If key is nil, it is read
// from certificate.
func WithClientCertificate(registry string, certificate, key []byte) ClientOption {
	return setting(func(c *cabi.Config) error {
		return c.AddClientCertificateMemory(registry, certificate, key)
	})
}

// WithClientCertificateFile is [WithClientCertificate] with files.
func WithClientCertificateFile(registry, certificate, key string) ClientOption {
	return setting(func(c *cabi.Config) error {
		return c.AddClientCertificateFile(registry, certificate, key)
	})
}

// WithCertsFolder reads certificates from a folder in the format of Docker's
// certs.d.
func WithCertsFolder(path string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCertsFolder(path) })
}

// WithCertsFolders reads certificates from the default certs.d folders of Docker
// and containers tools.
func WithCertsFolders() ClientOption {
	return setting(func(c *cabi.Config) error { return c.UseDefaultCertsFolders(true) })
}

// WithCertificateFunc sets a function that decides whether to accept a server's
// certificate chain, in DER, the server's own certificate first. refusal is the
// reason why the client would refuse it, or empty. An error refuses it.
func WithCertificateFunc(decide func(host string, certificates [][]byte, refusal string) error) ClientOption {
	return callback(func(c *cabi.Config) error {
		return c.SetCertificateCallback(func(call *cabi.Call, host string, certificates [][]byte, refusal string) int {
			if err := decide(host, certificates, refusal); err != nil {
				call.Fail(err)
				return 1
			}
			return 0
		})
	})
}

// WithMinTLSVersion sets the minimum TLS version: [tls.VersionTLS12] or
// [tls.VersionTLS13].
func WithMinTLSVersion(version uint16) ClientOption {
	return setting(func(c *cabi.Config) error { return setMinTLSVersion(c, version) })
}

// WithKeyLog writes TLS secrets to the file that SSLKEYLOGFILE names.
func WithKeyLog() ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetKeyLog(true) })
}

// WithRetries sets the maximum number of retries of a request that failed for a
// temporary reason. Retries respect Retry-After, and otherwise use exponential
// backoff. [Client.SetRetryCount] is Resty's retry mechanism.
func WithRetries(count int) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetRetries(count) })
}

// WithRetryDelays sets the delay before the first retry, the maximum delay, and
// the maximum Retry-After to wait for. A call fails if a server asks for more.
func WithRetryDelays(base, limit, maxRetryAfter time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetRetryDelays(base, limit, maxRetryAfter) })
}

// Timeouts limits each step of a call; zero means the default.
type Timeouts struct {
	Resolve, Connect, TLS, FirstByte, Commit time.Duration
}

// WithTimeouts sets the time limits of the steps of a call.
func WithTimeouts(limits Timeouts) ClientOption {
	return setting(func(c *cabi.Config) error {
		for _, step := range []struct {
			set   func(time.Duration) error
			limit time.Duration
		}{
			{c.SetResolveTimeout, limits.Resolve},
			{c.SetConnectTimeout, limits.Connect},
			{c.SetTLSTimeout, limits.TLS},
			{c.SetFirstByteTimeout, limits.FirstByte},
			{c.SetCommitTimeout, limits.Commit},
		} {
			if step.limit == 0 {
				continue
			}
			if err := step.set(step.limit); err != nil {
				return err
			}
		}
		return nil
	})
}

// WithStallLimit ends transfers that are slower than bytesPerSecond, averaged over
// the window.
func WithStallLimit(bytesPerSecond uint64, window time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetStallLimit(bytesPerSecond, window) })
}

// WithWarningFunc sets a function that receives the warnings of registries, each
// once per host.
func WithWarningFunc(warn func(host, text string)) ClientOption {
	return callback(func(c *cabi.Config) error {
		return c.SetWarningCallback(func(_ *cabi.Call, host, text string) { warn(host, text) })
	})
}

// WithMaxBody sets the maximum size of [Response.Body] in bytes; 0 means no limit.
func WithMaxBody(bytes int64) ClientOption {
	return func(c *ClientConfig) { c.maxBody = bytes }
}

// SetMaxThreads sets how many goroutines of this process may be inside the library
// at once. Each of them occupies a thread. Others wait until their context is
// done. The default is 512.
func SetMaxThreads(limit int) { cabi.SetMaxThreads(limit) }
