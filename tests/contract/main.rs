//! The contract with C, as programs of `tests/c` see it.
//!
//! They run in their main thread, in a thread with a stack of 128 KiB and in a
//! child, and under valgrind, some also linked with the static library.

mod abi;
mod arguments;
mod cdef;
mod content;
mod header;
mod header_text;
mod programs;
mod servers;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use embedded_registry::{Options, Registry};

use self::programs::*;
use self::servers::*;
use support::c::{BuildOptions, Compiler, Program};
use support::temp;

/// How large a large blob is: 1 GiB; with TLS a quarter of it.
const LARGE: u64 = 1 << 30;

// What handles, userdata and callbacks do.

#[test]
fn handles_are_freed_in_any_order() {
    everywhere("ownership", &[vec![server(false).url()]]);
}

#[test]
fn userdata_is_freed_exactly_once() {
    everywhere("userdata", &[vec![server(false).url()]]);
}

#[test]
fn callbacks_decide_what_a_call_does() {
    let servers = servers();
    everywhere("callbacks", &servers.each_ref().map(whereabouts));
}

#[test]
fn bodies_are_sent_in_sections_and_received_verified() {
    let servers = servers();
    everywhere("bodies", &servers.each_ref().map(whereabouts));
}

#[test]
fn warnings_are_told_once() {
    let servers = servers();
    everywhere("warnings", &servers.each_ref().map(whereabouts));
}

#[test]
fn callbacks_may_use_the_same_client() {
    let servers = servers();
    everywhere("nested", &servers.each_ref().map(whereabouts));
}

#[test]
fn a_callback_decides_on_certificates() {
    everywhere("certificates", &[whereabouts(&server(true))]);
}

#[test]
fn connections_to_a_server_can_be_limited() {
    let servers = servers();
    everywhere("connections", &servers.each_ref().map(whereabouts));
}

#[test]
fn the_environment_is_read_when_a_client_is_made_if_at_all() {
    let server = server(true);
    let home = temp::folder();
    let folder = home.path().join(".config/containers/certs.d");
    let folder = folder.join(server.address().to_string());
    fs::create_dir_all(&folder).expect("made");
    fs::copy(ca(&server), folder.join("ca.crt")).expect("copied");
    fs::copy(ca(&server), home.path().join("01234567.0")).expect("copied");
    let mut arguments = whereabouts(&server);
    arguments.push(home.path().display().to_string());
    arguments.push(home.path().join("keys").display().to_string());
    arguments.push(Refusing::new().url());
    everywhere("environment", &[arguments]);
}

#[test]
fn constants_and_functions_say_the_same() {
    let header = read("include/reggie.h");
    let statuses = header.lines().filter_map(|line| {
        let (name, number) = line.strip_prefix("#define REGGIE_")?.split_once(' ')?;
        let other = [
            "EXISTING_",
            "IP_",
            "JSON_",
            "LOG_",
            "PHASE_",
            "PROGRESS_BEGIN",
            "PROGRESS_DONE",
            "PROGRESS_END",
            "PROGRESS_FAIL",
            "PROGRESS_MOVE",
            "PROGRESS_RESTART",
            "PROGRESS_SKIP",
            "PROGRESS_WAIT",
            "PURPOSE_",
            "REDIRECT_FOLLOW",
            "REDIRECT_RETURN",
            "TIME_",
            "TLS_",
            "VERSION",
        ];
        let is_status = !other.iter().any(|prefix| name.starts_with(prefix));
        (is_status && number.parse::<i32>().is_ok()).then_some(number)
    });
    let arguments: Vec<&str> = [env!("CARGO_PKG_VERSION")]
        .into_iter()
        .chain(statuses)
        .collect();
    everywhere_and_linked_statically("constants", &[arguments]);
}

// What the process around the library notices.

#[test]
fn peers_and_readers_that_go_raise_no_sigpipe() {
    let servers = servers();
    everywhere_and_linked_statically("sigpipe", &servers.each_ref().map(whereabouts));
}

#[test]
fn signals_do_no_harm_and_get_none() {
    let servers = servers();
    let folder = temp::folder();
    let arguments = servers.each_ref().map(|server| {
        let mut arguments = whereabouts(server);
        arguments.push(folder.path().display().to_string());
        arguments
    });
    everywhere("signals", &arguments);
}

#[test]
fn a_child_leaves_the_parents_connections_alone() {
    let servers = servers();
    everywhere_and_linked_statically("fork", &servers.each_ref().map(whereabouts));
    for server in &servers {
        let requests = server.requests();
        let connections = |target: &str| -> BTreeSet<usize> {
            requests
                .iter()
                .filter(|request| request.target == target)
                .map(|request| request.connection)
                .collect()
        };
        let (parents, children) = (connections("/parent"), connections("/child"));
        assert!(!parents.is_empty() && !children.is_empty());
        assert!(parents.is_disjoint(&children), "{parents:?} {children:?}");
    }
}

#[test]
fn nothing_is_left_behind_and_nothing_inherited() {
    let servers = servers();
    let refusing = Refusing::new();
    let folder = temp::folder();
    let arguments = servers.each_ref().map(|server| {
        // A name, so that it has to be resolved.
        let url = server.url().replace("127.0.0.1", "localhost");
        let folder = folder.path().display().to_string();
        vec![url, ca(server), folder, refusing.url()]
    });
    everywhere_and_linked_statically("guest", &arguments);
}

#[test]
fn debug_goes_to_stderr_without_secrets() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let server = server(false);
    let url = server.url();
    let program = build_linked("debug", false);
    for way in WAYS {
        let output = program.run(&[way, &url], &[]);
        output.expect_success();
        assert_eq!(output.stdout, "done\n");
        for part in ["GET /challenge", "401", "200", "uthorization"] {
            assert!(output.stderr.contains(part), "{part}\n{}", output.stderr);
        }
        // The password, and user and password in Base64.
        for part in ["secret", "dXNlcjpzZWNyZXQ"] {
            assert!(!output.stderr.contains(part), "{part}\n{}", output.stderr);
        }
    }
    if let Some(output) = program.valgrind(&["main", &url], &[]) {
        output.expect_success();
    }
}

#[test]
fn the_log_says_which_byte_of_an_argument_is_invalid() {
    let servers = servers();
    everywhere("argument_log", &servers.each_ref().map(whereabouts));
}

#[test]
fn handles_move_from_thread_to_thread() {
    let servers = servers();
    everywhere("moves", &servers.each_ref().map(whereabouts));
    // Two connections each time: the one of the body that was given up, and
    // the one after it.
    let valgrind = usize::from(support::programs::find("valgrind").is_some());
    for server in &servers {
        assert_eq!(server.connections(), 2 * (WAYS.len() + valgrind));
    }
}

/// Runs the threads, and counts their requests and connections.
fn run_threads(registry: &Registry, threads: usize, requests: usize, valgrind: bool) {
    let names = ["a/b", "c/d"];
    let digest = names.map(|name| registry.put_blob(name, b"the blob".to_vec()))[0].clone();
    let ca = registry_ca(registry);
    let program = build_linked("threads", false);
    let (threads_text, requests_text) = (threads.to_string(), requests.to_string());
    let arguments = [
        registry.url(),
        &ca,
        names[0],
        names[1],
        &digest,
        &threads_text,
        &requests_text,
    ];
    registry.clear_requests();
    let before = registry.connections();
    if valgrind {
        if run_in_valgrind(&program, "main", &arguments).is_none() {
            return;
        }
    } else {
        run(&program, "main", &arguments);
    }
    let right = registry
        .requests()
        .iter()
        .filter(|request| request.status == Some(200) && request.path().starts_with("/v2/"))
        .count();
    assert_eq!(right, threads * requests);
    let connections = registry.connections() - before;
    assert!(connections <= threads, "{connections} connections");
}

#[test]
fn a_client_is_shared_by_two_hundred_threads() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    run_threads(&Registry::start(Options::default()), 200, 50, false);
    let token = Registry::start(Options::default().token("user", "pass"));
    run_threads(&token, 200, 50, false);
    // Valgrind runs one thread at a time.
    run_threads(&token, 200, 3, true);
    let tls = Registry::start(Options::default().tls().basic("user", "pass"));
    run_threads(&tls, 32, 10, false);
}

#[test]
fn what_a_server_sends_does_not_decide_about_memory() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let server = server(false);
    for static_library in [false, true] {
        let program = build_linked("limits", static_library);
        for way in WAYS {
            run(&program, way, &[&server.url(), "measured"]);
        }
        if !static_library {
            run_in_valgrind(&program, "main", &[&server.url(), "not"]);
        }
    }
}

#[test]
fn a_call_without_memory_fails_and_the_client_goes_on() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build_linked("no_memory", false);
    let [plain, tls] = &servers();
    for (way, server) in [("main", plain), ("thread", plain), ("main", tls)] {
        let arguments = whereabouts(server);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&program, way, &arguments);
    }
}

/// Streams blobs of this size, down and up.
fn stream(program: &Program, options: Options, size: u64) {
    let most = (4 * 1024).to_string();
    let registry = Registry::start(options.forget_blobs_over(1 << 20));
    let digest = registry.put_synthetic_blob("a/b", size, 7);
    let folder = temp::folder();
    let path = folder.path().join("sparse");
    let file = fs::File::create(&path).expect("the folder is writable");
    file.set_len(size).expect("files may have holes");
    let (path, size) = (path.display().to_string(), size.to_string());
    let place = [registry.url(), &registry_ca(&registry), &most];
    for what in [
        ["pull", &size, &digest].as_slice(),
        &["down", "/dev/null", &digest],
        &["up", &path],
    ] {
        run(program, "main", &[&place, what].concat());
    }
    let last = registry.requests().pop().expect("requests");
    assert_eq!((last.method.as_str(), last.status), ("PUT", Some(201)));
    assert_eq!(last.body_length.to_string(), size);
}

#[test]
fn large_blobs_take_constant_memory() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build_linked("stream", false);
    stream(&program, Options::default(), LARGE);
    stream(&program, Options::default().tls(), LARGE / 4);
}

#[test]
fn credentials_come_from_a_callback_files_and_helpers() {
    let server = server(false);
    let folder = temp::folder();
    let entry = format!(
        r#"{{"auths":{{"{}":{{"auth":"ZW50cnk6cGFzcw=="}}}}}}"#,
        server.authority()
    );
    for (name, text) in [
        ("helper.json", r#"{"credsStore":"desktop"}"#),
        ("hangs.json", r#"{"credsStore":"hangs"}"#),
        ("entry.json", &entry),
    ] {
        fs::write(folder.path().join(name), text).expect("the folder is writable");
    }
    let helpers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/credentials/bin");
    everywhere(
        "credentials",
        &[vec![
            server.url(),
            folder.path().display().to_string(),
            helpers.display().to_string(),
        ]],
    );
}

// What compilers say.

#[test]
fn every_compiler_takes_the_programs() {
    let mut names: Vec<PathBuf> = fs::read_dir(sources())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    names.sort();
    for (compiler, standard) in [
        (Compiler::Gcc, "c99"),
        (Compiler::Clang, "c99"),
        (Compiler::SystemCxx, "c++11"),
    ] {
        if !compiler.is_at_hand() {
            continue;
        }
        let options = BuildOptions {
            compiler,
            standard,
            arguments: vec![
                "-fsyntax-only".to_owned(),
                "-Wno-unused-command-line-argument".to_owned(),
            ],
            ..BuildOptions::default()
        };
        for name in &names {
            if let Err(words) = Program::build(name, &options) {
                panic!("{compiler:?} {}\n{words}", name.display());
            }
        }
    }
}

#[test]
fn programs_in_cxx_do_the_same() {
    if !Compiler::SystemCxx.is_at_hand() {
        return;
    }
    let server = server(false);
    for name in ["userdata", "ownership"] {
        let options = BuildOptions {
            compiler: Compiler::SystemCxx,
            standard: "c++11",
            ..BuildOptions::default()
        };
        let program = build(name, &options);
        run(&program, "main", &[&server.url()]);
        run_in_valgrind(&program, "main", &[&server.url()]);
    }
}
