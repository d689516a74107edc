//! Reports to the program what a call transfers, and lets it stop the call.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;

/// The usual minimum time between two reports while bytes move.
const MOVING: Duration = Duration::from_millis(100);
/// The time between two reports while nothing moves.
const IDLE: Duration = Duration::from_secs(1);

/// The bytes of a request's body and of its response's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Bytes of the request body that were sent.
    pub sent: u64,
    /// The length of the request body; `None` if it is unknown.
    pub send_total: Option<u64>,
    /// Bytes of the response body that were received.
    pub received: u64,
    /// The length of the response body; `None` if it is unknown.
    pub receive_total: Option<u64>,
}

/// Called with the progress of a request; an error stops the call.
pub type TransferCallback = Arc<dyn Fn(&Transfer) -> Result<(), Error> + Send + Sync>;

/// Counts what a call transfers and calls the program back when that is due.
pub(crate) struct TransferMeter {
    callback: TransferCallback,
    /// The minimum time between two reports while bytes move.
    moving: Duration,
    state: Mutex<State>,
}

struct State {
    transfer: Transfer,
    /// Bytes of the body that were sent before the current piece.
    sent_before: u64,
    /// The length of the current piece.
    piece: u64,
    /// Bytes have moved since the last report.
    moved: bool,
    reported: Instant,
    /// The callback has stopped the call. Kept, because not every step passes
    /// on the error of a wait.
    stopped: Option<Error>,
}

impl fmt::Debug for TransferMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferMeter").finish_non_exhaustive()
    }
}

impl TransferMeter {
    pub(crate) fn new(callback: TransferCallback) -> Arc<TransferMeter> {
        TransferMeter::with_interval(callback, MOVING)
    }

    /// Reports that often at most while bytes move.
    pub(crate) fn with_interval(
        callback: TransferCallback,
        moving: Duration,
    ) -> Arc<TransferMeter> {
        Arc::new(TransferMeter {
            callback,
            moving,
            state: Mutex::new(State {
                transfer: Transfer::default(),
                sent_before: 0,
                piece: 0,
                moved: false,
                reported: Instant::now(),
                stopped: None,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to send a request with a body of that length.
    pub(crate) fn begin_request(&self, length: Option<u64>) {
        let mut state = self.state();
        state.transfer = Transfer {
            send_total: length,
            ..Transfer::default()
        };
        state.sent_before = 0;
        state.piece = 0;
    }

    /// Begins to send the next bytes of the body, after all earlier ones.
    pub(crate) fn begin_piece(&self, length: usize) {
        let mut state = self.state();
        state.sent_before += state.piece;
        state.piece = length as u64;
    }

    /// Notes that `part` of `whole` bytes of the current piece, as they are
    /// encoded, were sent.
    pub(crate) fn sent(&self, part: usize, whole: usize) {
        let mut state = self.state();
        let share = u128::from(state.piece) * part as u128 / whole.max(1) as u128;
        let sent = state.sent_before + u64::try_from(share).unwrap_or(0);
        if sent > state.transfer.sent {
            state.transfer.sent = sent;
            state.moved = true;
        }
    }

    /// Begins to receive a response body of that length.
    pub(crate) fn begin_response(&self, length: Option<u64>) {
        let mut state = self.state();
        state.transfer.received = 0;
        state.transfer.receive_total = length;
    }

    /// Notes that bytes of the response body were received.
    pub(crate) fn received(&self, bytes: usize) {
        let mut state = self.state();
        state.transfer.received += bytes as u64;
        state.moved |= bytes > 0;
    }

    /// When the next report is due.
    pub(crate) fn due(&self) -> Instant {
        self.state().due(self.moving)
    }

    /// Reports if that is due. An error once the callback has stopped the call.
    pub(crate) fn check(&self) -> Result<(), Error> {
        {
            let state = self.state();
            if let Some(error) = &state.stopped {
                return Err(error.clone());
            }
            if Instant::now() < state.due(self.moving) {
                return Ok(());
            }
        }
        self.report()
    }

    /// Reports now.
    pub(crate) fn report(&self) -> Result<(), Error> {
        let transfer = {
            let mut state = self.state();
            state.note_report();
            state.transfer
        };
        // Without the lock: the callback may send requests of its own.
        let result = (self.callback)(&transfer);
        let mut state = self.state();
        state.note_report();
        if let Err(error) = &result {
            state.stopped = Some(error.clone());
        }
        result
    }
}

impl State {
    fn due(&self, moving: Duration) -> Instant {
        self.reported + if self.moved { moving } else { IDLE }
    }

    fn note_report(&mut self) {
        self.moved = false;
        self.reported = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn meter() -> (Arc<TransferMeter>, Arc<Mutex<Vec<Transfer>>>) {
        let seen: Arc<Mutex<Vec<Transfer>>> = Arc::default();
        let reports = Arc::clone(&seen);
        let callback = move |transfer: &Transfer| {
            reports.lock().expect("no panic").push(*transfer);
            if transfer.received == 7 {
                return Err(Error::new(Kind::ProgressCallback, "stop"));
            }
            Ok(())
        };
        (TransferMeter::new(Arc::new(callback)), seen)
    }

    fn last(meter: &TransferMeter, seen: &Mutex<Vec<Transfer>>) -> Transfer {
        meter.report().expect("not stopped");
        *seen.lock().expect("no panic").last().expect("a report")
    }

    #[test]
    fn pieces_add_up_however_they_are_encoded() {
        let (meter, seen) = meter();
        meter.begin_request(Some(100));
        meter.sent(5, 10);
        assert_eq!(last(&meter, &seen).sent, 0, "of the head");
        meter.begin_piece(60);
        meter.sent(35, 70);
        assert_eq!(last(&meter, &seen).sent, 30);
        meter.sent(70, 70);
        meter.begin_piece(40);
        meter.sent(1, 44);
        // What TLS itself sends between two pieces takes nothing back.
        meter.sent(0, 9);
        let transfer = last(&meter, &seen);
        assert_eq!((transfer.sent, transfer.send_total), (60, Some(100)));
        meter.begin_response(None);
        meter.received(3);
        let transfer = last(&meter, &seen);
        assert_eq!((transfer.received, transfer.receive_total), (3, None));
        meter.begin_request(None);
        assert_eq!(last(&meter, &seen), Transfer::default());
    }

    #[test]
    fn what_moves_is_reported_sooner_than_what_does_not() {
        let (meter, seen) = meter();
        let begin = meter.state().reported;
        assert_eq!(meter.due(), begin + IDLE);
        meter.check().expect("not due");
        assert!(seen.lock().expect("no panic").is_empty());
        meter.received(1);
        assert_eq!(meter.due(), begin + MOVING);
        last(&meter, &seen);
        assert!(meter.due() >= begin + IDLE);
    }

    #[test]
    fn a_call_that_was_stopped_stays_so() {
        let (meter, seen) = meter();
        meter.received(7);
        let error = meter.report().expect_err("stopped");
        assert_eq!(error.kind(), Kind::ProgressCallback);
        let error = meter.check().expect_err("still stopped");
        assert_eq!(error.kind(), Kind::ProgressCallback);
        assert_eq!(seen.lock().expect("no panic").len(), 1);
    }
}
