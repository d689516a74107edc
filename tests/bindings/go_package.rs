//! The Go package's own tests, with the library that these tests were built with.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use embedded_registry::{Options, Registry};
use support::c::{library_folder, run_command};
use support::{programs, root};

/// How long each step may take, on a busy machine too.
const TIME: Duration = Duration::from_secs(1800);

/// A folder in which the linker, the loader and pkg-config find the library. It
/// stays the same, so that what Go has built of the package stays good.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    fs::create_dir_all(&folder).expect("a folder can be made");
    for (library, name) in [
        ("libreggie.so", "libreggie.so"),
        ("libreggie.so", "libreggie.so.0"),
        ("libreggie.a", "libreggie-static.a"),
    ] {
        let link = folder.join(name);
        // There is none the first time.
        let _ = fs::remove_file(&link);
        symlink(library_folder().join(library), link).expect("a link can be made");
    }
    for name in ["reggie", "reggie-static"] {
        let text = fs::read_to_string(root().join(format!("{name}-uninstalled.pc")))
            .expect("the source tree has it")
            .replace(
                "${pcfiledir}/include",
                &root().join("include").display().to_string(),
            )
            .replace("${pcfiledir}/target/release", &folder.display().to_string());
        fs::write(folder.join(format!("{name}.pc")), text).expect("a file can be written");
    }
    folder
}

/// A command in the folder of the package, with a cache of its own: Go's cache
/// does not know libreggie, and would give a later build by the user a package
/// that is linked to the library of these tests.
fn command(program: &str, arguments: &[&str]) -> Command {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache");
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(root().join("bindings/go"))
        .env("GOCACHE", cache)
        // Checks what is passed to C; one setting for all, as each has a
        // standard library of its own.
        .env("GOEXPERIMENT", "cgocheck2")
        .env("PKG_CONFIG_PATH", folder())
        // Cargo's own value names folders where an older library may lie.
        .env("LD_LIBRARY_PATH", folder());
    command
}

fn go(arguments: &[&str]) {
    run_command(command("go", arguments), TIME).expect_success();
}

/// Runs the tests with registries that have nothing yet.
fn go_test(arguments: &[&str]) {
    let open = Registry::start(Options::default());
    let with_tokens = Registry::start(Options::default().token("user", "password"));
    // Go's own time limit of ten minutes is too short for a busy machine.
    let mut command = command("go", &["test", "-race", "-count=1", "-timeout=0"]);
    command
        .args(arguments)
        .arg("./...")
        .env("REGGIE_EMBEDDED_REGISTRY", open.url())
        .env("REGGIE_EMBEDDED_TOKEN_REGISTRY", with_tokens.url());
    run_command(command, TIME).expect_success();
}

/// One test, as more than one would make the folder at once, and as each takes
/// all cores.
#[test]
fn the_go_package_passes_its_tests() {
    if programs::find("go").is_none() || programs::find("pkg-config").is_none() {
        programs::missing(
            "go or pkg-config is not installed: the Go package is not tested",
            "not in PATH",
        );
        return;
    }
    let formatted = run_command(command("gofmt", &["-l", "."]), TIME);
    assert_eq!(formatted.expect_success().stdout, "");
    go(&["vet", "./..."]);
    // Nothing is taken from before: the library may have changed.
    go_test(&[]);
    // The code is the same: what matters is that it is linked.
    go_test(&["-tags=reggie_static", "-run=Example"]);
}
