package reggie

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestSmoke(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			return
		}
		if r.Header.Get("Authorization") == "" && strings.HasPrefix(r.URL.Path, "/v2/") {
			w.Header().Set("WWW-Authenticate", "Basic realm=\"x\"")
			w.WriteHeader(401)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %v %q %v", r.Method, r.URL, r.Header, body, r.ContentLength)
	}))
	defer server.Close()
	client, err := NewClient(server.URL, WithUsernamePassword("u", "p"), WithDefaultName("a/b"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(client.NewRequest(GET, "/v2/<name>/tags/list"))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(resp.Status(), resp.String(), resp.Header())
	resp, err = client.Do(client.NewRequest(PUT, "/v2/<name>/x", WithRetryCallback(func(r *Request) error { r.SetHeader("X", "y"); return nil })).SetQueryParam("digest", "a:b").SetBody(io.MultiReader(strings.NewReader("abc"), strings.NewReader("def"))))
	if err != nil {
		t.Log(err)
	}
	if resp != nil {
		t.Log(resp.Status(), resp.String())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err = client.R().SetContext(ctx).Get("/slow")
	t.Log(err, errors.Is(err, context.DeadlineExceeded), time.Since(begun))
	client2, _ := NewClient(server.URL, WithUsernamePassword("u", "p"))
	func() {
		defer func() { t.Log("recovered", recover()) }()
		client2.Do(client2.NewRequest(GET, "/v2/q", WithRetryCallback(func(*Request) error { panic("boom") })))
	}()
	_, err = client2.Do(client2.NewRequest(GET, "/v2/q", WithRetryCallback(func(*Request) error { return io.ErrNoProgress })))
	t.Log(err, errors.Is(err, io.ErrNoProgress))
}
