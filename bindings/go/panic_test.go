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

// ending is how a function of the program ends in place of returning.
type ending struct {
	armed, ran atomic.Bool
	exits      bool
}

var errBoom = errors.New("boom")

func (e *ending) boom() {
	if !e.armed.Load() {
		return
	}
	e.ran.Store(true)
	if e.exits {
		runtime.Goexit()
	}
	panic(errBoom)
}

func (e *ending) Read([]byte) (int, error) {
	e.boom()
	return 0, io.EOF
}

func (e *ending) Errorf(string, ...any) {}
func (e *ending) Warnf(string, ...any)  {}
func (e *ending) Debugf(string, ...any) { e.boom() }

func (e *ending) SetCookies(*url.URL, []*http.Cookie) { e.boom() }

func (e *ending) Cookies(*url.URL) []*http.Cookie { return nil }

// earlyJar ends where cookies are asked for.
type earlyJar struct{ *ending }

func (j earlyJar) SetCookies(*url.URL, []*http.Cookie) {}

func (j earlyJar) Cookies(*url.URL) []*http.Cookie {
	j.boom()
	return nil
}

// answers has a path for each thing that a registry asks a client.
func answers(w http.ResponseWriter, r *http.Request) {
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

// places are the functions of a program that a call runs.
func places(e *ending) []struct {
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
			e := &ending{exits: exits}
			for _, place := range places(e) {
				if raw && (place.name == "response log" || place.name == "after") {
					continue
				}
				t.Run(fmt.Sprintf("%s, exits %v, raw %v", place.name, exits, raw), func(t *testing.T) {
					nothingLeft(t)
					server := serve(t, answers)
					if place.name == "certificate" {
						server = httptest.NewTLSServer(http.HandlerFunc(answers))
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
					recovered, ended := endOf(do)
					if !e.ran.Load() {
						t.Fatalf("it was not called: %v", recovered)
					}
					if exits && !ended || !exits && recovered != errBoom {
						t.Errorf("the caller saw %v, its end %v", recovered, ended)
					}
					e.armed.Store(false)
					if err := do(); err != nil {
						t.Errorf("the client is of no use any more: %v", err)
					}
				})
			}
		}
	}
}

// endOf gives what a function panics with, or its error, and whether it ended its
// goroutine.
func endOf(do func() error) (recovered any, ended bool) {
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
	nothingLeft(t)
	SetMaxThreads(1)
	defer SetMaxThreads(512)
	server := serve(t, answers)
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
		t.Error("it was not called")
	}
}

// once is a reader that cannot begin again.
func onceReader(text string) io.Reader { return io.MultiReader(strings.NewReader(text)) }

// seekable hides what is known of a reader but that it seeks.
type seekable struct{ io.ReadSeeker }

func TestRetryCallbackChangesTheBody(t *testing.T) {
	nothingLeft(t)
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
		reader := seekable{strings.NewReader("..." + text)}
		_, _ = reader.Seek(3, io.SeekStart)
		return reader
	}
	kinds := map[string]func(string) any{
		"string": func(s string) any { return s },
		"bytes":  func(s string) any { return []byte(s) },
		"reader": func(s string) any { return strings.NewReader(s) },
		"seeker": seeks,
		"once":   func(s string) any { return onceReader(s) },
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
