//! Sets link arguments of the shared library: the SONAME, which cargo does not
//! set, and nodelete, since its panic hook must survive dlclose(). Links the SONAME
//! to the library in the target directory, so that programs start there too. Also
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
            link_soname();
        }
    }
    println!("cargo:rustc-env=REGGIE_BUILD_INFO={}", build_info());
}

/// Makes the link beside the library, which is three levels above OUT_DIR.
fn link_soname() {
    let output = env::var_os("OUT_DIR").unwrap_or_default();
    if let Some(folder) = Path::new(&output).ancestors().nth(3) {
        // It may exist already, and no build needs it.
        let _ = unix::fs::symlink("libreggie.so", folder.join(SONAME));
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
