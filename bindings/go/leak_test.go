package reggie

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"libreggie/reggie/internal/cabi"
)

// resources counts what a process may leak.
type resources struct {
	handles, ids      int64
	files, goroutines int
}

func (r resources) String() string {
	return fmt.Sprintf("%d handles, %d numbers, %d descriptors, %d goroutines",
		r.handles, r.ids, r.files, r.goroutines)
}

func (r resources) within(limit resources) bool {
	return r.handles <= limit.handles && r.ids <= limit.ids && r.files <= limit.files &&
		r.goroutines <= limit.goroutines
}

func countResources(t testing.TB) resources {
	t.Helper()
	// Free unreachable clients, and the idle handles of a pool that every second
	// collection empties.
	runtime.GC()
	runtime.GC()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var now resources
	now.handles, now.ids = cabi.Counts()
	now.files, now.goroutines = len(files), runtime.NumGoroutine()
	return now
}

var warmUp = sync.OnceFunc(func() {
	// The network poller of the Go runtime keeps descriptors once it is used.
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client, err := NewClient(server.URL)
	if err != nil {
		panic(err)
	}
	if _, err := client.Do(client.NewRequest(GET, "/v2/")); err != nil {
		panic(err)
	}
})

// checkLeaks fails a test that leaks resources. Call it at the start of the test.
func checkLeaks(t testing.TB) {
	t.Helper()
	warmUp()
	// Wait for resources of earlier tests.
	before := countResources(t)
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		time.Sleep(2 * time.Millisecond)
		next := countResources(t)
		if next == before {
			break
		}
		before = next
	}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		var after resources
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			if after = countResources(t); after.within(before) {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		stacks := make([]byte, 64<<10)
		t.Errorf("leaked: %v, before the test %v\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	})
}

// serve starts a server that runs until the end of the test.
func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// listen passes connections to a function, and closes them at the end of the test.
func listen(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			group.Add(2)
			one, over := context.WithCancel(ctx)
			go func() {
				defer group.Done()
				<-one.Done()
				conn.Close()
			}()
			go func() {
				defer group.Done()
				defer over()
				handle(conn)
			}()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		cancel()
		group.Wait()
	})
	return listener.Addr().String()
}

func newClient(t testing.TB, address string, options ...ClientOption) *Client {
	t.Helper()
	client, err := NewClient(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	client.SetLogger(silent{})
	return client
}

type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
