//! The time against which certificates are checked.

use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

/// The system's clock. Unlike rustls' own, it can be before 1970, as on a machine
/// without a battery: it then counts as 1970, when no certificate is valid yet.
#[derive(Debug)]
pub(super) struct SystemClock;

impl TimeProvider for SystemClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(since_1970(SystemTime::now()))
    }
}

fn since_1970(time: SystemTime) -> UnixTime {
    let elapsed = time.duration_since(SystemTime::UNIX_EPOCH);
    UnixTime::since_unix_epoch(elapsed.unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_counts_as_1970() {
        let day = Duration::from_secs(86_400);
        let epoch = SystemTime::UNIX_EPOCH;
        for (time, seconds) in [
            (epoch - 3650 * day, 0),
            (epoch - Duration::from_nanos(1), 0),
            (epoch, 0),
            (epoch + day, 86_400),
            (epoch + 50_000 * day, 4_320_000_000),
            (epoch + 3_000_000 * day, 259_200_000_000),
        ] {
            assert_eq!(since_1970(time).as_secs(), seconds);
        }
    }
}
