//! Tests that run themselves, or another test, in a child process.

use std::any;
use std::env;
use std::process::Command;
use std::time::Duration;

use super::c::{self, Output};

/// Set in a test's child process.
const INSIDE: &str = "REGGIE_TEST_CHILD";
/// How long a child may take, on a busy machine too.
const TIME: Duration = Duration::from_secs(300);

/// The arguments by which the running test program runs only `test`, which may
/// be an ignored one.
pub fn arguments<T: Fn()>(_test: T) -> [&'static str; 4] {
    let path = any::type_name::<T>();
    let (_program, test) = path.split_once("::").expect("a function in a crate");
    ["--exact", test, "--include-ignored", "--nocapture"]
}

/// The command that runs only `test`, in a child process.
pub fn command(test: impl Fn()) -> Command {
    let mut command = Command::new(env::current_exe().expect("a running program has a path"));
    command.args(arguments(test));
    command
}

/// Whether this is a process that [`run`] started.
pub fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// Runs the command of one test, which has to pass.
#[track_caller]
pub fn run(mut command: Command) -> Output {
    command.env(INSIDE, "1");
    let output = c::run_command(command, TIME);
    // Shown where the test fails.
    print!("{}", output.stdout);
    output.expect_success();
    // A name that is not a test's would run nothing, and succeed.
    assert!(output.stdout.contains("1 passed"), "{}", output.stdout);
    output
}

/// Runs the rest of `test` in a process of its own: true inside it, false
/// outside, after it has passed there.
#[track_caller]
pub fn enter(test: impl Fn()) -> bool {
    if is_inside() {
        return true;
    }
    run(command(test));
    false
}
