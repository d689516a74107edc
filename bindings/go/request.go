package reggie

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A RetryCallbackFunc may change a request before it is sent again after a
// challenge.
type RetryCallbackFunc func(*Request) error

// A Request is sent by [Client.Do], or by a method such as [Request.Get]. Its
// fields may be changed before that and in the retry callback. Afterwards they
// show what was sent.
type Request struct {
	URL        string
	Method     string
	Token      string
	AuthScheme string
	QueryParam url.Values
	FormData   url.Values
	PathParams map[string]string
	Header     http.Header
	// Time is when the request was last sent.
	Time   time.Time
	Body   any
	Result any
	Error  any
	// RawRequest is the request as a type of net/http, for hooks and redirect
	// policies. It is a copy: changing it has no effect.
	RawRequest *http.Request
	SRV        *SRVRecord
	UserInfo   *User
	Cookies    []*http.Cookie
	// Attempt counts the retries by RetryCount. It is 1 for the first attempt.
	Attempt int

	client        *Client
	retryCallback RetryCallbackFunc
	ctx           context.Context

	// originalURL is the URL before it was last resolved, resolvedURL after.
	originalURL, resolvedURL string

	escapeHTML    bool
	trace         bool
	stats         *exchangeStats
	contentLength bool
	rawBody       bool
	output        string
	expected      string
	forced        string
	conditions    []RetryConditionFunc
	parts         []*part
	isMultipart   bool
	// settingErr is the error of an invalid setting, returned by the next send.
	settingErr error
}

// An SRVRecord names a service in DNS (RFC 2782).
type SRVRecord struct {
	Service, Domain string
}

// A MultipartField is a part of a multipart body.
type MultipartField struct {
	Param, FileName, ContentType string
	io.Reader
}

// A part keeps its content, because the request may be sent again.
type part struct {
	*MultipartField
	content []byte
	isRead  bool
}

func (p *part) read() ([]byte, error) {
	if !p.isRead {
		content, err := io.ReadAll(p.Reader)
		if err != nil {
			return nil, err
		}
		p.content, p.isRead = content, true
	}
	return p.content, nil
}

type requestConfig struct {
	Name, Reference, Digest, SessionID string
	RetryCallback                      RetryCallbackFunc
}

// A RequestOption is an option of [Client.NewRequest].
type RequestOption func(*requestConfig)

// WithName sets the repository that replaces <name> in the path.
func WithName(name string) RequestOption {
	return func(c *requestConfig) { c.Name = name }
}

// WithReference sets the tag or digest that replaces <reference> in the path.
func WithReference(ref string) RequestOption {
	return func(c *requestConfig) { c.Reference = ref }
}

// WithDigest sets the digest that replaces <digest> in the path.
func WithDigest(digest string) RequestOption {
	return func(c *requestConfig) { c.Digest = digest }
}

// WithSessionID sets the upload session that replaces <session_id> in the path.
func WithSessionID(id string) RequestOption {
	return func(c *requestConfig) { c.SessionID = id }
}

// WithRetryCallback sets a function that is called before the request is sent
// again after a challenge. An error ends the call.
func WithRetryCallback(cb RetryCallbackFunc) RequestOption {
	return func(c *requestConfig) { c.RetryCallback = cb }
}

// Execute sends the request with a method to a URL. It does not handle
// challenges: the response may be a 401.
func (r *Request) Execute(method, url string) (*Response, error) {
	return responseOrError(r.verb(method, url))
}

// verb sends the request as Resty's verbs do. If it fails, the response is not
// nil, and contains what was received.
func (r *Request) verb(method, url string) (*Response, error) {
	r.Method = method
	r.URL = url
	response, err := r.execute(false)
	if response == nil {
		response = &Response{Request: r}
	}
	return response, err
}

// Send sends the request with its method to its URL, like [Request.Get].
func (r *Request) Send() (*Response, error) { return r.verb(r.Method, r.URL) }

// Get sends the request with GET to a URL. It does not handle challenges: the
// response may be a 401. If it fails, the response is not nil, and contains what
// was received.
func (r *Request) Get(url string) (*Response, error) { return r.verb(GET, url) }

// Head sends the request with HEAD, like [Request.Get].
func (r *Request) Head(url string) (*Response, error) { return r.verb(HEAD, url) }

// Post sends the request with POST, like [Request.Get].
func (r *Request) Post(url string) (*Response, error) { return r.verb(POST, url) }

// Put sends the request with PUT, like [Request.Get].
func (r *Request) Put(url string) (*Response, error) { return r.verb(PUT, url) }

// Patch sends the request with PATCH, like [Request.Get].
func (r *Request) Patch(url string) (*Response, error) { return r.verb(PATCH, url) }

// Delete sends the request with DELETE, like [Request.Get].
func (r *Request) Delete(url string) (*Response, error) { return r.verb(DELETE, url) }

// Options sends the request with OPTIONS, like [Request.Get].
func (r *Request) Options(url string) (*Response, error) { return r.verb(OPTIONS, url) }

// Context returns the context of the request, [context.Background] by default.
func (r *Request) Context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}
