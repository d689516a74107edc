package reggie

import (
	"context"
	"iter"

	"libreggie/reggie/internal/cabi"
)

// Tags lists the tags of the repository after a tag, or all if it is empty. Pages are
// requested during the iteration. An error ends it. Strings that are not valid tags
// are left out; see [WithLeftOut].
//
//	for tag, err := range repository.Tags(ctx, "") {
//		if err != nil {
//			return err
//		}
//		fmt.Println(tag)
//	}
func (r *Repository) Tags(ctx context.Context, after string, opts ...CallOption) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		call := newContentCall(ctx, newCallOptions(opts), r.client)
		open := func() (names *cabi.Names, err error) {
			err = r.run(call, func(low lowCall) (err error) {
				names, err = low.OpenTags(low.on, after, low.options)
				return err
			})
			return names, err
		}
		yieldNames(call, open, yield)
	}
}

// Catalog lists the repositories of the registry after a name, or all if it is empty,
// like [Repository.Tags]. Many registries do not provide this list, or not to
// everyone.
func (c *Client) Catalog(ctx context.Context, after string, opts ...CallOption) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		call := newContentCall(ctx, newCallOptions(opts), c)
		open := func() (names *cabi.Names, err error) {
			engine, err := c.currentEngine()
			if err != nil {
				return nil, err
			}
			err = call.run(func() (err error) {
				names, err = call.call.OpenCatalog(engine, after, call.options)
				return err
			})
			return names, err
		}
		yieldNames(call, open, yield)
	}
}

// yieldNames yields the names of a list, and frees it.
func yieldNames(call *contentCall, open func() (*cabi.Names, error), yield func(string, error) bool) {
	defer call.close()
	names, err := open()
	if err != nil {
		yield("", err)
		return
	}
	defer names.Free()
	if count := call.settings.leftOut; count != nil {
		defer func() { *count = names.LeftOut() }()
	}
	for {
		var name string
		var found bool
		err := call.run(func() (err error) {
			name, found, err = names.Next()
			return err
		})
		if err != nil {
			yield("", err)
			return
		}
		if !found || !yield(name, nil) {
			return
		}
	}
}

// Referrers lists the manifests that have the manifest with the given digest as their
// subject: those of one artifact type, or all if it is empty. The list comes from the
// referrers API, or from the referrers tag if the registry has no such API. The
// descriptors have artifact type and annotations as far as the list contains them;
// their sizes may be wrong. Otherwise like [Repository.Tags].
func (r *Repository) Referrers(ctx context.Context, digest, artifactType string, opts ...CallOption) iter.Seq2[Descriptor, error] {
	return func(yield func(Descriptor, error) bool) {
		call := newContentCall(ctx, newCallOptions(opts), r.client)
		defer call.close()
		var referrers *cabi.Referrers
		err := r.run(call, func(low lowCall) (err error) {
			referrers, err = low.OpenReferrers(low.on, digest, artifactType, low.options)
			return err
		})
		if err != nil {
			yield(Descriptor{}, err)
			return
		}
		defer referrers.Free()
		for {
			var next *cabi.Descriptor
			err := call.run(func() (err error) {
				next, err = referrers.Next()
				return err
			})
			if err != nil {
				yield(Descriptor{}, err)
				return
			}
			if next == nil || !yield(Descriptor(*next), nil) {
				return
			}
		}
	}
}
