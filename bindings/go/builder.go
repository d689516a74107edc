package reggie

import (
	"context"
	"encoding/json"

	"libreggie/reggie/internal/cabi"
)

// A Builder builds the manifest of an image, an artifact or an index, and pushes it
// with its content. The same content added in the same order yields the same bytes: no
// timestamps are included.
//
// Methods that add content return nothing. After an error, they do nothing, and
// [Builder.Build] and [Builder.Push] return the error. A Builder is not safe for
// concurrent use. It may be pushed any number of times.
type Builder struct {
	low *cabi.Builder
	// err is the first error of a method that returns nothing.
	err error
}

// NewBuilder creates a builder for the manifest of an image or an artifact.
func NewBuilder() *Builder { return &Builder{low: cabi.NewBuilder(false)} }

// NewIndexBuilder creates a builder for an image index.
func NewIndexBuilder() *Builder { return &Builder{low: cabi.NewBuilder(true)} }

func (b *Builder) set(f func() error) {
	if b.err == nil {
		b.err = newError(f(), nil)
	}
}

// setDescriptor passes a descriptor to f: as the layer of a manifest.
func (b *Builder) setDescriptor(descriptor Descriptor, f func(*cabi.Manifest) error) {
	b.set(func() error {
		content, err := json.Marshal(map[string]any{
			"schemaVersion": 2, "mediaType": MediaTypeOCIManifest,
			"config": EmptyDescriptor(), "layers": []Descriptor{descriptor},
		})
		if err != nil {
			return err
		}
		parsed, err := cabi.ParseManifest(content, MediaTypeOCIManifest)
		if err != nil {
			return err
		}
		return f(parsed)
	})
}

// SetArtifactType sets the artifact type, such as "application/spdx+json"; an empty one
// removes it. An artifact requires one unless its config has a media type of its own:
// [StatusMissingValue].
func (b *Builder) SetArtifactType(artifactType string) {
	b.set(func() error { return b.low.SetArtifactType(artifactType) })
}

// SetSubject sets the subject, the manifest that this one is about, so that this one
// becomes a referrer of it. Digest, Size and MediaType are used. The zero Descriptor
// removes it.
func (b *Builder) SetSubject(subject Descriptor) {
	if subject.Digest == "" {
		b.set(func() error { return b.low.SetSubject(nil) })
		return
	}
	b.setDescriptor(subject, b.low.SetSubject)
}

// SetAnnotation sets an annotation of the manifest.
func (b *Builder) SetAnnotation(name, value string) {
	b.set(func() error { return b.low.SetAnnotation(name, &value) })
}

// RemoveAnnotation removes an annotation of the manifest.
func (b *Builder) RemoveAnnotation(name string) {
	b.set(func() error { return b.low.SetAnnotation(name, nil) })
}

// SetConfig sets the config to bytes of a media type. The default is the empty config,
// [EmptyDescriptor].
func (b *Builder) SetConfig(content []byte, mediaType string) {
	b.set(func() error { return b.low.SetConfig(content, mediaType) })
}

// SetConfigDescriptor sets the config to content that exists in the repository to which
// the manifest is pushed.
func (b *Builder) SetConfigDescriptor(config Descriptor) {
	b.setDescriptor(config, b.low.SetConfigDescriptor)
}

// Add adds content that exists in the repository to which the manifest is pushed: a
// layer, or a manifest for an index.
func (b *Builder) Add(content Descriptor) { b.setDescriptor(content, b.low.Add) }

// AddFile adds a regular file, which is read and pushed with the manifest. An empty
// media type means [MediaTypeOctets]. The title is the name of the file when it is
// pulled by [Repository.PullFiles], which no other layer may have; an empty one means
// the last component of the path.
func (b *Builder) AddFile(path, mediaType, title string) {
	name := &title
	if title == "" {
		name = nil
	}
	b.set(func() error { return b.low.AddPath(path, mediaType, name) })
}

// AddLayer is AddFile without a title, as for the layers of an image.
func (b *Builder) AddLayer(path, mediaType string) {
	none := ""
	b.set(func() error { return b.low.AddPath(path, mediaType, &none) })
}

// AddBytes adds bytes, which are copied. An empty title means that there is none.
// Otherwise like [Builder.AddFile].
func (b *Builder) AddBytes(content []byte, mediaType, title string) {
	b.set(func() error { return b.low.AddMemory(content, mediaType, title) })
}

// Annotate sets an annotation of the content added last.
func (b *Builder) Annotate(name, value string) {
	b.set(func() error { return b.low.Annotate(name, &value) })
}

// Unannotate removes an annotation of the content added last.
func (b *Builder) Unannotate(name string) {
	b.set(func() error { return b.low.Annotate(name, nil) })
}

// Build builds the manifest. It reads the files that were added, and sends nothing.
func (b *Builder) Build(ctx context.Context, opts ...CallOption) (*Manifest, error) {
	if b.err != nil {
		return nil, b.err
	}
	call := newContentCall(ctx, newCallOptions(opts))
	defer call.close()
	var built *cabi.Manifest
	err := call.run(func() (err error) {
		built, err = call.call.Build(b.low, call.options)
		return err
	})
	return newManifest(built, err)
}

// Push builds the manifest and pushes it with its content. The added files and bytes
// are pushed first, several concurrently, as set by [WithParallel]; those that exist are
// skipped. The manifest is then pushed under tags, as by [Repository.PushManifest].
func (b *Builder) Push(ctx context.Context, to *Repository, tags []string, opts ...CallOption) (*Manifest, error) {
	if b.err != nil {
		return nil, b.err
	}
	return to.manifest(ctx, opts, func(call lowCall) (*cabi.Manifest, error) {
		return call.PushBuilt(b.low, call.on, tags, call.options)
	})
}
