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

// seen is a request as a server saw it.
type seen struct {
	Method, URI, Host, Body string
	Header                  http.Header
	Length                  int64
}

// A scene is a server that keeps what it is sent, and a client of it.
type scene struct {
	*testing.T
	server *httptest.Server
	client *Client
	// Answers in place of an empty 200.
	answer http.HandlerFunc

	lock sync.Mutex
	all  []seen
}

func newScene(t *testing.T, options ...ClientOption) *scene {
	t.Helper()
	s := &scene{T: t}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.lock.Lock()
		s.all = append(s.all, seen{
			r.Method, r.RequestURI, r.Host, string(body), r.Header.Clone(), r.ContentLength,
		})
		answer := s.answer
		s.lock.Unlock()
		if answer != nil {
			answer(w, r)
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

// sent sends a request by a verb, and gives what the server saw last.
func (s *scene) sent(r *Request, method string) seen {
	s.Helper()
	s.ok(r.Execute(method, "/v2/x"))
	return s.last()
}

func (s *scene) last() seen {
	s.Helper()
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.all) == 0 {
		s.Fatal("nothing was sent")
	}
	return s.all[len(s.all)-1]
}

// answers sets the answer.
func (s *scene) answers(answer http.HandlerFunc) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.answer = answer
}

// since gives what the server saw from there on.
func (s *scene) since(first int) []seen {
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
		s.Errorf("got %q, not %q", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// replies answers with a status, a type and a body.
func replies(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// inTurn answers with these in turn, and then with the last.
func inTurn(answers ...http.HandlerFunc) http.HandlerFunc {
	var lock sync.Mutex
	next := 0
	return func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		answer := answers[min(next, len(answers)-1)]
		next++
		lock.Unlock()
		answer(w, r)
	}
}

// notes is a log that keeps its lines.
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
