//! Calls that transfer several blobs concurrently.

use std::collections::HashSet;
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use embedded_registry::{About, Fault, Options as RegistryOptions, Recorded, Registry};
use reggie::content::builder::Builder;
use reggie::content::files_pull;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::options::Options;
use reggie::content::progress::{Event, Snapshot};
use reggie::{Cancel, Config, Kind};
use support::raw_server::RawServer;

use crate::batching::parallel;
use crate::documents::repository_with;
use crate::documents::{EMPTY, NAME, config, descriptor, digest, embedded, repository};
use crate::pushing::{assert_kind, content as bytes};
use crate::scripted::{Reply, requests, serve};

const TITLE: &str = "org.opencontainers.image.title";

/// An artifact of `count` files with different content.
fn artifact(count: usize) -> Builder {
    let mut builder = Builder::new(false);
    builder
        .set_artifact_type(Some("application/x-files"))
        .expect("set");
    for number in 0..count {
        let content = content(number);
        builder
            .add_memory(content.as_bytes(), None, Some(&content))
            .expect("added");
    }
    builder
}

fn content(number: usize) -> String {
    format!("content {number}")
}

/// The manifest of `count` files.
fn manifest(count: usize) -> String {
    let layers = (0..count).map(|number| {
        let content = content(number);
        let title = format!(r#","annotations":{{"{TITLE}":"{content}"}}"#);
        let digest = digest(content.as_bytes());
        descriptor("application/octet-stream", &digest, content.len(), &title)
    });
    let layers: Vec<String> = layers.collect();
    let config = descriptor("application/vnd.oci.empty.v1+json", EMPTY, 2, "");
    let layers = layers.join(",");
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{config},"layers":[{layers}]}}"#
    )
}

/// Threads that wait for one another, but not for ever.
struct Meeting {
    size: usize,
    come: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    fn of(size: usize) -> Meeting {
        Meeting {
            size,
            come: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Whether so many have come, of this and each later group.
    fn wait(&self) -> bool {
        let mut come = self.come.lock().expect("no panic");
        *come += 1;
        let all = come.div_ceil(self.size) * self.size;
        self.changed.notify_all();
        let waited = self
            .changed
            .wait_timeout_while(come, Duration::from_secs(20), |come| *come < all);
        !waited.expect("no panic").1.timed_out()
    }
}

/// Serves the files of a manifest. For each, `reply` gets its content, and may return
/// something else.
fn files(count: usize, reply: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> RawServer {
    serve(move |request| {
        if request.target.contains("/manifests/") {
            return Reply::ok(OCI_MANIFEST, manifest(count));
        }
        let of = |content: &String| request.target.ends_with(&digest(content.as_bytes()));
        let content = (0..count).map(content).find(of).expect("a layer");
        reply(&content).unwrap_or_else(|| Reply::ok("application/octet-stream", content))
    })
}

#[test]
fn files_are_pulled_concurrently() {
    let all = Meeting::of(4);
    let server = files(8, move |_| (!all.wait()).then(|| Reply::new(404, "")));
    let folder = tempfile::tempdir().expect("a folder");
    let pulled = files_pull::pull(
        &repository(&server.url()),
        Some("v1"),
        folder.path(),
        &parallel(4),
    );
    pulled.expect("pulled");
    for number in 0..8 {
        let found = std::fs::read_to_string(folder.path().join(content(number)));
        assert_eq!(found.expect("a file"), content(number));
    }
}

#[test]
fn blobs_of_an_artifact_are_pushed_concurrently() {
    let all = Meeting::of(3);
    let server = serve(move |request| match request.method.as_str() {
        "HEAD" if request.target.contains("/blobs/") => {
            // The empty config is asked about later, without others.
            match request.target.ends_with(EMPTY) || all.wait() {
                true => Reply::new(200, "123456789"),
                false => Reply::new(403, ""),
            }
        }
        "HEAD" => Reply::new(404, ""),
        _ => Reply::new(201, ""),
    });
    let pushed = artifact(6).push(&repository(&server.url()), &["v1"], &parallel(3));
    pushed.expect("pushed");
}

#[test]
fn no_more_are_transferred_at_a_time_than_set() {
    for (count, connections, expected) in [(1, 0, 1), (2, 0, 2), (8, 2, 2), (4, 1, 1)] {
        let busy = Arc::new(Mutex::new((0, 0)));
        let at_once = Arc::clone(&busy);
        let server = files(12, move |_| {
            {
                let mut busy = at_once.lock().expect("no panic");
                busy.0 += 1;
                busy.1 = busy.1.max(busy.0);
            }
            thread::sleep(Duration::from_millis(5));
            at_once.lock().expect("no panic").0 -= 1;
            None
        });
        let mut config: Config = config();
        config.set_max_connections(connections);
        let folder = tempfile::tempdir().expect("a folder");
        let repository = repository_with(&server.url(), &config);
        let pulled = files_pull::pull(&repository, Some("v1"), folder.path(), &parallel(count));
        pulled.expect("pulled");
        let (_, most) = *busy.lock().expect("no panic");
        assert!(most <= expected, "{most} instead of {expected}");
    }
}

#[test]
fn transfers_take_turns_where_connections_are_limited() {
    // Each response takes longer than a connection may.
    let server = files(3, |_| {
        thread::sleep(Duration::from_millis(700));
        None
    });
    let mut config: Config = config();
    config.set_max_connections(1);
    config.set_connect_timeout(Some(Duration::from_millis(500)));
    let folder = tempfile::tempdir().expect("a folder");
    let repository = repository_with(&server.url(), &config);
    let mut options = parallel(3);
    options.set_retries(Some(0)).expect("in range");
    files_pull::pull(&repository, Some("v1"), folder.path(), &options).expect("pulled");
}

#[test]
fn parts_of_blobs_do_not_wait_for_the_connections_of_others() {
    let registry = Registry::start(RegistryOptions::default());
    let mut builder = artifact(0);
    for number in 0..4 {
        let mut large = bytes(200_000);
        large[0] = number;
        let title = number.to_string();
        builder
            .add_memory(&large, None, Some(&title))
            .expect("added");
    }
    builder
        .push(&embedded(&registry), &["v1"], &Options::default())
        .expect("pushed");
    // Each response takes longer than a connection may.
    let slow = Fault::serve().delay(Duration::from_millis(700));
    registry.add_rule(embedded_registry::Rule::new(slow).path("/blobs/"));
    let mut config: Config = config();
    config.set_max_connections(2);
    config.set_connect_timeout(Some(Duration::from_millis(500)));
    let repository = repository_with(registry.url(), &config);
    let mut options = parallel(4);
    options.set_retries(Some(0)).expect("in range");
    options.set_parts(3, 64 * 1024).expect("in range");
    let folder = tempfile::tempdir().expect("a folder");
    files_pull::pull(&repository, Some("v1"), folder.path(), &options).expect("pulled");
}

#[test]
fn content_that_is_added_twice_is_pushed_once() {
    let registry = Registry::start(RegistryOptions::default());
    let mut builder = artifact(2);
    for number in 0..2 {
        let content = content(number);
        let title = format!("{content} again");
        builder
            .add_memory(content.as_bytes(), None, Some(&title))
            .expect("added");
    }
    let seen: Arc<Mutex<Vec<Snapshot>>> = Arc::default();
    let events = Arc::clone(&seen);
    let mut options = parallel(4);
    let callback = move |snapshot: &Snapshot| {
        events.lock().expect("no panic").push(snapshot.clone());
        Ok(())
    };
    options.set_progress(Some(Arc::new(callback)), Duration::from_secs(3600));
    builder
        .push(&embedded(&registry), &["v1"], &options)
        .expect("pushed");
    let requests = registry.requests();
    let count = |method: &str, about: About| {
        let is_one = |request: &&Recorded| request.method == method && request.about() == about;
        requests.iter().filter(is_one).count()
    };
    // Two files, and the empty config.
    assert_eq!(count("HEAD", About::Blob), 3);
    assert_eq!(count("PUT", About::Upload), 3);
    let seen = seen.lock().expect("no panic");
    assert_eq!(
        seen.iter().filter(|seen| seen.event == Event::Skip).count(),
        2
    );
    let last = seen.last().expect("an event").totals;
    assert_eq!(last.done, last.total);
}

#[test]
fn a_failure_ends_the_other_transfers() {
    // Others than the one that fails do not respond before the end.
    let end = Arc::new((Mutex::new(false), Condvar::new()));
    let of_server = Arc::clone(&end);
    let begun = Barrier::new(3);
    let server = files(3, move |content| {
        begun.wait();
        if content == self::content(1) {
            return Some(Reply::error(403, "DENIED"));
        }
        let (ended, changed) = &*of_server;
        let ended = ended.lock().expect("no panic");
        let waited = changed.wait_timeout_while(ended, Duration::from_secs(20), |ended| !*ended);
        drop(waited.expect("no panic"));
        None
    });
    let folder = tempfile::tempdir().expect("a folder");
    let seen: Arc<Mutex<Vec<Snapshot>>> = Arc::default();
    let events = Arc::clone(&seen);
    let mut options = parallel(3);
    let callback = move |snapshot: &Snapshot| {
        events.lock().expect("no panic").push(snapshot.clone());
        Ok(())
    };
    options.set_progress(Some(Arc::new(callback)), Duration::from_secs(3600));
    let pulled = files_pull::pull(
        &repository(&server.url()),
        Some("v1"),
        folder.path(),
        &options,
    );
    let error = assert_kind(pulled, Kind::Denied);
    assert_eq!(error.digest(), Some(digest(content(1).as_bytes()).as_str()));
    *end.0.lock().expect("no panic") = true;
    end.1.notify_all();
    let seen = seen.lock().expect("no panic");
    let failed: HashSet<usize> = seen
        .iter()
        .filter(|seen| seen.event == Event::Fail)
        .map(|seen| seen.number)
        .collect();
    // The manifest has number 0.
    assert_eq!(failed, HashSet::from([1, 2, 3]));
}

#[test]
fn a_cancel_and_a_deadline_end_all_transfers() {
    for is_deadline in [false, true] {
        let begun = Arc::new(Barrier::new(5));
        let of_server = Arc::clone(&begun);
        let server = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                if request.target.contains("/manifests/") {
                    Reply::ok(OCI_MANIFEST, manifest(8)).send(conn, &request);
                    continue;
                }
                of_server.wait();
                // Silent until the client closes the connection.
            }
        });
        let cancel = Cancel::new().expect("a handle");
        let mut options = parallel(4);
        options.cancel = Some(cancel.clone());
        options.timeout = is_deadline.then_some(Duration::from_millis(300));
        let watcher = thread::spawn(move || {
            begun.wait();
            if !is_deadline {
                cancel.trigger();
            }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let repository = repository(&server.url());
        let pulled = files_pull::pull(&repository, Some("v1"), folder.path(), &options);
        let expected = if is_deadline {
            Kind::Deadline
        } else {
            Kind::Cancelled
        };
        let error = assert_kind(pulled, expected);
        assert!(
            error.host().is_some() && error.digest().is_some(),
            "{error:?}"
        );
        watcher.join().expect("no panic");
        let blobs = requests(&server)
            .into_iter()
            .filter(|line| line.contains("/blobs/"));
        assert_eq!(blobs.count(), 4, "the others were not requested");
    }
}

#[test]
fn all_callbacks_run_on_the_calling_thread() {
    let registry = Registry::start(RegistryOptions::default());
    let here = thread::current().id();
    let threads: Arc<Mutex<HashSet<ThreadId>>> = Arc::default();
    let note = |threads: &Arc<Mutex<HashSet<ThreadId>>>| {
        let threads = Arc::clone(threads);
        move || {
            threads
                .lock()
                .expect("no panic")
                .insert(thread::current().id());
        }
    };
    let mut config: Config = config();
    let sends = note(&threads);
    config.set_send_callback(Some(Arc::new(move |_| {
        sends();
        Ok(())
    })));
    let mut options = parallel(4);
    let reports = note(&threads);
    let callback = move |_: &Snapshot| {
        reports();
        Ok(())
    };
    options.set_progress(Some(Arc::new(callback)), Duration::from_millis(1));
    // Workers have workers of their own.
    options.set_parts(3, 64 * 1024).expect("in range");
    let repository = repository_with(registry.url(), &config);
    let mut builder = artifact(8);
    let large = bytes(400_000);
    builder
        .add_memory(&large, None, Some("large"))
        .expect("added");
    builder
        .push(&repository, &["v1"], &options)
        .expect("pushed");
    let folder = tempfile::tempdir().expect("a folder");
    files_pull::pull(&repository, Some("v1"), folder.path(), &options).expect("pulled");
    assert_eq!(*threads.lock().expect("no panic"), HashSet::from([here]));
}

#[test]
fn each_transfer_has_retries_of_its_own() {
    let registry = Registry::start(RegistryOptions::default());
    artifact(6)
        .push(&embedded(&registry), &["v1"], &Options::default())
        .expect("pushed");
    // One failure for each file: more than one call may retry.
    let mut options = parallel(3);
    options.set_retries(Some(1)).expect("in range");
    for number in 0..6 {
        let digest = digest(content(number).as_bytes());
        registry.add_rule(
            embedded_registry::Rule::new(Fault::status(503))
                .path(&digest)
                .times(1),
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    files_pull::pull(&embedded(&registry), Some("v1"), folder.path(), &options).expect("pulled");
    assert!(registry.manifest(NAME, "v1").is_some());
}
