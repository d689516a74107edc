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

// A Logger receives log messages.
type Logger interface {
	Errorf(format string, v ...any)
	Warnf(format string, v ...any)
	Debugf(format string, v ...any)
}

// A RequestLog is what the debug log shows of a request. The function of
// [Client.OnRequestLog] may change it.
type RequestLog struct {
	Header http.Header
	Body   string
}

// A ResponseLog is what the debug log shows of a response. The function of
// [Client.OnResponseLog] may change it.
type ResponseLog struct {
	Header http.Header
	Body   string
}

// A stderrLogger is the default logger.
type stderrLogger struct{ *log.Logger }

func newStderrLogger() Logger {
	return &stderrLogger{log.New(os.Stderr, "", log.Ldate|log.Lmicroseconds)}
}

func (l *stderrLogger) Errorf(format string, v ...any) { l.Printf("ERROR "+format, v...) }
func (l *stderrLogger) Warnf(format string, v ...any)  { l.Printf("WARN "+format, v...) }
func (l *stderrLogger) Debugf(format string, v ...any) { l.Printf("DEBUG "+format, v...) }

// Log levels of the library.
const (
	logError = 1 + iota
	logWarning
	logInfo
	logDebug
)

// A logLine is a log line of the library.
type logLine struct {
	client *Client
	level  int
	text   string
}

func (l logLine) write() {
	to := l.client.settings.log
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

// redactHeader returns a copy of a header without secrets.
func redactHeader(header http.Header) http.Header {
	redactedHeader := header.Clone()
	for name, values := range redactedHeader {
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
	return redactedHeader
}

func redactURL(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return redacted
	}
	if parsed.RawQuery != "" {
		parsed.RawQuery = redacted
	}
	return parsed.Redacted()
}

func formatHeader(header http.Header) string {
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

// formatBody returns what the log shows of a body: the content if it is text and
// not larger than the limit.
func formatBody(content []byte, size, limit int64, contentType string) string {
	isText := contentType == "" || strings.HasPrefix(contentType, "text/") ||
		isJSON(contentType) || isXML(contentType)
	switch {
	case size == 0:
		return "***** NO CONTENT *****"
	case !isText:
		return fmt.Sprintf("***** %d BYTES OF %s *****", size, contentType)
	case size > limit:
		return fmt.Sprintf("***** BODY TOO LARGE (size - %d) *****", size)
	}
	return string(content)
}

// logRequest logs a request, after passing it to the function of OnRequestLog.
func (r *Request) logRequest(prepared *preparedRequest) error {
	c := r.client
	logged := &RequestLog{Header: redactHeader(prepared.header), Body: "***** NO CONTENT *****"}
	if body := prepared.body; body != nil {
		logged.Body = "***** BODY IS io.Reader *****"
		if m := body.memory; m != nil {
			content := make([]byte, min(m.size, max(c.settings.debugBodyLimit, 0), maxLoggedBody))
			n, _ := m.from.ReadAt(content, 0)
			logged.Body = formatBody(content[:n], m.size, min(c.settings.debugBodyLimit, maxLoggedBody),
				prepared.header.Get("Content-Type"))
		}
	}
	if c.settings.requestLog != nil {
		if err := c.settings.requestLog(logged); err != nil {
			return err
		}
	}
	c.settings.log.Debugf("~~~ REQUEST ~~~\n%s  %s\nHEADERS:\n%sBODY   :\n%s",
		prepared.method, redactURL(prepared.url), formatHeader(logged.Header), logged.Body)
	return nil
}

// maxLoggedBody is the maximum of SetDebugBodyLimit.
const maxLoggedBody = 64 << 10

// logResponse logs a response, after passing it to the function of OnResponseLog.
func (r *Request) logResponse(response *Response) error {
	c := r.client
	if !c.isDebugging() {
		return nil
	}
	logged := &ResponseLog{
		Header: redactHeader(response.Header()),
		Body: formatBody(response.body, int64(len(response.body)),
			min(c.settings.debugBodyLimit, maxLoggedBody), response.Header().Get("Content-Type")),
	}
	if r.output != "" {
		logged.Body = "***** RESPONSE WRITTEN INTO FILE *****"
	}
	if c.settings.responseLog != nil {
		if err := c.settings.responseLog(logged); err != nil {
			return err
		}
	}
	c.settings.log.Debugf("~~~ RESPONSE ~~~\nSTATUS       : %s\nPROTO        : %s\nTIME DURATION: %v\nHEADERS      :\n%sBODY         :\n%s",
		response.Status(), response.Proto(), response.Time(), formatHeader(logged.Header), logged.Body)
	return nil
}
