//! Runs a registry until standard input is closed.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

use embedded_registry::{Options, Registry};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: embedded-registry [options]
  --user USER --password PASSWORD  ask for these credentials (HTTP Basic)
  --token                          ask for tokens, and give them to that user
  --tls                            serve HTTPS, certified by a private authority
  --self-signed                    serve HTTPS with a self-signed certificate
  --ca-file FILE                   write what clients have to trust to FILE
  --port PORT                      the port; without it the system chooses
  --prefix PATH                    serve the API under PATH/v2/
  --forget-over BYTES              do not keep longer blobs that are pushed
  --announce FILE                  write the URL to FILE once it listens
Prints its URL and serves until standard input ends, if that is a pipe, a
socket or a terminal, or until a signal ends it.
";

#[derive(Default)]
struct Arguments {
    user: Option<String>,
    password: Option<String>,
    token: bool,
    tls: bool,
    self_signed: bool,
    ca_file: Option<PathBuf>,
    port: u16,
    prefix: String,
    forget_over: Option<u64>,
    announce: Option<PathBuf>,
    help: bool,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("embedded-registry: {why}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut parsed = Arguments::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--user" => parsed.user = Some(value()?),
            "--password" => parsed.password = Some(value()?),
            "--token" => parsed.token = true,
            "--tls" => parsed.tls = true,
            "--self-signed" => parsed.self_signed = true,
            "--ca-file" => parsed.ca_file = Some(value()?.into()),
            "--port" => parsed.port = number("port", &value()?)?,
            "--forget-over" => parsed.forget_over = Some(number("length", &value()?)?),
            "--prefix" => parsed.prefix = value()?,
            "--announce" => parsed.announce = Some(value()?.into()),
            "--help" | "-h" => parsed.help = true,
            _ => return Err(format!("unknown option {argument:?}, see --help")),
        }
    }
    Ok(parsed)
}

fn number<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("bad {what} {text:?}"))
}

fn options(arguments: &Arguments) -> Result<Options, String> {
    let mut options = Options::default()
        .port(arguments.port)
        .prefix(&arguments.prefix);
    options =
        match (&arguments.user, &arguments.password) {
            (Some(user), Some(password)) if arguments.token => options.token(user, password),
            (Some(user), Some(password)) => options.basic(user, password),
            (None, None) if !arguments.token => options,
            _ => return Err(
                "--user, --password and --token: the first two go together, the last needs both"
                    .to_owned(),
            ),
        };
    if arguments.self_signed {
        options = options.self_signed();
    } else if arguments.tls {
        options = options.tls();
    }
    if let Some(bytes) = arguments.forget_over {
        options = options.forget_blobs_over(bytes);
    }
    Ok(options)
}

fn run(arguments: Arguments) -> Result<(), String> {
    if arguments.help {
        print!("{USAGE}");
        return Ok(());
    }
    // Remove the file of an earlier run.
    if let Some(file) = &arguments.announce
        && let Err(error) = std::fs::remove_file(file)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(format!("{}: {error}", file.display()));
    }
    let registry = Registry::try_start(options(&arguments)?).map_err(|error| error.to_string())?;
    if let Some(file) = &arguments.ca_file {
        let pem = registry
            .ca_pem()
            .ok_or("--ca-file needs --tls or --self-signed")?;
        write_whole(file, &pem)?;
    }
    if let Some(file) = &arguments.announce {
        write_whole(file, &format!("{}\n", registry.url()))?;
    }
    let mut out = io::stdout();
    // A reader of the file need not read the output.
    let told = writeln!(out, "{}", registry.url()).and_then(|()| out.flush());
    if arguments.announce.is_none() {
        told.map_err(|error| format!("stdout: {error}"))?;
    }
    wait_for_end().map_err(|error| format!("stdin: {error}"))
}

/// Writes a file atomically.
fn write_whole(path: &Path, text: &str) -> Result<(), String> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| format!("{}: {error}", path.display()))
}

/// Waits until standard input is closed. Shells redirect the input of
/// background jobs from `/dev/null`; in that case, runs until a signal.
fn wait_for_end() -> io::Result<()> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let kind = input.metadata()?.file_type();
    let terminal = io::IsTerminal::is_terminal(&input);
    if !(kind.is_fifo() || kind.is_socket() || terminal) {
        loop {
            std::thread::park();
        }
    }
    let mut sink = [0; 4096];
    loop {
        match input.read(&mut sink) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
    }
}
