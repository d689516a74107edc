//! The delay before a retry: with full jitter, so that clients that failed
//! together do not retry together.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

/// A random part of a time that doubles with each retry, up to `cap`. Retries
/// are numbered from 1.
pub(super) fn delay(base: Duration, cap: Duration, number: u32, random: u64) -> Duration {
    let doubled = 2_u32.checked_pow(number.saturating_sub(1));
    let max = doubled
        .and_then(|times| base.checked_mul(times))
        .map_or(cap, |max| max.min(cap));
    let nanoseconds = u64::try_from(max.as_nanos()).unwrap_or(u64::MAX);
    let part = (u128::from(nanoseconds) * u128::from(random)) / u128::from(u64::MAX);
    Duration::from_nanos(u64::try_from(part).unwrap_or(nanoseconds))
}

/// A random number.
pub(super) fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without a source of randomness half of the delay will do.
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => u64::MAX / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap() {
        let base = Duration::from_millis(500);
        let cap = Duration::from_secs(30);
        for (sent, most) in [
            (1, 500),
            (2, 1_000),
            (3, 2_000),
            (6, 16_000),
            (7, 30_000),
            (33, 30_000),
            (u32::MAX, 30_000),
        ] {
            let most = Duration::from_millis(most);
            assert_eq!(delay(base, cap, sent, u64::MAX), most, "{sent}");
            assert_eq!(delay(base, cap, sent, 0), Duration::ZERO, "{sent}");
            let middle = delay(base, cap, sent, u64::MAX / 2);
            assert!(most / 2 - middle < Duration::from_millis(1), "{sent}");
        }
        assert_eq!(delay(Duration::ZERO, cap, 9, u64::MAX), Duration::ZERO);
        assert_eq!(delay(cap, base, 1, u64::MAX), base);
        let longest = delay(Duration::MAX, Duration::MAX, 9, u64::MAX);
        assert_eq!(longest, Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn random_numbers_differ() {
        assert!((0..8).any(|_| random() != random()));
    }
}
