package reggie

import (
	"fmt"
	"testing"
)

func TestProgressIsPrintedByName(t *testing.T) {
	for printed, want := range map[any]string{
		ProgressBegin:     "begin",
		ProgressDone:      "done",
		ProgressEvent(99): "99",
		PhaseCheck:        "check",
		PhaseLock:         "lock",
		ProgressPhase(-1): "-1",
	} {
		if got := fmt.Sprint(printed); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
