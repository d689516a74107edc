//! What a push does when a request fails: at each message boundary, with lost
//! responses, errors that pass, sources that change, and calls that are ended.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use embedded_registry::{Ending, Fault, Options as RegistryOptions, Registry, Rule};
use reggie::content::options::Options;
use reggie::content::progress::{Event, Phase, Snapshot};
use reggie::content::push::{self, Source};
use reggie::content::upload::Upload;
use reggie::{Cancel, Kind};

use super::pushing::*;
use super::quirky::{Quirky, usual};
use super::scripted::Reply;

/// The requests of a push in three chunks.
const REQUESTS: u64 = 6;

#[test]
fn a_failure_of_any_request_is_overcome() {
    let bytes = content(3 * SMALL);
    type Named = (&'static str, fn() -> Fault);
    let faults: [Named; 5] = [
        ("closed", || Fault::hang_up(Ending::Close)),
        ("reset", || Fault::hang_up(Ending::Reset)),
        ("503", || Fault::status(503)),
        ("429", || Fault::status(429)),
        ("500", || Fault::status(500)),
    ];
    for (name, fault) in faults {
        for place in 0..REQUESTS {
            for times in [1, 3] {
                let registry = Registry::start(RegistryOptions::default());
                let rule = Rule::new(fault()).path("/blobs/").skip(place).times(times);
                registry.add_rule(rule);
                for source in [memory(&bytes), stream(&bytes)] {
                    let (options, seen) = observed(small_chunks());
                    push_ok(&repository(registry.url()), source, &bytes, &options);
                    assert_complete_or_skipped(&seen);
                    let blob = registry.blob("team/app", &digest(&bytes));
                    assert!(blob.as_ref() == Some(&bytes), "{name} {place} {times}");
                    registry.delete_blob("team/app", &digest(&bytes));
                }
            }
        }
    }
}

fn assert_complete_or_skipped(seen: &std::sync::Mutex<Vec<Snapshot>>) {
    let seen = seen.lock().expect("no panic");
    let done: Vec<u64> = seen.iter().map(|one| one.done).collect();
    assert!(done.is_sorted(), "{done:?}");
    assert_eq!(seen.last().map(|one| one.event), Some(Event::Done));
}

#[test]
fn a_commit_whose_response_is_lost_is_not_sent_again() {
    for size in [10, 3 * SMALL] {
        let registry = Quirky::start(|request, state| {
            drop((request.method == "PUT").then(|| usual(request, state))?);
            Some(Reply::none())
        });
        let bytes = content(size);
        push_ok(
            &repository(&registry.url()),
            memory(&bytes),
            &bytes,
            &small_chunks(),
        );
        let requests = registry.requests();
        let puts = requests.iter().filter(|one| one.starts_with("PUT")).count();
        assert_eq!(
            (puts, requests.last().map(String::as_str)),
            (1, Some("HEAD"))
        );
    }
    // The registry has ended the upload, and does not know it any more.
    let registry = Quirky::start(|request, state| match request.method.as_str() {
        "PUT" if state.counter == 0 => {
            state.counter = 1;
            drop(usual(request, state));
            Some(Reply::new(504, ""))
        }
        // A replica does not have it yet.
        "HEAD" if state.counter == 1 => {
            state.counter = 2;
            Some(Reply::new(404, ""))
        }
        "GET" => Some(Reply::error(404, "BLOB_UPLOAD_UNKNOWN")),
        _ => None,
    });
    let bytes = content(2 * SMALL);
    push_ok(
        &repository(&registry.url()),
        memory(&bytes),
        &bytes,
        &small_chunks(),
    );
    assert_eq!(registry.blob(), Some(bytes));
}

/// The blob appears only after the first question for it.
#[test]
fn a_commit_that_is_completed_after_its_response_was_lost_is_found() {
    for is_stream in [false, true] {
        let registry = Quirky::start(|request, state| match request.method.as_str() {
            "PUT" => {
                drop(usual(request, state));
                state.received = state.blob.take().expect("committed");
                state.counter = 1;
                Some(Reply::none())
            }
            "GET" if state.counter == 1 => {
                state.blob = Some(std::mem::take(&mut state.received));
                Some(Reply::error(404, "BLOB_UPLOAD_UNKNOWN"))
            }
            _ => None,
        });
        let bytes = content(3 * SMALL);
        let source = match is_stream {
            true => stream(&bytes),
            false => memory(&bytes),
        };
        push_ok(
            &repository(&registry.url()),
            source,
            &bytes,
            &small_chunks(),
        );
        let requests = registry.requests();
        let posts = requests.iter().filter(|one| one.starts_with("POST"));
        assert_eq!(posts.count(), 1, "{requests:?}");
        assert_eq!(registry.blob(), Some(bytes));
    }
}

/// A chunk is never sent twice to the same place without asking.
#[test]
fn a_chunk_whose_response_is_lost_is_not_sent_again() {
    let registry = Quirky::start(|request, state| {
        let is_second = request.method == "PATCH" && state.received.len() == SMALL;
        drop(is_second.then(|| usual(request, state))?);
        Some(Reply::none())
    });
    let bytes = content(3 * SMALL);
    push_ok(
        &repository(&registry.url()),
        stream(&bytes),
        &bytes,
        &small_chunks(),
    );
    assert_eq!(
        registry.requests(),
        [
            "POST",
            "PATCH 65536",
            "PATCH 65536",
            "GET",
            "PATCH 65536",
            "PUT"
        ]
    );
}

/// A registry may store a chunk although it has returned an error.
#[test]
fn an_upload_that_went_wrong_after_a_failure_starts_over_once() {
    let bytes = content(3 * SMALL);
    for damages in [1, 2] {
        let registry = Quirky::start(move |request, state| {
            let breaks = state.uploads <= damages
                && request.method == "PATCH"
                && state.received.len() == SMALL;
            if breaks && state.counter < state.uploads {
                state.counter += 1;
                // What arrived is not what was sent.
                state.received.extend_from_slice(&[0; 10]);
                return Some(Reply::none());
            }
            None
        });
        let pushed = push::push(
            &repository(&registry.url()),
            memory(&bytes),
            None,
            &small_chunks(),
        );
        match damages {
            1 => assert_eq!(registry.blob().as_ref(), pushed.is_ok().then_some(&bytes)),
            _ => drop(assert_kind(pushed, Kind::DigestMismatch)),
        }
    }
}

/// Distribution 3 may store a chunk after it was asked how much it has: then it has
/// part of the content twice. What cannot start over is lost.
#[test]
fn distribution_a_stream_whose_upload_went_wrong_after_a_failure_is_lost() {
    let bytes = content(3 * SMALL);
    let registry = Quirky::start(|request, state| {
        let is_second = request.method == "PATCH" && state.received.len() == SMALL;
        match request.method.as_str() {
            _ if is_second && state.counter == 0 => {
                state.counter = 1;
                Some(Reply::none())
            }
            "PUT" => {
                state.received.push(0);
                None
            }
            _ => None,
        }
    });
    let pushed = push::push(
        &repository(&registry.url()),
        stream(&bytes),
        None,
        &small_chunks(),
    );
    assert_kind(pushed, Kind::UploadLost);
}

#[test]
fn a_stream_whose_upload_is_lost_cannot_be_sent_again() {
    let registry = Quirky::start(|request, state| {
        let is_second = request.method == "PATCH" && state.received.len() == SMALL;
        is_second.then(|| Reply::error(404, "BLOB_UPLOAD_UNKNOWN"))
    });
    let bytes = content(3 * SMALL);
    let pushed = push::push(
        &repository(&registry.url()),
        stream(&bytes),
        None,
        &small_chunks(),
    );
    let error = assert_kind(pushed, Kind::UploadLost);
    assert_eq!(error.registry_code(), Some("BLOB_UPLOAD_UNKNOWN"));
}

/// With the state directory, or a callback that can rewind, it can.
#[test]
fn a_lost_upload_starts_over() {
    let folder = support::temp::folder();
    let bytes = content(3 * SMALL);
    for (source, options) in [
        (stream(&bytes), with_state(folder.path())),
        (Callback::source(&bytes, None, true), small_chunks()),
        (memory(&bytes), small_chunks()),
    ] {
        let registry = Quirky::start(|request, state| {
            let is_second = request.method == "PATCH" && state.received.len() == SMALL;
            (is_second && state.uploads == 1).then(|| Reply::error(404, "BLOB_UPLOAD_UNKNOWN"))
        });
        push_ok(&repository(&registry.url()), source, &bytes, &options);
        assert_eq!(registry.blob().as_ref(), Some(&bytes));
    }
}

#[test]
fn retries_are_limited_and_restart_with_progress() {
    let bytes = content(2 * SMALL);
    let registry = Registry::start(RegistryOptions::default());
    registry.add_rule(Rule::new(Fault::status(503)).method("PATCH"));
    for retries in [0, 2] {
        registry.clear_requests();
        let mut options = small_chunks();
        options.set_retries(Some(retries)).expect("in range");
        let pushed = push::push(&repository(registry.url()), stream(&bytes), None, &options);
        let error = assert_kind(pushed, Kind::HttpStatus);
        assert_eq!(error.http_status(), 503);
        let requests = registry.requests();
        let patches = requests.iter().filter(|one| one.method == "PATCH").count();
        assert_eq!(patches, retries as usize + 1);
    }
    // Each of many chunks fails once: 1 MiB of new data is progress.
    let registry = Quirky::start(|request, state| {
        state.counter += usize::from(request.method == "PATCH");
        let fails = request.method == "PATCH" && state.counter % 2 == 1;
        fails.then(|| Reply::new(503, ""))
    });
    let mut options = Options::default();
    options.set_chunk_size(Some(1 << 20)).expect("in range");
    let bytes = vec![b'r'; 12 << 20];
    push_ok(
        &repository(&registry.url()),
        memory(&bytes),
        &bytes,
        &options,
    );
}

/// Each time it rejects the place of content, it names another one.
#[test]
fn a_registry_whose_offset_changes_forever_is_given_up() {
    const MANY: usize = 100;
    let bytes = content(3 * SMALL);
    for method in ["PATCH", "PUT"] {
        let registry = Quirky::start(move |request, state| {
            let is_rejected = request.method == method && state.received.len() >= SMALL;
            if !is_rejected || state.counter == MANY {
                return None;
            }
            state.counter += 1;
            let range = format!("0-{}", 99 + state.counter % 2);
            let reply = Reply::new(416, "").header("Range", range);
            Some(reply.header("Location", "/v2/team/app/blobs/uploads/1"))
        });
        let mut options = small_chunks();
        options.set_retries(Some(3)).expect("in range");
        let pushed = push::push(&repository(&registry.url()), memory(&bytes), None, &options);
        let error = pushed.expect_err("no progress");
        assert_eq!(error.http_status(), 416, "{error}");
        let requests = registry.requests();
        let rejected = requests.iter().filter(|one| one.starts_with(method));
        // One was accepted before.
        let accepted = usize::from(method == "PATCH");
        assert_eq!(rejected.count(), accepted + 1 + 3, "{requests:?}");
    }
}

#[test]
fn a_retry_after_that_is_too_long_is_returned() {
    let registry = Registry::start(RegistryOptions::default());
    let fault = Fault::status(429).set_header("Retry-After", "3600");
    registry.add_rule(Rule::new(fault).method("PATCH"));
    let bytes = content(2 * SMALL);
    let pushed = push::push(
        &repository(registry.url()),
        stream(&bytes),
        None,
        &small_chunks(),
    );
    let error = assert_kind(pushed, Kind::RetryLater);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
}

#[test]
fn a_file_that_changes_during_the_push() {
    let bytes = content(4 * SMALL);
    for grows in [true, false] {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &bytes).expect("written");
        let path = file.path().to_owned();
        let change = move || {
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .append(grows)
                .truncate(!grows)
                .open(&path)
                .expect("opened");
            file.write_all(b"more").expect("written");
        };
        let registry = Quirky::start(move |request, state| {
            if request.method == "PATCH" && state.received.len() == SMALL {
                change();
            }
            None
        });
        for given in [None, Some(digest(&bytes))] {
            std::fs::write(file.path(), &bytes).expect("written");
            let source = Source::Path(file.path().to_owned());
            let repository = repository(&registry.url());
            let pushed = push::push(&repository, source, given.as_deref(), &small_chunks());
            let error = assert_kind(pushed, Kind::SourceChanged);
            let name = file.path().to_str().expect("utf-8");
            assert!(error.message().contains(name), "{error}");
        }
        assert_eq!(registry.blob(), None);
    }
}

/// Its size is that of a page.
#[test]
fn a_file_of_sysfs_is_shorter_than_its_size() {
    let path = "/sys/devices/system/cpu/online";
    let size = std::fs::metadata(path).expect("a file").len();
    let registry = Quirky::start(|_, _| None);
    let source = Source::Path(path.into());
    let repository = repository(&registry.url());
    let pushed = push::push(&repository, source, None, &Options::default());
    let error = assert_kind(pushed, Kind::SourceChanged);
    let expected = format!("ended before its size of {size} bytes");
    assert!(error.message().ends_with(&expected), "{error}");
}

/// A registry that compares wrongly, or a connection that damages data.
#[test]
fn a_digest_that_the_registry_refuses_wrongly() {
    let registry = Quirky::start(|request, _| {
        (request.method == "PUT").then(|| Reply::error(400, "DIGEST_INVALID"))
    });
    let bytes = content(2 * SMALL);
    for (source, digest) in [
        (memory(&bytes), Some(digest(&bytes))),
        (memory(&bytes), None),
        (stream(&bytes), None),
    ] {
        let repository = repository(&registry.url());
        let pushed = push::push(&repository, source, digest.as_deref(), &small_chunks());
        assert_kind(pushed, Kind::DigestMismatch);
    }
}

/// Cancels a call at the first event of a phase.
fn cancelled_in(phase: Phase, mut options: Options) -> (Options, Arc<AtomicUsize>) {
    let cancel = Cancel::new().expect("a handle");
    options.cancel = Some(cancel.clone());
    let count: Arc<AtomicUsize> = Arc::default();
    let events = Arc::clone(&count);
    let callback = move |snapshot: &Snapshot| {
        if snapshot.phase == phase {
            events.fetch_add(1, Ordering::SeqCst);
            cancel.trigger();
        }
        Ok(())
    };
    options.set_progress(Some(Arc::new(callback)), Duration::from_millis(1));
    (options, count)
}

#[test]
fn a_push_is_cancelled_in_each_phase() {
    let registry = Registry::start(RegistryOptions::default());
    // Nothing is answered, so that the call would last forever.
    let stalls = |method: &str| Rule::new(Fault::hang_up(Ending::Stall)).method(method);
    let bytes = content(3 * SMALL);
    for (phase, method) in [
        (Phase::Check, "HEAD"),
        (Phase::Push, "HEAD"),
        (Phase::Push, "POST"),
        (Phase::Push, "PATCH"),
        (Phase::Commit, "PUT"),
    ] {
        registry.clear_rules();
        registry.add_rule(stalls(method));
        let given = (phase != Phase::Check).then(|| digest(&bytes));
        let (options, count) = cancelled_in(phase, small_chunks());
        let repository = repository(registry.url());
        let pushed = push::push(&repository, memory(&bytes), given.as_deref(), &options);
        assert_kind(pushed, Kind::Cancelled);
        assert!(count.load(Ordering::SeqCst) > 0, "{phase:?} {method}");
    }
    registry.clear_rules();
    let fault = Fault::status(503).set_header("Retry-After", "50");
    registry.add_rule(Rule::new(fault).method("PATCH"));
    let (options, _) = cancelled_in(Phase::Retry, small_chunks());
    let pushed = push::push(&repository(registry.url()), stream(&bytes), None, &options);
    assert_kind(pushed, Kind::Cancelled);
}

#[test]
fn a_push_ends_at_its_deadline() {
    let registry = Registry::start(RegistryOptions::default());
    registry.add_rule(Rule::new(Fault::hang_up(Ending::Stall)).method("PATCH"));
    let mut options = small_chunks();
    options.timeout = Some(Duration::from_millis(200));
    let bytes = content(2 * SMALL);
    let pushed = push::push(&repository(registry.url()), stream(&bytes), None, &options);
    assert_kind(pushed, Kind::Deadline);
}

#[test]
fn a_token_server_that_refuses_is_a_failure_of_authorization() {
    let registry = Registry::start(RegistryOptions::default().token("user", "pass"));
    let repository = repository(registry.url());
    let options = Options::default();
    let pushed = push::push(&repository, memory(b"a"), None, &options);
    assert_kind(pushed, Kind::Unauthorized);
    let mounted = push::mount(&repository, &digest(b"a"), "team/other", &options);
    assert_kind(mounted, Kind::Unauthorized);
    let begun = Upload::begin(&repository, &options);
    assert_kind(begun, Kind::Unauthorized);
}
