package cabi

import (
	"runtime/cgo"
	"sync/atomic"
)

// What there is of C's handles, and of the numbers by which C knows Go's values.
var handles, ids atomic.Int64

// Counts gives how many of each there are. Tests compare them.
func Counts() (ofC, ofGo int64) { return handles.Load(), ids.Load() }

// made counts a handle, if there is one.
func made[ID ~uint64 | ~uintptr](id ID) {
	if id != 0 {
		handles.Add(1)
	}
}

func freed() { handles.Add(-1) }

func newID(value any) cgo.Handle {
	ids.Add(1)
	return cgo.NewHandle(value)
}

func deleteID(id cgo.Handle) {
	id.Delete()
	ids.Add(-1)
}
