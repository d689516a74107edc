package reggie

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A memoryRegistry is a registry without access control, for the examples and for
// tests that need to know what a registry receives.
type memoryRegistry struct {
	lock sync.Mutex
	// blobs, manifests and tags have keys that begin with the repository.
	blobs     map[string][]byte
	manifests map[string]storedManifest
	tags      map[string]string
	uploads   map[string][]byte
	begun     int
	// before is that of intercept.
	before func(w http.ResponseWriter, r *http.Request) (done bool)
}

type storedManifest struct {
	mediaType string
	content   []byte
}

func newMemoryRegistry() *memoryRegistry {
	return &memoryRegistry{
		blobs:     map[string][]byte{},
		manifests: map[string]storedManifest{},
		tags:      map[string]string{},
		uploads:   map[string][]byte{},
	}
}

// intercept sets a function that is called with each request first. If it returns
// true, it has responded.
func (m *memoryRegistry) intercept(before func(w http.ResponseWriter, r *http.Request) (done bool)) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.before = before
}

// StartExampleRegistry is for the examples, which are in another package. It returns the
// address of a registry, and a function that stops it.
func StartExampleRegistry() (address string, stop func()) {
	server := httptest.NewServer(newMemoryRegistry())
	return server.URL, server.Close
}

func digestOf(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

var registryPath = regexp.MustCompile(`^/v2/(.+)/(blobs/uploads|blobs|manifests|tags|referrers)/(.*)$`)

func (m *memoryRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.lock.Lock()
	before := m.before
	m.lock.Unlock()
	if before != nil && before(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		// The connection is broken.
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	match := registryPath.FindStringSubmatch(r.URL.Path)
	switch {
	case r.URL.Path == "/v2/":
	case r.URL.Path == "/v2/_catalog":
		names := map[string]bool{}
		for key := range m.manifests {
			name, _, _ := strings.Cut(key, "@")
			names[name] = true
		}
		m.list(w, r, "repositories", names)
	case match == nil:
		fail(w, http.StatusNotFound, "NAME_UNKNOWN")
	case match[2] == "blobs/uploads":
		m.upload(w, r, match[1], match[3], body)
	case match[2] == "blobs":
		m.blob(w, r, match[1], match[3])
	case match[2] == "manifests":
		m.manifest(w, r, match[1], match[3], body)
	case match[2] == "tags":
		names := map[string]bool{}
		for key := range m.tags {
			if tag, found := strings.CutPrefix(key, match[1]+":"); found {
				names[tag] = true
			}
		}
		m.list(w, r, "tags", names)
	default:
		m.referrers(w, match[1], match[3])
	}
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q}]}`, code)
}

// list sends one page of the names.
func (m *memoryRegistry) list(w http.ResponseWriter, r *http.Request, key string, names map[string]bool) {
	page := []string{}
	for name := range names {
		if name > r.URL.Query().Get("last") {
			page = append(page, name)
		}
	}
	slices.Sort(page)
	if n, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil && n < len(page) {
		page = page[:n]
		w.Header().Set("Link", fmt.Sprintf(`<%s?n=%d&last=%s>; rel="next"`, r.URL.Path, n, page[n-1]))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string][]string{key: page})
}

func (m *memoryRegistry) upload(w http.ResponseWriter, r *http.Request, name, id string, body []byte) {
	respond := func(status int) {
		w.Header().Set("Location", "/v2/"+name+"/blobs/uploads/"+id)
		w.Header().Set("Range", fmt.Sprintf("0-%d", max(len(m.uploads[id])-1, 0)))
		w.WriteHeader(status)
	}
	query := r.URL.Query()
	if r.Method == POST {
		if content, found := m.blobs[query.Get("from")+"@"+query.Get("mount")]; found {
			m.blobs[name+"@"+query.Get("mount")] = content
			w.WriteHeader(http.StatusCreated)
			return
		}
		m.begun++
		id = strconv.Itoa(m.begun)
		m.uploads[id] = nil
		respond(http.StatusAccepted)
		return
	}
	if _, found := m.uploads[id]; !found {
		fail(w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN")
		return
	}
	switch r.Method {
	case GET:
		respond(http.StatusNoContent)
	case DELETE:
		delete(m.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case PATCH:
		m.uploads[id] = append(m.uploads[id], body...)
		respond(http.StatusAccepted)
	case PUT:
		content := append(m.uploads[id], body...)
		if digestOf(content) != query.Get("digest") {
			fail(w, http.StatusBadRequest, "DIGEST_INVALID")
			return
		}
		delete(m.uploads, id)
		m.blobs[name+"@"+digestOf(content)] = content
		w.WriteHeader(http.StatusCreated)
	}
}

func (m *memoryRegistry) blob(w http.ResponseWriter, r *http.Request, name, digest string) {
	content, found := m.blobs[name+"@"+digest]
	switch {
	case !found:
		fail(w, http.StatusNotFound, "BLOB_UNKNOWN")
	case r.Method == DELETE:
		delete(m.blobs, name+"@"+digest)
		w.WriteHeader(http.StatusAccepted)
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Docker-Content-Digest", digest)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

func (m *memoryRegistry) manifest(w http.ResponseWriter, r *http.Request, name, reference string, body []byte) {
	digest := reference
	isTag := !strings.Contains(reference, ":")
	if isTag {
		digest = m.tags[name+":"+reference]
	}
	stored, found := m.manifests[name+"@"+digest]
	switch {
	case r.Method == PUT:
		digest = digestOf(body)
		m.manifests[name+"@"+digest] = storedManifest{r.Header.Get("Content-Type"), body}
		if isTag {
			m.tags[name+":"+reference] = digest
		}
		w.Header().Set("Docker-Content-Digest", digest)
		w.WriteHeader(http.StatusCreated)
	case !found:
		fail(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
	case r.Method == DELETE && isTag:
		delete(m.tags, name+":"+reference)
		w.WriteHeader(http.StatusAccepted)
	case r.Method == DELETE:
		delete(m.manifests, name+"@"+digest)
		w.WriteHeader(http.StatusAccepted)
	default:
		w.Header().Set("Content-Type", stored.mediaType)
		w.Header().Set("Docker-Content-Digest", digest)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(stored.content))
	}
}

func (m *memoryRegistry) referrers(w http.ResponseWriter, name, digest string) {
	entries := []map[string]any{}
	for key, stored := range m.manifests {
		var parsed struct {
			ArtifactType string
			Subject      struct{ Digest string }
		}
		_ = json.Unmarshal(stored.content, &parsed)
		if parsed.Subject.Digest == digest && strings.HasPrefix(key, name+"@") {
			entries = append(entries, map[string]any{
				"mediaType": stored.mediaType, "digest": digestOf(stored.content),
				"size": len(stored.content), "artifactType": parsed.ArtifactType,
			})
		}
	}
	w.Header().Set("Content-Type", MediaTypeOCIIndex)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"schemaVersion": 2, "mediaType": MediaTypeOCIIndex, "manifests": entries,
	})
}
