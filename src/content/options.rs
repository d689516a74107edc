//! Options of calls that transfer content.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::filter::FilterCallback;
use super::platform::Platform;
use super::progress::ProgressCallback;
use super::{manifest, media_type, reference};
use crate::body::digest::Algorithm;
use crate::body::sink::MemoryLimit;
use crate::error::{Error, Kind};
use crate::os::cancel::Cancel;
use crate::os::speed::Speed;

/// The maximum number of retries that can be set.
const MAX_RETRIES: u32 = 1000;
const MAX_PARALLEL: usize = 64;
const MAX_PARTS: usize = 16;
const DEFAULT_PART: usize = 4 * 1024 * 1024;
const PART_SIZES: std::ops::RangeInclusive<usize> = 64 * 1024..=64 * 1024 * 1024;
const CHUNK_SIZES: std::ops::RangeInclusive<u64> = 64 * 1024..=1024 * 1024 * 1024;
const MAX_PAGE_SIZE: usize = 10_000;
const DEFAULT_INTERVAL: Duration = Duration::from_millis(100);

/// What happens to a file that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is kept if it has the expected digest.
    #[default]
    Check,
    /// It is kept if it has the expected size.
    Trust,
    /// It is always replaced.
    Replace,
}

/// The options of a call; each call has a copy.
#[derive(Clone)]
pub struct Options {
    /// Cancels the call.
    pub cancel: Option<Cancel>,
    /// The time limit of the whole call.
    pub timeout: Option<Duration>,
    /// Consecutive retries without progress; `None` for the client's setting.
    retries: Option<u32>,
    /// The progress callback, and the minimum time between two of its calls.
    pub progress: Option<(ProgressCallback, Duration)>,
    /// How many blobs are transferred concurrently.
    parallel: usize,
    /// How many parts of a blob are pulled concurrently, and their size.
    parts: usize,
    part_size: usize,
    /// The maximum speed of receiving and of sending, in bytes per second; 0 for none.
    pub max_speed: (u64, u64),
    /// The maximum size of a blob.
    pub max_blob: Option<u64>,
    max_manifest: usize,
    manifest_types: Vec<String>,
    /// Whether an interrupted pull leaves a partial file.
    pub resume: bool,
    /// The time limit for waiting for another writer; `None` for no limit of its own.
    pub lock_timeout: Option<Duration>,
    /// What happens to an existing file.
    pub existing: Existing,
    /// Whether a file is synced before it gets its name.
    pub sync: bool,
    /// The digest algorithm of pushed content.
    pub algorithm: Algorithm,
    /// The size of upload chunks; `None` for the size that suits the registry.
    chunk_size: Option<u64>,
    /// The directory for the state of pushes.
    pub state_folder: Option<PathBuf>,
    mount_from: Vec<String>,
    /// The platform to select from an index; `None` for all or for the host's, as the
    /// call says.
    pub platform: Option<Platform>,
    /// Decides what a call includes.
    pub filter: Option<FilterCallback>,
    /// Whether copies include referrers.
    pub referrers: bool,
    /// Whether copies include tags that are named after the digest of a manifest.
    pub digest_tags: bool,
    /// Whether the URLs of layers that are stored elsewhere are followed.
    pub foreign: bool,
    page_size: usize,
    max_pages: Option<usize>,
    /// Whether a tag may be deleted through a dummy manifest.
    pub delete_detour: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            cancel: None,
            timeout: None,
            retries: None,
            progress: None,
            parallel: 4,
            parts: 1,
            part_size: DEFAULT_PART,
            max_speed: (0, 0),
            max_blob: None,
            max_manifest: manifest::DEFAULT_MAX_SIZE,
            manifest_types: Vec::new(),
            resume: true,
            lock_timeout: Some(Duration::from_secs(60)),
            existing: Existing::Check,
            sync: true,
            algorithm: Algorithm::Sha256,
            chunk_size: None,
            state_folder: None,
            mount_from: Vec::new(),
            platform: None,
            filter: None,
            referrers: false,
            digest_tags: false,
            foreign: false,
            page_size: 1000,
            max_pages: Some(10_000),
            delete_detour: false,
        }
    }
}

impl Options {
    /// Sets the number of retries without progress; `None` for the client's setting.
    pub fn set_retries(&mut self, retries: Option<u32>) -> Result<(), Error> {
        if retries.is_some_and(|retries| retries > MAX_RETRIES) {
            return Err(out_of_range("retries"));
        }
        self.retries = retries;
        Ok(())
    }

    /// The number of retries without progress, if it was set.
    pub fn retries(&self) -> Option<u32> {
        self.retries
    }

    /// Sets the progress callback, and the minimum time between two of its calls.
    pub fn set_progress(&mut self, callback: Option<ProgressCallback>, interval: Duration) {
        let interval = match interval.is_zero() {
            true => DEFAULT_INTERVAL,
            false => interval,
        };
        self.progress = callback.map(|callback| (callback, interval));
    }

    /// Sets how many blobs are transferred concurrently.
    pub fn set_parallel(&mut self, blobs: usize) -> Result<(), Error> {
        if !(1..=MAX_PARALLEL).contains(&blobs) {
            return Err(out_of_range("number of blobs"));
        }
        self.parallel = blobs;
        Ok(())
    }

    /// The maximum speed of a call that begins.
    pub(super) fn speed(&self) -> Option<Arc<Speed>> {
        let (down, up) = self.max_speed;
        Speed::new(down, up)
    }

    /// How many blobs are transferred concurrently.
    pub fn parallel(&self) -> usize {
        self.parallel
    }

    /// Sets how many parts of a blob are pulled concurrently; a size of 0 is the
    /// default.
    pub fn set_parts(&mut self, parts: usize, size: usize) -> Result<(), Error> {
        let size = match size {
            0 => DEFAULT_PART,
            size => size,
        };
        if !(1..=MAX_PARTS).contains(&parts) || !PART_SIZES.contains(&size) {
            return Err(out_of_range("parts or their size"));
        }
        (self.parts, self.part_size) = (parts, size);
        Ok(())
    }

    /// How many parts of a blob are pulled concurrently, and their size.
    pub fn parts(&self) -> (usize, usize) {
        (self.parts, self.part_size)
    }

    /// Sets the maximum size of a manifest.
    pub fn set_max_manifest(&mut self, bytes: usize) -> Result<(), Error> {
        if bytes == 0 {
            return Err(out_of_range("maximum size of a manifest"));
        }
        self.max_manifest = bytes;
        Ok(())
    }

    /// The maximum size of a manifest.
    pub fn max_manifest(&self) -> usize {
        self.max_manifest
    }

    /// The limit for a response that contains a manifest.
    pub(super) fn manifest_limit(&self) -> MemoryLimit {
        MemoryLimit {
            bytes: self.max_manifest,
            set_by: "the option max_manifest",
        }
    }

    /// Accepts manifests of another media type.
    pub fn add_manifest_type(&mut self, media_type: &str) -> Result<(), Error> {
        media_type::check(media_type)?;
        self.manifest_types.push(media_type.to_owned());
        Ok(())
    }

    /// Media types that are accepted in addition.
    pub fn manifest_types(&self) -> &[String] {
        &self.manifest_types
    }

    /// Sets the size of upload chunks; `None` for the size that suits the registry.
    pub fn set_chunk_size(&mut self, bytes: Option<u64>) -> Result<(), Error> {
        if bytes.is_some_and(|bytes| !CHUNK_SIZES.contains(&bytes)) {
            return Err(out_of_range("chunk size"));
        }
        self.chunk_size = bytes;
        Ok(())
    }

    /// The size of upload chunks, if it was set.
    pub fn chunk_size(&self) -> Option<u64> {
        self.chunk_size
    }

    /// Adds a repository from which blobs may be mounted.
    pub fn add_mount_from(&mut self, name: &str) -> Result<(), Error> {
        reference::check_name(name)?;
        self.mount_from.push(name.to_owned());
        Ok(())
    }

    /// Repositories of the same registry from which blobs may be mounted.
    pub fn mount_from(&self) -> &[String] {
        &self.mount_from
    }

    /// Sets how many names a page has, and the maximum number of pages; `None` for no
    /// limit.
    pub fn set_pages(&mut self, size: usize, max: Option<usize>) -> Result<(), Error> {
        if !(1..=MAX_PAGE_SIZE).contains(&size) {
            return Err(out_of_range("page size"));
        }
        (self.page_size, self.max_pages) = (size, max);
        Ok(())
    }

    /// How many names a page has, and the maximum number of pages.
    pub fn pages(&self) -> (usize, Option<usize>) {
        (self.page_size, self.max_pages)
    }
}

fn out_of_range(what: &str) -> Error {
    Error::new(Kind::InvalidArgument, format!("{what}: out of range"))
}
