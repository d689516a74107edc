//! The Go package's own tests, with the library that these tests were built with.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use support::c::{library_folder, run_command};
use support::programs;

/// How long it may take to build it and to run its tests.
const TIME: Duration = Duration::from_secs(600);

/// A folder in which the linker, the loader and pkg-config find the library. It
/// stays the same, so that what Go has built of the package stays good.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    fs::create_dir_all(&folder).expect("a folder can be made");
    for (library, name) in [
        ("libreggie.so", "libreggie.so"),
        ("libreggie.so", "libreggie.so.0"),
        ("libreggie.a", "libreggie.a"),
    ] {
        let link = folder.join(name);
        // There is none the first time.
        let _ = fs::remove_file(&link);
        symlink(library_folder().join(library), link).expect("a link can be made");
    }
    for name in ["reggie", "reggie-static"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(root.join(format!("{name}-uninstalled.pc")))
            .expect("the source tree has it")
            .replace(
                "${pcfiledir}/include",
                &root.join("include").display().to_string(),
            )
            .replace("${pcfiledir}/target/release", &folder.display().to_string());
        fs::write(folder.join(format!("{name}.pc")), text).expect("a file can be written");
    }
    folder
}

fn go(arguments: &[&str]) {
    if programs::find("go").is_none() || programs::find("pkg-config").is_none() {
        programs::missing(
            "go or pkg-config is not installed: the Go package is not tested",
            "not in PATH",
        );
        return;
    }
    let mut command = Command::new("go");
    command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/go"))
        .env("PKG_CONFIG_PATH", folder());
    run_command(command, TIME).expect_success();
}

/// One test, as both would make the folder at once, and as each takes all cores.
#[test]
fn the_go_package_passes_its_tests() {
    go(&["vet", "./..."]);
    // Go does not know when the library has changed: nothing is taken from before.
    go(&["test", "-count=1", "./..."]);
    go(&["test", "-count=1", "-tags=reggie_static", "./..."]);
}
