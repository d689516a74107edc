package reggie

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestErrors(t *testing.T) {
	t.Run("connect", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		listener.Close()
		client, _ := NewClient("http://" + address)
		_, err = client.Do(client.NewRequest(GET, "/v2/"))
		var failed *Error
		if !errors.As(err, &failed) || !errors.Is(err, StatusConnect) || errors.Is(err, StatusTLS) {
			t.Fatal(err)
		}
		if failed.Step != "connect" || failed.Host != address || failed.RetryAfter != -1 || failed.HTTPStatus != 0 {
			t.Errorf("%+v", failed)
		}
	})
	t.Run("certificate", func(t *testing.T) {
		server := httptest.NewTLSServer(http.NotFoundHandler())
		defer server.Close()
		client, _ := NewClient(server.URL)
		_, err := client.Do(client.NewRequest(GET, "/v2/"))
		if !errors.Is(err, StatusCertificate) || StatusCertificate.Error() == "" {
			t.Error(err)
		}
	})
	t.Run("token refused", func(t *testing.T) {
		s := newScene(t, WithUsernamePassword("u", "wrong"))
		s.respondWith(challenge(s, "Bearer"))
		_, err := s.client.Do(s.client.NewRequest(GET, "/v2/a/tags/list"))
		var failed *Error
		if !errors.As(err, &failed) || !errors.Is(err, StatusTokenRefused) || failed.HTTPStatus != 401 {
			t.Errorf("%v %+v", err, failed)
		}
		if failed != nil && (failed.Step == "" || strings.Contains(err.Error(), "wrong")) {
			t.Errorf("%+v", failed)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		s := newScene(t)
		s.respondWith(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err := s.client.R().SetContext(ctx).Get("/v2/x")
		var timed net.Error
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &timed) || !timed.Timeout() {
			t.Error(err)
		}
	})
	t.Run("retry callback", func(t *testing.T) {
		s := newScene(t, WithUsernamePassword("u", "p"))
		s.respondWith(challenge(s, "Basic"))
		response, err := s.client.Do(s.client.NewRequest(GET, "/v2/x",
			WithRetryCallback(func(*Request) error { return io.ErrNoProgress })))
		s.equal(err, "retry callback returned error: "+io.ErrNoProgress.Error())
		s.equal(errors.Is(err, io.ErrNoProgress) && response == nil, true)
		s.equal(s.count(), 1)
	})
	t.Run("reader", func(t *testing.T) {
		s := newScene(t)
		broken := io.MultiReader(strings.NewReader("abc"), brokenReader{})
		_, err := s.client.R().SetBody(broken).Put("/v2/x")
		s.equal(errors.Is(err, io.ErrNoProgress), true)
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

func TestCheck(t *testing.T) {
	s := newScene(t)
	if err := s.get().Check(); err != nil {
		t.Error(err)
	}
	s.respondWith(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		replies(429, "application/json", `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down","detail":{"a":1}}]}`)(w, r)
	})
	response := s.get()
	err := response.Check()
	var failed *Error
	if !errors.As(err, &failed) || !errors.Is(err, StatusHTTP) {
		t.Fatal(err)
	}
	s.equal(failed.HTTPStatus, 429)
	s.equal(failed.Code, "TOOMANYREQUESTS")
	s.equal(failed.RetryAfter, 7*time.Second)
	s.equal("http://"+failed.Host, s.server.URL)
	s.equal(failed.Retryable && failed.Temporary(), true)

	s.equal(err, failed.Host+": status 429: TOOMANYREQUESTS slow down")

	found, err := response.Errors()
	s.equal(err, nil)
	s.equal(found, []ErrorInfo{{"TOOMANYREQUESTS", "slow down", map[string]any{"a": 1}}})
	s.respondWith(replies(404, "application/json", `{}`))
	if _, err := s.get().Errors(); !errors.Is(err, StatusNoErrors) {
		t.Error(err)
	}
	s.respondWith(replies(404, "text/html", `<html>`))
	if _, err := s.get().Errors(); !errors.Is(err, StatusNoErrors) {
		t.Error(err)
	}
	s.respondWith(replies(200, "application/json", `{"errors":[{"code":"X"}]}`))
	if _, err := s.get().Errors(); !errors.Is(err, StatusNoErrors) {
		t.Error(err)
	}
}

func TestCheckedStatuses(t *testing.T) {
	s := newScene(t)
	for status, retryable := range map[int]bool{
		304: false, 404: false, 408: true, 499: true, 500: true, 501: false, 503: true, 505: false, 522: true,
	} {
		s.respondWith(replies(status, "", ""))
		var failed *Error
		if !errors.As(s.get().Check(), &failed) {
			t.Fatal(status)
		}
		s.equal(failed.HTTPStatus, status)
		if failed.Retryable != retryable || failed.RetryAfter != -1 || failed.Code != "" {
			t.Errorf("%d: %+v", status, failed)
		}
	}
}

// Errors reads compressed bodies, and fails if the body is not in memory.
func TestErrorsOfBodies(t *testing.T) {
	const list = `{"errors":[{"code":"DENIED"}]}`
	s := newScene(t)
	s.respondWith(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT")
		w.Header().Set("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(403)
		zipped := gzip.NewWriter(w)
		_, _ = io.WriteString(zipped, list)
		_ = zipped.Close()
	})
	response := s.get()
	found, err := response.Errors()
	s.equal(err, nil)
	s.equal(found, []ErrorInfo{{Code: "DENIED"}})
	var failed *Error
	if !errors.As(response.Check(), &failed) || failed.Code != "DENIED" || failed.RetryAfter != time.Minute {
		t.Errorf("%+v", failed)
	}

	s.respondWith(replies(403, "application/json", list))
	raw := s.ok(s.client.R().SetDoNotParseResponse(true).Get("/v2/x"))
	_, err = raw.Errors()
	s.equal(errors.Is(err, StatusNoErrors), true)
	s.equal(errors.Is(raw.Check(), StatusHTTP), true)
	body, err := io.ReadAll(raw.RawBody())
	s.equal(string(body), list)
	s.equal(err, nil)
	raw.RawBody().Close()

	saved := s.ok(s.client.R().SetOutput(filepath.Join(t.TempDir(), "out")).Get("/v2/x"))
	s.equal(errors.Is(saved.Check(), StatusHTTP), true)

	s.server.Close()
	none, err := s.client.R().Get("/v2/x")
	s.equal(errors.Is(err, StatusConnect), true)
	s.equal(none.Check(), "no response was received")
}

func TestClosedClient(t *testing.T) {
	s := newScene(t)
	s.get()
	s.equal(s.client.Close(), nil)
	s.equal(s.client.Close(), nil)
	if _, err := s.client.R().Get("/v2/x"); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}
