package reggie

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"

	"libreggie/reggie/internal/cabi"
)

// A Batch is a set of pulls, pushes, copies and lookups that run concurrently, as many
// as [WithParallel] says. They share options, such as a progress function, and a context.
// Methods that are named like those of [Repository] add items; [Batch.Run] runs them,
// and [Batch.Results] also yields each as soon as it has ended.
//
// If several items pull the same blob from the same repository, and one of them pulls
// it to a file, the others are copied from that file. Copies share the content that they
// have in common: a blob is transferred once to each registry or layout, and mounted if
// the copies go to different repositories of a registry.
//
// A Batch is not safe for concurrent use.
type Batch struct {
	settings  *callOptions
	keepGoing bool
	items     []*BatchItem
	// started is how many items have been run.
	started   int
	isRunning bool
}

// A BatchItem is an item of a [Batch]. Its results are set when it has ended.
type BatchItem struct {
	index int
	// add adds the item to the library's batch, as the one with a number.
	add func(to *cabi.Batch, number int) error
	// output receives what a pull writes.
	output io.Writer
	// cause is the error of output.
	cause error

	isDone     bool
	err        error
	descriptor Descriptor
	manifest   *Manifest
	location   *Location
}

var errBatchRunning = errors.New("the batch is running")

// NewBatch creates a batch without items. The options apply to all items.
func NewBatch(opts ...CallOption) *Batch { return &Batch{settings: newCallOptions(opts)} }

// SetKeepGoing sets whether the other items continue after one has failed. By default,
// they are ended, with [StatusCancelled]. It has no effect on a batch that is running.
func (b *Batch) SetKeepGoing(keepGoing bool) { b.keepGoing = keepGoing }

// Items returns all items in the order in which they were added.
func (b *Batch) Items() []*BatchItem { return append([]*BatchItem(nil), b.items...) }

// Index returns the number of the item, counting from 0.
func (i *BatchItem) Index() int { return i.index }

// Done reports whether the item has ended.
func (i *BatchItem) Done() bool { return i.isDone }

// Err returns why the item has failed; nil if it has not.
func (i *BatchItem) Err() error { return i.err }

// Descriptor returns what the item pulled, pushed or copied; the zero Descriptor if it
// has not succeeded.
func (i *BatchItem) Descriptor() Descriptor { return i.descriptor }

// Manifest returns the manifest that the item pulled; nil if there is none.
func (i *BatchItem) Manifest() *Manifest { return i.manifest }

// Location returns the location that the item found; nil if there is none.
func (i *BatchItem) Location() *Location { return i.location }

func (b *Batch) addItem(item *BatchItem) *BatchItem {
	item.index = len(b.items)
	b.items = append(b.items, item)
	return item
}

// addTo adds an item for a repository.
func (b *Batch) addTo(r *Repository, add func(to *cabi.Batch, on *cabi.Repository) error) *BatchItem {
	return b.addItem(&BatchItem{add: func(to *cabi.Batch, _ int) error {
		on, err := r.current()
		if err != nil {
			return err
		}
		return add(to, on)
	}})
}

// PullBlob adds a pull like [Repository.PullBlob]. An [*os.File] is written to by another
// thread, and may be closed once Run or Results has begun.
func (b *Batch) PullBlob(from *Repository, blob Descriptor, w io.Writer) *BatchItem {
	if file, ok := w.(*os.File); ok {
		return b.addTo(from, func(to *cabi.Batch, on *cabi.Repository) error {
			return to.PullToFile(on, toLow(blob), file)
		})
	}
	return b.addItem(&BatchItem{output: w, add: func(to *cabi.Batch, number int) error {
		on, err := from.current()
		if err != nil {
			return err
		}
		return to.Pull(on, toLow(blob), number)
	}})
}

// PullBlobFile adds a pull like [Repository.PullBlobFile].
func (b *Batch) PullBlobFile(from *Repository, blob Descriptor, path string) *BatchItem {
	return b.addTo(from, func(to *cabi.Batch, on *cabi.Repository) error {
		return to.PullToPath(on, toLow(blob), path)
	})
}

// PushBlobFile adds a push like [Repository.PushBlobFile].
func (b *Batch) PushBlobFile(to *Repository, path, digest string) *BatchItem {
	return b.addTo(to, func(to *cabi.Batch, on *cabi.Repository) error {
		return to.PushPath(on, path, digest)
	})
}

// Copy adds a copy like [Copy].
func (b *Batch) Copy(from *Repository, reference string, to *Repository, tags []string) *BatchItem {
	tags = append([]string(nil), tags...)
	return b.addTo(from, func(batch *cabi.Batch, source *cabi.Repository) error {
		destination, err := to.current()
		if err != nil {
			return err
		}
		return batch.Copy(source, from.referenceOr(reference), destination, tags)
	})
}

// PullManifest adds a pull like [Repository.PullManifest].
func (b *Batch) PullManifest(from *Repository, reference string) *BatchItem {
	unselected := ""
	return b.resolve(from, reference, &unselected)
}

// ResolveManifest adds a pull like [Repository.ResolveManifest].
func (b *Batch) ResolveManifest(from *Repository, reference, platform string) *BatchItem {
	if platform == "" {
		return b.resolve(from, reference, nil)
	}
	return b.resolve(from, reference, &platform)
}

func (b *Batch) resolve(from *Repository, reference string, platform *string) *BatchItem {
	return b.addTo(from, func(to *cabi.Batch, on *cabi.Repository) error {
		return to.Resolve(on, from.referenceOr(reference), platform)
	})
}

// LocateBlob adds a lookup like [Repository.LocateBlob].
func (b *Batch) LocateBlob(from *Repository, blob Descriptor, follow bool) *BatchItem {
	return b.addTo(from, func(to *cabi.Batch, on *cabi.Repository) error {
		return to.Locate(on, toLow(blob), follow)
	})
}

// Run runs all items that were added since the batch was created or last run, and waits
// until they have ended. It returns the error of the first item that failed, or that of
// the context or of the progress function, which end all items.
func (b *Batch) Run(ctx context.Context) error {
	round, err := b.begin(ctx)
	if err != nil {
		return err
	}
	defer round.close()
	failed := round.addItems()
	if failed != nil && !b.keepGoing {
		return failed
	}
	if err := round.run(); failed == nil {
		failed = err
	}
	return failed
}

// Results runs the items like Run, and yields each item when it has ended, with its
// error. The body of the loop may add items, which then run too, while the others
// continue. Leaving the loop ends all items.
//
// If the batch itself fails, by its context or its progress function, the last item is
// nil, with that error.
func (b *Batch) Results(ctx context.Context) iter.Seq2[*BatchItem, error] {
	return func(yield func(*BatchItem, error) bool) {
		round, err := b.begin(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer round.close()
		if failed := round.yieldAll(yield); failed != nil {
			yield(nil, failed)
		}
	}
}
