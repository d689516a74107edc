package reggie

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"reflect"
	"strings"

	"libreggie/reggie/internal/cabi"
)

// A payload is a body, ready to be sent.
type payload struct {
	// One of these is set.
	memory *memoryBody
	file   *os.File
	stream io.Reader

	length      uint64
	contentType string
	// forceType is true if contentType replaces the program's Content-Type.
	forceType bool
}

// A memoryBody is a body in memory. It implements [cabi.Reader].
type memoryBody struct {
	from   io.ReaderAt
	size   int64
	offset int64
}

func (m *memoryBody) Read(buffer []byte) (int, error) {
	if left := m.size - m.offset; int64(len(buffer)) > left {
		buffer = buffer[:left]
	}
	n, err := m.from.ReadAt(buffer, m.offset)
	m.offset += int64(n)
	return n, err
}

func (m *memoryBody) Rewind() error {
	m.offset = 0
	return nil
}

func newMemoryPayload(content []byte, contentType string) *payload {
	return &payload{
		memory:      &memoryBody{from: bytes.NewReader(content), size: int64(len(content))},
		length:      uint64(len(content)),
		contentType: contentType,
	}
}

const (
	plainText = "text/plain; charset=utf-8"
	jsonType  = "application/json"
	formType  = "application/x-www-form-urlencoded"
)

// payload returns the body of a request; nil if it has none.
func (r *Request) payload() (*payload, error) {
	c := r.client
	allowed := r.Method != HEAD && r.Method != OPTIONS && (r.Method != GET || c.AllowGetMethodPayload)
	switch {
	case r.isMultipart && r.Method != POST && r.Method != PUT && r.Method != PATCH:
		return nil, fmt.Errorf("multipart content is not allowed in HTTP verb [%v]", r.Method)
	case !allowed:
		return nil, nil
	case r.isMultipart && r.Method != PATCH:
		return r.multipart()
	case len(r.FormData) > 0 || len(c.FormData) > 0:
		form := mergeValues(c.FormData, r.FormData)
		body := newMemoryPayload([]byte(form.Encode()), formType)
		body.forceType = true
		return body, nil
	}
	body, err := r.bodyPayload()
	if err != nil || body == nil || body.stream == nil {
		return body, err
	}
	if !r.contentLength && !c.settings.contentLength {
		return body, nil
	}
	content, err := io.ReadAll(body.stream)
	if err != nil {
		return nil, err
	}
	return newMemoryPayload(content, body.contentType), nil
}

// bodyPayload returns the body of SetBody.
func (r *Request) bodyPayload() (*payload, error) {
	switch body := r.Body.(type) {
	case nil:
		return nil, nil
	case string:
		return newMemoryPayload([]byte(body), plainText), nil
	case []byte:
		return newMemoryPayload(body, http.DetectContentType(body)), nil
	case *bytes.Buffer:
		return newMemoryPayload(body.Bytes(), ""), nil
	case *bytes.Reader:
		return unreadPayload(body, body.Size(), int64(body.Len())), nil
	case *strings.Reader:
		return unreadPayload(body, body.Size(), int64(body.Len())), nil
	case *os.File:
		return filePayload(body)
	case io.Reader:
		if body == http.NoBody {
			return nil, nil
		}
		return &payload{stream: body, length: cabi.UnknownSize}, nil
	}
	return r.marshal()
}

// unreadPayload returns the unread bytes of a reader in memory.
func unreadPayload(from io.ReaderAt, size, unread int64) *payload {
	section := io.NewSectionReader(from, size-unread, unread)
	return &payload{memory: &memoryBody{from: section, size: unread}, length: uint64(unread)}
}

// filePayload returns the bytes of a file from its current offset.
func filePayload(file *os.File) (*payload, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return &payload{stream: file, length: cabi.UnknownSize}, nil
	}
	offset, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	return &payload{file: file, length: uint64(max(info.Size()-offset, 0))}, nil
}

// marshal returns the value of SetBody as JSON, or as XML if that is the
// Content-Type.
func (r *Request) marshal() (*payload, error) {
	value := reflect.ValueOf(r.Body)
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	contentType := r.Header.Get("Content-Type")
	switch value.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice:
	default:
		return nil, errors.New("unsupported 'Body' type/value")
	}
	switch {
	case contentType == "" || isJSON(contentType):
		content, err := r.json(r.Body)
		return newMemoryPayload(content, jsonType), err
	case isXML(contentType) && value.Kind() == reflect.Struct:
		content, err := r.client.XMLMarshal(r.Body)
		return newMemoryPayload(content, contentType), err
	default:
		return nil, errors.New("unsupported 'Body' type/value")
	}
}

func (r *Request) json(value any) ([]byte, error) {
	if r.escapeHTML && r.client.settings.escapeHTML {
		return r.client.JSONMarshal(value)
	}
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return content.Bytes(), err
}

func (r *Request) multipart() (*payload, error) {
	var content bytes.Buffer
	writer := multipart.NewWriter(&content)
	form := url.Values{}
	addValues(form, r.client.FormData)
	addValues(form, r.FormData)
	for name, values := range form {
		for _, value := range values {
			if err := writer.WriteField(name, value); err != nil {
				return nil, err
			}
		}
	}
	for _, field := range r.parts {
		if err := addField(writer, field); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	body := newMemoryPayload(content.Bytes(), writer.FormDataContentType())
	body.forceType = true
	return body, nil
}

func addField(writer *multipart.Writer, field *part) error {
	quoted := strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\r", "%0D", "\n", "%0A")
	disposition := fmt.Sprintf(`form-data; name="%s"`, quoted.Replace(field.Param))
	contentType := field.ContentType
	content, err := field.read()
	if err != nil {
		return err
	}
	if field.FileName != "" {
		disposition += fmt.Sprintf(`; filename="%s"`, quoted.Replace(field.FileName))
		if contentType == "" {
			contentType = http.DetectContentType(content)
		}
	}
	header := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	part, err := writer.CreatePart(header)
	if err != nil {
		return err
	}
	_, err = part.Write(content)
	return err
}

func isJSON(contentType string) bool {
	subtype, found := subtypeOf(contentType)
	return found && (subtype == "json" || strings.HasSuffix(subtype, "+json") ||
		strings.HasPrefix(subtype, "json-"))
}

func isXML(contentType string) bool {
	subtype, found := subtypeOf(contentType)
	return found && (subtype == "xml" || strings.HasSuffix(subtype, "+xml"))
}

// subtypeOf returns the subtype of application/... and text/... types.
func subtypeOf(contentType string) (string, bool) {
	media, _, _ := strings.Cut(contentType, ";")
	kind, subtype, found := strings.Cut(strings.ToLower(strings.TrimSpace(media)), "/")
	return subtype, found && (kind == "application" || kind == "text")
}
