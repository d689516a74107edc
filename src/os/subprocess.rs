//! Runs a subprocess within the limits of a call. Works in processes that
//! ignore SIGCHLD or reap all children.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::deadline::{CallLimits, StepLimit};
use super::{sys, wait};
use crate::error::Step;

/// Maximum number of bytes of stdout; more is an error.
const MAX_OUTPUT: usize = 64 * 1024;
/// Maximum number of bytes of stderr that are kept; the rest is discarded.
const MAX_STDERR: usize = 4096;
/// Polling intervals for the exit of a subprocess that writes nothing: only
/// SIGCHLD reports it, and that signal belongs to the host program.
const MIN_INTERVAL: Duration = Duration::from_millis(1);
const MAX_INTERVAL: Duration = Duration::from_millis(20);
/// Maximum time to wait for a killed subprocess to exit.
const MAX_REAP_WAIT: Duration = Duration::from_millis(500);

/// The result of a subprocess.
pub(crate) struct Ended {
    /// `None` if it was killed by a signal, or if the host program reaped it
    /// first.
    pub(crate) code: Option<i32>,
    pub(crate) output: Zeroizing<Vec<u8>>,
    pub(crate) stderr: Vec<u8>,
}

/// The user id of this process.
pub(crate) fn user() -> u32 {
    sys::user()
}

/// Runs a subprocess in its own process group, writes `input`, which must be
/// short, to its stdin and waits for it to exit. Kills it when a limit is
/// reached or when it writes too much.
pub(crate) fn run(
    mut command: Command,
    input: &[u8],
    limits: &CallLimits,
    limit: StepLimit<'_>,
) -> io::Result<Ended> {
    let (stdin, to_stdin) = sys::pipe()?;
    let (from_stdout, stdout) = sys::pipe()?;
    let (from_stderr, stderr) = sys::pipe()?;
    command.stdin(stdin).stdout(stdout).stderr(stderr);
    command.process_group(0);
    sys::reset_sigchld(&mut command);
    let child = sys::signals::with_signals_blocked(|| command.spawn())?;
    let id = child.id();
    // Close our copies of the child's pipe ends, or the pipes would never end.
    drop(command);
    // The pipe buffer holds all of the input, so this does not block; a
    // subprocess need not read it.
    let _ = sys::write_without_sigpipe(to_stdin.as_raw_fd(), input);
    drop(to_stdin);
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT));
    let mut stderr = Vec::new();
    let pipes = [from_stdout, from_stderr];
    let kept = [(&mut *output, MAX_OUTPUT), (&mut stderr, MAX_STDERR)];
    match wait_for_exit(id, pipes, kept, limits, limit) {
        Ok(code) => Ok(Ended {
            code,
            output,
            stderr,
        }),
        Err(error) => {
            kill(id);
            Err(error)
        }
    }
}

/// Reads both pipes until the subprocess exits; returns its exit code.
fn wait_for_exit(
    id: u32,
    pipes: [OwnedFd; 2],
    mut kept: [(&mut Vec<u8>, usize); 2],
    limits: &CallLimits,
    limit: StepLimit<'_>,
) -> io::Result<Option<i32>> {
    let mut pipes = pipes.map(Some);
    let mut buffer = Zeroizing::new([0; 4096]);
    let mut pause = MIN_INTERVAL;
    let mut end = sys::Child::Runs;
    loop {
        // After it exits, its own children may keep the pipes open; everything
        // that it wrote itself is already in the pipes.
        let until = match end {
            sys::Child::Runs => Instant::now() + pause,
            sys::Child::Ended(_) => Instant::now(),
        };
        let fd = |pipe: &Option<OwnedFd>| pipe.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let mut fds = [&pipes[0], &pipes[1]].map(|pipe| wait::entry(fd(pipe), wait::READABLE));
        wait::wait_any(&mut fds, limits, limit, Some(until))?;
        let mut is_quiet = true;
        for at in 0..2 {
            let Some(pipe) = pipes[at].as_ref().filter(|_| fds[at].revents != 0) else {
                continue;
            };
            is_quiet = false;
            let got = sys::read(pipe.as_raw_fd(), &mut *buffer)?;
            if got == 0 {
                pipes[at] = None;
                continue;
            }
            let (kept, limit) = &mut kept[at];
            let room = (*limit - kept.len()).min(got);
            kept.extend_from_slice(&buffer[..room]);
            if room < got && at == 0 {
                return Err(io::Error::other(format!("wrote more than {limit} bytes")));
            }
        }
        match end {
            sys::Child::Ended(code) if is_quiet => return Ok(code),
            sys::Child::Ended(_) => {}
            sys::Child::Runs => {
                end = sys::child(id);
                if is_quiet {
                    pause = (pause * 2).min(MAX_INTERVAL);
                }
            }
        }
    }
}

/// Kills a subprocess with its process group, and reaps it.
fn kill(id: u32) {
    if !matches!(sys::child(id), sys::Child::Runs) {
        return;
    }
    sys::kill_group(id);
    let deadline = Instant::now() + MAX_REAP_WAIT;
    while matches!(sys::child(id), sys::Child::Runs) && Instant::now() < deadline {
        let _ = wait::sleep(
            Instant::now() + MIN_INTERVAL,
            &CallLimits::default(),
            StepLimit::none(Step::Credentials),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    fn run_shell(script: &str, input: &str, time: Duration) -> io::Result<Ended> {
        let limits = CallLimits::default();
        let limit = limits.limit(Step::Credentials, Some(time), &"sh");
        run(shell(script), input.as_bytes(), &limits, limit)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn output_and_exit_code_are_returned() {
        let ended = run_shell("read x; echo \"got $x\"; echo no >&2; exit 3", "it\n", LONG)
            .expect("it ran");
        assert_eq!(ended.code, Some(3));
        assert_eq!(ended.output.as_slice(), b"got it\n");
        assert_eq!(ended.stderr, b"no\n");
        let ended = run_shell("kill -9 $$", "", LONG).expect("it ran");
        assert_eq!(ended.code, None);
        let ended = run_shell("exec <&- >&- 2>&-; exit 4", "ignored", LONG).expect("it ran");
        assert_eq!(ended.code, Some(4));
    }

    #[test]
    fn one_that_hangs_is_killed_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let alive = folder.path().join("alive");
        let made = Command::new("mkfifo").arg(&alive).status().expect("mkfifo");
        assert!(made.success());
        let script = format!("sleep 1000 >{} & sleep 1000", alive.display());
        let reader = std::thread::spawn(move || std::fs::read(alive));
        let begun = Instant::now();
        let error = run_shell(&script, "", Duration::from_millis(300))
            .err()
            .expect("it hangs");
        let error = error.downcast::<Error>().expect("ours");
        assert_eq!(error.kind(), Kind::Timeout);
        assert!(begun.elapsed() < Duration::from_secs(30));
        // The pipe ends when its last writer has exited.
        assert_eq!(reader.join().expect("no panic").expect("it ended"), b"");
    }

    #[test]
    fn one_that_leaves_another_behind_is_not_waited_for() {
        let begun = Instant::now();
        let ended = run_shell("sleep 1000 & echo $!", "", LONG).expect("it ran");
        let left = String::from_utf8_lossy(&ended.output).trim().to_owned();
        let killed = Command::new("kill").arg(left).status().expect("kill");
        assert!(killed.success(), "its child still runs");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn too_much_is_not_taken() {
        let error = run_shell("exec cat /dev/zero", "", LONG)
            .err()
            .expect("much");
        assert_eq!(error.to_string(), "wrote more than 65536 bytes");
        let ended = run_shell("head -c 100000 /dev/zero >&2", "", LONG).expect("it ran");
        assert_eq!((ended.code, ended.stderr.len()), (Some(0), MAX_STDERR));
    }
}
