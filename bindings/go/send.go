package reggie

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// isIncomplete reports whether a placeholder in a URL was not replaced, or was
// replaced by an empty string.
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

// execute sends the request, with retries as set. If a function of the program
// fails after the response was received, execute returns both.
func (r *Request) execute(followChallenge bool) (*Response, error) {
	if isIncomplete(r.URL) {
		return nil, errors.New("request is invalid")
	}
	if r.settingErr != nil {
		r.callErrorHooks(nil, r.settingErr)
		return nil, r.settingErr
	}
	response, err := r.send(followChallenge)
	if err == nil {
		return response, nil
	}
	if response != nil {
		defer response.discard()
	}
	err = unwrapPermanent(err)
	r.callErrorHooks(response, err)
	return response, err
}

// responseOrError drops the response if there is an error.
func responseOrError(response *Response, err error) (*Response, error) {
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (r *Request) send(followChallenge bool) (*Response, error) {
	hosts, err := r.lookupSRV()
	if err != nil {
		return nil, err
	}
	original := r.URL
	return r.withRetries(func() (*Response, error) {
		if len(hosts) > 0 {
			r.URL = r.urlAt(hosts, original)
		}
		return r.sendOnce(followChallenge)
	})
}

// callErrorHooks reports a failure to the error hooks.
func (r *Request) callErrorHooks(response *Response, err error) {
	reported := err
	if response != nil {
		reported = &ResponseError{Response: response, Err: err}
	}
	for _, hook := range r.client.settings.errorHooks {
		hook(r, reported)
	}
}

// lookupSRV looks up the hosts of the request's service, if it names one.
func (r *Request) lookupSRV() ([]*net.SRV, error) {
	if r.SRV == nil {
		return nil, nil
	}
	_, hosts, err := net.DefaultResolver.LookupSRV(r.Context(), r.SRV.Service, "tcp", r.SRV.Domain)
	return hosts, err
}

// urlAt moves a URL to one of the hosts, to the next one for each attempt.
func (r *Request) urlAt(hosts []*net.SRV, original string) string {
	host := hosts[(r.Attempt-1)%len(hosts)]
	scheme := r.client.settings.scheme
	path := original
	if parsed, err := url.Parse(original); err == nil && parsed.IsAbs() {
		scheme, path = parsed.Scheme, parsed.RequestURI()
	}
	if scheme == "" {
		scheme = "https"
	}
	target := strings.TrimSuffix(host.Target, ".")
	port := strconv.Itoa(int(host.Port))
	return scheme + "://" + net.JoinHostPort(target, port) + "/" + strings.TrimPrefix(path, "/")
}

// sendOnce sends the request and receives the response, without retries.
func (r *Request) sendOnce(followChallenge bool) (*Response, error) {
	c := r.client
	for _, middleware := range c.settings.beforeRequest {
		if err := middleware(c, r); err != nil {
			return nil, permanentError{err}
		}
	}
	engine, err := c.currentEngine()
	if err != nil {
		return nil, permanentError{err}
	}
	exchange := &exchange{request: r, engine: engine, followChallenge: followChallenge}
	defer exchange.release()
	response, err := exchange.run()
	if err != nil {
		return response, err
	}
	if r.rawBody || c.settings.rawBody {
		// As in Resty, middleware does not see raw responses.
		return response, nil
	}
	returned := false
	defer func() {
		if !returned {
			// A middleware panicked or called runtime.Goexit.
			response.discard()
		}
	}()
	err = nil
	for _, middleware := range c.settings.afterResponse {
		if err = middleware(c, response); err != nil {
			err = permanentError{err}
			break
		}
	}
	returned = true
	return response, err
}

// needsTrigger reports whether the call may have to be ended by something other
// than its context.
func (r *Request) needsTrigger() bool {
	if r.rawBody || r.client.settings.rawBody || r.retryCallback != nil || r.client.hasCallbacks() {
		return true
	}
	_, isReader := r.Body.(io.Reader)
	return isReader
}
