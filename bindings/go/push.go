package reggie

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"

	"libreggie/reggie/internal/cabi"
)

// PushBlob pushes the unread bytes of a reader as a blob. The size is their number,
// or [UnknownSize]. An empty digest means that it is computed; a given one is
// compared.
//
// If the blob already exists, nothing is sent; otherwise it is mounted if possible,
// as set by [WithMountFrom]. An [io.Seeker] may be read twice: once to compute the
// digest. Other readers are read once and sent in chunks; if more than the last
// chunk is lost in a connection failure, the error is [StatusUploadLost], unless
// there is a state directory: [WithStateFolder]. An [*os.File] keeps its offset. The
// reader may run on another goroutine.
func (r *Repository) PushBlob(ctx context.Context, from io.Reader, size int64, digest string, opts ...CallOption) (Descriptor, error) {
	switch reader := from.(type) {
	case *os.File:
		return r.descriptor(ctx, opts, func(call lowCall) (cabi.Descriptor, error) {
			return call.PushBlobFile(call.on, reader, lengthOf(size), digest, call.options)
		})
	case *bytes.Reader:
		return r.pushMemory(ctx, unreadPayload(reader, reader.Size(), int64(reader.Len())), size, digest, opts)
	case *strings.Reader:
		return r.pushMemory(ctx, unreadPayload(reader, reader.Size(), int64(reader.Len())), size, digest, opts)
	}
	return r.pushReader(ctx, from, size, digest, opts)
}

// lengthOf converts a size, or UnknownSize.
func lengthOf(size int64) uint64 {
	if size < 0 {
		return cabi.UnknownSize
	}
	return uint64(size)
}

func (r *Repository) pushMemory(ctx context.Context, unread *payload, size int64, digest string, opts []CallOption) (Descriptor, error) {
	length := lengthOf(size)
	if length == cabi.UnknownSize {
		length = unread.length
	}
	return r.descriptor(ctx, opts, func(call lowCall) (cabi.Descriptor, error) {
		return call.PushBlobReader(call.on, unread.memory, true, length, digest, call.options)
	})
}

func (r *Repository) pushReader(ctx context.Context, from io.Reader, size int64, digest string, opts []CallOption) (Descriptor, error) {
	source := newSource(ctx, from)
	defer source.close()
	pushed, err := r.descriptor(ctx, opts, func(call lowCall) (cabi.Descriptor, error) {
		source.call = call.Call
		return call.PushBlobReader(call.on, source, source.start >= 0, lengthOf(size), digest, call.options)
	})
	source.unwind()
	return pushed, err
}

// PushBlobFile pushes a regular file as a blob. An empty digest means that it is
// computed first, so that the file is read twice. Otherwise like
// [Repository.PushBlob].
func (r *Repository) PushBlobFile(ctx context.Context, path, digest string, opts ...CallOption) (Descriptor, error) {
	return r.descriptor(ctx, opts, func(call lowCall) (cabi.Descriptor, error) {
		return call.PushBlobPath(call.on, path, digest, call.options)
	})
}

// PushBlobBytes pushes bytes as a blob. They must not be changed during the call.
// Otherwise like [Repository.PushBlob].
func (r *Repository) PushBlobBytes(ctx context.Context, content []byte, digest string, opts ...CallOption) (Descriptor, error) {
	return r.descriptor(ctx, opts, func(call lowCall) (cabi.Descriptor, error) {
		return call.PushBlobBytes(call.on, content, digest, call.options)
	})
}

// MountBlob mounts a blob from another repository of the same registry: it is then in
// both, and none of it is sent. MountBlob returns false if the registry prefers that
// the blob is sent.
func (r *Repository) MountBlob(ctx context.Context, digest, from string, opts ...CallOption) (bool, error) {
	var mounted bool
	err := r.do(ctx, opts, func(call lowCall) (err error) {
		mounted, err = call.MountBlob(call.on, digest, from, call.options)
		return err
	})
	return mounted, err
}
