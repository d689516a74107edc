package reggie

import "libreggie/reggie/internal/cabi"

// A Manifest is an image, an artifact or an index, kept byte for byte. It cannot be
// changed, and is safe for concurrent use. Its methods return copies.
type Manifest struct{ low *cabi.Manifest }

// ParseManifest creates a manifest from bytes, which are kept unchanged. An empty
// media type means the one that the bytes state. A manifest of an unknown media type
// must be a JSON object; it has a config, layers and a subject if it contains those
// of an OCI manifest.
func ParseManifest(content []byte, mediaType string) (*Manifest, error) {
	return newManifest(cabi.ParseManifest(content, mediaType))
}

func newManifest(low *cabi.Manifest, err error) (*Manifest, error) {
	if err != nil {
		return nil, newError(err, nil)
	}
	return &Manifest{low}, nil
}

// Bytes returns the bytes, for fields without a method: parse them with
// encoding/json.
func (m *Manifest) Bytes() []byte { return m.low.Bytes() }

// Descriptor returns the descriptor of the manifest: its digest, size, media type
// and artifact type.
func (m *Manifest) Descriptor() Descriptor { return Descriptor(m.low.Descriptor()) }

// IsIndex reports whether this is an index or a Docker manifest list.
func (m *Manifest) IsIndex() bool { return m.low.IsIndex() }

// ArtifactType returns the artifactType, or else the media type of the config;
// empty if there is neither.
func (m *Manifest) ArtifactType() string { return m.low.ArtifactType() }

// Config returns the descriptor of the config; nil for an index.
func (m *Manifest) Config() *Descriptor { return newDescriptor(m.low.Config()) }

// Layers returns the layers, the lowest first; none for an index.
func (m *Manifest) Layers() []Descriptor { return newDescriptors(m.low.Layers()) }

// Manifests returns the manifests in an index; none for any other manifest.
func (m *Manifest) Manifests() []Descriptor { return newDescriptors(m.low.Entries()) }

// Select returns the manifest for a platform from an index; nil if nothing matches. An
// empty platform means [HostPlatform].
//
// A missing variant matches any variant: "linux/arm64/v8" finds "linux/arm64", and
// vice versa. Among several variants of arm, the highest that the platform can run
// is selected. Entries that are not images, such as attestations, are skipped.
func (m *Manifest) Select(platform string) *Descriptor {
	return newDescriptor(m.low.Select(platform))
}

// Subject returns the manifest that this one is about; nil if there is none.
func (m *Manifest) Subject() *Descriptor { return newDescriptor(m.low.Subject()) }

// Annotations returns the annotations of the manifest itself.
func (m *Manifest) Annotations() map[string]string { return m.low.Annotations() }
