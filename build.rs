//! Sets link arguments of the shared library: the SONAME, which cargo does not
//! set, and nodelete, since its panic hook must survive dlclose(). Makes links in the
//! target directory, so that programs can be linked and started there too. Also
//! provides the versions for reggie_build_info().

use std::os::unix;
use std::path::Path;
use std::{env, fs};

const SONAME: &str = "libreggie.so.0";

/// The libraries whose versions are reported.
const REPORTED: [&str; 2] = ["rustls", "ring"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.lock");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{SONAME}");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        if env::var("PROFILE").as_deref() == Ok("release") {
            link_libraries();
        }
    }
    println!("cargo:rustc-env=REGGIE_BUILD_INFO={}", build_info());
}

/// Makes the links beside the libraries, which are three levels above OUT_DIR: the
/// SONAME, and a name for the static library that no shared library has.
fn link_libraries() {
    let output = env::var_os("OUT_DIR").unwrap_or_default();
    if let Some(folder) = Path::new(&output).ancestors().nth(3) {
        for (library, name) in [
            ("libreggie.so", SONAME),
            ("libreggie.a", "libreggie-static.a"),
        ] {
            // It may exist already, and no build needs it.
            let _ = unix::fs::symlink(library, folder.join(name));
        }
    }
}

fn build_info() -> String {
    let variable = |name| env::var(name).unwrap_or_default();
    // Missing if the crate is part of another workspace.
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let mut info = format!("libreggie/{}", variable("CARGO_PKG_VERSION"));
    for name in REPORTED {
        info += &format!(" {name}/{}", locked(&lock, name).unwrap_or("?"));
    }
    info + &format!(" ({}) HTTP/1.1 TLS/1.2 TLS/1.3", variable("TARGET"))
}

/// The version of a package in a Cargo.lock.
fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let (_, version) = lock.split_once(&entry)?;
    version.split('"').next()
}
