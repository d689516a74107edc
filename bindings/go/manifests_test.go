package reggie

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestReferences(t *testing.T) {
	digest := digestOf(nil)
	for _, want := range [][8]string{
		{"alpine", DockerHub, "docker.io", "https://registry-1.docker.io", "library/alpine", "", "", "latest"},
		{"ghcr.io/org/app:1.2", DockerHub, "ghcr.io", "https://ghcr.io", "org/app", "1.2", "", "1.2"},
		{"app:1@" + digest, "localhost:5000", "localhost:5000", "http://localhost:5000", "app", "1", digest, digest},
		{"http://r.example/a", "", "r.example", "http://r.example", "a", "", "", "latest"},
	} {
		r, err := ParseReference(want[0], want[1])
		if err != nil {
			t.Error(err)
			continue
		}
		got := [8]string{want[0], want[1], r.Registry(), r.Address(), r.Name(), r.Tag(), r.Digest(), r.Target()}
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
		again, err := ParseReference(r.String(), "")
		if err != nil || again.String() != r.String() || again.Target() != r.Target() {
			t.Errorf("%v: %+v", err, again)
		}
	}
	for _, text := range []string{"", "alpine", "a.example/B", "a.example/b:", "a.example/b\x00c"} {
		if r, err := ParseReference(text, ""); err == nil {
			t.Errorf("%q: %v", text, r)
		}
	}
	if _, err := ParseReference("a.example/B", ""); !errors.Is(err, StatusInvalidReference) {
		t.Errorf("%v", err)
	}
}

func TestRepositories(t *testing.T) {
	client := newClient(t, "http://127.0.0.1:1", WithDefaultName("team/default"))
	for name, want := range map[string]string{"team/app": "team/app", "": "team/default"} {
		repository := has[*Repository](t)(NewRepository(client, name))
		if repository.Name() != want || repository.Target() != "latest" || repository.Client() != client {
			t.Errorf("%+v", repository)
		}
	}
	if _, err := NewRepository(client, "No"); !errors.Is(err, StatusInvalidReference) {
		t.Errorf("%v", err)
	}
	if _, err := NewRepository(newClient(t, "http://127.0.0.1:1"), ""); !errors.Is(err, StatusMissingValue) {
		t.Errorf("%v", err)
	}
	if _, err := OpenRepository("no.example/No"); !errors.Is(err, StatusInvalidReference) {
		t.Errorf("%v", err)
	}
	if _, err := OpenRepository("no.example/no", WithProxy("", "no://")); err == nil {
		t.Error("no error")
	}
}

func TestMirrorOption(t *testing.T) {
	registry, repository := inMemory(t, WithMirrorOf("docker.io"))
	queries := make(chan string, 1)
	registry.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		queries <- r.URL.RawQuery
		return false
	})
	if _, err := repository.StatBlob(background, digestOf(nil)); !errors.Is(err, StatusNotFound) {
		t.Errorf("%v", err)
	}
	if query := <-queries; query != "ns=docker.io" {
		t.Errorf("%q", query)
	}
	if _, err := NewClient("https://registry.example", WithMirrorOf("not a registry")); !errors.Is(err, StatusInvalidReference) {
		t.Errorf("%v", err)
	}
}

// indexOf returns an index of manifests for platforms.
func indexOf(t testing.TB, entries map[string]*Manifest) *Manifest {
	t.Helper()
	var list []string
	for platform, manifest := range entries {
		parts := strings.Split(platform, "/")
		list = append(list, strings.TrimSuffix(describe(manifest.Descriptor()), "}")+
			fmt.Sprintf(`,"platform":{"os":%q,"architecture":%q},"urls":["https://x.example/y"]}`, parts[0], parts[1]))
	}
	slices.Sort(list)
	text := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[%s]}`, MediaTypeOCIIndex, strings.Join(list, ","))
	return has[*Manifest](t)(ParseManifest([]byte(text), ""))
}

func TestManifests(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		layer := has[Descriptor](t)(repository.PushBlobBytes(background, []byte("layer"), ""))
		image := artifact(t, "a/b", nil, layer)
		must(t, repository.PushManifest(background, image, []string{"v1", "v2"}))
		index := indexOf(t, map[string]*Manifest{"linux/amd64": image})
		must(t, repository.PushManifest(background, index, []string{"index"}))

		for _, reference := range []string{"", "v2", image.Descriptor().Digest} {
			pulled := has[*Manifest](t)(repository.PullManifest(background, reference))
			if !bytes.Equal(pulled.Bytes(), image.Bytes()) {
				t.Errorf("%s: %s", reference, pulled.Bytes())
			}
			found := has[Descriptor](t)(repository.StatManifest(background, reference))
			want := image.Descriptor()
			if found.Digest != want.Digest || found.Size != want.Size || found.MediaType != want.MediaType {
				t.Errorf("%+v", found)
			}
		}
		resolved := has[*Manifest](t)(repository.ResolveManifest(background, "index", "linux/amd64"))
		if !bytes.Equal(resolved.Bytes(), image.Bytes()) {
			t.Errorf("%s", resolved.Bytes())
		}
		_, err := repository.ResolveManifest(background, "index", "linux/s390x")
		if !errors.Is(err, StatusNoPlatform) || !strings.Contains(err.Error(), "linux/amd64") {
			t.Errorf("%v", err)
		}
		var failed *Error
		_, err = repository.PullManifest(background, "none")
		if !errors.Is(err, StatusNotFound) || !errors.As(err, &failed) || failed.Code != "MANIFEST_UNKNOWN" {
			t.Errorf("%v", err)
		}

		err = repository.DeleteTag(background, "v2", WithDeleteDetour(true))
		if err != nil {
			t.Errorf("%v", err)
		}
		if _, err := repository.StatManifest(background, "v2"); !errors.Is(err, StatusNotFound) {
			t.Errorf("%v", err)
		}
		must(t, repository.DeleteManifest(background, image.Descriptor().Digest))
		if _, err := repository.StatManifest(background, ""); !errors.Is(err, StatusNotFound) && !isGGCR(t) {
			t.Errorf("%v", err)
		}
		if err := repository.DeleteManifest(background, "index"); !errors.Is(err, StatusInvalidDigest) {
			t.Errorf("%v", err)
		}
		if err := repository.DeleteBlob(background, layer.Digest); errors.Is(err, StatusUnsupported) {
			return
		} else if err != nil {
			t.Error(err)
		}
		if _, err := repository.StatBlob(background, layer.Digest); !errors.Is(err, StatusNotFound) {
			t.Errorf("%v", err)
		}
	})
}

func TestManifestGetters(t *testing.T) {
	checkLeaks(t)
	layer := Descriptor{MediaType: "a/layer", Digest: digestOf([]byte("x")), Size: 1}
	image := artifact(t, "a/b", &layer, layer, layer)
	want := Descriptor{
		MediaType: MediaTypeOCIManifest, Digest: digestOf(image.Bytes()), Size: int64(len(image.Bytes())),
		ArtifactType: "a/b",
	}
	if got := image.Descriptor(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if image.IsIndex() || image.ArtifactType() != "a/b" || len(image.Manifests()) != 0 || image.Select("") != nil {
		t.Errorf("%s", image.Bytes())
	}
	if config := image.Config(); config == nil || config.MediaType != MediaTypeEmpty || config.Size != 2 {
		t.Errorf("%+v", config)
	}
	if layers := image.Layers(); !reflect.DeepEqual(layers, []Descriptor{layer, layer}) {
		t.Errorf("%+v", layers)
	}
	if subject := image.Subject(); !reflect.DeepEqual(subject, &layer) {
		t.Errorf("%+v", subject)
	}
	if annotations := image.Annotations(); !reflect.DeepEqual(annotations, map[string]string{"note": "x"}) {
		t.Errorf("%v", annotations)
	}

	other := artifact(t, "c/d", nil)
	index := indexOf(t, map[string]*Manifest{"linux/arm64": image, HostPlatform(): other})
	if !index.IsIndex() || index.Config() != nil || index.Subject() != nil || len(index.Layers()) != 0 {
		t.Errorf("%s", index.Bytes())
	}
	if entries := index.Manifests(); len(entries) != 2 || !slices.Equal(entries[0].URLs, []string{"https://x.example/y"}) {
		t.Errorf("%+v", entries)
	}
	if found := index.Select("linux/arm64/v8"); found == nil || found.Digest != image.Descriptor().Digest ||
		found.Platform != "linux/arm64" {
		t.Errorf("%+v", found)
	}
	if found := index.Select(""); found == nil || found.Digest != other.Descriptor().Digest {
		t.Errorf("%+v", found)
	}
	for _, platform := range []string{"linux/s390x", "?", "linux\x00"} {
		if found := index.Select(platform); found != nil {
			t.Errorf("%+v", found)
		}
	}
	data := has[*Manifest](t)(ParseManifest([]byte(`{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"`+
		digestOf([]byte("{}"))+`","size":2,"data":"e30=","annotations":{"a":"b"}},"layers":[]}`), MediaTypeOCIManifest))
	if config := data.Config(); string(config.Data) != "{}" || config.Annotations["a"] != "b" {
		t.Errorf("%+v", config)
	}
	for _, text := range []string{"", "[]", `{"layers":[],"manifests":[]}`} {
		if _, err := ParseManifest([]byte(text), MediaTypeOCIManifest); !errors.Is(err, StatusInvalidManifest) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLists(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		subject := artifact(t, "a/b", nil)
		must(t, repository.PushManifest(background, subject, []string{"v1", "v2", "v3"}))
		about := subject.Descriptor()
		var digests []string
		for _, artifactType := range []string{"sig/one", "sig/two"} {
			referrer := artifact(t, artifactType, &about)
			must(t, repository.PushManifest(background, referrer, nil))
			digests = append(digests, referrer.Descriptor().Digest)
		}
		pageSize := 2
		if isGGCR(t) {
			pageSize = 1000
		}
		leftOut := -1
		var tags []string
		for tag, err := range repository.Tags(background, "", WithPages(pageSize, 0), WithLeftOut(&leftOut)) {
			must(t, err)
			if !strings.HasPrefix(tag, "sha256-") {
				tags = append(tags, tag)
			}
		}
		if !slices.Equal(tags, []string{"v1", "v2", "v3"}) || leftOut != 0 {
			t.Errorf("%q, %d left out", tags, leftOut)
		}
		for tag, err := range repository.Tags(background, "v1") {
			must(t, err)
			if tag != "v2" && !strings.HasPrefix(tag, "sha256-") {
				t.Errorf("%q", tag)
			}
			if tag == "v2" {
				break
			}
		}
		found := false
		for name, err := range repository.Client().Catalog(background, "", WithPages(100, 0)) {
			if errors.Is(err, StatusUnsupported) {
				// olareg has none.
				found = true
				break
			}
			must(t, err)
			found = found || name == repository.Name()
		}
		if !found {
			t.Error("the catalog lacks the repository")
		}
		for artifactType, want := range map[string][]string{"": digests, "sig/two": digests[1:], "sig/none": nil} {
			var got []string
			for referrer, err := range repository.Referrers(background, about.Digest, artifactType) {
				must(t, err)
				got = append(got, referrer.Digest)
			}
			slices.Sort(got)
			want = slices.Clone(want)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%q: %q, not %q", artifactType, got, want)
			}
		}
	})
}

func TestListErrors(t *testing.T) {
	registry, repository := inMemory(t)
	checkLeaks(t)
	for range 2 {
		// Each iteration starts again.
		for _, err := range repository.Referrers(background, "no digest", "") {
			if !errors.Is(err, StatusInvalidDigest) {
				t.Errorf("%v", err)
			}
		}
	}
	for _, err := range repository.Tags(background, "a\x00b") {
		if !errors.Is(err, StatusInvalidArgument) {
			t.Errorf("%v", err)
		}
	}
	for _, err := range repository.Client().Catalog(background, "", WithPages(0, 0)) {
		if !errors.Is(err, StatusInvalidArgument) {
			t.Errorf("%v", err)
		}
	}
	manifest := artifact(t, "a/b", nil)
	must(t, repository.PushManifest(background, manifest, []string{"v1", "v2", "v3"}))
	registry.lock.Lock()
	registry.tags["team/app:not valid"] = "x"
	registry.lock.Unlock()
	leftOut := 0
	count := 0
	for _, err := range repository.Tags(background, "", WithLeftOut(&leftOut)) {
		must(t, err)
		count++
	}
	if count != 3 || leftOut != 1 {
		t.Errorf("%d tags, %d left out", count, leftOut)
	}
	// A list that is too long is an error, not a short list.
	var last error
	for _, last = range repository.Tags(background, "", WithPages(1, 2)) {
	}
	if !errors.Is(last, StatusListEndless) {
		t.Errorf("%v", last)
	}
	// A call within an iteration, even if only one goroutine may be in C.
	SetMaxThreads(1)
	defer SetMaxThreads(512)
	for tag, err := range repository.Tags(background, "", WithProgress(0, func(Progress) error { return nil })) {
		must(t, err)
		_, err = repository.StatManifest(background, tag)
		must(t, err)
	}
}

func TestAuthorizationAndLocations(t *testing.T) {
	withEachRegistry(t, func(t *testing.T, repository *Repository) {
		blob := has[Descriptor](t)(repository.PushBlobBytes(background, []byte("located"), ""))
		value, _, err := repository.Authorization(background, true)
		must(t, err)
		needs := strings.Contains(t.Name(), "Basic") || strings.Contains(t.Name(), "tokens")
		if needs != (value != "") {
			t.Errorf("%q", value)
		}
		for _, follow := range []bool{false, true} {
			location := has[*Location](t)(repository.LocateBlob(background, blob, follow))
			response := has[*Response](t)(fetch(location))
			if response.String() != "located" {
				t.Errorf("%s", response)
			}
			if needs && location.Header.Get("Authorization") == "" {
				t.Error("no Authorization")
			}
			location.Refused(401)
			has[*Location](t)(repository.LocateBlob(background, blob, follow))
		}
	})
}

// fetch downloads from a location as another program would.
func fetch(location *Location) (*Response, error) {
	client, err := NewClient(location.URL)
	if err != nil {
		return nil, err
	}
	request := client.R()
	for name := range location.Header {
		request.SetHeader(name, location.Header.Get(name))
	}
	return request.Get(location.URL)
}

// A descriptor in JSON is that of a manifest.
func TestDescriptorsAsJSON(t *testing.T) {
	for _, platform := range []string{"", "linux/amd64", "linux/arm64/v8", "windows(10.0.17763)/amd64"} {
		entry := artifact(t, "a/b", nil).Descriptor()
		entry.Platform = platform
		entry.URLs = []string{"https://x.example/y"}
		entry.Annotations = map[string]string{"a": "b"}
		text := has[[]byte](t)(json.Marshal(map[string]any{
			"schemaVersion": 2, "mediaType": MediaTypeOCIIndex, "manifests": []Descriptor{entry},
		}))
		index := has[*Manifest](t)(ParseManifest(text, ""))
		if got := index.Manifests()[0]; !reflect.DeepEqual(got, entry) {
			t.Errorf("%+v, not %+v", got, entry)
		}
		var again struct{ Manifests []Descriptor }
		must(t, json.Unmarshal(text, &again))
		if !reflect.DeepEqual(again.Manifests[0], entry) {
			t.Errorf("%+v, not %+v", again.Manifests[0], entry)
		}
	}
	for _, invalid := range []Descriptor{{Size: UnknownSize}, {Platform: "linux"}} {
		if text, err := json.Marshal(invalid); err == nil {
			t.Errorf("%s", text)
		}
	}
	empty := EmptyDescriptor()
	if empty.Digest != digestOf(empty.Data) || empty.Size != int64(len(empty.Data)) {
		t.Errorf("%+v", empty)
	}
}
