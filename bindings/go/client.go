package reggie

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"libreggie/reggie/internal/cabi"
)

// A Client sends requests to one registry. It is safe for concurrent use, except
// that its settings must not be changed during a call.
type Client struct {
	Config *ClientConfig

	// The following fields are Resty's. They are defaults for requests that do
	// not set their own.

	// BaseURL precedes the paths of requests made with R. The default is the
	// address of the registry.
	BaseURL string
	// HostURL is an older name for BaseURL.
	HostURL               string
	QueryParam            url.Values
	FormData              url.Values
	PathParams            map[string]string
	Header                http.Header
	UserInfo              *User
	Token                 string
	AuthScheme            string
	Cookies               []*http.Cookie
	Error                 reflect.Type
	Debug                 bool
	DisableWarn           bool
	AllowGetMethodPayload bool
	RetryCount            int
	RetryWaitTime         time.Duration
	RetryMaxWaitTime      time.Duration
	RetryConditions       []RetryConditionFunc
	RetryHooks            []OnRetryFunc
	RetryAfter            RetryAfterFunc
	JSONMarshal           func(v any) ([]byte, error)
	JSONUnmarshal         func(data []byte, v any) error
	XMLMarshal            func(v any) ([]byte, error)
	XMLUnmarshal          func(data []byte, v any) error
	// HeaderAuthorizationKey is the header field in which tokens are sent.
	HeaderAuthorizationKey string

	settings settings

	lock sync.Mutex
	// engine is the client of the library that was created with engineKey.
	engine    *cabi.Client
	engineKey engineKey
	closed    bool
}

// A User is a user name and a password.
type User struct {
	Username, Password string
}

// NewClient creates a client for the registry at an address, which is an http or
// https URL.
func NewClient(address string, opts ...ClientOption) (*Client, error) {
	config := &ClientConfig{Address: strings.TrimSuffix(address, "/")}
	for _, option := range opts {
		option(config)
	}
	if config.UserAgent == "" {
		config.UserAgent = DefaultUserAgent
	}
	client := &Client{
		Config:                 config,
		QueryParam:             url.Values{},
		FormData:               url.Values{},
		PathParams:             map[string]string{},
		Header:                 http.Header{},
		Debug:                  config.Debug,
		RetryWaitTime:          100 * time.Millisecond,
		RetryMaxWaitTime:       2 * time.Second,
		JSONMarshal:            json.Marshal,
		JSONUnmarshal:          json.Unmarshal,
		XMLMarshal:             xml.Marshal,
		XMLUnmarshal:           xml.Unmarshal,
		HeaderAuthorizationKey: "Authorization",
		settings: settings{
			escapeHTML:     true,
			debugBodyLimit: math.MaxInt32,
			log:            newStderrLogger(),
		},
	}
	// Report invalid settings now, not in the first call.
	if _, err := client.currentEngine(); err != nil {
		return nil, err
	}
	return client, nil
}

// SetDefaultName sets the repository that replaces <name> in the paths of new
// requests without [WithName].
func (c *Client) SetDefaultName(namespace string) {
	c.Config.DefaultName = namespace
}

// Close frees the client's resources, such as its connections, as soon as no call
// uses them. Closing is optional: resources of unreachable clients are freed.
func (c *Client) Close() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.closed = true
	c.engine = nil
	return nil
}

var errClosed = errors.New("the client is closed")

// currentEngine returns the library's client. If settings have changed, it creates
// another one.
func (c *Client) currentEngine() (*cabi.Client, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.closed {
		return nil, errClosed
	}
	for _, err := range c.settings.errors {
		return nil, err
	}
	key := c.Config.key()
	key.version = c.settings.version
	key.debug = c.isDebugging()
	if c.engine != nil && key == c.engineKey {
		return c.engine, nil
	}
	config, err := c.engineConfig()
	if err != nil {
		return nil, newError(err, nil)
	}
	var engine *cabi.Client
	if c.engine != nil && key.address == c.engineKey.address {
		engine, err = c.engine.Derive(config)
	} else {
		engine, err = cabi.NewClient(c.Config.Address, config)
	}
	if err != nil {
		return nil, newError(err, nil)
	}
	c.engine, c.engineKey = engine, key
	return engine, nil
}

func (c *Client) engineConfig() (*cabi.Config, error) {
	config := cabi.NewConfig()
	setters := []func(*cabi.Config) error{
		func(to *cabi.Config) error { return to.SetUserAgent(c.Config.UserAgent) },
		func(to *cabi.Config) error { return to.SetCookies(!c.settings.noCookies) },
		func(to *cabi.Config) error {
			return to.SetInsecureSkipTLSVerify(c.Config.InsecureSkipTLSVerify)
		},
	}
	if c.Config.Username != "" || c.Config.Password != "" {
		setters = append(setters, func(to *cabi.Config) error {
			return to.SetCredentials(c.Config.Username, c.Config.Password)
		})
	}
	if c.Config.AuthScope != "" {
		setters = append(setters, func(to *cabi.Config) error {
			return to.SetAuthScope(c.Config.AuthScope)
		})
	}
	if c.isDebugging() {
		setters = append(setters, func(to *cabi.Config) error { return to.SetLog(logDebug, c) })
	}
	for _, setting := range c.Config.engineSettings {
		setters = append(setters, setting.set)
	}
	setters = append(setters, c.settings.setters()...)
	for _, set := range setters {
		if err := set(config); err != nil {
			return nil, err
		}
	}
	return config, nil
}

// hasCallbacks reports whether the library calls functions of the program.
func (c *Client) hasCallbacks() bool {
	for _, setting := range c.Config.engineSettings {
		if setting.isCallback {
			return true
		}
	}
	return c.settings.redirects.hasPolicies()
}

func (c *Client) isDebugging() bool { return c.Debug || c.Config.Debug }

// NewRequest creates a request. The values of the options replace <name>,
// <reference>, <digest> and <session_id> in the path.
func (c *Client) NewRequest(method, path string, opts ...RequestOption) *Request {
	config := &requestConfig{}
	for _, option := range opts {
		option(config)
	}
	if config.Name == "" {
		config.Name = c.Config.DefaultName
	}
	for _, placeholder := range []struct{ name, value string }{
		{"<name>", config.Name},
		{"<reference>", config.Reference},
		{"<digest>", config.Digest},
		{"<session_id>", config.SessionID},
	} {
		if placeholder.value != "" {
			path = strings.ReplaceAll(path, placeholder.name, placeholder.value)
		}
	}
	request := c.R()
	request.Method = method
	request.URL = c.Config.Address + "/" + strings.TrimPrefix(path, "/")
	request.retryCallback = config.RetryCallback
	return request.SetHeader("User-Agent", c.Config.UserAgent)
}

// R creates a request for methods such as [Request.Get].
func (c *Client) R() *Request {
	return &Request{
		QueryParam: url.Values{},
		FormData:   url.Values{},
		Header:     http.Header{},
		PathParams: map[string]string{},
		client:     c,
		escapeHTML: true,
	}
}

// Do sends a request. If the response is a challenge, Do obtains
// authorization and sends the request again.
func (c *Client) Do(req *Request) (*Response, error) {
	if req.client != c {
		return nil, errors.New("the request belongs to another client")
	}
	return responseOrError(req.execute(true))
}
