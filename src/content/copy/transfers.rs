//! What several copies have in common: each blob is transferred to a registry once, the
//! tags of a repository are listed once, and the referrers of a layout are found once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::digest_tags;
use crate::content::layout;
use crate::content::operation::Operation;
use crate::content::repository::Place;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::StepLimit;
use crate::os::event::Event;

/// The registry or layout, and the digest of a blob or the name of a list of tags.
type Key = (String, String);

/// What concurrent copies transfer, and have transferred.
#[derive(Default)]
pub(in crate::content) struct Transfers {
    state: Mutex<State>,
    /// The referrers of layouts.
    referrers: Arc<layout::referrers::Cache>,
}

#[derive(Default)]
struct State {
    /// Each with an event for those that wait.
    running: HashMap<Key, Arc<Event>>,
    /// The repositories of a registry that have the blob.
    names: HashMap<Key, Vec<String>>,
    /// The tags of repositories that are named after digests.
    tags: HashMap<Key, Vec<String>>,
}

/// The transfer of a blob or a list. Others wait until it is dropped.
pub(super) struct Claim<'a> {
    transfers: &'a Transfers,
    key: Key,
    event: Arc<Event>,
    name: Option<String>,
}

impl Transfers {
    /// Claims the transfer of a blob, by its digest, to the repository of the operation,
    /// or that of a list of tags. Waits while another thread has the claim; that thread
    /// waits for none itself.
    pub(super) fn claim(&self, operation: &Operation, what: &str) -> Result<Claim<'_>, Error> {
        let key = (place_of(operation)?, what.to_owned());
        let event = Event::new()
            .map(Arc::new)
            .map_err(|error| Error::io(Kind::NoMemory, "event of a transfer", &error))?;
        loop {
            let other = match self.state().running.entry(key.clone()) {
                Entry::Occupied(other) => Arc::clone(other.get()),
                Entry::Vacant(place) => {
                    place.insert(Arc::clone(&event));
                    break;
                }
            };
            let limit = StepLimit {
                what: &"wait for another copy of the same content",
                ..StepLimit::none(Step::Prepare)
            };
            other
                .wait(&operation.call.limits, limit)
                .map_err(|error| Error::of_io(Kind::Receive, "wait for a transfer", error))?;
        }
        Ok(Claim {
            transfers: self,
            key,
            event,
            name: operation.repository.name().map(str::to_owned),
        })
    }

    /// The tags of the repository of the operation that are named after digests. They
    /// are listed once.
    pub(super) fn tags(&self, operation: &Operation) -> Result<Vec<String>, Error> {
        let name = operation.repository.name().unwrap_or_default();
        // While one copy lists them, the others wait.
        let claim = self.claim(operation, &format!("tags of {name}"))?;
        let known = self.state().tags.get(&claim.key).cloned();
        if let Some(tags) = known {
            return Ok(tags);
        }
        let tags = digest_tags::list(operation)?;
        self.state().tags.insert(claim.key.clone(), tags.clone());
        Ok(tags)
    }

    /// The referrers of layouts.
    pub(super) fn referrers(&self) -> Arc<layout::referrers::Cache> {
        Arc::clone(&self.referrers)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// The repositories of the same registry that have got the blob.
    pub(super) fn names(&self) -> Vec<String> {
        let state = self.transfers.state();
        state.names.get(&self.key).cloned().unwrap_or_default()
    }

    /// The repository has the blob.
    pub(super) fn done(&self) {
        if let Some(name) = &self.name {
            let mut state = self.transfers.state();
            let names = state.names.entry(self.key.clone()).or_default();
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.transfers.state().running.remove(&self.key);
        self.event.happen();
    }
}

/// What identifies the registry or the layout.
fn place_of(operation: &Operation) -> Result<String, Error> {
    match operation.place() {
        Place::Registry(registry) => Ok(registry.client().address()),
        Place::Layout(layout) => layout.identity(),
    }
}
