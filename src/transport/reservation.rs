//! Permits for several connections at once, for calls that use them together.
//!
//! A call that waits for a permit while it has another one could wait for a call that
//! does the same. Therefore all are taken before the first one is used: those for one
//! host together, and those for several hosts in the same order by all calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::route::Route;
use super::slots::Slots;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::event::Event;

/// The permits for each host.
pub(crate) type RoutePermits = Slots<Route, Event>;

/// Permits that only the calls with it use. They are returned with the last of its
/// clones.
#[derive(Debug, Default)]
pub(crate) struct Reservation(Vec<Held>);

#[derive(Debug)]
struct Held {
    slots: Arc<RoutePermits>,
    route: Route,
    count: usize,
    /// How many of them are unused.
    free: AtomicUsize,
}

impl Drop for Held {
    fn drop(&mut self) {
        give_back(&self.slots, &self.route, self.count);
    }
}

/// A connection that is to be reserved.
pub(super) struct Connection {
    pub(super) slots: Arc<RoutePermits>,
    pub(super) route: Route,
    pub(super) host: String,
}

impl Reservation {
    /// That of a call.
    pub(super) fn of(limits: &CallLimits) -> Option<Arc<Reservation>> {
        let reserved = limits.reserved.as_ref()?;
        Arc::clone(&reserved.0).downcast().ok()
    }

    /// Waits for permits for all connections. An error if one host allows fewer.
    pub(super) fn wait(all: Vec<Connection>, limits: &CallLimits) -> Result<Reservation, Error> {
        let mut hosts: Vec<(Connection, usize)> = Vec::new();
        for one in all {
            match hosts.iter_mut().find(|(other, _)| one.is_same(other)) {
                Some((_, count)) => *count += 1,
                None => hosts.push((one, 1)),
            }
        }
        hosts.sort_by_key(|(one, _)| (Arc::as_ptr(&one.slots).addr(), one.host.clone()));
        if let Some((one, count)) = hosts.iter().find(|(one, count)| *count > one.slots.max()) {
            let (max, host) = (one.slots.max(), &one.host);
            let message = format!("{host}: {count} connections are needed, and {max} allowed");
            return Err(Error::new(Kind::InvalidArgument, message).with_host(host));
        }
        let mut held = Vec::new();
        for (one, count) in hosts {
            one.wait(count, limits)?;
            let Connection { slots, route, .. } = one;
            held.push(Held {
                slots,
                route,
                count,
                free: AtomicUsize::new(count),
            });
        }
        Ok(Reservation(held))
    }

    /// Takes one of its permits, if one is unused.
    pub(super) fn take(&self, slots: &Arc<RoutePermits>, route: &Route) -> bool {
        self.find(slots, route).is_some_and(|held| {
            let taken = held
                .free
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| {
                    free.checked_sub(1)
                });
            taken.is_ok()
        })
    }

    pub(super) fn put_back(&self, slots: &Arc<RoutePermits>, route: &Route) {
        if let Some(held) = self.find(slots, route) {
            held.free.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn find(&self, slots: &Arc<RoutePermits>, route: &Route) -> Option<&Held> {
        self.0
            .iter()
            .find(|held| Arc::ptr_eq(&held.slots, slots) && held.route == *route)
    }
}

impl Connection {
    fn is_same(&self, other: &Connection) -> bool {
        Arc::ptr_eq(&self.slots, &other.slots) && self.route == other.route
    }

    /// Waits for that many permits at once, as long as the call may take: others keep
    /// theirs for whole transfers.
    fn wait(&self, count: usize, limits: &CallLimits) -> Result<(), Error> {
        let Connection { slots, route, host } = self;
        if limits.is_nested {
            for _ in 0..count {
                slots.take_extra(route);
            }
            return Ok(());
        }
        let what = format!("wait for {count} connections to {host}");
        let event = Event::new().map_err(|error| Error::io(Kind::NoMemory, &what, &error))?;
        let event = Arc::new(event);
        if slots.take_all_or_queue(route, count, &event) {
            return Ok(());
        }
        let waited = event.wait(limits, StepLimit::none(Step::Connect));
        waited.map_err(|error| {
            match slots.leave(route, &event) {
                true => wake_next(slots, route),
                false => give_back(slots, route, count),
            }
            Error::of_io(Kind::Connect, &what, error)
        })
    }
}

/// Returns permits.
pub(super) fn give_back(slots: &RoutePermits, route: &Route, count: usize) {
    for _ in 0..count {
        if let Some(next) = slots.give_back(route) {
            next.happen();
        }
    }
}

/// Wakes those that have waited behind one that has left the queue.
pub(super) fn wake_next(slots: &RoutePermits, route: &Route) {
    while let Some(next) = slots.next(route) {
        next.happen();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::http::url::Url;
    use crate::os::cancel::Cancel;
    use crate::proxy::{Choice, Proxies};

    fn route(host: &str) -> Route {
        let url = Url::parse(&format!("http://{host}")).expect("a URL");
        let none = Choice::Direct;
        let proxies = Proxies::new(&none, &none, None, |_| None).expect("no proxies");
        Route::new(url.origin_ref(), &proxies)
    }

    fn connection(slots: &Arc<RoutePermits>, host: &str) -> Connection {
        Connection {
            slots: Arc::clone(slots),
            route: route(host),
            host: host.to_owned(),
        }
    }

    fn slots(max: usize) -> Arc<RoutePermits> {
        Arc::new(RoutePermits::new(max))
    }

    fn reserve(slots: &Arc<RoutePermits>, hosts: [&str; 2]) -> Result<Reservation, Error> {
        let all = hosts.map(|host| connection(slots, host)).into();
        Reservation::wait(all, &CallLimits::default())
    }

    #[test]
    fn two_connections_to_one_host_are_taken_together_or_refused() {
        let error = reserve(&slots(1), ["a", "a"]).expect_err("one is allowed");
        assert_eq!(
            (error.kind(), error.host()),
            (Kind::InvalidArgument, Some("a"))
        );
        let slots = slots(2);
        let reservation = reserve(&slots, ["a", "a"]).expect("both are free");
        let host = route("a");
        assert!(!slots.take(&host));
        for _ in 0..2 {
            assert!(reservation.take(&slots, &host));
        }
        assert!(!reservation.take(&slots, &host), "only two");
        reservation.put_back(&slots, &host);
        assert!(!slots.take(&host), "it stays reserved");
        assert!(reservation.take(&slots, &host));
        assert!(!reservation.take(&slots, &route("b")), "another host");
        drop(reservation);
        assert!(slots.take(&host) && slots.take(&host));
    }

    #[test]
    fn a_wait_for_two_is_not_overtaken_and_ends_with_the_call() {
        let (slots, host) = (slots(2), route("a"));
        assert!(slots.take(&host));
        let cancel = Cancel::new().expect("a handle");
        let limits = CallLimits {
            cancel: Some(cancel.clone()),
            ..CallLimits::default()
        };
        let all = vec![connection(&slots, "a"), connection(&slots, "a")];
        let waiter = thread::spawn(move || Reservation::wait(all, &limits));
        let behind = Arc::new(Event::new().expect("an event"));
        // The free one is kept for the call that waits for two.
        while slots.take(&host) {
            give_back(&slots, &host, 1);
            thread::yield_now();
        }
        assert!(!slots.take_or_queue(&host, &behind));
        cancel.trigger();
        let error = waiter.join().expect("no panic").expect_err("cancelled");
        assert_eq!(error.kind(), Kind::Cancelled);
        // The one behind it gets its turn.
        behind
            .wait(&CallLimits::default(), StepLimit::none(Step::Connect))
            .expect("it is woken");
        give_back(&slots, &host, 2);
        assert!(reserve(&slots, ["a", "a"]).is_ok());
    }

    #[test]
    fn calls_in_opposite_directions_do_not_wait_for_each_other() {
        for hosts in [["a", "b"], ["a", "a"]] {
            let slots = slots(2 - usize::from(hosts[0] != hosts[1]));
            let begin = Barrier::new(2);
            thread::scope(|scope| {
                for is_reversed in [false, true] {
                    let (slots, begin) = (&slots, &begin);
                    let mut hosts = hosts;
                    if is_reversed {
                        hosts.reverse();
                    }
                    scope.spawn(move || {
                        begin.wait();
                        for _ in 0..1000 {
                            let reservation = reserve(slots, hosts).expect("no limit");
                            for host in hosts {
                                assert!(reservation.take(slots, &route(host)));
                            }
                        }
                    });
                }
            });
        }
    }
}
