//! What a request has in place of its client's settings.

use std::time::Duration;

use super::Request;
use crate::config;
use crate::os::cancel::Cancel;

impl Request {
    /// Sets what ends the calls that send this request; `None` = nothing.
    pub fn set_cancel(&mut self, cancel: Option<Cancel>) {
        self.cancel = cancel;
    }

    /// The longest that a call with this request may take as a whole.
    pub fn set_timeout(&mut self, time: Option<Duration>) {
        self.times.call = Some(time);
    }

    /// The longest from the request's last byte to the first of its answer.
    pub fn set_first_byte_timeout(&mut self, time: Option<Duration>) {
        self.times.first_byte = Some(time);
    }

    /// The same where the registry has something to store.
    pub fn set_commit_timeout(&mut self, time: Option<Duration>) {
        self.times.commit = Some(time);
    }

    /// The least that has to move in each window, in either direction.
    pub fn set_stall_limit(&mut self, bytes_per_second: u64, window: Duration) {
        self.times.stall = Some(config::stall(bytes_per_second, window));
    }
}
