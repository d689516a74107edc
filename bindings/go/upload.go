package reggie

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"libreggie/reggie/internal/cabi"
)

// An Upload is a blob that is pushed while it is being produced; its digest is not
// known in advance. It implements [io.WriteCloser]. What was written becomes a blob
// by Commit. Its context applies to all of its methods. Only one goroutine at a time
// may use it, except that Close may be called at any time.
type Upload struct {
	resources *uploadResources
	cleanup   runtime.Cleanup
}

var errUploadClosed = errors.New("the upload is closed")

// uploadResources does not refer to its Upload, so that a cleanup can free it.
type uploadResources struct {
	// cancel ends the context of the call.
	cancel context.CancelCauseFunc
	call   *contentCall

	lock   sync.Mutex
	low    *cabi.Upload
	closed bool
}

// BeginUpload begins an upload. The context also applies to the methods of the
// upload.
func (r *Repository) BeginUpload(ctx context.Context, opts ...CallOption) (*Upload, error) {
	return r.upload(ctx, opts, func(call lowCall) (*cabi.Upload, error) {
		return call.BeginUpload(call.on, call.options)
	})
}

// ImportUpload resumes an upload that was exported by [Upload.Export], in this process
// or another. Write continues at [Upload.Offset], which may be before what had been
// written at the time of the export. If the registry no longer knows the upload, the
// error is [StatusUploadLost].
func (r *Repository) ImportUpload(ctx context.Context, exported string, opts ...CallOption) (*Upload, error) {
	return r.upload(ctx, opts, func(call lowCall) (*cabi.Upload, error) {
		return call.ImportUpload(call.on, exported, call.options)
	})
}

func (r *Repository) upload(ctx context.Context, opts []CallOption, begin func(lowCall) (*cabi.Upload, error)) (*Upload, error) {
	life, cancel := context.WithCancelCause(ctx)
	resources := &uploadResources{
		cancel: cancel,
		call:   newContentCall(life, newCallOptions(opts), r.client),
	}
	begun := false
	defer func() {
		if !begun {
			resources.close()
		}
	}()
	err := r.run(resources.call, func(call lowCall) (err error) {
		resources.low, err = begin(call)
		return err
	})
	if err != nil {
		return nil, err
	}
	begun = true
	upload := &Upload{resources: resources}
	upload.cleanup = runtime.AddCleanup(upload, (*uploadResources).close, resources)
	return upload, nil
}

// Write appends bytes. They are collected in a chunk, and a full chunk is sent before
// Write returns. If the registry does not support chunks, everything is written to a
// file in the directory of [WithStateFolder] until Commit. After a failure, the
// program may continue with the bytes that were not written.
func (u *Upload) Write(content []byte) (int, error) {
	defer runtime.KeepAlive(u)
	written := 0
	err := u.resources.use(func(low *cabi.Upload) error {
		before := low.Offset()
		err := low.Write(content)
		written = int(low.Offset() - before)
		return err
	})
	return written, err
}

// Offset returns the offset of the next byte to write; 0 after Close.
func (u *Upload) Offset() int64 {
	defer runtime.KeepAlive(u)
	u.resources.lock.Lock()
	defer u.resources.lock.Unlock()
	if u.resources.closed {
		return 0
	}
	return u.resources.low.Offset()
}

// Commit makes a blob of what was written. An empty digest means the computed one; a
// given one is compared first. The upload has then ended. After a failure, Commit may
// be repeated unless the error says otherwise.
func (u *Upload) Commit(digest string) (Descriptor, error) {
	defer runtime.KeepAlive(u)
	var committed cabi.Descriptor
	err := u.resources.use(func(low *cabi.Upload) (err error) {
		committed, err = low.Commit(digest)
		return err
	})
	return Descriptor(committed), err
}

// Abort ends the upload and tells the registry to discard it. If the request fails, or
// the context is done, the registry discards it by itself after some time.
func (u *Upload) Abort() error {
	defer runtime.KeepAlive(u)
	return u.resources.use((*cabi.Upload).Abort)
}

// Export returns a string from which [Repository.ImportUpload] resumes the upload. It
// does not include data that is still in memory. Nothing is sent, and the upload may
// continue. The string is a secret: whoever has it can write to the upload.
func (u *Upload) Export() (string, error) {
	defer runtime.KeepAlive(u)
	var exported string
	err := u.resources.use(func(low *cabi.Upload) (err error) {
		exported, err = low.Export()
		return err
	})
	return exported, err
}

// Close frees the resources of the upload. It interrupts a concurrent method. An
// upload that was neither committed nor aborted stays at the registry, for
// [Repository.ImportUpload].
func (u *Upload) Close() error {
	u.cleanup.Stop()
	u.resources.close()
	return nil
}

func (r *uploadResources) use(f func(*cabi.Upload) error) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.closed {
		return errUploadClosed
	}
	return r.call.run(func() error { return f(r.low) })
}

func (r *uploadResources) close() {
	r.cancel(errUploadClosed)
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	if r.low != nil {
		r.low.Free()
	}
	r.call.close()
}
