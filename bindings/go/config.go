package reggie

import (
	"libreggie/reggie/internal/cabi"
)

// DefaultUserAgent is the default User-Agent header.
const DefaultUserAgent = "reggie/0.1.0 (libreggie)"

// A ClientConfig holds the settings of a client. A change to a field takes effect
// with the next call.
type ClientConfig struct {
	// Address is the URL of the registry, without a trailing slash.
	Address string
	// AuthScope is the scope to request instead of the scope in a challenge.
	AuthScope string
	Username  string
	Password  string
	// Debug logs requests and responses, without secrets.
	Debug bool
	// DefaultName replaces <name> in the paths of requests without WithName.
	DefaultName           string
	UserAgent             string
	InsecureSkipTLSVerify bool

	maxBody        int64
	engineSettings []engineSetting
}

// An engineSetting is a setting of the library.
type engineSetting struct {
	set func(*cabi.Config) error
	// isCallback is true if the setting is a function of the program.
	isCallback bool
}

// A ClientOption is an option of [NewClient].
type ClientOption func(*ClientConfig)

// WithUsernamePassword sets the credentials for the registry.
func WithUsernamePassword(username, password string) ClientOption {
	return func(c *ClientConfig) {
		c.Username = username
		c.Password = password
	}
}

// WithAuthScope sets the scope to request instead of the scope in a challenge.
func WithAuthScope(authScope string) ClientOption {
	return func(c *ClientConfig) { c.AuthScope = authScope }
}

// WithDefaultName sets the repository that replaces <name> in the paths of
// requests without [WithName].
func WithDefaultName(namespace string) ClientOption {
	return func(c *ClientConfig) { c.DefaultName = namespace }
}

// WithDebug sets whether requests and responses are logged, without secrets.
func WithDebug(debug bool) ClientOption {
	return func(c *ClientConfig) { c.Debug = debug }
}

// WithUserAgent sets the User-Agent header.
func WithUserAgent(userAgent string) ClientOption {
	return func(c *ClientConfig) { c.UserAgent = userAgent }
}

// WithInsecureSkipTLSVerify sets whether any certificate of the registry is
// accepted.
func WithInsecureSkipTLSVerify(skip bool) ClientOption {
	return func(c *ClientConfig) { c.InsecureSkipTLSVerify = skip }
}

// engineKey holds the settings that a client of the library was created with. If
// they change, another one is created.
type engineKey struct {
	address, authScope, username, password, userAgent string
	insecure                                          bool
	// version is that of the other settings.
	version int
	debug   bool
}

func (c *ClientConfig) key() engineKey {
	return engineKey{
		address:   c.Address,
		authScope: c.AuthScope,
		username:  c.Username,
		password:  c.Password,
		userAgent: c.UserAgent,
		insecure:  c.InsecureSkipTLSVerify,
		debug:     c.Debug,
	}
}
