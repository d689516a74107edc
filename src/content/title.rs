//! Titles of layers: the names of files (OCI Image Specification, Annotations).

use super::descriptor::{Annotations, Descriptor};
use crate::body::temporary;
use crate::error::{Error, Kind};
use crate::log::redact::shown;

/// The annotation with the title of a layer.
pub(super) const TITLE: &str = "org.opencontainers.image.title";

/// The maximum length of a component (`NAME_MAX`) and of a path (`PATH_MAX`).
const MAX_NAME: usize = 255;
const MAX_PATH: usize = 4095;

/// The annotation of a packed directory (oras).
const UNPACK: &str = "io.deis.oras.content.unpack";
/// What the name of a packed directory ends with.
const PACKED: &str = ".tar.gz";

/// The title of a layer, if it has one.
pub(super) fn of(layer: &Descriptor) -> Option<&str> {
    layer.annotations().get(TITLE)
}

/// The name of the file of a layer, which has not been checked; `None` without a title.
pub(super) fn file_name(layer: &Descriptor) -> Option<String> {
    file_name_in(layer.annotations())
}

/// The same for the annotations of a layer.
pub(super) fn file_name_in(annotations: &Annotations) -> Option<String> {
    let title = annotations.get(TITLE).filter(|title| !title.is_empty())?;
    match annotations.get(UNPACK) {
        Some("true") => Some(format!("{title}{PACKED}")),
        _ => Some(title.to_owned()),
    }
}

/// An error unless a title is the name of a file inside a directory.
pub(super) fn check(title: &str) -> Result<(), Error> {
    let problem = match title {
        "" => "is empty",
        _ if title.starts_with('/') => "is an absolute path",
        _ if title.len() > MAX_PATH => "is too long",
        _ if title.contains('\0') => "contains NUL",
        _ => match title.split('/').find_map(problem_of) {
            Some(problem) => problem,
            None => return Ok(()),
        },
    };
    Err(refused(title, problem))
}

/// The directory of a name that has been checked, and its last component.
pub(super) fn parts(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or((".", name))
}

/// An error if a directory of a name is itself a file.
pub(super) fn check_folders(name: &str, is_file: impl Fn(&str) -> bool) -> Result<(), Error> {
    match folders(name).any(is_file) {
        true => Err(refused(name, "leads through the file of another layer")),
        false => Ok(()),
    }
}

/// The directories that a name leads through.
pub(super) fn folders(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}

/// An error about the name of a file that another layer has.
pub(super) fn repeated(name: &str) -> Error {
    refused(name, "is used by another layer too")
}

/// An error about a title.
pub(super) fn refused(title: &str, problem: &str) -> Error {
    let message = format!("title {} {problem}", shown(title));
    Error::new(Kind::UnsafeName, message)
}

fn problem_of(component: &str) -> Option<&'static str> {
    match component {
        "" => Some("has an empty component"),
        "." | ".." => Some("does not name a file in the directory"),
        _ if temporary::is_name(component.as_bytes()) => Some("is the name of a temporary file"),
        _ if component.len() > MAX_NAME => Some("has a component that is too long"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_names_of_files_inside_a_directory() {
        let (name, long) = ("n".repeat(255), "n".repeat(256));
        let deep = "d/".repeat(2048) + "f";
        for title in [
            "a",
            "a/b",
            "a/b/c.txt",
            "..a",
            "a..",
            "...",
            " ",
            "a b",
            "\u{e4}",
            "-",
            ".reggie-1",
            &name,
        ] {
            check(title).expect(title);
        }
        for title in [
            "",
            "/",
            "/a",
            "//a",
            "a/",
            "a//b",
            ".",
            "..",
            "./a",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "a/b/..",
            "a\0b",
            ".reggie-1-0",
            "a/.reggie-1-0",
            &long,
            &deep,
        ] {
            let error = check(title).expect_err(title);
            assert_eq!(error.kind(), Kind::UnsafeName);
        }
    }
}
