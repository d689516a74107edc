package cabi

// #include "blobs.h"
import "C"

import (
	"os"
	"runtime"
	"syscall"
)

// Digests may be empty: then they are computed.

// PushBlobPath pushes a file.
func (c *Call) PushBlobPath(r *Repository, path, digest string, o *Options) (Descriptor, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	name, expected := s.c(path), s.optional(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return Descriptor{}, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_blob_push_path(c.on(r), r.id, name, expected, o.id, &id, &failure)
	return pushed(status, id, failure)
}

// PushBlobFile pushes an open file from its current offset. The program may close
// the file during the call.
func (c *Call) PushBlobFile(r *Repository, file *os.File, length uint64, digest string, o *Options) (Descriptor, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	expected := s.optional(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return Descriptor{}, err
	}
	fd, err := copyFD(file)
	if err != nil {
		return Descriptor{}, err
	}
	defer syscall.Close(fd)
	var id, failure C.uintptr_t
	status := C.cabi_blob_push_fd(
		c.on(r), r.id, C.int(fd), C.uint64_t(length), expected, o.id, &id, &failure)
	return pushed(status, id, failure)
}

// PushBlobBytes pushes bytes, which must not change during the call.
func (c *Call) PushBlobBytes(r *Repository, content []byte, digest string, o *Options) (Descriptor, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	expected := s.optional(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return Descriptor{}, err
	}
	var id, failure C.uintptr_t
	bytes, size := cBytes(content)
	status := C.cabi_blob_push_memory(c.on(r), r.id, bytes, size, expected, o.id, &id, &failure)
	return pushed(status, id, failure)
}

// PushBlobReader pushes what a reader supplies. If rewinds is false, Rewind is not
// called.
func (c *Call) PushBlobReader(
	r *Repository, reader Reader, rewinds bool, length uint64, digest string, o *Options,
) (Descriptor, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	expected := s.optional(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return Descriptor{}, err
	}
	number := newGoHandle(reader)
	defer deleteGoHandle(number)
	var id, failure C.uintptr_t
	status := C.cabi_blob_push_reader(c.on(r), r.id, C.uintptr_t(number), cBool(rewinds),
		C.uint64_t(length), expected, o.id, &id, &failure)
	return pushed(status, id, failure)
}

func pushed(status C.reggie_status, id, failure C.uintptr_t) (Descriptor, error) {
	if err := takeError(status, failure); err != nil {
		return Descriptor{}, err
	}
	return takeDescriptor(id), nil
}

// MountBlob mounts a blob of another repository.
func (c *Call) MountBlob(r *Repository, digest, from string, o *Options) (bool, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	name, other := s.c(digest), s.c(from)
	if err := s.status(C.REGGIE_OK); err != nil {
		return false, err
	}
	var mounted C.int
	var failure C.uintptr_t
	status := C.cabi_blob_mount(c.on(r), r.id, name, other, o.id, &mounted, &failure)
	return mounted != 0, takeError(status, failure)
}

// An Upload is not safe for concurrent use. Free frees it.
type Upload struct {
	id   C.uintptr_t
	call *Call
}

// BeginUpload begins an upload. The call must exist as long as the upload.
func (c *Call) BeginUpload(r *Repository, o *Options) (*Upload, error) {
	defer runtime.KeepAlive(r)
	var id, failure C.uintptr_t
	status := C.cabi_upload_begin(c.on(r), r.id, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	return &Upload{id: id, call: c}, nil
}

// ImportUpload resumes an exported upload. The call must exist as long as the
// upload.
func (c *Call) ImportUpload(r *Repository, text string, o *Options) (*Upload, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	exported := s.c(text)
	if err := s.status(C.REGGIE_OK); err != nil {
		return nil, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_upload_import(c.on(r), r.id, exported, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	return &Upload{id: id, call: c}, nil
}

// Write appends bytes.
func (u *Upload) Write(content []byte) error {
	var failure C.uintptr_t
	bytes, size := cBytes(content)
	return takeError(
		C.cabi_upload_write(C.uintptr_t(u.call.id), u.id, bytes, size, &failure), failure)
}

// Offset returns the offset of the next byte.
func (u *Upload) Offset() int64 { return int64(C.cabi_upload_offset(u.id)) }

// Commit ends the upload.
func (u *Upload) Commit(digest string) (Descriptor, error) {
	var s cStrings
	expected := s.optional(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return Descriptor{}, err
	}
	var id, failure C.uintptr_t
	status := C.cabi_upload_commit(C.uintptr_t(u.call.id), u.id, expected, 0, &id, &failure)
	return pushed(status, id, failure)
}

// Abort discards the upload.
func (u *Upload) Abort() error {
	var failure C.uintptr_t
	return takeError(C.cabi_upload_abort(C.uintptr_t(u.call.id), u.id, &failure), failure)
}

// Export returns a string for ImportUpload.
func (u *Upload) Export() (string, error) {
	var text *C.char
	var failure C.uintptr_t
	if err := takeError(C.cabi_upload_export(u.id, &text, &failure), failure); err != nil {
		return "", err
	}
	defer C.reggie_string_free(text)
	return C.GoString(text), nil
}

// Free frees the upload, which must not be in use by C. It stays at the registry
// unless it was committed or aborted.
func (u *Upload) Free() {
	C.cabi_upload_free(u.id)
	u.id = 0
	freed()
}
