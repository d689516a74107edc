//! The maximum speed of a call, which all its transfers share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much unused time is made up for, so that delays of the scheduler do not lower the
/// speed.
const BURST: Duration = Duration::from_millis(100);
/// How many pieces are sent in a second.
const SENDS_PER_SECOND: u64 = 10;
/// The smallest amount to send at a time.
const MIN_SEND: usize = 1024;

/// The limits of a call, in both directions.
#[derive(Debug)]
pub(crate) struct Speed {
    down: Option<Bucket>,
    up: Option<Bucket>,
}

/// The limit in one direction.
#[derive(Debug)]
struct Bucket {
    /// Bytes per second.
    rate: u64,
    /// When the bytes transferred so far have taken their time.
    free_at: Mutex<Instant>,
}

impl Speed {
    /// Limits in bytes per second; 0 for none.
    pub(crate) fn new(down: u64, up: u64) -> Option<Arc<Speed>> {
        let bucket = |rate| {
            (rate > 0).then(|| Bucket {
                rate,
                free_at: Mutex::new(Instant::now()),
            })
        };
        let (down, up) = (bucket(down), bucket(up));
        (down.is_some() || up.is_some()).then(|| Arc::new(Speed { down, up }))
    }

    /// Counts bytes of a response body.
    pub(crate) fn received(&self, bytes: usize) {
        if let Some(down) = &self.down {
            down.take(bytes, Instant::now());
        }
    }

    /// Reserves the time to send at most `bytes`; returns how many may be sent, and when.
    /// Without a reservation, concurrent transfers would all send at the same time.
    pub(super) fn reserve_send(&self, bytes: usize) -> (usize, Option<Instant>) {
        let Some(up) = &self.up else {
            return (bytes, None);
        };
        let max = usize::try_from(up.rate / SENDS_PER_SECOND).unwrap_or(usize::MAX);
        let amount = bytes.min(max.max(MIN_SEND));
        (amount, Some(up.take(amount, Instant::now())))
    }

    /// Returns the time of bytes that were not sent.
    pub(crate) fn not_sent(&self, bytes: usize) {
        if let Some(up) = &self.up {
            up.give_back(bytes);
        }
    }

    /// When more may be received.
    pub(super) fn receive_at(&self) -> Option<Instant> {
        self.down.as_ref().map(Bucket::free_at)
    }
}

impl Bucket {
    /// Takes the time of that many bytes; returns when it begins.
    fn take(&self, bytes: usize, now: Instant) -> Instant {
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let mut free_at = self.lock();
        let begin = (*free_at).max(earliest);
        *free_at = begin + self.time(bytes);
        begin
    }

    fn give_back(&self, bytes: usize) {
        *self.lock() -= self.time(bytes);
    }

    fn free_at(&self) -> Instant {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Instant> {
        self.free_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn time(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.rate as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transferred_takes_its_time() {
        let speed = Speed::new(1000, 0).expect("a limit");
        let down = speed.down.as_ref().expect("a limit");
        let now = Instant::now() + Duration::from_secs(10);
        down.take(500, now);
        assert_eq!(down.free_at(), now + Duration::from_millis(400), "a burst");
        down.take(250, now);
        assert_eq!(down.free_at(), now + Duration::from_millis(650));
        let later = now + Duration::from_secs(60);
        down.take(1000, later);
        assert_eq!(down.free_at(), later + Duration::from_millis(900));
        assert_eq!(speed.receive_at(), Some(down.free_at()));
        let reserved = speed.reserve_send(1 << 40);
        assert_eq!(reserved, (1 << 40, None), "no limit in this direction");
        assert!(Speed::new(0, 0).is_none());
    }

    #[test]
    fn little_is_sent_at_a_time() {
        for (rate, expected) in [(0, 1 << 30), (1, 1024), (100_000, 10_000)] {
            let speed = Speed::new(1, rate).expect("a limit");
            assert_eq!(speed.reserve_send(1 << 30).0, expected);
            assert_eq!(speed.reserve_send(7).0, 7);
        }
    }

    #[test]
    fn concurrent_transfers_send_one_after_the_other() {
        let speed = Speed::new(0, 100_000).expect("a limit");
        let reserve = || speed.reserve_send(usize::MAX).1.expect("a time");
        let first = reserve();
        let piece = Duration::from_millis(100);
        assert_eq!(reserve(), first + piece);
        assert_eq!(reserve(), first + 2 * piece);
        speed.not_sent(10_000);
        speed.not_sent(5_000);
        assert_eq!(reserve(), first + piece + piece / 2);
    }
}
