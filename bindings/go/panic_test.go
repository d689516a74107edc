package reggie

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// An unwinder is a function of the program that panics or calls runtime.Goexit
// instead of returning, once it is armed.
type unwinder struct {
	armed, ran atomic.Bool
	exits      bool
}

var errBoom = errors.New("boom")

func (e *unwinder) boom() {
	if !e.armed.Load() {
		return
	}
	e.ran.Store(true)
	if e.exits {
		runtime.Goexit()
	}
	panic(errBoom)
}

func (e *unwinder) Read([]byte) (int, error) {
	e.boom()
	return 0, io.EOF
}

func (e *unwinder) Errorf(string, ...any) {}
func (e *unwinder) Warnf(string, ...any)  {}
func (e *unwinder) Debugf(string, ...any) { e.boom() }

func (e *unwinder) SetCookies(*url.URL, []*http.Cookie) { e.boom() }

func (e *unwinder) Cookies(*url.URL) []*http.Cookie { return nil }

// An earlyJar unwinds when cookies are read, not when they are stored.
type earlyJar struct{ *unwinder }

func (j earlyJar) SetCookies(*url.URL, []*http.Cookie) {}

func (j earlyJar) Cookies(*url.URL) []*http.Cookie {
	j.boom()
	return nil
}

// registryHandler has a path for each kind of challenge and redirect.
func registryHandler(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Set-Cookie", "a=b")
	given := r.Header.Get("Authorization")
	switch r.URL.Path {
	case "/v2/basic":
		if given == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	case "/v2/bearer":
		if given == "" {
			port := r.Host[strings.LastIndexByte(r.Host, ':'):]
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://localhost`+port+`/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	case "/token":
		_, _ = io.WriteString(w, `{"token":"t"}`)
	case "/v2/moved":
		http.Redirect(w, r, "/v2/", http.StatusTemporaryRedirect)
	case "/v2/warning":
		w.Header().Set("Warning", `299 - "old"`)
	}
}

// callbackPlaces lists the functions of a program that a call runs.
func callbackPlaces(e *unwinder) []struct {
	name, method, path string
	body               any
	options            []ClientOption
	set                func(*Client)
	request            func(*Request)
} {
	type place = struct {
		name, method, path string
		body               any
		options            []ClientOption
		set                func(*Client)
		request            func(*Request)
	}
	known := WithUsernamePassword("u", "p")
	fails := func(*Client, *Request) error { return errors.New("no") }
	return []place{
		{name: "retry callback", path: "basic", options: []ClientOption{known}, request: func(r *Request) {
			r.retryCallback = func(*Request) error { e.boom(); return nil }
		}},
		{name: "redirect policy", path: "moved", set: func(c *Client) {
			c.SetRedirectPolicy(RedirectPolicyFunc(func(*http.Request, []*http.Request) error {
				e.boom()
				return nil
			}))
		}},
		{name: "credential", path: "basic", options: []ClientOption{
			WithCredentialFunc(func(string, string) (Credential, error) {
				e.boom()
				return Credential{Username: "u", Password: "p"}, nil
			}),
		}},
		{name: "realm", path: "bearer", options: []ClientOption{known, WithAllowedNetwork("localhost"),
			WithRealmFunc(func(string, string) (bool, error) { e.boom(); return true, nil })}},
		{name: "certificate", path: "", options: []ClientOption{
			WithCertificateFunc(func(string, [][]byte, string) error { e.boom(); return nil }),
		}},
		{name: "warning", path: "warning", options: []ClientOption{
			WithWarningFunc(func(string, string) { e.boom() }),
		}},
		{name: "before", set: func(c *Client) {
			c.OnBeforeRequest(func(*Client, *Request) error { e.boom(); return nil })
		}},
		{name: "after", set: func(c *Client) {
			c.OnAfterResponse(func(*Client, *Response) error { e.boom(); return nil })
		}},
		{name: "pre-request", set: func(c *Client) {
			c.SetPreRequestHook(func(*Client, *http.Request) error { e.boom(); return nil })
		}},
		{name: "error", set: func(c *Client) {
			c.OnBeforeRequest(func(c *Client, r *Request) error {
				if e.armed.Load() {
					return fails(c, r)
				}
				return nil
			}).OnError(func(*Request, error) { e.boom() })
		}},
		{name: "retry condition", set: func(c *Client) {
			c.SetRetryCount(1).AddRetryCondition(func(*Response, error) bool { e.boom(); return false })
		}},
		{name: "retry hook", set: func(c *Client) {
			c.SetRetryCount(1).AddRetryCondition(func(*Response, error) bool { return e.armed.Load() }).
				AddRetryHook(func(*Response, error) { e.boom() })
		}},
		{name: "request log", set: func(c *Client) {
			c.SetDebug(true).OnRequestLog(func(*RequestLog) error { e.boom(); return nil })
		}},
		{name: "response log", set: func(c *Client) {
			c.SetDebug(true).OnResponseLog(func(*ResponseLog) error { e.boom(); return nil })
		}},
		{name: "logger", set: func(c *Client) { c.SetDebug(true).SetLogger(e) }},
		{name: "reader", method: PUT, body: e},
		{name: "json", method: PUT, body: map[string]int{}, set: func(c *Client) {
			c.JSONMarshal = func(any) ([]byte, error) { e.boom(); return []byte("{}"), nil }
		}},
		{name: "cookies", set: func(c *Client) { c.SetCookieJar(earlyJar{e}) }},
		{name: "set cookies", set: func(c *Client) { c.SetCookieJar(e) }},
	}
}

func TestFunctionsThatDoNotReturn(t *testing.T) {
	for _, raw := range []bool{false, true} {
		for _, exits := range []bool{false, true} {
			e := &unwinder{exits: exits}
			for _, place := range callbackPlaces(e) {
				if raw && (place.name == "response log" || place.name == "after") {
					continue
				}
				t.Run(fmt.Sprintf("%s, exits %v, raw %v", place.name, exits, raw), func(t *testing.T) {
					checkLeaks(t)
					server := serve(t, registryHandler)
					if place.name == "certificate" {
						server = httptest.NewTLSServer(http.HandlerFunc(registryHandler))
						defer server.Close()
					}
					client := newClient(t, server.URL, place.options...)
					if place.set != nil {
						place.set(client)
					}
					do := func() error {
						method := place.method
						if method == "" {
							method = GET
						}
						request := client.NewRequest(method, "/v2/"+place.path).SetBody(place.body).
							SetDoNotParseResponse(raw)
						if place.request != nil {
							place.request(request)
						}
						response, err := client.Do(request)
						if err == nil {
							response.discard()
						}
						return err
					}
					e.ran.Store(false)
					e.armed.Store(true)
					recovered, ended := runAndRecover(do)
					if !e.ran.Load() {
						t.Fatalf("the function was not called: %v", recovered)
					}
					if exits && !ended || !exits && recovered != errBoom {
						t.Errorf("recovered %v, goroutine ended: %v", recovered, ended)
					}
					e.armed.Store(false)
					if err := do(); err != nil {
						t.Errorf("the next call failed: %v", err)
					}
				})
			}
		}
	}
}

// runAndRecover returns what a function panics with, or its error, and whether it
// ended its goroutine.
func runAndRecover(do func() error) (recovered any, ended bool) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		returned := false
		defer func() {
			if !returned {
				recovered = recover()
				ended = recovered == nil
			}
		}()
		if err := do(); err != nil {
			recovered = err
		}
		returned = true
	}()
	<-over
	return recovered, ended
}

func TestNestedCalls(t *testing.T) {
	checkLeaks(t)
	SetMaxThreads(1)
	defer SetMaxThreads(512)
	server := serve(t, registryHandler)
	client := newClient(t, server.URL, WithUsernamePassword("u", "p"))
	depth := 0
	var inner error
	var callback RetryCallbackFunc
	callback = func(*Request) error {
		if depth++; depth < 3 {
			_, inner = client.Do(client.NewRequest(GET, "/v2/basic", WithRetryCallback(callback)))
		}
		return inner
	}
	if _, err := client.Do(client.NewRequest(GET, "/v2/basic", WithRetryCallback(callback))); err != nil {
		t.Fatal(err)
	}
	if depth == 0 {
		t.Error("the callback was not called")
	}
}

func TestRetryCallbackChangesTheBody(t *testing.T) {
	checkLeaks(t)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "%s %s", r.Header.Get("X-Given"), body)
	})
	seeks := func(text string) any {
		reader := onlySeeker("..." + text)
		_, _ = reader.Seek(3, io.SeekStart)
		return reader
	}
	kinds := map[string]func(string) any{
		"string": func(s string) any { return s },
		"bytes":  func(s string) any { return []byte(s) },
		"reader": func(s string) any { return strings.NewReader(s) },
		"seeker": seeks,
		"once":   func(s string) any { return onlyReader(s) },
		"none":   func(string) any { return nil },
	}
	for first, before := range kinds {
		for second, after := range kinds {
			t.Run(first+" then "+second, func(t *testing.T) {
				client := newClient(t, server.URL, WithUsernamePassword("u", "p"))
				request := client.NewRequest(PUT, "/v2/x", WithRetryCallback(func(r *Request) error {
					r.SetHeader("X-Given", "yes").SetBody(after("new"))
					return nil
				})).SetBody(before("old"))
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				want := "yes new"
				if second == "none" {
					want = "yes"
				}
				if response.String() != want {
					t.Errorf("%q, not %q", response.String(), want)
				}
			})
		}
		t.Run(first+" again", func(t *testing.T) {
			client := newClient(t, server.URL, WithUsernamePassword("u", "p"))
			request := client.NewRequest(PUT, "/v2/x", WithRetryCallback(func(r *Request) error {
				r.SetHeader("X-Given", "yes")
				return nil
			})).SetBody(before("old"))
			response, err := client.Do(request)
			switch {
			case first == "once":
				if err == nil || !strings.Contains(err.Error(), "io.Seeker") {
					t.Errorf("%v", err)
				}
			case err != nil:
				t.Error(err)
			case first != "none" && response.String() != "yes old":
				t.Errorf("%q", response.String())
			}
		})
	}
}
