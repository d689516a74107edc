package reggie

import (
	"context"
	"net/http"
	"time"

	"libreggie/reggie/internal/cabi"
)

// A Location is where a program can download a blob by its own means. URL and Header
// are secrets: they contain signatures and tokens.
type Location struct {
	URL string
	// Header holds the fields to send along, such as Authorization. They must not be
	// sent to another host.
	Header http.Header
	// Expires is when the token or the signature expires; zero if that is unknown.
	Expires time.Time

	low *cabi.Location
}

// LocateBlob returns the location of a blob, for programs that download it
// themselves, and must then verify it. With follow, a request is sent to the
// registry, and the location is the target of its redirect, such as a signed URL, or
// the registry's own URL if there is none. Without follow, it is the registry's own
// URL, and nothing is sent if the token is known.
func (r *Repository) LocateBlob(ctx context.Context, blob Descriptor, follow bool, opts ...CallOption) (*Location, error) {
	var low *cabi.Location
	err := r.do(ctx, opts, func(call lowCall) (err error) {
		low, err = call.LocateBlob(call.on, toLow(blob), follow, call.options)
		return err
	})
	if err != nil {
		return nil, err
	}
	return newLocation(low), nil
}

func newLocation(low *cabi.Location) *Location {
	return &Location{
		URL:     low.URL(),
		Header:  low.Header(),
		Expires: unixTime(low.Expires()),
		low:     low,
	}
}

// Refused reports that the location was rejected with an HTTP status, 401 or 403. Its
// token or URL is discarded, so that the next LocateBlob requests a new one.
func (l *Location) Refused(httpStatus int) { l.low.Refused(httpStatus) }
