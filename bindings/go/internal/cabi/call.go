package cabi

import (
	"context"
	"net/http"
	"runtime/cgo"
	"sync"
)

// A Call is one call of the program's, with all that C does for it.
type Call struct {
	// Log keeps a line of the log. It is no function of the program's.
	Log func(level int, text string)
	// Retry is called when a challenge was answered, before the request is
	// sent again; nonzero stops the call.
	Retry func() int
	// Via keeps what was sent along redirects, for the callback.
	Via []*http.Request

	id cgo.Handle
	// Those of the client that it is made with.
	functions []any
	// Why a function of the program's stopped the call.
	failure error
	asks    chan ask

	lock sync.Mutex
	// nil = there is none, or the call is over.
	cancel *Cancel
	// Closed by Trigger; nil where that was not asked for.
	over      chan struct{}
	triggered bool
}

// ask is a function of the program's that C waits for.
type ask struct {
	run    func() int
	result chan int
}

// stopped is what C is told of a function that did not return.
const stopped = -1

// NewCall begins a call that ends with the context, and by Trigger if that is
// asked for. End it by Close.
func NewCall(ctx context.Context, triggers bool) (*Call, error) {
	call := &Call{}
	if triggers || ctx.Done() != nil {
		cancel, err := newCancel()
		if err != nil {
			return nil, err
		}
		call.cancel = cancel
		if ctx.Done() != nil {
			cancel.follow(ctx)
		}
	}
	if triggers {
		call.over = make(chan struct{})
	}
	call.id = newID(call)
	return call, nil
}

// Close frees what the call holds, once nothing of it is in C.
func (c *Call) Close() {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.cancel != nil {
		c.cancel.release()
		c.cancel = nil
	}
	if c.id != 0 {
		deleteID(c.id)
		c.id = 0
	}
}

// Fail keeps why a function of the program's stops the call.
func (c *Call) Fail(err error) { c.failure = err }

// Failure is what Fail has kept.
func (c *Call) Failure() error { return c.failure }

// Forget drops the functions, where only a body is left to be read.
func (c *Call) Forget() { c.Log, c.Retry, c.Via, c.functions = nil, nil, nil, nil }

// Trigger ends the call now: what of it is in C, and what is going to be. After
// Close it does nothing.
func (c *Call) Trigger() {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.cancel == nil || c.triggered {
		return
	}
	c.triggered = true
	c.cancel.trigger()
	if c.over != nil {
		close(c.over)
	}
}

// Enter is as the function Enter, and ends by Trigger too.
func (c *Call) Enter(ctx context.Context) error { return all.enter(ctx, c.over) }

// Run runs f, which calls C, after Enter. With callbacks, f runs on another
// goroutine, and functions of the program that C calls run here. Where one of
// them panics or calls runtime.Goexit, that goes on when f has returned.
func (c *Call) Run(callbacks bool, f func()) {
	if !callbacks {
		f()
		return
	}
	c.asks = make(chan ask)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	c.serve(done)
}

func (c *Call) serve(done <-chan struct{}) {
	var asked ask
	returned := true
	defer func() {
		if returned {
			return
		}
		all.ask(-1)
		// It did not return: C is told to stop, and has to have returned
		// before this goroutine goes on to end.
		c.Trigger()
		asked.result <- stopped
		for {
			select {
			case more := <-c.asks:
				more.result <- stopped
			case <-done:
				return
			}
		}
	}()
	for {
		select {
		case asked = <-c.asks:
			all.ask(1)
			returned = false
			result := asked.run()
			returned = true
			all.ask(-1)
			asked.result <- result
		case <-done:
			return
		}
	}
}

// ask has a function of the program's run where it belongs, and waits for it.
func (c *Call) ask(run func() int) int {
	if c == nil || c.asks == nil {
		return stopped
	}
	asked := ask{run, make(chan int, 1)}
	c.asks <- asked
	return <-asked.result
}

func callOf(id uintptr) *Call {
	if id == 0 {
		return nil
	}
	call, _ := cgo.Handle(id).Value().(*Call)
	return call
}
