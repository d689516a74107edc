package cabi

// #include "content.h"
import "C"

// A Reference is a copy of a reggie_reference. Tag and Digest may be empty.
type Reference struct {
	Registry, Address, Name, Tag, Digest, Target, Text string
}

// ParseReference parses a reference. An empty default registry rejects strings
// without a registry.
func ParseReference(text, defaultRegistry string) (*Reference, error) {
	var s cStrings
	var id, failure C.uintptr_t
	status := C.cabi_reference_parse(s.c(text), s.c(defaultRegistry), &id, &failure)
	created(id)
	if id != 0 {
		defer freed()
		defer C.cabi_reference_free(id)
	}
	if err := s.error(status, failure); err != nil {
		return nil, err
	}
	return &Reference{
		Registry: C.GoString(C.cabi_reference_registry(id)),
		Address:  C.GoString(C.cabi_reference_address(id)),
		Name:     C.GoString(C.cabi_reference_name(id)),
		Tag:      C.GoString(C.cabi_reference_tag(id)),
		Digest:   C.GoString(C.cabi_reference_digest(id)),
		Target:   C.GoString(C.cabi_reference_target(id)),
		Text:     C.GoString(C.cabi_reference_string(id)),
	}, nil
}

// HostPlatform returns the platform of this machine.
func HostPlatform() string { return C.GoString(C.reggie_platform_host()) }
