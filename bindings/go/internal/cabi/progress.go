package cabi

// #include "content.h"
import "C"

import "time"

// Events and phases.
const (
	ProgressBegin   = int(C.REGGIE_PROGRESS_BEGIN)
	ProgressMove    = int(C.REGGIE_PROGRESS_MOVE)
	ProgressWait    = int(C.REGGIE_PROGRESS_WAIT)
	ProgressRestart = int(C.REGGIE_PROGRESS_RESTART)
	ProgressEnd     = int(C.REGGIE_PROGRESS_END)
	ProgressSkip    = int(C.REGGIE_PROGRESS_SKIP)
	ProgressFail    = int(C.REGGIE_PROGRESS_FAIL)
	ProgressDone    = int(C.REGGIE_PROGRESS_DONE)

	PhaseCheck  = int(C.REGGIE_PHASE_CHECK)
	PhasePull   = int(C.REGGIE_PHASE_PULL)
	PhasePush   = int(C.REGGIE_PHASE_PUSH)
	PhaseCommit = int(C.REGGIE_PHASE_COMMIT)
	PhaseRetry  = int(C.REGGIE_PHASE_RETRY)
	PhaseLock   = int(C.REGGIE_PHASE_LOCK)
)

// Progress is a copy of a reggie_progress.
type Progress struct {
	Event, Phase int
	// Item is nil if the digest is not known yet.
	Item          *Descriptor
	Name          string
	Done, Resumed int64
	// Total is -1 if it is unknown.
	Total int64
	// Wait is the time until the next retry.
	Wait time.Duration
	// Number is that of the transfer, and Index that of the item of a batch.
	Number, Index     int
	AllDone, AllTotal int64
	Items, ItemsDone  int
}

//export cabiProgress
func cabiProgress(id, progress C.uintptr_t) C.int {
	copied := &Progress{
		Event:   int(C.cabi_progress_event(progress)),
		Phase:   int(C.cabi_progress_phase(progress)),
		Item:    copyOptional(C.cabi_progress_item(progress)),
		Name:    C.GoString(C.cabi_progress_name(progress)),
		Done:    int64(C.cabi_progress_done(progress)),
		Total:   int64(C.cabi_progress_total(progress)),
		Resumed: int64(C.cabi_progress_resumed(progress)),
		Wait:    time.Duration(C.cabi_progress_wait_ms(progress)) * time.Millisecond,

		Number:    int(C.cabi_progress_number(progress)),
		Index:     int(C.cabi_progress_index(progress)),
		AllDone:   int64(C.cabi_progress_all_done(progress)),
		AllTotal:  int64(C.cabi_progress_all_total(progress)),
		Items:     int(C.cabi_progress_items(progress)),
		ItemsDone: int(C.cabi_progress_items_done(progress)),
	}
	call := callOf(uintptr(id))
	return C.int(call.callBack(func() int { return call.Progress(copied) }))
}
