//! Building manifests, and pushing them with their content.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::descriptor::{Annotations, Descriptor};
use super::json::Json;
use super::manifest::Manifest;
use super::operation::Operation;
use super::options::Options;
use super::pool::{Pool, Worker};
use super::progress::{Phase, Progress};
use super::push_content;
use super::push_source::Source;
use super::repository::Repository;
use super::target::Target;
use super::{empty_blob, manifest_push, media_type, push, title};
use crate::body::digest::{Algorithm, Digest, of_bytes};
use crate::error::{Error, Kind};
use crate::os::call_scope::CallScope;
use crate::os::deadline::CallLimits;

/// A manifest under construction, with the content to push along with it.
pub struct Builder {
    is_index: bool,
    artifact_type: Option<String>,
    subject: Option<Descriptor>,
    annotations: Annotations,
    /// `None` for the empty config.
    config: Option<Part>,
    /// Layers, or the manifests of an index.
    parts: Vec<Part>,
}

/// What a manifest refers to.
#[derive(Clone)]
struct Part {
    content: Content,
    media_type: String,
    annotations: Annotations,
}

#[derive(Clone)]
enum Content {
    /// Content of the repository.
    Existing(Box<Descriptor>),
    Path(PathBuf),
    Memory(Arc<Vec<u8>>),
}

impl Builder {
    /// A builder for the manifest of an image or an artifact, or for an index.
    pub fn new(is_index: bool) -> Builder {
        Builder {
            is_index,
            artifact_type: None,
            subject: None,
            annotations: Annotations::default(),
            config: None,
            parts: Vec::new(),
        }
    }

    /// Sets or removes the artifact type.
    pub fn set_artifact_type(&mut self, artifact_type: Option<&str>) -> Result<(), Error> {
        artifact_type.map_or(Ok(()), media_type::check)?;
        self.artifact_type = artifact_type.map(str::to_owned);
        Ok(())
    }

    /// Sets or removes the subject.
    pub fn set_subject(&mut self, subject: Option<&Descriptor>) -> Result<(), Error> {
        subject.map_or(Ok(()), check_size)?;
        self.subject = subject.map(|subject| {
            let media_type = subject.media_type().to_owned();
            Descriptor::of(subject.digest().clone(), subject.size(), media_type)
        });
        Ok(())
    }

    /// Sets or removes an annotation of the manifest.
    pub fn set_annotation(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        self.annotations.set(name, value)
    }

    /// Sets the config to bytes.
    pub fn set_config(&mut self, bytes: &[u8], media_type: &str) -> Result<(), Error> {
        self.check_not_index("config")?;
        media_type::check(media_type)?;
        self.config = Some(Part::new(memory(bytes), media_type));
        Ok(())
    }

    /// Sets the config to existing content.
    pub fn set_config_descriptor(&mut self, config: &Descriptor) -> Result<(), Error> {
        self.check_not_index("config")?;
        check_size(config)?;
        self.config = Some(Part::existing(config));
        Ok(())
    }

    /// Adds existing content.
    pub fn add(&mut self, descriptor: &Descriptor) -> Result<(), Error> {
        check_size(descriptor)?;
        self.parts.push(Part::existing(descriptor));
        Ok(())
    }

    /// Adds a file as a layer. The default title is the name of the file; an empty one
    /// means none.
    pub fn add_path(
        &mut self,
        path: &Path,
        media_type: Option<&str>,
        title: Option<&str>,
    ) -> Result<(), Error> {
        let title = match (title, path.file_name()) {
            (Some(title), _) => title,
            (None, Some(name)) => name
                .to_str()
                .ok_or_else(|| Error::new(Kind::InvalidUtf8, "title: file name is not UTF-8"))?,
            (None, None) => {
                return Err(Error::new(Kind::UnsafeName, "title: path has no file name"));
            }
        };
        self.add_layer(Content::Path(path.to_owned()), media_type, title)
    }

    /// Adds bytes as a layer.
    pub fn add_memory(
        &mut self,
        bytes: &[u8],
        media_type: Option<&str>,
        title: Option<&str>,
    ) -> Result<(), Error> {
        self.add_layer(memory(bytes), media_type, title.unwrap_or(""))
    }

    fn add_layer(
        &mut self,
        content: Content,
        media_type: Option<&str>,
        title: &str,
    ) -> Result<(), Error> {
        self.check_not_index("layer")?;
        let media_type = media_type.unwrap_or(media_type::OCTETS);
        media_type::check(media_type)?;
        let mut part = Part::new(content, media_type);
        if !title.is_empty() {
            title::check(title)?;
            part.annotations.set(title::TITLE, Some(title))?;
            // Prefixes first, which allocates nothing: there may be thousands of layers.
            let mut others = self.parts.iter().filter(|other| {
                let own = other.title();
                own.is_some_and(|own| title.starts_with(own))
            });
            if others.any(|other| other.file_name().as_deref() == Some(title)) {
                return Err(title::repeated(title));
            }
        }
        self.parts.push(part);
        Ok(())
    }

    /// Sets or removes an annotation of what was added last.
    pub fn annotate(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        match self.parts.last_mut() {
            Some(part) => part.annotations.set(name, value),
            None => Err(Error::new(
                Kind::InvalidArgument,
                "annotation: nothing was added",
            )),
        }
    }

    /// An error if added files and bytes could not be pulled as files: titles may have
    /// been changed as annotations.
    fn check_names(&self) -> Result<(), Error> {
        let is_existing = |part: &&Part| matches!(part.content, Content::Existing(_));
        let (existing, added): (Vec<&Part>, Vec<&Part>) = self.parts.iter().partition(is_existing);
        let existing: HashSet<String> = existing.into_iter().filter_map(Part::file_name).collect();
        let mut own = HashSet::new();
        for part in added {
            let Some(name) = part.file_name() else {
                continue;
            };
            title::check(part.title().unwrap_or(""))?;
            title::check(&name)?;
            if existing.contains(&name) || own.contains(&name) {
                return Err(title::repeated(&name));
            }
            own.insert(name);
        }
        for name in &own {
            title::check_folders(name, |folder| {
                existing.contains(folder) || own.contains(folder)
            })?;
        }
        for name in &existing {
            title::check_folders(name, |folder| own.contains(folder))?;
        }
        Ok(())
    }

    fn check_not_index(&self, what: &str) -> Result<(), Error> {
        match self.is_index {
            false => Ok(()),
            true => {
                let message = format!("builder: an index has no {what}");
                Err(Error::new(Kind::InvalidArgument, message))
            }
        }
    }

    /// Builds the manifest. Reads the files that were added.
    pub fn finish(&self, options: &Options) -> Result<Manifest, Error> {
        self.check_names()?;
        let progress = Progress::new(options.progress.as_ref());
        let limits = CallLimits {
            cancel: options.cancel.clone(),
            transfer: progress.meter(),
            ..CallLimits::within(options.timeout)
        };
        let _scope = CallScope::enter();
        let describe = |part: &Part| {
            let descriptor = part.describe(options.algorithm, &limits, &progress)?;
            if let Content::Path(_) = part.content {
                progress.end()?;
            }
            Ok(descriptor)
        };
        let descriptors: Result<Vec<Descriptor>, Error> = self.all().map(describe).collect();
        progress.done(descriptors.and_then(|found| self.manifest(found, options)))
    }

    /// Builds the manifest and pushes it with its content.
    pub fn push(
        &self,
        repository: &Repository,
        tags: &[&str],
        options: &Options,
    ) -> Result<Manifest, Error> {
        for tag in tags {
            Target::parse(Some(tag), repository)?;
        }
        self.check_names()?;
        let mut operation = Operation::new(repository, options);
        let name = tags.first().copied().unwrap_or_default();
        operation.progress.about(None, name);
        let pushed = self.push_in(&mut operation, tags);
        operation.finish(pushed)
    }

    fn push_in(&self, operation: &mut Operation, tags: &[&str]) -> Result<Manifest, Error> {
        let pool = Pool::new(operation, operation.options.parallel())?;
        let (descriptors, progress) = self.describe_in(operation, &pool)?;
        let manifest = self.manifest(descriptors.clone(), operation.options)?;
        let targets = manifest_push::targets(operation.repository, &manifest, tags)?;
        self.push_parts(operation, &pool, &descriptors, progress)?;
        drop(pool);
        manifest_push::push_in(operation, &manifest, &targets)?;
        Ok(manifest)
    }

    /// The descriptors of the config and the parts, and the progress of each: that of a
    /// file continues when it is pushed.
    fn describe_in(
        &self,
        operation: &Operation,
        pool: &Pool,
    ) -> Result<(Vec<Descriptor>, Vec<Progress>), Error> {
        let progress: Vec<Progress> = self.all().map(|_| operation.progress.another()).collect();
        let parts: Vec<(Part, Progress)> = self.all().cloned().zip(progress.clone()).collect();
        let repository = operation.repository.clone();
        let options = operation.options.clone();
        let descriptors = pool.map(operation, parts, &[], move |worker, (part, progress)| {
            let operation = worker.operation(&repository, &options, &progress);
            let limits = &operation.call.limits;
            operation.finish_job(part.describe(options.algorithm, limits, &operation.progress))
        })?;
        Ok((descriptors, progress))
    }

    /// Pushes the files and bytes, each content once.
    fn push_parts(
        &self,
        operation: &Operation,
        pool: &Pool,
        descriptors: &[Descriptor],
        progress: Vec<Progress>,
    ) -> Result<(), Error> {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut pushes: Vec<(Source, Digest, Progress)> = Vec::new();
        let mut repeated: Vec<(String, &Descriptor, Progress)> = Vec::new();
        for ((part, descriptor), progress) in self.all().zip(descriptors).zip(progress) {
            let source = match &part.content {
                Content::Existing(_) => continue,
                Content::Path(path) => Source::Path(path.clone()),
                Content::Memory(bytes) => Source::Memory(Arc::clone(bytes) as _),
            };
            let digest = descriptor.digest();
            progress.set_title(part.title());
            if !seen.insert(digest.as_str()) {
                repeated.push((source.name(Some(digest)), descriptor, progress));
                continue;
            }
            progress.expect(descriptor.size());
            pushes.push((source, digest.clone(), progress));
        }
        let repository = operation.repository.clone();
        let options = operation.options.clone();
        let push = move |worker: &Worker, (source, digest, progress)| {
            let operation = worker.operation(&repository, &options, &progress);
            operation.finish_job(push::push_in(&operation, source, Some(digest)))
        };
        pool.map(operation, pushes, &[operation.repository], push)?;
        for (name, descriptor, progress) in repeated {
            progress.begin(Phase::Push, Some(descriptor), &name, descriptor.size())?;
            progress.skip()?;
        }
        Ok(())
    }

    /// The config and the parts.
    fn all(&self) -> impl Iterator<Item = &Part> {
        self.config.iter().chain(&self.parts)
    }

    /// The manifest of the config and the parts.
    fn manifest(&self, descriptors: Vec<Descriptor>, options: &Options) -> Result<Manifest, Error> {
        let text = self.json(descriptors, options.algorithm)?.to_text();
        let max = options.max_manifest();
        if text.len() > max {
            let message = format!("manifest: {} bytes, more than {max}", text.len());
            return Err(Error::new(Kind::BodyTooLarge, message));
        }
        Manifest::parse(text.into_bytes(), None, options.algorithm)
    }

    /// The manifest, with its members in the order of the specification.
    fn json(&self, mut parts: Vec<Descriptor>, algorithm: Algorithm) -> Result<Json, Error> {
        let own_type = match self.is_index {
            true => media_type::OCI_INDEX,
            false => media_type::OCI_MANIFEST,
        };
        let mut config = None;
        if !self.is_index {
            let empty = empty(algorithm)?;
            let found = match self.config {
                Some(_) => parts.remove(0),
                None => empty.clone(),
            };
            if self.artifact_type.is_none() && found.media_type() == media_type::EMPTY {
                let message = "builder: an artifact requires a type";
                return Err(Error::new(Kind::MissingValue, message));
            }
            // Registries may require a layer (OCI Image Specification, Guidelines for
            // Artifact Usage).
            if parts.is_empty() && found.media_type() != media_type::OCI_CONFIG {
                parts.push(empty);
            }
            config = Some(found.to_json());
        }
        let parts = Json::Array(parts.iter().map(Descriptor::to_json).collect());
        let (manifests, layers) = match self.is_index {
            true => (Some(parts), None),
            false => (None, Some(parts)),
        };
        Ok(Json::object([
            ("schemaVersion", Some(Json::Number("2".to_owned()))),
            ("mediaType", Some(Json::text(own_type))),
            (
                "artifactType",
                self.artifact_type.as_deref().map(Json::text),
            ),
            ("config", config),
            ("layers", layers),
            ("manifests", manifests),
            ("subject", self.subject.as_ref().map(Descriptor::to_json)),
            ("annotations", self.annotations.to_json()),
        ]))
    }
}

impl Part {
    fn new(content: Content, media_type: &str) -> Part {
        Part {
            content,
            media_type: media_type.to_owned(),
            annotations: Annotations::default(),
        }
    }

    fn existing(descriptor: &Descriptor) -> Part {
        let mut part = Part::new(
            Content::Existing(Box::new(descriptor.clone())),
            descriptor.media_type(),
        );
        part.annotations = descriptor.annotations().clone();
        part
    }

    /// The title, if it has one that is not empty.
    fn title(&self) -> Option<&str> {
        let title = self.annotations.get(title::TITLE);
        title.filter(|title| !title.is_empty())
    }

    /// The name of the file when it is pulled, if it becomes one.
    fn file_name(&self) -> Option<String> {
        title::file_name_in(&self.annotations)
    }

    /// The descriptor, for which a file is read.
    fn describe(
        &self,
        algorithm: Algorithm,
        limits: &CallLimits,
        progress: &Progress,
    ) -> Result<Descriptor, Error> {
        let mut descriptor = match &self.content {
            Content::Existing(descriptor) => {
                let mut descriptor = Descriptor::clone(descriptor);
                if media_type::is_config(descriptor.artifact_type().unwrap_or("")) {
                    // The media type of the config of an image is no artifact type.
                    descriptor.set_artifact_type(None)?;
                }
                descriptor
            }
            Content::Memory(bytes) => {
                let digest = Digest::parse(&of_bytes(algorithm, bytes))?;
                Descriptor::of(digest, Some(bytes.len() as u64), self.media_type.clone())
            }
            Content::Path(path) => {
                progress.set_title(self.title());
                let (digest, size) = digest_of(path, algorithm, limits, progress)?;
                Descriptor::of(digest, Some(size), self.media_type.clone())
            }
        };
        descriptor.set_annotations(self.annotations.clone());
        Ok(descriptor)
    }
}

fn memory(bytes: &[u8]) -> Content {
    Content::Memory(Arc::new(bytes.to_vec()))
}

fn check_size(descriptor: &Descriptor) -> Result<(), Error> {
    match descriptor.size() {
        Some(_) => Ok(()),
        None => {
            let digest = descriptor.digest().as_str();
            let message = format!("descriptor {digest}: the size is unknown");
            Err(Error::new(Kind::InvalidArgument, message))
        }
    }
}

/// The descriptor of the empty blob.
fn empty(algorithm: Algorithm) -> Result<Descriptor, Error> {
    let digest = Digest::parse(&of_bytes(algorithm, empty_blob::CONTENT))?;
    let size = Some(empty_blob::CONTENT.len() as u64);
    Ok(Descriptor::of(digest, size, media_type::EMPTY.to_owned()))
}

/// The digest and the size of a file. Its progress continues when it is pushed.
fn digest_of(
    path: &Path,
    algorithm: Algorithm,
    limits: &CallLimits,
    progress: &Progress,
) -> Result<(Digest, u64), Error> {
    let mut content = push_content::open_path(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    progress.begin(Phase::Check, None, &name, content.size())?;
    let digest = content.hash(limits, algorithm)?.unwrap_or_default();
    content.check_unchanged()?;
    Ok((Digest::parse(&digest)?, content.size().unwrap_or(0)))
}
