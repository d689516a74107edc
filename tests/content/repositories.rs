//! The repository that the tests use, the digests of its content, and the progress of
//! calls on it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reggie::content::options::Options;
use reggie::content::progress::Snapshot;
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

/// Options with a callback that keeps all progress events.
pub(crate) fn observed_every(
    mut options: Options,
    interval: Duration,
) -> (Options, Arc<Mutex<Vec<Snapshot>>>) {
    let seen: Arc<Mutex<Vec<Snapshot>>> = Arc::default();
    let snapshots = Arc::clone(&seen);
    let callback = move |snapshot: &Snapshot| {
        snapshots.lock().expect("no panic").push(snapshot.clone());
        Ok(())
    };
    options.set_progress(Some(Arc::new(callback)), interval);
    (options, seen)
}
