//! Parallel ranges: worker threads receive parts of a blob into memory, and the
//! calling thread passes them on in order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::download::Download;
use super::range_fetch::{self, Part};
use super::registry::Registry;
use super::requests::Requests;
use super::task::Task;
use crate::body::digest::Digest;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::StepLimit;
use crate::os::event::Event;
use crate::os::stop::Stop;
use crate::os::sys::signals::spawn_thread;
use crate::request::call::Call;

/// The stack of a worker thread.
const STACK: usize = 512 * 1024;
/// How much of a part is passed on at a time.
const PIECE: usize = 256 * 1024;
/// The longest time without a report while the call waits for its workers.
const MAX_INTERVAL: Duration = Duration::from_secs(1);

/// Receives a blob in parts if the options say so, as far as the server sends
/// ranges. The download may be incomplete afterwards.
pub(super) fn deliver(
    task: &Task,
    download: &mut Download,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let (parts, part_size) = task.options.parts();
    let limits = &task.call.limits;
    let has_others = limits.stop.is_some() || limits.reserved.is_some();
    let workers = match task.client().max_connections() {
        None => parts,
        // Other transfers of the call may have the other connections.
        Some(_) if has_others => 1,
        // Further ones would wait for the connections of these.
        Some(max) => parts.min(max),
    };
    let left = download.left().unwrap_or(0);
    if workers < 2 || left / 2 < part_size as u64 {
        return Ok(());
    }
    let mut call = Call::new(task.call.limits.clone());
    // The calling thread reports progress.
    call.limits.transfer = None;
    let (Ok(stop), Ok(wake)) = (call.limits.allow_workers(), Event::new()) else {
        return Ok(());
    };
    let shared = Arc::new(Shared {
        plan: Plan {
            digest: download.digest().clone(),
            begin: download.offset(),
            end: download.offset() + left,
            part_size: part_size as u64,
            window: parts as u64,
        },
        repository: task.repository.clone(),
        call,
        retries: task.retries(),
        state: Mutex::default(),
        changed: Condvar::new(),
        wake,
    });
    let workers = Workers::start(&shared, workers, stop);
    if workers.threads.is_empty() {
        return Ok(());
    }
    match pass_on(task, &shared, download, sink) {
        Err(error) if error.kind() == Kind::RangeIgnored => Ok(()),
        other => other,
    }
}

/// The worker threads. They end when this is dropped, however the calling
/// thread ends.
struct Workers<'a> {
    shared: &'a Shared,
    threads: Vec<JoinHandle<()>>,
    stop: Stop,
    /// The process that has the threads.
    process: u32,
}

impl<'a> Workers<'a> {
    /// Starts as many threads as can be created.
    fn start(shared: &'a Arc<Shared>, count: usize, stop: Stop) -> Workers<'a> {
        let start = |number| {
            let shared = Arc::clone(shared);
            let builder = Builder::new()
                .name(format!("reggie-range-{number}"))
                .stack_size(STACK);
            spawn_thread(builder, move || shared.work()).ok()
        };
        Workers {
            threads: (0..count).map_while(start).collect(),
            shared,
            stop,
            process: std::process::id(),
        }
    }
}

impl Drop for Workers<'_> {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        self.shared.state().is_stopped = true;
        self.shared.changed.notify_all();
        self.stop.trigger();
        for thread in self.threads.drain(..) {
            // A panic is reported as a failure.
            let _ = thread.join();
        }
    }
}

/// How a blob is divided into parts.
struct Plan {
    digest: Digest,
    begin: u64,
    end: u64,
    part_size: u64,
    /// How many parts may be in memory.
    window: u64,
}

impl Plan {
    fn count(&self) -> u64 {
        (self.end - self.begin).div_ceil(self.part_size)
    }

    /// Offset and length of a part.
    fn part(&self, index: u64) -> (u64, usize) {
        let offset = self.begin + index * self.part_size;
        let length = self.part_size.min(self.end - offset);
        (offset, usize::try_from(length).unwrap_or(0))
    }
}

/// What the threads share.
struct Shared {
    plan: Plan,
    repository: Registry,
    call: Call,
    retries: u32,
    state: Mutex<State>,
    /// Wakes the workers.
    changed: Condvar,
    /// Wakes the calling thread.
    wake: Event,
}

#[derive(Default)]
struct State {
    /// The next part to receive.
    next: u64,
    /// How many parts were passed on.
    passed_on: u64,
    ready: BTreeMap<u64, Vec<u8>>,
    /// Buffers that can be used again.
    spare: Vec<Vec<u8>>,
    /// The server sends ranges.
    is_confirmed: bool,
    failure: Option<Error>,
    is_stopped: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Receives parts until there are no more. The body of a worker thread.
    fn work(&self) {
        let worked = catch_unwind(AssertUnwindSafe(|| {
            while let Some((index, buffer)) = self.next() {
                let buffer = self.receive(index, buffer)?;
                self.state().ready.insert(index, buffer);
                self.wake.happen();
            }
            Ok(())
        }));
        let worked =
            worked.unwrap_or_else(|_| Err(Error::new(Kind::Panic, "a worker thread has panicked")));
        if let Err(error) = worked {
            self.state().failure.get_or_insert(error);
            self.changed.notify_all();
            self.wake.happen();
        }
    }

    /// Waits for a part to receive, and for room for it.
    fn next(&self) -> Option<(u64, Vec<u8>)> {
        let mut state = self.state();
        loop {
            let is_over = state.next >= self.plan.count();
            if state.is_stopped || state.failure.is_some() || is_over {
                return None;
            }
            let has_room = state.next < state.passed_on + self.plan.window;
            if has_room && (state.is_confirmed || state.next == 0) {
                let index = state.next;
                state.next += 1;
                return Some((index, state.spare.pop().unwrap_or_default()));
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn receive(&self, index: u64, mut buffer: Vec<u8>) -> Result<Vec<u8>, Error> {
        let (offset, length) = self.plan.part(index);
        buffer
            .try_reserve_exact(length.saturating_sub(buffer.len()))
            .map_err(|_| Error::no_memory("buffer for a range"))?;
        buffer.resize(length, 0);
        let part = Part {
            digest: &self.plan.digest,
            size: Some(self.plan.end),
            offset,
            on_range: &|| self.confirm(),
        };
        let requests = Requests::new(&self.repository, &self.call, self.retries);
        range_fetch::fetch(&requests, &part, &mut buffer)?;
        Ok(buffer)
    }

    /// The server sends ranges: the other workers may begin.
    fn confirm(&self) {
        let was_confirmed = std::mem::replace(&mut self.state().is_confirmed, true);
        if !was_confirmed {
            self.changed.notify_all();
        }
    }

    /// Waits for a part that a worker receives.
    fn wait_for(&self, task: &Task, index: u64) -> Result<Vec<u8>, Error> {
        let limits = &self.call.limits;
        let interval = task
            .options
            .progress
            .as_ref()
            .map(|(_, interval)| *interval);
        loop {
            self.wake.reset();
            {
                let mut state = self.state();
                if let Some(part) = state.ready.remove(&index) {
                    return Ok(part);
                }
                if let Some(error) = &state.failure {
                    return Err(error.clone());
                }
            }
            let pause = interval.map(|interval| Instant::now() + interval.min(MAX_INTERVAL));
            let limit = StepLimit::none(Step::Receive);
            self.wake
                .wait_until(limits, limit, pause)
                .map_err(|error| {
                    let failed = |error| Error::io(Kind::Receive, "wait for workers", &error);
                    error.downcast::<Error>().unwrap_or_else(failed)
                })?;
            task.progress.poll()?;
        }
    }

    /// A part was passed on: there is room for another one.
    fn passed_on(&self, buffer: Vec<u8>) {
        let mut state = self.state();
        state.passed_on += 1;
        state.spare.push(buffer);
        drop(state);
        self.changed.notify_all();
    }
}

/// Passes the parts on, in order.
fn pass_on(
    task: &Task,
    shared: &Shared,
    download: &mut Download,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let limits = &shared.call.limits;
    for index in 0..shared.plan.count() {
        let part = shared.wait_for(task, index)?;
        for piece in part.chunks(PIECE) {
            limits.check(Step::Receive)?;
            sink(piece)?;
            download.advance(piece.len() as u64);
            task.progress.moved(piece.len() as u64);
            task.progress.poll()?;
        }
        shared.passed_on(part);
    }
    Ok(())
}
