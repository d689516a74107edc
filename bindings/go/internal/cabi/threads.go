package cabi

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

const (
	// DefaultThreads is how many goroutines are in C at once at most.
	DefaultThreads = 512
	// spareThreads is how many more there are for calls out of functions of the
	// program that C waits for. Go ends the process at 10,000 threads.
	spareThreads = 4096
)

// threads bounds how many goroutines are in C. One whose C waits for a function
// of the program still holds its thread, and that function may make a call
// itself: where all wait so, others get in beyond the bound, the latest first,
// since it is the one that they may wait for.
type threads struct {
	lock   sync.Mutex
	most   int
	inside int
	// Of those inside, whose C waits for a function of the program.
	asking  int
	waiting list.List
}

var all = threads{most: DefaultThreads}

// errTriggered is why a call does not get in that was triggered.
var errTriggered = errors.New("the call was ended")

// SetThreads bounds how many goroutines are in C at once from now on.
func SetThreads(most int) {
	all.lock.Lock()
	defer all.lock.Unlock()
	all.most = max(most, 1)
	all.admit()
}

// Enter waits until the goroutine may go into C, as long as the context allows.
// Leave comes after it.
func Enter(ctx context.Context) error { return all.enter(ctx, nil) }

// Leave lets another one in.
func Leave() {
	all.lock.Lock()
	defer all.lock.Unlock()
	all.inside--
	all.admit()
}

func (t *threads) enter(ctx context.Context, over <-chan struct{}) error {
	t.lock.Lock()
	if t.waiting.Len() == 0 && t.inside < t.most {
		t.inside++
		t.lock.Unlock()
		return nil
	}
	admitted := make(chan struct{})
	place := t.waiting.PushBack(admitted)
	t.admit()
	t.lock.Unlock()

	var err error
	select {
	case <-admitted:
		return nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-over:
		err = errTriggered
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	select {
	case <-admitted:
		t.inside--
		t.admit()
	default:
		t.waiting.Remove(place)
	}
	return err
}

// admit lets those in for whom there is room. The lock is held.
func (t *threads) admit() {
	for t.waiting.Len() > 0 {
		place := t.waiting.Front()
		if t.inside >= t.most {
			if t.asking < t.inside || t.inside >= t.most+spareThreads {
				return
			}
			place = t.waiting.Back()
		}
		t.inside++
		close(t.waiting.Remove(place).(chan struct{}))
	}
}

// ask counts a goroutine inside whose C begins to wait for the program, or ends
// to by -1.
func (t *threads) ask(change int) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.asking += change
	t.admit()
}
