package reggie

import (
	"errors"
	"io"
	"os"
	"reflect"
	"runtime"
	"sync"
	"syscall"

	"libreggie/reggie/internal/cabi"
)

const (
	// streamPiece is the size of a read from a reader.
	streamPiece = 256 << 10
	// pipeSize is the size of the pipe to the library.
	pipeSize = 1 << 20
)

// A stream copies a reader of the program, on its own goroutine, to a pipe from
// which the library sends. A Read that blocks therefore does not block the call.
type stream struct {
	from io.Reader
	// start is the initial offset; -1 if the reader cannot seek.
	start int64
	// out is the end of the pipe that the library reads.
	out *os.File
	// done is closed when the reader is no longer used and the fields at the
	// end are set.
	done chan struct{}

	lock sync.Mutex
	// dropped is closed when the stream is no longer needed.
	dropped   chan struct{}
	isDropped bool

	err      error
	panicked any
	// exited is true if the reader called runtime.Goexit.
	exited bool
}

// startStream begins to copy. It ends the call if the reader fails.
func startStream(from io.Reader, call *cabi.Call) (*stream, error) {
	s := &stream{
		from:    from,
		start:   -1,
		done:    make(chan struct{}),
		dropped: make(chan struct{}),
	}
	if seeker, ok := from.(io.Seeker); ok {
		if at, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			s.start = at
		}
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	if conn, err := in.SyscallConn(); err == nil {
		// If this fails, the default size is used.
		_ = conn.Control(func(fd uintptr) {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETPIPE_SZ, pipeSize)
		})
	}
	s.out = out
	go s.run(in, call)
	return s, nil
}

func (s *stream) run(in *os.File, call *cabi.Call) {
	returned := false
	defer func() {
		if !returned {
			s.panicked = recover()
			s.exited = s.panicked == nil
		}
		close(s.done)
		if s.failed() {
			// Closing the pipe would end the body: end the call first.
			s.trigger(call)
			<-s.dropped
		}
		in.Close()
	}()
	s.err = copyTo(in, s.from)
	returned = true
}

func (s *stream) failed() bool { return s.err != nil || s.panicked != nil || s.exited }

// trigger ends the call, unless the stream was dropped.
func (s *stream) trigger(call *cabi.Call) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if !s.isDropped {
		call.Trigger()
	}
}

// copyTo copies a reader to a pipe. It is no error if the other end of the pipe is
// closed.
func copyTo(in *os.File, from io.Reader) error {
	buffer := make([]byte, streamPiece)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := in.Write(buffer[:n]); err != nil {
				return nil
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// drop ends the use of the stream. If a Read blocks, the goroutine ends when it
// returns.
func (s *stream) drop() {
	s.lock.Lock()
	defer s.lock.Unlock()
	if !s.isDropped {
		s.isDropped = true
		s.out.Close()
		close(s.dropped)
	}
}

// result returns the error of the reader, if it has failed by now. If the reader
// panicked or called runtime.Goexit, so does result.
func (s *stream) result() error {
	select {
	case <-s.done:
	default:
		return nil
	}
	if s.panicked != nil {
		panic(s.panicked)
	}
	if s.exited {
		runtime.Goexit()
	}
	return s.err
}

// rewind seeks to the start of the reader when it is no longer used. The library
// must not use the pipe any more.
func (s *stream) rewind(canceled <-chan struct{}) error {
	if s.start < 0 {
		return errors.New("the body must be sent again, but its reader is not an io.Seeker")
	}
	select {
	case <-s.done:
	case <-canceled:
		return nil
	}
	if err := s.result(); err != nil {
		return err
	}
	_, err := s.from.(io.Seeker).Seek(s.start, io.SeekStart)
	return err
}

// reads reports whether the stream reads from a reader. If readers of its type
// cannot be compared it returns true, so that nothing is sent from the middle.
func (s *stream) reads(from io.Reader) bool {
	own, other := reflect.ValueOf(s.from), reflect.ValueOf(from)
	if own.Type() != other.Type() {
		return false
	}
	return !own.Comparable() || !other.Comparable() || s.from == from
}
