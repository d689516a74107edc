//! A real HTTP proxy, tinyproxy, started for a test and stopped on drop.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::server_process::ServerProcess;
use super::{programs, temp};

/// How long it may take to start on a busy machine.
const START_TIME: Duration = Duration::from_secs(30);
/// How often a free port is looked for before giving up.
const PORT_TRIES: usize = 8;

/// A running proxy.
pub struct TinyProxy {
    // Before the folder, as fields are dropped in order.
    process: ServerProcess,
    address: SocketAddr,
    _folder: TempDir,
}

impl TinyProxy {
    /// Starts one that serves loopback, and wants user and password if some
    /// are given; `None`, after a line on stderr, where it is not installed.
    pub fn start(login: Option<(&str, &str)>) -> Option<TinyProxy> {
        let Some(program) = programs::find("tinyproxy") else {
            programs::missing(
                "tinyproxy is not installed: its tests are skipped",
                "not in PATH",
            );
            return None;
        };
        let mut log = String::new();
        for _ in 0..PORT_TRIES {
            // It tells of no port that it got for port 0.
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .and_then(|listener| listener.local_addr())
                .expect("loopback has free ports");
            let folder = temp::folder();
            let path = folder.path().join("tinyproxy.conf");
            let mut text = format!(
                "Port {}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Info\nAllow 127.0.0.1\n",
                address.port()
            );
            if let Some((user, password)) = login {
                text += &format!("BasicAuth {user} {password}\n");
            }
            fs::write(&path, text).expect("the folder is writable");
            let arguments = ["-d".as_ref(), "-c".as_ref(), path.as_os_str()];
            let process = ServerProcess::spawn(&program, &arguments).expect("it can be run");
            let ready = process.wait_for_line(Instant::now() + START_TIME, |line| {
                let accepts = "Accepting connections";
                line.contains(accepts).then_some(())
            });
            if ready.is_some() {
                return Some(TinyProxy {
                    process,
                    address,
                    _folder: folder,
                });
            }
            log = process.log();
        }
        panic!("tinyproxy did not start: {log}");
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Waits until a line of its log contains `text`; false after a while.
    pub fn says(&self, text: &str) -> bool {
        let found = self
            .process
            .wait_for_line(Instant::now() + START_TIME, |line| {
                line.contains(text).then_some(())
            });
        found.is_some()
    }
}
