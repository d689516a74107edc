//! What all requests to a host share: its budget of retries, and its
//! Retry-After.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The budget of a host in tenths of a retry: ten retries at once, and one more
/// for every ten requests that succeed. So a host that is down receives little
/// more than without retries.
const FULL: u32 = 100;
const RETRY: u32 = 10;
const SUCCESS: u32 = 1;

/// The maximum number of hosts that are stored: redirects can name any number.
const MAX_HOSTS: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Hosts(HashMap<String, Host>);

#[derive(Debug)]
struct Host {
    tokens: u32,
    not_before: Option<Instant>,
    /// When it refused a request that was sent after the earlier refusals.
    refused: Option<Instant>,
    used: Instant,
}

impl Hosts {
    /// Whether nothing is known of any host, as is usual while no request fails.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Stores the Retry-After of a host.
    pub(super) fn set_retry_after(&mut self, name: &str, now: Instant, wait: Duration) {
        let until = now.checked_add(wait);
        let host = self.host(name, now);
        host.not_before = host.not_before.max(until);
    }

    /// Notes that the host refuses a request. Returns whether that was on its way when
    /// the host refused another one; if not, it is the one that others are compared with.
    pub(super) fn note_refusal(&mut self, name: &str, begun: Instant, now: Instant) -> bool {
        let host = self.host(name, now);
        let is_known = host.refused.is_some_and(|refused| begun < refused);
        if !is_known {
            host.refused = Some(now);
        }
        is_known
    }

    /// How much of a host's Retry-After is left.
    pub(super) fn retry_after(&self, name: &str, now: Instant) -> Duration {
        let host = self.0.get(name);
        host.and_then(|host| host.not_before)
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Takes one retry; false if there is none left.
    pub(super) fn take(&mut self, name: &str, now: Instant) -> bool {
        let host = self.host(name, now);
        let left = host.tokens.checked_sub(RETRY);
        host.tokens = left.unwrap_or(host.tokens);
        left.is_some()
    }

    /// Counts a request that succeeded. Only hosts with failures are stored.
    pub(super) fn refill(&mut self, name: &str, now: Instant) {
        if let Some(host) = self.0.get_mut(name) {
            host.tokens = (host.tokens + SUCCESS).min(FULL);
            host.used = now;
            if host.tokens == FULL && host.not_before.is_none_or(|until| until <= now) {
                self.0.remove(name);
            }
        }
    }

    fn host(&mut self, name: &str, now: Instant) -> &mut Host {
        if self.0.len() >= MAX_HOSTS && !self.0.contains_key(name) {
            let oldest = self.0.iter().min_by_key(|(_, host)| host.used);
            if let Some(name) = oldest.map(|(name, _)| name.clone()) {
                self.0.remove(&name);
            }
        }
        let host = self.0.entry(name.to_owned()).or_insert(Host {
            tokens: FULL,
            not_before: None,
            refused: None,
            used: now,
        });
        host.used = now;
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_retries_and_one_for_ten_successes() {
        let (now, mut hosts) = (Instant::now(), Hosts::default());
        let spend = |hosts: &mut Hosts| (0..100).take_while(|_| hosts.take("a", now)).count();
        hosts.refill("a", now);
        assert_eq!(spend(&mut hosts), 10);
        (0..9).for_each(|_| hosts.refill("a", now));
        assert_eq!(spend(&mut hosts), 0);
        hosts.refill("a", now);
        assert_eq!(spend(&mut hosts), 1);
        assert!(hosts.take("b", now), "each host has its own");
        (0..1000).for_each(|_| hosts.refill("a", now));
        assert_eq!(spend(&mut hosts), 10, "no more than at first");
    }

    #[test]
    fn hosts_are_left_alone_until_the_last_time_they_named() {
        let (now, mut hosts) = (Instant::now(), Hosts::default());
        let second = Duration::from_secs(1);
        assert_eq!(hosts.retry_after("a", now), Duration::ZERO);
        hosts.set_retry_after("a", now, second * 9);
        hosts.set_retry_after("a", now + second, second);
        assert_eq!(hosts.retry_after("a", now + second), second * 8);
        assert_eq!(hosts.retry_after("b", now), Duration::ZERO);
        hosts.refill("a", now + second);
        assert_eq!(hosts.retry_after("a", now + second), second * 8);
        assert_eq!(hosts.retry_after("a", now + second * 10), Duration::ZERO);
        hosts.set_retry_after("a", now, Duration::MAX);
        hosts.refill("a", now + second * 10);
        assert!(hosts.0.is_empty());
    }

    #[test]
    fn the_hosts_that_are_remembered_are_bounded() {
        let (now, mut hosts) = (Instant::now(), Hosts::default());
        for number in 0..1000_u32 {
            let now = now + Duration::from_secs(u64::from(number));
            hosts.take(&format!("host-{number}"), now);
        }
        assert_eq!(hosts.0.len(), MAX_HOSTS);
        assert!(hosts.0.contains_key("host-999"));
        assert!(!hosts.0.contains_key("host-0"));
    }
}
