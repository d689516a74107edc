package cabi

import (
	"context"
	"net/http"
	"runtime/cgo"
	"sync"
)

// A Call is one call of the program, with everything that C does for it.
type Call struct {
	// Log receives log lines with the owner that Config.SetLog was given. It runs
	// inside C, so it must not be a function of the program.
	Log func(owner any, level int, text string)
	// Challenged is called after a challenge, before the request is sent again;
	// nonzero stops the call.
	Challenged func() int
	// Progress receives progress events, and Write the data of a pull; nonzero
	// stops the call.
	Progress func(*Progress) int
	Write    func(data []byte) int
	// WriteTo is Write for one of several outputs, those of a batch.
	WriteTo func(output int, data []byte) int
	// Filter decides whether content is included; a nonzero stop stops the call.
	Filter func(*Candidate) (take bool, stop int)
	// Via holds the requests sent along redirects, for the redirect callback.
	Via []*http.Request

	id cgo.Handle
	// functions are those of the clients.
	functions []*functionSet
	// failure is the error with which a function of the program stopped the
	// call.
	failure   error
	callbacks chan callback

	lock sync.Mutex
	// cancel is nil if there is none, or if the call is over.
	cancel *Cancel
	// over is closed by Trigger; nil if the call cannot be triggered.
	over      chan struct{}
	triggered bool
}

// A Candidate is content that a call may include.
type Candidate struct {
	Parent, Item     Descriptor
	IsReferrer, Take bool
}

// A callback is a function of the program that C waits for.
type callback struct {
	run    func() int
	result chan int
}

// stopped is the result of a callback that did not return.
const stopped = -1

// NewCall begins a call that ends with the context, and with Trigger if
// triggers is true. Close must be called in the end.
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
	call.id = newGoHandle(call)
	return call, nil
}

// Close frees what the call holds. None of it may be in use by C.
func (c *Call) Close() {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.cancel != nil {
		c.cancel.release()
		c.cancel = nil
	}
	if c.id != 0 {
		deleteGoHandle(c.id)
		c.id = 0
	}
}

// Fail records the error with which a function of the program stops the call.
func (c *Call) Fail(err error) { c.failure = err }

// Failure returns the error recorded by Fail.
func (c *Call) Failure() error { return c.failure }

// Forget drops the functions, for a call of which only a body is left to read.
func (c *Call) Forget() { c.Log, c.Challenged, c.Via, c.functions = nil, nil, nil, nil }

// Trigger ends the call: what runs in C now, and what would run later. It does
// nothing after Close.
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

// Triggered returns a channel that Trigger closes; nil if the call cannot be
// triggered.
func (c *Call) Triggered() <-chan struct{} { return c.over }

// Enter is like the function Enter, and fails after Trigger.
func (c *Call) Enter(ctx context.Context) error { return limiter.enter(ctx, c.over) }

// Run runs f, which calls C, after Enter. If callbacks is true, f runs on
// another goroutine, and functions of the program that C calls run on this one.
// If one of them panics or calls runtime.Goexit, this goroutine continues to
// unwind once f has returned.
func (c *Call) Run(callbacks bool, f func()) {
	if !callbacks {
		f()
		return
	}
	c.callbacks = make(chan callback)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	c.serve(done)
}

func (c *Call) serve(done <-chan struct{}) {
	var current callback
	returned := true
	defer func() {
		if returned {
			return
		}
		limiter.addCallingBack(-1)
		// The callback did not return. C must stop and return before this
		// goroutine unwinds further.
		c.Trigger()
		current.result <- stopped
		for {
			select {
			case other := <-c.callbacks:
				other.result <- stopped
			case <-done:
				return
			}
		}
	}()
	for {
		select {
		case current = <-c.callbacks:
			limiter.addCallingBack(1)
			returned = false
			result := current.run()
			returned = true
			limiter.addCallingBack(-1)
			current.result <- result
		case <-done:
			return
		}
	}
}

// callBack runs a function of the program on the goroutine of the call, and
// waits for it.
func (c *Call) callBack(run func() int) int {
	if c == nil || c.callbacks == nil {
		return stopped
	}
	current := callback{run, make(chan int, 1)}
	c.callbacks <- current
	return <-current.result
}

func callOf(id uintptr) *Call {
	if id == 0 {
		return nil
	}
	call, _ := cgo.Handle(id).Value().(*Call)
	return call
}
