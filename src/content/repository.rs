//! Places that store content: repositories of registries, and layouts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::layout::folder::Layout;
use super::layout::index_file;
use super::layout::open;
use super::reference::Reference;
use super::registry::Registry;
use crate::client::Client;
use crate::config::Config;
use crate::error::{Error, Kind};
use crate::os::call_scope;
use crate::os::cancel::Cancel;
use crate::os::deadline::CallLimits;
use crate::request::call::Call;

/// A place that stores content. Cheap to clone.
#[derive(Clone)]
pub struct Repository(Place);

/// What a repository is. Each operation on content has one function that
/// distinguishes them, next to its implementation for registries; those for
/// layouts are in `layout`.
#[derive(Clone)]
pub(crate) enum Place {
    /// A repository of a registry.
    Registry(Registry),
    /// An OCI image layout.
    Layout(Arc<Layout>),
}

impl Repository {
    /// A repository of a client's registry. `None` means the default name of the client.
    pub fn new(client: &Arc<Client>, name: Option<&str>) -> Result<Repository, Error> {
        let registry = Registry::new(client, name, "latest")?;
        Ok(Repository(Place::Registry(registry)))
    }

    /// The repository of a reference, with a client of its own.
    pub fn open(text: &str, config: &Config) -> Result<Repository, Error> {
        let reference = Reference::parse(text, None)?;
        let client = Arc::new(Client::new(&reference.address(), config)?);
        let registry = Registry::new(&client, Some(reference.name()), reference.target())?;
        Ok(Repository(Place::Registry(registry)))
    }

    /// An OCI image layout. With `create`, a missing or empty directory becomes one.
    pub fn open_layout(path: &Path, create: bool) -> Result<Repository, Error> {
        let layout = open::open(path, create)?;
        Ok(Repository(Place::Layout(Arc::new(layout))))
    }

    /// No repository: for requests to the registry itself.
    pub fn of_registry(client: &Arc<Client>) -> Repository {
        Repository(Place::Registry(Registry::itself(client)))
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0
    }

    /// The registry; an error for a layout.
    pub(crate) fn registry(&self) -> Result<&Registry, Error> {
        match &self.0 {
            Place::Registry(registry) => Ok(registry),
            Place::Layout(layout) => {
                let message = format!("{}: not in a registry", layout.shown());
                Err(Error::new(Kind::Unsupported, message))
            }
        }
    }

    /// The client of its registry; `None` for a layout.
    pub fn client(&self) -> Option<&Arc<Client>> {
        self.registry().ok().map(Registry::client)
    }

    /// Its name, such as `library/alpine`; `None` for a layout.
    pub fn name(&self) -> Option<&str> {
        self.registry().ok().map(Registry::name)
    }

    /// Its host and name, or its path, as errors name it.
    pub(super) fn shown(&self) -> String {
        match &self.0 {
            Place::Registry(registry) => {
                format!("{}/{}", registry.client().host(), registry.name())
            }
            Place::Layout(layout) => layout.shown(),
        }
    }

    /// What distinguishes it from other repositories in this process.
    pub(super) fn identity(&self) -> Result<String, Error> {
        match &self.0 {
            Place::Registry(registry) => Ok(format!(
                "{}/{}",
                registry.client().address(),
                registry.name()
            )),
            Place::Layout(layout) => layout.identity(),
        }
    }

    /// The tag or digest to use where none is given.
    pub fn target(&self) -> Result<String, Error> {
        match &self.0 {
            Place::Registry(registry) => Ok(registry.target().to_owned()),
            Place::Layout(layout) => index_file::target(layout),
        }
    }

    /// Begins a call.
    pub(super) fn begin(&self, cancel: Option<Cancel>, timeout: Option<Duration>) -> Call {
        match &self.0 {
            Place::Registry(registry) => registry.client().begin(cancel, timeout),
            Place::Layout(_) => Call::new(CallLimits {
                cancel,
                is_nested: call_scope::is_active(),
                ..CallLimits::within(timeout)
            }),
        }
    }
}
