package reggie

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"

	"libreggie/reggie/internal/cabi"
)

// A rawBody is a body that the program reads. Its resources are freed by Close, at
// its end, or when it becomes unreachable.
type rawBody struct {
	ctx       context.Context
	resources *bodyResources

	cleanup runtime.Cleanup
}

var errBodyClosed = errors.New("the body is closed")

// bodyResources does not refer to its rawBody, so that a cleanup can free it.
type bodyResources struct {
	lock sync.Mutex
	open *cabi.Response
	call *cabi.Call
	// err is the result of further reads; nil before the end.
	err error
}

func newRawBody(ctx context.Context, open *cabi.Response, call *cabi.Call) *rawBody {
	call.Forget()
	resources := &bodyResources{open: open, call: call}
	body := &rawBody{ctx: ctx, resources: resources}
	body.cleanup = runtime.AddCleanup(body, (*bodyResources).close, resources)
	return body
}

func (b *rawBody) Read(buffer []byte) (int, error) {
	n, err := b.resources.read(b.ctx, buffer)
	runtime.KeepAlive(b)
	return n, err
}

// Close frees the resources, and closes the connection if the body was not read to
// its end. It interrupts a concurrent Read.
func (b *rawBody) Close() error {
	b.resources.close()
	b.cleanup.Stop()
	return nil
}

func (r *bodyResources) read(ctx context.Context, buffer []byte) (int, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.err != nil || len(buffer) == 0 {
		return 0, r.err
	}
	if err := r.call.Enter(ctx); err != nil {
		err = newEndedError(err)
		r.release(err)
		return 0, err
	}
	n, err := r.open.Read(buffer)
	cabi.Leave()
	switch {
	case err == nil || err == io.EOF:
	case ctx.Err() != nil:
		err = newContextError(ctx, err)
	default:
		err = newError(err, nil)
	}
	if err != nil {
		r.release(err)
	}
	return n, err
}

func (r *bodyResources) close() {
	if !r.lock.TryLock() {
		r.call.Trigger()
		r.lock.Lock()
	}
	defer r.lock.Unlock()
	r.release(errBodyClosed)
}

func (r *bodyResources) release(err error) {
	if r.err != nil {
		return
	}
	r.err = err
	r.open.Free()
	r.call.Close()
}
