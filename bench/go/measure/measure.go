// Package measure measures the cost of a run, like measure.h.
package measure

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"
)

// A Measure is a snapshot of the resources used.
type Measure struct {
	wall time.Time
	used syscall.Rusage
}

// Begin starts measuring.
func Begin() Measure {
	now := Measure{wall: time.Now()}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &now.used); err != nil {
		log.Fatal(err)
	}
	return now
}

func seconds(from, to syscall.Timeval) float64 {
	return float64(to.Nano()-from.Nano()) / 1e9
}

// Peak memory in KiB.
func peak() (kib int) {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "VmHWM: %d", &kib)
	}
	return kib
}

// End prints the cost since Begin on one line.
func (begun Measure) End() {
	now := Begin()
	fmt.Printf("wall %.6f user %.6f sys %.6f peak %d\n",
		now.wall.Sub(begun.wall).Seconds(),
		seconds(begun.used.Utime, now.used.Utime),
		seconds(begun.used.Stime, now.used.Stime), peak())
}
