package cabi

// #include "content.h"
import "C"

import "runtime"

// A Manifest is safe for concurrent use. It is freed when it becomes unreachable.
type Manifest struct {
	id      C.uintptr_t
	cleanup runtime.Cleanup
}

func newManifest(id C.uintptr_t) *Manifest {
	created(id)
	manifest := &Manifest{id: id}
	manifest.cleanup = runtime.AddCleanup(manifest, freeManifest, id)
	return manifest
}

func freeManifest(id C.uintptr_t) {
	C.cabi_manifest_free(id)
	freed()
}

// free frees the manifest before it becomes unreachable.
func (m *Manifest) free() {
	m.cleanup.Stop()
	freeManifest(m.id)
	m.id = 0
}

// ParseManifest creates a manifest from bytes. An empty media type means the one
// that the bytes state.
func ParseManifest(content []byte, mediaType string) (*Manifest, error) {
	var s cStrings
	var id, failure C.uintptr_t
	bytes, size := cBytes(content)
	status := C.cabi_manifest_parse(bytes, size, s.optional(mediaType), &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	manifest := newManifest(id)
	return manifest, s.status(C.REGGIE_OK)
}

// Bytes copies the bytes.
func (m *Manifest) Bytes() []byte {
	defer runtime.KeepAlive(m)
	return copyBytes(C.cabi_manifest_bytes(m.id), C.cabi_manifest_size(m.id))
}

// Descriptor returns the descriptor of the manifest itself.
func (m *Manifest) Descriptor() Descriptor {
	defer runtime.KeepAlive(m)
	return copyDescriptor(C.cabi_manifest_descriptor(m.id))
}

// IsIndex reports whether it is an index or a Docker manifest list.
func (m *Manifest) IsIndex() bool {
	defer runtime.KeepAlive(m)
	return C.cabi_manifest_is_index(m.id) != 0
}

// ArtifactType returns the artifactType, or else the media type of the config.
func (m *Manifest) ArtifactType() string {
	defer runtime.KeepAlive(m)
	return C.GoString(C.cabi_manifest_artifact_type(m.id))
}

// Config returns nil if there is none.
func (m *Manifest) Config() *Descriptor {
	defer runtime.KeepAlive(m)
	return copyOptional(C.cabi_manifest_config(m.id))
}

// Subject returns nil if there is none.
func (m *Manifest) Subject() *Descriptor {
	defer runtime.KeepAlive(m)
	return copyOptional(C.cabi_manifest_subject(m.id))
}

// Select returns nil if nothing matches. An empty platform means that of this
// machine.
func (m *Manifest) Select(platform string) *Descriptor {
	defer runtime.KeepAlive(m)
	var s cStrings
	found := C.cabi_manifest_select(m.id, s.optional(platform))
	if s.hasNUL {
		return nil
	}
	return copyOptional(found)
}

// Layers returns the layers, lowest first.
func (m *Manifest) Layers() []Descriptor {
	defer runtime.KeepAlive(m)
	layers := make([]Descriptor, C.cabi_manifest_layers_count(m.id))
	for i := range layers {
		layers[i] = copyDescriptor(C.cabi_manifest_layer(m.id, C.size_t(i)))
	}
	return layers
}

// Entries returns the manifests of an index.
func (m *Manifest) Entries() []Descriptor {
	defer runtime.KeepAlive(m)
	entries := make([]Descriptor, C.cabi_manifest_entries_count(m.id))
	for i := range entries {
		entries[i] = copyDescriptor(C.cabi_manifest_entry(m.id, C.size_t(i)))
	}
	return entries
}

// Annotations returns the annotations of the manifest itself.
func (m *Manifest) Annotations() map[string]string {
	defer runtime.KeepAlive(m)
	count := C.cabi_manifest_annotations_count(m.id)
	annotations := make(map[string]string, count)
	for i := range count {
		name := C.cabi_manifest_annotation_name(m.id, i)
		annotations[C.GoString(name)] = C.GoString(C.cabi_manifest_annotation(m.id, name))
	}
	return annotations
}
