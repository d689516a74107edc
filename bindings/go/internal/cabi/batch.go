package cabi

// #include "artifacts.h"
// #include "blobs.h"
import "C"

import (
	"os"
	"runtime"
	"sync"
	"syscall"
)

// A Batch is a set of items that run concurrently, numbered from 0. It is not safe for
// concurrent use. End frees it.
type Batch struct {
	call *Call
	// files are closed when no item can use them any more.
	files []int
	// isLent: a Location of the batch may exist.
	isLent bool

	// lock is locked while a Location uses id, or it changes.
	lock sync.Mutex
	// id is 0 once the batch is freed.
	id C.uintptr_t
}

// NewBatch creates a batch. The call must exist as long as the batch.
func (c *Call) NewBatch(o *Options, keepGoing bool) (*Batch, error) {
	var id, failure C.uintptr_t
	if err := takeError(C.cabi_batch_new(o.id, &id, &failure), failure); err != nil {
		return nil, err
	}
	created(id)
	batch := &Batch{call: c, id: id}
	if err := statusError(C.cabi_batch_set_keep_going(id, cBool(keepGoing))); err != nil {
		batch.Free()
		return nil, err
	}
	return batch, nil
}

// Free frees the batch and what it holds, after it has cancelled the work.
func (b *Batch) Free() {
	b.lock.Lock()
	defer b.lock.Unlock()
	C.cabi_batch_free(C.uintptr_t(b.call.id), b.id)
	freed()
	b.id = 0
	b.closeFiles()
}

// End frees the batch when no Location uses it any more. All items must have ended.
func (b *Batch) End() {
	if !b.isLent {
		b.Free()
		return
	}
	b.closeFiles()
	runtime.AddCleanup(b, func(id C.uintptr_t) {
		C.cabi_batch_free(0, id)
		freed()
	}, b.id)
}

func (b *Batch) closeFiles() {
	for _, fd := range b.files {
		syscall.Close(fd)
	}
	b.files = nil
}

// Run runs the items that have not ended.
func (b *Batch) Run() error {
	var failure C.uintptr_t
	return takeError(C.cabi_batch_run(C.uintptr_t(b.call.id), b.id, &failure), failure)
}

// Step waits until something is to be done, and does it. It returns whether there is
// work left.
func (b *Batch) Step() (bool, error) {
	var running C.int
	var failure C.uintptr_t
	status := C.cabi_batch_step(C.uintptr_t(b.call.id), b.id, &running, &failure)
	return running != 0, takeError(status, failure)
}

// IsDone reports whether an item has ended.
func (b *Batch) IsDone(index int) bool {
	return C.cabi_batch_is_done(b.id, C.size_t(index)) != 0
}

// Failure returns why an item has failed, or nil.
func (b *Batch) Failure(index int) *Error {
	id := C.cabi_batch_error(b.id, C.size_t(index))
	if id == 0 {
		return nil
	}
	return copyError(id)
}

// Item returns what an item pulled, pushed or copied, or nil.
func (b *Batch) Item(index int) *Descriptor {
	return copyOptional(C.cabi_batch_item(b.id, C.size_t(index)))
}

// Manifest returns the manifest that an item pulled, or nil.
func (b *Batch) Manifest(index int) (*Manifest, error) {
	id := C.cabi_batch_manifest(b.id, C.size_t(index))
	if id == 0 {
		return nil, nil
	}
	content := copyBytes(C.cabi_manifest_bytes(id), C.cabi_manifest_size(id))
	mediaType := C.GoString(C.cabi_descriptor_media_type(C.cabi_manifest_descriptor(id)))
	return ParseManifest(content, mediaType)
}

// Location returns the location that an item found, or nil.
func (b *Batch) Location(index int) *Location {
	id := C.cabi_batch_location(b.id, C.size_t(index))
	if id == 0 {
		return nil
	}
	b.isLent = true
	return &Location{id: id, batch: b}
}

// The other methods add items.

// addBlob calls add, which adds an item about a blob of a repository.
func (b *Batch) addBlob(r *Repository, from Descriptor, add func(blob C.uintptr_t) C.reggie_status) error {
	defer runtime.KeepAlive(r)
	blob, err := newBlob(from)
	if err != nil {
		return err
	}
	defer blob.free()
	b.call.use(r.functions)
	return statusError(add(blob.id))
}

// PullToPath pulls a blob to a file.
func (b *Batch) PullToPath(r *Repository, from Descriptor, path string) error {
	var s cStrings
	name := s.c(path)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	return b.addBlob(r, from, func(blob C.uintptr_t) C.reggie_status {
		return C.cabi_batch_pull_to_path(b.id, r.id, blob, name)
	})
}

// PullToFile pulls a blob to an open file, which the program may close.
func (b *Batch) PullToFile(r *Repository, from Descriptor, file *os.File) error {
	fd, err := copyFD(file)
	if err != nil {
		return err
	}
	b.files = append(b.files, fd)
	return b.addBlob(r, from, func(blob C.uintptr_t) C.reggie_status {
		return C.cabi_batch_pull_to_fd(b.id, r.id, blob, C.int(fd))
	})
}

// Pull pulls a blob and passes it to the call's WriteTo, with the number of an output.
func (b *Batch) Pull(r *Repository, from Descriptor, output int) error {
	return b.addBlob(r, from, func(blob C.uintptr_t) C.reggie_status {
		return C.cabi_batch_pull_to_call(b.id, r.id, blob, C.uintptr_t(output))
	})
}

// PushPath pushes a file.
func (b *Batch) PushPath(r *Repository, path, digest string) error {
	defer runtime.KeepAlive(r)
	var s cStrings
	name, expected := s.c(path), s.optional(digest)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	b.call.use(r.functions)
	return statusError(C.cabi_batch_push_path(b.id, r.id, name, expected))
}

// Copy copies a manifest with everything that it refers to.
func (b *Batch) Copy(from *Repository, reference string, to *Repository, tags []string) error {
	defer runtime.KeepAlive(from)
	defer runtime.KeepAlive(to)
	var s cStrings
	var list cList
	defer list.free()
	name := s.optional(reference)
	names, count := list.c(&s, tags)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	b.call.use(from.functions)
	b.call.use(to.functions)
	return statusError(C.cabi_batch_copy(b.id, from.id, name, to.id, names, count))
}

// Resolve pulls the manifest for a platform; nil means that of this machine, and an
// empty one the manifest itself.
func (b *Batch) Resolve(r *Repository, reference string, platform *string) error {
	defer runtime.KeepAlive(r)
	var s cStrings
	name, chosen := s.optional(reference), s.pointer(platform)
	if err := s.status(C.REGGIE_OK); err != nil {
		return err
	}
	b.call.use(r.functions)
	return statusError(C.cabi_batch_resolve(b.id, r.id, name, chosen))
}

// Locate finds the location of a blob.
func (b *Batch) Locate(r *Repository, from Descriptor, follow bool) error {
	return b.addBlob(r, from, func(blob C.uintptr_t) C.reggie_status {
		return C.cabi_batch_locate(b.id, r.id, blob, cBool(follow))
	})
}
