//! Waits for a permit to connect, where the number of connections to a host is
//! limited.

use std::sync::Arc;

use super::reservation::{Reservation, RoutePermits, give_back, wake_next};
use super::route::Route;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::CallLimits;
use crate::os::event::Event;

/// A permit for one connection. Returned on drop.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    slots: Arc<RoutePermits>,
    route: Route,
    /// What it belongs to.
    reservation: Option<Arc<Reservation>>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        match &self.reservation {
            Some(reservation) => reservation.put_back(&self.slots, &self.route),
            None => give_back(&self.slots, &self.route, 1),
        }
    }
}

impl ConnectionPermit {
    /// Waits for a permit, first come, first served, within the connect
    /// timeout. A call inside a callback exceeds the limit: the connection that
    /// it would wait for may be that of the call that is calling back.
    pub(super) fn wait(
        slots: &Arc<RoutePermits>,
        route: &Route,
        host: &str,
        limits: &CallLimits,
    ) -> Result<ConnectionPermit, Error> {
        let permit = || ConnectionPermit {
            slots: Arc::clone(slots),
            route: route.clone(),
            reservation: None,
        };
        if let Some(reservation) = Reservation::of(limits)
            && reservation.take(slots, route)
        {
            return Ok(ConnectionPermit {
                slots: Arc::clone(slots),
                route: route.clone(),
                reservation: Some(reservation),
            });
        }
        if slots.take(route) {
            return Ok(permit());
        }
        if limits.is_nested {
            slots.take_extra(route);
            return Ok(permit());
        }
        let max = slots.max();
        let what = format!("wait for one of the {max} connections to {host}");
        let event = Event::new().map_err(|error| Error::io(Kind::NoMemory, &what, &error))?;
        let event = Arc::new(event);
        if slots.take_or_queue(route, &event) {
            return Ok(permit());
        }
        let limit = limits.limit(Step::Connect, limits.timeouts.connect, &what);
        match event.wait(limits, limit) {
            Ok(()) => Ok(permit()),
            Err(error) => {
                match slots.leave(route, &event) {
                    true => wake_next(slots, route),
                    // The permit came too late: pass it on.
                    false => drop(permit()),
                }
                Err(Error::of_io(Kind::Connect, &what, error))
            }
        }
    }
}
