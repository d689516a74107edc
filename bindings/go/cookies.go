package reggie

import (
	"net/http"
	"net/url"
	"strings"
)

// cookies returns the Cookie header: the cookies that the program set, and those
// of its jar.
func (r *Request) cookies() string {
	var pairs []string
	if header := r.Header.Get("Cookie"); header != "" {
		pairs = append(pairs, header)
	}
	all := append(append([]*http.Cookie{}, r.client.Cookies...), r.Cookies...)
	if jar := r.client.settings.jar; jar != nil {
		if target, err := url.Parse(r.URL); err == nil {
			all = append(all, jar.Cookies(target)...)
		}
	}
	for _, cookie := range all {
		// net/http formats the cookie, without its attributes.
		formatter := &http.Request{Header: http.Header{}}
		formatter.AddCookie(cookie)
		pairs = append(pairs, formatter.Header.Get("Cookie"))
	}
	return strings.Join(pairs, "; ")
}

// storeCookies stores the cookies of a response in the program's jar.
func (r *Request) storeCookies(response *Response) {
	jar := r.client.settings.jar
	if jar == nil {
		return
	}
	if from, err := url.Parse(r.stats.head.URL); err == nil {
		if cookies := response.Cookies(); len(cookies) > 0 {
			jar.SetCookies(from, cookies)
		}
	}
}
