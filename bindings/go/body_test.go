package reggie

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type bodyRow struct {
	name string
	// body creates an unread body.
	body func(*testing.T) any
	want string
	// length is -1 for a chunked body.
	length int64
	kind   string
	// once is true if the body cannot be sent twice.
	once bool
}

const octets = "\x00\x01"

func bodyRows() []bodyRow {
	value := func(body any) func(*testing.T) any { return func(*testing.T) any { return body } }
	text := "text"
	return []bodyRow{
		{"nil", value(nil), "", 0, "", false},
		{"empty of net/http", value(http.NoBody), "", 0, "", false},
		{"string", value(text), text, 4, plainText, false},
		{"empty string", value(""), "", 0, plainText, false},
		{"bytes", value([]byte(octets)), octets, 2, "application/octet-stream", false},
		{"bytes of text", value([]byte(text)), text, 4, plainText, false},
		{"struct", value(word{"a"}), `{"word":"a"}`, 12, jsonType, false},
		{"pointer to struct", value(&word{"a"}), `{"word":"a"}`, 12, jsonType, false},
		{"map", value(map[string]int{"a": 1}), `{"a":1}`, 7, jsonType, false},
		{"pointer to map", value(&map[string]int{"a": 1}), `{"a":1}`, 7, jsonType, false},
		{"slice", value([]int{1, 2}), `[1,2]`, 5, jsonType, false},
		{"pointer to slice", value(&[]int{1, 2}), `[1,2]`, 5, jsonType, false},
		{"Buffer", func(*testing.T) any { return bytes.NewBufferString(text) }, text, 4, "", false},
		{"bytes.Reader", func(*testing.T) any {
			reader := bytes.NewReader([]byte("x" + text))
			_, _ = reader.ReadByte()
			return reader
		}, text, 4, "", false},
		{"strings.Reader", func(*testing.T) any { return strings.NewReader(text) }, text, 4, "", false},
		{"file", func(t *testing.T) any {
			file, err := os.Open(write(t, filepath.Join(t.TempDir(), "f"), "x"+text))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { file.Close() })
			_, _ = file.Seek(1, io.SeekStart)
			return file
		}, text, 4, "", false},
		{"pipe", func(t *testing.T) any {
			read, in, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { read.Close() })
			_, _ = in.WriteString(text)
			in.Close()
			return read
		}, text, -1, "", true},
		{"seeker", func(*testing.T) any { return onlySeeker(text) }, text, -1, "", false},
		{"reader", func(*testing.T) any { return onlyReader(text) }, text, -1, "", true},
	}
}

func TestBodies(t *testing.T) {
	for _, row := range bodyRows() {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t)
			got := s.sent(s.client.R().SetBody(row.body(t)), PUT)
			s.equal(got.Body, row.want)
			s.equal(got.Length, row.length)
			s.equal(got.Header.Get("Content-Type"), row.kind)
		})
	}
}

// After a challenge, a body is sent again, or the call fails if that is impossible.
func TestBodiesAreSentAgain(t *testing.T) {
	for _, scheme := range []string{"Basic", "Bearer"} {
		for _, row := range bodyRows() {
			t.Run(scheme+"/"+row.name, func(t *testing.T) {
				s := newScene(t, WithUsernamePassword("u", "p"))
				s.respondWith(challenge(s, scheme))
				response, err := s.client.Do(s.client.NewRequest(PUT, "/v2/a/blobs/uploads/").SetBody(row.body(t)))
				if row.once {
					if !errors.Is(err, StatusBodyNotRewindable) {
						t.Fatalf("%v", err)
					}
					return
				}
				s.equal(s.ok(response, err).StatusCode(), 200)
				got := s.last()
				s.equal(got.Body, row.want)
				s.equal(got.Length, row.length)
			})
			t.Run(scheme+"/"+row.name+" with a callback", func(t *testing.T) {
				s := newScene(t, WithUsernamePassword("u", "p"))
				s.respondWith(challenge(s, scheme))
				called := 0
				r := s.client.NewRequest(PUT, "/v2/a/blobs/uploads/", WithRetryCallback(func(r *Request) error {
					called++
					r.SetBody(row.body(t)).SetHeader("X-A", "b").SetQueryParam("c", "d")
					return nil
				})).SetBody(row.body(t)).SetQueryParam("a", "b")
				s.equal(s.ok(s.client.Do(r)).StatusCode(), 200)
				got := s.last()
				s.equal(called, 1)
				s.equal(got.Body, row.want)
				s.equal(got.Length, row.length)
				s.equal(got.Header.Get("X-A"), "b")
				s.equal(got.URI, "/v2/a/blobs/uploads/?a=b&c=d")
				s.equal(r.URL, s.server.URL+"/v2/a/blobs/uploads/?a=b&c=d")
			})
		}
	}
}

func TestMultipartIsSentAgain(t *testing.T) {
	for _, callback := range []RetryCallbackFunc{nil, func(*Request) error { return nil }} {
		s := newScene(t, WithUsernamePassword("u", "p"))
		s.respondWith(challenge(s, "Basic"))
		r := s.client.NewRequest(POST, "/v2/a/blobs/uploads/", WithRetryCallback(callback)).
			SetMultipartField("p", "f", "a/b", onlyReader("content"))
		s.ok(s.client.Do(r))
		got := s.last()
		parsed, _ := http.NewRequest(POST, "/", strings.NewReader(got.Body))
		parsed.Header = got.Header
		file, _, err := parsed.FormFile("p")
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(file)
		s.equal(string(content), "content")
	}
}

func TestInvalidBodies(t *testing.T) {
	s := newScene(t)
	for _, body := range []any{1, true, 1.5, &[]*int{nil}[0], make(chan int), func() {}, (*word)(nil)} {
		if _, err := s.client.R().SetBody(body).Put("/v2/x"); err == nil {
			t.Errorf("%T was accepted", body)
		}
	}
	if _, err := s.client.R().SetHeader("Content-Type", "a/b").SetBody(word{}).Put("/v2/x"); err == nil {
		t.Error("a struct was accepted as a/b")
	}
	got := s.sent(s.client.R().SetHeader("Content-Type", "application/xml").SetBody(word{"a"}), PUT)
	s.equal(got.Body, "<word><word>a</word></word>")
	s.equal(s.count(), 1)
}

func TestMaxBody(t *testing.T) {
	s := newScene(t, WithMaxBody(3))
	s.respondWith(replies(200, "text/plain", "abc"))
	s.equal(s.get().String(), "abc")
	s.respondWith(replies(200, "text/plain", "abcd"))
	if _, err := s.client.R().Get("/v2/x"); err == nil {
		t.Error("a body above the limit was accepted")
	}
}
