package reggie

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"libreggie/reggie/internal/cabi"
)

// prepared is what a request comes to.
type prepared struct {
	method, url string
	header      http.Header
	body        *payload
}

// prepare makes what is sent of the fields, which show it afterwards.
func (r *Request) prepare() (*prepared, error) {
	target, err := r.target()
	if err != nil {
		return nil, err
	}
	body, err := r.payload()
	if err != nil {
		return nil, err
	}
	header := r.header(body)
	made := &prepared{method: r.Method, url: target, header: header, body: body}
	return made, r.raw(made)
}

// target makes the URL, with the parameters of path and query.
func (r *Request) target() (string, error) {
	c := r.client
	if r.URL == r.sent {
		r.URL = r.given
	}
	given := r.URL
	path := given
	for _, params := range []map[string]string{r.PathParams, c.PathParams} {
		for name, value := range params {
			path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
		}
	}
	parsed, err := url.Parse(path)
	if err != nil {
		return "", err
	}
	if !parsed.IsAbs() && parsed.Host == "" {
		base := c.BaseURL
		if base == "" {
			base = c.HostURL
		}
		if base == "" {
			base = c.Config.Address
		}
		path = strings.TrimRight(base, "/") + "/" + strings.TrimPrefix(path, "/")
	} else if !parsed.IsAbs() && c.settings.scheme != "" {
		path = c.settings.scheme + ":" + path
	}
	query := url.Values{}
	for name, values := range c.QueryParam {
		if _, own := r.QueryParam[name]; !own {
			query[name] = values
		}
	}
	add(query, r.QueryParam)
	if len(query) > 0 {
		// What stands there already is a registry's: it stays byte for byte.
		path, _, _ := strings.Cut(path, "#")
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		if strings.HasSuffix(path, "?") || strings.HasSuffix(path, "&") {
			separator = ""
		}
		r.given, r.sent = given, path+separator+query.Encode()
	} else {
		r.given, r.sent = given, path
	}
	r.URL = r.sent
	return r.sent, nil
}

// header unites the headers of client and request.
func (r *Request) header(body *payload) http.Header {
	c := r.client
	for name, values := range c.Header {
		_, own := r.Header[name]
		if _, usual := r.Header[http.CanonicalHeaderKey(name)]; !own && !usual {
			r.Header[name] = slices.Clone(values)
		}
	}
	if body != nil && body.contentType != "" &&
		(body.ownType || r.Header.Get("Content-Type") == "") {
		r.Header.Set("Content-Type", body.contentType)
	}
	header := r.Header.Clone()
	// It is computed.
	header.Del("Content-Length")
	if user := firstOf(r.UserInfo, c.UserInfo); user != nil {
		basic := &http.Request{Header: http.Header{}}
		basic.SetBasicAuth(user.Username, user.Password)
		header["Authorization"] = basic.Header["Authorization"]
		if !c.DisableWarn && strings.HasPrefix(r.URL, "http:") {
			c.settings.log.Warnf("Using Basic Auth in HTTP mode is not secure, use HTTPS")
		}
	}
	if token := firstText(r.Token, c.Token); token != "" {
		scheme := firstText(r.AuthScheme, c.AuthScheme, "Bearer")
		header.Set(firstText(c.HeaderAuthorizationKey, "Authorization"), scheme+" "+token)
	}
	if cookies := r.cookies(); cookies != "" {
		header.Set("Cookie", cookies)
	}
	if c.settings.closeConnection {
		header.Set("Connection", "close")
	}
	return header
}

// raw makes the request as net/http has it, and lets the hook change its header.
func (r *Request) raw(made *prepared) error {
	raw, err := http.NewRequestWithContext(r.Context(), made.method, made.url, nil)
	if err != nil {
		return err
	}
	raw.Header = made.header
	raw.Close = r.client.settings.closeConnection
	if made.body != nil && made.body.length != cabi.UnknownSize {
		raw.ContentLength = int64(made.body.length)
	}
	r.RawRequest = raw
	if hook := r.client.settings.preRequest; hook != nil {
		if err := hook(r.client, raw); err != nil {
			return err
		}
		made.header = raw.Header
	}
	return nil
}

func firstOf[T any](values ...*T) *T {
	for _, value := range values {
		if value != nil {
			return value
		}
	}
	return nil
}

func firstText(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
