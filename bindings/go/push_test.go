package reggie

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// Every way up gives the same blob.
func TestPushes(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		folder := t.TempDir()
		for _, size := range []int{0, 1, 200<<10 + 1} {
			content := pseudoRandom(size)
			digest := digestOf(content)
			path := filepath.Join(folder, "source")
			must(t, os.WriteFile(path, append([]byte("12"), content...), 0o600))
			after := func(from io.ReadSeeker) io.ReadSeeker {
				_, err := from.Seek(2, io.SeekStart)
				must(t, err)
				return from
			}
			whole := append([]byte("12"), content...)
			file := has[*os.File](t)(os.Open(path))
			readers := map[string]func() io.Reader{
				"file":    func() io.Reader { return after(file) },
				"bytes":   func() io.Reader { return after(bytes.NewReader(whole)) },
				"string":  func() io.Reader { return after(strings.NewReader(string(whole))) },
				"buffer":  func() io.Reader { return bytes.NewBuffer(content) },
				"seeker":  func() io.Reader { return after(onlySeeker(string(whole))) },
				"reader":  func() io.Reader { return onlyReader(string(content)) },
				"last":    func() io.Reader { return iotest.DataErrReader(onlyReader(string(content))) },
				"nothing": func() io.Reader { return &sometimesEmpty{from: onlyReader(string(content))} },
				"pipe": func() io.Reader {
					read, write, err := os.Pipe()
					must(t, err)
					go func() {
						_, _ = write.Write(content)
						write.Close()
					}()
					t.Cleanup(func() { read.Close() })
					return read
				},
			}
			for name, open := range readers {
				for expected, length := range map[string]int64{"": UnknownSize, digest: int64(size)} {
					// So that it is sent.
					_ = repository.DeleteBlob(background, digest)
					blob, err := repository.PushBlob(background, open(), length, expected,
						WithChunkSize(64<<10), WithStateFolder(folder))
					if err != nil {
						t.Errorf("%s, %d of %d, %q: %v", name, length, size, expected, err)
						continue
					}
					if blob.Digest != digest || blob.Size != int64(size) || blob.MediaType != MediaTypeOctets {
						t.Errorf("%s: %+v", name, blob)
					}
					if got := has[int64](t)(repository.StatBlob(background, digest)); got != int64(size) {
						t.Errorf("%s: %d", name, got)
					}
				}
			}
			must(t, file.Close())
			must(t, os.WriteFile(path, content, 0o600))
			for _, expected := range []string{"", digest} {
				_ = repository.DeleteBlob(background, digest)
				blob := has[Descriptor](t)(repository.PushBlobFile(background, path, expected))
				if blob.Digest != digest {
					t.Errorf("%+v", blob)
				}
			}
		}
		other := has[*Repository](t)(NewRepository(repository.Client(), "team/mounts"))
		content := []byte("mounted")
		blob := has[Descriptor](t)(other.PushBlobBytes(background, content, ""))
		if _, err := repository.MountBlob(background, blob.Digest, "team/mounts"); err != nil {
			t.Errorf("%v", err)
		}
		has[Descriptor](t)(repository.PushBlobBytes(background, content, "", WithMountFrom("team/mounts")))
		has[int64](t)(repository.StatBlob(background, blob.Digest))
	})
}

// A sometimesEmpty reader returns nothing every other time.
type sometimesEmpty struct {
	from io.Reader
	odd  bool
}

func (s *sometimesEmpty) Read(buffer []byte) (int, error) {
	if s.odd = !s.odd; s.odd {
		return 0, nil
	}
	return s.from.Read(buffer)
}

func TestReadersThatFail(t *testing.T) {
	_, repository := inMemory(t)
	checkLeaks(t)
	errLost := errors.New("lost")
	for name, reader := range map[string]io.Reader{
		"at once":   iotest.ErrReader(errLost),
		"in middle": io.MultiReader(onlyReader("some"), iotest.ErrReader(errLost)),
	} {
		if _, err := repository.PushBlob(background, reader, UnknownSize, ""); !errors.Is(err, errLost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	never := readerFunc(func([]byte) (int, error) { return 0, nil })
	if _, err := repository.PushBlob(background, never, UnknownSize, ""); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%v", err)
	}
	for _, length := range []int64{3, 5} {
		for _, reader := range []io.Reader{strings.NewReader("four"), onlyReader("four"), onlySeeker("four")} {
			if _, err := repository.PushBlob(background, reader, length, ""); err == nil {
				t.Errorf("%T: no error for length %d", reader, length)
			}
		}
	}
	wrong := digestOf([]byte("another"))
	if _, err := repository.PushBlobBytes(background, []byte("x"), wrong); err == nil {
		t.Error("no error for another digest")
	}
	if _, err := repository.PushBlobFile(background, "does not exist", ""); !errors.Is(err, StatusFile) {
		t.Errorf("%v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(buffer []byte) (int, error) { return f(buffer) }

// Functions of the client are called on the goroutine of the call, also when worker
// threads need them.
func TestFunctionsOfTheClient(t *testing.T) {
	content := pseudoRandom(1 << 20)
	var asked, redirects, warnings atomic.Int64
	storage := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Warning", `299 - "old"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
	registry, repository := inMemory(t,
		WithCredentialFunc(func(string, string) (Credential, error) {
			asked.Add(1)
			return Credential{Username: "u", Password: "p"}, nil
		}),
		WithWarningFunc(func(string, string) { warnings.Add(1) }))
	repository.Client().SetRedirectPolicy(RedirectPolicyFunc(func(*http.Request, []*http.Request) error {
		redirects.Add(1)
		return nil
	}))
	registry.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		http.Redirect(w, r, storage.URL, http.StatusTemporaryRedirect)
		return true
	})
	checkLeaks(t)
	blob := Descriptor{Digest: digestOf(content), Size: int64(len(content))}
	pulled := has[[]byte](t)(repository.PullBlobBytes(background, blob, len(content), WithRanges(4, 128<<10)))
	if !bytes.Equal(pulled, content) {
		t.Errorf("%d bytes", len(pulled))
	}
	if asked.Load() == 0 || redirects.Load() < 8 || warnings.Load() == 0 {
		t.Errorf("%d credentials, %d redirects, %d warnings", asked.Load(), redirects.Load(), warnings.Load())
	}
	errNone := errors.New("none")
	repository.Client().SetRedirectPolicy(RedirectPolicyFunc(func(*http.Request, []*http.Request) error { return errNone }))
	if err := repository.PullBlob(background, blob, io.Discard); !errors.Is(err, errNone) {
		t.Errorf("%v", err)
	}
}

// A function that panics or exits ends its call, and nothing is leaked.
func TestContentFunctionsThatDoNotReturn(t *testing.T) {
	_, repository := inMemory(t)
	blob := has[Descriptor](t)(repository.PushBlobBytes(background, pseudoRandom(100<<10), ""))
	must(t, repository.PushManifest(background, artifact(t, "a/b", nil), []string{"v1"}))
	for _, exits := range []bool{false, true} {
		boom := func() {
			if exits {
				runtime.Goexit()
			}
			panic(errBoom)
		}
		watch := WithProgress(0, func(Progress) error { boom(); return nil })
		writes := writerFunc(func([]byte) (int, error) { boom(); return 0, nil })
		reads := readerFunc(func([]byte) (int, error) { boom(); return 0, nil })
		blocked, _ := io.Pipe()
		for name, call := range map[string]func() error{
			"writer":   func() error { return repository.PullBlob(background, blob, writes) },
			"progress": func() error { return repository.PullBlob(background, blob, io.Discard, watch) },
			"reader": func() error {
				_, err := repository.PushBlob(background, reads, UnknownSize, "")
				return err
			},
			"progress of a reader": func() error {
				defer blocked.Close()
				_, err := repository.PushBlob(background, blocked, UnknownSize, "", watch)
				return err
			},
			"loop": func() error {
				for range repository.Tags(background, "") {
					boom()
				}
				return nil
			},
			"upload": func() error {
				upload, err := repository.BeginUpload(background, watch)
				if err != nil {
					return err
				}
				defer upload.Close()
				_, err = upload.Commit("")
				return err
			},
			"open": func() error {
				opened, err := repository.OpenBlob(background, blob, watch)
				if err != nil {
					return err
				}
				defer opened.Close()
				_, err = io.Copy(io.Discard, opened)
				return err
			},
		} {
			checkLeaks(t)
			recovered, ended := runAndRecover(call)
			if exits && !ended || !exits && recovered != errBoom {
				t.Errorf("%s: recovered %v, goroutine ended: %v", name, recovered, ended)
			}
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(data []byte) (int, error) { return f(data) }

func TestUploads(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		content := pseudoRandom(400 << 10)
		options := []CallOption{WithChunkSize(128 << 10), WithStateFolder(t.TempDir())}
		upload := has[*Upload](t)(repository.BeginUpload(background, options...))
		defer upload.Close()
		n, err := io.Copy(upload, bytes.NewReader(content[:300<<10]))
		if err != nil || n != 300<<10 || upload.Offset() != n {
			t.Fatalf("%d: %v", n, err)
		}
		exported := has[string](t)(upload.Export())
		must(t, upload.Close())
		if _, err := upload.Write(nil); !errors.Is(err, errUploadClosed) || upload.Offset() != 0 {
			t.Errorf("%v", err)
		}

		again, err := repository.ImportUpload(background, exported, options...)
		if errors.Is(err, StatusUploadLost) && isGGCR(t) {
			again, err = repository.BeginUpload(background, options...)
		}
		must(t, err)
		defer again.Close()
		offset := again.Offset()
		if offset < 0 || offset > 300<<10 {
			t.Fatal(offset)
		}
		if _, err := again.Write(content[offset:]); err != nil {
			t.Fatal(err)
		}
		if _, err := again.Commit(digestOf([]byte("another"))); !errors.Is(err, StatusDigestMismatch) {
			t.Errorf("%v", err)
		}
		blob := has[Descriptor](t)(again.Commit(""))
		if blob.Digest != digestOf(content) || blob.Size != int64(len(content)) {
			t.Errorf("%+v", blob)
		}
		if pulled := has[[]byte](t)(repository.PullBlobBytes(background, blob, len(content))); !bytes.Equal(pulled, content) {
			t.Errorf("%d bytes", len(pulled))
		}
		if _, err := again.Write([]byte("x")); !errors.Is(err, StatusInvalidArgument) {
			t.Errorf("%v", err)
		}

		aborted := has[*Upload](t)(repository.BeginUpload(background, options...))
		defer aborted.Close()
		if _, err := aborted.Write(content[:200<<10]); err != nil {
			t.Fatal(err)
		}
		exported = has[string](t)(aborted.Export())
		if err := aborted.Abort(); err != nil {
			t.Error(err)
		}
		if _, err := aborted.Commit(""); !errors.Is(err, StatusInvalidArgument) {
			t.Errorf("%v", err)
		}
		if lost, err := repository.ImportUpload(background, exported, options...); err == nil {
			t.Errorf("imported at %d", lost.Offset())
			lost.Close()
		} else if !errors.Is(err, StatusUploadLost) && !isGGCR(t) {
			t.Errorf("%v", err)
		}
		if _, err := repository.ImportUpload(background, "no export"); !errors.Is(err, StatusInvalidExport) {
			t.Errorf("%v", err)
		}
	})
}

// An upload ends with its context, and is freed when it becomes unreachable.
func TestUploadContext(t *testing.T) {
	_, repository := inMemory(t)
	checkLeaks(t)
	ctx, cancel := context.WithCancel(background)
	upload := has[*Upload](t)(repository.BeginUpload(ctx))
	cancel()
	if _, err := upload.Commit(""); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := has[*Upload](t)(repository.BeginUpload(background)).Write([]byte("x")); err != nil {
		t.Error(err)
	}
}

func TestBlobs(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		content := pseudoRandom(300 << 10)
		pushed := has[Descriptor](t)(repository.PushBlobBytes(background, content, ""))
		for _, blob := range []Descriptor{pushed, {Digest: pushed.Digest, Size: UnknownSize}} {
			opened := has[*Blob](t)(repository.OpenBlob(background, blob))
			defer opened.Close()
			if opened.Size() != int64(len(content)) {
				t.Errorf("size %d", opened.Size())
			}
			results := make(chan error)
			for part := range 3 {
				go func() {
					section := io.NewSectionReader(opened, int64(part*100<<10), 100<<10)
					got, err := io.ReadAll(section)
					if err == nil && !bytes.Equal(got, content[part*100<<10:(part+1)*100<<10]) {
						err = errors.New("other bytes")
					}
					results <- err
				}()
			}
			read, err := io.ReadAll(opened)
			if err != nil || !bytes.Equal(read, content) {
				t.Errorf("%d bytes: %v", len(read), err)
			}
			for range 3 {
				must(t, <-results)
			}
			buffer := make([]byte, 10)
			if n, err := opened.ReadAt(buffer, int64(len(content)-4)); n != 4 || err != io.EOF {
				t.Errorf("%d: %v", n, err)
			}
			if n, err := opened.ReadAt(buffer, int64(len(content))); n != 0 || err != io.EOF {
				t.Errorf("%d: %v", n, err)
			}
			if n, err := opened.ReadAt(nil, 0); n != 0 || err != nil {
				t.Errorf("%d: %v", n, err)
			}
			if _, err := opened.ReadAt(buffer, -1); err == nil {
				t.Error("no error")
			}
			must(t, opened.Close())
			must(t, opened.Close())
			if _, err := opened.Read(buffer); !errors.Is(err, errBlobClosed) {
				t.Errorf("%v", err)
			}
			if _, err := opened.ReadAt(buffer, 0); !errors.Is(err, errBlobClosed) {
				t.Errorf("%v", err)
			}
		}
	})
}

// Close and contexts interrupt reads.
func TestInterruptedReads(t *testing.T) {
	registry, repository := inMemory(t)
	checkLeaks(t)
	content := pseudoRandom(1000)
	blob := has[Descriptor](t)(repository.PushBlobBytes(background, content, ""))
	waiting := make(chan struct{})
	registry.intercept(blockUntilEnd(waiting))
	ctx, cancel := context.WithCancel(background)
	reads := map[string]func(*Blob) error{
		"Read":   func(b *Blob) error { _, err := b.Read(make([]byte, 10)); return err },
		"ReadAt": func(b *Blob) error { _, err := b.ReadAt(make([]byte, 10), 0); return err },
		"ReadAtContext": func(b *Blob) error {
			_, err := b.ReadAtContext(background, make([]byte, 10), 0)
			return err
		},
	}
	for name, read := range reads {
		for _, closes := range []bool{true, false} {
			life, end := context.WithCancel(background)
			opened := has[*Blob](t)(repository.OpenBlob(life, blob))
			result := make(chan error)
			go func() { result <- read(opened) }()
			<-waiting
			want := context.Canceled
			if closes {
				want = errBlobClosed
				must(t, opened.Close())
			} else {
				end()
			}
			if err := <-result; !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
			must(t, opened.Close())
			end()
		}
	}
	opened := has[*Blob](t)(repository.OpenBlob(background, blob))
	result := make(chan error)
	go func() {
		_, err := opened.ReadAtContext(ctx, make([]byte, 10), 0)
		result <- err
	}()
	<-waiting
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	// The blob remains usable, and is freed when it becomes unreachable.
	registry.intercept(nil)
	got := make([]byte, 10)
	if _, err := opened.ReadAt(got, 5); err != nil || !bytes.Equal(got, content[5:15]) {
		t.Errorf("%v", err)
	}
	if _, err := opened.Read(got); err != nil {
		t.Errorf("%v", err)
	}
}

// A Close interrupts a Write.
func TestInterruptedWrite(t *testing.T) {
	registry, repository := inMemory(t)
	checkLeaks(t)
	upload := has[*Upload](t)(repository.BeginUpload(background, WithChunkSize(64<<10)))
	waiting := make(chan struct{})
	registry.intercept(blockUntilEnd(waiting))
	result := make(chan error)
	go func() {
		_, err := upload.Write(pseudoRandom(100 << 10))
		result <- err
	}()
	<-waiting
	begun := time.Now()
	must(t, upload.Close())
	if err := <-result; !errors.Is(err, errUploadClosed) || time.Since(begun) > maxTime {
		t.Errorf("%v", err)
	}
}
