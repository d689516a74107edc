package reggie

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// SetRedirectPolicy sets the policies that decide whether redirects are followed:
// values of type [RedirectPolicy]. All of them must agree.
func (c *Client) SetRedirectPolicy(policies ...any) *Client {
	for _, policy := range policies {
		if _, ok := policy.(RedirectPolicy); !ok {
			return c.setError("redirect policy", fmt.Errorf("%T is not a RedirectPolicy", policy))
		}
	}
	return c.change(func(s *settings) {
		s.redirects = redirectsOf(policies)
		delete(s.errors, "redirect policy")
	})
}

// SetProxy sets the proxy for all requests.
func (c *Client) SetProxy(proxyURL string) *Client {
	parsed, err := url.Parse(proxyURL)
	if err != nil || parsed.Host == "" {
		return c.setError("proxy", errors.New("must be a URL with scheme and host"))
	}
	return c.change(func(s *settings) {
		s.proxy = &proxyURL
		delete(s.errors, "proxy")
	})
}

// RemoveProxy disables proxies, including those set in the environment.
func (c *Client) RemoveProxy() *Client {
	return c.change(func(s *settings) {
		s.proxy = new(string)
		delete(s.errors, "proxy")
	})
}

// IsProxySet reports whether SetProxy has set a proxy.
func (c *Client) IsProxySet() bool {
	return c.settings.proxy != nil && *c.settings.proxy != ""
}

// SetCertificates adds client certificates for the registry.
func (c *Client) SetCertificates(certs ...tls.Certificate) *Client {
	for _, cert := range certs {
		pair, err := pemOf(cert)
		if err != nil {
			return c.setError("certificates", err)
		}
		c.change(func(s *settings) { s.certificates = append(s.certificates, pair) })
	}
	return c
}

// SetRootCertificate adds trusted certificates from a PEM file.
func (c *Client) SetRootCertificate(pemFilePath string) *Client {
	pem, err := os.ReadFile(pemFilePath)
	if err != nil {
		return c.setError("root certificate", err)
	}
	return c.SetRootCertificateFromString(string(pem))
}

// SetRootCertificateFromString adds trusted certificates in PEM.
func (c *Client) SetRootCertificateFromString(pemContent string) *Client {
	return c.change(func(s *settings) { s.cas = append(s.cas, []byte(pemContent)) })
}

// SetTLSClientConfig applies the fields of a TLS configuration that the library
// supports: Certificates, InsecureSkipVerify and MinVersion. If another field is
// set, the next call fails.
func (c *Client) SetTLSClientConfig(config *tls.Config) *Client {
	if err := checkTLSConfig(config); err != nil {
		return c.setError("tls configuration", err)
	}
	c.change(func(s *settings) {
		delete(s.errors, "tls configuration")
		s.skipVerify = &config.InsecureSkipVerify
		s.minTLS = config.MinVersion
	})
	return c.SetCertificates(config.Certificates...)
}
