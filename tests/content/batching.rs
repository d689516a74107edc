//! What the tests of batches share.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use embedded_registry::{About, Ending, Fault, Options as RegistryOptions, Registry, Rule};
use reggie::content::batch::{Batch, Destination, Product, Work};
use reggie::content::descriptor::Descriptor;
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use reggie::{Error, WriteSink};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::blob_server::{config, content, descriptor, repository};
use crate::repositories::NAME;

/// How a batch is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Run,
    /// Steps that do not wait, as often as the descriptor is readable.
    Poll,
    /// Steps that wait.
    Step,
}

pub(crate) const ALL: [How; 3] = [How::Run, How::Poll, How::Step];

/// Whether a step has something to do. With `wait`, once it has.
pub(crate) fn is_due(batch: &Batch, wait: bool) -> bool {
    let items = batch.items();
    let mut fds = [PollFd::from_borrowed_fd(items.descriptor(), PollFlags::IN)];
    let now = Timespec::default();
    poll(&mut fds, (!wait).then_some(&now)).expect("polled") > 0
}

pub(crate) fn finish(batch: &mut Batch, how: How) -> Result<(), Error> {
    match how {
        How::Run => batch.run(),
        How::Step => {
            while batch.step(None)? {}
            Ok(())
        }
        How::Poll => loop {
            is_due(batch, true);
            if !batch.step(Some(Duration::ZERO))? {
                return Ok(());
            }
        },
    }
}

pub(crate) fn parallel(count: usize) -> Options {
    let mut options = Options::default();
    options.set_parallel(count).expect("in range");
    options
}

pub(crate) fn batch(options: Options) -> Batch {
    Batch::new(Arc::new(options)).expect("a descriptor")
}

pub(crate) fn pull(repository: &Repository, blob: &Descriptor, to: Destination) -> Work {
    Work::pull(repository, blob, to)
}

pub(crate) fn to_path(repository: &Repository, blob: &Descriptor, path: &Path) -> Work {
    pull(repository, blob, Destination::Path(path.to_owned()))
}

pub(crate) fn to_callback(
    repository: &Repository,
    blob: &Descriptor,
    sink: impl WriteSink + 'static,
) -> Work {
    let output = reggie::content::batch::CallbackOutput::new(Box::new(sink));
    pull(repository, blob, Destination::Callback(output))
}

/// What a callback fails with.
pub(crate) fn stop() -> Error {
    let result = Options::default().set_parallel(0);
    result.expect_err("out of range")
}

/// The failure of an item that has ended.
pub(crate) fn failure(batch: &Batch, index: usize) -> Option<Error> {
    let item = batch.items().get(index).expect("an item");
    let outcome = item.outcome().expect("it has ended");
    outcome.as_ref().err().cloned()
}

/// What an item resulted in.
pub(crate) fn product<R>(batch: &Batch, index: usize, get: impl FnOnce(&Product) -> R) -> R {
    let item = batch.items().get(index).expect("an item");
    get(item
        .outcome()
        .expect("it has ended")
        .as_ref()
        .expect("no failure"))
}

/// A registry with blobs of some sizes.
pub(crate) struct Blobs {
    pub(crate) registry: Registry,
    pub(crate) repository: Repository,
    pub(crate) contents: Vec<Vec<u8>>,
    pub(crate) folder: tempfile::TempDir,
}

impl Blobs {
    pub(crate) fn new(sizes: impl IntoIterator<Item = usize>) -> Blobs {
        Blobs::at(RegistryOptions::default(), sizes)
    }

    pub(crate) fn at(options: RegistryOptions, sizes: impl IntoIterator<Item = usize>) -> Blobs {
        let registry = Registry::start(options);
        let contents: Vec<Vec<u8>> = sizes.into_iter().map(content).collect();
        for content in &contents {
            registry.put_blob(NAME, content.clone());
        }
        Blobs {
            repository: repository(registry.url(), &config()),
            registry,
            contents,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub(crate) fn blob(&self, index: usize) -> Descriptor {
        descriptor(&self.contents[index])
    }

    /// A blob that the registry does not have.
    pub(crate) fn missing(&self) -> Descriptor {
        descriptor(b"missing")
    }

    pub(crate) fn path(&self, name: impl ToString) -> std::path::PathBuf {
        self.folder.path().join(name.to_string())
    }

    /// Adds the pull of each blob to a file with the number of the blob.
    pub(crate) fn pull_all(&self, batch: &Batch) {
        for index in 0..self.contents.len() {
            self.pull(batch, index, index);
        }
    }

    pub(crate) fn pull(&self, batch: &Batch, blob: usize, name: impl ToString) {
        let work = to_path(&self.repository, &self.blob(blob), &self.path(name));
        batch.items().add(work);
    }

    pub(crate) fn check(&self, blob: usize, name: impl ToString) {
        let found = std::fs::read(self.path(name)).expect("a file");
        assert!(found == self.contents[blob], "{blob}");
    }

    /// How many GET requests for blobs there were.
    pub(crate) fn gets(&self) -> usize {
        self.registry.count(About::Blob)
    }
}

/// The registry does not answer requests whose path contains the part.
pub(crate) fn hang(blobs: &Blobs, part: &str) {
    let stall = Fault::hang_up(Ending::Stall);
    blobs.registry.add_rule(Rule::new(stall).path(part));
}

/// Notes on which threads it is called and freed.
pub(crate) struct Noting {
    pub(crate) seen: Arc<Mutex<Vec<ThreadId>>>,
    pub(crate) freed: Arc<Mutex<Vec<ThreadId>>>,
    pub(crate) result: Result<(), Error>,
}

impl WriteSink for Noting {
    fn write(&mut self, _: &[u8]) -> Result<(), Error> {
        self.seen
            .lock()
            .expect("no panic")
            .push(thread::current().id());
        self.result.clone()
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        self.freed
            .lock()
            .expect("no panic")
            .push(thread::current().id());
    }
}
