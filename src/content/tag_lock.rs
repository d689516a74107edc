//! One writer of a referrers tag at a time in this process: each of them reads the
//! list, changes it and writes it back.

use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::task::Task;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::StepLimit;
use crate::os::event::Event;

/// The tags that are being written. There are few at a time.
static WRITERS: Mutex<Vec<Writer>> = Mutex::new(Vec::new());

struct Writer {
    place: Place,
    waiting: Vec<Arc<Event>>,
}

/// The process and the tag: after a fork, the parent's writers are ignored in the
/// child.
type Place = (u32, String);

/// Released when it is dropped.
pub(super) struct TagLock(Place);

impl TagLock {
    /// Waits until no other call writes the tag.
    pub(super) fn acquire(task: &Task, tag: &str) -> Result<TagLock, Error> {
        let registry = task.client().address();
        let name = format!("{registry} {} {tag}", task.repository.name());
        let place = (process::id(), name);
        loop {
            let Some(event) = enter(&place, task)? else {
                return Ok(TagLock(place));
            };
            let waited = event.wait(&task.call.limits, StepLimit::none(Step::Wait));
            waited.map_err(|error| {
                let error = error.downcast::<Error>();
                error.unwrap_or_else(|error| Error::io(Kind::NoMemory, "wait for a tag", &error))
            })?;
        }
    }
}

impl Drop for TagLock {
    fn drop(&mut self) {
        let mut writers = writers();
        let (ended, others) = std::mem::take(&mut *writers)
            .into_iter()
            .partition(|writer| writer.place == self.0);
        *writers = others;
        let ended: Vec<Writer> = ended;
        for event in ended.iter().flat_map(|writer| &writer.waiting) {
            event.happen();
        }
    }
}

/// Begins to write a tag; if another call does so, returns an event to wait for.
fn enter(place: &Place, task: &Task) -> Result<Option<Arc<Event>>, Error> {
    let mut writers = writers();
    let Some(writer) = writers.iter_mut().find(|writer| writer.place == *place) else {
        writers.push(Writer {
            place: place.clone(),
            waiting: Vec::new(),
        });
        return Ok(None);
    };
    if task.call.limits.is_nested {
        // The other call may be the one that is calling back.
        let message = "referrers tag: in use by a call that has not returned";
        return Err(Error::new(Kind::Busy, message));
    }
    let event = Event::new().map_err(|error| Error::io(Kind::NoMemory, "event", &error))?;
    let event = Arc::new(event);
    writer.waiting.push(Arc::clone(&event));
    Ok(Some(event))
}

fn writers() -> MutexGuard<'static, Vec<Writer>> {
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner)
}
