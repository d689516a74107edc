//! The program, as scripts use it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// Runs a command with the URL of a registry.
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples-c/with_registry.sh"
);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_embedded-registry"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line
}

#[test]
fn it_announces_itself_and_ends_with_its_input() {
    let directory = tempfile::tempdir().unwrap();
    let announced = directory.path().join("url");
    std::fs::write(&announced, "an older one").unwrap();
    let arguments = [
        "--user",
        "u",
        "--password",
        "p",
        "--announce",
        announced.to_str().unwrap(),
    ];
    let mut child = program(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    let line = first_line(&mut child);
    assert_eq!(std::fs::read_to_string(&announced).unwrap(), line);
    let address = line.trim().strip_prefix("http://").unwrap().to_owned();

    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /v2/ HTTP/1.0\r\nAuthorization: Basic dTpw\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");

    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_outlives_an_input_that_is_no_pipe() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let arguments = ["--tls", "--ca-file", ca.to_str().unwrap()];
    let mut child = program(&arguments).stdin(Stdio::null()).spawn().unwrap();
    let line = first_line(&mut child);
    assert!(line.starts_with("https://127.0.0.1:"), "{line}");
    assert!(
        std::fs::read_to_string(&ca)
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
    let address = line.trim().strip_prefix("https://").unwrap().to_owned();
    assert!(TcpStream::connect(address).is_ok());
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn it_refuses_what_it_cannot_do() {
    for (arguments, why) in [
        (&["--port", "x"][..], "bad port \"x\""),
        (&["--port"], "--port needs a value"),
        (&["--what"], "unknown option \"--what\""),
        (&["--token"], "--user, --password"),
        (&["--ca-file", "/dev/null"], "--ca-file needs --tls"),
    ] {
        let output = program(arguments).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(why), "{text}");
    }
    let help = program(&["--help"]).output().unwrap();
    assert!(help.stdout.starts_with(b"usage: ") && help.status.success());
}

#[test]
fn the_script_of_the_examples_lets_it_stay_until_a_signal() {
    let server = env!("CARGO_BIN_EXE_embedded-registry");
    let mut child = Command::new(SCRIPT)
        .args(["--stay", server, "open", "echo", "not shown"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = first_line(&mut child);
    let url = line
        .strip_prefix("The registry is at http://")
        .expect(&line);
    let address = url.split_once(". ").expect(url).0.to_owned();
    assert!(TcpStream::connect(&address).is_ok());

    // SIGTERM, as Ctrl-C sends SIGINT to both.
    let pid = child.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn the_script_of_the_examples_fails_as_its_command_does() {
    let server = env!("CARGO_BIN_EXE_embedded-registry");
    for stay in [&["--stay"][..], &[]] {
        let mut command = Command::new(SCRIPT);
        command.args(stay).args([server, "open", "false"]);
        let status = command.stdin(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(1));
    }
}
