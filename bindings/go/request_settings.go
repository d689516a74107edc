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

// SetContext bounds the request: it ends with the context, whatever it waits for.
func (r *Request) SetContext(ctx context.Context) *Request {
	r.ctx = ctx
	return r
}

// SetHeader sets a header, in the usual case of its name.
func (r *Request) SetHeader(header, content string) *Request {
	r.Header.Set(header, content)
	return r
}

// SetHeaders sets several.
func (r *Request) SetHeaders(headers map[string]string) *Request {
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

// SetHeaderMultiValues sets headers with several values each, which are joined
// by commas.
func (r *Request) SetHeaderMultiValues(headers map[string][]string) *Request {
	for name, values := range headers {
		r.Header.Set(name, strings.Join(values, ", "))
	}
	return r
}

// SetHeaderVerbatim sets a header whose name stays as it is.
func (r *Request) SetHeaderVerbatim(header, value string) *Request {
	r.Header[header] = []string{value}
	return r
}

// SetQueryParam sets a parameter of the query.
func (r *Request) SetQueryParam(param, content string) *Request {
	r.QueryParam.Set(param, content)
	return r
}

// SetQueryParams sets several.
func (r *Request) SetQueryParams(params map[string]string) *Request {
	for name, value := range params {
		r.QueryParam.Set(name, value)
	}
	return r
}

// SetQueryParamsFromValues adds several, with several values each.
func (r *Request) SetQueryParamsFromValues(params url.Values) *Request {
	add(r.QueryParam, params)
	return r
}

// SetQueryString adds the parameters of a query; one that is none is an error of
// the send.
func (r *Request) SetQueryString(query string) *Request {
	params, err := url.ParseQuery(strings.TrimSpace(query))
	if err != nil {
		r.failed = fmt.Errorf("query string: %w", err)
		return r
	}
	add(r.QueryParam, params)
	return r
}

// SetFormData sets fields of a form, which is the body.
func (r *Request) SetFormData(data map[string]string) *Request {
	for name, value := range data {
		r.FormData.Set(name, value)
	}
	return r
}

// SetFormDataFromValues adds fields of a form.
func (r *Request) SetFormDataFromValues(data url.Values) *Request {
	add(r.FormData, data)
	return r
}

func add(to, from url.Values) {
	for name, values := range from {
		for _, value := range values {
			to.Add(name, value)
		}
	}
}

// SetBody sets the body: nil, a string, []byte, an [io.Reader], or a struct, map,
// slice or pointer to one of these, which is sent as JSON, or as XML where the
// Content-Type says so.
func (r *Request) SetBody(body any) *Request {
	r.Body = body
	return r
}

// SetResult has the body of a 2xx in JSON or XML read into a value of this type,
// or into the value that a pointer points to.
func (r *Request) SetResult(res any) *Request {
	r.Result = pointerTo(res)
	return r
}

// SetError does the same for the body of a 4xx or 5xx.
func (r *Request) SetError(err any) *Request {
	r.Error = pointerTo(err)
	return r
}

// SetMultipartFormData sets fields of a multipart body.
func (r *Request) SetMultipartFormData(data map[string]string) *Request {
	for name, value := range data {
		r.SetMultipartField(name, "", "", strings.NewReader(value))
	}
	return r
}

// SetFile adds a file to a multipart body, in place of one of that name.
func (r *Request) SetFile(param, filePath string) *Request {
	r.parts = slices.DeleteFunc(r.parts, func(old *part) bool {
		_, file := old.Reader.(*lateFile)
		return file && old.Param == param
	})
	return r.SetMultipartFields(&MultipartField{
		Param:    param,
		FileName: filepath.Base(filePath),
		Reader:   &lateFile{path: filePath},
	})
}

// SetFiles adds several.
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

// SetMultipartFields adds several.
func (r *Request) SetMultipartFields(fields ...*MultipartField) *Request {
	r.isMultipart = true
	for _, field := range fields {
		r.parts = append(r.parts, &part{MultipartField: field})
	}
	return r
}

// lateFile is opened when it is read first.
type lateFile struct {
	path string
	file *os.File
}

func (f *lateFile) Read(buffer []byte) (int, error) {
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

// SetContentLength reads a body of unknown length into memory first, to send it
// with its length.
func (r *Request) SetContentLength(l bool) *Request {
	r.contentLength = l
	return r
}

// SetBasicAuth sends user name and password from the first send on. They give
// way to the answer of a challenge.
func (r *Request) SetBasicAuth(username, password string) *Request {
	r.UserInfo = &User{username, password}
	return r
}

// SetAuthToken sends a token from the first send on.
func (r *Request) SetAuthToken(token string) *Request {
	r.Token = token
	return r
}

// SetAuthScheme sets the scheme of the token; Bearer unless set.
func (r *Request) SetAuthScheme(scheme string) *Request {
	r.AuthScheme = scheme
	return r
}

// SetOutput writes the body of the answer to a file, which appears when it is
// whole; one that is not absolute is in the client's output folder.
func (r *Request) SetOutput(file string) *Request {
	r.output = file
	return r
}

// SetSRV sends the request to a host of a service in DNS.
func (r *Request) SetSRV(srv *SRVRecord) *Request {
	r.SRV = srv
	return r
}

// SetDoNotParseResponse leaves the body unread: it is [Response.RawBody], which
// the program closes.
func (r *Request) SetDoNotParseResponse(parse bool) *Request {
	r.rawBody = parse
	return r
}

// SetPathParam sets what {param} in the URL means; it is escaped.
func (r *Request) SetPathParam(param, value string) *Request {
	r.PathParams[param] = value
	return r
}

// SetPathParams sets several.
func (r *Request) SetPathParams(params map[string]string) *Request {
	for name, value := range params {
		r.PathParams[name] = value
	}
	return r
}

// ExpectContentType is what the body is taken for where the answer does not say.
func (r *Request) ExpectContentType(contentType string) *Request {
	r.expected = contentType
	return r
}

// ForceContentType is what the body is taken for, whatever the answer says.
func (r *Request) ForceContentType(contentType string) *Request {
	r.forced = contentType
	return r
}

// SetJSONEscapeHTML says whether <, > and & are escaped in JSON.
func (r *Request) SetJSONEscapeHTML(b bool) *Request {
	r.escapeHTML = b
	return r
}

// SetCookie adds a cookie.
func (r *Request) SetCookie(hc *http.Cookie) *Request {
	r.Cookies = append(r.Cookies, hc)
	return r
}

// SetCookies adds several.
func (r *Request) SetCookies(rs []*http.Cookie) *Request {
	r.Cookies = append(r.Cookies, rs...)
	return r
}

// AddRetryCondition adds a reason to send again, beside the client's.
func (r *Request) AddRetryCondition(condition RetryConditionFunc) *Request {
	r.conditions = append(r.conditions, condition)
	return r
}

// EnableTrace has TraceInfo tell how long the steps took.
func (r *Request) EnableTrace() *Request {
	r.trace = true
	return r
}
