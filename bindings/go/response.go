package reggie

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"time"

	"libreggie/reggie/internal/cabi"
)

// A Response is the answer to a request.
type Response struct {
	Request *Request
	// RawResponse is what the answer says in the types of net/http. Its Body is
	// there only with SetDoNotParseResponse.
	RawResponse *http.Response

	body       []byte
	size       int64
	receivedAt time.Time
	relative   string
	absolute   string
	account    *account
}

// ErrorResponse is the body in which a registry tells its errors.
type ErrorResponse struct {
	Errors []ErrorInfo `json:"errors"`
}

// ErrorInfo is one of them.
type ErrorInfo struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  any    `json:"detail"`
}

// ResponseError is what error hooks get of a call that has a response.
type ResponseError struct {
	Response *Response
	Err      error
}

// Error is the message of what went wrong.
func (e *ResponseError) Error() string { return e.Err.Error() }

// Unwrap gives what went wrong.
func (e *ResponseError) Unwrap() error { return e.Err }

// answer is what the library's goroutine brings.
type answer struct {
	head *cabi.Head
	body []byte
	size int64
	// The body that is still to be read.
	open *cabi.Response
}

const (
	// firstPiece and largestPiece bound what is read at a time.
	firstPiece   = 16 << 10
	largestPiece = 1 << 20
	// trusted is how much room is made on a server's word.
	trusted = 64 << 20
)

// receive reads the answer as the request wants it. It runs where C does.
func (e *exchange) receive(opened *cabi.Response) (*answer, error) {
	r := e.request
	made := &answer{head: opened.Head()}
	if r.rawBody || r.client.settings.rawBody {
		made.open = opened
		return made, nil
	}
	defer opened.Free()
	var err error
	if r.output != "" {
		made.size, err = save(opened, r.client.settings.outputFolder, r.output)
		return made, err
	}
	made.body, err = readAll(opened, made.head, r.Method, r.client.Config.maxBody)
	made.size = int64(len(made.body))
	return made, err
}

// readAll reads a body into memory. Room grows with what has come, not with
// what was announced.
func readAll(from io.Reader, head *cabi.Head, method string, most int64) ([]byte, error) {
	announced := head.Length != cabi.UnknownSize && method != HEAD
	room := firstPiece
	if announced {
		// One more, to see the end without growing.
		room = int(min(head.Length, trusted)) + 1
	}
	body := make([]byte, 0, room)
	ready := 0
	for {
		if len(body) == cap(body) {
			grown := 4 * cap(body)
			if announced && cap(body) >= trusted {
				// So much has come: the rest is made room for at once.
				grown = 16 * cap(body)
			}
			if announced && uint64(grown) > head.Length {
				grown = max(int(head.Length)+1, 2*cap(body))
			}
			body = append(make([]byte, 0, grown), body...)
			ready = 0
		}
		ready = populate(body, ready)
		place := body[len(body):min(cap(body), len(body)+largestPiece)]
		n, err := from.Read(place)
		body = body[:len(body)+n]
		if most > 0 && int64(len(body)) > most {
			return nil, fmt.Errorf("the body is larger than the %d bytes that WithMaxBody allows", most)
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// populate has the system make the pages of a large body's room together, a
// little ahead of what comes: one fault for each of them costs more than the
// copy. It gives how far they are there.
func populate(body []byte, ready int) int {
	if cap(body) < trusted || len(body)+largestPiece <= ready {
		return ready
	}
	ready = len(body) &^ (os.Getpagesize() - 1)
	next := min(cap(body), ready+4*largestPiece)
	// Where the system does not know it, the faults do it.
	const populateWrite = 23
	_ = syscall.Madvise(body[ready:next:next], populateWrite)
	return next
}

// save writes a body to a file, which appears when it is whole.
func save(from io.Reader, folder, path string) (int64, error) {
	if folder != "" && !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	path = filepath.Clean(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return 0, err
	}
	size, err := io.CopyBuffer(struct{ io.Writer }{file}, from, make([]byte, largestPiece))
	if err == nil {
		err = file.Chmod(0o644)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return size, err
}

// respond makes the response of what was received.
func (r *Request) respond(e *exchange, got *answer) (*Response, error) {
	head := got.head
	response := &Response{
		Request:    r,
		body:       got.body,
		size:       got.size,
		receivedAt: time.Now(),
		relative:   head.RelativeLocation,
		absolute:   head.AbsoluteLocation,
		RawResponse: &http.Response{
			StatusCode:    head.Status,
			Status:        statusLine(head.Status),
			Proto:         head.Version,
			ProtoMajor:    1,
			ProtoMinor:    minor(head.Version),
			Header:        headerOf(head.Headers),
			ContentLength: -1,
			Request:       r.last(head.URL),
			Body:          http.NoBody,
		},
	}
	if head.Length != cabi.UnknownSize {
		response.RawResponse.ContentLength = int64(head.Length)
	}
	response.account = &account{head: head, attempt: r.Attempt, began: r.Time, ended: response.receivedAt}
	r.account = response.account
	r.keepCookies(response)
	if got.open != nil {
		response.RawResponse.Body = e.keep()
		return response, nil
	}
	if err := response.unzip(); err != nil {
		return response, err
	}
	if err := r.logResponse(response); err != nil {
		return response, final{err}
	}
	return response, response.parse()
}

// last is the request that got the answer: another one after redirects.
func (r *Request) last(target string) *http.Request {
	if r.RawRequest == nil || target == "" || target == r.sent {
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

// unzip undoes a compression that nobody has asked for.
func (resp *Response) unzip() error {
	if !strings.EqualFold(resp.Header().Get("Content-Encoding"), "gzip") || len(resp.body) == 0 {
		return nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(resp.body))
	if err != nil {
		return err
	}
	most := resp.Request.client.Config.maxBody
	limited := io.Reader(reader)
	if most > 0 {
		limited = io.LimitReader(reader, most+1)
	}
	body, err := io.ReadAll(limited)
	if err != nil {
		return err
	}
	if most > 0 && int64(len(body)) > most {
		return fmt.Errorf("the body is larger than the %d bytes that WithMaxBody allows", most)
	}
	resp.body, resp.size = body, int64(len(body))
	return nil
}

// parse reads the body into the values of SetResult and SetError.
func (resp *Response) parse() error {
	r := resp.Request
	if resp.StatusCode() == http.StatusNoContent {
		return nil
	}
	if r.output != "" {
		return nil
	}
	kind := firstText(r.forced, resp.Header().Get("Content-Type"), r.expected)
	into := r.Result
	switch {
	case resp.IsSuccess():
		r.Error = nil
	case resp.IsError():
		if r.Error == nil && r.client.Error != nil {
			r.Error = reflect.New(r.client.Error).Interface()
		}
		into = r.Error
	default:
		return nil
	}
	if into == nil {
		return nil
	}
	var err error
	switch {
	case isJSON(kind):
		err = r.client.JSONUnmarshal(resp.body, into)
	case isXML(kind):
		err = r.client.XMLUnmarshal(resp.body, into)
	}
	if err != nil {
		return final{err}
	}
	return nil
}

// Body is the body of the answer.
func (resp *Response) Body() []byte {
	if resp.RawResponse == nil {
		return []byte{}
	}
	return resp.body
}

// String is the body as a text, without white space around it.
func (resp *Response) String() string { return strings.TrimSpace(string(resp.body)) }

// RawBody is the body to be read, with SetDoNotParseResponse. The program closes
// it.
func (resp *Response) RawBody() io.ReadCloser {
	if resp.RawResponse == nil {
		return nil
	}
	return resp.RawResponse.Body
}

// Status is such as "200 OK".
func (resp *Response) Status() string {
	if resp.RawResponse == nil {
		return ""
	}
	return resp.RawResponse.Status
}

// StatusCode is the HTTP status.
func (resp *Response) StatusCode() int {
	if resp == nil || resp.RawResponse == nil {
		return 0
	}
	return resp.RawResponse.StatusCode
}

// Proto is the version of HTTP.
func (resp *Response) Proto() string {
	if resp.RawResponse == nil {
		return ""
	}
	return resp.RawResponse.Proto
}

// Header is that of the answer.
func (resp *Response) Header() http.Header {
	if resp.RawResponse == nil {
		return http.Header{}
	}
	return resp.RawResponse.Header
}

// Cookies are those that the answer sets.
func (resp *Response) Cookies() []*http.Cookie {
	if resp.RawResponse == nil {
		return nil
	}
	return resp.RawResponse.Cookies()
}

// Result is the value of SetResult.
func (resp *Response) Result() any { return resp.Request.Result }

// Error is the value of SetError.
func (resp *Response) Error() any { return resp.Request.Error }

// Time is how long it took from the send to the end of the body.
func (resp *Response) Time() time.Duration {
	if info := resp.Request.TraceInfo(); info.TotalTime > 0 {
		return info.TotalTime
	}
	return resp.receivedAt.Sub(resp.Request.Time)
}

// ReceivedAt is when the body was there.
func (resp *Response) ReceivedAt() time.Time { return resp.receivedAt }

// Size is how many bytes the body has.
func (resp *Response) Size() int64 { return resp.size }

// IsSuccess tells whether the status is a 2xx.
func (resp *Response) IsSuccess() bool { return resp.StatusCode() > 199 && resp.StatusCode() < 300 }

// IsError tells whether the status is a 4xx or 5xx.
func (resp *Response) IsError() bool { return resp.StatusCode() > 399 }

// IsUnauthorized tells whether the status is 401.
func (resp *Response) IsUnauthorized() bool { return resp.StatusCode() == http.StatusUnauthorized }

// GetRelativeLocation is the path and query of the Location, so that it can be
// the path of the next request: without the path of the client's address where
// it leads to that server, as it is where it leads to another. It is empty where
// there is none.
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

// GetAbsoluteLocation is the Location as a whole URL; empty where there is none.
func (resp *Response) GetAbsoluteLocation() string { return resp.absolute }

// Errors are the registry's, from the body.
func (resp *Response) Errors() ([]ErrorInfo, error) {
	var found ErrorResponse
	if err := json.Unmarshal(resp.body, &found); err != nil {
		return nil, err
	}
	if len(found.Errors) == 0 {
		return nil, errors.New("body was valid json but could not be parsed")
	}
	return found.Errors, nil
}

// Check is nil for a 2xx, and otherwise an [Error] with the status, the
// registry's first error code, and how long it wants to be left alone.
func (resp *Response) Check() error {
	if resp.IsSuccess() {
		return nil
	}
	failed := &Error{
		Status:     StatusHTTP,
		Message:    resp.Status(),
		Step:       "receive",
		HTTPStatus: resp.StatusCode(),
		RetryAfter: -1,
		Retryable:  resp.StatusCode() == 429 || resp.StatusCode() >= 500,
	}
	if resp.account != nil {
		failed.Host = resp.account.host()
		failed.RetryAfter = resp.account.head.RetryAfter
	}
	if found, err := resp.Errors(); err == nil {
		failed.Code = found[0].Code
		failed.Message += ": " + found[0].Code + ": " + found[0].Message
	}
	return failed
}

// discard frees what the response holds.
func (resp *Response) discard() {
	if resp.RawResponse != nil {
		resp.RawResponse.Body.Close()
	}
}

func statusLine(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func minor(version string) int {
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
