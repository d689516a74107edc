package reggie

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
		s.answers(challenge(s, "Bearer"))
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
		s.answers(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
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
		s.answers(challenge(s, "Basic"))
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
	s.answers(func(w http.ResponseWriter, r *http.Request) {
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

	found, err := response.Errors()
	s.equal(err, nil)
	s.equal(found, []ErrorInfo{{"TOOMANYREQUESTS", "slow down", map[string]any{"a": 1}}})
	s.answers(replies(404, "application/json", `{}`))
	if _, err := s.get().Errors(); err == nil {
		t.Error("there are none")
	}
	s.answers(replies(404, "text/html", `<html>`))
	if _, err := s.get().Errors(); err == nil {
		t.Error("there are none")
	}
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
