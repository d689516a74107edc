package reggie

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// clientFieldRows has a test for each field of Resty's client.
var clientFieldRows = map[string]func(*scene){
	"AllowGetMethodPayload": func(s *scene) {
		s.client.AllowGetMethodPayload = true
		s.equal(s.sent(s.client.R().SetBody("a"), GET).Body, "a")
	},
	"AuthScheme": func(s *scene) {
		s.client.Token, s.client.AuthScheme = "t", "Own"
		clientHeader("Authorization", "Own t")(s)
	},
	"BaseURL": func(s *scene) {
		s.client.BaseURL = s.server.URL + "/base"
		s.get()
		s.equal(s.last().URI, "/base/v2/x")
	},
	"Cookies": func(s *scene) {
		s.client.Cookies = []*http.Cookie{{Name: "a", Value: "b"}}
		clientHeader("Cookie", "a=b")(s)
	},
	"Debug": func(s *scene) {
		log := &notes{}
		s.client.SetLogger(log).Debug = true
		s.get()
		s.equal(strings.Contains(log.text, "~~~ REQUEST ~~~"), true)
	},
	"DisableWarn": func(s *scene) {
		log := &notes{}
		s.client.SetLogger(log).SetBasicAuth("u", "p").DisableWarn = true
		s.get()
		s.equal(log.text, "")
	},
	"Error": func(s *scene) {
		s.respondWith(replies(404, "application/json", `{"word":"no"}`))
		s.client.Error = reflect.TypeOf(word{})
		s.equal(s.get().Error().(*word).Word, "no")
	},
	"FormData": func(s *scene) {
		s.client.FormData.Set("a", "b")
		s.equal(s.sent(s.client.R(), POST).Body, "a=b")
	},
	"Header": func(s *scene) { s.client.Header.Set("X-A", "b"); clientHeader("X-A", "b")(s) },
	"HeaderAuthorizationKey": func(s *scene) {
		s.client.HeaderAuthorizationKey = "X-Auth"
		s.client.Token = "t"
		clientHeader("X-Auth", "Bearer t")(s)
	},
	"HostURL": func(s *scene) {
		s.client.HostURL = s.server.URL + "/host"
		s.get()
		s.equal(s.last().URI, "/host/v2/x")
	},
	"JSONMarshal": func(s *scene) {
		s.client.JSONMarshal = func(any) ([]byte, error) { return []byte("own"), nil }
		s.equal(s.sent(s.client.R().SetBody(word{}), PUT).Body, "own")
	},
	"JSONUnmarshal": func(s *scene) {
		s.respondWith(replies(200, "application/json", `x`))
		s.client.JSONUnmarshal = func(_ []byte, v any) error { v.(*word).Word = "own"; return nil }
		s.equal(s.ok(s.client.R().SetResult(word{}).Get("/")).Result().(*word).Word, "own")
	},
	"PathParams": func(s *scene) {
		s.client.PathParams["p"] = "a"
		s.ok(s.client.R().Get("/v2/{p}"))
		s.equal(s.last().URI, "/v2/a")
	},
	"QueryParam": func(s *scene) {
		s.client.QueryParam.Set("a", "b")
		s.get()
		s.equal(s.last().URI, "/v2/x?a=b")
	},
	"RetryAfter": func(s *scene) {
		fails(s, 1)
		s.client.SetRetryCount(1).AddRetryAfterErrorCondition()
		s.client.RetryAfter = func(*Client, *Response) (time.Duration, error) { return 0, errors.New("no more") }
		_, err := s.client.R().Get("/v2/x")
		s.equal(err, "no more")
		s.equal(s.count(), 1)
	},
	"RetryConditions": func(s *scene) {
		fails(s, 0)
		s.client.RetryCount = 1
		s.client.RetryConditions = []RetryConditionFunc{func(*Response, error) bool { return true }}
		s.get()
		s.equal(s.count(), 2)
	},
	"RetryCount": func(s *scene) {
		fails(s, 1)
		s.client.AddRetryAfterErrorCondition().RetryCount = 1
		s.equal(s.get().StatusCode(), 200)
	},
	"RetryHooks": func(s *scene) {
		fails(s, 1)
		heard := 0
		s.client.SetRetryCount(1).AddRetryAfterErrorCondition().
			RetryHooks = []OnRetryFunc{func(*Response, error) { heard++ }}
		s.get()
		s.equal(heard, 1)
	},
	"RetryMaxWaitTime": func(s *scene) {
		s.client.RetryWaitTime, s.client.RetryMaxWaitTime = time.Millisecond, 5*time.Millisecond
		wait, _ := s.client.retryDelay(nil, 30)
		s.equal(wait <= 5*time.Millisecond, true)
	},
	"RetryWaitTime": func(s *scene) {
		s.client.RetryWaitTime = time.Second
		wait, _ := s.client.retryDelay(nil, 0)
		s.equal(wait >= time.Second, true)
	},
	"Token": func(s *scene) { s.client.Token = "t"; clientHeader("Authorization", "Bearer t")(s) },
	"UserInfo": func(s *scene) {
		s.client.UserInfo = &User{"u", "p"}
		clientHeader("Authorization", "Basic dTpw")(s)
	},
	"XMLMarshal": func(s *scene) {
		s.client.XMLMarshal = func(any) ([]byte, error) { return []byte("own"), nil }
		s.equal(s.sent(s.client.R().SetHeader("Content-Type", "text/xml").SetBody(word{}), PUT).Body, "own")
	},
	"XMLUnmarshal": func(s *scene) {
		s.respondWith(replies(200, "application/xml", `x`))
		s.client.XMLUnmarshal = func(_ []byte, v any) error { v.(*word).Word = "own"; return nil }
		s.equal(s.ok(s.client.R().SetResult(word{}).Get("/")).Result().(*word).Word, "own")
	},
}
