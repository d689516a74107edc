//! Builds and runs C and C++ programs that use the library.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{programs, root, temp};

/// How long a program may run unless told otherwise: only one that hangs takes
/// that long, on a busy machine too.
pub const RUN_TIME: Duration = Duration::from_secs(300);
/// How much longer it may run under valgrind.
const VALGRIND_FACTOR: u32 = 5;
/// The exit code by which valgrind tells that it found something.
pub const VALGRIND_FOUND: i32 = 99;

/// What the static library of Rust's std needs on Linux.
const STATIC_LIBRARIES: [&str; 7] = [
    "-lgcc_s",
    "-lutil",
    "-lrt",
    "-lpthread",
    "-lm",
    "-ldl",
    "-lc",
];

/// The compilers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// The system's C compiler, or what `CC` names.
    System,
    /// GCC.
    Gcc,
    /// Clang.
    Clang,
    /// The system's C++ compiler, or what `CXX` names.
    SystemCxx,
}

impl Compiler {
    /// Tells if it is installed, after a line on stderr if not.
    pub fn is_at_hand(self) -> bool {
        let name = match self {
            Self::System => "cc",
            Self::Gcc => "gcc",
            Self::Clang => "clang",
            Self::SystemCxx => "c++",
        };
        let found = programs::find(name).is_some();
        if !found {
            programs::missing(
                &format!("{name} is not installed: its tests are skipped"),
                "not in PATH",
            );
        }
        found
    }

    fn is_cxx(self) -> bool {
        self == Self::SystemCxx
    }
}

/// The sanitizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sanitizer {
    /// Memory errors and leaks.
    Address,
    /// Undefined behaviour.
    Undefined,
}

/// How a program is built.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// The language standard, `c99` unless told otherwise.
    pub standard: &'static str,
    /// Makes warnings errors; true unless told otherwise.
    pub werror: bool,
    /// Links the static library instead of the shared one.
    pub static_library: bool,
    /// Builds a program that checks itself.
    pub sanitizer: Option<Sanitizer>,
    /// Which compiler.
    pub compiler: Compiler,
    /// Folders with headers, besides `include` of this workspace.
    pub include: Vec<PathBuf>,
    /// Further arguments, after the source and before the library.
    pub arguments: Vec<String>,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            standard: "c99",
            werror: true,
            static_library: false,
            sanitizer: None,
            compiler: Compiler::System,
            include: Vec::new(),
            arguments: Vec::new(),
        }
    }
}

/// The folder where cargo left `libreggie.so` and `libreggie.a`.
pub fn library_folder() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    program
        .parent()
        .expect("a program lies in a folder")
        .to_path_buf()
}

/// A built program, removed on drop.
pub struct Program {
    folder: TempDir,
}

impl Program {
    /// Compiles one source file; an error is what the compiler wrote.
    pub fn build(source: impl AsRef<Path>, options: &BuildOptions) -> Result<Self, String> {
        let folder = temp::folder();
        let shared = library_folder().join("libreggie.so");
        // The linker looks for the first name, the loader for the second, the
        // SONAME. In a folder of the program's own, nothing collides.
        for name in ["libreggie.so", "libreggie.so.0"] {
            symlink(&shared, folder.path().join(name)).map_err(|error| error.to_string())?;
        }

        let mut command = compile_command(options);
        command
            .arg("-x")
            .arg(if options.compiler.is_cxx() {
                "c++"
            } else {
                "c"
            })
            .arg(source.as_ref())
            // What follows is told by its name again.
            .args(["-x", "none"])
            .args(&options.arguments)
            .arg("-o")
            .arg(folder.path().join("program"));
        if options.static_library {
            command.arg(library_folder().join("libreggie.a"));
            command.args(STATIC_LIBRARIES);
        } else {
            let mut path = std::ffi::OsString::from("-Wl,-rpath,");
            path.push(folder.path());
            command.arg("-L").arg(folder.path());
            command.arg("-lreggie").arg(path).arg("-lpthread");
        }

        let output = command
            .output()
            .map_err(|error| format!("{command:?}: {error}"))?;
        if output.status.success() {
            Ok(Self { folder })
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// The executable file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    /// The folder to give as `LD_LIBRARY_PATH` to programs of others.
    pub fn shared_library_folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs it for [`RUN_TIME`] at most, with `environment` on top of ours.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A], environment: &[(&str, &str)]) -> Output {
        self.run_for(RUN_TIME, arguments, environment)
    }

    /// Runs it for `time` at most and kills it then.
    pub fn run_for<A: AsRef<OsStr>>(
        &self,
        time: Duration,
        arguments: &[A],
        environment: &[(&str, &str)],
    ) -> Output {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        run_command(command, time)
    }

    /// The command that runs it.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(self.path());
        command
            .args(arguments)
            .env("LD_LIBRARY_PATH", self.folder.path());
        command
    }

    /// Runs it under valgrind, which makes the exit code [`VALGRIND_FOUND`]
    /// for a memory error or leak.
    ///
    /// `None`, after a line on stderr, where valgrind is not installed.
    pub fn valgrind<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        environment: &[(&str, &str)],
    ) -> Option<Output> {
        let Some(valgrind) = programs::find("valgrind") else {
            programs::missing(
                "valgrind is not installed: its tests are skipped",
                "not in PATH",
            );
            return None;
        };
        let mut command = Command::new(valgrind);
        command
            .args(["-q", "--leak-check=full"])
            .arg("--show-leak-kinds=definite,indirect,possible")
            .arg("--errors-for-leak-kinds=definite,indirect,possible")
            .arg(format!("--error-exitcode={VALGRIND_FOUND}"))
            .arg(self.path())
            .args(arguments)
            .envs(environment.iter().copied())
            .env("LD_LIBRARY_PATH", self.folder.path());
        Some(run_command(command, RUN_TIME * VALGRIND_FACTOR))
    }
}

/// The compiler with its options, before any file.
fn compile_command(options: &BuildOptions) -> Command {
    let libc = if cfg!(target_env = "musl") {
        "musl"
    } else {
        "gnu"
    };
    let target = format!("{}-unknown-linux-{libc}", std::env::consts::ARCH);
    let mut build = cc::Build::new();
    build
        .target(&target)
        .host(&target)
        .opt_level(0)
        .debug(true)
        .cargo_metadata(false)
        .cargo_warnings(false)
        .cpp(options.compiler.is_cxx())
        .std(options.standard)
        .warnings(true)
        .extra_warnings(true)
        .warnings_into_errors(options.werror)
        .flag("-pedantic")
        .include(root().join("include"))
        .includes(&options.include);
    match options.compiler {
        Compiler::System | Compiler::SystemCxx => {}
        Compiler::Gcc => drop(build.compiler("gcc")),
        Compiler::Clang => drop(build.compiler("clang")),
    }
    let sanitizer = match options.sanitizer {
        None => None,
        Some(Sanitizer::Address) => Some("-fsanitize=address"),
        Some(Sanitizer::Undefined) => Some("-fsanitize=undefined"),
    };
    if let Some(flag) = sanitizer {
        build
            .flag(flag)
            .flag("-fno-sanitize-recover=all")
            .flag("-fno-omit-frame-pointer");
    }
    build.get_compiler().to_command()
}

/// What a program did.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Whether it was killed here, for taking too long.
    pub timed_out: bool,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Output {
    /// Panics with all that is known unless the program ended with 0.
    #[track_caller]
    pub fn expect_success(&self) -> &Self {
        assert!(
            self.status.success(),
            "the program ended with {}{}\n--- stdout\n{}\n--- stderr\n{}",
            self.status,
            if self.timed_out { ", out of time" } else { "" },
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Runs any command for `time` at most, without input.
pub fn run_command(mut command: Command, time: Duration) -> Output {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let deadline = Instant::now() + time;
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = read_aside(child.stdout.take());
    let stderr = read_aside(child.stderr.take());

    // The end of both pipes is the sign that the program ended.
    let (stdout, stdout_over) = receive_until(&stdout, deadline);
    let (stderr, stderr_over) = receive_until(&stderr, deadline);
    let ended = stdout_over && stderr_over && ends_by(&mut child, deadline);
    if !ended {
        // Fails only where it ended just now.
        let _ = child.kill();
    }
    let status = child.wait().expect("a child can be waited for");
    Output {
        status,
        signal: status.signal(),
        timed_out: !ended,
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Reads `pipe` in a thread and sends what comes; the channel ends with it.
fn read_aside(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let mut pipe = pipe.expect("the pipe was asked for");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) if sender.send(buffer[..length].to_vec()).is_ok() => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => break,
            }
        }
    });
    receiver
}

/// Gathers until the channel ends; the flag tells if it did by the deadline.
fn receive_until(receiver: &Receiver<Vec<u8>>, deadline: Instant) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match receiver.recv_timeout(left) {
            Ok(part) => all.extend(part),
            Err(mpsc::RecvTimeoutError::Disconnected) => return (all, true),
            Err(mpsc::RecvTimeoutError::Timeout) => return (all, false),
        }
    }
}

/// Waits for a child whose pipes are closed, so that it ends within moments.
///
/// It looks again and again, as std cannot wait for a child until a deadline.
fn ends_by(child: &mut Child, deadline: Instant) -> bool {
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
            Ok(status) => return status.is_some(),
            Err(_) => return false,
        }
    }
}
