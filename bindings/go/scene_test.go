package reggie

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// A seenRequest is a request as the server received it.
type seenRequest struct {
	Method, URI, Host, Body string
	Header                  http.Header
	Length                  int64
}

// A scene is a server that records requests, and a client for it.
type scene struct {
	*testing.T
	server *httptest.Server
	client *Client
	// handler handles requests; nil means an empty 200.
	handler http.HandlerFunc

	lock sync.Mutex
	all  []seenRequest
}

func newScene(t *testing.T, options ...ClientOption) *scene {
	t.Helper()
	s := &scene{T: t}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.lock.Lock()
		s.all = append(s.all, seenRequest{
			r.Method, r.RequestURI, r.Host, string(body), r.Header.Clone(), r.ContentLength,
		})
		handler := s.handler
		s.lock.Unlock()
		if handler != nil {
			handler(w, r)
		}
	}))
	t.Cleanup(s.server.Close)
	client, err := NewClient(s.server.URL, options...)
	if err != nil {
		t.Fatal(err)
	}
	client.SetLogger(&notes{})
	s.client = client
	return s
}

// sent sends a request with a method, and returns it as the server received it.
func (s *scene) sent(r *Request, method string) seenRequest {
	s.Helper()
	s.ok(r.Execute(method, "/v2/x"))
	return s.last()
}

func (s *scene) last() seenRequest {
	s.Helper()
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.all) == 0 {
		s.Fatal("no request was sent")
	}
	return s.all[len(s.all)-1]
}

// respondWith sets the handler of the server.
func (s *scene) respondWith(handler http.HandlerFunc) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.handler = handler
}

// since returns the requests from an index on.
func (s *scene) since(first int) []seenRequest {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Clone(s.all[first:])
}

func (s *scene) count() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return len(s.all)
}

func (s *scene) ok(response *Response, err error) *Response {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	return response
}

func (s *scene) get() *Response {
	s.Helper()
	return s.ok(s.client.R().Get("/v2/x"))
}

func (s *scene) equal(got, want any) {
	s.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.Errorf("got %q, want %q", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// replies returns a handler that responds with a status, a Content-Type and a body.
func replies(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// inTurn returns a handler that uses each of the handlers once, and then the last.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var lock sync.Mutex
	next := 0
	return func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		handler := handlers[min(next, len(handlers)-1)]
		next++
		lock.Unlock()
		handler(w, r)
	}
}

// notes is a logger that keeps its lines.
type notes struct {
	lock sync.Mutex
	text string
}

func (n *notes) add(level, format string, v []any) {
	n.lock.Lock()
	defer n.lock.Unlock()
	n.text += level + fmt.Sprintf(format, v...) + "\n"
}

func (n *notes) Errorf(format string, v ...any) { n.add("ERROR ", format, v) }
func (n *notes) Warnf(format string, v ...any)  { n.add("WARN ", format, v) }
func (n *notes) Debugf(format string, v ...any) { n.add("DEBUG ", format, v) }
