//! What the handle of a request holds and a call takes out of it.

use std::mem;

use super::slot::Slot;
use super::strings::Strings;
use crate::error::Error;
use crate::request::Request;

pub(super) struct RequestState {
    pub(super) core: Request,
    /// What the getters returned; dropped with the next change.
    pub(super) strings: Strings,
}

impl RequestState {
    pub(super) fn new(core: Request) -> RequestState {
        RequestState {
            core,
            strings: Strings::default(),
        }
    }
}

impl Slot<RequestState> {
    /// Changes the request, which is out of the slot meanwhile: what is dropped
    /// may call back into the library.
    pub(super) fn change<R>(
        &self,
        change: impl FnOnce(&mut Request) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.lend("request", |state| {
            // The caller may pass a string that a getter returned: all stay
            // until the request has its copy.
            let _strings = mem::take(&mut state.strings);
            change(&mut state.core)
        })
    }
}
