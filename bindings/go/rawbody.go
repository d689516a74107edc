package reggie

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"

	"libreggie/reggie/internal/cabi"
)

// rawBody is a body that the program reads. It is freed by Close, at its end, or
// when nothing refers to it any more.
type rawBody struct {
	ctx  context.Context
	held *heldBody

	cleanup runtime.Cleanup
}

var errBodyClosed = errors.New("the body is closed")

type heldBody struct {
	lock sync.Mutex
	open *cabi.Response
	call *cabi.Call
	// How reading ended.
	err error
}

func newRawBody(open *cabi.Response, call *cabi.Call, ctx context.Context) *rawBody {
	call.Forget()
	held := &heldBody{open: open, call: call}
	body := &rawBody{ctx: ctx, held: held}
	body.cleanup = runtime.AddCleanup(body, func(held *heldBody) { held.close() }, held)
	return body
}

func (b *rawBody) Read(buffer []byte) (int, error) {
	n, err := b.held.read(b.ctx, buffer)
	runtime.KeepAlive(b)
	return n, err
}

// Close ends the connection where the body was not read to its end. A Read that
// is under way ends at once.
func (b *rawBody) Close() error {
	b.held.close()
	b.cleanup.Stop()
	return nil
}

func (h *heldBody) read(ctx context.Context, buffer []byte) (int, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.err != nil || len(buffer) == 0 {
		return 0, h.err
	}
	if err := h.call.Enter(ctx); err != nil {
		failed := ended(err)
		h.release(failed)
		return 0, failed
	}
	n, failed := h.open.Read(buffer)
	cabi.Leave()
	switch {
	case failed == nil || failed == io.EOF:
	case ctx.Err() != nil:
		failed = failure(failed, context.Cause(ctx))
	default:
		failed = failure(failed, nil)
	}
	if failed != nil {
		h.release(failed)
	}
	return n, failed
}

func (h *heldBody) close() {
	if !h.lock.TryLock() {
		h.call.Trigger()
		h.lock.Lock()
	}
	defer h.lock.Unlock()
	h.release(errBodyClosed)
}

func (h *heldBody) release(why error) {
	if h.err != nil {
		return
	}
	h.err = why
	h.open.Free()
	h.call.Close()
}
