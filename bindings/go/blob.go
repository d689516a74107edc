package reggie

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"

	"libreggie/reggie/internal/cabi"
)

// A Blob is open for reading. It implements [io.ReadCloser] and [io.ReaderAt]. All of
// its methods are safe for concurrent use, but Read has a single offset.
//
// It can be read for days: tokens and signed URLs are renewed when they have expired.
// Its context applies to all reads. Close frees its connections.
type Blob struct {
	resources *blobResources
	cleanup   runtime.Cleanup
}

var errBlobClosed = errors.New("the blob is closed")

// blobResources does not refer to its Blob, so that a cleanup can free it.
type blobResources struct {
	client   *Client
	settings *callOptions
	ctx      context.Context
	// cancel ends ctx.
	cancel context.CancelCauseFunc
	size   int64

	// life is locked for reading while low is in use.
	life   sync.RWMutex
	low    *cabi.Blob
	closed bool

	reading sync.Mutex
	// call is that of Read.
	call *contentCall
}

// OpenBlob opens a blob for reading. It requests the size of the blob if that is
// unknown; otherwise it sends nothing. The context also applies to the reads.
func (r *Repository) OpenBlob(ctx context.Context, blob Descriptor, opts ...CallOption) (*Blob, error) {
	settings := newCallOptions(opts)
	life, cancel := context.WithCancelCause(ctx)
	resources := &blobResources{
		client:   r.client,
		settings: settings,
		ctx:      life,
		cancel:   cancel,
		call:     newContentCall(life, settings, r.client),
	}
	opened := false
	defer func() {
		if !opened {
			resources.close()
		}
	}()
	err := r.run(resources.call, func(call lowCall) (err error) {
		resources.low, err = call.OpenBlob(call.on, toLow(blob), call.options)
		return err
	})
	if err != nil {
		return nil, err
	}
	resources.size = resources.low.Size()
	opened = true
	handle := &Blob{resources: resources}
	handle.cleanup = runtime.AddCleanup(handle, (*blobResources).close, resources)
	return handle, nil
}

// Size returns the size in bytes, or [UnknownSize] if the registry did not report it.
func (b *Blob) Size() int64 { return b.resources.size }

// Read reads the next bytes. If the digest or the size of the blob does not match,
// the read that would return the last bytes fails instead. After a failure, all
// further reads fail.
func (b *Blob) Read(buffer []byte) (int, error) {
	defer runtime.KeepAlive(b)
	return b.resources.read(buffer)
}

// ReadAt reads at an offset. Each call uses a connection of its own, and nothing is
// cached. A part of a blob cannot be verified: for that, the content must contain
// digests of its own. If the registry does not support ranges, the error is
// [StatusRangeIgnored].
func (b *Blob) ReadAt(buffer []byte, offset int64) (int, error) {
	defer runtime.KeepAlive(b)
	return b.resources.readAt(b.resources.ctx, buffer, offset)
}

// ReadAtContext is ReadAt with a context of its own, in addition to that of the blob.
func (b *Blob) ReadAtContext(ctx context.Context, buffer []byte, offset int64) (int, error) {
	defer runtime.KeepAlive(b)
	both, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	life := b.resources.ctx
	stop := context.AfterFunc(life, func() { cancel(context.Cause(life)) })
	defer stop()
	return b.resources.readAt(both, buffer, offset)
}

// Close frees the resources of the blob. It interrupts concurrent reads.
func (b *Blob) Close() error {
	b.cleanup.Stop()
	b.resources.close()
	return nil
}

func (r *blobResources) read(buffer []byte) (int, error) {
	r.life.RLock()
	defer r.life.RUnlock()
	if r.closed {
		return 0, errBlobClosed
	}
	r.reading.Lock()
	defer r.reading.Unlock()
	var n int
	err := r.call.run(func() (err error) {
		n, err = r.low.Read(buffer)
		return err
	})
	return n, err
}

func (r *blobResources) readAt(ctx context.Context, buffer []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errors.New("the offset is negative")
	}
	r.life.RLock()
	defer r.life.RUnlock()
	if r.closed {
		return 0, errBlobClosed
	}
	call := newContentCall(ctx, r.settings, r.client)
	defer call.close()
	var n int
	err := call.run(func() (err error) {
		n, err = call.call.ReadBlobAt(r.low, buffer, offset, call.options)
		return err
	})
	if err == nil && n < len(buffer) {
		err = io.EOF
	}
	return n, err
}

// close ends reads, and frees what they use once they have returned.
func (r *blobResources) close() {
	r.cancel(errBlobClosed)
	r.life.Lock()
	defer r.life.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	if r.low != nil {
		r.low.Free()
	}
	r.call.close()
}
