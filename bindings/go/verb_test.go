package reggie

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestVerbsReturnAResponseWithAnError(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "no json")
	})
	client := newClient(t, server.URL)
	response, err := client.R().SetResult(map[string]string{}).Get("/x")
	if err == nil || response.StatusCode() != 200 || response.String() != "no json" {
		t.Errorf("%v, %v", response, err)
	}
	if response, err = client.NewRequest(GET, "/x").SetResult(map[string]string{}).Execute(GET, "/x"); response != nil || err == nil {
		t.Errorf("%v, %v", response, err)
	}
	response, err = client.R().Get("http://127.0.0.1:1/x")
	if err == nil || response == nil || response.StatusCode() != 0 || response.Body() == nil {
		t.Errorf("%v, %v", response, err)
	}
}

// A request outside of a repository waits for its challenge each time.
func TestSeekerIsSentAgainToAnyPath(t *testing.T) {
	token := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"token":"abc"}`)
	})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer abc" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+token.URL+`"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Write(body)
	})
	client := newClient(t, server.URL, WithUsernamePassword("u", "p"))
	for range 3 {
		reader := struct{ io.ReadSeeker }{strings.NewReader("before the body")}
		if _, err := reader.Seek(7, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(client.NewRequest(POST, "/v2/a").SetBody(reader))
		if err != nil || response.String() != "the body" {
			t.Errorf("%v, %v", response, err)
		}
	}
}
