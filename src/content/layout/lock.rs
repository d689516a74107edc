//! One writer of a layout's index at a time, among all processes.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::folder::Layout;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::{file_lock, wait};

/// The time between two attempts to take the lock.
const INTERVAL: Duration = Duration::from_millis(20);

/// The layouts on file systems without locks that threads of this process write.
static WRITERS: Mutex<Vec<Writer>> = Mutex::new(Vec::new());

/// The process and the layout: after a fork, the parent's writers are ignored in the
/// child.
type Writer = (u32, String);

/// A lock of the directory itself, so that no lock file is left behind. No callback
/// runs while it is held.
pub(super) struct Lock {
    held: Held,
    /// The process that has it: a forked child must not release it.
    process: u32,
}

enum Held {
    File(File),
    /// Among the threads of this process, if the file system has no locks.
    Process(Writer),
}

/// Locks a file; false if another has locked it.
type TryLock<'a> = &'a dyn Fn(&File) -> io::Result<bool>;

impl Lock {
    /// Waits until no other process or thread has the lock.
    pub(super) fn acquire(
        layout: &Layout,
        timeout: Option<Duration>,
        limits: &CallLimits,
        on_wait: impl Fn(),
    ) -> Result<Lock, Error> {
        Lock::acquire_with(layout, timeout, limits, on_wait, &file_lock::try_lock)
    }

    fn acquire_with(
        layout: &Layout,
        timeout: Option<Duration>,
        limits: &CallLimits,
        on_wait: impl Fn(),
        try_lock: TryLock,
    ) -> Result<Lock, Error> {
        let failed = |error| layout.failed(Path::new("."), &error).at(Step::Lock);
        let file = layout.directory().lockable().map_err(failed)?;
        let process = std::process::id();
        let since = Instant::now();
        loop {
            match try_lock(&file) {
                Ok(true) => {
                    let held = Held::File(file);
                    return Ok(Lock { held, process });
                }
                Ok(false) => {}
                // NFS, for example, has no locks of directories.
                Err(_) => {
                    let writer = (process, layout.identity()?);
                    if enter(&writer) {
                        let held = Held::Process(writer);
                        return Ok(Lock { held, process });
                    }
                }
            }
            if timeout.is_some_and(|timeout| since.elapsed() >= timeout) {
                let message = format!("{}: locked by another writer", layout.shown());
                return Err(Error::new(Kind::Locked, message).at(Step::Lock));
            }
            on_wait();
            let until = Instant::now() + INTERVAL;
            wait::sleep(until, limits, StepLimit::none(Step::Lock))
                .map_err(|error| error.downcast::<Error>().unwrap_or_else(failed))?;
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        match &self.held {
            Held::File(file) => file_lock::unlock(file),
            Held::Process(writer) => writers().retain(|other| other != writer),
        }
    }
}

/// Begins to write; false if another thread does.
fn enter(writer: &Writer) -> bool {
    let mut writers = writers();
    let is_free = !writers.contains(writer);
    if is_free {
        writers.push(writer.clone());
    }
    is_free
}

fn writers() -> MutexGuard<'static, Vec<Writer>> {
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::layout::open::open;

    #[test]
    fn threads_take_turns_where_the_file_system_has_no_locks() {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = open(&folder.path().join("layout"), true).expect("created");
        let other = open(&folder.path().join("other"), true).expect("created");
        let none = |_: &File| -> io::Result<bool> { Err(io::ErrorKind::Unsupported.into()) };
        let acquire = |layout| {
            let (at_once, limits) = (Some(Duration::ZERO), CallLimits::default());
            Lock::acquire_with(layout, at_once, &limits, || {}, &none)
        };
        let held = acquire(&layout).expect("free");
        let error = acquire(&layout).err().expect("held");
        assert_eq!(error.kind(), Kind::Locked);
        assert!(acquire(&other).is_ok());
        drop(held);
        assert!(acquire(&layout).is_ok());
    }
}
