package reggie

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// wire receives one request, and returns its head and the server's address.
func wire(t *testing.T, send func(*Client)) (string, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	head := make(chan string, 1)
	go func() {
		defer close(head)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		reader := bufio.NewReader(conn)
		text := ""
		for !strings.HasSuffix(text, "\r\n\r\n") {
			line, err := reader.ReadString('\n')
			if err != nil {
				return
			}
			text += line
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		head <- text
	}()
	client, err := NewClient("http://"+listener.Addr().String(), WithUserAgent("agent"))
	if err != nil {
		t.Fatal(err)
	}
	client.SetLogger(&notes{})
	send(client)
	return <-head, listener.Addr().String()
}

// Requests are the same as those of Go Reggie, byte for byte except for the order
// of header fields.
func TestWire(t *testing.T) {
	for _, row := range []struct {
		method string
		set    func(*Request)
		want   string
	}{
		{GET, nil, ""},
		{HEAD, nil, ""},
		{OPTIONS, nil, ""},
		{DELETE, nil, ""},
		{POST, nil, "Content-Length: 0"},
		{PUT, nil, "Content-Length: 0"},
		{PATCH, nil, "Content-Length: 0"},
		{GET, func(r *Request) { r.SetHeader("accept", "a/b") }, "Accept: a/b"},
		{GET, func(r *Request) { r.SetHeader("Content-Length", "7") }, ""},
		{PUT, func(r *Request) { r.SetHeader("Content-Length", "7").SetBody("abc") },
			"Content-Length: 3|Content-Type: text/plain; charset=utf-8"},
		{PUT, func(r *Request) { r.SetHeader("Content-Type", "application/json").SetBody("{}") },
			"Content-Length: 2|Content-Type: application/json"},
		{PUT, func(r *Request) { r.SetHeader("Content-Type", "a/b").SetBody(onlyReader("a")) },
			"Content-Type: a/b|Transfer-Encoding: chunked"},
		{DELETE, func(r *Request) { r.SetHeader("Content-Type", "a/b").SetBody("abc") },
			"Content-Length: 3|Content-Type: a/b"},
	} {
		got, host := wire(t, func(client *Client) {
			r := client.NewRequest(row.method, "/v2/")
			if row.set != nil {
				row.set(r)
			}
			if _, err := client.Do(r); err != nil {
				t.Error(row, err)
			}
		})
		want := map[string]bool{"Host: " + host: true, "User-Agent: agent": true}
		for _, field := range strings.Split(row.want, "|") {
			want[field] = true
		}
		delete(want, "")
		all := strings.Split(strings.TrimSuffix(got, "\r\n\r\n"), "\r\n")
		if all[0] != row.method+" /v2/ HTTP/1.1" || len(all)-1 != len(want) {
			t.Errorf("%s with %q: %q", row.method, row.want, got)
		}
		for _, field := range all[1:] {
			name, value, _ := strings.Cut(field, ": ")
			if !want[http.CanonicalHeaderKey(name)+": "+value] {
				t.Errorf("%s with %q: %q", row.method, row.want, field)
			}
		}
	}
}

// Execute and methods such as Get ignore challenges; Do handles them.
func TestOnlyDoHandlesChallenges(t *testing.T) {
	s := newScene(t, WithUsernamePassword("u", "p"))
	s.respondWith(challenge(s, "Basic"))
	s.equal(s.get().StatusCode(), 401)
	response := s.ok(s.client.NewRequest(GET, "/v2/x").Execute(GET, s.server.URL+"/v2/x"))
	s.equal(response.IsUnauthorized(), true)
	s.equal(s.count(), 2)
	s.equal(s.ok(s.client.Do(s.client.NewRequest(GET, "/v2/x"))).StatusCode(), 200)
	s.equal(s.count(), 4)
}

// challenge returns a handler that requires the user name u and password p, or a
// token from its path /token.
func challenge(s *scene, scheme string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/token" && user == "u" && password == "p":
			replies(200, "application/json", `{"token":"t"}`)(w, r)
		case r.URL.Path == "/token":
			replies(401, "application/json", `{}`)(w, r)
		case scheme == "Basic" && user == "u" && password == "p":
		case scheme == "Bearer" && r.Header.Get("Authorization") == "Bearer t":
		default:
			w.Header().Set("WWW-Authenticate", scheme+` realm="`+s.server.URL+`/token",service="s",scope="repository:a:pull,push"`)
			replies(401, "application/json", `{"errors":[{"code":"UNAUTHORIZED"}]}`)(w, r)
		}
	}
}

func TestInvalidRequests(t *testing.T) {
	s := newScene(t)
	for _, path := range []string{
		"/v2/<name>/tags/list", "/v2/a/manifests/<reference>", "/v2/a/blobs/<digest>",
		"/v2/a/blobs/uploads/<session_id>", "/v2///a",
	} {
		response, err := s.client.Do(s.client.NewRequest(GET, path))
		if err == nil || err.Error() != "request is invalid" || response != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	s.equal(s.count(), 0)
	for _, address := range []string{"", "xwejknxw://jshnws", "http://", "no url"} {
		if _, err := NewClient(address); err == nil {
			t.Errorf("%q was accepted as an address", address)
		}
	}
}

// Changes of Config and by setters take effect with the next call.
func TestChangesTakeEffectWithTheNextCall(t *testing.T) {
	s := newScene(t, WithUsernamePassword("u", "wrong"))
	s.respondWith(challenge(s, "Basic"))
	do := func() *Response {
		t.Helper()
		return s.ok(s.client.Do(s.client.NewRequest(GET, "/v2/<name>/x", WithName("a"))))
	}
	s.equal(do().StatusCode(), 401)
	s.client.Config.Password = "p"
	s.equal(do().StatusCode(), 200)
	s.client.Config.UserAgent = "another"
	do()
	s.equal(s.last().Header.Get("User-Agent"), "another")

	s.client.SetDefaultName("named")
	s.ok(s.client.Do(s.client.NewRequest(GET, "/v2/<name>/x")))
	s.equal(s.last().URI, "/v2/named/x")
	s.client.Config.DefaultName = "other"
	s.ok(s.client.Do(s.client.NewRequest(GET, "/v2/<name>/x")))
	s.equal(s.last().URI, "/v2/other/x")

	log := &notes{}
	s.client.SetLogger(log).Config.Debug = true
	do()
	s.equal(strings.Contains(log.text, "~~~ REQUEST ~~~"), true)
	s.equal(strings.Contains(log.text, "dTpw"), false)

	s.respondWith(challenge(s, "Bearer"))
	s.client.Config.AuthScope = "repository:own:pull"
	before := s.count()
	do()
	asked := ""
	for _, one := range s.since(before) {
		if strings.HasPrefix(one.URI, "/token") {
			asked = one.URI
		}
	}
	s.equal(strings.Contains(asked, "own"), true)

	other := newScene(t)
	s.client.Config.Address = other.server.URL
	do()
	s.equal(other.count(), 1)

	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	s.client.Config.Address = secure.URL
	if _, err := s.client.Do(s.client.NewRequest(GET, "/")); err == nil {
		t.Error("the certificate is trusted")
	}
	s.client.Config.InsecureSkipTLSVerify = true
	s.equal(s.ok(s.client.Do(s.client.NewRequest(GET, "/"))).StatusCode(), 404)
}

func TestLocations(t *testing.T) {
	s := newScene(t)
	s.client.Config.Address += "/base"
	for _, row := range []struct{ location, relative, absolute string }{
		{"", "", ""},
		{"/base/v2/up%2Fload?a=%2f", "/v2/up%2Fload?a=%2f", s.server.URL + "/base/v2/up%2Fload?a=%2f"},
		{s.server.URL + "/base/v2/u", "/v2/u", s.server.URL + "/base/v2/u"},
		{"https://other.example/v2/u?b=c", "/v2/u?b=c", "https://other.example/v2/u?b=c"},
	} {
		s.respondWith(func(w http.ResponseWriter, _ *http.Request) {
			if row.location != "" {
				w.Header().Set("Location", row.location)
			}
			w.WriteHeader(http.StatusAccepted)
		})
		response := s.ok(s.client.Do(s.client.NewRequest(POST, "/v2/")))
		s.equal(response.GetRelativeLocation(), row.relative)
		s.equal(response.GetAbsoluteLocation(), row.absolute)
	}
}

func TestNextPage(t *testing.T) {
	s := newScene(t)
	for _, row := range []struct {
		link, page string
		refused    bool
	}{
		{"", "", false},
		{`</v2/a/tags/list?last=b>; rel="next"`, "/v2/a/tags/list?last=b", false},
		{`<https://other.example/v2/a>; rel="next"`, "", true},
		{`</v2/a> rel="next"`, "", true},
	} {
		s.respondWith(func(w http.ResponseWriter, _ *http.Request) {
			if row.link != "" {
				w.Header().Set("Link", row.link)
			}
		})
		response := s.ok(s.client.Do(s.client.NewRequest(GET, "/v2/a/tags/list")))
		page, err := response.NextPage()
		s.equal(page, row.page)
		s.equal(errors.Is(err, StatusNextPageRefused), row.refused)
		s.equal(err != nil, row.refused)
	}
}
