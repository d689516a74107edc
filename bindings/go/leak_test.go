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

// held is what a process may forget to give back.
type held struct {
	handles, ids      int64
	files, goroutines int
}

func (h held) String() string {
	return fmt.Sprintf("%d handles, %d numbers, %d descriptors, %d goroutines",
		h.handles, h.ids, h.files, h.goroutines)
}

func (h held) within(limit held) bool {
	return h.handles <= limit.handles && h.ids <= limit.ids && h.files <= limit.files &&
		h.goroutines <= limit.goroutines
}

func holds(t testing.TB) held {
	t.Helper()
	// What nothing refers to goes: clients, and the idle handles of a pool that
	// is emptied by every second collection.
	runtime.GC()
	runtime.GC()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var now held
	now.handles, now.ids = cabi.Counts()
	now.files, now.goroutines = len(files), runtime.NumGoroutine()
	return now
}

var warmUp = sync.OnceFunc(func() {
	// The runtime's poller has descriptors of its own, once it is used.
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

// nothingLeft fails a test that leaves something behind. It comes first in a
// test.
func nothingLeft(t testing.TB) {
	t.Helper()
	warmUp()
	// Those of earlier tests are given time.
	before := holds(t)
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		time.Sleep(2 * time.Millisecond)
		next := holds(t)
		if next == before {
			break
		}
		before = next
	}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		var after held
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			if after = holds(t); after.within(before) {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		stacks := make([]byte, 64<<10)
		t.Errorf("left behind: %v, before %v\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	})
}

// serve answers by a function; the server ends with the test.
func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// listen hands connections to a function, and closes them with the test.
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
