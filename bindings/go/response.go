package reggie

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"libreggie/reggie/internal/cabi"
)

// A Response is the response to a request.
type Response struct {
	Request *Request
	// RawResponse is the response as a type of net/http. Its Body is empty
	// unless SetDoNotParseResponse is set.
	RawResponse *http.Response

	body       []byte
	size       int64
	receivedAt time.Time
	relative   string
	absolute   string
	nextPage   string
	// pageErr is the error of NextPage.
	pageErr error
	// statusErr is the result of Check.
	statusErr error
	// list and listErr are the result of Errors.
	list    []ErrorInfo
	listErr error
}

// An ErrorResponse is the body in which a registry reports errors.
type ErrorResponse struct {
	Errors []ErrorInfo `json:"errors"`
}

// An ErrorInfo is one error of a registry.
type ErrorInfo struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  any    `json:"detail"`
}

// A ResponseError is passed to error hooks if there is a response.
type ResponseError struct {
	Response *Response
	Err      error
}

// Error returns the message of e.Err.
func (e *ResponseError) Error() string { return e.Err.Error() }

// Unwrap returns e.Err.
func (e *ResponseError) Unwrap() error { return e.Err }

// newResponse creates the response from what was received, and lets the jar,
// the log and SetResult have it.
func (r *Request) newResponse(e *exchange) (*Response, error) {
	received := e.received
	head := received.head
	response := &Response{
		Request:    r,
		body:       received.body,
		size:       received.size,
		receivedAt: time.Now(),
		relative:   head.RelativeLocation,
		absolute:   head.AbsoluteLocation,
		nextPage:   head.NextPage,
		pageErr:    newError(received.pageErr, nil),
		statusErr:  newError(received.statusErr, nil),
		listErr:    newError(received.listErr, nil),
		RawResponse: &http.Response{
			StatusCode:    head.Status,
			Status:        statusLine(head.Status),
			Proto:         head.Version,
			ProtoMajor:    1,
			ProtoMinor:    minorVersion(head.Version),
			Header:        headerOf(head.Headers),
			ContentLength: -1,
			Request:       r.lastRequest(head.URL),
			Body:          http.NoBody,
		},
	}
	for _, entry := range received.list {
		response.list = append(response.list, ErrorInfo{
			Code:    entry.Code,
			Message: entry.Message,
			Detail:  detailOf(entry.Detail),
		})
	}
	if head.Length != cabi.UnknownSize {
		response.RawResponse.ContentLength = int64(head.Length)
	}
	r.stats = &exchangeStats{head, r.Attempt, r.Time, response.receivedAt}
	r.storeCookies(response)
	if received.open != nil {
		response.RawResponse.Body = e.takeBody()
		return response, nil
	}
	if received.decodeErr != nil {
		return response, received.decodeErr
	}
	if err := r.logResponse(response); err != nil {
		return response, permanentError{err}
	}
	return response, response.parse()
}

// lastRequest returns the request that got the response, which is another one
// after redirects.
func (r *Request) lastRequest(target string) *http.Request {
	if r.RawRequest == nil || target == "" || target == r.resolvedURL {
		return r.RawRequest
	}
	parsed, err := url.Parse(target)
	if err != nil {
		return r.RawRequest
	}
	redirected := r.RawRequest.Clone(r.Context())
	redirected.URL, redirected.Host = parsed, parsed.Host
	return redirected
}

// parse unmarshals the body into the values of SetResult and SetError.
func (resp *Response) parse() error {
	r := resp.Request
	if resp.StatusCode() == http.StatusNoContent || r.output != "" {
		return nil
	}
	contentType := firstNonEmpty(r.forced, resp.Header().Get("Content-Type"), r.expected)
	target := r.Result
	switch {
	case resp.IsSuccess():
		r.Error = nil
	case resp.IsError():
		if r.Error == nil && r.client.Error != nil {
			r.Error = reflect.New(r.client.Error).Interface()
		}
		target = r.Error
	default:
		return nil
	}
	if target == nil {
		return nil
	}
	var err error
	switch {
	case isJSON(contentType):
		err = r.client.JSONUnmarshal(resp.body, target)
	case isXML(contentType):
		err = r.client.XMLUnmarshal(resp.body, target)
	}
	if err != nil {
		return permanentError{err}
	}
	return nil
}

// Body returns the body.
func (resp *Response) Body() []byte {
	if resp.RawResponse == nil {
		return []byte{}
	}
	return resp.body
}

// String returns the body as a string without leading and trailing white space.
func (resp *Response) String() string { return strings.TrimSpace(string(resp.body)) }

// RawBody returns the unread body if SetDoNotParseResponse is set. The program
// must close it.
func (resp *Response) RawBody() io.ReadCloser {
	if resp.RawResponse == nil {
		return nil
	}
	return resp.RawResponse.Body
}

// Status returns the HTTP status with its text, such as "200 OK".
func (resp *Response) Status() string {
	if resp.RawResponse == nil {
		return ""
	}
	return resp.RawResponse.Status
}

// StatusCode returns the HTTP status.
func (resp *Response) StatusCode() int {
	if resp == nil || resp.RawResponse == nil {
		return 0
	}
	return resp.RawResponse.StatusCode
}

// Proto returns the HTTP version, such as "HTTP/1.1".
func (resp *Response) Proto() string {
	if resp.RawResponse == nil {
		return ""
	}
	return resp.RawResponse.Proto
}

// Header returns the header of the response.
func (resp *Response) Header() http.Header {
	if resp.RawResponse == nil {
		return http.Header{}
	}
	return resp.RawResponse.Header
}

// Cookies returns the cookies that the response sets.
func (resp *Response) Cookies() []*http.Cookie {
	if resp.RawResponse == nil {
		return nil
	}
	return resp.RawResponse.Cookies()
}

// Result returns the value of SetResult.
func (resp *Response) Result() any { return resp.Request.Result }

// Error returns the value of SetError.
func (resp *Response) Error() any { return resp.Request.Error }

// Time returns the time from sending the request to the end of the body.
func (resp *Response) Time() time.Duration {
	if info := resp.Request.TraceInfo(); info.TotalTime > 0 {
		return info.TotalTime
	}
	return resp.receivedAt.Sub(resp.Request.Time)
}

// ReceivedAt returns when the body was complete.
func (resp *Response) ReceivedAt() time.Time { return resp.receivedAt }

// Size returns the size of the body in bytes.
func (resp *Response) Size() int64 { return resp.size }

// IsSuccess reports whether the status is 2xx.
func (resp *Response) IsSuccess() bool { return isSuccess(resp.StatusCode()) }

func isSuccess(status int) bool { return status > 199 && status < 300 }

// IsError reports whether the status is 4xx or 5xx.
func (resp *Response) IsError() bool { return resp.StatusCode() > 399 }

// IsUnauthorized reports whether the status is 401.
func (resp *Response) IsUnauthorized() bool { return resp.StatusCode() == http.StatusUnauthorized }

// GetRelativeLocation returns the path and query of the Location header, for use
// as the path of the next request. If the Location is on the client's server,
// the path of the client's address is removed. It returns "" if there is no
// Location.
func (resp *Response) GetRelativeLocation() string {
	if resp.relative != "" || resp.absolute == "" {
		return resp.relative
	}
	location, err := url.Parse(resp.absolute)
	if err != nil {
		return ""
	}
	location.Fragment, location.RawFragment = "", ""
	return location.RequestURI()
}

// GetAbsoluteLocation returns the Location header as a whole URL, or "" if there
// is none.
func (resp *Response) GetAbsoluteLocation() string { return resp.absolute }

// NextPage returns the path and query of the next page of a list, for use as the
// path of the next request, or "" on the last page. The error is
// [StatusNextPageRefused] if there is a next page that is not at the client's
// address, so that the list is incomplete.
func (resp *Response) NextPage() (string, error) { return resp.nextPage, resp.pageErr }

// Errors returns the errors that the registry reports in the body. The error is
// [StatusNoErrors] if there are none, or if the status is 2xx.
func (resp *Response) Errors() ([]ErrorInfo, error) {
	if len(resp.list) == 0 && resp.listErr == nil {
		return nil, &Error{
			Status:     StatusNoErrors,
			Message:    fmt.Sprintf("error list: the response is not an error: status %d", resp.StatusCode()),
			Step:       "receive",
			HTTPStatus: resp.StatusCode(),
			RetryAfter: -1,
		}
	}
	return resp.list, resp.listErr
}

// Check returns nil if the status is 2xx. Otherwise it returns an [Error] with
// the status, the registry's first error code, and the time to wait.
func (resp *Response) Check() error {
	if resp.statusErr != nil || resp.IsSuccess() {
		return resp.statusErr
	}
	return &Error{
		Status:     StatusHTTP,
		Message:    "no response was received",
		Step:       "receive",
		RetryAfter: -1,
	}
}

// discard closes the body.
func (resp *Response) discard() {
	if resp.RawResponse != nil {
		resp.RawResponse.Body.Close()
	}
}

func statusLine(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func minorVersion(version string) int {
	if strings.HasSuffix(version, ".0") {
		return 0
	}
	return 1
}

func headerOf(pairs [][2]string) http.Header {
	header := make(http.Header, len(pairs))
	for _, pair := range pairs {
		header.Add(pair[0], pair[1])
	}
	return header
}

// detailOf converts the detail of an error from JSON.
func detailOf(text string) any {
	if text == "" {
		return nil
	}
	var detail any
	if err := json.Unmarshal([]byte(text), &detail); err != nil {
		// The library accepts JSON that Go does not, such as deeper nesting.
		return text
	}
	return detail
}
