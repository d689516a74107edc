package reggie

import "libreggie/reggie/internal/cabi"

// UnknownSize is the size of content whose size is not known.
const UnknownSize = -1

// Media types.
const (
	MediaTypeOCIManifest    = cabi.OCIManifest
	MediaTypeOCIIndex       = cabi.OCIIndex
	MediaTypeDockerManifest = cabi.DockerManifest
	MediaTypeDockerList     = cabi.DockerList
	// MediaTypeEmpty is that of "{}".
	MediaTypeEmpty = cabi.EmptyType
	// MediaTypeOctets is that of arbitrary bytes.
	MediaTypeOctets = cabi.OctetsType
)

// AnnotationTitle is the annotation with the file name of a layer.
const AnnotationTitle = cabi.TitleName

// A Descriptor refers to a blob or a manifest. To pull a blob, Digest and Size are
// enough:
//
//	reggie.Descriptor{Digest: digest, Size: reggie.UnknownSize}
//
// The digest of a descriptor that a function returned is valid, and safe to use in a
// path. Its other strings are as the registry sent them.
type Descriptor struct {
	// MediaType is the media type; empty means [MediaTypeOctets].
	MediaType string
	// Digest is the digest, such as "sha256:e3b0c442...".
	Digest string
	// Size is the number of bytes, or [UnknownSize].
	Size int64
	// ArtifactType is empty if there is none.
	ArtifactType string
	// Platform is a platform such as "linux/arm64/v8"; empty if there is none.
	Platform string
	// Data is the content itself, if it is embedded. A pull then sends nothing.
	Data []byte
	// URLs are untrusted: anyone may have written them.
	URLs []string
	// Annotations is nil if there are none.
	Annotations map[string]string
}

// EmptyDescriptor returns the descriptor of "{}", the config of artifacts without one.
// [Repository.PushManifest] pushes it if it is missing.
func EmptyDescriptor() Descriptor {
	return Descriptor{
		MediaType: MediaTypeEmpty,
		Digest:    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
		Size:      2,
		Data:      []byte("{}"),
	}
}

// HostPlatform returns the platform of this machine, such as "linux/amd64" or
// "linux/arm/v7".
func HostPlatform() string { return cabi.HostPlatform() }

func toLow(descriptor Descriptor) cabi.Descriptor { return cabi.Descriptor(descriptor) }

func newDescriptor(low *cabi.Descriptor) *Descriptor {
	if low == nil {
		return nil
	}
	converted := Descriptor(*low)
	return &converted
}

func newDescriptors(low []cabi.Descriptor) []Descriptor {
	converted := make([]Descriptor, len(low))
	for i := range low {
		converted[i] = Descriptor(low[i])
	}
	return converted
}
