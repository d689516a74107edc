package reggie

import (
	"context"
	"errors"
	"io"
	"slices"

	"libreggie/reggie/internal/cabi"
)

// A batchRound is a batch while its items run. The library's batch has a number for each
// of them.
type batchRound struct {
	batch *Batch
	call  *contentCall
	low   *cabi.Batch
	// first is the index of the first item, and unnumbered how many items the library
	// has rejected.
	first, unnumbered int
	numbered          []*BatchItem
	// unsettled are the numbers of the items that have not ended.
	unsettled []int
	// isOver: the library has no work left.
	isOver bool
	// cause is the first error of an output, and failure that of any other function
	// of the program.
	cause, failure error
}

func (b *Batch) begin(ctx context.Context) (*batchRound, error) {
	if b.isRunning {
		return nil, errBatchRunning
	}
	round := &batchRound{batch: b, first: b.started}
	settings := *b.settings
	if report := settings.progress; report != nil {
		settings.progress = func(p Progress) error { return report(round.progress(p)) }
	}
	round.call = newContentCall(ctx, &settings)
	// Items that are added later may have functions of the program.
	round.call.alwaysCallsBack = true
	err := round.call.run(func() (err error) {
		round.low, err = round.call.call.NewBatch(round.call.options, b.keepGoing)
		return err
	})
	if err != nil {
		round.call.close()
		return nil, err
	}
	round.call.call.WriteTo = round.write
	b.isRunning = true
	return round, nil
}

// progress converts the numbers of the library's batch.
func (r *batchRound) progress(p Progress) Progress {
	before := r.first + r.unnumbered
	if p.Index < len(r.numbered) {
		p.Index = r.numbered[p.Index].index
	}
	p.Items += before
	p.ItemsDone += before
	return p
}

func (r *batchRound) write(number int, data []byte) int {
	item := r.numbered[number]
	n, err := item.output.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	if err == nil {
		return 0
	}
	item.cause = err
	if r.cause == nil {
		r.cause = err
	}
	return 1
}

// addItems adds the items that are not running yet. It returns the error of the first
// that the library rejects. Unless the batch keeps going, the others then end.
func (r *batchRound) addItems() error {
	var failed error
	for r.batch.started < len(r.batch.items) {
		item := r.batch.items[r.batch.started]
		r.batch.started++
		number := len(r.numbered)
		if err := item.add(r.low, number); err != nil {
			item.isDone, item.err = true, newError(err, nil)
			r.unnumbered++
			if failed == nil {
				failed = item.err
			}
			continue
		}
		r.numbered = append(r.numbered, item)
		r.unsettled = append(r.unsettled, number)
	}
	return failed
}

// inC calls the library by f, and returns its error; err is set if it was not called.
func (r *batchRound) inC(f func() error) (failed, err error) {
	err = r.call.run(func() error {
		failed = f()
		return nil
	})
	if failure := r.call.call.Failure(); failure != nil && r.failure == nil {
		r.failure = failure
	}
	return failed, err
}

// run waits until all items have ended.
func (r *batchRound) run() error {
	failed, err := r.inC(r.low.Run)
	if err != nil {
		return err
	}
	r.isOver = true
	for _, number := range r.unsettled {
		r.settle(number)
	}
	r.unsettled = nil
	return r.error(failed, r.cause)
}

// yieldAll yields items until all have ended. It returns the error of the batch itself.
func (r *batchRound) yieldAll(yield func(*BatchItem, error) bool) error {
	for {
		before := r.batch.started
		if r.addItems() != nil && !r.batch.keepGoing {
			r.call.call.Trigger()
		}
		for _, item := range r.batch.items[before:r.batch.started] {
			if item.isDone && !yield(item, item.err) {
				return nil
			}
		}
		failed, err := r.inC(func() error {
			running, err := r.low.Step()
			r.isOver = !running
			return err
		})
		if err != nil {
			// The context ended before this step.
			return r.yieldStopped(err, yield)
		}
		for _, number := range slices.Clone(r.unsettled) {
			if !r.low.IsDone(number) {
				continue
			}
			r.settle(number)
			r.unsettled = slices.DeleteFunc(r.unsettled, func(other int) bool { return other == number })
			if item := r.numbered[number]; !yield(item, item.err) {
				return nil
			}
		}
		if r.isOver && r.isOfBatch(failed) {
			return r.error(failed, nil)
		}
		if r.isOver && r.batch.started == len(r.batch.items) {
			return nil
		}
	}
}

// isOfBatch reports whether the error is that of the batch, not of an item.
func (r *batchRound) isOfBatch(err error) bool {
	var low *cabi.Error
	return errors.As(err, &low) && (low.Status == cabi.ProgressCallback || r.call.ctx.Err() != nil)
}

// yieldStopped yields what has not ended, with an error, and returns the error.
func (r *batchRound) yieldStopped(err error, yield func(*BatchItem, error) bool) error {
	stopped := r.unsettled
	r.unsettled = nil
	for at, number := range stopped {
		item := r.numbered[number]
		if r.low.IsDone(number) {
			r.settle(number)
		} else {
			item.isDone, item.err = true, err
		}
		if !yield(item, item.err) {
			r.unsettled = stopped[at+1:]
			return nil
		}
	}
	return err
}

// settle sets the results of an item that has ended.
func (r *batchRound) settle(number int) {
	item := r.numbered[number]
	item.isDone = true
	if failed := r.low.Failure(number); failed != nil {
		item.err = r.error(failed, item.cause)
		return
	}
	if descriptor := r.low.Item(number); descriptor != nil {
		item.descriptor = Descriptor(*descriptor)
	}
	manifest, err := r.low.Manifest(number)
	if manifest != nil || err != nil {
		item.manifest, item.err = newManifest(manifest, err)
	}
	if location := r.low.Location(number); location != nil {
		item.location = newLocation(location)
	}
}

// error converts an error of the library. written is the error of an output.
func (r *batchRound) error(err, written error) error {
	var low *cabi.Error
	if !errors.As(err, &low) {
		return err
	}
	switch {
	case low.Status == cabi.WriteCallback && written != nil:
		return newCallbackError(low, written)
	case cabi.IsCallbackStatus(low.Status) && r.failure != nil:
		return newCallbackError(low, r.failure)
	case r.call.ctx.Err() != nil:
		return newContextError(r.call.ctx, low)
	}
	return newError(low, nil)
}

// close ends what has not ended.
func (r *batchRound) close() {
	if r.isOver && len(r.unsettled) == 0 {
		r.low.End()
	} else {
		r.low.Free()
	}
	for _, number := range r.unsettled {
		item := r.numbered[number]
		item.isDone = true
		item.err = &Error{
			Status: StatusCancelled, Step: "prepare", RetryAfter: -1,
			Message: "the batch ended before the item began",
		}
	}
	r.call.flushLog()
	r.call.close()
	r.batch.isRunning = false
}
