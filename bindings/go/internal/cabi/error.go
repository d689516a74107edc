package cabi

// #include "shim.h"
import "C"

import "time"

// An Error is a copy of a reggie_error.
type Error struct {
	// Status is a reggie_status; StatusName describes it.
	Status  int
	Message string
	// Step is the step that failed, such as "connect" or "token".
	Step string
	// Host is the server's host and port; empty if there is none.
	Host string
	// HTTPStatus is the status of the response that caused the error; 0 if
	// there was none.
	HTTPStatus int
	// Code is the registry's error code; empty if there is none.
	Code string
	// Digest is that of the content that the error is about; empty if there is
	// none.
	Digest string
	// RetryAfter is the time that the server asks to wait; -1 if it does not.
	RetryAfter time.Duration
	Retryable  bool
}

func (e *Error) Error() string { return e.Message }

// StatusName returns a description of a status.
func StatusName(status int) string {
	return C.GoString(C.reggie_status_string(C.reggie_status(status)))
}

func statusError(status C.reggie_status) error {
	if status == C.REGGIE_OK {
		return nil
	}
	return &Error{
		Status:     int(status),
		Message:    StatusName(int(status)),
		Step:       "prepare",
		RetryAfter: -1,
	}
}

// takeError copies a reggie_error and frees it.
func takeError(status C.reggie_status, id C.uintptr_t) error {
	if status == C.REGGIE_OK {
		return nil
	}
	if id == 0 {
		return statusError(status)
	}
	created(id)
	defer freed()
	defer C.cabi_error_free(id)
	return copyError(id)
}

// copyError copies a reggie_error, which must not be NULL.
func copyError(id C.uintptr_t) *Error {
	copied := &Error{
		Status:     int(C.cabi_error_status(id)),
		Message:    C.GoString(C.cabi_error_message(id)),
		Step:       C.GoString(C.cabi_error_step(id)),
		Host:       C.GoString(C.cabi_error_host(id)),
		HTTPStatus: int(C.cabi_error_http_status(id)),
		Code:       C.GoString(C.cabi_error_code(id)),
		Digest:     C.GoString(C.cabi_error_digest(id)),
		RetryAfter: -1,
		Retryable:  C.cabi_error_is_retryable(id) != 0,
	}
	if wait := int64(C.cabi_error_retry_after(id)); wait >= 0 {
		copied.RetryAfter = time.Duration(wait) * time.Millisecond
	}
	return copied
}
