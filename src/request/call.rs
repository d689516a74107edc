//! A call: everything that is sent for one function call of the program.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::os::deadline::CallLimits;

/// New data that counts as progress.
const PROGRESS_BYTES: u64 = 1024 * 1024;
/// After this time any new data counts as progress.
const PROGRESS_TIME: Duration = Duration::from_secs(60);

/// The limits and the retry budget that all requests of a call share. Its
/// threads share it too.
pub(crate) struct Call {
    pub(crate) limits: CallLimits,
    pub(crate) started: Instant,
    /// Called before the wait for a retry with its time, and after it with none.
    pub(crate) on_retry: Option<RetryWait>,
    retries: Mutex<RetryBudget>,
}

type RetryWait = Box<dyn Fn(Option<Duration>) + Send + Sync>;

const _: fn() = || {
    fn is_sync<T: Send + Sync>() {}
    is_sync::<Call>();
};

/// The retries of a call since it last made progress.
#[derive(Debug)]
struct RetryBudget {
    retries: u32,
    new_bytes: u64,
    since: Instant,
}

impl Call {
    pub(crate) fn new(limits: CallLimits) -> Call {
        let started = Instant::now();
        Call {
            limits,
            started,
            on_retry: None,
            retries: Mutex::new(RetryBudget {
                retries: 0,
                new_bytes: 0,
                since: started,
            }),
        }
    }

    /// A wait for a retry begins or, without a time, ends.
    pub(crate) fn note_retry(&self, wait: Option<Duration>) {
        if let Some(on_retry) = &self.on_retry {
            on_retry(wait);
        }
    }

    /// Counts bytes of content that the call did not have before.
    pub(crate) fn note_progress(&self, bytes: u64) {
        let mut budget = self.retries();
        budget.new_bytes = budget.new_bytes.saturating_add(bytes);
    }

    /// Whether the call has made progress since this was last so. If it has,
    /// its retries are forgotten.
    pub(crate) fn take_progress(&self, now: Instant) -> bool {
        let mut budget = self.retries();
        let time = now.saturating_duration_since(budget.since);
        let progressed =
            budget.new_bytes >= PROGRESS_BYTES || (budget.new_bytes > 0 && time >= PROGRESS_TIME);
        if progressed {
            *budget = RetryBudget {
                retries: 0,
                new_bytes: 0,
                since: now,
            };
        }
        progressed
    }

    /// Whether one more retry is within `max`.
    pub(crate) fn has_retry(&self, max: u32) -> bool {
        self.retries().retries < max
    }

    /// Takes a retry and returns its number, starting at 1; `None` if there is none
    /// left.
    pub(crate) fn take_retry(&self, max: u32) -> Option<u32> {
        let mut budget = self.retries();
        if budget.retries >= max {
            return None;
        }
        budget.retries += 1;
        Some(budget.retries)
    }

    /// Whether the call's deadline comes within that time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        self.limits
            .deadline
            .is_some_and(|(end, _)| end.saturating_duration_since(Instant::now()) <= time)
    }

    fn retries(&self) -> MutexGuard<'_, RetryBudget> {
        self.retries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request of a call, with its attempts. Belongs to one thread.
pub(crate) struct Execution<'a> {
    pub(crate) call: &'a Call,
    /// How many requests were sent, to any server.
    pub(crate) sends: Cell<u32>,
    /// The number of the current attempt, starting at 1.
    pub(crate) attempt: Cell<u32>,
    /// The caller has received a byte of the response body.
    pub(crate) delivered: Cell<bool>,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(call: &'a Call) -> Execution<'a> {
        Execution {
            call,
            sends: Cell::new(0),
            attempt: Cell::new(1),
            delivered: Cell::new(false),
        }
    }

    pub(crate) fn limits(&self) -> &CallLimits {
        &self.call.limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_a_mebibyte_or_any_data_after_a_minute() {
        const MIB: u64 = 1024 * 1024;
        for (bytes, seconds, expected) in [
            (&[][..], 0, false),
            (&[], 3600, false),
            (&[MIB], 0, true),
            (&[MIB - 1], 0, false),
            (&[MIB - 1], 59, false),
            (&[MIB / 2, MIB / 2], 1, true),
            (&[1], 60, true),
            (&[0], 60, false),
            (&[u64::MAX, 1], 0, true),
        ] {
            let call = Call::new(CallLimits::default());
            for _ in 0..2 {
                call.take_retry(2);
            }
            for &bytes in bytes {
                call.note_progress(bytes);
            }
            let now = call.started + Duration::from_secs(seconds);
            assert_eq!(call.take_progress(now), expected, "{bytes:?} {seconds}");
            let next = if expected { Some(1) } else { None };
            assert_eq!(call.take_retry(2), next, "{bytes:?} {seconds}");
            let later = now + PROGRESS_TIME;
            assert!(!expected || !call.take_progress(later), "it counts once");
        }
    }
}
