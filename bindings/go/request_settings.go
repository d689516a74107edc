package reggie

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// SetContext sets the context of the request. The call ends when it is done.
func (r *Request) SetContext(ctx context.Context) *Request {
	r.ctx = ctx
	return r
}

// SetHeader sets a header field. Its name is put into canonical form.
func (r *Request) SetHeader(header, content string) *Request {
	r.Header.Set(header, content)
	return r
}

// SetHeaders sets several header fields, like [Request.SetHeader].
func (r *Request) SetHeaders(headers map[string]string) *Request {
	setAll(r.Header.Set, headers)
	return r
}

// SetHeaderMultiValues sets header fields to lists of values, joined by commas.
func (r *Request) SetHeaderMultiValues(headers map[string][]string) *Request {
	for name, values := range headers {
		r.Header.Set(name, strings.Join(values, ", "))
	}
	return r
}

// SetHeaderVerbatim sets a header field without changing the case of its name.
func (r *Request) SetHeaderVerbatim(header, value string) *Request {
	r.Header[header] = []string{value}
	return r
}

// SetQueryParam sets a query parameter.
func (r *Request) SetQueryParam(param, content string) *Request {
	r.QueryParam.Set(param, content)
	return r
}

// SetQueryParams sets several query parameters.
func (r *Request) SetQueryParams(params map[string]string) *Request {
	setAll(r.QueryParam.Set, params)
	return r
}

// SetQueryParamsFromValues adds query parameters.
func (r *Request) SetQueryParamsFromValues(params url.Values) *Request {
	addValues(r.QueryParam, params)
	return r
}

// SetQueryString adds the parameters of a query string. If it is invalid, sending
// the request fails.
func (r *Request) SetQueryString(query string) *Request {
	params, err := url.ParseQuery(strings.TrimSpace(query))
	if err != nil {
		r.settingErr = fmt.Errorf("query string: %w", err)
		return r
	}
	addValues(r.QueryParam, params)
	return r
}

// SetFormData sets fields of the form that is sent as the body.
func (r *Request) SetFormData(data map[string]string) *Request {
	setAll(r.FormData.Set, data)
	return r
}

// SetFormDataFromValues adds fields of the form that is sent as the body.
func (r *Request) SetFormDataFromValues(data url.Values) *Request {
	addValues(r.FormData, data)
	return r
}

func setAll(set func(name, value string), values map[string]string) {
	for name, value := range values {
		set(name, value)
	}
}

func addValues(to, from url.Values) {
	for name, values := range from {
		for _, value := range values {
			to.Add(name, value)
		}
	}
}

// SetBody sets the body: nil, a string, []byte, an [io.Reader], or a struct, map,
// slice or pointer to one of these, which is sent as JSON, or as XML if that is
// the Content-Type.
func (r *Request) SetBody(body any) *Request {
	r.Body = body
	return r
}

// SetResult unmarshals the JSON or XML body of a 2xx response into a new value of
// the type of res, or, if res is a pointer, into the value it points to.
func (r *Request) SetResult(res any) *Request {
	r.Result = pointerTo(res)
	return r
}

// SetError is like SetResult for the body of a 4xx or 5xx response.
func (r *Request) SetError(err any) *Request {
	r.Error = pointerTo(err)
	return r
}

// SetMultipartFormData adds fields to a multipart body.
func (r *Request) SetMultipartFormData(data map[string]string) *Request {
	for name, value := range data {
		r.SetMultipartField(name, "", "", strings.NewReader(value))
	}
	return r
}

// SetFile adds a file to a multipart body. It replaces a file of that name.
func (r *Request) SetFile(param, filePath string) *Request {
	r.parts = slices.DeleteFunc(r.parts, func(old *part) bool {
		_, isFile := old.Reader.(*lazyFile)
		return isFile && old.Param == param
	})
	return r.SetMultipartFields(&MultipartField{
		Param:    param,
		FileName: filepath.Base(filePath),
		Reader:   &lazyFile{path: filePath},
	})
}

// SetFiles adds several files to a multipart body, like [Request.SetFile].
func (r *Request) SetFiles(files map[string]string) *Request {
	for param, path := range files {
		r.SetFile(param, path)
	}
	return r
}

// SetFileReader adds a file to a multipart body from a reader.
func (r *Request) SetFileReader(param, fileName string, reader io.Reader) *Request {
	return r.SetMultipartField(param, fileName, "", reader)
}

// SetMultipartField adds a part to a multipart body.
func (r *Request) SetMultipartField(param, fileName, contentType string, reader io.Reader) *Request {
	return r.SetMultipartFields(&MultipartField{
		Param:       param,
		FileName:    fileName,
		ContentType: contentType,
		Reader:      reader,
	})
}

// SetMultipartFields adds parts to a multipart body.
func (r *Request) SetMultipartFields(fields ...*MultipartField) *Request {
	r.isMultipart = true
	for _, field := range fields {
		r.parts = append(r.parts, &part{MultipartField: field})
	}
	return r
}

// A lazyFile opens a file when it is first read.
type lazyFile struct {
	path string
	file *os.File
}

func (f *lazyFile) Read(buffer []byte) (int, error) {
	if f.file == nil {
		file, err := os.Open(f.path)
		if err != nil {
			return 0, err
		}
		f.file = file
	}
	n, err := f.file.Read(buffer)
	if err != nil {
		f.file.Close()
	}
	return n, err
}

// SetContentLength sets whether a body of unknown length is read into memory, to
// send it with a Content-Length.
func (r *Request) SetContentLength(l bool) *Request {
	r.contentLength = l
	return r
}

// SetBasicAuth sends a user name and password without waiting for a challenge.
// After a challenge, the client's credentials are used instead.
func (r *Request) SetBasicAuth(username, password string) *Request {
	r.UserInfo = &User{username, password}
	return r
}

// SetAuthToken sends a token without waiting for a challenge.
func (r *Request) SetAuthToken(token string) *Request {
	r.Token = token
	return r
}

// SetAuthScheme sets the scheme of the token. The default is Bearer.
func (r *Request) SetAuthScheme(scheme string) *Request {
	r.AuthScheme = scheme
	return r
}

// SetOutput writes the body of the response to a file, which appears when it is
// complete. A relative path is relative to the client's output directory.
func (r *Request) SetOutput(file string) *Request {
	r.output = file
	return r
}

// SetSRV sends the request to a host that DNS lists for a service.
func (r *Request) SetSRV(srv *SRVRecord) *Request {
	r.SRV = srv
	return r
}

// SetDoNotParseResponse sets whether the body is left unread. The program must
// then read and close [Response.RawBody].
func (r *Request) SetDoNotParseResponse(parse bool) *Request {
	r.rawBody = parse
	return r
}

// SetPathParam sets the value that replaces {param} in the URL. It is escaped.
func (r *Request) SetPathParam(param, value string) *Request {
	r.PathParams[param] = value
	return r
}

// SetPathParams sets several path parameters, like [Request.SetPathParam].
func (r *Request) SetPathParams(params map[string]string) *Request {
	for name, value := range params {
		r.PathParams[name] = value
	}
	return r
}

// ExpectContentType sets the Content-Type to assume if the response has none.
func (r *Request) ExpectContentType(contentType string) *Request {
	r.expected = contentType
	return r
}

// ForceContentType sets the Content-Type to assume whatever the response says.
func (r *Request) ForceContentType(contentType string) *Request {
	r.forced = contentType
	return r
}

// SetJSONEscapeHTML sets whether <, > and & are escaped in JSON. The default is
// true.
func (r *Request) SetJSONEscapeHTML(b bool) *Request {
	r.escapeHTML = b
	return r
}

// SetCookie adds a cookie.
func (r *Request) SetCookie(hc *http.Cookie) *Request {
	r.Cookies = append(r.Cookies, hc)
	return r
}

// SetCookies adds several cookies.
func (r *Request) SetCookies(rs []*http.Cookie) *Request {
	r.Cookies = append(r.Cookies, rs...)
	return r
}

// AddRetryCondition adds a condition for retries to those of the client.
func (r *Request) AddRetryCondition(condition RetryConditionFunc) *Request {
	r.conditions = append(r.conditions, condition)
	return r
}

// EnableTrace enables [Request.TraceInfo].
func (r *Request) EnableTrace() *Request {
	r.trace = true
	return r
}
