package reggie

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"libreggie/reggie/internal/cabi"
)

// A pemPair is a certificate chain and its key.
type pemPair struct{ certificate, key []byte }

// pemOf converts a certificate and its key to PEM.
func pemOf(cert tls.Certificate) (pemPair, error) {
	if len(cert.Certificate) == 0 {
		return pemPair{}, errors.New("a client certificate is empty")
	}
	var chain bytes.Buffer
	for _, der := range cert.Certificate {
		if err := pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return pemPair{}, err
		}
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return pemPair{}, fmt.Errorf("the key of a client certificate must be in memory: %w", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	return pemPair{chain.Bytes(), block}, nil
}

// checkTLSConfig returns an error if a configuration sets a field that the library
// does not support.
func checkTLSConfig(config *tls.Config) error {
	if config == nil {
		return errors.New("must not be nil")
	}
	value := reflect.ValueOf(config).Elem()
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if !field.IsExported() || value.Field(i).IsZero() || isSupported(field.Name, config) {
			continue
		}
		err := fmt.Errorf("%s is not supported", field.Name)
		if alternative := alternatives[field.Name]; alternative != "" {
			err = fmt.Errorf("%w, use %s", err, alternative)
		}
		return err
	}
	return nil
}

// alternatives maps unsupported fields to what can be used instead.
var alternatives = map[string]string{
	"RootCAs":               "SetRootCertificate or WithCAFile",
	"ServerName":            "WithResolve",
	"VerifyPeerCertificate": "WithCertificateFunc",
	"VerifyConnection":      "WithCertificateFunc",
	"GetClientCertificate":  "SetCertificates",
	"KeyLogWriter":          "WithKeyLog",
	"CipherSuites":          "WithMinTLSVersion",
	"CurvePreferences":      "WithMinTLSVersion",
	"MaxVersion":            "WithMinTLSVersion",
}

// isSupported reports whether the library behaves as a field says that is set.
func isSupported(field string, config *tls.Config) bool {
	switch field {
	case "Certificates", "InsecureSkipVerify", "MinVersion":
		return true
	case "MaxVersion":
		return config.MaxVersion >= tls.VersionTLS13
	case "NextProtos":
		return slices.Contains(config.NextProtos, "http/1.1")
	case "ClientAuth", "ClientCAs", "GetCertificate", "GetConfigForClient",
		"PreferServerCipherSuites", "SessionTicketKey":
		// They are for servers.
		return true
	case "ClientSessionCache":
		// The library has its own cache of sessions.
		return true
	}
	return false
}

func setMinTLSVersion(c *cabi.Config, version uint16) error {
	switch {
	case version <= tls.VersionTLS12:
		return c.SetMinTLSVersion(cabi.TLS12)
	case version == tls.VersionTLS13:
		return c.SetMinTLSVersion(cabi.TLS13)
	default:
		return fmt.Errorf("tls version %#x is not supported", version)
	}
}
