package reggie

import (
	"context"
	"slices"

	"libreggie/reggie/internal/cabi"
)

// A contentCall is a call on repositories, or the calls on a handle that it has
// opened. It ends with its context. It is not safe for concurrent use.
type contentCall struct {
	ctx context.Context
	// clients are those of the repositories.
	clients  []*Client
	settings *callOptions
	// write receives the data of a pull.
	write func([]byte) error
	// alwaysCallsBack: more functions of the program may be added.
	alwaysCallsBack bool

	// What follows is released by close.
	call     *cabi.Call
	options  *cabi.Options
	logLines []logLine
}

// newContentCall creates a call. Clients may be nil, as those of layouts are.
func newContentCall(ctx context.Context, settings *callOptions, clients ...*Client) *contentCall {
	used := slices.DeleteFunc(clients, func(c *Client) bool { return c == nil })
	return &contentCall{ctx: ctx, clients: used, settings: settings}
}

// run calls C by a function.
func (c *contentCall) run(f func() error) error {
	err := c.inside(f)
	c.flushLog()
	return err
}

// flushLog writes the log lines of the library. No C code may be running.
func (c *contentCall) flushLog() {
	lines := c.logLines
	c.logLines = nil
	for _, line := range lines {
		line.write()
	}
}

func (c *contentCall) inside(f func() error) error {
	// First, so that goroutines that wait here hold no resources.
	if err := cabi.Enter(c.ctx); err != nil {
		return newEndedError(err)
	}
	defer cabi.Leave()
	if err := c.prepare(); err != nil {
		return newError(err, nil)
	}
	c.call.Fail(nil)
	var failed error
	c.call.Run(c.hasCallbacks(), func() { failed = f() })
	return c.callError(failed)
}

// hasCallbacks reports whether C calls functions of the program.
func (c *contentCall) hasCallbacks() bool {
	return c.alwaysCallsBack || c.write != nil || c.settings.hasCallbacks() ||
		slices.ContainsFunc(c.clients, (*Client).hasCallbacks)
}

// prepare creates what C needs, unless that exists.
func (c *contentCall) prepare() error {
	if c.options != nil {
		return nil
	}
	var err error
	if c.call, err = cabi.NewCall(c.ctx, c.hasCallbacks()); err != nil {
		return err
	}
	c.call.Log = func(client any, level int, text string) {
		c.logLines = append(c.logLines, logLine{client.(*Client), level, text})
	}
	c.call.Write = func(data []byte) int { return c.result(c.write(data)) }
	c.call.Progress = func(event *cabi.Progress) int {
		return c.result(c.settings.progress(newProgress(event)))
	}
	c.call.Filter = func(candidate *cabi.Candidate) (bool, int) {
		take, err := c.settings.filter(newCandidate(candidate))
		return take, c.result(err)
	}
	if c.options, err = c.call.NewOptions(); err != nil {
		return err
	}
	if c.settings.progress != nil {
		if err := c.options.SetProgress(c.settings.progressInterval); err != nil {
			return err
		}
	}
	if c.settings.filter != nil {
		if err := c.options.SetFilter(); err != nil {
			return err
		}
	}
	for _, set := range c.settings.setters {
		if err := set(c.options); err != nil {
			return err
		}
	}
	return nil
}

// result is that of a callback: an error of a function of the program stops the
// call.
func (c *contentCall) result(err error) int {
	if err != nil {
		c.call.Fail(err)
		return 1
	}
	return 0
}

// callError returns the error of a failed call. Errors of functions of the program
// have precedence.
func (c *contentCall) callError(failed error) error {
	if failed == nil {
		return nil
	}
	if cause := c.call.Failure(); cause != nil {
		return newCallbackError(failed, cause)
	}
	if c.ctx.Err() != nil {
		return newContextError(c.ctx, failed)
	}
	return newError(failed, nil)
}

// close frees what the call holds, which C must not use any more.
func (c *contentCall) close() {
	if c.options != nil {
		c.options.Free()
		c.options = nil
	}
	if c.call != nil {
		c.call.Close()
		c.call = nil
	}
}
