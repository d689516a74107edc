package cabi

// #include "shim.h"
import "C"

import (
	"runtime"
	"strings"
	"time"
	"unsafe"
)

// cStrings converts Go strings to C strings, and remembers whether one of them
// contained a NUL. The C strings are on the Go heap and hold no pointers, so C
// may read them during a call.
type cStrings struct{ hasNUL bool }

func (s *cStrings) c(text string) *C.char {
	if strings.IndexByte(text, 0) >= 0 {
		s.hasNUL = true
	}
	bytes := make([]byte, len(text)+1)
	copy(bytes, text)
	return (*C.char)(unsafe.Pointer(unsafe.SliceData(bytes)))
}

// optional converts an empty string to NULL.
func (s *cStrings) optional(text string) *C.char {
	if text == "" {
		return nil
	}
	return s.c(text)
}

// pointer converts nil to NULL.
func (s *cStrings) pointer(text *string) *C.char {
	if text == nil {
		return nil
	}
	return s.c(*text)
}

// status returns the error of a function that was passed these strings.
func (s *cStrings) status(status C.reggie_status) error {
	if s.hasNUL {
		return &Error{
			Status:     InvalidArgument,
			Step:       "prepare",
			Message:    "a string contains a NUL byte",
			RetryAfter: -1,
		}
	}
	return statusError(status)
}

// error is status for a function that also returned a reggie_error.
func (s *cStrings) error(status C.reggie_status, id C.uintptr_t) error {
	if err := takeError(status, id); err != nil {
		return err
	}
	return s.status(C.REGGIE_OK)
}

// A cList converts a list of strings to an array of C strings. C gets pointers to Go
// memory, which do not move until it is freed.
type cList struct{ pinner runtime.Pinner }

func (l *cList) c(s *cStrings, values []string) (**C.char, C.size_t) {
	list := make([]*C.char, len(values)+1)
	for i, value := range values {
		list[i] = s.c(value)
		l.pinner.Pin(list[i])
	}
	return &list[0], C.size_t(len(values))
}

func (l *cList) free() { l.pinner.Unpin() }

func cBytes(bytes []byte) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(bytes))), C.size_t(len(bytes))
}

func cBool(value bool) C.int {
	if value {
		return 1
	}
	return 0
}

// copyHeaders copies a reggie_headers as pairs of name and value.
func copyHeaders(id C.uintptr_t) [][2]string {
	headers := make([][2]string, C.cabi_headers_count(id))
	for i := range headers {
		headers[i][0] = C.GoString(C.cabi_headers_name(id, C.size_t(i)))
		headers[i][1] = C.GoString(C.cabi_headers_value(id, C.size_t(i)))
	}
	return headers
}

// milliseconds rounds up, so that a short time does not become 0.
func milliseconds(duration time.Duration) C.int64_t {
	return C.int64_t((duration + time.Millisecond - 1) / time.Millisecond)
}
