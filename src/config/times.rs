//! Time limits of a client and of a request.

use std::time::Duration;

// Cycle: adds the setters of one subject to Config; see config/mod.rs.
use super::Config;
use crate::os::call_scope;
use crate::os::cancel::Cancel;
use crate::os::deadline::{CallLimits, StallLimit, Timeouts};

/// The time limits of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// For the whole call.
    pub(crate) call: Option<Duration>,
    pub(crate) steps: Timeouts,
}

/// Limits that a request overrides; an outer `None` keeps the client's.
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
            timeouts: Timeouts {
                first_byte: own.first_byte.unwrap_or(steps.first_byte),
                commit: own.commit.unwrap_or(steps.commit),
                stall: own.stall.unwrap_or(steps.stall),
                ..steps
            },
            is_nested: call_scope::is_active(),
            ..CallLimits::within(given)
        }
    }
}

/// The minimum rate; `None` if the rate or the window is zero.
pub(crate) fn stall(bytes_per_second: u64, window: Duration) -> Option<StallLimit> {
    (bytes_per_second > 0 && !window.is_zero()).then_some(StallLimit {
        bytes_per_second,
        window,
    })
}

impl Config {
    /// Sets the time limit of the whole call; `None`, the default, means none.
    pub fn set_timeout(&mut self, time: Option<Duration>) {
        self.times.call = time;
    }

    /// Sets the time limit of name resolution.
    pub fn set_resolve_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.resolve = time;
    }

    /// Sets the time limit of connecting, over all addresses of a host.
    pub fn set_connect_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.connect = time;
    }

    /// Sets the time limit of a TLS handshake.
    pub fn set_tls_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.tls = time;
    }

    /// Sets the time limit from a request's last byte to its response's first.
    pub fn set_first_byte_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.first_byte = time;
    }

    /// Sets the same limit for requests that store content.
    pub fn set_commit_timeout(&mut self, time: Option<Duration>) {
        self.times.steps.commit = time;
    }

    /// Sets the minimum rate in each window, in either direction.
    pub fn set_stall_limit(&mut self, bytes_per_second: u64, window: Duration) {
        self.times.steps.stall = stall(bytes_per_second, window);
    }
}
