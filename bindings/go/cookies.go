package reggie

import (
	"net/http"
	"net/url"
	"strings"
)

// cookies are those that the program set, and those of its jar.
func (r *Request) cookies() string {
	var pairs []string
	if given := r.Header.Get("Cookie"); given != "" {
		pairs = append(pairs, given)
	}
	all := append(append([]*http.Cookie{}, r.client.Cookies...), r.Cookies...)
	if jar := r.client.settings.jar; jar != nil {
		if target, err := url.Parse(r.URL); err == nil {
			all = append(all, jar.Cookies(target)...)
		}
	}
	for _, cookie := range all {
		// As net/http writes it, without its attributes.
		sent := &http.Request{Header: http.Header{}}
		sent.AddCookie(cookie)
		pairs = append(pairs, sent.Header.Get("Cookie"))
	}
	return strings.Join(pairs, "; ")
}

// keepCookies hands to the program's jar what a response sets.
func (r *Request) keepCookies(response *Response) {
	jar := r.client.settings.jar
	if jar == nil {
		return
	}
	if from, err := url.Parse(response.account.head.URL); err == nil {
		if set := response.Cookies(); len(set) > 0 {
			jar.SetCookies(from, set)
		}
	}
}
