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

// payload is a body, ready to be sent.
type payload struct {
	// One of these, or none.
	memory *memory
	file   *os.File
	stream io.Reader

	length      uint64
	contentType string
	// The type is the body's own, whatever the program has set.
	ownType bool
}

// memory is a body that is there: it is read where it is, and begins again.
type memory struct {
	from io.ReaderAt
	size int64
	at   int64
}

func (m *memory) Read(buffer []byte) (int, error) {
	if left := m.size - m.at; int64(len(buffer)) > left {
		buffer = buffer[:left]
	}
	n, err := m.from.ReadAt(buffer, m.at)
	m.at += int64(n)
	return n, err
}

func (m *memory) Rewind() error {
	m.at = 0
	return nil
}

func inMemory(content []byte, contentType string) *payload {
	return &payload{
		memory:      &memory{from: bytes.NewReader(content), size: int64(len(content))},
		length:      uint64(len(content)),
		contentType: contentType,
	}
}

const (
	plainText = "text/plain; charset=utf-8"
	jsonType  = "application/json"
	formType  = "application/x-www-form-urlencoded"
)

// payload makes the body of a request; nil if it has none.
func (r *Request) payload() (*payload, error) {
	c := r.client
	takes := r.Method != HEAD && r.Method != OPTIONS && (r.Method != GET || c.AllowGetMethodPayload)
	switch {
	case r.isMultipart && r.Method != POST && r.Method != PUT && r.Method != PATCH:
		return nil, fmt.Errorf("multipart content is not allowed in HTTP verb [%v]", r.Method)
	case !takes:
		return nil, nil
	case r.isMultipart && r.Method != PATCH:
		return r.multipart()
	case len(r.FormData) > 0 || len(c.FormData) > 0:
		form := url.Values{}
		add(form, r.FormData)
		for name, values := range c.FormData {
			if _, own := r.FormData[name]; !own {
				form[name] = values
			}
		}
		made := inMemory([]byte(form.Encode()), formType)
		made.ownType = true
		return made, nil
	}
	made, err := r.bodyPayload()
	if err != nil || made == nil || made.stream == nil {
		return made, err
	}
	if !r.contentLength && !c.settings.contentLength {
		return made, nil
	}
	content, err := io.ReadAll(made.stream)
	if err != nil {
		return nil, err
	}
	return inMemory(content, made.contentType), nil
}

func (r *Request) bodyPayload() (*payload, error) {
	switch body := r.Body.(type) {
	case nil:
		return nil, nil
	case string:
		return inMemory([]byte(body), plainText), nil
	case []byte:
		return inMemory(body, http.DetectContentType(body)), nil
	case *bytes.Buffer:
		return inMemory(body.Bytes(), ""), nil
	case *bytes.Reader:
		return rest(body, body.Size(), int64(body.Len())), nil
	case *strings.Reader:
		return rest(body, body.Size(), int64(body.Len())), nil
	case *os.File:
		return filePayload(body)
	case io.Reader:
		if body == http.NoBody {
			return nil, nil
		}
		return &payload{stream: body, length: cabi.UnknownSize}, nil
	}
	return r.marshalled()
}

// rest is what a reader in memory has from where it stands.
func rest(from io.ReaderAt, size, left int64) *payload {
	section := io.NewSectionReader(from, size-left, left)
	return &payload{memory: &memory{from: section, size: left}, length: uint64(left)}
}

// filePayload is what a file has from where it stands.
func filePayload(file *os.File) (*payload, error) {
	about, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !about.Mode().IsRegular() {
		return &payload{stream: file, length: cabi.UnknownSize}, nil
	}
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	return &payload{file: file, length: uint64(max(about.Size()-at, 0))}, nil
}

// marshalled is a value as JSON, or as XML where the Content-Type says so.
func (r *Request) marshalled() (*payload, error) {
	value := reflect.ValueOf(r.Body)
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	given := r.Header.Get("Content-Type")
	switch value.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice:
	default:
		return nil, errors.New("unsupported 'Body' type/value")
	}
	switch {
	case given == "" || isJSON(given):
		content, err := r.json(r.Body)
		return inMemory(content, jsonType), err
	case isXML(given) && value.Kind() == reflect.Struct:
		content, err := r.client.XMLMarshal(r.Body)
		return inMemory(content, given), err
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
	add(form, r.client.FormData)
	add(form, r.FormData)
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
	made := inMemory(content.Bytes(), writer.FormDataContentType())
	made.ownType = true
	return made, nil
}

func addField(writer *multipart.Writer, field *part) error {
	quoted := strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\r", "%0D", "\n", "%0A")
	place := fmt.Sprintf(`form-data; name="%s"`, quoted.Replace(field.Param))
	contentType := field.ContentType
	content, err := field.read()
	if err != nil {
		return err
	}
	if field.FileName != "" {
		place += fmt.Sprintf(`; filename="%s"`, quoted.Replace(field.FileName))
		if contentType == "" {
			contentType = http.DetectContentType(content)
		}
	}
	header := textproto.MIMEHeader{"Content-Disposition": {place}}
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

// subtypeOf is what stands behind the slash of application/... and text/...
func subtypeOf(contentType string) (string, bool) {
	media, _, _ := strings.Cut(contentType, ";")
	kind, subtype, found := strings.Cut(strings.ToLower(strings.TrimSpace(media)), "/")
	return subtype, found && (kind == "application" || kind == "text")
}
