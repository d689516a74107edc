package reggie

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// doWith sends a request to a server with a challenge, with a client that has the
// options.
func doWith(t *testing.T, scheme string, options func(place string) []ClientOption) (*scene, *Response, error) {
	t.Helper()
	s := newScene(t)
	s.respondWith(challenge(s, scheme))
	place := strings.TrimPrefix(s.server.URL, "http://")
	client, err := NewClient(s.server.URL, options(place)...)
	if err != nil {
		t.Fatal(err)
	}
	s.client = client
	response, err := s.client.Do(s.client.NewRequest(GET, "/v2/a/tags/list"))
	return s, response, err
}

func TestCredentialOptions(t *testing.T) {
	for name, option := range map[string]func(string) ClientOption{
		"place": func(place string) ClientOption { return WithCredentials(place, "u", "p") },
		"function": func(place string) ClientOption {
			return WithCredentialFunc(func(registry, _ string) (Credential, error) {
				if registry != place {
					return Credential{}, errors.New(registry)
				}
				return Credential{Username: "u", Password: "p"}, nil
			})
		},
	} {
		for _, scheme := range []string{"Basic", "Bearer"} {
			_, response, err := doWith(t, scheme, func(place string) []ClientOption { return []ClientOption{option(place)} })
			if err != nil || response.StatusCode() != 200 {
				t.Errorf("%s, %s: %v", name, scheme, err)
			}
		}
	}
	s := newScene(t)
	s.respondWith(challenge(s, "Basic"))
	file := write(t, filepath.Join(t.TempDir(), "config.json"), fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`,
		strings.TrimPrefix(s.server.URL, "http://"), base64.StdEncoding.EncodeToString([]byte("u:p"))))
	client, err := NewClient(s.server.URL, WithCredentialsFile(file))
	if err != nil {
		t.Fatal(err)
	}
	s.equal(s.ok(client.Do(client.NewRequest(GET, "/v2/"))).StatusCode(), 200)

	t.Setenv("DOCKER_CONFIG", filepath.Dir(file))
	if client, err = NewClient(s.server.URL, WithCredentialsFiles()); err != nil {
		t.Fatal(err)
	}
	s.equal(s.ok(client.Do(client.NewRequest(GET, "/v2/"))).StatusCode(), 200)

	_, response, err := doWith(t, "Bearer", func(place string) []ClientOption { return []ClientOption{WithBearerToken(place, "t")} })
	s.equal(s.ok(response, err).StatusCode(), 200)

	_, _, err = doWith(t, "Basic", func(string) []ClientOption {
		return []ClientOption{WithCredentialFunc(func(string, string) (Credential, error) {
			return Credential{}, io.ErrNoProgress
		})}
	})
	s.equal(errors.Is(err, io.ErrNoProgress), true)
}

func TestCredentialHelperOption(t *testing.T) {
	folder := t.TempDir()
	helper := "#!/bin/sh\necho '{\"Username\":\"u\",\"Secret\":\"p\"}'\n"
	if err := os.WriteFile(filepath.Join(folder, "docker-credential-own"), []byte(helper), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	file := write(t, filepath.Join(folder, "config.json"), `{"credsStore":"own"}`)
	s, response, err := doWith(t, "Basic", func(string) []ClientOption {
		return []ClientOption{WithCredentialsFile(file), WithCredentialHelpers(time.Minute)}
	})
	s.equal(s.ok(response, err).StatusCode(), 200)
}

func TestCredentialHelperCacheTimeOption(t *testing.T) {
	folder := t.TempDir()
	runs := filepath.Join(folder, "runs")
	helper := "#!/bin/sh\necho >>" + runs + "\necho '{\"Username\":\"u\",\"Secret\":\"p\"}'\n"
	if err := os.WriteFile(filepath.Join(folder, "docker-credential-own"), []byte(helper), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	file := write(t, filepath.Join(folder, "config.json"), `{"credsStore":"own"}`)
	for _, test := range []struct {
		keep time.Duration
		runs int
	}{{time.Hour, 1}, {0, 2}} {
		if err := os.RemoveAll(runs); err != nil {
			t.Fatal(err)
		}
		s := newScene(t)
		s.respondWith(challenge(s, "Basic"))
		client, err := NewClient(s.server.URL, WithCredentialsFile(file),
			WithCredentialHelpers(time.Minute), WithCredentialHelperCacheTime(test.keep))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			s.equal(s.ok(client.Do(client.NewRequest(GET, "/v2/"+name+"/tags/list"))).StatusCode(), 200)
		}
		content, err := os.ReadFile(runs)
		s.equal(err, nil)
		s.equal(strings.Count(string(content), "\n"), test.runs)
	}
}

func TestPasswordWithSeveralLines(t *testing.T) {
	key := "{\n  \"private_key\": \"a:b\\n\"\n}\n"
	s := newScene(t)
	s.respondWith(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "_json_key" || password != key {
			w.Header().Set("WWW-Authenticate", "Basic realm=x")
			replies(401, "application/json", `{}`)(w, r)
		}
	})
	place := strings.TrimPrefix(s.server.URL, "http://")
	client, err := NewClient(s.server.URL, WithCredentials(place, "_json_key", key))
	if err != nil {
		t.Fatal(err)
	}
	s.equal(s.ok(client.Do(client.NewRequest(GET, "/v2/a/tags/list"))).StatusCode(), 200)
}

func TestIdentityTokenOption(t *testing.T) {
	s := newScene(t)
	place := strings.TrimPrefix(s.server.URL, "http://")
	client, err := NewClient(s.server.URL, WithIdentityToken(place, "", "identity"))
	if err != nil {
		t.Fatal(err)
	}
	s.respondWith(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == POST && r.URL.Path == "/token" {
			replies(200, "application/json", `{"access_token":"t"}`)(w, r)
			return
		}
		challenge(s, "Bearer")(w, r)
	})
	s.equal(s.ok(client.Do(client.NewRequest(GET, "/v2/a/tags/list"))).StatusCode(), 200)
	asked := false
	for _, one := range s.since(0) {
		asked = asked || strings.Contains(one.Body, "refresh_token=identity")
	}
	s.equal(asked, true)
}

func TestAnonymousFallbackOption(t *testing.T) {
	serve := func(s *scene) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, _, given := r.BasicAuth(); r.URL.Path == "/token" && !given {
				replies(200, "application/json", `{"token":"t"}`)(w, r)
				return
			}
			challenge(s, "Bearer")(w, r)
		}
	}
	for _, fallback := range []bool{false, true} {
		options := []ClientOption{WithUsernamePassword("u", "wrong")}
		if fallback {
			options = append(options, WithAnonymousFallback())
		}
		s := newScene(t, options...)
		s.respondWith(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" && r.URL.Path != "/token" {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+s.server.URL+`/token",scope="repository:a:pull"`)
				w.WriteHeader(401)
				return
			}
			serve(s)(w, r)
		})
		_, err := s.client.Do(s.client.NewRequest(GET, "/v2/a/tags/list"))
		s.equal(err == nil, fallback)
	}
}

func TestRealmOptions(t *testing.T) {
	realm := httptest.NewServer(replies(200, "application/json", `{"token":"t"}`))
	defer realm.Close()
	// By name, the token server is at another site than the registry.
	home, _ := url.Parse(realm.URL)
	place := "tokens.example:" + home.Port()
	far := strings.Replace(realm.URL, "127.0.0.1", "tokens.example", 1)
	for _, row := range []struct {
		option ClientOption
		works  bool
	}{
		{WithMaxBody(0), false},
		{WithAllowedRealm("tokens.example"), true},
		{WithRealmFunc(func(_, asked string) (bool, error) { return asked == place, nil }), true},
		{WithRealmFunc(func(_, _ string) (bool, error) { return false, io.ErrNoProgress }), false},
	} {
		s := newScene(t, WithUsernamePassword("u", "p"), row.option,
			WithResolve("tokens.example", 0, "127.0.0.1"), WithAllowedNetwork("127.0.0.0/8"))
		s.respondWith(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer t" {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+far+`",scope="repository:a:pull"`)
				w.WriteHeader(401)
			}
		})
		response, err := s.client.Do(s.client.NewRequest(GET, "/v2/a/tags/list"))
		if works := err == nil && response.StatusCode() == 200; works != row.works {
			t.Errorf("%v: %v", row.works, err)
		}
	}
}

func TestNetworkOptions(t *testing.T) {
	s := newScene(t)
	home, _ := url.Parse(s.server.URL)
	named := "http://registry.example:" + home.Port()
	client, err := NewClient(named, WithResolve("registry.example", 0, "127.0.0.1"),
		WithIPVersion(4), WithMaxIdleConnections(0, time.Second), WithoutEnvironment(), WithProxy("", ""))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r := client.R().EnableTrace()
		s.ok(r.Get("/v2/"))
		s.equal(r.TraceInfo().IsConnReused, false)
	}
	s.equal(s.last().Host, "registry.example:"+home.Port())

	// The environment is used unless WithoutEnvironment is set.
	t.Setenv("http_proxy", s.server.URL)
	if client, err = NewClient("http://proxied.example"); err != nil {
		t.Fatal(err)
	}
	s.ok(client.R().Get("/v2/"))
	s.equal(s.last().URI, "http://proxied.example/v2/")
	for _, options := range [][]ClientOption{
		{WithoutEnvironment()},
		{WithProxy("http", s.server.URL), WithNoProxy("proxied.example")},
	} {
		options = append(options, WithResolve("proxied.example", 0, "127.0.0.1"),
			WithTimeouts(Timeouts{Connect: time.Minute}))
		if client, err = NewClient("http://proxied.example:1", options...); err != nil {
			t.Fatal(err)
		}
		if _, err = client.R().Get("/v2/"); !errors.Is(err, StatusConnect) {
			t.Error(err)
		}
	}
}

func TestTrustOptions(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			w.Header().Set("X-Peer", "known")
		}
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MaxVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	folder := t.TempDir()
	file := write(t, filepath.Join(folder, "ca.crt"), string(ca))
	pair, err := pemOf(server.TLS.Certificates[0])
	if err != nil {
		t.Fatal(err)
	}
	keys := t.TempDir()
	certificateFile := write(t, filepath.Join(keys, "a.cert"), string(pair.certificate))
	keyFile := write(t, filepath.Join(keys, "a.key"), string(pair.key))
	certsFolder := t.TempDir()
	hostFolder := filepath.Join(certsFolder, strings.TrimPrefix(server.URL, "https://"))
	if err := os.Mkdir(hostFolder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(hostFolder, "ca.crt"), string(ca))
	accept := func(host string, chain [][]byte, refusal string) error {
		if len(chain) != 1 || refusal == "" || host == "" {
			return fmt.Errorf("%d of %q: %q", len(chain), host, refusal)
		}
		return nil
	}
	for name, row := range map[string]struct {
		options []ClientOption
		works   bool
		peer    bool
	}{
		"nothing":        {nil, false, false},
		"file":           {[]ClientOption{WithCAFile(file)}, true, false},
		"folder":         {[]ClientOption{WithCAFolder(folder)}, true, false},
		"memory":         {[]ClientOption{WithCA(ca), WithoutSystemTrust()}, true, false},
		"certs.d":        {[]ClientOption{WithCertsFolder(certsFolder)}, true, false},
		"function":       {[]ClientOption{WithCertificateFunc(accept)}, true, false},
		"skip":           {[]ClientOption{WithInsecureSkipTLSVerify(true)}, true, false},
		"certificate":    {[]ClientOption{WithCA(ca), WithClientCertificate("", pair.certificate, pair.key)}, true, true},
		"its files":      {[]ClientOption{WithCA(ca), WithClientCertificateFile("", certificateFile, keyFile)}, true, true},
		"oldest version": {[]ClientOption{WithCA(ca), WithMinTLSVersion(tls.VersionTLS13)}, false, false},
		"version":        {[]ClientOption{WithCA(ca), WithMinTLSVersion(tls.VersionTLS12)}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := NewClient(server.URL, row.options...)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.R().Get("/")
			if (err == nil) != row.works {
				t.Fatal(err)
			}
			if err == nil && (response.Header().Get("X-Peer") == "known") != row.peer {
				t.Error("the client certificate was sent by mistake, or not sent")
			}
		})
	}
	if _, err := NewClient(server.URL, WithCAFile("/does/not/exist")); err == nil {
		t.Error("a missing file was accepted")
	}
	if _, err := NewClient(server.URL, WithMinTLSVersion(0x399)); err == nil {
		t.Error("an unsupported TLS version was accepted")
	}
	log := filepath.Join(t.TempDir(), "keys")
	t.Setenv("SSLKEYLOGFILE", log)
	client, err := NewClient(server.URL, WithCA(ca), WithKeyLog(), WithCertsFolders())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.R().Get("/"); err != nil {
		t.Fatal(err)
	}
	if about, err := os.Stat(log); err != nil || about.Size() == 0 {
		t.Errorf("no keys were logged: %v", err)
	}
}

func TestRetryOptions(t *testing.T) {
	s := newScene(t, WithRetries(2), WithRetryDelays(time.Millisecond, 2*time.Millisecond, time.Second))
	s.respondWith(inTurn(replies(503, "text/plain", ""), replies(503, "text/plain", ""), replies(200, "text/plain", "ok")))
	s.equal(s.get().String(), "ok")
	s.equal(s.count(), 3)
}

func TestTimeLimitOptions(t *testing.T) {
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	s := newScene(t, WithTimeouts(Timeouts{
		Resolve: time.Minute, TLS: time.Minute, FirstByte: 50 * time.Millisecond, Commit: 50 * time.Millisecond,
	}))
	s.respondWith(silent)
	_, err := s.client.R().Get("/v2/x")
	s.equal(errors.Is(err, StatusTimeout), true)

	s = newScene(t, WithStallLimit(1000, 100*time.Millisecond))
	s.respondWith(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		silent(w, r)
	})
	_, err = s.client.R().Get("/v2/x")
	s.equal(errors.Is(err, StatusTimeout), true)
}

func TestWarningOption(t *testing.T) {
	var heard []string
	s := newScene(t, WithWarningFunc(func(host, text string) { heard = append(heard, host+" "+text) }))
	s.respondWith(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Warning", `299 - "old"`) })
	s.get()
	s.get()
	s.equal(heard, []string{strings.TrimPrefix(s.server.URL, "http://") + " old"})
}

func TestMaxThreads(t *testing.T) {
	SetMaxThreads(1)
	defer SetMaxThreads(512)
	newScene(t).get()
}
