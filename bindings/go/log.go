package reggie

import (
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
)

// A Logger gets what a client has to say.
type Logger interface {
	Errorf(format string, v ...any)
	Warnf(format string, v ...any)
	Debugf(format string, v ...any)
}

// RequestLog is what the debug log shows of a request; a function of
// OnRequestLog may change it.
type RequestLog struct {
	Header http.Header
	Body   string
}

// ResponseLog is what it shows of a response.
type ResponseLog struct {
	Header http.Header
	Body   string
}

type standard struct{ to *log.Logger }

func standardLogger() Logger {
	return &standard{log.New(os.Stderr, "", log.Ldate|log.Lmicroseconds)}
}

func (s *standard) Errorf(format string, v ...any) { s.to.Printf("ERROR "+format, v...) }
func (s *standard) Warnf(format string, v ...any)  { s.to.Printf("WARN "+format, v...) }
func (s *standard) Debugf(format string, v ...any) { s.to.Printf("DEBUG "+format, v...) }

// The levels of the library's log.
const (
	logError = 1 + iota
	logWarning
	logInfo
	logDebug
)

// logLine is one that the library wrote during a call.
type logLine struct {
	level int
	text  string
}

func (l logLine) write(to Logger) {
	switch l.level {
	case logError:
		to.Errorf("%s", l.text)
	case logWarning:
		to.Warnf("%s", l.text)
	default:
		to.Debugf("%s", l.text)
	}
}

const redacted = "[redacted]"

// withoutSecrets copies a header for the log.
func withoutSecrets(header http.Header) http.Header {
	shown := header.Clone()
	for name, values := range shown {
		switch http.CanonicalHeaderKey(name) {
		case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie":
			for i, value := range values {
				scheme, _, found := strings.Cut(value, " ")
				if !found || strings.ContainsAny(scheme, "=;") {
					scheme = ""
				}
				values[i] = strings.TrimSpace(scheme + " " + redacted)
			}
		case "Location", "Content-Location", "Link", "Referer":
			for i, value := range values {
				if at := strings.IndexByte(value, '?'); at >= 0 {
					values[i] = value[:at] + "?" + redacted
				}
			}
		}
	}
	return shown
}

func shownURL(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return redacted
	}
	if parsed.RawQuery != "" {
		parsed.RawQuery = redacted
	}
	return parsed.Redacted()
}

func composed(header http.Header) string {
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	for _, name := range names {
		fmt.Fprintf(&out, "\t%25s: %s\n", name, strings.Join(header[name], ", "))
	}
	return out.String()
}

// shownBody is what the log shows of a body: a text, up to a limit.
func shownBody(content []byte, size, limit int64, contentType string) string {
	text := contentType == "" || strings.HasPrefix(contentType, "text/") ||
		isJSON(contentType) || isXML(contentType)
	switch {
	case size == 0:
		return "***** NO CONTENT *****"
	case !text:
		return fmt.Sprintf("***** %d BYTES OF %s *****", size, contentType)
	case size > limit:
		return fmt.Sprintf("***** BODY TOO LARGE (size - %d) *****", size)
	}
	return string(content)
}

// logRequest has the program's function see what the log shows, and writes it.
func (r *Request) logRequest(made *prepared) error {
	c := r.client
	shown := &RequestLog{Header: withoutSecrets(made.header), Body: "***** NO CONTENT *****"}
	if body := made.body; body != nil {
		shown.Body = "***** BODY IS io.Reader *****"
		if m := body.memory; m != nil {
			content := make([]byte, min(m.size, max(c.settings.debugBodyLimit, 0), cap64k))
			n, _ := m.from.ReadAt(content, 0)
			shown.Body = shownBody(content[:n], m.size, min(c.settings.debugBodyLimit, cap64k),
				made.header.Get("Content-Type"))
		}
	}
	if c.settings.requestLog != nil {
		if err := c.settings.requestLog(shown); err != nil {
			return err
		}
	}
	c.settings.log.Debugf("~~~ REQUEST ~~~\n%s  %s\nHEADERS:\n%sBODY   :\n%s",
		made.method, shownURL(made.url), composed(shown.Header), shown.Body)
	return nil
}

// cap64k is the most that the log shows of a body, whatever is set.
const cap64k = 64 << 10

func (r *Request) logResponse(response *Response) error {
	c := r.client
	if !c.debugs() {
		return nil
	}
	shown := &ResponseLog{
		Header: withoutSecrets(response.Header()),
		Body: shownBody(response.body, int64(len(response.body)),
			min(c.settings.debugBodyLimit, cap64k), response.Header().Get("Content-Type")),
	}
	if r.output != "" {
		shown.Body = "***** RESPONSE WRITTEN INTO FILE *****"
	}
	if c.settings.responseLog != nil {
		if err := c.settings.responseLog(shown); err != nil {
			return err
		}
	}
	c.settings.log.Debugf("~~~ RESPONSE ~~~\nSTATUS       : %s\nPROTO        : %s\nTIME DURATION: %v\nHEADERS      :\n%sBODY         :\n%s",
		response.Status(), response.Proto(), response.Time(), composed(shown.Header), shown.Body)
	return nil
}
