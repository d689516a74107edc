package reggie

import (
	"context"
	"errors"
	"time"

	"libreggie/reggie/internal/cabi"
)

// A Status is the kind of an [Error]. It is an error itself, for use with
// errors.Is: errors.Is(err, reggie.StatusTokenRefused).
type Status int

// Statuses that programs may test for. All of them are in reggie.h.
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
	StatusNoErrors              = Status(cabi.NoErrors)
	StatusNextPageRefused       = Status(cabi.NextPageRefused)
)

// Statuses of calls on a [Repository].
const (
	StatusInvalidReference = Status(cabi.InvalidReference)
	StatusInvalidDigest    = Status(cabi.InvalidDigest)
	StatusInvalidPlatform  = Status(cabi.InvalidPlatform)
	StatusInvalidExport    = Status(cabi.InvalidExport)
	StatusInvalidMediaType = Status(cabi.InvalidMediaType)
	StatusFile             = Status(cabi.File)
	StatusBodyLength       = Status(cabi.BodyLength)
	StatusBodyTooLarge     = Status(cabi.BodyTooLarge)
	StatusLocked           = Status(cabi.Locked)
	StatusSourceChanged    = Status(cabi.SourceChanged)
	StatusNoStateFolder    = Status(cabi.NoStateFolder)
	StatusInvalidLayout    = Status(cabi.InvalidLayout)
	StatusUnsafeName       = Status(cabi.UnsafeName)
	StatusNotFound         = Status(cabi.NotFound)
	StatusUnauthorized     = Status(cabi.Unauthorized)
	StatusDenied           = Status(cabi.Denied)
	StatusUnsupported      = Status(cabi.Unsupported)
	StatusDigestMismatch   = Status(cabi.DigestMismatch)
	StatusSizeMismatch     = Status(cabi.SizeMismatch)
	StatusInvalidManifest  = Status(cabi.InvalidManifest)
	StatusNoPlatform       = Status(cabi.NoPlatform)
	StatusRangeIgnored     = Status(cabi.RangeIgnored)
	StatusUploadLost       = Status(cabi.UploadLost)
	StatusBlobMissing      = Status(cabi.BlobMissing)
	StatusListEndless      = Status(cabi.ListEndless)
	StatusNoFiles          = Status(cabi.NoFiles)
)

// Error returns a description of the status.
func (s Status) Error() string { return cabi.StatusName(int(s)) }

// An Error is the reason why a call failed, or the result of [Response.Check].
type Error struct {
	Status Status
	// Message is one line and contains no secrets.
	Message string
	// Step is the step that failed, such as "connect" or "token".
	Step string
	// Host is the host and port of the server; empty if there is none.
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
	// Retryable reports whether the same call may succeed later.
	Retryable bool

	cause error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the error of the context or of the program's function that
// ended the call.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is the Status of the error.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// Timeout reports whether a time limit was exceeded. It is part of net.Error.
func (e *Error) Timeout() bool {
	return e.Status == StatusTimeout || e.Status == StatusDeadline ||
		errors.Is(e.cause, context.DeadlineExceeded)
}

// Temporary returns e.Retryable. It is part of net.Error.
func (e *Error) Temporary() bool { return e.Retryable }

// newError converts an error of the library to an [Error] with a cause. It
// returns other errors as they are.
func newError(err, cause error) error {
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
		Digest:     low.Digest,
		RetryAfter: low.RetryAfter,
		Retryable:  low.Retryable,
		cause:      cause,
	}
}

// newContextError is newError for a call whose context is done.
func newContextError(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	converted := newError(err, cause)
	if own, ok := converted.(*Error); ok && cause != context.Canceled {
		own.Message += ": " + cause.Error()
	}
	return converted
}

// newCallbackError is newError for a call that a function of the program
// stopped with cause.
func newCallbackError(err, cause error) error {
	converted := newError(err, cause)
	if own, ok := converted.(*Error); ok {
		own.Message = cause.Error()
	}
	return converted
}

// newEndedError returns the error of a call whose context was done before the call
// began.
func newEndedError(cause error) error {
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
