//! What every function does with arguments of no use.

use std::collections::{BTreeMap, BTreeSet};

use embedded_registry::{Options, Registry};

use crate::abi::symbols;
use crate::programs::{build_linked, read, run, run_in_valgrind};
use crate::servers::{Refusing, server};
use support::c::Compiler;
use support::temp;

/// The functions of the header, each with its parameters.
fn declarations() -> BTreeMap<String, Vec<String>> {
    let header = read("include/reggie.h");
    let code: Vec<&str> = header
        .lines()
        .filter(|line| !line.starts_with(['/', '#']) && !line.starts_with(" *"))
        .collect();
    code.join(" ")
        .split(';')
        .filter(|declaration| !declaration.contains("typedef"))
        .filter_map(|declaration| {
            let (before, parameters) = declaration.split_once('(')?;
            let name = before.rsplit([' ', '*']).next()?;
            let parameters = parameters.trim_end().strip_suffix(')')?;
            let parameters = match parameters {
                "void" => Vec::new(),
                _ => parameters
                    .split(',')
                    .map(|parameter| parameter.trim().to_owned())
                    .collect(),
            };
            name.starts_with("reggie_")
                .then(|| (name.to_owned(), parameters))
        })
        .collect()
}

/// The calls that programs told of: functions with the arguments as written.
fn calls(said: &str) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut calls: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for line in said.lines() {
        let call = line.strip_prefix("called ").expect("a line about a call");
        let (function, arguments) = call.split_once('(').expect("a call");
        let arguments = arguments.strip_suffix(')').expect("a call");
        calls
            .entry(function.to_owned())
            .or_default()
            .push(split(arguments));
    }
    calls
}

/// Splits arguments at the commas outside of parentheses.
fn split(arguments: &str) -> Vec<String> {
    let mut depth = 0;
    let parts = arguments.split(|character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

/// The arguments that have to stand for a parameter, any of each list.
fn wanted(parameter: &str) -> Vec<&'static [&'static str]> {
    let is_text = parameter.starts_with("const char *") && parameter.matches('*').count() == 1;
    match parameter.rsplit([' ', '*']).next() {
        Some("userdata") => vec![],
        Some("index") => vec![&["index"]],
        _ if is_text => vec![&["NULL", "text"], &["text"]],
        _ if parameter.contains('*') || parameter.contains("_callback ") => vec![&["NULL"]],
        _ if parameter.starts_with("size_t") => vec![&["(size_t)-1"]],
        _ if parameter.starts_with("uint64_t") => vec![&["REGGIE_UNKNOWN_SIZE", "UINT64_MAX"]],
        _ if parameter.starts_with("int64_t") => vec![&["INT64_MIN"], &["INT64_MAX"]],
        _ => vec![&["INT_MIN", "INT_MAX"]],
    }
}

#[test]
fn every_argument_of_every_function_is_checked() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let server = server(false);
    let refusing = Refusing::new();
    let registry = Registry::start(Options::default());
    let folder = temp::folder();
    let layout = folder.path().join("layout").display().to_string();
    let mut all = String::new();
    for (name, address) in [
        ("arguments_client", refusing.url()),
        ("arguments_network", refusing.url()),
        ("arguments_tls", refusing.url()),
        ("arguments_request", server.url()),
        ("arguments_response", server.url()),
        ("arguments_engine", server.url()),
        ("arguments_credentials", server.url()),
        ("arguments_retry", server.url()),
        ("arguments_times", server.url()),
        ("arguments_options", server.url()),
        ("arguments_documents", server.url()),
        ("arguments_content", server.url()),
        ("arguments_blobs", server.url()),
        ("arguments_uploads", registry.url().to_owned()),
        ("arguments_building", layout.clone()),
        ("arguments_batches", layout),
    ] {
        let program = build_linked(name, false);
        all += &run(&program, "main", &[&address, "1048576"]);
        run(&program, "thread", &[&address, "1048576"]);
        // Above all limits, and a tenth of the time.
        run_in_valgrind(&program, "main", &[&address, "150000"]);
    }

    let declared = declarations();
    let symbols = symbols();
    let listed: BTreeSet<&str> = symbols.keys().map(String::as_str).collect();
    let functions: BTreeSet<&str> = declared.keys().map(String::as_str).collect();
    assert_eq!(functions, listed);
    let called = calls(&all);
    let covered: BTreeSet<&str> = called.keys().map(String::as_str).collect();
    assert_eq!(covered, functions, "tests/c/arguments_*.c");
    for (function, parameters) in &declared {
        for (place, parameter) in parameters.iter().enumerate() {
            for any_of in wanted(parameter) {
                let stands = |call: &Vec<String>| any_of.contains(&call[place].as_str());
                assert!(
                    called[function].iter().any(stands),
                    "{function}: no call with {any_of:?} as {parameter}"
                );
            }
        }
    }
}

#[test]
fn a_request_inside_its_own_callbacks_is_busy() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let server = server(false);
    let program = build_linked("busy", false);
    let told = run(&program, "main", &[&server.url()]);
    run(&program, "thread", &[&server.url()]);
    run_in_valgrind(&program, "main", &[&server.url()]);
    let called = calls(&told);
    for (function, parameters) in declarations() {
        let takes_request = parameters
            .iter()
            .any(|parameter| parameter.ends_with("reggie_request *request"));
        assert!(
            !takes_request || called.contains_key(&function),
            "{function}"
        );
    }
}
