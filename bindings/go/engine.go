package reggie

import (
	"time"

	"libreggie/reggie/internal/cabi"
)

func setting(set func(*cabi.Config) error) ClientOption {
	return func(c *ClientConfig) { c.engine = append(c.engine, engineSetting{set: set}) }
}

func callback(set func(*cabi.Config) error) ClientOption {
	return func(c *ClientConfig) {
		c.engine = append(c.engine, engineSetting{set: set, callbacks: true})
	}
}

// WithCredentials sets user name and password for a place: "host", which is at
// the scheme's usual port, "host:port", or either with the beginning of
// repositories' names behind it. The longest counts.
func WithCredentials(place, username, password string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCredentials(place, username, password) })
}

// WithIdentityToken sets an identity token for a place, and a user name for
// token servers that take it as a password only; it may be empty.
func WithIdentityToken(place, username, token string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddIdentityToken(place, username, token) })
}

// WithBearerToken sets a token for a place that is sent as it is.
func WithBearerToken(place, token string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddBearerToken(place, token) })
}

// A Credential is what a function finds for a registry; an empty one is none.
type Credential struct {
	Username, Password string
	// IdentityToken goes to the token server in place of a password.
	IdentityToken string
	// BearerToken goes to the registry as it is.
	BearerToken string
}

// WithCredentialFunc sets what is asked for credentials that are not set. The
// repository may be empty. An error ends the call.
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

// WithCredentialsFile reads a file in the form of Docker's config.json or of
// containers' auth.json.
func WithCredentialsFile(path string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCredentialsFile(path) })
}

// WithCredentialsFiles reads the files that Docker and containers keep for this
// user.
func WithCredentialsFiles() ClientOption {
	return setting(func(c *cabi.Config) error { return c.UseCredentialsFiles(true) })
}

// WithCredentialHelpers runs the helpers that files of credentials name, each
// for so long at most; 0 = without a limit.
func WithCredentialHelpers(timeout time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error {
		if err := c.SetCredentialHelpers(true); err != nil {
			return err
		}
		return c.SetCredentialHelperTimeout(timeout)
	})
}

// WithAnonymousFallback asks once more without credentials where a token server
// refuses them and the request only pulls.
func WithAnonymousFallback() ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetAnonymousFallback(true) })
}

// WithAllowedRealm lets credentials go to a token server at another site than
// the registry's: "host", "host:port" or ".domain".
func WithAllowedRealm(host string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddAllowedRealm(host) })
}

// WithRealmFunc sets what decides about token servers at another site, by host
// and port of the registry and of the token server. An error ends the call.
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

// WithAllowedNetwork lets servers lead to a host, with or without a port, or to
// a network in CIDR notation, that is further in than they stand.
func WithAllowedNetwork(network string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddAllowedNetwork(network) })
}

// WithResolve gives a host its addresses, with commas between them; port 0 =
// any.
func WithResolve(host string, port int, addresses string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddResolve(host, port, addresses) })
}

// WithIPVersion uses IPv4 (4) or IPv6 (6) alone.
func WithIPVersion(version int) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetIPVersion(version) })
}

// WithMaxIdleConnections sets how many idle connections are kept for each host,
// and how long.
func WithMaxIdleConnections(perHost int, idle time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetMaxIdleConnections(perHost, idle) })
}

// WithProxy sets the proxy for "http" or "https", or for both if the scheme is
// empty; no URL = no proxy.
func WithProxy(scheme, url string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetProxy(scheme, url) })
}

// WithNoProxy sets the hosts that are asked without a proxy.
func WithNoProxy(list string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetNoProxy(list) })
}

// WithoutEnvironment leaves the variables of the environment unread.
func WithoutEnvironment() ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetUseEnvironment(false) })
}

// WithCAFile trusts the certificates of a file.
func WithCAFile(path string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCAFile(path) })
}

// WithCAFolder trusts the certificates of a folder's files.
func WithCAFolder(path string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCAFolder(path) })
}

// WithCA trusts certificates in PEM, or one in DER.
func WithCA(certificates []byte) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCAMemory(certificates) })
}

// WithoutSystemTrust trusts only what was added.
func WithoutSystemTrust() ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetSystemTrust(false) })
}

// WithClientCertificate shows a certificate to one registry, to the client's own
// if that is empty. Certificate and key are in PEM; the key may be in the first.
func WithClientCertificate(registry string, certificate, key []byte) ClientOption {
	return setting(func(c *cabi.Config) error {
		return c.AddClientCertificateMemory(registry, certificate, key)
	})
}

// WithClientCertificateFile does the same with files.
func WithClientCertificateFile(registry, certificate, key string) ClientOption {
	return setting(func(c *cabi.Config) error {
		return c.AddClientCertificateFile(registry, certificate, key)
	})
}

// WithCertsFolder reads a folder in the form of Docker's certs.d.
func WithCertsFolder(path string) ClientOption {
	return setting(func(c *cabi.Config) error { return c.AddCertsFolder(path) })
}

// WithCertsFolders looks for such folders where Docker and containers have them.
func WithCertsFolders() ClientOption {
	return setting(func(c *cabi.Config) error { return c.UseCertsFolders(true) })
}

// WithCertificateFunc sets what decides about the certificates of servers, in
// DER, the server's own first; refusal says why the client would refuse them,
// and is empty where it would not. An error refuses them.
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

// WithMinTLSVersion sets the oldest version of TLS: tls.VersionTLS12 or
// tls.VersionTLS13.
func WithMinTLSVersion(version uint16) ClientOption {
	return setting(func(c *cabi.Config) error { return setMinTLSVersion(c, version) })
}

// WithKeyLog writes the secrets of sessions to the file that SSLKEYLOGFILE names.
func WithKeyLog() ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetKeyLog(true) })
}

// WithRetries has the engine send again up to so many times what failed for a
// reason that may pass, as the registry says or with growing pauses.
// [Client.SetRetryCount] is Resty's way of doing so.
func WithRetries(tries int) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetRetries(tries) })
}

// WithRetryDelays sets the first pause, the longest one, and how long a server
// is waited for that says when to come back.
func WithRetryDelays(base, most, patience time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetRetryDelays(base, most, patience) })
}

// Timeouts bound the steps of a call; 0 = as unless set.
type Timeouts struct {
	Resolve, Connect, TLS, FirstByte, Commit time.Duration
}

// WithTimeouts sets how long the steps of a call may take.
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

// WithStallLimit ends a transfer that moves less than that, taken over a window.
func WithStallLimit(bytesPerSecond uint64, window time.Duration) ClientOption {
	return setting(func(c *cabi.Config) error { return c.SetStallLimit(bytesPerSecond, window) })
}

// WithWarningFunc hears the warnings of registries, each of a host once.
func WithWarningFunc(hear func(host, text string)) ClientOption {
	return callback(func(c *cabi.Config) error {
		return c.SetWarningCallback(func(_ *cabi.Call, host, text string) { hear(host, text) })
	})
}

// WithMaxBody bounds what [Response.Body] holds, in bytes; 0 = no bound.
func WithMaxBody(bytes int64) ClientOption {
	return func(c *ClientConfig) { c.maxBody = bytes }
}

// SetMaxThreads bounds how many goroutines of this process are in the library at
// once, each of which holds a thread; others wait, as long as their contexts
// allow. Unless set, 512.
func SetMaxThreads(most int) { cabi.SetThreads(most) }
