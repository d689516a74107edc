package reggie

import (
	"context"
	"sync"
	"time"

	"libreggie/reggie/internal/cabi"
)

// A Repository is a repository of a registry, or an OCI image layout: it pulls, pushes,
// lists and deletes blobs and manifests. It is safe for concurrent use. Creating one
// sends nothing.
//
// Of the settings of its [Client], those that are options of [NewClient] and of
// libreggie apply, not those of Resty, such as hooks, headers and time limits. The
// context of a call limits the whole call, with all its requests and retries.
type Repository struct {
	// client is nil for a layout.
	client       *Client
	name, target string

	lock sync.Mutex
	// low was created with engine.
	low    *cabi.Repository
	engine *cabi.Client
}

// NewRepository creates a repository of a client's registry. An empty name means
// that of [WithDefaultName]. The target is "latest".
func NewRepository(client *Client, name string) (*Repository, error) {
	return newRepository(client, name, "latest")
}

// OpenRepository creates a repository from a reference such as
// "ghcr.io/org/app:1.2", with a client of its own. The target is that of the
// reference, as of [Reference.Target]. A reference without a registry is one of
// [DockerHub].
//
// Programs that use several repositories of a registry should share a client, and so
// its connections and tokens: pass [Repository.Client] to [NewRepository].
func OpenRepository(reference string, opts ...ClientOption) (*Repository, error) {
	parsed, err := ParseReference(reference, DockerHub)
	if err != nil {
		return nil, err
	}
	client, err := NewClient(parsed.Address(), opts...)
	if err != nil {
		return nil, err
	}
	return newRepository(client, parsed.Name(), parsed.Target())
}

func newRepository(client *Client, name, target string) (*Repository, error) {
	if name == "" {
		name = client.Config.DefaultName
	}
	repository := &Repository{client: client, name: name, target: target}
	// Report an invalid name now, not in the first call.
	if _, err := repository.current(); err != nil {
		return nil, err
	}
	return repository, nil
}

// current returns the library's repository. If settings of the client have changed,
// it creates another one.
func (r *Repository) current() (*cabi.Repository, error) {
	if r.client == nil {
		return r.low, nil
	}
	engine, err := r.client.currentEngine()
	if err != nil {
		return nil, err
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.engine == engine {
		return r.low, nil
	}
	low, err := cabi.NewRepository(engine, r.name)
	if err != nil {
		return nil, newError(err, nil)
	}
	r.low, r.engine = low, engine
	return low, nil
}

// Client returns the client, for requests of the program's own; nil for a layout.
func (r *Repository) Client() *Client { return r.client }

// Name returns the name, such as "library/alpine"; empty for a layout.
func (r *Repository) Name() string { return r.name }

// Target returns the tag or digest that an empty reference means. That of a layout is
// the digest of its only manifest; empty if it does not have exactly one.
func (r *Repository) Target() string {
	if r.client == nil {
		return r.low.Target()
	}
	return r.target
}

// referenceOr returns the target for an empty reference. The library itself knows the
// target of a layout.
func (r *Repository) referenceOr(reference string) string {
	if reference == "" {
		return r.target
	}
	return reference
}

// A lowCall is what a call of the library needs.
type lowCall struct {
	*cabi.Call
	on      *cabi.Repository
	options *cabi.Options
}

// do makes a call that opens no handle.
func (r *Repository) do(ctx context.Context, opts []CallOption, f func(lowCall) error) error {
	call := newContentCall(ctx, newCallOptions(opts), r.client)
	defer call.close()
	return r.run(call, f)
}

func (r *Repository) run(call *contentCall, f func(lowCall) error) error {
	on, err := r.current()
	if err != nil {
		return err
	}
	return call.run(func() error { return f(lowCall{call.call, on, call.options}) })
}

// Authorization returns the value of the Authorization header for requests to the
// repository, for programs that pass it on to another program; with push, it allows
// pushing. It is empty if the registry requires none. The time is that at which it
// expires; zero if that is unknown. A request is sent to the token server unless a
// known token is valid for at least another minute.
func (r *Repository) Authorization(ctx context.Context, push bool, opts ...CallOption) (string, time.Time, error) {
	var value string
	var expires int64
	err := r.do(ctx, opts, func(call lowCall) (err error) {
		value, expires, err = call.Authorization(call.on, push, call.options)
		return err
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return value, unixTime(expires), nil
}

// unixTime returns the zero time for a negative value.
func unixTime(seconds int64) time.Time {
	if seconds < 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
