package reggie

import (
	"context"
	"io"
	"runtime"

	"libreggie/reggie/internal/cabi"
)

// A source supplies a reader of the program to the library. The reader runs on a
// goroutine of its own, so that a Read that blocks does not block the call. It
// implements [cabi.Reader].
type source struct {
	from io.Reader
	// start is the initial offset; -1 if the reader cannot seek.
	start int64
	ctx   context.Context
	call  *cabi.Call

	// steps holds what the goroutine has to do next; each step has one result.
	steps   chan step
	results chan piece
	buffer  []byte
	// unread is the rest of the last piece.
	unread []byte
	// last is the last result.
	last piece
}

type step int

const (
	stepRead step = iota
	stepRewind
)

// A piece is the result of a step.
type piece struct {
	data []byte
	err  error
	// panicked is what the reader panicked with; exited is true if it called
	// runtime.Goexit.
	panicked any
	exited   bool
}

func newSource(ctx context.Context, from io.Reader) *source {
	s := &source{
		from:    from,
		start:   -1,
		ctx:     ctx,
		steps:   make(chan step),
		results: make(chan piece, 1),
		buffer:  make([]byte, streamPiece),
	}
	if seeker, ok := from.(io.Seeker); ok {
		if at, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			s.start = at
		}
	}
	go s.serve()
	return s
}

// close ends the goroutine. If a Read blocks, it ends when that returns.
func (s *source) close() { close(s.steps) }

// serve takes the steps.
func (s *source) serve() {
	var result piece
	returned := true
	defer func() {
		if !returned {
			panicked := recover()
			s.results <- piece{err: io.ErrUnexpectedEOF, panicked: panicked, exited: panicked == nil}
		}
	}()
	for next := range s.steps {
		returned = false
		if next == stepRewind {
			_, err := s.from.(io.Seeker).Seek(s.start, io.SeekStart)
			result = piece{err: err}
		} else {
			result = s.next()
		}
		returned = true
		s.results <- result
	}
}

// maxEmptyReads is how often in a row a reader may return nothing.
const maxEmptyReads = 100

func (s *source) next() piece {
	for range maxEmptyReads {
		n, err := s.from.Read(s.buffer)
		if n > 0 || err != nil {
			return piece{data: s.buffer[:n], err: err}
		}
	}
	return piece{err: io.ErrNoProgress}
}

// take lets the goroutine take a step, and waits for the result or the end of the
// call.
func (s *source) take(next step) piece {
	if s.last.err != nil && s.last.err != io.EOF {
		// The reader has failed, or the goroutine has ended.
		return s.last
	}
	select {
	case s.steps <- next:
	case <-s.ctx.Done():
		return piece{err: context.Cause(s.ctx)}
	case <-s.call.Triggered():
		return piece{err: context.Canceled}
	}
	select {
	case result := <-s.results:
		s.last = result
		if result.err != nil && result.err != io.EOF {
			s.call.Fail(result.err)
		}
		return result
	case <-s.ctx.Done():
		return piece{err: context.Cause(s.ctx)}
	case <-s.call.Triggered():
		return piece{err: context.Canceled}
	}
}

// Read reads from the program's reader.
func (s *source) Read(buffer []byte) (int, error) {
	if len(s.unread) == 0 {
		if s.last.err == io.EOF {
			return 0, io.EOF
		}
		result := s.take(stepRead)
		if len(result.data) == 0 {
			return 0, result.err
		}
		s.unread = result.data
	}
	n := copy(buffer, s.unread)
	s.unread = s.unread[n:]
	return n, nil
}

// Rewind seeks to the initial offset of the program's reader.
func (s *source) Rewind() error {
	s.unread = nil
	return s.take(stepRewind).err
}

// unwind panics or exits if the program's reader did.
func (s *source) unwind() {
	if s.last.panicked != nil {
		panic(s.last.panicked)
	}
	if s.last.exited {
		runtime.Goexit()
	}
}
