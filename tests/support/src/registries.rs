//! Real registries, started for a test and stopped on drop.
//!
//! Each `start` gives `None`, after a line on stderr, where the program is not
//! at hand, so that a test begins with
//! `let Some(registry) = DockerRegistry::start(form) else { return };`.

use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::certificates::Certificates;
use super::server_process::ServerProcess;
use super::token_server::{ISSUER, SERVICE, TokenServer};
use super::{olareg_build, programs, temp};

/// The user that registries with credentials know.
pub const USER: &str = "user";
/// The password of [`USER`].
pub const PASSWORD: &str = "password";
/// The bcrypt form of [`PASSWORD`], as `htpasswd -Bbn` writes it. It is fixed,
/// as the password is, which spares the tests a program and a crate.
const PASSWORD_BCRYPT: &str = "$2y$05$eU80HCEpqq3Gu0UuT30nK.S9nuJZc0jvbj8js2FO/irOC7L.hnnX.";

/// How long a registry may take to start on a busy machine.
const START_TIME: Duration = Duration::from_secs(30);
/// How often a free port is looked for before giving up.
const PORT_TRIES: usize = 8;

/// The forms in which Debian's `docker-registry` is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DockerForm {
    /// Plain http, no credentials.
    Open,
    /// Plain http, Basic credentials.
    Basic,
    /// Https, no credentials.
    Tls,
    /// Https, Basic credentials.
    BasicTls,
}

/// The forms in which olareg is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OlaregForm {
    /// Plain http, no credentials.
    Open,
    /// Plain http, Basic credentials.
    Basic,
    /// Plain http, Bearer tokens from its own token server.
    Token,
    /// Https, no credentials.
    Tls,
}

/// A running registry.
pub struct Registry {
    // Before the folders, as fields are dropped in order: the server has ended
    // by the time its files are removed.
    process: ServerProcess,
    address: SocketAddr,
    certificates: Option<Certificates>,
    credentials: bool,
    folder: TempDir,
}

impl Registry {
    /// The address with its scheme, as in `http://127.0.0.1:5000`.
    pub fn url(&self) -> String {
        let scheme = match self.certificates {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// The address without a scheme, as in `127.0.0.1:5000`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The PEM file to trust, for the forms with TLS.
    pub fn ca_path(&self) -> Option<PathBuf> {
        self.certificates.as_ref().map(Certificates::ca_path)
    }

    /// The user name, for the forms with credentials.
    pub fn user(&self) -> Option<&'static str> {
        self.credentials.then_some(USER)
    }

    /// The password, for the forms with credentials.
    pub fn password(&self) -> Option<&'static str> {
        self.credentials.then_some(PASSWORD)
    }

    /// What the registry wrote so far, its access log included.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until `find` finds something in a line of the log; false after
    /// `time`.
    pub fn wait_for_log(&self, time: Duration, find: impl Fn(&str) -> Option<()>) -> bool {
        let deadline = Instant::now() + time;
        self.process.wait_for_line(deadline, find).is_some()
    }

    /// The process id, by which a test can stop or pause the registry.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The folder with its configuration and storage.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Starts Debian's `docker-registry` (distribution 2.8).
pub struct DockerRegistry;

impl DockerRegistry {
    /// Starts it with an empty storage and deletes allowed.
    pub fn start(form: DockerForm) -> Option<Registry> {
        Self::launch(form, None)
    }

    /// Starts it without TLS; it wants tokens that `tokens` has signed.
    pub fn start_with_tokens(tokens: &TokenServer) -> Option<Registry> {
        Self::launch(DockerForm::Open, Some(tokens))
    }

    fn launch(form: DockerForm, tokens: Option<&TokenServer>) -> Option<Registry> {
        let Some(program) = programs::find("docker-registry") else {
            programs::missing(
                "docker-registry is not installed: its tests are skipped",
                "not in PATH",
            );
            return None;
        };
        Some(Self::run(&program, form, tokens))
    }

    /// Starts a program that takes the arguments and the settings of
    /// docker-registry.
    fn run(program: &Path, form: DockerForm, tokens: Option<&TokenServer>) -> Registry {
        let basic = matches!(form, DockerForm::Basic | DockerForm::BasicTls);
        let certificates =
            matches!(form, DockerForm::Tls | DockerForm::BasicTls).then(Certificates::new);
        let folder = temp::folder();
        let config = folder.path().join("config.yml");
        let mut text = docker_config(folder.path(), basic, certificates.as_ref());
        if let Some(tokens) = tokens {
            text += &docker_tokens(tokens);
        }
        let credentials = basic || tokens.is_some();
        fs::write(&config, text).expect("the folder is writable");

        // Distribution 3 sends traces otherwise.
        let args = [OsStr::new("OTEL_TRACES_EXPORTER=none"), program.as_os_str()];
        let args = [&args[..], &[OsStr::new("serve"), config.as_os_str()]].concat();
        let process = ServerProcess::spawn(Path::new("/usr/bin/env"), &args).expect("env can run");
        let Some(address) = process.wait_for_line(Instant::now() + START_TIME, docker_address)
        else {
            panic!("{} did not start: {}", program.display(), process.log());
        };
        TcpStream::connect(address).expect("the registry takes connections");
        Registry {
            process,
            address,
            certificates,
            credentials,
            folder,
        }
    }
}

/// Starts distribution 3, the successor of Debian's `docker-registry`.
pub struct Distribution;

impl Distribution {
    /// Starts the program with an empty storage and deletes allowed.
    pub fn start(program: &Path, form: DockerForm) -> Registry {
        DockerRegistry::run(program, form, None)
    }
}

/// Starts the registry of go-containerregistry, which keeps all in memory.
pub struct GgcrRegistry;

impl GgcrRegistry {
    /// Starts the program.
    pub fn start(program: &Path) -> Registry {
        let process = ServerProcess::spawn(program, &["-port", "0"].map(OsStr::new))
            .expect("the registry can be run");
        let port = |line: &str| line.split_once("serving on port ")?.1.trim().parse().ok();
        let Some(port) = process.wait_for_line(Instant::now() + START_TIME, port) else {
            panic!("{} did not start: {}", program.display(), process.log());
        };
        Registry {
            process,
            address: (Ipv4Addr::LOCALHOST, port).into(),
            certificates: None,
            credentials: false,
            folder: temp::folder(),
        }
    }
}

fn docker_config(folder: &Path, credentials: bool, certificates: Option<&Certificates>) -> String {
    let storage = folder.join("storage");
    // Port 0: the system chooses, and the log tells what it chose.
    let mut text = format!(
        "version: 0.1
log: {{level: info}}
storage:
  filesystem: {{rootdirectory: {storage:?}}}
  delete: {{enabled: true}}
  maintenance: {{uploadpurging: {{enabled: false}}}}
http:
  addr: 127.0.0.1:0
  secret: shared by nobody
"
    );
    if let Some(certificates) = certificates {
        let certificate = certificates.certificate_path();
        let key = certificates.key_path();
        text += &format!("  tls: {{certificate: {certificate:?}, key: {key:?}}}\n");
    }
    if credentials {
        let file = folder.join("htpasswd");
        fs::write(&file, format!("{USER}:{PASSWORD_BCRYPT}\n")).expect("the folder is writable");
        text += &format!("auth: {{htpasswd: {{realm: reggie, path: {file:?}}}}}\n");
    }
    text
}

fn docker_tokens(tokens: &TokenServer) -> String {
    let (realm, bundle) = (tokens.realm(), tokens.bundle());
    format!(
        "auth:
  token: {{realm: {realm:?}, service: {SERVICE:?}, issuer: {ISSUER:?}, rootcertbundle: {bundle:?}}}
"
    )
}

/// Finds the address in `msg="listening on 127.0.0.1:5000, tls"`.
fn docker_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on ")?;
    rest.split(['"', ',']).next()?.parse().ok()
}

/// Starts olareg.
pub struct Olareg;

impl Olareg {
    /// Starts it with an empty storage in memory and deletes allowed.
    pub fn start(form: OlaregForm) -> Option<Registry> {
        Self::start_with(form, &[])
    }

    /// Starts it with further arguments of `olareg serve`, which win over ours,
    /// as in `&["--rate-limit", "5"]` or `&["--store-type", "dir"]`.
    pub fn start_with(form: OlaregForm, more: &[&str]) -> Option<Registry> {
        let program = match olareg_build::program() {
            Ok(program) => program,
            Err(reason) => {
                programs::missing(
                    "olareg is not built (needs go): its tests are skipped",
                    reason,
                );
                return None;
            }
        };
        let mut log = String::new();
        for _ in 0..PORT_TRIES {
            match try_olareg(program, form, more) {
                Ok(registry) => return Some(registry),
                Err(text) => log = text,
            }
            // Another process may have taken the port in the meantime. Any
            // other reason will not go away.
            if !log.contains("address already in use") {
                break;
            }
        }
        panic!("olareg did not start: {log}");
    }
}

/// Starts olareg once; an error is its log.
fn try_olareg(program: &Path, form: OlaregForm, more: &[&str]) -> Result<Registry, String> {
    // Olareg does not tell which port it got for port 0.
    let address = free_address();
    let folder = temp::folder();
    let storage = folder.path().join("storage");
    fs::create_dir(&storage).expect("the folder is writable");
    let port = address.port().to_string();
    let url = format!("http://{address}");
    let users = folder.path().join("users.yml");
    let certificates = (form == OlaregForm::Tls).then(Certificates::new);
    let files = certificates
        .as_ref()
        .map(|made| (made.certificate_path(), made.key_path()));

    let mut args: Vec<&OsStr> = ["serve", "--verbosity", "debug", "--store-type", "mem"]
        .into_iter()
        .chain(["--api-delete", "--api-blob-delete"])
        .chain(["--addr", "127.0.0.1", "--port", &port, "--dir"])
        .map(OsStr::new)
        .collect();
    args.push(storage.as_os_str());
    match form {
        OlaregForm::Open => {}
        OlaregForm::Basic => args.extend([OsStr::new("--auth-basic"), users.as_os_str()]),
        OlaregForm::Token => args.extend([
            OsStr::new("--auth-token-opaque"),
            users.as_os_str(),
            OsStr::new("--external-url"),
            OsStr::new(&url),
        ]),
        OlaregForm::Tls => {}
    }
    if let Some((certificate, key)) = &files {
        args.extend([OsStr::new("--tls-cert"), certificate.as_os_str()]);
        args.extend([OsStr::new("--tls-key"), key.as_os_str()]);
    }
    args.extend(more.iter().map(OsStr::new));
    let credentials = matches!(form, OlaregForm::Basic | OlaregForm::Token);
    if credentials {
        let text = format!(
            "users: {{{USER}: {{cred: \"{PASSWORD_BCRYPT}\"}}}}
groups: {{}}
acls: [{{repo: \"*\", members: [\"{USER}\"], access: [\"*\"]}}]
"
        );
        fs::write(&users, text).expect("the folder is writable");
    }

    let process = ServerProcess::spawn(program, &args).expect("olareg can be run");
    let deadline = Instant::now() + START_TIME;
    let launched = process.wait_for_line(deadline, |line| {
        line.contains("launching server").then_some(())
    });
    // That line comes a moment before the server listens, and nothing comes
    // after, so the rest is looked for: the only event is an early end.
    while launched.is_some() && Instant::now() < deadline {
        if listens(process.id(), address) {
            return Ok(Registry {
                process,
                address,
                certificates,
                credentials,
                folder,
            });
        }
        if process.wait_for_end(Duration::from_millis(2)) {
            break;
        }
    }
    Err(process.log())
}

/// An address on loopback that nobody listened on a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("loopback has free ports")
}

/// Tells if a socket of the process listens on `address`.
///
/// A connect alone could reach a server of another process that took the port.
fn listens(process: u32, address: SocketAddr) -> bool {
    const LISTEN: &str = "0A";
    let Ok(table) = fs::read_to_string(format!("/proc/{process}/net/tcp")) else {
        return false;
    };
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    // Columns: slot, local address, remote address, state, ..., inode.
    let port = format!(":{:04X}", address.port());
    let sockets: Vec<String> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|row| row.len() > 9 && row[1].ends_with(&port) && row[3] == LISTEN)
        .map(|row| format!("socket:[{}]", row[9]))
        .collect();
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == &**socket))
}
