package cabi

// #include "shim.h"
import "C"

import (
	"io"
	"time"
)

// A Response is not safe for concurrent use. Free frees it.
type Response struct {
	id   C.uintptr_t
	call *Call
}

// A Head is everything of a response except the body.
type Head struct {
	Status  int
	Version string
	// Headers holds pairs of name and value, in the order of the response.
	Headers [][2]string
	// Length is the Content-Length, or UnknownSize.
	Length           uint64
	RelativeLocation string
	AbsoluteLocation string
	NextPage         string
	URL              string
	RemoteAddress    string
	Reused           bool
	Resolve          time.Duration
	Connect          time.Duration
	TLS              time.Duration
	FirstByte        time.Duration
}

// Head copies the head of the response.
func (r *Response) Head() *Head {
	elapsed := func(which C.int) time.Duration {
		return time.Duration(C.cabi_response_time(r.id, which)) * time.Microsecond
	}
	return &Head{
		Status:           int(C.cabi_response_status(r.id)),
		Version:          C.GoString(C.cabi_response_http_version(r.id)),
		Headers:          copyHeaders(C.cabi_response_headers(r.id)),
		Length:           uint64(C.cabi_response_content_length(r.id)),
		RelativeLocation: C.GoString(C.cabi_response_relative_location(r.id)),
		AbsoluteLocation: C.GoString(C.cabi_response_absolute_location(r.id)),
		NextPage:         C.GoString(C.cabi_response_next_page(r.id)),
		URL:              C.GoString(C.cabi_response_url(r.id)),
		RemoteAddress:    C.GoString(C.cabi_response_remote_address(r.id)),
		Reused:           C.cabi_response_is_reused(r.id) != 0,
		Resolve:          elapsed(C.REGGIE_TIME_RESOLVE),
		Connect:          elapsed(C.REGGIE_TIME_CONNECT),
		TLS:              elapsed(C.REGGIE_TIME_TLS),
		FirstByte:        elapsed(C.REGGIE_TIME_FIRST_BYTE),
	}
}

// Read reads from the body, up to io.EOF.
func (r *Response) Read(buffer []byte) (int, error) {
	if len(buffer) == 0 {
		return 0, nil
	}
	var got C.size_t
	var failure C.uintptr_t
	bytes, size := cBytes(buffer)
	status := C.cabi_read(C.uintptr_t(r.call.id), r.id, bytes, size, &got, &failure)
	if err := takeError(status, failure); err != nil {
		return 0, err
	}
	if got == 0 {
		return 0, io.EOF
	}
	return int(got), nil
}

// SetBody gives the body, which was read, back to the response for Check and
// Errors.
func (r *Response) SetBody(body []byte) error {
	bytes, size := cBytes(body)
	return statusError(C.cabi_response_set_body(r.id, bytes, size))
}

// Check returns an error unless the HTTP status is 2xx.
func (r *Response) Check() error {
	var failure C.uintptr_t
	return takeError(C.cabi_response_check(r.id, &failure), failure)
}

// CheckNextPage returns an error if there is a next page that is not at the
// client's address.
func (r *Response) CheckNextPage() error {
	var failure C.uintptr_t
	return takeError(C.cabi_response_check_next_page(r.id, &failure), failure)
}

// A RegistryError is one entry of the error list in a body.
type RegistryError struct {
	Code, Message string
	// Detail is JSON; empty if there is none.
	Detail string
}

// Errors returns the error list in the body.
func (r *Response) Errors() ([]RegistryError, error) {
	var id, failure C.uintptr_t
	if err := takeError(C.cabi_response_errors(r.id, &id, &failure), failure); err != nil {
		return nil, err
	}
	created(id)
	defer freed()
	defer C.cabi_errors_free(id)
	list := make([]RegistryError, C.cabi_errors_count(id))
	for i := range list {
		list[i] = RegistryError{
			Code:    C.GoString(C.cabi_errors_code(id, C.size_t(i))),
			Message: C.GoString(C.cabi_errors_message(id, C.size_t(i))),
			Detail:  C.GoString(C.cabi_errors_detail(id, C.size_t(i))),
		}
	}
	return list, nil
}

// Free frees the response, and closes its connection if the body was not read
// to its end. The response must not be in use by C.
func (r *Response) Free() {
	C.cabi_response_free(r.id)
	r.id = 0
	freed()
}
