package reggie

import (
	"context"

	"libreggie/reggie/internal/cabi"
)

// The reference of a manifest is a tag or a digest; empty means the target of the
// repository.

// PullManifest pulls a manifest by tag or digest; an empty reference means the target
// of the repository. An index is returned as such.
func (r *Repository) PullManifest(ctx context.Context, reference string, opts ...CallOption) (*Manifest, error) {
	return r.manifest(ctx, opts, func(call lowCall) (*cabi.Manifest, error) {
		return call.PullManifest(call.on, r.referenceOr(reference), call.options)
	})
}

// ResolveManifest pulls the manifest for a platform; an empty one means
// [HostPlatform]. If the reference points to an index, it pulls the manifest that
// [Manifest.Select] selects from it, through up to 4 levels of nested indexes. If
// there is none, the error is [StatusNoPlatform], with the available platforms in
// the message.
func (r *Repository) ResolveManifest(ctx context.Context, reference, platform string, opts ...CallOption) (*Manifest, error) {
	return r.manifest(ctx, opts, func(call lowCall) (*cabi.Manifest, error) {
		return call.ResolveManifest(call.on, r.referenceOr(reference), platform, call.options)
	})
}

func (r *Repository) manifest(ctx context.Context, opts []CallOption, pull func(lowCall) (*cabi.Manifest, error)) (*Manifest, error) {
	var pulled *cabi.Manifest
	err := r.do(ctx, opts, func(call lowCall) (err error) {
		pulled, err = pull(call)
		return err
	})
	return newManifest(pulled, err)
}

// StatManifest returns the descriptor of a manifest without pulling it: its digest,
// size and media type.
func (r *Repository) StatManifest(ctx context.Context, reference string, opts ...CallOption) (Descriptor, error) {
	return r.descriptor(ctx, opts, func(call lowCall) (cabi.Descriptor, error) {
		return call.StatManifest(call.on, r.referenceOr(reference), call.options)
	})
}

func (r *Repository) descriptor(ctx context.Context, opts []CallOption, f func(lowCall) (cabi.Descriptor, error)) (Descriptor, error) {
	var found cabi.Descriptor
	err := r.do(ctx, opts, func(call lowCall) (err error) {
		found, err = f(call)
		return err
	})
	return Descriptor(found), err
}

// PushManifest pushes a manifest under tags, or by digest only if there are none. A
// tag that already points to the manifest is left unchanged. The content that the
// manifest refers to must exist, except for the empty blob "{}", which is pushed if
// it is missing. If the manifest has a subject, and the registry has no referrers
// API, the referrers tag is updated too.
func (r *Repository) PushManifest(ctx context.Context, manifest *Manifest, tags []string, opts ...CallOption) error {
	return r.do(ctx, opts, func(call lowCall) error {
		return call.PushManifest(call.on, manifest.low, tags, call.options)
	})
}

// DeleteManifest deletes a manifest by digest, with all tags that point to it. A tag is
// an error; see [Repository.DeleteTag].
func (r *Repository) DeleteManifest(ctx context.Context, digest string, opts ...CallOption) error {
	return r.do(ctx, opts, func(call lowCall) error {
		return call.DeleteManifest(call.on, digest, call.options)
	})
}

// DeleteTag deletes a tag. The manifest and its other tags are left unchanged. If the
// registry cannot delete tags, the error is [StatusUnsupported]; see
// [WithDeleteDetour].
func (r *Repository) DeleteTag(ctx context.Context, tag string, opts ...CallOption) error {
	return r.do(ctx, opts, func(call lowCall) error {
		return call.DeleteTag(call.on, tag, call.options)
	})
}
