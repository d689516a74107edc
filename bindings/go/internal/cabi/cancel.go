package cabi

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// A Cancel is a cancel handle, used by one call at a time.
type Cancel struct {
	lock sync.Mutex
	// id is 0 once the handle is freed.
	id C.uintptr_t
	// stop ends the watch on a context. It returns false if trigger has been
	// started.
	stop    func() bool
	cleanup runtime.Cleanup
}

// idle holds handles that were not triggered, for reuse: creating one takes
// system calls.
var idle sync.Pool

func newCancel() (*Cancel, error) {
	if reused, ok := idle.Get().(*Cancel); ok {
		return reused, nil
	}
	var id, failure C.uintptr_t
	if err := takeError(C.cabi_cancel_new(&id, &failure), failure); err != nil {
		return nil, err
	}
	created(id)
	cancel := &Cancel{id: id}
	cancel.cleanup = runtime.AddCleanup(cancel, freeCancel, id)
	return cancel, nil
}

func (c *Cancel) follow(ctx context.Context) {
	c.stop = context.AfterFunc(ctx, c.trigger)
}

func (c *Cancel) trigger() {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.id != 0 {
		C.cabi_cancel_trigger(c.id)
	}
}

// release ends the use of the handle by its call.
func (c *Cancel) release() {
	untriggered := c.stop == nil || c.stop()
	c.lock.Lock()
	defer c.lock.Unlock()
	c.stop = nil
	if untriggered && C.cabi_cancel_is_triggered(c.id) == 0 {
		idle.Put(c)
		return
	}
	// The watch may still trigger it, which must not reach another call.
	c.cleanup.Stop()
	freeCancel(c.id)
	c.id = 0
}

func freeCancel(id C.uintptr_t) {
	C.cabi_cancel_free(id)
	freed()
}
