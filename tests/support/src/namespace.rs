//! Tests that need public addresses, in a network namespace of their own.

use std::env;
use std::fs;
use std::process::Command;

use super::{child, programs, temp};

/// Runs the rest of `test` in a new network namespace whose loopback
/// has these addresses too, and where these names lead to them.
///
/// True in the namespace: the test is to go on. False outside, after it has
/// passed there, or where namespaces cannot be had, which one line tells.
/// Nothing in the namespace reaches any other machine.
#[track_caller]
pub fn enter(test: impl Fn(), addresses: &[&str], hosts: &[(&str, &str)]) -> bool {
    if child::is_inside() {
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
    let mut command = within(" && shift && exec \"$@\"");
    command
        .arg(env::current_exe().expect("a running program has a path"))
        .args(child::arguments(test));
    child::run(command);
    false
}
