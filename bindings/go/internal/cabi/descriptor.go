package cabi

// #include "content.h"
import "C"

import (
	"encoding/json"
	"unsafe"
)

// Media types.
const (
	OCIManifest    = C.REGGIE_OCI_MANIFEST
	OCIIndex       = C.REGGIE_OCI_INDEX
	DockerManifest = C.REGGIE_DOCKER_MANIFEST
	DockerList     = C.REGGIE_DOCKER_LIST
	EmptyType      = C.REGGIE_EMPTY
	OctetsType     = C.REGGIE_OCTETS
	TitleName      = C.REGGIE_TITLE
)

// A Descriptor is a copy of a reggie_descriptor.
type Descriptor struct {
	MediaType string
	Digest    string
	// Size is -1 if it is unknown.
	Size         int64
	ArtifactType string
	Platform     string
	Data         []byte
	URLs         []string
	Annotations  map[string]string
}

// copyDescriptor copies a reggie_descriptor, which must not be NULL.
func copyDescriptor(id C.uintptr_t) Descriptor {
	copied := Descriptor{
		MediaType:    C.GoString(C.cabi_descriptor_media_type(id)),
		Digest:       C.GoString(C.cabi_descriptor_digest(id)),
		Size:         int64(C.cabi_descriptor_size(id)),
		ArtifactType: C.GoString(C.cabi_descriptor_artifact_type(id)),
		Platform:     C.GoString(C.cabi_descriptor_platform(id)),
	}
	if data := C.cabi_descriptor_data(id); data != nil {
		copied.Data = copyBytes(data, C.size_t(copied.Size))
	}
	for i := range C.cabi_descriptor_urls_count(id) {
		copied.URLs = append(copied.URLs, C.GoString(C.cabi_descriptor_url(id, i)))
	}
	if count := C.cabi_descriptor_annotations_count(id); count > 0 {
		copied.Annotations = make(map[string]string, count)
		for i := range count {
			name := C.cabi_descriptor_annotation_name(id, i)
			copied.Annotations[C.GoString(name)] = C.GoString(C.cabi_descriptor_annotation(id, name))
		}
	}
	return copied
}

// copyOptional is copyDescriptor; it returns nil for NULL.
func copyOptional(id C.uintptr_t) *Descriptor {
	if id == 0 {
		return nil
	}
	copied := copyDescriptor(id)
	return &copied
}

// takeDescriptor copies a reggie_descriptor and frees it.
func takeDescriptor(id C.uintptr_t) Descriptor {
	created(id)
	defer freed()
	defer C.cabi_descriptor_free(id)
	return copyDescriptor(id)
}

// copyBytes is C.GoBytes without its limit of 2 GiB.
func copyBytes(from *C.uint8_t, size C.size_t) []byte {
	copied := make([]byte, size)
	copy(copied, unsafe.Slice((*byte)(from), size))
	return copied
}

// A blob is a descriptor in C for a pull. free frees it.
type blob struct {
	id   C.uintptr_t
	free func()
}

// newBlob converts what matters to a pull.
func newBlob(from Descriptor) (*blob, error) {
	if from.Data != nil {
		return newBlobWithData(from)
	}
	size := C.uint64_t(UnknownSize)
	if from.Size >= 0 {
		size = C.uint64_t(from.Size)
	}
	var s cStrings
	var id, failure C.uintptr_t
	status := C.cabi_descriptor_new(s.c(from.Digest), size,
		s.optional(from.MediaType), &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	made := &blob{id, func() {
		C.cabi_descriptor_free(id)
		freed()
	}}
	if title := from.Annotations[TitleName]; title != "" {
		status = C.cabi_descriptor_set_annotation(id, s.c(TitleName), s.c(title))
	}
	if err := s.status(status); err != nil {
		made.free()
		return nil, err
	}
	return made, nil
}

// newBlobWithData is newBlob for a descriptor with data. C has no setter for it, and
// checks it against the digest when it parses a manifest.
func newBlobWithData(from Descriptor) (*blob, error) {
	mediaType := from.MediaType
	if mediaType == "" {
		mediaType = OctetsType
	}
	config := map[string]any{
		"mediaType": mediaType, "digest": from.Digest, "size": from.Size, "data": from.Data,
	}
	if title := from.Annotations[TitleName]; title != "" {
		config["annotations"] = map[string]string{TitleName: title}
	}
	content, err := json.Marshal(map[string]any{"schemaVersion": 2, "config": config, "layers": []any{}})
	if err != nil {
		return nil, err
	}
	manifest, err := ParseManifest(content, OCIManifest)
	if err != nil {
		return nil, err
	}
	return &blob{C.cabi_manifest_config(manifest.id), manifest.free}, nil
}
