package cabi

// #include "blobs.h"
import "C"

import (
	"io"
	"net/http"
	"os"
	"runtime"
	"syscall"
)

// PullBlobToPath pulls a blob to a file.
func (c *Call) PullBlobToPath(r *Repository, from Descriptor, path string, o *Options) error {
	defer runtime.KeepAlive(r)
	var s cStrings
	name := s.c(path)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	blob, err := newBlob(from)
	if err != nil {
		return err
	}
	defer blob.free()
	var failure C.uintptr_t
	return takeError(C.cabi_blob_pull_to_path(c.on(r), r.id, blob.id, name, o.id, &failure), failure)
}

// PullBlobToFile pulls a blob to an open file. The program may close the file
// during the call.
func (c *Call) PullBlobToFile(r *Repository, from Descriptor, file *os.File, o *Options) error {
	defer runtime.KeepAlive(r)
	fd, err := copyFD(file)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	blob, err := newBlob(from)
	if err != nil {
		return err
	}
	defer blob.free()
	var failure C.uintptr_t
	return takeError(C.cabi_blob_pull_to_fd(c.on(r), r.id, blob.id, C.int(fd), o.id, &failure), failure)
}

// PullBlob pulls a blob and passes it to the call's Write.
func (c *Call) PullBlob(r *Repository, from Descriptor, o *Options) error {
	defer runtime.KeepAlive(r)
	blob, err := newBlob(from)
	if err != nil {
		return err
	}
	defer blob.free()
	var failure C.uintptr_t
	return takeError(C.cabi_blob_pull_to_call(c.on(r), r.id, blob.id, o.id, &failure), failure)
}

// PullBlobToMemory pulls a blob of limited size into memory.
func (c *Call) PullBlobToMemory(r *Repository, from Descriptor, maxSize int, o *Options) ([]byte, error) {
	defer runtime.KeepAlive(r)
	blob, err := newBlob(from)
	if err != nil {
		return nil, err
	}
	defer blob.free()
	var bytes *C.uint8_t
	var size C.size_t
	var failure C.uintptr_t
	status := C.cabi_blob_pull_to_memory(
		c.on(r), r.id, blob.id, cSize(max(maxSize, 0)), o.id, &bytes, &size, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	defer C.reggie_bytes_free(bytes)
	return copyBytes(bytes, size), nil
}

// StatBlob returns the size of a blob; -1 if it is unknown.
func (c *Call) StatBlob(r *Repository, digest string, o *Options) (int64, error) {
	defer runtime.KeepAlive(r)
	var s cStrings
	name := s.c(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return 0, err
	}
	var size C.uint64_t
	var failure C.uintptr_t
	status := C.cabi_blob_stat(c.on(r), r.id, name, o.id, &size, &failure)
	if err := takeError(status, failure); err != nil {
		return 0, err
	}
	return int64(size), nil
}

// A Blob is open for reading. Free frees it.
type Blob struct {
	id   C.uintptr_t
	call *Call
}

// OpenBlob opens a blob for reading. The call must exist as long as the blob.
func (c *Call) OpenBlob(r *Repository, from Descriptor, o *Options) (*Blob, error) {
	defer runtime.KeepAlive(r)
	blob, err := newBlob(from)
	if err != nil {
		return nil, err
	}
	defer blob.free()
	var id, failure C.uintptr_t
	status := C.cabi_blob_open(c.on(r), r.id, blob.id, o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	return &Blob{id: id, call: c}, nil
}

// Size returns the size; -1 if it is unknown.
func (b *Blob) Size() int64 { return int64(C.cabi_blob_size(b.id)) }

// Read reads the next bytes, up to io.EOF. It is not safe for concurrent use.
func (b *Blob) Read(buffer []byte) (int, error) {
	if len(buffer) == 0 {
		return 0, nil
	}
	var got C.size_t
	var failure C.uintptr_t
	bytes, size := cBytes(buffer)
	status := C.cabi_blob_read(C.uintptr_t(b.call.id), b.id, bytes, size, &got, &failure)
	if err := takeError(status, failure); err != nil {
		return 0, err
	}
	if got == 0 {
		return 0, io.EOF
	}
	return int(got), nil
}

// ReadBlobAt reads at an offset, with options of this call. It returns less than the
// size of the buffer only at the end of the blob. It is safe for concurrent use.
func (c *Call) ReadBlobAt(b *Blob, buffer []byte, offset int64, o *Options) (int, error) {
	c.functions = b.call.functions
	var got C.size_t
	var failure C.uintptr_t
	bytes, size := cBytes(buffer)
	status := C.cabi_blob_pread(
		C.uintptr_t(c.id), b.id, bytes, size, C.uint64_t(offset), o.id, &got, &failure)
	return int(got), takeError(status, failure)
}

// Free frees the blob, which must not be in use by C.
func (b *Blob) Free() {
	C.cabi_blob_free(b.id)
	b.id = 0
	freed()
}

// A Location is safe for concurrent use. It is freed when it becomes unreachable.
type Location struct {
	id C.uintptr_t
	// batch owns it; nil if it is on its own.
	batch *Batch
}

// LocateBlob returns the location of a blob.
func (c *Call) LocateBlob(r *Repository, from Descriptor, follow bool, o *Options) (*Location, error) {
	defer runtime.KeepAlive(r)
	blob, err := newBlob(from)
	if err != nil {
		return nil, err
	}
	defer blob.free()
	var id, failure C.uintptr_t
	status := C.cabi_blob_locate(c.on(r), r.id, blob.id, cBool(follow), o.id, &id, &failure)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	location := &Location{id: id}
	runtime.AddCleanup(location, func(id C.uintptr_t) {
		C.cabi_location_free(id)
		freed()
	}, id)
	return location, nil
}

// URL returns the URL.
func (l *Location) URL() string {
	defer runtime.KeepAlive(l)
	return C.GoString(C.cabi_location_url(l.id))
}

// Header copies the header fields.
func (l *Location) Header() http.Header {
	defer runtime.KeepAlive(l)
	header := http.Header{}
	for _, field := range copyHeaders(C.cabi_location_headers(l.id)) {
		header.Add(field[0], field[1])
	}
	return header
}

// Expires returns the Unix time at which the location expires; -1 if unknown.
func (l *Location) Expires() int64 {
	defer runtime.KeepAlive(l)
	return int64(C.cabi_location_expires(l.id))
}

// Refused reports that the location was rejected with an HTTP status. It does nothing
// if its batch was freed before its end.
func (l *Location) Refused(status int) {
	defer runtime.KeepAlive(l)
	if l.batch != nil {
		l.batch.lock.Lock()
		defer l.batch.lock.Unlock()
		if l.batch.id == 0 {
			return
		}
	}
	C.cabi_location_refused(l.id, C.int(status))
}
