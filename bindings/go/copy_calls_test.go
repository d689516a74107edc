package reggie

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Functions of a copy that do not return end the call, and then the goroutine.
func TestCopyFunctionsThatDoNotReturn(t *testing.T) {
	for _, exits := range []bool{false, true} {
		e := &unwinder{exits: exits}
		for name, option := range map[string]CallOption{
			"filter":   WithFilter(func(c Candidate) (bool, error) { e.boom(); return c.Included, nil }),
			"progress": WithProgress(0, func(Progress) error { e.boom(); return nil }),
		} {
			t.Run(fmt.Sprintf("%s, exits %v", name, exits), func(t *testing.T) {
				checkLeaks(t)
				_, from := inMemory(t)
				pushImages(t, from)
				do := func() error {
					_, err := Copy(background, from, "", newLayout(t), nil, option)
					return err
				}
				e.ran.Store(false)
				e.armed.Store(true)
				recovered, ended := runAndRecover(do)
				if !e.ran.Load() || exits && !ended || !exits && recovered != errBoom {
					t.Errorf("called: %v, recovered %v, goroutine ended: %v", e.ran.Load(), recovered, ended)
				}
				e.armed.Store(false)
				must(t, do())
			})
		}
	}
}

// Calls whose context is cancelled end, while several blobs are transferred.
func TestCancelTransfers(t *testing.T) {
	checkLeaks(t)
	registry, from := inMemory(t)
	builder := NewBuilder()
	builder.SetArtifactType("application/vnd.example")
	for i := range 4 {
		builder.AddBytes([]byte{byte(i)}, "", fmt.Sprint(i))
	}
	has[*Manifest](t)(builder.Push(background, from, []string{"v1"}))
	other := NewBuilder()
	other.SetArtifactType("application/vnd.example")
	for i := range 4 {
		other.AddBytes([]byte{1, byte(i)}, "", "")
	}
	to := newLayout(t)
	folder := t.TempDir()
	waiting := make(chan struct{})
	block := blockUntilEnd(waiting)
	registry.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		isBlob := strings.Contains(r.URL.Path, "/blobs/")
		return isBlob && (r.Method == GET || r.Method == POST) && block(w, r)
	})
	functions := WithProgress(0, func(Progress) error { return nil })
	for name, opts := range map[string][]CallOption{"without functions": nil, "with functions": {functions}} {
		for _, call := range []phase{
			{"copy", waiting, func(ctx context.Context) error {
				_, err := Copy(ctx, from, "", to, nil, opts...)
				return err
			}},
			{"pull files", waiting, func(ctx context.Context) error {
				_, err := from.PullFiles(ctx, "", folder, opts...)
				return err
			}},
			{"push", waiting, func(ctx context.Context) error {
				_, err := other.Push(ctx, from, nil, opts...)
				return err
			}},
		} {
			t.Run(call.name+" "+name, func(t *testing.T) {
				call.run(t)
				if count := countWorkers(t); count != 0 {
					t.Errorf("%d threads", count)
				}
			})
		}
	}
}

// Functions of a copy and of a batch may make calls themselves, even if only one
// goroutine at a time may be inside the library.
func TestCallsInFunctionsOfCopies(t *testing.T) {
	checkLeaks(t)
	SetMaxThreads(1)
	defer SetMaxThreads(512)
	_, from := inMemory(t)
	pushImages(t, from)
	asked := 0
	ask := func() error {
		asked++
		_, err := Copy(background, from, "", newLayout(t), nil)
		return err
	}
	filter := WithFilter(func(c Candidate) (bool, error) { return c.Included, ask() })
	has[Descriptor](t)(Copy(background, from, "", newLayout(t), nil, filter))
	if asked == 0 {
		t.Error("the filter was not called")
	}
	asked = 0
	batch := NewBatch(WithProgress(time.Hour, func(p Progress) error {
		if p.Event != ProgressDone {
			return nil
		}
		return ask()
	}))
	batch.Copy(from, "", newLayout(t), nil)
	batch.PullManifest(from, "")
	must(t, batch.Run(background))
	if asked != 2 {
		t.Errorf("%d calls", asked)
	}
}

// Goroutines copy in both directions at once, with functions that each run alone on
// the goroutine of their call.
func TestConcurrentCopies(t *testing.T) {
	checkLeaks(t)
	_, one := inMemory(t, WithMaxConnections(3))
	_, other := inMemory(t, WithMaxConnections(3))
	index := pushImages(t, one)
	has[Descriptor](t)(Copy(background, one, "v1", other, []string{"v1"}, WithReferrers(true)))
	results := make(chan error)
	for i := range 8 {
		from, to := one, other
		if i%2 == 1 {
			from, to = other, one
		}
		go func() {
			running := false
			watch := WithProgress(0, func(Progress) error {
				if running {
					return errors.New("two functions at once")
				}
				running = true
				defer func() { running = false }()
				return nil
			})
			destination, err := NewRepository(to.Client(), fmt.Sprint("team/copy", i))
			if err == nil {
				_, err = Copy(background, from, "v1", destination, []string{"v1"}, WithReferrers(true), watch)
			}
			if err == nil {
				_, err = destination.PullManifest(background, index.Descriptor().Digest)
			}
			results <- err
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}
