//! Jobs that one thread waits for.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Kind, Step};
use crate::os::deadline::CallLimits;
use crate::os::event::Event;

/// Jobs that one thread waits for.
pub(super) struct Group {
    pub(super) parent: Option<Arc<Group>>,
    /// Those of its jobs. If they have a stop, it is the group's own.
    pub(super) limits: CallLimits,
    /// Whether jobs continue after another one has failed.
    keep_going: bool,
    is_stopped: AtomicBool,
    /// How many jobs have not ended. Changed while the queue is locked.
    left: AtomicUsize,
    failure: Mutex<Option<Error>>,
    /// Happens when all have ended, for a thread that serves callbacks.
    done: Option<Event>,
    /// Whether the end of the group wakes whoever serves callbacks.
    is_detached: bool,
}

impl Group {
    /// A group below another one; `parent_limits` are those of the job that waits for
    /// it.
    pub(super) fn new(
        parent: Option<&Arc<Group>>,
        parent_limits: &CallLimits,
        keep_going: bool,
    ) -> Result<Group, Error> {
        let mut limits = parent_limits.clone();
        if let Some(stop) = &limits.stop {
            limits.stop = Some(stop.child()?);
        }
        Ok(Group {
            parent: parent.cloned(),
            limits,
            keep_going,
            is_stopped: AtomicBool::new(false),
            left: AtomicUsize::new(0),
            failure: Mutex::default(),
            done: None,
            is_detached: false,
        })
    }

    /// The end of the group signals an event.
    pub(super) fn signalling(self) -> Result<Group, Error> {
        let done = Event::new()
            .map_err(|error| Error::io(Kind::NoMemory, "event of the workers", &error))?;
        Ok(Group {
            done: Some(done),
            ..self
        })
    }

    /// The end of the group wakes whoever serves callbacks.
    pub(super) fn detached(self) -> Group {
        Group {
            is_detached: true,
            ..self
        }
    }

    pub(super) fn done(&self) -> Option<&Event> {
        self.done.as_ref()
    }

    pub(super) fn is_done(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    /// Jobs are added. The queue is locked.
    pub(super) fn add(&self, count: usize) {
        self.left.fetch_add(count, Ordering::AcqRel);
    }

    /// A job has ended. The queue is locked.
    pub(super) fn end_one(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        if let Some(done) = &self.done {
            done.happen();
        }
        let callbacks = self.limits.callbacks.as_ref();
        if let Some(callbacks) = callbacks.filter(|_| self.is_detached) {
            callbacks.wake();
        }
    }

    /// The first failure counts. A cancel or a time limit ends all jobs at once: the
    /// first failure that has a host says more.
    pub(super) fn fail(&self, error: Error) {
        {
            let mut failure = self.failure();
            let ends_all = matches!(error.kind(), Kind::Cancelled | Kind::Deadline);
            let counts = failure.as_ref().is_none_or(|first| {
                ends_all
                    && first.kind() == error.kind()
                    && first.host().is_none()
                    && error.host().is_some()
            });
            if counts {
                *failure = Some(error);
            }
        }
        if !self.keep_going {
            self.stop();
        }
    }

    /// Ends its jobs, and those of groups below it.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        if let Some(stop) = &self.limits.stop {
            stop.trigger();
        }
    }

    /// Whether jobs of the group need not begin.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
            || self.limits.check_cancelled(Step::Prepare).is_err()
            || self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_stopped())
    }

    /// The first failure, if there is one.
    pub(super) fn result(&self) -> Result<(), Error> {
        match &*self.failure() {
            Some(error) => Err(error.clone()),
            // Jobs that never began leave none.
            None if self.is_stopped() => self.limits.check_cancelled(Step::Prepare),
            None => Ok(()),
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is another group, or below it.
    pub(super) fn is_in(self: &Arc<Group>, other: &Arc<Group>) -> bool {
        Arc::ptr_eq(self, other)
            || self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_in(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_counts_and_a_cancel_says_where_it_was_met() {
        let group = || Group::new(None, &CallLimits::default(), true).expect("no stop");
        let cancelled = || Error::new(Kind::Cancelled, "x");
        let result = |failures: &[Error]| {
            let group = group();
            for failure in failures {
                group.fail(failure.clone());
            }
            let error = group.result().expect_err("failed");
            (error.kind(), error.host().map(str::to_owned))
        };
        let (first, second) = (
            cancelled().with_host("first"),
            cancelled().with_host("second"),
        );
        let refused = || Error::new(Kind::Denied, "x");
        assert_eq!(
            result(&[cancelled(), first.clone(), second]),
            (Kind::Cancelled, Some("first".to_owned()))
        );
        let others = [refused(), first.clone(), refused().with_host("third")];
        assert_eq!(result(&others), (Kind::Denied, None));
        assert_eq!(
            result(&[first, refused()]),
            (Kind::Cancelled, Some("first".to_owned()))
        );
    }
}
