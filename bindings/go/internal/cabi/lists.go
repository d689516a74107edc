package cabi

// #include "content.h"
import "C"

import "runtime"

// Names is a list of names. It is not safe for concurrent use. Free frees it.
type Names struct {
	id   C.uintptr_t
	call *Call
}

// OpenTags lists the tags after a tag, or all if it is empty. The call must exist as
// long as the list.
func (c *Call) OpenTags(r *Repository, after string, o *Options) (*Names, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	last := s.optional(after)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	c.on(r)
	var id, failure C.uintptr_t
	status := C.cabi_tags_open(r.id, last, o.id, &id, &failure)
	return c.newNames(status, id, failure)
}

// OpenCatalog lists the repositories after a name, or all if it is empty. The call
// must exist as long as the list.
func (c *Call) OpenCatalog(client *Client, after string, o *Options) (*Names, error) {
	defer runtime.KeepAlive(client)
	var s cStrings
	last := s.optional(after)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	c.use(client.functions)
	var id, failure C.uintptr_t
	status := C.cabi_catalog_open(client.id, last, o.id, &id, &failure)
	return c.newNames(status, id, failure)
}

func (c *Call) newNames(status C.reggie_status, id, failure C.uintptr_t) (*Names, error) {
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	return &Names{id: id, call: c}, nil
}

// Next returns the next name, or false at the end of the list.
func (n *Names) Next() (string, bool, error) {
	var name *C.char
	var failure C.uintptr_t
	status := C.cabi_names_next(C.uintptr_t(n.call.id), n.id, &name, &failure)
	if err := takeError(status, failure); err != nil {
		return "", false, err
	}
	return C.GoString(name), name != nil, nil
}

// LeftOut returns how many invalid names were left out so far.
func (n *Names) LeftOut() int { return int(C.cabi_names_left_out(n.id)) }

// Free frees the list, which must not be in use by C.
func (n *Names) Free() {
	C.cabi_names_free(n.id)
	n.id = 0
	freed()
}

// Referrers is a list of referrers. It is not safe for concurrent use. Free frees
// it.
type Referrers struct {
	id   C.uintptr_t
	call *Call
}

// OpenReferrers lists the referrers of a digest, of one artifact type or all if it is
// empty. The call must exist as long as the list.
func (c *Call) OpenReferrers(r *Repository, digest, artifactType string, o *Options) (*Referrers, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	subject, only := s.c(digest), s.optional(artifactType)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	c.on(r)
	var id, failure C.uintptr_t
	status := C.cabi_referrers_open(r.id, subject, only, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	return &Referrers{id: id, call: c}, nil
}

// Next returns the next referrer, or nil at the end of the list.
func (l *Referrers) Next() (*Descriptor, error) {
	var id, failure C.uintptr_t
	status := C.cabi_referrers_next(C.uintptr_t(l.call.id), l.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	return copyOptional(id), nil
}

// Free frees the list, which must not be in use by C.
func (l *Referrers) Free() {
	C.cabi_referrers_free(l.id)
	l.id = 0
	freed()
}
