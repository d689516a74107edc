package cabi

// #include "shim.h"
import "C"

import (
	"io"
	"time"
	"unsafe"
)

// A Response is used by one goroutine at a time, and freed by Free.
type Response struct {
	id   C.uintptr_t
	call *Call
}

// Head is what stands before a body.
type Head struct {
	Status  int
	Version string
	// Headers are names and values in turn, as they came.
	Headers [][2]string
	// Length is UnknownSize where the server did not say.
	Length           uint64
	RelativeLocation string
	AbsoluteLocation string
	URL              string
	RemoteAddress    string
	// RetryAfter is -1 where the server did not say.
	RetryAfter time.Duration
	Sends      int
	Reused     bool
	Resolve    time.Duration
	Connect    time.Duration
	TLS        time.Duration
	FirstByte  time.Duration
	Total      time.Duration
}

// Head copies the head of the response.
func (r *Response) Head() *Head {
	took := func(which C.int) time.Duration {
		return time.Duration(C.cabi_response_time(r.id, which)) * time.Microsecond
	}
	fields := C.cabi_response_headers(r.id)
	headers := make([][2]string, C.cabi_headers_count(fields))
	for i := range headers {
		headers[i][0] = C.GoString(C.cabi_headers_name(fields, C.size_t(i)))
		headers[i][1] = C.GoString(C.cabi_headers_value(fields, C.size_t(i)))
	}
	return &Head{
		Status:           int(C.cabi_response_status(r.id)),
		Version:          C.GoString(C.cabi_response_http_version(r.id)),
		Headers:          headers,
		Length:           uint64(C.cabi_response_content_length(r.id)),
		RelativeLocation: C.GoString(C.cabi_response_relative_location(r.id)),
		AbsoluteLocation: C.GoString(C.cabi_response_absolute_location(r.id)),
		URL:              C.GoString(C.cabi_response_url(r.id)),
		RemoteAddress:    C.GoString(C.cabi_response_remote_address(r.id)),
		RetryAfter:       retryAfter(int64(C.cabi_response_retry_after(r.id))),
		Sends:            int(C.cabi_response_send_count(r.id)),
		Reused:           C.cabi_response_is_reused(r.id) != 0,
		Resolve:          took(C.REGGIE_TIME_RESOLVE),
		Connect:          took(C.REGGIE_TIME_CONNECT),
		TLS:              took(C.REGGIE_TIME_TLS),
		FirstByte:        took(C.REGGIE_TIME_FIRST_BYTE),
		Total:            took(C.REGGIE_TIME_TOTAL),
	}
}

// Read reads on in the body; io.EOF at its end.
func (r *Response) Read(buffer []byte) (int, error) {
	if len(buffer) == 0 {
		return 0, nil
	}
	var got C.size_t
	var failure C.uintptr_t
	place := (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(buffer)))
	status := C.cabi_read(C.uintptr_t(r.call.id), r.id, place, C.size_t(len(buffer)), &got, &failure)
	if err := takeError(status, failure); err != nil {
		return 0, err
	}
	if got == 0 {
		return 0, io.EOF
	}
	return int(got), nil
}

// Free frees the response, and closes its connection where the body was not
// read to its end. No call of it is in C.
func (r *Response) Free() {
	C.cabi_response_free(r.id)
	r.id = 0
	freed()
}

func retryAfter(milliseconds int64) time.Duration {
	if milliseconds < 0 {
		return -1
	}
	return time.Duration(milliseconds) * time.Millisecond
}
