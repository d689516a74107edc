package reggie

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"libreggie/reggie/internal/cabi"
)

var placeholders = regexp.MustCompile("<name>|<reference>|<digest>|<session_id>|//{2,}")

// execute sends the request, and again where the settings of retries say so.
func (r *Request) execute(follow bool) (*Response, error) {
	if placeholders.MatchString(r.URL) {
		return nil, errors.New("request is invalid")
	}
	if r.failed != nil {
		r.tell(nil, r.failed)
		return nil, r.failed
	}
	hosts, err := r.hosts()
	if err == nil {
		given := r.URL
		var response *Response
		response, err = r.patiently(func() (*Response, error) {
			if len(hosts) > 0 {
				r.URL = r.at(hosts, given)
			}
			return r.once(follow)
		})
		if err == nil {
			return response, nil
		}
		err = unwrapFinal(err)
		r.tell(response, err)
		return nil, err
	}
	r.tell(nil, err)
	return nil, err
}

// tell has the error hooks hear of a failure.
func (r *Request) tell(response *Response, err error) {
	told := err
	if response != nil {
		told = &ResponseError{Response: response, Err: err}
	}
	for _, hook := range r.client.settings.errorHooks {
		hook(r, told)
	}
}

// hosts looks the request's service up in DNS, if it names one.
func (r *Request) hosts() ([]*net.SRV, error) {
	if r.SRV == nil {
		return nil, nil
	}
	_, hosts, err := net.DefaultResolver.LookupSRV(r.Context(), r.SRV.Service, "tcp", r.SRV.Domain)
	return hosts, err
}

// at moves a URL to one of the hosts, another one for each attempt.
func (r *Request) at(hosts []*net.SRV, given string) string {
	host := hosts[(r.Attempt-1)%len(hosts)]
	scheme := r.client.settings.scheme
	path := given
	if parsed, err := url.Parse(given); err == nil && parsed.IsAbs() {
		scheme, path = parsed.Scheme, parsed.RequestURI()
	}
	if scheme == "" {
		scheme = "https"
	}
	target := strings.TrimSuffix(host.Target, ".")
	port := strconv.Itoa(int(host.Port))
	return scheme + "://" + net.JoinHostPort(target, port) + "/" + strings.TrimPrefix(path, "/")
}

// once sends the request and reads the answer.
func (r *Request) once(follow bool) (*Response, error) {
	c := r.client
	for _, change := range c.settings.before {
		if err := change(c, r); err != nil {
			return nil, final{err}
		}
	}
	engine, err := c.engine()
	if err != nil {
		return nil, final{err}
	}
	call, err := cabi.NewCall(r.Context(), r.triggers())
	if err != nil {
		return nil, failure(err, nil)
	}
	exchange := &exchange{request: r, engine: engine, call: call, follow: follow}
	defer exchange.end()
	response, err := exchange.run()
	if err != nil {
		return nil, err
	}
	if exchange.kept {
		// It is for the program alone.
		return response, nil
	}
	for _, see := range c.settings.after {
		if err := see(c, response); err != nil {
			return response, final{err}
		}
	}
	return response, nil
}

// triggers tells whether the call may have to be ended other than by its context.
func (r *Request) triggers() bool {
	if r.rawBody || r.client.settings.rawBody || r.retryCallback != nil || r.client.calls() {
		return true
	}
	_, streams := r.Body.(io.Reader)
	return streams
}

// exchange is one send and its answer, with all that the library does for it.
type exchange struct {
	request *Request
	engine  *cabi.Client
	call    *cabi.Call
	follow  bool

	made   *prepared
	sent   *cabi.Request
	stream *stream
	log    []logLine
	// The answer holds the call.
	kept bool
}

// maxPasses is how often a body that the library cannot rewind is sent.
const maxPasses = 3

func (e *exchange) run() (*Response, error) {
	r := e.request
	var err error
	if e.made, err = r.prepare(); err != nil {
		return nil, final{err}
	}
	if e.request.client.debugs() {
		e.call.Log = func(level int, text string) { e.log = append(e.log, logLine{level, text}) }
		if err := r.logRequest(e.made); err != nil {
			return nil, final{err}
		}
	}
	e.call.Retry = e.retry
	for pass := 1; ; pass++ {
		response, err := e.pass()
		if err == nil {
			return response, nil
		}
		var low *Error
		stream := e.made.stream()
		again := errors.As(err, &low) && low.Status == StatusBodyNotRewindable &&
			stream != nil && pass < maxPasses
		if !again {
			return nil, err
		}
		if err := e.stream.again(stream, r.Context().Done()); err != nil {
			return nil, final{fmt.Errorf("%w: %w", low, err)}
		}
		e.release()
	}
}

// pass opens the answer to one send.
func (e *exchange) pass() (*Response, error) {
	r := e.request
	sent, err := cabi.NewRequest(e.engine, e.made.method, e.made.url)
	if err != nil {
		return nil, final{failure(err, nil)}
	}
	e.sent = sent
	if err := e.fill(); err != nil {
		return nil, final{failure(err, nil)}
	}
	r.Time = time.Now()
	var opened *cabi.Response
	var answer *answer
	var failed error
	calls := r.client.calls() || (r.retryCallback != nil && e.follow)
	noRoom := e.call.Run(r.Context(), calls, func() {
		opened, failed = e.call.Open(e.engine, sent)
		if failed == nil {
			answer, failed = e.receive(opened)
		}
	})
	e.flush()
	var streamed error
	if e.stream != nil {
		streamed = e.stream.end()
	}
	if noRoom != nil {
		return nil, ended(noRoom)
	}
	if failed != nil {
		return nil, e.why(failed, streamed)
	}
	return r.respond(e, answer)
}

// fill sets what the library is to send.
func (e *exchange) fill() error {
	r := e.request
	if err := e.sent.SetFollowChallenge(e.follow); err != nil {
		return err
	}
	if limit := r.client.settings.timeout; limit > 0 {
		if err := e.sent.SetTimeout(limit); err != nil {
			return err
		}
	}
	if r.retryCallback != nil && e.follow {
		if err := e.sent.SetRetry(); err != nil {
			return err
		}
	}
	return e.fillChanging()
}

// fillChanging sets what a retry callback may change.
func (e *exchange) fillChanging() error {
	for name, values := range e.made.header {
		for _, value := range values {
			if err := e.sent.AddHeader(name, value); err != nil {
				return fmt.Errorf("header %q: %w", name, err)
			}
		}
	}
	body := e.made.body
	switch {
	case body == nil:
		return nil
	case body.memory != nil:
		return e.sent.SetBodyReader(body.memory, body.length)
	case body.file != nil:
		return e.sent.SetBodyFile(body.file, body.length)
	default:
		stream, err := startStream(body.stream, e.call)
		if err != nil {
			return err
		}
		e.stream = stream
		return e.sent.SetBodyFile(stream.out, cabi.UnknownSize)
	}
}

// retry lets the program change the request before it is sent again, and takes
// over what it changed. It runs on the program's goroutine.
func (e *exchange) retry() int {
	r := e.request
	// They stand in the URL by now.
	r.given = r.sent
	r.QueryParam = url.Values{}
	if err := r.retryCallback(r); err != nil {
		e.call.Fail(fmt.Errorf("retry callback returned error: %w", err))
		return 1
	}
	if err := e.change(); err != nil {
		e.call.Fail(err)
		return 1
	}
	return 0
}

func (e *exchange) change() error {
	made, err := e.request.prepare()
	if err != nil {
		return err
	}
	e.made = made
	e.sent.RemoveHeaders()
	if err := e.sent.SetMethod(made.method); err != nil {
		return err
	}
	if err := e.sent.SetPath(made.url); err != nil {
		return err
	}
	if made.body == nil {
		if err := e.sent.RemoveBody(); err != nil {
			return err
		}
	}
	// What was read of a stream is gone: it begins anew, in another pipe.
	if old := e.stream; old != nil && made.body != nil && made.body.stream != nil {
		old.out.Close()
		// A reader of the callback's own is where it shall be.
		if same(old.from, made.body.stream) {
			if err := old.again(made.body.stream, e.request.Context().Done()); err != nil {
				return err
			}
		}
	}
	return e.fillChanging()
}

// why tells why a call failed: the program's own reasons go first.
func (e *exchange) why(failed, streamed error) error {
	if streamed != nil {
		return final{streamed}
	}
	ctx := e.request.Context()
	if stopped := e.call.Failure(); stopped != nil {
		return final{stoppedBy(failed, stopped)}
	}
	if ctx.Err() != nil {
		return failure(failed, context.Cause(ctx))
	}
	var low *cabi.Error
	if errors.As(failed, &low) && low.Status == cabi.Deadline {
		return failure(failed, context.DeadlineExceeded)
	}
	return failure(failed, nil)
}

// release frees what one pass holds.
func (e *exchange) release() {
	if e.sent != nil {
		e.sent.Free()
		e.sent = nil
	}
	e.stream = nil
}

func (e *exchange) end() {
	e.release()
	if !e.kept {
		e.call.Close()
	}
}

// flush hands the lines of the log on, now that no C function runs.
func (e *exchange) flush() {
	lines := e.log
	e.log = nil
	for _, line := range lines {
		line.write(e.request.client.settings.log)
	}
}

func same(a, b io.Reader) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	return !reflect.ValueOf(a).Comparable() || a == b
}
