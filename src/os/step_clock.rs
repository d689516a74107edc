//! The clock of time limits for steps, which is paused during callbacks of the
//! program.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    /// The time that this thread has spent in callbacks.
    static IN_CALLBACKS: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The current time without the time that this thread has spent in callbacks. To
/// be compared only with other such times of the same thread.
pub(crate) fn now() -> Instant {
    let now = Instant::now();
    now.checked_sub(IN_CALLBACKS.get()).unwrap_or(now)
}

/// Adds the time until it is dropped, once even if callbacks are nested.
pub(crate) struct CallbackTime {
    before: Duration,
    begun: Instant,
}

impl CallbackTime {
    pub(crate) fn start() -> CallbackTime {
        CallbackTime {
            before: IN_CALLBACKS.get(),
            begun: Instant::now(),
        }
    }
}

impl Drop for CallbackTime {
    fn drop(&mut self) {
        IN_CALLBACKS.set(self.before + self.begun.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn callbacks_take_no_time() {
        let pause = Duration::from_millis(40);
        let (real, begun) = (Instant::now(), now());
        {
            let _outer = CallbackTime::start();
            let inner = now();
            {
                let _inner = CallbackTime::start();
                thread::sleep(pause);
            }
            let took = now() - inner;
            assert!(took <= real.elapsed() - pause, "{took:?}");
            thread::sleep(pause);
        }
        let took = now() - begun;
        assert!(took <= real.elapsed() - 2 * pause, "{took:?}");
    }
}
