//! Calls that hang are ended: by a cancel handle and by time limits, in each of
//! their steps, as a program in C sees it.
//!
//! How soon calls end after a trigger is measured by hand, on an idle machine,
//! with 100 tries for each step and way:
//!
//! ```text
//! REGGIE_TRIES=100 cargo test --test limits each_step -- --nocapture --test-threads 1
//! ```
//!
//! That takes ten minutes and more; `REGGIE_STEP` names one of the steps of
//! `hang.h`, or how several of them begin.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use support::c::{BuildOptions, Compiler, Output, Program};

use crate::hanging_servers::Places;

/// Long enough for all steps in all ways, on a busy machine too.
const TIME: Duration = Duration::from_secs(300);

fn build(name: &str, arguments: &[&str]) -> Program {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c");
    let options = BuildOptions {
        arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
        ..BuildOptions::default()
    };
    Program::build(source.join(name), &options).unwrap_or_else(|words| panic!("{name}\n{words}"))
}

/// What a program did that ended well and in silence.
fn expect_done(output: &Output) {
    output.expect_success();
    assert_eq!(output.stderr, "", "the library prints nothing");
    assert!(output.stdout.ends_with("done\n"), "{}", output.stdout);
    eprint!("{}", output.stdout);
}

/// Runs a program in which look-ups of names hang until it makes a file.
fn run_slow_names(
    program: &Program,
    time: Duration,
    places: &Places,
    arguments: &[String],
    environment: &[(&str, &str)],
) -> Output {
    let slow = build("preload_getaddrinfo.c", &["-shared", "-fPIC"]);
    let preload = slow.path().display().to_string();
    let end = places.folder.path().join("end of look-ups");
    let end = end.display().to_string();
    let hang = [
        ("LD_PRELOAD", preload.as_str()),
        ("REGGIE_TEST_LOOKUPS_END", end.as_str()),
    ];
    program.run_for(time, arguments, &[&hang, environment].concat())
}

/// Ends calls that hang, in a main thread or one with a small stack.
fn end_calls(way: &str, tls: bool, what: &str) {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let places = Places::new(tls);
    let tries = std::env::var("REGGIE_TRIES").unwrap_or_else(|_| "1".to_owned());
    let arguments = [
        vec![way.to_owned()],
        places.arguments(),
        vec![tries, what.to_owned()],
    ]
    .concat();
    let program = build("cancel.c", &[]);
    let time = TIME * std::env::var("REGGIE_TRIES").map_or(1, |_| 20);
    expect_done(&run_slow_names(&program, time, &places, &arguments, &[]));
}

/// Those that are measured by hand, or all.
fn steps() -> String {
    std::env::var("REGGIE_STEP").unwrap_or_else(|_| "all".to_owned())
}

#[test]
fn a_call_that_hangs_is_ended_in_each_step() {
    end_calls("main", false, &steps());
}

#[test]
fn a_call_that_hangs_is_ended_in_each_step_over_tls() {
    end_calls("main", true, &steps());
}

#[test]
fn a_call_that_hangs_is_ended_in_a_thread_with_a_small_stack() {
    end_calls("thread", true, "half-body");
    end_calls("thread", false, "connect");
}

#[test]
fn ending_calls_leaves_memory_in_order() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build("cancel.c", &[]);
    for (tls, what) in [
        (false, "send-memory"),
        (false, "to-reader"),
        (true, "tls-half"),
        (true, "half-chunk"),
    ] {
        let places = Places::new(tls);
        let arguments = [
            vec!["main".to_owned()],
            places.arguments(),
            vec!["1".to_owned(), what.to_owned()],
        ]
        .concat();
        if let Some(output) = program.valgrind(&arguments, &[]) {
            expect_done(&output);
        }
    }
}

#[test]
fn one_handle_ends_many_calls() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build("cancel_shared.c", &[]);
    for tls in [false, true] {
        let places = Places::new(tls);
        let arguments = |calls: &str| {
            let how = vec!["main".to_owned()];
            [how, places.arguments(), vec![calls.to_owned()]].concat()
        };
        expect_done(&run_slow_names(
            &program,
            TIME,
            &places,
            &arguments("28"),
            &[],
        ));
        // The first kinds, for which no name is looked up.
        if !tls && let Some(output) = program.valgrind(&arguments("6"), &[]) {
            expect_done(&output);
        }
    }
}

#[test]
fn callbacks_take_nothing_from_the_limits_of_steps() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build("callback_time.c", &[]);
    for tls in [false, true] {
        let places = Places::new(tls);
        let arguments = [vec!["main".to_owned()], places.arguments()].concat();
        expect_done(&run_slow_names(&program, TIME, &places, &arguments, &[]));
    }
}

#[test]
fn progress_is_reported_in_each_step() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build("progress.c", &[]);
    for tls in [false, true] {
        let places = Places::new(tls);
        let arguments = [vec!["main".to_owned()], places.arguments()].concat();
        expect_done(&run_slow_names(&program, TIME, &places, &arguments, &[]));
    }
}

#[test]
fn no_descriptor_is_that_of_stdin_stdout_or_stderr() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let places = Places::new(true);
    let socket = places.folder.path().join("registry.sock");
    let listener = UnixListener::bind(&socket).expect("a short path");
    let registry = thread::spawn(move || {
        let (socket, _) = listener.accept()?;
        let mut reader = BufReader::new(&socket);
        // Two requests, each with a body in chunks or of a length; the second
        // ends the connection.
        for ends in [b"0\r\n\r\n".as_slice(), b""] {
            read_message(&mut reader, ends)?;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            (&socket).write_all(answer)?;
        }
        io::Result::Ok(())
    });
    let ca = places.server.ca_path().expect("with tls there is one");
    let folder = ca.parent().expect("it is a file").display().to_string();
    let arguments = [
        vec!["child".to_owned()],
        places.arguments(),
        vec![format!("unix://{}", socket.display()), folder],
    ]
    .concat();
    let program = build("standard.c", &[]);
    let log = places.folder.path().join("keys").display().to_string();
    let environment = [("SSLKEYLOGFILE", log.as_str())];
    expect_done(&run_slow_names(
        &program,
        TIME,
        &places,
        &arguments,
        &environment,
    ));
    let answered = registry.join().expect("no panic");
    answered.expect("both requests came");
}

/// Reads a request whose body ends so, or has the length that its head tells.
fn read_message(reader: &mut impl BufRead, ends: &[u8]) -> io::Result<()> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().expect("a number");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length + ends.len()];
    reader.read_exact(&mut body)?;
    assert!(body.ends_with(ends));
    Ok(())
}
