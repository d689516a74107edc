package reggie

import "libreggie/reggie/internal/cabi"

// DockerHub is the registry that tools of Docker use by default.
const DockerHub = "docker.io"

// A Reference is a parsed reference such as "ghcr.io/org/app:1.2". It cannot be
// changed.
type Reference struct{ parsed cabi.Reference }

// ParseReference parses a reference: [http[s]://][registry/]name[:tag][@digest].
//
// The first component is the registry if it contains a dot, a colon or an
// upper-case letter, or is "localhost". Otherwise the registry is
// defaultRegistry, for example [DockerHub]; if that is empty, a reference without
// a registry is an error. At Docker Hub, a name of a single component is prefixed
// with "library/".
func ParseReference(text, defaultRegistry string) (*Reference, error) {
	parsed, err := cabi.ParseReference(text, defaultRegistry)
	if err != nil {
		return nil, newError(err, nil)
	}
	return &Reference{*parsed}, nil
}

// Registry returns the registry as usually written, with its port if there is one:
// "docker.io".
func (r *Reference) Registry() string { return r.parsed.Registry }

// Address returns the address for [NewClient]: "https://registry-1.docker.io". If the
// reference has no scheme, it is http for localhost and loopback addresses, and
// https for all others.
func (r *Reference) Address() string { return r.parsed.Address }

// Name returns the name of the repository: "library/alpine".
func (r *Reference) Name() string { return r.parsed.Name }

// Tag returns the tag; empty if there is none.
func (r *Reference) Tag() string { return r.parsed.Tag }

// Digest returns the digest; empty if there is none.
func (r *Reference) Digest() string { return r.parsed.Digest }

// Target returns the digest, or else the tag, or else "latest".
func (r *Reference) Target() string { return r.parsed.Target }

// String returns the full reference: "docker.io/library/alpine:latest".
func (r *Reference) String() string { return r.parsed.Text }
