package reggie

import (
	"io"
	"strings"
)

// onlyReader returns a reader that has no other methods.
func onlyReader(text string) io.Reader {
	return struct{ io.Reader }{strings.NewReader(text)}
}

// onlySeeker returns a reader that can seek and has no other methods.
func onlySeeker(text string) io.ReadSeeker {
	return struct{ io.ReadSeeker }{strings.NewReader(text)}
}

func rawText(s *scene, response *Response) string {
	s.Helper()
	body := response.RawBody()
	text, err := io.ReadAll(body)
	if err != nil {
		s.Fatal(err)
	}
	if err := body.Close(); err != nil {
		s.Fatal(err)
	}
	return string(text)
}
