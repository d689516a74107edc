package reggie

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// SetRedirectPolicy sets what decides about redirects: [RedirectPolicy] values,
// all of which have to agree.
func (c *Client) SetRedirectPolicy(policies ...any) *Client {
	for _, policy := range policies {
		if _, ok := policy.(RedirectPolicy); !ok {
			return c.fail("redirect policy", fmt.Errorf("%T is none", policy))
		}
	}
	return c.change(func(s *settings) {
		s.redirects = redirectsOf(policies)
		delete(s.failed, "redirect policy")
	})
}

// SetProxy sets the proxy of all requests.
func (c *Client) SetProxy(proxyURL string) *Client {
	parsed, err := url.Parse(proxyURL)
	if err != nil || parsed.Host == "" {
		return c.fail("proxy", errors.New("it has to be a URL with scheme and host"))
	}
	return c.change(func(s *settings) {
		s.proxy = &proxyURL
		delete(s.failed, "proxy")
	})
}

// RemoveProxy uses no proxy, that of the environment neither.
func (c *Client) RemoveProxy() *Client {
	return c.change(func(s *settings) {
		s.proxy = new(string)
		delete(s.failed, "proxy")
	})
}

// IsProxySet tells whether SetProxy has set one.
func (c *Client) IsProxySet() bool {
	return c.settings.proxy != nil && *c.settings.proxy != ""
}

// SetCertificates adds certificates that the client shows to its registry.
func (c *Client) SetCertificates(certs ...tls.Certificate) *Client {
	for _, cert := range certs {
		pair, err := pemOf(cert)
		if err != nil {
			return c.fail("certificates", err)
		}
		c.change(func(s *settings) { s.certificates = append(s.certificates, pair) })
	}
	return c
}

// SetRootCertificate trusts the certificates of a file in PEM.
func (c *Client) SetRootCertificate(pemFilePath string) *Client {
	pem, err := os.ReadFile(pemFilePath)
	if err != nil {
		return c.fail("root certificate", err)
	}
	return c.SetRootCertificateFromString(string(pem))
}

// SetRootCertificateFromString trusts certificates in PEM.
func (c *Client) SetRootCertificateFromString(pemContent string) *Client {
	return c.change(func(s *settings) { s.cas = append(s.cas, []byte(pemContent)) })
}

// SetTLSClientConfig takes over what a configuration of TLS says, as far as the
// library has it: Certificates, InsecureSkipVerify and MinVersion. Anything else
// that is set is an error of the next call.
func (c *Client) SetTLSClientConfig(config *tls.Config) *Client {
	if err := carriesOver(config); err != nil {
		return c.fail("tls configuration", err)
	}
	c.change(func(s *settings) {
		delete(s.failed, "tls configuration")
		s.skipVerify = &config.InsecureSkipVerify
		s.minTLS = config.MinVersion
	})
	return c.SetCertificates(config.Certificates...)
}
