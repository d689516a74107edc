package reggie

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"libreggie/reggie/internal/cabi"
)

// Functions that are called before and after requests.
type (
	// A RequestMiddleware may change a request before each attempt.
	RequestMiddleware func(*Client, *Request) error
	// A ResponseMiddleware is called with each response.
	ResponseMiddleware func(*Client, *Response) error
	// A PreRequestHook is called with each request as a type of net/http. It
	// may change the header.
	PreRequestHook func(*Client, *http.Request) error
	// A RequestLogCallback may change what the debug log shows of a request.
	RequestLogCallback func(*RequestLog) error
	// A ResponseLogCallback may change what the debug log shows of a response.
	ResponseLogCallback func(*ResponseLog) error
	// An ErrorHook is called when a call fails.
	ErrorHook func(*Request, error)
)

// settings holds the settings of a client that are not exported fields.
type settings struct {
	// version counts the changes to settings of the library.
	version int
	// errors holds the errors of invalid settings, by name. Calls fail until
	// the setting is set again.
	errors map[string]error

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
	beforeRequest   []RequestMiddleware
	afterResponse   []ResponseMiddleware
	preRequest      PreRequestHook
	requestLog      RequestLogCallback
	responseLog     ResponseLogCallback
	errorHooks      []ErrorHook
}

// setters returns functions that apply the settings to a config of the library.
func (s *settings) setters() []func(*cabi.Config) error {
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
	return append(all, s.redirects.set)
}

// change changes settings of the library.
func (c *Client) change(change func(*settings)) *Client {
	c.lock.Lock()
	defer c.lock.Unlock()
	change(&c.settings)
	c.settings.version++
	return c
}

// setError records the error of an invalid setting, which the next call returns.
func (c *Client) setError(setting string, err error) *Client {
	err = fmt.Errorf("%s: %w", setting, err)
	c.settings.log.Errorf("%v", err)
	return c.change(func(s *settings) {
		if s.errors == nil {
			s.errors = map[string]error{}
		}
		s.errors[setting] = err
	})
}

// SetBaseURL sets the URL that precedes the paths of requests made with R.
func (c *Client) SetBaseURL(url string) *Client {
	c.BaseURL = strings.TrimRight(url, "/")
	c.HostURL = c.BaseURL
	return c
}

// SetHostURL is an older name for SetBaseURL.
func (c *Client) SetHostURL(url string) *Client { return c.SetBaseURL(url) }

// SetScheme sets the scheme of URLs without one.
func (c *Client) SetScheme(scheme string) *Client {
	if scheme = strings.TrimSpace(scheme); scheme != "" {
		c.settings.scheme = scheme
	}
	return c
}

// SetHeader sets a header field for all requests.
func (c *Client) SetHeader(header, value string) *Client {
	c.Header.Set(header, value)
	return c
}

// SetHeaders sets several header fields for all requests.
func (c *Client) SetHeaders(headers map[string]string) *Client {
	setAll(c.Header.Set, headers)
	return c
}

// SetHeaderVerbatim sets a header field for all requests without changing the
// case of its name.
func (c *Client) SetHeaderVerbatim(header, value string) *Client {
	c.Header[header] = []string{value}
	return c
}

// SetCookieJar sets the jar that stores cookies; nil stores none. By default, the
// library stores cookies and returns them to the origin that set them.
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

// SetCookies adds several cookies to all requests.
func (c *Client) SetCookies(cs []*http.Cookie) *Client {
	c.Cookies = append(c.Cookies, cs...)
	return c
}

// SetQueryParam sets a query parameter for all requests.
func (c *Client) SetQueryParam(param, value string) *Client {
	c.QueryParam.Set(param, value)
	return c
}

// SetQueryParams sets several query parameters for all requests.
func (c *Client) SetQueryParams(params map[string]string) *Client {
	setAll(c.QueryParam.Set, params)
	return c
}

// SetFormData sets form fields for all requests.
func (c *Client) SetFormData(data map[string]string) *Client {
	setAll(c.FormData.Set, data)
	return c
}

// SetPathParam sets the value that replaces {param} in the URLs of all requests.
func (c *Client) SetPathParam(param, value string) *Client {
	c.PathParams[param] = value
	return c
}

// SetPathParams sets several path parameters for all requests.
func (c *Client) SetPathParams(params map[string]string) *Client {
	for name, value := range params {
		c.PathParams[name] = value
	}
	return c
}

// SetBasicAuth sends a user name and password without waiting for a challenge.
// [WithUsernamePassword] sends them after a challenge.
func (c *Client) SetBasicAuth(username, password string) *Client {
	c.UserInfo = &User{username, password}
	return c
}

// SetAuthToken sends a token without waiting for a challenge.
func (c *Client) SetAuthToken(token string) *Client {
	c.Token = token
	return c
}

// SetAuthScheme sets the scheme of the token. The default is Bearer.
func (c *Client) SetAuthScheme(scheme string) *Client {
	c.AuthScheme = scheme
	return c
}

// OnBeforeRequest adds a function that may change a request before each attempt.
func (c *Client) OnBeforeRequest(m RequestMiddleware) *Client {
	c.settings.beforeRequest = append(c.settings.beforeRequest, m)
	return c
}

// OnAfterResponse adds a function that is called with each response.
func (c *Client) OnAfterResponse(m ResponseMiddleware) *Client {
	c.settings.afterResponse = append(c.settings.afterResponse, m)
	return c
}

// OnError adds a function that is called when a call fails.
func (c *Client) OnError(h ErrorHook) *Client {
	c.settings.errorHooks = append(c.settings.errorHooks, h)
	return c
}

// SetPreRequestHook sets a function that is called with each request as a type of
// net/http, and may change its header.
func (c *Client) SetPreRequestHook(h PreRequestHook) *Client {
	if c.settings.preRequest != nil {
		c.settings.log.Warnf("replacing the pre-request hook")
	}
	c.settings.preRequest = h
	return c
}

// SetDebug sets whether requests and responses are logged, without secrets.
func (c *Client) SetDebug(d bool) *Client {
	c.Debug = d
	c.Config.Debug = d
	return c
}

// SetDebugBodyLimit sets the size in bytes up to which the debug log shows a body.
func (c *Client) SetDebugBodyLimit(sl int64) *Client {
	c.settings.debugBodyLimit = sl
	return c
}

// OnRequestLog sets a function that may change what the debug log shows of
// requests.
func (c *Client) OnRequestLog(rl RequestLogCallback) *Client {
	if c.settings.requestLog != nil {
		c.settings.log.Warnf("replacing the function of OnRequestLog")
	}
	c.settings.requestLog = rl
	return c
}

// OnResponseLog sets a function that may change what the debug log shows of
// responses.
func (c *Client) OnResponseLog(rl ResponseLogCallback) *Client {
	if c.settings.responseLog != nil {
		c.settings.log.Warnf("replacing the function of OnResponseLog")
	}
	c.settings.responseLog = rl
	return c
}

// SetDisableWarn sets whether the warning about Basic Auth over http is omitted.
func (c *Client) SetDisableWarn(d bool) *Client {
	c.DisableWarn = d
	return c
}

// SetLogger sets the logger. By default, log messages are written to stderr.
func (c *Client) SetLogger(l Logger) *Client {
	c.settings.log = l
	return c
}

// SetAllowGetMethodPayload sets whether GET requests may have a body.
func (c *Client) SetAllowGetMethodPayload(a bool) *Client {
	c.AllowGetMethodPayload = a
	return c
}

// SetContentLength sets whether bodies of unknown length are read into memory, to
// send them with a Content-Length.
func (c *Client) SetContentLength(l bool) *Client {
	c.settings.contentLength = l
	return c
}

// SetTimeout sets the time limit of each attempt, including the body of the
// response. The default is no limit.
func (c *Client) SetTimeout(timeout time.Duration) *Client {
	c.settings.timeout = timeout
	return c
}

// SetError unmarshals the bodies of 4xx and 5xx responses into new values of the
// type of err.
func (c *Client) SetError(err any) *Client {
	c.Error = typeOf(err)
	return c
}

// SetOutputDirectory sets the directory of output files with relative paths.
func (c *Client) SetOutputDirectory(dirPath string) *Client {
	c.settings.outputFolder = dirPath
	return c
}

// SetCloseConnection sets whether the connection is closed after each request.
func (c *Client) SetCloseConnection(close bool) *Client {
	c.settings.closeConnection = close
	return c
}

// SetDoNotParseResponse sets whether all bodies are left unread. The program must
// then read and close [Response.RawBody].
func (c *Client) SetDoNotParseResponse(parse bool) *Client {
	c.settings.rawBody = parse
	return c
}

// SetJSONEscapeHTML sets whether <, > and & are escaped in JSON. The default is
// true.
func (c *Client) SetJSONEscapeHTML(b bool) *Client {
	c.settings.escapeHTML = b
	return c
}

// EnableTrace enables [Request.TraceInfo] for all requests.
func (c *Client) EnableTrace() *Client {
	c.settings.trace = true
	return c
}

// DisableTrace disables [Request.TraceInfo].
func (c *Client) DisableTrace() *Client {
	c.settings.trace = false
	return c
}

func typeOf(value any) reflect.Type {
	t := reflect.TypeOf(value)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// pointerTo returns value if it is a pointer, and otherwise a pointer to a new
// value of its type.
func pointerTo(value any) any {
	t := reflect.TypeOf(value)
	if t == nil {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		return value
	}
	return reflect.New(t).Interface()
}
