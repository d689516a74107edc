package cabi

// #include "shim.h"
import "C"

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// UnknownSize is the length of a body whose size is not known.
const UnknownSize = ^uint64(0)

// A Request is not safe for concurrent use. Free frees it.
type Request struct {
	id C.uintptr_t
	// bodyFD is a copy of the descriptor that C reads the body from, because the
	// program may close its own; 0 if there is none.
	bodyFD int
}

// NewRequest creates a request to the client's registry.
func NewRequest(client *Client, method, path string) (*Request, error) {
	var s cStrings
	var id, failure C.uintptr_t
	status := C.cabi_request_new(client.id, s.c(method), s.c(path), &id, &failure)
	runtime.KeepAlive(client)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	request := &Request{id: id}
	if err := s.status(C.REGGIE_OK); err != nil {
		request.Free()
		return nil, err
	}
	return request, nil
}

// Free frees the request, which must not be in use by C.
func (r *Request) Free() {
	C.cabi_request_free(r.id)
	r.id = 0
	freed()
	r.closeBodyFD()
}

// SetMethod replaces the method.
func (r *Request) SetMethod(method string) error {
	var s cStrings
	return s.status(C.cabi_request_set_method(r.id, s.c(method)))
}

// SetPath replaces the path; a whole URL is allowed.
func (r *Request) SetPath(path string) error {
	var s cStrings
	return s.status(C.cabi_request_set_path(r.id, s.c(path)))
}

// AddHeader adds a header field.
func (r *Request) AddHeader(name, value string) error {
	var s cStrings
	return s.status(C.cabi_headers_add(C.cabi_request_headers(r.id), s.c(name), s.c(value)))
}

// RemoveHeaders removes all header fields.
func (r *Request) RemoveHeaders() {
	headers := C.cabi_request_headers(r.id)
	for C.cabi_headers_count(headers) > 0 {
		// The name is borrowed from the header that is removed: copy it.
		var s cStrings
		name := C.GoString(C.cabi_headers_name(headers, 0))
		if C.cabi_headers_remove(headers, s.c(name)) != C.REGGIE_OK {
			return
		}
	}
}

// SetFollowChallenge sets whether the request is sent again, with
// authorization, after a challenge.
func (r *Request) SetFollowChallenge(follow bool) error {
	return statusError(C.cabi_request_set_follow_challenge(r.id, cBool(follow)))
}

// SetTimeout limits the time of the whole call; 0 means no limit.
func (r *Request) SetTimeout(timeout time.Duration) error {
	return statusError(C.cabi_request_set_timeout(r.id, milliseconds(timeout)))
}

// RemoveBody removes the body.
func (r *Request) RemoveBody() error {
	status := C.cabi_request_remove_body(r.id)
	r.closeBodyFD()
	return statusError(status)
}

// A Reader supplies a body from memory. It runs inside C, so it must not be
// implemented by the program.
type Reader interface {
	Read(buffer []byte) (int, error)
	// Rewind continues with the first byte.
	Rewind() error
}

// SetBodyReader sends the bytes that a reader supplies.
func (r *Request) SetBodyReader(reader Reader, length uint64) error {
	id := newGoHandle(reader)
	status := C.cabi_request_set_body_reader(r.id, C.uintptr_t(id), C.uint64_t(length))
	r.closeBodyFD()
	return statusError(status)
}

// SetBodyFile sends a file from its current offset. The program may close the
// file during the call.
func (r *Request) SetBodyFile(file *os.File, length uint64) error {
	fd, err := copyFD(file)
	if err != nil {
		return err
	}
	var failure C.uintptr_t
	status := C.cabi_request_set_body_fd(r.id, C.int(fd), C.uint64_t(length), &failure)
	// C no longer uses the previous one.
	r.closeBodyFD()
	r.bodyFD = fd
	return takeError(status, failure)
}

// copyFD copies the descriptor of a file, for use by C while the program may close
// its own.
func copyFD(file *os.File) (int, error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	fd, failed := 0, syscall.Errno(0)
	err = conn.Control(func(original uintptr) {
		var copied uintptr
		copied, _, failed = syscall.Syscall(syscall.SYS_FCNTL, original, syscall.F_DUPFD_CLOEXEC, 3)
		fd = int(copied)
	})
	if err != nil {
		return 0, err
	}
	if failed != 0 {
		return 0, os.NewSyscallError("fcntl", failed)
	}
	return fd, nil
}

// closeBodyFD closes the copied descriptor, which C must not use any more.
func (r *Request) closeBodyFD() {
	if r.bodyFD > 0 {
		_ = syscall.Close(r.bodyFD)
	}
	r.bodyFD = 0
}

// SetChallengeCallback makes C call the call's Challenged.
func (r *Request) SetChallengeCallback() error {
	return statusError(C.cabi_request_set_challenge_callback(r.id))
}

// Open sends the request and returns when it has the response, without its body.
func (c *Call) Open(client *Client, request *Request) (*Response, error) {
	if c.cancel != nil {
		if err := statusError(C.cabi_request_set_cancel(request.id, c.cancel.id)); err != nil {
			return nil, err
		}
	}
	c.use(client.functions)
	var id, failure C.uintptr_t
	status := C.cabi_open(C.uintptr_t(c.id), client.id, request.id, &id, &failure)
	runtime.KeepAlive(client)
	runtime.KeepAlive(request)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	created(id)
	return &Response{id: id, call: c}, nil
}
