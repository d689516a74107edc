package reggie

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"libreggie/reggie/internal/cabi"
)

// received is the response as read from the library.
type received struct {
	head *cabi.Head
	body []byte
	size int64
	// decodeErr is the reason why the body could not be decompressed.
	decodeErr error
	// statusErr is nil if the status is 2xx.
	statusErr error
	// pageErr is the reason why the next page is refused.
	pageErr error
	list    []cabi.RegistryError
	listErr error
	// open is the response if its body is still unread.
	open *cabi.Response
}

const (
	// Bodies are read in pieces of these sizes.
	firstPiece = 16 << 10
	maxPiece   = 1 << 20
	// maxPreallocated limits the memory allocated because of a Content-Length,
	// before any of the body has arrived.
	maxPreallocated = 64 << 20
)

// receive reads the response as the settings say. It runs inside C.
func (e *exchange) receive(opened *cabi.Response) (*received, error) {
	r := e.request
	result := &received{head: opened.Head()}
	if r.rawBody || r.client.settings.rawBody {
		result.open = opened
		result.readErrors(opened)
		return result, nil
	}
	defer opened.Free()
	var err error
	if r.output != "" {
		result.size, err = saveBody(opened, r.client.settings.outputFolder, r.output)
	} else {
		err = result.readBody(opened, r)
	}
	if err != nil {
		return nil, err
	}
	result.readErrors(opened)
	return result, nil
}

func (result *received) readBody(opened *cabi.Response, r *Request) error {
	limit := r.client.Config.maxBody
	body, err := readAll(opened, result.head, r.Method, limit)
	if err != nil {
		return err
	}
	if len(body) > 0 && isCompressed(result.head) {
		decoded, err := gunzip(body, limit)
		if err != nil {
			result.decodeErr = err
		} else {
			body = decoded
		}
	}
	result.body, result.size = body, int64(len(body))
	if isSuccess(result.head.Status) {
		return nil
	}
	return opened.SetBody(body)
}

// readErrors reads what the library says about the status and the error list.
func (result *received) readErrors(opened *cabi.Response) {
	result.pageErr = opened.CheckNextPage()
	if result.statusErr = opened.Check(); result.statusErr != nil {
		result.list, result.listErr = opened.Errors()
	}
}

// readAll reads a body into memory. The buffer grows with the received bytes,
// whatever Content-Length says.
func readAll(from io.Reader, head *cabi.Head, method string, limit int64) ([]byte, error) {
	announced := head.Length != cabi.UnknownSize && method != HEAD
	capacity := firstPiece
	if announced {
		// One byte more, to see the end without growing.
		capacity = int(min(head.Length, maxPreallocated)) + 1
	}
	body := make([]byte, 0, capacity)
	populated := 0
	for {
		if len(body) == cap(body) {
			grown := 4 * cap(body)
			if announced && cap(body) >= maxPreallocated {
				// So much has arrived that the length can be believed.
				grown = 16 * cap(body)
			}
			if announced && uint64(grown) > head.Length {
				grown = max(int(head.Length)+1, 2*cap(body))
			}
			body = append(make([]byte, 0, grown), body...)
			populated = 0
		}
		populated = populate(body, populated)
		piece := body[len(body):min(cap(body), len(body)+maxPiece)]
		n, err := from.Read(piece)
		body = body[:len(body)+n]
		if limit > 0 && int64(len(body)) > limit {
			return nil, bodyTooLarge(limit)
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func bodyTooLarge(limit int64) error {
	return fmt.Errorf("the body exceeds the limit of %d bytes set by WithMaxBody", limit)
}

// populate makes the kernel allocate the pages of a large buffer in advance, a
// few pieces at a time: a page fault for each page costs more than the copy. It
// returns up to where they are allocated.
func populate(body []byte, populated int) int {
	if cap(body) < maxPreallocated || len(body)+maxPiece <= populated {
		return populated
	}
	populated = len(body) &^ (os.Getpagesize() - 1)
	next := min(cap(body), populated+4*maxPiece)
	// Kernels before 5.14 do not have it; then page faults do the work.
	const madvPopulateWrite = 23
	_ = syscall.Madvise(body[populated:next:next], madvPopulateWrite)
	return next
}

// saveBody writes a body to a file, which appears when it is complete.
func saveBody(from io.Reader, folder, path string) (int64, error) {
	if folder != "" && !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	path = filepath.Clean(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return 0, err
	}
	size, err := io.CopyBuffer(struct{ io.Writer }{file}, from, make([]byte, maxPiece))
	if err == nil {
		err = file.Chmod(0o644)
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return size, err
}

func isCompressed(head *cabi.Head) bool {
	for _, field := range head.Headers {
		if strings.EqualFold(field[0], "Content-Encoding") {
			return strings.EqualFold(field[1], "gzip")
		}
	}
	return false
}

// gunzip decompresses a body that the server compressed without being asked to.
func gunzip(body []byte, limit int64) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	limited := io.Reader(reader)
	if limit > 0 {
		limited = io.LimitReader(reader, limit+1)
	}
	decoded, err := io.ReadAll(limited)
	if err != nil {
		return nil, err
	}
	if limit > 0 && int64(len(decoded)) > limit {
		return nil, bodyTooLarge(limit)
	}
	return decoded, nil
}
