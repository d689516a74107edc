package cabi

import (
	"runtime/cgo"
	"sync/atomic"
)

// The number of C handles, and of Go values that C refers to by number.
var cHandles, goHandles atomic.Int64

// Counts returns how many C handles and how many numbers of Go values exist.
// Tests use it to find leaks.
func Counts() (ofC, ofGo int64) { return cHandles.Load(), goHandles.Load() }

// created counts a C handle; 0 is not one.
func created[ID ~uint64 | ~uintptr](id ID) {
	if id != 0 {
		cHandles.Add(1)
	}
}

func freed() { cHandles.Add(-1) }

func newGoHandle(value any) cgo.Handle {
	goHandles.Add(1)
	return cgo.NewHandle(value)
}

func deleteGoHandle(id cgo.Handle) {
	id.Delete()
	goHandles.Add(-1)
}
