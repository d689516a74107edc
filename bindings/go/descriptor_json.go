package reggie

import (
	"encoding/json"
	"errors"
	"strings"
)

// jsonDescriptor is a descriptor as in the OCI Image Specification.
type jsonDescriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	URLs         []string          `json:"urls,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	Data         []byte            `json:"data,omitempty"`
	Platform     *jsonPlatform     `json:"platform,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
}

type jsonPlatform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	OSVersion    string `json:"os.version,omitempty"`
	Variant      string `json:"variant,omitempty"`
}

// MarshalJSON returns the descriptor as in a manifest, so that programs can build
// manifests. It fails if the size is unknown.
func (d Descriptor) MarshalJSON() ([]byte, error) {
	if d.Size < 0 {
		return nil, errors.New("the size of the descriptor is unknown")
	}
	converted := jsonDescriptor{
		MediaType:    d.MediaType,
		Digest:       d.Digest,
		Size:         d.Size,
		URLs:         d.URLs,
		Annotations:  d.Annotations,
		Data:         d.Data,
		ArtifactType: d.ArtifactType,
	}
	if converted.MediaType == "" {
		converted.MediaType = MediaTypeOctets
	}
	if d.Platform != "" {
		var platform jsonPlatform
		parts := strings.SplitN(d.Platform, "/", 3)
		if len(parts) < 2 {
			return nil, errors.New("the platform of the descriptor has no architecture")
		}
		system, version, found := strings.Cut(parts[0], "(")
		if found {
			platform.OSVersion = strings.TrimSuffix(version, ")")
		}
		platform.OS, platform.Architecture = system, parts[1]
		if len(parts) == 3 {
			platform.Variant = parts[2]
		}
		converted.Platform = &platform
	}
	return json.Marshal(converted)
}

// UnmarshalJSON reads a descriptor from a manifest. Unlike [ParseManifest], it
// validates nothing.
func (d *Descriptor) UnmarshalJSON(text []byte) error {
	var converted jsonDescriptor
	if err := json.Unmarshal(text, &converted); err != nil {
		return err
	}
	*d = Descriptor{
		MediaType:    converted.MediaType,
		Digest:       converted.Digest,
		Size:         converted.Size,
		ArtifactType: converted.ArtifactType,
		Data:         converted.Data,
		URLs:         converted.URLs,
		Annotations:  converted.Annotations,
	}
	if platform := converted.Platform; platform != nil {
		d.Platform = platform.OS
		if platform.OSVersion != "" {
			d.Platform += "(" + platform.OSVersion + ")"
		}
		d.Platform += "/" + platform.Architecture
		if platform.Variant != "" {
			d.Platform += "/" + platform.Variant
		}
	}
	return nil
}
