package reggie

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"libreggie/reggie/internal/cabi"
)

// A preparedRequest is ready to be sent.
type preparedRequest struct {
	method, url string
	header      http.Header
	body        *payload
}

// prepare builds the request that is sent, and updates the fields to show it.
func (r *Request) prepare() (*preparedRequest, error) {
	target, err := r.resolveURL()
	if err != nil {
		return nil, err
	}
	body, err := r.payload()
	if err != nil {
		return nil, err
	}
	header := r.mergeHeaders(body)
	prepared := &preparedRequest{method: r.Method, url: target, header: header, body: body}
	return prepared, r.setRawRequest(prepared)
}

// resolveURL returns the whole URL, with path and query parameters.
func (r *Request) resolveURL() (string, error) {
	c := r.client
	if r.URL == r.resolvedURL {
		r.URL = r.originalURL
	}
	original := r.URL
	path := original
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
	query := mergeValues(c.QueryParam, r.QueryParam)
	if len(query) > 0 {
		// An existing query may come from a registry: leave its bytes as they
		// are.
		path, _, _ = strings.Cut(path, "#")
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		if strings.HasSuffix(path, "?") || strings.HasSuffix(path, "&") {
			separator = ""
		}
		path += separator + query.Encode()
	}
	r.originalURL, r.resolvedURL = original, path
	r.URL = path
	return path, nil
}

// mergeValues returns the values of a request, and those of its client under
// other names.
func mergeValues(ofClient, ofRequest url.Values) url.Values {
	merged := url.Values{}
	addValues(merged, ofRequest)
	for name, values := range ofClient {
		if _, replaced := ofRequest[name]; !replaced {
			merged[name] = values
		}
	}
	return merged
}

// mergeHeaders adds the headers of the client to those of the request, and returns
// them with those that are derived from other settings.
func (r *Request) mergeHeaders(body *payload) http.Header {
	c := r.client
	for name, values := range c.Header {
		_, replaced := r.Header[name]
		if _, canonical := r.Header[http.CanonicalHeaderKey(name)]; !replaced && !canonical {
			r.Header[name] = slices.Clone(values)
		}
	}
	if body != nil && body.contentType != "" &&
		(body.forceType || r.Header.Get("Content-Type") == "") {
		r.Header.Set("Content-Type", body.contentType)
	}
	header := r.Header.Clone()
	// The library sets it.
	header.Del("Content-Length")
	if user := firstNonNil(r.UserInfo, c.UserInfo); user != nil {
		encoder := &http.Request{Header: http.Header{}}
		encoder.SetBasicAuth(user.Username, user.Password)
		header["Authorization"] = encoder.Header["Authorization"]
		if !c.DisableWarn && strings.HasPrefix(r.URL, "http:") {
			c.settings.log.Warnf("Using Basic Auth in HTTP mode is not secure, use HTTPS")
		}
	}
	if token := firstNonEmpty(r.Token, c.Token); token != "" {
		scheme := firstNonEmpty(r.AuthScheme, c.AuthScheme, "Bearer")
		header.Set(firstNonEmpty(c.HeaderAuthorizationKey, "Authorization"), scheme+" "+token)
	}
	if cookies := r.cookies(); cookies != "" {
		header.Set("Cookie", cookies)
	}
	if c.settings.closeConnection {
		header.Set("Connection", "close")
	}
	return header
}

// setRawRequest sets RawRequest, and lets the pre-request hook change its header.
func (r *Request) setRawRequest(prepared *preparedRequest) error {
	raw, err := http.NewRequestWithContext(r.Context(), prepared.method, prepared.url, nil)
	if err != nil {
		return err
	}
	raw.Header = prepared.header
	raw.Close = r.client.settings.closeConnection
	if prepared.body != nil && prepared.body.length != cabi.UnknownSize {
		raw.ContentLength = int64(prepared.body.length)
	}
	r.RawRequest = raw
	if hook := r.client.settings.preRequest; hook != nil {
		if err := hook(r.client, raw); err != nil {
			return err
		}
		prepared.header = raw.Header
	}
	return nil
}

func firstNonNil[T any](values ...*T) *T {
	for _, value := range values {
		if value != nil {
			return value
		}
	}
	return nil
}

func firstNonEmpty(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
