package cabi

// #include "artifacts.h"
import "C"

import "runtime"

// A Repository is safe for concurrent use. It is freed when it becomes
// unreachable.
type Repository struct {
	id C.uintptr_t
	// functions is that of its client; nil for a layout.
	functions *functionSet
}

// NewRepository creates a repository. An empty name is an error.
func NewRepository(client *Client, name string) (*Repository, error) {
	var s cStrings
	var id, failure C.uintptr_t
	status := C.cabi_repository_new(client.id, s.optional(name), &id, &failure)
	runtime.KeepAlive(client)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	repository := newRepository(id, client.functions)
	return repository, s.status(C.REGGIE_OK)
}

// OpenLayout opens an image layout, and creates it if necessary and create is true.
func OpenLayout(path string, create bool) (*Repository, error) {
	var s cStrings
	name := s.c(path)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_repository_open_layout(name, cBool(create), &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	return newRepository(id, nil), nil
}

func newRepository(id C.uintptr_t, functions *functionSet) *Repository {
	created(id)
	repository := &Repository{id: id, functions: functions}
	runtime.AddCleanup(repository, func(id C.uintptr_t) {
		C.cabi_repository_free(id)
		freed()
	}, id)
	return repository
}

// Target returns the target; empty for a layout that does not have exactly one
// manifest.
func (r *Repository) Target() string {
	defer runtime.KeepAlive(r)
	return C.GoString(C.cabi_repository_target(r.id))
}

// Name returns the name.
func (r *Repository) Name() string {
	defer runtime.KeepAlive(r)
	return C.GoString(C.cabi_repository_name(r.id))
}

// The methods of Call on a repository are those of reggie.h. Options may be used
// by several calls. An empty reference means the target of the library's repository.

// on prepares the call for a repository, and returns its number.
func (c *Call) on(r *Repository) C.uintptr_t {
	c.use(r.functions)
	return C.uintptr_t(c.id)
}

// Authorization returns the value and the Unix time at which it expires, or -1.
func (c *Call) Authorization(r *Repository, push bool, o *Options) (string, int64, error) {
	defer runtime.KeepAlive(r)
	var value *C.char
	var expires C.int64_t
	var failure C.uintptr_t
	status := C.cabi_repository_authorization(c.on(r), r.id, cBool(push), o.id, &value, &expires, &failure)
	if err := takeError(status, failure); err != nil {
		return "", 0, err
	}
	defer C.reggie_string_free(value)
	return C.GoString(value), int64(expires), nil
}

// PullManifest pulls the manifest of a tag or a digest.
func (c *Call) PullManifest(r *Repository, reference string, o *Options) (*Manifest, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	name := s.optional(reference)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_manifest_pull(c.on(r), r.id, name, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	return newManifest(id), nil
}

// ResolveManifest pulls the manifest for a platform; an empty one means that of
// this machine.
func (c *Call) ResolveManifest(r *Repository, reference, platform string, o *Options) (*Manifest, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	name, chosen := s.optional(reference), s.optional(platform)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_manifest_resolve(c.on(r), r.id, name, chosen, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	return newManifest(id), nil
}

// StatManifest returns the descriptor of a manifest.
func (c *Call) StatManifest(r *Repository, reference string, o *Options) (Descriptor, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	name := s.optional(reference)
	if err := s.status(C.REGGIE_OK); err != nil {
		return Descriptor{}, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_manifest_stat(c.on(r), r.id, name, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return Descriptor{}, err
	}
	return takeDescriptor(id), nil
}

// PushManifest pushes a manifest under tags.
func (c *Call) PushManifest(r *Repository, m *Manifest, tags []string, o *Options) error {
	defer runtime.KeepAlive(r)
	defer runtime.KeepAlive(m)
	var s cStrings
	var list cList
	defer list.free()
	names, count := list.c(&s, tags)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	var failure C.uintptr_t
	status := C.cabi_manifest_push(c.on(r), r.id, m.id, names, count, o.id, &failure)
	return takeError(status, failure)
}

// DeleteManifest deletes a manifest by digest.
func (c *Call) DeleteManifest(r *Repository, digest string, o *Options) error {
	defer runtime.KeepAlive(r)
	var s cStrings
	name := s.c(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	var failure C.uintptr_t
	return takeError(C.cabi_manifest_delete(c.on(r), r.id, name, o.id, &failure), failure)
}

// DeleteTag deletes a tag.
func (c *Call) DeleteTag(r *Repository, tag string, o *Options) error {
	defer runtime.KeepAlive(r)
	var s cStrings
	name := s.c(tag)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	var failure C.uintptr_t
	return takeError(C.cabi_tag_delete(c.on(r), r.id, name, o.id, &failure), failure)
}

// DeleteBlob deletes a blob.
func (c *Call) DeleteBlob(r *Repository, digest string, o *Options) error {
	defer runtime.KeepAlive(r)
	var s cStrings
	name := s.c(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	var failure C.uintptr_t
	return takeError(C.cabi_blob_delete(c.on(r), r.id, name, o.id, &failure), failure)
}
