//! Repositories of a registry.

use std::sync::Arc;

use super::reference;
use crate::client::Client;
use crate::error::{Error, Kind};

/// A client, the name of a repository of its registry, and the tag or digest to
/// use where none is given. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Registry {
    client: Arc<Client>,
    name: Arc<str>,
    target: Arc<str>,
}

impl Registry {
    /// A repository of a client's registry. `None` means the default name of the client.
    pub(super) fn new(
        client: &Arc<Client>,
        name: Option<&str>,
        target: &str,
    ) -> Result<Registry, Error> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => client
                .default_name()
                .ok_or_else(|| Error::new(Kind::MissingValue, "repository: no name"))?,
        };
        reference::check_name(&name)?;
        Ok(Registry {
            client: Arc::clone(client),
            name: name.into(),
            target: target.into(),
        })
    }

    /// No repository: for requests to the registry itself.
    pub(super) fn itself(client: &Arc<Client>) -> Registry {
        Registry {
            client: Arc::clone(client),
            name: "".into(),
            target: "".into(),
        }
    }

    /// The client of its registry.
    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Its name, such as `library/alpine`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The tag or digest to use where none is given.
    pub(super) fn target(&self) -> &str {
        &self.target
    }
}
