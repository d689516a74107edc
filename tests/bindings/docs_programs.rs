//! The programs of docs do what their pages say, without a memory error or a leak.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use embedded_registry::{Fault, Options, Registry};
use support::c::{BuildOptions, Compiler, Output, Program, RUN_TIME, run_command};
use support::{programs, registries, root, temp};

use crate::examples::run_checked;

const NAME: &str = "reggie/docs";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const PROGRAMS: [&str; 27] = [
    "artifacts",
    "authentication",
    "copying",
    "deleting",
    "descriptors",
    "downloads",
    "errors",
    "files",
    "first-program",
    "incremental-uploads",
    "json",
    "layouts",
    "lists",
    "locating",
    "logging",
    "manifests",
    "options",
    "proxies",
    "pull",
    "push",
    "reading",
    "references",
    "requests",
    "retries",
    "threads",
    "time-limits",
    "tls",
    "uploads",
];

fn build_with(name: &str, options: &BuildOptions) -> Program {
    let source = root().join(format!("docs/programs/{name}.c"));
    Program::build(source, options).unwrap_or_else(|errors| panic!("{name}: {errors}"))
}

pub(crate) fn build(name: &str) -> Program {
    build_with(name, &BuildOptions::default())
}

/// Runs a program, under valgrind where that is installed; its output.
pub(crate) fn run(name: &str, arguments: &[&str]) -> Output {
    run_checked(&build(name), arguments, &[])
}

#[track_caller]
pub(crate) fn assert_stdout(output: &Output, expected: &str) {
    output.expect_success();
    assert_eq!(output.stdout, expected, "{}", output.stderr);
}

#[track_caller]
pub(crate) fn assert_fails(output: &Output, message: &str) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let all = format!("{}{}", output.stdout, output.stderr);
    assert!(all.contains(message), "{all}");
}

fn registry() -> Registry {
    Registry::start(Options::default())
}

#[test]
fn every_compiler_takes_them_without_a_warning() {
    for name in PROGRAMS {
        assert_fails(&build(name).run::<&str>(&[], &[]), "usage: ");
    }
    for (compiler, standard) in [
        (Compiler::Gcc, "c99"),
        (Compiler::Clang, "c99"),
        (Compiler::SystemCxx, "c++11"),
    ] {
        if compiler.is_at_hand() {
            for name in PROGRAMS {
                let options = BuildOptions {
                    compiler,
                    standard,
                    ..BuildOptions::default()
                };
                build_with(name, &options);
            }
        }
    }
}

#[test]
fn first_program_prints_a_manifest() {
    let registry = registry();
    registry.put_manifest(NAME, "v1", MANIFEST, "{}");
    let output = run("first-program", &[registry.url(), NAME, "v1"]);
    assert_stdout(&output, &format!("{MANIFEST}\n{{}}\n"));
    let output = run("first-program", &[registry.url(), NAME, "v2"]);
    assert_fails(&output, "status 404: MANIFEST_UNKNOWN");
    let output = run("first-program", &[registry.url(), "a b", "v2"]);
    assert_fails(&output, "invalid repository name");
}

#[test]
fn requests_lists_tags_page_by_page() {
    let registry = Registry::start(Options::default().page_size(2));
    for tag in ["a", "b", "c"] {
        registry.put_manifest(NAME, tag, MANIFEST, "{}");
    }
    let output = run("requests", &[registry.url(), NAME]);
    let pages = format!(
        "{{\"name\":\"{NAME}\",\"tags\":[\"a\",\"b\"]}}\n{{\"name\":\"{NAME}\",\"tags\":[\"c\"]}}\n"
    );
    assert_stdout(&output, &pages);
    assert_fails(&run("requests", &[registry.url(), "none"]), "NAME_UNKNOWN");
}

#[test]
fn authentication_finds_the_credentials_of_docker_login_and_podman_login() {
    let (user, password) = (registries::USER, registries::PASSWORD);
    let program = build("authentication");
    for options in [
        Options::default().basic(user, password),
        Options::default().token(user, password),
    ] {
        let registry = Registry::start(options);
        registry.put_manifest(NAME, "v1", MANIFEST, "{}");
        let home = temp::folder();
        let path = home.path().to_str().expect("a path in UTF-8");
        let run_in_home = |more: &[(&str, &str)]| {
            let mut command = Command::new(program.path());
            command
                .args([registry.url(), NAME])
                .env_clear()
                .env("LD_LIBRARY_PATH", program.shared_library_folder())
                .env("HOME", path)
                .env("XDG_RUNTIME_DIR", path)
                .envs(more.iter().copied());
            run_command(command, RUN_TIME)
        };
        assert_fails(&run_in_home(&[]), "status 401");
        let variables = [("REGISTRY_USER", user), ("REGISTRY_PASSWORD", password)];
        let output = run_in_home(&variables);
        assert!(output.expect_success().stdout.contains("v1"));

        let host = registry.url().replace("http://", "");
        // Base64 of user:password.
        let file = format!(r#"{{"auths":{{"{host}":{{"auth":"dXNlcjpwYXNzd29yZA=="}}}}}}"#);
        for place in [".docker/config.json", "containers/auth.json"] {
            let place = home.path().join(place);
            fs::create_dir(place.parent().expect("a directory")).expect("a new directory");
            fs::write(&place, &file).expect("a file");
            let output = run_in_home(&[]);
            assert!(output.expect_success().stdout.contains("v1"));
            let place = place.to_str().expect("a path in UTF-8");
            assert!(output.stderr.contains(place), "{}", output.stderr);
            fs::remove_file(place).expect("the file");
        }
    }
}

#[test]
fn errors_shows_failures_and_error_lists() {
    let registry = registry();
    registry.put_manifest(NAME, "v1", MANIFEST, "{}");
    let output = run("errors", &[registry.url(), NAME, "v1"]);
    assert_stdout(&output, "the manifest exists\n");
    let output = run("errors", &[registry.url(), NAME, "v2"]);
    assert_fails(&output, "HTTP status 404\nMANIFEST_UNKNOWN: ");
    let output = run("errors", &[registry.url(), "../a", "v2"]);
    assert_fails(&output, "status 8: invalid repository name\n");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let host = closed.local_addr().expect("an address").to_string();
    drop(closed);
    let output = run("errors", &[&format!("http://{host}"), NAME, "v1"]);
    for line in [
        "status 302: cannot connect\n",
        "step: connect\n",
        &format!("host: {host}\n"),
        "system: Connection refused\n",
        "the same call may succeed later\n",
    ] {
        assert_fails(&output, line);
    }
}

/// Accepts a connection and reads the head of a request.
fn accept(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().expect("a connection");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        head.push(byte[0]);
    }
    (stream, String::from_utf8(head).expect("a head in UTF-8"))
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

#[test]
fn time_limits_ends_calls_and_an_interrupt_cancels_them() {
    let registry = registry();
    let output = run("time-limits", &[registry.url(), "600"]);
    assert_stdout(&output, "HTTP status 200\n");

    let program = build("time-limits");
    let (listener, url) = listen();
    let output = program.run(&[&url, "1"], &[]);
    assert_fails(
        &output,
        "time limit exceeded while waiting in step \"receive\"",
    );

    let (other, url) = listen();
    let child = Command::new(program.path())
        .args([&url, "0"])
        .env("LD_LIBRARY_PATH", program.shared_library_folder())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a program that starts");
    let request = accept(&other);
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill").success());
    let output = child.wait_with_output().expect("its output");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "cancelled\n");
    drop((listener, request));
}

#[test]
fn retries_prints_each_decision() {
    let registry = registry();
    for _ in 0..2 {
        registry.fail_next(Fault::status(503));
    }
    let output = run("retries", &[registry.url()]);
    let expected = "attempt 1: GET, HTTP status 503, no error: retry\n\
                    attempt 2: GET, HTTP status 503, no error: retry\n\
                    HTTP status 200 after 3 requests\n";
    assert_stdout(&output, expected);
    registry.fail_next(Fault::status(429).add_header("Retry-After", "3600"));
    let output = run("retries", &[registry.url()]);
    assert_fails(&output, "the registry is busy for 3600 seconds\n");
}

#[test]
fn threads_and_a_child_share_a_client() {
    let registry = registry();
    let output = run("threads", &[registry.url()]);
    // The child prints nothing.
    assert_stdout(&output, "4 threads\nchild: 0\n");
}

#[test]
fn thread_sanitizer_finds_nothing_in_the_program() {
    let options = BuildOptions {
        arguments: vec!["-fsanitize=thread".to_owned()],
        ..BuildOptions::default()
    };
    let source = root().join("docs/programs/threads.c");
    let Ok(program) = Program::build(source, &options) else {
        let line = "the compiler has no ThreadSanitizer: its test is skipped";
        return programs::missing(line, "it does not link");
    };
    let registry = registry();
    let settings = [("TSAN_OPTIONS", "ignore_noninstrumented_modules=1")];
    let output = program.run(&[registry.url()], &settings);
    assert_stdout(&output, "4 threads\nchild: 0\n");
    assert_eq!(output.stderr, "");
}

#[test]
fn tls_trusts_only_the_given_authority() {
    let registry = Registry::start(Options::default().tls());
    let other = Registry::start(Options::default().tls());
    let program = build("tls");
    let run = |authority: &Registry| {
        let file = authority.ca_path().expect("an authority");
        let file = file.to_str().expect("a path in UTF-8");
        program.run(&[registry.url(), file], &[])
    };
    let output = run(&registry);
    let stdout = &output.expect_success().stdout;
    assert!(
        stdout.starts_with("HTTP status 200, handshake in "),
        "{stdout}"
    );
    assert_fails(&run(&other), "not trusted: certificate of 127.0.0.1");
    let output = program.run(&[registry.url(), "/nonexistent"], &[]);
    assert_fails(&output, "/nonexistent");
}

#[test]
fn proxies_uses_the_proxy_and_shows_its_refusal() {
    for (response, succeeds) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n", false),
    ] {
        let (listener, url) = listen();
        let address = listener.local_addr().expect("an address");
        let proxy = thread::spawn(move || {
            let (mut stream, head) = accept(&listener);
            stream
                .write_all(response.as_bytes())
                .expect("a client that reads");
            head
        });
        let output = run("proxies", &["http://registry.invalid", &url]);
        match succeeds {
            true => assert_stdout(&output, &format!("HTTP status 200 through {address}\n")),
            false => assert_fails(&output, "refused by the proxy: HTTP status 407\n"),
        }
        let head = proxy.join().expect("a request");
        assert!(
            head.starts_with("GET http://registry.invalid/v2/ HTTP/1.1\r\n"),
            "{head}"
        );
    }
}

#[test]
fn uploads_and_downloads_move_a_file() {
    let registry = registry();
    let folder = temp::folder();
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let content: Vec<u8> = (0..300_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    fs::write(path("in"), &content).expect("a file");
    let output = run("uploads", &[registry.url(), NAME, &path("in")]);
    let digest = output.expect_success().stdout.trim().to_owned();
    assert_eq!(registry.blob(NAME, &digest).as_ref(), Some(&content));

    let arguments = [registry.url(), NAME, &digest, &path("out")];
    let output = run("downloads", &arguments);
    assert_stdout(&output, "300000 bytes\n");
    assert!(output.stderr.ends_with("100 %\n"), "{}", output.stderr);
    assert_eq!(fs::read(path("out")).expect("the file"), content);

    let missing = format!("sha256:{}", "0".repeat(64));
    let output = run(
        "downloads",
        &[registry.url(), NAME, &missing, &path("none")],
    );
    assert_fails(&output, "status 404: BLOB_UNKNOWN");
    registry.fail_next(Fault::serve().corrupt_body(0));
    let output = run("downloads", &[registry.url(), NAME, &digest, &path("none")]);
    assert_fails(&output, &digest);
    assert!(!folder.path().join("none").exists());
    assert_fails(
        &run("uploads", &[registry.url(), NAME, &path("none")]),
        "none",
    );
}

#[test]
fn logging_shows_the_log_each_request_and_the_times() {
    let registry = registry();
    registry.put_manifest(NAME, "v1", MANIFEST, "{}");
    let output = run("logging", &[registry.url(), NAME]);
    let stdout = &output.expect_success().stdout;
    let start = format!(
        "GET, HTTP status 200\nfrom {}/v2/{NAME}/tags/list\nconnect: ",
        registry.url()
    );
    assert!(stdout.starts_with(&start), "{stdout}");
    assert!(
        output.stderr.contains("[debug] > GET "),
        "{}",
        output.stderr
    );
    let output = run("logging", &[registry.url(), "my repo"]);
    let message = "[debug] reggie_request_set_name: name \"my repo\" contains white space, \
                   byte 0x20 at offset 2";
    assert_fails(&output, message);
}

/// A Python that has cffi: the first in PATH, or the system's.
fn python() -> Option<&'static str> {
    let has_cffi = |python: &&str| {
        let output = Command::new(python).args(["-c", "import cffi"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has_cffi);
    if found.is_none() {
        let line = "cffi for Python is not installed: its test is skipped";
        programs::missing(line, "python3 -c 'import cffi' fails");
    }
    found
}

#[test]
fn bindings_is_a_binding_for_python() {
    let Some(python) = python() else {
        return;
    };
    let registry = registry();
    registry.put_manifest(NAME, "v1", MANIFEST, "{}");
    // Builds the folder with the library's SONAME.
    let libraries = build("first-program");
    let run = |url: &str, name: &str| {
        let mut command = Command::new(python);
        command
            .arg(root().join("docs/programs/bindings.py"))
            .arg(root().join("include/reggie.cdef.h"))
            .args([url, name])
            .env("LD_LIBRARY_PATH", libraries.shared_library_folder());
        run_command(command, RUN_TIME)
    };
    let output = run(registry.url(), NAME);
    assert_stdout(
        &output,
        &format!("{{\"name\":\"{NAME}\",\"tags\":[\"v1\"]}}\n"),
    );
    assert_fails(&run(registry.url(), "none"), "NAME_UNKNOWN");
    assert_fails(&run(registry.url(), "a b"), "invalid repository name");
    assert_fails(&run("nowhere", "none"), "registry address");
}
