//! Waiting for one's turn to connect, where connections to a host are limited.

use std::sync::Arc;

use super::route::Route;
use super::slots::Slots;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::Bounds;
use crate::os::event::Event;

/// The slots of the hosts that a client connects to.
pub(crate) type RouteSlots = Slots<Route, Event>;

/// The right to one connection, given back on drop.
#[derive(Debug)]
pub(crate) struct Turn {
    slots: Arc<RouteSlots>,
    route: Route,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(next) = self.slots.give_back(&self.route) {
            next.happen();
        }
    }
}

impl Turn {
    /// Waits for one in the order of coming, as long as connecting may take.
    pub(super) fn wait(
        slots: &Arc<RouteSlots>,
        route: &Route,
        host: &str,
        bounds: &Bounds,
    ) -> Result<Turn, Error> {
        let turn = || Turn {
            slots: Arc::clone(slots),
            route: route.clone(),
        };
        if slots.take(route) {
            return Ok(turn());
        }
        let most = slots.most();
        let what = format!("wait for one of the {most} connections to {host}");
        let event = Event::new().map_err(|error| Error::io(Kind::NoMemory, &what, &error))?;
        let event = Arc::new(event);
        if slots.take_or_queue(route, &event) {
            return Ok(turn());
        }
        let limit = bounds.limit(Step::Connect, bounds.timeouts.connect, &what);
        match event.wait(bounds, limit) {
            Ok(()) => Ok(turn()),
            Err(error) => {
                if !slots.leave(route, &event) {
                    // It came too late; somebody else may wait for it.
                    drop(turn());
                }
                Err(error
                    .downcast::<Error>()
                    .unwrap_or_else(|error| Error::io(Kind::Connect, &what, &error)))
            }
        }
    }
}
