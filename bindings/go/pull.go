package reggie

import (
	"context"
	"io"
	"os"
)

// PullBlob pulls a blob and writes it to w. The data must not be trusted until
// PullBlob has returned nil; the last 64 KiB, or all of a shorter blob, are written
// only after they have been verified. An [*os.File] is written to at its current
// offset.
func (r *Repository) PullBlob(ctx context.Context, blob Descriptor, w io.Writer, opts ...CallOption) error {
	call := newContentCall(ctx, newCallOptions(opts), r.client)
	defer call.close()
	if file, ok := w.(*os.File); ok {
		return r.run(call, func(low lowCall) error {
			return low.PullBlobToFile(low.on, toLow(blob), file, low.options)
		})
	}
	call.write = func(data []byte) error {
		n, err := w.Write(data)
		if err == nil && n < len(data) {
			err = io.ErrShortWrite
		}
		return err
	}
	return r.run(call, func(low lowCall) error {
		return low.PullBlob(low.on, toLow(blob), low.options)
	})
}

// PullBlobFile pulls a blob to a file, which appears, or replaces an existing one,
// once it is complete and verified. An existing file is used as set by
// [WithExisting]. What an interrupted pull left is used as set by [WithResume].
func (r *Repository) PullBlobFile(ctx context.Context, blob Descriptor, path string, opts ...CallOption) error {
	return r.do(ctx, opts, func(call lowCall) error {
		return call.PullBlobToPath(call.on, toLow(blob), path, call.options)
	})
}

// PullBlobBytes pulls a blob of at most maxSize bytes into memory. A larger one is an
// error: [StatusBodyTooLarge].
func (r *Repository) PullBlobBytes(ctx context.Context, blob Descriptor, maxSize int, opts ...CallOption) ([]byte, error) {
	var content []byte
	err := r.do(ctx, opts, func(call lowCall) (err error) {
		content, err = call.PullBlobToMemory(call.on, toLow(blob), maxSize, call.options)
		return err
	})
	return content, err
}

// StatBlob checks whether a blob exists, and returns its size, or [UnknownSize] if
// the registry did not report it. If there is none, the error is [StatusNotFound].
func (r *Repository) StatBlob(ctx context.Context, digest string, opts ...CallOption) (int64, error) {
	var size int64
	err := r.do(ctx, opts, func(call lowCall) (err error) {
		size, err = call.StatBlob(call.on, digest, call.options)
		return err
	})
	return size, err
}

// DeleteBlob deletes a blob.
func (r *Repository) DeleteBlob(ctx context.Context, digest string, opts ...CallOption) error {
	return r.do(ctx, opts, func(call lowCall) error {
		return call.DeleteBlob(call.on, digest, call.options)
	})
}
