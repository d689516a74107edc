//! Incremental uploads: blobs that are pushed while they are produced.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::descriptor::Descriptor;
use super::digest_state::StoredDigest;
use super::expected_digest;
use super::layout::upload::LayoutUpload;
use super::media_type;
use super::operation::Operation;
use super::options::Options;
use super::progress::{Phase, Progress};
use super::push_content::{Content, set_part};
use super::repository::{self, Repository};
use super::task::Task;
use super::upload_export::Export;
use super::upload_sender::{Mode, Sender, no_state_folder};
use super::upload_session::{Received, Session};
use super::upload_state::spool;
use crate::body::digest::{Algorithm, Digest};
use crate::error::{Error, Kind};
use crate::os::deadline::CallLimits;
use crate::request::Request;

const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Upload>();
};

/// A blob that is pushed while it is produced.
pub struct Upload(Place);

enum Place {
    Registry(Box<RegistryUpload>),
    Layout(Box<LayoutUpload>),
}

impl Upload {
    /// Begins an upload.
    pub fn begin(repository: &Repository, options: &Options) -> Result<Upload, Error> {
        Ok(Upload(match repository.place() {
            repository::Place::Registry(_) => {
                Place::Registry(Box::new(RegistryUpload::begin(repository, options)?))
            }
            repository::Place::Layout(layout) => {
                Place::Layout(Box::new(LayoutUpload::begin(repository, layout, options)?))
            }
        }))
    }

    /// How many bytes were accepted.
    pub fn offset(&self) -> u64 {
        match &self.0 {
            Place::Registry(upload) => upload.offset(),
            Place::Layout(upload) => upload.offset(),
        }
    }

    /// Appends bytes. After a failure, those beyond the offset were not accepted.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.0 {
            Place::Registry(upload) => upload.write(bytes),
            Place::Layout(upload) => upload.write(bytes),
        }
    }

    /// Commits what was written as a blob. Default: the options of the upload.
    pub fn commit(
        &mut self,
        digest: Option<&str>,
        options: Option<&Options>,
    ) -> Result<Descriptor, Error> {
        match &mut self.0 {
            Place::Registry(upload) => upload.commit(digest, options),
            Place::Layout(upload) => upload.commit(digest, options),
        }
    }

    /// Discards the upload.
    pub fn abort(&mut self) -> Result<(), Error> {
        match &mut self.0 {
            Place::Registry(upload) => upload.abort(),
            Place::Layout(upload) => upload.abort(),
        }
    }

    /// A string from which [`Upload::import`] resumes the upload.
    pub fn export(&self) -> Result<String, Error> {
        match &self.0 {
            Place::Registry(upload) => upload.export(),
            Place::Layout(upload) => upload.export(),
        }
    }

    /// Resumes an exported upload.
    pub fn import(repository: &Repository, text: &str, options: &Options) -> Result<Upload, Error> {
        let export = Export::parse(text)?;
        Ok(Upload(match repository.place() {
            repository::Place::Registry(_) => {
                let upload = RegistryUpload::import(repository, export, options)?;
                Place::Registry(Box::new(upload))
            }
            repository::Place::Layout(layout) => {
                let upload = LayoutUpload::import(repository, layout, &export, options)?;
                Place::Layout(Box::new(upload))
            }
        }))
    }
}

/// An upload to a registry.
struct RegistryUpload {
    repository: Repository,
    options: Options,
    progress: Progress,
    sender: Sender,
    written: Written,
    has_ended: bool,
}

impl RegistryUpload {
    /// Begins an upload.
    fn begin(repository: &Repository, options: &Options) -> Result<RegistryUpload, Error> {
        let progress = Progress::new(options.progress.as_ref());
        let operation = Operation::with_progress(repository, options, progress.clone());
        let task = Task::of(&operation)?;
        let begun = progress
            .begin(Phase::Push, None, "", None)
            .and_then(|()| Session::begin(&task, options.algorithm));
        let session = begun.or_else(|error| task.finish(Err(error)))?;
        let sender = Sender::new(Some(session), Mode::Chunks, options.algorithm);
        let digest = StoredDigest::new(options.algorithm);
        Ok(RegistryUpload::new(
            repository,
            options,
            progress,
            sender,
            Written::new(0, digest),
        ))
    }

    fn new(
        repository: &Repository,
        options: &Options,
        progress: Progress,
        sender: Sender,
        written: Written,
    ) -> RegistryUpload {
        RegistryUpload {
            repository: repository.clone(),
            options: options.clone(),
            progress,
            sender,
            written,
            has_ended: false,
        }
    }

    /// How many bytes were accepted.
    fn offset(&self) -> u64 {
        self.written.end()
    }

    /// Appends bytes. After a failure, those beyond the offset were not accepted.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.check_open()?;
        let progress = self.progress.clone();
        let operation = Operation::with_progress(&self.repository, &self.options, progress);
        let task = Task::of(&operation)?;
        let written = write(&task, &mut self.sender, &mut self.written, bytes);
        written.map_err(|error| task.completed(error))
    }

    /// Commits what was written as a blob. Default: the options of the upload.
    fn commit(
        &mut self,
        digest: Option<&str>,
        options: Option<&Options>,
    ) -> Result<Descriptor, Error> {
        self.check_open()?;
        let expected = digest;
        let digest = Digest::parse(&self.written.whole_digest()?)?;
        expected_digest::check(expected, &digest)?;
        let has_begun = self.options.progress.is_some();
        let progress = match options {
            Some(options) if !has_begun => Progress::new(options.progress.as_ref()),
            _ => self.progress.clone(),
        };
        let options = options.unwrap_or(&self.options);
        let operation = Operation::with_progress(&self.repository, options, progress.clone());
        let task = Task::of(&operation)?;
        if !has_begun {
            let size = self.written.end();
            progress.begin(Phase::Push, None, "", Some(size))?;
            progress.resume(self.sender.offset().min(size));
        }
        self.sender.check_not_ahead(&task, &self.written)?;
        if self.sender.is_untouched() {
            self.sender.mode = Mode::Whole;
        }
        let size = self.written.end();
        let descriptor = Descriptor::of(digest, Some(size), media_type::OCTETS.to_owned());
        progress.set_item(&descriptor);
        let digest = descriptor.digest();
        let committed = self.sender.run(&task, &mut self.written, Some(digest));
        committed.map_err(|error| task.completed(error).with_digest(digest.as_str()))?;
        self.has_ended = true;
        let ended = progress.end();
        progress.done(ended.map(|()| descriptor))
    }

    /// Tells the registry to discard the upload.
    fn abort(&mut self) -> Result<(), Error> {
        self.check_open()?;
        self.has_ended = true;
        let progress = self.progress.clone();
        let operation = Operation::with_progress(&self.repository, &self.options, progress);
        let task = Task::of(&operation)?;
        match self.sender.session.take() {
            Some(session) => session.abort(&task).map_err(|error| task.completed(error)),
            None => Ok(()),
        }
    }

    /// A string from which [`Upload::import`] resumes the upload.
    fn export(&self) -> Result<String, Error> {
        self.check_open()?;
        let Written { start, digest, .. } = &self.written;
        let (session, digest) = match &self.sender.session {
            Some(session) if self.written.spool.is_none() => {
                (Some(session.at(*start)), digest.clone())
            }
            // The registry has nothing.
            _ => (None, StoredDigest::new(digest.algorithm())),
        };
        let registry = self.repository.registry()?;
        let export = Export {
            registry: registry.client().address(),
            repository: registry.name().to_owned(),
            session,
            digest_state: digest.to_text(),
        };
        Ok(export.to_text())
    }

    /// Resumes an exported upload.
    fn import(
        repository: &Repository,
        export: Export,
        options: &Options,
    ) -> Result<RegistryUpload, Error> {
        let registry = repository.registry()?;
        export.check_repository(&registry.client().address(), registry.name())?;
        let digest = export.digest()?;
        let mut options = options.clone();
        options.algorithm = digest.algorithm();
        let progress = Progress::new(options.progress.as_ref());
        let operation = Operation::with_progress(repository, &options, progress.clone());
        let task = Task::of(&operation)?;
        let found = progress
            .begin(Phase::Push, None, "", None)
            .and_then(|()| resume(&task, export, options.algorithm));
        let (start, session) = found.or_else(|error| task.finish(Err(error)))?;
        progress.resume(start);
        let written = Written::new(start, digest);
        let sender = Sender::after_import(session, options.algorithm);
        Ok(RegistryUpload::new(
            repository, &options, progress, sender, written,
        ))
    }

    fn check_open(&self) -> Result<(), Error> {
        match self.has_ended {
            false => Ok(()),
            true => Err(Error::new(Kind::InvalidArgument, "upload: already ended")),
        }
    }
}

/// Appends bytes to the chunk, and sends it whenever it is full.
fn write(
    task: &Task,
    sender: &mut Sender,
    written: &mut Written,
    mut bytes: &[u8],
) -> Result<(), Error> {
    // Not afterwards: an error says that the bytes were not accepted.
    task.check()?;
    while !bytes.is_empty() {
        if written.spool.is_some() {
            return written.store(bytes);
        }
        let size = usize::try_from(sender.chunk_size(task)).unwrap_or(usize::MAX);
        let before = written.chunk.len();
        let count = size.saturating_sub(before).min(bytes.len());
        written.append(&bytes[..count])?;
        if written.chunk.len() >= size {
            let sent = match sender.send_chunks(task, written) {
                Ok(true) => {
                    written.sent();
                    Ok(())
                }
                Ok(false) => store_in_file(task, sender, written),
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                Arc::make_mut(&mut written.chunk).truncate(before);
                return Err(error);
            }
        }
        bytes = &bytes[count..];
    }
    Ok(())
}

/// From now on, keeps everything in a file until it is committed.
fn store_in_file(task: &Task, sender: &mut Sender, written: &mut Written) -> Result<(), Error> {
    let folder = task.options.state_folder.as_ref();
    match folder.filter(|_| written.start == 0) {
        Some(folder) => written.store_in(spool(folder)?)?,
        None => return Err(no_state_folder()),
    }
    sender.session = None;
    sender.mode = Mode::Whole;
    Ok(())
}

/// The upload of an export with what the registry has of it, and the offset from
/// which the data must be written.
fn resume(task: &Task, export: Export, algorithm: Algorithm) -> Result<(u64, Session), Error> {
    let start = export.offset();
    if let Some(mut session) = export.session {
        session.remember(task);
        match session.request_offset(task)? {
            Received::Bytes(offset) if offset >= start => return Ok((start, session.at(offset))),
            _ if start == 0 => {}
            _ => {
                let host = session.host();
                let message =
                    format!("{host}: upload lost: the registry no longer has {start} bytes");
                return Err(Error::new(Kind::UploadLost, message).with_host(host));
            }
        }
    }
    Session::begin(task, algorithm).map(|session| (0, session))
}

/// What was written, as far as it may have to be sent.
struct Written {
    /// What was not sent yet.
    chunk: Arc<Vec<u8>>,
    /// The offset of the chunk.
    start: u64,
    /// The digest of everything before the chunk.
    digest: StoredDigest,
    /// A file with everything before the chunk, which is empty then.
    spool: Option<File>,
}

impl Written {
    fn new(start: u64, digest: StoredDigest) -> Written {
        Written {
            chunk: Arc::default(),
            start,
            digest,
            spool: None,
        }
    }

    fn end(&self) -> u64 {
        self.start + self.chunk.len() as u64
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let chunk = Arc::make_mut(&mut self.chunk);
        chunk
            .try_reserve(bytes.len())
            .map_err(|_| Error::no_memory("chunk of an upload"))?;
        chunk.extend_from_slice(bytes);
        Ok(())
    }

    /// The registry has all of the chunk.
    fn sent(&mut self) {
        self.digest.update(&self.chunk);
        self.start = self.end();
        Arc::make_mut(&mut self.chunk).clear();
    }

    fn whole_digest(&self) -> Result<String, Error> {
        let mut digest = self.digest.clone();
        digest.update(&self.chunk);
        Ok(digest.finish())
    }

    fn store_in(&mut self, file: File) -> Result<(), Error> {
        file.write_all_at(&self.chunk, 0)
            .map_err(|error| spool_failed(&error))?;
        self.sent();
        self.spool = Some(file);
        Ok(())
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(file) = &self.spool {
            let written = file.write_all_at(bytes, self.start);
            written.map_err(|error| spool_failed(&error))?;
        }
        self.digest.update(bytes);
        self.start += bytes.len() as u64;
        Ok(())
    }
}

fn spool_failed(error: &std::io::Error) -> Error {
    Error::io(Kind::File, "state directory", error)
}

impl Content for Written {
    fn size(&self) -> Option<u64> {
        Some(self.end())
    }

    fn first(&self) -> u64 {
        match self.spool {
            Some(_) => 0,
            None => self.start,
        }
    }

    fn is_repeatable(&self) -> bool {
        self.first() == 0
    }

    fn prepare(&mut self, offset: u64, max: u64, _: &CallLimits) -> Result<u64, Error> {
        Ok(self.end().saturating_sub(offset).min(max))
    }

    fn set_body(&mut self, request: &mut Request, offset: u64, length: u64) -> Result<(), Error> {
        match &self.spool {
            Some(file) => {
                request.set_body_descriptor_section(file.as_raw_fd(), offset, Some(length))
            }
            None => set_part(
                request,
                Arc::clone(&self.chunk) as _,
                offset - self.start,
                length,
            ),
        }
    }

    fn digest(&mut self) -> Option<String> {
        None
    }

    fn hash(&mut self, _: &CallLimits, _: Algorithm) -> Result<Option<String>, Error> {
        self.whole_digest().map(Some)
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }
}
