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
	"testing"
)

// Items of each kind run with each registry.
func TestBatch(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		index := pushImages(t, repository)
		layer := has[Descriptor](t)(repository.PushBlobBytes(background, []byte("layer"), ""))
		folder := t.TempDir()
		file := has[*os.File](t)(os.Create(filepath.Join(folder, "open")))
		layout := newLayout(t)
		var done []int
		batch := NewBatch(WithParallel(3), WithProgress(0, func(p Progress) error {
			if p.Event == ProgressDone {
				done = append(done, p.Index)
				if p.ItemsDone != len(done) || p.Items != 7 {
					t.Errorf("%d of %d after %v", p.ItemsDone, p.Items, done)
				}
			}
			return nil
		}))
		var memory bytes.Buffer
		written := batch.PullBlob(repository, layer, &memory)
		path := batch.PullBlobFile(repository, layer, filepath.Join(folder, "path"))
		opened := batch.PullBlob(repository, layer, file)
		pushed := batch.PushBlobFile(repository, write(t, filepath.Join(folder, "pushed"), "pushed"), "")
		copied := batch.Copy(repository, "v1", layout, []string{"v2"})
		whole := batch.PullManifest(repository, "v1")
		image := batch.ResolveManifest(repository, "v1", "linux/arm64")
		if path.Done() || path.Index() != 1 || len(batch.Items()) != 7 {
			t.Errorf("%v %d %d", path.Done(), path.Index(), len(batch.Items()))
		}
		must(t, batch.Run(background))
		must(t, file.Close())
		for _, item := range batch.Items() {
			if !item.Done() || item.Err() != nil || item.Descriptor().Digest == "" {
				t.Errorf("%d: %v %v", item.Index(), item.Done(), item.Err())
			}
		}
		if len(done) != 7 {
			t.Errorf("%v", done)
		}
		for _, content := range [][]byte{
			memory.Bytes(),
			has[[]byte](t)(os.ReadFile(filepath.Join(folder, "path"))),
			has[[]byte](t)(os.ReadFile(filepath.Join(folder, "open"))),
		} {
			if string(content) != "layer" {
				t.Errorf("%q", content)
			}
		}
		if written.Descriptor().Digest != layer.Digest || opened.Manifest() != nil || opened.Location() != nil {
			t.Errorf("%+v", written)
		}
		has[int64](t)(repository.StatBlob(background, pushed.Descriptor().Digest))
		if copied.Descriptor().Digest != index.Descriptor().Digest {
			t.Errorf("%+v", copied.Descriptor())
		}
		if !bytes.Equal(whole.Manifest().Bytes(), index.Bytes()) || whole.Manifest().Descriptor().Digest != index.Descriptor().Digest {
			t.Errorf("%s", whole.Manifest().Bytes())
		}
		if image.Manifest().Descriptor().Digest != index.Manifests()[1].Digest {
			t.Errorf("%+v", image.Manifest().Descriptor())
		}

		// What is added later runs then, and nothing runs again.
		done = nil
		later := NewBatch()
		must(t, later.Run(background))
		location := later.LocateBlob(repository, layer, false)
		must(t, later.Run(background))
		if location.Location() == nil || !strings.Contains(location.Location().URL, layer.Digest) {
			t.Errorf("%+v", location.Location())
		}
		location.Location().Refused(http.StatusForbidden)
	})
}

// Batches may be run again: the numbers of items continue.
func TestBatchRunsAgain(t *testing.T) {
	checkLeaks(t)
	_, repository := inMemory(t)
	pushImages(t, repository)
	var last Progress
	batch := NewBatch(WithProgress(0, func(p Progress) error { last = p; return nil }))
	for i := range 3 {
		item := batch.PullManifest(repository, "v1")
		must(t, batch.Run(background))
		if item.Manifest() == nil || item.Index() != i || last.Event != ProgressDone ||
			last.Index != i || last.Items != i+1 || last.ItemsDone != i+1 {
			t.Errorf("%d: %+v", i, last)
		}
	}
}

// A failure ends the other items, unless the batch keeps going.
func TestBatchFailures(t *testing.T) {
	for _, keepGoing := range []bool{false, true} {
		for _, iterates := range []bool{false, true} {
			t.Run(fmt.Sprintf("keeps going %v, iterates %v", keepGoing, iterates), func(t *testing.T) {
				checkLeaks(t)
				registry, repository := inMemory(t)
				pushImages(t, repository)
				failed := make(chan struct{})
				registry.intercept(func(w http.ResponseWriter, r *http.Request) bool {
					switch {
					case strings.HasSuffix(r.URL.Path, "/missing"):
						w.WriteHeader(http.StatusNotFound)
						close(failed)
						return true
					case strings.HasSuffix(r.URL.Path, "/v1") && !keepGoing:
						// Until the failure of the other ends it.
						<-r.Context().Done()
						return true
					case strings.HasSuffix(r.URL.Path, "/v1"):
						<-failed
					}
					return false
				})
				batch := NewBatch()
				batch.SetKeepGoing(keepGoing)
				good := batch.PullManifest(repository, "v1")
				bad := batch.PullManifest(repository, "missing")
				var err error
				if iterates {
					count := 0
					for item, failure := range batch.Results(background) {
						count++
						if item == nil || !item.Done() || item.Err() != failure {
							t.Errorf("%+v %v", item, failure)
						}
						if item == bad {
							err = failure
						}
					}
					if count != 2 {
						t.Errorf("%d items", count)
					}
				} else {
					err = batch.Run(background)
				}
				if !errors.Is(err, StatusNotFound) || !errors.Is(bad.Err(), StatusNotFound) {
					t.Errorf("%v; %v", err, bad.Err())
				}
				if keepGoing && (good.Err() != nil || good.Manifest() == nil) ||
					!keepGoing && !errors.Is(good.Err(), StatusCancelled) {
					t.Errorf("%v", good.Err())
				}
			})
		}
	}
}

// What the library does not accept is a failure of its item.
func TestBatchInvalidItems(t *testing.T) {
	for _, keepGoing := range []bool{false, true} {
		for _, iterates := range []bool{false, true} {
			t.Run(fmt.Sprintf("keeps going %v, iterates %v", keepGoing, iterates), func(t *testing.T) {
				checkLeaks(t)
				_, repository := inMemory(t)
				pushImages(t, repository)
				batch := NewBatch()
				batch.SetKeepGoing(keepGoing)
				bad := batch.PullBlobFile(repository, Descriptor{Digest: "no digest"}, "x")
				good := batch.PullManifest(repository, "v1")
				var err error
				if iterates {
					for _, failure := range batch.Results(background) {
						if err == nil {
							err = failure
						}
					}
				} else {
					err = batch.Run(background)
				}
				if !errors.Is(err, StatusInvalidDigest) || bad.Err() != err || !good.Done() {
					t.Errorf("%v; %v; %v", err, bad.Err(), good.Done())
				}
				if keepGoing && good.Manifest() == nil || !keepGoing && !errors.Is(good.Err(), StatusCancelled) {
					t.Errorf("%v", good.Err())
				}
			})
		}
	}
	if err := NewBatch(WithParallel(100)).Run(background); !errors.Is(err, StatusInvalidArgument) {
		t.Errorf("%v", err)
	}
	for item, err := range NewBatch(WithParallel(100)).Results(background) {
		if item != nil || !errors.Is(err, StatusInvalidArgument) {
			t.Errorf("%v %v", item, err)
		}
	}
}

// The body of the loop adds the blobs of the manifests that have been pulled.
func TestBatchResultsGrow(t *testing.T) {
	checkLeaks(t)
	_, repository := inMemory(t)
	pushImages(t, repository)
	folder := t.TempDir()
	batch := NewBatch(WithParallel(2))
	batch.PullManifest(repository, "v1")
	files := 0
	for item, err := range batch.Results(background) {
		must(t, err)
		manifest := item.Manifest()
		if manifest == nil {
			files++
			continue
		}
		for _, entry := range manifest.Manifests() {
			batch.PullManifest(repository, entry.Digest)
		}
		for _, layer := range manifest.Layers() {
			batch.PullBlobFile(repository, layer, filepath.Join(folder, layer.Digest))
		}
		if err := batch.Run(background); err != errBatchRunning {
			t.Errorf("%v", err)
		}
	}
	if files != 4 || len(batch.Items()) != 7 {
		t.Errorf("%d files, %d items", files, len(batch.Items()))
	}
	if entries := has[[]os.DirEntry](t)(os.ReadDir(folder)); len(entries) != 3 {
		t.Errorf("%v", entries)
	}
	for range batch.Results(background) {
		t.Error("an item ran again")
	}
}

// Errors of functions of the program are those of their items, or of the batch.
func TestBatchFunctionErrors(t *testing.T) {
	errOwn := errors.New("own error")
	for _, iterates := range []bool{false, true} {
		checkLeaks(t)
		_, repository := inMemory(t)
		pushImages(t, repository)
		blob := has[Descriptor](t)(repository.PushBlobBytes(background, []byte("blob"), ""))
		// run returns the errors of the items, and that of the batch.
		run := func(batch *Batch) (all []error, last error) {
			if !iterates {
				last = batch.Run(background)
			} else {
				for item, err := range batch.Results(background) {
					if item == nil {
						last = err
					}
				}
			}
			for _, item := range batch.Items() {
				all = append(all, item.Err())
			}
			return all, last
		}

		batch := NewBatch()
		batch.SetKeepGoing(true)
		batch.PullBlob(repository, blob, writerFunc(func([]byte) (int, error) { return 0, errOwn }))
		batch.PullBlob(repository, blob, writerFunc(func(data []byte) (int, error) { return len(data) - 1, nil }))
		batch.PullBlob(repository, blob, io.Discard)
		all, last := run(batch)
		if !errors.Is(all[0], errOwn) || !errors.Is(all[1], io.ErrShortWrite) || all[2] != nil {
			t.Errorf("%v", all)
		}
		if !iterates && !errors.Is(last, errOwn) && !errors.Is(last, io.ErrShortWrite) || iterates && last != nil {
			t.Errorf("%v", last)
		}

		batch = NewBatch(WithFilter(func(Candidate) (bool, error) { return true, errOwn }))
		batch.Copy(repository, "v1", newLayout(t), nil)
		if all, _ := run(batch); !errors.Is(all[0], errOwn) {
			t.Errorf("%v", all)
		}

		batch = NewBatch(WithProgress(0, func(p Progress) error {
			if p.Event == ProgressDone {
				return errOwn
			}
			return nil
		}))
		batch.PullManifest(repository, "v1")
		if _, last := run(batch); !errors.Is(last, errOwn) {
			t.Errorf("%v", last)
		}
	}
}

// A batch ends with its context, its loop, or a function that does not return, and
// leaves nothing behind.
func TestBatchEnds(t *testing.T) {
	checkLeaks(t)
	registry, repository := inMemory(t)
	pushImages(t, repository)
	blob := has[Descriptor](t)(repository.PushBlobBytes(background, pseudoRandom(1<<20), ""))
	waiting := make(chan struct{})
	block := blockUntilEnd(waiting)
	registry.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/blocked") && block(w, r)
	})
	addBlocked := func(batch *Batch) *Batch {
		for range 16 {
			batch.PullManifest(repository, "blocked")
		}
		return batch
	}
	ended := func(t *testing.T, batch *Batch, want error) {
		t.Helper()
		if count := countWorkers(t); count != 0 {
			t.Errorf("%d threads", count)
		}
		for _, item := range batch.Items() {
			if !item.Done() || !errors.Is(item.Err(), want) {
				t.Fatalf("%d: %v", item.Index(), item.Err())
			}
		}
	}
	t.Run("run", phase{"", waiting, func(ctx context.Context) error {
		batch := addBlocked(NewBatch(WithParallel(16)))
		err := batch.Run(ctx)
		ended(t, batch, context.Canceled)
		return err
	}}.run)
	t.Run("results", phase{"", waiting, func(ctx context.Context) error {
		batch := addBlocked(NewBatch(WithParallel(16)))
		var last error
		for item, err := range batch.Results(ctx) {
			if item == nil {
				last = err
			}
		}
		ended(t, batch, context.Canceled)
		return last
	}}.run)
	t.Run("between steps", func(t *testing.T) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		batch := addBlocked(NewBatch(WithParallel(17)))
		batch.PullManifest(repository, "v1")
		count := 0
		var last error
		for item, err := range batch.Results(ctx) {
			if item != nil {
				count++
			}
			cancel()
			last = err
		}
		if count != 17 || !errors.Is(last, context.Canceled) {
			t.Errorf("%d items, %v", count, last)
		}
		if workers := countWorkers(t); workers != 0 {
			t.Errorf("%d threads", workers)
		}
	})
	t.Run("leaving the loop", func(t *testing.T) {
		batch := NewBatch(WithParallel(16))
		first := batch.LocateBlob(repository, blob, false)
		addBlocked(batch)
		for item, err := range batch.Results(background) {
			must(t, err)
			if item != first {
				t.Errorf("%d", item.Index())
			}
			break
		}
		// Its batch is gone.
		first.Location().Refused(http.StatusForbidden)
		for _, item := range batch.Items()[1:] {
			if !item.Done() || !errors.Is(item.Err(), StatusCancelled) {
				t.Errorf("%v", item.Err())
			}
		}
		if workers := countWorkers(t); workers != 0 {
			t.Errorf("%d threads", workers)
		}
	})
	for _, exits := range []bool{false, true} {
		e := &unwinder{exits: exits}
		e.armed.Store(true)
		boom := func(b *Batch) error { return b.Run(background) }
		loop := func(b *Batch) error {
			for range b.Results(background) {
				continue
			}
			return nil
		}
		body := func(b *Batch) error {
			for range b.Results(background) {
				e.boom()
			}
			return nil
		}
		for name, test := range map[string]struct {
			run   func(*Batch) error
			batch func() *Batch
		}{
			"writer": {boom, func() *Batch {
				batch := NewBatch(WithParallel(17))
				batch.PullBlob(repository, blob, writerFunc(func(data []byte) (int, error) { e.boom(); return len(data), nil }))
				return addBlocked(batch)
			}},
			"progress": {boom, func() *Batch {
				batch := NewBatch(WithProgress(0, func(Progress) error { e.boom(); return nil }))
				batch.PullManifest(repository, "v1")
				return addBlocked(batch)
			}},
			"progress in a loop": {loop, func() *Batch {
				batch := NewBatch(WithProgress(0, func(Progress) error { e.boom(); return nil }))
				batch.PullManifest(repository, "v1")
				return addBlocked(batch)
			}},
			"body": {body, func() *Batch {
				batch := NewBatch(WithParallel(17))
				batch.PullManifest(repository, "v1")
				return addBlocked(batch)
			}},
		} {
			t.Run(fmt.Sprintf("%s, exits %v", name, exits), func(t *testing.T) {
				e.ran.Store(false)
				recovered, ended := runAndRecover(func() error { return test.run(test.batch()) })
				if !e.ran.Load() || exits && !ended || !exits && recovered != errBoom {
					t.Errorf("called: %v, recovered %v, goroutine ended: %v", e.ran.Load(), recovered, ended)
				}
				if workers := countWorkers(t); workers != 0 {
					t.Errorf("%d threads", workers)
				}
			})
		}
	}
}

// countWorkers returns how many threads of the library the process has.
func countWorkers(t testing.TB) int {
	t.Helper()
	tasks := has[[]os.DirEntry](t)(os.ReadDir("/proc/self/task"))
	count := 0
	for _, task := range tasks {
		// It may have ended.
		name, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/comm")
		if strings.HasPrefix(string(name), "reggie-worker") {
			count++
		}
	}
	return count
}
