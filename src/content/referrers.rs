//! The referrers of a manifest: the manifests that have it as their subject.

use std::collections::VecDeque;

use super::descriptor::Descriptor;
use super::layout;
use super::manifest_pull::{self, Target};
use super::names::{Pages, Source};
use super::operation::Operation;
use super::options::Options;
use super::referrers_support::{self, Page};
use super::referrers_tag::{self, Tagged};
use super::repository::{Place, Repository};
use super::task::Task;
use crate::body::digest::Digest;
use crate::error::{Error, Kind};
use crate::http::url;
use crate::request::response::Response;

/// A list whose pages are requested as they are needed.
pub struct Referrers {
    repository: Repository,
    options: Options,
    list: List,
}

/// All referrers of a manifest, within a call. `count` is called with the size of each
/// page, and can end the list.
pub(super) fn all(
    operation: &Operation,
    subject: &Digest,
    count: impl Fn(usize) -> Result<(), Error>,
) -> Result<Vec<Descriptor>, Error> {
    let mut list = List::new(
        operation.repository,
        subject.clone(),
        None,
        operation.options,
    );
    let mut found = Vec::new();
    loop {
        let next = list.next(operation);
        let next = next.and_then(|next| count(std::mem::take(&mut list.received)).map(|()| next));
        match next.map_err(|error| error.with_digest(subject.as_str()))? {
            Some(referrer) => found.push(referrer),
            None => return Ok(found),
        }
    }
}

struct List {
    subject: Digest,
    artifact_type: Option<String>,
    source: Source,
    /// The rest of the current page.
    page: VecDeque<Descriptor>,
    /// The size of the pages that were read and not counted yet.
    received: usize,
    /// The registry has selected the artifact type.
    is_filtered: bool,
}

impl Referrers {
    /// The referrers of a manifest, of any artifact type or of one.
    pub fn new(
        repository: &Repository,
        digest: &str,
        artifact_type: Option<&str>,
        options: &Options,
    ) -> Result<Referrers, Error> {
        let subject = Digest::parse(digest)?;
        Ok(Referrers {
            repository: repository.clone(),
            options: options.clone(),
            list: List::new(repository, subject, artifact_type, options),
        })
    }

    /// The next referrer; `None` at the end. After a transient failure it may be
    /// called again.
    #[expect(clippy::should_implement_trait, reason = "it can fail")]
    pub fn next(&mut self) -> Result<Option<Descriptor>, Error> {
        let operation = Operation::new(&self.repository, &self.options);
        self.list.next(&operation).map_err(|error| {
            let error = error.with_digest(self.list.subject.as_str());
            operation.completed(error)
        })
    }
}

impl List {
    fn new(
        repository: &Repository,
        subject: Digest,
        artifact_type: Option<&str>,
        options: &Options,
    ) -> List {
        let (_, max_pages) = options.pages();
        let mut first_page = referrers_support::path(&subject);
        if let Some(artifact_type) = artifact_type {
            first_page += &format!("?artifactType={}", url::encode_query(artifact_type));
        }
        List {
            subject,
            artifact_type: artifact_type.map(str::to_owned),
            source: match repository.place() {
                Place::Registry(registry) => {
                    Source::Registry(Pages::new(registry, first_page, max_pages))
                }
                Place::Layout(_) => Source::Layout { is_read: false },
            },
            page: VecDeque::new(),
            received: 0,
            is_filtered: false,
        }
    }

    fn next(&mut self, operation: &Operation) -> Result<Option<Descriptor>, Error> {
        loop {
            while let Some(entry) = self.page.front_mut() {
                let is_included = match self.artifact_type.as_deref() {
                    Some(artifact_type) => {
                        if !self.is_filtered {
                            set_missing_type(operation, entry)?;
                        }
                        let found = entry.artifact_type();
                        found == Some(artifact_type) || (self.is_filtered && found.is_none())
                    }
                    _ => true,
                };
                let entry = self.page.pop_front();
                if is_included {
                    return Ok(entry);
                }
            }
            if !self.read_page(operation)? {
                return Ok(None);
            }
        }
    }

    /// Reads the next page; false at the end.
    fn read_page(&mut self, operation: &Operation) -> Result<bool, Error> {
        match (&mut self.source, operation.place()) {
            (Source::Registry(pages), Place::Registry(registry)) => {
                let Some(path) = pages.current()? else {
                    return Ok(false);
                };
                let is_first = pages.is_first();
                self.request_page(&Task::new(operation, registry), &path, is_first)?;
                Ok(true)
            }
            (Source::Layout { is_read: false }, Place::Layout(layout)) => {
                self.page = layout::referrers::of(operation, layout, &self.subject)?.into();
                self.source = Source::Layout { is_read: true };
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn request_page(&mut self, task: &Task, path: &str, is_first: bool) -> Result<(), Error> {
        if is_first && referrers_support::known(task) == Some(false) {
            return self.read_tag(task);
        }
        let response = task.send(&mut referrers_support::request(task, path)?)?;
        let page = match is_first {
            true => referrers_support::first_page(task, &response)?,
            false => referrers_support::page(&response)?,
        };
        let Page::Entries(entries) = page else {
            return self.read_tag(task);
        };
        response.check_next_page()?;
        self.received += response.body().len();
        self.page = entries.into();
        self.is_filtered = is_filtered(&response);
        self.advance(response.next_page());
        Ok(())
    }

    fn read_tag(&mut self, task: &Task) -> Result<(), Error> {
        self.page = match referrers_tag::read(task, &self.subject)? {
            Tagged::Index(index) => {
                self.received += index.size();
                index.entries().into()
            }
            Tagged::Nothing | Tagged::Content(_) => VecDeque::new(),
        };
        self.is_filtered = false;
        self.advance(None);
        Ok(())
    }

    fn advance(&mut self, next: Option<&str>) {
        if let Source::Registry(pages) = &mut self.source {
            pages.advance(next);
        }
    }
}

fn is_filtered(response: &Response) -> bool {
    let applied = response.headers().text("oci-filters-applied");
    let mut applied = applied.unwrap_or_default().split(',');
    applied.any(|filter| filter.trim_ascii() == "artifactType")
}

/// Finds out the artifact type that some clients leave out of referrers tags.
fn set_missing_type(operation: &Operation, entry: &mut Descriptor) -> Result<(), Error> {
    if entry.artifact_type().is_some() {
        return Ok(());
    }
    let target = Target::Digest(entry.digest().clone());
    match manifest_pull::fetch(operation, &target) {
        Ok(manifest) => entry.set_found_artifact_type(manifest.artifact_type()),
        // It has none that could be known.
        Err(error)
            if matches!(
                error.kind(),
                Kind::NotFound | Kind::InvalidManifest | Kind::Unsupported
            ) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
