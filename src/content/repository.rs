//! Repositories of a registry.

use std::sync::Arc;

use super::reference::{self, Reference};
use crate::client::Client;
use crate::config::Config;
use crate::error::{Error, Kind};

/// A repository, and the tag or digest to use where none is given. Cheap to clone.
#[derive(Clone)]
pub struct Repository {
    client: Arc<Client>,
    name: Arc<str>,
    target: Arc<str>,
}

impl Repository {
    /// A repository of a client's registry. `None` means the default name of the client.
    pub fn new(client: &Arc<Client>, name: Option<&str>) -> Result<Repository, Error> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => client
                .default_name()
                .ok_or_else(|| Error::new(Kind::MissingValue, "repository: has no name"))?,
        };
        reference::check_name(&name)
            .map_err(|problem| Error::new(Kind::InvalidReference, problem))?;
        Ok(Repository {
            client: Arc::clone(client),
            name: name.into(),
            target: "latest".into(),
        })
    }

    /// The repository of a reference, with a client of its own.
    pub fn open(text: &str, config: &Config) -> Result<Repository, Error> {
        let reference = Reference::parse(text, None)?;
        let client = Client::new(&reference.address(), config)?;
        Ok(Repository {
            client: Arc::new(client),
            name: reference.name().into(),
            target: reference.target().into(),
        })
    }

    /// No repository: for requests to the registry itself.
    pub fn of_registry(client: &Arc<Client>) -> Repository {
        Repository {
            client: Arc::clone(client),
            name: "".into(),
            target: "".into(),
        }
    }

    /// The client of its registry.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Its name, such as `library/alpine`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tag or digest to use where none is given.
    pub fn target(&self) -> &str {
        &self.target
    }
}
