package cabi

// #include "shim.h"
import "C"

import "time"

// Statuses that Go code looks at; reggie.h has them all.
const (
	OK                     = int(C.REGGIE_OK)
	InvalidArgument        = int(C.REGGIE_INVALID_ARGUMENT)
	MissingValue           = int(C.REGGIE_MISSING_VALUE)
	BodyNotRewindable      = int(C.REGGIE_BODY_NOT_REWINDABLE)
	Cancelled              = int(C.REGGIE_CANCELLED)
	Deadline               = int(C.REGGIE_DEADLINE)
	Timeout                = int(C.REGGIE_TIMEOUT)
	RetryCallback          = int(C.REGGIE_CHALLENGE_CALLBACK)
	RedirectCallback       = int(C.REGGIE_REDIRECT_CALLBACK)
	Resolve                = int(C.REGGIE_RESOLVE)
	Connect                = int(C.REGGIE_CONNECT)
	TLS                    = int(C.REGGIE_TLS)
	Certificate            = int(C.REGGIE_CERTIFICATE)
	TooManyRedirects       = int(C.REGGIE_TOO_MANY_REDIRECTS)
	TokenRefused           = int(C.REGGIE_TOKEN_REFUSED)
	RetryLater             = int(C.REGGIE_RETRY_LATER)
	Proxy                  = int(C.REGGIE_PROXY)
	AddressRefused         = int(C.REGGIE_ADDRESS_REFUSED)
	RealmRefused           = int(C.REGGIE_REALM_REFUSED)
	Truncated              = int(C.REGGIE_TRUNCATED)
	CredentialHelper       = int(C.REGGIE_CREDENTIAL_HELPER)
	InvalidCredentialsFile = int(C.REGGIE_INVALID_CREDENTIALS_FILE)
	HTTPStatus             = int(C.REGGIE_HTTP_STATUS)
)

// Error is why the library failed.
type Error struct {
	// Status is one of REGGIE_..., which StatusName has in words.
	Status  int
	Message string
	// Step is what the call was about: "connect", "token" and so on.
	Step string
	// Host is the server's, with its port; empty if there is none.
	Host string
	// HTTPStatus is that of the answer that led here, 0 if there was none.
	HTTPStatus int
	// Code is the registry's own error code, if it sent one.
	Code  string
	Errno int
	// RetryAfter is how long the server wants to be left alone, -1 if it did
	// not say.
	RetryAfter time.Duration
	// CallbackValue is what a callback returned to stop the call.
	CallbackValue int
	Retryable     bool
}

func (e *Error) Error() string { return e.Message }

// StatusName says what a status means.
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

// takeError makes Go's error of C's, which it frees.
func takeError(status C.reggie_status, id C.uintptr_t) error {
	if status == C.REGGIE_OK {
		return nil
	}
	if id == 0 {
		return statusError(status)
	}
	made(id)
	defer freed()
	defer C.cabi_error_free(id)
	taken := &Error{
		Status:        int(C.cabi_error_status(id)),
		Message:       C.GoString(C.cabi_error_message(id)),
		Step:          C.GoString(C.cabi_error_step(id)),
		Host:          C.GoString(C.cabi_error_host(id)),
		HTTPStatus:    int(C.cabi_error_http_status(id)),
		Code:          C.GoString(C.cabi_error_code(id)),
		Errno:         int(C.cabi_error_errno(id)),
		RetryAfter:    -1,
		CallbackValue: int(C.cabi_error_callback_value(id)),
		Retryable:     C.cabi_error_is_retryable(id) != 0,
	}
	if wait := int64(C.cabi_error_retry_after(id)); wait >= 0 {
		taken.RetryAfter = time.Duration(wait) * time.Millisecond
	}
	return taken
}
