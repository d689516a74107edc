package reggie

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"libreggie/reggie/internal/cabi"
)

// An exchange is one call of the library: a request and its response, with the
// token requests and redirects in between.
type exchange struct {
	request         *Request
	engine          *cabi.Client
	followChallenge bool

	prepared *preparedRequest
	logLines []logLine

	// What follows is released after each attempt. The fields are set in this
	// order.
	entered  bool
	call     *cabi.Call
	sent     *cabi.Request
	stream   *stream
	received *received
	failed   error
}

// maxAttempts is how many times a body is sent that the library cannot rewind.
const maxAttempts = 3

func (e *exchange) run() (*Response, error) {
	r := e.request
	var err error
	if e.prepared, err = r.prepare(); err != nil {
		return nil, permanentError{err}
	}
	if r.client.isDebugging() {
		if err := r.logRequest(e.prepared); err != nil {
			return nil, permanentError{err}
		}
	}
	for attempt := 1; ; attempt++ {
		response, err := e.attempt()
		var failed *Error
		again := errors.As(err, &failed) && failed.Status == StatusBodyNotRewindable &&
			e.stream != nil && attempt < maxAttempts
		if !again {
			return response, err
		}
		stream := e.stream
		e.release()
		if err := stream.rewind(r.Context().Done()); err != nil {
			return nil, permanentError{fmt.Errorf("%w: %w", failed, err)}
		}
	}
}

// attempt calls the library once. release must be called afterwards.
func (e *exchange) attempt() (*Response, error) {
	r := e.request
	// First, so that goroutines that wait here hold no resources.
	if err := cabi.Enter(r.Context()); err != nil {
		return nil, newEndedError(err)
	}
	e.entered = true
	var err error
	if e.call, err = cabi.NewCall(r.Context(), r.needsTrigger()); err != nil {
		return nil, newError(err, nil)
	}
	e.call.Challenged = e.challenged
	if r.client.isDebugging() {
		e.call.Log = func(_ any, level int, text string) {
			e.logLines = append(e.logLines, logLine{r.client, level, text})
		}
	}
	if e.sent, err = cabi.NewRequest(e.engine, e.prepared.method, e.prepared.url); err != nil {
		return nil, permanentError{newError(err, nil)}
	}
	if err := e.configure(); err != nil {
		return nil, permanentError{newError(err, nil)}
	}
	r.Time = time.Now()
	e.call.Run(r.client.hasCallbacks() || e.handlesChallenge(), func() {
		opened, err := e.call.Open(e.engine, e.sent)
		if err == nil {
			e.received, err = e.receive(opened)
		}
		e.failed = err
	})
	e.leave()
	e.flushLog()
	var streamErr error
	if e.stream != nil {
		e.stream.drop()
		streamErr = e.stream.result()
	}
	if e.failed != nil || streamErr != nil {
		return nil, e.callError(e.failed, streamErr)
	}
	return r.newResponse(e)
}

func (e *exchange) leave() {
	if e.entered {
		e.entered = false
		cabi.Leave()
	}
}

// release frees what an attempt holds, however it ended.
func (e *exchange) release() {
	if e.stream != nil {
		e.stream.drop()
		e.stream = nil
	}
	if e.received != nil {
		if e.received.open != nil {
			e.received.open.Free()
		}
		e.received = nil
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

// takeBody transfers the unread body, and the call that it needs, to a reader.
func (e *exchange) takeBody() *rawBody {
	body := newRawBody(e.request.Context(), e.received.open, e.call)
	e.received.open, e.call = nil, nil
	return body
}

// configure sets up the library's request.
func (e *exchange) configure() error {
	if err := e.sent.SetFollowChallenge(e.followChallenge); err != nil {
		return err
	}
	if limit := e.request.client.settings.timeout; limit > 0 {
		if err := e.sent.SetTimeout(limit); err != nil {
			return err
		}
	}
	if e.handlesChallenge() {
		if err := e.sent.SetChallengeCallback(); err != nil {
			return err
		}
	}
	return e.setHeadersAndBody()
}

// setHeadersAndBody sets up what a retry callback may change.
func (e *exchange) setHeadersAndBody() error {
	for name, values := range e.prepared.header {
		for _, value := range values {
			if err := e.sent.AddHeader(name, value); err != nil {
				return fmt.Errorf("header %q: %w", name, err)
			}
		}
	}
	body := e.prepared.body
	switch {
	case body == nil:
		return nil
	case body.memory != nil:
		return e.sent.SetBodyReader(body.memory, body.length)
	case body.file != nil:
		return e.sent.SetBodyFile(body.file, body.length)
	default:
		return e.setStream(body.stream)
	}
}

// handlesChallenge reports whether something must be done before the request is
// sent again after a challenge: call the retry callback, or rewind a reader.
func (e *exchange) handlesChallenge() bool {
	streams := e.prepared.body != nil && e.prepared.body.stream != nil
	return e.followChallenge && (e.request.retryCallback != nil || streams)
}

// challenged lets the program change the request before it is sent again, and
// applies the changes. It runs on the program's goroutine.
func (e *exchange) challenged() int {
	r := e.request
	if r.retryCallback == nil {
		if e.stream.start < 0 {
			// The library reports that the body cannot be sent again.
			return 0
		}
		if err := e.restartStream(); err != nil {
			e.call.Fail(err)
			return 1
		}
		return 0
	}
	// The URL contains the query parameters by now.
	r.originalURL = r.resolvedURL
	r.QueryParam = url.Values{}
	if err := r.retryCallback(r); err != nil {
		e.call.Fail(fmt.Errorf("retry callback returned error: %w", err))
		return 1
	}
	if err := e.applyChanges(); err != nil {
		e.call.Fail(err)
		return 1
	}
	return 0
}

func (e *exchange) applyChanges() error {
	prepared, err := e.request.prepare()
	if err != nil {
		return err
	}
	e.prepared = prepared
	e.sent.RemoveHeaders()
	if err := e.sent.SetMethod(prepared.method); err != nil {
		return err
	}
	if err := e.sent.SetPath(prepared.url); err != nil {
		return err
	}
	if err := e.sent.RemoveBody(); err != nil {
		return err
	}
	// What was read from a reader is lost: start again, with another pipe.
	if old := e.stream; old != nil {
		e.stream = nil
		old.drop()
		if prepared.body != nil && prepared.body.stream != nil && old.reads(prepared.body.stream) {
			if err := old.rewind(e.request.Context().Done()); err != nil {
				return err
			}
		}
	}
	return e.setHeadersAndBody()
}

// restartStream sends a reader from its start, through another pipe.
func (e *exchange) restartStream() error {
	old := e.stream
	e.stream = nil
	old.drop()
	if err := old.rewind(e.request.Context().Done()); err != nil {
		return err
	}
	return e.setStream(old.from)
}

func (e *exchange) setStream(from io.Reader) error {
	stream, err := startStream(from, e.call)
	if err != nil {
		return err
	}
	e.stream = stream
	return e.sent.SetBodyFile(stream.out, cabi.UnknownSize)
}

// callError returns the error of a failed call. Errors of the program's reader
// and functions have precedence.
func (e *exchange) callError(failed, streamErr error) error {
	if streamErr != nil {
		return permanentError{streamErr}
	}
	ctx := e.request.Context()
	if callbackErr := e.call.Failure(); callbackErr != nil {
		return permanentError{newCallbackError(failed, callbackErr)}
	}
	if ctx.Err() != nil {
		return newContextError(ctx, failed)
	}
	var low *cabi.Error
	if errors.As(failed, &low) && low.Status == cabi.Deadline {
		return newError(failed, context.DeadlineExceeded)
	}
	return newError(failed, nil)
}

// flushLog writes the log lines of the library, now that no C code is running.
func (e *exchange) flushLog() {
	lines := e.logLines
	e.logLines = nil
	for _, line := range lines {
		line.write()
	}
}
