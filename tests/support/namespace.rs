//! Tests that need public addresses, in a network namespace of their own.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::Command;
use std::time::Duration;

use super::{c, programs, temp};

/// Tells a test that it runs in its namespace.
const INSIDE: &str = "REGGIE_TEST_NAMESPACE";
/// How long a test may take there.
const TIME: Duration = Duration::from_secs(60);

/// Runs the rest of the test `name` in a new network namespace whose loopback
/// has these addresses too, and where these names lead to them.
///
/// True in the namespace: the test is to go on. False outside, after it has
/// passed there, or where namespaces cannot be had, which one line tells.
/// Nothing in the namespace reaches any other machine.
#[track_caller]
pub fn enter(name: &str, addresses: &[&str], hosts: &[(&str, &str)]) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let folder = temp::folder();
    let table = folder.path().join("hosts");
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for (host, address) in hosts {
        text += &format!("{address} {host}\n");
    }
    fs::write(&table, text).expect("the folder is writable");

    let mut setup = "ip link set lo up".to_owned();
    for address in addresses {
        setup += &format!(" && ip addr add {address}/32 dev lo");
    }
    setup += " && mount --bind \"$1\" /etc/hosts";
    let within = |more: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--net", "--mount", "sh", "-c"])
            .arg(format!("{setup}{more}"))
            .arg("sh")
            .arg(&table);
        command
    };
    match within("").output() {
        Ok(output) if output.status.success() => {}
        outcome => {
            programs::missing(
                "network namespaces cannot be had: their tests are skipped",
                &format!("{outcome:?}"),
            );
            return false;
        }
    }
    let mut command = within(" && exec \"$2\" --exact \"$3\" --nocapture");
    command
        .arg(env::current_exe().expect("a running program has a path"))
        .arg(name)
        .env(INSIDE, "1");
    let output = c::run_command(command, TIME);
    let _ = io::stdout().write_all(output.stdout.as_bytes());
    output.expect_success();
    // A name that is not the test's own would run nothing, and succeed.
    assert!(output.stdout.contains("1 passed"), "{name} is not run");
    false
}
