//! Lists of names, page by page: tags and repositories.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::json::Json;
use super::layout::index_file;
use super::operation::Operation;
use super::options::Options;
use super::reference;
use super::registry::Registry;
use super::repository::{Place, Repository};
use super::task::Task;
use crate::body::sink::MemoryLimit;
use crate::client::Client;
use crate::error::{Error, Kind};
use crate::http::url;
use crate::log::redact::{self, shown};
use crate::request::response::Response;

/// Some registries send all names in one page.
const MAX_PAGE: MemoryLimit = MemoryLimit {
    bytes: 16 * 1024 * 1024,
    set_by: "a page of a list",
};

/// How many bytes all tags that a call needs may have, which are in memory.
const MAX_TAGS: usize = 16 * 1024 * 1024;

/// What a list names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Tags,
    Repositories,
}

/// A list whose pages are requested as they are needed.
pub struct Names {
    subject: Subject,
    repository: Repository,
    options: Options,
    source: Source,
    /// The rest of the current page, last name first.
    page: Vec<String>,
    previous: Option<String>,
    left_out: usize,
    /// How many names are requested for a page; `None` if the registry decides.
    size: Option<usize>,
    /// The registry links its pages.
    has_links: bool,
}

/// The tags of a repository that a condition selects, within a call.
pub(super) fn all_tags(
    operation: &Operation,
    is_selected: impl Fn(&str) -> bool,
) -> Result<Vec<String>, Error> {
    let mut names = Names::tags(operation.repository, None, operation.options);
    let (mut found, mut bytes) = (Vec::new(), 0);
    loop {
        while names.take_next() {
            let Some(tag) = names.previous.as_ref().filter(|tag| is_selected(tag)) else {
                continue;
            };
            bytes += tag.len();
            if bytes > MAX_TAGS {
                let message = format!("list of tags: more than {MAX_TAGS} bytes");
                return Err(Error::new(Kind::ListEndless, message));
            }
            found.push(tag.clone());
        }
        if !names.read_page(operation)? {
            return Ok(found);
        }
    }
}

/// Where a list comes from.
pub(super) enum Source {
    Registry(Pages),
    Layout { is_read: bool },
}

/// Which pages were requested, so that no list is endless.
pub(super) struct Pages {
    /// The address of the registry, for messages.
    registry: String,
    /// The name of the repository, which is `<name>` in the path of the first page.
    name: String,
    /// The path of the next page.
    next: Option<String>,
    /// Hashes of the paths of the pages that were read: a server decides how long
    /// its paths are.
    seen: HashSet<u64>,
    hasher: RandomState,
    max: Option<usize>,
}

impl Names {
    /// The tags of a repository that follow a tag.
    pub fn tags(repository: &Repository, after: Option<&str>, options: &Options) -> Names {
        Names::new(Subject::Tags, repository, after, options)
    }

    /// The repositories of a registry that follow a name.
    pub fn catalog(client: &Arc<Client>, after: Option<&str>, options: &Options) -> Names {
        let repository = Repository::of_registry(client);
        Names::new(Subject::Repositories, &repository, after, options)
    }

    fn new(
        subject: Subject,
        repository: &Repository,
        after: Option<&str>,
        options: &Options,
    ) -> Names {
        let (size, max) = options.pages();
        Names {
            subject,
            repository: repository.clone(),
            options: options.clone(),
            source: match repository.place() {
                Place::Registry(registry) => {
                    let first = first_page(subject, Some(size), after);
                    Source::Registry(Pages::new(registry, first, max))
                }
                Place::Layout(_) => Source::Layout { is_read: false },
            },
            page: Vec::new(),
            previous: after.map(str::to_owned),
            left_out: 0,
            size: Some(size),
            has_links: false,
        }
    }

    /// The next name; `None` at the end. After a transient failure it may be
    /// called again.
    #[expect(clippy::should_implement_trait, reason = "it can fail, and lends")]
    pub fn next(&mut self) -> Result<Option<&str>, Error> {
        if !self.take_next() {
            // The limits of the call are those of all pages that it requests.
            let (repository, options) = (self.repository.clone(), self.options.clone());
            let operation = Operation::new(&repository, &options);
            while !self.take_next() {
                let read = self.read_page(&operation);
                if !read.map_err(|error| operation.completed(error))? {
                    return Ok(None);
                }
            }
        }
        Ok(self.previous.as_deref())
    }

    /// Makes the next name of the page the previous one; false if there is none.
    fn take_next(&mut self) -> bool {
        while let Some(name) = self.page.pop() {
            if self.previous.as_deref() != Some(name.as_str()) {
                self.previous = Some(name);
                return true;
            }
        }
        false
    }

    /// How many invalid names were left out so far.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Reads the next page; false at the end.
    fn read_page(&mut self, operation: &Operation) -> Result<bool, Error> {
        match (&mut self.source, operation.place()) {
            (Source::Registry(pages), Place::Registry(registry)) => {
                let Some(path) = pages.current()? else {
                    return Ok(false);
                };
                self.request_page(&Task::new(operation, registry), &path)?;
                Ok(true)
            }
            (Source::Layout { is_read: false }, Place::Layout(layout)) => {
                let tags = index_file::read(layout)?.tags();
                self.left_out = tags.left_out;
                self.page = tags.names;
                if let Some(after) = &self.previous {
                    self.page.retain(|tag| tag > after);
                }
                self.page.reverse();
                self.source = Source::Layout { is_read: true };
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn request_page(&mut self, task: &Task, path: &str) -> Result<(), Error> {
        let response = self.request(task, path)?;
        let last = self.read(&response)?;
        task.call.note_progress(response.body().len() as u64);
        let next = response.next_page();
        self.has_links |= next.is_some();
        match (last, self.size) {
            // Some registries cut the list without a link to the rest.
            (Some(last), Some(size)) if !self.has_links => {
                let next = first_page(self.subject, Some(size), Some(&last));
                self.advance(Some(&next));
            }
            _ => self.advance(next),
        }
        Ok(())
    }

    /// Whether no page was read yet.
    fn is_first(&self) -> bool {
        match &self.source {
            Source::Registry(pages) => pages.is_first(),
            Source::Layout { is_read } => !is_read,
        }
    }

    fn advance(&mut self, next: Option<&str>) {
        if let Source::Registry(pages) = &mut self.source {
            pages.advance(next);
        }
    }

    fn request(&mut self, task: &Task, path: &str) -> Result<Response, Error> {
        let send = |path: &str| {
            let mut request = task.request("GET", path)?;
            request.set_header("Accept", b"application/json")?;
            request.max_body = Some(MAX_PAGE);
            task.send_checked(&mut request)
        };
        let sent = match send(path) {
            // Some registries allow fewer names per page than others.
            Err(error) if error.http_status() == 400 && self.is_first() => {
                let after = self.previous.as_deref();
                self.size = None;
                send(&first_page(self.subject, None, after))
            }
            sent => sent,
        };
        let response = sent.map_err(|error| match (self.subject, error.kind()) {
            // The list is missing, not a repository.
            (Subject::Repositories, Kind::NotFound) => error.with_kind(Kind::Unsupported),
            _ => error,
        })?;
        response.check_next_page()?;
        Ok(response)
    }

    /// Reads a page. If it is full and has new names, returns its last name.
    fn read(&mut self, response: &Response) -> Result<Option<String>, Error> {
        let member = match self.subject {
            Subject::Tags => "tags",
            Subject::Repositories => "repositories",
        };
        let invalid = |problem: &str| {
            let message = format!("{}: list of {member}: {problem}", response.host());
            Error::new(Kind::InvalidJson, message)
                .with_host(response.host())
                .with_http_status(response.status())
        };
        let json = Json::parse(response.body()).map_err(|error| invalid(error.message()))?;
        let list = match json.member(member) {
            // Some registries send null for none.
            None if matches!(json, Json::Object(_)) => return Ok(None),
            Some(Json::Array(list)) => list,
            _ => return Err(invalid("is not a list")),
        };
        let is_valid = |name: &&str| match self.subject {
            Subject::Tags => reference::check_tag(name).is_ok(),
            Subject::Repositories => reference::check_name(name).is_ok(),
        };
        let mut names: Vec<String> = list
            .iter()
            .filter_map(Json::string)
            .filter(is_valid)
            .map(str::to_owned)
            .collect();
        self.left_out += list.len() - names.len();
        // Some registries always send the list from its beginning.
        let after = self.previous.as_ref().filter(|_| !self.has_links);
        if let Some(at) = names.iter().position(|name| Some(name) == after) {
            names.drain(..=at);
        }
        let is_full = self.size == Some(list.len()) && !names.is_empty();
        let last = list.last().and_then(Json::string).map(str::to_owned);
        self.page = names;
        self.page.reverse();
        Ok(last.filter(|_| is_full))
    }
}

fn first_page(subject: Subject, size: Option<usize>, after: Option<&str>) -> String {
    let path = match subject {
        Subject::Tags => "/v2/<name>/tags/list",
        Subject::Repositories => "/v2/_catalog",
    };
    let size = size.map(|size| format!("n={size}"));
    let after = after.map(|after| format!("last={}", url::encode_query(after)));
    let query: Vec<String> = size.into_iter().chain(after).collect();
    match query.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", query.join("&")),
    }
}

impl Pages {
    pub(super) fn new(repository: &Registry, first: String, max: Option<usize>) -> Pages {
        Pages {
            registry: repository.client().address(),
            name: repository.name().to_owned(),
            next: Some(first),
            seen: HashSet::new(),
            hasher: RandomState::new(),
            max,
        }
    }

    /// The page to request; `None` at the end.
    pub(super) fn current(&self) -> Result<Option<String>, Error> {
        let Some(next) = &self.next else {
            return Ok(None);
        };
        let endless = |problem: &str| {
            let message = format!("{}: list {problem}", self.registry);
            Err(Error::new(Kind::ListEndless, message))
        };
        if self.seen.contains(&self.hasher.hash_one(next)) {
            return endless(&format!("comes back to page {}", shown(&redact::url(next))));
        }
        match self.max {
            Some(max) if self.seen.len() >= max => endless(&format!("has more than {max} pages")),
            _ => Ok(Some(next.clone())),
        }
    }

    /// Whether no page was read yet.
    pub(super) fn is_first(&self) -> bool {
        self.seen.is_empty()
    }

    /// The current page was read; another one may follow.
    pub(super) fn advance(&mut self, next: Option<&str>) {
        if let Some(read) = std::mem::replace(&mut self.next, next.map(str::to_owned)) {
            // As the server writes it.
            let read = read.replacen("<name>", &self.name, 1);
            self.seen.insert(self.hasher.hash_one(read));
        }
    }
}
