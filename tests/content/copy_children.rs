//! Copies and pushes of files by other processes, and what is in their layouts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reggie::content::builder::Builder;
use reggie::content::copy::copy;
use reggie::content::manifest::Manifest;
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use reggie::{Error, Kind};
use support::child;

use crate::pushing::{digest, repository, with_state};

fn get(name: &str) -> String {
    std::env::var(name).expect("set by the test")
}

/// A registry by its URL, or a layout by its path.
fn place(text: &str) -> Repository {
    match text.starts_with("http") {
        true => repository(text),
        false => Repository::open_layout(Path::new(text), true).expect("a layout"),
    }
}

/// In a child: copies an image.
#[test]
#[ignore = "run by other tests, in a process of its own"]
fn copy_in_a_child() {
    let (from, to) = (place(&get("COPY_FROM")), place(&get("COPY_TO")));
    copy(&from, Some("v1"), &to, &["v1"], &Options::default()).expect("copied");
}

/// The command of a child that copies the image with the tag `v1`.
pub(crate) fn copy_command(from: &str, to: &str) -> Command {
    let mut command = child::command(copy_in_a_child);
    command
        .env("COPY_FROM", from)
        .env("COPY_TO", to)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Pushes all files of a directory as an artifact with the tag `v1`.
pub(crate) fn push_files(
    to: &Repository,
    folder: &Path,
    options: &Options,
) -> Result<Manifest, Error> {
    let mut builder = Builder::new(false);
    builder.set_artifact_type(Some("application/x-files"))?;
    let names = fs::read_dir(folder).expect("a folder").flatten();
    let paths: BTreeSet<PathBuf> = names.map(|entry| entry.path()).collect();
    for path in paths {
        builder.add_path(&path, None, None)?;
    }
    builder.push(to, &["v1"], options)
}

/// In a child: pushes files, with a state directory.
#[test]
#[ignore = "run by other tests, in a process of its own"]
fn push_files_in_a_child() {
    let options = with_state(Path::new(&get("FILES_STATE")));
    let folder = get("FILES_FOLDER");
    push_files(&repository(&get("FILES_URL")), Path::new(&folder), &options).expect("pushed");
}

/// The command of a child that pushes files.
pub(crate) fn push_files_command(url: &str, folder: &Path, state: &Path) -> Command {
    let mut command = child::command(push_files_in_a_child);
    command
        .env("FILES_URL", url)
        .env("FILES_FOLDER", folder)
        .env("FILES_STATE", state)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// What is in the directory of a layout besides its own files.
pub(crate) fn others(layout: &Path) -> Vec<String> {
    let names = fs::read_dir(layout).into_iter().flatten();
    let names = names.map(|name| name.expect("a name").file_name().into_string());
    let mut names: Vec<String> = names.map(|name| name.expect("text")).collect();
    names.retain(|name| !["blobs", "index.json", "oci-layout"].contains(&name.as_str()));
    names.sort();
    names
}

/// Asserts that a layout has only whole blobs with the right names, and beside them only
/// temporary files. Returns the size of these blobs among them.
#[track_caller]
pub(crate) fn assert_whole(layout: &Path, blobs: &[Vec<u8>]) -> u64 {
    let mut size = 0;
    let folders = fs::read_dir(layout.join("blobs")).into_iter().flatten();
    for folder in folders {
        for blob in fs::read_dir(folder.expect("a folder").path()).expect("a folder") {
            let path = blob.expect("a blob").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let bytes = fs::read(&path).expect("a blob");
            assert_eq!(digest(&bytes), format!("sha256:{name}"));
            if blobs.contains(&bytes) {
                size += bytes.len() as u64;
            }
        }
    }
    for name in others(layout) {
        assert!(name.starts_with(".reggie-"), "{name}");
    }
    size
}

/// The path of the partial file of a blob in a layout.
pub(crate) fn partial_of(layout: &Path, blob: &[u8]) -> PathBuf {
    let digest = digest(blob).replacen(':', "-", 1);
    layout.join(format!(".reggie-{digest}.partial"))
}

/// Opens a layout, if it exists by now.
pub(crate) fn opened(layout: &Path) -> Option<Repository> {
    match Repository::open_layout(layout, false) {
        Ok(repository) => Some(repository),
        Err(error) => {
            // Not created yet, or empty.
            let kind = error.kind();
            assert!(matches!(kind, Kind::File | Kind::InvalidLayout), "{error}");
            None
        }
    }
}
