//! The registries of these tests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use embedded_registry::{Options as RegistryOptions, Registry as Embedded};
use reggie::content::blob_pull::to_memory;
use reggie::content::blob_stat::delete;
use reggie::content::descriptor::Descriptor;
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use reggie::{Client, Config};
use support::registries::{
    Distribution, DockerForm, DockerRegistry, GgcrRegistry, Olareg, OlaregForm, Registry,
};

use super::{is_long, program};
use crate::pushing;

/// A registry that runs.
pub(super) struct Place {
    pub(super) name: &'static str,
    server: Server,
    /// An upload that was cut can be continued.
    pub(super) keeps_uploads: bool,
}

enum Server {
    Embedded(Embedded),
    Program(Registry),
}

impl Place {
    fn of(name: &'static str, keeps_uploads: bool, registry: Option<Registry>) -> Option<Place> {
        Some(Place {
            name,
            server: Server::Program(registry?),
            keeps_uploads,
        })
    }

    pub(super) fn embedded(with_tls: bool) -> Place {
        // Absolute locations would bypass relays.
        let options = RegistryOptions::default().relative_locations(true);
        let options = match with_tls {
            true => options.tls(),
            false => options,
        };
        Place {
            name: "embedded",
            server: Server::Embedded(Embedded::start(options)),
            keeps_uploads: true,
        }
    }

    pub(super) fn docker_registry(with_tls: bool) -> Option<Place> {
        let registry = DockerRegistry::start(docker_form(with_tls));
        Place::of("docker-registry 2.8", false, registry)
    }

    pub(super) fn olareg(form: OlaregForm) -> Option<Place> {
        let name = match form {
            OlaregForm::Token => "olareg with tokens",
            _ => "olareg",
        };
        // In files: large blobs are pushed in many ways.
        Place::of(
            name,
            true,
            Olareg::start_with(form, &["--store-type", "dir"]),
        )
    }

    /// Only in the long form.
    pub(super) fn distribution(with_tls: bool) -> Option<Place> {
        let registry = Distribution::start(&program("distribution"), docker_form(with_tls));
        Place::of("distribution 3", true, Some(registry))
    }

    /// Only in the long form.
    pub(super) fn ggcr() -> Option<Place> {
        let registry = GgcrRegistry::start(&program("ggcr-registry"));
        Place::of("ggcr's registry", false, Some(registry))
    }

    /// All of them, over HTTP or HTTPS, open to all.
    pub(super) fn all(with_tls: bool) -> Vec<Place> {
        let form = match with_tls {
            true => OlaregForm::Tls,
            false => OlaregForm::Open,
        };
        let mut places = vec![
            Some(Place::embedded(with_tls)),
            Place::docker_registry(with_tls),
            Place::olareg(form),
        ];
        if is_long() {
            places.push(Place::distribution(with_tls));
            if !with_tls {
                // It has no TLS.
                places.push(Place::ggcr());
            }
        }
        let only = std::env::var("REGGIE_LONG_REGISTRY").unwrap_or_default();
        let places = places.into_iter().flatten();
        places.filter(|place| place.name.contains(&only)).collect()
    }

    pub(super) fn url(&self) -> String {
        match &self.server {
            Server::Embedded(registry) => registry.url().to_owned(),
            Server::Program(registry) => registry.url(),
        }
    }

    /// Host and port.
    pub(super) fn authority(&self) -> String {
        let url = self.url();
        let (_, authority) = url.split_once("://").expect("a scheme");
        authority.to_owned()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.authority().parse().expect("an address")
    }

    /// The URL by which another address is used in place of its own.
    pub(super) fn url_at(&self, authority: &str) -> String {
        self.url().replace(&self.authority(), authority)
    }

    fn config(&self) -> Config {
        let mut config = pushing::config();
        let (ca, credentials) = match &self.server {
            Server::Embedded(registry) => (registry.ca_path().map(PathBuf::from), None),
            Server::Program(registry) => {
                (registry.ca_path(), registry.user().zip(registry.password()))
            }
        };
        if let Some(path) = ca {
            config.add_ca_file(&path).expect("a ca file");
        }
        if let Some((user, password)) = credentials {
            config.set_credentials(user, password).expect("valid");
        }
        config
    }

    /// A repository of a new client.
    pub(super) fn repository(&self) -> Repository {
        self.repository_at(&self.url())
    }

    /// A repository of a new client, by another URL.
    pub(super) fn repository_at(&self, url: &str) -> Repository {
        let client = Arc::new(Client::new(url, &self.config()).expect("a client"));
        Repository::new(&client, Some("team/app")).expect("a repository")
    }

    /// Asserts that it has a blob, and deletes it.
    #[track_caller]
    pub(super) fn take_blob(&self, bytes: &[u8]) {
        let digest = pushing::digest(bytes);
        let size = bytes.len();
        let blob = Descriptor::new(&digest, Some(size as u64), None).expect("valid");
        let repository = self.repository();
        let found = to_memory(&repository, &blob, 0, size, &Options::default());
        assert!(found.expect("pushed") == bytes, "{}", self.name);
        delete(&repository, &digest, &Options::default()).expect("deleted");
    }
}

fn docker_form(with_tls: bool) -> DockerForm {
    match with_tls {
        true => DockerForm::Tls,
        false => DockerForm::Open,
    }
}
