package cabi

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

const (
	// DefaultMaxThreads is the default limit of goroutines inside C.
	DefaultMaxThreads = 512
	// spareThreads is how many more may enter while all others wait for the
	// program's functions. The Go runtime ends the process at 10,000 threads.
	spareThreads = 4096
)

// threadLimiter limits how many goroutines are inside C. A goroutine whose C
// function waits for a function of the program still occupies its thread, and
// that function may start a call itself. If all goroutines inside wait like
// this, others may enter beyond the limit. The latest one enters first, because
// the waiting functions may depend on it.
type threadLimiter struct {
	lock   sync.Mutex
	max    int
	inside int
	// callingBack is how many of those inside wait for a function of the
	// program.
	callingBack int
	waiting     list.List
}

var limiter = threadLimiter{max: DefaultMaxThreads}

var errTriggered = errors.New("the call was ended")

// SetMaxThreads sets how many goroutines may be inside C at once.
func SetMaxThreads(limit int) {
	limiter.lock.Lock()
	defer limiter.lock.Unlock()
	limiter.max = max(limit, 1)
	limiter.admit()
}

// Enter waits until the goroutine may call C. It fails if the context is done,
// even if it need not wait: C learns of that on another goroutine, perhaps after
// the call has ended.
// Each successful Enter needs a Leave.
func Enter(ctx context.Context) error { return limiter.enter(ctx, nil) }

// Leave undoes Enter.
func Leave() {
	limiter.lock.Lock()
	defer limiter.lock.Unlock()
	limiter.inside--
	limiter.admit()
}

func (t *threadLimiter) enter(ctx context.Context, triggered <-chan struct{}) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	t.lock.Lock()
	if t.waiting.Len() == 0 && t.inside < t.max {
		t.inside++
		t.lock.Unlock()
		return nil
	}
	admitted := make(chan struct{})
	element := t.waiting.PushBack(admitted)
	t.admit()
	t.lock.Unlock()

	var err error
	select {
	case <-admitted:
		return nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-triggered:
		err = errTriggered
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	select {
	case <-admitted:
		t.inside--
		t.admit()
	default:
		t.waiting.Remove(element)
	}
	return err
}

// admit lets in as many as the limit allows. The caller holds the lock.
func (t *threadLimiter) admit() {
	for t.waiting.Len() > 0 {
		element := t.waiting.Front()
		if t.inside >= t.max {
			if t.callingBack < t.inside || t.inside >= t.max+spareThreads {
				return
			}
			element = t.waiting.Back()
		}
		t.inside++
		close(t.waiting.Remove(element).(chan struct{}))
	}
}

// addCallingBack counts a goroutine whose C function begins (1) or ceases (-1)
// to wait for a function of the program.
func (t *threadLimiter) addCallingBack(change int) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.callingBack += change
	t.admit()
}
