//! How long things may take: for a client, and for one request.

use std::time::{Duration, Instant};

use super::Config;
use crate::os::cancel::Cancel;
use crate::os::deadline::{CallLimits, StallLimit, Timeouts};

/// The time limits of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// Of a call as a whole.
    pub(crate) call: Option<Duration>,
    pub(crate) steps: Timeouts,
}

/// What a request says in place of its client; the outer `None` = nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnTimes {
    pub(crate) call: Option<Option<Duration>>,
    pub(crate) first_byte: Option<Option<Duration>>,
    pub(crate) commit: Option<Option<Duration>>,
    pub(crate) stall: Option<Option<StallLimit>>,
}

impl Times {
    /// The limits of a call that begins now.
    pub(crate) fn begin(&self, own: &OwnTimes, cancel: Option<Cancel>) -> CallLimits {
        let steps = self.steps;
        let given = own.call.unwrap_or(self.call);
        CallLimits {
            cancel,
            stop: None,
            callbacks: None,
            // Beyond what the clock can tell is no limit.
            deadline: given.and_then(|given| Some((Instant::now().checked_add(given)?, given))),
            timeouts: Timeouts {
                first_byte: own.first_byte.unwrap_or(steps.first_byte),
                commit: own.commit.unwrap_or(steps.commit),
                stall: own.stall.unwrap_or(steps.stall),
                ..steps
            },
            transfer: None,
        }
    }
}

/// The least that has to move; `None` where the rate or the window is zero.
pub(crate) fn stall(bytes_per_second: u64, window: Duration) -> Option<StallLimit> {
    (bytes_per_second > 0 && !window.is_zero()).then_some(StallLimit {
        bytes_per_second,
        window,
    })
}

impl Config {
    /// The longest that a call may take as a whole; `None` = no limit, as
    /// unless set.
    pub fn set_timeout(&mut self, time: Option<Duration>) {
        self.times.call = time;
    }

    /// The longest that resolving a name may take.
    pub fn set_resolve_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.resolve = time;
    }

    /// The longest that connecting may take, over all addresses of a host.
    pub fn set_connect_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.connect = time;
    }

    /// The longest that a TLS handshake may take.
    pub fn set_tls_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.tls = time;
    }

    /// The longest from a request's last byte to the first of its answer.
    pub fn set_first_byte_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.first_byte = time;
    }

    /// The same for requests that the registry has to store something for.
    pub fn set_commit_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.commit = time;
    }

    /// The least that has to move in each window, in either direction.
    pub fn set_stall_limit(&mut self, bytes_per_second: u64, window: Duration) {
        self.times.steps.stall = stall(bytes_per_second, window);
    }
}
