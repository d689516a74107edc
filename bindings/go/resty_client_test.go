package reggie

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type word struct {
	Word string `json:"word" xml:"word"`
}

func clientHeader(name, value string) func(*scene) {
	return func(s *scene) { s.get(); s.equal(s.last().Header.Get(name), value) }
}

// fails makes the server respond with errors the first times.
func fails(s *scene, times int) {
	s.respondWith(func(w http.ResponseWriter, _ *http.Request) {
		if s.count() <= times {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	s.client.SetRetryWaitTime(time.Millisecond).SetRetryMaxWaitTime(2 * time.Millisecond)
}

// clientRows has a test for each method and field of Resty's client.
var clientRows = map[string]func(*scene){
	"AddRetryAfterErrorCondition": func(s *scene) {
		fails(s, 2)
		s.client.SetRetryCount(3).AddRetryAfterErrorCondition()
		s.equal(s.get().StatusCode(), 200)
		s.equal(s.count(), 3)
	},
	"AddRetryCondition": func(s *scene) {
		fails(s, 0)
		s.client.SetRetryCount(2).AddRetryCondition(func(*Response, error) bool { return true })
		s.get()
		s.equal(s.count(), 3)
	},
	"AddRetryHook": func(s *scene) {
		fails(s, 1)
		heard := 0
		s.client.SetRetryCount(2).AddRetryAfterErrorCondition().
			AddRetryHook(func(r *Response, _ error) { heard = r.StatusCode() })
		s.get()
		s.equal(heard, 503)
	},
	"DisableTrace": func(s *scene) {
		s.client.EnableTrace().DisableTrace()
		s.equal(s.get().Request.TraceInfo().TotalTime, time.Duration(0))
	},
	"EnableTrace": func(s *scene) {
		s.client.EnableTrace()
		if s.get().Request.TraceInfo().TotalTime <= 0 {
			s.Error("the time is missing")
		}
	},
	"IsProxySet": func(s *scene) {
		s.equal(s.client.IsProxySet(), false)
		s.equal(s.client.SetProxy("http://proxy.example:1").IsProxySet(), true)
	},
	"NewRequest": func(s *scene) {
		s.ok(s.client.Do(s.client.NewRequest(GET, "/v2/<name>/tags/list", WithName("a/b"))))
		s.equal(s.last().URI, "/v2/a/b/tags/list")
	},
	"OnAfterResponse": func(s *scene) {
		status := 0
		s.client.OnAfterResponse(func(_ *Client, r *Response) error { status = r.StatusCode(); return nil })
		s.get()
		s.equal(status, 200)
		status = 0
		rawText(s, s.ok(s.client.R().SetDoNotParseResponse(true).Get("/v2/x")))
		s.equal(status, 0)
	},
	"OnBeforeRequest": func(s *scene) {
		s.client.OnBeforeRequest(func(_ *Client, r *Request) error { r.SetHeader("X-A", "b"); return nil })
		clientHeader("X-A", "b")(s)
	},
	"OnError": func(s *scene) {
		var heard error
		s.client.OnError(func(_ *Request, err error) { heard = err })
		_, err := s.client.R().Get("http://127.0.0.1:1/")
		if err == nil || !errors.Is(heard, err) {
			s.Errorf("heard %v of %v", heard, err)
		}
	},
	"OnRequestLog": func(s *scene) {
		log := &notes{}
		s.client.SetLogger(log).SetDebug(true).OnRequestLog(func(l *RequestLog) error { l.Body = "changed"; return nil })
		s.get()
		s.equal(strings.Contains(log.text, "changed"), true)
	},
	"OnResponseLog": func(s *scene) {
		log := &notes{}
		s.client.SetLogger(log).SetDebug(true).OnResponseLog(func(l *ResponseLog) error { l.Body = "changed"; return nil })
		s.get()
		s.equal(strings.Contains(log.text, "changed"), true)
	},
	"R": func(s *scene) { s.get(); s.equal(s.last().URI, "/v2/x") },
	"RemoveProxy": func(s *scene) {
		s.client.SetProxy("http://127.0.0.1:1").RemoveProxy()
		s.equal(s.get().StatusCode(), 200)
	},
	"SetAllowGetMethodPayload": func(s *scene) {
		s.equal(s.sent(s.client.R().SetBody("a"), GET).Body, "")
		s.client.SetAllowGetMethodPayload(true)
		s.equal(s.sent(s.client.R().SetBody("a"), GET).Body, "a")
	},
	"SetAuthScheme": func(s *scene) {
		s.client.SetAuthToken("t").SetAuthScheme("Own")
		clientHeader("Authorization", "Own t")(s)
	},
	"SetAuthToken": func(s *scene) {
		s.client.SetAuthToken("t")
		clientHeader("Authorization", "Bearer t")(s)
	},
	"SetBaseURL": func(s *scene) {
		s.client.SetBaseURL(s.server.URL + "/base/")
		s.get()
		s.equal(s.last().URI, "/base/v2/x")
	},
	"SetBasicAuth": func(s *scene) {
		s.client.SetBasicAuth("u", "p")
		clientHeader("Authorization", "Basic dTpw")(s)
	},
	"SetCertificates": func(s *scene) { tlsScene(s, true, false) },
	"SetCloseConnection": func(s *scene) {
		s.client.SetCloseConnection(true)
		s.get()
		s.client.EnableTrace()
		s.equal(s.get().Request.TraceInfo().IsConnReused, false)
	},
	"SetContentLength": func(s *scene) {
		s.client.SetContentLength(true)
		s.equal(s.sent(s.client.R().SetBody(onlyReader("abc")), PUT).Length, 3)
	},
	"SetCookie": func(s *scene) {
		s.client.SetCookie(&http.Cookie{Name: "a", Value: "b"})
		clientHeader("Cookie", "a=b")(s)
	},
	"SetCookieJar": func(s *scene) {
		s.respondWith(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", "a=b") })
		s.get()
		clientHeader("Cookie", "a=b")(s)
		s.client.SetCookieJar(nil)
		s.get()
		clientHeader("Cookie", "")(s)
		jar, _ := cookiejar.New(nil)
		s.client.SetCookieJar(jar)
		s.get()
		clientHeader("Cookie", "a=b")(s)
		home, _ := url.Parse(s.server.URL)
		s.equal(len(jar.Cookies(home)), 0)
		home.Path = "/v2/x"
		s.equal(len(jar.Cookies(home)), 1)
	},
	"SetCookies": func(s *scene) {
		s.client.SetCookies([]*http.Cookie{{Name: "a", Value: "b"}, {Name: "c", Value: "d"}})
		clientHeader("Cookie", "a=b; c=d")(s)
	},
	"SetDebug": func(s *scene) {
		log := &notes{}
		s.client.SetLogger(log).SetDebug(true)
		s.get()
		s.equal(strings.Contains(log.text, "~~~ RESPONSE ~~~"), true)
		log.text = ""
		s.client.SetDebug(false)
		s.get()
		s.equal(log.text, "")
		s.client.Config.Debug = true
		s.client.SetDebug(false)
		s.get()
		s.equal(log.text, "")
	},
	"SetDebugBodyLimit": func(s *scene) {
		log := &notes{}
		s.respondWith(replies(200, "text/plain", "a long body"))
		s.client.SetLogger(log).SetDebug(true).SetDebugBodyLimit(3)
		s.get()
		s.equal(strings.Contains(log.text, "a long body"), false)
		s.equal(strings.Contains(log.text, "TOO LARGE"), true)
	},
	"SetDisableWarn": func(s *scene) {
		log := &notes{}
		s.client.SetLogger(log).SetBasicAuth("u", "p")
		s.get()
		s.equal(strings.Contains(log.text, "WARN"), true)
		log.text = ""
		s.client.SetDisableWarn(true)
		s.get()
		s.equal(log.text, "")
	},
	"SetDoNotParseResponse": func(s *scene) {
		s.respondWith(replies(200, "text/plain", "raw"))
		s.client.SetDoNotParseResponse(true)
		s.equal(rawText(s, s.get()), "raw")
	},
	"SetError": func(s *scene) {
		s.respondWith(replies(404, "application/json", `{"word":"no"}`))
		s.client.SetError(word{})
		s.equal(s.get().Error().(*word).Word, "no")
	},
	"SetFormData": func(s *scene) {
		s.client.SetFormData(map[string]string{"a": "b"})
		s.equal(s.sent(s.client.R(), POST).Body, "a=b")
	},
	"SetHeader":         func(s *scene) { s.client.SetHeader("x-a", "b"); clientHeader("X-A", "b")(s) },
	"SetHeaderVerbatim": func(s *scene) { s.client.SetHeaderVerbatim("x-a", "b"); clientHeader("X-A", "b")(s) },
	"SetHeaders": func(s *scene) {
		s.client.SetHeaders(map[string]string{"X-A": "b"})
		clientHeader("X-A", "b")(s)
	},
	"SetHostURL": func(s *scene) {
		s.client.SetHostURL(s.server.URL + "/host")
		s.get()
		s.equal(s.last().URI, "/host/v2/x")
	},
	"SetJSONEscapeHTML": func(s *scene) {
		s.client.SetJSONEscapeHTML(false)
		s.equal(s.sent(s.client.R().SetBody(word{"<"}), PUT).Body, "{\"word\":\"<\"}\n")
	},
	"SetLogger": func(s *scene) {
		log := &notes{}
		s.client.SetLogger(log).SetDebug(true)
		s.get()
		s.equal(strings.Contains(log.text, "~~~ REQUEST ~~~"), true)
	},
	"SetOutputDirectory": func(s *scene) {
		folder := s.TempDir()
		s.respondWith(replies(200, "text/plain", "saved"))
		s.client.SetOutputDirectory(folder)
		s.sent(s.client.R().SetOutput("sub/file"), GET)
		saved, _ := os.ReadFile(filepath.Join(folder, "sub/file"))
		s.equal(string(saved), "saved")
	},
	"SetPathParam": func(s *scene) {
		s.client.SetPathParam("p", "a/b")
		s.ok(s.client.R().Get("/v2/{p}"))
		s.equal(s.last().URI, "/v2/a%2Fb")
	},
	"SetPathParams": func(s *scene) {
		s.client.SetPathParams(map[string]string{"p": "a", "q": "b"})
		s.ok(s.client.R().Get("/v2/{p}/{q}"))
		s.equal(s.last().URI, "/v2/a/b")
	},
	"SetPreRequestHook": func(s *scene) {
		s.client.SetPreRequestHook(func(_ *Client, r *http.Request) error { r.Header.Set("X-A", r.Method); return nil })
		clientHeader("X-A", "GET")(s)
	},
	"SetProxy": func(s *scene) {
		s.client.SetProxy(s.server.URL)
		s.ok(s.client.R().Get("http://registry.example/v2/"))
		s.equal(s.last().URI, "http://registry.example/v2/")
		_, err := s.client.SetProxy("no url").R().Get("/v2/")
		s.equal(err != nil && strings.Contains(err.Error(), "proxy"), true)
		s.client.SetProxy(s.server.URL)
		s.get()
	},
	"SetQueryParam": func(s *scene) {
		s.client.SetQueryParam("a", "b c")
		s.get()
		s.equal(s.last().URI, "/v2/x?a=b+c")
	},
	"SetQueryParams": func(s *scene) {
		s.client.SetQueryParams(map[string]string{"a": "b", "c": "d"})
		s.equal(s.sent(s.client.R().SetQueryParam("c", "e"), GET).URI, "/v2/x?a=b&c=e")
	},
	"SetRedirectPolicy": func(s *scene) {
		s.respondWith(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/end" {
				http.Redirect(w, r, "/end", http.StatusFound)
			}
		})
		s.client.SetRedirectPolicy(NoRedirectPolicy())
		_, err := s.client.R().Get("/v2/x")
		s.equal(errors.Is(err, errRedirect), true)
		s.client.SetRedirectPolicy(FlexibleRedirectPolicy(2), DomainCheckRedirectPolicy("127.0.0.1"))
		s.equal(s.get().RawResponse.Request.URL.Path, "/end")
		s.client.SetRedirectPolicy(FlexibleRedirectPolicy(2))
		s.get()
		s.client.SetRedirectPolicy(FlexibleRedirectPolicy(1))
		_, err = s.client.R().Get("/v2/x")
		s.equal(err != nil, true)
		s.client.SetRedirectPolicy(DomainCheckRedirectPolicy("registry.example"))
		_, err = s.client.R().Get("/v2/x")
		s.equal(err != nil, true)
		_, err = s.client.SetRedirectPolicy("none").R().Get("/v2/x")
		s.equal(err != nil && strings.Contains(err.Error(), "redirect policy"), true)
	},
	"SetRetryAfter": func(s *scene) {
		fails(s, 1)
		asked := 0
		s.client.SetRetryCount(1).AddRetryAfterErrorCondition().
			SetRetryAfter(func(_ *Client, r *Response) (time.Duration, error) {
				asked = r.StatusCode()
				return time.Millisecond, nil
			})
		s.equal(s.get().StatusCode(), 200)
		s.equal(asked, 503)
	},
	"SetRetryCount": func(s *scene) {
		fails(s, 9)
		s.client.SetRetryCount(2).AddRetryAfterErrorCondition()
		s.equal(s.get().StatusCode(), 503)
		s.equal(s.count(), 3)
	},
	"SetRetryMaxWaitTime": func(s *scene) {
		s.client.SetRetryWaitTime(time.Millisecond).SetRetryMaxWaitTime(5 * time.Millisecond)
		wait, _ := s.client.retryDelay(nil, 30)
		s.equal(wait <= 5*time.Millisecond, true)
	},
	"SetRetryWaitTime": func(s *scene) {
		s.client.SetRetryWaitTime(time.Second)
		wait, _ := s.client.retryDelay(nil, 0)
		s.equal(wait >= time.Second, true)
	},
	"SetRootCertificate":           func(s *scene) { tlsScene(s, false, true) },
	"SetRootCertificateFromString": func(s *scene) { tlsScene(s, false, false) },
	"SetScheme": func(s *scene) {
		s.client.SetScheme("http")
		s.ok(s.client.R().Get(strings.TrimPrefix(s.server.URL, "http:") + "/y"))
		s.equal(s.last().URI, "/y")
	},
	"SetTLSClientConfig": func(s *scene) {
		server := httptest.NewTLSServer(http.NotFoundHandler())
		defer server.Close()
		client, _ := NewClient(server.URL)
		client.SetLogger(&notes{})
		_, err := client.R().Get("/")
		s.equal(errors.Is(err, StatusCertificate), true)
		s.ok(client.SetTLSClientConfig(&tls.Config{InsecureSkipVerify: true}).R().Get("/"))
		_, err = client.SetTLSClientConfig(&tls.Config{ServerName: "x"}).R().Get("/")
		s.equal(err != nil && strings.Contains(err.Error(), "ServerName"), true)
		s.ok(client.SetTLSClientConfig(&tls.Config{InsecureSkipVerify: true}).R().Get("/"))
	},
	"SetTimeout": func(s *scene) {
		s.respondWith(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		_, err := s.client.SetTimeout(50 * time.Millisecond).R().Get("/v2/x")
		s.equal(errors.Is(err, context.DeadlineExceeded), true)
	},
}

func init() { maps.Copy(clientRows, clientFieldRows) }

// tlsScene starts a server whose certificate must be trusted, and which requires a
// client certificate if mutual is true.
func tlsScene(s *scene, mutual, file bool) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			w.Header().Set("X-Peer", "known")
		}
	}))
	if mutual {
		server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	}
	server.StartTLS()
	defer server.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	client, err := NewClient(server.URL)
	if err != nil {
		s.Fatal(err)
	}
	client.SetLogger(&notes{})
	if _, err := client.R().Get("/"); err == nil {
		s.Error("the certificate is already trusted")
	}
	if file {
		path := filepath.Join(s.TempDir(), "ca.pem")
		_ = os.WriteFile(path, []byte(ca), 0o600)
		client.SetRootCertificate(path)
	} else {
		client.SetRootCertificateFromString(ca)
	}
	if mutual {
		client.SetCertificates(server.TLS.Certificates[0])
	}
	response := s.ok(client.R().Get("/"))
	s.equal(response.Header().Get("X-Peer") == "known", mutual)
	if file {
		_, err = client.SetRootCertificate("/does/not/exist").R().Get("/")
		s.equal(errors.Is(err, os.ErrNotExist), true)
	}
}

func TestRestyClient(t *testing.T) { runRows(t, clientRows) }

func runRows(t *testing.T, rows map[string]func(*scene)) {
	for name, run := range rows {
		t.Run(name, func(t *testing.T) { run(newScene(t)) })
	}
}
