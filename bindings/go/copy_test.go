package reggie

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// newLayout creates a layout.
func newLayout(t testing.TB) *Repository {
	t.Helper()
	return has[*Repository](t)(CreateLayout(filepath.Join(t.TempDir(), "layout")))
}

// pushImages pushes an index of two platforms under "v1", with a signature, and returns
// the index.
func pushImages(t testing.TB, to *Repository) *Manifest {
	t.Helper()
	index := NewIndexBuilder()
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		image := NewBuilder()
		image.SetConfig([]byte(`{"architecture":"`+platform[6:]+`","os":"linux"}`), "application/vnd.oci.image.config.v1+json")
		image.AddBytes([]byte("base"), "application/vnd.oci.image.layer.v1.tar", "")
		image.AddBytes([]byte(platform), "application/vnd.oci.image.layer.v1.tar", "")
		pushed := has[*Manifest](t)(image.Push(background, to, nil)).Descriptor()
		pushed.Platform = platform
		index.Add(pushed)
	}
	pushed := has[*Manifest](t)(index.Push(background, to, []string{"v1"}))
	signature := NewBuilder()
	signature.SetArtifactType("application/vnd.example.signature")
	signature.SetSubject(pushed.Descriptor())
	signature.AddBytes([]byte("signed"), "", "")
	has[*Manifest](t)(signature.Push(background, to, nil))
	return pushed
}

// countReferrers returns how many referrers a manifest has.
func countReferrers(t testing.TB, of *Repository, digest string) int {
	t.Helper()
	count := 0
	for _, err := range of.Referrers(background, digest, "") {
		must(t, err)
		count++
	}
	return count
}

// An index with a signature goes from each registry to a layout and back, and a second
// copy transfers nothing.
func TestCopyAndLayouts(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, registry *Repository) {
		index := pushImages(t, registry)
		want := index.Descriptor().Digest
		layout := newLayout(t)
		copied := has[Descriptor](t)(Copy(background, registry, "v1", layout, []string{"v1", "v2"}, WithReferrers(true)))
		if copied.Digest != want || copied.MediaType != MediaTypeOCIIndex || copied.Size != index.Descriptor().Size {
			t.Fatalf("%+v", copied)
		}
		var tags []string
		for tag, err := range layout.Tags(background, "") {
			must(t, err)
			tags = append(tags, tag)
		}
		if !slices.Equal(tags, []string{"v1", "v2"}) {
			t.Errorf("%v", tags)
		}
		if count := countReferrers(t, layout, want); count != 1 {
			t.Errorf("%d referrers", count)
		}

		other := has[*Repository](t)(NewRepository(registry.Client(), registry.Name()+"/other"))
		has[Descriptor](t)(Copy(background, layout, "v2", other, []string{"v3"}, WithReferrers(true)))
		pulled := has[*Manifest](t)(other.PullManifest(background, "v3"))
		if !bytes.Equal(pulled.Bytes(), index.Bytes()) {
			t.Errorf("%s", pulled.Bytes())
		}
		if count := countReferrers(t, other, want); count != 1 {
			t.Errorf("%d referrers", count)
		}

		var transferred []string
		last := Progress{}
		has[Descriptor](t)(Copy(background, layout, "v2", other, []string{"v3"}, WithProgress(0, func(p Progress) error {
			if p.Event == ProgressEnd {
				transferred = append(transferred, p.Name)
			}
			last = p
			return nil
		})))
		if transferred != nil {
			t.Errorf("transferred again: %v", transferred)
		}
		if last.Event != ProgressDone || last.Item == nil || last.Item.Digest != want {
			t.Errorf("%+v", last)
		}
	})
}

// The target of a layout is its only manifest.
func TestLayout(t *testing.T) {
	checkLeaks(t)
	folder := t.TempDir()
	if _, err := OpenLayout(filepath.Join(folder, "missing")); !errors.Is(err, StatusFile) {
		t.Errorf("%v", err)
	}
	if _, err := OpenLayout(folder); !errors.Is(err, StatusInvalidLayout) {
		t.Errorf("%v", err)
	}
	if _, err := CreateLayout("with\x00nul"); !errors.Is(err, StatusInvalidArgument) {
		t.Errorf("%v", err)
	}
	layout := newLayout(t)
	if layout.Client() != nil || layout.Name() != "" || layout.Target() != "" {
		t.Errorf("%v %q %q", layout.Client(), layout.Name(), layout.Target())
	}
	builder := NewBuilder()
	builder.SetArtifactType("application/vnd.example")
	builder.AddBytes([]byte("x"), "text/plain", "x.txt")
	pushed := has[*Manifest](t)(builder.Push(background, layout, []string{"v1"}))
	digest := pushed.Descriptor().Digest
	if target := layout.Target(); target != digest {
		t.Errorf("%q", target)
	}
	if found := has[Descriptor](t)(layout.StatManifest(background, "")); found.Digest != digest {
		t.Errorf("%+v", found)
	}
	layer := pushed.Layers()[0]
	if content := has[[]byte](t)(layout.PullBlobBytes(background, layer, 10)); string(content) != "x" {
		t.Errorf("%q", content)
	}
	blob := has[*Blob](t)(layout.OpenBlob(background, layer))
	buffer := make([]byte, 1)
	if n, err := blob.ReadAt(buffer, 0); n != 1 || err != nil || buffer[0] != 'x' {
		t.Errorf("%d %v", n, err)
	}
	must(t, blob.Close())
	if _, err := layout.LocateBlob(background, layer, false); !errors.Is(err, StatusUnsupported) {
		t.Errorf("%v", err)
	}
	if _, err := layout.MountBlob(background, layer.Digest, "other"); !errors.Is(err, StatusUnsupported) {
		t.Errorf("%v", err)
	}
	if _, _, err := layout.Authorization(background, false); !errors.Is(err, StatusUnsupported) {
		t.Errorf("%v", err)
	}
	ended, cancel := context.WithCancel(background)
	cancel()
	if _, err := layout.PullManifest(ended, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	must(t, layout.DeleteTag(background, "v1"))
	must(t, layout.DeleteManifest(background, digest))
	if _, err := layout.PullManifest(background, digest); !errors.Is(err, StatusNotFound) {
		t.Errorf("%v", err)
	}
}

// A copy of one platform, and of what a filter includes.
func TestCopySelection(t *testing.T) {
	checkLeaks(t)
	_, from := inMemory(t)
	index := pushImages(t, from)
	arm := index.Manifests()[1].Digest
	copied := has[Descriptor](t)(Copy(background, from, "", newLayout(t), nil, WithPlatform("linux/arm64")))
	if copied.Digest != arm {
		t.Errorf("%+v", copied)
	}
	if _, err := Copy(background, from, "", newLayout(t), nil, WithPlatform("none")); !errors.Is(err, StatusInvalidPlatform) {
		t.Errorf("%v", err)
	}

	layout := newLayout(t)
	var seen []Candidate
	has[Descriptor](t)(Copy(background, from, "", layout, []string{"v1"}, WithReferrers(true),
		WithFilter(func(c Candidate) (bool, error) {
			seen = append(seen, c)
			return !c.IsReferrer && c.Item.Digest != arm, nil
		})))
	if count := countReferrers(t, layout, index.Descriptor().Digest); count != 0 {
		t.Errorf("%d referrers", count)
	}
	if _, err := layout.StatManifest(background, arm); !errors.Is(err, StatusNotFound) {
		t.Errorf("%v", err)
	}
	has[*Manifest](t)(layout.ResolveManifest(background, "v1", "linux/amd64"))
	referrers := 0
	for _, c := range seen {
		if !c.Included {
			t.Errorf("%+v", c)
		}
		if c.IsReferrer {
			referrers++
			if c.Parent.Digest != index.Descriptor().Digest {
				t.Errorf("%+v", c)
			}
		}
	}
	if referrers != 1 {
		t.Errorf("%d referrers in %+v", referrers, seen)
	}

	errOwn := errors.New("own error")
	_, err := Copy(background, from, "", newLayout(t), nil,
		WithFilter(func(Candidate) (bool, error) { return true, errOwn }))
	if !errors.Is(err, errOwn) {
		t.Errorf("%v", err)
	}
	_, err = Copy(background, from, "", newLayout(t), nil,
		WithProgress(0, func(Progress) error { return errOwn }))
	if !errors.Is(err, errOwn) {
		t.Errorf("%v", err)
	}
}

// Signatures of cosign are found by their tags.
func TestCopyDigestTags(t *testing.T) {
	checkLeaks(t)
	_, from := inMemory(t)
	index := pushImages(t, from)
	tag := strings.Replace(index.Descriptor().Digest, ":", "-", 1) + ".sig"
	signature := NewBuilder()
	signature.SetArtifactType("application/vnd.example")
	has[*Manifest](t)(signature.Push(background, from, []string{tag}))
	for _, included := range []bool{false, true} {
		layout := newLayout(t)
		has[Descriptor](t)(Copy(background, from, "", layout, nil, WithDigestTags(included)))
		_, err := layout.StatManifest(background, tag)
		if included != (err == nil) || !included && !errors.Is(err, StatusNotFound) {
			t.Errorf("included %v: %v", included, err)
		}
	}
}

// The URLs of a foreign layer are used only if that is allowed.
func TestCopyForeignLayers(t *testing.T) {
	checkLeaks(t)
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials were sent")
		}
		_, _ = w.Write([]byte("foreign"))
	})
	_, from := inMemory(t, WithAllowedNetwork("127.0.0.0/8"))
	text := has[[]byte](t)(json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": MediaTypeOCIManifest, "config": EmptyDescriptor(),
		"artifactType": "application/vnd.example",
		"layers": []Descriptor{{
			MediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
			Digest:    digestOf([]byte("foreign")), Size: 7, URLs: []string{elsewhere.URL},
		}},
	}))
	manifest := has[*Manifest](t)(ParseManifest(text, ""))
	must(t, from.PushManifest(background, manifest, []string{"v1"}))
	for _, foreign := range []bool{false, true} {
		layout := newLayout(t)
		has[Descriptor](t)(Copy(background, from, "", layout, nil, WithForeign(foreign)))
		_, err := layout.StatBlob(background, digestOf([]byte("foreign")))
		if foreign != (err == nil) || !foreign && !errors.Is(err, StatusNotFound) {
			t.Errorf("foreign %v: %v", foreign, err)
		}
	}
}

// The functions of both clients are called by one copy, each by its own client.
func TestCopyBetweenClientsWithFunctions(t *testing.T) {
	checkLeaks(t)
	var asked []string
	var repositories []*Repository
	var logs [2]notes
	for i, name := range []string{"from", "to"} {
		registry := newMemoryRegistry()
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != name || password != "secret of "+name {
				w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			registry.ServeHTTP(w, r)
		})
		repository := has[*Repository](t)(OpenRepository(server.URL+"/team/"+name, WithDebug(true),
			WithCredentialFunc(func(_, repository string) (Credential, error) {
				asked = append(asked, name+" for "+repository)
				return Credential{Username: name, Password: "secret of " + name}, nil
			})))
		repository.Client().SetLogger(&logs[i])
		repositories = append(repositories, repository)
	}
	from, to := repositories[0], repositories[1]
	pushImages(t, from)
	asked = nil
	has[Descriptor](t)(Copy(background, from, "v1", to, []string{"v1"}))
	if !slices.Contains(asked, "to for team/to") || slices.Contains(asked, "to for team/from") ||
		slices.Contains(asked, "from for team/to") {
		t.Errorf("%v", asked)
	}
	for i, other := range []string{"team/to", "team/from"} {
		logs[i].lock.Lock()
		if logs[i].text == "" || strings.Contains(logs[i].text, other) {
			t.Errorf("log %d: %s", i, logs[i].text)
		}
		logs[i].lock.Unlock()
	}
}

// Blobs that cannot be mounted take two connections to one server, also if others wait.
func TestCopyWithFewConnections(t *testing.T) {
	for limit, want := range map[int]error{1: StatusInvalidArgument, 2: nil} {
		checkLeaks(t)
		registry, from := inMemory(t, WithMaxConnections(limit))
		pushImages(t, from)
		registry.intercept(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == POST {
				// Refuses to mount.
				r.URL.RawQuery = ""
			}
			return false
		})
		to := has[*Repository](t)(NewRepository(from.Client(), "team/other"))
		digest := has[*Manifest](t)(from.ResolveManifest(background, "", "linux/amd64")).Descriptor().Digest
		if _, err := Copy(background, from, digest, to, nil); !errors.Is(err, want) {
			t.Errorf("%d connections: %v", limit, err)
		}
	}
}

// A limit of speed applies to all transfers together.
func TestMaxSpeed(t *testing.T) {
	checkLeaks(t)
	_, from := inMemory(t)
	builder := NewBuilder()
	builder.SetArtifactType("application/vnd.example")
	for i := range 4 {
		builder.AddBytes(append(pseudoRandom(100<<10), byte(i)), "", "")
	}
	has[*Manifest](t)(builder.Push(background, from, []string{"v1"}))
	begun := time.Now()
	has[Descriptor](t)(Copy(background, from, "", newLayout(t), nil, WithMaxSpeed(400<<10, 0), WithParallel(4)))
	// Some of it may come at once.
	if took := time.Since(begun); took < 400*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if _, err := Copy(background, from, "", newLayout(t), nil, WithParallel(65)); !errors.Is(err, StatusInvalidArgument) {
		t.Errorf("%v", err)
	}
}
