package cabi

// #include "shim.h"
import "C"

import (
	"strings"
	"unsafe"
)

// texts makes C's texts of Go's, and remembers one that cannot be one. The
// texts live on Go's heap and hold no pointers, so that C may read them during
// a call.
type texts struct{ hasNUL bool }

func (t *texts) c(text string) *C.char {
	if strings.IndexByte(text, 0) >= 0 {
		t.hasNUL = true
	}
	bytes := make([]byte, len(text)+1)
	copy(bytes, text)
	return (*C.char)(unsafe.Pointer(unsafe.SliceData(bytes)))
}

// optional makes NULL of an empty text.
func (t *texts) optional(text string) *C.char {
	if text == "" {
		return nil
	}
	return t.c(text)
}

// status is the outcome of a setter that took these texts.
func (t *texts) status(status C.reggie_status) error {
	if t.hasNUL {
		return &Error{Status: InvalidArgument, Step: "prepare", Message: "a text has a NUL in it"}
	}
	return statusError(status)
}

// failure is the outcome of a setter that gave an error too.
func (t *texts) failure(status C.reggie_status, failure C.uintptr_t) error {
	if err := takeError(status, failure); err != nil {
		return err
	}
	return t.status(C.REGGIE_OK)
}

func bytesOf(bytes []byte) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(bytes))), C.size_t(len(bytes))
}
