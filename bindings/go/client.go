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

// A Client sends requests to one registry.
type Client struct {
	Config *ClientConfig

	// What follows are Resty's fields: what each request has that does not set
	// its own.

	// BaseURL stands before paths that are given to the verbs; the registry's
	// address unless set.
	BaseURL string
	// HostURL is an older name of BaseURL.
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
	// HeaderAuthorizationKey is the header that tokens go into.
	HeaderAuthorizationKey string

	settings settings

	lock    sync.Mutex
	current *cabi.Client
	made    key
	closed  bool
}

// User is a user name and its password.
type User struct {
	Username, Password string
}

// NewClient makes a client of the registry at an address, an http or https URL.
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
			log:            standardLogger(),
		},
	}
	// What cannot be set is known now.
	if _, err := client.engine(); err != nil {
		return nil, err
	}
	return client, nil
}

// SetDefaultName sets the repository that <name> means in requests that are made
// from now on.
func (c *Client) SetDefaultName(namespace string) {
	c.Config.DefaultName = namespace
}

// Close frees what the client holds, such as its connections, once no call uses
// it any more. Clients that are never closed are freed with the last reference.
func (c *Client) Close() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.closed = true
	c.current = nil
	return nil
}

var errClosed = errors.New("the client is closed")

// engine gives the library's client, made anew where settings have changed.
func (c *Client) engine() (*cabi.Client, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.closed {
		return nil, errClosed
	}
	for _, err := range c.settings.failed {
		return nil, err
	}
	wanted := c.Config.key()
	wanted.version = c.settings.version
	wanted.debug = c.debugs()
	if c.current != nil && wanted == c.made {
		return c.current, nil
	}
	config, err := c.configured()
	if err != nil {
		return nil, failure(err, nil)
	}
	var made *cabi.Client
	if c.current != nil && wanted.address == c.made.address {
		made, err = c.current.Derive(config)
	} else {
		made, err = cabi.NewClient(c.Config.Address, config)
	}
	if err != nil {
		return nil, failure(err, nil)
	}
	c.current, c.made = made, wanted
	return made, nil
}

func (c *Client) configured() (*cabi.Config, error) {
	config := cabi.NewConfig()
	settings := []func(*cabi.Config) error{
		func(to *cabi.Config) error { return to.SetUserAgent(c.Config.UserAgent) },
		func(to *cabi.Config) error { return to.SetCookies(!c.settings.noCookies) },
		func(to *cabi.Config) error {
			return to.SetInsecureSkipTLSVerify(c.Config.InsecureSkipTLSVerify)
		},
	}
	if c.Config.Username != "" || c.Config.Password != "" {
		settings = append(settings, func(to *cabi.Config) error {
			return to.SetCredentials(c.Config.Username, c.Config.Password)
		})
	}
	if c.Config.AuthScope != "" {
		settings = append(settings, func(to *cabi.Config) error {
			return to.SetAuthScope(c.Config.AuthScope)
		})
	}
	if c.debugs() {
		settings = append(settings, func(to *cabi.Config) error { return to.SetLog(logDebug) })
	}
	for _, set := range c.Config.engine {
		settings = append(settings, set.set)
	}
	settings = append(settings, c.settings.engine()...)
	for _, set := range settings {
		if err := set(config); err != nil {
			return nil, err
		}
	}
	return config, nil
}

// calls tells whether functions of the program are called from the library.
func (c *Client) calls() bool {
	for _, set := range c.Config.engine {
		if set.callbacks {
			return true
		}
	}
	return c.settings.redirects.asks()
}

func (c *Client) debugs() bool { return c.Debug || c.Config.Debug }

// NewRequest makes a request. In its path, <name>, <reference>, <digest> and
// <session_id> stand for what the options set.
func (c *Client) NewRequest(method, path string, opts ...RequestOption) *Request {
	given := &requestConfig{}
	for _, option := range opts {
		option(given)
	}
	if given.Name == "" {
		given.Name = c.Config.DefaultName
	}
	for _, value := range []struct{ name, value string }{
		{"<name>", given.Name},
		{"<reference>", given.Reference},
		{"<digest>", given.Digest},
		{"<session_id>", given.SessionID},
	} {
		if value.value != "" {
			path = strings.ReplaceAll(path, value.name, value.value)
		}
	}
	request := c.R()
	request.Method = method
	request.URL = c.Config.Address + "/" + strings.TrimPrefix(path, "/")
	request.retryCallback = given.RetryCallback
	return request.SetHeader("User-Agent", c.Config.UserAgent)
}

// R makes a request for the verbs, such as [Request.Get].
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

// Do sends a request, and again with authorization where it is challenged.
func (c *Client) Do(req *Request) (*Response, error) {
	if req.client != c {
		return nil, errors.New("the request is another client's")
	}
	return alone(req.execute(true))
}
