package reggie

import (
	"libreggie/reggie/internal/cabi"
)

// DefaultUserAgent is what clients call themselves that set nothing else.
const DefaultUserAgent = "reggie/0.1.0 (libreggie)"

// ClientConfig is the settings of a client. A change of a field counts from the
// next call on.
type ClientConfig struct {
	// Address is the registry's, without a slash at its end.
	Address string
	// AuthScope is asked for in place of what challenges name.
	AuthScope string
	Username  string
	Password  string
	// Debug logs requests and responses, without secrets.
	Debug bool
	// DefaultName is the repository that <name> means where a request has none.
	DefaultName           string
	UserAgent             string
	InsecureSkipTLSVerify bool

	maxBody int64
	engine  []engineSetting
}

// An engineSetting is one of the library's own.
type engineSetting struct {
	set func(*cabi.Config) error
	// It has functions of the program called.
	callbacks bool
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

// WithAuthScope sets the scope to ask for in place of what challenges name.
func WithAuthScope(authScope string) ClientOption {
	return func(c *ClientConfig) { c.AuthScope = authScope }
}

// WithDefaultName sets the repository that <name> means where a request has
// none.
func WithDefaultName(namespace string) ClientOption {
	return func(c *ClientConfig) { c.DefaultName = namespace }
}

// WithDebug logs requests and responses, without secrets.
func WithDebug(debug bool) ClientOption {
	return func(c *ClientConfig) { c.Debug = debug }
}

// WithUserAgent sets what the client calls itself.
func WithUserAgent(userAgent string) ClientOption {
	return func(c *ClientConfig) { c.UserAgent = userAgent }
}

// WithInsecureSkipTLSVerify accepts whatever certificate a server shows.
func WithInsecureSkipTLSVerify(skip bool) ClientOption {
	return func(c *ClientConfig) { c.InsecureSkipTLSVerify = skip }
}

// key is what of a config decides about the library's client.
type key struct {
	address, authScope, username, password, userAgent string
	insecure                                          bool
	// Counts the changes of all other settings.
	version int
	debug   bool
}

func (c *ClientConfig) key() key {
	return key{
		address:   c.Address,
		authScope: c.AuthScope,
		username:  c.Username,
		password:  c.Password,
		userAgent: c.UserAgent,
		insecure:  c.InsecureSkipTLSVerify,
		debug:     c.Debug,
	}
}
