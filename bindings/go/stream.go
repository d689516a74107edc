package reggie

import (
	"errors"
	"io"
	"os"
	"runtime"
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
	out  *os.File
	done chan struct{}

	err      error
	panicked any
	// It neither returned nor panicked: runtime.Goexit was called.
	exited bool
}

// startStream begins to read. The call is ended where the reader fails.
func startStream(from io.Reader, call *cabi.Call) (*stream, error) {
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
	s := &stream{from: from, out: out, done: make(chan struct{})}
	go s.run(from, in, call)
	return s, nil
}

func (s *stream) run(from io.Reader, in *os.File, call *cabi.Call) {
	returned := false
	defer close(s.done)
	defer func() {
		if !returned {
			s.panicked = recover()
			s.exited = s.panicked == nil
		}
		if s.failed() {
			// Before the pipe ends: its end would be the body's.
			call.Trigger()
			return
		}
		in.Close()
	}()
	s.err = copyTo(in, from)
	returned = true
}

func (s *stream) failed() bool { return s.err != nil || s.panicked != nil || s.exited }

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

// end ends the use of the pipe, and gives the reader's own failure. A panic of
// the reader goes on here, and so does a runtime.Goexit.
func (s *stream) end() error {
	s.out.Close()
	select {
	case <-s.done:
	default:
		// It may hang in Read, and ends with it.
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

// again makes a reader begin anew, once nothing reads it.
func (s *stream) again(from io.Reader, ended <-chan struct{}) error {
	seeker, ok := from.(io.Seeker)
	if !ok {
		return errors.New("the body has to be sent again, and its reader is no io.Seeker")
	}
	select {
	case <-s.done:
	case <-ended:
		return nil
	}
	_, err := seeker.Seek(0, io.SeekStart)
	return err
}
