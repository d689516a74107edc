package reggie

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestManyGoroutines(t *testing.T) {
	checkLeaks(t)
	var tokens atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/token":
			tokens.Add(1)
			_, _ = io.WriteString(w, `{"token":"t","expires_in":3600}`)
		case r.Header.Get("Authorization") != "Bearer t":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="x",scope="repository:a:pull,push"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = fmt.Fprintf(w, "%s %s", r.URL.RawQuery, body)
		}
	})
	client := newClient(t, server.URL, WithUsernamePassword("u", "p"), WithDefaultName("a"))
	const goroutines, each = 200, 50
	var group sync.WaitGroup
	for g := range goroutines {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range each {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
				text := fmt.Sprint(g, "-", i)
				bodies := []any{nil, text, []byte(text), strings.NewReader(text), onlyReader(text)}
				method, body := PUT, bodies[i%len(bodies)]
				if i == len(bodies)-1 {
					// The first request that has a token.
					method = GET
				}
				response, err := client.Do(client.NewRequest(method, "/v2/<name>/manifests/x").
					SetBody(body).SetQueryParam("n", text).SetContext(ctx))
				cancel()
				if err != nil {
					t.Error(err)
					return
				}
				want := "n=" + text
				if body != nil && method == PUT {
					want += " " + text
				}
				if response.String() != want {
					t.Errorf("%q, not %q", response.String(), want)
				}
			}
		}()
	}
	group.Wait()
	if n := tokens.Load(); n == 0 || n > goroutines {
		t.Errorf("%d tokens were requested", n)
	}
}

func TestMoreGoroutinesThanThreads(t *testing.T) {
	checkLeaks(t)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-r.Context().Done():
		}
	})
	client := newClient(t, server.URL)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	const goroutines = 20_000
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	for i := range goroutines {
		group.Add(1)
		go func() {
			defer group.Done()
			var body any
			if i%4 == 0 {
				body = onlyReader("x")
			}
			if err := send(t, client, PUT, "/v2/x", body)(ctx); err != nil {
				failed.Store(&err)
			}
		}()
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		t.Error(*err)
	}
}

func TestNestedCallsOfMoreGoroutinesThanThreads(t *testing.T) {
	checkLeaks(t)
	SetMaxThreads(4)
	defer SetMaxThreads(512)
	server := serve(t, registryHandler)
	var group sync.WaitGroup
	client := newClient(t, server.URL, WithUsernamePassword("u", "p"))
	for range 200 {
		group.Add(1)
		go func() {
			defer group.Done()
			nested := func(*Request) error {
				_, err := client.Do(client.NewRequest(GET, "/v2/"))
				return err
			}
			request := client.NewRequest(GET, "/v2/basic", WithRetryCallback(nested))
			if _, err := client.Do(request); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
}

func TestStuckReader(t *testing.T) {
	checkLeaks(t)
	server := serve(t, registryHandler)
	client := newClient(t, server.URL)
	reader := &stuck{make(chan struct{}, 1), make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-reader.reading
		cancel()
	}()
	begun := time.Now()
	err := send(t, client, PUT, "/v2/x", reader)(ctx)
	if !errors.Is(err, context.Canceled) || time.Since(begun) > maxTime {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	// The goroutine still blocks in Read, and ends when it returns.
	close(reader.free)
}

func TestReaderThatFails(t *testing.T) {
	checkLeaks(t)
	var whole atomic.Int64
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			whole.Add(1)
		}
	})
	client := newClient(t, server.URL)
	for range 200 {
		reader, writer := io.Pipe()
		go func() {
			_, _ = io.WriteString(writer, "some")
			writer.CloseWithError(errBoom)
		}()
		if err := send(t, client, PUT, "/v2/x", reader)(context.Background()); !errors.Is(err, errBoom) {
			t.Fatalf("%v", err)
		}
	}
	if n := whole.Load(); n > 0 {
		t.Errorf("%d bodies looked complete to the server", n)
	}
}

func TestRequestsAreUsedAgain(t *testing.T) {
	checkLeaks(t)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s", r.URL, body)
	})
	client := newClient(t, server.URL)
	request := client.NewRequest(PUT, "/v2/x").SetBody([]byte("body")).SetQueryParam("a", "b")
	for range 5 {
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.String() != "/v2/x?a=b body" {
			t.Errorf("%q", response.String())
		}
	}
}

func TestClose(t *testing.T) {
	checkLeaks(t)
	sent := make(chan struct{}, 50)
	release := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent <- struct{}{}
		<-release
	})
	client := newClient(t, server.URL)
	var group sync.WaitGroup
	for range cap(sent) {
		group.Add(1)
		go func() {
			defer group.Done()
			// A call that has begun continues.
			if err := send(t, client, GET, "/v2/", nil)(context.Background()); err != nil {
				t.Error(err)
			}
		}()
	}
	for range cap(sent) {
		<-sent
	}
	for range 10 {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	close(release)
	group.Wait()
	if err := send(t, client, GET, "/v2/", nil)(context.Background()); !errors.Is(err, errClosed) {
		t.Errorf("%v", err)
	}
}

func TestDroppedClientsAndBodies(t *testing.T) {
	// checkLeaks is the test.
	checkLeaks(t)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 1<<20))
	})
	for range 20 {
		var client *Client
		client = newClient(t, server.URL, WithWarningFunc(func(string, string) { client.SetDefaultName("x") }))
		response, err := client.Do(client.NewRequest(GET, "/v2/").SetDoNotParseResponse(true))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := response.RawBody().Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRawBodyIsClosedDuringRead(t *testing.T) {
	checkLeaks(t)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	client := newClient(t, server.URL)
	response, err := client.Do(client.NewRequest(GET, "/v2/").SetDoNotParseResponse(true))
	if err != nil {
		t.Fatal(err)
	}
	reading, ended := make(chan struct{}), make(chan error)
	go func() {
		close(reading)
		_, err := response.RawBody().Read(make([]byte, 10))
		ended <- err
	}()
	<-reading
	response.RawBody().Close()
	if err := <-ended; err == nil {
		t.Error("Read continued after Close")
	}
}

func TestFileIsClosedDuringTheSend(t *testing.T) {
	checkLeaks(t)
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	begun, closed := make(chan struct{}), make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 1))
		close(begun)
		<-closed
		rest, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, bytes.Count(rest, []byte("x")))
	})
	go func() {
		<-begun
		file.Close()
		// Another file gets the number of the descriptor.
		if other, err := os.Open(os.DevNull); err == nil {
			defer other.Close()
		}
		close(closed)
	}()
	client := newClient(t, server.URL)
	response, err := client.Do(client.NewRequest(PUT, "/v2/x").SetBody(file))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprint(16<<20 - 1); response.String() != want {
		t.Errorf("%s bytes were received, not %s", response.String(), want)
	}
}
