package reggie

import (
	"net/http"
	"testing"
	"time"
)

// answered checks the response to a request for text.
func answered(status int, check func(*scene, *Response)) func(*scene) {
	return func(s *scene) {
		s.respondWith(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "a=b")
			replies(status, "text/plain", " text\n")(w, r)
		})
		check(s, s.get())
	}
}

// responseRows has a test for each method and field of Resty's response.
var responseRows = map[string]func(*scene){
	"Body": answered(200, func(s *scene, r *Response) { s.equal(string(r.Body()), " text\n") }),
	"Cookies": answered(200, func(s *scene, r *Response) {
		s.equal(r.Cookies()[0].String(), "a=b")
	}),
	"Error":   func(s *scene) { requestRows["SetError"](s) },
	"Header":  answered(200, func(s *scene, r *Response) { s.equal(r.Header().Get("content-type"), "text/plain") }),
	"IsError": answered(400, func(s *scene, r *Response) { s.equal(r.IsError() && !r.IsSuccess(), true) }),
	"IsSuccess": answered(299, func(s *scene, r *Response) {
		s.equal(r.IsSuccess() && !r.IsError(), true)
	}),
	"Proto": answered(200, func(s *scene, r *Response) { s.equal(r.Proto(), "HTTP/1.1") }),
	"RawBody": func(s *scene) {
		s.respondWith(replies(200, "text/plain", "raw"))
		s.equal(rawText(s, s.ok(s.client.R().SetDoNotParseResponse(true).Get("/"))), "raw")
	},
	"ReceivedAt": answered(200, func(s *scene, r *Response) {
		s.equal(r.ReceivedAt().After(r.Request.Time), true)
	}),
	"Result":     func(s *scene) { requestRows["SetResult"](s) },
	"Size":       answered(200, func(s *scene, r *Response) { s.equal(r.Size(), 6) }),
	"Status":     answered(404, func(s *scene, r *Response) { s.equal(r.Status(), "404 Not Found") }),
	"StatusCode": answered(404, func(s *scene, r *Response) { s.equal(r.StatusCode(), 404) }),
	"String":     answered(200, func(s *scene, r *Response) { s.equal(r.String(), "text") }),
	"Time": answered(200, func(s *scene, r *Response) {
		s.equal(r.Time() > 0 && r.Time() < time.Minute, true)
	}),

	"RawResponse": answered(200, func(s *scene, r *Response) {
		s.equal(r.RawResponse.StatusCode, 200)
		s.equal(r.RawResponse.ContentLength, 6)
		s.equal(r.RawResponse.Request.URL.Path, "/v2/x")
	}),
	"Request": answered(200, func(s *scene, r *Response) { s.equal(r.Request.Method, GET) }),
}

func TestRestyResponse(t *testing.T) { runRows(t, responseRows) }
