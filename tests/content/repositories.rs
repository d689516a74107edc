//! The repository that the tests use, and the digests of what is in it.

use std::sync::Arc;
use std::time::Duration;

use reggie::content::repository::Repository;
use reggie::digest::{Algorithm, of_bytes};
use reggie::{Client, Config};

pub(crate) const NAME: &str = "team/app";

/// Settings with short delays between retries.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    let short = Duration::from_millis(1);
    config.set_retry_delays(short, short, Duration::from_secs(60));
    config
}

pub(crate) fn repository(url: &str) -> Repository {
    repository_with(url, &config())
}

pub(crate) fn repository_with(url: &str, config: &Config) -> Repository {
    let client = Arc::new(Client::new(url, config).expect("a client"));
    Repository::new(&client, Some(NAME)).expect("a repository")
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    of_bytes(Algorithm::Sha256, bytes)
}
