//! Waits that keep a call below its maximum speed.

use std::io;
use std::time::Instant;

use super::deadline::{CallLimits, StepLimit};
use super::wait;
use crate::error::Step;

impl CallLimits {
    /// Waits until the maximum speed allows receiving more.
    pub(crate) fn wait_to_receive(&self) -> io::Result<()> {
        let receive_at = || self.speed.as_ref().and_then(|speed| speed.receive_at());
        // Other transfers may use the time in between.
        while let Some(at) = receive_at().filter(|at| *at > Instant::now()) {
            wait::sleep(at, self, StepLimit::none(Step::Receive))?;
        }
        Ok(())
    }

    /// Waits until the maximum speed allows sending some of `bytes`; returns how many.
    /// Those that are then not sent must be returned with [`super::speed::Speed::not_sent`].
    pub(crate) fn wait_to_send(&self, bytes: usize) -> io::Result<usize> {
        let Some(speed) = &self.speed else {
            return Ok(bytes);
        };
        let (amount, at) = speed.reserve_send(bytes);
        if let Some(at) = at.filter(|at| *at > Instant::now()) {
            wait::sleep(at, self, StepLimit::none(Step::Send))?;
        }
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};
    use crate::os::cancel::Cancel;
    use crate::os::speed::Speed;

    #[test]
    fn a_wait_ends_with_the_call() {
        let speed = Speed::new(1, 1).expect("a limit");
        speed.received(1000);
        speed.reserve_send(1000);
        let cancel = Cancel::new().expect("a handle");
        cancel.trigger();
        let limits = CallLimits {
            cancel: Some(cancel),
            speed: Some(speed),
            ..CallLimits::default()
        };
        for (waited, step) in [
            (limits.wait_to_receive(), Step::Receive),
            (limits.wait_to_send(1).map(|_| ()), Step::Send),
        ] {
            let error = waited.expect_err("cancelled");
            let error = error.downcast::<Error>().expect("ours");
            assert_eq!((error.kind(), error.step()), (Kind::Cancelled, step));
        }
    }
}
