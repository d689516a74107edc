package reggie

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

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
		return errors.New("the tls configuration is nil")
	}
	for _, field := range []struct {
		name, instead string
		set           bool
	}{
		{"RootCAs", "SetRootCertificate or WithCAFile", config.RootCAs != nil},
		{"ServerName", "WithResolve", config.ServerName != ""},
		{"VerifyPeerCertificate", "WithCertificateFunc", config.VerifyPeerCertificate != nil},
		{"VerifyConnection", "WithCertificateFunc", config.VerifyConnection != nil},
		{"GetClientCertificate", "SetCertificates", config.GetClientCertificate != nil},
		{"KeyLogWriter", "WithKeyLog", config.KeyLogWriter != nil},
		{"CipherSuites", "WithMinTLSVersion", len(config.CipherSuites) > 0},
		{"CurvePreferences", "WithMinTLSVersion", len(config.CurvePreferences) > 0},
		{"MaxVersion", "WithMinTLSVersion", config.MaxVersion != 0 && config.MaxVersion < tls.VersionTLS13},
	} {
		if field.set {
			return fmt.Errorf("tls configuration: %s cannot be taken over, use %s", field.name, field.instead)
		}
	}
	return nil
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
