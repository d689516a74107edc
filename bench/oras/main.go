// The benchmark's GETs of a manifest with oras-go:
//
//	oras USER:PASSWORD N HOST/REPOSITORY:TAG
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

const small = 1500

// The resources used so far, as in measure.h.
type measure struct {
	wall time.Time
	used syscall.Rusage
}

func begin() measure {
	now := measure{wall: time.Now()}
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
		fmt.Sscanf(lines.Text(), "VmHWM: %d", &kib)
	}
	return kib
}

func (begun measure) end() {
	now := begin()
	fmt.Printf("wall %.6f user %.6f sys %.6f peak %d\n",
		now.wall.Sub(begun.wall).Seconds(),
		seconds(begun.used.Utime, now.used.Utime),
		seconds(begun.used.Stime, now.used.Stime), peak())
}

func get(ctx context.Context, repository *remote.Repository, tag string) error {
	_, body, err := repository.Manifests().FetchReference(ctx, tag)
	if err != nil {
		return err
	}
	defer body.Close()
	kept, err := io.ReadAll(body)
	if err == nil && len(kept) != small {
		err = fmt.Errorf("%d bytes", len(kept))
	}
	return err
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: oras USER:PASSWORD N HOST/REPOSITORY:TAG")
	}
	user, password, _ := strings.Cut(os.Args[1], ":")
	number, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	begun := begin()
	repository, err := remote.NewRepository(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	repository.PlainHTTP = true
	// The most efficient setup: the token is cached and sent immediately.
	repository.Client = &auth.Client{
		Cache: auth.NewCache(),
		Credential: auth.StaticCredential(repository.Reference.Registry,
			auth.Credential{Username: user, Password: password}),
	}
	for range number {
		if err := get(context.Background(), repository, repository.Reference.Reference); err != nil {
			log.Fatal(err)
		}
	}
	begun.end()
}
