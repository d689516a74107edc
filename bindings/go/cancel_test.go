package reggie

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	tries = flag.Int("tries", 5, "number of times that each phase is cancelled")
	// Far more than needed, because the machine may be busy, and far less than
	// the time limits that would end these calls.
	maxTime = 10 * time.Second
)

// A phase is the state in which a call is cancelled.
type phase struct {
	name string
	// reached reports that the call is in the phase; nil means after a moment.
	reached <-chan struct{}
	call    func(ctx context.Context) error
}

func (p phase) run(t *testing.T) {
	var took []time.Duration
	for range *tries {
		ctx, cancel := context.WithCancel(context.Background())
		result := make(chan error, 1)
		go func() { result <- p.call(ctx) }()
		if p.reached != nil {
			select {
			case <-p.reached:
			case err := <-result:
				t.Fatalf("the call ended early: %v", err)
			case <-time.After(time.Minute):
				t.Fatal("the call did not reach the phase")
			}
		}
		// There is no event for the last step.
		time.Sleep(5 * time.Millisecond)
		begun := time.Now()
		cancel()
		err := <-result
		took = append(took, time.Since(begun))
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("the call returned %v", err)
		}
	}
	slices.Sort(took)
	quick, _ := slices.BinarySearch(took, 50*time.Millisecond)
	t.Logf("%d of %d within 50 ms, slowest %v", quick, len(took), took[len(took)-1])
	if slowest := took[len(took)-1]; slowest > maxTime {
		t.Errorf("cancelling took %v", slowest)
	}
}

func send(t testing.TB, client *Client, method, path string, body any) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := client.Do(client.NewRequest(method, path).SetBody(body).SetContext(ctx))
		return err
	}
}

// fullBacklog returns the address of a listener that accepts no connections.
func fullBacklog(t testing.TB) string {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(socket, 0); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: bound.(*syscall.SockaddrInet4).Port}).String()
	for {
		conn, err := net.DialTimeout("tcp", address, 500*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { conn.Close() })
	}
}

// A stuck reader blocks in Read until it is released.
type stuck struct {
	reading chan struct{}
	free    chan struct{}
}

func (s *stuck) Read([]byte) (int, error) {
	s.reading <- struct{}{}
	<-s.free
	return 0, io.EOF
}

// An endless reader has no end.
type endless struct{}

func (endless) Read(buffer []byte) (int, error) { return len(buffer), nil }

func TestCancelInEachPhase(t *testing.T) {
	checkLeaks(t)
	connected, over := make(chan struct{}), make(chan struct{})
	silent := listen(t, func(conn net.Conn) {
		select {
		case connected <- struct{}{}:
			// Read nothing.
			waitForEnd(conn)
		case <-over:
		}
	})
	t.Cleanup(func() { close(over) })
	sent := make(chan struct{})
	half := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case strings.HasSuffix(r.URL.Path, "half"):
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write(make([]byte, 50))
			w.(http.Flusher).Flush()
		case strings.HasSuffix(r.URL.Path, "busy"):
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		select {
		case sent <- struct{}{}:
			<-r.Context().Done()
		case <-r.Context().Done():
		}
	})
	large := make([]byte, 32<<20)
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, large, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	waiting := &stuck{make(chan struct{}), make(chan struct{})}
	defer close(waiting.free)

	toSilent := newClient(t, "http://"+silent)
	toHalf := newClient(t, half.URL)
	patient := func(ctx context.Context) error {
		// A client has a limited budget of retries, so use a new one.
		client := newClient(t, half.URL, WithRetries(9), WithRetryDelays(time.Hour, time.Hour, time.Hour))
		return send(t, client, GET, "/v2/busy", nil)(ctx)
	}
	// A context that is done before the retry is due gives the response, not an
	// error.
	retrying := make(chan struct{})
	again := newClient(t, half.URL).SetRetryCount(3).SetRetryWaitTime(time.Hour).
		SetRetryMaxWaitTime(time.Hour).
		AddRetryCondition(func(r *Response, _ error) bool { return r.StatusCode() == 503 }).
		AddRetryHook(func(*Response, error) { retrying <- struct{}{} })
	called := newClient(t, half.URL, WithRealmFunc(func(string, string) (bool, error) { return true, nil }))
	raw := func(ctx context.Context) error {
		response, err := toHalf.Do(toHalf.NewRequest(GET, "/v2/half").
			SetContext(ctx).SetDoNotParseResponse(true))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.RawBody())
		response.RawBody().Close()
		return err
	}
	for _, phase := range []phase{
		{"connecting", nil, send(t, newClient(t, "http://"+fullBacklog(t)), GET, "/v2/", nil)},
		{"tls", connected, send(t, newClient(t, "https://"+silent), GET, "/v2/", nil)},
		{"sending bytes", connected, send(t, toSilent, PUT, "/v2/x", large)},
		{"sending a file", connected, send(t, toSilent, PUT, "/v2/x", file)},
		{"sending a reader", connected, send(t, toSilent, PUT, "/v2/x", endless{})},
		{"reading a reader", waiting.reading, send(t, toHalf, PUT, "/v2/x", waiting)},
		{"waiting", sent, send(t, toHalf, GET, "/v2/", nil)},
		{"waiting, with functions", sent, send(t, called, GET, "/v2/", nil)},
		{"receiving", sent, send(t, toHalf, GET, "/v2/half", nil)},
		{"receiving by RawBody", sent, raw},
		{"backing off in the library", nil, patient},
		{"backing off as Resty does", retrying, send(t, again, GET, "/v2/busy", nil)},
	} {
		t.Run(phase.name, phase.run)
	}
}

// waitForEnd returns when the other side has closed the connection, or the test is
// over. It does not read.
func waitForEnd(conn net.Conn) {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return
	}
	one := make([]byte, 1)
	// Peek only.
	for {
		gone := false
		err := raw.Control(func(fd uintptr) {
			n, _, err := syscall.Recvfrom(int(fd), one, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			gone = n == 0 && err == nil || err == syscall.ECONNRESET
		})
		if gone || err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestCancelledBefore(t *testing.T) {
	checkLeaks(t)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Error("sent: ", r.URL) })
	client := newClient(t, server.URL)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 200 {
		if err := send(t, client, GET, "/v2/", nil)(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}

func TestCancelWaitingForAThread(t *testing.T) {
	checkLeaks(t)
	sent := make(chan struct{}, 1)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		sent <- struct{}{}
		<-r.Context().Done()
	})
	SetMaxThreads(1)
	defer SetMaxThreads(512)
	client := newClient(t, server.URL)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = send(t, client, GET, "/v2/", nil)(ctx)
	}()
	<-sent
	phase{"", nil, send(t, client, GET, "/v2/", nil)}.run(t)
	cancel()
	<-over
}

// TestCancelResolving runs itself in a process in which resolving a name blocks.
func TestCancelResolving(t *testing.T) {
	if end := os.Getenv("REGGIE_TEST_LOOKUPS_END"); end != "" {
		checkLeaks(t)
		client := newClient(t, "http://nowhere.example")
		phase{"", nil, send(t, client, GET, "/v2/", nil)}.run(t)
		if err := os.WriteFile(end, nil, 0o600); err != nil {
			t.Error(err)
		}
		return
	}
	library := filepath.Join(t.TempDir(), "hangs.so")
	source := filepath.Join("..", "..", "tests", "c", "preload_getaddrinfo.c")
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	again := exec.Command(os.Args[0], "-test.run=^TestCancelResolving$", "-test.v",
		"-tries="+flag.Lookup("tries").Value.String())
	again.Env = append(os.Environ(), "REGGIE_TEST_LOOKUPS_END="+filepath.Join(t.TempDir(), "end"), "LD_PRELOAD="+library)
	out, err := again.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !bytes.Contains(out, []byte("within 50 ms")) {
		t.Error(err)
	}
}

func TestDeadline(t *testing.T) {
	checkLeaks(t)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	client := newClient(t, server.URL)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := send(t, client, GET, "/v2/", nil)(ctx)
	var failed *Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || !failed.Timeout() {
		t.Errorf("%v", err)
	}
}
