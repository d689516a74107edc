//! Pulling the files of an artifact into a directory.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::descriptor::Descriptor;
use super::filter::Candidate;
use super::folder_tree::FolderTree;
use super::manifest::Manifest;
use super::operation::Operation;
use super::options::Options;
use super::platform::Platform;
use super::pool::{Pool, Worker};
use super::progress::{Phase, Progress};
use super::repository::Repository;
use super::target::Target;
use super::{blob_pull, file_pull, manifest_pull, title};
use crate::error::{Error, Kind};

/// Pulls each layer that has a title to the file of that name.
pub fn pull(
    repository: &Repository,
    reference: Option<&str>,
    folder: &Path,
    options: &Options,
) -> Result<Manifest, Error> {
    let target = Target::parse(reference, repository)?;
    let mut operation = Operation::new(repository, options);
    let pulled = pull_in(&mut operation, target, folder);
    operation.finish(pulled)
}

fn pull_in(operation: &mut Operation, target: Target, folder: &Path) -> Result<Manifest, Error> {
    let Operation { options, .. } = *operation;
    let platform = options
        .platform
        .as_ref()
        .unwrap_or_else(|| Platform::host());
    let manifest = manifest_pull::resolve_in(operation, target, platform)?;
    let (files, left_out) = select(operation, &manifest)?;
    // Nothing is written if any name is unsafe.
    check(&files)?;
    for layer in left_out {
        leave_out(operation, layer)?;
    }
    let tree = FolderTree::open(folder, options.sync)?;
    pull_all(operation, Arc::new(tree), files)?;
    operation.progress.set_item(manifest.descriptor());
    Ok(manifest)
}

/// Pulls files, several concurrently.
fn pull_all(
    operation: &mut Operation,
    tree: Arc<FolderTree>,
    files: Vec<File>,
) -> Result<(), Error> {
    let pool = Pool::new(operation, operation.options.parallel())?;
    let files = files.into_iter().map(|file| {
        let progress = operation.progress.another();
        progress.expect(file.layer.size());
        (file, progress)
    });
    let (repository, options) = (operation.repository.clone(), operation.options.clone());
    let pull = move |worker: &Worker, (file, progress): (File, Progress)| {
        let operation = worker.operation(&repository, &options, &progress);
        operation.finish_job(pull_one(&operation, &tree, &file))
    };
    pool.map(operation, files.collect(), &[operation.repository], pull)?;
    Ok(())
}

fn pull_one(operation: &Operation, tree: &FolderTree, file: &File) -> Result<(), Error> {
    blob_pull::begin(operation, &file.layer, &file.name)
        .and_then(|()| tree.place(&file.name))
        .and_then(|place| file_pull::pull(operation, &file.layer, &Arc::new(place)))
        .map_err(|error| blob_pull::named(error, &file.layer))
}

/// A layer that becomes a file.
struct File {
    layer: Descriptor,
    name: String,
}

/// The layers that become files, and the others.
fn select<'a>(
    operation: &Operation,
    manifest: &'a Manifest,
) -> Result<(Vec<File>, Vec<&'a Descriptor>), Error> {
    let (mut files, mut left_out) = (Vec::new(), Vec::new());
    let mut has_title = false;
    for layer in manifest.layers() {
        let name = title::file_name(layer);
        has_title |= name.is_some();
        let candidate = Candidate {
            parent: manifest.descriptor().clone(),
            item: layer.clone(),
            is_referrer: false,
            take: name.is_some(),
        };
        match (operation.takes(candidate)?, name) {
            (true, Some(name)) => files.push(File {
                layer: layer.clone(),
                name,
            }),
            // Without a title there is no name for it.
            _ => left_out.push(layer),
        }
    }
    if !has_title {
        let digest = manifest.descriptor().digest().as_str();
        let message = format!("manifest {digest}: no layer has a title");
        return Err(Error::new(Kind::NoFiles, message).with_digest(digest));
    }
    Ok((files, left_out))
}

/// An error unless each file has a name of its own inside a directory.
fn check(files: &[File]) -> Result<(), Error> {
    let mut names = HashSet::new();
    for File { layer, name } in files {
        let checked = match names.insert(name.as_str()) {
            true => title::check(title::of(layer).unwrap_or("")).and_then(|()| title::check(name)),
            false => Err(title::refused(name, "is that of another layer too")),
        };
        checked.map_err(|error| error.with_digest(layer.digest().as_str()))?;
    }
    for File { layer, name } in files {
        let mut folders = name.match_indices('/').map(|(at, _)| &name[..at]);
        if folders.any(|folder| names.contains(folder)) {
            let error = title::refused(name, "leads through the file of another layer");
            return Err(error.with_digest(layer.digest().as_str()));
        }
    }
    Ok(())
}

/// Reports a layer that becomes no file.
fn leave_out(operation: &Operation, layer: &Descriptor) -> Result<(), Error> {
    let progress = operation.progress.another();
    let name = blob_pull::shown_name(layer);
    progress.begin(Phase::Pull, Some(layer), name, layer.size())?;
    progress.skip()
}
