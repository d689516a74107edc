//! Pulling the files of an artifact into a directory.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
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
use super::{blob_pull, file_pull, local_file, manifest_pull, partial_file, title};
use crate::body::final_path::FinalPath;
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
        blob_pull::leave_out(operation, Phase::Pull, layer)?;
    }
    let tree = FolderTree::open(folder, options.sync)?;
    let folders: BTreeSet<&str> = files
        .iter()
        .map(|file| title::parts(&file.name).0)
        .collect();
    for folder in folders {
        tree.remove_abandoned(folder);
    }
    pull_all(operation, Arc::new(tree), files)?;
    operation.progress.set_item(manifest.descriptor());
    Ok(manifest)
}

/// Pulls files, several concurrently. Those with the same content are pulled once and
/// then copied.
fn pull_all(
    operation: &mut Operation,
    tree: Arc<FolderTree>,
    files: Vec<File>,
) -> Result<(), Error> {
    let pool = Pool::new(operation, operation.options.parallel())?;
    let mut groups: Vec<Vec<(File, Progress)>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for file in files {
        let progress = operation.progress.another();
        progress.expect(file.layer.size());
        let digest = file.layer.digest().as_str().to_owned();
        let group = *known.entry(digest).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push((file, progress)),
            None => groups.push(vec![(file, progress)]),
        }
    }
    let (repository, options) = (operation.repository.clone(), operation.options.clone());
    let pull = move |worker: &Worker, group: Vec<(File, Progress)>| {
        let mut source: Option<Arc<FinalPath>> = None;
        for (file, progress) in &group {
            let mut operation = worker.operation(&repository, &options, progress);
            operation.local = source
                .as_ref()
                .and_then(|place| local_file::open_at(&operation, &file.layer, place));
            let pulled = pull_one(&operation, &tree, file);
            source = Some(operation.finish_job(pulled)?);
        }
        Ok(())
    };
    pool.map(operation, groups, &[operation.repository], pull)?;
    Ok(())
}

/// Pulls a file, and returns where it is.
fn pull_one(
    operation: &Operation,
    tree: &FolderTree,
    file: &File,
) -> Result<Arc<FinalPath>, Error> {
    let pull = || {
        blob_pull::begin(operation, &file.layer, &file.name)?;
        let place = Arc::new(tree.place(&file.name)?);
        file_pull::pull(operation, &file.layer, &place)?;
        Ok(place)
    };
    pull().map_err(|error| blob_pull::named(error, &file.layer))
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
            take: name.is_some(),
            ..Candidate::part(manifest.descriptor(), layer)
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
            false => Err(title::repeated(name)),
        };
        checked.map_err(|error| error.with_digest(layer.digest().as_str()))?;
    }
    let partial = files.iter().map(|File { layer, name }| {
        let (folder, last) = title::parts(name);
        let partial = partial_file::name_of(Path::new(last), layer.digest());
        (folder, partial)
    });
    let partial: HashSet<(&str, PathBuf)> = partial.collect();
    let is_partial = |name: &str| {
        let (folder, last) = title::parts(name);
        partial.contains(&(folder, PathBuf::from(last)))
    };
    for File { layer, name } in files {
        title::check_folders(name, |folder| names.contains(folder))
            .map_err(|error| error.with_digest(layer.digest().as_str()))?;
        if title::folders(name).chain([name.as_str()]).any(is_partial) {
            let error = title::refused(name, "has the name of a partial file of another layer");
            return Err(error.with_digest(layer.digest().as_str()));
        }
    }
    Ok(())
}
