package reggie

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// RetryCallbackFunc may change a request that is sent again after a challenge.
type RetryCallbackFunc func(*Request) error

// A Request is sent by [Client.Do], or by a verb. Its fields may be changed until
// then, and in the retry callback; they show afterwards what was sent.
type Request struct {
	URL        string
	Method     string
	Token      string
	AuthScheme string
	QueryParam url.Values
	FormData   url.Values
	PathParams map[string]string
	Header     http.Header
	// Time is when it was sent last.
	Time   time.Time
	Body   any
	Result any
	Error  any
	// RawRequest is what the request says in the types of net/http, for hooks
	// and policies that want to see it. It is not what is sent.
	RawRequest *http.Request
	SRV        *SRVRecord
	UserInfo   *User
	Cookies    []*http.Cookie
	// Attempt is the number of the send, from 1 on.
	Attempt int

	client        *Client
	retryCallback RetryCallbackFunc
	ctx           context.Context

	// The URL as it was before the last send made it whole, and after.
	given, sent string

	escapeHTML    bool
	trace         bool
	account       *account
	contentLength bool
	rawBody       bool
	output        string
	expected      string
	forced        string
	conditions    []RetryConditionFunc
	parts         []*part
	isMultipart   bool
	// Why a setting cannot be; the send says so.
	failed error
}

// SRVRecord names a service in DNS (RFC 2782).
type SRVRecord struct {
	Service, Domain string
}

// MultipartField is a part of a multipart body.
type MultipartField struct {
	Param, FileName, ContentType string
	io.Reader
}

// A part is kept once it was read, as the request may be sent again.
type part struct {
	*MultipartField
	content []byte
	kept    bool
}

func (p *part) read() ([]byte, error) {
	if !p.kept {
		content, err := io.ReadAll(p.Reader)
		if err != nil {
			return nil, err
		}
		p.content, p.kept = content, true
	}
	return p.content, nil
}

type requestConfig struct {
	Name, Reference, Digest, SessionID string
	RetryCallback                      RetryCallbackFunc
}

// A RequestOption is an option of [Client.NewRequest].
type RequestOption func(*requestConfig)

// WithName sets the repository.
func WithName(name string) RequestOption {
	return func(c *requestConfig) { c.Name = name }
}

// WithReference sets the tag or digest that <reference> means.
func WithReference(ref string) RequestOption {
	return func(c *requestConfig) { c.Reference = ref }
}

// WithDigest sets the digest that <digest> means.
func WithDigest(digest string) RequestOption {
	return func(c *requestConfig) { c.Digest = digest }
}

// WithSessionID sets the upload session that <session_id> means.
func WithSessionID(id string) RequestOption {
	return func(c *requestConfig) { c.SessionID = id }
}

// WithRetryCallback sets what is called before the request is sent again after
// a challenge. An error ends the call.
func WithRetryCallback(cb RetryCallbackFunc) RequestOption {
	return func(c *requestConfig) { c.RetryCallback = cb }
}

// Execute sends the request once, by this method and to this URL. A challenge is
// the answer.
func (r *Request) Execute(method, url string) (*Response, error) {
	return alone(r.verb(method, url))
}

// verb sends the request as Resty's verbs do: where it fails, there is a response
// too, of what came until then.
func (r *Request) verb(method, url string) (*Response, error) {
	r.Method = method
	r.URL = url
	response, err := r.execute(false)
	if response == nil {
		response = &Response{Request: r}
	}
	return response, err
}

// Send sends the request by its method and to its URL, once, as the verbs do.
func (r *Request) Send() (*Response, error) { return r.verb(r.Method, r.URL) }

// Get sends the request by GET, once: a challenge is the answer. Where it fails,
// there is a response too, of what came until then.
func (r *Request) Get(url string) (*Response, error) { return r.verb(GET, url) }

// Head sends the request by HEAD.
func (r *Request) Head(url string) (*Response, error) { return r.verb(HEAD, url) }

// Post sends the request by POST.
func (r *Request) Post(url string) (*Response, error) { return r.verb(POST, url) }

// Put sends the request by PUT.
func (r *Request) Put(url string) (*Response, error) { return r.verb(PUT, url) }

// Patch sends the request by PATCH.
func (r *Request) Patch(url string) (*Response, error) { return r.verb(PATCH, url) }

// Delete sends the request by DELETE.
func (r *Request) Delete(url string) (*Response, error) { return r.verb(DELETE, url) }

// Options sends the request by OPTIONS.
func (r *Request) Options(url string) (*Response, error) { return r.verb(OPTIONS, url) }

// Context is the one that was set, or the background.
func (r *Request) Context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}
