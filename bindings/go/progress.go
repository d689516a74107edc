package reggie

import (
	"strconv"
	"time"

	"libreggie/reggie/internal/cabi"
)

// A ProgressEvent is what happened. Later versions may add events.
type ProgressEvent int

const (
	// ProgressBegin: the transfer of a blob or a manifest begins.
	ProgressBegin = ProgressEvent(cabi.ProgressBegin)
	// ProgressMove: bytes were transferred.
	ProgressMove = ProgressEvent(cabi.ProgressMove)
	// ProgressWait: nothing was transferred for one second.
	ProgressWait = ProgressEvent(cabi.ProgressWait)
	// ProgressRestart: the transfer restarts from the beginning, because the
	// existing data was unusable. Only now does Done decrease.
	ProgressRestart = ProgressEvent(cabi.ProgressRestart)
	// ProgressEnd: the content is in place and verified.
	ProgressEnd = ProgressEvent(cabi.ProgressEnd)
	// ProgressSkip: the content already existed, was mounted, or was left out.
	ProgressSkip = ProgressEvent(cabi.ProgressSkip)
	// ProgressFail: the transfer failed.
	ProgressFail = ProgressEvent(cabi.ProgressFail)
	// ProgressDone: an item of a [Batch] is done, or the whole call if it is none.
	ProgressDone = ProgressEvent(cabi.ProgressDone)
)

var eventNames = map[ProgressEvent]string{
	ProgressBegin:   "begin",
	ProgressMove:    "move",
	ProgressWait:    "wait",
	ProgressRestart: "restart",
	ProgressEnd:     "end",
	ProgressSkip:    "skip",
	ProgressFail:    "fail",
	ProgressDone:    "done",
}

// String returns the event in lower case, such as "begin".
func (e ProgressEvent) String() string { return nameOf(eventNames, e) }

// A ProgressPhase is what a call is doing. Later versions may add phases.
type ProgressPhase int

const (
	// PhaseCheck: a local file is being read to compute its digest.
	PhaseCheck = ProgressPhase(cabi.PhaseCheck)
	// PhasePull: content is being pulled. Blobs that are copied to a layout are in this
	// phase too.
	PhasePull = ProgressPhase(cabi.PhasePull)
	// PhasePush: content is being pushed. Blobs that are copied to a registry are in
	// this phase too, and all manifests that are copied.
	PhasePush = ProgressPhase(cabi.PhasePush)
	// PhaseCommit: the registry is storing content that it has received.
	PhaseCommit = ProgressPhase(cabi.PhaseCommit)
	// PhaseRetry: waiting before the next retry.
	PhaseRetry = ProgressPhase(cabi.PhaseRetry)
	// PhaseLock: waiting for another process that pulls to the same path or writes to
	// the same layout.
	PhaseLock = ProgressPhase(cabi.PhaseLock)
)

var phaseNames = map[ProgressPhase]string{
	PhaseCheck:  "check",
	PhasePull:   "pull",
	PhasePush:   "push",
	PhaseCommit: "commit",
	PhaseRetry:  "retry",
	PhaseLock:   "lock",
}

// String returns the phase in lower case, such as "pull".
func (p ProgressPhase) String() string { return nameOf(phaseNames, p) }

// nameOf returns a number that has no name as it is.
func nameOf[T ~int](names map[T]string, value T) string {
	if name, ok := names[value]; ok {
		return name
	}
	return strconv.Itoa(int(value))
}

// Progress is an event of a call with [WithProgress].
type Progress struct {
	Event ProgressEvent
	Phase ProgressPhase
	// Item is the content; nil if its digest is not known yet. At [ProgressDone], it is
	// what the call or the item was about: a blob, or a manifest with everything it
	// refers to.
	Item *Descriptor
	// Name is a name for display: the title, the name of the file, the tag, or the
	// first characters of the digest.
	Name string
	// Done is how many bytes of the content are in place, of which Resumed were
	// before the call. Bytes that are sent again are not counted again.
	Done, Resumed int64
	// Total is the size of the content, or [UnknownSize].
	Total int64
	// Wait is the time until the next retry; 0 if not waiting for one.
	Wait time.Duration

	// Number is that of the content, such as its line on a terminal. Numbers start at
	// 0, in the order in which transfers began. Before a transfer has begun, it is 0
	// in events about the whole call or item.
	Number int
	// AllDone is how many bytes of all content are in place, and AllTotal the size of
	// all content known so far. Content of unknown size is ignored.
	AllDone, AllTotal int64
	// Index is that of the item of a [Batch] that the content belongs to. Items is the
	// number of its items, of which ItemsDone are done, successful or not. They are 0
	// in other calls.
	Index, Items, ItemsDone int
}

func newProgress(low *cabi.Progress) Progress {
	return Progress{
		Event:   ProgressEvent(low.Event),
		Phase:   ProgressPhase(low.Phase),
		Item:    newDescriptor(low.Item),
		Name:    low.Name,
		Done:    low.Done,
		Resumed: low.Resumed,
		Total:   low.Total,
		Wait:    low.Wait,

		Number:    low.Number,
		AllDone:   low.AllDone,
		AllTotal:  low.AllTotal,
		Index:     low.Index,
		Items:     low.Items,
		ItemsDone: low.ItemsDone,
	}
}
