package reggie

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"strings"
	"testing"
	"time"
)

func TestTLSConfig(t *testing.T) {
	for name, config := range map[string]*tls.Config{
		"RootCAs":       {RootCAs: x509.NewCertPool()},
		"ServerName":    {ServerName: "a"},
		"KeyLogWriter":  {KeyLogWriter: io.Discard},
		"CipherSuites":  {CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}},
		"MaxVersion":    {MaxVersion: tls.VersionTLS12},
		"NextProtos":    {NextProtos: []string{"h2"}},
		"Renegotiation": {Renegotiation: tls.RenegotiateOnceAsClient},
		"Time":          {Time: time.Now},
		"nil":           nil,
	} {
		if err := checkTLSConfig(config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, config := range map[string]*tls.Config{
		"nothing":            {},
		"InsecureSkipVerify": {InsecureSkipVerify: true},
		"MinVersion":         {MinVersion: tls.VersionTLS13},
		"MaxVersion":         {MaxVersion: tls.VersionTLS13},
		"NextProtos":         {NextProtos: []string{"h2", "http/1.1"}},
		"ClientSessionCache": {ClientSessionCache: tls.NewLRUClientSessionCache(1)},
	} {
		if err := checkTLSConfig(config); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
