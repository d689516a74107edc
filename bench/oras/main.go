// The benchmark cases with oras-go: GETs of a manifest, the push of a file as a
// blob, and verified pulls of a blob of 1 GiB. A CA file is trusted by the
// environment variable SSL_CERT_FILE:
//
//	oras USER:PASSWORD N HOST/REPOSITORY:TAG
//	oras push http[s]://HOST/v2/REPOSITORY FILE
//	oras down http[s]://HOST/v2/REPOSITORY DIGEST
//	oras save http[s]://HOST/v2/REPOSITORY DIGEST FILE
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

const (
	small = 1500
	large = 1 << 30
)

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

// The digest first, then the push: from an *os.File, which net/http sends with
// sendfile(2).
func push(repository *remote.Repository, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.CopyBuffer(struct{ io.Writer }{hash}, struct{ io.Reader }{file}, make([]byte, 1<<20))
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return repository.Blobs().Push(context.Background(), ocispec.Descriptor{
		MediaType: "application/octet-stream",
		Digest:    digest.NewDigest(digest.SHA256, hash),
		Size:      size,
	}, file)
}

func down(repository *remote.Repository, blob string, to io.Writer) error {
	descriptor := ocispec.Descriptor{
		MediaType: "application/octet-stream",
		Digest:    digest.Digest(blob),
		Size:      large,
	}
	body, err := repository.Blobs().Fetch(context.Background(), descriptor)
	if err != nil {
		return err
	}
	defer body.Close()
	verifier := content.NewVerifyReader(body, descriptor)
	// io.Discard would take smaller pieces.
	if _, err := io.Copy(struct{ io.Writer }{to}, verifier); err != nil {
		return err
	}
	return verifier.Verify()
}

func save(repository *remote.Repository, blob, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := down(repository, blob, file); err != nil {
		return err
	}
	return file.Close()
}

func main() {
	if len(os.Args) < 4 {
		log.Fatal("usage: see the comment at the top")
	}
	begun := begin()
	var err error
	switch os.Args[1] {
	case "push":
		err = push(repositoryOf(os.Args[2]), os.Args[3])
	case "down":
		err = down(repositoryOf(os.Args[2]), os.Args[3], io.Discard)
	case "save":
		err = save(repositoryOf(os.Args[2]), os.Args[3], os.Args[4])
	default:
		getAll(os.Args[1], os.Args[2], os.Args[3])
	}
	if err != nil {
		log.Fatal(err)
	}
	begun.end()
}

// repositoryOf returns the repository of a URL such as http://host/v2/name.
func repositoryOf(url string) *remote.Repository {
	scheme, name, _ := strings.Cut(url, "://")
	repository := newRepository(strings.Replace(name, "/v2/", "/", 1))
	repository.PlainHTTP = scheme == "http"
	return repository
}

func newRepository(reference string) *remote.Repository {
	repository, err := remote.NewRepository(reference)
	if err != nil {
		log.Fatal(err)
	}
	repository.PlainHTTP = true
	return repository
}

func getAll(login, count, reference string) {
	user, password, _ := strings.Cut(login, ":")
	number, err := strconv.Atoi(count)
	if err != nil {
		log.Fatal(err)
	}
	repository := newRepository(reference)
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
}
