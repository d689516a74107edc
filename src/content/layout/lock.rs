//! One writer of a layout's index at a time, among all processes.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use super::folder::Layout;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::{file_lock, wait};

/// The time between two attempts to take the lock.
const INTERVAL: Duration = Duration::from_millis(20);

/// A lock of the directory itself, so that no lock file is left behind. No callback
/// runs while it is held.
pub(super) struct Lock {
    /// `None` if the file system has no locks.
    file: Option<File>,
    /// The process that has it: a forked child must not release it.
    process: u32,
}

impl Lock {
    /// Waits until no other process or thread has the lock.
    pub(super) fn acquire(
        layout: &Layout,
        timeout: Option<Duration>,
        limits: &CallLimits,
        on_wait: impl Fn(),
    ) -> Result<Lock, Error> {
        let failed = |error| layout.failed(Path::new("."), &error).at(Step::Lock);
        let file = layout.directory().lockable().map_err(failed)?;
        let process = std::process::id();
        let since = Instant::now();
        loop {
            match file_lock::try_lock(&file) {
                Ok(true) => {
                    let file = Some(file);
                    return Ok(Lock { file, process });
                }
                Ok(false) => {}
                // NFS, for example, has no locks of directories.
                Err(_) => {
                    let file = None;
                    return Ok(Lock { file, process });
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
        if let Some(file) = self.file.take()
            && self.process == std::process::id()
        {
            file_lock::unlock(&file);
        }
    }
}
