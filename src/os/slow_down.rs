//! Waits for the maximum speed of a call.

use std::io;
use std::time::Instant;

use super::deadline::{CallLimits, StepLimit};
use super::speed::Speed;
use super::wait;
use crate::error::Step;

impl CallLimits {
    /// Waits until the maximum speed allows to receive more.
    pub(crate) fn wait_to_receive(&self) -> io::Result<()> {
        self.wait_for_speed(Speed::receive_at, Step::Receive)
    }

    /// Waits until the maximum speed allows to send more; returns how much may be sent
    /// at a time.
    pub(crate) fn wait_to_send(&self) -> io::Result<usize> {
        self.wait_for_speed(Speed::send_at, Step::Send)?;
        let speed = self.speed.as_ref();
        Ok(speed.map_or(usize::MAX, |speed| speed.max_send()))
    }

    fn wait_for_speed(&self, at: fn(&Speed) -> Option<Instant>, step: Step) -> io::Result<()> {
        let Some(speed) = &self.speed else {
            return Ok(());
        };
        // Other transfers may take the time meanwhile.
        while let Some(at) = at(speed).filter(|at| *at > Instant::now()) {
            wait::sleep(at, self, StepLimit::none(step))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};
    use crate::os::cancel::Cancel;

    #[test]
    fn a_wait_ends_with_the_call() {
        let speed = Speed::new(1, 1).expect("a limit");
        speed.received(1000);
        speed.sent(1000);
        let cancel = Cancel::new().expect("a handle");
        cancel.trigger();
        let limits = CallLimits {
            cancel: Some(cancel),
            speed: Some(speed),
            ..CallLimits::default()
        };
        for (waited, step) in [
            (limits.wait_to_receive(), Step::Receive),
            (limits.wait_to_send().map(|_| ()), Step::Send),
        ] {
            let error = waited.expect_err("cancelled");
            let error = error.downcast::<Error>().expect("ours");
            assert_eq!((error.kind(), error.step()), (Kind::Cancelled, step));
        }
    }
}
