package cabi

// #include "artifacts.h"
import "C"

import "runtime"

// Copy copies a manifest with everything that it refers to.
func (c *Call) Copy(from *Repository, reference string, to *Repository, tags []string, o *Options) (Descriptor, error) {
	defer runtime.KeepAlive(from)
	defer runtime.KeepAlive(to)
	var s cStrings
	var list cList
	defer list.free()
	name := s.optional(reference)
	names, count := list.c(&s, tags)
	if err := s.status(C.REGGIE_OK); err != nil {
		return Descriptor{}, err
	}
	c.use(from.functions)
	var id, failure C.uintptr_t
	status := C.cabi_copy(c.on(to), from.id, name, to.id, names, count, o.id, &id, &failure)
	return pushed(status, id, failure)
}

// PullFiles pulls the layers that have titles into a directory.
func (c *Call) PullFiles(r *Repository, reference, folder string, o *Options) (*Manifest, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	name, path := s.optional(reference), s.c(folder)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_pull_files(c.on(r), r.id, name, path, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	return newManifest(id), nil
}

// A Builder builds a manifest. It is not safe for concurrent use. It is freed when it
// becomes unreachable. Empty strings mean NULL unless stated otherwise.
type Builder struct{ id C.uintptr_t }

// NewBuilder creates a builder of a manifest, or of an index.
func NewBuilder(isIndex bool) *Builder {
	builder := &Builder{}
	if isIndex {
		builder.id = C.cabi_builder_new_index()
	} else {
		builder.id = C.cabi_builder_new()
	}
	created(builder.id)
	runtime.AddCleanup(builder, func(id C.uintptr_t) {
		C.cabi_builder_free(id)
		freed()
	}, builder.id)
	return builder
}

func (b *Builder) SetArtifactType(artifactType string) error {
	defer runtime.KeepAlive(b)
	var s cStrings
	return s.status(C.cabi_builder_set_artifact_type(b.id, s.optional(artifactType)))
}

// SetAnnotation sets an annotation of the manifest; a value of nil removes it.
func (b *Builder) SetAnnotation(name string, value *string) error {
	defer runtime.KeepAlive(b)
	var s cStrings
	return s.status(C.cabi_builder_set_annotation(b.id, s.c(name), s.pointer(value)))
}

// Annotate sets an annotation of the content added last; a value of nil removes it.
func (b *Builder) Annotate(name string, value *string) error {
	defer runtime.KeepAlive(b)
	var s cStrings
	return s.status(C.cabi_builder_annotate(b.id, s.c(name), s.pointer(value)))
}

func (b *Builder) SetConfig(content []byte, mediaType string) error {
	defer runtime.KeepAlive(b)
	var s cStrings
	bytes, size := cBytes(content)
	return s.status(C.cabi_builder_set_config(b.id, bytes, size, s.c(mediaType)))
}

// AddPath adds a file. A title of nil means the last component of the path, and an
// empty one none.
func (b *Builder) AddPath(path, mediaType string, title *string) error {
	defer runtime.KeepAlive(b)
	var s cStrings
	return s.status(C.cabi_builder_add_path(
		b.id, s.c(path), s.optional(mediaType), s.pointer(title)))
}

func (b *Builder) AddMemory(content []byte, mediaType, title string) error {
	defer runtime.KeepAlive(b)
	var s cStrings
	bytes, size := cBytes(content)
	return s.status(C.cabi_builder_add_memory(
		b.id, bytes, size, s.optional(mediaType), s.optional(title)))
}

// The descriptors of these methods are the first layer of a manifest, as C cannot
// create a descriptor with everything that it may contain.

// SetSubject sets the subject; nil removes it.
func (b *Builder) SetSubject(first *Manifest) error {
	defer runtime.KeepAlive(b)
	defer runtime.KeepAlive(first)
	return statusError(C.cabi_builder_set_subject(b.id, firstLayer(first)))
}

func (b *Builder) SetConfigDescriptor(first *Manifest) error {
	defer runtime.KeepAlive(b)
	defer runtime.KeepAlive(first)
	return statusError(C.cabi_builder_set_config_descriptor(b.id, firstLayer(first)))
}

func (b *Builder) Add(first *Manifest) error {
	defer runtime.KeepAlive(b)
	defer runtime.KeepAlive(first)
	return statusError(C.cabi_builder_add(b.id, firstLayer(first)))
}

func firstLayer(m *Manifest) C.uintptr_t {
	if m == nil {
		return 0
	}
	return C.cabi_manifest_layer(m.id, 0)
}

// Build builds the manifest.
func (c *Call) Build(b *Builder, o *Options) (*Manifest, error) {
	defer runtime.KeepAlive(b)
	var id, failure C.uintptr_t
	status := C.cabi_builder_finish(C.uintptr_t(c.id), b.id, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	return newManifest(id), nil
}

// PushBuilt builds the manifest and pushes it with its content.
func (c *Call) PushBuilt(b *Builder, r *Repository, tags []string, o *Options) (*Manifest, error) {
	defer runtime.KeepAlive(b)
	defer runtime.KeepAlive(r)
	var s cStrings
	var list cList
	defer list.free()
	names, count := list.c(&s, tags)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_builder_push(c.on(r), b.id, r.id, names, count, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	return newManifest(id), nil
}
