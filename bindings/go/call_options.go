package reggie

import (
	"time"

	"libreggie/reggie/internal/cabi"
)

// A CallOption is an option of a call on a [Repository]. Options that do not apply
// to a call are ignored. Options of a call that returns a [Blob], an [Upload] or an
// iterator also apply to its use.
type CallOption func(*callOptions)

type callOptions struct {
	setters          []func(*cabi.Options) error
	progress         func(Progress) error
	progressInterval time.Duration
	filter           func(Candidate) (bool, error)
	leftOut          *int
}

// hasCallbacks reports whether the options contain functions of the program.
func (o *callOptions) hasCallbacks() bool { return o.progress != nil || o.filter != nil }

func newCallOptions(opts []CallOption) *callOptions {
	options := &callOptions{}
	for _, option := range opts {
		option(options)
	}
	return options
}

func callSetting(set func(*cabi.Options) error) CallOption {
	return func(o *callOptions) { o.setters = append(o.setters, set) }
}

// WithCallRetries sets the maximum number of consecutive retries without progress,
// up to 1000. Progress is 1 MiB of new data, or any new data after 60 seconds. The
// default is that of [WithRetries], or else 5.
func WithCallRetries(tries int) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetRetries(tries) })
}

// WithProgress sets a function that receives progress events: at the beginning and
// the end of each transfer, in between at most once every interval (0 means 100 ms),
// and after each second in which nothing was transferred. It runs on the goroutine
// that made the call. An error ends the call, which returns it.
func WithProgress(interval time.Duration, report func(Progress) error) CallOption {
	return func(o *callOptions) { o.progress, o.progressInterval = report, interval }
}

// WithRanges sets how many parts of one blob are pulled concurrently, 1 to 16, and
// the size of a part, 64 KiB to 64 MiB, or 0 for 4 MiB. Parts that arrive early are
// kept in memory, as many as are pulled. The default is 1: one connection for each
// blob.
func WithRanges(parts, partSize int) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetRanges(parts, partSize) })
}

// WithMaxBlob sets the maximum size of a blob, regardless of what its descriptor and
// the server say. A larger one is an error: [StatusSizeMismatch]. The default is 0:
// no limit.
func WithMaxBlob(bytes int64) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetMaxBlob(uint64(bytes)) })
}

// WithMaxManifest sets the maximum size of a manifest. A larger one is an error:
// [StatusBodyTooLarge]. The default is 4 MiB, the size that registries accept.
func WithMaxManifest(bytes int) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetMaxManifest(bytes) })
}

// WithManifestType adds a media type of manifests that may be pulled, in addition to
// those of OCI and Docker.
func WithManifestType(mediaType string) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.AddManifestType(mediaType) })
}

// WithResume sets whether an interrupted pull to a path can be resumed. What was
// pulled is then kept next to the file, in a partial file. The default is true.
func WithResume(resume bool) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetResume(resume) })
}

// WithLockTimeout sets the time limit for waiting for another process that pulls to
// the same path or writes to the same layout; the error is [StatusLocked]. It
// restarts whenever the file of the other grows. A negative limit means none. The
// default is 60 seconds.
func WithLockTimeout(limit time.Duration) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetLockTimeout(limit) })
}

// An Existing is what happens to a file that exists at the path of a pull.
type Existing int

const (
	// ExistingCheck computes its digest, and pulls only if that differs.
	ExistingCheck = Existing(cabi.ExistingCheck)
	// ExistingTrust pulls only if the size differs. It is for caches whose files
	// are named by digest.
	ExistingTrust = Existing(cabi.ExistingTrust)
	// ExistingReplace always pulls.
	ExistingReplace = Existing(cabi.ExistingReplace)
)

// WithExisting sets what happens to an existing file. The default is
// [ExistingCheck].
func WithExisting(what Existing) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetExisting(int(what)) })
}

// WithSync sets whether a file is synced to disk before it gets its final name, so
// that a power failure leaves no corrupt file. The default is true.
func WithSync(sync bool) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetSync(sync) })
}

// WithAlgorithm sets the digest algorithm for pushed and built content: "sha256",
// "sha384" or "sha512". Few registries accept others than the default, sha256.
func WithAlgorithm(algorithm string) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetAlgorithm(algorithm) })
}

// WithChunkSize sets how many bytes are uploaded in one request, 64 KiB to 1 GiB. By
// default, a blob of known size and digest is uploaded in one request, and anything
// else in chunks of 8 MiB. An [Upload] keeps one chunk in memory.
func WithChunkSize(bytes int64) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetChunkSize(uint64(bytes)) })
}

// WithStateFolder sets a directory, which must exist, in which pushes may keep
// files: the sessions of uploads, from which the next push of the same content to
// the same repository resumes, in this process or another; and the data of an
// [Upload] to a registry that does not support chunks. By default, an interrupted
// push is resumed only within the same call.
func WithStateFolder(path string) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetStateFolder(path) })
}

// WithMountFrom adds a repository of the same registry from which a push or a copy may
// mount a blob instead of sending it. A copy within one registry tries its source
// without this option.
func WithMountFrom(name string) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.AddMountFrom(name) })
}

// WithPages sets the number of names to request for each page of a list, 1 to 10000,
// and the maximum number of pages; 0 means no limit. The default is 1000 and 10000.
func WithPages(pageSize, maxPages int) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetPages(pageSize, maxPages) })
}

// WithLeftOut sets a variable that receives the number of invalid tags or names that
// a list left out, when its iteration ends.
func WithLeftOut(count *int) CallOption {
	return func(o *callOptions) { o.leftOut = count }
}

// WithDeleteDetour sets whether [Repository.DeleteTag] may push a dummy manifest to
// the tag and delete that, if the registry cannot delete tags. Whoever pulls the tag
// in the meantime gets the dummy manifest, and a tag that is pushed in the meantime
// is lost. The default is false.
func WithDeleteDetour(detour bool) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetDeleteDetour(detour) })
}
