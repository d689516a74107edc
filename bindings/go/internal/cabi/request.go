package cabi

// #include "shim.h"
import "C"

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// UnknownSize is the length of a body that is sent until its end.
const UnknownSize = ^uint64(0)

// A Request is used by one goroutine at a time, and freed by Free.
type Request struct {
	id C.uintptr_t
	// A copy of the descriptor that C reads, as the program may close its own;
	// 0 = none.
	copied int
}

// NewRequest makes a request for a client's registry.
func NewRequest(client *Client, method, path string) (*Request, error) {
	var t texts
	var id, failure C.uintptr_t
	status := C.cabi_request_new(client.id, t.c(method), t.c(path), &id, &failure)
	runtime.KeepAlive(client)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	made(id)
	request := &Request{id: id}
	if err := t.status(C.REGGIE_OK); err != nil {
		request.Free()
		return nil, err
	}
	return request, nil
}

// Free frees the request. No call of it is in C.
func (r *Request) Free() {
	C.cabi_request_free(r.id)
	r.id = 0
	freed()
	r.closeCopy()
}

// SetMethod sets another method.
func (r *Request) SetMethod(method string) error {
	var t texts
	return t.status(C.cabi_request_set_method(r.id, t.c(method)))
}

// SetPath sets another path, or a whole URL.
func (r *Request) SetPath(path string) error {
	var t texts
	return t.status(C.cabi_request_set_path(r.id, t.c(path)))
}

// AddHeader adds a header.
func (r *Request) AddHeader(name, value string) error {
	var t texts
	return t.status(C.cabi_headers_add(C.cabi_request_headers(r.id), t.c(name), t.c(value)))
}

// RemoveHeaders removes all headers.
func (r *Request) RemoveHeaders() {
	headers := C.cabi_request_headers(r.id)
	for C.cabi_headers_count(headers) > 0 {
		// The name is the request's own: a copy, as it goes with the header.
		var t texts
		name := C.GoString(C.cabi_headers_name(headers, 0))
		if C.cabi_headers_remove(headers, t.c(name)) != C.REGGIE_OK {
			return
		}
	}
}

// SetFollowChallenge says whether a challenge is answered.
func (r *Request) SetFollowChallenge(follow bool) error {
	return statusError(C.cabi_request_set_follow_challenge(r.id, truth(follow)))
}

// SetTimeout bounds the call as a whole; 0 = no limit.
func (r *Request) SetTimeout(timeout time.Duration) error {
	return statusError(C.cabi_request_set_timeout(r.id, milliseconds(timeout)))
}

// RemoveBody sends none.
func (r *Request) RemoveBody() error {
	status := C.cabi_request_remove_body(r.id)
	r.closeCopy()
	return statusError(status)
}

// A Reader supplies a body from memory. It is no function of the program's:
// C waits for it.
type Reader interface {
	Read(buffer []byte) (int, error)
	// Rewind begins again with the first byte.
	Rewind() error
}

// SetBodyReader sends what a reader supplies.
func (r *Request) SetBodyReader(reader Reader, length uint64) error {
	id := newID(reader)
	status := C.cabi_request_set_body_reader(r.id, C.uintptr_t(id), C.uint64_t(length))
	r.closeCopy()
	return statusError(status)
}

// SetBodyFile sends what a file has from where it stands. The program may close
// the file: what is sent stays the same.
func (r *Request) SetBodyFile(file *os.File, length uint64) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	copied, failed := 0, syscall.Errno(0)
	err = conn.Control(func(fd uintptr) {
		var made uintptr
		made, _, failed = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC, 3)
		copied = int(made)
	})
	if err != nil {
		return err
	}
	if failed != 0 {
		return os.NewSyscallError("fcntl", failed)
	}
	var failure C.uintptr_t
	status := C.cabi_request_set_body_fd(r.id, C.int(copied), C.uint64_t(length), &failure)
	// C has let go of the one before.
	r.closeCopy()
	r.copied = copied
	return takeError(status, failure)
}

// closeCopy closes the copy of a descriptor. C reads it no more.
func (r *Request) closeCopy() {
	if r.copied > 0 {
		_ = syscall.Close(r.copied)
	}
	r.copied = 0
}

// SetRetry has the call's Retry called.
func (r *Request) SetRetry() error {
	return statusError(C.cabi_request_set_retry_callback(r.id))
}

// Open sends the request and returns when the header of the answer is here.
func (c *Call) Open(client *Client, request *Request) (*Response, error) {
	if c.cancel != nil {
		if err := statusError(C.cabi_request_set_cancel(request.id, c.cancel.id)); err != nil {
			return nil, err
		}
	}
	c.functions = client.functions
	var id, failure C.uintptr_t
	status := C.cabi_open(C.uintptr_t(c.id), client.id, request.id, &id, &failure)
	runtime.KeepAlive(client)
	runtime.KeepAlive(request)
	if err := takeError(status, failure); err != nil {
		return nil, err
	}
	made(id)
	return &Response{id: id, call: c}, nil
}

func truth(value bool) C.int {
	if value {
		return 1
	}
	return 0
}

// milliseconds rounds up: a short time is not no time.
func milliseconds(time_ time.Duration) C.int64_t {
	return C.int64_t((time_ + time.Millisecond - 1) / time.Millisecond)
}
