package reggie

import "libreggie/reggie/internal/cabi"

// WithParallel sets how many blobs [Copy], [Builder.Push], [Repository.PullFiles] and
// a [Batch] transfer concurrently, 1 to 64. The default is 4.
func WithParallel(blobs int) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetParallel(blobs) })
}

// WithMaxSpeed sets the maximum average speed of everything that a call transfers over
// the network, in bytes per second. The default is 0: no limit.
func WithMaxSpeed(down, up int64) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetMaxSpeed(uint64(down), uint64(up)) })
}

// WithPlatform sets the platform that [Copy] and [Repository.PullFiles] select from an
// index, such as "linux/arm64", or "host" for [HostPlatform]. By default, a copy
// includes the whole index, and a pull of files selects the platform of the host.
func WithPlatform(platform string) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetPlatform(platform) })
}

// A Candidate is content that a call with [WithFilter] may include.
type Candidate struct {
	// Parent is the manifest that refers to Item, or the subject of Item.
	Parent Descriptor
	Item   Descriptor
	// IsReferrer reports whether Item is a referrer of Parent.
	IsReferrer bool
	// Included reports whether Item would be included without the filter.
	Included bool
}

// WithFilter sets a function that decides what [Copy] and [Repository.PullFiles]
// include. It is called for each item before that is examined, on the goroutine that
// made the call. An error ends the call, which returns it.
//
// A registry rejects a manifest whose content was left out; a layout accepts it.
func WithFilter(include func(Candidate) (bool, error)) CallOption {
	return func(o *callOptions) { o.filter = include }
}

func newCandidate(low *cabi.Candidate) Candidate {
	return Candidate{
		Parent:     Descriptor(low.Parent),
		Item:       Descriptor(low.Item),
		IsReferrer: low.IsReferrer,
		Included:   low.Take,
	}
}

// WithReferrers sets whether [Copy] includes the manifests whose subject is a copied
// manifest: those of manifests in an index and of referrers too. The default is false.
func WithReferrers(referrers bool) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetReferrers(referrers) })
}

// WithDigestTags sets whether [Copy] includes content that is tagged with the digest of
// a copied manifest, such as the signatures of cosign: "sha256-HEX.sig". All tags of
// the source are listed, once for each call or batch. The default is false.
func WithDigestTags(digestTags bool) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetDigestTags(digestTags) })
}

// WithForeign sets whether the URLs of layers that are stored elsewhere are followed if
// the registry does not have them. They are requested without credentials, and only
// from public addresses and from networks that [WithAllowedNetwork] allows. The
// default is false: a copy leaves these layers where they are.
func WithForeign(foreign bool) CallOption {
	return callSetting(func(o *cabi.Options) error { return o.SetForeign(foreign) })
}
