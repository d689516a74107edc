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

// streamPiece is how much is read at a time of a reader, and pipeRoom how much
// waits to be sent.
const (
	streamPiece = 256 << 10
	pipeRoom    = 1 << 20
)

// A stream reads ahead of a call: the program's reader on a goroutine of its
// own, into a pipe that the library sends from. So a Read that does not return
// holds nothing up but itself.
type stream struct {
	from io.Reader
	// Where the reader stood; -1 = it cannot begin again.
	start int64
	// What the library reads.
	out *os.File
	// Closed when the reader is not read any more, and how that ended is known.
	done chan struct{}

	lock sync.Mutex
	// Closed when nobody wants the stream any more.
	dropped chan struct{}
	isOver  bool

	err      error
	panicked any
	// It neither returned nor panicked: runtime.Goexit was called.
	exited bool
}

// startStream begins to read. The call is ended where the reader fails.
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
		// A smaller pipe does as well.
		_ = conn.Control(func(fd uintptr) {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETPIPE_SZ, pipeRoom)
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
			// The pipe's end would be the body's: the call ends before.
			s.trigger(call)
			<-s.dropped
		}
		in.Close()
	}()
	s.err = copyTo(in, s.from)
	returned = true
}

func (s *stream) failed() bool { return s.err != nil || s.panicked != nil || s.exited }

// trigger ends the call, if it is still the stream's.
func (s *stream) trigger(call *cabi.Call) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if !s.isOver {
		call.Trigger()
	}
}

// copyTo writes all that a reader has; that nobody reads it any more is no
// error.
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

// drop ends the use of the stream. A Read that hangs ends its goroutine when it
// returns.
func (s *stream) drop() {
	s.lock.Lock()
	defer s.lock.Unlock()
	if !s.isOver {
		s.isOver = true
		s.out.Close()
		close(s.dropped)
	}
}

// outcome gives the reader's own failure, if it is known by now. A panic of the
// reader goes on here, and so does a runtime.Goexit.
func (s *stream) outcome() error {
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

// rewind makes the reader begin anew, once nothing reads it. The library must
// not hold the pipe any more.
func (s *stream) rewind(ended <-chan struct{}) error {
	if s.start < 0 {
		return errors.New("the body has to be sent again, and its reader is no io.Seeker")
	}
	select {
	case <-s.done:
	case <-ended:
		return nil
	}
	if err := s.outcome(); err != nil {
		return err
	}
	_, err := s.from.(io.Seeker).Seek(s.start, io.SeekStart)
	return err
}

// reads tells whether a reader is the stream's. What cannot be compared is, so
// that nothing is sent from its middle.
func (s *stream) reads(from io.Reader) bool {
	ours, other := reflect.ValueOf(s.from), reflect.ValueOf(from)
	if ours.Type() != other.Type() {
		return false
	}
	return !ours.Comparable() || !other.Comparable() || s.from == from
}
