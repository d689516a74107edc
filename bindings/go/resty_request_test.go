package reggie

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// by tests a method that sends a request.
func by(method string, send func(*Request) (*Response, error)) func(*scene) {
	return func(s *scene) {
		s.ok(send(s.client.R()))
		s.equal(s.last().Method+s.last().URI, method+"/v2/x")
	}
}

// form checks that a multipart body contains the wanted parts.
func form(set func(*scene, *Request), want ...string) func(*scene) {
	return func(s *scene) {
		r := s.client.R()
		set(s, r)
		got := s.sent(r, POST)
		s.equal(strings.HasPrefix(got.Header.Get("Content-Type"), "multipart/form-data; boundary="), true)
		for _, part := range want {
			if !strings.Contains(got.Body, part) {
				s.Errorf("%q is not in %q", part, got.Body)
			}
		}
		// Again: the parts keep their content.
		r.URL = ""
		s.equal(len(s.sent(r, POST).Body), len(got.Body))
	}
}

// requestRows has a test for each method and field of Resty's request.
var requestRows = map[string]func(*scene){
	"AddRetryCondition": func(s *scene) {
		fails(s, 1)
		s.client.SetRetryCount(3)
		s.sent(s.client.R().AddRetryCondition(func(r *Response, _ error) bool { return r.IsError() }), GET)
		s.equal(s.count(), 2)
	},
	"Context": func(s *scene) {
		s.equal(s.client.R().Context(), context.Background())
		ctx := context.WithValue(context.Background(), word{}, 1)
		s.equal(s.client.R().SetContext(ctx).Context().Value(word{}), 1)
	},
	"Delete": by(DELETE, func(r *Request) (*Response, error) { return r.Delete("/v2/x") }),
	"EnableTrace": func(s *scene) {
		r := s.client.R().EnableTrace()
		s.sent(r, GET)
		s.equal(r.TraceInfo().TotalTime > 0, true)
	},
	"Execute": by("CUSTOM", func(r *Request) (*Response, error) { return r.Execute("CUSTOM", "/v2/x") }),
	"ExpectContentType": func(s *scene) {
		s.respondWith(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = w.Write([]byte(`{"word":"a"}`))
		})
		r := s.client.R().ExpectContentType("application/json").SetResult(&word{})
		s.sent(r, GET)
		s.equal(r.Result.(*word).Word, "a")
	},
	"ForceContentType": func(s *scene) {
		s.respondWith(replies(200, "text/plain", `{"word":"a"}`))
		r := s.client.R().ForceContentType("application/json").SetResult(&word{})
		s.sent(r, GET)
		s.equal(r.Result.(*word).Word, "a")
	},
	"Get":     by(GET, func(r *Request) (*Response, error) { return r.Get("/v2/x") }),
	"Head":    by(HEAD, func(r *Request) (*Response, error) { return r.Head("/v2/x") }),
	"Options": by(OPTIONS, func(r *Request) (*Response, error) { return r.Options("/v2/x") }),
	"Patch":   by(PATCH, func(r *Request) (*Response, error) { return r.Patch("/v2/x") }),
	"Post":    by(POST, func(r *Request) (*Response, error) { return r.Post("/v2/x") }),
	"Put":     by(PUT, func(r *Request) (*Response, error) { return r.Put("/v2/x") }),
	"Send": by(GET, func(r *Request) (*Response, error) {
		r.Method, r.URL = GET, "/v2/x"
		return r.Send()
	}),
	"SetAuthScheme": func(s *scene) {
		s.equal(s.sent(s.client.R().SetAuthToken("t").SetAuthScheme("Own"), GET).Header.Get("Authorization"), "Own t")
	},
	"SetAuthToken": func(s *scene) {
		s.client.SetAuthToken("client's")
		s.equal(s.sent(s.client.R().SetAuthToken("t"), GET).Header.Get("Authorization"), "Bearer t")
	},
	"SetBasicAuth": func(s *scene) {
		s.equal(s.sent(s.client.R().SetBasicAuth("u", "p"), GET).Header.Get("Authorization"), "Basic dTpw")
	},
	"SetBody": func(s *scene) { s.equal(s.sent(s.client.R().SetBody("a"), PUT).Body, "a") },
	"SetContentLength": func(s *scene) {
		got := s.sent(s.client.R().SetContentLength(true).SetBody(onlyReader("abc")), PUT)
		s.equal(got.Length, 3)
	},
	"SetContext": func(s *scene) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := s.client.R().SetContext(ctx).Get("/v2/x")
		s.equal(errors.Is(err, context.Canceled), true)
	},
	"SetCookie": func(s *scene) {
		s.equal(s.sent(s.client.R().SetCookie(&http.Cookie{Name: "a", Value: "b"}), GET).Header.Get("Cookie"), "a=b")
	},
	"SetCookies": func(s *scene) {
		cookies := []*http.Cookie{{Name: "a", Value: "b"}, {Name: "c", Value: "d"}}
		s.equal(s.sent(s.client.R().SetCookies(cookies), GET).Header.Get("Cookie"), "a=b; c=d")
	},
	"SetDoNotParseResponse": func(s *scene) {
		s.respondWith(replies(200, "text/plain", "raw"))
		response := s.ok(s.client.R().SetDoNotParseResponse(true).Get("/v2/x"))
		s.equal(len(response.Body()), 0)
		s.equal(rawText(s, response), "raw")
	},
	"SetError": func(s *scene) {
		s.respondWith(replies(404, "application/json", `{"word":"no"}`))
		s.equal(s.ok(s.client.R().SetError(word{}).Get("/v2/x")).Error().(*word).Word, "no")
	},
	"SetFile": form(func(s *scene, r *Request) {
		path := filepath.Join(s.TempDir(), "f.txt")
		_ = os.WriteFile(path, []byte("content"), 0o600)
		r.SetFile("p", "/does/not/exist").SetFile("p", path)
	}, `name="p"; filename="f.txt"`, "Content-Type: text/plain", "content"),
	"SetFileReader": form(func(_ *scene, r *Request) {
		r.SetFileReader("p", "f", strings.NewReader("content"))
	}, `name="p"; filename="f"`, "content"),
	"SetFiles": form(func(s *scene, r *Request) {
		path := filepath.Join(s.TempDir(), "f.txt")
		_ = os.WriteFile(path, []byte("content"), 0o600)
		r.SetFiles(map[string]string{"p": path})
	}, `name="p"; filename="f.txt"`),
	"SetFormData": func(s *scene) {
		got := s.sent(s.client.R().SetFormData(map[string]string{"a": "b c"}), POST)
		s.equal(got.Body, "a=b+c")
		s.equal(got.Header.Get("Content-Type"), formType)
	},
	"SetFormDataFromValues": func(s *scene) {
		s.equal(s.sent(s.client.R().SetFormDataFromValues(url.Values{"a": {"b", "c"}}), POST).Body, "a=b&a=c")
	},
	"SetHeader": func(s *scene) {
		s.client.SetHeader("X-A", "client's")
		s.equal(s.sent(s.client.R().SetHeader("x-a", "b"), GET).Header["X-A"], []string{"b"})
	},
	"SetHeaderMultiValues": func(s *scene) {
		got := s.sent(s.client.R().SetHeaderMultiValues(map[string][]string{"Accept": {"a/b", "c/d"}}), GET)
		s.equal(got.Header.Get("Accept"), "a/b, c/d")
	},
	"SetHeaderVerbatim": func(s *scene) {
		r := s.client.R().SetHeaderVerbatim("x-a", "b")
		_, canonical := r.Header["X-A"]
		s.equal(canonical, false)
		s.equal(s.sent(r, GET).Header.Get("X-A"), "b")
	},
	"SetHeaders": func(s *scene) {
		s.equal(s.sent(s.client.R().SetHeaders(map[string]string{"X-A": "b"}), GET).Header.Get("X-A"), "b")
	},
	"SetJSONEscapeHTML": func(s *scene) {
		s.equal(s.sent(s.client.R().SetBody(word{"<"}), PUT).Body, `{"word":"\u003c"}`)
		s.equal(s.sent(s.client.R().SetJSONEscapeHTML(false).SetBody(word{"<"}), PUT).Body, "{\"word\":\"<\"}\n")
	},
	"SetMultipartField": form(func(_ *scene, r *Request) {
		r.SetMultipartField("p", "f", "a/b", strings.NewReader("content"))
	}, `name="p"; filename="f"`, "Content-Type: a/b", "content"),
	"SetMultipartFields": form(func(_ *scene, r *Request) {
		r.SetMultipartFields(&MultipartField{Param: "p", Reader: strings.NewReader("content")})
	}, `name="p"`, "content"),
	"SetMultipartFormData": form(func(_ *scene, r *Request) {
		r.SetMultipartFormData(map[string]string{"a": "b"})
	}, `name="a"`, "b"),
	"SetOutput": func(s *scene) {
		path := filepath.Join(s.TempDir(), "sub", "file")
		s.respondWith(replies(200, "text/plain", "saved"))
		response := s.ok(s.client.R().SetOutput(path).Get("/v2/x"))
		saved, _ := os.ReadFile(path)
		s.equal(string(saved), "saved")
		s.equal(response.Size(), 5)
	},
	"SetPathParam": func(s *scene) {
		s.ok(s.client.R().SetPathParam("p", "a b").Get("/v2/{p}"))
		s.equal(s.last().URI, "/v2/a%20b")
	},
	"SetPathParams": func(s *scene) {
		s.ok(s.client.R().SetPathParams(map[string]string{"p": "a", "q": "b"}).Get("/v2/{p}/{q}"))
		s.equal(s.last().URI, "/v2/a/b")
	},
	"SetQueryParam": func(s *scene) {
		s.ok(s.client.R().SetQueryParam("a", "b").Get("/v2/x?_state=A%2f"))
		s.equal(s.last().URI, "/v2/x?_state=A%2f&a=b")
	},
	"SetQueryParams": func(s *scene) {
		s.equal(s.sent(s.client.R().SetQueryParams(map[string]string{"a": "b"}), GET).URI, "/v2/x?a=b")
	},
	"SetQueryParamsFromValues": func(s *scene) {
		s.equal(s.sent(s.client.R().SetQueryParamsFromValues(url.Values{"a": {"b", "c"}}), GET).URI, "/v2/x?a=b&a=c")
	},
	"SetQueryString": func(s *scene) {
		s.equal(s.sent(s.client.R().SetQueryString(" a=b&c=d "), GET).URI, "/v2/x?a=b&c=d")
		_, err := s.client.R().SetQueryString("a=%zz").Get("/v2/x")
		s.equal(err != nil, true)
	},
	"SetResult": func(s *scene) {
		s.respondWith(replies(200, "application/json", `{"word":"a"}`))
		s.equal(s.ok(s.client.R().SetResult(word{}).Get("/v2/x")).Result().(*word).Word, "a")
		s.respondWith(replies(200, "text/xml", `<word><word>b</word></word>`))
		s.equal(s.ok(s.client.R().SetResult(&word{}).Get("/v2/x")).Result().(*word).Word, "b")
	},
	"SetSRV": func(s *scene) {
		// This name never resolves (RFC 6761, section 6.4).
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := s.client.R().SetContext(ctx).SetSRV(&SRVRecord{"registry", "nowhere.invalid"}).Get("/v2/x")
		s.equal(err != nil && strings.Contains(err.Error(), "nowhere.invalid"), true)
	},
	"TraceInfo": func(s *scene) {
		r := s.client.R().EnableTrace()
		s.sent(r, GET)
		info := r.TraceInfo()
		s.equal(info.RemoteAddr.String(), s.server.Listener.Addr().String())
		s.equal(info.RequestAttempt, 1)
		s.equal(info.ServerTime > 0 && info.TotalTime >= info.ServerTime, true)
		s.equal(info.IsConnReused, false)
	},

	"Attempt": func(s *scene) {
		fails(s, 1)
		s.client.SetRetryCount(1).AddRetryAfterErrorCondition()
		s.equal(s.get().Request.Attempt, 2)
	},
	"AuthScheme": func(s *scene) {
		r := s.client.R()
		r.Token, r.AuthScheme = "t", "Own"
		s.equal(s.sent(r, GET).Header.Get("Authorization"), "Own t")
	},
	"Body": func(s *scene) {
		r := s.client.R()
		r.Body = "a"
		s.equal(s.sent(r, PUT).Body, "a")
	},
	"Cookies": func(s *scene) {
		r := s.client.R()
		r.Cookies = []*http.Cookie{{Name: "a", Value: "b"}}
		s.equal(s.sent(r, GET).Header.Get("Cookie"), "a=b")
	},
	"Error": func(s *scene) {
		s.respondWith(replies(404, "application/json", `{"word":"no"}`))
		r := s.client.R()
		r.Error = &word{}
		s.sent(r, GET)
		s.equal(r.Error.(*word).Word, "no")
	},
	"FormData": func(s *scene) {
		r := s.client.R()
		r.FormData.Set("a", "b")
		s.equal(s.sent(r, POST).Body, "a=b")
	},
	"Header": func(s *scene) {
		r := s.client.R().SetBody("a")
		r.Header.Set("X-A", "b")
		s.equal(s.sent(r, PUT).Header.Get("X-A"), "b")
		// The field shows what was sent.
		s.equal(r.Header.Get("Content-Type"), plainText)
	},
	"Method": func(s *scene) {
		r := s.client.NewRequest(GET, "/v2/x")
		r.Method = HEAD
		s.ok(s.client.Do(r))
		s.equal(s.last().Method, HEAD)
	},
	"PathParams": func(s *scene) {
		r := s.client.R()
		r.PathParams["p"] = "a"
		s.ok(r.Get("/v2/{p}"))
		s.equal(s.last().URI, "/v2/a")
	},
	"QueryParam": func(s *scene) {
		r := s.client.R()
		r.QueryParam.Set("a", "b")
		s.equal(s.sent(r, GET).URI, "/v2/x?a=b")
	},
	"RawRequest": func(s *scene) {
		r := s.get().Request.RawRequest
		s.equal(r.Method+" "+r.URL.String(), "GET "+s.server.URL+"/v2/x")
	},
	"Result": func(s *scene) {
		s.respondWith(replies(200, "application/json", `{"word":"a"}`))
		r := s.client.R()
		r.Result = &word{}
		s.sent(r, GET)
		s.equal(r.Result.(*word).Word, "a")
	},
	"SRV": func(s *scene) {
		r := s.client.R()
		r.SRV = &SRVRecord{"registry", "nowhere.invalid"}
		_, err := r.Get("/v2/x")
		s.equal(err != nil && strings.Contains(err.Error(), "nowhere.invalid"), true)
	},
	"Time": func(s *scene) {
		before := time.Now()
		s.equal(s.get().Request.Time.Before(before), false)
	},
	"Token": func(s *scene) {
		r := s.client.R()
		r.Token = "t"
		s.equal(s.sent(r, GET).Header.Get("Authorization"), "Bearer t")
	},
	"URL": func(s *scene) {
		r := s.client.NewRequest(GET, "/v2/x").SetQueryParam("a", "b")
		r.URL = s.server.URL + "/v2/y"
		s.ok(s.client.Do(r))
		s.equal(s.last().URI, "/v2/y?a=b")
		s.equal(r.URL, s.server.URL+"/v2/y?a=b")
	},
	"UserInfo": func(s *scene) {
		r := s.client.R()
		r.UserInfo = &User{"u", "p"}
		s.equal(s.sent(r, GET).Header.Get("Authorization"), "Basic dTpw")
	},
}

func TestRestyRequest(t *testing.T) { runRows(t, requestRows) }
