//! The examples do what they say, against every registry, without a memory
//! error or a leak; and the README shows a program that works.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use embedded_registry::Options;
use support::c::{BuildOptions, Compiler, Output, Program};
use support::raw_server::RawServer;
use support::registries::{DockerForm, DockerRegistry, Olareg, OlaregForm};
use support::{registries, temp};

use crate::content_examples;

const EXAMPLES: [&str; 5] = [
    "push_pull",
    "list_tags",
    "show_errors",
    "auth",
    "stream_blob",
];
pub(crate) const README: &str = "readme";
/// Where the examples put things unless told otherwise.
pub(crate) const NAME: &str = "reggie/example";
/// The digest of the blob that push_pull pushes: `{}`.
pub(crate) const DIGEST: &str =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
/// Base64 of `user:password`, which no log may show.
const BASIC: &str = "dXNlcjpwYXNzd29yZA==";

pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples-c")
        .join(format!("{name}.c"))
}

/// How an example is built.
fn build_options(name: &str) -> BuildOptions {
    let arguments = match name {
        "own_loop" => vec!["-lcurl".to_owned()],
        _ => Vec::new(),
    };
    BuildOptions {
        arguments,
        ..BuildOptions::default()
    }
}

pub(crate) fn build(name: &str) -> Program {
    Program::build(source(name), &build_options(name))
        .unwrap_or_else(|errors| panic!("{name}: {errors}"))
}

/// Runs under valgrind where that is installed.
pub(crate) fn run_checked(
    program: &Program,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Output {
    program
        .valgrind(arguments, environment)
        .unwrap_or_else(|| program.run(arguments, environment))
}

/// A registry, as the examples are told of it.
pub(crate) struct Target<'a> {
    /// Whose log tells more of a failure.
    registry: Option<&'a registries::Registry>,
    pub(crate) url: String,
    pub(crate) credentials: bool,
    pub(crate) ca: Option<PathBuf>,
    /// Whether the programs run under valgrind, which takes its time.
    checked: bool,
    /// What was built.
    programs: RefCell<BTreeMap<String, Rc<Program>>>,
}

impl<'a> Target<'a> {
    fn of(registry: &'a registries::Registry) -> Target<'a> {
        Target {
            registry: Some(registry),
            url: registry.url(),
            credentials: registry.user().is_some(),
            ca: registry.ca_path(),
            checked: false,
            programs: RefCell::default(),
        }
    }

    /// One whose programs run under valgrind.
    fn checked(registry: &'a registries::Registry) -> Target<'a> {
        Target {
            checked: true,
            ..Target::of(registry)
        }
    }

    pub(crate) fn embedded(
        registry: &embedded_registry::Registry,
        credentials: bool,
    ) -> Target<'a> {
        Target {
            registry: None,
            url: registry.url().to_owned(),
            credentials,
            ca: registry.ca_path().map(Path::to_owned),
            checked: false,
            programs: RefCell::default(),
        }
    }

    fn program(&self, name: &str) -> Rc<Program> {
        let mut programs = self.programs.borrow_mut();
        let program = programs.entry(name.to_owned());
        Rc::clone(program.or_insert_with(|| Rc::new(build(name))))
    }

    pub(crate) fn run(&self, name: &str, more: &[&str]) -> Output {
        self.run_at(&self.url, name, more)
    }

    /// Runs an example with a first argument.
    pub(crate) fn run_at(&self, place: &str, name: &str, more: &[&str]) -> Output {
        let program = self.program(name);
        let mut arguments = vec![place];
        arguments.extend(more);
        let mut environment = Vec::new();
        if self.credentials {
            environment.push(("REGGIE_USER", registries::USER));
            environment.push(("REGGIE_PASSWORD", registries::PASSWORD));
        }
        if let Some(ca) = &self.ca {
            environment.push(("REGGIE_CA_FILE", ca.to_str().expect("a path in UTF-8")));
        }
        // What an example makes in there, it removes.
        let folder = temp::folder();
        let path = folder.path().to_str().expect("a path in UTF-8");
        environment.push(("TMPDIR", path));
        let output = if self.checked {
            run_checked(&program, &arguments, &environment)
        } else {
            program.run(&arguments, &environment)
        };
        if let (false, Some(registry)) = (output.status.success(), self.registry) {
            eprintln!("--- the registry's log\n{}", registry.log());
        }
        output.expect_success();
        let left = std::fs::read_dir(folder.path())
            .expect("the folder")
            .count();
        assert_eq!(left, 0, "{name} left files");
        output
    }
}

/// Runs all examples against a registry that is empty.
fn all(target: &Target) {
    let output = target.run("push_pull", &[NAME, "v1"]);
    assert_eq!(output.stderr, "");
    let manifest = output.stdout.lines().last().unwrap_or_default();
    assert!(manifest.contains(DIGEST), "{}", output.stdout);
    for words in [
        "POST of an upload session\n    HTTP/1.1 202\n",
        "PATCH of a chunk\n    HTTP/1.1 202\n",
        "PUT of the last chunk\n    HTTP/1.1 201\n",
        "GET of the blob\n    HTTP/1.1 200\n",
        "\n    {}\n",
        "PUT of the manifest\n    HTTP/1.1 201\n",
        "GET of the manifest\n    HTTP/1.1 200\n",
        "Content-Type: application/vnd.oci.image.manifest.v1+json\n",
    ] {
        assert!(output.stdout.contains(words), "{words}{}", output.stdout);
    }

    let output = target.run("list_tags", &[]);
    assert_eq!(output.stderr, "");
    assert!(output.stdout.contains("\"v1\""), "{}", output.stdout);

    let output = target.run("show_errors", &[]);
    assert_eq!(output.stderr, "");
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines[0], "HTTP status 404");
    assert_eq!(lines[1], "  code     MANIFEST_UNKNOWN");
    assert!(lines[2].starts_with("  message  "), "{}", lines[2]);
    assert!(lines[3].starts_with("  detail   "), "{}", lines[3]);
    assert!(lines[2].len() > "  message  ".len(), "{}", lines[2]);

    let output = target.run("auth", &[]);
    assert_eq!(output.stdout, "let in, HTTP status 200\n".repeat(2));
    let log = &output.stderr;
    let challenges = log.matches("< HTTP/1.1 401").count();
    assert_eq!(challenges, usize::from(target.credentials), "{log}");
    assert_eq!(log.contains("> Authorization: "), target.credentials);
    assert!(!log.contains(BASIC) && !log.contains(registries::PASSWORD));

    let output = target.run("stream_blob", &[NAME, "4"]);
    assert_eq!(output.stderr, "");
    let lines: Vec<&str> = output.stdout.lines().collect();
    let pushed = lines[0].strip_prefix("pushed ").expect("a digest");
    assert_eq!(lines[1], format!("pulled {pushed}, 4194304 bytes"));

    content_examples::all(target, pushed);
}

#[test]
fn docker_registry_open() {
    if let Some(registry) = DockerRegistry::start(DockerForm::Open) {
        all(&Target::checked(&registry));
    }
}

#[test]
fn docker_registry_basic() {
    if let Some(registry) = DockerRegistry::start(DockerForm::Basic) {
        all(&Target::of(&registry));
    }
}

#[test]
fn docker_registry_tls() {
    if let Some(registry) = DockerRegistry::start(DockerForm::Tls) {
        all(&Target::of(&registry));
    }
}

#[test]
fn olareg_open() {
    if let Some(registry) = Olareg::start(OlaregForm::Open) {
        all(&Target::of(&registry));
    }
}

#[test]
fn olareg_token() {
    if let Some(registry) = Olareg::start(OlaregForm::Token) {
        all(&Target::checked(&registry));
    }
}

#[test]
fn embedded_registry_in_each_form() {
    let (user, password) = (registries::USER, registries::PASSWORD);
    for (options, credentials) in [
        (Options::default(), false),
        (Options::default().basic(user, password), true),
        (Options::default().token(user, password), true),
        (Options::default().tls(), false),
    ] {
        let registry = embedded_registry::Registry::start(options);
        all(&Target::embedded(&registry, credentials));
    }
}

#[test]
fn tags_are_listed_page_by_page() {
    let registry = embedded_registry::Registry::start(Options::default().page_size(2));
    for tag in ["a", "b", "c", "d", "e"] {
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        registry.put_manifest(NAME, tag, media_type, "{}");
    }
    let output = Target::embedded(&registry, false).run("list_tags", &[]);
    assert_eq!(output.stdout.lines().count(), 3, "{}", output.stdout);
    assert!(output.stdout.ends_with("[\"e\"]}\n"), "{}", output.stdout);
}

#[test]
fn pages_without_end_or_elsewhere_are_a_failure() {
    let registry = embedded_registry::Registry::start(Options::default().page_size(1));
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    for tag in 0..=1000 {
        registry.put_manifest(NAME, &tag.to_string(), media_type, "{}");
    }
    let program = build("list_tags");
    let output = program.run(&[registry.url()], &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout.lines().count(), 1000);
    assert_eq!(output.stderr, "more than 1000 pages\n");

    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            let link = [("Link", "<https://elsewhere.example/>; rel=\"next\"")];
            conn.respond("200 OK", &link, b"{}");
        }
    });
    let output = program.run(&[&server.url()], &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, "{}\n");
    let start = "GET of the tags: next page of ";
    assert!(output.stderr.starts_with(start), "{}", output.stderr);
}

#[test]
fn a_file_of_the_callers_is_streamed_too_and_stays() {
    let registry = embedded_registry::Registry::start(Options::default());
    let file = source("stream_blob");
    let before = std::fs::read(&file).expect("the source");
    let path = file.to_str().expect("a path in UTF-8");
    let output = Target::embedded(&registry, false).run("stream_blob", &[NAME, path]);
    let wanted = format!(", {} bytes\n", before.len());
    assert!(output.stdout.ends_with(&wanted), "{}", output.stdout);
    assert_eq!(std::fs::read(&file).expect("the source"), before);
}

#[test]
fn a_failure_is_one_line_and_an_exit_status() {
    let basic = Options::default().basic(registries::USER, registries::PASSWORD);
    let basic = embedded_registry::Registry::start(basic);
    let tls = embedded_registry::Registry::start(Options::default().tls());
    for name in EXAMPLES {
        let program = build(name);
        let fails = |arguments: &[&str], words: &str| {
            // One failure in the middle of things, which takes valgrind less
            // time than TLS does.
            let output = if arguments.contains(&basic.url()) {
                run_checked(&program, arguments, &[])
            } else {
                program.run(arguments, &[])
            };
            assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
            assert_eq!(output.stdout, "", "{name}");
            // It shows the log.
            let is_logged = |line: &str| {
                let starts = ["> ", "< ", "* ", "credentials for ", "reggie_"];
                starts.iter().any(|start| line.starts_with(start))
            };
            let own = |line: &&str| !(name == "auth" && is_logged(line));
            let lines: Vec<&str> = output.stderr.lines().filter(own).collect();
            assert_eq!(lines.len(), 1, "{name}: {lines:?}");
            assert!(lines[0].contains(words), "{name}: {lines:?}");
        };
        fails(&[], "usage: ");
        fails(&["nowhere", NAME], "registry address");
        fails(&[basic.url(), NAME], "status 401: UNAUTHORIZED ");
        fails(&[tls.url(), NAME], "certificate");
        fails(&[tls.url(), "a b"], "invalid repository name");
    }
}

#[test]
fn every_compiler_takes_them_without_a_warning() {
    for (compiler, standard) in [
        (Compiler::Gcc, "c99"),
        (Compiler::Clang, "c99"),
        (Compiler::SystemCxx, "c++11"),
    ] {
        if !compiler.is_at_hand() {
            continue;
        }
        for name in EXAMPLES.into_iter().chain(content_examples::EXAMPLES) {
            let options = BuildOptions {
                compiler,
                standard,
                ..build_options(name)
            };
            if let Err(errors) = Program::build(source(name), &options) {
                panic!("{name}, {compiler:?}: {errors}");
            }
        }
    }
}

#[test]
fn the_program_in_the_readme_is_the_one_that_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let (_, rest) = readme.split_once("```c\n").expect("a program in C");
    let (shown, _) = rest.split_once("```\n").expect("its end");
    let tested = std::fs::read_to_string(source(README)).expect("the source");
    assert_eq!(shown, tested);
}
