//! The maximum speed of a call.

use std::fs;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::batch::{Batch, Destination, Work};
use reggie::content::blob_pull::to_memory;
use reggie::content::builder::Builder;
use reggie::content::descriptor::Descriptor;
use reggie::content::files_pull;
use reggie::content::options::Options;
use reggie::content::progress::{Event, Snapshot};
use reggie::content::push::{self, Source};
use reggie::content::repository::Repository;
use reggie::{Cancel, Config, Kind};

use crate::documents::{NAME, config, embedded, repository_with};
use crate::pushing::{assert_kind, content, memory, observed};

const SIZE: usize = 400_000;
/// Bytes per second.
const SPEED: u64 = 1_000_000;
/// The least time that a transfer of that size takes: all but a burst and the last piece
/// that is sent, of 100 ms each.
const MIN_TIME: Duration = Duration::from_millis(200);

fn limited(down: u64, up: u64) -> Options {
    let mut options = Options::default();
    options.max_speed = (down, up);
    options
}

fn blob(registry: &Registry) -> Descriptor {
    let bytes = content(SIZE);
    let digest = registry.put_blob(NAME, bytes);
    Descriptor::new(&digest, Some(SIZE as u64), None).expect("a descriptor")
}

fn pull(repository: &Repository, blob: &Descriptor, options: &Options) -> Duration {
    let begun = Instant::now();
    let pulled = to_memory(repository, blob, 0, usize::MAX, options);
    assert_eq!(pulled.expect("pulled"), content(SIZE));
    begun.elapsed()
}

fn places() -> [(Registry, Repository); 2] {
    [RegistryOptions::default(), RegistryOptions::default().tls()].map(|options| {
        let registry = Registry::start(options);
        let mut config: Config = config();
        if let Some(path) = registry.ca_path() {
            config.add_ca_file(path).expect("a certificate");
        }
        let repository = repository_with(registry.url(), &config);
        (registry, repository)
    })
}

#[test]
fn a_pull_is_no_faster_than_allowed() {
    for (registry, repository) in places() {
        let blob = blob(&registry);
        assert!(pull(&repository, &blob, &limited(SPEED, 0)) >= MIN_TIME);
        let mut options = limited(SPEED, 0);
        options.set_parts(4, 64 * 1024).expect("in range");
        assert!(
            pull(&repository, &blob, &options) >= MIN_TIME,
            "of all parts"
        );
    }
}

#[test]
fn a_push_is_no_faster_than_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    fs::write(&path, content(SIZE)).expect("written");
    for (registry, repository) in places() {
        for source in [Source::Path(path.clone()), memory(&content(SIZE))] {
            let begun = Instant::now();
            let pushed = push::push(&repository, source, None, &limited(0, SPEED));
            let pushed = pushed.expect("pushed");
            assert!(begun.elapsed() >= MIN_TIME);
            registry.delete_blob(NAME, pushed.digest().as_str());
        }
    }
}

#[test]
fn all_transfers_of_a_call_share_the_speed() {
    let registry = Registry::start(RegistryOptions::default());
    let mut builder = Builder::new(false);
    builder
        .set_artifact_type(Some("application/x-files"))
        .expect("set");
    for number in 0..4_u8 {
        let bytes = vec![number; SIZE / 4];
        let title = number.to_string();
        builder
            .add_memory(&bytes, None, Some(&title))
            .expect("added");
    }
    let begun = Instant::now();
    builder
        .push(&embedded(&registry), &["v1"], &limited(0, SPEED))
        .expect("pushed");
    assert!(begun.elapsed() >= MIN_TIME);
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    let options = limited(SPEED, 0);
    files_pull::pull(&embedded(&registry), Some("v1"), folder.path(), &options).expect("pulled");
    assert!(begun.elapsed() >= MIN_TIME);
}

#[test]
fn all_items_of_a_batch_share_the_speed() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = embedded(&registry);
    let folder = tempfile::tempdir().expect("a folder");
    let path = |number: u8| folder.path().join(number.to_string());
    let size = SIZE / 4;
    for steps in [false, true] {
        let pushes = Batch::new(Arc::new(limited(0, SPEED))).expect("a batch");
        let pulls = Batch::new(Arc::new(limited(SPEED, 0))).expect("a batch");
        for number in 0..4_u8 {
            let bytes = vec![number + 10 * u8::from(steps); size];
            fs::write(path(number), &bytes).expect("written");
            let digest = registry.put_blob(NAME, bytes);
            registry.delete_blob(NAME, &digest);
            let work = Work::push(&repository, &path(number), None).expect("valid");
            pushes.items().add(work);
            let blob = Descriptor::new(&digest, Some(size as u64), None).expect("a descriptor");
            let to = Destination::Path(path(number + 100));
            pulls.items().add(Work::pull(&repository, &blob, to));
        }
        for mut batch in [pushes, pulls] {
            let begun = Instant::now();
            match steps {
                true => while batch.step(None).expect("no failure") {},
                false => batch.run().expect("no failure"),
            }
            assert!(begun.elapsed() >= MIN_TIME);
        }
    }
}

#[test]
fn waiting_for_the_speed_is_not_a_stall() {
    let registry = Registry::start(RegistryOptions::default());
    let blob = blob(&registry);
    let mut config: Config = config();
    config.set_stall_limit(1, Duration::from_millis(500));
    let repository = repository_with(registry.url(), &config);
    // Both wait longer than that between two pieces.
    thread::scope(|scope| {
        scope.spawn(|| {
            let begun = Instant::now();
            let pushed = push::push(&repository, memory(&[7; 2500]), None, &limited(0, 1000));
            pushed.expect("pushed");
            assert!(begun.elapsed() >= Duration::from_secs(1));
        });
        let time = pull(&repository, &blob, &limited(100_000, 0));
        assert!(time >= Duration::from_secs(1));
    });
}

#[test]
fn a_call_that_waits_for_the_speed_reports_and_ends() {
    let registry = Registry::start(RegistryOptions::default());
    let blob = blob(&registry);
    let cancel = Cancel::new().expect("a handle");
    let (mut options, seen): (Options, Arc<Mutex<Vec<Snapshot>>>) = observed(limited(1, 1));
    options.cancel = Some(cancel.clone());
    for is_push in [false, true] {
        let before = seen.lock().expect("no panic").len();
        let (watched, trigger) = (Arc::clone(&seen), cancel.clone());
        let watcher = thread::spawn(move || {
            let waits = |seen: &Snapshot| seen.event == Event::Wait;
            while !watched.lock().expect("no panic")[before..]
                .iter()
                .any(waits)
            {
                thread::sleep(Duration::from_millis(10));
            }
            trigger.trigger();
        });
        let mut options = options.clone();
        if is_push {
            let other = Cancel::new().expect("a handle");
            options.cancel = Some(other);
            options.timeout = Some(Duration::from_millis(1500));
            let pushed = push::push(&embedded(&registry), memory(b"other"), None, &options);
            assert_kind(pushed, Kind::Deadline);
        } else {
            let pulled = to_memory(&embedded(&registry), &blob, 0, usize::MAX, &options);
            assert_kind(pulled, Kind::Cancelled);
        }
        watcher.join().expect("no panic");
    }
}
