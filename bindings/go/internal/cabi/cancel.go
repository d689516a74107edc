package cabi

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// A Cancel ends the calls that it was given to.
type Cancel struct {
	lock sync.Mutex
	// 0 = freed.
	id C.uintptr_t
	// Ends the watch on a context; false if it has begun to trigger.
	stop    func() bool
	cleanup runtime.Cleanup
}

// idle keeps handles that were not triggered: making one takes system calls.
var idle sync.Pool

func newCancel() (*Cancel, error) {
	if kept, ok := idle.Get().(*Cancel); ok {
		return kept, nil
	}
	var id, failure C.uintptr_t
	if err := takeError(C.cabi_cancel_new(&id, &failure), failure); err != nil {
		return nil, err
	}
	made(id)
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

// release ends the use of the handle.
func (c *Cancel) release() {
	quiet := c.stop == nil || c.stop()
	c.lock.Lock()
	defer c.lock.Unlock()
	c.stop = nil
	if quiet && C.cabi_cancel_is_triggered(c.id) == 0 {
		idle.Put(c)
		return
	}
	// The watch may trigger it still: that must not reach another call.
	c.cleanup.Stop()
	freeCancel(c.id)
	c.id = 0
}

func freeCancel(id C.uintptr_t) {
	C.cabi_cancel_free(id)
	freed()
}
