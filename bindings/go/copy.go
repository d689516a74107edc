package reggie

import (
	"context"

	"libreggie/reggie/internal/cabi"
)

// Copy copies a manifest and everything that it refers to, byte for byte, between
// repositories of registries and layouts. The reference is a tag or a digest; an empty
// one means the target of the source. The copy is pushed under the tags, or by digest
// only if there are none. Copy returns the digest, size and media type of the copied
// manifest.
//
// Content that exists at the destination is not pulled. Within one registry, blobs are
// mounted; all others are received and sent at the same time, several concurrently, as
// set by [WithParallel]. Manifests are pushed after the content that they refer to, and
// tags are set last. Content copied before a failure is kept and need not be copied
// again.
//
// [WithPlatform] copies one manifest of an index, to which the tags then point; the tags
// may also contain the digest of the index, which sets no tag. [WithReferrers] and
// [WithDigestTags] copy signatures and attestations too, and [WithFilter] decides what
// to leave out. If a [Client] allows only one connection to a
// server, a copy within that server fails: [StatusInvalidArgument].
//
// The list of referrers that a registry without the referrers API keeps under a tag,
// such as sha256-HEX, is not replaced by a copy to that tag: the entries of the copied
// list are added to it.
func Copy(ctx context.Context, from *Repository, reference string, to *Repository, tags []string, opts ...CallOption) (Descriptor, error) {
	call := newContentCall(ctx, newCallOptions(opts), from.client, to.client)
	defer call.close()
	source, err := from.current()
	if err != nil {
		return Descriptor{}, err
	}
	var copied cabi.Descriptor
	err = to.run(call, func(low lowCall) (err error) {
		copied, err = low.Copy(source, from.referenceOr(reference), low.on, tags, low.options)
		return err
	})
	return Descriptor(copied), err
}

// PullFiles pulls the files of an artifact into a directory, which is created if it is
// missing, and returns the manifest. Each layer that has a title, the annotation
// [AnnotationTitle], is pulled to the file of that name, several concurrently, as by
// [Repository.PullBlobFile]. If the reference points to an index, it pulls the files of
// the manifest for a platform: [WithPlatform].
//
// A title may contain directories, but never leads out of the directory, not even
// through a symbolic link: [StatusUnsafeName], which is also the error if two layers
// have the same name. A layer without a title is left out and reported as
// [ProgressSkip]; if no layer has a title, the error is [StatusNoFiles]. A packed
// directory stays packed, in a file named by its title with ".tar.gz" appended. Files
// pulled before a failure are kept.
func (r *Repository) PullFiles(ctx context.Context, reference, folder string, opts ...CallOption) (*Manifest, error) {
	return r.manifest(ctx, opts, func(call lowCall) (*cabi.Manifest, error) {
		return call.PullFiles(call.on, r.referenceOr(reference), folder, call.options)
	})
}
