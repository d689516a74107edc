package cabi

// #include "content.h"
import "C"

import "time"

// What happens to an existing file.
const (
	ExistingCheck   = int(C.REGGIE_EXISTING_CHECK)
	ExistingTrust   = int(C.REGGIE_EXISTING_TRUST)
	ExistingReplace = int(C.REGGIE_EXISTING_REPLACE)
)

// Options of a call that transfers content. The methods are documented in
// reggie.h, under the functions of their names. Free frees them; calls and
// handles keep a copy.
type Options struct{ id C.uintptr_t }

// NewOptions creates options for the call: they contain its cancel handle.
func (c *Call) NewOptions() (*Options, error) {
	options := &Options{id: C.cabi_options_new()}
	created(options.id)
	if c.cancel == nil {
		return options, nil
	}
	if err := statusError(C.cabi_options_set_cancel(options.id, c.cancel.id)); err != nil {
		options.Free()
		return nil, err
	}
	return options, nil
}

// Free frees the options.
func (o *Options) Free() {
	C.cabi_options_free(o.id)
	o.id = 0
	freed()
}

func (o *Options) SetRetries(tries int) error {
	return statusError(C.cabi_options_set_retries(o.id, C.int(tries)))
}

// SetFilter makes C call the call's Filter.
func (o *Options) SetFilter() error {
	return statusError(C.cabi_options_set_filter(o.id))
}

func (o *Options) SetParallel(blobs int) error {
	return statusError(C.cabi_options_set_parallel(o.id, cSize(blobs)))
}

func (o *Options) SetMaxSpeed(down, up uint64) error {
	return statusError(C.cabi_options_set_max_speed(o.id, C.uint64_t(down), C.uint64_t(up)))
}

func (o *Options) SetPlatform(platform string) error {
	var s cStrings
	return s.status(C.cabi_options_set_platform(o.id, s.c(platform)))
}

func (o *Options) SetReferrers(on bool) error {
	return statusError(C.cabi_options_set_referrers(o.id, cBool(on)))
}

func (o *Options) SetDigestTags(on bool) error {
	return statusError(C.cabi_options_set_digest_tags(o.id, cBool(on)))
}

func (o *Options) SetForeign(on bool) error {
	return statusError(C.cabi_options_set_foreign(o.id, cBool(on)))
}

// SetProgress makes C call the call's Progress.
func (o *Options) SetProgress(interval time.Duration) error {
	return statusError(C.cabi_options_set_progress(o.id, milliseconds(interval)))
}

func (o *Options) SetRanges(parts, partSize int) error {
	return statusError(C.cabi_options_set_ranges(o.id, cSize(parts), cSize(partSize)))
}

func (o *Options) SetMaxBlob(bytes uint64) error {
	return statusError(C.cabi_options_set_max_blob(o.id, C.uint64_t(bytes)))
}

func (o *Options) SetMaxManifest(bytes int) error {
	return statusError(C.cabi_options_set_max_manifest(o.id, cSize(bytes)))
}

func (o *Options) AddManifestType(mediaType string) error {
	var s cStrings
	return s.status(C.cabi_options_add_manifest_type(o.id, s.c(mediaType)))
}

func (o *Options) SetResume(on bool) error {
	return statusError(C.cabi_options_set_resume(o.id, cBool(on)))
}

// SetLockTimeout sets the limit; a negative one means none.
func (o *Options) SetLockTimeout(limit time.Duration) error {
	if limit < 0 {
		return statusError(C.cabi_options_set_lock_timeout(o.id, -1))
	}
	return statusError(C.cabi_options_set_lock_timeout(o.id, milliseconds(limit)))
}

func (o *Options) SetExisting(what int) error {
	return statusError(C.cabi_options_set_existing(o.id, C.int(what)))
}

func (o *Options) SetSync(on bool) error {
	return statusError(C.cabi_options_set_sync(o.id, cBool(on)))
}

func (o *Options) SetAlgorithm(algorithm string) error {
	var s cStrings
	return s.status(C.cabi_options_set_algorithm(o.id, s.c(algorithm)))
}

func (o *Options) SetChunkSize(bytes uint64) error {
	return statusError(C.cabi_options_set_chunk_size(o.id, C.uint64_t(bytes)))
}

func (o *Options) SetStateFolder(path string) error {
	var s cStrings
	return s.status(C.cabi_options_set_state_folder(o.id, s.c(path)))
}

func (o *Options) AddMountFrom(name string) error {
	var s cStrings
	return s.status(C.cabi_options_add_mount_from(o.id, s.c(name)))
}

func (o *Options) SetPages(pageSize, maxPages int) error {
	return statusError(C.cabi_options_set_pages(o.id, cSize(pageSize), cSize(maxPages)))
}

func (o *Options) SetDeleteDetour(on bool) error {
	return statusError(C.cabi_options_set_delete_detour(o.id, cBool(on)))
}

// cSize converts a size; a negative one becomes one that is out of range.
func cSize(size int) C.size_t { return C.size_t(size) }
