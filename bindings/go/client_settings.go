package reggie

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"libreggie/reggie/internal/cabi"
)

// Functions of the program's that see what is sent and received.
type (
	// RequestMiddleware may change a request before each send.
	RequestMiddleware func(*Client, *Request) error
	// ResponseMiddleware sees each response.
	ResponseMiddleware func(*Client, *Response) error
	// PreRequestHook sees a request as net/http would have it, and may change
	// its header.
	PreRequestHook func(*Client, *http.Request) error
	// RequestLogCallback may change what the debug log shows of a request.
	RequestLogCallback func(*RequestLog) error
	// ResponseLogCallback may change what it shows of a response.
	ResponseLogCallback func(*ResponseLog) error
	// ErrorHook hears of each call that failed.
	ErrorHook func(*Request, error)
)

// settings are those of a client that have no field.
type settings struct {
	// Counts the changes of those that the engine has.
	version int
	// Which cannot be, and why; each call says so until it is set anew.
	failed map[string]error

	noCookies       bool
	jar             http.CookieJar
	proxy           *string
	cas             [][]byte
	certificates    []pemPair
	skipVerify      *bool
	minTLS          uint16
	redirects       redirects
	timeout         time.Duration
	escapeHTML      bool
	contentLength   bool
	closeConnection bool
	rawBody         bool
	trace           bool
	debugBodyLimit  int64
	outputFolder    string
	scheme          string
	log             Logger
	before          []RequestMiddleware
	after           []ResponseMiddleware
	preRequest      PreRequestHook
	requestLog      RequestLogCallback
	responseLog     ResponseLogCallback
	errorHooks      []ErrorHook
}

// engine gives the settings that are the library's.
func (s *settings) engine() []func(*cabi.Config) error {
	var all []func(*cabi.Config) error
	add := func(set func(*cabi.Config) error) { all = append(all, set) }
	if s.proxy != nil {
		add(func(c *cabi.Config) error { return c.SetProxy("", *s.proxy) })
	}
	for _, ca := range s.cas {
		add(func(c *cabi.Config) error { return c.AddCAMemory(ca) })
	}
	for _, pair := range s.certificates {
		add(func(c *cabi.Config) error {
			return c.AddClientCertificateMemory("", pair.certificate, pair.key)
		})
	}
	if s.skipVerify != nil {
		add(func(c *cabi.Config) error { return c.SetInsecureSkipTLSVerify(*s.skipVerify) })
	}
	if s.minTLS != 0 {
		add(func(c *cabi.Config) error { return setMinTLSVersion(c, s.minTLS) })
	}
	return append(all, s.redirects.engine)
}

// change notes a change of the engine's settings.
func (c *Client) change(change func(*settings)) *Client {
	c.lock.Lock()
	defer c.lock.Unlock()
	change(&c.settings)
	c.settings.version++
	return c
}

// fail notes a setting that cannot be; the next call says so.
func (c *Client) fail(setting string, err error) *Client {
	c.settings.log.Errorf("%v", err)
	return c.change(func(s *settings) {
		if s.failed == nil {
			s.failed = map[string]error{}
		}
		s.failed[setting] = fmt.Errorf("%s: %w", setting, err)
	})
}

// SetBaseURL sets what stands before paths that are given to the verbs.
func (c *Client) SetBaseURL(url string) *Client {
	c.BaseURL = strings.TrimRight(url, "/")
	c.HostURL = c.BaseURL
	return c
}

// SetHostURL is an older name of SetBaseURL.
func (c *Client) SetHostURL(url string) *Client { return c.SetBaseURL(url) }

// SetScheme sets the scheme of URLs that have none.
func (c *Client) SetScheme(scheme string) *Client {
	if scheme = strings.TrimSpace(scheme); scheme != "" {
		c.settings.scheme = scheme
	}
	return c
}

// SetHeader sets a header of all requests.
func (c *Client) SetHeader(header, value string) *Client {
	c.Header.Set(header, value)
	return c
}

// SetHeaders sets several.
func (c *Client) SetHeaders(headers map[string]string) *Client {
	for name, value := range headers {
		c.Header.Set(name, value)
	}
	return c
}

// SetHeaderVerbatim sets a header whose name stays as it is.
func (c *Client) SetHeaderVerbatim(header, value string) *Client {
	c.Header[header] = []string{value}
	return c
}

// SetCookieJar sets where cookies are kept. Unless set, the library keeps them,
// bound to the origin that set them; nil keeps none.
func (c *Client) SetCookieJar(jar http.CookieJar) *Client {
	return c.change(func(s *settings) {
		s.jar = jar
		s.noCookies = true
	})
}

// SetCookie adds a cookie to all requests.
func (c *Client) SetCookie(hc *http.Cookie) *Client {
	c.Cookies = append(c.Cookies, hc)
	return c
}

// SetCookies adds several.
func (c *Client) SetCookies(cs []*http.Cookie) *Client {
	c.Cookies = append(c.Cookies, cs...)
	return c
}

// SetQueryParam sets a parameter of all queries.
func (c *Client) SetQueryParam(param, value string) *Client {
	c.QueryParam.Set(param, value)
	return c
}

// SetQueryParams sets several.
func (c *Client) SetQueryParams(params map[string]string) *Client {
	for name, value := range params {
		c.QueryParam.Set(name, value)
	}
	return c
}

// SetFormData sets fields of all forms.
func (c *Client) SetFormData(data map[string]string) *Client {
	for name, value := range data {
		c.FormData.Set(name, value)
	}
	return c
}

// SetPathParam sets what {param} means in all URLs.
func (c *Client) SetPathParam(param, value string) *Client {
	c.PathParams[param] = value
	return c
}

// SetPathParams sets several.
func (c *Client) SetPathParams(params map[string]string) *Client {
	for name, value := range params {
		c.PathParams[name] = value
	}
	return c
}

// SetBasicAuth sends user name and password from the first send on.
// WithUsernamePassword sends them where a registry asks.
func (c *Client) SetBasicAuth(username, password string) *Client {
	c.UserInfo = &User{username, password}
	return c
}

// SetAuthToken sends a token from the first send on.
func (c *Client) SetAuthToken(token string) *Client {
	c.Token = token
	return c
}

// SetAuthScheme sets the scheme of the token; Bearer unless set.
func (c *Client) SetAuthScheme(scheme string) *Client {
	c.AuthScheme = scheme
	return c
}

// OnBeforeRequest adds a function that may change requests before each send.
func (c *Client) OnBeforeRequest(m RequestMiddleware) *Client {
	c.settings.before = append(c.settings.before, m)
	return c
}

// OnAfterResponse adds a function that sees each response.
func (c *Client) OnAfterResponse(m ResponseMiddleware) *Client {
	c.settings.after = append(c.settings.after, m)
	return c
}

// OnError adds a function that hears of each call that failed.
func (c *Client) OnError(h ErrorHook) *Client {
	c.settings.errorHooks = append(c.settings.errorHooks, h)
	return c
}

// SetPreRequestHook sets a function that sees each request as net/http would
// have it; what it does to the header counts.
func (c *Client) SetPreRequestHook(h PreRequestHook) *Client {
	if c.settings.preRequest != nil {
		c.settings.log.Warnf("the pre-request hook is replaced")
	}
	c.settings.preRequest = h
	return c
}

// SetDebug logs requests and responses, without secrets.
func (c *Client) SetDebug(d bool) *Client {
	c.Debug = d
	c.Config.Debug = d
	return c
}

// SetDebugBodyLimit sets how many bytes of a body the debug log shows.
func (c *Client) SetDebugBodyLimit(sl int64) *Client {
	c.settings.debugBodyLimit = sl
	return c
}

// OnRequestLog sets what may change what the debug log shows of requests.
func (c *Client) OnRequestLog(rl RequestLogCallback) *Client {
	if c.settings.requestLog != nil {
		c.settings.log.Warnf("the function of OnRequestLog is replaced")
	}
	c.settings.requestLog = rl
	return c
}

// OnResponseLog sets what may change what it shows of responses.
func (c *Client) OnResponseLog(rl ResponseLogCallback) *Client {
	if c.settings.responseLog != nil {
		c.settings.log.Warnf("the function of OnResponseLog is replaced")
	}
	c.settings.responseLog = rl
	return c
}

// SetDisableWarn leaves warnings out of the log.
func (c *Client) SetDisableWarn(d bool) *Client {
	c.DisableWarn = d
	return c
}

// SetLogger sets where the log goes.
func (c *Client) SetLogger(l Logger) *Client {
	c.settings.log = l
	return c
}

// SetAllowGetMethodPayload says whether GET may have a body.
func (c *Client) SetAllowGetMethodPayload(a bool) *Client {
	c.AllowGetMethodPayload = a
	return c
}

// SetContentLength reads bodies of unknown length into memory first.
func (c *Client) SetContentLength(l bool) *Client {
	c.settings.contentLength = l
	return c
}

// SetTimeout bounds each send and its answer, the body too.
func (c *Client) SetTimeout(timeout time.Duration) *Client {
	c.settings.timeout = timeout
	return c
}

// SetError has the bodies of a 4xx or 5xx read into a value of this type.
func (c *Client) SetError(err any) *Client {
	c.Error = typeOf(err)
	return c
}

// SetOutputDirectory sets the folder of output files that are not absolute.
func (c *Client) SetOutputDirectory(dirPath string) *Client {
	c.settings.outputFolder = dirPath
	return c
}

// SetCloseConnection closes the connection after each request.
func (c *Client) SetCloseConnection(close bool) *Client {
	c.settings.closeConnection = close
	return c
}

// SetDoNotParseResponse leaves all bodies unread: each is [Response.RawBody],
// which the program closes.
func (c *Client) SetDoNotParseResponse(parse bool) *Client {
	c.settings.rawBody = parse
	return c
}

// SetJSONEscapeHTML says whether <, > and & are escaped in JSON.
func (c *Client) SetJSONEscapeHTML(b bool) *Client {
	c.settings.escapeHTML = b
	return c
}

// EnableTrace has TraceInfo of all requests tell how long the steps took.
func (c *Client) EnableTrace() *Client {
	c.settings.trace = true
	return c
}

// DisableTrace ends what EnableTrace began.
func (c *Client) DisableTrace() *Client {
	c.settings.trace = false
	return c
}

func typeOf(value any) reflect.Type {
	found := reflect.TypeOf(value)
	if found != nil && found.Kind() == reflect.Pointer {
		found = found.Elem()
	}
	return found
}

// pointerTo gives the pointer itself, or one to a new value of the type.
func pointerTo(value any) any {
	found := reflect.TypeOf(value)
	if found == nil {
		return nil
	}
	if found.Kind() == reflect.Pointer {
		return value
	}
	return reflect.New(found).Interface()
}
