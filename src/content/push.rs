//! Pushing blobs.

use std::os::fd::RawFd;
use std::path::PathBuf;

use super::descriptor::Descriptor;
use super::media_type;
use super::options::Options;
use super::progress::Phase;
pub use super::push_content::SharedBytes;
use super::push_content::{self, Content, MemoryContent};
use super::push_stream::{SpooledContent, Stream, StreamContent};
use super::repository::Repository;
use super::task::Task;
use super::upload_limits;
use super::upload_sender::{Mode, Sender};
use super::upload_session::{Mounted, Session, exists};
use super::upload_state::{StateFile, spool};
use crate::body::ReadSource;
use crate::body::digest::Digest;
use crate::error::{Error, Kind};
use crate::os::descriptor;

/// What is pushed.
pub enum Source {
    /// A regular file.
    Path(PathBuf),
    /// A descriptor of the caller, from its current offset.
    Descriptor {
        /// It stays open during the call.
        fd: RawFd,
        /// The number of bytes; `None` for all up to the end.
        length: Option<u64>,
    },
    /// Bytes in memory.
    Memory(SharedBytes),
    /// Bytes that the caller supplies.
    Callback {
        /// Where they come from.
        source: Box<dyn ReadSource>,
        /// The number of bytes; `None` for all up to the end.
        length: Option<u64>,
    },
}

/// Pushes a blob. Without a digest, it is computed.
pub fn push(
    repository: &Repository,
    source: Source,
    digest: Option<&str>,
    options: &Options,
) -> Result<Descriptor, Error> {
    let digest = digest.map(Digest::parse).transpose()?;
    let task = Task::new(repository, options);
    let result = push_in(&task, source, digest.clone());
    let result = result.map_err(|error| match &digest {
        Some(digest) => error.with_digest(digest.as_str()),
        None => error,
    });
    task.progress.done(result)
}

/// Mounts a blob of another repository; false if it has to be sent.
pub fn mount(
    repository: &Repository,
    digest: &str,
    from: &str,
    options: &Options,
) -> Result<bool, Error> {
    let digest = Digest::parse(digest)?;
    super::reference::check_name(from)
        .map_err(|problem| Error::new(Kind::InvalidReference, problem))?;
    let task = Task::new(repository, options);
    let result = match Session::mount(&task, &digest, from) {
        Ok(Mounted::Yes) => Ok(true),
        Ok(Mounted::No(session)) => {
            // Registries discard it by themselves if this fails.
            let _ = session.abort(&task);
            Ok(false)
        }
        Err(error) => Err(error.with_digest(digest.as_str())),
    };
    task.progress.done(result)
}

fn push_in(task: &Task, source: Source, digest: Option<Digest>) -> Result<Descriptor, Error> {
    let name = source.name(digest.as_ref());
    let mut content = source.open(task)?;
    let content = content.as_mut();
    let phase = match digest {
        Some(_) => Phase::Push,
        None => Phase::Check,
    };
    task.progress.begin(phase, None, &name, content.size())?;
    let digest = match digest {
        Some(digest) => Some(digest),
        None => computed(task, content)?,
    };
    task.progress.set_phase(Phase::Push);
    let chunk = Sender::new(None, Mode::Chunks).chunk_size(task);
    let fits = content.prepare(0, chunk, &task.call.limits)? < chunk
        || content.size().is_some_and(|size| size <= chunk);
    let digest = match (digest, content.digest()) {
        (Some(digest), _) => Some(digest),
        (None, Some(digest)) => Some(Digest::parse(&digest)?),
        (None, None) => None,
    };
    let mut session = None;
    if let (Some(digest), Some(size)) = (&digest, content.size()) {
        let descriptor = described(digest.clone(), size);
        task.progress.set_item(&descriptor);
        if exists(task, digest)? {
            task.progress.skip()?;
            return Ok(descriptor);
        }
        match mount_any(task, digest)? {
            Some(Mounted::Yes) => {
                task.progress.skip()?;
                return Ok(descriptor);
            }
            Some(Mounted::No(begun)) => session = Some(begun),
            None => {}
        }
    }
    let mode = mode(task, content, digest.as_ref(), fits);
    let mut sender = sender(task, content, digest.as_ref(), mode, session)?;
    let sent = sender.run(task, content, digest.as_ref());
    let digest = sent.map_err(|error| explain(task, content, digest.as_ref(), error))?;
    let descriptor = described(digest, content.size().unwrap_or(sender.offset()));
    task.progress.set_item(&descriptor);
    task.progress.end()?;
    Ok(descriptor)
}

fn described(digest: Digest, size: u64) -> Descriptor {
    Descriptor::of(digest, Some(size), media_type::OCTETS.to_owned())
}

impl Source {
    /// A name for display.
    fn name(&self, digest: Option<&Digest>) -> String {
        /// How many characters of a digest are shown.
        const SHOWN: usize = 19;
        match self {
            Source::Path(path) => path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned(),
            _ => digest.map_or(String::new(), |digest| digest.as_str()[..SHOWN].to_owned()),
        }
    }

    fn open(self, task: &Task) -> Result<Box<dyn Content>, Error> {
        let algorithm = task.options.algorithm;
        let stream = match self {
            Source::Path(path) => return push_content::open_path(&path),
            Source::Memory(bytes) => return Ok(Box::new(MemoryContent::new(bytes))),
            Source::Descriptor { fd, length } => {
                let start = descriptor::position(fd)?;
                match start {
                    Some(start) if descriptor::is_regular(fd)? => {
                        return push_content::of_descriptor(fd, start, length);
                    }
                    _ => Stream::descriptor(fd, start, length, algorithm),
                }
            }
            Source::Callback { source, length } => Stream::callback(source, length, algorithm),
        };
        match &task.options.state_folder {
            Some(folder) if !stream.can_rewind() => {
                Ok(Box::new(SpooledContent::new(stream, spool(folder)?)))
            }
            _ => Ok(Box::new(StreamContent::new(stream, &task.call.limits))),
        }
    }
}

/// The digest of content that can be read again.
fn computed(task: &Task, content: &mut dyn Content) -> Result<Option<Digest>, Error> {
    let digest = content.hash(task, task.options.algorithm)?;
    content.check_unchanged()?;
    digest.map(|digest| Digest::parse(&digest)).transpose()
}

/// Mounts the blob from one of the repositories of the options; `None` if the
/// registry rejects all mounts.
fn mount_any(task: &Task, digest: &Digest) -> Result<Option<Mounted>, Error> {
    let mut session: Option<Session> = None;
    for from in task.options.mount_from() {
        match Session::mount(task, digest, from) {
            Ok(Mounted::Yes) => {
                if let Some(session) = session {
                    let _ = session.abort(task);
                }
                return Ok(Some(Mounted::Yes));
            }
            Ok(Mounted::No(begun)) => {
                if let Some(earlier) = session.replace(begun) {
                    let _ = earlier.abort(task);
                }
            }
            // The blob can be sent without a mount.
            Err(error) if matches!(error.http_status(), 400..=405) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(session.map(Mounted::No))
}

/// Whether the content is sent in one request.
fn mode(task: &Task, content: &dyn Content, digest: Option<&Digest>, fits: bool) -> Mode {
    let limits = upload_limits::of(task, &task.client().host());
    let (Some(size), Some(_)) = (content.size(), digest) else {
        return Mode::Chunks;
    };
    let wants_chunks = task.options.chunk_size().is_some() || task.options.state_folder.is_some();
    let is_wanted = fits || (content.is_repeatable() && !wants_chunks) || limits.whole_only;
    let is_possible = fits || content.is_repeatable();
    match is_wanted && is_possible && limits.max_whole.is_none_or(|max| size <= max) {
        true => Mode::Whole,
        false => Mode::Chunks,
    }
}

/// A sender, which resumes what another process began, if it is known.
fn sender(
    task: &Task,
    content: &dyn Content,
    digest: Option<&Digest>,
    mode: Mode,
    session: Option<Session>,
) -> Result<Sender, Error> {
    let (Mode::Chunks, true, Some(digest), Some(size), Some(folder)) = (
        mode,
        content.is_repeatable(),
        digest,
        content.size(),
        &task.options.state_folder,
    ) else {
        return Ok(Sender::new(session, mode));
    };
    let (registry, name) = (task.client().address(), task.repository.name());
    let Some((mut state, earlier)) = StateFile::open(folder, &registry, name, digest)? else {
        return Ok(Sender::new(session, mode));
    };
    let mut sender = match (session, earlier) {
        (session, Some(earlier)) => {
            if let Some(session) = session {
                let _ = session.abort(task);
            }
            earlier.remember(task);
            Sender::resuming(earlier, size)
        }
        (session, None) => Sender::new(session, mode),
    };
    sender.keep_with(Box::new(move |session| state.save(session)));
    Ok(sender)
}

/// Whether a failure is due to a source that has changed.
fn explain(task: &Task, content: &mut dyn Content, digest: Option<&Digest>, error: Error) -> Error {
    if !matches!(error.kind(), Kind::DigestMismatch | Kind::BodyLength) {
        return error;
    }
    if let Err(changed) = content.check_unchanged() {
        return changed;
    }
    let (Kind::DigestMismatch, Some(digest)) = (error.kind(), digest) else {
        return error;
    };
    task.progress.set_phase(Phase::Check);
    match content.hash(task, digest.algorithm()) {
        Ok(Some(found)) if found != digest.as_str() => {
            let message = format!("source: has digest {found}, not {}", digest.as_str());
            Error::new(Kind::SourceChanged, message)
        }
        Ok(_) => error,
        Err(failure) => failure,
    }
}
