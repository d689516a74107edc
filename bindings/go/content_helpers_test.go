package reggie

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// A contentRegistry is a registry that tests of content run with.
type contentRegistry struct {
	name    string
	start   func(*testing.T) string
	options []ClientOption
}

func contentRegistries() []contentRegistry {
	known := []ClientOption{WithUsernamePassword(registryUser, registryPassword)}
	return []contentRegistry{
		{"in memory", func(t *testing.T) string {
			server := httptest.NewServer(newMemoryRegistry())
			t.Cleanup(server.Close)
			return server.URL
		}, nil},
		{"embedded", embeddedRegistry("REGGIE_EMBEDDED_REGISTRY"), nil},
		{"embedded with tokens", embeddedRegistry("REGGIE_EMBEDDED_TOKEN_REGISTRY"), known},
		{"docker-registry", func(t *testing.T) string { return dockerRegistry(t, false) }, nil},
		{"docker-registry with Basic", func(t *testing.T) string { return dockerRegistry(t, true) }, known},
		{"distribution 3", func(t *testing.T) string {
			return distributionRegistry(t, optionalProgram(t, "distribution"), false)
		}, nil},
		{"ggcr", ggcrRegistry, nil},
		{"olareg", func(t *testing.T) string { return olareg(t, false) }, nil},
		{"olareg with tokens", func(t *testing.T) string { return olareg(t, true) }, known},
	}
}

// isGGCR reports whether the test runs with go-containerregistry's registry. It keeps
// tags whose manifest is deleted, has no link to the next page of a list, does not report
// how much of an upload it has, and cannot discard uploads.
func isGGCR(t *testing.T) bool { return strings.HasSuffix(t.Name(), "/ggcr") }

// embeddedRegistry returns the address of a registry that whoever runs the tests has
// started.
func embeddedRegistry(variable string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		address := os.Getenv(variable)
		if address == "" {
			t.Skip(variable + " is not set")
		}
		return address
	}
}

// withEachRegistry runs a test with a repository of each registry. The repositories
// of tests differ.
func withEachRegistry(t *testing.T, f func(t *testing.T, repository *Repository)) {
	for _, registry := range contentRegistries() {
		t.Run(registry.name, func(t *testing.T) {
			address := registry.start(t)
			test, _, _ := strings.Cut(t.Name(), "/")
			reference := address + "/team/" + strings.ToLower(test) + ":v1"
			repository, err := OpenRepository(reference, registry.options...)
			if err != nil {
				t.Fatal(err)
			}
			checkLeaks(t)
			f(t, repository)
		})
	}
}

// inMemory returns a registry in memory, and a repository of it.
func inMemory(t testing.TB, options ...ClientOption) (*memoryRegistry, *Repository) {
	t.Helper()
	registry := newMemoryRegistry()
	server := httptest.NewServer(registry)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	repository, err := OpenRepository(server.URL+"/team/app:v1", options...)
	if err != nil {
		t.Fatal(err)
	}
	repository.Client().SetLogger(silent{})
	return registry, repository
}

// has returns the value of a function that must not fail.
func has[T any](t testing.TB) func(value T, err error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// artifact returns a manifest with a config "{}" and layers. With a subject, it is
// about that.
func artifact(t testing.TB, artifactType string, subject *Descriptor, layers ...Descriptor) *Manifest {
	t.Helper()
	entries := make([]string, len(layers))
	for i, layer := range layers {
		entries[i] = describe(layer)
	}
	about := ""
	if subject != nil {
		about = `,"subject":` + describe(*subject)
	}
	text := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"artifactType":%q,`+
		`"config":{"mediaType":%q,"digest":%q,"size":2},"layers":[%s],"annotations":{"note":"x"}%s}`,
		MediaTypeOCIManifest, artifactType, MediaTypeEmpty, digestOf([]byte("{}")),
		strings.Join(entries, ","), about)
	return has[*Manifest](t)(ParseManifest([]byte(text), ""))
}

// describe returns a descriptor as JSON.
func describe(d Descriptor) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, d.MediaType, d.Digest, d.Size)
}

// pseudoRandom returns bytes that differ from each other.
func pseudoRandom(size int) []byte {
	content := make([]byte, size)
	state := uint32(1)
	for i := range content {
		state = state*1664525 + 1013904223
		content[i] = byte(state >> 24)
	}
	return content
}

// blockUntilEnd returns a function for intercept that reports each request and then
// waits for its end.
func blockUntilEnd(waiting chan<- struct{}) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case waiting <- struct{}{}:
		case <-r.Context().Done():
		}
		<-r.Context().Done()
		return true
	}
}

var background = context.Background()
