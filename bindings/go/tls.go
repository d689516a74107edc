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

type pemPair struct{ certificate, key []byte }

// pemOf writes a certificate and its key in PEM.
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
		return pemPair{}, fmt.Errorf("the key of a client certificate has to be in memory: %w", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	return pemPair{chain.Bytes(), block}, nil
}

// carriesOver says what of a configuration the library does not have.
func carriesOver(config *tls.Config) error {
	if config == nil {
		return errors.New("it is nil")
	}
	value := reflect.ValueOf(config).Elem()
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if !field.IsExported() || value.Field(i).IsZero() || taken(field.Name, config) {
			continue
		}
		err := fmt.Errorf("%s cannot be taken over", field.Name)
		if instead := insteadOf[field.Name]; instead != "" {
			err = fmt.Errorf("%w, use %s", err, instead)
		}
		return err
	}
	return nil
}

// insteadOf says what to use for a field.
var insteadOf = map[string]string{
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

// taken tells whether the library does as a field that is set says.
func taken(field string, config *tls.Config) bool {
	switch field {
	case "Certificates", "InsecureSkipVerify", "MinVersion":
		return true
	case "MaxVersion":
		return config.MaxVersion >= tls.VersionTLS13
	case "NextProtos":
		return slices.Contains(config.NextProtos, "http/1.1")
	case "ClientAuth", "ClientCAs", "GetCertificate", "GetConfigForClient",
		"PreferServerCipherSuites", "SessionTicketKey":
		// They are servers'.
		return true
	case "ClientSessionCache":
		// The library keeps sessions itself.
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
		return fmt.Errorf("version %#x of tls is not spoken", version)
	}
}
