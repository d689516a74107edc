//! A server program run as a child: its start, its log, its end.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::programs;
use super::sync::lock;

/// A running child, killed and waited for on drop.
///
/// Where `setpriv` is installed, the child is also killed when this process
/// ends without drops, as after an abort or for a server kept in a static.
pub struct ServerProcess {
    child: Child,
    log: Arc<Log>,
    keeper: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Log {
    state: Mutex<LogState>,
    changed: Condvar,
}

#[derive(Default)]
struct LogState {
    /// Whole lines only, so that nobody reads half a port number.
    text: String,
    ended: bool,
}

impl ServerProcess {
    /// Starts `program` with `args`; what it writes becomes its log.
    pub fn spawn(program: &Path, args: &[&OsStr]) -> io::Result<Self> {
        let mut command = match programs::find("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        let (reader, writer) = io::pipe()?;
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);

        // The death signal comes when the thread that spawned the child ends,
        // not the process. A test's thread may end long before the server is
        // to end, so the child is spawned by the thread that reads its log.
        let log = Arc::new(Log::default());
        let keepers_log = Arc::clone(&log);
        let (sender, receiver) = mpsc::channel();
        let keeper = thread::spawn(move || {
            let spawned = command.spawn();
            // The command holds this process's writing ends of the pipe, and
            // the log has no end before they are closed.
            drop(command);
            if sender.send(spawned).is_ok() {
                keepers_log.fill(reader);
            }
        });
        let child = receiver.recv().map_err(io::Error::other)??;
        Ok(Self {
            child,
            log,
            keeper: Some(keeper),
        })
    }

    /// The process id of the server.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the server wrote so far.
    pub fn log(&self) -> String {
        lock(&self.log.state).text.clone()
    }

    /// Waits until `find` finds something in a line of the log.
    ///
    /// `None` when the server ended, or the deadline passed, without it.
    pub fn wait_for_line<T>(
        &self,
        deadline: Instant,
        find: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let mut state = lock(&self.log.state);
        let mut seen = 0;
        loop {
            if let Some(found) = state.text[seen..].lines().find_map(&find) {
                return Some(found);
            }
            seen = state.text.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return None;
            }
            state = self.log.wait(state, left);
        }
    }

    /// Waits for the server's end, at most for `time`; tells if it ended.
    pub fn wait_for_end(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        self.wait_for_line(deadline, |_| None::<()>);
        lock(&self.log.state).ended
    }
}

impl Log {
    fn fill(&self, reader: PipeReader) {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            lock(&self.state)
                .text
                .push_str(&String::from_utf8_lossy(&line));
            self.changed.notify_all();
            line.clear();
        }
        lock(&self.state).ended = true;
        self.changed.notify_all();
    }

    fn wait<'a>(
        &self,
        state: std::sync::MutexGuard<'a, LogState>,
        time: Duration,
    ) -> std::sync::MutexGuard<'a, LogState> {
        match self.changed.wait_timeout(state, time) {
            Ok((state, _)) => state,
            Err(poisoned) => poisoned.into_inner().0,
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Both fail only where the child has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}
