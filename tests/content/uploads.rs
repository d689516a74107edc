//! Incremental uploads: written in pieces, exported and imported.

use embedded_registry::{Ending, Fault, Options as RegistryOptions, Registry, Rule};
use reggie::Kind;
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use reggie::content::upload::Upload;
use reggie::digest::{Algorithm, of_bytes};
use support::raw_server::RawServer;
use support::registries::{DockerForm, DockerRegistry, Olareg, OlaregForm};

use super::pushing::*;
use super::quirky::Quirky;
use super::scripted::Reply;

/// Writes the rest of `bytes` in pieces of that size, and commits.
fn write_rest(upload: &mut Upload, bytes: &[u8], piece: usize) {
    let start = upload.offset() as usize;
    for piece in bytes[start..].chunks(piece) {
        upload.write(piece).expect("written");
    }
    assert_eq!(upload.offset(), bytes.len() as u64);
    let pushed = upload.commit(None, None).expect("committed");
    assert_eq!(pushed.digest().as_str(), digest(bytes));
    assert_eq!(pushed.size(), Some(bytes.len() as u64));
}

fn begin(repository: &Repository, options: &Options) -> Upload {
    Upload::begin(repository, options).expect("an upload")
}

#[test]
fn uploads_of_every_size_in_pieces_of_every_size() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    for size in [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL + 7] {
        for piece in [1000, SMALL - 1, SMALL, 2 * SMALL + 3] {
            let bytes = content(size);
            registry.delete_blob("team/app", &digest(&bytes));
            registry.clear_requests();
            let (options, seen) = observed(small_chunks());
            write_rest(&mut begin(&repository, &options), &bytes, piece);
            assert_complete(&seen, size as u64);
            assert_eq!(registry.blob("team/app", &digest(&bytes)), Some(bytes));
            let requests = registry.requests();
            let chunks = requests.iter().filter(|one| one.method == "PATCH").count();
            // Less than a chunk is sent with the commit.
            let expected = if size < SMALL {
                0
            } else {
                size.div_ceil(SMALL)
            };
            assert_eq!(chunks, expected, "{size} {piece}");
        }
    }
    assert_eq!(registry.open_uploads(), 0);
}

#[test]
fn a_write_that_fails_has_not_accepted_its_bytes() {
    let registry = Registry::start(RegistryOptions::default());
    let cancel = reggie::Cancel::new().expect("a handle");
    let mut options = small_chunks();
    options.cancel = Some(cancel.clone());
    let mut upload = begin(&repository(registry.url()), &options);
    upload.write(b"hello").expect("written");
    cancel.trigger();
    let error = upload.write(b"again").expect_err("cancelled");
    assert_eq!((error.kind(), upload.offset()), (Kind::Cancelled, 5));
    let pushed = upload.commit(None, Some(&Options::default()));
    let pushed = pushed.expect("committed");
    assert_eq!(pushed.digest().as_str(), digest(b"hello"));
}

#[test]
fn uploads_to_real_registries() {
    let open = [
        DockerRegistry::start(DockerForm::Open),
        Olareg::start(OlaregForm::Open),
    ];
    for registry in open.into_iter().flatten() {
        let repository = repository(&registry.url());
        let bytes = content(3 * SMALL + 7);
        write_rest(&mut begin(&repository, &small_chunks()), &bytes, 10_000);
        // Exported after each piece, and resumed by another client.
        let bytes = content(4 * SMALL + 109);
        let mut text = begin(&repository, &small_chunks())
            .export()
            .expect("a string");
        for piece in 1..=4 {
            let repository = super::pushing::repository(&registry.url());
            let mut upload = import(&repository, &text).expect("an upload");
            let start = upload.offset() as usize;
            let end = piece * SMALL + 100;
            assert_eq!(start, (piece - 1) * SMALL, "{}", registry.log());
            upload.write(&bytes[start..end]).expect("written");
            text = upload.export().expect("a string");
        }
        let mut upload = import(&repository, &text).expect("an upload");
        write_rest(&mut upload, &bytes, 1000);
    }
}

fn import(repository: &Repository, text: &str) -> Result<Upload, reggie::Error> {
    Upload::import(repository, text, &small_chunks())
}

#[test]
fn an_export_sends_nothing_and_an_import_goes_on() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let bytes = content(3 * SMALL);
    let mut options = small_chunks();
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        options.algorithm = algorithm;
        let mut upload = begin(&repository, &options);
        upload.write(&bytes[..SMALL + 5]).expect("written");
        registry.clear_requests();
        let text = upload.export().expect("a string");
        assert!(registry.requests().is_empty());
        // The upload goes on, and the string stays usable.
        upload.write(&bytes[SMALL + 5..2 * SMALL]).expect("written");
        drop(upload);
        let mut upload = import(&repository, &text).expect("an upload");
        assert_eq!(upload.offset(), SMALL as u64);
        registry.clear_requests();
        for piece in bytes[SMALL..].chunks(777) {
            upload.write(piece).expect("written");
        }
        let pushed = upload.commit(None, None).expect("committed");
        assert_eq!(pushed.digest().as_str(), of_bytes(algorithm, &bytes));
        // What the registry had beyond the export is not sent again.
        let requests = registry.requests();
        let sent: u64 = requests.iter().map(|one| one.body_length).sum();
        assert_eq!(sent, SMALL as u64);
    }
}

#[test]
fn exports_that_cannot_be_imported() {
    let registry = Registry::start(RegistryOptions::default());
    let other = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let mut upload = begin(&repository, &small_chunks());
    upload.write(&content(SMALL + 1)).expect("written");
    let text = upload.export().expect("a string");
    let elsewhere = super::pushing::repository(other.url());
    assert_kind(import(&elsewhere, &text), Kind::InvalidExport);
    assert_kind(import(&repository, "text"), Kind::InvalidExport);
    assert_kind(
        import(&repository, &text[..text.len() - 1]),
        Kind::InvalidExport,
    );
    let client = repository.client().expect("a registry");
    let named = Repository::new(client, Some("team/other")).expect("a repository");
    assert_kind(import(&named, &text), Kind::InvalidExport);
    upload.abort().expect("aborted");
    assert_eq!(registry.open_uploads(), 0);
    // The registry has discarded it.
    assert_kind(import(&repository, &text), Kind::UploadLost);
    // Nothing is lost of an upload that has nothing.
    let mut upload = begin(&repository, &small_chunks());
    let text = upload.export().expect("a string");
    upload.abort().expect("aborted");
    let mut upload = import(&repository, &text).expect("an upload");
    write_rest(&mut upload, b"all", 1);
}

/// Its offset is not that of its digest state.
#[test]
fn an_export_that_contradicts_itself() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    const PREFIX: &str = "reggie-upload-1.";
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        let mut options = small_chunks();
        options.algorithm = algorithm;
        let mut upload = begin(&repository, &options);
        upload.write(&content(SMALL)).expect("written");
        let text = upload.export().expect("a string");
        let encoded = text.strip_prefix(PREFIX).expect("an export");
        let decoded = URL_SAFE_NO_PAD.decode(encoded).expect("base64");
        let decoded = String::from_utf8(decoded).expect("text");
        let (fields, _) = decoded.rsplit_once('\n').expect("fields");
        let with_offset = |offset: u64| {
            let fields = fields.replace("\n65536\n", &format!("\n{offset}\n"));
            let check = digest(fields.as_bytes())["sha256:".len()..][..16].to_owned();
            format!(
                "{PREFIX}{}",
                URL_SAFE_NO_PAD.encode(format!("{fields}\n{check}"))
            )
        };
        assert_eq!(with_offset(65536), text);
        registry.clear_requests();
        for offset in [0, 65535, 65537, i64::MAX as u64, u64::MAX] {
            assert_kind(
                import(&repository, &with_offset(offset)),
                Kind::InvalidExport,
            );
        }
        assert!(registry.requests().is_empty());
        import(&repository, &text).expect("an upload");
    }
}

/// The URL of the upload does not name the repository, and the challenge names
/// no scope.
#[test]
fn an_imported_upload_gets_the_token_of_its_repository() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let host = request.header("host").expect("a host");
            if request.target.starts_with("/token") {
                let scope = "scope=repository:team/app:pull%2Cpush";
                let token = match request.target.contains(scope) {
                    true => "push",
                    false => "none",
                };
                let body = format!(r#"{{"token":"{token}"}}"#);
                conn.respond("200 OK", &[], body.as_bytes());
            } else if request.header("authorization") != Some("Bearer push") {
                let challenge = format!("Bearer realm=\"http://{host}/token\"");
                let headers = [("WWW-Authenticate", challenge.as_str())];
                conn.respond("401 Unauthorized", &headers, b"{}");
            } else {
                let headers = [("Location", "/opaque/1"), ("Range", "0-65535")];
                conn.respond("202 Accepted", &headers, b"");
            }
        }
    });
    let mut upload = begin(&repository(&server.url()), &small_chunks());
    upload.write(&content(SMALL)).expect("written");
    let text = upload.export().expect("a string");
    let upload = import(&repository(&server.url()), &text).expect("an upload");
    assert_eq!(upload.offset(), SMALL as u64);
}

#[test]
fn an_upload_that_has_ended() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    for aborts in [true, false] {
        let mut upload = begin(&repository, &small_chunks());
        match aborts {
            true => upload.abort().expect("aborted"),
            false => write_rest(&mut upload, b"bytes", 5),
        }
        assert_kind(upload.write(b"more"), Kind::InvalidArgument);
        assert_kind(upload.export(), Kind::InvalidArgument);
        assert_kind(upload.commit(None, None), Kind::InvalidArgument);
        assert_kind(upload.abort(), Kind::InvalidArgument);
    }
    // One that was not ended stays at the registry.
    drop(begin(&repository, &small_chunks()));
    assert_eq!(registry.open_uploads(), 1);
}

#[test]
fn a_digest_is_compared_before_the_commit() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let bytes = content(SMALL + 1);
    let mut upload = begin(&repository, &small_chunks());
    upload.write(&bytes).expect("written");
    registry.clear_requests();
    let other = digest(b"other");
    let error = assert_kind(upload.commit(Some(&other), None), Kind::DigestMismatch);
    assert_eq!(error.digest(), Some(other.as_str()));
    assert_kind(upload.commit(Some("sha256:0"), None), Kind::InvalidDigest);
    // The right one, but the upload does not compute it.
    let sha512 = of_bytes(Algorithm::Sha512, &bytes);
    let error = assert_kind(upload.commit(Some(&sha512), None), Kind::InvalidArgument);
    assert_eq!(error.message(), "upload: computes sha256, not sha512");
    assert!(registry.requests().is_empty());
    let right = digest(&bytes);
    upload.commit(Some(&right), None).expect("committed");
}

/// After a failure the same bytes may be written again, whether the registry has
/// received them or not.
#[test]
fn a_write_is_repeated_after_a_failure() {
    let bytes = content(4 * SMALL);
    for cut in [0, 100, SMALL - 1, SMALL] {
        let registry = Quirky::start(move |request, state| {
            let is_second = request.method == "PATCH" && state.received.len() == SMALL;
            if is_second && state.counter < 1 {
                state.counter += 1;
                state.received.extend_from_slice(&request.body[..cut]);
                return Some(Reply::none());
            }
            None
        });
        let mut options = small_chunks();
        options.set_retries(Some(0)).expect("in range");
        let mut upload = begin(&repository(&registry.url()), &options);
        let mut failures = 0;
        let mut at = 0;
        while at < bytes.len() {
            let piece = &bytes[at..bytes.len().min(at + 50_000)];
            if upload.write(piece).is_err() {
                failures += 1;
                assert_eq!(upload.offset(), at as u64);
                continue;
            }
            at += piece.len();
            assert_eq!(upload.offset(), at as u64);
        }
        assert_eq!(failures, 1, "{cut}");
        upload.commit(None, None).expect("committed");
        assert_eq!(registry.blob().as_ref(), Some(&bytes), "{cut}");
    }
}

/// The registry has more than was accepted.
#[test]
fn a_commit_after_a_write_that_failed() {
    let bytes = content(2 * SMALL);
    for accepted in [0, 100, SMALL, SMALL + 100] {
        let sent = accepted / SMALL * SMALL;
        // It stores a chunk and rejects it.
        let registry = Quirky::start(move |request, state| {
            let is_rejected = request.method == "PATCH" && state.received.len() == sent;
            if !is_rejected || state.counter > 0 {
                return None;
            }
            state.counter += 1;
            state.received.extend_from_slice(&request.body);
            Some(Reply::new(403, ""))
        });
        let mut upload = begin(&repository(&registry.url()), &small_chunks());
        upload.write(&bytes[..accepted]).expect("written");
        assert_kind(upload.write(&bytes[accepted..]), Kind::Denied);
        assert_eq!(upload.offset(), accepted as u64);
        if sent == 0 {
            upload.commit(None, None).expect("committed");
            assert_eq!(registry.blob().as_deref(), Some(&bytes[..accepted]));
        } else {
            // What was sent before cannot be sent again.
            assert_kind(upload.commit(None, None), Kind::UploadLost);
            let requests = registry.requests();
            assert!(
                !requests.iter().any(|one| one.starts_with("PUT")),
                "{requests:?}"
            );
            write_rest(&mut upload, &bytes, SMALL);
            assert_eq!(registry.blob().as_ref(), Some(&bytes));
        }
    }
}

#[test]
fn a_commit_is_repeated_after_a_failure() {
    let registry = Registry::start(RegistryOptions::default());
    for size in [10, 2 * SMALL] {
        registry.clear_rules();
        let fault = Fault::hang_up(Ending::Close);
        registry.add_rule(Rule::new(fault).method("PUT").times(1));
        let bytes = content(size);
        let mut options = small_chunks();
        options.set_retries(Some(0)).expect("in range");
        let mut upload = begin(&repository(registry.url()), &options);
        upload.write(&bytes).expect("written");
        assert_kind(upload.commit(None, None), Kind::Closed);
        upload.commit(None, None).expect("committed");
        assert_eq!(registry.blob("team/app", &digest(&bytes)), Some(bytes));
    }
}

#[test]
fn a_lost_upload_starts_over_as_long_as_all_is_in_memory() {
    let bytes = content(3 * SMALL);
    for (lost_at, is_lost) in [(0, false), (SMALL, true)] {
        let registry = Quirky::start(move |request, state| {
            let is_there = request.method == "PATCH" && state.received.len() == lost_at;
            (is_there && state.uploads == 1).then(|| Reply::error(404, "BLOB_UPLOAD_UNKNOWN"))
        });
        let mut upload = begin(&repository(&registry.url()), &small_chunks());
        match is_lost {
            false => write_rest(&mut upload, &bytes, SMALL),
            true => {
                upload.write(&bytes[..SMALL]).expect("written");
                assert_kind(upload.write(&bytes[SMALL..]), Kind::UploadLost);
            }
        }
    }
}

#[test]
fn gar_gets_an_upload_in_one_request() {
    let refuse = |request: &support::raw_request::RawRequest, _: &mut _| {
        (request.method == "PATCH").then(|| Reply::new(405, ""))
    };
    let bytes = content(3 * SMALL);
    let registry = Quirky::start(refuse);
    let mut upload = begin(&repository(&registry.url()), &small_chunks());
    upload.write(&bytes[..100]).expect("written");
    assert_kind(upload.write(&bytes[100..]), Kind::NoStateFolder);
    assert_eq!(upload.offset(), 100);
    let folder = support::temp::folder();
    let registry = Quirky::start(refuse);
    let mut upload = begin(&repository(&registry.url()), &with_state(folder.path()));
    upload.write(&bytes[..2 * SMALL]).expect("written");
    // The registry has nothing, so that an import begins at 0.
    let text = upload.export().expect("a string");
    write_rest(&mut upload, &bytes, 1000);
    assert_eq!(registry.blob().as_ref(), Some(&bytes));
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
    let imported = import(&repository(&registry.url()), &text).expect("an upload");
    assert_eq!(imported.offset(), 0);
}

#[test]
fn each_call_has_its_own_time_limit() {
    use std::time::Duration;
    let registry = Registry::start(RegistryOptions::default());
    let mut options = small_chunks();
    options.timeout = Some(Duration::from_millis(400));
    let bytes = content(2 * SMALL);
    let mut upload = begin(&repository(registry.url()), &options);
    upload.write(&bytes).expect("written");
    registry.add_rule(Rule::new(Fault::hang_up(Ending::Stall)).method("PUT"));
    assert_kind(upload.commit(None, None), Kind::Deadline);
    registry.clear_rules();
    let mut own = Options::default();
    own.timeout = Some(Duration::from_secs(60));
    upload.commit(None, Some(&own)).expect("committed");
}

#[test]
fn an_upload_has_one_progress_callback() {
    use reggie::content::progress::Event::{Begin, Done, End};
    let registry = Registry::start(RegistryOptions::default());
    let repository = repository(registry.url());
    let (own, of_upload) = observed(small_chunks());
    let (other, of_commit) = observed(small_chunks());
    for (options, seen) in [(&own, &of_upload), (&small_chunks(), &of_commit)] {
        let mut upload = begin(&repository, options);
        upload.write(b"content").expect("written");
        upload.commit(None, Some(&other)).expect("committed");
        let seen = seen.lock().expect("no panic");
        let events: Vec<_> = seen.iter().map(|seen| (seen.event, seen.done)).collect();
        assert_eq!(events.first(), Some(&(Begin, 0)), "{events:?}");
        assert!(events.is_sorted_by_key(|(_, done)| *done), "{events:?}");
        assert_eq!(events[events.len() - 2..], [(End, 7), (Done, 7)]);
    }
}
