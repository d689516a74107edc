//! Pushing blobs.

use std::path::Path;

use super::descriptor::Descriptor;
use super::layout;
use super::media_type;
use super::operation::Operation;
use super::options::Options;
use super::progress::Phase;
use super::push_content::Content;
pub use super::push_content::SharedBytes;
pub use super::push_source::Source;
use super::reference;
use super::repository::{Place, Repository};
use super::task::Task;
use super::upload_limits;
use super::upload_sender::{self, Mode, Sender};
use super::upload_session::{Mounted, Session, exists};
use super::upload_state::StateFile;
use crate::body::digest::{Algorithm, Digest};
use crate::error::{Error, Kind};

/// Pushes a blob. Without a digest, it is computed.
pub fn push(
    repository: &Repository,
    source: Source,
    digest: Option<&str>,
    options: &Options,
) -> Result<Descriptor, Error> {
    let digest = digest.map(Digest::parse).transpose()?;
    let operation = Operation::new(repository, options);
    operation.finish(push_in(&operation, source, digest))
}

/// Pushes a blob within a call.
pub(super) fn push_in(
    operation: &Operation,
    source: Source,
    digest: Option<Digest>,
) -> Result<Descriptor, Error> {
    let given = digest.clone();
    let pushed = match operation.place() {
        Place::Registry(registry) => {
            push_to_registry(&Task::new(operation, registry), source, digest)
        }
        Place::Layout(layout) => layout::blobs::push(operation, layout, source, digest),
    };
    pushed.map_err(|error| match &given {
        Some(digest) => error.with_digest(digest.as_str()),
        None => error,
    })
}

/// Mounts a blob of another repository; false if it has to be sent.
pub fn mount(
    repository: &Repository,
    digest: &str,
    from: &str,
    options: &Options,
) -> Result<bool, Error> {
    let digest = Digest::parse(digest)?;
    reference::check_name(from)?;
    let operation = Operation::new(repository, options);
    let mounted = Task::of(&operation).and_then(|task| mount_in(&task, &digest, from));
    operation.finish(mounted.map_err(|error| error.with_digest(digest.as_str())))
}

fn mount_in(task: &Task, digest: &Digest, from: &str) -> Result<bool, Error> {
    let mut request = Session::mount_request(task, digest, from)?;
    match Session::mount(task, digest, &mut request)? {
        Mounted::Yes => Ok(true),
        Mounted::No(session) => {
            session.discard(task);
            Ok(false)
        }
    }
}

fn push_to_registry(
    task: &Task,
    source: Source,
    digest: Option<Digest>,
) -> Result<Descriptor, Error> {
    let name = source.name(digest.as_ref());
    let algorithm = digest.as_ref().map(Digest::algorithm);
    let algorithm = algorithm.unwrap_or(task.options.algorithm);
    let mut content = source.open(task, algorithm)?;
    let content = content.as_mut();
    let phase = match digest {
        Some(_) => Phase::Push,
        None => Phase::Check,
    };
    task.progress.begin(phase, None, &name, content.size())?;
    let digest = match digest {
        Some(digest) => Some(digest),
        None => computed(task, content, algorithm)?,
    };
    task.progress.set_phase(Phase::Push);
    let chunk = upload_sender::chunk_size(task, &task.client().host());
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
            return skip(task, descriptor);
        }
        let mounts = task.options.mount_from().iter().map(String::as_str);
        match mount_any(task, digest, mounts)? {
            Some(Mounted::Yes) => return skip(task, descriptor),
            Some(Mounted::No(begun)) => session = Some(begun),
            None => {}
        }
    }
    let mode = mode(task, content, digest.as_ref(), fits);
    let digest = send(task, content, digest.as_ref(), session, mode, algorithm)
        .map_err(|error| explain(task, content, digest.as_ref(), error))?;
    let size = content.size().unwrap_or_default();
    let descriptor = described(digest, size);
    task.progress.set_item(&descriptor);
    task.progress.end()?;
    Ok(descriptor)
}

/// Sends content whose digest is known, for an upload that a mount may have begun.
pub(super) fn send_known(
    task: &Task,
    content: &mut dyn Content,
    digest: &Digest,
    session: Option<Session>,
) -> Result<(), Error> {
    let chunk = upload_sender::chunk_size(task, &task.client().host());
    let fits = content.size().is_some_and(|size| size <= chunk);
    let mode = mode(task, content, Some(digest), fits);
    send(
        task,
        content,
        Some(digest),
        session,
        mode,
        digest.algorithm(),
    )
    .map(|_| ())
    .map_err(|error| explain(task, content, Some(digest), error))
}

fn send(
    task: &Task,
    content: &mut dyn Content,
    digest: Option<&Digest>,
    session: Option<Session>,
    mode: Mode,
    algorithm: Algorithm,
) -> Result<Digest, Error> {
    let mut sender = match state_of(task, content, digest, mode)? {
        Some((state, earlier)) => resumed(task, content, state, earlier, session, algorithm),
        None => Sender::new(session, mode, algorithm),
    };
    let sent = sender.run(task, content, digest);
    if let Err(error) = &sent {
        sender.give_up(task, error);
    }
    sent
}

fn described(digest: Digest, size: u64) -> Descriptor {
    Descriptor::of(digest, Some(size), media_type::OCTETS.to_owned())
}

/// The digest of content that can be read again.
fn computed(
    task: &Task,
    content: &mut dyn Content,
    algorithm: Algorithm,
) -> Result<Option<Digest>, Error> {
    let digest = content.hash(&task.call.limits, algorithm)?;
    content.check_unchanged()?;
    digest.map(|digest| Digest::parse(&digest)).transpose()
}

/// Mounts the blob from one of some repositories; `None` if the registry rejects
/// all mounts.
pub(super) fn mount_any<'n>(
    task: &Task,
    digest: &Digest,
    names: impl Iterator<Item = &'n str>,
) -> Result<Option<Mounted>, Error> {
    let mut session: Option<Session> = None;
    let mut has_failed = false;
    for from in names {
        match try_mount(task, digest, from, &mut has_failed) {
            Ok(Mounted::Yes) => {
                if let Some(session) = session {
                    session.discard(task);
                }
                return Ok(Some(Mounted::Yes));
            }
            Ok(Mounted::No(begun)) => {
                if let Some(earlier) = session.replace(begun) {
                    earlier.discard(task);
                }
            }
            Err(error) if is_refusal(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(session.map(Mounted::No))
}

/// Mounts the blob, which only saves time: after a second server error, which may be
/// for another repository, the retries are left to sending the content.
fn try_mount(
    task: &Task,
    digest: &Digest,
    from: &str,
    has_failed: &mut bool,
) -> Result<Mounted, Error> {
    let mut request = Session::mount_request(task, digest, from)?;
    request.is_repeated_by_caller = task.retries() > 0;
    let mut attempt = 1;
    loop {
        request.set_retries(Some(0))?;
        let error = match Session::mount(task, digest, &mut request) {
            Ok(mounted) => return Ok(mounted),
            Err(error) => error,
        };
        let is_first_failure = error.http_status() == 500 && !*has_failed;
        *has_failed |= is_first_failure;
        if is_refusal(&error) && !is_first_failure {
            return Err(error);
        }
        request.set_retries(Some(task.retries()))?;
        task.requests().pause(&request, attempt, error)?;
        attempt += 1;
    }
}

/// Whether a registry refuses to mount, or its response cannot be used: the blob can be
/// sent instead. An overloaded registry would refuse that too.
fn is_refusal(error: &Error) -> bool {
    match error.http_status() {
        408 | 425 | 429 => false,
        status => matches!(status, 200..=501),
    }
}

/// Whether the content is sent in one request.
fn mode(task: &Task, content: &dyn Content, digest: Option<&Digest>, fits: bool) -> Mode {
    let limits = upload_limits::of(task, &task.client().host());
    let (Some(size), Some(_)) = (content.size(), digest) else {
        return Mode::Chunks;
    };
    let wants_chunks = task.options.chunk_size().is_some() || task.options.state_folder.is_some();
    let is_preferred = fits || (content.is_repeatable() && !wants_chunks) || limits.whole_only;
    let is_possible = fits || content.is_repeatable();
    match is_preferred && is_possible && limits.max_whole.is_none_or(|max| size <= max) {
        true => Mode::Whole,
        false => Mode::Chunks,
    }
}

/// The state of a push, which another process may have begun; `None` if this
/// push has none.
fn state_of(
    task: &Task,
    content: &dyn Content,
    digest: Option<&Digest>,
    mode: Mode,
) -> Result<Option<(StateFile, Option<Session>)>, Error> {
    let folder = task.options.state_folder.as_ref();
    match (folder, digest) {
        (Some(folder), Some(digest)) if mode == Mode::Chunks && content.is_repeatable() => {
            open_state(task, folder, digest)
        }
        _ => Ok(None),
    }
}

fn open_state(
    task: &Task,
    folder: &Path,
    digest: &Digest,
) -> Result<Option<(StateFile, Option<Session>)>, Error> {
    let (registry, name) = (task.client().address(), task.repository.name());
    StateFile::open(folder, &registry, name, digest)
}

/// A sender that stores its state, and continues what another process began.
fn resumed(
    task: &Task,
    content: &dyn Content,
    mut state: StateFile,
    earlier: Option<Session>,
    session: Option<Session>,
    algorithm: Algorithm,
) -> Sender {
    let mut sender = match earlier {
        Some(earlier) => {
            if let Some(session) = session {
                session.discard(task);
            }
            earlier.remember(task);
            Sender::resuming(earlier, content.size().unwrap_or(0), algorithm)
        }
        None => Sender::new(session, Mode::Chunks, algorithm),
    };
    sender.keep_with(Box::new(move |session| state.save(session)));
    sender
}

/// Ends a push of a blob that is in the repository.
fn skip(task: &Task, blob: Descriptor) -> Result<Descriptor, Error> {
    if let Some(folder) = &task.options.state_folder
        && let Ok(Some((mut state, _))) = open_state(task, folder, blob.digest())
    {
        state.save(None);
    }
    task.progress.skip()?;
    Ok(blob)
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
    match content.hash(&task.call.limits, digest.algorithm()) {
        Ok(Some(found)) if found != digest.as_str() => {
            let message = format!("source: digest {found}, expected {}", digest.as_str());
            Error::new(Kind::SourceChanged, message)
        }
        Ok(_) => error,
        Err(failure) => failure,
    }
}
