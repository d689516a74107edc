package reggie

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"libreggie/reggie/internal/cabi"
)

// isIncomplete tells whether a placeholder is left in a URL, or was empty.
func isIncomplete(url string) bool {
	if strings.Contains(url, "///") {
		return true
	}
	if !strings.Contains(url, "<") {
		return false
	}
	for _, name := range []string{"<name>", "<reference>", "<digest>", "<session_id>"} {
		if strings.Contains(url, name) {
			return true
		}
	}
	return false
}

// execute sends the request, and again where the settings of retries say so.
//
// Where a function of the program fails after the answer, both are given.
func (r *Request) execute(follow bool) (*Response, error) {
	if isIncomplete(r.URL) {
		return nil, errors.New("request is invalid")
	}
	if r.failed != nil {
		r.tell(nil, r.failed)
		return nil, r.failed
	}
	response, err := r.send(follow)
	if err == nil {
		return response, nil
	}
	if response != nil {
		defer response.discard()
	}
	err = unwrapFinal(err)
	r.tell(response, err)
	return response, err
}

// alone is a response, or an error.
func alone(response *Response, err error) (*Response, error) {
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (r *Request) send(follow bool) (*Response, error) {
	hosts, err := r.hosts()
	if err != nil {
		return nil, err
	}
	given := r.URL
	return r.patiently(func() (*Response, error) {
		if len(hosts) > 0 {
			r.URL = r.at(hosts, given)
		}
		return r.once(follow)
	})
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
	exchange := &exchange{request: r, engine: engine, follow: follow}
	defer exchange.release()
	response, err := exchange.run()
	if err != nil {
		return response, err
	}
	if r.rawBody || c.settings.rawBody {
		// It is for the program alone.
		return response, nil
	}
	seen := false
	defer func() {
		if !seen {
			// A function of the program did not return.
			response.discard()
		}
	}()
	err = nil
	for _, see := range c.settings.after {
		if err = see(c, response); err != nil {
			err = final{err}
			break
		}
	}
	seen = true
	return response, err
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
	follow  bool

	made *prepared
	log  []logLine

	// What one pass holds, in the order in which it comes.
	inside bool
	call   *cabi.Call
	sent   *cabi.Request
	stream *stream
	answer *answer
	failed error
}

// maxPasses is how often a body that the library cannot rewind is sent.
const maxPasses = 3

func (e *exchange) run() (*Response, error) {
	r := e.request
	var err error
	if e.made, err = r.prepare(); err != nil {
		return nil, final{err}
	}
	if r.client.debugs() {
		if err := r.logRequest(e.made); err != nil {
			return nil, final{err}
		}
	}
	for pass := 1; ; pass++ {
		response, err := e.pass()
		var low *Error
		again := errors.As(err, &low) && low.Status == StatusBodyNotRewindable &&
			e.stream != nil && pass < maxPasses
		if !again {
			return response, err
		}
		stream := e.stream
		e.release()
		if err := stream.rewind(r.Context().Done()); err != nil {
			return nil, final{fmt.Errorf("%w: %w", low, err)}
		}
	}
}

// pass opens the answer to one send. What it holds is freed by release.
func (e *exchange) pass() (*Response, error) {
	r := e.request
	// First of all, so that nothing is held by those who wait.
	if err := cabi.Enter(r.Context()); err != nil {
		return nil, ended(err)
	}
	e.inside = true
	var err error
	if e.call, err = cabi.NewCall(r.Context(), r.triggers()); err != nil {
		return nil, failure(err, nil)
	}
	e.call.Retry = e.retry
	if r.client.debugs() {
		e.call.Log = func(level int, text string) { e.log = append(e.log, logLine{level, text}) }
	}
	if e.sent, err = cabi.NewRequest(e.engine, e.made.method, e.made.url); err != nil {
		return nil, final{failure(err, nil)}
	}
	if err := e.fill(); err != nil {
		return nil, final{failure(err, nil)}
	}
	r.Time = time.Now()
	calls := r.client.calls() || e.retries()
	e.call.Run(calls, func() {
		opened, err := e.call.Open(e.engine, e.sent)
		if err == nil {
			e.answer, err = e.receive(opened)
		}
		e.failed = err
	})
	e.leave()
	e.flush()
	var streamed error
	if e.stream != nil {
		e.stream.drop()
		streamed = e.stream.outcome()
	}
	if e.failed != nil || streamed != nil {
		return nil, e.why(e.failed, streamed)
	}
	return r.respond(e, e.answer)
}

func (e *exchange) leave() {
	if e.inside {
		e.inside = false
		cabi.Leave()
	}
}

// release frees what one pass holds, however it ended.
func (e *exchange) release() {
	if e.stream != nil {
		e.stream.drop()
		e.stream = nil
	}
	if e.answer != nil {
		if e.answer.open != nil {
			e.answer.open.Free()
		}
		e.answer = nil
	}
	if e.sent != nil {
		e.sent.Free()
		e.sent = nil
	}
	if e.call != nil {
		e.call.Close()
		e.call = nil
	}
	e.leave()
}

// keep hands the answer's body, and the call that it needs, to a reader.
func (e *exchange) keep() *rawBody {
	body := newRawBody(e.answer.open, e.call, e.request.Context())
	e.answer.open, e.call = nil, nil
	return body
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
	if e.retries() {
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

// retries tells whether something is done between a challenge and the second
// send: by the program, or to a body that only this side can begin again.
func (e *exchange) retries() bool {
	streams := e.made.body != nil && e.made.body.stream != nil
	return e.follow && (e.request.retryCallback != nil || streams)
}

// retry lets the program change the request before it is sent again, and takes
// over what it changed. It runs on the program's goroutine.
func (e *exchange) retry() int {
	r := e.request
	if r.retryCallback == nil {
		if e.stream.start < 0 {
			// That it cannot be sent again is the library's to say.
			return 0
		}
		if err := e.renew(); err != nil {
			e.call.Fail(err)
			return 1
		}
		return 0
	}
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
	if err := e.sent.RemoveBody(); err != nil {
		return err
	}
	// What was read of a stream is gone: it begins anew, in another pipe.
	if old := e.stream; old != nil {
		e.stream = nil
		old.drop()
		if made.body != nil && made.body.stream != nil && old.reads(made.body.stream) {
			if err := old.rewind(e.request.Context().Done()); err != nil {
				return err
			}
		}
	}
	return e.fillChanging()
}

// renew begins a stream anew, in another pipe.
func (e *exchange) renew() error {
	old := e.stream
	e.stream = nil
	old.drop()
	if err := old.rewind(e.request.Context().Done()); err != nil {
		return err
	}
	stream, err := startStream(old.from, e.call)
	if err != nil {
		return err
	}
	e.stream = stream
	return e.sent.SetBodyFile(stream.out, cabi.UnknownSize)
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

// flush hands the lines of the log on, now that no C function runs.
func (e *exchange) flush() {
	lines := e.log
	e.log = nil
	for _, line := range lines {
		line.write(e.request.client.settings.log)
	}
}
