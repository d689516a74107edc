package reggie

import (
	"context"
	"errors"
	"time"

	"libreggie/reggie/internal/cabi"
)

// A Status says what kind of failure an [Error] is. It is an error itself, so
// that errors.Is(err, reggie.StatusTokenRefused) asks for a kind.
type Status int

// The kinds of failures that programs ask for; reggie.h has all numbers.
const (
	StatusInvalidArgument       = Status(cabi.InvalidArgument)
	StatusMissingValue          = Status(cabi.MissingValue)
	StatusBodyNotRewindable     = Status(cabi.BodyNotRewindable)
	StatusCancelled             = Status(cabi.Cancelled)
	StatusDeadline              = Status(cabi.Deadline)
	StatusTimeout               = Status(cabi.Timeout)
	StatusResolve               = Status(cabi.Resolve)
	StatusConnect               = Status(cabi.Connect)
	StatusTLS                   = Status(cabi.TLS)
	StatusCertificate           = Status(cabi.Certificate)
	StatusProxy                 = Status(cabi.Proxy)
	StatusAddressRefused        = Status(cabi.AddressRefused)
	StatusTooManyRedirects      = Status(cabi.TooManyRedirects)
	StatusTokenRefused          = Status(cabi.TokenRefused)
	StatusRealmRefused          = Status(cabi.RealmRefused)
	StatusRetryLater            = Status(cabi.RetryLater)
	StatusTruncated             = Status(cabi.Truncated)
	StatusCredentialHelper      = Status(cabi.CredentialHelper)
	StatusInvalidCredentialFile = Status(cabi.InvalidCredentialsFile)
	StatusHTTP                  = Status(cabi.HTTPStatus)
)

// Error says what the kind of failure is.
func (s Status) Error() string { return cabi.StatusName(int(s)) }

// An Error is why a call failed: of the library, and of an HTTP status in
// [Response.Check].
type Error struct {
	Status Status
	// Message is one line, without secrets.
	Message string
	// Step is what the call was about: "connect", "token" and so on.
	Step string
	// Host is the server's, with its port, if there was one.
	Host string
	// HTTPStatus is that of the answer that led here, 0 if there was none.
	HTTPStatus int
	// Code is the registry's own, if it sent one.
	Code string
	// RetryAfter is how long the server wants to be left alone, -1 if it did
	// not say.
	RetryAfter time.Duration
	// Retryable says that the same call may succeed at another time.
	Retryable bool

	cause error
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Unwrap gives the error of a function of the program's, or of a context, that
// ended the call.
func (e *Error) Unwrap() error { return e.cause }

// Is tells whether the error is of a kind.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// Timeout tells whether it took too long, as net.Error has it.
func (e *Error) Timeout() bool {
	return e.Status == StatusTimeout || e.Status == StatusDeadline ||
		errors.Is(e.cause, context.DeadlineExceeded)
}

// Temporary tells whether the same call may succeed at another time, as
// net.Error has it.
func (e *Error) Temporary() bool { return e.Retryable }

// failure makes an Error of the library's.
func failure(err error, cause error) error {
	var low *cabi.Error
	if !errors.As(err, &low) {
		return err
	}
	return &Error{
		Status:     Status(low.Status),
		Message:    low.Message,
		Step:       low.Step,
		Host:       low.Host,
		HTTPStatus: low.HTTPStatus,
		Code:       low.Code,
		RetryAfter: low.RetryAfter,
		Retryable:  low.Retryable,
		cause:      cause,
	}
}

// stoppedBy makes the error of a call that a function of the program's stopped.
func stoppedBy(err, cause error) error {
	made := failure(err, cause)
	if own, ok := made.(*Error); ok {
		own.Message = cause.Error()
	}
	return made
}

// ended makes the error of a call that its context ended before it began.
func ended(cause error) error {
	status := StatusCancelled
	if errors.Is(cause, context.DeadlineExceeded) {
		status = StatusDeadline
	}
	return &Error{
		Status:     status,
		Message:    cause.Error(),
		Step:       "prepare",
		RetryAfter: -1,
		cause:      cause,
	}
}
