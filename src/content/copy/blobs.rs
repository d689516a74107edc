//! Copying blobs.

use std::sync::Arc;

use super::layout_blob;
use super::remote_blob::RemoteBlob;
use super::sides::Sides;
use super::transfers::Claim;
use crate::content::blob_pull::{named, shown_name};
use crate::content::descriptor::Descriptor;
use crate::content::download::check_max;
use crate::content::layout::folder::Layout;
use crate::content::progress::Phase;
use crate::content::push::{mount_any, send_known};
use crate::content::push_content::{Content, MemoryContent};
use crate::content::repository::Place;
use crate::content::task::Task;
use crate::content::upload_session::{Mounted, Session, exists};
use crate::error::{Error, Kind};

/// Copies a blob, unless the destination has it.
pub(super) fn copy(sides: &Sides, blob: &Descriptor) -> Result<(), Error> {
    copy_claimed(sides, blob).map_err(|error| named(error, blob))
}

/// Copies a blob while no other copy of a batch transfers it.
fn copy_claimed(sides: &Sides, blob: &Descriptor) -> Result<(), Error> {
    let transfers = sides.transfers;
    let claim = transfers.map(|transfers| transfers.claim(&sides.to, blob.digest().as_str()));
    let claim = claim.transpose()?;
    let names = claim.as_ref().map(Claim::names).unwrap_or_default();
    match sides.to.place() {
        Place::Registry(registry) => {
            to_registry(sides, &Task::new(&sides.to, registry), blob, &names)
        }
        Place::Layout(layout) => to_layout(sides, layout, blob),
    }?;
    if let Some(claim) = &claim {
        claim.done();
    }
    Ok(())
}

fn begin(sides: &Sides, phase: Phase, blob: &Descriptor) -> Result<(), Error> {
    let (name, size) = (shown_name(blob), blob.size());
    let progress = &sides.to.progress;
    progress.begin(phase, Some(blob), name, size)?;
    check_max(size, sides.options().max_blob)
}

fn to_layout(sides: &Sides, layout: &Arc<Layout>, blob: &Descriptor) -> Result<(), Error> {
    begin(sides, Phase::Pull, blob)?;
    layout_blob::receive_to(&sides.from, layout, blob)
}

/// `names` are other repositories of the registry that have it.
fn to_registry(
    sides: &Sides,
    task: &Task,
    blob: &Descriptor,
    names: &[String],
) -> Result<(), Error> {
    begin(sides, Phase::Push, blob)?;
    if exists(task, blob.digest())? {
        return task.progress.skip();
    }
    let session = match mount(sides, task, blob, names)? {
        Some(Mounted::Yes) => return task.progress.skip(),
        Some(Mounted::No(session)) => Some(session),
        None => None,
    };
    match (sides.from.place(), blob.data()) {
        (_, Some(data)) => {
            let content = MemoryContent::new(Arc::new(data.to_vec()));
            send(task, Ok(Box::new(content)), blob, session)
        }
        (Place::Layout(layout), None) => {
            let content = layout_blob::content(layout, blob);
            send(task, content, blob, session).map_err(|error| match error.kind() {
                Kind::SourceChanged => layout.explained(error.with_kind(Kind::DigestMismatch)),
                _ => error,
            })
        }
        (Place::Registry(_), None) => stream(sides, task, blob, session),
    }?;
    task.progress.end()
}

/// Mounts a blob of the same registry.
fn mount(
    sides: &Sides,
    task: &Task,
    blob: &Descriptor,
    names: &[String],
) -> Result<Option<Mounted>, Error> {
    let source = Task::of(&sides.from)
        .ok()
        .filter(|from| from.client().is_of_same_registry(task.client()))
        .map(|from| from.repository.name())
        .filter(|name| *name != task.repository.name());
    let others = names.iter().chain(task.options.mount_from());
    let others = others.map(String::as_str);
    let others = others.filter(|name| Some(*name) != source);
    mount_any(task, blob.digest(), source.into_iter().chain(others))
}

/// Sends a blob of a registry while it is received.
fn stream(
    sides: &Sides,
    task: &Task,
    blob: &Descriptor,
    session: Option<Session>,
) -> Result<(), Error> {
    let attempt = |session: Option<Session>| {
        let (mut to, mut source) = (sides.destination(), sides.source());
        if let Err(error) = to.reserve_with(&mut source) {
            discard(task, session);
            return Err(error);
        }
        let task = Task::new(&to, task.repository);
        let remote = RemoteBlob::new(source, blob)?;
        let content = remote.content(&task.call.limits);
        let sent = send(&task, content, blob, session).map_err(|error| remote.explain(error));
        Ok((sent, remote.is_resumed()))
    };
    match attempt(session)? {
        (Err(error), true) if error.kind() == Kind::DigestMismatch => {
            task.progress.restart()?;
            attempt(None)?.0
        }
        (sent, _) => sent,
    }
}

fn send(
    task: &Task,
    content: Result<Box<dyn Content>, Error>,
    blob: &Descriptor,
    session: Option<Session>,
) -> Result<(), Error> {
    match content {
        Ok(mut content) => {
            if let Some(size) = content.size() {
                task.progress.set_total(size);
            }
            send_known(task, content.as_mut(), blob.digest(), session)
        }
        Err(error) => {
            discard(task, session);
            Err(error)
        }
    }
}

fn discard(task: &Task, session: Option<Session>) {
    if let Some(session) = session {
        session.discard(task);
    }
}
