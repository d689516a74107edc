package reggie

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every way down gives the bytes that were pushed.
func TestPulls(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		for _, size := range []int{0, 1, 64 << 10, 3<<20 + 1} {
			content := pseudoRandom(size)
			blob := has[Descriptor](t)(repository.PushBlobBytes(background, content, ""))
			if blob.Size != int64(size) || blob.Digest != digestOf(content) {
				t.Errorf("%+v", blob)
			}
			for _, blob := range []Descriptor{blob, {Digest: blob.Digest, Size: UnknownSize}} {
				var pulled bytes.Buffer
				must(t, repository.PullBlob(background, blob, &pulled))
				if !bytes.Equal(pulled.Bytes(), content) {
					t.Errorf("writer: %d bytes of %d", pulled.Len(), size)
				}
				path := filepath.Join(t.TempDir(), "file")
				must(t, repository.PullBlobFile(background, blob, path, WithSync(false)))
				if got := has[[]byte](t)(os.ReadFile(path)); !bytes.Equal(got, content) {
					t.Errorf("path: %d bytes of %d", len(got), size)
				}
				file := has[*os.File](t)(os.OpenFile(path, os.O_RDWR|os.O_TRUNC, 0))
				must(t, repository.PullBlob(background, blob, file))
				must(t, file.Close())
				if got := has[[]byte](t)(os.ReadFile(path)); !bytes.Equal(got, content) {
					t.Errorf("file: %d bytes of %d", len(got), size)
				}
				memory := has[[]byte](t)(repository.PullBlobBytes(background, blob, size))
				if !bytes.Equal(memory, content) {
					t.Errorf("memory: %d bytes of %d", len(memory), size)
				}
				ranged := has[[]byte](t)(repository.PullBlobBytes(background, blob, size, WithRanges(3, 1<<20)))
				if !bytes.Equal(ranged, content) {
					t.Errorf("ranges: %d bytes of %d", len(ranged), size)
				}
			}
			found := has[int64](t)(repository.StatBlob(background, blob.Digest))
			if found != int64(size) {
				t.Errorf("size %d, not %d", found, size)
			}
		}
		missing := Descriptor{Digest: digestOf([]byte("missing")), Size: UnknownSize}
		err := repository.PullBlob(background, missing, io.Discard)
		var failed *Error
		if !errors.Is(err, StatusNotFound) || !errors.As(err, &failed) || failed.Digest != missing.Digest ||
			failed.HTTPStatus != http.StatusNotFound {
			t.Errorf("%+v", err)
		}
	})
}

// A failingWriter fails after some bytes.
type failingWriter struct {
	left int
	err  error
}

func (w *failingWriter) Write(data []byte) (int, error) {
	if w.left -= len(data); w.left < 0 {
		return 0, w.err
	}
	return len(data), nil
}

type shortWriter struct{}

func (shortWriter) Write(data []byte) (int, error) { return len(data) - 1, nil }

func TestWritersThatFail(t *testing.T) {
	_, repository := inMemory(t)
	checkLeaks(t)
	blob := has[Descriptor](t)(repository.PushBlobBytes(background, pseudoRandom(1<<20), ""))
	errFull := errors.New("full")
	err := repository.PullBlob(background, blob, &failingWriter{1000, errFull})
	if !errors.Is(err, errFull) || err.Error() != "full" {
		t.Errorf("%v", err)
	}
	if err := repository.PullBlob(background, blob, shortWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v", err)
	}
	read, write, err := os.Pipe()
	must(t, err)
	must(t, read.Close())
	err = repository.PullBlob(background, blob, write)
	must(t, write.Close())
	if !errors.Is(err, StatusFile) {
		t.Errorf("%v", err)
	}
	// The closed file itself.
	if err := repository.PullBlob(background, blob, write); err == nil {
		t.Error("no error")
	}
	must(t, repository.PullBlob(background, blob, io.Discard))
}

// What does not match is never delivered in full, and never appears at the path.
func TestWrongContent(t *testing.T) {
	registry, repository := inMemory(t)
	checkLeaks(t)
	content := pseudoRandom(200 << 10)
	blob := has[Descriptor](t)(repository.PushBlobBytes(background, content, ""))
	wrong := bytes.Clone(content)
	wrong[len(wrong)-1]++
	registry.lock.Lock()
	registry.blobs["team/app@"+blob.Digest] = wrong
	registry.lock.Unlock()

	var pulled bytes.Buffer
	err := repository.PullBlob(background, blob, &pulled)
	var failed *Error
	if !errors.Is(err, StatusDigestMismatch) || !errors.As(err, &failed) || failed.Digest != blob.Digest {
		t.Errorf("%+v", err)
	}
	if pulled.Len() >= len(content) {
		t.Error("everything was delivered")
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := repository.PullBlobFile(background, blob, path); !errors.Is(err, StatusDigestMismatch) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := repository.PullBlobBytes(background, blob, 1<<20); !errors.Is(err, StatusDigestMismatch) {
		t.Errorf("%v", err)
	}
	opened := has[*Blob](t)(repository.OpenBlob(background, blob))
	defer opened.Close()
	// Not even a reader that never reads the end gets the last bytes.
	if n, err := io.ReadFull(opened, make([]byte, len(content))); !errors.Is(err, StatusDigestMismatch) || n >= len(content) {
		t.Errorf("%d: %v", n, err)
	}
	if _, err := opened.Read(make([]byte, 1)); !errors.Is(err, StatusDigestMismatch) {
		t.Errorf("%v", err)
	}
	short := blob
	short.Size--
	if err := repository.PullBlob(background, short, io.Discard); !errors.Is(err, StatusSizeMismatch) {
		t.Errorf("%v", err)
	}
}

func TestLimits(t *testing.T) {
	_, repository := inMemory(t)
	checkLeaks(t)
	blob := has[Descriptor](t)(repository.PushBlobBytes(background, pseudoRandom(1000), ""))
	if _, err := repository.PullBlobBytes(background, blob, 999); !errors.Is(err, StatusBodyTooLarge) {
		t.Errorf("%v", err)
	}
	unknown := Descriptor{Digest: blob.Digest, Size: UnknownSize}
	if err := repository.PullBlob(background, unknown, io.Discard, WithMaxBlob(999)); !errors.Is(err, StatusSizeMismatch) {
		t.Errorf("%v", err)
	}
	manifest := artifact(t, "a/b", nil, blob)
	must(t, repository.PushManifest(background, manifest, []string{"v1"}))
	if _, err := repository.PullManifest(background, "", WithMaxManifest(100)); !errors.Is(err, StatusBodyTooLarge) {
		t.Errorf("%v", err)
	}
}

// Embedded data is used if it has the digest; nothing is sent.
func TestEmbeddedData(t *testing.T) {
	registry, repository := inMemory(t)
	checkLeaks(t)
	registry.intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusNotFound)
		return true
	})
	blob := Descriptor{Digest: digestOf([]byte("{}")), Size: 2, Data: []byte("{}")}
	content := has[[]byte](t)(repository.PullBlobBytes(background, blob, 2))
	if string(content) != "{}" {
		t.Errorf("%q", content)
	}
	blob.Data = []byte("[]")
	if _, err := repository.PullBlobBytes(background, blob, 2); !errors.Is(err, StatusNotFound) {
		t.Errorf("%v", err)
	}
}

func TestProgress(t *testing.T) {
	_, repository := inMemory(t)
	checkLeaks(t)
	content := pseudoRandom(300 << 10)
	var events []Progress
	watch := WithProgress(time.Millisecond, func(event Progress) error {
		events = append(events, event)
		return nil
	})
	blob := has[Descriptor](t)(repository.PushBlob(
		background, onlyReader(string(content)), int64(len(content)), digestOf(content), watch))
	blob.Annotations = map[string]string{AnnotationTitle: "some file"}
	for _, call := range []func() error{
		func() error { return nil },
		func() error { return repository.PullBlob(background, blob, io.Discard, watch) },
	} {
		must(t, call())
		first, last := events[0], events[len(events)-1]
		if first.Event != ProgressBegin || last.Event != ProgressDone {
			t.Errorf("%+v ... %+v", first, last)
		}
		if last.Done != blob.Size || last.Total != blob.Size || last.Item == nil || last.Item.Digest != blob.Digest {
			t.Errorf("%+v", last)
		}
		events = nil
	}
	must(t, repository.PullBlob(background, blob, io.Discard, watch))
	if events[0].Name != "some file" || events[0].Phase != PhasePull || events[0].Item.Digest != blob.Digest {
		t.Errorf("%+v", events[0])
	}
	errEnough := errors.New("enough")
	err := repository.PullBlob(background, blob, io.Discard, WithProgress(0, func(Progress) error { return errEnough }))
	if !errors.Is(err, errEnough) {
		t.Errorf("%v", err)
	}
	if _, err := repository.PullBlobBytes(background, blob, 1<<20, WithProgress(-time.Hour, nil)); err != nil {
		t.Errorf("no function: %v", err)
	}
	if _, err := repository.PullBlobBytes(background, blob, 1<<20, watch, WithRanges(99, 0)); !errors.Is(err, StatusInvalidArgument) {
		t.Errorf("%v", err)
	}
}

// A change of the client's settings applies to the next call.
func TestSettingsOfTheClient(t *testing.T) {
	registry, repository := inMemory(t)
	checkLeaks(t)
	agents := make(chan string, 2)
	registry.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		agents <- r.UserAgent()
		return false
	})
	for _, agent := range []string{"one/1", "two/2"} {
		repository.Client().Config.UserAgent = agent
		if _, err := repository.StatBlob(background, digestOf(nil)); !errors.Is(err, StatusNotFound) {
			t.Errorf("%v", err)
		}
		if got := <-agents; got != agent {
			t.Errorf("%q", got)
		}
	}
	registry.intercept(nil)
	log := &notes{}
	repository.Client().SetLogger(log).SetDebug(true)
	_, _ = repository.StatBlob(background, digestOf(nil))
	if !strings.Contains(log.text, "DEBUG") || !strings.Contains(log.text, "HEAD") {
		t.Errorf("%q", log.text)
	}
	must(t, repository.Client().Close())
	if _, err := repository.StatBlob(background, digestOf(nil)); !errors.Is(err, errClosed) {
		t.Errorf("%v", err)
	}
}

func TestDoneContexts(t *testing.T) {
	registry, repository := inMemory(t)
	checkLeaks(t)
	registry.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		t.Error("sent: ", r.URL)
		return false
	})
	ctx, cancel := context.WithCancel(background)
	cancel()
	for name, call := range contentCalls(repository) {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// contentCalls lists the calls that send requests.
func contentCalls(repository *Repository) map[string]func(context.Context) error {
	blob := Descriptor{Digest: digestOf([]byte("x")), Size: UnknownSize}
	return map[string]func(context.Context) error{
		"authorization": func(ctx context.Context) error {
			_, _, err := repository.Authorization(ctx, false)
			return err
		},
		"pull manifest": func(ctx context.Context) error {
			_, err := repository.PullManifest(ctx, "")
			return err
		},
		"resolve manifest": func(ctx context.Context) error {
			_, err := repository.ResolveManifest(ctx, "", "")
			return err
		},
		"stat manifest": func(ctx context.Context) error {
			_, err := repository.StatManifest(ctx, "")
			return err
		},
		"push manifest": func(ctx context.Context) error {
			manifest, err := ParseManifest([]byte(`{"schemaVersion":2,"manifests":[]}`), MediaTypeOCIIndex)
			if err != nil {
				return err
			}
			return repository.PushManifest(ctx, manifest, []string{"v1"})
		},
		"delete manifest": func(ctx context.Context) error { return repository.DeleteManifest(ctx, blob.Digest) },
		"delete tag":      func(ctx context.Context) error { return repository.DeleteTag(ctx, "v1") },
		"delete blob":     func(ctx context.Context) error { return repository.DeleteBlob(ctx, blob.Digest) },
		"pull blob":       func(ctx context.Context) error { return repository.PullBlob(ctx, blob, io.Discard) },
		"pull to file":    func(ctx context.Context) error { return repository.PullBlob(ctx, blob, os.Stdout) },
		"pull bytes": func(ctx context.Context) error {
			_, err := repository.PullBlobBytes(ctx, blob, 1)
			return err
		},
		"stat blob": func(ctx context.Context) error {
			_, err := repository.StatBlob(ctx, blob.Digest)
			return err
		},
		"open blob": func(ctx context.Context) error {
			_, err := repository.OpenBlob(ctx, blob)
			return err
		},
		"locate blob": func(ctx context.Context) error {
			_, err := repository.LocateBlob(ctx, blob, true)
			return err
		},
		"push bytes": func(ctx context.Context) error {
			_, err := repository.PushBlobBytes(ctx, []byte("x"), "")
			return err
		},
		"push reader": func(ctx context.Context) error {
			_, err := repository.PushBlob(ctx, onlyReader("x"), 1, blob.Digest)
			return err
		},
		"push blocked reader": func(ctx context.Context) error {
			read, write := io.Pipe()
			defer write.Close()
			_, err := repository.PushBlob(ctx, read, UnknownSize, "")
			return err
		},
		"mount blob": func(ctx context.Context) error {
			_, err := repository.MountBlob(ctx, blob.Digest, "team/other")
			return err
		},
		"begin upload": func(ctx context.Context) error {
			upload, err := repository.BeginUpload(ctx)
			if err != nil {
				return err
			}
			defer upload.Close()
			_, err = upload.Commit("")
			return err
		},
		"tags": func(ctx context.Context) error {
			return firstError(repository.Tags(ctx, ""))
		},
		"catalog": func(ctx context.Context) error {
			return firstError(repository.Client().Catalog(ctx, ""))
		},
		"referrers": func(ctx context.Context) error {
			return firstError(repository.Referrers(ctx, blob.Digest, ""))
		},
	}
}

// firstError returns the error of a list.
func firstError[T any](list func(func(T, error) bool)) error {
	for _, err := range list {
		return err
	}
	return nil
}

// Each call ends while it waits for a response.
func TestCancelledContentCalls(t *testing.T) {
	registry, repository := inMemory(t)
	checkLeaks(t)
	waiting := make(chan struct{})
	registry.intercept(blockUntilEnd(waiting))
	for name, call := range contentCalls(repository) {
		reached := waiting
		if name == "push blocked reader" {
			reached = nil
		}
		t.Run(name, phase{name, reached, call}.run)
	}
	ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	go func() { <-waiting }()
	err := repository.PullBlob(ctx, Descriptor{Digest: digestOf(nil), Size: UnknownSize}, io.Discard)
	var failed *Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || !failed.Timeout() {
		t.Errorf("%v", err)
	}
	if !strings.HasSuffix(err.Error(), ": context deadline exceeded") {
		t.Errorf("the message %q does not say why the call was cancelled", err)
	}
}
